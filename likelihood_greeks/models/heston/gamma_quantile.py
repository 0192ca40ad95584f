"""Logarithms of gamma variates of one shape from normals, tabulated for the shapes that a run asks for again."""

from __future__ import annotations

import numpy as np

from ..._compiled import kernels
from ..._remembered import remembered
from ..._typing import FloatArray
from ...numerics.gamma_quantile import log_gamma_quantile
from ...numerics.tables import pieces

REACH, CELLS_A_UNIT = 14.0, 16  # of the table, in normals: no generator's normals reach further


@remembered(64)
def tabulated(shape: float) -> FloatArray:
    """`log_gamma_quantile` as polynomials in cells of the normal from -14 to 14, (n_cells, 6); to 1e-11 or better."""
    return pieces(lambda normals: log_gamma_quantile(shape, normals), -REACH, REACH, round(2.0 * REACH * CELLS_A_UNIT))


def log_gammas(shape: float, normals: FloatArray) -> FloatArray:
    """`log_gamma_quantile`, from its table where kernels run."""
    if compiled := kernels("heston.variance"):
        return np.asarray(compiled.log_gammas(normals, tabulated(shape)))
    return log_gamma_quantile(shape, normals)
