r"""Gamma variates by inversion, from normals and in logarithms: of a small shape most are too small for a number.

With the normal's distribution function :math:`\Phi` and the incomplete gamma function P, :math:`P(a, G) = \Phi(N)`.
Where G is tiny, :math:`P(a, G) = G^a/\Gamma(a + 1)` to rounding ([1]_, 8.7.1).

References
----------
.. [1] *NIST Digital Library of Mathematical Functions*, https://dlmf.nist.gov.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from scipy import special

from ..._compiled import kernels
from ..._typing import FloatArray
from ...numerics.tables import pieces

TINY = -40.0  # logarithm of a gamma below which the second term of the series is nothing
REACH, CELLS_A_UNIT = 14.0, 16  # of the table, in normals: no generator's normals reach further


def log_gamma_quantile(shape: float, normals: FloatArray) -> FloatArray:
    """Logarithms of gamma variates of some shape, increasing in the normals they are made from; as `normals`."""
    tail, lower = special.ndtr(-np.abs(normals)), normals < 0.0
    found = np.where(lower, special.gammaincinv(shape, tail), special.gammainccinv(shape, tail))
    tiny = (special.log_ndtr(normals) + special.gammaln(shape + 1.0)) / shape
    return np.where(tiny < TINY, tiny, np.log(np.maximum(found, np.finfo(float).tiny)))


@lru_cache(maxsize=64)
def tabulated(shape: float) -> FloatArray:
    """`log_gamma_quantile` as polynomials in cells of the normal from -14 to 14, (n_cells, 6); to 1e-11 or better."""
    return pieces(lambda normals: log_gamma_quantile(shape, normals), -REACH, REACH, round(2.0 * REACH * CELLS_A_UNIT))


def log_gammas(shape: float, normals: FloatArray) -> FloatArray:
    """`log_gamma_quantile`, from its table where kernels run."""
    if compiled := kernels("heston.variance"):
        return np.asarray(compiled.log_gammas(normals, tabulated(shape)))
    return log_gamma_quantile(shape, normals)
