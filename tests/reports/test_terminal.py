"""Tables on a terminal: whole lines in its columns, and a word on what is not there."""

import io

import pandas as pd
import pytest
from rich.console import Console

import likelihood_greeks as lg
from likelihood_greeks.reports import terminal
from likelihood_greeks.reports.decimals import aligned
from likelihood_greeks.reports.showing import show

ROW = {"underlying": "X", "quantity": 10, "maturity": "2025-07-01", "strike": 100}
BOOK = pd.DataFrame([
    ROW | {"trade_id": "A", "product": "call"},
    ROW | {"trade_id": "BB", "product": "barrier", "option": "call", "level": 90, "direction": "down", "knock": "out",
           "frequency": "2025-03-03"},
])  # fmt: skip
MARKET = {
    "valuation_date": "2025-01-01",
    "underlyings": {"X": {"spot": 100, "zero_rate": 0.03, "implied_volatility": 0.2}},
}


@pytest.fixture(scope="module")
def frame():
    return lg.risk(BOOK, MARKET, paths=1024, seed=1)


def printed(table, **settings):
    out = io.StringIO()
    show(table, console=Console(file=out, width=settings.pop("width", 80)), **settings)
    return out.getvalue().splitlines()


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_columns_that_do_not_fit_are_named_below(frame, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    lines = printed(terminal.book_table(frame))
    assert max(map(len, lines)) <= columns
    assert "…" not in "".join(lines)
    said, head = " ".join(lines[-3:]), lines[2]
    for name in ("quantity", "price", "delta", "gamma", "vega", "rho", "dividend_rho", "theta"):
        assert (f" {name} " in f"{head} ") != (f"{name}," in said or f"{name}:" in said), name
    assert any("barrier call 100 90 2025-07-01" in line for line in lines)


def test_all_is_there_where_it_is_wide(frame, monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    assert "theta" in printed(terminal.book_table(frame), wide=True)[2]
    monkeypatch.delenv("COLUMNS")
    assert "theta" in printed(terminal.book_table(frame))[2]  # redirected


def test_points_stand_below_each_other_and_nothing_is_lost():
    found = aligned([(1234.5678, 0.31, ""), None, (-2.0, 0.0, "doubtful"), (3e-9, 4e-10, "≤")])
    assert found == ["1,234.57 ± 0.31  ", "", "-2.00 ±    0 !", "3.0e-09 ≤ 4e-10  "]
