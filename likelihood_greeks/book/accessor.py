"""``frame.lg``: a frame of `risk` as people use it in pandas, its kinds of rows apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import pandas as pd

from .._checks import one_of
from .assets.folding import folded
from .own_columns import AHEAD, own_of, terms_of
from .terms import VALUED
from .trades import NET
from .units import are_buckets, checked_risk, scaled

OF = {"position": ("position_value", "position_standard_error"), "unit": ("value", "standard_error")}
DESK = "desk"
KINDS = (
    "underlying", "product", "greek", "asset", "method", "model", "currency", "reporting_currency", "option",
    "direction", "knock", "frequency",
)  # fmt: skip
"""Columns whose texts are few."""


@final
@dataclass(frozen=True, slots=True, eq=False)
class RiskFrame:
    """Trades, nets and buckets of a frame of `risk`, or of a file of one, each without the others.

    A frame holds them together, so that a sum over all of its rows counts positions twice. These do not:

    - ``frame.lg.trades``: a row a trade and Greek;
    - ``frame.lg.net``: the net rows, one an underlying and Greek;
    - ``frame.lg.buckets``: the rows by node of the market, of trades; ``frame.lg.net_buckets`` those of nets;
    - ``frame.lg.wide()``: a row a trade, a column a Greek;
    - ``frame.lg.tidy()``: the trades with categories, small and quick to group;
    - ``frame.lg.seed``, ``frame.lg.valuation_date``: of the run.

    Parameters
    ----------
    frame : pandas.DataFrame
        From `risk`, or read from the file that it was written to.

    Examples
    --------
    >>> import likelihood_greeks as lg
    >>> book = pd.DataFrame([{"trade_id": name, "underlying": "X", "product": "call", "quantity": quantity,
    ...                       "maturity": "2025-07-01", "strike": 100} for name, quantity in (("A", 10), ("B", -4))])
    >>> market = {"valuation_date": "2025-01-01", "underlyings": {"X": {
    ...     "spot": 100.0, "zero_rate": 0.03, "implied_volatility": 0.2}}}
    >>> frame = lg.risk(book, market, ["delta"], seed=1)
    >>> frame.lg.trades.groupby("greek")["position_value"].sum().round(3).to_dict()
    {'delta': 3.419, 'price': 38.051}
    >>> frame.lg.net.set_index("greek")["value"].round(3).to_dict()
    {'price': 38.051, 'delta': 3.419}
    >>> frame.lg.wide("unit")[["trade_id", "strike", "delta"]].round(2).values.tolist()
    [['A', 100.0, 0.57], ['B', 100.0, 0.57]]
    """

    frame: pd.DataFrame

    def _rows(self, *, nets: bool, buckets: bool) -> pd.DataFrame:
        """The rows of trades or nets, whole Greeks or their parts; refused of another frame."""
        checked_risk(self.frame)
        split = are_buckets(self.frame)
        chosen = (self.frame["trade_id"] == NET).eq(nets) & split.eq(buckets)
        found = self.frame[chosen].reset_index(drop=True)
        found.attrs = self.frame.attrs
        return found

    @property
    def trades(self) -> pd.DataFrame:
        """The rows of trades, a row a trade and Greek."""
        return self._rows(nets=False, buckets=False)

    @property
    def net(self) -> pd.DataFrame:
        """The net rows, without the columns that only trades have."""
        net = self._rows(nets=True, buckets=False)
        return net.drop(columns=[name for name in (*AHEAD, *terms_of(net), *own_of(net)) if name in net.columns])

    @property
    def buckets(self) -> pd.DataFrame:
        """The rows of trades by node of the market; none of a run that was not split."""
        return self._rows(nets=False, buckets=True)

    @property
    def net_buckets(self) -> pd.DataFrame:
        """The net rows by node of the market."""
        return self._rows(nets=True, buckets=True)

    @property
    def seed(self) -> int | None:
        """The seed of the run; None of a file that does not keep it (each row has its underlying's)."""
        return self.frame.attrs.get("seed")

    @property
    def valuation_date(self) -> pd.Timestamp | None:
        """The valuation date; None of a file that does not keep it."""
        stated = self.frame.attrs.get(VALUED)
        return None if stated is None else pd.Timestamp(stated)

    def tidy(self) -> pd.DataFrame:
        """The rows of trades with categories for texts that are few, in the order in which they come."""
        trades = self.trades
        names = [name for name in KINDS if name in trades.columns]
        return trades.assign(
            **{name: pd.Categorical(trades[name], [*trades[name].dropna().unique()]) for name in names}
        )

    def wide(self, of: str = "position") -> pd.DataFrame:
        """A row a trade: what it is, its Greeks and their standard errors, its terms and the book's own columns.

        Parameters
        ----------
        of : {"position", "unit", "desk"}
            Raw derivatives of the position or of one unit, or the position's in the units of `desk_units`; columns are
            called by Greek, and ``..._standard_error``.
        """
        one_of("of", of, (*OF, DESK))
        trades = folded(self.trades)
        value, error = OF.get(of, ("cash", "cash_standard_error"))
        if of == DESK:
            rows = scaled(self.frame)
            trades = rows[rows["trade_id"] != NET]
        first = trades.drop_duplicates("trade_id").set_index("trade_id")
        about = ["underlying", "product", "quantity", "currency", "model", "spot", "maturity"]
        said = [name for name in (*AHEAD, *terms_of(self.frame), *own_of(self.frame)) if name in first.columns]
        numbers = {}
        for greek, own in trades.groupby("greek", sort=False):
            placed = own.set_index("trade_id")
            numbers[str(greek)] = placed[value].reindex(first.index)
            numbers[f"{greek}_standard_error"] = placed[error].reindex(first.index)
        found = pd.concat([first[about], first[said[:1]], pd.DataFrame(numbers), first[said[1:]]], axis="columns")
        found = found.reset_index()
        found.attrs = self.frame.attrs
        return found


if not hasattr(pd.DataFrame, "lg"):  # a module may be read twice, as by tools that collect examples
    pd.api.extensions.register_dataframe_accessor("lg")(RiskFrame)
