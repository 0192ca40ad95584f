"""Accumulators and target redemption forwards in books: read, and with a past."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

import likelihood_greeks as lg
from likelihood_greeks.book.trades import parse
from likelihood_greeks.payoffs.protocol import cash_flows, payment_times

TODAY = date(2026, 11, 27)
DATES = "2026-09-18;2026-10-16;2026-12-18;2027-06-18"
AHEAD = "2026-12-18;2027-06-18"
ROW = {"trade_id": "a", "underlying": "X", "quantity": 1, "maturity": "2027-06-18", "frequency": DATES, "strike": 95}
ROW |= {"product": "accumulator", "level": 108, "gearing": 2}
TARF = ROW | {"product": "tarf", "target": 14, "level": None}
SECTION = {"spot": 97.0, "zero_rate": 0.03, "dividend_yield": 0.01, "implied_volatility": 0.2}
U = tuple((date.fromisoformat(day) - TODAY).days / 365 for day in AHEAD.split(";"))
T = U[-1]
SPOT = np.array([[99.0, 109.0, 90.0], [94.0, 100.0, 97.0]])


def market(*fixed, **section):
    fixings = dict(zip(("2026-09-18", "2026-10-16"), fixed, strict=False))
    return lg.Market.read({"valuation_date": TODAY, "underlyings": {"X": SECTION | section}, "fixings": {"X": fixings}})


def trade(row, *fixed, **section):
    row = {name: cell for name, cell in row.items() if cell is not None}
    (found,), problems = parse(pd.DataFrame([row]), market(*fixed, **section))
    assert problems == []
    return found


def problem(row, *fixed):
    row = {name: cell for name, cell in row.items() if cell is not None}
    trades, (found, *_) = parse(pd.DataFrame([row]), market(*fixed))
    assert not trades
    return found.field


def test_terms_are_read_levels_in_per_cent_and_lists_in_a_cell():
    new = ROW | {"frequency": AHEAD}
    assert trade(new).payoff == lg.Accumulator(95.0, U, 108.0, 2.0)
    full = new | {
        "strike": "95%; 93",
        "level": "none;104%",
        "gearing": "1;2.5",
        "reference": 100,
        "last_fixing": "full",
    }
    full |= {"settlement": "delivery"}
    expected = lg.Accumulator((95.0, 93.0), U, (np.inf, 104.0), (1.0, 2.5), "buy", "full", "delivery")
    assert trade(full).payoff == expected
    sold = new | {"forward": "sell", "level": "none;80%", "strike": 100}
    assert trade(sold).payoff == lg.Accumulator(100.0, U, (0.0, 80.0), 2.0, "sell")
    assert trade(new | {"level": None}).payoff == lg.Accumulator(95.0, U, gearing=2.0)
    forward = TARF | {"frequency": AHEAD, "target": "14%", "reference": 100, "last_fixing": "none", "settlement": "end"}
    expected = lg.TARF(95.0, U, 14.0, 2.0, last_fixing="none", settlement="end")
    assert trade(forward).payoff.times == expected.times
    assert trade(forward).payoff.target == pytest.approx(14.0)
    assert trade(full).strike_for_volatility == 95.0


@pytest.mark.parametrize(
    ("row", "name"),
    [
        (ROW | {"strike": None}, "strike"),
        (ROW | {"strike": "95;96", "frequency": AHEAD, "level": "110%"}, "level"),  # of which strike?
        (ROW | {"strike": "95;96;97", "frequency": AHEAD}, "strike"),
        (ROW | {"last_fixing": "exact", "frequency": AHEAD}, "last_fixing"),
        (ROW | {"target": 5}, "target"),
        (TARF | {"target": None}, "target"),
        (TARF | {"level": 110}, "level"),
        (TARF | {"settlement": "delivery", "frequency": AHEAD}, "settlement"),
        (TARF, "fixings"),
        (TARF | {"frequency": "2026-11-27;2027-06-18"}, "fixings"),  # today's, open
        (ROW | {"product": "call", "level": None, "frequency": None}, "gearing"),
    ],
)
def test_what_cannot_be_read_is_refused_by_its_column(row, name):
    assert problem(row) == name


@pytest.mark.parametrize("settlement", ["fixing", "end"])
def test_a_past_is_remembered(settlement):
    for row, whole in (
        (ROW, lg.Accumulator(95.0, (1.0, 2.0, 3.0, 4.0), 108.0, 2.0, settlement=settlement)),
        (TARF, lg.TARF(95.0, (1.0, 2.0, 3.0, 4.0), 14.0, 2.0, settlement=settlement)),
    ):
        left = trade(row | {"settlement": settlement}, 103.0, 92.0).payoff
        flows = cash_flows(left, SPOT)
        every = cash_flows(whole, np.vstack([np.full(3, 103.0), np.full(3, 92.0), SPOT]))
        np.testing.assert_allclose(flows, every[-len(flows) :])
        assert payment_times(left, flows).tolist() == pytest.approx(list(U) if settlement == "fixing" else [T])


def test_an_accrued_gain_is_said():
    assert "8 of 14 gained" in trade(TARF, 103.0, 92.0).state


@pytest.mark.parametrize(
    ("row", "fixed", "amount"),
    [
        (ROW, (110.0,), 0.0),
        (ROW | {"settlement": "end"}, (104.0, 110.0), 9.0),
        (ROW | {"settlement": "end", "last_fixing": "full"}, (90.0, 110.0), 5.0),
        (TARF, (103.0, 103.0), 0.0),
        (TARF | {"settlement": "end"}, (103.0, 103.0), 14.0),
        (TARF | {"settlement": "end", "last_fixing": "full"}, (103.0, 103.0), 16.0),
        (TARF | {"settlement": "end", "last_fixing": "none"}, (103.0, 103.0), 8.0),
    ],
)
def test_one_that_has_ended_is_what_it_still_pays_and_needs_no_later_fixing(row, fixed, amount):
    found = trade(row, *fixed)
    assert "ended on" in found.state
    assert found.payoff.amount == pytest.approx(amount)
    assert found.payoff.maturity == (T if amount else 0.0)


def test_units_of_an_ended_accumulator_are_still_to_be_delivered():
    found = trade(ROW | {"settlement": "delivery"}, 90.0, 110.0)
    assert "to be delivered" in found.state
    np.testing.assert_allclose(found.payoff(SPOT), 2.0 * (SPOT[-1] - 95.0))


def test_today_s_known_fixing_is_paid_today_and_the_last_one_on_the_payment_date():
    row = ROW | {"frequency": "2026-11-27;2027-06-18", "payment_date": "2027-06-22"}
    table = {"valuation_date": TODAY, "underlyings": {"X": SECTION}, "fixings": {"X": {"2026-11-27": 97.5}}}
    (found,), _ = parse(pd.DataFrame([row]), lg.Market.read(table))
    flows = cash_flows(found.payoff, SPOT[1:])
    np.testing.assert_allclose(flows[0], 2.5)
    assert payment_times(found.payoff, flows).tolist() == pytest.approx([0.0, T + 4 / 365])


@pytest.mark.slow
def test_they_are_valued_with_the_others():
    rows = [ROW, TARF, TARF | {"forward": "sell", "settlement": "end"}]
    book = pd.DataFrame([row | {"trade_id": f"T{k}"} for k, row in enumerate(rows)])
    frame = lg.risk(book, market(103.0, 92.0), ["delta", "vega"], paths=1024, seed=1)
    assert set(frame["trade_id"]) == {"T0", "T1", "T2", "net"}
    assert np.isfinite(frame["value"]).all()
    assert len(lg.ladder(book, market(103.0, 92.0), [0.05], paths=1024, seed=1)) == 1


def test_cliquets_without_bounds_say_none():
    row = {name: ROW[name] for name in ("trade_id", "underlying", "quantity", "maturity")} | {"product": "cliquet"}
    row |= {"frequency": AHEAD, "local_floor": "none", "local_cap": "5%", "global_floor": 0, "global_cap": "None"}
    assert trade(row).payoff == lg.Cliquet(U, 97.0, None, 0.05, 0.0, None)
    assert problem(row | {"global_cap": None}) == "global_cap"
    assert problem(row | {"global_cap": "many"}) == "global_cap"


@pytest.mark.slow
def test_a_fixing_between_two_days_is_cash_of_the_explanation():
    fixings = {"2026-09-18": 103.0, "2026-10-16": 92.0}
    first = {"valuation_date": "2026-12-17", "underlyings": {"X": SECTION}, "fixings": {"X": fixings}}
    second = first | {"valuation_date": "2026-12-21", "underlyings": {"X": SECTION | {"spot": 99.0}}}
    second["fixings"] = {"X": fixings | {"2026-12-18": 98.5}}
    book = pd.DataFrame([ROW, {name: x for name, x in TARF.items() if x is not None} | {"trade_id": "b"}])
    frame = lg.explain_book(book, first, second, paths=4096, seed=1).set_index("trade_id")
    for name in ("a", "b"):
        assert frame.loc[name, "cash"] == pytest.approx(3.5)
        assert abs(frame.loc[name, "unexplained"]) < 0.02 * abs(frame.loc[name, "pnl"])
