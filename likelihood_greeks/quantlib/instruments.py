"""What QuantLib's instruments are: their terms, read where its Python shows them and stated by the caller where not."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np
import QuantLib as ql  # noqa: N813

from .._checks import finite, positive, refuse
from ..payoffs.barrier import Barrier, DoubleBarrier
from ..payoffs.continuous import CONTINUOUS
from ..payoffs.forward_start import ForwardStart
from ..payoffs.path import Lookback
from ..payoffs.protocol import Contract
from .asians import asian
from .contracts import ForwardStarts, RebateAtHit, SeasonedLookback
from .description import Described, Surroundings, Terms
from .early_exercise import early, is_early
from .own_engine import engine_of
from .payoffs import ReadPayoff, european, kind_of, plain, typed, values
from .touches import AT_EXPIRY, is_touch, paid_at_expiry, touch

Stated: TypeAlias = Sequence[Any] | Mapping[str, Any] | None

PLAIN, TOUCH = ("payoff", "exercise"), "OneTouch"
SEASONED = ("averageType", "runningAccumulator", "pastFixings", "fixingDates", *PLAIN)
LISTED = ("averageType", "fixingDates", *PLAIN, "allPastFixings")
ARGUMENTS: dict[str, tuple[str, ...]] = {
    "VanillaOption": PLAIN,
    "EuropeanOption": PLAIN,
    "BarrierOption": ("barrierType", "barrier", "rebate", *PLAIN),
    "DoubleBarrierOption": ("barrierType", "barrier_lo", "barrier_hi", "rebate", *PLAIN),
    "DiscreteAveragingAsianOption": SEASONED,
    "ContinuousFixedLookbackOption": ("currentMinmax", *PLAIN),
    "ContinuousFloatingLookbackOption": ("currentMinmax", *PLAIN),
    "ForwardVanillaOption": ("moneyness", "resetDate", *PLAIN),
    "CliquetOption": ("payoff", "maturity", "resetDates"),
    TOUCH: (*PLAIN, AT_EXPIRY),
}
"""The arguments of QuantLib's constructors, by their names there (a touch: a VanillaOption's, and its exercise's)."""

UNREADABLE = ("ContinuousFloatingLookbackOption", "CliquetOption")
"""Instruments whose payoff has no value at a spot alone."""


# -- terms -----------------------------------------------------------------------------------------------------


def terms_of(instrument: Any, stated: Stated) -> tuple[str, Terms]:
    """The class and all terms of an instrument, what it shows being read and the rest stated.

    Raises
    ------
    TypeError
        If the instrument is of another class.
    ValueError
        If a term is missing, unknown or not the instrument's, or the instrument has expired or is not European.
    """
    name = type(instrument).__name__
    if name not in ARGUMENTS or not isinstance(instrument, ql.Instrument):
        known = ", ".join(other for other in ARGUMENTS if other != TOUCH)
        raise TypeError(f"instrument must be a payoff, or one of QuantLib's {known}; got {name}")
    _verify_exercise(instrument)
    if is_touch(instrument):
        return TOUCH, _of_touch(instrument, stated)
    terms = _by_name(name, stated)
    wanted = _wanted(name, terms)
    if "payoff" not in terms and name not in UNREADABLE:
        terms["payoff"] = typed(instrument.payoff())
    terms.setdefault("exercise", instrument.exercise())
    terms.setdefault("maturity", ql.EuropeanExercise(instrument.exercise().lastDate()))
    missing = [term for term in wanted if term not in terms]
    if missing:
        made = f"ql.{name}({', '.join(wanted)})"
        refuse(
            "terms",
            f"hold {', '.join(missing)}, which QuantLib's Python does not show: a dictionary by these names, or all "
            f"arguments of {made} in their order",
            None if stated is None else sorted(_by_name(name, stated)),
        )
    _verify(instrument, [terms[term] for term in wanted])
    return name, terms


def _of_touch(instrument: Any, stated: Stated) -> Terms:
    """The terms of a touch; when it pays is stated, or found by its engine."""
    terms = _by_name(TOUCH, stated)
    late = paid_at_expiry(instrument)
    given = terms.get(AT_EXPIRY, late)
    if not isinstance(given, bool):
        refuse("terms", f"hold {AT_EXPIRY}, True or False, which QuantLib's Python does not show", given)
    if late is not None and given is not late:
        refuse("terms", f"have the instrument's value by its own engine: {AT_EXPIRY} {late}", given)
    shown = {"payoff": typed(instrument.payoff()), "exercise": instrument.exercise()}
    made = [terms.get(term, shown[term]) for term in PLAIN]
    _verify(ql.VanillaOption(*shown.values()), made)
    return {**shown, AT_EXPIRY: given}


def _by_name(name: str, stated: Stated) -> Terms:
    """What was stated, by names."""
    if stated is None:
        return {}
    seasoned = name == "DiscreteAveragingAsianOption"
    if isinstance(stated, Mapping):
        allowed = {*ARGUMENTS[name], *(LISTED if seasoned else ())}
        if unknown := [term for term in stated if term not in allowed]:
            refuse("terms", f"hold none but {', '.join(sorted(allowed))}", unknown)
        return dict(stated)
    if not isinstance(stated, Sequence) or isinstance(stated, str):
        raise TypeError(f"terms must be a dictionary, or the arguments of ql.{name}, got {stated!r}")
    arguments = ARGUMENTS[name]
    if seasoned and len(stated) > 1 and not isinstance(stated[1], (int, float)):
        arguments, stated = LISTED, [*stated, []] if len(stated) == len(LISTED) - 1 else stated
    if len(stated) != len(arguments):
        refuse("terms", f"be the arguments of ql.{name}, {', '.join(arguments)}", _words(stated))
    return dict(zip(arguments, stated, strict=True))


def _words(arguments: Sequence[Any]) -> list[Any]:
    """Arguments as a message shows them: numbers and words as they are, of objects the class."""
    return [x if isinstance(x, (int, float, str)) else type(x).__name__ for x in arguments]


def _wanted(name: str, terms: Terms) -> tuple[str, ...]:
    return LISTED if "allPastFixings" in terms else ARGUMENTS[name]


def _verify_exercise(instrument: Any) -> None:
    exercise = instrument.exercise()
    if exercise.type() != ql.Exercise.European and not (is_touch(instrument) or is_early(instrument)):
        kinds = {ql.Exercise.American: "American", ql.Exercise.Bermudan: "Bermudan"}
        refuse(
            "exercise",
            "be European (early exercise is here for plain VanillaOptions, and for cash or nothing, a touch)",
            kinds.get(exercise.type(), exercise),
        )
    if instrument.isExpired():
        today = ql.Settings.instance().evaluationDate
        refuse("exercise", f"lie after the evaluation date {today.ISO()}", exercise.lastDate().ISO())


def _verify(instrument: Any, arguments: list[Any]) -> None:
    """Refuse terms that make another instrument: other values of the payoff, dates, or value with the same engine."""
    try:
        made = type(instrument)(*arguments)
    except (TypeError, NotImplementedError, RuntimeError) as error:
        text = str(error).splitlines()[0]
        refuse("terms", f"make a ql.{type(instrument).__name__} (QuantLib: {text})", _words(arguments))
    if list(made.exercise().dates()) != list(instrument.exercise().dates()):
        refuse("terms", f"have the instrument's expiry, {instrument.exercise().lastDate().ISO()}", "another")
    if _shown(made) != _shown(instrument):
        refuse("terms", "have the instrument's payoff", "one with other values")
    engine = engine_of(instrument)
    if engine is None:
        return
    try:
        theirs, again = instrument.NPV(), _value(made, engine)
        if not np.isclose(theirs, again, rtol=1e-9) and again == _value(type(instrument)(*arguments), engine):
            refuse("terms", f"have the instrument's value by its own engine, {theirs:.10g}", again)
    except RuntimeError:  # an engine that does not price it says nothing about the terms
        return


def _value(instrument: Any, engine: Any) -> float:
    instrument.setPricingEngine(engine)
    return float(instrument.NPV())


def _shown(instrument: Any) -> list[float] | None:
    """Values of the payoff over ten decades, as far as it has any."""
    try:
        return values(instrument.payoff(), np.geomspace(1e-4, 1e6, 997))
    except RuntimeError:
        return None


# -- instruments -----------------------------------------------------------------------------------------------


def described(name: str, terms: Terms, around: Surroundings) -> Described:
    """An instrument of known terms in those of this library.

    Raises
    ------
    ValueError
        If a term cannot be honoured.
    """
    return READERS[name](terms, around)


def _vanilla(terms: Terms, around: Surroundings) -> Described:
    if terms["exercise"].type() != ql.Exercise.European:
        return early(terms, around)
    read = european(terms["payoff"])
    return Described([terms["exercise"].lastDate()], lambda times, _: read.at(times[0]), read.strike)


BARRIERS = {
    ql.Barrier.DownIn: ("down", "in"),
    ql.Barrier.UpIn: ("up", "in"),
    ql.Barrier.DownOut: ("down", "out"),
    ql.Barrier.UpOut: ("up", "out"),
}
DOUBLE_BARRIERS = {ql.DoubleBarrier.KnockIn: "in", ql.DoubleBarrier.KnockOut: "out"}


def _barrier(terms: Terms, around: Surroundings) -> Described:
    direction, knock = BARRIERS[terms["barrierType"]]
    level, read = positive("barrier", terms["barrier"]), european(terms["payoff"])
    up = direction == "up"
    if not (level > around.spot if up else level < around.spot):
        refuse("barrier", f"be {'above' if up else 'below'} the spot {around.spot:g}: it has been touched", level)

    def made(times: Any, maturity: float, shift: float, rebate: float) -> Barrier:
        moved = level * np.exp(-shift if up else shift)
        return Barrier(read.at(maturity), moved, direction, knock, times, rebate)  # type: ignore[arg-type]

    return _knocked(terms, around, read, knock, made)


def _double_barrier(terms: Terms, around: Surroundings) -> Described:
    if terms["barrierType"] not in DOUBLE_BARRIERS:
        refuse("barrierType", "be DoubleBarrier.KnockIn or KnockOut: mixed ones are not here", terms["barrierType"])
    knock, read = DOUBLE_BARRIERS[terms["barrierType"]], european(terms["payoff"])
    lower, upper = (positive(name, terms[name]) for name in ("barrier_lo", "barrier_hi"))
    if not lower < around.spot < upper:
        refuse(
            "barrier_lo, barrier_hi", f"be on both sides of the spot {around.spot:g}: one was touched", (lower, upper)
        )

    def made(times: Any, maturity: float, shift: float, rebate: float) -> DoubleBarrier:
        moved = lower * np.exp(shift), upper * np.exp(-shift)
        return DoubleBarrier(read.at(maturity), *moved, knock, times, rebate)  # type: ignore[arg-type]

    return _knocked(terms, around, read, knock, made)


def _knocked(
    terms: Terms, around: Surroundings, read: ReadPayoff, knock: str, made: Callable[..., Barrier | DoubleBarrier]
) -> Described:
    """A barrier of either kind. The rebate is QuantLib's: of a knock-out when hit, of a knock-in at expiry."""
    rebate, expiry = finite("rebate", terms["rebate"]), terms["exercise"].lastDate()
    watched, remark = around.observed(expiry, and_expiry=False)
    dates = watched if watched[-1] == expiry else [*watched, expiry]
    remarks = [remark]
    if rebate:
        remarks.append(f"the rebate is paid {'when the barrier is hit' if knock == 'out' else 'at expiry'}")

    def contract(times: tuple[float, ...], shift: float) -> Contract:
        live = CONTINUOUS if around.continuous else times[: len(watched)]
        if rebate and knock == "out":
            return RebateAtHit(made(live, times[-1], shift, 0.0), rebate)
        return made(live, times[-1], shift, rebate)

    return Described(dates, contract, read.strike, tuple(remarks), watched=True, barriers=True)


def _lookback(terms: Terms, around: Surroundings, floating: bool) -> Described:
    if floating:
        if not isinstance(terms["payoff"], ql.FloatingTypePayoff):
            refuse("payoff", "be a FloatingTypePayoff", type(terms["payoff"]).__name__)
        kind, strike = kind_of(terms["payoff"].optionType()), None
    else:
        line = plain(terms["payoff"])
        kind, strike = line.kind, line.strike
    extreme = positive("currentMinmax", terms["currentMinmax"])
    lowest = (kind == "call") == floating
    if not (extreme <= around.spot if lowest else extreme >= around.spot):
        which = "lowest spot so far, at most" if lowest else "highest spot so far, at least"
        refuse("currentMinmax", f"be the {which} {around.spot:g}", extreme)
    dates, remark = around.observed(terms["exercise"].lastDate(), and_expiry=True)

    def contract(times: tuple[float, ...], _: float) -> Contract:
        if around.continuous:
            return Lookback(times, kind, strike, so_far=extreme, continuous=True)
        return SeasonedLookback(times, kind, extreme, strike)

    return Described(dates, contract, strike, (remark,), watched=True)


def _forward(terms: Terms, around: Surroundings) -> Described:
    today, reset = ql.Settings.instance().evaluationDate, terms["resetDate"]
    expiry, moneyness = terms["exercise"].lastDate(), positive("moneyness", terms["moneyness"])
    plain = ql.as_plain_vanilla_payoff(terms["payoff"])
    if plain is None:
        refuse("payoff", "be a PlainVanillaPayoff", type(terms["payoff"]).__name__)
    if not today < reset < expiry:
        refuse("resetDate", f"lie between {today.ISO()} and {expiry.ISO()}", reset.ISO())
    kind = kind_of(plain.optionType())
    remark = "pays in currency, as ForwardEuropeanEngine has it (a performance is another payoff)"
    strike = moneyness * around.spot
    return Described(
        [reset, expiry], lambda times, _: ForwardStart(times[0], times[1], kind, moneyness), strike, (remark,)
    )


def _cliquet(terms: Terms, around: Surroundings) -> Described:
    today, expiry, resets = ql.Settings.instance().evaluationDate, terms["maturity"].lastDate(), terms["resetDates"]
    if not isinstance(terms["payoff"], ql.PercentageStrikePayoff):
        refuse("payoff", "be a PercentageStrikePayoff", type(terms["payoff"]).__name__)
    kind, moneyness = kind_of(terms["payoff"].optionType()), positive("moneyness", terms["payoff"].strike())
    dates = [*resets, expiry]
    if not (resets and all(a < b for a, b in pairwise([today, *dates]))):
        refuse("resetDates", f"increase between {today.ISO()} and {expiry.ISO()}", [day.ISO() for day in resets])
    remark = "every period pays in currency when it ends, as AnalyticCliquetEngine has it"
    strike = moneyness * around.spot
    return Described(dates, lambda times, _: ForwardStarts(times, moneyness, kind), strike, (remark,))


READERS: dict[str, Callable[[Terms, Surroundings], Described]] = {
    TOUCH: touch,
    "VanillaOption": _vanilla,
    "EuropeanOption": _vanilla,
    "BarrierOption": _barrier,
    "DoubleBarrierOption": _double_barrier,
    "DiscreteAveragingAsianOption": asian,
    "ContinuousFixedLookbackOption": partial(_lookback, floating=False),
    "ContinuousFloatingLookbackOption": partial(_lookback, floating=True),
    "ForwardVanillaOption": _forward,
    "CliquetOption": _cliquet,
}
