r"""Prices and Greeks at many points of the parameters from the paths of a few: the law's density is known, so

.. math:: E_g[D_g f] = E_a\Bigl[D_g f\,\omega\Bigr], \qquad \omega = \frac{p_g}{p_a},

for paths drawn at the point *a*, the *anchor*. The payoff is evaluated once an anchor, and Greeks at *g* are the
likelihood ratio's with :math:`\omega` on top. A law that draws something beneath its spots (a variance) is split: what
is beneath is reweighted, and given that the spots are redrawn from the same normals, which costs another evaluation of
the payoff but keeps far more samples effective. All anchors use the same random numbers, so that differences between
points are far more precise than each.

Since :math:`E_a[\omega c_g] = 0` for every zero-mean control :math:`c_g` of the law at *g*, and
:math:`E_a[\omega - 1] = 0`, reweighted samples have controls for nothing, which remove most of the noise of the weights
(what self-normalisation does, but without its bias).

References
----------
.. [1] P. Glasserman, *Monte Carlo Methods in Financial Engineering*, Springer, 2003, section 4.6.
.. [2] A. B. Owen, *Monte Carlo theory, methods and examples*, 2013, sections 9.3 (effective sample size)
   and 9.10 (control variates in importance sampling).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import Any, final

import numpy as np

from .._typing import FloatArray
from ..controls import free as control_variates
from ..controls.regression import Products
from ..estimate import HITS, Moments
from ..estimators.likelihood_ratio import Combination, Drawn, weigh, weight_derivatives, weighted_flows
from ..models.moves import LIKELIHOOD_RATIO
from ..models.protocol import KnowsFamily, PathModel, RedrawsSpots, observed
from ..payoffs.protocol import Contract, cash_flows, payment_times
from ..streams.chunks import Chunk
from ..streams.pushed import Pushed
from ..streams.recorded import Recording, Source

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

    def own_weights(self) -> list[tuple[str, ...]]:
        """Derivatives of the density that its Greeks need."""
        return weight_derivatives(self.combinations)


@final
@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Samples at one point on one chunk, before any control.

    Attributes
    ----------
    targets : ndarray, shape (n_targets, n_samples)
        The price, the Greeks, the change of the price from the base, and what else was asked for.
    blocks : list of ndarray, shapes (n_controls, n_samples)
        Zero-mean controls.
    weights : ndarray, shape (n_samples,)
        Density ratios.
    """

    targets: FloatArray
    blocks: list[FloatArray]
    weights: FloatArray


@final
@dataclass(frozen=True, slots=True, eq=False)
class Anchor:
    """A chunk of paths drawn at one point.

    Attributes
    ----------
    point : Point
    paths : object
        What the law drew.
    flows : ndarray, shape (n_flows, n_paths)
    paid : ndarray, shape (n_flows,)
        When they are paid, in years from today.
    """

    point: Point
    paths: Any
    flows: FloatArray
    paid: FloatArray

    def samples(self, point: Point, drawn: Drawn, combinations: Sequence[Combination]) -> FloatArray:
        """Likelihood-ratio samples of a point on these paths, not yet reweighted."""
        return weighted_flows(point.law, self.flows, self.paid - point.elapsed, drawn, combinations)


def log_densities(payoff: Contract, points: Sequence[Point], anchor: Point, paths: Any) -> FloatArray:
    """Log-densities of paths drawn at the anchor under the laws of points, shape (n_points, n_paths)."""
    found = np.empty((len(points), observed(paths).shape[-1]))
    for elapsed in dict.fromkeys(point.elapsed for point in points):
        rows = [k for k, point in enumerate(points) if point.elapsed == elapsed]
        laws, seen = [points[k].law for k in rows], points[rows[0]].seen(payoff, paths, anchor)
        first = laws[0]
        found[rows] = (
            first.log_densities(laws, seen)
            if isinstance(first, KnowsFamily)
            else [law.log_density(seen) for law in laws]
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
    if isinstance(anchor.law, RedrawsSpots):
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
        """From the moments of the run itself."""
        mean, square = float(moments.mean), float(moments.m2) / moments.count
        share = mean**2 / (square + mean**2) if mean > 0.0 else 0.0
        return cls(mean, float(moments.standard_error), share, float(moments.carriers) if square else np.inf)

    @classmethod
    def foreseen(cls, weights: FloatArray, importance: FloatArray, count: int) -> Weights:
        """For a run of `count` samples, from the weights of draws that count as `importance`; both (n_samples,)."""
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


@final
@dataclass(frozen=True, slots=True, eq=False)
class Ladder:
    """A payoff at many points, from the paths of some of them.

    Parameters
    ----------
    payoff : Contract
    points : tuple of Point
        The base first.
    sources : tuple of int
        For every point the number of the point whose paths it uses: its own if it is an anchor, as the base is.
    terms : tuple of Combination
        Derivatives at the base that are among the targets of every point.
    rate : float
        At which the terms hand changes of what is beneath the spots to the measure.
    controlled : bool
        Whether controls are made.
    corrections : callable, optional
        From a chunk to what another unbiased estimator of the terms adds to theirs on the chunk's draws, shape
        (n_terms, n_samples): zero-mean controls.
    """

    payoff: Contract
    points: tuple[Point, ...]
    sources: tuple[int, ...]
    terms: tuple[Combination, ...] = ()
    rate: float = LIKELIHOOD_RATIO
    controlled: bool = True
    corrections: Callable[[Chunk], FloatArray] | None = None

    def anchor(self, point: Point, source: Source) -> Anchor:
        """Paths drawn at a point, and what is paid on them."""
        paths = point.law.simulate(point.dates(self.payoff), source.stream())
        flows = cash_flows(self.payoff, observed(paths))
        return Anchor(point, paths, flows, payment_times(self.payoff, flows))

    def shared_weights(self, number: int) -> list[tuple[str, ...]]:
        """Derivatives of an anchor's density that make its controls."""
        point = self.points[number]
        asked = [*point.combinations, *(self.terms if number == 0 else ())]
        return control_variates.enriched(point.law, weight_derivatives(asked))

    def batches(self, chunk: Chunk, source: Source) -> Iterator[tuple[int, Batch]]:
        """Samples of all points on a source's draws: anchor by anchor, the base first."""
        reference, above = np.zeros(0), np.zeros((0, 0))
        base_block: list[FloatArray] = []
        for number in sorted(set(self.sources)):
            anchor, names = self.anchor(self.points[number], source), self.shared_weights(number)
            rate = self.rate if number == 0 else LIKELIHOOD_RATIO
            drawn = weigh(anchor.point.law, anchor.paths, names, rate)
            block = self._free(chunk, anchor.point, drawn, names)
            if number == 0:
                base_block = block + ([self.corrections(chunk)] if self.corrections else [])
                (reference, *rows) = chunk.fold(anchor.samples(anchor.point, drawn, ({(): 1.0}, *self.terms)))
                above = np.reshape(rows, (len(self.terms), chunk.n_samples))
            shared = base_block + (block if number else [])
            for k, batch in self._served(chunk, number, anchor, drawn):
                change = batch.targets[0] - reference
                yield (
                    k,
                    replace(
                        batch,
                        targets=np.concatenate([batch.targets, change[None], above]),
                        blocks=shared + batch.blocks,
                    ),
                )

    def _free(
        self, chunk: Chunk, point: Point, drawn: Drawn, names: list[tuple[str, ...]], weight: FloatArray | None = None
    ) -> list[FloatArray]:
        """The free controls of a point's law, each times the density ratio."""
        if not self.controlled:
            return []
        found = control_variates.free(point.law, float(point.dates(self.payoff)[-1]), drawn, names)
        return [chunk.fold(found if weight is None else np.concatenate([weight[None] - 1.0, found * weight]))]

    def _served(self, chunk: Chunk, number: int, anchor: Anchor, drawn: Drawn) -> Iterator[tuple[int, Batch]]:
        """The anchor itself, and the points that use its paths."""
        own = anchor.samples(anchor.point, drawn, anchor.point.combinations)
        yield number, Batch(chunk.fold(own), [], np.ones(chunk.n_samples))
        served = [k for k, source in enumerate(self.sources) if source == number and k != number]
        ratios = density_ratios(self.payoff, [self.points[k] for k in served], anchor.point, anchor.paths)
        for k, ratio in zip(served, ratios, strict=True):
            point, weight = self.points[k], np.exp(ratio)
            there = self._seen(point, anchor)
            moved = weigh(point.law, there.paths, point.own_weights())
            targets = there.samples(point, moved, point.combinations) * weight
            block = self._free(chunk, point, moved, point.own_weights(), weight)
            yield k, Batch(chunk.fold(targets), block, chunk.fold(weight))

    def _seen(self, point: Point, anchor: Anchor) -> Anchor:
        """The anchor's paths as a point sees them: at its dates, the spots redrawn where its law can."""
        paths = point.seen(self.payoff, anchor.paths, anchor.point)
        if not isinstance(point.law, RedrawsSpots):
            return replace(anchor, paths=paths)
        paths = point.law.redrawn(paths, anchor.point.law)
        return replace(anchor, paths=paths, flows=cash_flows(self.payoff, observed(paths)))

    def allowed(self, number: int) -> FloatArray:
        """Which controls may serve which target of a point, bool of shape (n_targets, n_controls)."""
        point, source = self.points[number], self.sources[number]
        targets: list[Combination] = [*point.combinations, {(): 1.0}, *self.terms]
        blocks = [(0, self.shared_weights(0)), *([(source, self.shared_weights(source))] if source else [])]
        blocks += [(number, point.own_weights())] if number != source else []
        masks = []
        for k, names in blocks:
            law, maturity = self.points[k].law, float(self.points[k].dates(self.payoff)[-1])
            masks.append(control_variates.eligible(law, maturity, names, targets))
        if self.corrections:
            masks.insert(1, np.ones((len(targets), len(self.terms)), dtype=bool))
        if number != source:
            masks.insert(-1, np.ones((len(targets), 1), dtype=bool))
        return np.concatenate(masks, axis=1)


@final
@dataclass(frozen=True, slots=True)
class Fitting:
    """Products of targets with their controls, point by point, on one chunk of the pilot."""

    ladder: Ladder

    def __call__(self, chunk: Chunk) -> dict[int, Products]:
        """Products by number of the point."""
        pushed = None if self.ladder.corrections else Pushed(chunk, np.asarray(self.ladder.payoff.times))
        found = {}
        for number, batch in self.ladder.batches(chunk, pushed or Recording(chunk)):
            weights = pushed.weights() if pushed else np.ones(chunk.n_samples)
            found[number] = Products.shared(np.concatenate(batch.blocks), batch.targets, weights)
        return found


@final
@dataclass(frozen=True, slots=True, eq=False)
class Averaging:
    """Moments, point by point, on one chunk of the main run.

    Parameters
    ----------
    ladder : Ladder
    coefficients : tuple of ndarray, shapes (n_targets, n_controls)
        Of the controls of every point; empty without controls.
    """

    ladder: Ladder
    coefficients: tuple[FloatArray, ...] = ()

    def __call__(self, chunk: Chunk) -> dict[int, Moments]:
        """Moments by number of the point, of the rows of `rows`."""
        return {
            number: Moments.of(self.rows(number, batch))
            for number, batch in self.ladder.batches(chunk, Recording(chunk))
        }

    def rows(self, number: int, batch: Batch) -> FloatArray:
        """The controlled targets; with terms their sum, and the change less it; the plain price; the weights."""
        targets = batch.targets
        if self.coefficients:
            ends = np.cumsum([len(block) for block in batch.blocks])
            table = np.split(self.coefficients[number], ends[:-1], axis=1)
            targets = targets - reduce(np.add, (part @ block for part, block in zip(table, batch.blocks, strict=True)))
        extra = [batch.targets[0], batch.weights]
        if self.ladder.terms:
            explained = targets[-len(self.ladder.terms) :].sum(axis=0)
            extra = [explained, targets[-len(self.ladder.terms) - 1] - explained, *extra]
        return np.concatenate([targets, extra])


# -- which points to draw paths at ---------------------------------------------------------------------------------


@final
@dataclass(frozen=True, slots=True, eq=False)
class Trust:
    """Whose paths every point should use, and how far those of the base would reach.

    Attributes
    ----------
    sources : tuple of int
        As for `Ladder`.
    reasons : tuple of str
        Why a point does not trust the base's paths; empty if it does.
    """

    sources: tuple[int, ...]
    reasons: tuple[str, ...]


def trusted(payoff: Contract, points: Sequence[Point], chunk: Chunk, share: float, count: int) -> Trust:
    r"""Anchors chosen greedily on draws of the pilot, and the most effective one for every point.

    Of the points that no anchor serves yet the next anchor is the one expected to serve most of them, by the draws of
    the base. What is used is measured on draws of the anchor, the tails among them (`Pushed`), for a run of `count`
    samples.
    """
    shares, sources = np.zeros(len(points)), np.full(len(points), -1)
    source, number = Pushed(chunk, np.asarray(payoff.times)), 0
    expected = np.ones((len(points), len(points)))
    while True:
        anchor, asked = points[number], np.flatnonzero(expected[number] >= 0.5 * share)
        paths = anchor.law.simulate(anchor.dates(payoff), source.stream())
        ratios = density_ratios(payoff, [points[k] for k in asked.tolist()], anchor, paths)
        importance = source.weights()
        with np.errstate(over="ignore"):
            found = [Weights.foreseen(chunk.fold(weights), importance, count) for weights in np.exp(ratios)]
        why = [weights.distrust(share) for weights in found]
        measured = np.array([weights.share for weights in found])
        good = np.array([not reason for reason in why]) & (measured > shares[asked])
        shares[asked[good]], sources[asked[good]] = measured[good], number
        shares[number], sources[number] = 1.0, number
        if number == 0:
            reasons, counts = tuple(why), np.tile(importance, chunk.n_paths // chunk.n_samples)
            expected = _expected(ratios, counts / counts.sum())
        left = np.flatnonzero(sources < 0)
        if not len(left):
            return Trust(tuple(sources.tolist()), reasons)
        number = int(left[np.argmax((expected[np.ix_(left, left)] >= share).sum(axis=1))])


def _expected(ratios: FloatArray, p: FloatArray) -> FloatArray:
    r"""Shares of samples drawn at c (rows) expected to be effective at g (columns), from log-ratios on draws
    of probability p.

    With :math:`\ell` the log-ratios and :math:`e_k = E[e^{\ell_k}]` the share is
    :math:`(e_g^2/e_c) / E[e^{2\ell_g - \ell_c}]`: it knows that wide laws serve narrow ones and not the reverse. Far
    away the base's draws do not show that expectation; there the distance of the log-ratios bounds it.
    """
    finite = np.where(np.isfinite(ratios), ratios, -1e3)
    covariance = np.atleast_2d(np.cov(finite, aweights=p))
    own = np.diag(covariance)
    bound = np.exp(-0.5 * np.maximum(own[:, None] + own - 2.0 * covariance, 0.0))
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        mean = np.exp(finite) @ p
        square = (p * np.exp(2.0 * finite)) @ np.exp(-finite).T
        direct = (mean[:, None] ** 2 / mean / square).T
    return np.minimum(np.where(np.isfinite(direct), direct, 0.0), bound)
