"""The command line: output, files, exit codes and messages."""

import re

import pandas as pd
import pytest
from matplotlib.image import imread

import likelihood_greeks as lg
from likelihood_greeks import cli
from likelihood_greeks._words import number, ratio, with_error
from tests.support.places import DATA

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


@pytest.mark.slow
def test_risk_prints_the_table_and_writes_the_file(capsys, book, tmp_path):
    for suffix, reader in ((".csv", pd.read_csv), (".parquet", pd.read_parquet), (".xlsx", pd.read_excel)):
        output = tmp_path / f"risk{suffix}"
        code, out, _ = run(capsys, "risk", book, "--market", DATA / "market.toml", "--output", output, *FAST)
        assert code == 0
        assert "DAX-001" in out
        assert "Net position" in out
        assert re.search(r"3 trades, 4,096( to [0-9,]+)? paths, seed 3", out)  # one that few paths decide gets more
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
        (["--output", "risk.doc"], "output must end in one of"),
        (["--output", "nowhere/risk.csv"], "folder that exists"),
        (["--controls", "all"], "controls must be one of"),
        (["--report", "risk.pdf"], "report must end in one of .html, .xlsx"),
        (["--ladder"], "ladder must go with --report"),
        (["--quiet", "--verbose"], "quiet must not go with verbose"),
    ],
)
def test_unusable_input_exits_with_two_and_says_why(capsys, book, change, message):
    code, _, err = run(capsys, "risk", book, "--market", DATA / "market.toml", *FAST, *change)
    assert code == 2
    assert message in err
    assert "Traceback" not in err


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[vega]\nbook = 1", "limits.toml: greek must be one of 'price', 'delta', got 'vega'"),
        ("[delta.desk]\none = 1", "limits.toml: delta.by must be one of"),
        ("[delta", "limits.toml: line 1 must be valid TOML"),
        ("near = 2", "limits.toml: near must be at most 1"),
        ("[delta.underlying]\nSTOCK = 5", ""),
    ],
)
def test_limits_are_refused_by_file_before_anything_is_computed(capsys, tmp_path, text, message):
    (tmp_path / "book.csv").write_text(
        "trade_id,underlying,product,quantity,maturity,strike\nA,DAX,call,1,2002-12-20,5000\n"
    )
    (limits := tmp_path / "limits.toml").write_text(text)
    output, report = tmp_path / "risk.csv", tmp_path / "risk.html"
    code, out, err = run(
        capsys, "risk", tmp_path / "book.csv", "--market", DATA / "market.toml", "--greeks", "delta", *FAST,
        "--limits", limits, "--output", output, "--report", report,
    )  # fmt: skip
    assert (code, output.exists(), report.exists()) == ((2, False, False) if message else (0, True, True))
    assert message in err
    if not message:
        assert "1 inside; no position: STOCK" in " ".join(out.split())
        assert "no position" in report.read_text(encoding="utf-8")


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


@pytest.mark.slow
def test_compare_draws_and_fits_a_terminal(capsys, book, tmp_path):
    common = ["compare", book, "--market", DATA / "market.toml", "--trade", "DAX-021", "--paths", "4096"]
    picture = tmp_path / "methods.png"
    code, out, _ = run(capsys, *common, "--plot", picture)
    assert code == 0
    assert f"written to {picture}" in out
    assert imread(picture).shape[:2] == (500, 1200)
    table = [line.rstrip() for line in out.splitlines() if not line.startswith(("!", "written"))]
    assert max(map(len, table[1:])) <= 100  # the title is centred
    for wrong, message in (("methods.doc", "plot must end in one of"), ("nowhere/methods.png", "folder that exists")):
        code, _, err = run(capsys, *common, "--plot", wrong)
        assert code == 2
        assert message in err


def test_numbers_are_printed_at_their_precision():
    assert with_error(0.5278712, 0.000131) == "0.52787 ± 0.00013"
    assert with_error(1174069.2, 106593.0) == "1,174,069 ± 106,593"
    assert with_error(-6.7e-8, 6e-10) == "-6.700e-08 ± 6.0e-10"
    assert with_error(float("nan"), 1.0) == "-"
    assert with_error(0.0, 3.5e-15) == "0 ± 3.5e-15"
    assert number(1234567.0) == "1,234,567"


def test_of_an_error_of_rounding_it_is_said_that_it_is_below_the_last_digit():
    assert with_error(8.039739841, 1.8e-13) == "8.03973984 ± <0.00000001"
    assert with_error(-17954.12345678, 2e-9) == "-17,954.1235 ± <0.0001"
    assert with_error(123456789012.0, 1e-3) == "123,456,789,012 ± <1"
    assert with_error(-1.935758e-4, 3.4e-17) == "-0.00019358 ± <0.00000001"
    assert with_error(3.7921541e-6, 3.4e-18) == "3.79215e-06 ± <1e-11"
    assert with_error(0.012345678, 2e-11) == "1.235e-02 ± 2.0e-11"  # nine digits are not all that it tells


def test_ratios_of_rounding_errors_are_not_told_in_digits():
    assert [ratio(x) for x in (8.9e29, 6.6e-24, 1.0, 1234.5)] == [">1e12", "<1e-12", "1.000", "1,234"]
    assert ratio(float("nan")) == "-"


@pytest.mark.slow
def test_text_of_the_user_is_not_taken_for_markup(capsys, book):
    frame = pd.read_csv(book, dtype=str)
    frame.loc[0, "trade_id"], frame.loc[1, "product"] = "DAX[otc]-[/x]", "[/foo]"
    frame.to_csv(book, index=False)
    code, out, err = run(capsys, "risk", book, "--market", DATA / "market.toml", *FAST)
    assert code == 1
    assert "DAX[otc]-[/x]" in out
    assert "[/foo]" in err


@pytest.mark.slow
def test_reports_are_written_and_quiet_is_quiet(capsys, book, tmp_path):
    reports = tmp_path / "risk.html", tmp_path / "risk.xlsx"
    options = ["--report", reports[0], "--report", reports[1], "--ladder", "--quiet"]
    code, out, _ = run(capsys, "risk", book, "--market", DATA / "market.toml", *FAST, *options)
    assert code == 0
    assert out == ""
    assert "Spot ladders" in reports[0].read_text()
    assert "ladder" in pd.read_excel(reports[1], sheet_name=None)


def test_diff_says_what_its_marks_mean(capsys, tmp_path):
    row = {"trade_id": "A", "underlying": "X", "product": "call", "quantity": 5, "maturity": "2026-01-01", "strike": 97}
    book = pd.DataFrame([row])
    flat = {"spot": 93.0, "zero_rate": 0.03, "implied_volatility": 0.2}
    market = {"valuation_date": "2025-01-01", "underlyings": {"X": flat}}
    frame = lg.risk(book, market, ["delta"], paths=2048, seed=1)
    paths = tmp_path / "1.parquet", tmp_path / "2.parquet"
    own = frame["trade_id"] == "A"
    note = "about 7 samples carry the variance (needs 25): the error is unreliable"
    for path, factor in zip(paths, (1.0, 1.5), strict=True):
        moved = frame.assign(note=frame["note"].mask(own & (frame["greek"] == "delta"), note))
        moved["position_value"] *= factor
        moved.to_parquet(path)
    code, out, _ = run(capsys, "diff", *paths)
    assert code == 1
    assert "changed !" in out
    assert f"! A delta: {note}" in out


@pytest.mark.slow
def test_diff_says_by_its_exit_code_whether_something_has_changed(capsys, book, tmp_path):
    runs = [tmp_path / "1.parquet", tmp_path / "2.csv", tmp_path / "3.xlsx"]
    for k, path in enumerate(runs):
        if k == 2:
            frame = pd.read_csv(book, dtype=str)
            frame.loc[0, "quantity"] = "-500"
            frame.to_csv(book, index=False)
        run(capsys, "risk", book, "--market", DATA / "market.toml", *FAST, "--seed", k, "--output", path)
    code, out, _ = run(capsys, "diff", runs[0], runs[1])
    assert (code, "0 changed" in out, "independent draws" in out) == (0, True, True)
    code, out, _ = run(capsys, "diff", runs[1], runs[2])
    assert code == 1
    assert "quantity of DAX-001: 500 before, -500 after" in out
    assert "DAX-010" not in out
    code, _, err = run(capsys, "diff", runs[0], book)
    assert code == 2
    assert "must come from risk(): it lacks" in err
    code, _, err = run(capsys, "diff", runs[0], tmp_path / "none.csv")
    assert code == 2
    assert "none.csv is not there" in err


def test_files_that_cannot_be_read_are_named(capsys, book, tmp_path):
    broken = tmp_path / "broken.xlsx"
    broken.write_bytes(b"PK no workbook")
    misspelt = tmp_path / "misspelt.csv"
    misspelt.write_text(book.read_text().replace("strike", "strik"))
    market = tmp_path / "market.toml"
    market.write_text((DATA / "market.toml").read_text().replace("dividend_yield = 0.0", "dividend_yield = 3.0"))
    for arguments, message in (
        ((broken, "--market", DATA / "market.toml"), "broken.xlsx: book must be a workbook"),
        (
            (misspelt, "--market", DATA / "market.toml"),
            "misspelt.csv: columns must include strike, which a product of the book needs",
        ),
        ((book, "--market", market), "market.toml: underlyings.DAX.dividend_yield must lie between -1 and 1 (decimals"),
    ):
        code, _, err = run(capsys, "risk", *arguments, *FAST)
        assert code == 2
        assert message in err


def test_a_blank_cell_is_called_blank(capsys, book):
    frame = pd.read_csv(book, dtype=str)
    frame.loc[0, "strike"] = None
    frame.to_csv(book, index=False)
    _, _, err = run(capsys, "risk", book, "--market", DATA / "market.toml", *FAST)
    assert "strike must be given: call needs it, but is blank" in err
