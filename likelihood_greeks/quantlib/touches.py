"""One-touches: QuantLib writes them as American cash-or-nothing options, which nobody would hold once they pay."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import QuantLib as ql  # noqa: N813

from .._checks import refuse
from ..payoffs.barrier import Barrier
from ..payoffs.european import DigitalCall, DigitalPut
from ..payoffs.protocol import Contract
from ..payoffs.touch import OneTouch
from .contracts import RebateAtHit
from .description import Described, Surroundings, Terms
from .own_engine import engine_of
from .payoffs import european, typed

AT_EXPIRY = "payoffAtExpiry"
NEVER = 1e-6  # of the level: a spot that is not reached


def is_touch(instrument: Any) -> bool:
    """Whether an instrument is an American option that pays cash or nothing."""
    if type(instrument).__name__ != "VanillaOption" or instrument.exercise().type() != ql.Exercise.American:
        return False
    if ql.as_plain_vanilla_payoff(instrument.payoff()) is not None:
        return False
    return isinstance(european(instrument.payoff()).at(1.0), (DigitalCall, DigitalPut))


def paid_at_expiry(instrument: Any) -> bool | None:
    """Whether a touch is paid at expiry, which only the value by its engine shows; None if that does not."""
    engine = engine_of(instrument)
    if engine is None:
        return None
    days = list(instrument.exercise().dates())
    try:
        theirs, told = instrument.NPV(), []
        for late in (False, True):
            made = ql.VanillaOption(typed(instrument.payoff()), ql.AmericanExercise(days[0], days[-1], late))
            made.setPricingEngine(engine)
            if np.isclose(theirs, made.NPV(), rtol=1e-12):
                told.append(late)
    except RuntimeError:  # an engine that does not price one of the two
        return None
    return told[0] if len(told) == 1 else None


def touch(terms: Terms, around: Surroundings) -> Described:
    """The touch of a level on the monitoring dates from the first exercise date on."""
    read, exercise = european(terms["payoff"]), terms["exercise"]
    digital = read.at(1.0)
    assert isinstance(digital, (DigitalCall, DigitalPut))
    up, level, cash, late = read.kind == "call", read.strike, digital.cash, bool(terms[AT_EXPIRY])
    if not (level > around.spot if up else level < around.spot):
        refuse("payoff", f"have a strike {'above' if up else 'below'} the spot {around.spot:g}: it was touched", level)
    first, expiry = exercise.dates()[0], exercise.lastDate()
    watched, remark = around.observed(expiry, and_expiry=False)
    if around.continuous and first > ql.Settings.instance().evaluationDate:
        refuse("monitoring", f"be given: the first exercise date, {first.ISO()}, is still ahead", None)
    watched = [day for day in watched if day >= first]
    if not watched:
        refuse("monitoring", f"hold dates from the first exercise date {first.ISO()} on", None)
    dates = watched if watched[-1] == expiry else [*watched, expiry]
    when = "at expiry" if late else "when the level is touched"

    def contract(times: tuple[float, ...], shift: float) -> Contract:
        moved = level * float(np.exp(-shift if up else shift))
        live, end = times[: len(watched)], times[-1]
        direction: Literal["up", "down"] = "up" if up else "down"
        if around.continuous:
            return OneTouch(level, direction, end, cash, times[-1:], "end" if late else "hit", continuous=True)
        if late:
            return Barrier(DigitalCall(NEVER * level, end, cash), moved, direction, "in", live)
        return RebateAtHit(Barrier(DigitalPut(NEVER * level, end), moved, direction, "out", live), cash)

    remarks = (remark, f"a one-touch of {level:g}: {cash:g} is paid {when}")
    return Described(dates, contract, level, remarks, watched=True, barriers=True)
