r"""Ways to hand a change over: which part of it travels with the path, and which with the measure.

A change of a parameter moves the law of the path. Let it move the *path*, by its tangent
:math:`X_i = \partial_\theta \log S_i` at fixed normals, until the next date of a chosen *skeleton*; there it is handed
to the *measure*, by scoring the law of the skeleton. Between scored dates the path then moves by its tangent less the
tangent's interpolation on the clock (the mean of the Brownian bridge, P), and as the clock turns under the bridge,

.. math:: \dot x = X - P X_{\text{skeleton}} + \tfrac12 \dot P\, n_{\text{skeleton}},

zero at time 0 and constant after the last scored date (n: the noise between scored dates). Beneath the spot a variance
moves and is handed over at a *rate* (`heston.variance_path`). Together they make a `Handover`: the empty skeleton
with rate zero is the pathwise method, all dates with rate infinity the full likelihood ratio. For a Lipschitz payoff g
every one gives an unbiased integrand

.. math:: g\,w_\theta + \nabla g \cdot \dot x,

so that, with a relaxed payoff for g, its difference from the integrand of the estimate has mean zero for any width and
any handover; where all dates are scored, nothing of the spot travels, and the payoff need not be relaxed. A second
derivative scores the first-order integrand once more (all dates), path of spots held fixed.

Where a payoff jumps at a level B on many dates, a moving path that crosses it is what makes noise. On a clock V that no
path knows the tangent has, given :math:`\log S_i`, the mean :math:`\alpha_i + \beta_i(\log S_i - m_i)`; for the
volatility it is just that. So the drift

.. math:: \psi_i = r_i\,[\alpha_i + \beta_i(\log B - m_i)], \qquad r_i = \min(t_i/\tau, 1),

takes the path back to where it was if it was at B. It is deterministic, and is handed to the measure: with
:math:`\dot x = X - \psi` and the weight :math:`w = \sum n_i\,\Delta\psi_i/V_i` (Girsanov) the integrand is unbiased
again, the level is *held* from :math:`\tau` on, and there the relaxation may be as narrow as it likes: a `Hold`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias, final

import numpy as np

from ..models.moves import LIKELIHOOD_RATIO

Skeleton: TypeAlias = tuple[int, ...]
"""Rows of the scored dates, increasing."""

RATES = (0.0, 2.0, 8.0, 32.0)
"""Per year: from a change that travels to the end to one that is handed over within weeks."""

FAST_RATES = (8.0, 32.0, 128.0)
"""Where few paths would carry most of a change that travels for long."""


@final
@dataclass(frozen=True, slots=True)
class Hold:
    """A level across which no path is to travel.

    Parameters
    ----------
    level : float
        Currency, > 0.
    reach : float
        Share of the time to the last date from which on it is held.
    """

    level: float
    reach: float


@final
@dataclass(frozen=True, slots=True)
class Handover:
    """Where perturbations are handed from the path to the measure.

    Parameters
    ----------
    skeleton : tuple of int
        Rows of the scored dates, increasing.
    rate : float
        Per year, for what moves beneath the spot; infinite: at once.
    hold : Hold, optional
        What is handed over is the drift that keeps a level where it is; then no dates are scored.
    """

    skeleton: Skeleton
    rate: float = LIKELIHOOD_RATIO
    hold: Hold | None = None


def beneath(rate: float) -> str:
    """What happens beneath the spot at a rate, in words, with a comma before."""
    known = {LIKELIHOOD_RATIO: "", 0.0: ", flow beneath"}
    return known.get(rate, f", what is beneath handed over at {rate:g} a year")


def candidates(times: Sequence[float]) -> list[Skeleton]:
    """Skeletons worth trying: none, and 1, 4 and 16 blocks of about equal length, all coarser than the dates."""
    grid = np.asarray(times)
    found: dict[Skeleton, None] = {(): None}
    for blocks in (1, 4, 16):
        ends = grid[-1] * np.arange(1, blocks + 1) / blocks
        rows = tuple(sorted({int(np.argmin(np.abs(grid - end))) for end in ends}))
        if len(rows) < len(grid):
            found[rows] = None
    return list(found)


@final
@dataclass(frozen=True, slots=True)
class Gradual:
    """Perturbations of the spot are handed to the measure step by step.

    Parameters
    ----------
    rate : float
        Per year: of a step of length d the share ``min(rate * d, 1)`` of what has travelled so far is handed over.
    beneath : float, optional
        Rate at which what moves beneath the spots is handed over; None: that of the estimate.
    """

    rate: float
    beneath: float | None = None


Way: TypeAlias = Handover | Gradual


def words(way: Way) -> str:
    """A way in words."""
    if isinstance(way, Gradual):
        where = f"handed over at {way.rate:g} a year" if way.rate else "pathwise"
        return where if way.beneath is None else where + beneath(way.beneath)
    where = f"{len(way.skeleton)} scored" if way.skeleton else "pathwise"
    if hold := way.hold:
        where = f"{hold.level:g} held from {hold.reach:.0%} of the time"
    return where + beneath(way.rate)
