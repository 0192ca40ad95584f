"""Average price options. A fixing of the evaluation date is open, as QuantLib has it: the spot, which moves with it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any, final

import numpy as np
import QuantLib as ql  # noqa: N813

from .._checks import positive, refuse
from ..engine.open_fixing import STILL, of_average
from ..payoffs.protocol import Contract
from ..payoffs.seasoned import KnownCashFlow
from .contracts import SeasonedAsian
from .description import Described, Surroundings, Terms
from .payoffs import ReadPayoff, plain

AVERAGES = {ql.Average.Arithmetic: "arithmetic", ql.Average.Geometric: "geometric"}


@final
@dataclass(frozen=True, slots=True)
class Made:
    """Fixings that are made.

    Parameters
    ----------
    average : {"arithmetic", "geometric"}
    known : float
        Their sum (geometric: their product).
    count : int
        How many they are.
    """

    average: str
    known: float
    count: int

    def with_one(self, fixing: float) -> Made:
        """The same and one more."""
        known = self.known + fixing if self.average == "arithmetic" else self.known * fixing
        return Made(self.average, known, self.count + 1)

    @property
    def alike(self) -> list[float]:
        """As many equal fixings of the same sum or product."""
        if not self.count:
            return []
        one = self.known / self.count if self.average == "arithmetic" else self.known ** (1.0 / self.count)
        return [one] * self.count


def asian(terms: Terms, around: Surroundings) -> Described:
    """An average price option, some of whose fixings may be made."""
    today, expiry = ql.Settings.instance().evaluationDate, terms["exercise"].lastDate()
    line, fixings = plain(terms["payoff"]), list(terms["fixingDates"])
    average = AVERAGES[terms["averageType"]]
    if not fixings or not all(a < b for a, b in pairwise(fixings)) or fixings[-1] > expiry:
        refuse("fixingDates", f"increase and not go beyond expiry, {expiry.ISO()}", [day.ISO() for day in fixings])
    before, is_open = sum(day < today for day in fixings), today in fixings
    made = _past(terms, average, before, is_open)
    past = f", {made.count} more being known" if made.count else ""
    made = made.with_one(around.spot) if is_open else made
    ahead = [day for day in fixings if day > today]
    remark = f"{average} average price over {len(ahead)} fixings{past}"
    open_today = "today's fixing is open, as QuantLib counts it: it is the spot, and moves with it"
    if stated := [*terms.get("allPastFixings", ())][before:]:
        open_today += f" (the one stated, {stated[0]:g}, is not used)"
    remarks = (remark, *([open_today] if is_open else []))
    if not ahead:
        return _all_made(made, around.spot if is_open else None, line, expiry, remarks)
    total, last, moving = made.count + len(ahead), ahead[-1] == expiry, STILL
    if is_open:
        rule = of_average(average, line.strike, made.alike, total, around.spot)
        moving = rule or refuse("payoff", "have a strike that the fixings so far do not make up", line.strike)

    def contract(times: tuple[float, ...], _: float) -> Contract:
        return SeasonedAsian(line.strike, times, line.kind, average, made.known, made.count, last)  # type: ignore[arg-type]

    return Described(ahead if last else [*ahead, expiry], contract, line.strike, remarks, moving=moving)


def _all_made(
    made: Made, open_spot: float | None, line: ReadPayoff, expiry: Any, remarks: tuple[str, ...]
) -> Described:
    """An option with no fixing to come: an amount paid at expiry, which moves with the open fixing if there is one."""
    mean = made.alike[0]
    amount = mean - line.strike if line.kind == "call" else line.strike - mean
    if open_spot is not None and amount == 0.0:
        refuse("payoff", "have a strike that is not the average, which today's open fixing moves across it", mean)
    per_spot = 0.0
    if open_spot is not None and amount > 0.0:
        share = 1.0 if made.average == "arithmetic" else mean / open_spot
        per_spot = (share if line.kind == "call" else -share) / made.count
    paid = max(amount, 0.0)
    return Described([expiry], lambda times, _: KnownCashFlow(paid, times[-1], per_spot), line.strike, remarks)


def _past(terms: Terms, average: str, before: int, is_open: bool) -> Made:
    """What is made before the evaluation date; `before` of the dates are earlier, and one may be that date."""
    today, neutral = ql.Settings.instance().evaluationDate, float(average == "geometric")
    if "runningAccumulator" not in terms:
        fixings = [positive("allPastFixings", fixing) for fixing in terms.get("allPastFixings", ())]
        if not before <= len(fixings) <= before + is_open:
            refuse("allPastFixings", f"hold the {before} fixings before {today.ISO()}", fixings)
        used = fixings[:before]  # QuantLib does not use one of today
        return Made(average, float(np.sum(used) if average == "arithmetic" else np.prod(used)), before)
    if before:
        refuse("fixingDates", f"not lie before {today.ISO()}: these are runningAccumulator and pastFixings", before)
    known, count = terms["runningAccumulator"], terms["pastFixings"]
    if count == 0:
        if known not in (neutral, 0.0):
            refuse("runningAccumulator", f"be {neutral:g} where there are no past fixings", known)
        return Made(average, neutral, 0)
    return Made(average, positive("runningAccumulator", known), int(count))
