"""A process that prices for long: its memory and open files stay as they were after its first calls."""

import ctypes
import gc
import os
import sys
from pathlib import Path

import pandas as pd
import pytest

import likelihood_greeks as lg
from likelihood_greeks._remembered import BYTES, POOL


def held():
    """MiB in memory, after what is free has been given back, and open files."""
    gc.collect()
    ctypes.CDLL("libc.so.6").malloc_trim(0)
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20, len(os.listdir("/proc/self/fd"))


def call(k):
    """Contracts and laws that no call has had before."""
    law, dates = lg.GBM(spot=100.0 + 0.01 * k, volatility=0.2, rate=0.03), lg.schedule(1.0, 12)
    option = lg.Call(90.0 + 0.1 * k, 1.0)
    lg.greeks(law, lg.Barrier(option, 80.0, "down", "out", dates), ["delta"], paths=256, seed=k, executor="serial")
    if k % 10 == 0:
        row = {"trade_id": "a", "underlying": "X", "product": "digital_call", "quantity": 1, "maturity": "2026-01-02"}
        section = {"spot": law.spot, "zero_rate": 0.03, "implied_volatility": 0.2, "calendar": "NullCalendar"}
        market = {"valuation_date": "2025-01-02", "underlyings": {"X": section}}
        book = pd.DataFrame([row | {"strike": option.strike}])
        lg.risk(book, market, ["delta"], paths=256, seed=k, closed_form=False, executor="serial")


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_a_hundred_calls_leave_memory_and_files_as_twenty_did():
    for k in range(20):
        call(k)
    memory, files = held()
    for k in range(20, 100):
        call(k)
    after, open_after = held()
    assert open_after == files
    assert after < memory + 12.0
    assert POOL.held <= BYTES
