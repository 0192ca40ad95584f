"""The payoff less its integral along a line of the normals: of mean zero for the price and most Greeks.

The weight's estimate less the derivative of the integral is a control too, and with coefficient one it takes the
estimate's place: see `line_integral`.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import final

import numpy as np

from .._compiled import kernels
from .._typing import FloatArray
from ..estimators.likelihood_ratio import Combination, Part, parts
from ..numerics.arrays import once
from ..parameters import Derivative
from ..payoffs.along.pieces import valued
from ..payoffs.protocol import payment_times
from ..scouted import LEAST
from .by_interval import ByInterval, Paid, Push
from .handed_over import HANDOVER, RATE, TRAVEL
from .handover import beneath
from .joint_intervals import JointLinePush
from .joint_lines import JointDirection, JointLine
from .joint_skeletons import JointSkeletons
from .line_greeks import Together
from .line_integral import Integral
from .line_intervals import LinePush
from .line_layout import Layout
from .line_scores import known, knows, second
from .lines import Direction, Line
from .protocol import Load, Scene, SharedPaths
from .skeletons import Skeletons

LINE, STEP = 12.0, 0.1
"""Work of a line and of each of its dates, in dates of a plain run (measured at 12, 52 and 252 dates, four Greeks)."""

APART, DEARER = 22.0, 1.3
"""Where many payoffs are worked on together: the same of any payoff on a line, and by how much its events are dearer
than counted."""

JOINT_LINE, JOINT_STEP, JOINT_PIECES = 5.0, 0.35, 0.4
"""The same of several assets, whose dates take longer to draw, and what its pieces are in these (measured with two to
thirty assets at 1 to 252 dates, six Greeks)."""


@final
@dataclass(frozen=True, slots=True, eq=False)
class LineIntegrated:
    """A payoff of exponential pieces, integrated exactly along one direction of the normals.

    Parameters
    ----------
    layout : Layout
        Its pieces.
    direction : Direction or JointDirection
        Of the line.
    rate : float
        At which changes of what is beneath the spots are handed over.
    """

    layout: Layout
    direction: Direction | JointDirection
    rate: float

    @property
    def name(self) -> str:
        """What it is, in words."""
        return f"the payoff integrated along {self.direction}{beneath(self.rate)}"

    @property
    def family(self) -> None:
        """None: it stands alone."""

    def knows(self, paths: SharedPaths, combinations: Sequence[Combination]) -> bool:
        """Whether it has the integrals of all derivatives that some Greeks are made of."""
        line = self._line_of(paths)
        return all(len(d) < 2 or knows(line, d, self.rate) for c in combinations for d in c)

    def samples(self, scene: Scene, combinations: Sequence[Combination]) -> FloatArray:
        """The estimate's samples less those of the integral; zero for second derivatives in two clocks."""
        flows, line = scene.flows, self._line(scene)
        times = payment_times(scene.payoff, flows)
        discount = scene.paths.discount(times)
        key = "line", self.direction, self.rate, tuple(times.tolist()), tuple(tuple(c.items()) for c in combinations)

        def made() -> list[tuple[Part, Together | None]]:
            own = parts(scene.paths.model, times, scene.drawn, known(combinations, line, self.rate))
            return [(part, Together.of(line, part, self.rate)) for part in own]

        along, found, compiled = self._along(scene, discount.value), list[FloatArray](), kernels("line_greeks")
        for part, together in scene.paths.shared(key, made):
            if not part.paid:
                value, own = scene.value, along
            else:
                value, own = part.factors @ flows, Integral(self.layout, line, part.factors, along)
            if together and compiled:
                found.append(together.left(compiled, own, value))
            else:
                found.append(part.weights * value - part.matrix @ self._integrands(own, part.rest))
        return np.asarray(sum(found[1:], found[0])) if found else np.zeros((len(combinations), flows.shape[1]))

    def _integrands(self, along: Integral, rest: Sequence[Derivative]) -> FloatArray:
        """The integral and its derivatives, shape (n_derivatives, n_paths)."""
        found, names = np.empty((len(rest), len(along.line.place))), [d[0] for d in rest if len(d) == 1]
        moved = iter(along.moved_in(names, self.rate) if names else ())
        for row, derivative in zip(found, rest, strict=True):
            match derivative:
                case ():
                    row[:] = along.value
                case (name,):
                    handed = along.line.handed(name, self.rate)
                    row[:] = next(moved) + along.value * handed if handed.any() else next(moved)
                case _:
                    bent = second(along, derivative, self.rate)
                    assert bent is not None
                    row[:] = bent
        return found

    def rounding(self, scene: Scene, combinations: Sequence[Combination]) -> FloatArray:
        """What is lost by rounding where terms cancel to next to nothing, Greek by Greek: a share of all terms."""
        pieces, drawn = self.layout.pieces, scene.drawn
        discount = scene.paths.discount(payment_times(scene.payoff, scene.flows)).value
        held = np.array([valued(monomial, drawn.spot).mean() for monomial in pieces.monomials])
        size = float(np.abs(pieces.coefficients @ discount) @ held[pieces.paid])
        rows = {d: np.sqrt((drawn.weights[d] ** 2).mean()) if d else 1.0 for c in combinations for d in c}
        return LEAST * size * np.array([sum(abs(x) * rows[d] for d, x in c.items()) for c in combinations])

    def _line(self, scene: Scene) -> Line | JointLine:
        return self._line_of(scene.paths)

    def _line_of(self, paths: SharedPaths) -> Line | JointLine:
        return paths.shared(("line", self.direction), lambda: line_along(paths.motion, self.direction))

    def _along(self, scene: Scene, factors: FloatArray) -> Integral:
        """The integral of the present value."""
        key = "along", id(self.layout), self.direction
        return once(scene.known, key, lambda: Integral(self.layout, self._line(scene), factors))

    def by_interval(self, scene: Scene) -> ByInterval:
        """The samples of a first derivative by intervals, of a law with nothing beneath its spots."""
        flows, line = scene.flows, self._line(scene)
        discount = scene.paths.discount(payment_times(scene.payoff, flows))
        along = self._along(scene, discount.value)

        def less(factors: FloatArray) -> FloatArray:
            """The flows less their integrals, times factors."""
            return factors @ flows - np.stack([Integral(self.layout, line, row, along).value for row in factors])

        left = Paid(flows - along.value / discount.value) if len(flows) == 1 else less

        push: Push = (JointLinePush if isinstance(line, JointLine) else LinePush)(along, -1.0)
        return ByInterval(scene.value, (push,), ((left, discount),))

    def work(self, load: Load) -> Mapping[Hashable, float]:
        """Work by piece: of its events, of the line, and of what travels beneath."""
        joint = isinstance(self.direction, JointDirection)
        line, step, pieces = (JOINT_LINE, JOINT_STEP, JOINT_PIECES) if joint else (LINE, STEP, 1.0)
        found: dict[Hashable, float] = {
            ("line", self.direction): line + step * load.dates,
            (id(self.layout), self.direction): pieces * self.layout.work,
        }
        if load.sharing:
            found["apart", id(self.layout), self.direction] = APART + (DEARER - 1.0) * pieces * self.layout.work
        if load.beneath:
            found["line", self.direction, self.rate] = (HANDOVER + TRAVEL) * load.beneath
            if self.rate != load.rate:
                found["rate", self.rate] = RATE * load.beneath
        return found


def line_along(motion: Skeletons | JointSkeletons, direction: Direction | JointDirection) -> Line | JointLine:
    """The line in a direction, of one asset or of several."""
    if isinstance(direction, JointDirection):
        assert isinstance(motion, JointSkeletons)
        return JointLine(motion.moves, direction, np.asarray(motion.drawn.paths.times))
    assert isinstance(motion, Skeletons)
    return Line(motion, direction)
