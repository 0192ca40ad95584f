"""How wide the steps of a relaxed payoff are: a ladder of widths scaled to what is compared.

Two scales are measured for every comparison in the payoff, on the pilot's paths: *local*, how much the compared
difference moves when every fixing is shaken by the standard deviation of its own step; and *global*, how much it varies
from path to path. Barriers want widths near the first, averages near the second.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from .._typing import AnyArray, FloatArray
from ..payoffs.protocol import Contract, HasStandIn, cash_flows
from ..payoffs.relaxed.array import NotRelaxableError, relax, relaxed
from ..payoffs.relaxed.tape import OneDate, Tape

LOCAL_WIDTHS, GLOBAL_WIDTH, ROUNDED_WIDTH = (0.25, 1.0, 4.0), 0.7, 1.0
"""Half-widths in units of the two scales. On daily barriers any further width or skeleton adds less than it costs.
Rounding off kinks serves second derivatives."""

STATE_WIDTHS = (0.12, 1.0, 4.0)
"""Half-widths in units of the local scale where steps depend on their state, so that no level can be held, over many
dates. Measured on barriers watched monthly to daily: 0.12 in place of 0.25 is worth a seventh of the error of an
up-and-out delta; watched quarterly it loses as much."""

FINER_WIDTH = 0.06
"""Half-width, in units of the local scale, where a law takes more steps than dates: its weights are noisier."""

NARROW_WIDTH, REACHES = 0.03, (1 / 16, 1 / 4)
"""Half-width, in units of the local scale, where a level is held (see `handover`): paths do not travel across it, so
that the step may be narrow. But only from these shares of the time on; before, it tapers down from the local scale."""

NODE, ROW, FIXING = 0.22, 0.07, 0.17
"""Work of one operation, of each row of its result, and of each date of the gradient; in units of one date of a plain
run (measured on barriers, averages and loops over the dates, 3 to 252 dates)."""

PLAIN_NODE, PLAIN_ROW = 0.1, 0.02
"""The same of the payoff itself, neither relaxed nor followed."""


@final
@dataclass(frozen=True, slots=True, eq=False)
class Relaxation:
    """Half-widths of the steps of a payoff's comparisons, in the order they are met.

    Parameters
    ----------
    name : str
    widths : tuple of ndarray
        Each a number or of shape (n_times, 1).
    rounded : bool
        Whether maxima and minima, which have kinks and no jumps, are rounded off too.
    local : float
        The half-widths in units of the local scale, where they are the same for all dates; else 0.
    reach : float
        Share of the time from which on the widths are `NARROW_WIDTH`; 0 if they are not.
    work : float
        Of an evaluation with its gradient, in units of one date of a plain run.
    """

    name: str
    widths: tuple[AnyArray, ...]
    rounded: bool = False
    local: float = 0.0
    reach: float = 0.0
    work: float = 0.0

    @property
    def smooths_jumps(self) -> bool:
        """Whether a payoff that jumps was relaxed; of others only kinks are rounded off, if anything."""
        return bool(self.widths) and not self.rounded

    def evaluate(
        self, payoff: Contract, spot: FloatArray, discount: Callable[[FloatArray], FloatArray]
    ) -> tuple[FloatArray, FloatArray | OneDate]:
        """Relaxed present values, shape (n_paths,), and their gradient in the log-spots, (n_times, n_paths).

        `discount` gives the factors of the cash flows, shape (n_flows,).
        """
        payoff = standing_in(payoff)
        flows, gradient = relaxed(payoff, spot, Tape(lambda number, _: self.widths[number], self.rounded))
        factors = discount(flows)
        slope = gradient(factors[:, None])
        moved = slope.times(spot) if isinstance(slope, OneDate) else np.multiply(slope, spot, out=slope)
        return np.asarray(factors @ flows), moved


def standing_in(payoff: Contract) -> Contract:
    """What is relaxed for a payoff: itself, or what it says is near. A control may be on any payoff."""
    return payoff.stand_in if isinstance(payoff, HasStandIn) else payoff


def follow(payoff: Contract, spot: FloatArray, exact: Tape) -> None:
    """Have a new tape of no width follow a payoff on paths of a pilot.

    Raises
    ------
    NotRelaxableError
        If the payoff cannot be followed, or its relaxation with zero width is not the payoff.
    """
    flows, (unrelaxed, _) = cash_flows(payoff, spot), relax(payoff, spot, exact)
    if unrelaxed.shape != flows.shape or not np.allclose(unrelaxed, flows, rtol=1e-12, atol=1e-12):
        raise NotRelaxableError("operations whose relaxation of zero width is not the payoff itself")


def ladder(
    payoff: Contract,
    spot: FloatArray,
    generator: np.random.Generator,
    exact: Tape,
    local: Sequence[float] = LOCAL_WIDTHS,
) -> list[Relaxation]:
    """The widths worth trying for a payoff, from paths of a pilot; `exact`, a new tape of no width, follows it.

    `local` are half-widths in units of the local scale.

    Raises
    ------
    NotRelaxableError
        If the payoff cannot be followed, or its relaxation with zero width is not the payoff.
    """
    payoff = standing_in(payoff)
    follow(payoff, spot, exact)
    n_times, n_paths = spot.shape[-2:]
    alive = (spot > 0.0).reshape(-1, n_paths).all(axis=0)
    logarithms = np.log(spot if alive.all() else spot[..., alive])
    steps = np.diff(logarithms, axis=-2).std(axis=-1, keepdims=True)
    first = logarithms[..., :1, :].std(axis=-1, keepdims=True)
    shaken = spot * np.exp(np.concatenate([first, steps], axis=-2) * generator.standard_normal(spot.shape))

    jumps, kinks = (_scales(payoff, spot, shaken, rounded) for rounded in (False, True))
    found = [Relaxation("exact", (), work=jumps.work)]
    if jumps.local:
        found = [
            Relaxation(f"{c:g} x local", tuple(c * x for x in jumps.local), local=c, work=jumps.work) for c in local
        ]
        found += [_narrow(jumps, np.asarray(payoff.times), reach) for reach in REACHES if _by_date(jumps, n_times)]
        spread = tuple(GLOBAL_WIDTH * y for y in jumps.spread)
        found.append(Relaxation(f"{GLOBAL_WIDTH:g} x global", spread, work=jumps.work))
    if len(kinks.spread) > len(jumps.spread):
        spread = tuple(ROUNDED_WIDTH * y for y in kinks.spread)
        found.append(Relaxation("rounded", spread, rounded=True, work=kinks.work))
    return found


def own_work(payoff: Contract, spot: FloatArray) -> tuple[float, bool]:
    """Work of a payoff itself, in units of one date of a plain run, and whether it compares; 0 if not followed."""
    tape = Tape(lambda *_: 0.0)
    try:
        relax(payoff, spot, tape)
    except Exception:  # whatever the payoff raises when it is called with what is no array
        return 0.0, False
    work = sum(PLAIN_NODE + PLAIN_ROW * node.value.size / spot.shape[-1] for node in tape.nodes if node.links)
    return work, tape.comparisons > 0


@final
@dataclass(frozen=True, slots=True, eq=False)
class _Scales:
    """The local and the global scale of each comparison of a payoff, and the work of evaluating it."""

    local: list[AnyArray]
    spread: list[AnyArray]
    work: float


def _by_date(scales: _Scales, n_times: int) -> bool:
    """Whether some comparison is one date by date."""
    return n_times > 1 and any(np.shape(x)[:1] == (n_times,) for x in scales.local)


def _narrow(scales: _Scales, times: FloatArray, reach: float) -> Relaxation:
    tapered = (NARROW_WIDTH + np.maximum(1.0 - times / (reach * times[-1]), 0.0))[:, None]
    widths = tuple((tapered if np.shape(x)[:1] == times.shape else LOCAL_WIDTHS[0]) * x for x in scales.local)
    return Relaxation(f"{NARROW_WIDTH:g} x local from {reach:.0%} of the time", widths, reach=reach, work=scales.work)


def _scales(payoff: Contract, spot: FloatArray, shaken: FloatArray, rounded: bool) -> _Scales:
    (still, tape), (moved, _) = (_differences(payoff, x, rounded) for x in (spot, shaken))
    local = [_rms(b - a, d) for a, b, d in zip(still, moved, still, strict=True)]
    spread = [_rms(a - a.mean(axis=-1, keepdims=True), a) for a in still]
    operations = sum(NODE + ROW * node.value.size / spot.shape[-1] for node in tape.nodes if node.links)
    work = operations + FIXING * spot.size / spot.shape[-1]
    return _Scales(local, spread, work)


def _differences(payoff: Contract, spot: FloatArray, rounded: bool) -> tuple[list[FloatArray], Tape]:
    """What each comparison of the payoff (and if `rounded`, each maximum and minimum) compares, as a difference."""
    seen: list[Any] = []

    def width(_: int, difference: AnyArray) -> float:
        seen.append(np.broadcast_to(difference, (*difference.shape[:-1], spot.shape[-1])))
        return 0.0

    tape = Tape(width, rounded)
    relax(payoff, spot, tape)
    return seen, tape


def _rms(change: FloatArray, like: FloatArray) -> AnyArray:
    """Root mean square over paths, shape () or (n, 1); never zero."""
    rms = np.sqrt((change**2).mean(axis=-1, keepdims=change.ndim > 1))
    floor = 1e-9 * (np.abs(like).max() + 1e-300)
    return np.maximum(rms, floor)
