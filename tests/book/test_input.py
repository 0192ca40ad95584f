"""Books of trades: every product and date rule, and every kind of bad row, reported while the others are read."""

import math
import re
from dataclasses import replace
from datetime import date, datetime

import numpy as np
import pandas as pd
import pytest

from likelihood_greeks._checks import InvalidValueError
from likelihood_greeks.book.columns import COLUMNS
from likelihood_greeks.book.market import Market
from likelihood_greeks.book.reading import own_columns, read_book, remarks
from likelihood_greeks.book.trades import Problem, parse
from likelihood_greeks.payoffs.barrier import Barrier, DoubleBarrier
from likelihood_greeks.payoffs.european import (
    AssetOrNothingCall,
    AssetOrNothingPut,
    Call,
    DigitalCall,
    DigitalPut,
    GapCall,
    GapPut,
    Put,
)
from likelihood_greeks.payoffs.path import Asian, Cliquet, Lookback
from tests.support.places import DATA

MARKET = Market.read(DATA / "market.toml")
TODAY, SPOT = MARKET.valuation_date, 4468.17

CALL = {"underlying": "DAX", "product": "call", "quantity": "10", "maturity": "2002-12-20", "strike": "4500"}
DIGITAL = CALL | {"product": "digital_call"}
GAP = CALL | {"product": "gap_call", "trigger": "4600"}
KNOCK = {"product": "barrier", "option": "call", "level": "4000", "direction": "down", "knock": "out"}
BARRIER = CALL | KNOCK | {"frequency": "weekly"}
DOUBLE = CALL | {"product": "double_barrier", "option": "put", "lower": "4000", "upper": "5000", "knock": "in"}
DOUBLE |= {"frequency": "monthly"}
ASIAN = CALL | {"product": "asian", "option": "call", "frequency": "monthly"}
LOOKBACK = CALL | {"product": "lookback", "option": "put", "frequency": "monthly"}
BOUNDS = {"local_floor": "-0.05", "local_cap": "0.05", "global_floor": "0", "global_cap": "0.2"}
CLIQUET = CALL | {"product": "cliquet", "strike": "", "frequency": "quarterly"} | BOUNDS


def book(*rows):
    """A table of the rows, with ids T0, T1, ... where they have none."""
    return pd.DataFrame([{"trade_id": f"T{i}"} | row for i, row in enumerate(rows)])


def with_dax(**changes):
    """The market with something else about the DAX."""
    return Market(TODAY, {"DAX": replace(MARKET.underlyings["DAX"], **changes)})


def trade(row, market=MARKET):
    (found,), problems = parse(book(row), market)
    assert problems == []
    return found


def days(row):
    """Observation dates of a trade, as ISO text."""
    return [str(date.fromordinal(TODAY.toordinal() + round(t * 365))) for t in trade(row).payoff.times]


# -- good trades ---------------------------------------------------------------------------------------------------


def test_book_of_the_data_folder_has_48_trades_on_all_products_and_no_problem():
    frame = read_book(DATA / "book.csv")
    trades, problems = parse(frame, MARKET)
    assert problems == []
    assert [t.trade_id for t in trades] == [f"DAX-{i:03d}" for i in range(1, 49)]
    assert [t.row for t in trades] == list(range(48))
    assert {t.product for t in trades} == {
        *("call", "put", "digital_call", "digital_put", "asset_or_nothing_call", "asset_or_nothing_put"),
        *("gap_call", "gap_put", "barrier", "double_barrier", "asian", "lookback", "cliquet"),
    }
    assert {"daily", "weekly", "monthly", "quarterly"} < set(frame["frequency"].dropna())
    assert set(frame.columns) < set(COLUMNS)
    assert min(t.quantity for t in trades) < 0 < max(t.quantity for t in trades)
    for t in trades:
        assert t.maturity == (t.maturity_date - TODAY).days / 365 == t.payoff.times[-1]
        assert t.model == MARKET.model("DAX", t.strike_for_volatility, t.maturity)


T = 168 / 365  # 20 December 2002
MONTHS = tuple(n / 365 for n in (17, 46, 77, 108, 138, 168))  # the 20th, but 22 July and 21 October


@pytest.mark.parametrize(
    ("row", "payoff"),
    [
        (CALL, Call(4500.0, T)),
        (CALL | {"product": "put"}, Put(4500.0, T)),
        (DIGITAL, DigitalCall(4500.0, T, cash=1.0)),
        (DIGITAL | {"product": "digital_put", "cash": "25"}, DigitalPut(4500.0, T, cash=25.0)),
        (CALL | {"product": "asset_or_nothing_call"}, AssetOrNothingCall(4500.0, T)),
        (CALL | {"product": "asset_or_nothing_put"}, AssetOrNothingPut(4500.0, T)),
        (GAP, GapCall(4500.0, 4600.0, T)),
        (GAP | {"product": "gap_put"}, GapPut(4500.0, 4600.0, T)),
        (
            BARRIER | {"frequency": "monthly", "rebate": "7"},
            Barrier(Call(4500.0, T), 4000.0, "down", "out", MONTHS, rebate=7.0),
        ),
        (
            BARRIER | {"option": "gap_put", "trigger": "4400", "frequency": "monthly"},
            Barrier(GapPut(4500.0, 4400.0, T), 4000.0, "down", "out", MONTHS),
        ),
        (
            BARRIER | {"option": "digital_call", "cash": "9", "frequency": "2002-08-16; 2002-09-20"},
            Barrier(DigitalCall(4500.0, T, cash=9.0), 4000.0, "down", "out", (42 / 365, 77 / 365)),
        ),
        (DOUBLE, DoubleBarrier(Put(4500.0, T), 4000.0, 5000.0, "in", MONTHS)),
        (ASIAN, Asian(4500.0, MONTHS, "call", "arithmetic")),
        (
            ASIAN | {"strike": "floating", "option": "put", "average": "geometric"},
            Asian(None, MONTHS, "put", "geometric"),
        ),
        (LOOKBACK, Lookback(MONTHS, "put", 4500.0)),
        (LOOKBACK | {"strike": "FLOATING"}, Lookback(MONTHS, "put", None)),
        (CLIQUET, Cliquet((77 / 365, T), SPOT, -0.05, 0.05, 0.0, 0.2)),
        (CLIQUET | {"reference": "4400"}, Cliquet((77 / 365, T), 4400.0, -0.05, 0.05, 0.0, 0.2)),
    ],
)
def test_every_product_becomes_its_payoff(row, payoff):
    assert trade(row).payoff == payoff


def test_volatility_is_read_at_the_strike_or_without_one_at_the_spot():
    assert trade(GAP).strike_for_volatility == 4500.0
    assert trade(LOOKBACK | {"strike": "Floating"}).strike_for_volatility == SPOT
    assert trade(CLIQUET).model == MARKET.model("DAX", SPOT, T)
    low, high = (trade(CALL | {"strike": k}).model.black_volatility(T) for k in (5000, 4000))
    assert low < high


def test_products_and_words_may_be_written_with_capitals_spaces_and_hyphens():
    row = BARRIER | {
        "product": " Barrier ",
        "option": "Asset-or-Nothing Call",
        "direction": "DOWN",
        "frequency": "Weekly",
    }
    assert trade(row).payoff.option == AssetOrNothingCall(4500.0, T)


# -- dates ---------------------------------------------------------------------------------------------------------


def test_daily_dates_are_the_business_days_after_the_valuation_date_to_the_maturity():
    found = days(ASIAN | {"frequency": "daily", "maturity": "2003-01-03"})
    assert found[:2] == ["2002-07-08", "2002-07-09"]  # the valuation date is a Friday
    assert found[-5:] == ["2002-12-23", "2002-12-27", "2002-12-30", "2003-01-02", "2003-01-03"]  # closed 24-26, 31, 1
    assert "2002-10-03" in found
    weekdays = np.busday_count("2002-07-08", "2003-01-04")
    assert len(found) == weekdays - 5


def test_weekly_and_monthly_dates_run_back_from_the_maturity_and_follow_holidays():
    weekly = days(ASIAN | {"frequency": "weekly", "maturity": "2003-05-02"})
    assert weekly[0] == "2002-07-12"
    assert "2003-04-18" not in weekly  # Good Friday: observed on the Tuesday after Easter Monday
    assert weekly[-3:] == ["2003-04-22", "2003-04-25", "2003-05-02"]
    monthly = days(ASIAN | {"frequency": "monthly", "maturity": "2003-03-31"})
    assert monthly[-3:] == ["2003-01-31", "2003-02-28", "2003-03-31"]
    assert monthly[0] == "2002-07-31"
    assert days(ASIAN | {"frequency": "quarterly", "maturity": "2003-03-31"})[0] == "2002-09-30"


def test_calendar_is_that_of_the_underlying():
    row = ASIAN | {"frequency": "daily"}
    assert len(trade(row, with_dax(calendar="NullCalendar")).payoff.times) == 168
    assert len(trade(row).payoff.times) == 120  # 24 weeks without a holiday


def test_maturity_is_taken_as_given_and_is_the_last_date_even_on_a_saturday():
    found = trade(ASIAN | {"maturity": "2002-12-21", "frequency": "daily"})
    assert found.maturity_date == date(2002, 12, 21)
    assert found.payoff.times[-2:] == (168 / 365, 169 / 365)


def test_schedule_shorter_than_its_period_is_the_maturity_alone():
    assert days(ASIAN | {"frequency": "quarterly", "maturity": "2002-07-19"}) == ["2002-07-19"]


def test_explicit_dates_of_a_barrier_may_end_before_the_maturity_and_need_not_be_business_days():
    payoff = trade(BARRIER | {"frequency": "2002-09-21"}).payoff
    assert payoff.times == (78 / 365, T)
    assert payoff.monitor_maturity is False


# -- bad trades ----------------------------------------------------------------------------------------------------

BAD = {
    "unknown product": (CALL | {"product": "digtal_call"}, "product", r"be one of call, .*mean 'digital_call'", None),
    "unknown underlying": (CALL | {"underlying": "DAXX"}, "underlying", r"be one of 'DAX' \(did you mean 'DAX'", None),
    "no underlying": (CALL | {"underlying": " "}, "underlying", "be given", None),
    "no strike of an asian": (ASIAN | {"strike": ""}, "strike", "be given: asian needs it", None),
    "floating call": (CALL | {"strike": "floating"}, "strike", "be a number", "floating"),
    "frequency of a call": (CALL | {"frequency": "daily"}, "frequency", "be blank: call does not use it", "daily"),
    "option of a call": (CALL | {"option": "put"}, "option", "be blank: call does not use it", "put"),
    "rebate of a call": (CALL | {"rebate": "3"}, "rebate", "be blank: call does not use it", "3"),
    "no strike": (CALL | {"strike": ""}, "strike", "be given: call needs it", None),
    "negative strike": (CALL | {"strike": "-4500"}, "strike", "be positive", -4500.0),
    "strike no number": (CALL | {"strike": "4,500"}, "strike", "be a number", "4,500"),
    "strike off the surface": (CALL | {"strike": "6000"}, "strike", "lie on the surface, 3400 to 5600", 6000.0),
    "quantity no number": (CALL | {"quantity": "ten"}, "quantity", "be a number", "ten"),
    "no quantity": (CALL | {"quantity": np.nan}, "quantity", "be given", None),
    "quantity nan": (CALL | {"quantity": "nan"}, "quantity", "be finite", None),
    "quantity infinite": (CALL | {"quantity": "-inf"}, "quantity", "be finite", -math.inf),
    "quantity zero": (CALL | {"quantity": "0.0"}, "quantity", "not be zero", 0.0),
    "quantity true": (CALL | {"quantity": True}, "quantity", "be a number", True),
    "maturity no date": (CALL | {"maturity": "soon"}, "maturity", "be an ISO date", "soon"),
    "impossible date": (CALL | {"maturity": "2002-11-31"}, "maturity", "be an ISO date", "2002-11-31"),
    "maturity a number": (CALL | {"maturity": 37610}, "maturity", "be an ISO date", 37610),
    "no maturity": (CALL | {"maturity": None}, "maturity", "be given", None),
    "too late": (CALL | {"maturity": "2005-12-16"}, "maturity", "lie on the surface", "2005-12-16, 3.452 years"),
    "far too late": (CALL | {"maturity": "9999-12-31"}, "maturity", "lie between", "9999-12-31"),
    "no trigger": (GAP | {"trigger": ""}, "trigger", "be given: gap_call needs it", None),
    "no level": (BARRIER | {"level": ""}, "level", "be given: barrier needs it", None),
    "no option": (BARRIER | {"option": ""}, "option", "be given: barrier needs it", None),
    "option no European": (BARRIER | {"option": "asian"}, "option", "be one of call, put", "asian"),
    "no trigger inside": (BARRIER | {"option": "gap_put"}, "trigger", "be given: barrier needs it", None),
    "bad direction": (BARRIER | {"direction": "sideways"}, "direction", "be one of up, down", "sideways"),
    "bad knock": (BARRIER | {"knock": "off"}, "knock", "be one of in, out", "off"),
    "bad rebate": (BARRIER | {"rebate": "inf"}, "rebate", "be finite", math.inf),
    "no frequency": (BARRIER | {"frequency": ""}, "frequency", "be given", None),
    "bad frequency": (BARRIER | {"frequency": "dayly"}, "frequency", "be one of daily, .*mean 'daily'", "dayly"),
    "bad date in list": (BARRIER | {"frequency": "2002-08-16;soon"}, "frequency", "be one of .* ISO dates", None),
    "empty date in list": (BARRIER | {"frequency": "2002-08-16;"}, "frequency", "be one of .* ISO dates", None),
    "dates not increasing": (BARRIER | {"frequency": "2002-09-20;2002-08-16"}, "frequency", "hold increasing", None),
    "date twice": (BARRIER | {"frequency": "2002-08-16;2002-08-16"}, "frequency", "hold increasing", None),
    "date too late": (BARRIER | {"frequency": "2002-08-16;2003-01-17"}, "frequency", ".*not after 2002-12-20", None),
    "past date": (BARRIER | {"frequency": "2002-07-04;2002-08-16"}, "fixings", "hold DAX on 2002-07-04: past", None),
    "start too late": (BARRIER | {"start": "2002-12-20"}, "start", "be before the maturity 2002-12-20", "2002-12-20"),
    "start no date": (CALL | {"start": "soon"}, "start", "be an ISO date", "soon"),
    "date before the start": (
        BARRIER | {"start": "2002-07-10", "frequency": "2002-07-10;2002-12-20"},
        "frequency",
        "hold dates after the start 2002-07-10 and not after 2002-12-20",
        None,
    ),
    "paid too early": (
        CALL | {"payment_date": "2002-12-19"},
        "payment_date",
        "not be before the maturity",
        "2002-12-19",
    ),
    "over without a start": (ASIAN | {"maturity": "2002-07-05"}, "start", "be given: the monthly dates", None),
    "asian ends early": (ASIAN | {"frequency": "2002-08-16"}, "frequency", "end at the maturity 2002-12-20", None),
    "asian on a digital": (ASIAN | {"option": "digital_call"}, "option", "be one of call, put", None),
    "bad average": (ASIAN | {"average": "harmonic"}, "average", "be one of arithmetic, geometric", "harmonic"),
    "no floor": (CLIQUET | {"local_floor": ""}, "local_floor", "be given: cliquet needs it", None),
    "cap below floor": (CLIQUET | {"local_cap": "-0.1"}, "local_cap", "be at least local_floor", -0.1),
    "level of a call": (CALL | {"level": "4000"}, "level", "be blank: call does not use it", "4000"),
    "knock of a call": (CALL | {"knock": "out"}, "knock", "be blank: call does not use it", "out"),
    "trigger of a barrier call": (
        BARRIER | {"trigger": "4000"},
        "trigger",
        "be blank: barrier does not use it",
        "4000",
    ),
    "id of the net rows": (CALL | {"trade_id": "net"}, "trade_id", "not be 'net'", "net"),
    "no id": (CALL | {"trade_id": ""}, "trade_id", "be given", None),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_trade_is_reported_alone_and_the_others_are_read(case):
    row, name, requirement, value = BAD[case]
    trades, problems = parse(book(CALL, row, BARRIER), MARKET)
    assert [t.trade_id for t in trades] == ["T0", "T2"]
    (problem,) = problems
    assert (problem.row, problem.field) == (1, name)
    assert problem.trade_id == row.get("trade_id", "T1")
    assert re.match(requirement, problem.requirement), problem.requirement
    if value is not None:
        assert problem.value == value


def test_good_rows_of_the_bad_cases_are_good():
    assert parse(book(CALL, DIGITAL, GAP, BARRIER, DOUBLE, ASIAN, LOOKBACK, CLIQUET), MARKET)[1] == []


def test_all_problems_of_a_trade_are_reported():
    row = BARRIER | {
        "underlying": "DAX",
        "quantity": "x",
        "strike": "9000",
        "level": "-5000",
        "knock": "",
        "trigger": "1",
    }
    trades, problems = parse(book(row), MARKET)
    assert trades == []
    assert {p.field for p in problems} == {"quantity", "strike", "level", "knock", "trigger"}
    assert {p.trade_id for p in problems} == {"T0"}
    assert len(problems) == 5


def test_terms_filled_with_defaults_do_no_harm():
    filled = CALL | {"option": "call", "cash": "1", "rebate": "0", "average": "arithmetic"}
    trades, problems = parse(book(CALL, filled), MARKET)
    assert not problems
    assert trades[0].payoff == trades[1].payoff


def test_dates_may_be_a_list_in_a_frame():
    days = ["2002-09-20", datetime(2002, 10, 18), date(2002, 12, 20)]
    frame = book(ASIAN, ASIAN | {"frequency": "2002-09-20;2002-10-18;2002-12-20"})
    frame["frequency"] = pd.Series([days, frame["frequency"][1]], dtype=object)
    trades, problems = parse(frame, MARKET)
    assert not problems
    assert trades[0].payoff == trades[1].payoff


def test_volatility_in_per_cent_is_refused():
    with pytest.raises(InvalidValueError, match=r"at most 5 \(0.2 is twenty per cent\)"):
        with_dax(implied_volatility=20.0)


def test_a_desk_s_own_columns_are_kept_without_a_word():
    frame = read_book(book(CALL, BARRIER).assign(trader="KM", counterparty="X"))
    assert own_columns(frame) == ["trader", "counterparty"]
    assert remarks(frame) == []
    trades, problems = parse(frame, MARKET)
    assert (len(trades), problems) == (2, [])


def test_every_trade_with_a_repeated_id_is_refused():
    rows = [CALL | {"trade_id": name} for name in ("A", "B", "A ", "C")]
    trades, problems = parse(book(*rows), MARKET)
    assert [t.trade_id for t in trades] == ["B", "C"]
    assert problems == [
        Problem("A", 0, "trade_id", "be unique: 2 rows have it", "A"),
        Problem("A", 2, "trade_id", "be unique: 2 rows have it", "A "),
    ]


def test_impossible_volatility_fails_only_the_trades_that_read_it():
    surface = MARKET.underlyings["DAX"].implied_volatility
    rows = np.array(surface.volatilities)
    rows[surface.strikes.index(4600.0), 3] = 0.0  # 17 December 2002
    market = with_dax(implied_volatility=replace(surface, volatilities=rows))
    strikes = book(*(CALL | {"strike": k} for k in ("4400", "4500", "4550", "4600", "4700", "4800")))
    trades, problems = parse(strikes, market)
    assert [t.trade_id for t in trades] == ["T0", "T1", "T5"]
    assert {p.field for p in problems} == {"volatility"}
    assert "strike 4600, maturity 0.452055 years" in problems[0].requirement


def test_a_missing_volatility_fails_none_that_its_neighbours_can_serve():
    surface = MARKET.underlyings["DAX"].implied_volatility
    rows = np.array(surface.volatilities)
    rows[surface.strikes.index(4600.0), 3] = np.nan  # 17 December 2002
    market = with_dax(implied_volatility=replace(surface, volatilities=rows))
    assert not parse(book(*(CALL | {"strike": k} for k in ("4500", "4550", "4600", "4700"))), market)[1]


def test_a_maturity_before_the_first_quoted_is_read_there():
    (found,), problems = parse(book(CALL | {"maturity": "2002-07-10", "strike": "4400"}), MARKET)
    assert not problems
    assert found.model.volatility == 0.3726


def test_spot_off_the_surface_is_named_as_the_spot_for_a_product_without_a_strike():
    (problem,) = parse(book(CLIQUET), with_dax(spot=6000.0))[1]
    assert (problem.field, problem.value) == ("spot", 6000.0)


# -- tables --------------------------------------------------------------------------------------------------------

TYPED = pd.DataFrame(
    {
        "trade_id": [7, 8],
        "underlying": "DAX",
        "product": ["call", "lookback"],
        "option": [None, "call"],
        "quantity": [10, -3],
        "maturity": [datetime(2002, 12, 20), datetime(2003, 6, 20)],
        "strike": [4500.0, 4400.0],
        "frequency": [None, "monthly"],
    }
)


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".xlsx"])
def test_book_reads_the_same_from_every_kind_of_file(suffix, tmp_path):
    path = tmp_path / f"book{suffix}"
    {".csv": TYPED.to_csv, ".parquet": TYPED.to_parquet, ".xlsx": TYPED.to_excel}[suffix](path, index=False)
    assert parse(read_book(path), MARKET) == parse(TYPED, MARKET)
    trades, problems = parse(read_book(str(path)), MARKET)
    assert problems == []
    assert [(t.trade_id, t.quantity, t.maturity_date) for t in trades] == [
        ("7", 10.0, date(2002, 12, 20)),
        ("8", -3.0, date(2003, 6, 20)),
    ]


def test_csv_keeps_what_was_typed(tmp_path):
    path = tmp_path / "book.csv"
    text = "\ufeffTrade ID,underlying,product,quantity,maturity,strike\n007, DAX ,call,NA,2002-12-20,4500\n,,,,,\n"
    path.write_text(text + "008,DAX,put,5,2002-12-20,4500\n", encoding="utf-8")
    trades, problems = parse(read_book(path), MARKET)
    assert [(t.trade_id, t.row) for t in trades] == [("008", 2)]
    assert problems == [Problem("007", 0, "quantity", "be a number", "NA")]


def test_csv_with_more_cells_than_columns_is_refused_and_not_shifted(tmp_path):
    path = tmp_path / "book.csv"
    path.write_text("trade_id,underlying,product,quantity,maturity\nA,DAX,call,1,2002-12-20,4500\n", encoding="utf-8")
    with pytest.raises(InvalidValueError, match=r"line 2 must have at most as many cells as the header, 5"):
        read_book(path)


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        (
            {"strike": "stirke"},
            r"columns must include strike, which a product of the book needs: did you mean it by 'stirke'",
        ),
        ({"strike": "Quantity"}, r"columns must be there once each, got \['quantity', 'Quantity'\]"),
        ({"maturity": "strike", "strike": "level"}, "columns must include maturity"),
    ],
)
def test_wrong_column_is_an_error_of_the_whole_book(columns, says):
    with pytest.raises(InvalidValueError, match=says):
        parse(book(CALL).rename(columns=columns), MARKET)


def test_file_of_another_kind_is_refused():
    with pytest.raises(InvalidValueError, match=r"book must be a \.csv, \.parquet or \.xlsx file, got 'book\.txt'"):
        read_book("book.txt")


def test_empty_book_has_no_trades_and_no_problems():
    assert parse(book(CALL).iloc[:0], MARKET) == ([], [])
