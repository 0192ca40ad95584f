"""Functions of one variable as polynomials in equal cells, fitted where Chebyshev interpolates."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .._typing import FloatArray

DEGREE = 5
CELLS = 256


def pieces(function: Callable[[FloatArray], FloatArray], low: float, high: float, cells: int = CELLS) -> FloatArray:
    """Polynomials that interpolate a function at the Chebyshev nodes of every cell.

    Parameters
    ----------
    function : callable
        From arguments, shape (n,), to values, shape (..., n); never asked for the ends of cells.
    low, high : float
    cells : int

    Returns
    -------
    ndarray, shape (..., cells, DEGREE + 1)
        Coefficients in the share of a cell, lowest power first.
    """
    nodes = 0.5 - 0.5 * np.cos((np.arange(DEGREE + 1) + 0.5) * np.pi / (DEGREE + 1))
    places = (np.arange(cells)[:, None] + nodes) / cells
    values = np.asarray(function((low + (high - low) * places).ravel()))
    to_powers = np.linalg.inv(np.vander(nodes, increasing=True)).T
    return np.ascontiguousarray(values.reshape(*values.shape[:-1], cells, DEGREE + 1) @ to_powers)
