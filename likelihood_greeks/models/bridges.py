r"""Lognormal laws between the dates they are drawn at: a Brownian bridge wherever drift and variance are proportional.

With the ends a and b of an interval given, and V its variance, the log-spot there is a Brownian bridge on the clock of
its variance, whatever the drift, if that is the same multiple of the variance throughout. So the dates at which a rate,
a yield or a volatility changes belong to the grid.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from .._checks import refuse
from .._typing import FloatArray
from ..numerics import jets
from ..numerics.jets import Jet


def before(law: Any, nodes: Iterable[float], end: float) -> tuple[float, ...]:
    """Nodes before an end, of a law that pays no cash dividend by then.

    Raises
    ------
    ValueError
        If it does.
    """
    if law.first_ex_date <= end:
        refuse(
            "dividends",
            f"come after {end:g} years, up to when the spot is watched continuously (give dates instead, or a yield)",
            law.first_ex_date,
        )
    return tuple(sorted({float(node) for node in nodes if 0.0 < node < end}))


def bridge_jets(law: Any, times: FloatArray) -> tuple[Jet, Jet]:
    """Today's log-spot, and the variances of the moves between `times`, shape (n_times, 1), as jets."""
    variance: Jet = law._terms(np.asarray(times)).variance
    spot: Jet = law.coordinates()["spot"]
    return jets.log(spot if spot.names == variance.names else spot.only(variance.names)), variance
