"""What a control is: samples of mean zero for every Greek, a name, and the work it takes.

A control sees a `Scene`: one payoff on the paths of one chunk. What several controls of the payoff, or several payoffs
on the paths, have in common is computed once there.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol, TypeAlias, TypeVar, final

import numpy as np

from .._typing import FloatArray
from ..estimators.likelihood_ratio import Combination, Drawn, sum_of
from ..models.capabilities import DrawsBeneath, TakesSteps, assets_of, has
from ..models.joint_moves import JointMoves, JointSteps
from ..models.moves import LIKELIHOOD_RATIO, IndependentSteps
from ..models.state_joint_moves import StateJointMoves
from ..numerics.arrays import once
from ..numerics.jets import Jet
from ..parameters import Derivative
from ..payoffs.protocol import Contract, payment_times
from ..payoffs.relaxed.tape import dense
from .by_interval import ByInterval
from .joint_skeletons import JointSkeletons
from .joint_state_steps import MovedJointlyByState
from .moved_payoff import MovedPayoff
from .skeletons import Skeletons
from .state_steps import MovedByState
from .widths import Relaxation

T = TypeVar("T")
Moved: TypeAlias = MovedPayoff | MovedByState | MovedJointlyByState
"""A payoff on paths that move as the law says."""
FREE = 2.7
"""Work of the free controls, in units of one date of a plain run (measured at 3 to 252 dates, five Greeks)."""

OVERHEAD = 5.0
"""Work of a plain path besides its dates, in the same units."""

CLOSED_FORM = 1.2
"""Of a control whose mean is a closed form, in the same units (measured at 3 to 252 dates, five Greeks)."""

SHARED, EACH, CLOSED_GREEK = 10.0, 25.0, 5.0
"""Where many payoffs are worked on together, in the same units: of paths besides their dates, which those that share
them bear together; of all that is done for each of them besides its controls; of a control that is a closed form times
the weights (measured at 3 to 504 dates, seven Greeks, as all that is counted for many payoffs)."""

FLOW = 0.5
"""Of letting changes travel at all beneath the spots, in shares of the work there (measured under a law of stochastic
volatility at 12 and 52 dates, eight Greeks)."""


@final
@dataclass(frozen=True, slots=True)
class Load:
    """Work of a plain path, in units of one date of a geometric Brownian motion.

    Parameters
    ----------
    dates : int
        That the payoff observes, of every asset.
    beneath : float
        What the law draws beneath its spots.
    rate : float
        At which the estimate hands it over.
    steps : int
        That the law takes, if it takes more than one a date.
    stepping : float
        Work of all steps together.
    payoff : float
        The payoff's own.
    sharing : int
        Payoffs that share the paths, where many are worked on together; 0 where few are. Then the time of a book is at
        stake, and work is counted as the machine takes it; else as it serves single payoffs, whose controls may cost
        more.
    """

    dates: int
    beneath: float = 0.0
    rate: float = LIKELIHOOD_RATIO
    steps: int = 0
    stepping: float = 0.0
    payoff: float = 0.0
    sharing: int = 0

    @property
    def one_normal(self) -> bool:
        """Whether one normal is all that a path draws: one date of one asset, with nothing beneath."""
        return max(self.dates, self.steps) == 1 and not self.beneath

    @property
    def plain(self) -> float:
        """Work of the run without controls."""
        travels = self.rate != LIKELIHOOD_RATIO
        paths = (self.stepping or self.dates) + self.beneath * (1.0 + FLOW * travels)
        if self.sharing:
            return (SHARED + paths) / self.sharing + EACH + self.payoff
        return OVERHEAD + paths + self.payoff

    def closed(self, greek: bool) -> float:
        """Work of a control whose mean is a closed form, or of one times the weights."""
        return CLOSED_GREEK if self.sharing and greek else CLOSED_FORM

    @classmethod
    def of(cls, model: Any, times: Sequence[float], rate: float) -> Load:
        """The load of a law."""
        dates = len(times) * max(len(assets_of(model)), 1)
        beneath = model.work_beneath(times) if has(model, DrawsBeneath) else 0.0
        steps = model.steps_and_work(times) if has(model, TakesSteps) else (dates, 0.0)
        return cls(dates, beneath, rate, *steps)


@final
@dataclass(frozen=True, eq=False)
class SharedPaths:
    """The paths of one chunk, and what all payoffs on them share.

    Parameters
    ----------
    model : PathModel
    drawn : Drawn
        The paths with the weights of the estimate.
    """

    model: Any
    drawn: Drawn
    _known: dict[Any, Any] = field(default_factory=dict)

    @cached_property
    def skeletons(self) -> Skeletons:
        """How the paths move between scored dates, of a law of one asset whose steps are independent."""
        return Skeletons(self.drawn)

    @cached_property
    def motion(self) -> Skeletons | JointSkeletons:
        """How the paths move between scored dates, of a law whose steps are independent."""
        return JointSkeletons(self.drawn) if isinstance(self.drawn.moves, JointMoves) else self.skeletons

    def discount(self, times: FloatArray) -> Jet:
        """Discount factors of some payments, and their derivatives."""
        return self.shared(("discount", *times.tolist()), lambda: self.model.discount_jet(times))

    def shared(self, key: Hashable, compute: Callable[[], T]) -> T:
        """What is computed once for all payoffs."""
        return once(self._known, key, compute)


@final
@dataclass(frozen=True, eq=False)
class Scene:
    """One payoff on the paths of one chunk, as its controls see it.

    Parameters
    ----------
    paths : SharedPaths
    payoff : Contract
    trial : bool
        Whether these are draws of a pilot, in which a control that is nothing but rounding errors must be zero.
    known : dict
        What was computed of the payoff for several of its controls.
    """

    paths: SharedPaths
    payoff: Contract
    trial: bool = False
    known: dict[Hashable, Any] = field(default_factory=dict)
    _last: dict[int, Moved] = field(default_factory=dict)  # one width after the other: one is kept

    @property
    def drawn(self) -> Drawn:
        """The paths with their weights."""
        return self.paths.drawn

    @cached_property
    def flows(self) -> FloatArray:
        """Cash flows of the payoff, shape (n_flows, n_paths)."""
        return self.drawn.flows(self.payoff)

    @cached_property
    def value(self) -> FloatArray:
        """Present values of the payoff, shape (n_paths,)."""
        return self._discounting(self.flows) @ self.flows

    def _discounting(self, flows: FloatArray) -> FloatArray:
        return np.asarray(self.paths.discount(payment_times(self.payoff, flows)).value)

    def moved(self, relaxation: Relaxation | None) -> Moved:
        """The payoff, relaxed so (None: as it is), on paths that move as the law says."""
        if id(relaxation) not in self._last:
            self._last.clear()
            self._last[id(relaxation)] = self._moved(relaxation)
        return self._last[id(relaxation)]

    def _moved(self, relaxation: Relaxation | None) -> Moved:
        if relaxation is None:
            return MovedPayoff(self.paths.motion, self.value)
        value, gradient = relaxation.evaluate(self.payoff, self.drawn.spot, self._discounting)
        moves = self.drawn.moves
        assert moves is not None
        if isinstance(moves.path, IndependentSteps | JointSteps):
            return MovedPayoff(self.paths.motion, value, gradient)
        by_state = MovedJointlyByState if isinstance(moves, StateJointMoves) else MovedByState
        return by_state(self.drawn, value, dense(gradient))


class Control(Protocol):
    """A quantity of mean zero under the law, for every Greek of a payoff."""

    @property
    def name(self) -> str:
        """What it is, in words."""
        ...

    @property
    def family(self) -> Hashable:
        """What its dearest work is shared with: controls of a family may be left out together. None: alone."""
        ...

    def samples(self, scene: Scene, combinations: Sequence[Combination]) -> FloatArray:
        """Samples for each of some Greeks, shape (n_combinations, n_paths)."""
        ...

    def by_interval(self, scene: Scene) -> ByInterval | None:
        """The samples of a first derivative by intervals; None if those of all Greeks are alike, or it is not known."""
        ...

    def work(self, load: Load) -> Mapping[Hashable, float]:
        """Its work a path, in dates of a plain run, by piece: a piece that two controls have in common is done once."""
        ...


def cost(controls: Collection[Control], load: Load) -> float:
    """Work of a run with these controls and the free ones, in plain runs."""
    return cost_of([control.work(load) for control in controls], load)


def cost_of(works: Collection[Mapping[Hashable, float]], load: Load) -> float:
    """The same of controls whose work is known piece by piece."""
    pieces: dict[Hashable, float] = {}
    for work in works:
        pieces |= work
    return 1.0 + (FREE / max(load.sharing, 1) + sum(pieces.values())) / load.plain


def rows(
    controls: Sequence[Control],
    scene: Scene,
    combinations: Sequence[Combination],
    used: FloatArray | None = None,
) -> FloatArray:
    """The zero-mean controls of every Greek on one chunk, shape (n_greeks, n_controls, n_paths).

    `used`, bool of shape (n_greeks, n_controls), says which are computed: the others are zero. By default all are.
    """
    found = np.zeros((len(combinations), len(controls), scene.drawn.spot.shape[-1]))
    for j, control in enumerate(controls):
        served = range(len(combinations)) if used is None else np.flatnonzero(used[:, j]).tolist()
        if len(served):
            found[served, j] = control.samples(scene, [combinations[g] for g in served])
    return found


def less_mean(
    payment: FloatArray,
    mean: Jet,
    weights: Mapping[Derivative, FloatArray],
    own: bool,
    combinations: Sequence[Combination],
) -> FloatArray:
    """A payment less its known mean, or if `own`, times the weights less its Greeks; shape (n_greeks, n_paths)."""
    if not own:
        return np.broadcast_to(payment - mean.value, (len(combinations), len(payment)))
    needed = [*dict.fromkeys(d for c in combinations for d in c)]
    matrix = np.array([[c.get(d, 0.0) for d in needed] for c in combinations])
    exact = matrix @ np.array([mean.derivative(*d) for d in needed])
    one = np.ones(len(payment))
    return payment * (matrix @ np.stack([weights[d] if d else one for d in needed])) - exact[:, None]


def by_greek(sample: Callable[[Derivative], FloatArray], own: bool, combinations: Sequence[Combination]) -> FloatArray:
    """The samples of every Greek, from those of derivatives; if not `own`, for all that of the price.

    Returns
    -------
    ndarray, shape (n_greeks, n_paths)
    """
    if not own:
        price = sample(())
        return np.broadcast_to(price, (len(combinations), len(price)))
    found = {d: sample(d) for d in dict.fromkeys(d for c in combinations for d in c)}
    return np.stack([sum_of(c, found) for c in combinations])
