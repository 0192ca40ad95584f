"""Contracts of the user's own in a book, tried before anything is computed; and what they may raise later on."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from .._checks import InvalidValueError, refuse
from ..estimators.likelihood_ratio import simulated
from ..estimators.watched import given_dates
from ..models.capabilities import assets_of, without_dividends
from ..models.protocol import observed
from ..payoffs.protocol import Contract
from ..payoffs.separate import of_users_own, verify_separate
from ..streams.chunks import Chunk
from .calendars import DAYS_PER_YEAR
from .failures import reason_of

TRIAL = Chunk(0, 0, 64, pilot=True)
"""Draws on which one is tried."""


def tried(model: Any, payoff: Contract, today: date) -> Contract:
    """A contract; if it is the user's own, refused unless it gives every path a cash flow of its own.

    Raises
    ------
    ValueError
        If it mixes paths, or raises anything, naming what; or is watched at all times, and the law does not know it.
    """
    try:
        drawn = given_dates(payoff, model)
    except (TypeError, ValueError) as error:
        if isinstance(error, InvalidValueError) and error.name == "dividends":
            if assets_of(model):
                raise
            day = today + timedelta(days=round(DAYS_PER_YEAR * model.first_ex_date))
            why = f"a cash dividend on {day} comes before the end (a dividend yield may)"
            refuse("frequency", f"hold dates or daily: {why}", "continuous")
        refuse("frequency", f"hold dates or daily ({error})", "continuous")
    if len(payoff.times) and of_users_own(payoff):
        try:
            verify_separate(drawn, observed(simulated(without_dividends(model), drawn.times, TRIAL)))
        except Exception as error:  # whatever the user's own code raises
            refuse("payoff", "give finite payments and Greeks", reason_of(error))
    return payoff
