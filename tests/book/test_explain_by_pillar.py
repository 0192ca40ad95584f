"""A profit explained by pillar: exact sums, finite differences of closed forms, pillars moved alone, reports."""

from io import StringIO

import numpy as np
import openpyxl
import pandas as pd
import pytest
from rich.console import Console
from scipy.stats import norm

import likelihood_greeks as lg
from likelihood_greeks.reports.explained import explained_tables

DAY = {"monday": "2026-06-01", "tuesday": "2026-06-02"}
PILLARS = ["2026-09-01", "2026-12-01", "2027-06-01"]
RATES, VOLATILITIES = np.array([0.02, 0.025, 0.03]), np.array([0.25, 0.22, 0.2])
MOVED = {"rates": np.array([1e-4, 3e-4, -2e-4]), "volatilities": np.array([0.004, -0.002, 0.003])}
CALL = {"trade_id": "call", "underlying": "X", "product": "call", "quantity": 10.0, "maturity": "2027-03-01",
        "strike": 105.0}  # fmt: skip
BARRIER = {**CALL, "trade_id": "barrier", "product": "barrier", "option": "call", "level": 85.0, "direction": "down",
           "knock": "out", "frequency": "monthly"}  # fmt: skip
ASIAN = {**CALL, "trade_id": "asian", "product": "asian", "option": "put", "frequency": "monthly", "quantity": -5.0}


def market(day, rates=RATES, volatilities=VOLATILITIES, nodes=PILLARS):
    smile = {"maturities": nodes, "strikes": [105.0], "volatilities": [volatilities.tolist()]}
    curve = {"times": nodes, "rates": rates.tolist()}
    own = {"spot": 100.0, "zero_curve": curve, "implied_volatility": smile, "currency": "EUR"}
    return {"valuation_date": DAY[day], "underlyings": {"X": own}}


def explained(rows, rates, volatilities, **settings):
    tuesday = market("tuesday", RATES + rates, VOLATILITIES + volatilities)
    asked = {"paths": 4096, "seed": 1, "buckets": ["vega", "rho", "dividend_rho"], **settings}
    frame = lg.explain_book(pd.DataFrame(rows), market("monday"), tuesday, **asked)
    return frame.set_index("trade_id")


def buckets(frame, term):
    return frame[[name for name in frame.columns if name.startswith(f"{term}[") and name.endswith("]")]]


def adds_up(frame):
    for term in ("vega", "rho", "dividend_rho"):
        gap = buckets(frame, term).sum(axis=1) - frame[term]
        assert np.abs(gap).max() <= 1e-12 * (1.0 + np.abs(frame[term]).max())


LEFT = np.array([91, 182, 364]) / 365  # years from Tuesday to the pillars


def black(rates, volatilities):
    """Ten calls on Tuesday, written here anew: rates times years and total variances are linear between the pillars."""
    years = 272 / 365
    drift, variance = (np.interp(years, [0.0, *LEFT], [0.0, *(own * LEFT)]) for own in (rates, volatilities**2))
    d1 = (np.log(100.0 / 105.0) + drift + 0.5 * variance) / np.sqrt(variance)
    return 10.0 * (100.0 * norm.cdf(d1) - 105.0 * np.exp(-drift) * norm.cdf(d1 - np.sqrt(variance)))


def still():
    """The rates and volatilities of Monday's curves on Tuesday if forwards stay."""
    day, years = 1 / 365, LEFT + 1 / 365
    rates, squares = ((own * years - own[0] * day) / LEFT for own in (RATES, VOLATILITIES**2))
    return rates, np.sqrt(squares)


def test_buckets_of_a_call_are_the_moves_of_pillars_times_finite_differences():
    frame = explained([CALL], *MOVED.values())
    now, moved = still(), (RATES + MOVED["rates"], VOLATILITIES + MOVED["volatilities"])
    for which, term in enumerate(("rho", "vega")):
        expected = []
        for k in range(3):
            ends = [[own.copy() for own in now] for _ in range(2)]
            for end, step in zip(ends, (1e-5, -1e-5), strict=True):
                end[which][k] += step
            slope = (black(*ends[0]) - black(*ends[1])) / 2e-5
            expected.append(slope * (moved[which][k] - now[which][k]))
        own = buckets(frame, term)
        assert [*own.columns] == [f"{term}[{years:g}]" for years in LEFT[3 - own.shape[1] :]]
        np.testing.assert_allclose(own.loc["call"], expected[3 - own.shape[1] :], rtol=1e-6, atol=1e-9)
        assert not any(expected[: 3 - own.shape[1]])
    adds_up(frame)
    assert frame.loc["total", "vega[0.49863]"] == pytest.approx(frame.loc["call", "vega[0.49863]"])


@pytest.mark.slow
def test_simulated_buckets_are_those_of_pillars_that_move_alone():
    rows = [BARRIER, ASIAN]
    whole = explained(rows, *MOVED.values())
    adds_up(whole)
    largest = buckets(whole, "vega").abs().max(axis=1)
    alone = np.where(np.arange(3) == 1, MOVED["volatilities"], still()[1] - VOLATILITIES)
    found, names = explained(rows, MOVED["rates"], alone), [f"vega[{years:g}]" for years in LEFT]
    for trade in ("barrier", "asian", "net"):
        error = np.hypot(*(own.loc[trade, f"{names[1]}_standard_error"] for own in (whole, found)))
        assert error < 0.05 * largest[trade]
        assert abs(whole.loc[trade, names[1]] - found.loc[trade, names[1]]) < 4.0 * error
        assert abs(whole.loc[trade, names[2]] - found.loc[trade, names[1]]) > 8.0 * error
        assert abs(found.loc[trade, "vega"] - found.loc[trade, names[1]]) < 1e-9


def test_a_pillar_of_the_first_day_alone_is_shared_between_its_neighbours():
    tuesday = market("tuesday", nodes=["2026-08-15", "2026-12-20", "2027-07-01"])
    rows = pd.DataFrame([CALL, BARRIER])
    frame = lg.explain_book(rows, market("monday"), tuesday, paths=4096, seed=1, buckets=["rho", "vega"])
    adds_up(frame.assign(dividend_rho=0.0))
    assert [name for name in frame if name.startswith("vega[") and name.endswith("]")] == [
        "vega[0.20274]", "vega[0.550685]", "vega[1.07945]"
    ]  # fmt: skip


def test_a_trade_that_is_decided_between_the_days_has_buckets_of_what_is_left():
    days = {"2026-05-04": 100.0, "2026-06-01": 100.0, "2026-06-02": 84.0}
    knocked = {**BARRIER, "start": "2026-05-04", "frequency": "2026-06-02;2027-03-01", "rebate": 2.0}
    monday, tuesday = market("monday"), market("tuesday", RATES + 1e-3)
    tuesday["fixings"] = {"X": days}
    asked = {"paths": 2048, "seed": 1, "buckets": ["rho", "vega"]}
    frame = lg.explain_book(pd.DataFrame([knocked, ASIAN]), monday, tuesday, **asked).set_index("trade_id")
    adds_up(frame.assign(dividend_rho=0.0))
    assert frame.loc["barrier", "rho"] < 0.0 == frame.loc["barrier", "vega"]  # its rebate is paid at maturity


def test_what_has_no_pillars_is_one_bucket_and_reports_show_all():
    heston = {"initial_variance": 0.04, "mean_reversion": 2.0, "long_run_variance": 0.05, "vol_of_vol": 0.4,
              "correlation": -0.6}  # fmt: skip
    markets = []
    for day, move in (("monday", 0.0), ("tuesday", 0.002)):
        own = market(day, RATES + move)
        own["underlyings"]["Y"] = {"spot": 50.0, "zero_rate": 0.02 + move, "implied_volatility": 0.3 + move}
        own["underlyings"]["H"] = {
            "spot": 50.0,
            "zero_rate": 0.02,
            "model": "heston",
            "heston": {**heston, "initial_variance": 0.04 + move},
        }
        markets.append(own)
    rows = [CALL, *({**CALL, "trade_id": name, "underlying": name, "strike": 50.0} for name in ("Y", "H"))]
    frame = lg.explain_book(pd.DataFrame(rows), *markets, paths=256, seed=1, buckets=["vega", "rho"])
    adds_up(frame.assign(dividend_rho=0.0))
    by = frame.set_index("trade_id")
    assert by.loc["Y", "vega[flat]"] == by.loc["Y", "vega"] != 0.0 == by.loc["H", "vega[flat]"]
    assert by.loc["H", "vega[unsplit]"] == by.loc["H", "vega"] != 0.0
    console = Console(width=200, record=True, file=StringIO())
    for table in explained_tables(frame, 10):
        console.print(table)
    text = console.export_text()
    assert all(word in text for word in ("X, EUR by pillar", "unsplit", "0.9973"))
    with pytest.raises(
        ValueError, match=r"buckets must be one of 'vega', 'rho', 'dividend_rho', 'correlation', got 'delta'"
    ):
        lg.explain_book(pd.DataFrame(rows), *markets, paths=256, seed=1, buckets=["delta"])


@pytest.mark.slow
def test_the_sheet_of_a_workbook_leaves_out_what_is_zero_and_has_errors_beside_amounts(tmp_path):
    market = {"valuation_date": "2026-06-01", "underlyings": {"X": {"spot": 100.0, "implied_volatility": 0.2}}}
    moved = {"valuation_date": "2026-06-02", "underlyings": {"X": {"spot": 101.0, "implied_volatility": 0.21}}}
    asian = {"underlying": "X", "product": "asian", "option": "call", "strike": 100, "frequency": "quarterly"}
    book = pd.DataFrame([{**asian, "trade_id": "A", "quantity": 10, "maturity": "2027-06-01", "start": "2026-06-01"}])
    for own in (market, moved):
        own["underlyings"]["X"]["zero_rate"] = 0.03
    frame = lg.explain_book(book, market, moved, paths=1024, seed=1, buckets=["vega"])
    lg.report(lg.risk(book, market, ["delta"], paths=1024, seed=1), tmp_path / "risk.xlsx", explained=frame)
    header, first, *_ = openpyxl.load_workbook(tmp_path / "risk.xlsx")["explained"].iter_rows(values_only=True)
    place = header.index("delta")
    assert header[place + 1] == "delta ± s.e."
    assert first[place : place + 2] == tuple(frame.loc[0, ["delta", "delta_standard_error"]])
    assert {"unexplained", "vega[flat]", "spot_move", "note"} < {*header}
    assert not {"rho", "cash", "dividends", "correlation", "rho ± s.e."} & {*header}
