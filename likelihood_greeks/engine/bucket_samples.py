"""Samples of the buckets of one payoff: controlled ones of the main run, and how they are to be controlled."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol, final

import numpy as np

from .._typing import AnyArray, FloatArray
from ..controls.by_interval import ByInterval
from ..controls.integrands import Integrands, integrands
from ..controls.joint_intervals import JointSlopes
from ..controls.joint_state_intervals import JointStateSlopes
from ..controls.plan import Plan
from ..controls.protocol import Scene, SharedPaths
from ..controls.sharing import Sharing, less, ranges
from ..estimators.likelihood_ratio import Combination
from ..parameters import Derivative
from ..payoffs.protocol import Contract
from ..streams.chunks import Chunk
from .buckets import Bucket, Buckets, fitted


class Draws(Protocol):
    """Draws of the pilot."""

    @property
    def chunk(self) -> Chunk:
        """How paths form samples."""
        ...

    @property
    def weight(self) -> FloatArray:
        """Importance of each sample."""
        ...

    @property
    def free(self) -> FloatArray:
        """The free controls, (n_free, n_samples)."""
        ...

    @property
    def shared(self) -> SharedPaths:
        """The paths."""
        ...


@final
@dataclass(frozen=True, eq=False)
class BucketSamples:
    """The buckets of one payoff whose Greeks are controlled by a plan.

    Parameters
    ----------
    buckets : tuple of Bucket
    payoff : Contract
    plan : Plan
    weights : sequence of Derivative
        Those that the free controls are made of.
    combinations : sequence of Combination
        The Greeks.
    """

    buckets: tuple[Bucket, ...]
    payoff: Contract
    plan: Plan
    weights: Sequence[Derivative]
    combinations: Sequence[Combination]

    @cached_property
    def greeks(self) -> AnyArray:
        """Which Greek each bucket is of."""
        return np.array([bucket.greek for bucket in self.buckets])

    @property
    def _n_free(self) -> int:
        return self.plan.fit.coefficients.shape[1] - len(self.plan.specific)

    @cached_property
    def _used(self) -> AnyArray:
        """Which controls each bucket may have, bool of shape (n_buckets, n_controls): those of its Greek."""
        return self.plan.fit.coefficients[self.greeks] != 0.0

    def _free(self, found: Buckets) -> Iterator[tuple[AnyArray, ByInterval]]:
        """The free controls that have intervals, with the number of the one that each bucket takes by these, or -1."""
        numbers: dict[Derivative, int] = {weight: k for k, weight in enumerate(self.weights) if len(weight) == 1}
        of = [tuple(terms) for terms in self.combinations]
        own = np.array([numbers.get(greek[0], -1) if len(greek) == 1 else -1 for greek in of])[self.greeks]
        for first, parts in found.free(self.weights, self._n_free):
            columns = np.where((own >= 0) & self._used[np.arange(len(own)), first + own], first + own, -1)
            if (columns >= 0).any():
                yield columns, parts

    def _own(
        self,
        found: Buckets,
        chunk: Chunk,
        each: Callable[[AnyArray, ByInterval], None],
        needed: AnyArray,
        apart: Sequence[int] = (),
    ) -> FloatArray:
        """The samples of the payoff's own controls, Greek by Greek; `each` is given those that have intervals.

        Greeks `apart` are not among them where a control has intervals.
        """
        scene, slopes, used = found.scene, found.slopes, self.plan.used
        own = np.zeros((len(self.combinations), len(self.plan.specific), scene.drawn.spot.shape[-1]))
        for number, control in enumerate(self.plan.specific):
            column, served = self._n_free + number, used[:, number].copy()
            parts = control.by_interval(scene) if needed[:, column].any() else None
            if parts is not None and (not isinstance(slopes, JointSlopes | JointStateSlopes) or slopes.serves(parts)):
                each(np.full(len(self.buckets), column), parts)
                served[[*apart]] = False
            if len(greeks := np.flatnonzero(served).tolist()):
                own[greeks, number] = control.samples(scene, [self.combinations[g] for g in greeks])
        return chunk.fold(own)

    def controlled(
        self, chunk: Chunk, free: FloatArray, shared: SharedPaths, sharing: Sharing, plain: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """Samples of Greeks and buckets with all controls, and with none; `plain` are the latter of Greeks."""
        found, count = Buckets(self.buckets, Scene(shared, self.payoff)), len(self.buckets)
        common, left, apart = sharing.coefficients.copy(), Integrands(found.slopes), [*found.wholes]
        none, rows = np.zeros(len(apart)), np.arange(count)
        left.add(found.payoff, np.concatenate([np.ones(count), none]))

        def take(columns: AnyArray, parts: ByInterval) -> None:
            column, mine = int(columns.max()), columns >= 0
            whole = self.plan.fit.coefficients[apart, column] if column >= self._n_free else none
            factors = np.concatenate([np.where(mine, sharing.coefficients[rows, columns], 0.0), whole])
            if factors.any():
                left.add(parts, -factors)
            common[mine, columns[mine]] = 0.0

        for columns, parts in self._free(found):
            take(columns, parts)
        own = self._own(found, chunk, take, sharing.coefficients != 0.0, apart)
        total, own_plain = map(chunk.fold, left.with_first(found.payoff, count))
        raw = np.concatenate([plain, own_plain])
        every = np.empty_like(raw)  # in place: new arrays of this size cost as much as sums
        whole, samples = every[: len(plain)], every[len(plain) :]
        self.plan.applied(plain, free, own, whole)
        whole[apart] += total[count:]
        less(total[:count], common[:, : len(free)], free, samples)
        for greek, of in ranges(self.greeks):
            if common[of, len(free) :].any():
                samples[of] -= common[of, len(free) :] @ own[greek]
        sharing.completed(samples, self.greeks, whole)
        return every, raw

    def sharing(self, draws: Sequence[Draws], plain: Callable[[Draws], FloatArray]) -> Sharing:
        """How the buckets are to be controlled, fitted to draws of the pilot; `plain` gives the Greeks' samples."""
        pieces = [self._fitting(drawn, plain(drawn)) for drawn in draws]
        targets, controls, whole = (np.concatenate(parts, axis=-1) for parts in zip(*pieces, strict=True))
        weight = np.concatenate([drawn.weight for drawn in draws])
        return fitted(self._used, targets, controls, (self.greeks, whole), weight)

    def _fitting(self, drawn: Draws, plain: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Plain samples of the buckets, their controls, (n_buckets, n_controls, n_samples), and the Greeks'."""
        found, chunk = Buckets(self.buckets, Scene(drawn.shared, self.payoff)), drawn.chunk
        controls = np.zeros((*self._used.shape, chunk.n_samples))
        divided = np.zeros(self._used.shape, dtype=bool)

        noted = list[tuple[AnyArray, ByInterval]]()

        def note(columns: AnyArray, parts: ByInterval) -> None:
            noted.append((columns, parts))
            divided[columns >= 0, columns[columns >= 0]] = True

        for columns, parts in self._free(found):
            note(columns, parts)
        own = self._own(found, chunk, note, self._used)
        every = integrands(found.slopes, [parts for _, parts in noted])
        for (columns, _), own_rows in zip(noted, every, strict=True):
            mine = np.flatnonzero(columns >= 0)
            controls[mine, columns[mine]] = chunk.fold(own_rows[: len(columns)])[mine]
        for bucket, greek in enumerate(self.greeks):
            rest = self._used[bucket] & ~divided[bucket]
            controls[bucket, rest] = np.concatenate([drawn.free, own[greek]])[rest]
        return chunk.fold(found.plain), controls, self.plan.applied(plain, drawn.free, own)
