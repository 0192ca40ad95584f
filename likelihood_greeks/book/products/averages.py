"""Options on averages and extremes of the observed spots."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from ..._checks import refuse
from ...engine.open_fixing import STILL, Moving, of_average
from ...payoffs.path import Asian, Lookback
from ...payoffs.protocol import Contract
from ..cells import NUMBER, PRICE, TERM, WORD, Column, word
from . import early
from .history import History, Terms
from .product import Conduct, Entry, Observations, Product, as_before, give, on_frequency, remembering

_MEANS = ("arithmetic", "geometric")
COLUMNS = (
    Column("average", TERM, WORD, ", ".join(_MEANS), "mean of the dates; arithmetic if blank", partial(word, _MEANS),
           harmless=("arithmetic",)),
    Column("so_far", TERM, NUMBER, "> 0, in currency", "highest or lowest spot up to `watched_to`, of a lookback "
           "that is watched at all times", PRICE),
)  # fmt: skip


def _average(history: History, spot: float, seen: Sequence[float]) -> Moving:
    """How an average moves with the last observation."""
    terms = history.terms
    found = of_average(terms.get("average", "arithmetic"), terms.get("strike"), seen, len(history.days), spot)
    if found is None:
        give(history, "the fixings so far make up all of the strike")
    return found


def _dates(entry: Entry, terms: Terms) -> Observations | None:
    """The dates of an average, and those on which it may be exercised, kept among the terms."""
    found = on_frequency(entry, terms)
    early.read(entry, terms, early.EXERCISED)
    return found


def _averaged(history: History, spot: float) -> tuple[Contract, str]:
    """What is left of an average, with the right to exercise it on the dates to come."""
    if (gone := early.exercised(history, spot)) is not None:
        return gone
    return early.ended(history, as_before(history, spot))


def _highest(history: History) -> bool:
    """Whether the extreme that counts is the highest."""
    return (history.terms["option"] == "call") == ("strike" in history.terms)


def _left(history: History, spot: float) -> tuple[Contract, str]:
    """A lookback remembers the extreme that counts."""
    if history.watch is not None:
        best = history.watch.so_far(_highest(history), history.terms.get("so_far"))
        if best is None:
            return remembering(history, spot, ())
        contract, line = remembering(replace(history, terms={**history.terms, "so_far": best}), spot, ())
        return contract, line or f"the extreme is {best:g} so far"
    if "so_far" in history.terms:
        refuse("so_far", "be blank: fixings say it of a trade that is watched on dates", history.terms["so_far"])
    seen = tuple(history.seen(spot).values())
    extreme = max if _highest(history) else min
    return remembering(history, spot, (extreme(seen),) if seen else ())


def _extreme(history: History, spot: float, seen: Sequence[float]) -> Moving:
    """How an extreme moves with the last observation."""
    strike, highest = history.terms.get("strike"), _highest(history)
    others = [*seen[:-1], *([] if strike is None else [strike])]
    beyond = [other for other in others if (other >= spot if highest else other <= spot)]
    if spot in beyond:
        give(history, "today's spot equals an extreme, or the strike")
    if beyond:
        return STILL
    if strike is not None:
        give(history, "today's spot is a new extreme beyond the strike")
    return Moving((0.0, 1.0 / spot), (0.0, 0.0, 0.0))


_KIND = {"option": "kind"}
PRODUCTS = {
    "asian": Product(
        partial(Asian, strike=None), ("option", "frequency", "strike"),
        ("average", early.EXERCISED),
        "an option on the average of the dates, or, floating, with it as its strike", ("call", "put"), _KIND,
        floats=True, conduct=Conduct(dates=_dates, left=_averaged, moving=_average, as_paid=early.as_paid),
    ),
    "lookback": Product(
        Lookback, ("option", "frequency", "strike"), ("so_far",),
        "an option on the highest or lowest spot of the dates, or, floating, with it as its strike", ("call", "put"),
        _KIND, floats=True, conduct=Conduct(left=_left, moving=_extreme), continuous=True,
    ),
}  # fmt: skip
