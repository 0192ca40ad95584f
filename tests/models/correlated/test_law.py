"""Several correlated assets: what is refused, names, Greeks against closed forms and quadrature, one asset alone."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import likelihood_greeks as lg
from likelihood_greeks.models.correlated import correlations
from likelihood_greeks.models.tilted import TiltedCurves
from likelihood_greeks.parameters import requested
from likelihood_greeks.streams.brownian_bridge import bridged
from likelihood_greeks.streams.chunks import Chunk
from tests.support import three_assets
from tests.support import two_assets as reference
from tests.support.gates import UNEVEN, assert_estimates, draw
from tests.support.two_assets import two

RATE = 0.03
CURVE = lg.TermStructureGBM(
    spot=93.0, times=[0.5, 2.0], zero_rates=[RATE, RATE], dividend_yields=[0.01, 0.02], volatilities=[0.3, 0.25]
)


def flat(**terms):
    return lg.GBM(**{"spot": 100.0, "volatility": 0.2, "rate": RATE, **terms})


# -- what is refused -----------------------------------------------------------------------------------------------


def test_a_matrix_that_is_not_positive_definite_is_refused_with_its_distance_and_the_nearest():
    three = {("A", "B"): 0.9, ("A", "C"): 0.9, ("B", "C"): -0.5}
    with pytest.raises(ValueError, match=r"smallest eigenvalue is -0\.5471.* 0\.675 away.*B,C -0\.26"):
        lg.CorrelatedGBM({name: flat() for name in "ABC"}, correlation=three)
    near = correlations.nearest(correlations.matrix(tuple(three.items()), "ABC"))
    assert np.linalg.eigvalsh(near)[0] > 0.0
    lg.CorrelatedGBM({name: flat() for name in "ABC"}, correlation=pd.DataFrame(near, [*"ABC"], [*"ABC"]))
    np.testing.assert_allclose(correlations.nearest(np.eye(3)), np.eye(3))


@pytest.mark.parametrize(
    ("members", "given", "match"),
    [
        ({}, {}, "at least one"),
        ({"A": flat(), "B": flat()}, {}, "be given for A,B"),
        ({"A": flat(), "B": flat()}, {("A", "C"): 0.5}, "pairs of A, B"),
        ({"A": flat(), "B": flat()}, {("A", "B"): 1.0}, "between -1 and 1"),
        ({"A": flat(), "B": flat()}, {("A", "B"): 0.5, ("B", "A"): 0.4}, "given once"),
        ({"A": flat(), "B": flat(rate=0.04)}, {("A", "B"): 0.5}, "discount as 'A' does"),
        ({"A,B": flat()}, {}, "without brackets"),
        ({"A": flat(), "B": CURVE}, pd.DataFrame(np.eye(2), ["A", "C"], ["A", "C"]), "on both axes"),
    ],
)
def test_bad_members_and_correlations_are_refused(members, given, match):
    with pytest.raises(ValueError, match=match):
        lg.CorrelatedGBM(members, correlation=given)


def test_what_is_no_law_of_one_asset_is_refused():
    heston = lg.Heston(
        spot=1.0, initial_variance=0.04, mean_reversion=1.0, long_run_variance=0.04, vol_of_vol=0.3, correlation=-0.5
    )
    with pytest.raises(TypeError, match="GBM or TermStructureGBM"):
        lg.CorrelatedGBM({"A": heston}, correlation={})


def test_one_discount_curve_in_two_forms_is_one():
    law = lg.CorrelatedGBM({"A": flat(), "B": CURVE}, correlation={("B", "A"): 0.4})
    assert law.correlation == ((("A", "B"), 0.4),)
    assert law.discount(1.3) == pytest.approx(np.exp(-1.3 * RATE))


# -- names ---------------------------------------------------------------------------------------------------------


def test_curves_that_end_within_a_year_are_compared_where_both_know_something():
    def tilted(times, rates):
        own = lg.TermStructureGBM(
            spot=1.0, times=times, zero_rates=rates, dividend_yields=[0.0] * len(times), volatilities=[0.2] * len(times)
        )
        ones = [1.0] * len(times)
        return TiltedCurves(curves=own, spot=93.0, rate_tilt=ones, yield_tilt=ones, volatility_tilt=ones)

    short = tilted([0.25, 0.5], [RATE, RATE])
    law = lg.CorrelatedGBM(
        {"A": short, "B": flat(), "C": CURVE}, dict.fromkeys([("A", "B"), ("A", "C"), ("B", "C")], 0.4)
    )
    assert law.discount(0.5) == pytest.approx(np.exp(-0.5 * RATE))
    later = tilted([0.25, 3.0], [RATE, 0.05])  # alike to the end of the short one's first node only
    for members in ({"A": short, "B": later}, {"A": later, "B": short}, {"A": later, "B": flat()}):
        with pytest.raises(ValueError, match=r"members\['B'\] must discount as 'A' does \(to (0.5|3) years"):
            lg.CorrelatedGBM(members, {("A", "B"): 0.4})


def test_bare_names_stand_for_every_asset_and_pair():
    law = lg.CorrelatedGBM({"A": flat(), "B": flat(), "C": flat()}, correlation=pd.DataFrame(
        0.3 + 0.7 * np.eye(3), [*"ABC"], [*"ABC"]))  # fmt: skip
    assert [*requested(["delta", "cross_gamma", "rho", "correlation"], law)] == [
        "price", "delta[A]", "delta[B]", "delta[C]", "cross_gamma[A,B]", "cross_gamma[A,C]", "cross_gamma[B,C]", "rho",
        "correlation[A,B]", "correlation[A,C]", "correlation[B,C]",
    ]  # fmt: skip
    together = requested(["parallel_correlation"], law)["parallel_correlation"]
    assert together == {(f"correlation[{pair}]",): 1.0 for pair in ("A,B", "A,C", "B,C")}
    assert len(requested([("spot", "volatility")], law)) == 1 + 9
    assert len(requested([("spot", "spot")], law)) == 1 + 6
    with pytest.raises(ValueError, match="greek must be one of"):
        requested(["delta[D]"], law)
    assert {"delta[A]", "cross_gamma[A,B]", "vega[C]", "theta"} < {*requested(None, law)}


def test_frames_have_columns_for_the_greek_and_the_asset():
    result = lg.greeks(two(0.5), lg.Exchange("A", "B", 1.0), ["delta", "cross_gamma", "rho", ("spot", "volatility")],
                       paths=128, seed=1)  # fmt: skip
    frame = result.to_frame()
    assert [*frame["greek"]] == ["price", "delta", "delta", "cross_gamma", "rho", *["spot:volatility"] * 4]
    assert [*frame["asset"]] == ["", "A", "B", "A,B", "", "A,A", "A,B", "B,A", "B,B"]
    assert (frame["bucket"] == "").all()
    compared = lg.pathwise(two(0.5), lg.Exchange("A", "B", 1.0), ["delta"], paths=128, seed=1).to_frame()
    assert [*compared["asset"]] == ["", "A", "B"]
    with pytest.raises(ValueError, match="buckets must hold Greeks of curves"):
        lg.greeks(two(0.5), lg.Exchange("A", "B", 1.0), ["vega"], paths=128, seed=1, buckets=["vega"])


@pytest.mark.slow
def test_pictures_are_of_one_asset_and_of_the_law_s_order():
    law, axes = two(0.5), {"spot[A]": [95.0, 105.0]}
    payoff = lg.WorstOf(lg.Call(1.0, 1.0), {"B": 95.0, "A": 100.0})
    with pytest.raises(ValueError, match=r"greek must be one, as delta\[A\]"):
        lg.plot_greek(law, payoff, "delta", axes)
    over = {"time": [0.0, 0.2]}
    named, placed = (
        lg.plot_greek(law, each, "delta[B]", over, paths=1024, seed=1).lines[0].get_ydata()
        for each in (payoff, lg.WorstOf(lg.Call(1.0, 1.0), [100.0, 95.0]))
    )
    np.testing.assert_array_equal(named, placed)


# -- one asset, and factors ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("one", [flat(dividend_yield=0.01), CURVE])
def test_the_law_of_one_asset_is_the_case_of_one_asset(one):
    several = lg.CorrelatedGBM({"A": one}, correlation={})
    alone, paths = draw(one), draw(several)
    np.testing.assert_allclose(paths.spot[0], alone.spot, rtol=1e-13)
    names = ["spot", "volatility", "dividend_yield", "rate", "time"]
    called = [f"{name}[A]" if name not in ("rate", "time") else name for name in names]
    np.testing.assert_allclose(several.score(paths, called), one.score(alone, names), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(several.log_density(paths), one.log_density(alone), rtol=1e-12)
    pairs = [("spot", "volatility"), ("volatility", "volatility"), ("volatility", "time"), ("rate", "time")]
    theirs = [(called[names.index(a)], called[names.index(b)]) for a, b in pairs]
    np.testing.assert_allclose(several.hessian(paths, theirs), one.hessian(alone, pairs), rtol=1e-9, atol=1e-10)


def test_assets_take_turns_with_the_coordinates_of_sobol_points():
    stream = Chunk(3, 0, 64, "sobol").stream()
    joint = stream.brownians(UNEVEN, 2)
    first, second = (Chunk(3, 0, 64, "sobol").stream().normals(8)[k::2] for k in (0, 1))
    np.testing.assert_array_equal(joint, np.stack([bridged(UNEVEN, first), bridged(UNEVEN, second)]))


def test_log_spots_have_the_correlation_of_the_law():
    law = lg.CorrelatedGBM({"A": flat(), "B": CURVE}, correlation={("A", "B"): -0.45})
    logs = np.log(draw(law, (0.3, 1.1), n_paths=200_000).spot)
    moves = np.diff(logs, axis=1, prepend=0.0)
    found = [np.corrcoef(moves[0, i], moves[1, i])[0, 1] for i in range(2)]
    assert abs(found[0] + 0.45) < 4.0 * (1 - 0.45**2) / np.sqrt(200_000)
    split = 0.45 * (0.3 * 0.2 + np.sqrt((0.25**2 * 2 - 0.3**2 * 0.5) / 1.5) * 0.6) / 0.8  # a node between the dates
    expected = -split * 0.8 / np.sqrt(0.8 * (0.3**2 * 0.2 + (0.25**2 * 2 - 0.3**2 * 0.5) / 1.5 * 0.6))
    assert abs(found[1] - expected) < 4.0 * (1 - 0.45**2) / np.sqrt(200_000)


# -- Greeks against references -------------------------------------------------------------------------------------

GREEKS = ["delta", "gamma", "cross_gamma", "vega", "correlation", "rho", "dividend_rho", "vanna"]


def z_scores(law, payoff, price, paths, seed=3):
    """Errors of all Greeks over their standard errors, and of all Greeks of a law of another correlation."""
    result = lg.greeks(law, payoff, GREEKS, paths=paths, seed=seed)
    exact = {
        label: reference.derivative(law, price, names)
        for label, terms in requested(GREEKS, law).items()
        for names in terms
    }
    assert {*exact} == {*result}
    for label, estimate in result.estimates.items():
        assert estimate.standard_error < 0.25 * max(abs(exact[label]), 0.3 * abs(exact["price"])), label
    rounding = 1e-9 * abs(exact["price"])  # a perfect control leaves no variance at all
    return np.array(
        [(result[label].value - x) / (result[label].standard_error + rounding) for label, x in exact.items()]
    )


@pytest.mark.slow
def test_greeks_of_an_option_to_exchange_and_of_a_call_on_the_worst_are_those_of_their_closed_forms():
    law = two(0.6)
    worst = z_scores(law, lg.WorstOf(lg.Call(90.0, 1.0)), lambda law: reference.call_on_worst(law, 90.0, 1.0), 100_000)
    swap = lg.Exchange("A", "B", 1.0)
    other = z_scores(two(-0.5), swap, lambda law: reference.exchange(law, 1.0), 100_000)
    both = np.concatenate([worst, other])
    assert np.abs(both).max() < 4.0
    wrong = z_scores(two(0.6), swap, lambda law: 1.03 * reference.exchange(law, 1.0), 100_000)
    assert np.abs(wrong).max() > 4.0


@pytest.mark.slow
@pytest.mark.parametrize("correlation", [-0.5, 0.2, 0.95])
def test_greeks_of_a_note_that_is_called_when_both_are_high_are_those_by_quadrature(correlation):
    law = two(correlation)
    payoff = lg.Payoff(called_when_both_are_high, [0.4, 1.0])

    def price(law):
        return reference.note_of_two_dates(law, 0.4, 1.0, (98.0, 97.0), (3.0, 7.0))

    scores = z_scores(law, payoff, price, 100_000)
    assert np.abs(scores).max() < 4.0


@pytest.mark.slow
def test_greeks_of_an_outside_barrier_and_of_outperformance_are_those_of_their_closed_forms():
    law = two(-0.3)
    barrier = lg.Barrier(lg.Call(96.0, 1.0), 93.0, "down", "out", [0.4])
    outside = z_scores(
        law,
        lg.OutsideBarrier(barrier, watched="A", paid="B"),
        lambda law: reference.outside_call(law, 93.0, 0.4, 96.0, 1.0),
        50_000,
    )
    digital = lg.OutperformanceDigital("A", "B", 1.0)
    better = z_scores(two(0.8), digital, lambda law: reference.outperformance(law, 1.0), 50_000)
    assert np.abs(np.concatenate([outside, better])).max() < 4.0


@pytest.mark.slow
def test_errors_are_neither_too_small_nor_too_large():
    law, payoff = two(0.5), lg.Payoff(called_when_both_are_high, [0.4, 1.0])

    def price(law):
        return reference.note_of_two_dates(law, 0.4, 1.0, (98.0, 97.0), (3.0, 7.0))

    asked = ["delta", "cross_gamma", "vega", "correlation"]
    exact = {label: reference.derivative(law, price, next(iter(of))) for label, of in requested(asked, law).items()}
    runs = [lg.greeks(law, payoff, asked, paths=4096, seed=seed) for seed in range(20, 34)]
    scores = np.array([[run[label].z_score(value) for label, value in exact.items()] for run in runs])
    assert 0.7 < (scores**2).mean() < 1.4
    assert (np.abs(scores.mean(axis=0)) < 4.0 / np.sqrt(len(runs))).all()


def called_when_both_are_high(spot):
    high = (spot[0] >= 98.0) & (spot[1] >= 97.0)
    return np.stack([np.where(high[0], 3.0, 0.0), np.where(~high[0] & high[1], 7.0, 0.0)])


@pytest.mark.slow
@pytest.mark.parametrize("correlations", ["low", "high"])
def test_greeks_of_a_digital_on_the_worst_of_three_are_those_by_quadrature(correlations):
    law, named = three_assets.three(correlations), dict(zip("ABC", three_assets.REFERENCE, strict=True))
    digital = lg.WorstOf(lg.DigitalPut(0.9, 1.5), named)
    scores = z_scores(law, digital, lambda law: float(three_assets.digital_put(law, 0.9, 1.5)), 30_000)
    assert np.abs(scores).max() < 4.2  # of 27
    assert 0.1 < (scores**2).mean() < 2.5  # deltas and dividend rhos are one number, and so on
    half, eighth = three_assets.check_normal()
    assert half == pytest.approx(eighth, abs=1e-12)


@pytest.mark.slow
def test_a_worst_of_autocall_on_two_unequal_assets_has_its_greeks_by_quadrature():
    """Called at 100 of both; below the barrier at the end the worst is paid. Ten numbers, by nested quadrature."""
    law = lg.CorrelatedGBM(
        {"A": lg.GBM(spot=100.0, volatility=0.25, rate=0.03, dividend_yield=0.02),
         "B": lg.GBM(spot=95.0, volatility=0.35, rate=0.03, dividend_yield=0.01)}, {("A", "B"): 0.5},
    )  # fmt: skip
    quarters = [0.25, 0.5, 0.75, 1.0]
    barrier = np.exp(-0.36)
    call = lg.Autocallable(1.0, quarters, coupon=0.02, knock_in=barrier, knock_in_times=[1.0], notional=100.0)
    exact = {"price": 89.91817, "delta[A]": 0.217630, "delta[B]": 0.428277, "gamma[A]": -0.016495,
             "gamma[B]": -0.018680, "cross_gamma[A,B]": 0.0068268,
             "vega[A]": -20.3270, "vega[B]": -36.1562, "correlation[A,B]": 4.02785,
             "rho": -13.4868}  # fmt: skip
    result = lg.greeks(law, lg.WorstOf(call, [100.0, 100.0]), [*exact][1:], paths=60_000, seed=2)
    for name, value in exact.items():
        assert result[name].standard_error < 0.04 * abs(value), name
        assert abs(result[name].value - value) < 4.0 * result[name].standard_error, name
    assert abs(result["vega[A]"].value - exact["vega[B]"]) > 10.0 * result["vega[A]"].standard_error  # negative control


def test_published_prices_of_calls_on_the_worst():
    """QuantLib's test suite (basketoption.cpp): K = S = 100, r 5 %, volatilities 30 %, a year."""
    for correlation, price in ((0.9, 10.898), (0.5, 6.844), (0.1, 4.413)):
        law = lg.CorrelatedGBM({name: flat(volatility=0.3, rate=0.05) for name in "AB"}, {("A", "B"): correlation})
        assert reference.call_on_worst(law, 100.0, 1.0) == pytest.approx(price, abs=1e-3)
        result = lg.greeks(law, lg.WorstOf(lg.Call(100.0, 1.0)), ["rho"], paths=8192, seed=5)
        assert_estimates(result["price"], reference.call_on_worst(law, 100.0, 1.0), 0.06)


def test_published_prices_of_puts_on_the_worst_and_of_the_right_to_exchange():
    """QuantLib's test suite (basketoption.cpp, margrabeoption.cpp): the puts of the same law, and 22 against 20."""
    for correlation, price in ((0.9, 11.369), (0.7, 12.856), (0.5, 13.890), (0.3, 14.741), (0.1, 15.485)):
        law = lg.CorrelatedGBM({name: flat(volatility=0.3, rate=0.05) for name in "AB"}, {("A", "B"): correlation})
        found = lg.greeks(law, lg.WorstOf(lg.Put(100.0, 1.0)), [], paths=4096, seed=5)["price"]
        assert found.standard_error < 0.05
        assert abs(found.z_score(price)) < 4.0
        assert abs(found.z_score(price + 0.5)) > 4.0
    law = lg.CorrelatedGBM(
        {"A": lg.GBM(spot=22.0, volatility=0.2, rate=0.1, dividend_yield=0.06),
         "B": lg.GBM(spot=20.0, volatility=0.2, rate=0.1, dividend_yield=0.04)}, {("A", "B"): 0.5},
    )  # fmt: skip
    found = lg.greeks(law, lg.Exchange("A", "B", 0.5), ["delta", "gamma"], closed_form=True)
    published = {"price": 2.231, "delta[A]": 0.728, "delta[B]": -0.689, "gamma[A]": 0.099, "gamma[B]": 0.120}
    for name, value in published.items():
        assert found[name].value == pytest.approx(value, abs=1e-3), name


def test_scenarios_explain_and_compare_know_several_assets():
    law, payoff = two(0.5), lg.WorstOf(lg.Call(90.0, 1.0))
    moves = {"spot[A]": 101.0, "correlation[A,B]": 0.52}
    frame = lg.explain(law, moves, payoff, paths=8192, seed=1)
    exact = reference.call_on_worst(two(0.52, (101.0, 95.0)), 90.0, 1.0) - reference.call_on_worst(law, 90.0, 1.0)
    total = frame.loc["total"]
    assert abs(total["value"] - exact) < 4.0 * total["standard_error"] < 0.1 * exact
    found = lg.scenarios(law, payoff, {"spot[B]": [80.0, 110.0]}, greeks=["delta[A]"], paths=8192, seed=1).to_frame()
    for spot, row in found.iterrows():
        there = two(0.5, (100.0, spot if np.isscalar(spot) else spot[0]))
        assert abs(row["price"] - reference.call_on_worst(there, 90.0, 1.0)) < 4.0 * row["price_standard_error"] < 1.0
    methods = lg.compare(law, payoff, ["delta[B]"], paths=4096, seed=1).loc["delta[B]"]
    expected = reference.derivative(law, lambda law: reference.call_on_worst(law, 90.0, 1.0), ("spot[B]",))
    assert (np.abs(methods["value"] - expected) < 4.0 * methods["standard_error"]).all()


@pytest.mark.slow
def test_thirty_assets_have_controls_that_pay():
    names = [f"S{i}" for i in range(30)]
    loads = np.linspace(0.4, 0.8, 30)
    matrix = np.outer(loads, loads) + np.diag(1.0 - loads**2)
    law = lg.CorrelatedGBM(
        {name: flat(spot=90.0 + i, volatility=0.15 + 0.01 * i) for i, name in enumerate(names)},
        correlation=pd.DataFrame(matrix, names, names),
    )
    options = {"paths": 4096, "seed": 3}
    basket = lg.Basket(lg.Asian(100.0, [0.5, 1.0]))
    result = lg.greeks(law, basket, ["delta", "vega[S3]", "parallel_correlation"], **options)
    assert result["delta[S29]"].variance_ratio > 1000.0
    assert result["vega[S3]"].variance_ratio > 20.0
    assert result["parallel_correlation"].variance_ratio > 50.0
    plain = lg.greeks(law, basket, ["delta"], controls="none", **options)
    for label, estimate in plain.estimates.items():
        assert abs(estimate.value - result[label].value) < 4.5 * estimate.standard_error


def test_the_right_to_exchange_has_its_closed_form():
    asked = [*GREEKS, "theta", "volga", ("volatility[A]", "correlation[A,B]")]
    for give, receive, law in (("B", "A", two(0.6)), ("A", "B", two(-0.3))):
        found = lg.greeks(law, lg.Exchange(receive, give, 1.0), asked, seed=1, closed_form=True)
        assert found.method == "closed form"

        def price(law, time=1.0, turned=give == "A"):
            value = reference.exchange(law, time)  # the other way round: F_2 - F_1 more
            forwards, *_, discount = reference.terms(law, time)
            return value + discount * (forwards[1] - forwards[0]) if turned else value

        for label, terms in requested(asked, law).items():
            (names,) = terms
            if "time" in names:
                expected = (price(law, 1.0 - 1e-4) - price(law, 1.0 + 1e-4)) / 2e-4
            else:
                expected = reference.derivative(law, price, names)
            assert found[label].value == pytest.approx(expected, rel=2e-5, abs=1e-6), label
    curved = lg.CorrelatedGBM({"A": flat(), "B": CURVE}, correlation={("A", "B"): 0.4})
    exact = lg.greeks(curved, lg.Exchange("A", "B", 1.0), ["delta", "theta"], seed=1, closed_form=True)
    simulated = lg.greeks(curved, lg.Exchange("A", "B", 1.0), ["delta", "theta"], paths=8192, seed=1)
    for label, estimate in simulated.estimates.items():
        assert abs(estimate.value - exact[label].value) < 4.0 * estimate.standard_error + 1e-9


# -- quantos -------------------------------------------------------------------------------------------------------


def quanto_call(correlation, volatility, fx):
    """A call on a quanto by Black and Scholes: the yield is higher by the drift that the asset has not."""
    own = lg.GBM(spot=100.0, volatility=volatility, rate=RATE, dividend_yield=0.01 + correlation * fx * volatility)
    return lg.greeks(own, lg.Call(105.0, 1.5), [], closed_form=True)["price"].value


def test_a_quanto_has_the_call_of_black_and_scholes_and_its_sensitivities():
    rho, volatility, fx = -0.4, 0.25, 0.12
    law = lg.CorrelatedGBM(
        {"A": flat(volatility=volatility, dividend_yield=0.01), "B": flat()}, {("A", "B"): 0.3}, {"A": (rho, fx)}
    )
    greeks = ["vega[A]", "quanto_correlation[A]", "fx_volatility[A]", "theta"]
    found = lg.greeks(law, lg.On(lg.Call(105.0, 1.5), "A"), greeks, paths=32_768, seed=5)
    h = 1e-4

    def slope(change):
        return (quanto_call(*change(h)) - quanto_call(*change(-h))) / (2.0 * h)

    expected = {
        "price": quanto_call(rho, volatility, fx),
        "vega[A]": slope(lambda x: (rho, volatility + x, fx)),
        "quanto_correlation[A]": slope(lambda x: (rho + x, volatility, fx)),
        "fx_volatility[A]": slope(lambda x: (rho, volatility, fx + x)),
    }
    for name, value in expected.items():
        assert found[name].standard_error < 0.02 * abs(value), name
        assert abs(found[name].value - value) < 4.0 * found[name].standard_error + 1e-8 * abs(value), name
    plain = quanto_call(0.0, volatility, fx)
    assert abs(found["price"].value - plain) > 10.0 * found["price"].standard_error
    np.testing.assert_allclose(law.forward(1.5)[0], 100.0 * np.exp(1.5 * (RATE - 0.01 - rho * fx * volatility)))


def test_bad_quantos_are_refused():
    for given, match in (
        ({"C": (0.1, 0.1)}, "among A, B"),
        ({"A": (1.5, 0.1)}, "-1 and 1"),
        ({"A": (0.1, 0.0)}, "positive"),
    ):
        with pytest.raises(ValueError, match=match):
            lg.CorrelatedGBM({"A": flat(), "B": flat()}, {("A", "B"): 0.3}, given)
    with pytest.raises(TypeError, match="a correlation and a volatility"):
        lg.CorrelatedGBM({"A": flat(), "B": flat()}, {("A", "B"): 0.3}, {"A": 0.1})
    moving = lg.TermStructureGBM(spot=93.0, times=[1.0], zero_rates=[RATE], dividend_yields=[0.0], volatilities=[0.2],
                                 smile=[(-0.001, 0.0)], smile_spot=93.0)  # fmt: skip
    with pytest.raises(ValueError, match="no smile"):
        lg.CorrelatedGBM({"A": moving, "B": flat()}, {("A", "B"): 0.3})


def test_a_law_can_be_made_anew_of_its_own_fields():
    law = lg.CorrelatedGBM(
        {"A": lg.GBM(spot=100.0, volatility=0.2), "B": lg.GBM(spot=5.0, volatility=0.3)}, {("A", "B"): 0.5}
    )
    again = replace(law, members=law.members)
    assert again == law
    assert again.correlation == ((("A", "B"), 0.5),)
    with pytest.raises(TypeError, match="correlation must be a mapping"):
        replace(law, correlation=(0.5,))
