r"""Sums of squared log returns under laws whose log returns are independent normals.

With moves :math:`x_i \sim N(m_i, V_i)` of the log-spot from date to date, :math:`E x_i^2 = m_i^2 + V_i`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..numerics.jets import Jet
from .capabilities import KnowsReturns, has
from .protocol import PathModel


def squares_jet(model: PathModel, times: Sequence[float], first: float | None) -> Jet | None:
    """Expectation of the sum of squared log returns, with its derivatives; None under another law.

    Parameters
    ----------
    model : PathModel
    times : sequence of float
        Years.
    first : float or None
        Spot that the return to the first date is of; None: that return does not count.
    """
    if not has(model, KnowsReturns) or (moments := model.return_jets(times)) is None:
        return None
    mean, variance = moments
    counted, start = np.ones((len(times), 1)), np.zeros((len(times), 1))
    counted[0], start[0] = first is not None, np.log(first or 1.0)
    moved = mean - start
    return ((moved * moved + variance) * counted).sum().sum()  # over an axis of one, and the dates
