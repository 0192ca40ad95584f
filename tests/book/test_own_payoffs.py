"""Contracts of the user's own in a frame's column `payoff`."""

from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
import pytest

import likelihood_greeks as lg
from likelihood_greeks.book.own_code import written
from likelihood_greeks.book.products.table import PRODUCTS
from likelihood_greeks.book.trades import parse

SECTION = {"spot": 95.0, "zero_rate": 0.03, "dividend_yield": 0.01, "implied_volatility": 0.2}
MARKET = lg.Market.read({"valuation_date": "2026-11-27", "underlyings": {"X": SECTION}})


def capped(spot):
    """A call spread."""
    return np.clip(spot[-1] - 90.0, 0.0, 20.0)


OWN = lg.Payoff(capped, (0.5, 1.0))
PLAIN = {"trade_id": "a", "underlying": "X", "quantity": 2.0, "payoff": OWN}


def problem(row):
    trades, (found, *_) = parse(pd.DataFrame([row]), MARKET)
    assert not trades
    return found.field


def test_a_payoff_is_valued_netted_and_moved_like_others():
    call = {"trade_id": "b", "underlying": "X", "quantity": -2.0, "product": "call", "maturity": "2027-11-27"}
    book = pd.DataFrame(
        [PLAIN | {"product": "call spread"}, call | {"strike": 90}, call | {"strike": 110, "trade_id": "c"}]
    )
    book.loc[2, "quantity"] = 2.0
    frame = lg.risk(book, MARKET, ["delta"], paths=4096, seed=1)
    assert set(frame["trade_id"]) == {"a", "b", "c", "net"}
    assert frame.set_index("trade_id")["product"]["a"].unique() == ["call spread"]
    net = frame[frame["trade_id"] == "net"]
    assert (np.abs(net["position_value"]) < 4.0 * net["position_standard_error"] + 1e-9).all()
    assert (net["position_standard_error"] < 0.1).all()
    moved = lg.ladder(book, MARKET, [0.05], paths=4096, seed=1).iloc[0]
    assert abs(moved["change"]) < 4.0 * moved["standard_error"]
    assert "a" in set(lg.diff(frame, frame)["trade_id"])


RAISING = {
    "mixes paths": (lambda s: 1.0 * (s[-1] > s[-1].mean()), "a cash flow of its own"),
    "masked": (lambda s: np.ma.masked_less(s[-1], 90.0), "masked"),
    "a missing key": (lambda s: {}["strike"] * s[-1], "KeyError: 'strike'"),
    "an error of arithmetic": (lambda s: s[-1] / (1 // 0), "ZeroDivisionError: integer division"),
    "a value that it refuses": (lambda s: int("mine"), "ValueError: invalid literal"),
    "a file that is not there": (lambda s: open("/not/there"), "FileNotFoundError: "),  # noqa: SIM115
    "a misspelt name": (lambda s: sopt[-1], "NameError"),  # noqa: F821
    "a method that arrays lack": (lambda s: s.maximum(0.0), "AttributeError"),
}


@pytest.mark.parametrize("kind", RAISING)
def test_one_that_cannot_be_valued_is_a_problem_of_its_row_and_the_rest_is_priced(kind):
    function, why = RAISING[kind]
    book = pd.DataFrame([PLAIN, PLAIN | {"trade_id": "bad", "payoff": lg.Payoff(function, (0.5, 1.0))}])
    with pytest.warns(lg.BookWarning, match="1 trade could not be priced"):
        frame = lg.risk(book, MARKET, ["delta"], paths=4096, seed=1, controls="scores")
    (found,) = frame.attrs["problems"]
    assert found["trade_id"] == "bad"
    assert why in found["value"]
    assert set(frame["trade_id"]) == {"a", "net"}


def test_product_and_maturity_need_not_be_columns():
    (found,), problems = parse(pd.DataFrame([PLAIN]), MARKET)
    assert problems == []
    assert (found.payoff, found.product, found.maturity, str(found.maturity_date)) == (OWN, "payoff", 1.0, "2027-11-27")
    seasoned = lg.Seasoned(lg.Asian(95.0, (0.5, 1.0)), (90.0,))
    (later,), _ = parse(pd.DataFrame([PLAIN | {"payoff": seasoned, "strike": "80%"}]), MARKET)
    assert (later.payoff, later.strike_for_volatility) == (seasoned, 76.0)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"payoff": "lg.Call(100.0, 1.0)"}, "payoff"),
        ({"payoff": lg.Payoff}, "payoff"),
        ({"payoff": 3.0}, "payoff"),
        ({"product": "call"}, "product"),
        ({"maturity": "2027-06-18"}, "maturity"),
        ({"level": 80.0}, "level"),
        ({"quantity": 0.0}, "quantity"),
    ],
)
def test_what_cannot_be_is_refused_by_its_column(changes, field):
    assert problem(PLAIN | changes) == field


def test_a_file_is_never_executed(tmp_path):
    path = tmp_path / "book.csv"
    path.write_text("trade_id,underlying,quantity,payoff\na,X,1,__import__('os').remove('book.csv')\n")
    with pytest.warns(lg.BookWarning, match="payoff"):
        assert lg.risk(path, MARKET, paths=256, seed=1).empty
    assert path.exists()


def average_of(strike, times, cash=1.0):
    """Pays for each unit by which an average is above a strike."""
    return lg.Payoff(lambda spot: cash * np.maximum(spot.mean(axis=0) - strike, 0.0), times)


@pytest.fixture
def registered():
    lg.register_product("average_of", average_of, ["strike", "frequency"], ["cash"])
    yield
    del PRODUCTS["average_of"]


def test_a_product_with_a_name_may_be_in_files_and_have_a_past(registered, tmp_path):
    path = tmp_path / "book.csv"
    path.write_text(
        "trade_id,underlying,product,quantity,maturity,strike,frequency,option\n"
        "a,X,average of,1,2027-11-27,95,2026-09-18;2027-05-27;2027-11-27,\n"
        "b,X,asian,-1,2027-11-27,95,2026-09-18;2027-05-27;2027-11-27,call\n"
    )
    market = {"valuation_date": "2026-11-27", "underlyings": {"X": SECTION}, "fixings": {"X": {"2026-09-18": 99.0}}}
    frame = lg.risk(path, market, ["delta"], paths=2048, seed=1)
    net = frame[frame["trade_id"] == "net"]
    assert (np.abs(net["position_value"]) < 1e-3 + 4.0 * net["position_standard_error"]).all()
    row = {"trade_id": "a", "underlying": "X", "quantity": 1, "product": "average_of", "strike": 95}
    row |= {"maturity": "2027-11-27", "frequency": "2026-11-27;2027-11-27"}
    assert problem(row) == "fixings"  # today's is open


@pytest.mark.parametrize(
    ("terms", "name"),
    [
        (("call", average_of, ["strike"]), "name"),
        (("Average of", average_of, ["strike"]), "name"),
        (("average_of", average_of, ["stryke"]), "required and optional"),
    ],
)
def test_a_name_that_is_taken_or_a_column_that_is_none_is_refused(terms, name):
    with pytest.raises(ValueError, match=f"^{name} must"):
        lg.register_product(*terms)


@pytest.mark.parametrize(
    ("made", "value"),
    [
        (lambda strike, maturity: {}["a"], "KeyError: 'a'"),
        (lambda strike, maturity: lg.Call(str(strike), maturity), "TypeError: strike must be a real number"),
        (lambda strike, maturity: None, "NoneType"),
        (lambda strike, maturity: lg.Call, "Call"),
        (lambda strike, maturity: lg.Call(-strike, maturity), "-95.0"),
    ],
)
def test_what_makes_no_contract_is_held_against_its_trades_alone(made, value):
    lg.register_product("of_mine", made, ["strike", "maturity"])
    row = {"trade_id": "a", "underlying": "X", "quantity": 1, "product": "of_mine", "strike": 95}
    book = pd.DataFrame([row, {**row, "trade_id": "b", "product": "call"}]).assign(maturity="2027-11-27")
    with pytest.warns(lg.BookWarning, match="1 trade could not be priced") as said:
        frame = lg.risk(book, MARKET, ["delta"], paths=256, seed=1)
    del PRODUCTS["of_mine"]
    assert set(frame["trade_id"]) == {"b", "net"}
    assert value in str(said[0].message)
    assert "an error of likelihood_greeks" not in str(said[0].message)


@pytest.mark.parametrize(
    ("contract", "names"),
    [
        (lambda strike: lg.Call(strike, 1.0), "strike, maturity"),
        (lambda strike, maturity, more: lg.Call(strike, 1.0), "strike, maturity"),
        (lambda strike, maturity: lg.Call(strike, 1.0), "strike, maturity, times"),
    ],
)
def test_a_contract_that_does_not_take_its_columns_is_refused(contract, names):
    with pytest.raises(TypeError, match=f"^contract must take {names} by name, got a function of"):
        lg.register_product("of_mine", contract, ["strike", "maturity"], ["frequency"])
    assert "of_mine" not in PRODUCTS


def test_functions_are_known_again_by_what_they_do():
    def made(k):
        return lg.Payoff(lambda s: np.maximum(s[-1] - k, 0.0), (1.0,))

    assert written(made(90.0)) == written(made(90.0))
    assert written(made(90.0)) != written(made(91.0))
    assert written(lg.Payoff(lambda s: s[-1] - 90.0, (1.0,))) != written(lg.Payoff(lambda s: s[-1] - 91.0, (1.0,)))
    assert written(lg.Payoff(np.vectorize(abs), (1.0,))) == written(lg.Payoff(np.vectorize(abs), (1.0,)))
    assert written(made(object())) != written(made(object()))


@pytest.mark.parametrize("form", ["module", "helper", "array", "class", "partial"])
def test_what_a_function_reads_outside_it_is_known_too(form):
    """A run that was stopped must not go on with another contract because a number beside the function changed."""

    def made(k):
        if form == "array":
            levels = np.append(np.zeros(5000), [k, *np.zeros(5000)])  # its text leaves the middle out
            return lg.Payoff(lambda s: s[-1] - levels.sum(), (1.0,))
        if form == "partial":
            return lg.Payoff(partial(np.subtract, k), (1.0,))
        space = {"__name__": "mine", "np": np, "K": k, "dataclass": dataclass}
        texts = {
            "module": "def paid(s): return np.maximum(s[-1] - K, 0.0)",
            "helper": f"def inner(x): return x - {k}\ndef paid(s): return [inner(x) for x in s][-1]",
            "class": "@dataclass(frozen=True)\nclass Own:\n    times: tuple = (1.0,)\n"
            f"    def __call__(self, s): return s[-1] - {k}",
        }
        exec(texts[form], space)
        return space["Own"]() if form == "class" else lg.Payoff(space["paid"], (1.0,))

    assert written(made(90.0)) == written(made(90.0))
    assert written(made(90.0)) != written(made(91.0))


def test_a_run_is_resumed_with_it(tmp_path):
    book, target = pd.DataFrame([PLAIN]), tmp_path / "risk.parquet"
    first = lg.risk(book, MARKET, ["delta"], paths=1024, seed=1, output=target)
    again = lg.risk(book, MARKET, ["delta"], paths=1024, seed=1, output=target, resume=True)
    pd.testing.assert_frame_equal(first, again)


def test_one_whose_relaxations_turn_out_not_to_serve_is_valued_without_them():
    strike, level = np.array([[95.0], [96.0], [97.0], [98.0]]), np.array([[np.inf], [np.inf], [110.0], [110.0]])

    def paid(spot):
        gain = spot - strike
        ended = np.logical_or.accumulate(spot >= level, axis=0)
        return np.where(ended, 0.0, np.maximum(gain, 0.0) - 2.0 * np.maximum(-gain, 0.0))

    late = lg.Seasoned(lg.Payoff(paid, (0.06, 0.55)), (103.0, 92.0))
    book = pd.DataFrame([{"trade_id": "a", "underlying": "X", "quantity": 1, "payoff": late}])
    section = {"spot": 97.0, "zero_rate": 0.03, "dividend_yield": 0.01, "implied_volatility": 0.2}
    frame = lg.risk(book, {"valuation_date": "2026-11-27", "underlyings": {"X": section}}, [], paths=2048, seed=1)
    law = lg.GBM(spot=97.0, volatility=0.2, rate=0.03, dividend_yield=0.01)
    exact = lg.greeks(law, late, [], paths=2**15, seed=3)["price"]
    found = frame.set_index("trade_id").loc["a"]
    assert found["standard_error"] < 1.0
    assert abs(found["value"] - exact.value) < 4.0 * np.hypot(found["standard_error"], exact.standard_error)
