"""Contracts that are watched at all times: closed forms, curves, and what must be refused."""

from dataclasses import replace

import numpy as np
import pytest
import QuantLib as ql

import likelihood_greeks as lg
from likelihood_greeks.estimators.watched import given_dates
from likelihood_greeks.estimators.watched.corridor import CorridorGivenDates
from likelihood_greeks.parameters import TIME
from tests.support.continuous import (
    double,
    fixed_lookback,
    floating_lookback,
    greeks,
    hit_touch,
    no_touch,
    outside_call,
    single,
    two_piece_call,
    window_call,
)
from tests.support.gates import assert_estimates

WHERE = {"spot": 100.0, "volatility": 0.25, "rate": 0.08, "dividend_yield": 0.04}
FLAT = lg.GBM(**WHERE)
CALL, PUT = (ql.PlainVanillaPayoff(kind, 100.0) for kind in (ql.Option.Call, ql.Option.Put))
CASH = ql.CashOrNothingPayoff(ql.Option.Call, 0.0, 10.0)
HIT = ql.CashOrNothingPayoff(ql.Option.Call, 115.0, 10.0)
CURVES = lg.TermStructureGBM(
    spot=100.0,
    times=[0.25, 1.0],
    zero_rates=[0.09, 0.03],
    dividend_yields=[0.0, 0.05],
    volatilities=[0.18, 0.3],
)
HESTON = lg.Heston(
    spot=100.0, initial_variance=0.04, mean_reversion=1.5, long_run_variance=0.04, vol_of_vol=0.5, correlation=-0.6
)
KNOCK_OUT = lg.Barrier(lg.Call(100.0, 0.5), 95.0, "down", "out", "continuous")
NOTE = lg.Autocallable(100.0, [0.5], call_level=np.inf, knock_in=85.0, knock_in_times="continuous")


def _note(*where):
    """A note that cannot be called is a bond less a put that is knocked in."""
    return 100.0 * np.exp(-0.5 * where[2]) - single("DownIn", PUT, 85.0, 0.5)(*where)


CASES = {
    "down-and-out call": (KNOCK_OUT, single("DownOut", CALL, 95.0, 0.5)),
    "near the barrier": (replace(KNOCK_OUT, level=99.5), single("DownOut", CALL, 99.5, 0.5)),
    "up-and-out call": (replace(KNOCK_OUT, level=115.0, direction="up"), single("UpOut", CALL, 115.0, 0.5)),
    "down-and-in put": (
        lg.Barrier(lg.Put(100.0, 0.5), 85.0, "down", "in", "continuous"),
        single("DownIn", PUT, 85.0, 0.5),
    ),
    "short": (
        lg.Barrier(lg.Call(100.0, 1 / 36), 98.0, "down", "out", "continuous"),
        single("DownOut", CALL, 98.0, 1 / 36),
    ),
    "double knock-out call": (
        lg.DoubleBarrier(lg.Call(100.0, 0.5), 80.0, 130.0, "out", "continuous"),
        double("KnockOut", CALL, 80.0, 130.0, 0.5),
    ),
    "double no-touch": (
        lg.DoubleNoTouch(80.0, 130.0, 0.5, 10.0, "continuous"),
        double("KnockOut", CASH, 80.0, 130.0, 0.5),
    ),
    "no-touch": (lg.NoTouch(88.0, "down", 0.5, 10.0, "continuous"), no_touch(88.0, 0.5, 10.0)),
    "paid when touched": (lg.OneTouch(115.0, "up", 0.5, 10.0, "continuous", paid="hit"), hit_touch(HIT, 0.5, False)),
    "autocallable": (NOTE, _note),
    "lookback call": (lg.Lookback("continuous", "call", 110.0, 0.5), fixed_lookback(ql.Option.Call, 110.0, 0.5)),
    "lookback put": (lg.Lookback("continuous", "put", 90.0, 0.5), fixed_lookback(ql.Option.Put, 90.0, 0.5)),
    "in the money": (lg.Lookback("continuous", "call", 95.0, 0.5), fixed_lookback(ql.Option.Call, 95.0, 0.5)),
    "floating call": (lg.Lookback("continuous", "call", None, 0.5), floating_lookback(ql.Option.Call, 0.5)),
    "floating put": (lg.Lookback("continuous", "put", None, 0.5), floating_lookback(ql.Option.Put, 0.5)),
}  # fmt: skip


def _window(level, direction, window):
    return lg.Barrier(lg.Call(100.0, 0.5), level, direction, "out", "continuous", window=window)


CASES |= {
    "watched at first": (_window(95.0, "down", (0.0, 0.25)), window_call(95.0, 100.0, (0.25, 0.5), late=False)),
    "watched at first, above": (_window(110.0, "up", (0.0, 0.25)), window_call(110.0, 100.0, (0.25, 0.5), late=False)),
    "watched at last": (_window(95.0, "down", (0.25, 0.5)), window_call(95.0, 100.0, (0.25, 0.5), late=True)),
}


LONG = {
    "watched at first, above",
    "watched at last",
    "paid when touched",
    "double no-touch",
    "lookback call",
    "lookback put",
    "in the money",
    "floating call",
    "floating put",
}


@pytest.mark.parametrize("case", [pytest.param(c, marks=pytest.mark.slow if c in LONG else ()) for c in CASES])
def test_greeks_agree_with_closed_forms_and_would_notice_a_part_of_them(case):
    payoff, value = CASES[case]
    exact = greeks(value, **WHERE)
    if case in {"in the money", "floating call", "floating put"}:  # whose spot is the extreme: another equation
        del exact["theta"]
    found = lg.greeks(FLAT, payoff, [name for name in exact if name != "price"], paths=16_384, seed=11)
    wide = 8.0 if case == "paid when touched" else 1.0  # its dates are many, the first of them near
    spread = 0.06 * wide * np.hypot(abs(exact["price"]), 0.1 * abs(exact["vega"]))
    size = {"delta": 0.01, "gamma": 2e-3, "vega": 0.3, "rho": 0.5, "dividend_rho": 0.5, "vanna": 0.1, "volga": 20.0}
    for name, known in exact.items():
        assert_estimates(found[name], known, 0.03 * abs(known) + size.get(name, 1.0) * spread)


def test_without_its_derivative_in_the_law_the_greeks_would_be_wrong(monkeypatch):
    exact = greeks(CASES["near the barrier"][1], **WHERE)
    monkeypatch.setattr(CorridorGivenDates, "moving", lambda *_: {})
    found = lg.greeks(FLAT, CASES["near the barrier"][0], ["delta", "vega", "gamma"], paths=16_384, seed=11)
    assert all(abs(found[name].z_score(exact[name])) > 10.0 for name in ("delta", "vega", "gamma"))


@pytest.mark.slow
def test_on_curves_the_chance_between_dates_is_that_of_every_piece():
    level, strike, ends = 92.0, 100.0, (0.25, 1.0)
    law, payoff = CURVES, lg.Barrier(lg.Call(strike, 1.0), level, "down", "out", "continuous")
    found = lg.greeks(law, payoff, ["delta", "vega", "rho", "dividend_rho"], paths=65_536, seed=5)

    def value(spot=100.0, volatility=0.0, rate=0.0, dividend_yield=0.0):
        zero = np.array([0.09, 0.03]) + rate - np.array([0.0, 0.05]) - dividend_yield
        square = (np.array([0.18, 0.3]) + volatility) ** 2
        drifts, variances = (np.diff(x * ends, prepend=0.0) / [0.25, 0.75] for x in (zero, square))
        undiscounted = two_piece_call(spot, strike, level, ends, drifts - 0.5 * variances, variances)
        return np.exp(-0.03 - rate) * undiscounted

    assert_estimates(found["price"], value(), 0.02)
    errors = {"spot": 2e-3, "volatility": 0.4, "rate": 0.15, "dividend_yield": 0.15}
    for (name, error), greek in zip(errors.items(), ("delta", "vega", "rho", "dividend_rho"), strict=True):
        h = 1e-3 * (100.0 if name == "spot" else 1.0)
        at = 100.0 if name == "spot" else 0.0
        exact = (value(**{name: at + h}) - value(**{name: at - h})) / (2.0 * h)
        assert_estimates(found[greek], exact, error)


@pytest.mark.parametrize("law", [FLAT, CURVES], ids=["flat", "curves"])
@pytest.mark.parametrize(
    "payoff",
    [
        KNOCK_OUT,
        *(CASES[name][0] for name in ("double no-touch", "autocallable", "lookback call", "floating call")),
        CASES["paid when touched"][0],
    ],
    ids=["single", "double", "note", "bounded extreme", "extreme", "exit"],
)
def test_what_moves_with_the_law_is_the_derivative_of_the_cash_flows(law, payoff):
    given = given_dates(payoff, law)
    spot = np.linspace(86.0, 125.0, 40) * np.linspace(1.0, 1.02, len(given.times))[:, None]
    steps = {"spot": 1e-2, "volatility": 1e-4, "rate": 1e-4, TIME: 1e-5}
    names = [*steps]
    found = given.moving(spot, [*((n,) for n in names), *((a, b) for a in names for b in names)])

    def flows(**shift):
        moved = replace(law, **{n: getattr(law, n) + x for n, x in shift.items() if n != TIME})
        if hasattr(moved, "later"):
            moved = moved.later(shift.get(TIME, 0.0))
        return np.atleast_2d(given.under(moved, shift.get(TIME, 0.0))(spot))

    for a in names:
        h = steps[a]
        slope = (flows(**{a: h}) - flows(**{a: -h})) / (2.0 * h)
        scale = np.abs(slope).max() + 1e-6
        np.testing.assert_allclose(found.get((a,), np.zeros_like(slope)), slope, atol=1e-4 * scale)
        for b in names:
            k = steps[b]
            corners = [
                (s, t, flows(**{a: s * h, b: t * k} if a != b else {a: (s + t) * h})) for s in (1, -1) for t in (1, -1)
            ]
            bend = sum(s * t * flow for s, t, flow in corners) / (4.0 * h * k)
            scale = np.abs(bend).max() + 1e-3
            np.testing.assert_allclose(found.get((a, b), np.zeros_like(bend)), bend, atol=2e-3 * scale)


@pytest.mark.slow
@pytest.mark.parametrize("case", ["double no-touch", "floating put"])
def test_flat_curves_in_many_pieces_are_the_flat_law(case):
    nodes = [0.02, 0.1, 0.25, 0.4, 0.75]
    flat = {"zero_rates": [0.08] * 5, "dividend_yields": [0.04] * 5, "volatilities": [0.25] * 5}
    payoff, value = CASES[case]
    found = lg.greeks(
        lg.TermStructureGBM(spot=100.0, times=nodes, **flat), payoff, ["delta", "vega"], paths=8192, seed=4
    )
    exact = greeks(value, **WHERE)
    for name, error in (("price", 0.2), ("delta", 0.01), ("vega", 1.0)):
        assert_estimates(found[name], exact[name], error)


def test_buckets_are_bumps_of_single_nodes():
    payoff = lg.Barrier(lg.Call(100.0, 1.0), 92.0, "down", "out", "continuous")
    found = lg.greeks(CURVES, payoff, ["vega"], paths=16_384, seed=3, buckets=["vega"])
    buckets = [found[f"vega[{k}]"] for k in range(2)]
    np.testing.assert_allclose(sum(b.value for b in buckets), found["vega"].value, rtol=1e-9)

    def value(short):
        variances = np.diff([0.0, short**2 * 0.25, 0.09]) / [0.25, 0.75]
        drifts = np.array([0.09, (-0.02 - 0.09 * 0.25) / 0.75]) - 0.5 * variances
        return np.exp(-0.03) * two_piece_call(100.0, 100.0, 92.0, (0.25, 1.0), drifts, variances)

    assert_estimates(buckets[0], (value(0.181) - value(0.179)) / 0.002, 0.4)


def test_scenarios_and_the_baselines_see_the_law_that_they_move_to():
    exact = single("DownOut", CALL, 95.0, 0.5)
    grid = lg.scenarios(FLAT, KNOCK_OUT, {"spot": [97.0, 104.0], "volatility": [0.22]}, paths=8192, seed=2)
    for (spot, volatility), row in grid.to_frame().iterrows():
        error = row["price"] - exact(spot, volatility, 0.08, 0.04)
        assert abs(error) < 4.0 * row["price_standard_error"] < 0.05
    frame = lg.compare(FLAT, KNOCK_OUT, ["vega"], paths=8192, seed=2)
    for method in ("pathwise", "finite difference 0.001"):
        row = frame.loc["vega", method]
        assert abs(row["value"] - greeks(exact, **WHERE)["vega"]) < 4.0 * row["standard_error"] < 2.0


@pytest.mark.parametrize(
    ("law", "payoff", "match"),
    [
        (HESTON, KNOCK_OUT, "no Brownian bridge"),
        (replace(FLAT, dividends=((0.25, 2.0),)), KNOCK_OUT, "dividends must come after"),
        (FLAT, lg.Payoff(KNOCK_OUT, [0.5]), "inside another payoff"),
    ],
)
def test_what_is_not_a_bridge_between_dates_is_refused(law, payoff, match):
    with pytest.raises((TypeError, ValueError), match=match):
        lg.greeks(law, payoff, ["delta"], paths=1024, seed=1)


def test_terms_of_continuous_monitoring_are_checked_and_kept():
    assert replace(KNOCK_OUT, level=90.0).corridor.lower == 90.0
    assert (KNOCK_OUT.times, KNOCK_OUT.monitor_maturity) == ((0.5,), True)
    with pytest.raises(ValueError, match="times must be dates"):
        lg.Barrier(lg.Call(100.0, 0.5), 95.0, "down", "out", "always")
    with pytest.raises(ValueError, match="monitor_maturity must be None or True"):
        replace(KNOCK_OUT, monitor_maturity=False)
    with pytest.raises(ValueError, match="knock_in_times must be dates"):
        replace(NOTE, knock_in_times="daily", continuous=False)
    with pytest.raises((ValueError, TypeError), match="maturity must be"):
        lg.Lookback("continuous", "call", 100.0)
    with pytest.raises(ValueError, match=r"maturity must be the last of times, 0.5"):
        lg.Lookback([0.5], "call", 100.0, 1.0)
    with pytest.raises(TypeError, match="watched continuously"):
        KNOCK_OUT(np.full((1, 3), 100.0))


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda: _window(95.0, "down", (0.5, 0.25)), "window must increase and end by 0.5"),
        (lambda: _window(95.0, "down", (0.25, 0.75)), "window must increase and end by 0.5"),
        (lambda: _window(95.0, "down", 0.25), "window must hold two dates"),
        (lambda: replace(KNOCK_OUT, times=(0.5,), continuous=False, window=(0.0, 0.5)), "window must be None"),
        (
            lambda: lg.OneTouch(90.0, "down", 1.0, 1.0, "continuous", paid="hit", window=(0.5, 1.0)),
            "paid must be 'end'",
        ),
    ],
)
def test_windows_that_are_none_are_refused(make, why):
    with pytest.raises(ValueError, match=why):
        make()


def test_a_window_of_all_times_is_none_and_touches_have_windows_too():
    whole = replace(KNOCK_OUT, window=(0.0, 0.5))
    assert (
        lg.greeks(FLAT, whole, [], paths=1024, seed=1)["price"]
        == lg.greeks(FLAT, KNOCK_OUT, [], paths=1024, seed=1)["price"]
    )
    cash = [make(88.0, "down", 0.5, 10.0, "continuous", window=(0.1, 0.3)) for make in (lg.OneTouch, lg.NoTouch)]
    values = [lg.greeks(FLAT, touch, [], paths=4096, seed=1)["price"].value for touch in cash]
    assert sum(values) == pytest.approx(10.0 * np.exp(-0.04), abs=0.2)
    assert 0.5 < values[0] < 0.9 * 10.0 - no_touch(88.0, 0.5, 10.0)(*WHERE.values())


PAIR = lg.CorrelatedGBM(
    {"A": lg.GBM(spot=100.0, volatility=0.25, rate=0.05), "B": lg.GBM(spot=80.0, volatility=0.3, rate=0.05)},
    correlation={("A", "B"): 0.5},
)


@pytest.mark.slow
def test_a_barrier_on_one_of_two_assets_is_watched_at_all_times():
    option = lg.OutsideBarrier(lg.Barrier(lg.Call(80.0, 0.5), 92.0, "down", "out", "continuous"), watched="A", paid="B")
    value = outside_call(92.0, 80.0, 0.5)

    def at(**moved):
        spots, volatilities = [100.0, 80.0], [0.25, 0.3]
        spots[0] += moved.get("delta[A]", 0.0)
        spots[1] += moved.get("delta[B]", 0.0)
        volatilities[0] += moved.get("vega[A]", 0.0)
        volatilities[1] += moved.get("vega[B]", 0.0)
        return value(spots, volatilities, 0.05 + moved.get("rho", 0.0), 0.5 + moved.get("correlation[A,B]", 0.0))

    errors = {"delta[A]": 3e-3, "delta[B]": 2e-3, "vega[A]": 0.3, "vega[B]": 0.2, "rho": 0.1, "correlation[A,B]": 0.06}
    found = lg.greeks(PAIR, option, [*errors], paths=16_384, seed=5)
    assert_estimates(found["price"], at(), 0.04)
    for name, error in errors.items():
        h = 0.05 if name.startswith("delta") else 1e-3
        assert_estimates(found[name], (at(**{name: h}) - at(**{name: -h})) / (2.0 * h), error)


def test_on_one_of_two_assets_it_is_what_it_is_alone_and_of_both_it_is_refused():
    alone = lg.greeks(dict(PAIR.members)["A"], KNOCK_OUT, ["vega"], paths=8192, seed=1)["vega"]
    found = lg.greeks(PAIR, lg.On(KNOCK_OUT, "A"), ["vega[A]", "delta[B]"], paths=8192, seed=2)
    joint = found["vega[A]"]
    assert abs(joint.value - alone.value) < 4.0 * np.hypot(joint.standard_error, alone.standard_error)
    assert_estimates(found["delta[B]"], 0.0, 0.01)  # without controls: a relaxation that leaves nothing is not trusted
    with pytest.raises(TypeError, match="several assets at once"):
        lg.greeks(PAIR, lg.Payoff(lambda spot: spot.low.min(axis=0)[-1], [0.5], extremes="low"), [], paths=64, seed=1)
    touch = lg.On(lg.OneTouch(90.0, "down", 0.5, 1.0, "continuous", paid="hit"), "A")
    with pytest.raises(ValueError, match="paid must be 'end'"):
        lg.greeks(PAIR, touch, [], paths=1024, seed=1)
