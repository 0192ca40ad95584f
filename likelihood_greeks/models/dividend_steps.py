r"""Steps of a lognormal spot that pays cash dividends, their density and how they travel.

A path is stepped over the dates of the payoff and the ex-dates. Its state is :math:`x = \log S` after dividends: a step
into an ex-date draws :math:`\log S^- = x + m + n`, and leaves :math:`\log(S^- - D)`. So with :math:`S` held fixed

.. math:: n = \log(S + D) - x - m, \qquad \log p = -\tfrac12 \frac{n^2}{V} - \tfrac12\log 2\pi V - \log(S + D),

scores in the parameters of the steps are those without dividends, and that in D is
:math:`-(n/V + 1)/S^-`. At fixed normals the state moves by

.. math:: \dot x_i = J_i\,(\dot x_{i-1} + b_i), \qquad J_i = \frac{S^-_i}{S^-_i - D_i}, \qquad b_i = -\frac1{S^-_i}
          \text{ for } D_i .

Where the spot is worth no more than the dividend it is zero from then on. What is drawn there is held as the ratio
:math:`u = S^-/D \le 1`, whose density is smooth in D (:math:`n = \log(u D) - x - m`), and which goes on
unseen as a geometric Brownian motion that pays nothing: so no weight needs to know what is seen.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, final

import numpy as np

from .._checks import refuse
from .._typing import FloatArray
from ..numerics.arrays import once
from ..parameters import Derivative
from ..streams.chunks import Stream
from . import by_moves, lognormal
from .cash_dividends import Chain, LawWithDividends, chain, names
from .lognormal import Terms
from .memo import Memo
from .moves import NONE, Moves, Slope, StateSteps, diffused
from .protocol import Paths

STATE, ALIVE = "log_state", "alive"
NOTHING = Slope(NONE)


@final
@dataclass(frozen=True, slots=True, eq=False)
class _Memo(Memo):
    """What a law drew, and the noise in it."""

    noise: FloatArray


def simulate(law: LawWithDividends, grid: FloatArray, stream: Stream) -> Paths:
    """Draw paths at some dates: ``spot`` of shape (n_times, n_paths), from one row of normals a step."""
    known = chain(law.dividends, grid)
    if not known.jumps:
        return lognormal.drawn(law, grid, law._terms(grid), stream.brownian(grid))
    normals, terms = stream.brownian(known.times), law._terms(known.times)
    state, alive = _walked(known, terms, normals)
    spot = np.exp(state[known.seen])
    if not alive[-1].all():
        for row, step in zip(spot, known.seen, strict=True):
            paid = sum(jump <= step for jump, *_ in known.jumps)
            row[~alive[paid - 1] if paid else slice(0)] = 0.0
    return Paths(grid, spot, {STATE: state, ALIVE: alive}, memo=_Memo(law, spot, grid, normals))


def _walked(known: Chain, terms: Terms, normals: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The state after every step and whether the spot outlives every dividend; normals become noise."""
    scale, mean = np.sqrt(terms.variance.value[:, 0]), terms.mean.value[:, 0]
    state, alive = np.empty_like(normals), np.ones((len(known.jumps), normals.shape[1]), dtype=bool)
    ends = [*(row + 1 for row, *_ in known.jumps), len(normals)]
    first, living = 0, np.ones(normals.shape[1], dtype=bool)
    for j, end in enumerate(ends):
        if end == first:  # the last date is an ex-date
            break
        normals[first:end], state[first:end] = diffused(normals[first:end], scale[first:end], mean[first:end])
        if first:
            state[first:end] += state[first - 1]
        if j < len(known.jumps):
            dividend, before = known.jumps[j][2], np.exp(state[end - 1])
            stays = living & (before > dividend)
            left = np.where(stays, before - dividend, np.where(living, before / (dividend or 1.0), before))
            state[end - 1], alive[j], living = np.log(left), stays, stays
        first = end
    return state, alive


# -- moves -------------------------------------------------------------------------------------------------------------


@final
@dataclass(frozen=True, slots=True, eq=False)
class _Jump:
    """What a step into an ex-date did, a number a path.

    Attributes
    ----------
    row, number : int
        Of the step, and of the dividend.
    log_end : ndarray
        Logarithm of the spot before the dividend; of a path at zero, of what goes on unseen.
    pull : ndarray
        Derivative of the noise in the dividend, the path held fixed.
    alive : ndarray of bool
    """

    row: int
    number: int
    log_end: FloatArray
    pull: FloatArray
    alive: FloatArray


def _jumps(law: LawWithDividends, known: Chain, paths: Paths) -> list[_Jump]:
    """The steps into ex-dates of given paths, as this law sees them."""
    found, living = [], np.ones(paths.n_paths, dtype=bool)
    for (row, number, dividend), alive in zip(known.jumps, paths.latent[ALIVE], strict=True):
        state = paths.latent[STATE][row]
        before = np.exp(state) + dividend
        end, pull = np.log(before), 1.0 / before
        if not alive.all():
            gone = living & ~alive
            end = np.where(alive, end, np.where(gone, state + np.log(dividend or 1.0), state))
            pull = np.where(alive, pull, np.where(gone, 1.0 / (dividend or np.inf), 0.0))
            living = alive
        found.append(_Jump(row, number, end, pull, alive))
    return found


@final
@dataclass(frozen=True, slots=True, eq=False)
class _Steps:
    """Derivatives of the steps: those without dividends, and those in every dividend that is paid."""

    terms: Terms
    jumps: dict[str, _Jump]
    shape: tuple[int, int]
    _known: dict[Any, Slope] = field(default_factory=dict)

    def _row(self, jump: _Jump, values: FloatArray) -> FloatArray:
        rows = np.zeros(self.shape)
        rows[jump.row] = values
        return rows

    def slope(self, name: str, rate: float) -> Slope:
        """First derivatives; what a dividend adds to the noise its mean lacks, and the density has a factor more."""

        def slope() -> Slope:
            jump = self.jumps[name]
            return Slope(self._row(jump, -jump.pull), NONE, np.where(jump.alive, -jump.pull, 0.0))

        if name not in self.terms.mean.names and name not in self.jumps:
            return NOTHING
        return once(self._known, name, slope) if name in self.jumps else self.terms.slope(name, rate)

    def bend(self, pair: Derivative, rate: float) -> Slope:
        """Second derivatives: in a dividend and anything else there are none."""
        if set(pair) <= set(self.terms.mean.names):
            return self.terms.bend(pair, rate)
        if pair[0] != pair[1] or pair[0] not in self.jumps:
            return NOTHING
        jump = self.jumps[pair[0]]
        square = jump.pull**2
        return Slope(self._row(jump, square), NONE, np.where(jump.alive, square, 0.0))

    def curvature(self, pair: Derivative, rate: float, noise: FloatArray) -> None:
        """Never asked for: every bend is known."""


def _state(known: Chain, paths: Paths) -> FloatArray:
    """The state after every step, refused if the paths do not have it."""
    state = paths.latent.get(STATE)
    if state is None or state.shape[0] != len(known.times):
        refuse("paths", "be drawn by a law with dividends on the same ex-dates", sorted(paths.latent))
    return np.asarray(state)


def moves(law: LawWithDividends, paths: Paths) -> Moves:
    """How the log-spots moved over the steps, and how that depends on where they were after dividends."""
    known = chain(law.dividends, paths.times)
    if not known.jumps:
        own = lognormal.moves(law, law._terms(paths.times), paths)
        return replace(own, law=_Steps(law._terms(paths.times), {}, paths.spot.shape)) if law.dividends else own
    state, terms = _state(known, paths), law._terms(known.times)
    jumps = _jumps(law, known, paths)
    stretch = np.ones_like(state)
    for jump in jumps:
        stretch[jump.row] = np.where(jump.alive, np.exp(jump.log_end - state[jump.row]), 1.0)
    steps = _Steps(terms, {names(law.dividends)[jump.number]: jump for jump in jumps}, state.shape)
    path = StateSteps(NONE, NONE, stretch, known.times, known.seen)
    memo = paths.memo
    if isinstance(memo, _Memo) and memo.holds(law, paths):
        return Moves(memo.noise, terms.variance.value, steps, path)
    noise = _ends(state, jumps)
    noise[1:] -= state[:-1]
    noise -= terms.mean.value
    return Moves(noise, terms.variance.value, steps, path)


def _ends(state: FloatArray, jumps: list[_Jump]) -> FloatArray:
    """Log-spots at the ends of the steps, before dividends."""
    ends = state.copy()
    for jump in jumps:
        ends[jump.row] = jump.log_end
    return ends


def are_paid(law: LawWithDividends, paths: Paths) -> bool:
    """Whether there is a dividend by the last date of given paths."""
    return bool(law.dividends) and bool(chain(law.dividends, paths.times).jumps)


def log_density(law: LawWithDividends, paths: Paths) -> FloatArray:
    """Log-density of the spots after every step, or of what goes on unseen where they are zero; shape (n_paths,)."""
    known = chain(law.dividends, paths.times)
    if not known.jumps:
        return by_moves.log_density(law, paths)  # type: ignore[arg-type]
    own = law.moves(paths)  # type: ignore[attr-defined]
    state, jumps = _state(known, paths), _jumps(law, known, paths)
    logarithms = state.sum(axis=0)
    for jump in jumps:
        logarithms += np.where(jump.alive, jump.log_end - state[jump.row], 0.0)
    variance = own.variance
    norm = 0.5 * np.log(2.0 * np.pi * variance).sum()
    return np.asarray(-0.5 * (own.noise**2 / variance).sum(axis=0) - logarithms - norm)
