"""Trades on several assets with one number a Greek: the sum over their assets, in units that can be added."""

from __future__ import annotations

from math import nan

import pandas as pd

from ..book.assets.folding import of_assets, unfolded
from ..book.pivots import pivot
from ..book.trades import NET


def summed_over_assets(frame: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of trades in a desk's units, with one row a Greek in place of one an asset.

    A sum is what all its assets moving together make of the position; its error is that of the netted samples where the
    frame knows them. It has no raw value of a unit, as raw Greeks of two assets do not add up. Greeks of pairs have no
    sums, and are left out.

    Parameters
    ----------
    frame : pandas.DataFrame
        From `risk`.
    rows : pandas.DataFrame
        Those of its trades, from `scaled`.
    """
    several = of_assets(rows)
    if not several.any():
        return rows
    first = rows.drop_duplicates("trade_id").set_index("trade_id")
    parts = rows[several].assign(greek=unfolded(rows.loc[several, "greek"])[0]).groupby(["trade_id", "greek"])
    own = frame[frame["trade_id"].isin([*rows.loc[several, "trade_id"], NET])]
    own.attrs = frame.attrs
    sums = pivot(own, ["trade_id"]).set_index(["trade_id", "greek"])
    sums = sums[sums.index.isin(parts.groups)]
    summed = first.loc[sums.index.get_level_values(0)].reset_index().assign(
        greek=sums.index.get_level_values(1), asset="", unit=sums["unit"].to_numpy(), value=nan, standard_error=nan,
        cash=sums["value"].to_numpy(), cash_standard_error=sums["standard_error"].to_numpy(),
        note=parts["note"].max().reindex(sums.index).to_numpy(),
    )  # fmt: skip
    whole = pd.concat([rows[~several], summed[rows.columns]], ignore_index=True)
    place = {trade: k for k, trade in enumerate(first.index)}
    return whole.sort_values("trade_id", key=lambda ids: ids.map(place), kind="stable", ignore_index=True)
