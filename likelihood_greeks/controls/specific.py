"""Controls made for one payoff: itself and its relaxations handed over otherwise, and known European prices."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, Protocol, final, runtime_checkable

import numpy as np

from .._typing import FloatArray
from ..estimators.likelihood_ratio import Combination, sum_of
from ..numerics.jets import Jet
from ..parameters import Derivative
from ..payoffs.european import Pieces
from ..payoffs.protocol import Contract, cash_flows, payment_times
from . import averages, conditional
from .averages import Twin
from .handover import Handover, Motion, Moved, beneath
from .widths import Relaxation


@runtime_checkable
class KnowsVanillas(Protocol):
    """A hashable model with closed forms of European digitals and calls."""

    def vanilla_jets(self, strike: float, time: float, /) -> tuple[Jet, Jet]:
        """Undiscounted expectations of 1{S > strike} and max(S - strike, 0), with their derivatives."""
        ...


@final
@dataclass(frozen=True, slots=True, eq=False)
class HandedOver:
    """A payoff whose perturbations are handed over otherwise than in the estimate: see `handover`.

    Parameters
    ----------
    relaxation : Relaxation or None
        None: the payoff itself, whose spots cannot travel.
    handover : Handover
    """

    relaxation: Relaxation | None
    handover: Handover

    @property
    def name(self) -> str:
        """In words."""
        skeleton, rate = self.handover.skeleton, self.handover.rate
        what = "the payoff" if self.relaxation is None else f"relaxed {self.relaxation.name}"
        where = f"{len(skeleton)} scored" if skeleton else "pathwise"
        if hold := self.handover.hold:
            where = f"{hold.level:g} held from {hold.reach:.0%} of the time"
        return f"{what}, {where}{beneath(rate)}"


@final
@dataclass(frozen=True, slots=True)
class Vanilla:
    """A European digital or call, at one date and level, of known price and Greeks.

    Parameters
    ----------
    row : int
        Of the date.
    level : float
        The strike.
    kind : {"digital", "call"}
    rate : float, optional
        At which its Greeks are handed over beneath the spots; None: its price, for every Greek.
    given : bool
        Whether its expectation given what is beneath the spots takes its place: see `conditional`.
    """

    row: int
    level: float
    kind: Literal["digital", "call"]
    rate: float | None = None
    given: bool = False

    @property
    def name(self) -> str:
        """In words."""
        given = " given the variance" if self.given else ""
        what = "price" if self.rate is None else "Greek" + beneath(self.rate)
        return f"European {self.kind}{given} at {self.level:g}, date {self.row + 1}, {what}"

    @property
    def pieces(self) -> Pieces:
        """What it pays."""
        return Pieces(self.level, jump=float(self.kind == "digital"), kink=float(self.kind == "call"))


@final
@dataclass(frozen=True, slots=True)
class Conditional:
    """The payoff, European, by its expectation given what is beneath the spot: see `conditional`.

    Parameters
    ----------
    pieces : Pieces
        What it pays.
    rate : float, optional
        At which its Greeks are handed over beneath the spots; None: its price, for every Greek.
    """

    pieces: Pieces
    rate: float | None = None

    @property
    def name(self) -> str:
        """In words."""
        what = "price" if self.rate is None else "Greek" + beneath(self.rate)
        return f"the payoff given the variance, {what}"


Control = HandedOver | Vanilla | Conditional | Twin


def rows(
    controls: Sequence[Control],
    motion: Motion,
    payoff: Contract,
    combinations: Sequence[Combination],
    used: FloatArray | None = None,
) -> FloatArray:
    """The zero-mean controls of every Greek on one chunk, shape (n_greeks, n_controls, n_paths).

    `used`, bool of shape (n_greeks, n_controls), says which are computed: the others are zero. By default all are, less
    those that vanish identically but for rounding errors.
    """
    spot = motion.drawn.spot
    found = np.zeros((len(combinations), len(controls), spot.shape[1]))
    moved: dict[int, Moved] = {}
    for j, control in enumerate(controls):
        served = range(len(combinations)) if used is None else np.flatnonzero(used[:, j]).tolist()
        if not len(served):
            continue
        chosen = [combinations[g] for g in served]
        if isinstance(control, Vanilla):
            found[served, j] = _vanilla(control, motion, chosen)
            continue
        if isinstance(control, Twin):
            found[served, j] = _by_greek(averages.sampler(control, motion), control.greek, chosen)
            continue
        if isinstance(control, Conditional):
            found[served, j] = _given(control, motion, payoff, chosen)
            continue
        if id(control.relaxation) not in moved:  # one width after the other: only one is kept
            moved = {id(control.relaxation): _moved(control.relaxation, motion, payoff)}
        of_width = moved[id(control.relaxation)]
        for g in served:
            row = of_width.control(combinations[g], control.handover)
            if used is not None or not of_width.vanishes(combinations[g], row):
                found[g, j] = row
    return found


def _moved(relaxation: Relaxation | None, motion: Motion, payoff: Contract) -> Moved:
    def discounting(flows: FloatArray) -> FloatArray:
        return np.asarray(motion.model.discount_jet(payment_times(payoff, flows)).value)

    if relaxation is None:
        flows = cash_flows(payoff, motion.drawn.spot)
        return Moved(motion, discounting(flows) @ flows)
    return Moved(motion, *relaxation.evaluate(payoff, motion.drawn.spot, discounting))


def _given(control: Conditional, motion: Motion, payoff: Contract, combinations: Sequence[Combination]) -> FloatArray:
    """Conditional expectation less the payoff, or its integrand less the payoff times the weight, Greek by Greek."""
    plain = _moved(None, motion, payoff).value
    factor = float(motion.model.discount_jet(np.asarray(payoff.times[-1])).value)

    def sample(derivative: Derivative) -> FloatArray:
        smooth = _conditional(control.pieces, len(payoff.times) - 1, motion, derivative, control.rate)
        if smooth is None:
            return np.zeros_like(plain)
        return np.asarray(factor * smooth - (plain * motion.drawn.weights[derivative] if derivative else plain))

    return _by_greek(sample, control.rate is not None, combinations)


def _conditional(
    pieces: Pieces, row: int, motion: Motion, derivative: Derivative, rate: float | None
) -> FloatArray | None:
    """The integrand of the conditional expectation; None where it is not known."""
    moves = motion.between((row,))
    if len(derivative) == 2 and (rate is None or moves.bend(derivative, rate) is None):
        return None
    log_spot = motion.drawn.paths.latent["log_spot"][row]
    return conditional.integrand(pieces, moves, log_spot, derivative, 0.0 if rate is None else rate)


@lru_cache(maxsize=1024)
def _known(model: Any, level: float, time: float) -> tuple[Jet, Jet]:
    return model.vanilla_jets(level, time)  # the same on every chunk


def _vanilla(control: Vanilla, motion: Motion, combinations: Sequence[Combination]) -> FloatArray:
    """Payment times weight less its known mean, Greek by Greek, by the law of that one date."""
    spot = motion.drawn.spot[control.row]
    digital, call = _known(motion.model, control.level, float(motion.drawn.paths.times[control.row]))
    above = spot > control.level
    payment, known = (
        (above.astype(float), digital) if control.kind == "digital" else (above * (spot - control.level), call)
    )

    def sample(derivative: Derivative) -> FloatArray:
        exact = known.derivative(*derivative)
        if control.given:
            smooth = _conditional(control.pieces, control.row, motion, derivative, control.rate)
            return np.zeros_like(spot) if smooth is None else smooth - exact
        if not derivative:
            return np.asarray(payment - exact)
        assert control.rate is not None
        weight = motion.weights(Handover((control.row,), control.rate), [derivative])[derivative]
        return np.asarray(payment * weight - exact)

    return _by_greek(sample, control.rate is not None, combinations)


def _by_greek(sample: Callable[[Derivative], FloatArray], own: bool, combinations: Sequence[Combination]) -> FloatArray:
    """The samples of every Greek, its own ones or for all the known price's. Shape (n_greeks, n_paths)."""
    if not own:
        price = sample(())
        return np.broadcast_to(price, (len(combinations), len(price)))
    found = {d: sample(d) for d in dict.fromkeys(d for c in combinations for d in c)}
    return np.stack([sum_of(c, found) for c in combinations])
