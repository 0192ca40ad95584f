"""The frames of `scenario_grid` and `stress` as tables on a terminal."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd
from rich.table import Table

from .._words import with_error
from ..book.together.shocked import TOTAL
from ..book.trades import NET
from .terminal import plain_table, shown


def shocked_tables(frame: pd.DataFrame, *, named: bool) -> Iterator[Table]:
    """What positions gain: a table of stresses by underlying, or for each underlying one of spots by volatilities."""
    several = frame.loc[frame["trade_id"] == NET, "underlying"].nunique() > 1
    nets = frame[frame["trade_id"].isin([NET, TOTAL] if several else [NET])]
    nets = nets.assign(position=nets["underlying"].where(nets["trade_id"] == NET, "all " + nets["currency"]))
    if named:
        yield _table("Gain of the position, ± standard error", nets, "scenario", "position")
        return
    for (position, rate), own in nets.groupby(["position", "rate"], sort=False):
        title = f"Gain of {shown(str(position))}, ± standard error; spots down, volatilities across"
        yield _table(title + f", rate {rate:+g}" * bool(rate), own, "spot", "volatility")


def _table(title: str, rows: pd.DataFrame, down: str, across: str) -> Table:
    """Gains with their errors by two columns."""
    table = plain_table(title)
    columns = [*dict.fromkeys(rows[across])]
    table.add_column(down)
    for column in columns:
        table.add_column(_cell(column), justify="right", no_wrap=True)
    cells = {(row[down], row[across]): row for row in rows.to_dict("records")}
    for key in dict.fromkeys(rows[down]):
        own = [cells.get((key, column)) for column in columns]
        table.add_row(_cell(key), *(with_error(r["change"], r["standard_error"]) if r else "" for r in own))
    return table


def _cell(value: object) -> str:
    """A move, or a name."""
    return f"{value:+g}" if isinstance(value, float) else shown(str(value))
