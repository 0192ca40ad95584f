"""The command line and its files: written before anything is printed, over nothing that is read, old ones said."""

import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

import likelihood_greeks as lg
from likelihood_greeks import cli

MARKET = """
valuation_date = 2025-01-02
[underlyings.X]
spot = 100.0
zero_rate = 0.03
implied_volatility = 0.2
"""
ROW = {"trade_id": "a", "underlying": "X", "product": "call", "quantity": 1, "maturity": "2026-01-02", "strike": 100}


@pytest.fixture
def inputs(tmp_path):
    """A book and a market, as arguments."""
    (tmp_path / "market.toml").write_text(MARKET)
    return written(tmp_path, [ROW])


def written(folder: Path, rows):
    pd.DataFrame(rows).to_csv(folder / "book.csv", index=False)
    return ["risk", str(folder / "book.csv"), "--market", str(folder / "market.toml"), "--seed", "1", "--paths", "4096"]


def exit_code(arguments):
    with pytest.raises(SystemExit) as stopped:
        cli.main([str(argument) for argument in arguments])
    return stopped.value.code


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--output", "book.csv"], "output must not be the book"),
        (["--output", "r.csv", "--report", "r.html", "--report", "r.html"], "report must not be the other report"),
        (["--output", "r.xlsx", "--report", "r.xlsx"], "report must not be the output"),
    ],
)
def test_no_file_is_written_over_another_one(inputs, tmp_path, capsys, monkeypatch, options, said):
    monkeypatch.chdir(tmp_path)
    before = (tmp_path / "book.csv").read_bytes()
    assert exit_code([*inputs, *options]) == 2
    assert said in capsys.readouterr().err
    assert (tmp_path / "book.csv").read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["book.csv", "market.toml"]


@pytest.mark.parametrize(
    ("output", "said"),
    [("f.csv", "file of fixings"), ("q.csv", "file of quotes of X")],
)
def test_no_file_that_a_market_is_read_from_is_written_over(inputs, tmp_path, capsys, monkeypatch, output, said):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "f.csv").write_text("date,underlying,value\n2024-12-30,X,99.0\n")
    (tmp_path / "q.csv").write_text("expiry,strike,volatility\n0.5,100,0.2\n1.5,100,0.2\n")
    files = 'valuation_date = 2025-01-02\nfixings = "f.csv"\n'
    market = MARKET.replace("valuation_date = 2025-01-02\n", files).replace("0.2", '"q.csv"')
    (tmp_path / "market.toml").write_text(market)
    (tmp_path / "crash.toml").write_text("[crash]\nspot = -0.2\n")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    book, of, paths = inputs[1], ["--market", "market.toml"], ["--paths", "256"]
    for arguments in (
        ["risk", book, *of, *paths, "--output", output],
        ["risk", book, *of, *paths, "--output", "r.csv", "--crif", output],
        ["explain", book, *of, "--to", "market.toml", *paths, "--output", output],
        ["scenarios", book, *of, *paths, "--output", output],
        ["scenarios", book, *of, "--stress", "crash.toml", *paths, "--output", output],
    ):
        assert exit_code(arguments) == 2
        assert f"error: {arguments[-2][2:]} must not be the {said}" in capsys.readouterr().err
    with pytest.raises(ValueError, match=f"output must not be the {said}"):
        lg.curvature(book, "market.toml", spot=0.2, output=output)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize("count", ["1,000", "1_000", "1e3"])
def test_paths_may_be_counted_in_thousands(inputs, capsys, count):
    assert exit_code([*inputs, "--paths", count, "--simulate"]) == 0
    assert " 1,000 paths" in capsys.readouterr().out


@pytest.mark.parametrize("count", ["10,00", "1.5", "1", "-5", "x", "", "nan", "1e400"])
def test_what_is_no_count_of_paths_is_named(inputs, capsys, count):
    assert exit_code([*inputs, "--paths", count]) == 2
    said = " ".join(capsys.readouterr().err.replace("│", " ").split())
    assert "'--paths': must be a whole number of at least 2" in said
    assert repr(count) in said


@pytest.mark.slow
def test_ctrl_c_while_the_package_is_imported_ends_in_a_line(tmp_path):
    (tmp_path / "pandas.py").write_text("raise KeyboardInterrupt")
    where = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), str(Path(cli.__file__).parents[1])])}
    command = [sys.executable, "-c", "from _likelihood_greeks_command import main; main()", "risk"]
    done = subprocess.run(command, check=False, timeout=60, capture_output=True, text=True, env=where)
    assert (done.returncode, done.stderr) == (130, "stopped before anything was read\n")


def test_diff_does_not_write_over_a_run(inputs, tmp_path, capsys):
    run = tmp_path / "risk.csv"
    assert exit_code([*inputs, "--output", run, "--quiet"]) == 0
    assert exit_code(["diff", run, run, "--output", run]) == 2
    assert "output must not be the run before" in capsys.readouterr().err


def test_an_old_report_stays_and_is_called_old_where_no_trade_can_be_priced(inputs, tmp_path, capsys):
    report = tmp_path / "risk.html"
    report.write_text("yesterday's")
    again = written(tmp_path, [ROW | {"strike": -1}])
    assert exit_code([*again, "--report", report]) == 1
    assert f"{report} is that of an earlier run" in capsys.readouterr().err
    assert report.read_text() == "yesterday's"


def test_reports_that_are_not_written_are_named_where_there_is_no_trade(inputs, tmp_path, capsys):
    reports = [tmp_path / "risk.html", tmp_path / "risk.xlsx"]
    options = [word for report in reports for word in ("--report", report)]
    (tmp_path / "book.csv").write_text(",".join(ROW))
    assert exit_code([*inputs, *options]) == 0
    said = capsys.readouterr().err
    assert [f"{report} is not written: this one has no trade" in said for report in reports] == [True, True]
    assert not any(report.exists() for report in reports)


@pytest.mark.parametrize("option", ["--output", "--crif"])
def test_what_is_read_is_not_called_an_old_output_where_it_is_refused_as_one(inputs, capsys, option):
    assert exit_code([*inputs, option, inputs[1]]) == 2
    assert capsys.readouterr().err.startswith(f"error: {option[2:]} must not be the book, which it would write over")


@pytest.mark.filterwarnings("default::likelihood_greeks.BookWarning")
def test_a_limit_of_a_name_that_is_not_there_is_said_as_other_warnings_are(inputs, tmp_path, capsys):
    (limits := tmp_path / "limits.toml").write_text("[delta.product]\ncals = 5")
    assert exit_code([*inputs, "--limits", limits]) == 0
    (line,) = capsys.readouterr().err.splitlines()
    assert line == "limits: delta.product names 'cals', which has no position; did you mean 'call'?"


def test_explain_names_its_options_and_files_and_not_the_arguments_of_a_function(inputs, tmp_path, capsys):
    (later := tmp_path / "later.toml").write_text(MARKET.replace("2025-01-02", "2025-01-03"))
    assert exit_code(["explain", inputs[1], "--market", later, "--to", inputs[3]]) == 2
    said = f"error: --to {inputs[3]} must have a valuation_date not before that of --market {later}, 2025-01-03, got"
    assert capsys.readouterr().err.startswith(said)
    later.write_text(later.read_text().replace("[underlyings", 'reporting_currency = "USD"\n[underlyings'))
    assert exit_code(["explain", inputs[1], "--market", inputs[3], "--to", later]) == 2
    said = f"error: reporting_currency of --to {later} must be that of --market {inputs[3]}"
    assert capsys.readouterr().err.startswith(said)


def test_a_market_in_place_of_stresses_is_refused_in_a_line_that_names_the_file(inputs, capsys):
    assert exit_code(["scenarios", *inputs[1:4], "--stress", inputs[3]]) == 2
    said = capsys.readouterr().err
    assert said.startswith("error: market.toml: stresses must hold a table for each stress")
    assert len(said) < 300


def test_an_old_output_is_called_old_where_a_run_fails(inputs, tmp_path, capsys):
    output = tmp_path / "risk.csv"
    output.write_text("yesterday's")
    old = f"{output} is still that of an earlier run"
    assert exit_code([*inputs, "--output", output, "--greeks", "smell"]) == 2
    assert old in capsys.readouterr().err
    (market := tmp_path / "other.toml").write_text("spot = = 3")
    for command in (["risk"], ["scenarios"], ["explain", "--to", market]):
        assert exit_code([command[0], inputs[1], "--market", market, "--output", output, *command[1:]]) == 2
        assert old in capsys.readouterr().err
    assert exit_code(["diff", output, output, "--output", tmp_path / "new.csv"]) == 2
    assert "earlier run" not in capsys.readouterr().err
    assert output.read_text() == "yesterday's"


def test_hostile_names_do_nothing_to_a_terminal(tmp_path, inputs, capsys):
    hostile = "\x1b]0;owned\x07\x1b[2J\u202eevil"
    rows = [ROW | {"trade_id": f"good{hostile}"}, ROW | {"trade_id": f"bad{hostile}", "strike": hostile}]
    assert exit_code(written(tmp_path, rows)) == 1
    said = capsys.readouterr()
    assert not {"\x1b", "\x07", "\u202e"} & {*said.out, *said.err}
    assert r"good\x1b]0;owned\x07" in said.out


def process(arguments, **options):
    command = [sys.executable, "-c", "from likelihood_greeks.cli import main; main()", *map(str, arguments)]
    return subprocess.run(command, check=False, timeout=60, **options)


@pytest.mark.slow
def test_files_are_written_though_nobody_reads_what_is_printed(inputs, tmp_path):
    read, write = os.pipe()
    os.close(read)
    files = ["--output", tmp_path / "risk.csv", "--report", tmp_path / "risk.html"]
    process([*inputs, *files], stdout=write, stderr=subprocess.DEVNULL)
    os.close(write)
    assert len(pd.read_csv(tmp_path / "risk.csv")) == 14
    assert "</html>" in (tmp_path / "risk.html").read_text()


@pytest.mark.slow
def test_a_terminal_that_knows_ascii_alone_shows_what_it_can(inputs, tmp_path):
    where = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0", "LC_ALL": "C"}
    rows = written(tmp_path, [ROW | {"trade_id": "Zürich"}])
    done = process([*rows, "--output", tmp_path / "risk.csv"], capture_output=True, env=where)
    assert done.returncode == 0, done.stderr
    assert b"Z?rich" in done.stdout
    assert pd.read_csv(tmp_path / "risk.csv")["trade_id"][0] == "Zürich"
