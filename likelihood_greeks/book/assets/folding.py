"""Frames of trades on several assets as those of one: each Greek of an asset under a name of its own, and back."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from .names import MARK, are_several, names_of

ASSET = "asset"


def of_assets(frame: pd.DataFrame) -> pd.Series:
    """Which rows of a frame of `risk`, or of a file of one, are Greeks of one of several assets, or of a pair."""
    if ASSET not in frame.columns:
        return pd.Series(False, index=frame.index)
    return frame[ASSET].notna() & (frame[ASSET].astype(str) != "")


def folded(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with ``"delta[A]"`` for a Greek where its asset is A, the column ``asset`` staying.

    >>> frame = pd.DataFrame({"greek": ["price", "delta"], "asset": ["", "A"]})
    >>> folded(frame)["greek"].tolist(), unfolded(folded(frame)["greek"])[1].tolist()
    (['price', 'delta[A]'], ['', 'A'])
    """
    own = of_assets(frame)
    if not own.any():
        return frame
    greek = frame["greek"].astype(str)
    named = greek.where(~own | greek.str.endswith("]"), greek + "[" + frame[ASSET].astype(str) + "]")
    found = frame.assign(greek=named)
    found.attrs = frame.attrs
    return found


def unfolded(greeks: pd.Series) -> tuple[pd.Series, pd.Series]:
    """Greeks and assets of folded names of trades on several assets."""
    parts = greeks.astype(str).str.extract(r"^([^\[]*)\[([^\[\]]*)\]$")
    return parts[0].fillna(greeks), parts[1].fillna("")


def bare(frame: pd.DataFrame) -> pd.DataFrame:
    """A folded frame whose rows of an asset, or pair, are that asset's: its underlying, Greek and unit are.

    What a trade on several assets has in one of them is then found beside trades on that one alone.
    """
    own = of_assets(frame)
    if not own.any():
        return frame
    underlying = frame["underlying"].where(~own, frame[ASSET].astype(str).str.replace(",", MARK))
    columns = {name: frame[name].where(~own, unfolded(frame[name])[0]) for name in ("greek", "unit") if name in frame}
    return frame.assign(underlying=underlying, **columns)


def as_nets(frame: pd.DataFrame, nets: Iterable[str]) -> pd.DataFrame:
    """The frame with sets of assets named as the nets of them are, in whatever order trades tell them."""
    named = {frozenset(names_of(name)): name for name in nets if are_several(name)}
    given = [name for name in frame["underlying"].unique() if are_several(name)]
    return frame.assign(
        underlying=frame["underlying"].replace({name: named.get(frozenset(names_of(name)), name) for name in given})
    )
