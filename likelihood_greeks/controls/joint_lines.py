r"""Paths of several assets along a fixed direction of all their normals: `lines`, with vectors.

With :math:`n_i` the noise of a step and :math:`V_i` its covariance, a direction is a weight :math:`w` for every asset
and one :math:`p_i` for every step:

.. math:: Z = \sum_i p_i\,w' n_i / c, \qquad c^2 = \sum_i p_i^2\,w' V_i w, \qquad
          \log S_i = b_i + \ell_i Z, \qquad \ell_i = \sum_{l \le i} p_l V_l w / c .

Z is normal and independent of the rest. The tangent at fixed normals is linear in the noise (`models.joint_travel`),
:math:`\dot n = T n`, and so straight in Z: along it :math:`\dot\ell_i` is the sum of :math:`T_l` times what a unit of
the line adds to the moves. Every asset has a slope of its own, and may fall where another rises.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeAlias, final

import numpy as np

from .._typing import AnyArray, FloatArray
from ..estimators.likelihood_ratio import Drawn
from ..models.joint_moves import JointMoves, Quadratic, evaluated, log_density_form
from ..models.joint_travel import bilinear, motion_by_asset
from ..numerics.arrays import once
from ..parameters import Derivative
from ..payoffs.protocol import Contract, cash_flows
from .lines import DIRECTIONS, Crossings, Direction, Push, step_weights, taken

Weights: TypeAlias = Sequence[FloatArray | float]

TILT = 0.2  # by which the last asset weighs more than the first
FAINT = 0.02  # correlation with the line, below which a log-spot is not carried along it: what jumps there jumps unseen


@final
@dataclass(frozen=True, slots=True)
class JointDirection:
    """A direction of the normals of several assets.

    Parameters
    ----------
    profile : Direction
        How it weighs the steps.
    weights : tuple of float
        How it weighs the assets' noise.
    why : str
        In words.
    """

    profile: Direction
    weights: tuple[float, ...]
    why: str

    def __str__(self) -> str:
        return f"{self.profile} of {self.why}"


def joint_directions(payoff: Contract, drawn: Drawn, moves: JointMoves) -> list[JointDirection]:
    """Directions worth trying: all assets moving alike, and as the payoff moves with them.

    Parameters
    ----------
    payoff : Contract
    drawn : Drawn
        Paths such as it may see.
    moves : JointMoves
        Of these.
    """
    total = moves.terms.covariance.sum(axis=0)
    deviations = np.sqrt(np.diag(total))
    alike = 1.0 + TILT * np.linspace(0.0, 1.0, len(total))  # no two assets move quite alike
    ways = {"all assets": alike}
    paid = cash_flows(payoff, drawn.spot).sum(axis=0)
    pulled = np.linalg.solve(total, moves.noise.sum(axis=1) @ (paid - paid.mean())) * deviations
    if len(total) > 1 and np.abs(pulled).max() > 0.0:
        ways["what the payoff moves with"] = (pulled / np.abs(pulled).max()).round(1)
    profiles = DIRECTIONS if len(payoff.times) > 1 else DIRECTIONS[:1]
    return [
        JointDirection(profile, tuple((weights / deviations).tolist()), why)
        for why, weights in ways.items()
        for profile in profiles
    ]


@final
@dataclass(frozen=True, eq=False)
class JointLine:
    """The paths of one chunk along a direction of their normals, shared by every payoff on them.

    Rows are the dates of the first asset, then those of the second, and so on.

    Parameters
    ----------
    moves : JointMoves
    direction : JointDirection
    times : ndarray, shape (n_times,)
    known : dict, optional
        What has been computed already.
    """

    moves: JointMoves
    direction: JointDirection
    times: FloatArray
    known: dict[Any, Any] = field(default_factory=dict)

    @cached_property
    def _steps(self) -> tuple[FloatArray, FloatArray]:
        """What a unit of the line adds to every move, and the same times the inverse of its covariance; each of shape
        (n_assets, n_times).
        """  # fmt: skip
        covariance, weights = self.moves.terms.covariance, np.array(self.direction.weights)
        scaled = weights[:, None] * step_weights(self.direction.profile, self.times)
        shares = np.einsum("tjk,kt->jt", covariance, scaled)
        size = np.sqrt((scaled * shares).sum())
        return shares / size, scaled / size

    @property
    def shares(self) -> FloatArray:
        """What a unit of the line adds to every move, shape (n_assets, n_times)."""
        return self._steps[0]

    @cached_property
    def lengths(self) -> FloatArray:
        """What a unit of the line adds to every log-spot, shape (n_rows, 1)."""
        return np.cumsum(self._steps[0], axis=1).reshape(-1, 1)

    @property
    def carried(self) -> FloatArray:
        """The same by asset, (n_assets, n_times), zero where it is next to nothing beside what the log-spot moves."""
        shape = self.moves.terms.mean.shape
        variances = np.diagonal(self.moves.terms.covariance, axis1=1, axis2=2).cumsum(axis=0).T
        lengths = self.lengths.reshape(shape)
        return np.where(np.abs(lengths) > FAINT * np.sqrt(variances), lengths, 0.0)

    @cached_property
    def place(self) -> FloatArray:
        """Where the paths are on the line, shape (n_paths,)."""
        noise = self.moves.noise
        return np.asarray(self._steps[1].ravel() @ noise.reshape(-1, noise.shape[-1]))

    @property
    def _logs(self) -> FloatArray:
        """All log-spots, shape (n_rows, n_paths)."""
        return self.moves.logs.reshape(-1, self.moves.noise.shape[-1])

    def logs(self, rows: AnyArray) -> FloatArray:
        """Log-spots of some rows where the paths are, shape (n_rows, n_paths)."""
        return self._logs[rows]

    def handed(self, name: str, rate: float) -> FloatArray:
        """Nothing lies beneath."""
        return np.zeros(1)

    def nearest(self, rows: AnyArray, levels: FloatArray, last: bool) -> Crossings:
        """Where, of several rows, the first (last) spot is at its level."""
        key = "nearest", rows.tobytes(), levels.tobytes(), last
        return once(self.known, key, lambda: self._nearest(rows, levels, last))

    def _nearest(self, rows: AnyArray, levels: FloatArray, last: bool) -> Crossings:
        away = self._logs[rows]
        np.subtract(np.log(levels)[:, None], away, out=away)
        away *= (-1.0 if last else 1.0) / self.lengths[rows]
        first = away.argmin(axis=0)
        return Crossings(
            self.place + (-1.0 if last else 1.0) * taken(away, first),
            rows[first],
            taken(self.lengths, rows[first]),
            np.empty(0),
        )

    # -- how the line moves ----------------------------------------------------------------------------------------

    def gained(self, name: str, rate: float, push: Push, known: dict[Hashable, Any]) -> FloatArray:
        """The derivative of a quantity along the tangent in a coordinate, normals held fixed; shape (n_paths,).

        What is computed of the quantity is kept until another is asked for, `known` being the quantity's: it is large.
        """
        last = self.moves.last
        if last.get("of") is not known or "ahead" not in last:
            last.clear()
            last.update({"of": known, "ahead": self._ahead(push)})
        return self._gained(name, *last["ahead"])

    def _ahead(self, push: Push) -> tuple[FloatArray, FloatArray]:
        """What a quantity gains as every move is pushed, and as what the line adds to it."""
        shape = self.moves.noise.shape
        still, along = np.zeros((2, shape[0] * shape[1], shape[2]))
        still[push.rows], along[push.rows] = push.still, push.along
        paths = np.arange(shape[2])
        for crossings, density in push.crossings:
            still[crossings.row, paths] += density
            along[crossings.row, paths] += density * (crossings.point - self.place)
        found = still.reshape(shape), along.reshape(shape)
        for rows in found:
            for k in range(shape[1] - 2, -1, -1):
                rows[:, k] += rows[:, k + 1]
        return found

    def _gained(self, name: str, still: FloatArray, along: FloatArray) -> FloatArray:
        motion, (shares, scaled) = motion_by_asset(self.moves.terms, name), self._steps
        found = _product(motion.still, still)
        if motion.own.any():
            for j in np.flatnonzero(motion.own.any(axis=1)).tolist():
                found += motion.own[j] @ (still[j] * self.moves.noise[j])
            found += _product(motion.own * shares, along)
        if motion.turned:
            turned = np.zeros_like(shares)
            for (j, k), row in motion.turned.items():
                turned[j] += row * scaled[k]
            found += bilinear([motion.turned], still, self.moves.scaled)[0] + _product(turned, along)
        return found

    # -- scores along the line -------------------------------------------------------------------------------------

    def turns(self, name: str) -> bool:
        """Whether a coordinate acts on covariances."""
        return bool(self.moves.terms.slope((name,)).covariance)

    def score(self, name: str) -> Weights:
        """The weight of a coordinate along the line: coefficients of 1, z and z²."""
        return once(self.known, ("score", name), lambda: self._polynomial(log_density_form(self.moves.terms, (name,))))

    def score_motion(self, pair: Derivative) -> Weights:
        r"""How the weight of ``pair[0]`` moves in ``pair[1]``, normals held fixed: as :math:`\dot u = -T'u`."""
        terms, (b, a) = self.moves.terms, (self.moves.terms.slope((name,)) for name in pair)
        bend, inverse = terms.slope(tuple(sorted(pair))), terms.precision
        turn = motion_by_asset(terms, pair[1]).matrices(inverse)
        product = turn @ b.matrices()
        linear = bend.mean - np.einsum("tjk,kt->jt", turn, b.mean)
        square = 0.5 * (bend.matrices() - product - product.transpose(0, 2, 1))
        constant = np.einsum("tjk,tkj->", inverse, bend.matrices() - a.matrices() @ inverse @ b.matrices())
        places = [(j, k) for j in range(len(linear)) for k in range(j, len(linear)) if square[:, j, k].any()]
        return self._polynomial(Quadratic(-0.5 * float(constant), linear, {(j, k): square[:, j, k] for j, k in places}))

    def _polynomial(self, form: Quadratic) -> Weights:
        """A quadratic form of the scaled noise along the line."""
        (here,), scaled, place = evaluated([form], self.moves.scaled), self._steps[1], self.place
        turned, slope, bend = np.zeros_like(scaled), float((form.linear * scaled).sum()), 0.0
        for (j, k), row in form.square.items():
            for one, other in {(j, k), (k, j)}:
                turned[one] += row * scaled[other]
        if not form.square:
            return here - slope * place, slope
        bend = float((turned * scaled).sum())
        along = slope + 2.0 * _product(turned, self.moves.scaled)
        return here - along * place + bend * place**2, along - 2.0 * bend * place, bend


def _product(factors: FloatArray, rows: FloatArray) -> FloatArray:
    """The sum over assets and dates of factors, (n_assets, n_times), times rows, (n_assets, n_times, n_paths)."""
    used = np.flatnonzero(factors.any(axis=1))
    return np.asarray(sum((factors[j] @ rows[j] for j in used), np.zeros(rows.shape[-1])))
