"""What every model with a constant rate and dividend yield shares: its coordinates, discount factors and forwards."""

from __future__ import annotations

import numpy as np

from .. import jets
from .._typing import AnyArray
from ..jets import Jet
from ..parameters import TIME, HasParameters


def coordinates(model: HasParameters) -> dict[str, Jet]:
    """The parameters and elapsed time as jets, for closed forms."""
    values = {name: float(getattr(model, name)) for name in model.parameters}
    return Jet.variables({**values, TIME: 0.0})


def discount_jet(model: HasParameters, times: AnyArray) -> Jet:
    """Discount factors exp(-r t) and their derivatives."""
    x = coordinates(model)
    return jets.exp(-x["rate"] * (np.asarray(times) - x[TIME]))


def forward_jet(model: HasParameters, times: AnyArray) -> Jet:
    """Forward prices S0 exp((r - q) t) and their derivatives."""
    x = coordinates(model)
    return x["spot"] * jets.exp((x["rate"] - x["dividend_yield"]) * (np.asarray(times) - x[TIME]))
