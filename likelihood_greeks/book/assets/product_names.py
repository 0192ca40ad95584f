"""What is said of a product that does not exist: which do, on one asset, in another currency, and on several assets."""

from __future__ import annotations

from typing import NoReturn

from ..._checks import refuse
from ..calendars import closest
from ..cells import key_of
from ..products.table import PRODUCTS
from . import pairs
from .performances import COMPOSITE, INNER, KINDS, OF_QUANTOS, QUANTO, parted

OTHERS = f"{QUANTO}call, {COMPOSITE}call, {KINDS[0]}_put or {pairs.NAMES[0]}"
"""Examples of those that are on a currency pair or on several assets."""


def pays_in_another(product: object) -> bool:
    """Whether a product by its name pays in another currency than its asset's, whether or not it exists.

    >>> pays_in_another("quanto_asian"), pays_in_another("asian")
    (True, False)
    """
    return key_of(product).startswith((QUANTO, COMPOSITE))


def on_one(name: str, value: object) -> str:
    """A cell as the name of a product on one asset, in its own currency.

    Raises
    ------
    ValueError
        If it is none, saying which there are.
    """
    key = key_of(value)
    if key in PRODUCTS:
        return key
    if key.startswith(QUANTO):
        refuse_in_another(name, value, QUANTO)
    if key in pairs.NAMES or parted(key):
        refuse(name, "go with the names of several assets in underlying, such as A|B", value)
    if any(key.startswith(f"{kind}_") for kind in KINDS):
        refuse(name, f"be on several assets, and {_ways()}", value)
    known = ", ".join(PRODUCTS)
    return refuse(name, f"be one of {known}, or of others such as {OTHERS}{closest(key, PRODUCTS)}", value)


def refuse_in_another(name: str, value: object, how: str) -> NoReturn:
    """Say what on one asset may pay in another currency: with `how` before its name."""
    known = [f"{how}{product}" for product in OF_QUANTOS]
    refuse(name, f"be one of {', '.join(known)}: no other product is one", value)


def refuse_on_several(value: object) -> NoReturn:
    """Say what may be on several assets; a composite converts them besides."""
    if value is None:
        refuse("product", "be given", None)
    key = key_of(value)
    if key.startswith(QUANTO):
        refuse("product", f"be without {QUANTO} on several assets: their currencies say it", value)
    how = COMPOSITE if key.startswith(COMPOSITE) else ""
    own = key.removeprefix(how)
    why = " or ".join(f"{how}{kind}_{own}" for kind in KINDS) if own in INNER else _ways(how)
    refuse("product", f"say what of several assets it is on: {why}", value)


def _ways(how: str = "") -> str:
    """What may be on several assets."""
    kinds = " or ".join(f"{how}{kind}_" for kind in KINDS)
    others = "" if how else f", or one of {', '.join(pairs.NAMES)}"
    return f"{kinds} before one of {', '.join(INNER)}{others}"


def why_no_other(product: str | None) -> str:
    """Which products pay in another currency than their asset's, for whom states one."""
    if product in OF_QUANTOS:
        return f"{QUANTO}{product} and {COMPOSITE}{product} pay in another"
    if product is None:
        return f"only products such as {QUANTO}call and {COMPOSITE}call pay in another"
    return f"only {QUANTO} and {COMPOSITE} before {', '.join(OF_QUANTOS)} pay in another"
