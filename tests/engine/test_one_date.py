"""Payoffs of one date: whatever function of the spot they are, all that is drawn lies along a line."""

from functools import reduce

import numpy as np
import pytest
from scipy.stats import norm

import likelihood_greeks as lg
from likelihood_greeks.controls.line_integral import Integral

FLAT = lg.GBM(spot=100.0, volatility=0.2, rate=0.03, dividend_yield=0.01)
STEEP = lg.TermStructureGBM(
    spot=100.0, times=[0.5, 1.0], zero_rates=[0.01, 0.05], dividend_yields=[0.0, 0.03], volatilities=[0.3, 0.22]
)
GREEKS = ["delta", "gamma", "vega", "rho", "theta", "vanna", "volga", "charm"]
CAPPED = lg.Payoff(lambda spot: np.clip(spot[-1] - 95.0, 0.0, 20.0) + 3.0 * (spot[-1] > 110.0), [1.0])
REPLICA = [(1.0, lg.Call(95.0, 1.0)), (-1.0, lg.Call(115.0, 1.0)), (3.0, lg.DigitalCall(110.0, 1.0))]
RARE = lg.GBM(spot=100.0, volatility=0.2, rate=0.03)


def drawn(model, payoff, greeks=GREEKS, **options):
    return lg.greeks(model, payoff, greeks, **{"paths": 4096, "seed": 3, "executor": "serial"} | options)


def exact(model, replica, greek, greeks=GREEKS):
    """The sum of closed forms."""
    parts = [(size, lg.greeks(model, option, greeks, closed_form=True)[greek].value) for size, option in replica]
    return reduce(lambda total, part: total + part[0] * part[1], parts, 0.0)


@pytest.mark.parametrize("sampling", ["pseudo", "antithetic", "sobol"])
@pytest.mark.parametrize("model", [FLAT, STEEP], ids=["flat", "steep"])
def test_a_function_of_ones_own_is_its_closed_form(model, sampling):
    found = drawn(model, CAPPED, sampling=sampling)
    for greek in ("price", *GREEKS):
        value = exact(model, REPLICA, greek)
        assert found[greek].value == pytest.approx(value, rel=1e-11), greek
        assert abs(found[greek].z_score(value)) < 4.0
        assert found[greek].standard_error < 1e-11 * abs(value)
        assert not found[greek].note


@pytest.mark.parametrize("sampling", ["pseudo", "antithetic", "sobol"])
def test_exact_numbers_are_shown_with_more_digits_than_noisy_ones(sampling):
    found = drawn(FLAT, CAPPED, ["delta"], sampling=sampling)
    header, _, *rows = str(found).splitlines()[1:]
    for row in rows:
        greek, value, error, low, high, _, ratio = row.split()
        assert len(value.strip("-0.")) >= 7
        assert float(value) == pytest.approx(found[greek].value, rel=1e-6)
        assert (error, low, high, ratio) == ("<0.00000001", value, value, "-")
    assert len(header) < 90
    assert "e+" not in str(found.diagnostics)
    assert isinstance(found.to_frame().loc["delta", "variance_ratio"], float)


def test_a_crossing_left_out_would_be_seen(monkeypatch):
    right = Integral.__dict__["_integrated"].func

    def dropped(self):
        where, density, *rest = right(self)
        return where, 0.0 * density, *rest

    monkeypatch.setattr(Integral, "_integrated", property(dropped))
    found = drawn(FLAT, CAPPED, ["delta"])["delta"]
    assert abs(found.value - exact(FLAT, REPLICA, "delta", ["delta"])) > 4.0 * found.standard_error


@pytest.mark.parametrize(("level", "chance"), [(150.0, 2.0e-5), (165.0, 2.3e-7), (180.0, 1.6e-9)])
def test_what_no_path_meets_is_in_it_and_no_cure_is_wanted(level, chance):
    found = drawn(RARE, lg.Payoff(lambda spot: 1.0 * (spot[-1] > level), (0.25,)), ["delta", "vega"])
    for greek in ("price", "delta", "vega"):
        value = exact(RARE, [(1.0, lg.DigitalCall(level, 0.25))], greek, ["delta", "vega"])
        assert found[greek].value == pytest.approx(value, rel=1e-9)
        assert abs(found[greek].z_score(value)) < 4.0
        assert found[greek].n_paths == 4096
        assert not found[greek].note
    assert found["price"].value == pytest.approx(chance, rel=0.5)


def test_the_last_fixing_of_an_average_is_exact():
    found = drawn(STEEP, lg.Seasoned(lg.Asian(100.0, [0.4]), [97.0, 104.0]))
    for greek in ("price", *GREEKS):
        value = exact(STEEP, [(1.0 / 3.0, lg.Call(99.0, 0.4))], greek)
        assert found[greek].value == pytest.approx(value, rel=1e-10, abs=1e-12)
        assert not found[greek].note


@pytest.mark.parametrize("greeks", [["delta"], ["volga", "charm"], GREEKS], ids=["delta", "volga and charm", "all"])
@pytest.mark.parametrize("seed", [3, 4])
def test_whatever_else_is_asked_a_price_far_beyond_all_paths_stays_exact(seed, greeks):
    """A square over thirty years of 90 % volatility: of 4,096 paths none is where its mean is made."""
    model = lg.GBM(spot=100.0, volatility=0.9, rate=0.05, dividend_yield=-0.01)
    deviation = 0.9 * np.sqrt(30.0)
    mean = (0.05 + 0.01) * 30.0 - 0.5 * deviation**2
    near, far = norm.cdf(mean / deviation + 2.0 * deviation), norm.cdf((np.log(0.01) - mean) / deviation)
    value = np.exp(-0.05 * 30.0) * (np.exp(2.0 * (mean + deviation**2)) * near - 3.0 * far)
    payoff = lg.Payoff(lambda spot: (spot[-1] >= 100.0) * (spot[-1] / 100.0) ** 2 - 3.0 * (spot[-1] < 1.0), [30.0])
    price = drawn(model, payoff, greeks, seed=seed)["price"]
    assert price.value == pytest.approx(value, rel=1e-12)
    assert price.standard_error < 1e-11 * value
    assert not price.note


@pytest.mark.parametrize(
    ("power", "level", "volatility", "years"),
    [(4, 400.0, 0.9, 5.0), (6, 1500.0, 0.9, 5.0), (10, 150.0, 0.5, 4.0), (3, 100.0, 0.6, 30.0), (2, 100.0, 1.0, 20.0)],
)
def test_powers_below_a_level_are_what_they_are_there_not_what_is_left_of_the_whole(power, level, volatility, years):
    """Without the level they would be worth up to e^50 times as much: a difference of the two would be noise."""
    model = lg.GBM(spot=100.0, volatility=volatility, rate=0.03)
    payoff = lg.Payoff(lambda spot: (spot[-1] / 100.0) ** power * (spot[-1] <= level), [years])
    deviation = volatility * np.sqrt(years)
    mean = 0.03 * years - 0.5 * deviation**2
    whole = -0.03 * years + power * mean + 0.5 * (power * deviation) ** 2
    value = np.exp(whole + norm.logcdf((np.log(level / 100.0) - mean) / deviation - power * deviation))
    price = drawn(model, payoff, ["delta", "vega"])["price"]
    assert price.value == pytest.approx(value, rel=1e-12)
    assert not price.note


UP, DOWN = (np.exp(-0.03) * norm.cdf(sign * (np.log(100.0 / k) - 0.15) / 0.6) for sign, k in ((1, 1000.0), (-1, 8.0)))


@pytest.mark.parametrize(
    ("condition", "chance"),
    [
        (lambda spot: np.minimum(spot / 100.0, 10.0) >= 10.0, UP),
        (lambda spot: np.minimum(spot / 100.0, 10.0) > 10.0, 0.0),
        (lambda spot: np.maximum(spot / 100.0, 0.08) <= 0.08, DOWN),
        (lambda spot: np.clip(spot / 100.0 - 1.0, -0.92, 9.0) >= 9.0, UP),
        (lambda spot: ~(np.clip(spot / 100.0 - 1.0, -0.92, 9.0) < 9.0), UP),
        (lambda spot: np.maximum(spot - 1000.0, 0.0) > 0.0, UP),
        (lambda spot: np.maximum(spot - 1000.0, 0.0) <= 0.0, np.exp(-0.03) - UP),
    ],
)
def test_what_is_capped_is_at_its_cap(condition, chance):
    model = lg.GBM(spot=100.0, volatility=0.6, rate=0.03)
    at_the_money = np.exp(-0.03) * norm.cdf((0.03 - 0.18) / 0.6)
    payoff = lg.Payoff(lambda spot: 1.0 * (spot[-1] > 100.0) + 1e6 * condition(spot[-1]), [1.0])
    assert drawn(model, payoff, ["delta"])["price"].value == pytest.approx(at_the_money + 1e6 * chance, rel=1e-11)


def test_a_target_is_reached_at_once():
    found = drawn(FLAT, CAPPED, ["delta"], target_error={"delta": 1e-9})["delta"]
    assert found.n_paths == 4096
    assert not found.note


HESTON = lg.Heston(
    spot=100.0, initial_variance=0.04, mean_reversion=1.5, long_run_variance=0.04, vol_of_vol=0.6, correlation=-0.7
)


@pytest.mark.parametrize(
    "model", [HESTON, lg.GBM(spot=100.0, volatility=0.2, dividends=((0.5, 4.0),))], ids=["Heston", "cash dividend"]
)
def test_where_something_else_is_drawn_an_error_remains(model):
    options = {"handover": "score"} if model is HESTON else {}
    found = drawn(model, CAPPED, ["delta"], **options)
    assert all(found[greek].standard_error > 1e-5 for greek in ("price", "delta"))


def test_europeans_are_drawn_unless_one_asks_otherwise():
    assert drawn(FLAT, lg.Call(95.0, 1.0), ["delta"])["delta"].standard_error > 1e-6
