r"""Gamma variates by inversion, from normals and in logarithms: of a small shape most are too small for a number.

With the normal's distribution function :math:`\Phi` and the incomplete gamma function P, :math:`P(a, G) = \Phi(N)`.
Where G is tiny, :math:`P(a, G) = G^a/\Gamma(a + 1)` to rounding ([1]_, 8.7.1).

References
----------
.. [1] *NIST Digital Library of Mathematical Functions*, https://dlmf.nist.gov.
"""

from __future__ import annotations

import numpy as np
from scipy import special

from .._typing import AnyArray, FloatArray

TINY = -40.0  # logarithm of a gamma below which the second term of the series is nothing


def log_gamma_quantile(shape: float | AnyArray, normals: FloatArray) -> FloatArray:
    """Logarithms of gamma variates, increasing in the normals they are made from; as `normals`.

    Parameters
    ----------
    shape : float or ndarray
        Positive; one, or one a normal.
    normals : ndarray
    """
    tail, lower = special.ndtr(-np.abs(normals)), normals < 0.0
    found = np.where(lower, special.gammaincinv(shape, tail), special.gammainccinv(shape, tail))
    tiny = (special.log_ndtr(normals) + special.gammaln(np.add(shape, 1.0))) / shape
    return np.where(tiny < TINY, tiny, np.log(np.maximum(found, np.finfo(float).tiny)))
