"""Books of many trades: controls are chosen by what they take of the machine, and errors stay as they are."""

import numpy as np
import pandas as pd
import pytest

import likelihood_greeks as lg
from benchmarks import large_book
from likelihood_greeks.book import account, blocks, risk
from likelihood_greeks.book.trades import parse
from likelihood_greeks.controls.handed_over import HandedOver
from likelihood_greeks.controls.handover import Handover
from likelihood_greeks.controls.protocol import Load, cost
from likelihood_greeks.controls.widths import Relaxation
from likelihood_greeks.engine.pilot import FEWER, FITTED, pilot_chunks
from likelihood_greeks.engine.stopping import Goal
from likelihood_greeks.streams.chunks import Draws

MARKET, NAME = large_book.market(), "U00"
CLIQUET = {"product": "cliquet", "underlying": NAME, "quantity": 1, "maturity": "2026-03-20", "frequency": "quarterly"}
CLIQUET |= {"local_floor": -0.03, "local_cap": 0.05, "global_floor": 0.0, "global_cap": 0.25}
BARRIER = {"product": "barrier", "underlying": NAME, "quantity": 1, "maturity": "2026-03-20", "frequency": "quarterly"}
BARRIER |= {"option": "call", "strike": 380.0, "level": 450.0, "direction": "up", "knock": "out"}


def table(count: int) -> pd.DataFrame:
    """One cliquet, and barriers on the same dates."""
    barriers = [BARRIER | {"strike": 380.0 + k} for k in range(count - 1)]
    return pd.DataFrame([{"trade_id": f"T{k}", **row} for k, row in enumerate([CLIQUET, *barriers])])


def test_paths_that_many_share_make_a_control_dearer_and_a_relaxation_dearest():
    relaxed = HandedOver(Relaxation("", (), work=20.0), Handover(()))
    few, many = Load(12), Load(12, sharing=8)
    assert many.plain < 2.0 * few.plain  # what is done for each trade is counted too
    assert cost([relaxed], many) > 1.5 * cost([relaxed], few)
    assert Load(12, sharing=1).plain > many.plain
    assert many.closed(True) > many.closed(False) == few.closed(True)


@pytest.mark.parametrize("n_times", [12, 252])
def test_pilots_of_many_trades_are_short(n_times):
    single, short = (pilot_chunks(1, 100_000, n_times, "pseudo", many) for many in (False, True))
    assert short[0].n_paths == FEWER < single[0].n_paths
    assert sum(chunk.n_paths for chunk in short) == FITTED < sum(chunk.n_paths for chunk in single)
    little = pilot_chunks(1, 4096, n_times, "pseudo", many=True)
    assert sum(chunk.n_paths for chunk in little) == pilot_chunks(1, 4096, n_times, "pseudo")[0].n_paths


@pytest.mark.parametrize("count", [blocks.MANY - 1, blocks.MANY])
def test_trades_share_from_so_many_on_one_underlying(count):
    trades, problems = parse(table(count), MARKET)
    assert not problems
    main = account.Main(Draws(1, 4), Goal(4096, 4096))
    (one,) = risk._accounts(trades, ["delta"], "auto", lambda *_: main)
    assert {g.together for block in one.blocks for g in block.groups} == {count if count >= blocks.MANY else 0}


@pytest.mark.slow
def test_errors_beside_many_trades_are_about_those_of_a_trade_alone():
    alone, among = (
        lg.risk(table(count), MARKET, ["delta", "vega"], paths=4096, seed=seed, executor="serial")
        for count, seed in ((2, 1), (blocks.MANY, 2))
    )
    both = alone.merge(among, on=["trade_id", "greek"], suffixes=("", "_among"))
    both = both[both.trade_id.isin(["T0", "T1"])]
    error = np.hypot(both.standard_error, both.standard_error_among)
    assert len(both) == 6
    assert (error < 0.05 * both.value.abs() + 0.05).all()
    assert ((both.value_among - both.value).abs() < 4.0 * error).all()
    assert (both.standard_error_among < 2.0 * both.standard_error).all()
