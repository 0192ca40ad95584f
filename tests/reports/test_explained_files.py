"""What `explain` wrote, read again for the reports of `risk`: the same from any file, and nothing else taken for it."""

import re

import pandas as pd
import pytest

import likelihood_greeks as lg
from likelihood_greeks import cli
from likelihood_greeks.book.files import read
from likelihood_greeks.book.pnl.as_written import as_explained

SHARE = """
[underlyings.X]
spot = {spot}
dividend_yield = 0.01
implied_volatility = 0.2
currency = "EUR"
zero_curve = {{ times = [0.5, 2.0], rates = [0.02, {rate}] }}
"""
ROWS = [
    {"trade_id": "007", "underlying": "X", "product": "call", "quantity": 10, "maturity": "2026-01-02", "strike": 100},
    {"trade_id": "barrier", "underlying": "X", "product": "barrier", "option": "put", "direction": "down",
     "knock": "in", "level": 80, "quantity": -3, "maturity": "2025-07-02", "strike": 95, "frequency": "monthly"},
]  # fmt: skip
SETTINGS = ["--seed", "1", "--paths", "512", "--quiet"]


def command(*arguments):
    with pytest.raises(SystemExit) as stopped:
        cli.main([str(argument) for argument in arguments])
    return stopped.value.code


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A book, two markets, and what `explain` and other commands write of them, in each kind of file."""
    path = tmp_path_factory.mktemp("explained")
    pd.DataFrame(ROWS).to_csv(path / "book.csv", index=False)
    for name, day, spot, rate in (("monday", "2025-01-02", 100.0, 0.025), ("tuesday", "2025-01-03", 101.5, 0.026)):
        (path / f"{name}.toml").write_text(f"valuation_date = {day}\n" + SHARE.format(spot=spot, rate=rate))
    both = ["--market", path / "monday.toml", "--to", path / "tuesday.toml"]
    for ending in ("csv", "parquet", "xlsx"):
        written = path / f"explained.{ending}"
        assert command("explain", path / "book.csv", *both, *SETTINGS, "--buckets", "rho", "--output", written) == 0
    market = ["--market", path / "monday.toml", *SETTINGS]
    assert command("risk", path / "book.csv", *market, "--output", path / "risk.csv") == 0
    assert command("scenarios", path / "book.csv", *market, "--output", path / "scenarios.csv") == 0
    return path


def told(folder, explained, report, capsys):
    """The exit code of a run with a report, and what it says in red."""
    inputs = folder / "book.csv", "--market", folder / "tuesday.toml", *SETTINGS
    code = command("risk", *inputs, "--explained", folder / explained, "--report", folder / report)
    return code, " ".join(capsys.readouterr().err.split())


def section(path):
    """The part of a page that explains the profit."""
    return re.search('<section id="explained">.*?</section>', path.read_text(encoding="utf-8"), re.DOTALL)[0]


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_numbers_are_read_as_they_were_written(folder, ending):
    parquet, other = (as_explained(read(folder / f"explained.{kind}")) for kind in ("parquet", ending))
    assert any(name.endswith("]") for name in parquet.columns)
    assert other["trade_id"].tolist()[0] == "007"
    columns = [name for name in parquet.columns if pd.api.types.is_numeric_dtype(parquet[name])]
    assert {"quantity", "maturity", "pnl", "theta_standard_error", "seed", "spot_move"} <= {*columns}
    pd.testing.assert_frame_equal(other[columns], parquet[columns], check_dtype=False, rtol=1e-14)
    texts = ["trade_id", "underlying", "currency", "method", "state", "note"]
    assert other[texts].to_numpy().tolist() == parquet[texts].to_numpy().tolist()


@pytest.mark.parametrize("ending", ["csv", "xlsx", "parquet"])
def test_a_report_explains_the_same_from_any_file(folder, ending, capsys):
    assert told(folder, f"explained.{ending}", f"{ending}.html", capsys) == (0, "")
    assert told(folder, "explained.parquet", "expected.html", capsys) == (0, "")
    assert section(folder / f"{ending}.html") == section(folder / "expected.html")
    assert told(folder, f"explained.{ending}", f"{ending}.xlsx", capsys) == (0, "")
    sheet = pd.read_excel(folder / f"{ending}.xlsx", sheet_name="explained")
    assert pd.api.types.is_float_dtype(sheet["pnl"])


@pytest.mark.parametrize("report", ["refused.html", "refused.xlsx"])
@pytest.mark.parametrize("name", ["book.csv", "risk.csv", "scenarios.csv"])
def test_another_file_is_refused_by_its_name_before_anything_is_computed(folder, name, report, capsys):
    code, said = told(folder, name, report, capsys)
    assert code == 2
    assert "explained must come from explain_book: it has no column pnl" in said
    assert name in said
    assert "PosixPath" not in said
    assert not (folder / report).exists()


def test_a_file_whose_numbers_are_words_is_refused(folder, capsys):
    text = pd.read_csv(folder / "explained.csv", dtype=str, keep_default_na=False)
    text.assign(theta="many").to_csv(folder / "words.csv", index=False)
    code, said = told(folder, "words.csv", "refused.html", capsys)
    assert code == 2
    assert "explained must have numbers in column theta, got 'many'" in said


def test_a_frame_that_pandas_read_is_taken_as_it_was_written(folder, tmp_path):
    frame = lg.risk(folder / "book.csv", folder / "tuesday.toml", ["delta"], paths=512, seed=1)
    for name, explained in {
        "pandas": pd.read_csv(folder / "explained.csv"),
        "own": read(folder / "explained.parquet"),
    }.items():
        lg.report(frame, tmp_path / f"{name}.html", explained=explained)
    pages = [section(tmp_path / f"{name}.html") for name in ("pandas", "own")]
    assert pages[0] == pages[1]
