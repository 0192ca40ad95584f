"""Parts of a stopped run that rot, are cut short or lost: computed again, with a line, and never a wrong number."""

import json
import os
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import likelihood_greeks as lg
from likelihood_greeks.book import parts, sealed
from likelihood_greeks.book.lock import FolderLock

FLAT = {"zero_rate": 0.03, "implied_volatility": 0.25, "calendar": "NullCalendar"}
MARKET = {
    "valuation_date": "2025-03-14",
    "underlyings": {"AAA": {"spot": 100.0, **FLAT}, "BBB": {"spot": 50.0, **FLAT}},
}
BOOK = pd.DataFrame(
    {
        "trade_id": f"T{k}",
        "underlying": "AAA" if k % 2 else "BBB",
        "product": "digital_call",
        "quantity": 1 + k,
        "maturity": "2025-09-12",
        "strike": (100.0 if k % 2 else 50.0) * (0.9 + 0.05 * k),
    }
    for k in range(4)
)


def run(output, **options):
    settings = {"paths": 4096, "seed": 3, "controls": "none", "closed_form": False, "executor": "serial"}
    return lg.risk(BOOK, MARKET, ["delta"], **{**settings, **options}, output=output)


@pytest.fixture
def stopped(tmp_path, monkeypatch):
    """A run that was stopped before its parts were put together, and its output."""

    def interrupted(*_):
        raise KeyboardInterrupt

    output = tmp_path / "risk.parquet"
    with monkeypatch.context() as patch:
        patch.setattr("likelihood_greeks.book.risk.write", interrupted)
        with pytest.raises(lg.Interrupted):
            run(output)
    return output


@pytest.fixture(scope="module")
def whole():
    return run(None)


def flipped(data, place):
    return data[: place // 8] + bytes([data[place // 8] ^ 1 << place % 8]) + data[place // 8 + 1 :]


DAMAGE = {
    "one bit": lambda data: flipped(data, 4 * len(data)),
    "the first bit": lambda data: flipped(data, 0),
    "the last bit": lambda data: flipped(data, 8 * len(data) - 1),
    "half": lambda data: data[: len(data) // 2],
    "empty": lambda data: b"",
    "something else": lambda data: b"trade_id,value\n",
}


@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.parametrize("pattern", ["AAA-*.parquet", "_net-BBB*.npz"])
def test_a_damaged_part_is_computed_again_with_a_line(stopped, whole, pattern, damage):
    (path,) = parts.folder(stopped).glob(pattern)
    path.write_bytes(DAMAGE[damage](path.read_bytes()))
    name = "AAA" if "AAA" in pattern else "BBB"
    with pytest.warns(lg.BookWarning, match=rf"parts of {name} are .*computed again"):
        resumed = run(stopped, resume=True, seed=None)
    pd.testing.assert_frame_equal(resumed, whole, check_exact=True)


def test_no_flipped_bit_is_read(tmp_path):
    table = pa.table({"trade_id": ["a", sealed.MARK.decode() + "x0" * 32], "value": [1.0, 2.0]})
    table = table.replace_schema_metadata({parts.STATE: json.dumps({"chunks": 1})})
    sealed.write_parquet(tmp_path / "a.parquet", table)
    sealed.write(tmp_path / "b", b"moments")
    assert pq.read_table(tmp_path / "a.parquet").to_pydict() == table.to_pydict()
    assert sealed.read(tmp_path / "b") == b"moments"
    generator = np.random.default_rng(1)
    for name, read in (("a.parquet", sealed.read_parquet), ("b", sealed.read)):
        data = (tmp_path / name).read_bytes()
        read(tmp_path / name)
        for place in generator.integers(8 * len(data), size=300):
            (tmp_path / name).write_bytes(flipped(data, int(place)))
            with pytest.raises(sealed.DamagedError):
                read(tmp_path / name)


def test_a_record_of_the_run_that_is_damaged_asks_for_the_seed(stopped, whole):
    record = parts.folder(stopped) / parts.RUN
    record.write_bytes(flipped(record.read_bytes(), 580))
    with pytest.raises(ValueError, match=r"seed must be given: .* is damaged"):
        run(stopped, resume=True, seed=None)
    with pytest.warns(lg.BookWarning, match=r"damaged in .*risk.parquet.parts: _run.json; no number depends on that"):
        resumed = run(stopped, resume=True)
    pd.testing.assert_frame_equal(resumed, whole, check_exact=True)


def test_no_flipped_bit_of_a_lock_that_was_left_passes_unnoticed(tmp_path):
    folder = tmp_path / "risk.csv.parts"
    FolderLock(folder, tmp_path / "risk.csv").release()
    data = (folder / FolderLock.NAME).read_bytes()
    assert str(os.getpid()) in data.decode()
    for place in range(0, 8 * len(data), 37):
        (folder / FolderLock.NAME).write_bytes(flipped(data, place))
        for damaged in (True, False):  # the first to come writes it again
            lock = FolderLock(folder, tmp_path / "risk.csv")
            assert lock.damaged is damaged
            lock.release()


def test_a_run_that_goes_on_says_so_of_a_damaged_lock(stopped, whole):
    lock = parts.folder(stopped) / FolderLock.NAME
    lock.write_bytes(flipped(lock.read_bytes(), 5))
    with pytest.warns(lg.BookWarning, match=r"damaged in .*risk.parquet.parts: _lock; no number depends on that"):
        resumed = run(stopped, resume=True, seed=None)
    pd.testing.assert_frame_equal(resumed, whole, check_exact=True)


def test_parts_with_which_a_run_does_not_go_on_are_put_aside(stopped, whole):
    kept = {path.name: path.read_bytes() for path in parts.folder(stopped).glob("*.parquet")}
    with pytest.warns(lg.BookWarning, match=r"left parts, now in .*risk.parquet.parts.earlier: resume would go on"):
        run(stopped)
    aside = stopped.with_name("risk.parquet.parts.earlier")
    assert {path.name: path.read_bytes() for path in aside.glob("*.parquet")} == kept
    aside.rename(parts.folder(stopped))
    pd.testing.assert_frame_equal(run(stopped, resume=True, seed=None), whole, check_exact=True)
    assert not parts.folder(stopped).exists()


def test_files_of_others_in_the_folder_stay(stopped):
    (parts.folder(stopped) / "letters.txt").write_text("somebody's")
    run(stopped, resume=True)
    assert [path.name for path in parts.folder(stopped).iterdir()] == ["letters.txt"]


def test_a_folder_that_a_killed_run_had_just_made_is_taken_up(tmp_path, whole):
    parts.folder(tmp_path / "risk.csv").mkdir()
    pd.testing.assert_frame_equal(run(tmp_path / "risk.csv"), whole, check_exact=True)
    assert [path.name for path in tmp_path.iterdir()] == ["risk.csv"]


def test_a_second_run_on_the_same_output_is_refused_and_the_first_one_finishes(tmp_path, monkeypatch, whole):
    output, said = tmp_path / "risk.csv", []
    real = parts.Parts.keep

    def keep(self, *arguments):
        if not said:
            with pytest.raises(ValueError, match="output must not be that of a run under way") as refused:
                run(output)
            said.append(str(refused.value))
        return real(self, *arguments)

    monkeypatch.setattr(parts.Parts, "keep", keep)
    pd.testing.assert_frame_equal(run(output), whole, check_exact=True)
    assert str(output) in said[0]


KILLED = """
import os, signal, sys, threading
import likelihood_greeks as lg
from tests.book import test_damage as t
seconds = float(sys.argv[2])
threading.Timer(seconds, lambda: os.kill(os.getpid(), signal.SIGKILL)).start()
t.run(sys.argv[1], paths=40_000, resume=len(sys.argv) > 3)
os._exit(0)
"""


@pytest.mark.slow
def test_runs_that_are_killed_at_any_moment_go_on_to_the_same_bytes(tmp_path):
    run(tmp_path / "whole.parquet", paths=40_000)
    whole, output = (tmp_path / "whole.parquet").read_bytes(), tmp_path / "risk.parquet"
    for seconds in (0.05, 0.2):
        begun = time.monotonic()
        subprocess.run([sys.executable, "-c", KILLED, output, str(seconds)], check=False, timeout=60)
        assert time.monotonic() - begun < 60.0
    if not output.exists():
        with_parts = parts.folder(output).exists() and (parts.folder(output) / parts.RUN).exists()
        run(output, paths=40_000, resume=with_parts)
    assert output.read_bytes() == whole
