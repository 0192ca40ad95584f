"""Scenario ladders and the explanation of market moves, against closed forms and quadrature."""

from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

import likelihood_greeks as lg
from likelihood_greeks.controls.regression import Products
from likelihood_greeks.models.adaptor import as_path_model
from likelihood_greeks.revaluation.anchors import Trust, trusted
from likelihood_greeks.revaluation.many_points import Averaging, Ladder
from likelihood_greeks.revaluation.reweighting import Point
from likelihood_greeks.streams.chunks import Chunk
from likelihood_greeks.validation import closed_form, quadrature
from tests.support.gates import MODEL, UNEVEN
from tests.support.laws import Bernoulli, Normal

DIGITAL = lg.DigitalCall(strike=97.0, maturity=1.1)
BARRIER = lg.Barrier(lg.Call(90.0, UNEVEN[-1]), 82.0, "down", "out", UNEVEN, rebate=1.5)
GRID = {"spot": [0.9 * 93.0, 91.0, 93.0, 1.1 * 93.0], "volatility": [0.22, 0.27, 0.32]}
HESTON = lg.Heston(
    spot=93.0, initial_variance=0.05, mean_reversion=1.7, long_run_variance=0.06, vol_of_vol=0.4, correlation=-0.6,
    rate=0.043, dividend_yield=0.017,
)  # fmt: skip


def at(model, place):
    return replace(model, **place)


def places(frame):
    return [dict(zip(frame.index.names, np.atleast_1d(key), strict=True)) for key in frame.index]


def z_scores(frame, column, exact):
    """With room for rounding: a perfect control leaves no variance at all."""
    gap = frame[column] - np.asarray(exact)
    return gap / np.hypot(frame[f"{column}_standard_error"], 1e-10 * np.abs(exact).max())


def assert_ladder(frame, price, delta, base, errors):
    """Both gates for price, delta and change at every point; 60 checks, so five standard errors."""
    there = places(frame)
    exact = {"price": [price(p) for p in there], "delta": [delta(p) for p in there]}
    exact["change"] = np.array(exact["price"]) - base
    for column, largest in errors.items():
        assert frame[f"{column}_standard_error"].max() < largest, column
        z = z_scores(frame, column, exact[column])[np.abs(exact[column]) > 1e-12]
        assert np.abs(z).max() < 5.0, column
        wrong = z_scores(frame, column, 1.1 * np.asarray(exact[column]))[np.abs(exact[column]) > 1e-12]
        assert np.abs(wrong).max() > 5.0, column


def test_digital_ladder_agrees_with_closed_form():
    frame = lg.scenarios(MODEL, DIGITAL, GRID, paths=100_000, seed=7).frame
    assert_ladder(
        frame,
        lambda p: closed_form.greek(at(MODEL, p), DIGITAL, "price"),
        lambda p: closed_form.greek(at(MODEL, p), DIGITAL, "delta"),
        closed_form.greek(MODEL, DIGITAL, "price"),
        {"price": 2e-3, "change": 2e-3, "delta": 1e-4},
    )


@pytest.mark.slow
def test_barrier_ladder_agrees_with_quadrature():
    frame = lg.scenarios(MODEL, BARRIER, GRID, paths=100_000, seed=7).frame
    assert_ladder(
        frame,
        lambda p: quadrature.price(at(MODEL, p), BARRIER),
        lambda p: quadrature.greek(at(MODEL, p), BARRIER, "delta").value,
        quadrature.price(MODEL, BARRIER),
        {"price": 0.05, "change": 0.05, "delta": 0.01},
    )
    assert set(frame["method"]) == {"reweighted", "resimulated"}


def heston_check(payoff, grid, sizes, **settings):
    frame = lg.scenarios(HESTON, payoff, grid, seed=7, **settings).frame
    vanilla = lg.Call(payoff.strike, payoff.times[-1]) if isinstance(payoff, lg.Call) else DIGITAL
    assert_ladder(
        frame,
        lambda p: closed_form.greek(at(HESTON, p), vanilla, "price"),
        lambda p: closed_form.greek(at(HESTON, p), vanilla, "delta"),
        closed_form.greek(HESTON, vanilla, "price"),
        sizes,
    )
    return frame


@pytest.mark.slow
def test_heston_ladder_by_the_terminal_law_agrees_with_fourier():
    grid = {"spot": [0.9 * 93.0, 93.0, 1.1 * 93.0], "initial_variance": [0.03, 0.05, 0.075]}
    heston_check(DIGITAL, grid, {"price": 2e-3, "change": 2e-3, "delta": 1e-4}, paths=60_000)


@pytest.mark.slow
def test_heston_ladder_on_paths_agrees_with_fourier():
    """A payoff that looks at two dates and pays for the last: reweighted beneath, redrawn above."""
    digital = lg.Payoff(lambda spot: 1.0 * (spot[-1] > 97.0), times=[0.55, 1.1])
    grid = {"spot": [0.9 * 93.0, 95.0], "initial_variance": [0.035, 0.05, 0.065], "correlation": [-0.7, -0.6]}
    frame = heston_check(digital, grid, {"price": 4e-3, "change": 4e-3, "delta": 3e-4}, paths=60_000)
    assert (frame["effective_samples"] < 60_000).any()
    only_spots = frame.xs(0.05, level="initial_variance")
    assert (only_spots["effective_samples"] == 60_000).all()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["mean_reversion", "long_run_variance", "vol_of_vol", "time"])
def test_heston_ladders_in_what_moves_the_variance(name):
    digital = lg.Payoff(lambda spot: 1.0 * (spot[-1] > 97.0), times=[0.55, 1.1])
    value = 0.02 if name == "time" else 1.04 * getattr(HESTON, name)
    frame = lg.scenarios(HESTON, digital, {name: [value]}, paths=60_000, seed=7, trust=0.2).frame
    if name == "time":
        exact = closed_form.greek(HESTON, lg.DigitalCall(97.0, 1.1 - value), "price")
    else:
        exact = closed_form.greek(at(HESTON, {name: value}), DIGITAL, "price")
    assert frame["method"].iloc[0] == "reweighted"
    assert frame["price_standard_error"].iloc[0] < 4e-3
    assert abs(z_scores(frame, "price", [exact]).iloc[0]) < 4.0


def test_heston_barrier_ladder_meets_a_reference_of_another_method():
    """Down-and-out call, "desk, 12 dates" of benchmarks/heston_reference.csv, from a base some way off."""
    desk = lg.Heston(
        spot=100.0, initial_variance=0.04, mean_reversion=2.0, long_run_variance=0.04, vol_of_vol=0.3,
        correlation=-0.7, rate=0.05, dividend_yield=0.02,
    )  # fmt: skip
    barrier = lg.Barrier(lg.Call(100.0, 1.0), 85.0, "down", "out", lg.schedule(1.0, per_year=12))
    base = at(desk, {"spot": 96.0, "initial_variance": 0.037})
    frame = lg.scenarios(base, barrier, {"spot": [100.0], "initial_variance": [0.04]}, paths=50_000, seed=7).frame
    assert frame["paths_from"].iloc[0] == "base"
    assert frame["price_standard_error"].iloc[0] < 0.06
    assert frame["delta_standard_error"].iloc[0] < 0.012
    assert abs(z_scores(frame, "price", [8.8117191]).iloc[0]) < 4.0
    assert abs(z_scores(frame, "delta", [0.66197443]).iloc[0]) < 4.0


@pytest.mark.parametrize("name", ["rate", "dividend_yield", "time"])
def test_discounting_and_dates_move_with_their_scenario(name):
    values = [0.0, 0.03, 0.06]
    flows = lg.Payoff(lambda spot: np.where(spot > 95.0, 1.0, 0.2), times=UNEVEN)  # paid date by date

    def exact(value):
        law = MODEL if name == "time" else at(MODEL, {name: value})
        elapsed = value if name == "time" else 0.0
        dates = [t - elapsed for t in UNEVEN]
        return sum(
            0.8 * closed_form.greek(law, lg.DigitalCall(95.0, t), "price") + 0.2 * law.discount(t) for t in dates
        )

    frame = lg.scenarios(MODEL, flows, {name: values}, paths=100_000, seed=7).frame
    found = [exact(value) for value in values]
    assert frame["price_standard_error"].max() < 0.01
    assert np.abs(z_scores(frame, "price", found)).max() < 4.0
    if name == "rate":  # the discounting forgotten
        undiscounted = [x * MODEL.discount(1.1) / np.exp(-v * 1.1) for x, v in zip(found, values, strict=True)]
        assert np.abs(z_scores(frame, "price", undiscounted)).max() > 4.0


@dataclass(frozen=True)
class Incomplete:
    """A normal law whose log-density forgets its deviation."""

    mean: float
    deviation: float

    def simulate(self, times, stream):
        return self.mean + self.deviation * stream.normals(len(times))

    def log_density(self, x):
        return (-0.5 * ((x - self.mean) / self.deviation) ** 2).sum(axis=0)


SQUARE = lg.Payoff(lambda x: x[-1] ** 2, times=[1.0])


def test_an_incomplete_log_density_is_seen_and_not_used():
    frame = lg.scenarios(Incomplete(0.3, 1.0), SQUARE, {"deviation": [1.1]}, paths=50_000, seed=7).frame
    assert frame["method"].iloc[0] == "resimulated"
    assert "mean weight" in frame["beyond_trust"].iloc[0]
    assert abs(z_scores(frame, "price", [0.3**2 + 1.1**2]).iloc[0]) < 4.0


@pytest.mark.parametrize(("law", "right"), [(Normal(0.3, 1.0), True), (Incomplete(0.3, 1.0), False)])
def test_reweighting_is_right_only_with_the_whole_density(law, right):
    model = as_path_model(law)
    points = tuple(Point(as_path_model(replace(law, deviation=d)), ({(): 1.0},)) for d in (1.0, 1.1))
    ladder = Ladder(SQUARE, points, Trust((0, 0), ("", "")), controlled=False)
    moments = Averaging(ladder)(Chunk(7, 0, 100_000))[1]
    assert model.parameters == ("mean", "deviation")
    assert (abs(moments.mean[0] - (0.3**2 + 1.1**2)) < 4.0 * moments.standard_error[0]) == right


def test_users_laws_have_ladders():
    frame = lg.scenarios(Normal(0.3, 1.0), SQUARE, {"mean": [0.0, 0.5], "deviation": [0.9, 1.1]}, seed=7).frame
    exact = [m * m + d * d for m, d in product([0.0, 0.5], [0.9, 1.1])]
    assert np.abs(z_scores(frame, "price", exact)).max() < 4.0
    assert "delta" not in frame
    heads = lg.Payoff(lambda x: 1.0 * (x.sum(axis=0) >= 2.0), times=[1.0, 2.0, 3.0])
    rare = lg.scenarios(Bernoulli(0.3), heads, {"probability": [0.25, 0.6]}, greeks=["probability"], seed=7).frame
    p = np.array([0.25, 0.6])
    assert np.abs(z_scores(rare, "price", 3 * p**2 - 2 * p**3)).max() < 4.0
    assert np.abs(z_scores(rare, "probability", 6 * p - 6 * p**2)).max() < 4.0


def test_beyond_the_trust_region_paths_are_drawn_anew():
    far = {"spot": [93.0, 60.0, 140.0], "volatility": [0.27, 0.6]}
    ladder = lg.scenarios(MODEL, DIGITAL, far, paths=60_000, seed=7)
    frame = ladder.frame
    beyond = frame.loc[(93.0, 0.6)]
    assert beyond["method"] == "resimulated"
    assert "effective" in beyond["beyond_trust"]
    assert beyond["paths_from"] == "spot = 93, volatility = 0.6"
    assert frame.loc[(60.0, 0.27), "beyond_trust"]
    assert frame.loc[(60.0, 0.27), "paths_from"] != "base"
    assert frame.loc[(93.0, 0.27), "paths_from"] == "base"
    assert "resimulated" in ladder.remarks[0]
    exact = [closed_form.greek(at(MODEL, p), DIGITAL, "price") for p in places(frame)]
    assert np.abs(z_scores(frame, "price", exact)).max() < 4.5


def test_weights_that_are_too_wild_would_be_wrong_without_the_rule():
    """The reason for the trust region: far away even the standard error is an illusion."""
    far = Point(at(MODEL, {"spot": 25.0}), ({(): 1.0},))
    near = Point(MODEL, ({(): 1.0},))
    moments = Averaging(Ladder(DIGITAL, (near, far), Trust((0, 0), ("", "")), controlled=False))(Chunk(7, 0, 4096))[1]
    assert abs(moments.mean[-1] - 1.0) > 0.2  # the mean weight
    assert trusted(DIGITAL, (near, far), Chunk(7, 0, 4096, pilot=True), 0.25, 4096).sources == (0, 1)


def test_effective_samples_are_those_of_normals():
    """E[w²] of a shifted normal is exp(shift²); of one widened by s, 1 / (s sqrt(2 - s²)) a date, but for the drift."""
    settings = {"paths": 100_000, "seed": 11, "trust": 0.3}
    spot = lg.scenarios(MODEL, BARRIER, {"spot": [0.95 * 93.0]}, **settings).frame
    exact = np.exp(-(np.log(0.95) ** 2) / (0.27**2 * UNEVEN[0]))
    assert spot["effective_samples"].iloc[0] / 1e5 == pytest.approx(exact, rel=0.02)
    wide = lg.scenarios(MODEL, BARRIER, {"volatility": [1.1 * 0.27]}, **settings).frame
    drift = np.exp(-((0.5 * (1.1**2 - 1.0) * 0.27) ** 2) * UNEVEN[-1] / (2.0 - 1.1**2))
    assert wide["effective_samples"].iloc[0] / 1e5 == pytest.approx((1.1 * np.sqrt(2 - 1.1**2)) ** 4 * drift, rel=0.02)


def test_changes_are_more_precise_than_prices():
    frame = lg.scenarios(MODEL, BARRIER, {"volatility": [0.26, 0.27, 0.28]}, paths=40_000, seed=7).frame
    assert (frame["change_standard_error"] < 0.3 * frame["price_standard_error"]).all()
    assert frame.loc[0.27, "change"] == 0.0


@pytest.mark.parametrize("sampling", ["pseudo", "antithetic"])
@pytest.mark.parametrize("controls", ["scores", "none"])
def test_sampling_and_controls_do_not_matter_for_the_mean(sampling, controls):
    settings = {"paths": 60_000, "seed": 11, "sampling": sampling, "controls": controls}
    frame = lg.scenarios(MODEL, DIGITAL, {"spot": [90.0, 95.0]}, **settings).frame
    for greek in ("price", "delta"):
        exact = [closed_form.greek(at(MODEL, p), DIGITAL, greek) for p in places(frame)]
        assert np.abs(z_scores(frame, greek, exact)).max() < 4.0


@pytest.mark.slow
def test_every_executor_gives_the_same_bits():
    settings = {"paths": 20_000, "seed": 7}
    here = lg.scenarios(MODEL, BARRIER, GRID, **settings).frame
    move = {"spot": 95.0, "volatility": 0.28}
    explained = lg.explain(MODEL, move, BARRIER, **settings)
    for executor in (ThreadPoolExecutor(2), ProcessPoolExecutor(2)):
        with executor:
            pd.testing.assert_frame_equal(here, lg.scenarios(MODEL, BARRIER, GRID, executor=executor, **settings).frame, check_exact=True)  # fmt: skip  # noqa: E501
            again = lg.explain(MODEL, move, BARRIER, executor=executor, **settings)
            pd.testing.assert_frame_equal(explained, again, check_exact=True)


def test_products_of_shared_controls_are_those_of_each_target():
    generator = np.random.default_rng(5)
    controls, targets, weights = generator.normal(size=(3, 50)), generator.normal(size=(2, 50)), generator.random(50)
    shared, each = Products.shared(controls, targets, weights), Products.of(controls, np.zeros((2, 0, 50)), targets, weights)  # fmt: skip  # noqa: E501
    np.testing.assert_allclose(shared.products, each.products)
    np.testing.assert_allclose(shared.sums, each.sums)


def test_log_densities_of_a_family_are_those_of_its_members():
    laws = [at(MODEL, {"spot": 80.0}), at(MODEL, {"volatility": 0.4, "rate": 0.1, "dividend_yield": 0.03})]
    paths = MODEL.simulate(UNEVEN, Chunk(1, 0, 100).stream())
    np.testing.assert_allclose(MODEL.log_densities(laws, paths), [law.log_density(paths) for law in laws])


def test_log_ratios_beneath_and_redrawn_spots_make_up_the_joint_density():
    other = at(HESTON, {"initial_variance": 0.06, "spot": 95.0, "vol_of_vol": 0.45})
    paths = HESTON.simulate(UNEVEN, Chunk(1, 0, 100).stream())
    whole = other._beneath(paths).log_density() - HESTON._beneath(paths).log_density()
    np.testing.assert_allclose(other.log_ratio_beneath(paths, HESTON), whole, atol=1e-8)
    start = at(HESTON, {"initial_variance": 0.06, "rate": 0.1})
    whole = start._beneath(paths).log_density() - HESTON._beneath(paths).log_density()
    np.testing.assert_allclose(start.log_ratio_beneath(paths, HESTON), whole, atol=1e-8)
    assert not at(HESTON, {"correlation": 0.1}).log_ratio_beneath(paths, HESTON).any()
    back = HESTON.redrawn(other.redrawn(paths, HESTON), other)
    np.testing.assert_allclose(back.spot, paths.spot, rtol=1e-10)


@pytest.mark.parametrize(
    ("axes", "error", "words"),
    [
        ({"spott": [90.0]}, ValueError, "axes must name parameters of the model .spot, volatility.*got 'spott'"),
        ({}, ValueError, "axes must name at least one parameter"),
        ({"spot": []}, ValueError, r"axes\['spot'\] must hold at least one value"),
        ({"spot": [90.0, 90.0]}, ValueError, "none twice"),
        ({"spot": 90.0}, TypeError, r"axes\['spot'\] must be a list of numbers, got 90.0"),
        ({"spot": ["90"]}, TypeError, r"axes\['spot'\]\[0\] must be a real number"),
        ({"spot": [90.0], "volatility": [0.2, 0.0]}, ValueError, "spot = 90, volatility = 0.*volatility must be posit"),
        ({"spot": [np.nan]}, ValueError, r"axes\['spot'\]\[0\] must be finite"),
        ({"time": [2.0]}, ValueError, "time must be at least 0 and before the first date, 1.1 years, got 2.0"),
        ([90.0], TypeError, "axes must be a mapping"),
    ],
)
def test_bad_axes_are_refused(axes, error, words):
    with pytest.raises(error, match=words):
        lg.scenarios(MODEL, DIGITAL, axes, paths=100, seed=1)


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ({"trust": 1.5}, "trust must be between"),
        ({"controls": "auto"}, "controls must be one of"),
        ({"paths": 1}, "at least 2"),
    ],
)
def test_bad_settings_are_refused(setting, words):
    with pytest.raises(ValueError, match=words):
        lg.scenarios(MODEL, DIGITAL, {"spot": [90.0]}, **setting)


def test_ladders_pivot_and_draw(tmp_path):
    ladder = lg.scenarios(MODEL, DIGITAL, GRID, paths=5000, seed=7)
    table = ladder.table()
    assert table.shape == (4, 3)
    assert table.loc[91.0, 0.22] == ladder.to_frame().loc[(91.0, 0.22), "price"]
    figure = Figure()
    axes = figure.add_subplot()
    assert ladder.plot("delta", axes) is axes
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("volatility (per √year)", "spot (currency)")
    line = lg.scenarios(MODEL, DIGITAL, {"spot": [90.0, 70.0, 95.0]}, paths=5000, seed=7)
    axes = line.plot(axes=Figure().add_subplot())
    assert axes.get_xlabel() == "spot (currency)"
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["95 % confidence", "reweighted", "resimulated"]  # fmt: skip  # noqa: E501
    np.testing.assert_array_equal(axes.get_lines()[0].get_xdata(), [70.0, 90.0, 95.0])
    with pytest.raises(ValueError, match="column must be one of price, change, delta, got 'note'"):
        ladder.plot("note")
    with pytest.raises(ValueError, match="one or two parameters"):
        lg.scenarios(MODEL, DIGITAL, {"spot": [90.0], "rate": [0.0], "volatility": [0.2]}, paths=100).plot()


# -- explaining a move ---------------------------------------------------------------------------------------------


def test_a_move_is_explained_term_by_term():
    move = {"spot": 95.0, "volatility": 0.26, "rate": 0.045, "time": 1 / 52}
    frame = lg.explain(MODEL, move, DIGITAL, paths=100_000, seed=7)
    moved = at(MODEL, {name: value for name, value in move.items() if name != "time"})
    shifts = {name: value - (0.0 if name == "time" else getattr(MODEL, name)) for name, value in move.items()}
    total = closed_form.greek(moved, lg.DigitalCall(97.0, 1.1 - 1 / 52), "price") - closed_form.greek(MODEL, DIGITAL, "price")  # fmt: skip  # noqa: E501
    exact = {}
    for greek in frame.index[:-3]:
        exact[greek] = closed_form.greek(MODEL, DIGITAL, tuple(greek.split(":")) if ":" in greek else greek)
        value, error = frame.loc[greek, "value"], frame.loc[greek, "standard_error"]
        assert error < 2e-4
        assert abs(value - exact[greek] * frame.loc[greek, "move"]) < 4.0 * error, greek
    explained = sum(exact[greek] * frame.loc[greek, "move"] for greek in exact)
    found = frame["value"] / frame["standard_error"]
    assert frame.loc["delta", "move"] == shifts["spot"]
    assert frame.loc["gamma", "move"] == 0.5 * shifts["spot"] ** 2
    for row, value in (("total", total), ("explained", explained), ("unexplained", total - explained)):
        assert frame.loc[row, "standard_error"] < 5e-4
        assert abs(found[row] - value / frame.loc[row, "standard_error"]) < 4.0, row
    assert frame["value"].iloc[:-3].sum() == pytest.approx(frame.loc["explained", "value"])
    assert frame.loc["explained", "value"] + frame.loc["unexplained", "value"] == pytest.approx(frame.loc["total", "value"])  # fmt: skip  # noqa: E501
    assert abs(total - frame.loc["explained", "value"] + frame.loc["delta", "value"]) > 4.0 * frame.loc["total", "standard_error"]  # fmt: skip  # noqa: E501


def test_what_is_unexplained_is_known_far_better_than_the_move():
    frame = lg.explain(MODEL, {"volatility": 0.275}, BARRIER, paths=40_000, seed=7)
    assert frame.loc["unexplained", "standard_error"] < 0.2 * frame.loc["total", "standard_error"]
    exact = quadrature.price(at(MODEL, {"volatility": 0.275}), BARRIER) - quadrature.price(MODEL, BARRIER)
    assert abs(frame.loc["total", "value"] - exact) < 4.0 * frame.loc["total", "standard_error"] < abs(exact)


def test_heston_moves_are_explained():
    payoff = lg.Payoff(lambda spot: np.maximum(spot[-1] - 90.0, 0.0), times=[0.55, 1.1])
    moved = at(HESTON, {"spot": 94.0, "initial_variance": 0.052})
    frame = lg.explain(HESTON, moved, payoff, paths=20_000, seed=7)
    call = lg.Call(90.0, 1.1)
    exact = closed_form.greek(moved, call, "price") - closed_form.greek(HESTON, call, "price")
    assert list(frame.index[:2]) == ["delta", "initial_variance"]
    assert frame.loc["total", "standard_error"] < 0.05 * exact
    assert abs(frame.loc["total", "value"] - exact) < 4.0 * frame.loc["total", "standard_error"]


def test_a_far_move_is_resimulated():
    frame = lg.explain(MODEL, {"spot": 150.0}, DIGITAL, paths=20_000, seed=7)
    assert frame.attrs["method"] == "resimulated"
    exact = closed_form.greek(at(MODEL, {"spot": 150.0}), DIGITAL, "price") - closed_form.greek(MODEL, DIGITAL, "price")
    assert abs(frame.loc["total", "value"] - exact) < 4.0 * frame.loc["total", "standard_error"] < 0.1


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({}, ValueError, "change must move at least one parameter"),
        (MODEL, ValueError, "change must move at least one parameter"),
        ({"vol": 0.2}, ValueError, "change must name parameters of the model"),
        ({"volatility": -0.2}, ValueError, "no scenario with volatility = -0.2: volatility must be positive"),
        (3.0, TypeError, "change must be a mapping of new values, or a model like the first, got 3.0"),
    ],
)
def test_bad_changes_are_refused(change, error, words):
    with pytest.raises(error, match=words):
        lg.explain(MODEL, change, DIGITAL, paths=100, seed=1)
