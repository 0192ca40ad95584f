"""European digitals and calls of known price and Greeks, at the levels that a payoff compares with."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, final

import numpy as np

from .._remembered import remembered
from .._typing import FloatArray
from ..estimators.likelihood_ratio import Combination
from ..numerics.jets import Jet
from ..parameters import Derivative
from ..payoffs.european import Pieces
from . import conditional
from .by_interval import LESS, Blocks, ByInterval
from .handed_over import HANDOVER, RATE
from .handover import Handover, beneath
from .protocol import Load, Scene, by_greek, less_mean


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
        """What it is, in words."""
        given = " given what is beneath" if self.given else ""
        what = "price" if self.rate is None else "Greek" + beneath(self.rate)
        return f"European {self.kind}{given} at {self.level:g}, date {self.row + 1}, {what}"

    @property
    def family(self) -> None:
        """None: it stands alone."""

    @property
    def pieces(self) -> Pieces:
        """The pieces that it pays."""
        return Pieces(self.level, jump=float(self.kind == "digital"), kink=float(self.kind == "call"))

    def samples(self, scene: Scene, combinations: Sequence[Combination]) -> FloatArray:
        """Payment times weight less its known mean, Greek by Greek, by the law of that one date."""
        payment, known = self._paid(scene)
        if not self.given:
            needed = [*dict.fromkeys(d for c in combinations for d in c if d)] if self.rate is not None else []
            weights = scene.paths.skeletons.weights(self._way, needed) if needed else {}
            return less_mean(payment, known, weights, self.rate is not None, combinations)

        def sample(derivative: Derivative) -> FloatArray:
            smooth = conditional.expected(self.pieces, self.row, scene, derivative, self.rate)
            return np.zeros_like(payment) if smooth is None else smooth - known.derivative(*derivative)

        return by_greek(sample, self.rate is not None, combinations)

    def by_interval(self, scene: Scene) -> ByInterval | None:
        """The samples of a first derivative by intervals; None of a price."""
        if self.rate is None or self.given:
            return None
        payment, known = self._paid(scene)
        ends = (self.row,)
        scored = Blocks(scene.paths.skeletons.between(ends), ends, payment)
        return ByInterval(np.zeros_like(payment), (scored,), ((LESS, known),))

    def _paid(self, scene: Scene) -> tuple[FloatArray, Jet]:
        """The payment, shape (n_paths,), and its known mean."""
        spot = scene.drawn.spot[self.row]
        digital, call = _known(scene.paths.model, self.level, float(scene.drawn.paths.times[self.row]))
        above = spot > self.level
        return (above.astype(float), digital) if self.kind == "digital" else (above * (spot - self.level), call)

    @property
    def _way(self) -> Handover:
        assert self.rate is not None
        return Handover((self.row,), self.rate)

    def work(self, load: Load) -> Mapping[Hashable, float]:
        """Work by piece: its own, and that of its weight beneath the spots."""
        own: dict[Hashable, float] = {self: load.closed(self.rate is not None)}
        if load.beneath:
            own["date", self.row, self.rate] = HANDOVER * load.beneath
            if self.rate not in (None, load.rate):
                own["rate", self.rate] = RATE * load.beneath
        return own


@remembered(1024)
def _known(model: Any, level: float, time: float) -> tuple[Jet, Jet]:
    return model.vanilla_jets(level, time)  # the same on every chunk
