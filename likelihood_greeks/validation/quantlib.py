"""Reference prices and Greeks from QuantLib's analytic engines.

QuantLib counts time in dates: maturities must be whole days, Actual/365 (Fixed). Its ``vega``, ``rho``,
``dividendRho`` and ``theta`` are raw, per 1.00 and per calendar year, as here.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import QuantLib as ql  # noqa: N813 - the name every QuantLib user knows it by

from .._checks import refuse
from ..models.gbm import GBM
from ..numerics.differences import seven_point
from ..parameters import TIME, Greek, resolve
from ..payoffs.path import Asian
from ..payoffs.protocol import Contract
from ..quantlib.payoffs import payoff_of

DAYS_PER_YEAR = 365
TODAY = (15, 6, 2023)  # any date does: every curve is flat

METHODS = {
    (): "NPV",
    ("spot",): "delta",
    ("spot", "spot"): "gamma",
    ("volatility",): "vega",
    ("rate",): "rho",
    ("dividend_yield",): "dividendRho",
    (TIME,): "theta",
}
"""QuantLib's method for each derivative it gives itself."""


def price(model: GBM, payoff: Contract) -> float:
    """QuantLib's price of `payoff`, in currency; raises as `greek` does."""
    return greek(model, payoff, "price")


def greek(model: GBM, payoff: Contract, name: Greek) -> float:
    """QuantLib's value of one Greek, raw (theta per year).

    Price, delta, gamma, vega, rho, dividend rho and theta are the engine's own. Other second derivatives are
    sixth-order central differences of its first ones.

    Parameters
    ----------
    model : GBM
    payoff : Contract
        Any option on the final spot, or an `Asian` with a strike on the geometric average.
    name : str or pair of str

    Raises
    ------
    TypeError
        If QuantLib has no analytic engine for the payoff.
    ValueError
        If a date is not a whole number of days, the Greek is unknown, or it is the second derivative in time.
    """
    with _evaluation_date() as today:
        return sum(weight * _derivative(model, payoff, names, today) for names, weight in resolve(name, model).items())


def _derivative(model: GBM, payoff: Contract, names: tuple[str, ...], today: Any) -> float:
    if names in METHODS:
        return float(getattr(_instrument(model, payoff, today), METHODS[names])())
    by_date = sorted(names, key=lambda name: name == TIME)  # theta is the engine's, since dates come in whole days
    bumped, given = by_date
    if bumped == TIME:
        raise ValueError(f"greek must not be a second derivative in time, got {names!r}")
    scale = {"spot": model.spot, "volatility": model.volatility}.get(bumped, 1.0)

    def at(shift: dict[str, float]) -> float:
        moved = replace(model, **{key: getattr(model, key) + h for key, h in shift.items()})
        return float(getattr(_instrument(moved, payoff, today), METHODS[(given,)])())

    return float(seven_point(at, (bumped,), {bumped: 0.005 * scale}))


@contextmanager
def _evaluation_date() -> Iterator[Any]:
    """QuantLib's global date, set for the duration and put back as it was."""
    with ql.SavedSettings():
        today = ql.Date(*TODAY)
        ql.Settings.instance().evaluationDate = today
        yield today


def _date(today: Any, time: float) -> Any:
    days = round(time * DAYS_PER_YEAR)
    if not (days >= 1 and abs(days - time * DAYS_PER_YEAR) < 1e-6):
        refuse("time", f"be a whole number of days over {DAYS_PER_YEAR}", time)
    return today + days


def _process(model: GBM, today: Any) -> Any:
    counter = ql.Actual365Fixed()

    def curve(rate: float) -> Any:
        return ql.YieldTermStructureHandle(ql.FlatForward(today, rate, counter, ql.Continuous))

    volatility = ql.BlackConstantVol(today, ql.NullCalendar(), model.volatility, counter)
    return ql.BlackScholesMertonProcess(
        ql.QuoteHandle(ql.SimpleQuote(model.spot)),
        curve(model.dividend_yield),
        curve(model.rate),
        ql.BlackVolTermStructureHandle(volatility),
    )


def _instrument(model: GBM, payoff: Contract, today: Any) -> Any:
    """The contract with its analytic engine."""
    process = _process(model, today)
    if isinstance(payoff, Asian) and payoff.average == "geometric" and payoff.strike is not None:
        fixings = [_date(today, time) for time in payoff.times]
        line = ql.PlainVanillaPayoff(ql.Option.Call if payoff.kind == "call" else ql.Option.Put, payoff.strike)
        exercise = ql.EuropeanExercise(fixings[-1])
        option = ql.DiscreteAveragingAsianOption(ql.Average.Geometric, 1.0, 0, fixings, line, exercise)
        option.setPricingEngine(ql.AnalyticDiscreteGeometricAveragePriceAsianEngine(process))
        return option
    option = ql.VanillaOption(payoff_of(payoff), ql.EuropeanExercise(_date(today, payoff.times[-1])))
    option.setPricingEngine(ql.AnalyticEuropeanEngine(process))
    return option
