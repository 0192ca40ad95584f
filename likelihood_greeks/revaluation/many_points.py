r"""A payoff at many points of the parameters, from the paths of some of them, with zero-mean controls for nothing.

All anchors use the same random numbers, so that differences between points are far more precise than each. Since
:math:`E_a[\omega c_g] = 0` for every zero-mean control :math:`c_g` of the law at a point *g*, and
:math:`E_a[\omega - 1] = 0`, reweighted samples have controls that remove most of the noise of the weights (what
self-normalisation does, but without its bias).

References
----------
.. [1] A. B. Owen, *Monte Carlo theory, methods and examples*, 2013, section 9.10 (control variates in importance
   sampling).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import reduce
from typing import final

import numpy as np

from .._typing import FloatArray
from ..controls import free as control_variates
from ..controls.regression import Products
from ..engine.scouts import variances
from ..estimate import Moments
from ..estimators.likelihood_ratio import Combination, Drawn, weigh, weight_derivatives
from ..models.capabilities import RedrawsSpots, draws_beneath, has
from ..models.moves import LIKELIHOOD_RATIO
from ..models.protocol import observed
from ..payoffs.protocol import Contract, cash_flows, payment_times
from ..scouted import ROUNDING, Scouted
from ..streams.chunks import Chunk
from ..streams.pushed import Pushed
from ..streams.recorded import Recording, Source
from .anchors import Trust
from .reweighting import Anchor, Point, density_ratios


@final
@dataclass(frozen=True, slots=True)
class Layout:
    """Where the moments of a point have what: the price and the Greeks first, then what follows from them.

    Parameters
    ----------
    n_greeks : int
        The price counts.
    n_terms : int
        Terms of a Taylor series; with them come their sum, and what it leaves unexplained of the change.
    """

    n_greeks: int
    n_terms: int = 0

    @property
    def price(self) -> int:
        """The price; after it come the Greeks."""
        return 0

    @property
    def change(self) -> int:
        """The price less that of the base."""
        return self.n_greeks

    @property
    def terms(self) -> slice:
        """The terms of the series."""
        return slice(self.n_greeks + 1, self.n_greeks + 1 + self.n_terms)

    @property
    def explained(self) -> int:
        """The sum of the terms."""
        return self.n_greeks + 1 + self.n_terms

    @property
    def unexplained(self) -> int:
        """The change less the sum."""
        return self.explained + 1

    @property
    def plain_price(self) -> int:
        """The price without controls."""
        return self.explained + (2 if self.n_terms else 0)

    @property
    def weights(self) -> int:
        """The ratios of densities."""
        return self.plain_price + 1


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
class Ladder:
    """A payoff at many points, from the paths of some of them.

    Parameters
    ----------
    payoff : Contract
    points : tuple of Point
        The base first.
    trust : Trust
        For every point the point whose paths it uses: its own if it is an anchor, as the base is.
    terms : tuple of Combination
        Derivatives at the base that are among the targets of every point.
    rate : float
        At which the terms hand changes of what is beneath the spots to the measure.
    controlled : bool
        Whether controls are made.
    corrections : callable, optional
        From a chunk and a source to what another unbiased estimator of the terms adds to theirs on its draws, shape
        (n_terms, n_samples): zero-mean controls.
    """

    payoff: Contract
    points: tuple[Point, ...]
    trust: Trust
    terms: tuple[Combination, ...] = ()
    rate: float = LIKELIHOOD_RATIO
    controlled: bool = True
    corrections: Callable[[Chunk, Source], FloatArray] | None = None

    @property
    def sources(self) -> tuple[int, ...]:
        """The number of the point whose paths each point uses."""
        return self.trust.sources

    def layout(self, number: int) -> Layout:
        """Where the moments of a point have what."""
        return Layout(len(self.points[number].combinations), len(self.terms))

    def anchor(self, point: Point, source: Source) -> Anchor:
        """Paths drawn at a point, and what is paid on them."""
        paths = point.law.simulate(point.dates(self.payoff), source.stream())
        payoff = point.payoff(self.payoff)
        flows = cash_flows(payoff, observed(paths))
        return Anchor(point, paths, payoff, flows, payment_times(payoff, flows))

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
                base_block = block + ([self.corrections(chunk, source)] if self.corrections else [])
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
        paths, payoff = point.seen(self.payoff, anchor.paths, anchor.point), point.payoff(self.payoff)
        if has(point.law, RedrawsSpots):
            paths = point.law.redrawn(paths, anchor.point.law)
        elif payoff is self.payoff:
            return replace(anchor, paths=paths)
        return replace(anchor, paths=paths, payoff=payoff, flows=cash_flows(payoff, observed(paths)))

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
        pushed, found = Pushed(chunk, np.asarray(self.ladder.payoff.times)), {}
        for number, batch in self.ladder.batches(chunk, pushed):
            found[number] = Products.shared(np.concatenate(batch.blocks), batch.targets, pushed.weights())
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
    scouts : mapping of int to Scouted
        By number of the point, what is known of the variance of its rows besides.
    """

    ladder: Ladder
    coefficients: tuple[FloatArray, ...] = ()
    scouts: Mapping[int, Scouted] = field(default_factory=dict)

    def __call__(self, chunk: Chunk) -> dict[int, Moments]:
        """Moments by number of the point, of its `rows`."""
        return {
            number: replace(Moments.of(self.rows(number, batch)), scouted=self.scouts.get(number))
            for number, batch in self.ladder.batches(chunk, Recording(chunk))
        }

    def scouted(self, chunk: Chunk, paths: int) -> Averaging:
        """The same, knowing what pushed draws say of the variance that a run of so many paths hardly sees."""
        pushed, found = Pushed(chunk, np.asarray(self.ladder.payoff.times)), dict[int, Scouted]()
        plain = replace(self, coefficients=())
        beneath = draws_beneath(self.ladder.points[0].law, self.ladder.payoff.times)  # whose tails no push reaches
        for number, batch in self.ladder.batches(chunk, pushed):
            weight = pushed.weights()
            known, size = variances(self.rows(number, batch), weight, paths), plain.rows(number, batch) ** 2
            carriers = np.zeros_like(known.carriers) if beneath else known.carriers
            rounding = ROUNDING * np.sqrt(size @ weight / weight.sum())
            found[number] = replace(known, carriers=carriers, rounding=rounding)
        return replace(self, scouts=found)

    def rows(self, number: int, batch: Batch) -> FloatArray:
        """The controlled samples of a point, in the rows that its `Layout` names."""
        targets, layout = batch.targets, self.ladder.layout(number)
        if self.coefficients:
            ends = np.cumsum([len(block) for block in batch.blocks])
            table = np.split(self.coefficients[number], ends[:-1], axis=1)
            targets = targets - reduce(np.add, (part @ block for part, block in zip(table, batch.blocks, strict=True)))
        further = [batch.targets[layout.price], batch.weights]
        if layout.n_terms:
            explained = targets[layout.terms].sum(axis=0)
            further = [explained, targets[layout.change] - explained, *further]
        return np.concatenate([targets, further])
