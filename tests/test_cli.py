"""The command line: output, files, exit codes and messages."""

from pathlib import Path

import pandas as pd
import pytest
from matplotlib.image import imread

from likelihood_greeks import cli
from likelihood_greeks.reporting import number, with_error

DATA = Path(__file__).parents[1] / "data"
FAST = ["--paths", "4096", "--seed", "3", "--workers", "1"]


def run(capsys, *arguments):
    with pytest.raises(SystemExit) as stop:
        cli.main(list(map(str, arguments)))
    captured = capsys.readouterr()
    return stop.value.code, captured.out, captured.err


@pytest.fixture
def book(tmp_path):
    frame = pd.read_csv(DATA / "book.csv", dtype=str).iloc[[0, 9, 20]]
    path = tmp_path / "book.csv"
    frame.to_csv(path, index=False)
    return path


def test_risk_prints_the_table_and_writes_the_file(capsys, book, tmp_path):
    for suffix, reader in ((".csv", pd.read_csv), (".parquet", pd.read_parquet), (".xlsx", pd.read_excel)):
        output = tmp_path / f"risk{suffix}"
        code, out, _ = run(capsys, "risk", book, "--market", DATA / "market.toml", "--output", output, *FAST)
        assert code == 0
        assert "DAX-001" in out
        assert "Net position" in out
        assert "3 trades, 4,096 paths, seed 3" in out
        assert len(reader(output)) == 4 * 7


def test_risk_reports_bad_trades_and_exits_with_one(capsys, book):
    frame = pd.read_csv(book, dtype=str)
    frame.loc[1, "strike"] = "9999"
    frame.to_csv(book, index=False)
    code, out, err = run(capsys, "risk", book, "--market", DATA / "market.toml", "--greeks", "delta,spot:rate", *FAST)
    assert code == 1
    assert "DAX-001" in out
    assert "spot:rate" in out
    assert "DAX-010" in err
    assert "strike must" in err
    assert "9999" in err


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (["--market", "nowhere.toml"], "nowhere.toml"),
        (["--greeks", "deltta"], "greek must be one of"),
        (["--output", "risk.doc"], "output must be one of"),
        (["--output", "nowhere/risk.csv"], "folder that exists"),
        (["--controls", "all"], "controls must be one of"),
    ],
)
def test_unusable_input_exits_with_two_and_says_why(capsys, book, change, message):
    code, _, err = run(capsys, "risk", book, "--market", DATA / "market.toml", *FAST, *change)
    assert code == 2
    assert message in err
    assert "Traceback" not in err


def test_compare_shows_every_method_on_one_trade(capsys, book):
    code, out, _ = run(
        capsys,
        "compare",
        book,
        "--market",
        DATA / "market.toml",
        "--trade",
        "DAX-010",
        "--paths",
        "4096",
        "--seed",
        "1",
    )
    assert code == 0
    assert "pathwise" in out
    assert "biased" in out
    code, _, err = run(capsys, "compare", book, "--market", DATA / "market.toml", "--trade", "DAX-999")
    assert code == 2
    assert "DAX-999" in err


def test_compare_draws_and_fits_a_terminal(capsys, book, tmp_path):
    common = ["compare", book, "--market", DATA / "market.toml", "--trade", "DAX-021", "--paths", "4096"]
    picture = tmp_path / "methods.png"
    code, out, _ = run(capsys, *common, "--plot", picture)
    assert code == 0
    assert f"written to {picture}" in out
    assert imread(picture).shape[:2] == (500, 800)
    table = [line.rstrip() for line in out.splitlines() if not line.startswith(("!", "written"))]
    assert max(map(len, table[1:])) <= 100  # the title is centred
    for wrong, message in (("methods.doc", "plot must be one of"), ("nowhere/methods.png", "folder that exists")):
        code, _, err = run(capsys, *common, "--plot", wrong)
        assert code == 2
        assert message in err


def test_numbers_are_printed_at_their_precision():
    assert with_error(0.5278712, 0.000131) == "0.52787 ± 0.00013"
    assert with_error(1174069.2, 106593.0) == "1,174,069 ± 106,593"
    assert with_error(-6.7e-8, 6e-10) == "-6.700e-08 ± 6.0e-10"
    assert with_error(float("nan"), 1.0) == "-"
    assert number(1234567.0) == "1,234,567"


def test_text_of_the_user_is_not_taken_for_markup(capsys, book):
    frame = pd.read_csv(book, dtype=str)
    frame.loc[0, "trade_id"], frame.loc[1, "product"] = "DAX[otc]-[/x]", "[/foo]"
    frame.to_csv(book, index=False)
    code, out, err = run(capsys, "risk", book, "--market", DATA / "market.toml", *FAST)
    assert code == 1
    assert "DAX[otc]-[/x]" in out
    assert "[/foo]" in err
