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

from ..._typing import FloatArray
from ..market import Market
from .positions import PLACE, ROWS

REPORTED = "reported"
"""The trade_id of the row of all currencies in the reporting one."""

TIMES_BEFORE, GAINED = PLACE["value_before"], [PLACE["fx"], PLACE["explained"], PLACE["pnl"]]

WITH_BEFORE = "covariance of value_before"
"""The key of a row's covariances of what was there before with each of `ROWS`; no column of the frame."""


def with_before(errors: FloatArray, shares: FloatArray | float) -> FloatArray:
    """Covariances of what was there before with all rows of a position, shape (n_rows,).

    Parameters
    ----------
    errors : ndarray, shape (n_rows,)
        Of the rows.
    shares : ndarray, shape (n_rows, n_batches)
        Of batches in them (see `Batches.shares`), which tell how they go together; 0 of a position that is exact.
    """
    own = np.broadcast_to(shares, (len(errors), np.shape(shares)[-1] if np.ndim(shares) else 1))
    length = np.sqrt((own**2).sum(axis=1))
    with np.errstate(divide="ignore", invalid="ignore"):
        unit = np.nan_to_num(own / length[:, None])
    return np.asarray(errors * errors[TIMES_BEFORE] * (unit @ unit[TIMES_BEFORE]))


def reported(
    totals: Sequence[Mapping[str, Any]], first: Market, second: Market, amounts: Sequence[str] = ROWS
) -> list[dict[str, Any]]:
    """The totals of currencies in the reporting currency, a row; none without one, or where it is the only currency.

    `amounts` begin with `ROWS`. Currencies without a rate in both markets are left out, which its note says. What a
    currency was worth and what it has gained share their draws: so do the errors of ``pnl`` and ``explained``.
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
        more = (after - before) ** 2 * errors[TIMES_BEFORE] ** 2 + 2.0 * after * (after - before) * row[WITH_BEFORE]
        own, square = after * own, after**2 * errors**2
        own[TIMES_BEFORE] *= before / after
        square[TIMES_BEFORE] *= (before / after) ** 2
        own[GAINED] += gained
        square[GAINED] += more[GAINED]
        values, squares = values + own, squares + np.maximum(square, 0.0)
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
