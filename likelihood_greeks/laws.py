"""Which law an estimate is made with, and where changes of what is beneath its spots are handed to the measure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from ._checks import non_negative, one_of, refuse
from .models.moves import LIKELIHOOD_RATIO, Movable
from .models.protocol import KnowsTerminal, PathModel

HandOver: TypeAlias = str | float
"""``"auto"``, ``"flow"``, ``"score"``, or a rate per year."""

NAMED = {"flow": 0.0, "score": LIKELIHOOD_RATIO}


def chosen_law(model: PathModel, times: Sequence[float], handover: HandOver, controls: str) -> tuple[PathModel, float]:
    """The law, and the rate at which changes of what is beneath its spots are handed to the measure.

    Left to itself, a European payoff gets the law of its date alone, if the model knows it. On paths the rate is the
    model's best guess, or, without controls, infinite: the plain likelihood ratio.

    Raises
    ------
    ValueError
        If `handover` is unknown or negative, or asks for a flow where nothing is beneath the spots.
    """
    if isinstance(handover, str):
        one_of("handover", handover, ("auto", *NAMED))
    else:
        non_negative("handover", handover)
    if handover == "auto":
        if len(times) == 1 and isinstance(model, KnowsTerminal):
            return model.terminal(times[0]), LIKELIHOOD_RATIO
        if controls == "none" or not isinstance(model, Movable):
            return model, LIKELIHOOD_RATIO
        return model, model.hand_over_rates(times)[0]
    rate = NAMED[handover] if isinstance(handover, str) else float(handover)
    if rate != LIKELIHOOD_RATIO and not (isinstance(model, Movable) and len(model.hand_over_rates(times)) > 1):
        refuse("handover", "be 'auto' or 'score' for a model that draws nothing beneath its spots", handover)
    return model, rate
