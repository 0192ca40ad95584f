"""Groups of trades of an explained book and of a grid of scenarios: their errors are those of netted samples."""

import numpy as np
import pandas as pd
import pytest

import likelihood_greeks as lg
from likelihood_greeks.book.pnl.moves import TERMS

X = {"spot": 100.0, "zero_rate": 0.03, "implied_volatility": 0.2, "currency": "EUR"}
LONG = {"trade_id": "long", "underlying": "X", "product": "barrier", "option": "call", "quantity": 10.0,
        "strike": 100.0, "maturity": "2026-12-01", "level": 90.0, "direction": "down", "knock": "out",
        "frequency": "monthly", "desk": "one", "start": "2026-06-01"}  # fmt: skip
LATER = {"maturity": "2028-06-01", "frequency": "quarterly", "desk": "two"}
CALL = {"trade_id": "known", "underlying": "X", "product": "call", "quantity": 3.0, "strike": 95.0,
        "maturity": "2026-12-01"}  # fmt: skip
BOOK = [LONG, {**LONG, "trade_id": "short", "quantity": -9.0, "level": 89.0},
        {**LONG, "trade_id": "other", "quantity": 5.0, **LATER}, CALL,
        {**LONG, "trade_id": "y", "underlying": "Y"}]  # fmt: skip
NOISY = ["theta", "delta", "gamma", "unexplained"]
BATCHES_TELL = 4.0 / np.sqrt(2.0 * 1024.0)


def market(day="2026-06-01", **changes):
    return {"valuation_date": day, "underlyings": {"X": {**X, **changes}, "Y": {**X, "spot": 101.0}}}


AFTER = market("2026-06-02", spot=102.0, implied_volatility=0.21)


def explained(rows, seed=1, paths=4096):
    return lg.explain_book(pd.DataFrame(rows), market(), AFTER, paths=paths, seed=seed, controls="none")


def gained(rows, seed=1):
    return lg.scenario_grid(pd.DataFrame(rows), market(), [-0.05, 0.05], [0.0], paths=4096, seed=seed, controls="none")


@pytest.fixture(scope="module")
def frame():
    return explained(BOOK)


def test_the_error_of_a_group_is_that_of_its_net(frame):
    own = lg.pivot(frame, "desk").set_index("desk").loc["one"]
    pair, y = (explained(rows).set_index(["trade_id", "underlying"]) for rows in (BOOK[:2], BOOK[-1:]))
    for name in NOISY:
        error = np.hypot(*(net[f"{name}_standard_error"] for net in (pair.loc[("net", "X")], y.loc[("net", "Y")])))
        assert own[f"{name}_standard_error"] == pytest.approx(error, rel=BATCHES_TELL)
        assert own[name] == pytest.approx(pair.loc[("net", "X"), name] + y.loc[("net", "Y"), name])
    assert own["error"] == "exact"
    alone = frame.set_index("trade_id")["delta_standard_error"]
    assert own["delta_standard_error"] < 0.7 * np.sqrt(alone["long"] ** 2 + alone["short"] ** 2 + alone["y"] ** 2)
    np.testing.assert_allclose(own["explained"], sum(own[name] for name in TERMS), atol=1e-9)


def test_totals_by_every_key_add_up_to_the_book_and_whole_underlyings_have_the_errors_of_their_nets(frame):
    total = frame.set_index("trade_id").loc["total"]
    for by in ("underlying", "bucket", ["product", "bucket"], []):
        table = lg.pivot(frame, by)
        assert table["pnl"].sum() == pytest.approx(total["pnl"])
        assert table["trades"].sum() == len(BOOK)
        assert set(table["error"]) == {"exact"}
    nets = frame[frame["trade_id"] == "net"].set_index("underlying")
    errors = lg.pivot(frame).set_index("underlying")["pnl_standard_error"]
    pd.testing.assert_series_equal(errors, nets["pnl_standard_error"].loc[errors.index])
    known = lg.pivot(frame, "product").set_index("product").loc["call"]
    assert known["pnl_standard_error"] == 0.0


def test_a_file_without_samples_has_bounds_and_says_so(frame, tmp_path):
    frame.to_parquet(tmp_path / "explained.parquet")
    pd.testing.assert_frame_equal(lg.pivot(pd.read_parquet(tmp_path / "explained.parquet")), lg.pivot(frame))
    frame.to_csv(tmp_path / "explained.csv", index=False)
    at_most = lg.pivot(pd.read_csv(tmp_path / "explained.csv"), "desk").set_index("desk").loc["one"]
    exact = lg.pivot(frame, "desk").set_index("desk").loc["one"]
    assert at_most["error"] == "at most"
    assert at_most["delta_standard_error"] > 1.2 * exact["delta_standard_error"]
    with pytest.raises(ValueError, match="reporting must be false"):
        lg.pivot(frame, reporting=True)
    with pytest.raises(ValueError, match=r"by must be one of .*desk.*, got 'trader'"):
        lg.pivot(frame, "trader")


def test_groups_of_gains_under_moves(tmp_path):
    table = lg.pivot(gained(BOOK), "desk")
    own = table[table["desk"] == "one"].set_index("spot")
    alone = gained([BOOK[0], BOOK[1], BOOK[-1]])
    total = alone[alone["trade_id"] == "total"].set_index("spot")
    np.testing.assert_allclose(own["change"], total["change"])
    np.testing.assert_allclose(own["standard_error"], total["standard_error"], rtol=BATCHES_TELL)
    assert set(table["error"]) == {"exact"}
    assert len(table) == 3 * 2  # desks, one of them blank, by moves


@pytest.mark.slow
def test_stated_errors_of_groups_are_the_spread_over_seeds():
    names, seeds, found = ["delta", "gamma", "unexplained"], 24, []
    for seed in range(seeds):
        frame = explained(BOOK[:2], seed, paths=1024)
        own = lg.pivot(frame, "desk").iloc[0]
        found.append([own[name + end] for end in ("", "_standard_error") for name in names])
    values, errors = np.split(np.array(found), 2, axis=1)
    spread, tolerance = values.std(axis=0, ddof=1), 4.0 / np.sqrt(2.0 * seeds)
    np.testing.assert_allclose(spread / np.sqrt((errors**2).mean(axis=0)), 1.0, atol=tolerance)
    alone = frame.set_index("trade_id").loc[["long", "short"], [f"{name}_standard_error" for name in names]]
    assert (spread / alone.sum() < 1.0 - tolerance).all()  # sums of errors are told from them


def test_the_reported_profit_has_the_error_of_joint_samples():
    """A currency that doubles its rate: what it was worth moves with what it has gained."""
    rates = [{**day, "reporting_currency": "USD", "fx": {"EUR": rate}} for day, rate in ((market(), 1.0), (AFTER, 2.0))]
    rows = pd.DataFrame([{**LONG, "quantity": 10.0}])
    frame = lg.explain_book(rows, *rates, paths=4096, seed=1, controls="none").set_index("trade_id")
    own, reported = frame.loc["total"], frame.loc["reported"]
    before, after = (own[f"value_{when}_standard_error"] for when in ("before", "after"))
    # 2 V1 - V0, V0 and V1 nearly the same samples
    expected = np.sqrt(4.0 * after**2 + before**2 - 2.0 * (after**2 + before**2 - own["pnl_standard_error"] ** 2))
    assert reported["pnl_standard_error"] == pytest.approx(expected, rel=BATCHES_TELL)
    assert reported["pnl_standard_error"] < 0.95 * (2.0 * own["pnl_standard_error"] + before)
