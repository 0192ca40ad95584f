"""Products of the user's own by name, so that files may hold them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from inspect import Signature, signature
from typing import Any

from .._checks import InvalidValueError, refuse
from ..payoffs.continuous import PaysByExtreme, Watched
from ..payoffs.custom import Payoff
from ..payoffs.protocol import Contract
from .cells import key_of
from .columns import TERMS
from .products.history import History
from .products.product import Conduct, Product, as_before, needs_it
from .products.table import PRODUCTS

TAKEN = ("maturity", *(name for name in TERMS if name not in ("option", "knock_in_frequency", "payoff", "weights")))
"""The columns that such a product may use."""


def register_product(
    name: str, contract: Callable[..., Contract], required: Sequence[str], optional: Sequence[str] = ()
) -> None:
    """Give a product of your own a name for the column ``product`` of books, files included, until Python ends.

    With a past it sees its past observations before the spots to come, as the library's averages do; where today's
    fixing is open it asks for it.

    Parameters
    ----------
    name : str
        Lower case, words joined by underscores. One of your own may be given again.
    contract : callable
        Makes the contract, one that pays at its end, from the columns by name; ``frequency`` is called ``times``, in
        years, and ``maturity`` is in years.
    required, optional : sequence of str
        Columns of a book that it takes; blank optional ones are left out.

    Raises
    ------
    ValueError
        If the name is none or the library's, or a column is not one of the terms of books.
    TypeError
        If `contract` cannot be called, or not with these columns by name.

    Examples
    --------
    >>> import pandas as pd
    >>> import numpy as np
    >>> import likelihood_greeks as lg
    >>> def capped(strike, level, maturity):
    ...     return lg.Payoff(lambda spot: np.clip(spot[-1] - strike, 0.0, level - strike), times=[maturity])
    >>> lg.register_product("capped_call_of_mine", capped, ["strike", "level", "maturity"])
    >>> book = pd.DataFrame([{"trade_id": "A", "underlying": "X", "product": "capped_call_of_mine", "quantity": 10,
    ...                       "maturity": "2025-07-01", "strike": 100, "level": 110}])
    >>> market = {"valuation_date": "2025-01-01", "underlyings": {"X": {
    ...     "spot": 100.0, "zero_rate": 0.03, "implied_volatility": 0.2}}}
    >>> frame = lg.risk(book, market, ["delta"], paths=4096, seed=1)
    >>> bool(frame["position_standard_error"].max() < 1.0)
    True
    >>> del PRODUCTS["capped_call_of_mine"]  # so that this example leaves nothing behind
    """
    if not callable(contract):
        raise TypeError(f"contract must be callable, got {contract!r}")
    if not isinstance(name, str) or not name or key_of(name) != name:
        refuse("name", "be in lower case, words joined by underscores", name)
    if name in PRODUCTS and not PRODUCTS[name].own:
        refuse("name", "not be a product of the library", name)
    if wrong := [column for column in (*required, *optional) if column not in TAKEN]:
        refuse("required and optional", f"be among {', '.join(TAKEN)}", wrong)
    _verify_signature(contract, required, optional)
    conduct = Conduct(left=_left, moving=needs_it("a product of your own may depend on it"))
    made = _guarded(name, contract)
    PRODUCTS[name] = Product(made, tuple(required), tuple(optional), conduct=conduct, own=True)


def _verify_signature(contract: Callable[..., Contract], required: Sequence[str], optional: Sequence[str]) -> None:
    """Refuse what cannot be called with the columns by name, with those that may be blank and without."""
    try:
        known: Signature = signature(contract)
    except (TypeError, ValueError):  # some compiled functions say nothing of their arguments
        return
    least = ["times" if column == "frequency" else column for column in required]
    most = [*least, *("times" if column == "frequency" else column for column in optional)]
    for names in (least, most):
        try:
            known.bind(**dict.fromkeys(names))
        except TypeError as error:
            raise TypeError(f"contract must take {', '.join(names)} by name, got a function of {known}") from error


def _guarded(name: str, contract: Callable[..., Contract]) -> Callable[..., Contract]:
    """The maker of a contract, whose errors are held against the trade: they are the user's own."""

    @wraps(contract)
    def made(**terms: Any) -> Contract:
        try:
            found = contract(**terms)
        except InvalidValueError:
            raise
        except Exception as error:
            why = f"be one that what is registered as {name!r} can be made of"
            raise InvalidValueError("product", why, f"{type(error).__name__}: {error}") from error
        if isinstance(found, type) or not isinstance(found, Contract):
            given = getattr(found, "__name__", type(found).__name__)
            refuse("product", f"be registered as what makes a contract: {name!r} does not", given)
        return found

    return made


def _left(history: History, spot: float) -> tuple[Contract, str]:
    """What is left of a trade; refused if it began earlier and is watched at all times: nobody says what was seen."""
    first, today = history.span.start or history.days[0], history.span.today
    if first < today and _at_all_times(history.whole):
        why = "a product of your own that is watched at all times knows no past"
        refuse("start", f"not be before the valuation date {today}: {why}", first.isoformat())
    return as_before(history, spot)


def _at_all_times(contract: Contract) -> bool:
    """Whether a contract is not a function of the spots on its dates alone."""
    if isinstance(contract, Watched):
        return contract.corridor is not None
    if isinstance(contract, PaysByExtreme):
        return contract.extreme is not None
    return isinstance(contract, Payoff) and contract.extremes is not None
