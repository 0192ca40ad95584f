"""Several assets under Black–Scholes dynamics: exact joint transitions, and the scores of all parameters."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeAlias, final

import numpy as np

from ..._checks import dates, finite, positive, refuse
from ..._quantities import RATE, VOLATILITY, Parameter
from ..._remembered import remembered
from ..._typing import AnyArray, FloatArray
from ...numerics.falls import spots_after, union
from ...numerics.jets import Jet
from ...parameters import TIME, Derivative
from ...streams.chunks import Stream
from .. import by_moves, nodes
from ..cash_dividends import Dividends, LawWithDividends
from ..joint_moves import JointMoves, JointSteps, grown
from ..memo import Memo
from ..protocol import PathModel, Paths
from ..state_joint_moves import CORRELATION
from . import by_pillar, correlations
from . import quanto as quantos
from .exchange import embedded, exchange, spread_variance
from .greeks import named_greeks
from .naming import OWN, Named, meaning, members_of
from .one_discounting import need_one_discounting
from .steps import Meaning, Steps, parts

FEW = 40
"""Parameters of a law all of whose scores may be controls."""

GROWN = "grown"
"""What paths keep of spots without cash dividends."""


class Member(LawWithDividends, PathModel, Protocol):
    """A law of one asset whose log-spot moves by independent normals, of constant volatility between some dates."""

    @property
    def variance_nodes(self) -> tuple[float, ...]:
        """These dates, in years."""
        ...

    @property
    def rate(self) -> float:
        """The rate, or the shift of a curve of rates."""
        ...

    def bridge_dates(self, end: float, /) -> tuple[float, ...]:
        """Dates between which it is a Brownian bridge."""
        ...

    def bridge_jets(self, times: FloatArray, /) -> tuple[Jet, Jet]:
        """Its log-spot, and the variances of its moves."""
        ...

    @property
    def first_ex_date(self) -> float:
        """Of the first cash dividend, in years; infinite if there is none."""
        ...

    def later(self, elapsed: float, /) -> Any:
        """The law some years later."""
        ...


Members: TypeAlias = tuple[tuple[str, Any], ...]


@final
@dataclass(frozen=True, slots=True)
class CorrelatedGBM(Named):
    r"""Several assets under Black–Scholes dynamics, with correlated Brownian motions, risk-neutral measure.

    .. math:: d\log S^j_t = (r_t - q^j_t - \tfrac12 (\sigma^j_t)^2)\,dt + \sigma^j_t\,dW^j_t, \qquad
              d\langle W^j, W^k\rangle_t = \rho_{jk}\,dt

    Parameters
    ----------
    members : mapping of str to GBM or TermStructureGBM
        The law of every asset by its name, in the order in which payoffs see them; of the same discount factors.
    correlation : mapping of (str, str) to float, or pandas.DataFrame
        Of every pair, in any order of its names, between -1 and 1; or a table with the names on both axes. A pair may
        have numbers by pillar, ``{1.0: 0.5, 3.0: 0.65}``: the instantaneous correlation up to each of some years from
        the one before, the last for ever after.
    quanto : mapping of str to (float, float) or str, optional
        Of assets in another currency than the one that is paid, whose spots are paid by without converting them: the
        correlation of the asset with the value of its currency in the one that is paid, and the volatility of that
        value. The asset's law has the curves by which its forward grows in its own currency: yields that are higher by
        the difference of the rates, its discounting being that of all. Where that value is a member, its name, or one
        over a member (``"1/EURUSD"``): contracts may then convert the asset, see `Composite`.

    Raises
    ------
    ValueError
        If a pair is missing or unknown, the matrix of correlations is not positive definite (saying how far off it is,
        and what the nearest one is), or the members discount differently.
    TypeError
        If a member is not a law as above.

    Notes
    -----
    Coordinates carry the asset: ``"spot[A]"``, ``"volatility[A]"``, ``"dividend_yield[A]"``, ``"correlation[A,B]"``;
    ``"rate"`` is that of all assets and of discounting. Greeks do too: ``"delta[A]"``, ``"cross_gamma[A,B]"``; those of
    a quanto are ``"quanto_correlation[A]"`` and ``"fx_volatility[A]"``. A bare name (``"delta"``) stands for those of
    all assets or pairs, and ``"parallel_correlation"`` for the same change of
    all correlations. Payoffs see spots of shape (n_assets, n_times, n_paths). Moves from date to date are normal
    vectors; between nodes of the volatility curves the instantaneous correlation is that given. One by pillar moves in
    parallel: its parameter is the number up to the first pillar, with which the others move. Members may pay cash
    dividends, as those of one asset (`GBM`): Greeks are those with the amounts held; there are none in an amount.

    References
    ----------
    .. [1] P. Glasserman, *Monte Carlo Methods in Financial Engineering*, Springer, 2003, section 3.2.3 (several
       assets) and 7.3 (scores).

    Examples
    --------
    >>> import likelihood_greeks as lg
    >>> law = lg.CorrelatedGBM(
    ...     {"A": lg.GBM(spot=100.0, volatility=0.2, rate=0.03), "B": lg.GBM(spot=90.0, volatility=0.3, rate=0.03)},
    ...     correlation={("A", "B"): 0.5},
    ... )
    >>> law.parameters[-2:]
    ('rate', 'correlation[A,B]')
    >>> payoff = lg.WorstOf(lg.DigitalCall(1.0, maturity=1.0), reference={"A": 100.0, "B": 90.0})
    >>> result = lg.greeks(law, payoff, ["delta", "correlation"], paths=20_000, seed=1)
    >>> list(result)
    ['price', 'delta[A]', 'delta[B]', 'correlation[A,B]']
    """

    members: Any
    correlation: Any = None
    quanto: Any = None
    by_node: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        members = _members(self.members)
        object.__setattr__(self, "members", members)
        object.__setattr__(self, "correlation", correlations.read(self.correlation, self.assets))
        object.__setattr__(self, "quanto", quantos.read(self.quanto, self.assets))
        need_one_discounting(members)

    # -- what it is ------------------------------------------------------------------------------------------------

    @property
    def laws(self) -> tuple[Member, ...]:
        """Their laws, in the same order."""
        return tuple(law for _, law in self.members)

    def _besides(self) -> tuple[Parameter, ...]:
        """The parameters of quantos."""
        return tuple(
            parameter
            for name in quantos.numbers(self.quanto)
            for parameter in (
                Parameter(f"{quantos.CORRELATION}[{name}]", "per 1.00", finite),
                Parameter(f"{quantos.VOLATILITY}[{name}]", "per √year", positive),
            )
        )

    @property
    def parameters(self) -> tuple[str, ...]:
        """Names of the parameters."""
        return _parameters(self.assets, tuple(quantos.numbers(self.quanto)))

    @property
    def direct_parameters(self) -> tuple[str, ...]:
        """Those whose scores may serve as controls whatever is asked for: of many assets the spots alone."""
        return self.parameters if len(self.parameters) <= FEW else self.parameters[: len(self.assets)]

    def _known(self) -> dict[str, Meaning]:
        """What its coordinates are."""
        return _meaning(self.assets)

    def moves_with(self, assets: Collection[int], name: str) -> bool:
        """Whether the joint law of some assets, by their numbers, depends on a coordinate.

        On one of an asset or pair if these are among them, and on all that are of no asset. Volatilities and
        correlations of members that are currencies are in the drifts of their quantos.
        """
        kind, places = (self._known() | self._node_meaning())[name]
        felt = {*assets}
        if kind.partition("[")[0] in (VOLATILITY.name, CORRELATION):
            felt |= {whose for place, whose, _ in quantos.drifts(self.quanto, self.assets) if place in assets}
        return felt.issuperset(places)

    def _value(self, kind: str, places: tuple[int, ...]) -> float:
        """The value of a coordinate; of all assets that of the first."""
        if kind in quantos.KINDS and (own := quantos.numbers(self.quanto).get(self.assets[places[0]])):
            return float(own[quantos.KINDS.index(kind)])
        return Named._value(self, kind, places)

    def as_fields(self, values: Mapping[str, float]) -> Mapping[str, Any]:
        """Values of parameters as the fields that hold them."""
        paid = {name: [*own] for name, own in quantos.numbers(self.quanto).items()}
        for name, value in values.items():
            kind, places = _meaning(self.assets)[name]
            if kind in quantos.KINDS:
                paid[self.assets[places[0]]][quantos.KINDS.index(kind)] = value
        moved = self._changed(values, lambda law, change: replace(law, **change))
        return {"members": moved, "correlation": self._between(values), "quanto": {**dict(self.quanto), **paid}}

    def named_greeks(self) -> Mapping[str, Mapping[Derivative, float]]:
        """The Greeks of every asset and pair by name."""
        return named_greeks(self.assets)

    def later(self, elapsed: float) -> CorrelatedGBM:
        """The law some years later (earlier if negative), its curves where they are in the calendar."""
        return replace(
            self, members={name: law.later(elapsed) for name, law in self.members},
            correlation={pair: by_pillar.later(own, elapsed) for pair, own in self.correlation},
        )  # fmt: skip

    @property
    def dividends(self) -> tuple[Dividends, ...]:
        """By asset, the ex-dates (years) and amounts (currency) of its cash dividends."""
        return tuple(law.dividends for law in self.laws)

    def without_dividends(self) -> CorrelatedGBM:
        """The law of assets that grow alike and pay no cash."""
        if not any(self.dividends):
            return self
        return replace(self, members={name: replace(law, dividends=()) for name, law in self.members})

    # -- nodes of curves ---------------------------------------------------------------------------------------------

    def nodes(self, shift: str) -> tuple[float, ...]:
        """The nodes (years) of the curve that a parameter shifts, ``"volatility[A]"`` or ``"rate"``; none without one.

        That of the rates is one of all assets; those of a correlation are its pillars.
        """
        kind, _, asset = shift.rstrip("]").partition("[")
        if kind == CORRELATION:
            own = next(own for pair, own in self.correlation if correlations.name(pair) == shift)
            return by_pillar.pillars(own)
        owners = [law for name, law in self.members if kind == RATE.name or name == asset]
        found = {law.nodes(kind) if hasattr(law, "nodes") else () for law in owners}
        return found.pop() if len(found) == 1 else ()

    def split(self, shifts: Sequence[str]) -> CorrelatedGBM:
        """The same law with nodes of some curves as coordinates: ``"volatility[A][0]"``, ``"rate[0]"``, and so on."""
        members = {}
        for name, law in self.members:
            own = [shift.partition("[")[0] for shift in shifts if shift == RATE.name or shift.endswith(f"[{name}]")]
            members[name] = law.split(own) if own else law
        return replace(self, members=members, by_node=tuple(s for s in shifts if s.startswith(CORRELATION)))

    def _node_meaning(self) -> dict[str, Meaning]:
        """What the coordinates of nodes are."""
        found: dict[str, Meaning] = {}
        for place, (asset, law) in enumerate(self.members):
            for shift in getattr(law, "by_node", ()):
                whose = () if shift == RATE.name else (place,)
                for own in nodes.names(shift, len(law.nodes(shift))):
                    found[own if not whose else f"{shift}[{asset}]{own.removeprefix(shift)}"] = own, whose
        for shift in self.by_node:
            _, places = _meaning(self.assets)[shift]
            for k, own in enumerate(nodes.names(shift, len(self.nodes(shift)))):
                found[own] = f"{CORRELATION}[{k}]", places
        return found

    def _turning(self, ends: FloatArray) -> dict[str, FloatArray]:
        """How correlations by pillar move with their coordinates, in the parts of time that end at some years."""
        found: dict[str, FloatArray] = {}
        for pair, own in self.correlation:
            if by_pillar.pillars(own):
                shift = correlations.name(pair)
                found[shift] = by_pillar.slope(own, ends)
                names = nodes.names(shift, len(by_pillar.pillars(own))) if shift in self.by_node else ()
                found |= {name: by_pillar.of_pillar(own, k, ends) for k, name in enumerate(names)}
        return found

    # -- the law ---------------------------------------------------------------------------------------------------

    def simulate(self, times: Sequence[float] | FloatArray, stream: Stream) -> Paths:
        """Draw paths by exact transitions.

        Parameters
        ----------
        times : sequence of float, shape (n_times,)
            Year fractions, increasing, > 0.
        stream : Stream
            Gives ``brownians(times, n_assets)``.

        Returns
        -------
        Paths
            ``spot`` of shape (n_assets, n_times, n_paths).
        """
        grid = np.asarray(dates("times", times))
        if any(own := tuple(tuple(each for each in one if each[0] <= grid[-1]) for one in self.dividends)):
            every = union(grid.tolist(), [time for one in own for time, _ in one])
            free = self.without_dividends().simulate(every, stream)
            return Paths(grid, spots_after(free.spot, every, grid.tolist(), own), {GROWN: free.spot}, memo=free)
        steps = self._steps(grid)
        normals = stream.brownians(grid, len(self.members))
        noise, spot = grown(normals, steps.roots, steps.mean)
        return Paths(grid, spot, memo=_Memo(self, spot, grid, noise))

    def moves(self, paths: Paths) -> JointMoves:
        """How the log-spots moved from date to date, with all derivatives; those without dividends, if any are paid."""
        if GROWN in paths.latent and any(self.dividends):
            return self.without_dividends().moves(self._grown(paths))
        steps, memo = self._steps(paths.times), paths.memo
        if isinstance(memo, _Memo) and memo.holds(self, paths):
            return JointMoves(memo.noise, steps, JointSteps())
        noise = np.diff(np.log(paths.spot), axis=1, prepend=0.0)
        noise -= steps.mean[..., None]
        return JointMoves(noise, steps, JointSteps())

    def log_density(self, paths: Paths) -> FloatArray:
        """Log-density of the spots at ``paths.times`` (not of their logarithms), shape (n_paths,).

        Where cash dividends are paid, that of the spots without them, on their ex-dates too.
        """
        if GROWN in paths.latent and any(self.dividends):
            return self.without_dividends().log_density(self._grown(paths))
        moves = self.moves(paths)
        exponent = 0.5 * np.einsum("jtp,jtp->p", moves.noise, moves.scaled)
        norm = 0.5 * np.linalg.slogdet(2.0 * np.pi * self._steps(paths.times).covariance)[1].sum()
        return np.asarray(-exponent - np.log(paths.spot).sum(axis=(0, 1)) - norm)

    score, hessian = by_moves.score, by_moves.hessian

    def _grown(self, paths: Paths) -> Paths:
        """What was drawn of assets that pay no cash."""
        if isinstance(paths.memo, Paths):
            return paths.memo
        return refuse("paths", "be as `simulate` gave them, of a law with cash dividends", sorted(paths.latent))

    def _steps(self, times: FloatArray) -> Steps:
        return _steps(self, tuple(times.tolist()))

    # -- between dates ---------------------------------------------------------------------------------------------

    def bridge_dates(self, end: float) -> tuple[float, ...]:
        """Dates before `end` (years) between which each asset is a Brownian bridge, given the ends of all.

        While the covariances are in a fixed proportion, the bridge of one asset does not depend on the ends of others.
        """
        changes = [pillar for pillar in correlations.pillars(self.correlation) if pillar < end]
        return tuple(sorted({node for law in self.laws for node in law.bridge_dates(end)}.union(changes)))

    def member_bridge_jets(self, asset: int, times: FloatArray) -> tuple[Jet, Jet]:
        """Today's log-spot of an asset, and the variances of its moves between `times`, shape (n_times, 1), as jets."""
        found = self.laws[asset].bridge_jets(times)
        known = _meaning(self.assets) | self._node_meaning()
        called = {own: name for name, (own, places) in known.items() if places in ((), (asset,))}
        names = (*self.parameters, TIME, *self._node_meaning())
        start, variance = (embedded(jet, names, called) for jet in found)
        return start, variance

    # -- discounting and forwards ----------------------------------------------------------------------------------

    def discount_jet(self, times: AnyArray) -> Jet:
        """Discount factors and their derivatives."""
        return _discounts(self, np.shape(times), tuple(np.ravel(times).tolist()))

    def exchange_jet(self, first: int, second: int, quantities: tuple[float, float], time: float) -> Jet | None:
        """Undiscounted value of the right to receive one asset for another at one date, with its derivatives.

        None where some asset is a quanto, pays a cash dividend by then, or nodes of curves are coordinates.

        Parameters
        ----------
        first, second : int
            The asset that is received and the one that is given, by their numbers.
        quantities : (float, float)
            Of each, > 0.
        time : float
            Years, > 0.
        """
        when = np.asarray(dates("time", [time]))
        if self.quanto or self._node_meaning() or min(law.first_ex_date for law in self.laws) <= time:
            return None
        own = [f"{kind}[{self.assets[place]}]" for kind in OWN for place in (first, second)]
        pair = self.assets[min(first, second)], self.assets[max(first, second)]
        names = (*own, RATE.name, correlations.name(pair), TIME)
        worth = []
        for place, quantity in zip((first, second), quantities, strict=True):
            called = {kind: f"{kind}[{self.assets[place]}]" for kind in OWN} | {RATE.name: RATE.name, TIME: TIME}
            forward = self.laws[place].forward_jet(when[0])
            assert forward is not None
            worth.append(quantity * embedded(forward, names, called))
        variance = spread_variance(self._steps(when), (first, second), names)
        value = exchange(worth[0], worth[1], variance)
        return embedded(value, (*self.parameters, TIME), {name: name for name in names})

    def discount(self, time: float) -> float:
        """Value today of one unit of currency at `time` (years)."""
        return float(self.laws[0].discount_jet(np.asarray(finite("time", time))).value)

    def forward_jet(self, times: AnyArray) -> None:
        """None: every asset has its own (`forward`)."""

    def forward(self, time: float) -> FloatArray:
        """Risk-neutral expectations of the spots at `time` (years), shape (n_assets,).

        Where cash dividends are paid by then, without their floor: spots that they hardly ever eat up.
        """
        found = self._growth(time)
        for asset, own in enumerate(self.dividends):
            paid = [(ex_date, amount) for ex_date, amount in own if ex_date <= time]
            found[asset] -= sum(amount * found[asset] / self._growth(ex_date)[asset] for ex_date, amount in paid)
        return found

    def _growth(self, time: float) -> FloatArray:
        """Expectations of the spots without cash dividends."""
        steps = self._steps(np.asarray(dates("time", [time])))
        return np.asarray(np.exp(steps.mean[:, 0] + 0.5 * np.diag(steps.covariance[0])))


@final
@dataclass(frozen=True, slots=True, eq=False)
class _Memo(Memo):
    """What a law drew, and the noise in it."""

    noise: FloatArray


@remembered(64)
def _parameters(assets: tuple[str, ...], paid: tuple[str, ...]) -> tuple[str, ...]:
    several = [f"{kind}[{asset}]" for kind in OWN for asset in assets]
    of_quantos = [f"{kind}[{asset}]" for asset in paid for kind in quantos.KINDS]
    return (*several, RATE.name, *map(correlations.name, correlations.pairs(assets)), *of_quantos)


@remembered(64)
def _meaning(assets: tuple[str, ...]) -> dict[str, Meaning]:
    """What every coordinate of a law on some assets is, those of quantos too."""
    paid: dict[str, Meaning] = {
        f"{kind}[{asset}]": (kind, (place,)) for kind in quantos.KINDS for place, asset in enumerate(assets)
    }
    return meaning(assets) | paid


@remembered(64)
def _steps(law: CorrelatedGBM, times: tuple[float, ...]) -> Steps:
    turns = correlations.pillars(law.correlation)
    ends, summed = parts(times, [*turns, *(node for one in law.laws for node in one.variance_nodes)])
    terms = tuple(one._terms(ends) for one in law.laws)
    for name, own in quantos.numbers(law.quanto).items():
        place = law.assets.index(name)
        terms = (*terms[:place], quantos.drifting(terms[place], ends, *own), *terms[place + 1 :])
    matrices = correlations.matrices(law.correlation, len(terms), ends)
    known = _meaning(law.assets) | law._node_meaning()
    return Steps(summed, terms, matrices, known, law._turning(ends), quantos.drifts(law.quanto, law.assets))


@remembered(256)
def _discounts(law: CorrelatedGBM, shape: tuple[int, ...], times: tuple[float, ...]) -> Jet:
    """Discount factors in all coordinates of a law, from those in the coordinates of its first member."""
    own = law.laws[0].discount_jet(np.reshape(times, shape))
    found = embedded(own, (*law.parameters, TIME), {RATE.name: RATE.name, TIME: TIME})
    if not (more := tuple(law._node_meaning())):
        return found
    zero = np.zeros(np.shape(own.value))
    rows = [own.derivative(name) if name in own.names else zero for name in more]
    return Jet((*found.names, *more), found.value, np.concatenate([found.gradient, rows]), found.hessian)


def _members(given: Any) -> Members:
    """The members in their order, checked."""
    found = members_of(given)
    for name, law in found:
        if isinstance(law, type) or not hasattr(law, "variance_nodes"):
            raise TypeError(f"members[{name!r}] must be a GBM or TermStructureGBM, got {law!r}")
        if getattr(law, "smile", ()):
            refuse(f"members[{name!r}]", "have volatilities that do not move with the spot (no smile)", law)
    return found
