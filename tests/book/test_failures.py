"""An error of the library itself is told from what is wrong with a trade, and keeps its traceback."""

import json

import numpy as np
import pandas as pd
import pytest

import likelihood_greeks as lg
from likelihood_greeks._checks import refuse
from likelihood_greeks.book import failures, trades
from likelihood_greeks.payoffs.protocol import cash_flows

SECTION = {"spot": 100.0, "zero_rate": 0.03, "implied_volatility": 0.2}
MARKET = {"valuation_date": "2025-01-02", "underlyings": {"X": SECTION}}
ROW = {"underlying": "X", "quantity": 1, "maturity": "2026-01-02", "strike": 100.0}
BARRIER = {"product": "barrier", "option": "call", "level": 80.0, "direction": "down", "knock": "out"}
BOOK = pd.DataFrame(
    [
        ROW | {"trade_id": "good", "product": "asian", "option": "call", "frequency": "monthly"},
        ROW | {"trade_id": "bad", "frequency": "monthly"} | BARRIER,
    ]
)


def inside(text):
    """A function that counts as one of the library's."""
    names = {"__name__": "likelihood_greeks.payoffs.barrier", "np": np}
    exec(text, names)
    return names["function"]


BUGS = {
    "a key": "def function(self, spot):\n    return {}['level'] * spot[-1]",
    "a type": "def function(self, spot):\n    return spot[-1] + None",
    "a shape": "def function(self, spot):\n    return spot[-1] + np.ones(3)",
    "a count": "def function(self, spot):\n    (one,) = [1, 2]",
}


@pytest.mark.filterwarnings("ignore::likelihood_greeks.BookWarning")
@pytest.mark.parametrize("bug", BUGS)
def test_a_bug_inside_the_library_is_called_so_and_the_other_trades_are_priced(monkeypatch, bug):
    monkeypatch.setattr(lg.Barrier, "__call__", inside(BUGS[bug]))
    frame = lg.risk(BOOK, MARKET, ["delta"], paths=2048, seed=1)
    assert {"good", "net"} == set(frame["trade_id"])
    (problem,) = frame.attrs["problems"]
    assert problem["trade_id"] == "bad"
    assert problem["field"] == "trade"
    assert "an error of likelihood_greeks" in problem["requirement"]
    assert problem["value"].startswith("Traceback (most recent call last)")
    assert "in function" in problem["value"]
    json.dumps(problem)


@pytest.mark.filterwarnings("ignore::likelihood_greeks.BookWarning")
def test_a_bug_while_a_trade_is_read_costs_that_trade_alone(monkeypatch):
    monkeypatch.setattr(lg.Barrier, "__post_init__", inside(BUGS["a key"].replace("(self, spot)", "(self, spot=(1,))")))
    frame = lg.risk(BOOK, MARKET, ["delta"], paths=2048, seed=1)
    assert {"good", "net"} == set(frame["trade_id"])
    (problem,) = frame.attrs["problems"]
    assert (problem["trade_id"], problem["field"]) == ("bad", "trade")
    assert "an error of likelihood_greeks" in problem["requirement"]


@pytest.mark.filterwarnings("ignore::likelihood_greeks.BookWarning")
@pytest.mark.parametrize("step", ["trades.with_rule", "own_contracts.tried"])
def test_a_bug_after_a_trade_was_read_costs_that_trade_alone(monkeypatch, step):
    module, name = step.split(".")
    at = {"trades": trades, "own_contracts": trades.own_contracts}[module]
    own, fails = getattr(at, name), inside(BUGS["a key"].replace("(self, spot)", "(*_)"))

    def of_barriers(*given, **settings):
        bad = any(isinstance(getattr(one, "payoff", one), lg.Barrier) for one in given)
        return fails() if bad else own(*given, **settings)

    monkeypatch.setattr(at, name, of_barriers)
    frame = lg.risk(BOOK, MARKET, ["delta"], paths=2048, seed=1)
    assert {"good", "net"} == set(frame["trade_id"])
    (problem,) = frame.attrs["problems"]
    assert (problem["trade_id"], problem["field"]) == ("bad", "trade")


def test_the_warning_has_one_line_of_the_traceback(monkeypatch):
    monkeypatch.setattr(lg.Barrier, "__call__", inside(BUGS["a key"]))
    with pytest.warns(lg.BookWarning) as caught:
        lg.risk(BOOK, MARKET, ["delta"], paths=2048, seed=1)
    (line,) = [line for line in str(caught[-1].message).splitlines() if "bad (row 2)" in line]
    assert "please report it" in line
    assert "KeyError: 'level'" in line


@pytest.mark.filterwarnings("ignore::likelihood_greeks.BookWarning")
def test_the_same_in_a_contract_of_the_users_own_is_the_trades():
    own = lg.Payoff(lambda spot: {}["level"] * spot[-1], (0.5,))
    book = pd.DataFrame([{"trade_id": "own", "underlying": "X", "quantity": 1, "payoff": own}])
    (problem,) = lg.risk(book, MARKET, ["delta"], paths=2048, seed=1).attrs["problems"]
    assert (problem["field"], problem["value"]) == ("payoff", "KeyError: 'level'")


def caught(function, *arguments):
    try:
        function(*arguments)
    except Exception as error:
        return error
    raise AssertionError("nothing was raised")


def test_what_was_meant_is_not_called_a_bug():
    spot = np.full((1, 4), 100.0)
    meant = [
        caught(refuse, "strike", "be positive", -1.0),
        caught(cash_flows, lg.Payoff(lambda s: s[0, :2], [1.0]), spot),  # the library's own words about a payoff
        caught(cash_flows, lg.Payoff(lambda s: "x", [1.0]), spot),
        caught(cash_flows, lg.Payoff(lambda s: s + np.ones(3), [1.0]), spot),  # NumPy's, in the user's code
        caught(np.linalg.inv, np.zeros((2, 2))),
        caught(inside("def function():\n    return 1 // 0")),
    ]
    assert not [error for error in meant if failures.internal(error)]
    assert failures.internal(caught(inside("def function():\n    return {}[0]")))
    assert failures.internal(caught(inside("import json\ndef function():\n    return json.loads('{')")))
