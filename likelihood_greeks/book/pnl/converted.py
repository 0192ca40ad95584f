r"""Profits of all currencies in the reporting one: what rates of exchange have gained is a term of its own.

A currency whose rate goes from :math:`x_0` to :math:`x_1` gains

.. math:: x_1 (V_1 + C) - x_0 V_0 = x_1\,(V_1 + C - V_0) + (x_1 - x_0)\,V_0 ,

the first part being its own profit, term by term, and the second the term ``fx``: exactly. Cash is converted at the
second market's rate.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..market import Market
from .positions import PLACE, ROWS

REPORTED = "reported"
"""The trade_id of the row of all currencies in the reporting one."""

TIMES_BEFORE, GAINED = PLACE["value_before"], [PLACE["fx"], PLACE["explained"], PLACE["pnl"]]


def reported(
    totals: Sequence[Mapping[str, Any]], first: Market, second: Market, amounts: Sequence[str] = ROWS
) -> list[dict[str, Any]]:
    """The totals of currencies in the reporting currency, a row; none without one, or where it is the only currency.

    `amounts` begin with `ROWS`. Currencies without a rate in both markets are left out, which its note says. The errors
    of its ``pnl`` and ``explained`` are at most those stated: what a currency is worth and what it has gained share
    their draws.
    """
    reporting = second.reporting_currency
    rates = {name: (first.fx[name], second.fx[name]) for name in first.fx.keys() & second.fx.keys()}
    known = [row for row in totals if row["currency"] in rates]
    if reporting is None or not known or all(row["currency"] == reporting for row in totals):
        return []
    values, squares = np.zeros(len(amounts)), np.zeros(len(amounts))
    for row in known:
        before, after = rates[row["currency"]]
        own, errors = (np.array([row[name + end] for name in amounts]) for end in ("", "_standard_error"))
        gained = (after - before) * own[TIMES_BEFORE]
        more = abs(after - before) * errors[TIMES_BEFORE]
        own, errors = after * own, after * errors
        own[TIMES_BEFORE] *= before / after
        errors[TIMES_BEFORE] *= before / after
        own[GAINED] += gained
        errors[GAINED] += more
        values, squares = values + own, squares + errors**2
    missing = sorted(
        str(row["currency"]) or "trades whose currency nobody states" for row in totals if row not in known
    )
    notes = [f"without {', '.join(missing)}: no rate into {reporting} in both markets"] if missing else []
    notes += [f"{row['currency']}: {row['note']}" for row in known if row["note"]]
    pairs = [*zip(amounts, values.tolist(), np.sqrt(squares).tolist(), strict=True)]
    return [
        {
            "trade_id": REPORTED, "underlying": "", "product": REPORTED, "quantity": 1.0, "currency": reporting,
            "n_paths": max(row["n_paths"] for row in known), "seed": 0, "method": "", "state": "",
            "note": "; ".join(notes), **{name: x for name, x, _ in pairs},
            **{f"{name}_standard_error": error for name, _, error in pairs},
        }
    ]  # fmt: skip
