"""Today's fixing, not stated: it is the spot, and Greeks move it with the spot. Against closed forms of V(S, S)."""

from datetime import date

import numpy as np
import pandas as pd
import pytest
from scipy import special

import likelihood_greeks as lg
from likelihood_greeks.book.ladder import ladder
from likelihood_greeks.book.trades import parse
from tests.support.gates import assert_estimates

TODAY, LAST = date(2026, 11, 27), date(2027, 5, 28)
T, R, Q, VOL, SPOT = (LAST - TODAY).days / 365, 0.03, 0.01, 0.2, 100.0
PAST = {"2026-08-28": 103.0, "2026-09-25": 97.0}
EARLIER = [*PAST.values()]
PLAIN = {"trade_id": "a", "underlying": "X", "quantity": 1, "maturity": str(LAST)}
DATES = {"frequency": f"2026-08-28;2026-09-25;{TODAY};{LAST}"}
GREEKS = ["delta", "gamma", "vega", "vanna"]


def call(forward, strike, deviation):
    """The undiscounted price of a call."""
    if strike <= 0.0:
        return forward - strike
    d = np.log(forward / strike) / deviation + 0.5 * deviation
    return forward * special.ndtr(d) - strike * special.ndtr(d - deviation)


def ahead(spot, vol):
    return spot * np.exp((R - Q) * T), vol * np.sqrt(T)


def arithmetic(spot, vol):
    left = 4 * 98.0 - sum(EARLIER) - spot
    return np.exp(-R * T) * call(ahead(spot, vol)[0], left, ahead(spot, vol)[1]) / 4


def average_as_strike(spot, vol):
    forward, deviation = ahead(spot, vol)  # max(S - A, 0) = max(3/4 S - (past + spot)/4, 0)
    return np.exp(-R * T) * call(0.75 * forward, (sum(EARLIER) + spot) / 4, deviation)


def geometric(spot, vol):
    forward, deviation = ahead(spot, vol)
    known = np.prod([*EARLIER, spot]) ** 0.25
    mean = known * forward**0.25 * np.exp((0.25**2 - 0.25) * 0.5 * deviation**2)
    return np.exp(-R * T) * call(mean, 98.0, 0.25 * deviation)


def geometric_as_strike(spot, vol):
    forward, deviation = ahead(spot, vol)  # S - g S^(1/4): S is larger where S^(3/4) > g
    g = np.prod([*EARLIER, spot]) ** 0.25
    d = (np.log(forward) - 0.5 * deviation**2 - np.log(g) / 0.75) / deviation
    root = forward**0.25 * np.exp((0.25**2 - 0.25) * 0.5 * deviation**2)
    return np.exp(-R * T) * (forward * special.ndtr(d + deviation) - g * root * special.ndtr(d + 0.25 * deviation))


def below_the_minimum(spot, vol):
    forward, deviation = ahead(spot, vol)  # S_T - min(spot, S_T) = max(S_T - spot, 0): the earlier ones are higher
    return np.exp(-R * T) * call(forward, spot, deviation)


ASIAN = PLAIN | DATES | {"product": "asian", "option": "call", "strike": 98}
LOW = f"2026-08-28;{TODAY};{LAST}"
CASES = {
    "arithmetic": (ASIAN, arithmetic),
    "average as strike": (ASIAN | {"strike": "floating"}, average_as_strike),
    "geometric": (ASIAN | {"average": "geometric"}, geometric),
    "geometric as strike": (ASIAN | {"average": "geometric", "strike": "floating"}, geometric_as_strike),
    "minimum": (ASIAN | {"product": "lookback", "strike": "floating", "frequency": LOW}, below_the_minimum),
}


def market(fixings=PAST, **section):
    section = {"spot": SPOT, "zero_rate": R, "dividend_yield": Q, "implied_volatility": VOL} | section
    return {"valuation_date": TODAY, "underlyings": {"X": section}, "fixings": {"X": fixings}}


def differences(price):
    """Greeks of a function of spot and volatility."""
    h, k = 0.01, 1e-4
    up, mid, down = price(SPOT + h, VOL), price(SPOT, VOL), price(SPOT - h, VOL)
    high, low = price(SPOT, VOL + k), price(SPOT, VOL - k)
    vanna = [price(SPOT + a * h, VOL + b * k) * a * b for a in (1, -1) for b in (1, -1)]
    return {
        "price": mid,
        "delta": (up - down) / (2 * h),
        "gamma": (up - 2 * mid + down) / h**2,
        "vega": (high - low) / (2 * k),
        "vanna": sum(vanna) / (4 * h * k),
    }


def estimates(row, given=None, **arguments):
    frame = lg.risk(
        pd.DataFrame([row]), market() if given is None else given, GREEKS, paths=16_384, seed=4, **arguments
    )
    own = frame[frame["trade_id"] == "a"].set_index("greek")
    assert (own["note"] == "").all(), own["note"].unique()
    return {
        name: lg.Estimate(line["value"], line["standard_error"], line["n_paths"], line["samples"])
        for name, line in own.iterrows()
    }


DIFFERENCES = 1e-6  # share to which differences tell a Greek: that of one fixing to come has no error but rounding
BOUNDS = {"price": 0.05, "delta": 0.005, "gamma": 5e-4, "vega": 0.3, "vanna": 0.05}


@pytest.mark.parametrize("case", CASES)
def test_greeks_move_todays_fixing_with_the_spot(case):
    row, price = CASES[case]
    exact, found = differences(price), estimates(row)
    for name in ("price", *GREEKS):
        if abs(exact[name]) < 1e-6:
            assert (found[name].value, found[name].standard_error) == (0.0, 0.0)
        else:
            assert_estimates(found[name], exact[name], max_standard_error=BOUNDS[name], known_to=DIFFERENCES)


def test_a_fixing_that_stands_still_would_be_noticed():
    row, price = CASES["arithmetic"]
    exact, still = differences(price), estimates(row, market(PAST | {str(TODAY): SPOT}))
    assert_estimates(still["price"], exact["price"], max_standard_error=0.05)
    assert abs(still["delta"].value - exact["delta"]) > 20.0 * still["delta"].standard_error


BARRIER = PLAIN | DATES | {"product": "barrier", "option": "call", "strike": 98, "direction": "down", "knock": "out"}
CLIQUET = PLAIN | DATES | {"product": "cliquet", "reference": 100, "local_floor": -0.02, "local_cap": 0.02}
CLIQUET |= {"global_floor": -1, "global_cap": 1}


def test_barriers_and_extremes_that_today_does_not_decide_have_the_greeks_of_a_known_fixing():
    for row in (BARRIER | {"level": 90}, ASIAN | {"product": "lookback", "option": "put"}):
        known, still = estimates(row, market(PAST | {str(TODAY): SPOT})), estimates(row)
        assert {name: found.value for name, found in known.items()} == {name: f.value for name, f in still.items()}


def test_a_return_beyond_its_bound_leaves_nothing_to_the_spot():
    found = estimates(CLIQUET)  # from 97 to 100: above the cap
    assert found["delta"].value == found["gamma"].value == found["delta"].standard_error == 0.0
    assert abs(found["vega"].value) > 1e-3


@pytest.mark.parametrize(
    ("row", "why"),
    [
        (CLIQUET | {"local_cap": 0.05}, "the return up to today is within its local bounds"),
        (BARRIER | {"level": SPOT, "frequency": f"{TODAY};{LAST}"}, "the spot, 100, is at the barrier"),
        (
            ASIAN | {"product": "lookback", "strike": 90, "frequency": f"{TODAY};{LAST}"},
            "a new extreme beyond the strike",
        ),
        (ASIAN | {"strike": 75, "frequency": f"2026-08-28;2026-09-25;{TODAY};{LAST}"}, "make up all of the strike"),
        (PLAIN | DATES | {"product": "accumulator", "strike": 95, "level": 108}, "what the fixing pays depends on it"),
        (PLAIN | DATES | {"product": "tarf", "strike": 95, "target": 30}, "what the fixing pays depends on it"),
    ],
)
def test_what_today_decides_otherwise_is_refused_until_the_fixing_is_given(row, why):
    with pytest.warns(lg.BookWarning, match=f"fixings must hold today's, {TODAY}: with it open, .*{why}"):
        lg.risk(pd.DataFrame([row]), market(), ["delta"], paths=1024, seed=1)
    assert not parse(pd.DataFrame([row]), lg.Market.read(market(PAST | {str(TODAY): SPOT})))[1]


def test_ladders_move_todays_fixing_with_the_spot():
    today = PLAIN | {"trade_id": "b", "product": "call", "strike": 95, "maturity": str(TODAY)}
    for row, price in ((ASIAN, arithmetic), (today, lambda spot, _: max(spot - 95.0, 0.0))):
        table = ladder(pd.DataFrame([row | {"quantity": -3}]), market(), (-0.1, -0.05, 0.02), paths=16_384, seed=1)
        assert table.attrs["left_out"] == {}
        assert list(table["trades"]) == [1, 1, 1]
        for move, change, error in table[["move", "change", "standard_error"]].to_numpy():
            exact = -3.0 * (price(SPOT * (1.0 + move), VOL) - price(SPOT, VOL))
            assert abs(change - exact) <= 4.0 * error + 1e-12
            assert error < 0.2


def test_under_cash_dividends_spots_do_not_scale_and_the_fixing_must_be_given():
    paying = market(dividends=[{"ex_date": "2027-03-01", "amount": 3.0}], dividend_yield=0.0)
    with pytest.warns(
        lg.BookWarning, match=f"hold today's, {TODAY}: .* do not scale with today's under cash dividends"
    ):
        lg.risk(pd.DataFrame([ASIAN]), paying, ["delta"], paths=1024, seed=1)
    paying["fixings"]["X"] = PAST | {str(TODAY): SPOT}
    assert not parse(pd.DataFrame([ASIAN]), lg.Market.read(paying))[1]
    assert not parse(pd.DataFrame([BARRIER | {"level": 90}]), lg.Market.read(paying))[1]
