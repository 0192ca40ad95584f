"""The payoff less its integral along a line of the normals: of mean zero for the price and most Greeks.

The weight's estimate less the derivative of the integral is a control too, and with coefficient one it takes the
estimate's place: see `line_integral`.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import final

import numpy as np

from .._typing import FloatArray
from ..estimators.likelihood_ratio import Combination, splits
from ..numerics.arrays import once
from ..parameters import Derivative
from ..payoffs.protocol import payment_times
from ..payoffs.relaxed.straight import StraightPieces
from .handed_over import HANDOVER, RATE, TRAVEL
from .handover import beneath
from .line_integral import Integral, integral
from .line_scores import second
from .lines import Direction, Line
from .protocol import Load, Scene, by_greek

LINE, STEP, EVENT, WATCHED = 6.0, 0.06, 8.0, 0.2
"""Work of a line and of each of its dates, of an event and of each date at which it may happen, in dates of a plain run
(measured at 12, 52 and 252 dates, four Greeks)."""


@final
@dataclass(frozen=True, slots=True, eq=False)
class LineIntegrated:
    """A payoff of straight pieces, integrated exactly along one direction of the normals.

    Parameters
    ----------
    pieces : StraightPieces
        What it pays.
    direction : Direction
        Of the line.
    rate : float
        At which changes of what is beneath the spots are handed over.
    """

    pieces: StraightPieces
    direction: Direction
    rate: float

    @property
    def name(self) -> str:
        """What it is, in words."""
        return f"the payoff integrated along {self.direction}{beneath(self.rate)}"

    @property
    def family(self) -> None:
        """None: it stands alone."""

    def samples(self, scene: Scene, combinations: Sequence[Combination]) -> FloatArray:
        """The estimate's samples less those of the integral; zero for second derivatives in two clocks."""
        skeletons, model = scene.paths.skeletons, scene.paths.model
        line = scene.paths.shared(("line", self.direction), lambda: Line(skeletons, self.direction))
        along, discount = integral(self.pieces, line), model.discount_jet(payment_times(scene.payoff, np.zeros((1, 1))))
        flow, known = scene.value / float(discount.value[0]), dict[Derivative, FloatArray | None]()

        def difference(derivative: Derivative) -> FloatArray | None:
            """Of the estimate and the integral, undiscounted; None where the integral is not known."""
            smooth = once(known, derivative, lambda: self._integrand(along, derivative))
            if smooth is None:
                return None
            return np.asarray((flow * scene.drawn.weights[derivative] if derivative else flow) - smooth)

        def sample(derivative: Derivative) -> FloatArray:
            factors = {rest: float(discount.derivative(*paid)[0]) for paid, rest in splits(derivative)}
            terms = [(factor, difference(rest)) for rest, factor in factors.items() if factor]
            return np.asarray(sum((f * x for f, x in terms if x is not None), np.zeros_like(flow))) * all(
                x is not None for _, x in terms
            )

        return by_greek(sample, True, combinations)

    def _integrand(self, along: Integral, derivative: Derivative) -> FloatArray | None:
        match derivative:
            case ():
                return along.value
            case (name,):
                return along.moved(name, self.rate) + along.value * along.line.moves.slope(name, self.rate).handed
        return second(along, derivative, self.rate)

    def work(self, load: Load) -> Mapping[Hashable, float]:
        """Work by piece: of its events, of the line, and of what travels beneath."""
        watched = sum(len(event.rows) for event in self.pieces.events)
        found: dict[Hashable, float] = {
            ("line", self.direction): LINE + STEP * load.dates,
            (id(self.pieces), self.direction): EVENT * len(self.pieces.events) + WATCHED * watched,
        }
        if load.beneath:
            found["line", self.direction, self.rate] = (HANDOVER + TRAVEL) * load.beneath
            if self.rate != load.rate:
                found["rate", self.rate] = RATE * load.beneath
        return found
