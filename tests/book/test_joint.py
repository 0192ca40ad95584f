"""Errors of any group of trades, and of differences between runs on common draws, are those of netted samples."""

import json

import numpy as np
import pandas as pd
import pytest

import likelihood_greeks as lg
from likelihood_greeks.book.trades import NET

MARKET = {
    "valuation_date": "2025-01-01",
    "underlyings": {"X": {"spot": 93.0, "zero_rate": 0.031, "implied_volatility": 0.27}},
}
STRIKES = {"A": 84.0, "B": 91.0, "C": 92.0, "D": 97.0, "E": 110.0}
QUANTITIES = {"A": 10.0, "B": -300.0, "C": 290.0, "D": 4.0, "E": -9.0}
BATCHES_TELL = 4.0 / np.sqrt(2.0 * 1024.0)  # relative: four standard errors of an error that 1,024 batches tell


def book(*names, **strikes):
    return pd.DataFrame([
        {"trade_id": name, "underlying": "X", "product": "digital_put" if name in "BC" else "call",
         "quantity": QUANTITIES[name], "maturity": "2025-11-03", "strike": strikes.get(name, STRIKES[name]),
         "desk": "one" if name in "BC" else "two"}
        for name in names
    ])  # fmt: skip


def ran(*names, seed=3, book=book, **settings):
    settings = {"paths": 8192, "closed_form": False, "controls": "scores"} | settings
    return lg.risk(book(*names), MARKET, ["delta", "vega"], seed=seed, **settings)


def errors_of(frame):
    """Of the net position, by Greek."""
    return frame[frame["trade_id"] == NET].set_index("greek")["position_standard_error"]


@pytest.fixture(scope="module")
def whole():
    return ran(*STRIKES)


@pytest.mark.parametrize(
    "sampling", ["pseudo", *(pytest.param(k, marks=pytest.mark.slow) for k in ("antithetic", "sobol"))]
)
def test_the_error_of_a_group_is_that_of_its_netted_samples(sampling):
    found = lg.pivot(ran(*STRIKES, sampling=sampling), "desk")
    assert set(found["error"]) == {"exact"}
    own = found[found["desk"] == "one"].set_index("greek")["standard_error"]
    alone = errors_of(ran("B", "C", sampling=sampling))
    tolerance = 1e-4 if sampling == "sobol" else BATCHES_TELL
    assert own["price"] == pytest.approx(alone["price"], rel=tolerance)
    assert own["vega"] == pytest.approx(alone["vega"] / 100.0, rel=tolerance)


def test_neither_sums_of_variances_nor_the_bound_would_do(whole):
    own = whole[whole["trade_id"].isin(["B", "C"]) & (whole["greek"] == "price")]["position_standard_error"]
    found = lg.pivot(whole, "desk").set_index(["desk", "greek"]).loc[("one", "price"), "standard_error"]
    assert found < 0.7 * np.hypot(*own)  # long one digital, short the next: they offset each other
    del (forgetful := whole.copy()).attrs["joint"]
    at_most = lg.pivot(forgetful, "desk").set_index(["desk", "greek"]).loc[("one", "price")]
    assert at_most["error"] == "at most"
    assert at_most["standard_error"] > 1.5 * found


def test_the_error_of_a_difference_is_that_of_the_difference_sample_by_sample(whole):
    """The strike of a trade moves: its difference is a long and a short position of a book on the same draws."""
    moved = ran(*STRIKES, book=lambda *names: book(*names, B=92.5))
    table = lg.diff(whole, moved).set_index(["trade_id", "greek"])
    both = pd.concat([book("B", B=92.5), book("B").assign(trade_id="old", quantity=-QUANTITIES["B"])])
    alone = errors_of(
        lg.risk(both, MARKET, ["delta", "vega"], paths=8192, seed=3, closed_form=False, controls="scores")
    )
    assert set(table["draws"]) == {"common"}
    for greek in ("price", "delta", "vega"):
        for name in ("B", NET):  # all others are the same in both
            assert table.loc[(name, greek), "standard_error"] == pytest.approx(alone[greek], rel=BATCHES_TELL)
    errors = whole.set_index(["trade_id", "greek"])["position_standard_error"]
    assert table.loc[("A", "price"), "standard_error"] < 1e-3 * errors["A", "price"]  # half of seven digits
    assert alone["price"] < 0.8 * errors["B", "price"]


def test_a_trade_added_to_a_book_is_a_what_if_on_shared_paths(whole):
    table = lg.diff(ran("A", "B", "D", "E"), whole).set_index(["trade_id", "greek"])
    errors = whole.set_index(["trade_id", "greek"])["position_standard_error"]
    assert table.loc[(NET, "price"), "standard_error"] == pytest.approx(errors["C", "price"], rel=1e-3)


def test_runs_of_other_draws_have_nothing_in_common(whole):
    shorter = ran(*STRIKES, paths=6000)  # its last chunk is cut: not the draws of the longer run
    assert set(lg.diff(whole, shorter)["draws"]) == {"common, at most"}
    assert set(lg.diff(whole, ran(*STRIKES, seed=4))["draws"]) == {"independent"}
    longer = lg.diff(whole, ran(*STRIKES, paths=16_384)).set_index(["trade_id", "greek"])
    errors = whole.set_index(["trade_id", "greek"])["position_standard_error"]
    halves = longer.loc[("B", "price"), "standard_error"]  # mean of n less mean of these and n more
    assert halves == pytest.approx(errors["B", "price"] / np.sqrt(2.0), rel=0.1)


def test_frames_stay_light_and_can_be_written(whole, tmp_path):
    assert whole.copy().attrs["joint"] is whole.attrs["joint"]
    assert "MB as text" in repr(whole.attrs)
    json.dumps(whole.attrs)
    whole.to_parquet(tmp_path / "risk.parquet")
    again = pd.read_parquet(tmp_path / "risk.parquet")
    pd.testing.assert_frame_equal(lg.pivot(again, "desk"), lg.pivot(whole, "desk"))


def test_errors_that_are_not_of_the_samples_are_not_taken_for_them(whole):
    """Someone wrote smaller errors into the frame."""
    smaller = whole.assign(position_standard_error=0.5 * whole["position_standard_error"])
    assert lg.diff(smaller, smaller)["draws"].eq("common, at most").any()
