"""Controls made for one payoff: its relaxations on skeletons, and European prices known in closed form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, Protocol, final, runtime_checkable

import numpy as np

from .._typing import FloatArray
from ..jets import Jet
from ..parameters import Derivative
from ..payoffs.protocol import Contract, payment_times
from .likelihood_ratio import Combination, sum_of
from .relaxation import Relaxation
from .skeletons import Motion, Moved, Skeleton


@runtime_checkable
class KnowsVanillas(Protocol):
    """A hashable model with closed forms of European digitals and calls."""

    def vanilla_jets(self, strike: float, time: float, /) -> tuple[Jet, Jet]:
        """Undiscounted expectations of 1{S > strike} and max(S - strike, 0), with their derivatives."""
        ...


@final
@dataclass(frozen=True, slots=True, eq=False)
class OnSkeleton:
    """A relaxed payoff, part of whose perturbation travels with the path: see `skeletons`."""

    relaxation: Relaxation
    skeleton: Skeleton

    @property
    def name(self) -> str:
        """In words."""
        where = "pathwise" if not self.skeleton else f"{len(self.skeleton)} scored"
        return f"relaxed {self.relaxation.name}, {where}"


@final
@dataclass(frozen=True, slots=True)
class Vanilla:
    """A European digital or call, at one date and level, of known price and Greeks."""

    row: int
    level: float
    kind: Literal["digital", "call"]

    @property
    def name(self) -> str:
        """In words."""
        return f"European {self.kind} at {self.level:g}, date {self.row + 1}"


Control = OnSkeleton | Vanilla


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
        if isinstance(control, Vanilla):
            found[served, j] = _vanilla(control, motion, [combinations[g] for g in served])
            continue
        if id(control.relaxation) not in moved:  # one width after the other: only one is kept
            evaluated = control.relaxation.evaluate(payoff, spot, _discounting(motion, payoff))
            moved = {id(control.relaxation): Moved(motion, *evaluated)}
        of_width = moved[id(control.relaxation)]
        for g in served:
            row = of_width.control(combinations[g], control.skeleton)
            if used is not None or not of_width.vanishes(combinations[g], row):
                found[g, j] = row
    return found


def _discounting(motion: Motion, payoff: Contract) -> Any:
    return lambda flows: np.asarray(motion.model.discount_jet(payment_times(payoff, flows)).value)


@lru_cache(maxsize=1024)
def _known(model: Any, level: float, time: float) -> tuple[Jet, Jet]:
    return model.vanilla_jets(level, time)  # the same on every chunk


def _vanilla(control: Vanilla, motion: Motion, combinations: Sequence[Combination]) -> FloatArray:
    """Payment times weight less its known mean, Greek by Greek, by the law of that one date."""
    spot = motion.drawn.spot[control.row]
    digital, call = _known(motion.model, control.level, float(motion.paths.times[control.row]))
    above = spot > control.level
    payment, known = (
        (above.astype(float), digital) if control.kind == "digital" else (above * (spot - control.level), call)
    )
    weights = motion.weights((control.row,))

    def sample(derivative: Derivative) -> FloatArray:
        weighted = payment * weights[derivative] if derivative else payment
        return np.asarray(weighted - known.derivative(*derivative))

    distinct = {d: sample(d) for c in combinations for d in c}
    return np.stack([sum_of(c, distinct) for c in combinations])
