r"""Prices under geometric Brownian motion with discrete monitoring, by repeated quadrature in log spot.

With :math:`X_i` the log spot, :math:`V_{i-1}(x) = \int \varphi_{\sigma^2\Delta_i}(y - x - \nu\Delta_i)\,V_i(y)\,dy`
over the values of y still alive. The last step is done in closed form, so every integrand is analytic and the error
falls exponentially in the number of nodes; by default rounding is what is left, some 1e-14 of the spot.

References
----------
.. [1] A. Andricopoulos, M. Widdicks, P. Duck and D. Newton, "Universal option valuation using quadrature methods",
   *J. Financial Economics* 67, 2003 (barriers, lookbacks).
.. [2] A. Carverhill and L. Clewlow, "Flexible convolution", *Risk* 3, 1990 (arithmetic averages).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias, final

import numpy as np
from scipy import sparse, special

from .._checks import dates, positive
from .._typing import AnyArray, FloatArray
from ..models.gbm import GBM
from ..numerics.differences import Function, Names, seven_point, three_point
from ..parameters import TIME, Greek, resolve
from ..payoffs.autocallable import Autocallable
from ..payoffs.barrier import Barrier, DoubleBarrier
from ..payoffs.convertible import BarrierReverseConvertible, ReverseConvertible
from ..payoffs.european import European
from ..payoffs.forward_start import ForwardStart
from ..payoffs.path import Asian, Lookback
from ..payoffs.protocol import Contract
from ..payoffs.realised import RangeAccrual, VarianceSwap, VolatilitySwap
from ..payoffs.touch import DoubleNoTouch, NoTouch, OneTouch
from . import machines, sums
from .walk import INF, WIDTH, Bounds, Piece, Walk, expected, panels_on

NODES = 3.0

Differences: TypeAlias = Callable[[Function, Names, Mapping[str, float]], FloatArray]
Terms: TypeAlias = Mapping[Names, float]


@final
@dataclass(frozen=True, slots=True)
class Reference:
    """A number and a bound on its numerical error, in the same units."""

    value: float
    error: float


@final
@dataclass(frozen=True)
class AsianDigital:
    """Pays 1 at the last of `times` (years) if the arithmetic average of the observed spots is above `strike`."""

    strike: float
    times: tuple[float, ...]

    def __post_init__(self) -> None:
        positive("strike", self.strike)
        object.__setattr__(self, "times", dates("times", self.times))

    def __call__(self, spot: AnyArray) -> AnyArray:
        """Cash flow at the last date, shape (n_paths,)."""
        return np.where(spot.mean(axis=0) > self.strike, 1.0, 0.0)


def price(model: GBM, payoff: Contract, nodes: float = NODES) -> float:
    """Price of `payoff` today, in currency.

    Parameters
    ----------
    model : GBM
    payoff : Contract
        `Barrier`, `DoubleBarrier`, `Lookback`, `ForwardStart`, `Autocallable`, `AsianDigital`, or `Asian` on the
        arithmetic average with a strike.
    nodes : float
        Quadrature nodes for each standard deviation of the shortest step.

    Raises
    ------
    TypeError
        If there is no quadrature for the payoff.
    ValueError
        If `nodes` is not positive.
    """
    return _price(model, payoff, np.asarray(payoff.times), positive("nodes", nodes))


def greek(model: GBM, payoff: Contract, name: Greek, nodes: float = NODES) -> Reference:
    """One Greek of `payoff` (raw, theta per year), by differences of sixth order of the quadrature price.

    Parameters
    ----------
    model, payoff, nodes
        As for `price`.
    name : str or pair of str

    Returns
    -------
    Reference
        Its error is what changes with a quarter more nodes and with steps larger by six tenths, and rounding.

    Raises
    ------
    TypeError
        If there is no quadrature for the payoff.
    ValueError
        If the Greek is unknown under `model`.
    """
    terms = resolve(name, model)
    steps = _difference_steps(model, np.asarray(payoff.times))

    def estimate(density: float, widening: float) -> float:
        wide = {key: widening * h for key, h in steps.items()}
        return _by_differences(seven_point, terms, _shifted(model, payoff, density), wide)

    value = estimate(positive("nodes", nodes), 1.0)
    noise = abs(price(model, payoff, nodes) - price(model, payoff, 1.25 * nodes)) + 1e-15 * model.spot
    rounding = sum(2.0 * noise / np.prod([steps[key] for key in derivative]) for derivative in terms)
    changes = abs(estimate(1.25 * nodes, 1.0) - value) + abs(estimate(nodes, 1.6) - value)
    return Reference(value, float(changes + rounding))


def size(model: GBM, payoff: Contract, name: Greek) -> float:
    """How large a Greek is, within about a hundredth: by differences of second order, a tenth of the work of `greek`.

    Parameters
    ----------
    model, payoff, name
        As for `greek`, with its errors.
    """
    steps = _difference_steps(model, np.asarray(payoff.times))
    return abs(_by_differences(three_point, resolve(name, model), _shifted(model, payoff, NODES), steps))


def _by_differences(differences: Differences, terms: Terms, at: Function, steps: Mapping[str, float]) -> float:
    """The sum of the derivatives in `terms`."""
    return sum(weight * float(differences(at, derivative, steps)) for derivative, weight in terms.items())


def _shifted(model: GBM, payoff: Contract, nodes: float) -> Function:
    """The price as a function of shifts of the market and of time."""
    times = np.asarray(payoff.times)

    def at(shift: dict[str, float]) -> float:
        moved = {key: getattr(model, key) + h for key, h in shift.items() if key != TIME}
        return _price(replace(model, **moved), payoff, times - shift.get(TIME, 0.0), nodes)

    return at


def _difference_steps(model: GBM, times: FloatArray) -> dict[str, float]:
    """Steps in proportion to the scale on which the price bends: the first date's deviation for the spot."""
    deviation, maturity = model.volatility * np.sqrt(times[0]), times[-1]
    slope = 0.03 * model.volatility / np.sqrt(maturity)
    return {
        "spot": 0.05 * model.spot * min(deviation, 1.0),
        "volatility": 0.015 * model.volatility,
        "rate": slope,
        "dividend_yield": slope,
        TIME: 0.03 * times[0],
    }


def _price(model: GBM, payoff: Contract, times: FloatArray, nodes: float) -> float:
    match payoff:
        case Barrier(direction="up"):
            return _knocked(model, payoff, times, (-INF, np.log(payoff.level)), nodes)
        case Barrier():
            return _knocked(model, payoff, times, (np.log(payoff.level), INF), nodes)
        case DoubleBarrier():
            return _knocked(model, payoff, times, (np.log(payoff.lower), np.log(payoff.upper)), nodes)
        case Lookback():
            return _lookback(model, payoff, times, nodes)
        case AsianDigital():
            return _average(model, (payoff.strike, INF, 1.0, 0.0), times, nodes)
        case Asian(strike=float() | int() as strike, average="arithmetic", kind="call"):
            return _average(model, (strike, INF, -strike, 1.0), times, nodes)
        case Asian(strike=float() | int() as strike, average="arithmetic", kind="put"):
            return _average(model, (0.0, strike, strike, -1.0), times, nodes)
    return _structured(model, payoff, times, nodes)


def _structured(model: GBM, payoff: Contract, times: FloatArray, nodes: float) -> float:
    """The price of what is neither a barrier, an extreme nor an average."""
    match payoff:
        case Autocallable():
            return machines.price(model, machines.autocallable(payoff), times, nodes)
        case ForwardStart():
            return _forward_start(model, payoff, times)
        case OneTouch() | NoTouch() | DoubleNoTouch():
            return machines.price(model, machines.touch(payoff), times, nodes)
        case BarrierReverseConvertible():
            return machines.price(model, machines.convertible(payoff), times, nodes) + _coupons(model, payoff, times)
        case ReverseConvertible():
            return _convertible(model, payoff, times) + _coupons(model, payoff, times)
        case RangeAccrual():
            return sums.accrual(model, payoff, times)
        case VarianceSwap():
            return sums.variance(model, payoff, times)
        case VolatilitySwap():
            return sums.volatility(model, payoff, times)
    has = "a barrier, lookback or arithmetic Asian with a strike, a forward start or a note"
    raise TypeError(f"payoff must be {has}, got {payoff!r}")


# -- barriers --------------------------------------------------------------------------------------------------


def lines(option: European) -> list[Piece]:
    """The payoff as straight lines on intervals of the final spot, those on which it pays."""
    made_of = option.pieces
    sides = [(0.0, made_of.trigger, *made_of.below), (made_of.trigger, INF, *made_of.above)]
    return [side for side in sides if any(side[2:])]


def _knocked(model: GBM, payoff: Barrier | DoubleBarrier, times: FloatArray, alive: Bounds, nodes: float) -> float:
    """Both kinds from the option less its rebate, paid only on paths that stay in `alive` (bounds of the log spot)."""
    walk, start, everywhere = Walk.of(model, times), np.log([model.spot]), (-INF, INF)
    option, rebate = lines(payoff.option), (0.0, INF, -payoff.rebate, 0.0)
    last = alive if payoff.monitor_maturity else everywhere
    if len(times) == 1:
        surviving = expected(walk, start, times[0], [*option, rebate], last)
    else:
        low, high = (start[0] + end for end in walk.reach())
        grid = panels_on(max(alive[0], low), min(alive[1], high), walk.shortest, nodes)
        values = expected(walk, grid[0], walk.steps[-1], [*option, rebate], last)
        surviving = walk.backward(values, start, grid)
    plain = expected(walk, start, times[-1], option, everywhere)
    paid = surviving + payoff.rebate if payoff.knock == "out" else plain - surviving
    return float(model.discount(times[-1]) * paid[0])


# -- lookbacks -------------------------------------------------------------------------------------------------


def _crossing(walk: Walk, start: FloatArray, nodes: float) -> FloatArray:
    """Probability that the walk from each of `start` is at or above 0 on some date."""

    def source(x: FloatArray, step: float) -> FloatArray:
        return np.asarray(special.ndtr((x + walk.drift * step) / (walk.volatility * np.sqrt(step))))

    if len(walk.times) == 1:
        return source(start, walk.times[0])
    grid = panels_on(-walk.reach()[1], 0.0, walk.shortest, nodes)
    return walk.backward(source(grid[0], walk.steps[-1]), start, grid, source)


def _lookback(model: GBM, payoff: Lookback, times: FloatArray, nodes: float) -> float:
    r"""The price, by :math:`E(M - K)^+ = \int_K^\infty P(M \ge L)\,dL`, and its mirror image for the minimum.

    The probability depends on log(S0 / L) alone, so one backward recursion serves every level; out of reach it is 1.
    """
    walk, log_spot = Walk.of(model, times), float(np.log(model.spot))
    low, high = (log_spot + end for end in walk.reach())
    sign = 1.0 if (payoff.kind == "call") == (payoff.strike is not None) else -1.0  # of the maximum, the minimum
    near = low if sign > 0.0 else high
    excess = sign * (np.exp(near) - model.forward(times[-1]))
    if payoff.strike is not None:
        log_strike = float(np.log(payoff.strike))
        excess = sign * (np.exp(near) - payoff.strike) if sign * log_strike < sign * near else 0.0
        near = sign * max(sign * near, sign * log_strike)
    levels, weights = panels_on(*((near, high) if sign > 0.0 else (low, near)), walk.shortest, nodes)
    mirrored = replace(walk, drift=sign * walk.drift)
    beyond = np.sum(weights * np.exp(levels) * _crossing(mirrored, sign * (log_spot - levels), nodes))
    return float(model.discount(times[-1]) * (beyond + excess))


# -- forward starts --------------------------------------------------------------------------------------------


def _forward_start(model: GBM, payoff: ForwardStart, times: FloatArray) -> float:
    """In closed form: an option on a spot of one, times the forward to the start unless it is divided by that spot."""
    pays = [(payoff.moneyness, INF, -payoff.moneyness, 1.0)]
    if payoff.kind == "put":
        pays = [(0.0, payoff.moneyness, payoff.moneyness, -1.0)]
    later = expected(Walk.of(model, times), np.zeros(1), times[1] - times[0], pays, (-INF, INF))[0]
    return float(model.discount(times[1]) * later * (1.0 if payoff.performance else model.forward(times[0])))


# -- reverse convertibles --------------------------------------------------------------------------------------


def _coupons(model: GBM, note: ReverseConvertible | BarrierReverseConvertible, times: FloatArray) -> float:
    """The sure coupons, their dates moved as the last of `times` is."""
    when = np.asarray(note.coupon_times) + times[-1] - note.coupon_times[-1]
    return float(sum(note.notional * c * model.discount(t) for c, t in zip(note.coupon, when, strict=True)))


def _convertible(model: GBM, note: ReverseConvertible, times: FloatArray) -> float:
    """The redemption, three straight lines in the final spot."""
    floor = note.strike * note.protection
    pays = [
        (0.0, floor, note.protection, 0.0),
        (floor, note.strike, 0.0, 1.0 / note.strike),
        (note.strike, INF, 1.0, 0.0),
    ]
    some = [line for line in pays if line[0] < line[1]]
    mean = expected(Walk.of(model, times), np.log([model.spot]), times[-1], some, (-INF, INF))[0]
    return float(model.discount(times[-1]) * note.notional * mean)


# -- arithmetic averages ---------------------------------------------------------------------------------------


def _average(model: GBM, line: Piece, times: FloatArray, nodes: float) -> float:
    r"""A payoff that is a straight line in the average, on an interval.

    With :math:`x_i` the log returns, :math:`\sum S_i = S_1 e^{a_1}`, :math:`a_{i-1} = \log(1 + e^{x_i + a_i})`,
    :math:`a_n = 0`. The first return is integrated in closed form, then the others from the first to the last, as
    functions of :math:`c = x_i + a_i` on an even grid: the integrands vanish at its ends, so the trapezoidal rule is
    exponentially accurate.
    """
    walk = Walk.of(model, times)
    start = float(np.log(model.spot / len(times)))
    if len(times) == 1:
        return float(model.discount(times[-1]) * expected(walk, np.array([start]), times[0], [line], (-INF, INF))[0])
    later = walk.steps[1:]
    lowest = np.min(walk.drift * later - WIDTH * walk.volatility * np.sqrt(later))
    highest = np.log(len(times)) + walk.reach()[1]
    count = 2 + int(np.ceil(nodes * (highest - lowest) / walk.shortest))
    grid, spacing = np.linspace(lowest, highest, count, retstep=True)
    sums = np.logaddexp(0.0, grid)
    values = expected(walk, start + sums, times[0], [line], (-INF, INF))
    kernel, built = _banded(walk, sums, grid, spacing, later[0]), later[0]
    for step in later[:-1]:
        if not np.isclose(step, built, rtol=1e-12, atol=0.0):
            kernel, built = _banded(walk, sums, grid, spacing, step), step
        values = np.asarray(kernel @ values)
    last = _banded(walk, np.zeros(1), grid, spacing, later[-1])
    return float(model.discount(times[-1]) * (last @ values)[0])


def _banded(walk: Walk, start: FloatArray, grid: FloatArray, spacing: float, step: float) -> sparse.csr_array:
    """Transition density times the spacing, cut off at `WIDTH` deviations; shape (n_start, n_grid)."""
    deviation = walk.volatility * np.sqrt(step)
    centre = start + walk.drift * step
    half = int(np.ceil(WIDTH * deviation / spacing))
    columns = np.rint((centre - grid[0]) / spacing).astype(int)[:, None] + np.arange(-half, half + 1)
    inside = (columns >= 0) & (columns < len(grid))
    z = (grid[0] + spacing * columns - centre[:, None]) / deviation
    weights = np.exp(-0.5 * z * z)[inside] * (spacing / (deviation * np.sqrt(2.0 * np.pi)))
    ends = np.concatenate([[0], np.cumsum(inside.sum(axis=1))])
    return sparse.csr_array((weights, columns[inside], ends), shape=(len(start), len(grid)))
