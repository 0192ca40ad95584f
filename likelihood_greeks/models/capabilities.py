"""What a law may know besides its paths and their density, each a short protocol; and how to ask for it.

A law has a capability if it has its members: nothing is registered or inherited. A user's law that is adapted keeps all
that it has (see `adaptor`). What a law without a capability loses is said at each.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Protocol, TypeGuard, TypeVar

from .._typing import FloatArray
from ..numerics.arrays import once
from ..numerics.jets import Jet
from .curves import Curves
from .moves import Moves
from .protocol import PathModel

C = TypeVar("C")
_named: dict[Any, tuple[str, ...]] = {}  # members by capability


class Movable(PathModel, Protocol):
    """A law whose log-spots move from date to date by normals, given whatever else it draws.

    Its scores follow from its moves, and if these say how paths travel, relaxed payoffs can be controls.
    """

    def moves(self, paths: Any, /) -> Moves:
        """The moves of the log-spots between the dates of given paths."""
        ...


class DrawsBeneath(PathModel, Protocol):
    """A law that draws something beneath its spots, with which changes of a parameter can travel."""

    def hand_over_rates(self, times: Sequence[float] | FloatArray, /) -> tuple[float, ...]:
        """Rates worth trying at which changes of what is beneath are handed to the measure; the best guess first."""
        ...

    def work_beneath(self, times: Sequence[float] | FloatArray, /) -> float:
        """Work that a path costs beneath the spots, in that of a date of a geometric Brownian motion."""
        ...


class TakesSteps(PathModel, Protocol):
    """A law that takes steps of its own, which need not end on dates of the payoff."""

    def steps_and_work(self, times: Sequence[float] | FloatArray, /) -> tuple[int, float]:
        """How many, and the work of drawing and weighing them, in dates of a geometric Brownian motion."""
        ...


class ActsInLayers(PathModel, Protocol):
    """A law some of whose parameters act on the spots alone, and others on what is beneath them."""

    @property
    def direct_parameters(self) -> Sequence[str]:
        """Those that act on the spots alone: their scores cost next to nothing."""
        ...


class KnowsTerminal(PathModel, Protocol):
    """A law that knows the law of its spot at one date alone: what a European payoff is estimated under."""

    def terminal(self, time: float, /) -> PathModel:
        """The law at a date (years)."""
        ...


class Ages(PathModel, Protocol):
    """A law that depends on the calendar: as time elapses it is another. Others are the same at any time."""

    def later(self, elapsed: float, /) -> PathModel:
        """The law some years later (earlier if negative), its curves where they are in the calendar."""
        ...


class HoldsInFields(PathModel, Protocol):
    """A law some of whose parameters are entries of a field, and not fields themselves."""

    def as_fields(self, values: Mapping[str, float], /) -> Mapping[str, Any]:
        """Values of parameters as the fields that hold them."""
        ...


class StatesValues(PathModel, Protocol):
    """A law that holds some of its parameters under other names, and says their values."""

    def value_of(self, name: str, /) -> float:
        """The value of a parameter."""
        ...


class PaysDividends(PathModel, Protocol):
    """A law whose spot may be changed at ex-dates: what it knows of single dates, it knows of those before."""

    @property
    def first_ex_date(self) -> float:
        """The first in years; infinite if there is none."""
        ...


class KnowsFamily(PathModel, Protocol):
    """A law that finds log-densities under many laws of its kind for little more than under one."""

    def log_densities(self, laws: Sequence[Any], paths: Any, /) -> FloatArray:
        """Log-densities of the same paths under each of `laws`, shape (n_laws, n_paths)."""
        ...


class RedrawsSpots(PathModel, Protocol):
    """A law that draws something beneath its spots, and can make the spots anew from the same draws."""

    def redrawn(self, paths: Any, law: Any, /) -> Any:
        """Paths that `law` drew, as this one makes them of the same normals and of what is beneath."""
        ...

    def log_ratio_beneath(self, paths: Any, law: Any, /) -> FloatArray:
        """Log-density of what is beneath under this law less that under `law`, which drew it; shape (n_paths,)."""
        ...


class DrawsFarBeneath(DrawsBeneath, Protocol):
    """A law that can draw what is beneath its spots from where it seldom is: scouts look there, and cures."""

    def far_beneath(self, times: Sequence[float] | FloatArray, ends: Sequence[float] | FloatArray, /) -> Sequence[Any]:
        """Ways to draw what is beneath far out, up to each of some dates (years) among the observation dates."""
        ...

    def simulate_beneath(self, times: Sequence[float] | FloatArray, stream: Any, way: Any, /) -> Any:
        """Paths with what is beneath drawn in one of these ways, and the spots that the law makes of it."""
        ...

    def log_ratios_beneath(self, paths: Any, ways: Sequence[Any], /) -> FloatArray:
        """Log-densities of what is beneath drawn in some ways over that under the law, shape (n_ways, n_paths)."""
        ...


class KnowsVanillas(PathModel, Protocol):
    """A law with closed forms of European digitals and calls: their known prices and Greeks can be controls."""

    def vanilla_jets(self, strike: float, time: float, /) -> tuple[Jet, Jet]:
        """Undiscounted expectations of 1{S > strike} and max(S - strike, 0), with their derivatives."""
        ...


class KnowsEuropeans(PathModel, Protocol):
    """A law with closed forms of options on the spot at one date that pay by two straight pieces.

    One that has those of digitals and calls need not have this: see `europeans`.
    """

    def european_jet(
        self, trigger: float, below: tuple[float, float], above: tuple[float, float], time: float, /
    ) -> Jet | None:
        """Undiscounted value, with its derivatives; None where it is not known (`below`, `above`: constant, slope)."""
        ...


class KnowsManyEuropeans(PathModel, Protocol):
    """A law with closed forms of many options at once, of many strikes and dates: books value plain options by them.

    One without values them one by one.
    """

    def european_jets(
        self,
        triggers: FloatArray,
        below: tuple[FloatArray, FloatArray],
        above: tuple[FloatArray, FloatArray],
        times: FloatArray,
        names: Sequence[str],
        /,
    ) -> Jet:
        """Undiscounted values with their derivatives in `names`; NaN where one is not known; all of shape (n,)."""
        ...


class KnowsAverages(PathModel, Protocol):
    """A law whose log-spots are jointly normal and move by nothing else: averages get controls of known price."""

    def average_jets(self, level: float, times: Sequence[float], /) -> tuple[Jet, Jet]:
        """Expectations of 1{G > level} and A 1{G > level}, G and A the geometric and arithmetic averages at `times`."""
        ...


class KnowsReturns(PathModel, Protocol):
    """A law whose log returns from date to date are independent normals: variance swaps have a closed form."""

    def return_jets(self, times: Sequence[float], /) -> tuple[Jet, Jet] | None:
        """Means and variances of the moves of the log-spot, shape (n_times, 1), the first from a spot of one.

        None where they are not normal.
        """
        ...


class IsBrownianBetweenDates(PathModel, Protocol):
    """A law whose log-spot is a Brownian bridge between some dates, its ends given: it can be watched at all times."""

    def bridge_dates(self, end: float, /) -> tuple[float, ...]:
        """Dates before `end` (years) at which the drift per variance changes: between them the bridge is Brownian.

        Raises
        ------
        ValueError
            If the spot jumps before.
        """
        ...

    def bridge_jets(self, times: FloatArray, /) -> tuple[Jet, Jet]:
        """Today's log-spot, and the variances of the moves between `times`, shape (n_times, 1), as jets."""
        ...


class IsBrownianInSteps(PathModel, Protocol):
    """A law that takes steps of its own, within which its log-spot is a Brownian bridge by a variance of its start."""

    def bridge_steps(self, times: Sequence[float], end: float, /) -> tuple[float, ...]:
        """Ends of all steps up to the last of some dates (years), which are among them; watched up to `end`.

        Raises
        ------
        ValueError
            If the spot jumps before that.
        """
        ...

    def step_variances(self, times: Sequence[float], log_spot: FloatArray, /) -> FloatArray:
        """Of the steps that end at `times`, given the log-spots there; shape (n_steps, n_paths)."""
        ...

    def variances_at(self, times: Sequence[float], spot: float, /) -> FloatArray:
        """The same on a path that stays at a spot, shape (n_steps,)."""
        ...

    def step_variance_jets(self, times: Sequence[float], log_spot: FloatArray, /) -> tuple[Jet, Jet, Jet]:
        """Today's log-spot and the variance of the first step as jets; those of the others, given where they start.

        The others in the coordinates that move them at fixed spots, shape (n_steps - 1, n_paths).
        """
        ...


class IsBrownianByAsset(PathModel, Protocol):
    """A law of several assets, each a Brownian bridge between some dates in its log-spot, the ends of all given."""

    def bridge_dates(self, end: float, /) -> tuple[float, ...]:
        """Dates before `end` (years) at which a drift per variance changes, or a covariance per variance."""
        ...

    def member_bridge_jets(self, asset: int, times: FloatArray, /) -> tuple[Jet, Jet]:
        """Today's log-spot of an asset, and the variances of its moves between `times`, shape (n_times, 1), as jets."""
        ...


class OfSeveralAssets(PathModel, Protocol):
    """A law of several assets: payoffs see spots of shape (n_assets, n_times, n_paths)."""

    @property
    def assets(self) -> Sequence[str]:
        """Their names, in the order of the first axis."""
        ...


class SaysWhatMoves(OfSeveralAssets, Protocol):
    """A law of several assets that says which parameters move some of them: a contract on these has no other Greeks.

    Under one that does not, they are estimated, and are zero within their errors.
    """

    def moves_with(self, assets: Collection[int], name: str, /) -> bool:
        """Whether the joint law of the spots of some assets, by their numbers, depends on a coordinate."""
        ...


class HasNodes(PathModel, Protocol):
    """A law on curves some of whose parameters shift one of them as a whole: their Greeks can be split by node."""

    def nodes(self, shift: str, /) -> tuple[float, ...]:
        """The nodes (years) of the curve that a parameter shifts; none if it shifts none."""
        ...

    def split(self, shifts: Sequence[str], /) -> PathModel:
        """The same law with the nodes of some curves as coordinates of first derivatives, ``"rate[0]"`` and so on."""
        ...


class KnowsForwards(OfSeveralAssets, Protocol):
    """A law of several assets that knows the expectation of every spot."""

    def forward(self, time: float, /) -> FloatArray:
        """Expectations of the spots at a date (years), shape (n_assets,)."""
        ...


class LabelsNodes(HasNodes, Protocol):
    """A law whose nodes are more than years."""

    def node_labels(self, shift: str, /) -> tuple[str, ...]:
        """The nodes of what a parameter shifts, in words."""
        ...


class KnowsExchanges(OfSeveralAssets, Protocol):
    """A law of several assets with a closed form of the right to exchange one for another at one date."""

    def exchange_jet(self, first: int, second: int, quantities: tuple[float, float], time: float, /) -> Jet | None:
        """Undiscounted value, with its derivatives; assets by their numbers, the one that is received first."""
        ...


class FollowsCurves(Protocol):
    """A law of a constant rate and yield that may be given curves of both; without, they are the same at any date."""

    @property
    def curves(self) -> Curves | None:
        """What they add to its constant rate and yield; None if nothing."""
        ...


def has(model: object, capability: type[C]) -> TypeGuard[C]:
    """Whether a law has every member of a capability.

    Not ``isinstance``: an adapted law has what the law has that it adapts, which only asking shows.
    """
    return all(hasattr(model, member) for member in _members(capability))


def _members(capability: Any) -> tuple[str, ...]:
    """The names that a capability is made of."""
    return once(_named, capability, lambda: tuple(name for name in vars(capability) if not name.startswith("_")))


def value_of(model: Any, name: str) -> float:
    """The value of a parameter of a law: what it says, else its attribute."""
    return float(model.value_of(name) if has(model, StatesValues) else getattr(model, name))


class PaysCashJointly(PathModel, Protocol):
    """A law of several assets of which some may pay cash dividends."""

    @property
    def dividends(self) -> tuple[tuple[tuple[float, float], ...], ...]:
        """By asset, ex-dates in years and amounts."""
        ...

    def without_dividends(self) -> PathModel:
        """The law of assets that grow alike and pay none."""
        ...


def without_dividends(model: PathModel) -> PathModel:
    """The law that a contract is estimated with: of several assets that pay no cash."""
    return model.without_dividends() if has(model, PaysCashJointly) else model


def assets_of(model: object) -> tuple[str, ...]:
    """Names of the assets of a law of several; none of a law of one."""
    return tuple(model.assets) if has(model, OfSeveralAssets) else ()


def forwards_of(model: object, time: float) -> dict[str, float]:
    """Expectations of the spots at a date (years) by asset, of a law of several that knows them."""
    if not has(model, KnowsForwards) or not assets_of(model):
        return {}
    return dict(zip(assets_of(model), model.forward(time).tolist(), strict=True))


def direct_parameters(model: object) -> frozenset[str]:
    """The parameters that act on the spots alone; none if the law does not say so."""
    return frozenset(model.direct_parameters) if has(model, ActsInLayers) else frozenset()


def knows_vanillas(model: object, time: float) -> TypeGuard[KnowsVanillas]:
    """Whether a law has closed forms of Europeans at a date (years): if it pays dividends, before the first of them."""
    return has(model, KnowsVanillas) and not (has(model, PaysDividends) and time >= model.first_ex_date)


def draws_beneath(model: object, times: Sequence[float] | FloatArray) -> bool:
    """Whether a law draws something beneath its spots, given which their logarithms move by normals."""
    return has(model, Movable) and has(model, DrawsBeneath)


def travels_beneath(model: object, times: Sequence[float] | FloatArray) -> bool:
    """Whether changes can travel with what a law draws beneath its spots; whole numbers cannot move a little."""
    return has(model, Movable) and has(model, DrawsBeneath) and len(model.hand_over_rates(times)) > 1


def can_be_kept(model: object) -> bool:
    """Whether what follows from a law can be kept by it from chunk to chunk: it must have a hash."""
    try:
        hash(model)
    except TypeError:
        return False
    return True
