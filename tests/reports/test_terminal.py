"""Tables on a terminal: whole lines in its columns, and a word on what is not there."""

import io
import re

import pandas as pd
import pytest
from rich.console import Console

import likelihood_greeks as lg
from likelihood_greeks import cli
from likelihood_greeks.reports import book_tables, differences, terminal
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
    lines = printed(book_tables.book_table(frame))
    assert max(map(len, lines)) <= columns
    assert "…" not in "".join(lines)
    said, head = " ".join(lines[-3:]), lines[2]
    for name in ("quantity", "price", "delta", "gamma", "vega", "rho", "dividend_rho", "theta"):
        assert (f" {name} " in f"{head} ") != (f"{name}," in said or f"{name}:" in said), name
    whole = any("barrier call 100 90 2025-07-01" in line for line in lines)
    assert whole != ("rest of terms" in said)
    assert whole == (columns >= 80)


@pytest.mark.parametrize("width", [24, 45, 60, 80])
def test_greeks_that_were_asked_for_go_before_terms(frame, monkeypatch, width):
    monkeypatch.setenv("COLUMNS", str(width))
    lines = printed(book_tables.book_table(frame, asked=["vega", "theta"]))
    shown = next(line for line in lines if "trade" in line).split()
    assert (
        shown
        == {
            24: ["trade", "vega"],
            45: ["trade", "price", "vega"],
            60: ["trade", "price", "vega", "theta"],
            80: ["trade", "terms", "price", "vega", "theta"],
        }[width]
    )
    assert any("barrier call" in line for line in lines) == (width == 80)
    assert "…" not in "".join(lines)


def test_all_is_there_where_it_is_wide(frame, monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    assert "theta" in printed(book_tables.book_table(frame), wide=True)[2]
    monkeypatch.delenv("COLUMNS")
    assert "theta" in printed(book_tables.book_table(frame))[2]  # redirected


def test_points_stand_below_each_other_and_nothing_is_lost():
    found = aligned([(1234.5678, 0.31, ""), None, (-2.0, 0.0, "doubtful"), (3e-9, 4e-10, "≤")])
    assert found == ["1,234.57 ± 0.31  ", "", "-2.00 ±    0 !", "3.0e-09 ≤ 4e-10  "]


@pytest.fixture
def compared():
    """As from `diff`: buckets of a net, on common draws of which two rows' errors are bounds."""
    nodes, at_most = ["", "2002-06-21", "2002-09-20 4500"], "common, at most"
    table = pd.DataFrame({"greek": "vega", "bucket": nodes, "draws": ["common", at_most, at_most]})
    table = table.assign(
        trade_id="net", underlying="INDEX", before=123456.789, after=133456.789, difference=1e4, z=12.5
    )
    table = table.assign(standard_error=800.0, threshold=3.5, verdict="changed", note=["", "", "rough"])
    table.attrs = {"level": 0.01, "checks": 3, "settings": []}
    return table


def test_differences_with_their_nodes_are_what_is_kept(compared, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    lines = printed(differences.diff_table(compared), options=("--wide", "--output"))
    assert lines[2].split() == ["trade", "underlying", "Greek", "node", "difference", "z", "verdict"]
    assert "2002-09-20 4500" in lines[6]
    assert "10,000 ± ≤ 800 12.5 changed !" in " ".join(lines[6].split())
    assert lines[-1] == "before, after: not in 80 columns; --wide shows all, --output writes a file"
    assert printed(differences.diff_table(compared), options=())[-1] == "before, after: not in 80 columns"
    mixed = compared.assign(verdict=["noise", "new", "changed"])
    assert differences.by_weight(mixed)["verdict"].tolist() == ["changed", "new"]
    assert differences.by_weight(compared.assign(verdict="gone").iloc[::-1])["bucket"].iloc[0] == ""
    assert "3 numbers compared (common draws, some errors at most): 3 changed" in differences.diff_summary(compared)


def test_buckets_that_one_run_alone_has_are_said_once(compared):
    split = compared.assign(verdict=["noise", "gone", "gone"], draws=["common", "", ""])
    split.attrs = compared.attrs
    assert differences.by_weight(split).empty
    assert differences.reasons(split) == ["buckets of vega: gone"]
    moved = split.assign(verdict=["noise", "gone", "new"])  # other quotes
    assert len(differences.by_weight(moved)) == 2


def test_hints_are_options_that_the_command_has(frame, monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("COLUMNS", "45")
    moved = frame["position_value"] + 1e3 * (1.0 + frame["position_standard_error"])
    paths = [str(tmp_path / "1.csv"), str(tmp_path / "2.csv")]
    for path, run in zip(paths, (frame, frame.assign(position_value=moved, seed=2)), strict=True):
        run.to_csv(path, index=False)
    texts = []
    for arguments in (["diff", *paths], ["diff", "--help"]):
        with pytest.raises(SystemExit):
            cli.main(arguments)
        texts.append(capsys.readouterr().out)
    hints = set(re.findall("--[a-z]+", texts[0]))
    assert "--wide" in hints
    assert all(hint in texts[1] for hint in hints)


def test_marks_name_a_greek_once_with_its_nodes():
    rows = pd.DataFrame({"greek": ["vega", "vega", "rho", "vega"], "bucket": ["", "6M", "", "1Y"]})
    assert terminal.notes(rows.assign(trade_id="A", note="rough")) == ["A vega (total, 6M, 1Y), rho: rough"]
    few = [
        f"about {n} samples carry the variance (needs 10{more}): rough"
        for n, more in ((3, ", 3.3 times the paths"), (1, ", 10 times the paths"))
    ]
    said = terminal.notes(rows.assign(trade_id="A", note=[few[0], few[1], few[0], "off"]))
    assert said == [f"A vega (total, 6M), rho: at worst {few[1]}", "A vega (1Y): off"]
    doubtful = ["includes doubtful numbers of A; " + few[0], "includes doubtful numbers of B", few[1], ""]
    assert terminal.notes(rows.assign(trade_id="net", note=doubtful)) == [
        "net vega (total, 6M): includes doubtful numbers of A, B", f"net vega, rho: at worst {few[1]}"
    ]  # fmt: skip
    assert terminal.notes(rows[["greek"]].assign(trade_id="A", note="rough"))[0] == "A vega, rho: rough"
