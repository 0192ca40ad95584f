r"""Surfaces of quotes by delta: volatilities, or at-the-money volatilities with risk reversals and butterflies.

A risk reversal :math:`RR` and a butterfly :math:`BF` say the volatilities :math:`\sigma_\mathrm{ATM} + BF \pm RR/2` of
the call and of the put of their delta. That is the simple ("broker's") rule: a quoted butterfly is taken for the
smile's, not for the strangle that is traded with one volatility.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from math import sqrt
from typing import Any

import numpy as np

from ..._checks import number, refuse, within
from ..curves import decimal
from .delta import Delta, Quoting, parsed
from .forwards import Forwards
from .moneyness import SmileSurface, flat
from .smiles import QuotedSmile

CONVENTIONS = ("delta_convention", "atm_convention")


def by_delta(table: Mapping[str, Any], forwards: Forwards, flat_beyond: bool) -> SmileSurface:
    """The surface of volatilities by ``deltas`` (a row each) and ``maturities``.

    Raises
    ------
    ValueError
        If the table has another shape, a delta is none, or the strikes of a maturity do not increase.
    """
    deltas, maturities = table["deltas"], table["maturities"]
    if isinstance(deltas, str) or not isinstance(deltas, Sequence):
        raise TypeError(f"deltas must be a list such as ['10P', '25P', 'ATM', '25C', '10C'], got {deltas!r}")
    read = [parsed(f"deltas[{i}]", delta) for i, delta in enumerate(deltas)]
    rows = table["volatilities"]
    if len(rows) != len(read) or any(np.ndim(row) != 1 or len(row) != len(maturities) for row in rows):
        shape = (len(read), len(maturities))
        refuse("volatilities", f"have shape {shape}, deltas by maturities", [np.size(row) for row in rows])
    if read == [None]:
        return flat(maturities, rows[0], forwards)
    smiles = []
    for j, (maturity, quoting) in enumerate(zip(maturities, _quotings(table, len(maturities)), strict=True)):
        column = [
            (delta, number(f"volatilities[{i}][{j}]", row[j]))
            for i, (delta, row) in enumerate(zip(read, rows, strict=True))
        ]
        quotes = [(delta, volatility) for delta, volatility in column if not np.isnan(volatility)]
        if quotes:
            smiles.append(_smile(maturity, quotes, quoting, forwards, flat_beyond))
    if not smiles:
        refuse("volatilities", "hold a quote", "all missing")
    return SmileSurface(tuple(smiles), forwards, carried=not flat_beyond)


def by_strategies(table: Mapping[str, Any], forwards: Forwards, flat_beyond: bool) -> SmileSurface:
    """The surface of ``atm``, ``risk_reversals`` and ``butterflies`` (rows by delta) at ``maturities``.

    Raises
    ------
    ValueError
        If a delta has a risk reversal without a butterfly, or as for `by_delta`.
    """
    maturities, level = table["maturities"], _row("atm", table["atm"], table["maturities"])
    risk_reversals, butterflies = (
        _by_size(key, table.get(key, {}), maturities) for key in ("risk_reversals", "butterflies")
    )
    if risk_reversals.keys() != butterflies.keys():
        refuse("butterflies", "have the deltas of risk_reversals", sorted(butterflies))
    rows: dict[Delta, list[float]] = {None: level}
    for size, reversal in risk_reversals.items():
        middle = np.add(level, butterflies[size])
        rows[size], rows[-size] = ((middle + sign * 0.5 * np.array(reversal)).tolist() for sign in (1.0, -1.0))
    return by_delta(
        {**table, "deltas": ["ATM" if delta is None else delta for delta in rows], "volatilities": [*rows.values()]},
        forwards,
        flat_beyond,
    )


def _row(name: str, values: Any, maturities: Sequence[float]) -> list[float]:
    """A number for each maturity."""
    if np.ndim(values) != 1 or len(values) != len(maturities):
        refuse(name, f"hold a number for each of the {len(maturities)} maturities", values)
    return [number(f"{name}[{j}]", value) for j, value in enumerate(values)]


def _by_size(name: str, table: Any, maturities: Sequence[float]) -> dict[float, list[float]]:
    """Rows by the size of a delta."""
    if not isinstance(table, Mapping):
        raise TypeError(f"{name} must be a table of lists by delta, such as {{ 25 = [...] }}, got {table!r}")
    found = {}
    for key, values in table.items():
        size = parsed(name, f"{key}C" if isinstance(key, str) and key.strip()[-1:].isdigit() else key)
        if size is None or size < 0.0:
            refuse(name, "have deltas such as 25 and 10", key)
        found[size] = _row(f"{name}.{key}", values, maturities)
    return found


def _quotings(table: Mapping[str, Any], n_maturities: int) -> list[Quoting]:
    """How the deltas of each maturity are quoted: one name for all of them, or a list."""
    if "delta_convention" not in table:
        refuse("delta_convention", "be given: spot, forward, spot_premium_adjusted or forward_premium_adjusted", None)
    delta, at_the_money = (
        [value] * n_maturities if isinstance(value, str) else value
        for value in (table["delta_convention"], table.get("atm_convention", "delta_neutral"))
    )
    for name, values in zip(CONVENTIONS, (delta, at_the_money), strict=True):
        if not isinstance(values, Sequence) or len(values) != n_maturities:
            refuse(name, f"be a name, or a list of {n_maturities} names", values)
    return [Quoting(delta=d, at_the_money=a) for d, a in zip(delta, at_the_money, strict=True)]


def _smile(
    maturity: float, quotes: Sequence[tuple[Delta, float]], quoting: Quoting, forwards: Forwards, flat_beyond: bool
) -> QuotedSmile:
    """The smile of a maturity, by strike."""
    market = (forwards.spot, forwards(maturity), forwards.foreign_discount(maturity))
    found = []
    for delta, volatility in quotes:
        at = "at the money" if delta is None else f"at the delta {delta:g}"
        with within(f"{at}, {maturity:.4g} years", ": "):
            deviation = decimal("volatility", volatility) * sqrt(maturity)
            found.append((quoting.strike(delta, deviation, market), delta, volatility))
    found.sort(key=lambda quote: _order(quote[1]))
    strikes = [strike for strike, _, _ in found]
    if not all(low < high for low, high in pairwise(strikes)):
        refuse("strikes", f"increase from low puts to low calls at {maturity:.4g} years", strikes)
    return QuotedSmile(maturity, market[1], tuple(strikes), tuple(v for _, _, v in found), flat_beyond)


def _order(delta: Delta) -> float:
    """Deltas in the order of their strikes: puts from the lowest, at the money, calls to the lowest."""
    return 0.5 if delta is None else (-delta if delta < 0.0 else 1.0 - delta)
