r"""Second derivatives of implied volatilities on Dupire's equation: backwards over it, for all nodes at once.

With :math:`\Phi = \sum_j c_j \sigma_j` of the calls at the end of a span, the adjoint of the calls goes back over each
step; differentiated in every node, it gives the second derivatives of :math:`\Phi` in two nodes, and in a node and the
calls at the start.

References
----------
.. [1] M. Giles and P. Glasserman, "Smoking adjoints: fast Monte Carlo Greeks", *Risk* 19 (2006), 88-92 (adjoints).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..._typing import FloatArray
from .dupire import Part, Strikes, solved, times, transposed


def second(
    strikes: Strikes,
    parts: Sequence[Part],
    volatility: FloatArray,
    basis: FloatArray,
    ends: tuple[FloatArray, FloatArray],
) -> tuple[FloatArray, FloatArray]:
    """Second derivatives of a function of the calls at the end of a span.

    Parameters
    ----------
    strikes : Strikes
    parts : sequence of Part
        What `stepped` recorded.
    volatility : ndarray, shape (n_strikes,)
    basis : ndarray, shape (n_strikes, n_own)
        Its derivatives in the logarithms of the nodes, which are their second derivatives, too.
    ends : (ndarray, ndarray), shapes (n_strikes,) and (n_strikes, n_own)
        Derivatives of the function in the calls at the end, and what the nodes make of them.

    Returns
    -------
    own : ndarray, shape (n_own, n_own)
        In two nodes.
    across : ndarray, shape (n_strikes, n_own)
        In the calls at the start and a node.
    """
    square = (strikes.values**2)[:, None]
    lever, back = volatility[:, None] * square * basis, transposed(strikes.second)
    found = np.zeros((basis.shape[1],) * 2)
    rows = np.concatenate([ends[0][:, None], ends[1]], axis=1)
    for part in reversed(parts):
        implicit = transposed(part.implicit)
        first = _inside(solved(implicit, rows[:, :1]))
        turned = part.length * times(back, lever * first)
        moved = _inside(solved(implicit, rows[:, 1:] + part.share * turned))
        curved, weight = part.curved[:, None], part.length * first
        found += part.length * (lever * curved).T @ moved + (lever * weight).T @ part.curves
        found += (square * basis * weight * curved).T @ basis
        found += np.diag((lever * weight * curved).sum(axis=0))
        rows = times(transposed(part.explicit), np.concatenate([first, moved], axis=1))
        rows[:, 1:] += (1.0 - part.share) * turned
    return found, rows[:, 1:]


def _inside(rows: FloatArray) -> FloatArray:
    """Rows without those of both ends, at which calls are given."""
    rows[0], rows[-1] = 0.0, 0.0
    return rows
