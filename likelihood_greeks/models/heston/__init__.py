"""Heston's model: its law, what is drawn beneath its spots, its Fourier transforms, its calibration."""
