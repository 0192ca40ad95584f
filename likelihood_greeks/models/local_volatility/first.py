"""The first step of a local volatility, which starts at the spot of today, as jets in all coordinates."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..._remembered import remembered
from ...numerics import jets
from ...parameters import TIME
from .. import carry
from .steps import First
from .surfaces import Surface
from .walk import VOLATILITY


@remembered(64)
def first_step(law: Any, end: float, read: float) -> First:
    """The step to a date (years) that reads the surface at a time; the same on every chunk."""
    x, at, along = carry.coordinates(law), np.log(law.spot), law._along
    away = (jets.log(x["spot"]) - at) * (0.0 if law.smile_spot else 1.0)
    base: Surface = law._surface if along is None else along.grid
    volatility = _taylor(base, read, at, away) + x[VOLATILITY] * (
        1.0 if along is None else _taylor(along, read, at, away)
    )
    variance = volatility * volatility * (end - x[TIME])
    drift = (x["rate"] - x["dividend_yield"]) * (end - x[TIME])
    return First(drift - 0.5 * variance + jets.log(x["spot"]), variance)


def _taylor(surface: Surface, read: float, at: float, away: jets.Jet) -> jets.Jet:
    """A surface about a log-spot, to second order."""
    (level, *_), (slope, *_) = surface.levels(read, np.array([at]))
    return away * float(slope) + away * away * (0.5 * float(surface.bends(read, np.array([at]))[0])) + float(level)
