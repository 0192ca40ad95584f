"""Formulas of the package compiled for speed; each stands beside the readable one that it must agree with."""
