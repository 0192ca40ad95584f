"""Laws that follow the curves of a QuantLib process at the dates of a payoff, and what was done to get them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, final

import numpy as np
import QuantLib as ql  # noqa: N813

from .._checks import refuse
from .._typing import FloatArray
from ..models.cash_dividends import SAME_DATE
from ..models.curves import Curves
from ..models.gbm import GBM
from ..models.heston.law import Heston
from ..models.term_structure import TermStructureGBM
from .dividends import Paid, paid
from .processes import FLAT, heston, one_clock, process_of, read, strikes_of, unknown, without_jumps


@final
@dataclass(frozen=True, slots=True)
class OnDates:
    """What the curves of a process say at some dates.

    Attributes
    ----------
    times : ndarray, shape (n_times,)
        In years: by the day counter of the risk-free curve, from its reference date.
    rates, yields : ndarray, shape (n_times,)
        Zero rates and dividend yields to each date, continuously compounded, per year of `times`.
    flat : bool
        Whether both are the same at all dates.
    remarks : tuple of str
        What is to be known of the clocks.
    """

    times: FloatArray
    rates: FloatArray
    yields: FloatArray
    flat: bool
    remarks: tuple[str, ...]

    @classmethod
    def of(cls, process: Any, when: Sequence[Any]) -> OnDates:
        """`when` holds QuantLib dates, or years by a clock that all curves share."""
        risk_free, dividends, others = process.riskFreeRate(), process.dividendYield(), []
        if isinstance(process, ql.GeneralizedBlackScholesProcess):
            others = [process.blackVolatility()]
        if not isinstance(when[0], ql.Date):
            one_clock(risk_free, dividends, *others)
            times = np.asarray(when, dtype=float)
        else:
            times = np.array([risk_free.timeFromReference(day) for day in when])
        if not times[0] > 0.0:
            refuse("dates", f"lie after the reference date of the curves, {risk_free.referenceDate().ISO()}", when[0])
        rates = _accrued("rate", risk_free, when) / times
        yields = _accrued("dividend_yield", dividends, when) / times
        flat = bool(np.ptp(rates) <= FLAT and np.ptp(yields) <= FLAT)
        return cls(times, rates, yields, flat, _clocks(risk_free, dividends, *others))

    def words(self) -> str:
        """The rates and yields."""
        return f"zero rates {_span(self.rates)}, dividend yields {_span(self.yields)}"


def _accrued(name: str, curve: Any, when: Sequence[Any]) -> FloatArray:
    """Minus the logarithms of discount factors."""
    return np.asarray(read(name, lambda: -np.log([curve.discount(at) for at in when]), when[-1]))


def _clocks(risk_free: Any, *others: Any) -> tuple[str, ...]:
    remarks, today = [], ql.Settings.instance().evaluationDate
    name, reference = risk_free.dayCounter().name(), risk_free.referenceDate()
    if any(curve.dayCounter().name() != name for curve in others):
        remarks.append(f"times, rates, yields and volatilities are per year of the risk-free curve ({name})")
    if any(curve.referenceDate() != today for curve in (risk_free, *others)):
        dates = sorted({curve.referenceDate().ISO() for curve in (risk_free, *others)})
        remarks.append(f"curves start on {', '.join(dates)}, not on the evaluation date {today.ISO()}; so do times")
    return (*remarks, f"values are of {reference.ISO()}") if reference != today else tuple(remarks)


def _span(values: FloatArray) -> str:
    low, high = float(np.min(values)), float(np.max(values))
    return f"{low:.6g}" if high - low <= FLAT else f"{low:.6g} to {high:.6g}"


def spot_of(process: Any) -> float:
    """The spot of either process or of a Heston model."""
    _, source = parted(process)
    heston_like = isinstance(source, ql.HestonProcess)
    return float((source.s0() if heston_like else source.stateVariable()).value())


def parted(source: Any) -> tuple[Any, Any]:
    """The Heston model (None under Black–Scholes) and the process of `source`.

    Raises
    ------
    TypeError
        If it is neither, or has jumps.
    """
    without_jumps(source)
    match source:
        case ql.HestonModel():
            return source, process_of(source)
        case ql.HestonProcess():
            return ql.HestonModel(source), source
        case ql.GeneralizedBlackScholesProcess():
            return None, source
    unknown("process", source)


@final
@dataclass(frozen=True, slots=True, eq=False)
class Law:
    """The law of a process at some dates.

    Attributes
    ----------
    model : GBM, TermStructureGBM or Heston
    times : tuple of float
        The dates in years.
    remarks : tuple of str
        What was done.
    deviation : float
        Expected standard deviation of the log-spot at the last date.
    """

    model: GBM | TermStructureGBM | Heston
    times: tuple[float, ...]
    remarks: tuple[str, ...]
    deviation: float


def law_of(
    source: Any,
    when: Sequence[Any],
    strike: float | None,
    natural: float | None = None,
    dividends: Iterable[Any] | None = None,
) -> Law:
    """The law of a process at dates, or years by the clock of its curves.

    Under Black–Scholes it has the forwards, discount factors and total variances of every date, the last read at
    `strike`, else at the `natural` strike of a contract. Heston's law has the forwards and discount factors likewise,
    which is exact, since rates only multiply its spot. Cash dividends (Black–Scholes only) are added to it, and what
    the curves say on ex-dates is honoured as well.
    """
    model, process = parted(source)
    curves, cash = OnDates.of(process, when), paid(dividends, process.riskFreeRate())
    if model is None:
        level = natural if strike is None else strike
        return _paying(process, when, level, cash) if cash.dates else _black_scholes(process, when, curves, level)
    if cash.dividends:
        refuse("dividends", "not be given: Heston's law has no cash dividends", len(cash.dividends))
    if strike is not None:
        refuse("volatility_strike", "not be given: a Heston model is the same for all strikes", strike)
    law = heston(model, process, float(curves.rates[0]), float(curves.yields[0]))
    times, kappa, theta, end = curves.times, law.mean_reversion, law.long_run_variance, curves.times[-1]
    variance = theta * end - (law.initial_variance - theta) * np.expm1(-kappa * end) / kappa
    known = tuple(times.tolist()), curves.remarks, float(np.sqrt(variance))
    if curves.flat:
        return Law(law, known[0], (f"{curves.words()}: exact at every date", *known[1]), known[2])
    nodes = {"zero_rates": tuple(curves.rates.tolist()), "dividend_yields": tuple(curves.yields.tolist())}
    remark = f"{curves.words()}: exact at all {len(times)} dates; rho and dividend_rho are of parallel shifts"
    return Law(replace(law, curves=Curves(times=known[0], **nodes)), known[0], (remark, *known[1]), known[2])


def _paying(process: Any, when: Sequence[Any], strike: float | None, cash: Paid) -> Law:
    """The law of a Black–Scholes process with cash dividends."""
    every = _with_ex_dates(when, cash)
    law = _black_scholes(process, every, OnDates.of(process, every), strike)
    model, times = law.model, tuple(OnDates.of(process, when).times.tolist())
    assert not isinstance(model, Heston)  # the process is Black–Scholes'
    return Law(replace(model, dividends=cash.dividends), times, (*law.remarks, *cash.remarks), law.deviation)


def _with_ex_dates(when: Sequence[Any], cash: Paid) -> Sequence[Any]:
    """Dates, or years, with those on which the spot goes ex before the last of them."""
    if isinstance(when[0], ql.Date):
        others = [day for day in cash.dates if day < when[-1] and day not in when]
    else:
        years = np.asarray(when, dtype=float)
        others = [t for t, _ in cash.dividends if t < years[-1] and np.abs(years - t).min() > SAME_DATE]
    return sorted([*when, *others]) if others else when


def _refuse_negative(surface: Any, when: Sequence[Any], level: float) -> None:
    """Refuse volatilities below zero, whose variances look like those of others."""
    told = read("volatility", lambda: [surface.blackVol(at, level) for at in when], (when[-1], level))
    if not min(told) >= 0.0:
        refuse("volatility", "not be negative", min(told))


def _black_scholes(process: Any, when: Sequence[Any], curves: OnDates, strike: float | None) -> Law:
    """The flat law if nothing varies over the dates."""
    surface, spot, times = process.blackVolatility(), process.stateVariable().value(), tuple(curves.times.tolist())
    smile = _smile(surface, spot, when[-1])
    if smile and strike is None:
        refuse("volatility_strike", "be given: the volatility depends on it", f"{smile[0]:.6g} to {smile[1]:.6g}")
    level = spot if strike is None else strike
    variances = read(
        "volatility", lambda: np.array([surface.blackVariance(at, level) for at in when]), (when[-1], level)
    )
    volatilities = np.sqrt(variances / curves.times)
    _refuse_negative(surface, when, level)
    where = f" at the strike {level:g}, which stays as the spot moves" if smile else ""
    words = f"{curves.words()}, volatilities {_span(volatilities)}{where}"
    if curves.flat and np.ptp(volatilities) <= FLAT:
        rate, dividend_yield = float(curves.rates[-1]), float(curves.yields[-1])
        law: GBM | TermStructureGBM = GBM(
            spot=spot, volatility=float(volatilities[-1]), rate=rate, dividend_yield=dividend_yield
        )
        remark = f"{words}: exact at every date"
    else:
        law = TermStructureGBM(
            spot=spot,
            times=times,
            zero_rates=tuple(curves.rates.tolist()),
            dividend_yields=tuple(curves.yields.tolist()),
            volatilities=tuple(volatilities.tolist()),
        )
        remark = f"{words}: exact at all {len(when)} dates; vega, rho and dividend_rho are of parallel shifts"
    return Law(law, times, (remark, *curves.remarks), float(np.sqrt(variances[-1])))


def _smile(surface: Any, spot: float, last: Any) -> tuple[float, float] | None:
    """The least and the largest volatility over the strikes to a date; None if it is the same."""
    found = read("volatility", lambda: [surface.blackVol(last, k) for k in strikes_of(surface, spot)], last)
    return None if max(found) - min(found) <= FLAT else (min(found), max(found))
