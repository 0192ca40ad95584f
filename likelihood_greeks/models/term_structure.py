"""Geometric Brownian motion on curves: rates, dividend yields and volatilities that depend on time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, final

import numpy as np

from .._checks import by_name, dates, finite, non_negative, one_of, positive, refuse
from .._quantities import DIVIDEND_YIELD, RATE, SPOT, VOLATILITY_SHIFT, Parameter, check_domains, names
from .._remembered import remembered
from .._typing import AnyArray, FloatArray
from ..numerics import jets
from ..numerics.jets import Jet
from ..parameters import TIME
from ..streams.chunks import Stream
from . import black, bridges, by_moves, carry, cash_dividends, dividend_steps, lognormal, nodes
from .cash_dividends import Dividends
from .curves import accrued, at_nodes, left
from .lognormal import Terms
from .moves import Moves
from .protocol import Paths

OWN_NODES = {"dividend_yields": "dividend_times", "volatilities": "volatility_times"}
"""Curves that may have nodes of their own, and the fields that hold these."""

SHIFTS = ("rate", "dividend_yield", "volatility")
"""Parameters that shift a curve."""


@final
@by_name
@dataclass(frozen=True, slots=True, kw_only=True)
class TermStructureGBM:
    r"""Spot price under Black–Scholes dynamics with deterministic curves, risk-neutral measure.

    .. math:: d\log S_t = (r_t - q_t - \tfrac12 \sigma_t^2)\,dt + \sigma_t\,dW_t

    The curves are given at nodes; their parameters are parallel shifts: a Greek is the sensitivity to the same shift of
    every node.

    Parameters
    ----------
    spot : float
        :math:`S_0 > 0`, in currency.
    times : sequence of float, shape (n_nodes,)
        Nodes in years, increasing, > 0. Nothing is known beyond the last.
    zero_rates, dividend_yields : sequence of float, shape (n_nodes,)
        To each node, continuously compounded, per year: discount factors are :math:`e^{-z_i t_i}`.
    volatilities : sequence of float, shape (n_nodes,)
        Black's, to each node, > 0, per square-root year: total variances are :math:`\sigma_i^2 t_i`, and must increase.
    rate, dividend_yield, volatility : float
        Parallel shifts of the curves above, added to every zero rate, yield or Black volatility.
    dividend_times, volatility_times : sequence of float, optional
        Nodes of the yields and of the volatilities where they are others than `times`.
    dividends : sequence of (float, float), optional
        Cash dividends beside the yields: ex-dates in years and amounts in currency, as of `GBM`.
    by_node : sequence of str, optional
        Of ``rate``, ``dividend_yield`` and ``volatility`` those whose nodes are coordinates besides (``"rate[0]"``, and
        so on), of first derivatives of moves and closed forms. They have no scores and are not parameters.
    smile : sequence of (float, float), optional
        How the volatility of each node moves with the spot: its first and second derivative. Default: not at all.
        Greeks in the spot are along them.
    smile_spot : float, optional
        The spot at which the volatilities are as given.

    Raises
    ------
    ValueError
        If a number is out of range, the lengths differ, or total variance does not increase from node to node.
    TypeError
        If a number is not real.

    Notes
    -----
    Between nodes, and from time 0 to the first, total variance and the logarithms of discount factors are linear:
    forward rates, forward yields and forward variances are constant there. A shift moves what is quoted, the volatility
    of a node and not the forward variances. As time elapses the curves stay where they are in the calendar, so that
    theta is that of the Black–Scholes equation, with the rates and the volatility of the first interval.

    References
    ----------
    .. [1] P. Glasserman, *Monte Carlo Methods in Financial Engineering*, Springer, 2003, section 3.1.1 (drift and
       volatility that vary with time).

    Examples
    --------
    >>> import likelihood_greeks as lg
    >>> model = lg.TermStructureGBM(
    ...     spot=100.0, times=[0.5, 1.0], zero_rates=[0.01, 0.02], dividend_yields=[0.0, 0.0], volatilities=[0.3, 0.25]
    ... )
    >>> round(model.discount(1.0), 6), round(model.forward(0.75), 6)
    (0.980199, 101.257845)
    """

    of_motion: ClassVar[tuple[Parameter, ...]] = (SPOT, VOLATILITY_SHIFT, RATE, DIVIDEND_YIELD)
    direct_parameters: ClassVar[tuple[str, ...]] = names(of_motion)

    spot: float
    times: tuple[float, ...]
    zero_rates: tuple[float, ...]
    dividend_yields: tuple[float, ...]
    volatilities: tuple[float, ...]
    rate: float = 0.0
    dividend_yield: float = 0.0
    volatility: float = 0.0
    dividend_times: tuple[float, ...] = ()
    volatility_times: tuple[float, ...] = ()
    dividends: Dividends = ()
    by_node: tuple[str, ...] = ()
    smile: tuple[tuple[float, float], ...] = ()
    smile_spot: float = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "dividends", cash_dividends.checked(self.dividends))
        check_domains(self)
        object.__setattr__(self, "times", dates("times", self.times))
        for values, field in {"zero_rates": "times", **OWN_NODES}.items():
            own = getattr(self, field)
            object.__setattr__(self, field, dates(field, own) if len(own) else self.times)
            check = positive if values == "volatilities" else finite
            object.__setattr__(self, values, at_nodes(values, getattr(self, values), getattr(self, field), check))
        shifted = np.array(self.volatilities) + self.volatility
        if not (np.all(shifted > 0.0) and np.all(np.diff(shifted**2 * self.volatility_times, prepend=0.0) > 0.0)):
            refuse("volatilities", "be positive and make total variance increase from node to node", shifted.tolist())
        self._check_coordinates()

    def _check_coordinates(self) -> None:
        """Refuse nodes of no curve, and a smile that is not of the volatilities."""
        if isinstance(self.by_node, str):
            refuse("by_node", "be a sequence of names", self.by_node)
        object.__setattr__(self, "by_node", tuple(one_of("by_node", name, SHIFTS) for name in self.by_node))
        if len(self.smile) not in (0, len(self.volatilities)):
            refuse("smile", f"hold a pair for each of {len(self.volatilities)} volatilities", self.smile)
        for k, pair in enumerate(self.smile):
            if np.ndim(pair) != 1 or len(pair) != 2:
                refuse(f"smile[{k}]", "be a first and a second derivative", pair)
            finite(f"smile[{k}]", pair[0]), finite(f"smile[{k}]", pair[1])
        (positive if self.smile else non_negative)("smile_spot", self.smile_spot)

    declared, parameters = property(cash_dividends.declared), property(cash_dividends.parameters)
    first_ex_date, as_fields = property(cash_dividends.first_ex_date), cash_dividends.as_fields
    if not TYPE_CHECKING:
        __getattr__ = cash_dividends.amount

    # -- the curves --------------------------------------------------------------------------------------------

    def coordinates(self) -> dict[str, Jet]:
        """The parameters and elapsed time as jets, for closed forms; and nodes, where they are coordinates."""
        if not self.by_node:
            return carry.coordinates(self)
        more = [name for shift in self.by_node for name in nodes.names(shift, len(self.nodes(shift)))]
        values = {name: float(getattr(self, name)) for name in self.parameters}
        return nodes.variables({**values, TIME: 0.0}, more)

    def nodes(self, shift: str) -> tuple[float, ...]:
        """The nodes (years) of the curve that a parameter shifts; none if it shifts none."""
        curves = {"rate": self.times, "dividend_yield": self.dividend_times, "volatility": self.volatility_times}
        return curves.get(shift, ())

    def split(self, shifts: Sequence[str]) -> TermStructureGBM:
        """The same law, the nodes of some curves being coordinates."""
        return replace(self, by_node=tuple(shifts))

    def _accrued(self, shift: str, curve: Sequence[float], times: AnyArray) -> Jet:
        """Minus the logarithm of a discount factor; some of what accrues before the first node has elapsed."""
        x, begun, own = self.coordinates(), np.asarray(times) > 0.0, self.nodes(shift)
        elapsed = x[TIME] * begun.astype(float)
        found = accrued(own, curve, times) - elapsed * curve[0] + x[shift] * (times - elapsed)
        return found + nodes.by_node(found, shift, own, [1.0] * len(own), times) if shift in self.by_node else found

    def _rates(self, times: AnyArray) -> Jet:
        return self._accrued("rate", self.zero_rates, times)

    def _yields(self, times: AnyArray) -> Jet:
        return self._accrued("dividend_yield", self.dividend_yields, times)

    def _variance(self, times: AnyArray) -> Jet:
        """Total variance, some of what accrues before the first node having elapsed."""
        own = self.volatility_times
        if self.smile:
            return self._moving_variance(times)
        quoted, leaning = (accrued(own, values, times) for values in (np.square(self.volatilities), self.volatilities))
        found = shifted_variance(self.coordinates(), quoted, leaning, self.volatilities[0], times)
        if "volatility" not in self.by_node:
            return found
        scales = [2.0 * (value + self.volatility) for value in self.volatilities]
        return found + nodes.by_node(found, "volatility", own, scales, times)

    @property
    def variance_nodes(self) -> tuple[float, ...]:
        """Dates between which the volatility is constant."""
        return self.volatility_times

    def _moving_variance(self, times: AnyArray) -> Jet:
        """The same where the volatilities of the nodes move with the spot."""
        x, own = self.coordinates(), self.volatility_times
        moved = x["spot"] - self.smile_spot
        units = [accrued(own, unit, times) for unit in np.eye(len(own))]
        squares = []
        for volatility, (slope, bend) in zip(self.volatilities, self.smile, strict=True):
            value = moved * slope + moved * moved * (0.5 * bend) + x["volatility"] + volatility
            squares.append(value * value)
        parts = [square * unit for square, unit in zip(squares, units, strict=True)]
        found = sum(parts[1:], parts[0]) - squares[0] * x[TIME] * (np.asarray(times) > 0.0).astype(float)
        if "volatility" not in self.by_node:
            return found
        scales = [2.0 * np.sqrt(float(square.value)) for square in squares]
        return found + nodes.by_node(found, "volatility", own, scales, times)

    def _terms(self, grid: FloatArray) -> Terms:
        return _terms(replace(self, dividends=()) if self.dividends else self, tuple(grid.tolist()))

    def _log_carry(self, times: AnyArray) -> Jet:
        """Logarithm of the forward over the spot."""
        return self._rates(times) - self._yields(times)

    def later(self, elapsed: float) -> TermStructureGBM:
        """The law some years later (earlier if negative), its curves where they are in the calendar.

        Raises
        ------
        ValueError
            If `elapsed` is not before the first node and the first ex-date.
        """
        first = min(self.times[0], self.dividend_times[0], self.volatility_times[0])
        if not finite("elapsed", elapsed) < first:
            refuse("elapsed", f"be before the first node, {first:g} years", elapsed)
        shifted, slopes, bends = self._here()
        squares = left(self.volatility_times, shifted**2, elapsed)
        smile: dict[str, Any] = {}
        if self.smile:
            slope = left(self.volatility_times, shifted * slopes, elapsed) / np.sqrt(squares)
            bend = left(self.volatility_times, slopes**2 + shifted * bends, elapsed) - slope**2
            smile = {"smile": tuple(zip(slope, bend / np.sqrt(squares), strict=True)), "smile_spot": self.spot}

        moved: dict[str, Any] = {
            name: tuple(np.array(getattr(self, name)) - elapsed) for name in ("times", *OWN_NODES.values())
        }
        return replace(
            self,
            **moved,
            dividends=cash_dividends.later(self.dividends, elapsed),
            zero_rates=tuple(left(self.times, self.zero_rates, elapsed)),
            dividend_yields=tuple(left(self.dividend_times, self.dividend_yields, elapsed)),
            volatilities=tuple(np.sqrt(squares) - self.volatility),
            **smile,
        )

    def _here(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """The volatilities of the nodes at the spot, and their first and second derivatives in it."""
        slopes, bends = np.array(self.smile).reshape(-1, 2).T if self.smile else np.zeros((2, len(self.volatilities)))
        moved = (self.spot - self.smile_spot) if self.smile else 0.0
        now = np.array(self.volatilities) + self.volatility + moved * (slopes + 0.5 * moved * bends)
        return now, slopes + moved * bends, bends

    def discount_jet(self, times: AnyArray) -> Jet:
        """Discount factors and their derivatives."""
        return _discount_jet(self, np.shape(times), tuple(np.ravel(times).tolist()))

    forward_jet, forward = cash_dividends.forward_jet, cash_dividends.forward

    def _growing_jet(self, times: AnyArray) -> Jet:
        """Forward prices without dividends, and their derivatives."""
        return _growing_jet(self, np.shape(times), tuple(np.ravel(times).tolist()))

    def vanilla_jets(self, strike: float, time: float) -> tuple[Jet, Jet]:
        """Undiscounted expectations of 1{S > strike} and max(S - strike, 0) at one date, with their derivatives."""
        when = np.asarray(positive("time", time))
        cash_dividends.need_lognormal(self, "Europeans", time)
        return lognormal.vanilla_jets(self._growing_jet(when), jets.sqrt(self._variance(when)), strike)

    def european_jet(
        self, trigger: float, below: tuple[float, float], above: tuple[float, float], time: float
    ) -> Jet | None:
        """Undiscounted value of an option of two straight pieces at one date, with its derivatives; see `black`.

        None where a dividend is paid before.
        """
        if not positive("time", time) < self.first_ex_date:
            return None
        when = np.asarray(positive("time", time))
        return black.european(self._growing_jet(when), self._variance(when), trigger, below, above)

    def average_jets(self, level: float, times: Sequence[float] | FloatArray) -> tuple[Jet, Jet]:
        """Expectations of 1{G > level} and A 1{G > level}, G and A the geometric and arithmetic averages at `times`."""
        grid = np.asarray(dates("times", times))
        cash_dividends.need_lognormal(self, "averages", grid[-1])
        terms = _terms(self, tuple(grid.tolist()))  # in all coordinates, the dividends among them
        return lognormal.average_jets(self._growing_jet(grid[:, None]), terms, level)

    def return_jets(self, times: Sequence[float] | FloatArray) -> tuple[Jet, Jet] | None:
        """Means and variances of the moves of the log-spot, the first from a spot of one; None beyond an ex-date."""
        grid = dates("times", times)
        if grid[-1] >= self.first_ex_date:
            return None
        terms = _terms(self, grid)
        return terms.mean, terms.variance

    def black_volatility(self, time: float) -> float:
        """Volatility to `time` (years, > 0), the shift in it, per square-root year."""
        return float(np.sqrt(self._variance(np.asarray(positive("time", time))).value / time))

    def discount(self, time: float) -> float:
        """Value today of one unit of currency at `time` (years)."""
        return float(self.discount_jet(np.asarray(finite("time", time))).value)

    # -- the law -----------------------------------------------------------------------------------------------

    def simulate(self, times: Sequence[float] | FloatArray, stream: Stream) -> Paths:
        """Draw paths by exact transitions: ``spot`` of shape (n_times, n_paths), from one row of normals a date."""
        grid = np.asarray(dates("times", times))
        return dividend_steps.simulate(self, grid, stream)

    def moves(self, paths: Paths) -> Moves:
        """How the log-spots moved from date to date, with all derivatives."""
        return dividend_steps.moves(self, paths)

    def bridge_dates(self, end: float) -> tuple[float, ...]:
        """Dates before `end` (years) between which a path with given ends is a Brownian bridge: the nodes."""
        return bridges.before(self, (*self.times, *self.dividend_times, *self.volatility_times), end)

    bridge_jets = bridges.bridge_jets

    log_density, score, hessian = dividend_steps.log_density, by_moves.score, by_moves.hessian


def shifted_variance(
    x: Mapping[str, Jet], quoted: AnyArray, leaning: AnyArray, first: AnyArray | float, times: AnyArray
) -> Jet:
    r"""Total variance under a parallel shift x of quoted volatilities, some of what accrues first having elapsed.

    Where w is linear between the nodes, that of the volatilities :math:`\sigma_i + x` has the slope
    :math:`2\sigma_i t_i + 2 x t_i` at a node, and is linear in between as well.

    Parameters
    ----------
    x : mapping of str to Jet
        ``volatility``, the shift, and ``time``, the years elapsed.
    quoted, leaning : ndarray, shape (...)
        What :math:`\sigma_i^2` and :math:`\sigma_i` accrue by `times`.
    first : float or ndarray, shape (...)
        Volatility to the first node.
    times : ndarray, shape (...)
        Years.
    """
    shift, start, begun = x["volatility"], x["volatility"] + first, np.asarray(times) > 0.0
    moved = quoted + 2.0 * shift * leaning + shift * shift * times
    return moved - start * start * x[TIME] * begun.astype(float)


@remembered(256)  # the same on every chunk
def _discount_jet(law: TermStructureGBM, shape: tuple[int, ...], times: tuple[float, ...]) -> Jet:
    return jets.exp(-law._rates(np.reshape(times, shape)))


@remembered(256)
def _growing_jet(law: TermStructureGBM, shape: tuple[int, ...], times: tuple[float, ...]) -> Jet:
    return law.coordinates()["spot"] * jets.exp(law._log_carry(np.reshape(times, shape)))


@remembered(512)  # grids of scenarios have hundreds of laws in turn
def _terms(law: TermStructureGBM, times: tuple[float, ...]) -> Terms:
    ends = np.array(times)[:, None]  # the same on every chunk
    starts = np.concatenate([[[0.0]], ends[:-1]])
    variance = law._variance(ends) - law._variance(starts)
    carried = law._log_carry(ends) - law._log_carry(starts)
    spot = np.eye(len(ends), 1) * jets.log(law.coordinates()["spot"])
    return Terms(carried - 0.5 * variance + spot, variance)
