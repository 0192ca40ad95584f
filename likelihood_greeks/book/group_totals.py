"""The sums of groups of trades with their errors: those of netted samples as far as they are known, else bounds."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..estimate import roughly_known
from .frame import NEGLIGIBLE


def totals(trades: pd.DataFrame, nets: pd.Series, joint: pd.Series | None) -> pd.DataFrame:
    """The sums of trades by ``group``, with their errors.

    `nets` are the errors of nets by draws and label (underlying and Greek), `joint` those of the parts of groups, as
    far as known.
    """
    parts = _sums(trades, ["group", "draws", "label"])
    whole = _sums(trades, ["draws", "label"])[["errors", "trades"]].add_suffix("_of_all")
    parts = parts.join(whole, on=["draws", "label"]).join(nets.rename("net"), on=["draws", "label"])
    full, alone = (parts["trades"] == parts["trades_of_all"]) & parts["net"].notna(), parts["trades"] == 1
    rest = parts["net"] + parts["errors_of_all"] - parts["errors"]
    bound = np.fmin(parts["errors"], rest.where(parts["errors"].notna()))
    own = parts["net"].where(full & ~alone, parts["errors"].where(alone, bound))
    exact = full | alone | (parts["errors"] == 0.0)
    if joint is not None:
        known = joint.reindex(parts.index)
        own, exact = own.where(exact | known.isna(), known), exact | known.notna()
    found = parts.assign(square=own**2, bounds=~exact).groupby(level="group", sort=False).agg(
        value=("value", "sum"), square=("square", lambda x: x.sum(skipna=False)), bounds=("bounds", "any"),
        trades=("trades", "sum"), doubtful=("doubtful", "sum"), rough=("rough", "sum"), loose=("loose", "sum"),
        fx=("fx", "first"),
    )  # fmt: skip
    negligible = found.pop("loose") <= NEGLIGIBLE * np.sqrt(found["square"])
    only_rough = found.pop("rough") == found["doubtful"]
    found["doubtful"] = found["doubtful"].mask(negligible & only_rough, 0)
    errors, kinds = np.sqrt(found.pop("square")), np.where(found.pop("bounds"), "at most", "exact")
    found.insert(1, "standard_error", errors)
    found.insert(2, "error", kinds)
    found.loc[trades["cash"].isna().groupby(trades["group"]).any(), ["value", "standard_error"]] = np.nan
    return found


def _sums(trades: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """Sums over groups: the value, the errors, how many trades there are, how many of them doubtful.

    ``rough`` are those of which the errors are known roughly, ``loose`` is the sum of these errors.
    """
    marked = trades["note"] != ""
    rough = marked & trades["note"].map(roughly_known)
    loose = trades["cash_standard_error"].where(rough, 0.0)
    grouped = trades.assign(marked=marked, rough=rough, loose=loose).groupby(keys, sort=False)
    return grouped.agg(
        value=("cash", "sum"), errors=("cash_standard_error", "sum"), trades=("cash", "size"),
        doubtful=("marked", "sum"), rough=("rough", "sum"), loose=("loose", "sum"), fx=("fx", "first"),
    )  # fmt: skip
