r"""Ratios of densities: paths drawn at one point of the parameters serve another, if enough of them stay effective.

.. math:: E_g[D_g f] = E_a\Bigl[D_g f\,\omega\Bigr], \qquad \omega = \frac{p_g}{p_a},

for paths drawn at the point *a*, the *anchor*. The payoff is evaluated once an anchor, and Greeks at *g* are the
likelihood ratio's with :math:`\omega` on top. A law that draws something beneath its spots is split: what is beneath is
reweighted, and given that the spots are redrawn from the same normals, which costs another evaluation of the payoff but
keeps far more samples effective.

References
----------
.. [1] P. Glasserman, *Monte Carlo Methods in Financial Engineering*, Springer, 2003, section 4.6.
.. [2] A. B. Owen, *Monte Carlo theory, methods and examples*, 2013, sections 9.3 (effective sample size)
   and 9.10 (control variates in importance sampling).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, final

import numpy as np

from .._typing import FloatArray
from ..estimate import HITS, Moments
from ..estimators.likelihood_ratio import (
    Combination,
    Drawn,
    moving_flows,
    under,
    weight_derivatives,
    weighted_flows,
)  # fmt: skip
from ..models.capabilities import KnowsFamily, RedrawsSpots, has
from ..models.protocol import PathModel, observed
from ..payoffs.protocol import Contract

MEAN_LIMIT = 6.0
"""Standard errors that the mean of the weights may lie from one."""


@final
@dataclass(frozen=True, slots=True, eq=False)
class Point:
    """Where a price is wanted.

    Parameters
    ----------
    law : PathModel
    combinations : tuple of Combination
        The price and the Greeks, as derivatives under `law`.
    elapsed : float
        Years by which every date has come nearer.
    """

    law: PathModel
    combinations: tuple[Combination, ...]
    elapsed: float = 0.0

    def dates(self, payoff: Contract) -> FloatArray:
        """Observation dates, in years from then."""
        return np.asarray(payoff.times) - self.elapsed

    def seen(self, payoff: Contract, paths: Any, anchor: Point) -> Any:
        """Paths drawn at another point, at the dates of this one."""
        return paths if self.elapsed == anchor.elapsed else replace(paths, times=self.dates(payoff))

    def payoff(self, payoff: Contract) -> Contract:
        """A payoff as it is there, where it depends on the law."""
        return under(payoff, self.law, self.elapsed)

    def own_weights(self) -> list[tuple[str, ...]]:
        """Derivatives of the density that its Greeks need."""
        return weight_derivatives(self.combinations)


@final
@dataclass(frozen=True, slots=True, eq=False)
class Anchor:
    """A chunk of paths drawn at one point.

    Attributes
    ----------
    point : Point
    paths : object
        What the law drew.
    payoff : Contract
        As it is at the point.
    flows : ndarray, shape (n_flows, n_paths)
    paid : ndarray, shape (n_flows,)
        When they are paid, in years from today.
    """

    point: Point
    paths: Any
    payoff: Contract
    flows: FloatArray
    paid: FloatArray

    def samples(self, point: Point, drawn: Drawn, combinations: Sequence[Combination]) -> FloatArray:
        """Likelihood-ratio samples of a point on these paths, not yet reweighted."""
        moving = moving_flows(self.payoff, drawn.spot, combinations)
        return weighted_flows(point.law, self.flows, self.paid - point.elapsed, drawn, combinations, moving=moving)


def log_densities(payoff: Contract, points: Sequence[Point], anchor: Point, paths: Any) -> FloatArray:
    """Log-densities of paths drawn at the anchor under the laws of points, shape (n_points, n_paths)."""
    found = np.empty((len(points), observed(paths).shape[-1]))
    for elapsed in dict.fromkeys(point.elapsed for point in points):
        rows = [k for k, point in enumerate(points) if point.elapsed == elapsed]
        laws, seen = [points[k].law for k in rows], points[rows[0]].seen(payoff, paths, anchor)
        first = laws[0]
        found[rows] = (
            first.log_densities(laws, seen) if has(first, KnowsFamily) else [law.log_density(seen) for law in laws]
        )
    return found


def density_ratios(payoff: Contract, points: Sequence[Point], anchor: Point, paths: Any) -> FloatArray:
    """Logarithms of the densities at points over that at the anchor, shape (n_points, n_paths); -inf: cannot happen.

    Of what is beneath the spots only, for a law that redraws them.

    Raises
    ------
    ValueError
        If a log-density is not a number, or infinite on paths that the anchor's law drew.
    """
    if not points:
        return np.zeros((0, observed(paths).shape[-1]))
    if has(anchor.law, RedrawsSpots):
        seen = [point.seen(payoff, paths, anchor) for point in points]
        rows = [point.law.log_ratio_beneath(x, anchor.law) for point, x in zip(points, seen, strict=True)]  # type: ignore[attr-defined]
        found = np.reshape(rows, (len(points), observed(paths).shape[-1]))
    else:
        own, *rows = log_densities(payoff, [anchor, *points], anchor, paths)
        found = np.reshape(rows, (len(points), len(own))) - own
    if not np.all(found < np.inf):
        bad = int(np.argmax(~np.all(found < np.inf, axis=1)))
        raise ValueError(f"log_density must be finite or -inf, got {found[bad].max()} under {points[bad].law!r}")
    return found


@final
@dataclass(frozen=True, slots=True)
class Weights:
    """What the weights of a run are like.

    Attributes
    ----------
    mean, error : float
        Their mean, which should be one, and its standard error.
    share : float
        Kish's effective number of samples, (sum of weights)² over the sum of their squares, over their number.
    carriers : float
        How many samples of the run carry their variance.
    """

    mean: float
    error: float
    share: float
    carriers: float

    @classmethod
    def of(cls, moments: Moments) -> Weights:
        """What the moments of the run itself say."""
        mean, square = float(moments.mean), float(moments.m2) / moments.count
        share = mean**2 / (square + mean**2) if mean > 0.0 else 0.0
        return cls(mean, float(moments.standard_error), share, float(moments.carriers) if square else np.inf)

    @classmethod
    def foreseen(cls, weights: FloatArray, importance: FloatArray, count: int) -> Weights:
        """What `count` samples promise, from the weights of draws that count as `importance`; both (n_samples,)."""
        p = importance / importance.sum()
        with np.errstate(over="ignore", invalid="ignore"):
            mean = float(p @ weights)
            centred = weights - mean
            square = float(p @ centred**2)
            error, fourth = np.sqrt(float(p**2 @ centred**2)), float(p @ centred**4)
        if not np.isfinite(fourth):
            return cls(mean, np.inf, 0.0, 0.0)
        share = mean**2 / (square + mean**2) if mean > 0.0 else 0.0
        return cls(mean, error, share, count * square**2 / fourth if fourth else np.inf)

    def distrust(self, share: float) -> str:
        """Why samples with these weights should not be used, or an empty string; `share` of them to be effective."""
        if not self.share >= share:
            return f"{self.share:.1%} of the samples are effective (needs {share:.0%})"
        if self.carriers < HITS:
            return f"about {self.carriers:.0f} samples carry the variance of the weights (needs {HITS})"
        off = abs(self.mean - 1.0) > MEAN_LIMIT * self.error + 1e-9
        return f"the mean weight is {self.mean:.4g} ± {self.error:.2g}, not 1" if off else ""
