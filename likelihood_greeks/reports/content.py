"""What a report of a book's risk says, whatever the file."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from importlib.metadata import version
from math import ceil
from typing import Any, final

import pandas as pd

from .._checks import mapping_of, one_of, refuse
from .._versions import VERSION
from ..book.assets.folding import as_nets, bare, of_assets, unfolded
from ..book.calendars import DAYS_PER_YEAR
from ..book.currencies import UNKNOWN
from ..book.own_columns import own_of
from ..book.pivots import converted, pivot, reports_in
from ..book.terms import VALUED
from ..book.together.shocked import COLUMNS as SHOCKED
from ..book.trades import NET
from ..book.units import are_buckets, scaled, unit_of
from .over_assets import summed_over_assets
from .terminal import at_worst, kind_of, paths_of, states_of

LIBRARIES = ("numpy", "scipy", "pandas", "QuantLib")
PRECISE = 0.05
"""Standard error of a net number, as a share of the gross position, above which a report asks for more paths."""

LEADING = 5  # trades named for each Greek


@final
@dataclass(frozen=True, eq=False)
class Content:
    """A book's risk, arranged for reading.

    Parameters
    ----------
    frame : pandas.DataFrame
        From `risk`, or read from the file that it was written to.
    ladder : pandas.DataFrame, optional
        From `ladder`.
    settings : mapping of str to object
        Whatever else should be on record: file names, options, seconds.
    by : tuple of str
        Own columns of the book to total by.
    scenarios : pandas.DataFrame, optional
        From `scenario_grid` or `stress`.
    explained : pandas.DataFrame, optional
        From `explain_book`.
    limits : pandas.DataFrame, optional
        From `check_limits`.

    Raises
    ------
    TypeError, ValueError
        If `frame` is not from `risk`, or has no trades or no such columns.
    """

    frame: pd.DataFrame
    ladder: pd.DataFrame | None
    settings: Mapping[str, object]
    by: tuple[str, ...] = ()
    scenarios: pd.DataFrame | None = None
    explained: pd.DataFrame | None = None
    limits: pd.DataFrame | None = None

    def __post_init__(self) -> None:
        mapping_of("settings", self.settings, "what is on record by name")
        if self.ladder is not None and not (isinstance(self.ladder, pd.DataFrame) and "move" in self.ladder.columns):
            raise TypeError(f"ladder must be a DataFrame from ladder(), got {type(self.ladder).__name__}")
        own = self.scenarios
        if own is not None and not (isinstance(own, pd.DataFrame) and {*SHOCKED} <= {*own.columns}):
            raise TypeError(f"scenarios must be a DataFrame from scenario_grid() or stress(), got {type(own).__name__}")
        if self.trades.empty:
            refuse("frame", "have a trade", self.frame.attrs.get("problems", []))
        for name in self.by:
            one_of("by", name, own_of(self.frame), "a column of the book's own")

    @cached_property
    def _rows(self) -> pd.DataFrame:
        return scaled(self.frame)

    @property
    def trades(self) -> pd.DataFrame:
        """The rows of trades, in a desk's units."""
        return self._rows[self._rows["trade_id"] != NET]

    @property
    def valued(self) -> str:
        """The valuation date, ``2025-01-31``; of files that do not keep it, from a maturity in years and its date."""
        if VALUED in self.frame.attrs:
            return str(self.frame.attrs[VALUED])
        if "maturity_date" not in self.frame.columns:
            return ""
        days = pd.to_datetime(self.trades["maturity_date"]) - pd.to_timedelta(
            (self.trades["maturity"] * DAYS_PER_YEAR).round(), unit="D"
        )
        return f"{days.iloc[0]:%Y-%m-%d}"

    def models(self) -> dict[str, str]:
        """The laws of the underlyings, those of which all have the same together."""
        by_model: dict[str, list[str]] = {}
        for (name, model), _ in self.trades.groupby(["underlying", "model"], sort=False):
            by_model.setdefault(str(model), []).append(str(name))
        return {model: ", ".join(names) for model, names in by_model.items()}

    @property
    def greeks(self) -> list[str]:
        """The Greeks in the order of the frame, the price first; those of an asset are that Greek."""
        rows = self._rows
        return list(dict.fromkeys(rows["greek"].where(~of_assets(rows), unfolded(rows["greek"])[0])))

    def totals(self, *by: str) -> pd.DataFrame:
        """The pivot of the frame."""
        return pivot(self.frame, by)

    @property
    def reporting(self) -> str:
        """The reporting currency; empty without one."""
        return reports_in(self.frame)

    @cached_property
    def by_trade(self) -> pd.DataFrame:
        """The rows of trades, those of single assets of a trade summed: see `summed_over_assets`."""
        return summed_over_assets(self.frame, self.trades)

    @cached_property
    def comparable(self) -> pd.DataFrame:
        """The rows of `by_trade`, converted into the reporting currency as far as it is known how."""
        return converted(self.by_trade) if self.reporting != UNKNOWN else self.by_trade

    @property
    def currencies(self) -> list[str]:
        """Those of `comparable`, within which trades can be compared."""
        return [str(currency) for currency in self.comparable["currency"].unique()]

    def leading(self, column: str) -> pd.DataFrame:
        """The trades with the largest numbers in a column (``cash`` or its error), the largest first.

        With ``share``, of the sum of the absolute numbers over all trades that can be compared.
        """
        keys, size = ["greek", "currency"], self.comparable[column].abs()
        gross = size.groupby([self.comparable[key] for key in keys]).transform("sum")
        ranked = self.comparable.assign(share=size / gross)
        return ranked.sort_values("share", ascending=False, kind="stable").groupby(keys).head(LEADING)

    def _gross(self) -> pd.Series:
        """Sizes of trades summed by underlying and Greek, an asset's with what trades on several have there."""
        own, several = self.trades, of_assets(self.trades)
        nets = self._rows.loc[self._rows["trade_id"] == NET, "underlying"].unique()
        every = as_nets(pd.concat([own, bare(own[several])]), nets)
        return every["cash"].abs().groupby([every["underlying"], every["greek"]]).sum()

    def imprecise(self) -> list[str]:
        """Net numbers whose errors are large against the gross position, a line a position, the worst first.

        What sets of assets have in one of them is left out: it is in that asset's own line.
        """
        gross = self._gross()
        nets = self._rows[(self._rows["trade_id"] == NET) & ~of_assets(self._rows)]
        shares = dict[str, dict[str, float]]()
        for row in nets.to_dict("records"):
            size = float(gross.get((row["underlying"], row["greek"]), 0.0))
            share = row["cash_standard_error"] / size if size > 0.0 else 0.0
            if not share <= PRECISE:
                shares.setdefault(str(row["underlying"]), {})[unit_of(row["greek"]).title] = share
        worst = sorted(shares, key=lambda name: -max(shares[name].values()))
        return [_in_words(name, shares[name]) for name in worst]

    def notes(self) -> pd.DataFrame:
        """What is held against numbers: ``trade_id, underlying, greeks, note``; a bucket is behind its Greek.

        Of gains in the ladder, their moves are in the place of Greeks.
        """
        marked = self._rows[self._rows["note"] != ""]
        keys = ["trade_id", "underlying", "note"]
        parts = self.frame[are_buckets(self.frame)]
        parts = parts[parts["note"].fillna("") != ""]
        if len(parts):
            known = pd.MultiIndex.from_frame(marked[keys])
            parts = parts[~pd.MultiIndex.from_frame(parts[keys]).isin(known)]
            parts = parts.assign(greek=parts["greek"] + " at " + parts["bucket"].astype(str))
            marked = pd.concat([marked[[*keys, "greek"]], parts[[*keys, "greek"]]])
        grouped = marked.groupby(["trade_id", "underlying", "note"], sort=False)["greek"].agg(", ".join)
        of_greeks = grouped.rename("greeks").reset_index()[["trade_id", "underlying", "greeks", "note"]]
        return pd.concat([of_greeks, self._ladder_notes()], ignore_index=True)

    def _ladder_notes(self) -> pd.DataFrame:
        """What is held against gains in the ladder, at the worst of like reasons."""
        own = [] if self.ladder is None else self.ladder.attrs.get("notes", [])
        held = pd.DataFrame(own, columns=["trade_id", "underlying", "move", "note"])
        rows = []
        for (trade_id, underlying, _), like in held.groupby(
            ["trade_id", "underlying", held["note"].map(kind_of)], sort=False
        ):
            moves = ", ".join(f"{move:+.4g}%" for move in 100.0 * like["move"])
            rows.append((trade_id, underlying, f"ladder at {moves}", at_worst([*like["note"].unique()])))
        return pd.DataFrame(rows, columns=["trade_id", "underlying", "greeks", "note"], dtype=object)

    def states(self) -> pd.DataFrame:
        """What has become of trades with a past: ``trades, state``, a row for all of which the same can be said."""
        return pd.DataFrame(states_of(self.frame), columns=["trades", "state"])

    def problems(self) -> pd.DataFrame:
        """Trades that could not be priced, and why; rows are counted from 1."""
        found = pd.DataFrame(
            self.frame.attrs.get("problems", []), columns=["trade_id", "row", "field", "requirement", "value"]
        )
        return found.assign(row=found["row"] + 1, value=found["value"].map(str))

    def calibrations(self) -> dict[str, str]:
        """How well fitted models fit, by underlying."""
        return {name: str(fit["summary"]) for name, fit in self.frame.attrs.get("calibrations", {}).items()}

    def _rates(self) -> dict[str, float]:
        """What one unit of each currency was worth in the reporting currency."""
        known = self._rows[self._rows["fx"].notna() & (self._rows["currency"] != self.reporting)]
        return {f"{self.reporting} for 1 {name}": own.iloc[0] for name, own in known.groupby("currency")["fx"]}

    def record(self) -> dict[str, str]:
        """Seed, paths, settings and versions: what it takes to make these numbers again."""
        seeds = {"seed": self.frame.attrs["seed"]} if "seed" in self.frame.attrs else {
            f"seed of {name}": own.iloc[0] for name, own in self._rows.groupby("underlying", sort=False)["seed"]
        }  # fmt: skip
        if self.ladder is not None:
            seeds |= {
                "seed of the ladder": self.ladder.attrs["seed"],
                "paths of the ladder": self.ladder.attrs["paths"],
            }
        facts: dict[str, Any] = {
            **self.settings,
            "trades": self.trades["trade_id"].nunique(),
            "paths": paths_of(self.frame),
            **seeds,
            **self._rates(),
            "likelihood-greeks version": VERSION,
            **{f"{name} version": version(name) for name in LIBRARIES},
            "Python version": platform.python_version(),
            "made": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        }
        return {name: str(value) for name, value in facts.items()}


def _in_words(name: str, shares: Mapping[str, float]) -> str:
    """What is said of a position whose errors are these shares of the gross position."""
    named = ", ".join(
        f"{title} {share:.0%}" if share <= 1.0 else f"{title} over 100%" for title, share in shares.items()
    )
    times = ceil((max(shares.values()) / PRECISE) ** 2) if max(shares.values()) <= 1.0 else 0
    cure = (
        f"about {times:,} times the paths would make it {PRECISE:.0%}" if times else "the position is next to nothing"
    )
    return f"{name}: standard errors against the gross position: {named}; {cure}"
