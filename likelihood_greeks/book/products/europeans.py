"""Options on the final spot."""

from __future__ import annotations

from functools import partial

from ...payoffs.european import (
    AssetOrNothingCall,
    AssetOrNothingPut,
    Call,
    DigitalCall,
    DigitalPut,
    GapCall,
    GapPut,
    Put,
)
from ..cells import LEVELS, NUMBER, TERM, Column, level
from .product import Product

COLUMNS = (Column("trigger", TERM, NUMBER, LEVELS, "spot beyond which a gap option pays", level),)

_struck = partial(Product, required=("maturity", "strike"))
PRODUCTS = {
    "call": _struck(Call, meaning="the spot less the strike, if positive"),
    "put": _struck(Put, meaning="the strike less the spot, if positive"),
    "digital_call": _struck(DigitalCall, optional=("cash",), meaning="cash above the strike"),
    "digital_put": _struck(DigitalPut, optional=("cash",), meaning="cash below the strike"),
    "asset_or_nothing_call": _struck(AssetOrNothingCall, meaning="the spot above the strike"),
    "asset_or_nothing_put": _struck(AssetOrNothingPut, meaning="the spot below the strike"),
    "gap_call": Product(
        GapCall, ("maturity", "strike", "trigger"), meaning="the spot less the strike, above the trigger"
    ),
    "gap_put": Product(
        GapPut, ("maturity", "strike", "trigger"), meaning="the strike less the spot, below the trigger"
    ),
}
