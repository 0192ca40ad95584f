"""Runs of a book that are stopped: what is finished stays, what is missing is said, the rest gives the same bits."""

import subprocess
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from signal import SIGINT

import numpy as np
import pandas as pd
import pytest

import likelihood_greeks as lg
from likelihood_greeks.book import account, blocks, parts, sealed, valued
from likelihood_greeks.book.risk import underlying_seed
from likelihood_greeks.book.tally import Nowhere
from likelihood_greeks.book.trades import parse
from likelihood_greeks.payoffs.relaxed.array import NotRelaxableError, Relaxed
from likelihood_greeks.streams.chunks import Draws

FLAT = {"dividend_yield": 0.01, "zero_rate": 0.03, "implied_volatility": 0.25, "calendar": "NullCalendar"}
SECTIONS = {"AAA": {"spot": 100.0, **FLAT}, "BBB": {"spot": 50.0, **FLAT}}
MARKET = {"valuation_date": "2025-03-14", "underlyings": SECTIONS}


def book(count=12):
    """Two underlyings, three dates sets each: digitals, Asians, barriers."""
    kinds = [
        {"product": "digital_call", "maturity": "2025-09-12"},
        {"product": "asian", "option": "put", "frequency": "monthly", "maturity": "2026-03-13"},
        {"product": "barrier", "option": "call", "frequency": "monthly", "maturity": "2026-03-13",
         "direction": "down", "knock": "out"},
    ]  # fmt: skip
    rows = []
    for k in range(count):
        name = "AAA" if k % 2 else "BBB"
        spot = SECTIONS[name]["spot"]
        row = {
            "trade_id": f"T{k}",
            "underlying": name,
            "quantity": 1 + k % 7,
            "strike": spot * (0.9 + k % 12 / 60),
        }
        row |= kinds[k // 2 % 3]
        rows.append(row | ({"level": spot * (0.7 + k % 12 / 100)} if row["product"] == "barrier" else {}))
    return pd.DataFrame(rows)


BOOK = book()


@pytest.fixture(autouse=True)
def small_blocks_and_rounds(monkeypatch):
    monkeypatch.setattr(blocks, "SIZE", 2)
    monkeypatch.setattr(account, "ROUND", 2)


COMMON = {"paths": 20_000, "controls": "scores", "closed_form": False}


def run(**options):
    return lg.risk(BOOK, MARKET, ["delta", "vega"], **{**COMMON, "seed": 3, **options})


@pytest.fixture(scope="module")
def whole():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks, "SIZE", 2)
        patch.setattr(account, "ROUND", 2)
        return run(executor="serial")


def stopping(monkeypatch, where, name, after):
    """Ctrl-C in the call number `after` of a function."""
    original, calls = getattr(where, name), []

    def stopped(*arguments):
        calls.append(arguments)
        if len(calls) > after:
            raise KeyboardInterrupt
        return original(*arguments)

    monkeypatch.setattr(where, name, stopped)
    return calls


def same(frame, other):
    pd.testing.assert_frame_equal(frame, other, check_exact=True)
    assert frame.attrs == other.attrs


@pytest.mark.slow
@pytest.mark.parametrize("writes", [1, 2, 8, 15, 22, 30])
def test_a_run_stopped_anywhere_goes_on_to_the_same_numbers(tmp_path, monkeypatch, whole, writes):
    output = tmp_path / "risk.parquet"
    with monkeypatch.context() as patch:
        stopping(patch, sealed, "written", writes)
        with pytest.raises(lg.Interrupted, match=r"of 12 trades are finished(.|\n)*resume=True"):
            run(output=output, executor="serial")
    assert not output.exists()
    same(run(output=output, resume=True, seed=None), whole)
    same(pd.read_parquet(output), whole)
    assert list(tmp_path.iterdir()) == [output]


def test_a_part_that_is_lost_makes_its_underlying_start_again(tmp_path, monkeypatch, whole):
    output = tmp_path / "risk.parquet"
    with monkeypatch.context() as patch:
        stopping(patch, parts.Parts, "keep", 5)  # in the second round of the first underlying
        with pytest.raises(lg.Interrupted):
            run(output=output, executor="serial")
    sorted((tmp_path / "risk.parquet.parts").glob("AAA*.parquet"))[0].unlink()
    with pytest.warns(lg.BookWarning, match="parts of AAA are missing or unreadable"):
        resumed = run(output=output, resume=True, seed=None)
    same(resumed, whole)


def test_a_run_stopped_before_it_began_says_that_nothing_is_finished(monkeypatch):
    stopping(monkeypatch, account.Account, "recall", 0)
    with pytest.raises(lg.Interrupted, match="0 of 12 trades are finished"):
        run(executor="serial")


def test_nothing_to_resume_is_said(tmp_path, whole):
    with pytest.warns(lg.BookWarning, match="nothing to resume"):
        run(output=tmp_path / "risk.csv", resume=True, seed=None)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::likelihood_greeks.BookWarning")
@pytest.mark.parametrize("writes", [3, 16])  # in the first round and in a later one
def test_trades_that_cannot_be_priced_stay_known_when_a_run_goes_on(tmp_path, monkeypatch, writes):
    bad = BOOK.astype(object)
    bad.loc[bad["product"] == "barrier", "rebate"] = [1e308, 0.0, 0.0, 0.0]
    common = {"greeks": ["delta"], "paths": 20_000, "seed": 3, "controls": "scores", "executor": "serial"}
    with monkeypatch.context() as patch:
        stopping(patch, sealed, "written", writes)
        with pytest.raises(lg.Interrupted):
            lg.risk(bad, MARKET, **common, output=tmp_path / "risk.parquet")
    resumed = lg.risk(bad, MARKET, **common, output=tmp_path / "risk.parquet", resume=True)
    assert len(resumed.attrs["problems"]) == 1
    same(resumed, lg.risk(bad, MARKET, **common))


def test_what_is_finished_is_left_and_what_is_missing_is_said(tmp_path, monkeypatch, whole):
    monkeypatch.setattr(account, "ROUND", 64)
    output = tmp_path / "risk.csv"
    with monkeypatch.context() as patch:
        stopping(patch, parts.Parts, "keep", 4)
        with pytest.raises(lg.Interrupted) as stopped:
            run(output=output, executor="serial")
    message, missing = str(stopped.value), stopped.value.missing
    assert "8 of 12 trades are finished" in message
    assert {name: len(trades) for name, trades in missing.items()} == {"BBB": 4}
    assert all(trade in message for trade in missing["BBB"])
    left = stopped.value.frame
    assert set(left["trade_id"]) == {*BOOK["trade_id"], "net"} - set(missing["BBB"])
    assert set(left.loc[left["trade_id"] == "net", "underlying"]) == {"AAA"}
    written = pd.read_parquet(tmp_path / "risk.csv.parts")
    assert set(written["trade_id"]) == set(left["trade_id"]) - {"net"}
    values = whole.set_index(["trade_id", "underlying", "greek"])["value"]
    for frame in (left, written):
        found = frame.set_index(["trade_id", "underlying", "greek"])["value"]
        np.testing.assert_allclose(found, values[found.index], rtol=1e-12)

    pilots = stopping(monkeypatch, account, "prepared", 100)
    run(output=output, resume=True)
    assert len(pilots) == 2  # blocks of BBB


def test_parts_of_another_run_are_not_used(tmp_path, monkeypatch):
    output = tmp_path / "risk.parquet"
    with monkeypatch.context() as patch:
        stopping(patch, parts.Parts, "keep", 11)
        with pytest.raises(lg.Interrupted):
            run(output=output)
    changed = BOOK.assign(quantity=[7, *BOOK["quantity"][1:]])  # T0, on BBB
    common = {**COMMON, "seed": 3}
    with pytest.warns(lg.BookWarning, match="parts of BBB are not of this run"):
        resumed = lg.risk(changed, MARKET, ["delta", "vega"], **common, output=output, resume=True)
    same(resumed, lg.risk(changed, MARKET, ["delta", "vega"], **common))


def test_without_an_output_the_finished_part_is_in_the_exception(monkeypatch):
    monkeypatch.setattr(account, "ROUND", 64)
    stopping(monkeypatch, Nowhere, "keep", 2)
    with pytest.raises(lg.Interrupted, match="exception's `frame`") as stopped:
        run()
    assert stopped.value.frame["trade_id"].nunique() == 4


def test_resuming_needs_an_output_and_a_folder_of_its_own(tmp_path):
    with pytest.raises(ValueError, match="output must be given to resume"):
        run(resume=True)
    (tmp_path / "risk.csv.parts").mkdir()
    (tmp_path / "risk.csv.parts" / "letters.txt").write_text("somebody's")
    with pytest.raises(ValueError, match=r"leave risk.csv.parts free"):
        run(output=tmp_path / "risk.csv")


@dataclass(frozen=True)
class Fragile:
    """A call that fails on the paths with this highest spot: for good, or only when it is relaxed."""

    highest: float
    relaxed_only: bool
    times: tuple[float, ...] = (0.5, 1.0)

    def __call__(self, spot):
        values = spot.node.value if isinstance(spot, Relaxed) else spot
        if values.max() == self.highest and isinstance(spot, Relaxed) == self.relaxed_only:
            raise NotRelaxableError("a level") if self.relaxed_only else ValueError("too high")
        return np.maximum(spot[-1] - 100.0, 0.0)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::likelihood_greeks.BookWarning")
@pytest.mark.parametrize("relaxed_only", [False, True])
@pytest.mark.parametrize("chunk", [1, 3])  # in the first round and in a later one
def test_a_trade_that_fails_late_is_reported_and_the_others_are_priced(tmp_path, monkeypatch, relaxed_only, chunk):
    table = BOOK.iloc[1:8:2]
    trades, _ = parse(table, lg.Market.read(MARKET))
    piece = Draws(underlying_seed(3, "AAA"), 12).chunks(20_000)[chunk]
    bad = replace(
        trades[1], payoff=Fragile(trades[1].model.simulate((0.5, 1.0), piece.stream()).spot.max(), relaxed_only)
    )
    common = {"paths": 20_000, "seed": 3, "greeks": ["delta"], "closed_form": False}
    monkeypatch.setattr(valued, "parse", lambda *_, **__: ([trades[0], bad, *trades[2:]], []))
    frame = lg.risk(table, MARKET, **common, output=tmp_path / "risk.parquet")
    if relaxed_only:
        assert frame.loc[frame["trade_id"] == bad.trade_id, "note"].str.contains("relaxed payoffs given up").all()
    else:
        assert [p["trade_id"] for p in frame.attrs["problems"]] == [bad.trade_id]
        assert bad.trade_id not in set(frame["trade_id"])
        assert frame.loc[frame["trade_id"] == "net", "note"].str.contains("excludes 1 trade").all()
    monkeypatch.setattr(valued, "parse", lambda *_, **__: ([trades[0], *trades[2:]], []))
    others = lg.risk(table, MARKET, **common)
    kept = frame[frame["trade_id"] != bad.trade_id]
    trade = (kept["trade_id"] != "net").to_numpy() if relaxed_only else np.ones(len(kept), dtype=bool)
    np.testing.assert_allclose(kept["value"][trade], others["value"][trade], rtol=1e-12)


@pytest.mark.slow
def test_ctrl_c_on_the_command_line_exits_with_130_and_resume_finishes(tmp_path):
    table, market = tmp_path / "book.csv", tmp_path / "market.toml"
    book(400).to_csv(table, index=False)
    sections = "".join(
        f"[underlyings.{name}]\n" + "".join(f"{key} = {value!r}\n" for key, value in section.items())
        for name, section in SECTIONS.items()
    )
    market.write_text('valuation_date = "2025-03-14"\n' + sections)
    heard = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "  # in the background it may not be
    )
    command = [sys.executable, "-c", heard + "from likelihood_greeks.cli import main; main()", "risk", str(table)]
    command += ["--market", str(market), "--paths", "65536", "--controls", "none", "--greeks", "delta"]
    command += ["--output", str(tmp_path / "risk.csv")]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    deadline = time.monotonic() + 60.0
    while not list(Path(tmp_path).glob("risk.csv.parts/*.parquet")) and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(SIGINT)
    _, message = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "of 400 trades are finished" in message
    assert "--resume" in message
    done = subprocess.run([*command, "--resume"], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "400 trades" in done.stdout
    assert len(pd.read_csv(tmp_path / "risk.csv")) == (400 + 2) * 2
