"""How wide the steps of a relaxed payoff are: a ladder of widths scaled to what is compared.

Two scales are measured for every comparison in the payoff, on the pilot's paths: *local*, how much the compared
difference moves when every fixing is shaken by the standard deviation of its own step; and *global*, how much it varies
from path to path. Barriers want widths near the first, averages near the second.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from .._typing import AnyArray, FloatArray
from ..payoffs.protocol import Contract
from ..payoffs.relaxed import NotRelaxableError, relax
from ..payoffs.tape import Tape

LOCAL_WIDTHS, GLOBAL_WIDTH, ROUNDED_WIDTH = (0.25, 1.0, 4.0), 0.7, 1.0
"""Half-widths in units of the two scales. On daily barriers any further width or skeleton adds less than it costs.
Rounding off kinks serves second derivatives."""


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
    """

    name: str
    widths: tuple[AnyArray, ...]
    rounded: bool = False

    def evaluate(
        self, payoff: Contract, spot: FloatArray, discount: Callable[[FloatArray], FloatArray]
    ) -> tuple[FloatArray, FloatArray]:
        """Relaxed present values, shape (n_paths,), and their gradient in the log-spots, (n_times, n_paths).

        `discount` gives the factors of the cash flows, shape (n_flows,).
        """
        flows, gradient = relax(payoff, spot, Tape(lambda number, _: self.widths[number], self.rounded))
        factors = discount(flows)
        slope = gradient(factors[:, None])
        return np.asarray(factors @ flows), np.multiply(slope, spot, out=slope)


def ladder(payoff: Contract, spot: FloatArray, generator: np.random.Generator) -> list[Relaxation]:
    """The widths worth trying for a payoff, from paths of a pilot.

    Raises
    ------
    NotRelaxableError
        If the payoff cannot be followed, or its relaxation with zero width is not the payoff.
    """
    exact = np.atleast_2d(np.asarray(payoff(spot), dtype=float))
    unrelaxed, _ = relax(payoff, spot, Tape(lambda *_: 0.0))
    if unrelaxed.shape != exact.shape or not np.allclose(unrelaxed, exact, rtol=1e-12, atol=1e-12):
        raise NotRelaxableError("operations whose relaxation of zero width is not the payoff itself")
    steps = np.diff(np.log(spot), axis=0).std(axis=1, keepdims=True)
    first = np.log(spot[:1]).std(axis=1, keepdims=True)
    shocks = np.concatenate([first, steps]) * generator.standard_normal(spot.shape)
    shaken = spot * np.exp(shocks)
    local, spread = _scales(payoff, spot, shaken, False)
    found = [Relaxation(f"{c:g} x local", tuple(c * x for x in local)) for c in LOCAL_WIDTHS if local]
    found += [Relaxation(f"{GLOBAL_WIDTH:g} x global", tuple(GLOBAL_WIDTH * y for y in spread))] if local else []
    _, spread_of_kinks = _scales(payoff, spot, shaken, True)
    if len(spread_of_kinks) > len(spread):
        rounded = Relaxation("rounded", tuple(ROUNDED_WIDTH * y for y in spread_of_kinks), rounded=True)
        return [*(found or [Relaxation("exact", ())]), rounded]
    return found or [Relaxation("exact", ())]


def _scales(
    payoff: Contract, spot: FloatArray, shaken: FloatArray, rounded: bool
) -> tuple[list[AnyArray], list[AnyArray]]:
    """The local and the global scale of each comparison of the payoff."""
    still, moved = (_differences(payoff, x, rounded) for x in (spot, shaken))
    local = [_rms(b - a, d) for a, b, d in zip(still, moved, still, strict=True)]
    return local, [_rms(a - a.mean(axis=-1, keepdims=True), a) for a in still]


def _differences(payoff: Contract, spot: FloatArray, rounded: bool) -> list[FloatArray]:
    """What each comparison of the payoff (and if `rounded`, each maximum and minimum) compares, as a difference."""
    seen: list[Any] = []

    def width(_: int, difference: AnyArray) -> float:
        seen.append(np.broadcast_to(difference, (*difference.shape[:-1], spot.shape[1])))
        return 0.0

    relax(payoff, spot, Tape(width, rounded))
    return seen


def _rms(change: FloatArray, like: FloatArray) -> AnyArray:
    """Root mean square over paths, shape () or (n, 1); never zero."""
    rms = np.sqrt((change**2).mean(axis=-1, keepdims=change.ndim > 1))
    floor = 1e-9 * (np.abs(like).max() + 1e-300)
    return np.maximum(rms, floor)
