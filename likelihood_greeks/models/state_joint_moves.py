r"""Moves of several log-spots whose steps depend on where they start: their normals have constant correlations.

Given where a step starts, asset j moves by its own mean plus :math:`\sqrt{V_j}\,z_j`, the z being normal with the
matrix of correlations C. With :math:`u = C^{-1} z` and, of a coordinate a and an asset it moves,
:math:`p = m_a / \sqrt V`, :math:`q = \tfrac12 V_a / V` and :math:`y_a = p + q z` (what z loses as a grows, the path of
states held fixed), the weights are

.. math:: w_a = \sum u' y_a - \sum q_a, \qquad
          w_{\rho} = \sum \tfrac12 u' C_\rho u - \tfrac12 \operatorname{tr} C^{-1} C_\rho,

and since :math:`\partial_b z = -y_b` and :math:`\partial_\rho u = -C^{-1} C_\rho u`, their derivatives follow. Of one
asset they are those of `moves`.

References
----------
.. [1] P. Glasserman, *Monte Carlo Methods in Financial Engineering*, Springer, 2003, section 7.3 (scores).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, TypeAlias, final

import numpy as np

from .._typing import AnyArray, FloatArray
from ..numerics.arrays import once
from ..parameters import Derivative
from .moves import LIKELIHOOD_RATIO, Moves

CORRELATION = "correlation"
Meaning: TypeAlias = tuple[str, tuple[int, ...]]
"""What a coordinate is: its kind, and the assets that it belongs to (none: all)."""


@final
@dataclass(frozen=True, slots=True, eq=False)
class JointStateSteps:
    """A law's word that its steps depend on the log-spots that they start from, each on its own.

    Attributes
    ----------
    times : ndarray, shape (n_steps,)
        Ends of the steps.
    seen : ndarray of int, shape (n_times,)
        The rows of the dates that payoffs see.
    """

    times: FloatArray
    seen: AnyArray


@final
@dataclass(frozen=True, slots=True, eq=False)
class Turn:
    """What a standardised normal of one asset loses as a coordinate grows: ``p + q z``, over some first steps.

    Attributes
    ----------
    p, q : ndarray, shape (n_rows, n_paths)
    total : ndarray, shape (n_rows, n_paths)
        Both parts.
    handed : ndarray
        Weight of what was handed to the measure beneath; broadcasts to (n_paths,).
    """

    p: FloatArray
    q: FloatArray
    total: FloatArray
    handed: FloatArray


@final
@dataclass(frozen=True, slots=True, eq=False)
class StateJointMoves:
    """Moves of several log-spots over the steps of a chain, on given paths.

    Parameters
    ----------
    own : tuple of Moves
        Those of every asset, as if it were alone: noise, variances and their derivatives, and how it is carried on.
    correlation : ndarray, shape (n_assets, n_assets)
    meaning : mapping of str to Meaning
        What every coordinate is.
    path : JointStateSteps
        How paths travel.
    """

    own: tuple[Moves, ...]
    correlation: FloatArray
    meaning: dict[str, Meaning]
    path: JointStateSteps
    _known: dict[Any, Any] = field(default_factory=dict)

    @property
    def noise(self) -> FloatArray:
        """Moves of the log-spots less their means, shape (n_assets, n_steps, n_paths)."""
        return once(self._known, "noise", lambda: np.stack([one.noise for one in self.own]))

    @property
    def roots(self) -> FloatArray:
        """Their deviations, of that shape."""
        return once(self._known, "roots", lambda: np.sqrt([one.variance for one in self.own]))

    @property
    def normals(self) -> FloatArray:
        """The z, of that shape."""
        return once(self._known, "normals", lambda: self.noise / self.roots)

    @property
    def precision(self) -> FloatArray:
        """The inverse of the correlations."""
        return once(self._known, "precision", lambda: np.asarray(np.linalg.inv(self.correlation), dtype=float))

    @property
    def scaled(self) -> FloatArray:
        """The u, of the shape of the normals."""
        return once(self._known, "scaled", lambda: _times(self.precision, self.normals))

    def called(self, asset: int, names: Derivative) -> Derivative | None:
        """What coordinates are called by an asset; None if one of them does not move it."""
        kinds = [self.meaning[name] for name in names]
        moved = all(len(assets) < 2 and (not assets or asset in assets) for _, assets in kinds)
        return tuple(kind for kind, _ in kinds) if moved else None

    def pair(self, name: str) -> tuple[int, int] | None:
        """The assets whose correlation a coordinate is, if it is one."""
        _, assets = self.meaning[name]
        return (assets[0], assets[1]) if len(assets) > 1 else None

    def turn(self, asset: int, name: str, rate: float = LIKELIHOOD_RATIO) -> Turn | None:
        """What a coordinate does to the normals of an asset, what is beneath being handed over at a rate; or None."""
        return once(self._known, ("turn", asset, name, rate), lambda: self._turn(asset, name, rate))

    def _turn(self, asset: int, name: str, rate: float) -> Turn | None:
        if (called := self.called(asset, (name,))) is None:
            return None
        slope = self.own[asset].slope(called[0], rate)
        rows = 1 if slope.first_only else None
        root, normal = self.roots[asset][:rows], self.normals[asset][:rows]
        p = slope.mean[:rows] / root
        q = np.broadcast_to(0.5 * slope.variance[:rows] / root**2, p.shape)
        return Turn(p, q, p + q * normal, slope.handed)

    # -- weights ---------------------------------------------------------------------------------------------------

    def weights(self, needed: Iterable[Derivative], rate: float) -> dict[Derivative, FloatArray]:
        """First-order weights at a rate, second-order ones of the likelihood ratio; shape (n_paths,)."""

        def second(pair: Derivative) -> FloatArray:
            first, other = (self.weight(name, LIKELIHOOD_RATIO) for name in pair)
            return first * other + self.curvature(pair, LIKELIHOOD_RATIO)

        return {d: self.weight(d[0], rate) if len(d) == 1 else second(d) for d in needed}

    def weight(self, name: str, rate: float) -> FloatArray:
        """First-order weight: derivative of the log-density of moves and of what is beneath, shape (n_paths,)."""
        return once(self._known, ("weight", name, rate), lambda: self._weight(name, rate))

    def _weight(self, name: str, rate: float) -> FloatArray:
        u, total = self.scaled, np.zeros(self.normals.shape[-1])
        if (pair := self.pair(name)) is not None:
            j, k = pair
            return np.asarray(np.einsum("ip,ip->p", u[j], u[k]) - u.shape[1] * self.precision[j, k])
        for asset in range(len(self.own)):
            if (turn := self.turn(asset, name, rate)) is not None:
                total += (u[asset][: len(turn.p)] * turn.total - turn.q).sum(axis=0) + turn.handed
        return total

    def curvature(self, pair: Derivative, rate: float) -> FloatArray:
        """Derivative of the weight in ``pair[0]`` along ``pair[1]``, shape (n_paths,)."""
        return once(self._known, ("curvature", *sorted(pair)), lambda: self._curvature(pair))

    def _curvature(self, names: Derivative) -> FloatArray:
        between = [self.pair(name) for name in names]
        if between[0] is None and between[1] is None:
            return self._bent(names) - self._crossed(names)
        if between[0] is not None and between[1] is not None:
            return self._correlated(between[0], between[1])
        name, pair = (names[1], between[0]) if between[0] is not None else (names[0], between[1])
        assert pair is not None
        lost = self.lost(name)  # the derivative of u, but for its sign
        rows = lost.shape[1]
        (j, k), u = pair, self.scaled[:, :rows]
        return np.asarray(-(u[j] * lost[k] + u[k] * lost[j]).sum(axis=0))

    def lost(self, name: str) -> FloatArray:
        """What u loses as a coordinate grows that is no correlation, shape (n_assets, n_rows, n_paths)."""

        def lost() -> FloatArray:
            turns = [self.turn(asset, name) for asset in range(len(self.own))]
            count = max((len(turn.p) for turn in turns if turn is not None), default=1)
            found = np.zeros((len(turns), count, self.normals.shape[-1]))
            for row, turn in zip(found, turns, strict=True):
                if turn is not None:
                    row[: len(turn.p)] = turn.total
            return _times(self.precision, found)

        return once(self._known, ("lost", name), lost)

    def _crossed(self, names: Derivative) -> FloatArray:
        """What u loses in one coordinate times what z loses in the other."""
        total, lost = np.zeros(self.normals.shape[-1]), self.lost(names[1])
        for asset in range(len(self.own)):
            if (turn := self.turn(asset, names[0])) is not None:
                rows = min(len(turn.p), lost.shape[1])
                total += (turn.total[:rows] * lost[asset][:rows]).sum(axis=0)
        return total

    def _bent(self, names: Derivative) -> FloatArray:
        """What the second derivatives of means and variances add, asset by asset."""
        total = np.zeros(self.normals.shape[-1])
        for asset, own in enumerate(self.own):
            called = self.called(asset, names)
            a, b = (self.turn(asset, name) for name in names)
            if called is None or a is None or b is None:
                continue
            bend = own.bend(called, LIKELIHOOD_RATIO)
            assert bend is not None
            both = min(len(a.p), len(b.p))
            rows = both if bend.first_only else len(self.normals[asset])
            root, normal, u = (x[asset][:rows] for x in (self.roots, self.normals, self.scaled))
            q = np.broadcast_to(0.5 * bend.variance[:rows] / root**2, root.shape).copy()
            y = bend.mean[:rows] / root
            p = np.broadcast_to(y, root.shape).copy()
            q[:both] -= 2.0 * a.q[:both] * b.q[:both]
            p[:both] -= a.p[:both] * b.q[:both] + a.q[:both] * b.total[:both]
            total += (u * (p + q * normal) - q).sum(axis=0) + bend.handed
        return total

    def _correlated(self, one: tuple[int, int], two: tuple[int, int]) -> FloatArray:
        """The second derivative in two correlations."""
        u, inverse = self.scaled, self.precision
        a, b = (_unit(pair, len(u)) for pair in (one, two))
        middle = a @ inverse @ b
        square = np.einsum("jip,jk,kip->p", u, middle, u, optimize=True)
        return np.asarray(0.5 * u.shape[1] * np.trace(inverse @ b @ inverse @ a) - square)

    def scores(self, names: Iterable[str]) -> FloatArray:
        """Derivatives of the log-density of all that was drawn, shape (n_names, n_paths)."""
        return np.stack([self.weight(name, LIKELIHOOD_RATIO) for name in names])

    def hessian(self, pairs: Iterable[Derivative]) -> FloatArray:
        """Second derivatives of the log-density of all that was drawn, shape (n_pairs, n_paths)."""
        return np.stack([self.curvature(pair, LIKELIHOOD_RATIO) for pair in pairs])

    @property
    def log_density(self) -> FloatArray:
        """Log-density of the moves, shape (n_paths,)."""
        exponent = 0.5 * np.einsum("jip,jip->p", self.normals, self.scaled)
        norm = np.log(self.roots).sum(axis=(0, 1))
        size = 0.5 * self.normals.shape[1] * np.linalg.slogdet(2.0 * np.pi * self.correlation)[1]
        return np.asarray(-exponent - norm - size)


def _times(matrix: FloatArray, rows: FloatArray) -> FloatArray:
    """A matrix times vectors of assets, shape of `rows`, (n_assets, n_steps, n_paths)."""
    return np.asarray((matrix @ rows.reshape(len(rows), -1)).reshape(rows.shape))


def _unit(pair: tuple[int, int], count: int) -> FloatArray:
    """The derivative of the matrix of correlations in one of them."""
    found = np.zeros((count, count))
    found[pair] = found[pair[::-1]] = 1.0
    return found
