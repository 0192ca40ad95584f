"""The products a book may hold: each a contract, and the columns that its terms come from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from math import inf
from typing import Any, final

from .._checks import refuse
from ..payoffs.autocallable import Autocallable
from ..payoffs.barrier import Barrier, DoubleBarrier
from ..payoffs.european import (
    AssetOrNothingCall,
    AssetOrNothingPut,
    Call,
    DigitalCall,
    DigitalPut,
    GapCall,
    GapPut,
    Put,
)
from ..payoffs.forward_start import ForwardStart
from ..payoffs.path import Asian, Cliquet, Lookback
from ..payoffs.protocol import Contract
from ..payoffs.realised import RangeAccrual, VarianceSwap, VolatilitySwap
from ..payoffs.touch import DoubleNoTouch, NoTouch, OneTouch

FLOATING = "floating"


@final
@dataclass(frozen=True)
class Product:
    """A contract and the columns its arguments come from; `argument` is what it calls the column ``option``.

    `floats` says that its strike may be the word ``floating``; `struck_at_start` that it is a percentage of the spot at
    the start, in years `start`, which the contract takes as its `moneyness`; `calls` that it is redeemed early on its
    dates, and watched on those of the column ``knock_in_frequency`` too; `touches` that reaching a level decides it;
    `of_volatility` that its strike is a volatility. `frequency` is what that column holds if it is blank; `own` that
    it is a user's.
    """

    contract: Callable[..., Contract]
    required: tuple[str, ...]
    optional: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    argument: str = "option"
    floats: bool = False
    struck_at_start: bool = False
    calls: bool = False
    touches: bool = False
    of_volatility: bool = False
    frequency: str = ""
    own: bool = False

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns that the product uses."""
        return (*self.required, *self.optional)


def _note(strike: float, times: tuple[float, ...], **terms: Any) -> Autocallable:
    """A note from the columns of a book: a snowball."""
    names = {"level": "knock_in", "autocall_level": "call_level", "knock_in_frequency": "knock_in_times"}
    return Autocallable(strike, times, **{names.get(name, name): term for name, term in terms.items()})


def _phoenix(strike: float, times: tuple[float, ...], **terms: Any) -> Autocallable:
    """A note whose coupons have a barrier, by default the level of the knock-in, and no memory unless it is stated."""
    if (barrier := terms.get("coupon_barrier", terms.get("level"))) is None:
        refuse("coupon_barrier", "be given, or the level of the knock-in", None)
    return _note(strike, times, **{"memory": False, **terms, "coupon_barrier": barrier})


def _reverse(strike: float, times: tuple[float, ...], **terms: Any) -> Autocallable:
    """A reverse convertible: a note that is never called, with sure coupons; without a level it was knocked in."""
    return _note(
        strike, times, autocall_level=inf, coupon_barrier=0.0, memory=False, knocked_in="level" not in terms, **terms
    )


_NOTE = ("autocall_level", "coupon", "level", "knock_in_frequency", "protection", "redemption")
_SWAP = (("frequency", "strike"), ("reference", "annualisation"))
EUROPEAN = {
    "call": Product(Call, ("maturity", "strike")),
    "put": Product(Put, ("maturity", "strike")),
    "digital_call": Product(DigitalCall, ("maturity", "strike"), ("cash",)),
    "digital_put": Product(DigitalPut, ("maturity", "strike"), ("cash",)),
    "asset_or_nothing_call": Product(AssetOrNothingCall, ("maturity", "strike")),
    "asset_or_nothing_put": Product(AssetOrNothingPut, ("maturity", "strike")),
    "gap_call": Product(GapCall, ("maturity", "strike", "trigger")),
    "gap_put": Product(GapPut, ("maturity", "strike", "trigger")),
}
ANY, CALL_OR_PUT = tuple(EUROPEAN), ("call", "put")
_ASIAN = partial(Asian, strike=None)
_FORWARD_CALL, _FORWARD_PUT = (partial(ForwardStart, kind=kind) for kind in ("call", "put"))
RETURN_BOUNDS = ("local_floor", "local_cap", "global_floor", "global_cap")
PRODUCTS = EUROPEAN | {
    "barrier": Product(Barrier, ("option", "level", "direction", "knock", "frequency"), ("rebate",), ANY),
    "double_barrier": Product(DoubleBarrier, ("option", "lower", "upper", "knock", "frequency"), ("rebate",), ANY),
    "asian": Product(_ASIAN, ("option", "frequency", "strike"), ("average",), CALL_OR_PUT, "kind", floats=True),
    "lookback": Product(Lookback, ("option", "frequency", "strike"), (), CALL_OR_PUT, "kind", floats=True),
    "autocallable": Product(_note, ("frequency", "strike"), _NOTE, calls=True),
    "phoenix": Product(_phoenix, ("frequency", "strike"), (*_NOTE, "coupon_barrier", "memory"), calls=True),
    "reverse_convertible": Product(_reverse, ("frequency", "strike"), ("coupon", "protection"), calls=True),
    "barrier_reverse_convertible": Product(
        _reverse, ("frequency", "strike", "level"), ("coupon", "protection", "knock_in_frequency"), calls=True
    ),
    "one_touch": Product(OneTouch, ("maturity", "frequency", "level", "direction"), ("cash", "pays_at"), touches=True),
    "no_touch": Product(NoTouch, ("maturity", "frequency", "level", "direction"), ("cash",), touches=True),
    "double_no_touch": Product(DoubleNoTouch, ("maturity", "frequency", "lower", "upper"), ("cash",), touches=True),
    "range_accrual": Product(RangeAccrual, ("frequency", "lower", "upper"), ("cash",)),
    "variance_swap": Product(VarianceSwap, *_SWAP, of_volatility=True, frequency="daily"),
    "volatility_swap": Product(VolatilitySwap, *_SWAP, of_volatility=True, frequency="daily"),
    "forward_start_call": Product(_FORWARD_CALL, ("maturity", "strike"), ("performance",), struck_at_start=True),
    "forward_start_put": Product(_FORWARD_PUT, ("maturity", "strike"), ("performance",), struck_at_start=True),
    "cliquet": Product(Cliquet, ("frequency", *RETURN_BOUNDS), ("reference",)),
}


def contract_of(name: str, terms: Mapping[str, Any]) -> Contract:
    """The payoff of the product called `name`, from terms by column."""
    product = PRODUCTS[name]
    arguments = {column: terms[column] for column in product.columns if column in terms}
    if "option" in arguments:
        option = arguments.pop("option")
        arguments[product.argument] = contract_of(option, terms) if product.options == ANY else option
    if "frequency" in arguments:
        arguments["times"] = arguments.pop("frequency")
    if "pays_at" in arguments:
        arguments["paid"] = arguments.pop("pays_at")
    if product.of_volatility:
        arguments["strike"] = terms["volatility_strike"]
    if product.struck_at_start:
        arguments |= {"start": terms["start"], "moneyness": terms["moneyness"]}
        del arguments["strike"]
    return product.contract(**arguments)
