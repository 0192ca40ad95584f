"""Files that a run writes: whole or not at all, over nothing that it reads, harmless to those who open them."""

import errno
import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from openpyxl import load_workbook

import likelihood_greeks as lg
from likelihood_greeks import _outputs
from likelihood_greeks._neutral import escaped, no_formula, printable, unescaped, with_formula
from likelihood_greeks._outputs import apart, beside, written
from likelihood_greeks.book import files
from likelihood_greeks.book.lock import FolderLock

HOSTILE = [
    "=HYPERLINK(\"http://x\",\"y\")", "+1+1", "-2+3", "@SUM(A1)", "=cmd|' /C calc'!A0", "'=already", "''=twice",
    "bell\x07", "\x1b[31mred\x1b[0m", "new\nline", "car\rriage", "tab\t", "_x0007_", "_x005F_x0007_", "zero\x00width",
    "turned\u202etxt", "-5", "1e5", "+.5", "-", "=", "plain", "'", "naïve £", "\x85next", "\uff1d1+1", "a_x12_b", "",
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
def test_what_is_neutralised_is_read_back(text):
    assert unescaped(escaped(text)) == text
    assert with_formula(no_formula(text)) == text
    assert unescaped(with_formula(no_formula(escaped(text)))) == text
    assert not any(c in escaped(text) for c in "\x07\x1b\n\r\x00\u202e\x85")
    assert not any(c in printable(text) for c in "\x07\x1b\r\x00\u202e\x85\t")


@pytest.mark.parametrize("text", ["=1+1", "+1+1", "-2+3", "@A1", "'=1", "\uff1d1", "=", "--1"])
def test_formulas_get_an_apostrophe(text):
    assert no_formula(text) == "'" + text


@pytest.mark.parametrize("text", ["-5", "+5.5", "1e-5", "-.5", "12%", "", "abc", "a=b"])
def test_numbers_and_plain_text_do_not(text):
    assert no_formula(text) == text


@pytest.mark.parametrize("suffix", [".csv", ".xlsx", ".parquet"])
def test_a_frame_with_hostile_texts_is_read_back(tmp_path, suffix):
    texts = [text for text in HOSTILE if text]
    frame = pd.DataFrame({"trade_id": texts, "greek": "delta", "value": np.arange(len(texts)) - 3.0})
    files.write(frame, tmp_path / f"risk{suffix}")
    again = files.read(tmp_path / f"risk{suffix}")
    assert again["trade_id"].tolist() == texts
    assert again["value"].tolist() == frame["value"].tolist()


def test_a_workbook_holds_no_formulas_in_cells_or_header(tmp_path):
    files.write(pd.DataFrame({"=1+1": HOSTILE, "n": 1.0}), tmp_path / "risk.xlsx")
    sheet = load_workbook(tmp_path / "risk.xlsx").active
    assert {cell.data_type for row in sheet.iter_rows() for cell in row} <= {"s", "n", "inlineStr"}


def test_a_csv_file_has_no_cell_that_a_spreadsheet_runs(tmp_path):
    files.write(pd.DataFrame({"=1+1": HOSTILE, "n": -1.0}), tmp_path / "risk.csv")
    cells = pd.read_csv(tmp_path / "risk.csv", dtype=str, keep_default_na=False)
    texts = [*cells.iloc[:, 0], *cells.columns]
    assert not [t for t in texts if t[:1] in ("=", "@") or (t[:1] in "+-" and t and not t.lstrip("+-")[:1].isdigit())][
        1:
    ]


def test_more_rows_than_a_workbook_has_are_refused_before_the_run(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "ROWS", 10)
    row = {"trade_id": "a", "underlying": "X", "product": "call", "quantity": 1, "maturity": "2026-01-02", "strike": 1}
    with pytest.raises(ValueError, match=r"output must be .parquet or .csv: a workbook has 10 rows, got"):
        lg.risk(pd.DataFrame([row] * 5), {"valuation_date": "2025-01-02"} | MARKET, output=tmp_path / "risk.xlsx")


MARKET = {"underlyings": {"X": {"spot": 1.0, "zero_rate": 0.0, "implied_volatility": 0.2}}}


def test_a_file_is_the_old_one_until_the_new_one_is_whole(tmp_path):
    path = tmp_path / "risk.csv"
    path.write_text("old")
    path.chmod(0o640)

    def half(file):
        file.write_text("half")
        assert path.read_text() == "old"
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        written(path, half)
    assert path.read_text() == "old"
    with beside(path) as file:
        file.write_text("new")
    assert path.read_text() == "new"
    assert path.stat().st_mode & 0o777 == 0o640
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_stays_a_link(tmp_path):
    real, link = tmp_path / "real.csv", tmp_path / "link.csv"
    real.write_text("old")
    link.symlink_to(real)
    with beside(link) as file:
        file.write_text("new")
    assert link.is_symlink()
    assert real.read_text() == "new"


def test_a_file_that_is_a_mount_of_its_own_is_written_over(tmp_path, monkeypatch):
    def busy(*_):
        raise OSError(errno.EBUSY, "Device or resource busy")

    path = tmp_path / "risk.csv"
    path.write_text("old, and longer")
    monkeypatch.setattr(_outputs.os, "replace", busy)
    with beside(path) as file:
        file.write_text("new")
    assert path.read_text() == "new"


FULL = """
import resource, sys, signal
import pandas as pd
from pathlib import Path
from likelihood_greeks.book import files
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
frame = pd.DataFrame({"trade_id": [f"T{k}" for k in range(20_000)], "value": 0.123456789})
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
try:
    files.write(frame, Path(sys.argv[1]))
except OSError as error:
    print(type(error).__name__, error)
"""


@pytest.mark.slow
@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".xlsx"])
def test_a_full_disk_leaves_the_old_file_and_names_it(tmp_path, suffix):
    path = tmp_path / f"risk{suffix}"
    path.write_bytes(b"old")
    done = subprocess.run([sys.executable, "-c", FULL, path], check=True, capture_output=True, text=True, timeout=60)
    assert str(path) in done.stdout
    assert "cannot be written" in done.stdout
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_an_output_is_none_of_the_inputs_by_whatever_name(tmp_path, monkeypatch):
    book = tmp_path / "book.csv"
    book.write_text("x")
    (tmp_path / "link.csv").symlink_to(book)
    os.link(book, tmp_path / "hard.csv")
    monkeypatch.chdir(tmp_path)
    for name in ("book.csv", "./book.csv", "../" + tmp_path.name + "/book.csv", str(book), "link.csv", "hard.csv"):
        with pytest.raises(ValueError, match="output must not be the book, which it would write over"):
            apart("output", Path(name), {"book": book})
    apart("output", Path("other.csv"), {"book": book, "market": {"no": "path"}})


def test_a_run_does_not_write_over_its_book(tmp_path):
    book = tmp_path / "book.csv"
    book.write_text("trade_id,underlying,product,quantity,maturity,strike\na,X,call,1,2026-01-02,1\n")
    with pytest.raises(ValueError, match="output must not be the book"):
        lg.risk(book, {"valuation_date": "2025-01-02"} | MARKET, output=book)
    assert book.read_text().startswith("trade_id")


@pytest.mark.slow
def test_one_run_at_a_time_has_an_output(tmp_path):
    folder = tmp_path / "risk.csv.parts"
    first = FolderLock(folder, tmp_path / "risk.csv")
    with pytest.raises(ValueError, match=r"output must not be that of a run under way \(of this process\)"):
        FolderLock(folder, tmp_path / "risk.csv")
    code = (
        "import sys; from pathlib import Path; from likelihood_greeks.book.lock import FolderLock;"
        "p = Path(sys.argv[1]);\n"
        "try: FolderLock(p, p)\n"
        "except ValueError as error: print(error)"
    )
    other = [sys.executable, "-c", code, folder]
    said = subprocess.run(other, check=True, capture_output=True, text=True, timeout=60).stdout
    assert f"a run under way (process {os.getpid()} on" in said
    first.release()
    assert subprocess.run(other, check=True, capture_output=True, text=True, timeout=60).stdout == ""
    second = FolderLock(folder, tmp_path / "risk.csv")
    first.release()  # what it let go is not its own any more
    with pytest.raises(ValueError, match="a run under way"):
        FolderLock(folder, tmp_path / "risk.csv")
    second.release()


def test_pairs_of_hostile_texts_stay_apart():
    neutral = sorted(no_formula(escaped(text)) for text in HOSTILE)
    assert all(a != b for a, b in pairwise(neutral))
