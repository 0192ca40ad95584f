"""Implied volatilities of an underlying, in the forms in which they are quoted."""

from .cells import Cell, Cells
from .grid import VolatilitySurface
from .interpolation import passed_over, term_structure, term_structure_cells, volatility
from .protocol import Surface
from .slopes import sticky_moneyness

__all__ = [
    "Cell",
    "Cells",
    "Surface",
    "VolatilitySurface",
    "passed_over",
    "sticky_moneyness",
    "term_structure",
    "term_structure_cells",
    "volatility",
]
