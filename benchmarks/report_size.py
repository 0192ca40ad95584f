"""Size of a book's report, and what a browser takes to open it, for books of 48, 1,000 and 10,000 trades.

``python -m benchmarks.report_size`` writes ``benchmarks/report_size.csv``. The trades are those of ``data/book.csv``,
repeated under other names, with all Greeks that a report shows at first; how they were valued changes nothing. Seconds
are of processor time, of all processes of a headless browser (Debian: chromium) until the page is drawn and its script
has run, less those of an empty page.
"""

import contextlib
import ctypes
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

import likelihood_greeks as lg

TRADES = (48, 1_000, 10_000)
GREEKS = ["delta", "gamma", "vega", "rho", "theta"]
ADOPT = 36  # Linux: PR_SET_CHILD_SUBREAPER
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")


def repeated(frame: pd.DataFrame, trades: int) -> pd.DataFrame:
    """A frame of so many trades: those of another one, again and again, with its net rows."""
    own, net = frame[frame["trade_id"] != "net"], frame[frame["trade_id"] == "net"]
    size = own["trade_id"].nunique()
    copies = [own.assign(trade_id=own["trade_id"] + f"/{k}") for k in range(int(np.ceil(trades / size)))]
    rows = pd.concat(copies, ignore_index=True)
    kept = rows["trade_id"].isin(rows["trade_id"].unique()[:trades])
    whole = pd.concat([rows[kept], net], ignore_index=True)
    whole.attrs = {name: value for name, value in frame.attrs.items() if name != "joint"}
    return whole


def opened(page: str, browser: str) -> float:
    """Processor seconds of a browser that opens a page and prints what its script has made of it."""
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--window-size=1400,900", "--dump-dom"]
    before = os.times()
    ctypes.CDLL(None).prctl(ADOPT, 1, 0, 0, 0)  # the browser's own children outlive it, and are to be counted
    subprocess.run([browser, *options, page], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    with contextlib.suppress(ChildProcessError):
        while True:
            os.wait()
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


def table() -> pd.DataFrame:
    """A row a size of the book."""
    frame = lg.risk("data/book.csv", "data/market.toml", GREEKS, paths=1_024, seed=1, controls="none")
    browser, found = next(filter(None, map(shutil.which, BROWSERS)), None), []
    empty = opened("about:blank", browser) if browser else np.nan
    with tempfile.TemporaryDirectory() as folder:
        for trades in TRADES:
            page, start = Path(folder, f"{trades}.html"), os.times()
            lg.report(repeated(frame, trades), page)
            end = os.times()
            taken = opened(page.as_uri(), browser) - empty if browser else np.nan
            written = end.user + end.system - start.user - start.system
            found.append((trades, page.stat().st_size / 1e6, written, taken))
    return pd.DataFrame(found, columns=["trades", "megabytes", "seconds to write", "seconds to open"])


if __name__ == "__main__":
    result = table()
    result.to_csv(Path(__file__).with_name("report_size.csv"), index=False, float_format="%.3g")
    print(result.to_string(index=False))
