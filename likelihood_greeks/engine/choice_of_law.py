"""Which law an estimate is made with, and where changes of what is beneath its spots are handed to the measure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias, final

import numpy as np

from .._checks import non_negative, one_of, refuse
from ..models.capabilities import DrawsBeneath, KnowsTerminal, has, travels_beneath
from ..models.moves import LIKELIHOOD_RATIO
from ..models.protocol import PathModel

HandOver: TypeAlias = str | float
"""``"auto"``, ``"flow"``, ``"score"``, or a rate per year."""

NAMED = {"flow": 0.0, "score": LIKELIHOOD_RATIO}


@final
@dataclass(frozen=True, slots=True)
class Chosen:
    """What an estimate is made with.

    Attributes
    ----------
    law : PathModel
    rate : float
        At which changes of what is beneath its spots are handed to the measure.
    remark : str
        The choice in words; empty if there was none.
    """

    law: PathModel
    rate: float = LIKELIHOOD_RATIO
    remark: str = ""


def chosen_law(model: PathModel, times: Sequence[float], handover: HandOver, controls: str) -> Chosen:
    """The law of an estimate, and where it hands changes to the measure.

    Left to itself, a European payoff gets the law of its date alone, if the model knows it. On paths the rate is the
    model's best guess, or, without controls, infinite: the plain likelihood ratio.

    Raises
    ------
    ValueError
        If `handover` is unknown or negative, or asks for a flow where nothing is beneath the spots.
    TypeError
        If `handover` is neither a word nor a number.
    """
    if isinstance(handover, bool) or not isinstance(handover, (str, int, float, np.integer, np.floating)):
        raise TypeError(f"handover must be 'auto', 'flow', 'score' or a rate, got {handover!r}")
    if isinstance(handover, str):
        one_of("handover", handover, ("auto", *NAMED))
    elif handover != LIKELIHOOD_RATIO:
        non_negative("handover", handover)
    if handover == "auto" and len(times) == 1 and has(model, KnowsTerminal):
        return Chosen(model.terminal(times[0]), remark="European: the exact law of its date")
    if not (travels_beneath(model, times) and has(model, DrawsBeneath)):
        if handover not in ("auto", "score", LIKELIHOOD_RATIO):
            refuse("handover", "be 'auto' or 'score' for a model beneath whose spots nothing travels", handover)
        return Chosen(model)
    if handover == "auto":
        rate = LIKELIHOOD_RATIO if controls == "none" else model.hand_over_rates(times)[0]
    else:
        rate = NAMED[handover] if isinstance(handover, str) else float(handover)
    ways = {0.0: "travel with the path", LIKELIHOOD_RATIO: "are scored"}
    return Chosen(
        model, rate, f"changes of what is beneath the spots {ways.get(rate, f'are handed over at {rate:g} a year')}"
    )
