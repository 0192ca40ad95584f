"""Tables whose cells are shaded by their numbers: risk by maturity, by node of the market, gains by scenario."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any, final

import pandas as pd

from ..book.buckets import FLAT, place_of
from ..book.currencies import UNKNOWN
from ..book.pivots import pivot
from ..book.pnl.by_pillar import order
from ..book.together.shocked import TOTAL
from ..book.trades import NET
from ..book.units import are_buckets, unit_of
from .content import Content
from .decimals import Decimals
from .explained import by_pillar
from .totals import UNSTATED

DARKEST = 0.7  # opacity of the largest number
Cells = Mapping[tuple[Hashable, Hashable], tuple[float, float]]
"""A number and its standard error by row and column."""


@final
@dataclass(frozen=True, slots=True)
class Heat:
    """A shaded table.

    Parameters
    ----------
    title, corner : str
        What it shows, and what its rows and columns are.
    columns : sequence of str
    rows : sequence of (str, sequence)
        Names, and their cells: ``text, error, negative, shade``, or None where there is nothing.
    """

    title: str
    corner: str
    columns: Sequence[str]
    rows: Sequence[tuple[str, Sequence[Mapping[str, Any] | None]]]

    @classmethod
    def of(
        cls,
        title: str,
        corner: str,
        cells: Cells,
        axes: tuple[Sequence[Hashable], Sequence[Hashable]],
        names: Callable[[Any], str] = str,
    ) -> Heat:
        """The table of numbers by the keys of two axes, shaded by size from the largest, centred at zero."""
        values, errors = ([pair[k] for pair in cells.values()] for k in (0, 1))
        size = max((abs(value) for value in values if isfinite(value)), default=0.0) or 1.0
        form = Decimals.of(values, errors)

        def cell(key: tuple[Hashable, Hashable]) -> Mapping[str, Any] | None:
            if key not in cells:
                return None
            value, error = cells[key]
            return {
                "text": form.number(value), "error": form.error(error) if error > 0.0 else "", "negative": value < 0.0,
                "shade": f"{DARKEST * abs(value) / size:.2f}" if isfinite(value) else "0",
            }  # fmt: skip

        down, across = axes
        rows = [(names(row), [cell((row, column)) for column in across]) for row in down]
        return cls(title, corner, [names(column) for column in across], rows)


def by_maturity(content: Content, greeks: Sequence[str]) -> Iterator[Heat]:
    """Greeks of the position in each underlying by bucket of maturity, a table a Greek and currency."""
    totals = content.totals("underlying", "bucket")
    for greek in greeks:
        for currency in totals["currency"].unique():
            own = totals[(totals["greek"] == greek) & (totals["currency"] == currency)]
            if own.empty or own["bucket"].nunique() * own["underlying"].nunique() < 2:
                continue
            axes = [*own["underlying"].unique()], [*own["bucket"].cat.remove_unused_categories().cat.categories]
            stated = f", {currency}" if currency != UNKNOWN else ""
            title = f"{unit_of(greek).title} by maturity{stated}"
            yield Heat.of(title[:1].upper() + title[1:], "", _cells(own, "underlying", "bucket"), axes)


def by_node(content: Content) -> Iterator[Heat]:
    """Greeks that the run split by nodes of the market: vega by strike and years, others by years alone.

    What is one number, and so the Greek itself, is left out.
    """
    frame = content.frame
    split = frame[are_buckets(frame)]
    if split.empty:
        return
    totals = pivot(frame, ["underlying", "node"])
    for name in split["underlying"].unique():
        own = totals[totals["underlying"] == name]
        for greek in own["greek"].unique():
            mine, title = own[own["greek"] == greek], f"{name}: {unit_of(greek).title} by "
            quoted = mine["node"].str.contains(" x ", regex=False)
            if quoted.any():
                yield _quotes(f"{title}strike and years{_rest(mine[~quoted])}", mine[quoted])
            elif mine["node"].tolist() != [FLAT]:
                across = sorted(mine["node"], key=place_of)
                yield Heat.of(f"{title}years", "", _cells(mine, "greek", "node"), ([greek], across), _short)


def _rest(rows: pd.DataFrame) -> str:
    """What no quote moves, in words."""
    forms = Decimals.of(rows["value"], rows["standard_error"])
    pairs = zip(rows["node"], rows["value"], strict=True)
    return "".join(f", {forms.number(value)} {node}" for node, value in pairs)


def explained_by_pillar(frame: pd.DataFrame | None) -> Iterator[Heat]:
    """The profit of positions by pillar, a table for each underlying: terms down, years across."""
    for title, cells in () if frame is None else by_pillar(frame):
        terms, pillars = (list(dict.fromkeys(str(key[k]) for key in cells)) for k in (0, 1))
        axes = terms, sorted(pillars, key=lambda own: order(f"vega[{own}]"))
        yield Heat.of(f"{title}: profit by pillar", "years", cells, axes, lambda name: _short(name).replace("_", " "))


def _quotes(title: str, rows: pd.DataFrame) -> Heat:
    """A Greek by quote of a surface, the highest strike first."""
    places = [place_of(node) for node in rows["node"]]
    placed = rows.assign(years=[years for years, _ in places], strike=[strike for _, strike in places])
    axes = sorted(placed["strike"].unique(), reverse=True), sorted(placed["years"].unique())
    return Heat.of(title, "strike \\ years", _cells(placed, "strike", "years"), axes, _short)


def scenarios(frame: pd.DataFrame | None) -> Iterator[Heat]:
    """Gains of positions on a grid of `scenario_grid`, spots down and volatilities across, or by named stress."""
    if frame is None or frame.empty:
        return
    several = frame.loc[frame["trade_id"] == NET, "underlying"].nunique() > 1
    nets = frame[frame["trade_id"].isin([NET, TOTAL] if several else [NET])]
    whole = nets["currency"].fillna("").replace("", UNSTATED)
    nets = nets.assign(position=nets["underlying"].where(nets["trade_id"] == NET, "all, " + whole))
    if (
        frame["scenario"].nunique() > len(nets[["spot", "volatility", "rate"]].drop_duplicates())
        or nets["spot"].isna().any()
    ):
        axes = [*nets["scenario"].unique()], [*nets["position"].unique()]
        yield Heat.of("Gain under stresses", "stress", _cells(nets, "scenario", "position", "change"), axes)
        return
    for (position, rate), own in nets.groupby(["position", "rate"], sort=False):
        axes = sorted(own["spot"].unique()), sorted(own["volatility"].unique())
        title = f"{position}: gain by move of the spot and of volatilities" + f", rates {rate:+.2%}" * bool(rate)
        cells = _cells(own, "spot", "volatility", "change")
        yield Heat.of(title, "spot \\ volatility", cells, axes, lambda move: f"{100.0 * move:+g} %" if move else "0")


def _short(name: Any) -> str:
    """Years and strikes with the digits that tell them apart; a name as it is."""
    try:
        return f"{float(name):.4g}" if abs(float(name)) < 1e4 else f"{float(name):,.0f}"
    except ValueError:
        return str(name)


def _cells(rows: pd.DataFrame, down: str, across: str, value: str = "value") -> dict[tuple[Hashable, Hashable], Any]:
    """Numbers with their errors by two columns."""
    columns = zip(
        rows[down], rows[across], rows[value].astype(float), rows["standard_error"].astype(float), strict=True
    )
    return {(row, column): (number, error) for row, column, number, error in columns}
