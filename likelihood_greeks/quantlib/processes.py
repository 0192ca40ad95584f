"""Models from QuantLib's processes: Black–Scholes and Heston, with the numbers of their curves.

A model here has one rate, one dividend yield and (`GBM`) one volatility. QuantLib's curves may vary with time, and its
volatilities with strike; they are then read at a maturity (and strike) that the caller names, never flattened silently.
`curves` has the laws that follow them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product
from typing import Any, NoReturn

import numpy as np
import QuantLib as ql  # noqa: N813

from .._checks import InvalidValueError, positive, refuse
from ..models.gbm import GBM
from ..models.heston.law import Heston

FLAT = 1e-10  # largest spread of rates and volatilities that counts as rounding
YEARS = (1 / 365, 1 / 52, *np.arange(1.0, 121.0) / 12.0, *np.arange(11.0, 61.0))
"""Where a curve is looked at to see whether it is flat: a day, a week, months of ten years, years of sixty."""
MONEYNESS = np.geomspace(0.2, 5.0, 41)

EQUIVALENT = "the same law of the spot at that time, but not before it"


def from_quantlib(
    source: Any, *, maturity: float | None = None, strike: float | None = None, process: Any = None
) -> GBM | Heston:
    """The model of a QuantLib process or of its Heston model.

    Parameters
    ----------
    source : QuantLib.HestonProcess, HestonModel or GeneralizedBlackScholesProcess
        Also ``BlackScholesProcess``, ``BlackScholesMertonProcess``, ``BlackProcess`` and ``GarmanKohlagenProcess``.
        Numbers are taken as they are now: later changes of quotes or of the calibration are not seen. A local
        volatility that was given to a process beside its Black volatility is not used.
    maturity : float, optional
        Years, > 0, in the time of the curves (their day counter, from their reference date): the zero rate, zero
        dividend yield and volatility to that time. Needed unless they are flat. European options at that time then have
        the same prices; payoffs that look at earlier dates do not see the curves' shape.
    strike : float, optional
        Currency, > 0: where the volatility is read. Needed unless it is the same for all strikes; for `GBM` only.
    process : QuantLib.HestonProcess, optional
        Where the spot and the curves of a ``HestonModel`` are read. Needed only with older bindings, whose models do
        not give their process.

    Returns
    -------
    GBM or Heston

    Raises
    ------
    TypeError
        If `source` is something else, or has jumps (``BatesProcess``, ``BatesModel``).
    ValueError
        If a curve or volatility is not flat and no maturity (or strike) was given, `maturity` or `strike` lies beyond
        what is known, a handle is empty, or a parameter is out of the model's range.

    Examples
    --------
    >>> import QuantLib as ql
    >>> import likelihood_greeks as lg
    >>> today, days = ql.Date(15, 6, 2023), ql.Actual365Fixed()
    >>> spot = ql.QuoteHandle(ql.SimpleQuote(100.0))
    >>> rate = ql.YieldTermStructureHandle(ql.FlatForward(today, 0.03, days))
    >>> volatility = ql.BlackVolTermStructureHandle(ql.BlackConstantVol(today, ql.NullCalendar(), 0.2, days))
    >>> model = lg.from_quantlib(ql.BlackScholesProcess(spot, rate, volatility))
    >>> model.volatility, round(model.rate, 12), model.dividend_yield
    (0.2, 0.03, 0.0)
    """
    time = None if maturity is None else positive("maturity", maturity)
    level = None if strike is None else positive("strike", strike)
    without_jumps(source)
    if process is not None and not (isinstance(source, ql.HestonModel) and isinstance(process, ql.HestonProcess)):
        raise TypeError(f"process must be the HestonProcess of a HestonModel, got {type(process).__name__}")
    try:
        match source:
            case ql.HestonModel():
                return _heston(source, process or process_of(source), time, level)
            case ql.HestonProcess():
                return _heston(ql.HestonModel(source), source, time, level)
            case ql.GeneralizedBlackScholesProcess():
                return _black_scholes(source, time, level)
    except RuntimeError as error:  # QuantLib's own refusals: an empty handle, a curve without a reference date
        refuse("source", "have curves and a spot that can be read", str(error))
    unknown("source", source)


def without_jumps(source: Any) -> None:
    """Refuse a Bates process or model."""
    if isinstance(source, (ql.BatesProcess, ql.BatesModel)):
        raise TypeError(f"source must have no jumps, got {type(source).__name__}")


def unknown(name: str, source: Any) -> NoReturn:
    """Refuse what is neither a process nor a model that is known here."""
    known = "HestonProcess, HestonModel or GeneralizedBlackScholesProcess"
    engine = "; an engine does not show its process" if isinstance(source, ql.PricingEngine) else ""
    raise TypeError(f"{name} must be a QuantLib {known}, got {type(source).__name__}{engine}")


def process_of(model: Any) -> Any:
    """The process of a Heston model."""
    if not hasattr(model, "process"):
        refuse("process", "be given: the HestonModel of this version of QuantLib does not give its own", None)
    return model.process()


def one_clock(*curves: Any) -> None:
    """Refuse curves that measure time differently: one maturity would mean different dates to them.

    A rate of zero is zero by any clock.
    """
    telling = [curve for curve in curves if not hasattr(curve, "zeroRate") or any(_zero_rates(curve))]
    clocks = {(curve.dayCounter().name(), curve.referenceDate().ISO()) for curve in telling}
    if len(clocks) > 1:
        refuse("source", "have curves of one day counter and one reference date", sorted(clocks))


def _zero_rates(curve: Any) -> list[float]:
    return [float(curve.zeroRate(time, ql.Continuous).rate()) for time in _times(curve)]


def _heston(model: Any, process: Any, maturity: float | None, strike: float | None) -> Heston:
    """Parameters of `model` (the process does not show its own), spot and curves of `process`."""
    if strike is not None:
        refuse("strike", "not be given: a Heston model is the same for all strikes", strike)
    one_clock(process.riskFreeRate(), process.dividendYield())
    rate = _rate("rate", process.riskFreeRate(), maturity)
    return heston(model, process, rate, _rate("dividend_yield", process.dividendYield(), maturity))


def heston(model: Any, process: Any, rate: float, dividend_yield: float) -> Heston:
    """The law of `model` from the spot of `process`, with given rates."""
    return Heston(
        spot=process.s0().value(),
        initial_variance=model.v0(),
        mean_reversion=model.kappa(),
        long_run_variance=model.theta(),
        vol_of_vol=model.sigma(),
        correlation=model.rho(),
        rate=rate,
        dividend_yield=dividend_yield,
    )


def _black_scholes(process: Any, maturity: float | None, strike: float | None) -> GBM:
    spot = process.stateVariable().value()
    one_clock(process.riskFreeRate(), process.dividendYield(), process.blackVolatility())
    return GBM(
        spot=spot,
        volatility=_volatility(process.blackVolatility(), spot, maturity, strike),
        rate=_rate("rate", process.riskFreeRate(), maturity),
        dividend_yield=_rate("dividend_yield", process.dividendYield(), maturity),
    )


def _rate(name: str, curve: Any, maturity: float | None) -> float:
    """The continuously compounded zero rate to `maturity`, or to any time if they are all the same."""
    if maturity is not None:
        return read(name, lambda: float(curve.zeroRate(maturity, ql.Continuous).rate()), maturity)
    rates = _zero_rates(curve)
    if not max(rates) - min(rates) <= FLAT:
        refuse(
            name,
            f"be flat, or maturity be given (the zero rate to it is then used: {EQUIVALENT})",
            f"zero rates from {min(rates):.6g} to {max(rates):.6g}",
        )
    return rates[-1]


def _volatility(surface: Any, spot: float, maturity: float | None, strike: float | None) -> float:
    """Black's volatility at `maturity` and `strike`; where one is not given it may not matter."""
    if maturity is not None and strike is not None:
        return read("volatility", lambda: float(surface.blackVol(maturity, strike)), (maturity, strike))
    times: Sequence[float] = _times(surface) if maturity is None else [maturity]
    strikes = strikes_of(surface, spot) if strike is None else [strike]
    table = read(
        "volatility",
        lambda: np.array([surface.blackVol(t, k) for t, k in product(times, strikes)]).reshape(len(times), -1),
        (maturity, strike),
    )
    across = {"maturity": np.ptp(table, axis=0).max(), "strike": np.ptp(table, axis=1).max()}
    if missing := [name for name, spread in across.items() if not spread <= FLAT]:
        refuse(
            "volatility",
            f"be flat, or {' and '.join(missing)} be given (the volatility there is then used)",
            f"volatilities from {table.min():.6g} to {table.max():.6g}",
        )
    return float(table[-1, len(strikes) // 2])


def read(name: str, reader: Callable[[], Any], where: Any) -> Any:
    """What QuantLib knows at a point that the caller named."""
    try:
        return reader()
    except RuntimeError as error:
        raise InvalidValueError(name, f"be known where it is asked for ({error})", where) from error


def _times(curve: Any) -> list[float]:
    """Where to look whether a curve is flat: as far as it is known."""
    last = curve.maxTime()
    return [time for time in YEARS if time < last] + ([last] if last < YEARS[-1] else [])


def strikes_of(surface: Any, spot: float) -> list[float]:
    """Where to look whether a volatility depends on the strike."""
    inner = surface.currentLink()
    return np.clip(spot * MONEYNESS, inner.minStrike(), inner.maxStrike()).tolist()
