"""Implied volatilities of an underlying, in the forms in which they are quoted."""

from .cells import Cell, Cells
from .grid import VolatilitySurface
from .interpolation import passed_over, term_structure, term_structure_cells, volatility
from .protocol import Surface

__all__ = [
    "Cell",
    "Cells",
    "Surface",
    "VolatilitySurface",
    "passed_over",
    "term_structure",
    "term_structure_cells",
    "volatility",
]
