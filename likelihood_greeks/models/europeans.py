"""Closed forms of options on the final spot, of any law that knows some."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..numerics.jets import Jet
from .capabilities import KnowsEuropeans, KnowsVanillas, has


def european_jet(
    model: Any, trigger: float, below: tuple[float, float], above: tuple[float, float], time: float
) -> Jet | None:
    r"""Undiscounted value of an option of two straight pieces at one date, with its derivatives.

    What it pays is :math:`c_0 + a_0 S` up to the trigger K, and beyond it a jump and a kink more: so many digitals and
    calls struck there.

    Parameters
    ----------
    model : PathModel
    trigger : float
        Currency, > 0.
    below, above : tuple of two floats
        Constant (currency) and slope of what is paid up to the trigger and beyond.
    time : float
        Years, > 0.

    Returns
    -------
    Jet or None
        Currency, scalar; None if the law does not know it.
    """
    if has(model, KnowsEuropeans):
        return model.european_jet(trigger, below, above, time)
    forward = model.forward_jet(np.asarray(time))
    if not has(model, KnowsVanillas) or forward is None:
        return None
    digital, call = model.vanilla_jets(trigger, time)
    kink = above[1] - below[1]
    jump = above[0] - below[0] + kink * trigger
    value: Jet = below[0] + below[1] * forward + jump * digital + kink * call
    return value
