"""Plain options on an underlying with one law for all strikes: valued together as each alone, or else left to that."""

import numpy as np
import pandas as pd
import pytest

import likelihood_greeks as lg
from likelihood_greeks.book.one_law import one_law
from likelihood_greeks.book.plain_options import plain_options
from likelihood_greeks.book.reading import read_book
from likelihood_greeks.book.trades import parse
from likelihood_greeks.book.valued import read
from likelihood_greeks.models.heston import strips
from tests.support.heston_book import GIVEN

GREEKS = ["delta", "vega", "theta", "correlation", "volga", ("vol_of_vol", "time")]


def puts(count=6, **terms):
    table = pd.DataFrame({
        "trade_id": [f"P{k}" for k in range(count)], "underlying": "DAX", "quantity": -7.0,
        "product": ["put", "digital_call"] * (count // 2),
        "maturity": ["2002-07-12", "2003-06-20", "2002-09-20"] * (count // 3),
        "strike": np.linspace(3500.0, 5400.0, count),
    })  # fmt: skip
    return table.assign(**terms)


def unsettled(law, triggers, sides, times, names):
    """Of these options those with a strike above 5000 have no closed form."""
    found = ORDINARY(law, triggers, sides, times, names)
    found.value[triggers > 5000.0] = np.nan
    return found


ORDINARY = strips.european_jets


def test_a_frame_holds_the_values_of_each_trade_alone():
    frame = lg.risk(puts(), GIVEN, GREEKS, seed=3).set_index(["trade_id", "greek"])
    assert set(frame["method"]) == {"closed form"}
    assert len(read(read_book(puts()), GIVEN, GREEKS)[0][0].options) == 6
    for trade in parse(read_book(puts()), GIVEN)[0]:
        alone = lg.greeks(trade.model, trade.payoff, GREEKS, closed_form=True)
        for greek in alone:
            row = frame.loc[(trade.trade_id, greek)]
            assert row["value"] == pytest.approx(alone[greek].value, rel=1e-9, abs=1e-9 * abs(alone["price"].value))
            assert row["standard_error"] == 0.0


def test_maturities_beyond_the_curve_are_refused_and_the_rest_is_still_valued_together():
    table = puts(maturity=["2002-09-20", "2030-06-21"] * 3)
    plain, trades, problems = read(read_book(table), GIVEN, ["delta"])
    assert plain[0].options.row.tolist() == [0, 2, 4]
    assert not trades
    assert {problem.row for problem in problems} == {1, 3, 5}


def test_options_that_do_not_settle_are_left_to_be_valued_one_by_one(monkeypatch):
    before = lg.risk(puts(), GIVEN, GREEKS, seed=3)
    monkeypatch.setattr(strips, "european_jets", unsettled)
    plain, trades, problems = read(read_book(puts()), GIVEN, GREEKS)
    assert [trade.trade_id for trade in trades] == ["P4", "P5"]
    assert plain[0].options.trade_id.tolist() == ["P0", "P1", "P2", "P3"]
    assert not problems
    after = lg.risk(puts(), GIVEN, GREEKS, seed=3)
    np.testing.assert_allclose(after["value"], before["value"], rtol=1e-9, atol=1e-9)
    few = puts(strike=5300.0)
    assert read(read_book(few), GIVEN, GREEKS)[0] == []
    own = plain_options(read_book(few), GIVEN)
    assert one_law(GIVEN.underlying("DAX"), own, GREEKS) == (None, own)


def test_a_ladder_is_the_sum_of_those_of_each_trade_alone(monkeypatch):
    together = lg.ladder(puts(), GIVEN, [-0.1, 0.02], seed=3)
    assert (together["standard_error"] == 0.0).all()
    monkeypatch.setattr(strips, "european_jets", unsettled)  # which leaves more to be valued alone where the spot moves
    apart = lg.ladder(puts(strike=np.linspace(5001.0, 5400.0, 6)), GIVEN, [-0.1, 0.02], seed=3)
    monkeypatch.undo()
    again = lg.ladder(puts(strike=np.linspace(5001.0, 5400.0, 6)), GIVEN, [-0.1, 0.02], seed=3)
    np.testing.assert_allclose(apart["change"], again["change"], rtol=1e-9)
    assert not np.allclose(together["change"], again["change"])
