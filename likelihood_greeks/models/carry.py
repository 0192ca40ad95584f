"""What models with a constant rate and dividend yield share: coordinates, discount factors and forwards.

A model may have `Curves` as well, which say how rates and yields differ later from those.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Protocol

import numpy as np

from .._checks import finite
from .._remembered import remembered
from .._typing import AnyArray, FloatArray
from ..numerics import jets
from ..numerics.jets import Jet
from ..parameters import TIME, HasParameters
from .capabilities import FollowsCurves, has, value_of


class CarryModel(HasParameters, Hashable, Protocol):
    """A model with a constant rate and dividend yield, which can be hashed: what follows from it is kept."""


def forward_factor(model: object, times: AnyArray) -> FloatArray:
    """The forward over that of the model's constant rate and yield; shape of `times`, one without curves."""
    curves = model.curves if has(model, FollowsCurves) else None
    return np.exp(curves.carry(times)) if curves else np.ones(np.shape(times))


def _discount_factor(model: object, times: AnyArray) -> FloatArray:
    """The discount factor over that of the model's constant rate; shape of `times`."""
    curves = model.curves if has(model, FollowsCurves) else None
    return np.exp(-curves.rates(times)) if curves else np.ones(np.shape(times))


def known(model: HasParameters, names: Sequence[str]) -> tuple[str, ...]:
    """Names of coordinates, refused unless each is a parameter of the model or ``"time"``."""
    coordinates = (*model.parameters, TIME)
    for name in names:
        if name not in coordinates:
            raise ValueError(f"name must be one of {', '.join(coordinates)}, got {name!r}")
    return tuple(names)


def coordinates(model: HasParameters) -> dict[str, Jet]:
    """The parameters and elapsed time as jets, for closed forms."""
    values = {name: value_of(model, name) for name in model.parameters}
    return Jet.variables({**values, TIME: 0.0})


def discount_jet(model: CarryModel, times: AnyArray) -> Jet:
    """Discount factors exp(-r t) and their derivatives."""
    return _discount_jet(model, np.shape(times), tuple(np.ravel(times).tolist()))


def forward_jet(model: CarryModel, times: AnyArray) -> Jet:
    """Forward prices S0 exp((r - q) t) and their derivatives."""
    return _forward_jet(model, np.shape(times), tuple(np.ravel(times).tolist()))


@remembered(256)  # the same on every chunk
def _discount_jet(model: CarryModel, shape: tuple[int, ...], times: tuple[float, ...]) -> Jet:
    x, grid = coordinates(model), np.reshape(times, shape)
    return jets.exp(-x["rate"] * (grid - x[TIME])) * _discount_factor(model, grid)


@remembered(256)
def _forward_jet(model: CarryModel, shape: tuple[int, ...], times: tuple[float, ...]) -> Jet:
    x, grid = coordinates(model), np.reshape(times, shape)
    return x["spot"] * jets.exp((x["rate"] - x["dividend_yield"]) * (grid - x[TIME])) * forward_factor(model, grid)


def discount(model: CarryModel, time: float) -> float:
    """Value today of one unit of currency at `time` (years)."""
    return float(discount_jet(model, np.asarray(finite("time", time))).value)


def forward(model: CarryModel, time: float) -> float:
    """Risk-neutral expectation of the spot at `time` (years)."""
    return float(forward_jet(model, np.asarray(finite("time", time))).value)
