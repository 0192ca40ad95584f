r"""Means and covariances of the steps of correlated log-spots, and their derivatives in every coordinate.

Every asset says the means and variances of its own steps. Where all volatilities are constant, the covariance of two
moves is :math:`\rho_{jk}\,s_j s_k`, s the deviations; so dates are split at the nodes of the volatility curves, and of
correlations by pillar, and the parts summed. A coordinate is one of an asset, one of all (the rate, time), or the
correlation of a pair, so each entry is differentiated as a product of three factors, of which few move.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any, TypeAlias, final

import numpy as np

from ..._typing import FloatArray
from ...numerics import jets
from ...numerics.arrays import once
from ...numerics.jets import Jet
from ...parameters import Derivative
from ..joint_moves import Entry, JointSlope
from ..lognormal import Terms
from ..state_joint_moves import CORRELATION

Meaning: TypeAlias = tuple[str, tuple[int, ...]]
"""What a coordinate is: its kind, and the assets that it belongs to (none: all)."""

Drift: TypeAlias = tuple[int, int, float]
"""Numbers of an asset and of the member that is its currency, and the sign of their covariance in the drift."""

SAME = 1e-9  # years within which a node and a date are one


@final
@dataclass(frozen=True, slots=True, eq=False)
class Steps:
    """The steps of correlated log-spots between some dates.

    Parameters
    ----------
    summed : ndarray, shape (n_times, n_parts)
        One where a part of a step belongs to the step.
    terms : tuple of Terms
        Means and variances of every asset's parts of steps.
    correlation : ndarray, shape (n_parts, n_assets, n_assets)
    meaning : mapping of str to Meaning
        What every coordinate is.
    turning : mapping of str to ndarray, shape (n_parts,)
        How the correlation of a pair moves with a coordinate of it, where the parts of steps do not all move alike.
    drifts : sequence of (int, int, float)
        Of assets whose currency is a member: their means are lower by the covariance of both, times a sign.
    """

    summed: FloatArray
    terms: tuple[Terms, ...]
    correlation: FloatArray
    meaning: dict[str, Meaning]
    turning: Mapping[str, FloatArray] = field(default_factory=dict)
    drifts: Sequence[Drift] = ()
    _known: dict[Any, Any] = field(default_factory=dict)

    @property
    def mean(self) -> FloatArray:
        """Means of the moves, the first with the logarithm of the spot in it; shape (n_assets, n_times)."""
        return once(self._known, "mean", lambda: self._means(()))

    @property
    def covariance(self) -> FloatArray:
        """Covariances of the moves, shape (n_times, n_assets, n_assets)."""
        return once(self._known, "covariance", lambda: JointSlope(self.mean, self._covariances(())).matrices())

    @property
    def precision(self) -> FloatArray:
        """Their inverses."""
        return once(self._known, "precision", lambda: np.asarray(np.linalg.inv(self.covariance), dtype=float))

    @property
    def roots(self) -> FloatArray:
        """Their Cholesky factors."""
        return once(self._known, "roots", lambda: np.asarray(np.linalg.cholesky(self.covariance), dtype=float))

    def slope(self, names: Derivative) -> JointSlope:
        """First or second derivatives of means and covariances."""
        return once(self._known, names, lambda: JointSlope(self._means(names), self._covariances(names)))

    def _local(self, names: Derivative, asset: int) -> Derivative | None:
        """What coordinates are called by an asset; None if one of them does not move it."""
        kinds = [self.meaning[name] for name in names]
        own = all(not _between(kind) and (not assets or asset in assets) for kind, assets in kinds)
        return tuple(kind for kind, _ in kinds) if own else None

    def _means(self, names: Derivative) -> FloatArray:
        found = np.zeros((len(self.terms), len(self.summed)))
        for asset, terms in enumerate(self.terms):
            own = self._local(names, asset)
            if own is not None:
                found[asset] = self.summed @ terms.mean.derivative(*own)[:, 0]
        touched = self._touched(names) if self.drifts else ()
        for asset, currency, sign in self.drifts:
            if (entry := (min(asset, currency), max(asset, currency))) in touched:
                found[asset] -= sign * self._entry(entry, names)
        return found

    def _covariances(self, names: Derivative) -> dict[Entry, FloatArray]:
        """The entries of the covariances that move; where no coordinate is named, all of them."""
        found = {entry: self._entry(entry, names) for entry in self._touched(names)}
        return {entry: row for entry, row in found.items() if row.any()} if names else found

    def _touched(self, names: Derivative) -> Sequence[Entry]:
        """Entries that may move with all of some coordinates."""
        entries = [(j, k) for j in range(len(self.terms)) for k in range(j, len(self.terms))]
        for name in names:
            kind, assets = self.meaning[name]
            if _between(kind):
                entries = [entry for entry in entries if entry == assets]
            elif kind.partition("[")[0] not in ("volatility", "time"):
                return []
            elif assets:
                entries = [entry for entry in entries if assets[0] in entry]
        return entries

    def _entry(self, entry: Entry, names: Derivative) -> FloatArray:
        """A derivative of one entry, shape (n_times,): every coordinate moves one of its three factors (Leibniz)."""
        total = np.zeros(self.summed.shape[1])
        for places in product(range(3), repeat=len(names)):
            moved = [tuple(name for name, at in zip(names, places, strict=True) if at == k) for k in range(3)]
            correlation = self._correlation(entry, moved[0])
            deviations = [self._deviation(asset, moved[1 + k]) for k, asset in enumerate(entry)]
            if correlation is not None and deviations[0] is not None and deviations[1] is not None:
                total += correlation * deviations[0] * deviations[1]
        return np.asarray(self.summed @ total)

    def _correlation(self, entry: Entry, names: Derivative) -> FloatArray | None:
        """A derivative of the correlation of two assets by part of a step, shape (n_parts,); None if nothing moves."""
        if not names:
            return self.correlation[:, *entry]
        kind, assets = self.meaning[names[0]]
        if len(names) > 1 or not _between(kind) or assets != entry:
            return None
        return self.turning.get(names[0], np.ones(len(self.correlation)))

    def _deviation(self, asset: int, names: Derivative) -> FloatArray | None:
        """A derivative of the deviation of an asset's parts of steps, shape (n_parts,); None if nothing moves it."""
        own = self._local(names, asset)
        return None if own is None else np.asarray(self._deviations(asset).derivative(*own)[:, 0])

    def _deviations(self, asset: int) -> Jet:
        return once(self._known, ("deviations", asset), lambda: jets.sqrt(self.terms[asset].variance))


def _between(kind: str) -> bool:
    """Whether a coordinate is a correlation, or one pillar of it."""
    return kind.partition("[")[0] == CORRELATION


def parts(times: Sequence[float], nodes: Sequence[float]) -> tuple[FloatArray, FloatArray]:
    """Dates split at nodes: the ends of the parts, and the matrix that sums over the parts of every step."""
    between = (node for node in nodes if SAME < node < times[-1] and np.abs(np.asarray(times) - node).min() > SAME)
    ends = np.array(sorted({*times, *between}))
    starts = np.concatenate([[0.0], np.asarray(times)[:-1]])
    inside = (ends > starts[:, None]) & (ends <= np.asarray(times)[:, None])
    return ends, inside.astype(float)
