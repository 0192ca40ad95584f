"""Books of many trades: blocks, rounds and threads change no numbers; overheads and memory stay small."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest

import likelihood_greeks as lg
from benchmarks import large_book
from likelihood_greeks.book import account, blocks, risk
from likelihood_greeks.book.frame import NAMED
from likelihood_greeks.book.trades import parse
from likelihood_greeks.engine import execution
from likelihood_greeks.engine.execution import ordered, results, workers
from likelihood_greeks.engine.stopping import Goal
from likelihood_greeks.streams.chunks import Draws

MARKET = large_book.market()


def test_blocks_hold_every_trade_once_and_at_most_so_many():
    trades, problems = parse(large_book.book(300, ["U01"]), MARKET)
    assert not problems
    main = account.Main(Draws(1, 252), Goal(4096, 4096))
    (one,) = risk._accounts(trades, ["delta"], "none", lambda *_: main)
    found = [t.trade_id for block in one.blocks for own in block.trades for t in own]
    assert sorted(found) == sorted(t.trade_id for t in trades)
    assert max(block.size for block in one.blocks) <= blocks.SIZE
    assert len(one.blocks) < 2 * 300 / blocks.SIZE
    for block in one.blocks:
        for group, own in zip(block.groups, block.trades, strict=True):
            assert {t.payoff.times for t in own} == {group.times}


@pytest.mark.slow
def test_blocks_rounds_and_executors_change_nothing(monkeypatch):
    book = large_book.book(20, ["U00", "U01"])

    def run(size, length, executor):
        monkeypatch.setattr(blocks, "SIZE", size)
        monkeypatch.setattr(account, "ROUND", length)
        return lg.risk(book, MARKET, ["delta", "vega"], paths=8192, seed=1, controls="scores", executor=executor)

    whole = run(1000, 1000, "serial")
    pd.testing.assert_frame_equal(run(1000, 1000, None), whole, check_exact=True)
    for size, length in ((4, 1000), (3, 1)):
        cut = run(size, length, None)
        pd.testing.assert_frame_equal(cut, whole, check_exact=False, rtol=1e-9, atol=1e-12)


@pytest.mark.slow
def test_the_net_knows_its_covariances_across_blocks(monkeypatch):
    monkeypatch.setattr(blocks, "SIZE", 2)
    one = large_book.book(10, ["U00"])
    hedged = pd.concat([one, one.assign(trade_id=[f"hedge {k}" for k in range(10)], quantity=-one["quantity"])])
    frame = lg.risk(hedged, MARKET, ["delta"], paths=8192, seed=1, controls="scores").set_index(["trade_id", "greek"])
    size = frame.loc[frame.index.get_level_values(1) == "delta", "position_standard_error"].drop("net").max()
    assert frame.loc[("net", "delta"), "position_standard_error"] < 1e-9 * size
    unhedged = lg.risk(one, MARKET, ["delta"], paths=8192, seed=1, controls="scores").set_index(["trade_id", "greek"])
    assert unhedged.loc[("net", "delta"), "position_standard_error"] > 0.1 * size


def test_a_net_with_many_doubtful_trades_names_some_and_counts_the_rest():
    beyond = lg.Payoff(lambda spot: np.where(np.sort(spot, axis=0)[-1] > 1e4, 1.0, 0.0), times=[0.1, 0.2])
    far = {"quantity": 1, "underlying": "U00", "payoff": beyond}
    book = pd.DataFrame([{"trade_id": f"T{k}", **far} for k in range(15)])
    frame = lg.risk(book, MARKET, ["delta"], paths=4096, seed=1)
    notes = frame.loc[frame["trade_id"] == "net", "note"]
    assert notes.str.contains(f"includes doubtful numbers of T0, .* and {15 - NAMED} more").all()


def test_calls_within_tasks_cannot_wait_for_one_another():
    model, payoff = lg.GBM(spot=100.0, volatility=0.2), lg.DigitalCall(100.0, 0.5)

    def task(chunk):
        return lg.greeks(model, payoff, ["delta"], paths=8192, seed=chunk.index)["delta"].value

    pieces = Draws(1, 1).chunks(20_000)
    with ThreadPoolExecutor(1) as narrow:
        assert [*results(task, pieces, narrow)] == [*results(task, pieces)] == [*map(task, pieces)]


def test_by_default_there_is_a_thread_for_every_core_and_none_within_a_task(monkeypatch):
    monkeypatch.setattr(execution, "CORES", 3)
    seen = set()

    def task(_):
        seen.add(threading.current_thread().name)
        time.sleep(0.01)
        with workers() as inner:
            return inner

    with workers() as pool:
        assert set(ordered(((task, k) for k in range(12)), pool)) == {"serial"}
    assert len(seen) == 3
    with workers("serial") as here:
        assert here == "serial"
    for wrong in ("threads", 4):
        with pytest.raises(TypeError, match="executor must be"), workers(wrong):
            pass


def test_threads_have_the_callers_error_handling():
    def task(_):
        return np.float64(1e308) * 10.0

    with np.errstate(over="ignore"), workers() as pool:
        assert [*ordered([(task, 0)], pool)] == [np.inf]


def test_calls_are_taken_as_they_are_needed():
    taken = []

    def calls():
        for k in range(100):
            taken.append(k)
            yield abs, k

    with workers(ThreadPoolExecutor(2)) as pool:
        found = ordered(calls(), pool, ahead=5)
        assert next(found) == 0
        assert len(taken) == 5
        found.close()
        pool.shutdown()


KINDS = 100
BAD = {
    3: ("maturity", ",X,call,1,2026-13-01,{s},{k}"),
    4: ("quantity", ",X,call,nan,2026-01-02,{s},{k}"),
    5: ("underlying", ",=Z\x1b[2J,put,1,2026-01-02,{s},{k}"),
    6: ("product", ",X,cal,1,2026-01-02,{s},{k}"),
    7: ("strike", ",Y,put,1,2026-01-02,-{s},{k}"),
}


def mixed_line(k):
    """A line of a book: of every hundred one is blank, two of two hundred share an id, and five are bad."""
    kind, s = k % KINDS, round(80.0 + k % 401 / 10.0, 1)
    if kind in BAD:
        return f"T{k}" + BAD[kind][1].format(s=s, k=k)
    if kind == 1:
        return ",,,,,,,"
    name = f"T{k - 10}" if k % (2 * KINDS) == 12 else f"T{k}"
    if k % 10_000 == 50:
        return f"{name},X,barrier,1,2025-07-02,{s},{k},quarterly,70,call,down,out"
    return f"{name},{'XY'[k % 2]},{('call', 'put')[k // 2 % 2]},{1 + k % 7},2026-0{1 + k % 9}-0{1 + k % 8},{s},{k}"


@pytest.mark.slow
def test_a_hundred_thousand_mixed_rows_are_read_refused_and_priced_in_bounded_time(tmp_path):
    n, path, output = 100_000, tmp_path / "book.csv", tmp_path / "risk.parquet"
    header = "trade_id,underlying,product,quantity,maturity,strike,desk's own,frequency,level,option,direction,knock"
    path.write_text("\n".join([header, *map(mixed_line, range(n))]))
    section = {"spot": 100.0, "zero_rate": 0.03, "implied_volatility": 0.2, "calendar": "NullCalendar"}
    market = {"valuation_date": "2025-01-02", "underlyings": {"X": section, "Y": section}}
    begun = time.process_time()
    with pytest.warns(lg.BookWarning, match=r"trades could not be priced") as caught:
        frame = lg.risk(path, market, ["delta"], paths=256, seed=1, executor="serial", output=output)
    assert time.process_time() - begun < 30.0  # about 8 where nothing else runs
    assert len(str(caught[0].message)) < 5_000
    problems = pd.DataFrame(frame.attrs["problems"])
    hundredth = n // KINDS
    assert problems.groupby("field").size().to_dict() == {f: hundredth for f, _ in BAD.values()} | {
        "trade_id": hundredth
    }
    trades = frame.lg.trades
    assert trades["trade_id"].nunique() == n - hundredth * (len(BAD) + 2)
    assert (trades["method"] != "closed form").sum() == 2 * 10
    assert np.isfinite(trades["value"].to_numpy()).all()
    assert (trades["desk's own"].astype(int) == trades["trade_id"].str[1:].astype(int)).all()
    assert len(pd.read_parquet(output)) == len(frame)
