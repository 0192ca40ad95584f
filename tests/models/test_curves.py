"""One rule for curves: the same nodes under every law, a shift of quoted nodes, and Heston's law on curves."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import integrate

import likelihood_greeks as lg
from likelihood_greeks.models.adaptor import moved
from likelihood_greeks.numerics.differences import five_point
from likelihood_greeks.parameters import TIME
from tests.support.gates import assert_estimates, draw

TIMES, RATES = (0.25, 0.5, 1.0, 2.0), (0.10, 0.09, 0.06, 0.03)
YIELD_TIMES, YIELDS = (0.4, 2.0), (0.01, 0.035)
CURVES = lg.Curves(times=TIMES, zero_rates=RATES, dividend_times=YIELD_TIMES, dividend_yields=YIELDS)
HESTON = lg.Heston(
    spot=97.0, initial_variance=0.05, mean_reversion=1.7, long_run_variance=0.04, vol_of_vol=0.45, correlation=-0.6,
    rate=RATES[0], dividend_yield=YIELDS[0], curves=CURVES,
)  # fmt: skip
BLACK = lg.TermStructureGBM(
    spot=97.0, times=TIMES, zero_rates=RATES, dividend_times=YIELD_TIMES, dividend_yields=YIELDS,
    volatility_times=(0.3, 1.1, 2.5), volatilities=(0.31, 0.26, 0.24),
)  # fmt: skip
DATES = (0.1, 0.35, 0.8, 1.6)


def on_curve(t, nodes=TIMES, rates=RATES):
    """The rule, from its statement: discount factors are log-linear between nodes, the zero rate flat before."""
    nodes, rates = np.array(nodes), np.array(rates)
    if t <= nodes[0]:
        return rates[0] * t
    k = np.searchsorted(nodes, t) - 1
    forward = (rates[k + 1] * nodes[k + 1] - rates[k] * nodes[k]) / (nodes[k + 1] - nodes[k])
    return rates[k] * nodes[k] + forward * (t - nodes[k])


@pytest.mark.parametrize("model", [BLACK, HESTON])
@pytest.mark.parametrize("t", [0.07, 0.25, 0.33, 0.4, 1.0, 1.7, 2.0])
def test_discounts_and_forwards_follow_the_curves_before_between_and_on_their_nodes(model, t):
    rate, carried = on_curve(t), on_curve(t) - on_curve(t, YIELD_TIMES, YIELDS)
    assert model.discount(t) == pytest.approx(np.exp(-rate), rel=1e-13)
    assert model.forward(t) == pytest.approx(97.0 * np.exp(carried), rel=1e-13)


@pytest.mark.parametrize("model", [BLACK, HESTON])
def test_nothing_is_known_beyond_the_shortest_curve(model):
    with pytest.raises(ValueError, match=r"times must lie on the curves, which end at 2 years, got 2\.1"):
        model.forward(2.1)


def test_a_shift_of_volatility_moves_every_quoted_node_and_no_date_in_between():
    h = 1e-4
    up, down = (replace(BLACK, volatilities=tuple(v + s for v in BLACK.volatilities)) for s in (h, -h))
    call = BLACK.vanilla_jets(95.0, 0.7)[1]
    bumped = (up.vanilla_jets(95.0, 0.7)[1].value - down.vanilla_jets(95.0, 0.7)[1].value) / (2 * h)
    assert float(call.derivative("volatility")) == pytest.approx(bumped, rel=1e-7)
    variance = float(BLACK._variance(np.array(0.7)).value)
    every_date = float(bumped / (2 * 0.7 * np.sqrt(variance / 0.7))) * 2 * np.sqrt(variance * 0.7)
    interpolated = np.interp(0.7, (0.3, 1.1), (0.31 * 0.3, 0.26 * 1.1)) / np.sqrt(variance * 0.7)
    assert interpolated != pytest.approx(every_date / bumped, rel=1e-3)  # another number than a shift of every date


@pytest.mark.parametrize("name", ["spot", "correlation", "rate", "dividend_yield"])
def test_scores_of_heston_on_curves_are_derivatives_of_its_log_density(name):
    paths = draw(HESTON, DATES, n_paths=60)
    score = HESTON.score(paths, [name])[0]
    step = 1e-4 * max(abs(getattr(HESTON, name)), 0.1)
    found = five_point(lambda s: moved(HESTON, s).log_density(paths), (name,), {name: step})
    np.testing.assert_allclose(score, found, rtol=1e-5, atol=1e-6 * score.std())


def test_elapsed_time_leaves_the_curves_of_heston_in_the_calendar():
    later = HESTON.later(0.05)
    for t in (0.2, 0.7, 1.9):
        forward = HESTON.forward(t) * np.exp(-0.05 * (RATES[0] - YIELDS[0]))
        assert later.forward(t - 0.05) == pytest.approx(forward, rel=1e-13)
    for jet in (lambda m, t: m.forward_jet(np.asarray(t)), lambda m, t: m.vanilla_jets(90.0, t)[1]):
        found = five_point(lambda s, jet=jet: jet(HESTON.later(s[TIME]), 1.6 - s[TIME]).value, (TIME,), {TIME: 1e-3})
        assert float(jet(HESTON, 1.6).derivative(TIME)) == pytest.approx(float(found), rel=1e-6)
    with pytest.raises(ValueError, match="elapsed must be before the first node"):
        HESTON.later(0.25)


def test_european_under_heston_on_curves_is_the_one_with_the_rates_to_its_date():
    t, exact = (
        1.6,
        replace(HESTON, curves=None, rate=on_curve(1.6) / 1.6, dividend_yield=on_curve(1.6, YIELD_TIMES, YIELDS) / 1.6),
    )
    for curved, flat in zip(HESTON.vanilla_jets(90.0, t), exact.vanilla_jets(90.0, t), strict=True):
        for name in (*HESTON.parameters, "value"):
            a, b = ((jet.value if name == "value" else jet.derivative(name)) for jet in (curved, flat))
            assert float(a) == pytest.approx(float(b), rel=1e-9, abs=1e-9)
    put = lg.greeks(HESTON, lg.DigitalPut(90.0, t), ["delta", "rho", "vega"], paths=20_000, seed=4)
    for greek in ("price", "delta", "rho", "vega"):
        reference = lg.greeks(exact, lg.DigitalPut(90.0, t), ["delta", "rho", "vega"], paths=20_000, seed=4)[
            greek
        ].value
        assert put[greek].value == pytest.approx(reference, rel=1e-6)


def test_martingale_and_forward_start_under_heston_on_steep_curves_and_flat_rates_would_be_noticed():
    forward = lg.Payoff(lambda spot: spot[2] / spot[0], times=DATES[:3])
    exact = np.exp(-on_curve(0.8)) * HESTON.forward(0.8) / HESTON.forward(0.1)  # rates only multiply the spot
    found = lg.greeks(HESTON, forward, ["rho"], paths=40_000, seed=2)["price"]
    assert_estimates(found, exact, 0.002)
    flat = replace(HESTON, curves=None, rate=on_curve(0.8) / 0.8)
    with pytest.raises(AssertionError):
        assert_estimates(lg.greeks(flat, forward, ["rho"], paths=40_000, seed=2)["price"], exact, 0.002)


def test_geometric_average_on_curves_agrees_with_quadrature():
    dates = np.array(DATES)
    mean = np.mean([np.log(BLACK.forward(t)) - 0.5 * float(BLACK._variance(np.array(t)).value) for t in DATES])
    variances = np.diff([float(BLACK._variance(np.array(t)).value) for t in DATES], prepend=0.0)
    shares = np.arange(len(dates), 0, -1) / len(dates)
    deviation = np.sqrt(np.sum(shares**2 * variances))

    def payment(z):
        return max(np.exp(mean + deviation * z) - 95.0, 0.0) * np.exp(-0.5 * z * z) / np.sqrt(2 * np.pi)

    exact = BLACK.discount(1.6) * integrate.quad(payment, (np.log(95.0) - mean) / deviation, 9.0)[0]
    asian = lg.Asian(95.0, DATES, kind="call", average="geometric")
    assert_estimates(lg.greeks(BLACK, asian, ["delta"], paths=40_000, seed=3)["price"], exact, 0.05)
