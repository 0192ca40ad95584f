"""Payoffs along a line on which every log-spot is straight and increasing: exponentials on intervals."""
