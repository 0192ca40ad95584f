"""A past that no market has, or that two markets state differently, is said; sets that are missing from totals too."""

import warnings

import pandas as pd
import pytest

import likelihood_greeks as lg

SECTION = {"spot": 100.0, "zero_rate": 0.03, "implied_volatility": 0.2}
ASIAN = {
    "trade_id": "a",
    "underlying": "X",
    "product": "asian",
    "option": "call",
    "quantity": 1,
    "start": "2024-10-02",
    "frequency": "2024-11-04;2024-12-02;2025-01-02;2026-01-02",
    "maturity": "2026-01-02",
    "strike": 100.0,
}
CALL = {"trade_id": "b", "underlying": "X", "product": "call", "quantity": 1, "maturity": "2026-01-02", "strike": 100.0}
SEEN = {"2024-11-04": 98.0, "2024-12-02": 101.0, "2025-01-02": 100.0}


def market(fixings, day="2025-01-02", **more):
    return {"valuation_date": day, "underlyings": {"X": SECTION, "Y": SECTION}, "fixings": {"X": fixings}, **more}


def said_of(work):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        work()
    return [str(warning.message) for warning in caught]


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        ({}, ""),
        ({"2025-01-02": 120.0}, ""),  # a bad day
        ({"2025-01-02": 1000.0}, "1000 on 2025-01-02 and the spot, 100 are 10 times apart"),
        ({"2025-01-02": 190.0}, "190 on 2025-01-02 and the spot, 100 are 1.9 times apart"),
        ({"2024-11-04": 20.0}, "20 on 2024-11-04 and 101 on 2024-12-02 are 5.05 times apart"),
    ],
)
def test_a_fixing_that_jumps_as_no_market_does_is_said(changed, what):
    lines = said_of(lambda: lg.risk(pd.DataFrame([ASIAN]), market(SEEN | changed), ["delta"], paths=256, seed=1))
    assert len(lines) == (what != "")
    assert not what or f"fixings of X: {what}" in lines[0]


def test_it_is_not_said_where_no_trade_has_a_past():
    assert not said_of(lambda: lg.risk(pd.DataFrame([CALL]), market(SEEN | {"2025-01-02": 1000.0}), ["delta"]))


@pytest.mark.parametrize(
    ("day", "x", "said"), [("2024-11-04", 90.0, True), ("2024-11-04", 98.0, False), ("2025-01-02", 100.5, False)]
)
def test_a_fixing_that_the_second_market_restates_is_said(day, x, said):
    before = {name: own for name, own in SEEN.items() if name < "2025-01-02"}  # the close of the first day comes later
    after = market(SEEN | {day: x}, "2025-01-03")
    lines = said_of(lambda: lg.explain_book(pd.DataFrame([ASIAN]), market(before), after, paths=256, seed=1))
    assert [line for line in lines if "restated" in line] == [
        "fixings of X are restated by the second market, which is in the profit: 98 to 90 on 2024-11-04"
    ] * said


def test_so_is_a_low_of_a_trade_that_is_watched_at_all_times():
    barrier = {**CALL, "product": "barrier", "option": "call", "level": 80.0, "direction": "down", "knock": "out"}
    book = pd.DataFrame([barrier | {"frequency": "continuous", "start": "2024-12-30"}])
    lows = {"X": {"2024-12-31": 95.0, "2025-01-02": 97.0, "2025-01-03": 98.0}}
    restated = {"X": lows["X"] | {"2024-12-31": 79.0}}
    section = {**SECTION, "calendar": "TARGET"}
    first, second = (
        {"valuation_date": day, "underlyings": {"X": section}, "lows": own, "fixings": {"X": {"2024-12-30": 96.0}}}
        for day, own in (("2025-01-02", lows), ("2025-01-03", restated))
    )
    lines = said_of(lambda: lg.explain_book(book, first, second, paths=256, seed=1))
    assert lines == ["lows of X are restated by the second market, which is in the profit: 95 to 79 on 2024-12-31"]


def test_a_spot_that_goes_where_none_does_is_said():
    second = market({}, "2025-01-03")
    second["underlyings"]["X"] = {**SECTION, "spot": 10.0}
    lines = said_of(lambda: lg.explain_book(pd.DataFrame([CALL]), market({}), second))
    assert lines == ["the spot of X goes from 100 on 2025-01-02 to 10 on 2025-01-03: a split, perhaps"]
    year_later = {**second, "valuation_date": "2026-01-01"}
    assert not said_of(lambda: lg.explain_book(pd.DataFrame([CALL]), market({}), year_later))


def test_totals_say_what_they_leave_out_on_sets_of_which_nothing_could_be_priced():
    book = pd.DataFrame(
        [CALL, {**CALL, "trade_id": "s", "underlying": "X|Y", "product": "worst_of_call", "strike": 1.0}]
    )
    first, second = market({}), market({}, "2025-01-03")  # and no correlation
    with pytest.warns(lg.BookWarning, match="correlation must be given in the market"):
        frames = [lg.explain_book(book, first, second), lg.scenario_grid(book, first, [0.1], [0.0])]
    for frame in frames:
        total = frame[frame["trade_id"] == "total"]
        assert total["note"].tolist() == ["X|Y: excludes 1 trade that could not be priced"]


def test_a_trade_that_is_watched_at_all_times_needs_no_fixings():
    barrier = {"trade_id": "c", "underlying": "X", "product": "barrier", "option": "call", "quantity": 1,
               "maturity": "2026-01-02", "strike": 100.0, "level": 80.0, "direction": "down", "knock": "out",
               "frequency": "continuous"}  # fmt: skip
    on = {"valuation_date": "2025-01-02", "underlyings": {"X": SECTION}}
    assert not said_of(lambda: lg.risk(pd.DataFrame([barrier]), on, [], paths=1024, seed=1))
