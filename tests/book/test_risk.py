"""lg.risk: rows that equal single trades, nets that know their covariances, bad trades reported and the rest priced."""

from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest

import likelihood_greeks as lg
from likelihood_greeks.book.frame import _net_notes
from likelihood_greeks.book.reading import read_book
from likelihood_greeks.book.risk import underlying_seed
from likelihood_greeks.book.trades import parse
from likelihood_greeks.estimate import UNRELIABLE
from likelihood_greeks.validation import closed_form
from tests.support.places import DATA

MARKET = lg.Market.read(DATA / "market.toml")
BOOK = read_book(DATA / "book.csv")
SMALL = BOOK.iloc[[0, 6, 20, 37, 46]]


def small(**arguments):
    return lg.risk(SMALL, MARKET, ["delta", "vega"], paths=8192, seed=5, closed_form=False, **arguments)


def test_frame_has_a_row_per_trade_and_greek_and_net_rows():
    frame = small()
    columns = ["trade_id", "underlying", "product", "quantity", "greek", "value", "standard_error"]
    columns += ["position_value", "position_standard_error"]
    assert list(frame.columns[:9]) == columns
    assert len(frame) == (len(SMALL) + 1) * 3
    assert list(frame["greek"][:3]) == ["price", "delta", "vega"]
    assert list(dict.fromkeys(frame["trade_id"])) == [*SMALL["trade_id"], "net"]
    np.testing.assert_allclose(frame["position_value"], frame["quantity"] * frame["value"])
    np.testing.assert_allclose(frame["position_standard_error"], frame["quantity"].abs() * frame["standard_error"])


@pytest.mark.slow
def test_a_trade_in_a_book_is_the_trade_alone():
    frame = small().set_index(["trade_id", "greek"])
    trades, _ = parse(SMALL, MARKET)
    for trade in trades:
        alone = lg.greeks(trade.model, trade.payoff, ["delta", "vega"], paths=8192, seed=underlying_seed(5, "DAX"))
        for greek in alone:
            assert frame.loc[(trade.trade_id, greek), "value"] == pytest.approx(alone[greek].value, rel=1e-12)
            assert frame.loc[(trade.trade_id, greek), "standard_error"] == pytest.approx(alone[greek].standard_error)
            assert frame.loc[(trade.trade_id, greek), "seed"] == alone.seed


def test_net_standard_error_accounts_for_shared_paths():
    hedged = pd.concat([BOOK.iloc[[0]], BOOK.iloc[[0]].assign(trade_id="hedge", quantity=-500)])
    frame = lg.risk(hedged, MARKET, ["delta"], paths=8192, seed=5, closed_form=False)
    frame = frame.set_index(["trade_id", "greek"])
    assert frame.loc[("net", "delta"), "position_value"] == pytest.approx(0.0, abs=1e-9)
    assert frame.loc[("net", "delta"), "position_standard_error"] < 1e-9
    assert frame.loc[("hedge", "delta"), "position_standard_error"] > 0.0


@pytest.mark.slow
def test_net_standard_error_is_right_over_seeds():
    book = BOOK.iloc[[0, 1, 4, 7]]
    trades, _ = parse(book, MARKET)
    exact = sum(t.quantity * closed_form.greek(t.model, t.payoff, "delta") for t in trades)
    z, independent = [], []
    for seed in range(100):
        frame = lg.risk(book, MARKET, ["delta"], paths=2048, seed=seed, controls="none", closed_form=False)
        deltas = frame[frame["greek"] == "delta"]
        net = deltas[deltas["trade_id"] == "net"].iloc[0]
        z.append((net["position_value"] - exact) / net["position_standard_error"])
        alone = deltas.loc[deltas["trade_id"] != "net", "position_standard_error"]
        independent.append((net["position_value"] - exact) / np.sqrt((alone**2).sum()))
    assert 0.6 < np.mean(np.square(z)) < 1.5
    assert not 0.6 < np.mean(np.square(independent)) < 1.5  # root-sum-of-squares would be wrong


@pytest.mark.slow
def test_executors_change_nothing():
    serial = small()
    for make in (ThreadPoolExecutor, ProcessPoolExecutor):
        with make(2) as executor:
            pd.testing.assert_frame_equal(small(executor=executor), serial)


def test_bad_trades_are_reported_and_the_rest_priced():
    bad = SMALL.copy().astype(object)
    bad.loc[bad.index[1], "product"] = "digtal_call"
    bad.loc[bad.index[2], "level"] = -1.0
    with pytest.warns(lg.BookWarning, match="2 trades could not be priced") as caught:
        frame = lg.risk(bad, MARKET, ["delta", "vega"], paths=8192, seed=5, closed_form=False)
    problems = frame.attrs["problems"]
    assert [p["field"] for p in problems] == ["product", "level"]
    assert {p["trade_id"] for p in problems} == set(bad["trade_id"].iloc[[1, 2]])
    assert set(frame["trade_id"]) == {*bad["trade_id"].iloc[[0, 3, 4]], "net"}
    assert "digtal_call" in str(caught[0].message)
    good = small().set_index(["trade_id", "greek"])["value"]
    left = frame[frame["trade_id"] != "net"].set_index(["trade_id", "greek"])["value"]
    assert all(left[key] == pytest.approx(good[key], rel=1e-12) for key in left.index)


def test_underlyings_are_independent_and_netted_apart():
    two = lg.Market.read(
        {
            "valuation_date": "2002-07-05",
            "underlyings": {
                name: {"spot": 100.0, "dividend_yield": 0.01, "zero_rate": 0.03, "implied_volatility": 0.25}
                for name in ("AAA", "BBB")
            },
        }
    )
    put = {"product": "digital_put", "quantity": 1, "strike": 95, "maturity": "2003-01-31"}
    book = pd.DataFrame([{"trade_id": t, "underlying": name, **put} for t, name in (("a", "AAA"), ("b", "BBB"))])
    frame = lg.risk(book, two, ["delta"], paths=4096, seed=5, closed_form=False)
    assert list(frame.loc[frame["trade_id"] == "net", "underlying"].unique()) == ["AAA", "BBB"]
    a, b = (frame.loc[(frame["trade_id"] == t) & (frame["greek"] == "delta"), "value"].item() for t in "ab")
    assert a != b


def test_an_empty_book_gives_an_empty_frame():
    assert lg.risk(BOOK.iloc[:0], MARKET, paths=4096, seed=1).empty


def test_a_trade_that_fails_when_it_is_priced_is_reported_and_the_net_says_so():
    book = BOOK.iloc[[0, 20, 21]].copy().astype(object)
    book.loc[book.index[1], "rebate"] = "1e308"
    with pytest.warns(lg.BookWarning, match=r"DAX-021 \(row 2\): payoff must give finite payments"):
        frame = lg.risk(book, MARKET, ["delta"], paths=4096, seed=5)
    assert set(frame["trade_id"]) == {"DAX-001", "DAX-022", "net"}
    net = frame[frame["trade_id"] == "net"]
    assert net["note"].str.contains("excludes 1 trade that could not be priced").all()


def test_the_net_names_trades_with_doubtful_numbers():
    frame = lg.risk(BOOK.iloc[[0, 34]], MARKET, ["delta"], paths=4096, seed=5, controls="scores")
    assert frame.loc[frame["trade_id"] == "net", "note"].str.contains(r"includes doubtful numbers of .*DAX-035").all()


def test_one_greek_given_as_text_is_a_type_error():
    with pytest.raises(TypeError, match=r"write \['delta'\]"):
        lg.risk(SMALL, MARKET, "delta")


def test_a_net_is_not_doubted_for_an_error_that_it_would_not_feel():
    rows = [
        {
            "trade_id": "small",
            "greek": "delta",
            "position_standard_error": 0.05,
            "note": f"about 7 samples: {UNRELIABLE}",
        },
        {
            "trade_id": "unseen",
            "greek": "rho",
            "position_standard_error": 0.0,
            "note": "about 0 samples decide the payoff",
        },
        {
            "trade_id": "large",
            "greek": "vega",
            "position_standard_error": 0.5,
            "note": f"about 7 samples: {UNRELIABLE}",
        },
    ]
    notes = _net_notes(dict.fromkeys(("delta", "rho", "vega"), 1.0), rows)
    assert notes["delta"] == ""
    assert "unseen" in notes["rho"]
    assert "large" in notes["vega"]


def test_underlyings_whose_names_have_one_checksum_are_named():
    names = ("HXCMQURIP", "OXEXRYEXH")  # found by trying
    assert underlying_seed(1, names[0]) == underlying_seed(1, names[1])
    rows = [
        {"trade_id": name, "underlying": name, "product": "asian", "option": "call", "quantity": 1, "strike": 100,
         "maturity": "2026-01-02", "frequency": "monthly"}
        for name in names
    ]  # fmt: skip
    section = {"spot": 100.0, "zero_rate": 0.0, "implied_volatility": 0.2, "calendar": "NullCalendar"}
    market = {"valuation_date": "2025-01-02", "underlyings": dict.fromkeys(names, section)}
    with pytest.warns(lg.BookWarning, match=f"{names[0]} and {names[1]} share their draws"):
        lg.risk(pd.DataFrame(rows), market, ["delta"], paths=1024, seed=1, controls="none")
