"""Greeks of QuantLib instruments under QuantLib processes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, TypeVar, final

import numpy as np

from .._checks import flag, positive, refuse
from ..engine import greeks as engine
from ..engine.open_fixing import STILL, Moving
from ..estimators.watched import given_dates
from ..models.gbm import GBM
from ..models.heston.law import Heston
from ..models.term_structure import TermStructureGBM
from ..parameters import Greek
from ..payoffs.protocol import Contract
from ..result import Result
from .curves import law_of, spot_of
from .description import Surroundings
from .instruments import Stated, described, terms_of
from .own_engine import beside

T = TypeVar("T")
CORRECTION = 0.5825971579390107
"""-zeta(1/2) / sqrt(2 pi): Broadie, Glasserman and Kou (1997), equation (1.1)."""


@final
@dataclass(frozen=True, slots=True)
class Reading:
    """A QuantLib instrument and process in the terms of this library: what `greeks` works with.

    Attributes
    ----------
    model : GBM, TermStructureGBM or Heston
    payoff : Contract
        Under `model`: for `Heston` on curves that are not flat, on scaled spots.
    remarks : tuple of str
        What was done to get them.
    watched : bool
        Whether QuantLib's instrument is observed at all times and not on dates.
    moving : Moving
        How the instrument's Greeks in the spot follow from those of `payoff`, which remembers a fixing of today.
    """

    model: GBM | TermStructureGBM | Heston
    payoff: Contract
    remarks: tuple[str, ...]
    watched: bool = False
    moving: Moving = STILL


def greeks(
    instrument: Any,
    process: Any,
    greeks: Iterable[Greek] | None = None,
    *,
    terms: Stated = None,
    monitoring: Any = None,
    calendar: Any = None,
    volatility_strike: float | None = None,
    continuity_correction: bool = False,
    dividends: Iterable[Any] | None = None,
    **options: Any,
) -> Result:
    """Greeks of a QuantLib instrument, or of a payoff of this library, under a QuantLib process.

    Parameters
    ----------
    instrument : QuantLib instrument or Contract
        A ``VanillaOption``, ``BarrierOption``, ``DoubleBarrierOption``, ``DiscreteAveragingAsianOption``,
        ``ContinuousFixedLookbackOption``, ``ContinuousFloatingLookbackOption``, ``ForwardVanillaOption`` or
        ``CliquetOption`` with European exercise; a plain ``VanillaOption`` with ``BermudanExercise`` or, on a grid of
        dates, ``AmericanExercise``; or a one-touch (one that pays cash or nothing, with ``AmericanExercise``). If it
        has an engine, that engine's value is compared with the price here. Or any payoff, its times being years by the
        clock of the curves.
    process : QuantLib.GeneralizedBlackScholesProcess, HestonProcess or HestonModel
        Its curves are honoured at every date of the payoff.
    greeks : iterable of str or pair of str, optional
        As for `likelihood_greeks.greeks`. Under curves that are not flat rho, dividend rho and vega are the
        sensitivities to parallel shifts of zero rates, zero dividend yields and Black volatilities.
    terms : mapping or sequence, optional
        What QuantLib's Python does not show of an instrument (all but payoff and exercise), by the names of its
        constructor, such as ``{"barrierType": ql.Barrier.DownOut, "barrier": 85.0, "rebate": 0.0}``; or all arguments
        of the constructor, in their order. They are checked against what the instrument shows, and against its value if
        it has an engine.
    monitoring : {"daily", "weekly", "monthly"}, iterable of QuantLib.Date or QuantLib.Schedule, optional
        For barriers, touches and lookbacks: when the spot is observed. Default: continuously, as by QuantLib, under
        Black–Scholes without cash dividends before the end; needed elsewhere.
    calendar : QuantLib.Calendar, optional
        Whose business days the words mean; needed with them.
    volatility_strike : float, optional
        Currency: where a volatility that depends on the strike is read. Default: the strike of the instrument, or
        moneyness times spot; needed where there is none.
    continuity_correction : bool
        Move barriers towards the spot so that observing them on the dates has about the value of observing them
        continuously [1]_. An approximation, and the only one here; its shift is not differentiated. Without
        `monitoring` they are, exactly.
    dividends : DividendSchedule, or iterable of FixedDividend or of (Date, float), optional
        Cash dividends, which QuantLib gives to engines and these do not show: ex-dates and amounts, in the model
        ``Spot`` (see `GBM`), beside the process's yield. Under Black–Scholes only. Their Greeks are ``"dividend[0]"``,
        ``"dividend[1]"``, ..., in the order of the dates after the reference date.
    **options
        ``paths``, ``seed``, ``controls`` and all others of `likelihood_greeks.greeks`.

    Returns
    -------
    Result
        ``diagnostics.remarks`` say what was done: dates, curves, where a smile was read, shifted barriers; and first,
        if the instrument's own engine has another price beyond the errors of both, what that engine may know.

    Raises
    ------
    TypeError
        If the instrument or process is of a class that is not supported.
    ValueError
        If a term is missing, is not the instrument's, or cannot be honoured.

    References
    ----------
    .. [1] M. Broadie, P. Glasserman and S. Kou, "A continuity correction for discrete barrier options", *Mathematical
       Finance* 7 (1997), 325-349, theorem 1.1.

    Examples
    --------
    >>> import QuantLib as ql
    >>> import likelihood_greeks as lg
    >>> today, days = ql.Date(15, 6, 2023), ql.Actual365Fixed()
    >>> ql.Settings.instance().evaluationDate = today
    >>> process = ql.BlackScholesProcess(
    ...     ql.QuoteHandle(ql.SimpleQuote(100.0)),
    ...     ql.YieldTermStructureHandle(ql.FlatForward(today, 0.03, days)),
    ...     ql.BlackVolTermStructureHandle(ql.BlackConstantVol(today, ql.TARGET(), 0.2, days)),
    ... )
    >>> call, expiry = ql.PlainVanillaPayoff(ql.Option.Call, 100.0), ql.EuropeanExercise(today + 365)
    >>> terms = ql.Barrier.DownOut, 85.0, 0.0, call, expiry
    >>> result = lg.quantlib.greeks(
    ...     ql.BarrierOption(*terms), process, ["delta"], terms=terms, monitoring="monthly", calendar=ql.TARGET(),
    ...     paths=20_000, seed=1,
    ... )  # fmt: skip
    >>> abs(result["delta"].z_score(0.6276)) < 4.0
    True
    >>> result.diagnostics.remarks[0]
    'observed on 12 dates (monthly, TARGET), not continuously as in QuantLib'
    """
    found = read(
        instrument,
        process,
        terms=terms,
        monitoring=monitoring,
        calendar=calendar,
        volatility_strike=volatility_strike,
        continuity_correction=continuity_correction,
        dividends=dividends,
    )
    law, payoff, wanted = engine.asked(found.model, found.payoff, greeks)
    moved = {label: found.moving.of(combination) for label, combination in wanted.items()}
    result = engine.of_combinations(law, payoff, moved, **options)
    compared = (
        () if instrument is found.payoff else beside(instrument, result["price"], found.model.spot, found.watched)
    )
    remarks = (*compared, *found.remarks, *result.diagnostics.remarks)
    return replace(result, diagnostics=replace(result.diagnostics, remarks=remarks))


def read(
    instrument: Any,
    process: Any,
    *,
    terms: Stated = None,
    monitoring: Any = None,
    calendar: Any = None,
    volatility_strike: float | None = None,
    continuity_correction: bool = False,
    dividends: Iterable[Any] | None = None,
) -> Reading:
    """The model and the payoff that `greeks` works with; parameters as there."""
    flag("continuity_correction", continuity_correction)
    around = Surroundings(monitoring, calendar, _known(lambda: spot_of(process)))
    strike = None if volatility_strike is None else positive("volatility_strike", volatility_strike)
    if isinstance(instrument, Contract) and not isinstance(instrument, type):
        _refuse_terms(terms, around, continuity_correction)
        law = _known(lambda: law_of(process, instrument.times, strike, dividends=dividends))
        return Reading(law.model, instrument, law.remarks)
    name, stated = terms_of(instrument, terms)
    deal = described(name, stated, around)
    if not deal.watched and (monitoring is not None or calendar is not None):
        refuse("monitoring, calendar", f"not be given: a {name} has its own dates", (monitoring, calendar))
    if continuity_correction and not deal.barriers:
        refuse("continuity_correction", f"be False: a {name} has no barrier", continuity_correction)
    if continuity_correction and around.continuous:
        refuse("continuity_correction", "be False without monitoring: it is observed continuously, exactly", True)
    law = _known(lambda: law_of(process, deal.dates, strike, deal.strike, dividends))
    shift = CORRECTION * law.deviation / float(np.sqrt(len(law.times))) if continuity_correction else 0.0
    moved = f"barriers are moved towards the spot by {np.expm1(shift):.4%}: about as if observed continuously"
    remarks = (*deal.remarks, *([moved] if shift else []), *law.remarks)
    payoff = deal.contract(law.times, shift)
    if deal.watched and around.continuous:
        _verify_bridge(payoff, law.model)
    return Reading(law.model, payoff, remarks, deal.watched and not around.continuous, deal.moving)


def _verify_bridge(payoff: Contract, model: Any) -> None:
    """Refuse to observe continuously under a law that does not know what happens between dates."""
    try:
        given_dates(payoff, model)
    except (TypeError, ValueError) as error:
        refuse("monitoring", f"be given: 'daily', 'weekly', 'monthly', dates or a Schedule ({error})", None)


def _known(reader: Callable[[], T]) -> T:
    """What a process says; QuantLib's own refusals are of an empty handle or a curve without a reference date."""
    try:
        return reader()
    except RuntimeError as error:
        refuse("process", "have curves and a spot that can be read", str(error))


def _refuse_terms(terms: Stated, around: Surroundings, continuity_correction: bool) -> None:
    """A payoff of this library has all its terms."""
    given = {"terms": terms, "monitoring": around.monitoring, "calendar": around.calendar}
    for name, value in {**given, "continuity_correction": continuity_correction or None}.items():
        if value is not None:
            refuse(name, "not be given with a payoff, which has all its terms", value)
