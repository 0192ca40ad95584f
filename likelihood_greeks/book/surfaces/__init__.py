"""Implied volatilities of an underlying, in the forms in which they are quoted."""

from .grid import VolatilitySurface
from .interpolation import passed_over, term_structure, volatility
from .protocol import Surface

__all__ = ["Surface", "VolatilitySurface", "passed_over", "term_structure", "volatility"]
