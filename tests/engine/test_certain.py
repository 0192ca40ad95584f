"""What pays the same on every path: exact where nothing else can happen, bounded by its chance where something can."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

import likelihood_greeks as lg

DAY, DATES = 1.0 / 365.0, (1.0 / 365.0, 0.25, 0.5, 1.0)
GREEKS = ("price", "delta", "gamma", "vega", "rho", "theta")
EXACT = 102.0 * np.exp(-0.03 * DAY)


def law(deviations):
    """The spot lies so many standard deviations of a day above the call level."""
    return lg.GBM(spot=100.0 * np.exp(0.2 * np.sqrt(DAY) * deviations), volatility=0.2, rate=0.03)


def found(model, payoff=None, controls="auto", paths=4096):
    note = payoff or lg.Autocallable(100.0, DATES, 100.0, 0.02, knock_in=60.0)
    own = model.parameters
    greeks = [name for name in GREEKS[1:] if name != "vega" or "volatility" in own]
    return lg.greeks(model, note, greeks, paths=paths, seed=1, controls=controls, executor="serial").estimates


@pytest.mark.parametrize("controls", ["auto", "scores", "none"])
def test_a_note_that_is_surely_called_tomorrow_is_exact_and_not_marked(controls):
    own = found(law(38.0), controls=controls)
    assert own["price"].value == pytest.approx(EXACT, rel=1e-14)
    assert own["price"].standard_error < 1e-10
    assert not any(estimate.note for estimate in own.values())
    if controls != "none":
        assert own["rho"].value == pytest.approx(-DAY * EXACT, abs=1e-9)
        assert own["theta"].value == pytest.approx(0.03 * EXACT, abs=1e-6)
        assert abs(own["delta"].value) < 1e-9


@pytest.mark.parametrize("controls", ["auto", "scores"])
def test_one_that_may_go_on_though_no_path_does_has_an_error_of_that_chance(controls):
    """At five deviations: one path in 3.5 million goes on, and loses at most the coupon and 40 of 100."""
    own = found(law(5.0), controls=controls)["price"]
    assert 1e-9 < own.standard_error < 42.0 * np.sqrt(norm.cdf(-5.0) / 4096) * 4.0
    assert abs(own.value - EXACT) < 42.0 * norm.cdf(-5.0)


MEDIAN = lg.GBM(spot=100.0, volatility=0.2, rate=0.03, dividend_yield=0.01)  # its median stays at 100


def in_pairs(payoff, seed=1, **settings):
    return lg.greeks(MEDIAN, payoff, ["delta", "vega"], paths=8192, seed=seed, sampling="antithetic", **settings)


@pytest.mark.parametrize("controls", ["auto", "none"])
@pytest.mark.parametrize("maturity", [DAY, 1.0])
def test_a_digital_at_the_median_pays_once_on_every_antithetic_pair(maturity, controls):
    for seed in range(3):
        own = in_pairs(lg.DigitalCall(100.0, maturity), seed, controls=controls)
        assert own["price"].value == pytest.approx(0.5 * np.exp(-0.03 * maturity), rel=1e-13)
        assert not any(estimate.note for estimate in own.estimates.values())
        delta = norm.pdf(0.0) * np.exp(-0.03 * maturity) / (100.0 * 0.2 * np.sqrt(maturity))
        assert abs(own["delta"].value - delta) < 4.0 * own["delta"].standard_error < 0.2 * delta


@pytest.mark.parametrize("strike", [100.0 + 1e-9, 99.999, 100.05])
def test_one_beside_it_is_not_certain_and_says_so(strike):
    price = in_pairs(lg.DigitalCall(strike, 1.0))["price"]
    exact = np.exp(-0.03) * norm.cdf(np.log(100.0 / strike) / 0.2)
    assert price.note or abs(price.value - exact) < 4.0 * price.standard_error


def test_a_price_whose_pairs_cancel_is_certain_but_not_the_greeks_of_its_rare_payments():
    """Pairs cancel from four deviations on, where no path is: the price is 0, the delta is not."""
    up, down = 100.0 * np.exp(0.8), 100.0 * np.exp(-0.8)
    own = in_pairs(lg.Payoff(lambda s: 1.0 * (s[-1] > up) - 1.0 * (s[-1] < down), [1.0]), controls="none")
    assert own["price"].value == 0.0
    assert not own["price"].note
    delta = 2.0 * norm.pdf(4.0) * np.exp(-0.03) / (100.0 * 0.2)
    assert own["delta"].note or abs(own["delta"].value - delta) < 4.0 * own["delta"].standard_error
    beside = in_pairs(lg.Payoff(lambda s: 1.0 * (s[-1] > up) - 1.0 * (s[-1] < 0.99 * down), [1.0]), controls="none")
    assert beside["price"].note or beside["price"].standard_error > 1e-6


def test_under_a_law_whose_spots_are_not_lognormal_nothing_is_certain():
    """However far from the level: deviations of a sample do not bound what a hidden variance can do.

    Such notes were once held for certain under Heston at 24 deviations.
    """
    heston = lg.Heston(spot=150.0, initial_variance=0.04, mean_reversion=1.5, long_run_variance=0.04, vol_of_vol=0.5,
                       correlation=-0.6, rate=0.03)  # fmt: skip
    for controls in ("auto", "none"):
        assert found(heston, paths=1024, controls=controls)["price"].note


DAYS = tuple(0.00125 * day for day in range(1, 17))


def falling(time, spot):
    """A local volatility of 5 % that turns into 140 % below 97."""
    return 0.05 + 0.675 * (1.0 - np.tanh((spot - 97.2) / 0.5))


def rising(time, spot):
    """The same above 103."""
    return 0.05 + 0.675 * (1.0 + np.tanh((spot - 102.8) / 0.5))


def crash(level, seed, controls="auto"):
    """10,000 if the spot ends below a level, else 1."""
    law = lg.LocalVolatility(spot=100.0, volatility=falling, steps=DAYS)
    payoff = lg.Payoff(lambda spot: np.where(spot[-1] < level, 1e4, 1.0), times=DAYS[-1:])
    return lg.greeks(law, payoff, ["delta"], paths=8192, seed=seed, controls=controls, executor="serial").estimates


def chance(level, spot=100.0, volatility=falling, ends=(60.0, 105.0), cells=1201):
    """That the spot ends below a level: transitions on a grid of log-spots, whose cells' own variance is taken off."""
    grid, width = np.linspace(*np.log(ends), cells, retstep=True)
    edges = np.array([-np.inf, *(grid[1:] - 0.5 * width), np.inf])
    variance = volatility(0.0, np.exp(grid)) ** 2 * DAYS[0]
    middle, deviation = grid - 0.5 * variance, np.sqrt(variance - width**2 / 12.0)
    moves = np.diff(norm.cdf((edges - middle[:, None]) / deviation[:, None]), axis=1)
    below = norm.cdf((np.log(level) - middle) / np.sqrt(variance))
    for _ in DAYS[1:]:
        below = moves @ below
    return np.interp(np.log(spot), grid, below)


@pytest.mark.parametrize(("level", "seed"), [(75.0, 3), (80.0, 1)])
def test_no_number_is_exact_where_a_volatility_that_no_path_has_met_may_carry_the_spot_away(level, seed):
    """At 30 deviations of the sample and more: a chance of some in a million, which the price feels by its size."""
    exact, own = 1.0 + 9999.0 * chance(level), crash(level, seed)
    assert exact > 1.01
    assert all(estimate.note or estimate.standard_error > 1e-6 for estimate in own.values())
    assert abs(own["price"].z_score(exact)) < 4.0
    assert own["price"].standard_error < 0.3 * (exact - 1.0)
    assert crash(level, seed, controls="none")["price"].note


def test_a_function_that_nobody_can_follow_stays_in_doubt():
    opaque = lg.Payoff(lambda spot: np.array([102.0 if float(s) > 20.0 else 0.0 for s in spot[0]]), times=(DAY,))
    assert "no variation" in found(law(38.0), opaque, controls="scores")["price"].note


@pytest.mark.parametrize("controls", ["auto", "none"])
@pytest.mark.parametrize("sampling", ["pseudo", "sobol"])
def test_what_varies_by_rounding_alone_does_not_vary(sampling, controls):
    """Sums that end in the same number but for its last bits: once exact to 1e-12 without a mark."""
    rounded = lg.Payoff(lambda spot: np.where(spot[0] > 20.0, 34.0 * spot[0] * 3.0 / spot[0], 0.0), times=(DAY,))
    drawn = rounded(law(38.0).spot * np.linspace(0.9, 1.1, 99)[None])
    assert 0.0 < np.ptp(drawn) < 1e-12
    heston = lg.Heston(spot=150.0, initial_variance=0.04, mean_reversion=1.5, long_run_variance=0.04, vol_of_vol=0.5,
                       correlation=-0.6, rate=0.03)  # fmt: skip
    options = {"paths": 4096, "seed": 1, "controls": controls, "sampling": sampling, "executor": "serial"}
    own = lg.greeks(heston, rounded, [], **options)["price"]
    assert "no variation" in own.note
    own = lg.greeks(law(38.0), rounded, [], **options)["price"]  # normal, and followed: certain
    assert not own.note
    assert own.value == pytest.approx(EXACT, rel=1e-14)
    assert own.standard_error < 1e-10


def test_a_rare_payoff_that_a_known_price_explains_on_the_few_paths_that_pay_is_exact_without_a_mark():
    heston = lg.Heston(spot=100.0, initial_variance=0.04, mean_reversion=1.5, long_run_variance=0.04, vol_of_vol=0.6,
                       correlation=-0.7, rate=0.03)  # fmt: skip
    digital = lg.DigitalPut(30.0, 1.0)
    payoff = lg.Payoff(lambda spot: 1.0 * (spot[-1] < 30.0), times=lg.schedule(1.0, 4))
    own = lg.greeks(heston, payoff, [], paths=4096, seed=7, executor="serial")["price"]
    assert own.value == pytest.approx(lg.greeks(heston, digital, [], closed_form=True)["price"].value, rel=1e-12)
    assert own.standard_error < 1e-14
    assert not own.note


@pytest.mark.parametrize("controls", ["auto", "none"])
def test_in_a_book_neither_the_trade_nor_its_net_is_marked(controls):
    note = {"trade_id": "called", "underlying": "X", "product": "autocallable", "quantity": 10, "coupon": "2%",
            "strike": 100, "maturity": "2026-01-02", "frequency": "2025-01-03;2025-07-02;2026-01-02"}  # fmt: skip
    market = {"valuation_date": "2025-01-02", "underlyings": {"X": {
        "spot": 150.0, "zero_rate": 0.03, "implied_volatility": 0.2}}}  # fmt: skip
    frame = lg.risk(pd.DataFrame([note]), market, ["delta", "rho"], paths=4096, seed=1, controls=controls)
    assert (frame["note"] == "").all()
    rows = frame.set_index(["trade_id", "greek"])
    assert rows.loc[("called", "price"), "position_value"] == pytest.approx(10.0 * EXACT, rel=1e-14)


@pytest.mark.slow
def test_a_delta_made_on_paths_that_no_run_has_met_is_not_exactly_zero():
    """A relaxed jump leaves nothing of it but on paths within its width: once it said 0 ± 1e-10 here, unmarked."""
    law = lg.LocalVolatility(spot=100.0, volatility=rising, steps=DAYS)
    payoff = lg.Payoff(lambda spot: np.where(spot[-1] > 125.0, 1e4, 1.0), times=DAYS[-1:])
    below, above = (chance(125.0, spot, rising, (95.0, 167.0)) for spot in (99.8, 100.2))
    exact = 9999.0 * (below - above) / 0.4
    for seed in (5, 17):
        own = lg.greeks(law, payoff, ["delta"], paths=8192, seed=seed, executor="serial")["delta"]
        assert not own.note
        assert own.standard_error < 0.35 * exact
        assert abs(own.z_score(exact)) < 4.0
        assert abs(own.value) > 3.0 * own.standard_error
