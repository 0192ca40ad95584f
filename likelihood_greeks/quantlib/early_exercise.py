"""Plain options with American or Bermudan exercise: on dates, by the best rule."""

from __future__ import annotations

from typing import Any

import QuantLib as ql  # noqa: N813

from .._checks import refuse
from ..payoffs.european import Call, Put
from ..payoffs.exercise import Bermudan
from .description import Described, Surroundings, Terms
from .payoffs import european

DENSE = 100  # dates at most of a grid that stands for any time


def is_early(instrument: Any) -> bool:
    """Whether an instrument is a plain option that may be exercised early."""
    early = instrument.exercise().type() in (ql.Exercise.American, ql.Exercise.Bermudan)
    return early and type(instrument).__name__ == "VanillaOption" and _plain(instrument.payoff())


def _plain(payoff: Any) -> bool:
    if ql.as_plain_vanilla_payoff(payoff) is not None:
        return True
    return isinstance(european(payoff).at(1.0), (Call, Put))


def early(terms: Terms, around: Surroundings) -> Described:
    """The option on its exercise dates after today; of an American one on a grid of dates."""
    exercise, read = terms["exercise"], european(terms["payoff"])
    american = exercise.type() == ql.Exercise.American
    dates, remark = _grid(exercise, around) if american else _dates(exercise)

    def contract(times: tuple[float, ...], shift: float) -> Bermudan:
        option = read.at(times[-1])
        assert isinstance(option, (Call, Put))
        return Bermudan(option, times)

    return Described(dates, contract, read.strike, (remark,), watched=american)


def _dates(exercise: Any) -> tuple[list[Any], str]:
    """The dates of a Bermudan exercise that are to come."""
    today = ql.Settings.instance().evaluationDate
    found = [day for day in exercise.dates() if day > today]
    return found, f"exercised on {len(found)} dates by the best rule"


def _grid(exercise: Any, around: Surroundings) -> tuple[list[Any], str]:
    """The dates of the monitoring within an American exercise; without one, evenly spaced days."""
    today, expiry = ql.Settings.instance().evaluationDate, exercise.lastDate()
    first = max(exercise.dates()[0], today + 1)
    if around.monitoring is not None:
        found = [day for day in around.observed(expiry, and_expiry=True)[0] if day >= first]
    elif around.calendar is not None:
        refuse("calendar", "not be given without monitoring", around.calendar)
    else:
        apart = -(-(expiry - first + 1) // DENSE)
        found = [expiry - apart * k for k in range((expiry - first) // apart + 1)][::-1]
    return (
        found,
        f"exercised on {len(found)} dates by the best rule, not at any time: worth a little less than in QuantLib",
    )
