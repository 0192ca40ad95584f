"""What every model with a constant rate and dividend yield shares: coordinates, discount factors and forwards."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from functools import lru_cache
from typing import Protocol

import numpy as np

from .._checks import finite
from .._typing import AnyArray
from ..numerics import jets
from ..numerics.jets import Jet
from ..parameters import TIME, HasParameters


class CarryModel(HasParameters, Hashable, Protocol):
    """A model with a constant rate and dividend yield, which can be hashed: what follows from it is kept."""


def known(model: HasParameters, names: Sequence[str]) -> tuple[str, ...]:
    """Names of coordinates, refused unless each is a parameter of the model or ``"time"``."""
    coordinates = (*model.parameters, TIME)
    for name in names:
        if name not in coordinates:
            raise ValueError(f"name must be one of {', '.join(coordinates)}, got {name!r}")
    return tuple(names)


def coordinates(model: HasParameters) -> dict[str, Jet]:
    """The parameters and elapsed time as jets, for closed forms."""
    values = {name: float(getattr(model, name)) for name in model.parameters}
    return Jet.variables({**values, TIME: 0.0})


def discount_jet(model: CarryModel, times: AnyArray) -> Jet:
    """Discount factors exp(-r t) and their derivatives."""
    return _discount_jet(model, np.shape(times), tuple(np.ravel(times).tolist()))


def forward_jet(model: CarryModel, times: AnyArray) -> Jet:
    """Forward prices S0 exp((r - q) t) and their derivatives."""
    return _forward_jet(model, np.shape(times), tuple(np.ravel(times).tolist()))


@lru_cache(maxsize=256)  # the same on every chunk
def _discount_jet(model: CarryModel, shape: tuple[int, ...], times: tuple[float, ...]) -> Jet:
    x = coordinates(model)
    return jets.exp(-x["rate"] * (np.reshape(times, shape) - x[TIME]))


@lru_cache(maxsize=256)
def _forward_jet(model: CarryModel, shape: tuple[int, ...], times: tuple[float, ...]) -> Jet:
    x = coordinates(model)
    return x["spot"] * jets.exp((x["rate"] - x["dividend_yield"]) * (np.reshape(times, shape) - x[TIME]))


def discount(model: CarryModel, time: float) -> float:
    """Value today of one unit of currency at `time` (years)."""
    return float(discount_jet(model, np.asarray(finite("time", time))).value)


def forward(model: CarryModel, time: float) -> float:
    """Risk-neutral expectation of the spot at `time` (years)."""
    return float(forward_jet(model, np.asarray(finite("time", time))).value)
