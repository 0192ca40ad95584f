"""Pictures: what they show is what the estimators say, with units, beside what is exact."""

from dataclasses import dataclass, replace

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib import pyplot
from matplotlib.collections import PolyCollection
from scipy import stats

import likelihood_greeks as lg
from likelihood_greeks.pictures.convergence import converging
from likelihood_greeks.pictures.density import law_at
from likelihood_greeks.pictures.greek import profile
from likelihood_greeks.validation import closed_form, quadrature

MODEL = lg.GBM(spot=96.0, volatility=0.23, rate=0.035, dividend_yield=0.012)
HESTON = lg.Heston(
    spot=96.0, initial_variance=0.05, mean_reversion=1.7, long_run_variance=0.04, vol_of_vol=0.45, correlation=-0.6,
    rate=0.035, dividend_yield=0.012,
)  # fmt: skip
DIGITAL = lg.DigitalCall(101.0, 0.7)
BARRIER = lg.Barrier(lg.Call(95.0, 0.7), 118.0, "up", "out", (0.2, 0.3, 0.55, 0.7))


@pytest.fixture(autouse=True)
def _agg():
    mpl.use("Agg")
    yield
    pyplot.close("all")


def exact(model, payoff):
    return quadrature.greek(model, payoff, "delta").value


def test_a_profile_is_a_run_a_point_beside_the_closed_form():
    spots = [88.0, 96.0, 107.0]
    frame = profile(MODEL, DIGITAL, "delta", {"spot": spots}, paths=4096, seed=3)
    for spot, row in zip(spots, frame.itertuples(), strict=True):
        there = replace(MODEL, spot=spot)
        alone = lg.greeks(there, DIGITAL, ["delta"], paths=4096, seed=3)["delta"]
        assert (row.delta, row.delta_standard_error) == (alone.value, alone.standard_error)
        assert row.delta_reference == closed_form.greek(there, DIGITAL, "delta")
    z = (frame["delta"] - frame["delta_reference"]) / frame["delta_standard_error"]
    assert (z.abs() < 4.0).all()
    assert (frame["delta_standard_error"] < 0.02 * frame["delta"].max()).all()
    assert ((frame["delta"] - 1.2 * frame["delta_reference"]) / frame["delta_standard_error"]).abs().max() > 4.0


@pytest.mark.parametrize(
    ("name", "values", "unit"),
    [("level", [110.0, 126.0], "barrier (currency)"), ("time", [0.0, 0.1], "time gone by (years)")],
)
def test_terms_of_the_contract_and_time_are_axes_too(name, values, unit):
    axes = lg.plot_greek(MODEL, BARRIER, "delta", {name: values}, paths=16_384, seed=5)
    line = axes.lines[0].get_ydata()
    later = [t - 0.1 for t in BARRIER.times]
    there = (
        [replace(BARRIER, level=level) for level in values]
        if name == "level"
        else [BARRIER, lg.Barrier(lg.Call(95.0, later[-1]), 118.0, "up", "out", later)]
    )
    frame = profile(MODEL, BARRIER, "delta", {name: values}, paths=16_384, seed=5)
    np.testing.assert_array_equal(line, frame["delta"])
    for contract, (_, row) in zip(there, frame.iterrows(), strict=True):
        assert row["delta_standard_error"] < 0.01
        assert abs(row["delta"] - exact(MODEL, contract)) < 4.0 * row["delta_standard_error"]
    assert axes.get_xlabel() == unit
    assert axes.get_ylabel() == "delta (per unit of spot)"


def test_maturity_and_time_agree_for_a_european():
    by_time = profile(HESTON, DIGITAL, "delta", {"time": [0.2]}, paths=2048, seed=1)
    by_maturity = profile(HESTON, DIGITAL, "delta", {"maturity": [0.7 - 0.2]}, paths=2048, seed=1)
    np.testing.assert_array_equal(by_time.to_numpy()[:, :3], by_maturity.to_numpy()[:, :3])


def test_on_curves_time_leaves_them_where_they_are_in_the_calendar():
    curves = lg.TermStructureGBM(
        spot=96.0, times=[0.5, 1.0], zero_rates=[0.01, 0.02], dividend_yields=[0.0, 0.0], volatilities=[0.3, 0.25]
    )
    found = profile(curves, lg.DigitalCall(101.0, 0.8), "delta", {"time": [0.2]}, paths=8192, seed=4).iloc[0]
    # linear between nodes: the rate is (0.014 - 0.002) / 0.6 from 0.2 to 0.8, the variance (0.0555 - 0.018) / 0.6
    exact = closed_form.greek(lg.GBM(spot=96.0, volatility=0.25, rate=0.02), lg.DigitalCall(101.0, 0.6), "delta")
    assert found["delta_standard_error"] < 0.01 * exact
    assert abs(found["delta"] - exact) < 4.0 * found["delta_standard_error"]
    assert abs(found["delta"] - 1.1 * exact) > 4.0 * found["delta_standard_error"]


def test_two_names_give_a_heat_map_on_the_axes_given():
    _, axes = pyplot.subplots()
    over = {"spot": [90.0, 100.0], "volatility": [0.2, 0.25, 0.3]}
    assert lg.plot_greek(MODEL, DIGITAL, "vega", over, paths=2048, seed=1, axes=axes) is axes
    assert axes.images[0].get_array().shape == (2, 3)
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("volatility (per √year)", "spot (currency)")
    assert axes.get_title() == "Vega of DigitalCall under GBM"
    image = axes.images[0]
    assert image.get_array().min() < 0.0 < image.get_array().max()
    assert image.norm.vmin == -image.norm.vmax  # the map parts at zero


def test_a_reference_may_be_given_and_left_out():
    drawn = lg.plot_greek(MODEL, BARRIER, "delta", {"spot": [90.0, 95.0]}, reference=exact, paths=2048, seed=1)
    dashed = next(line for line in drawn.lines if line.get_label() == "reference")
    np.testing.assert_allclose(dashed.get_ydata(), [exact(replace(MODEL, spot=s), BARRIER) for s in (90.0, 95.0)])
    none = lg.plot_greek(MODEL, DIGITAL, "delta", {"spot": [90.0, 95.0]}, reference=None, paths=2048, seed=1)
    assert "reference" not in [line.get_label() for line in none.lines]


@pytest.mark.parametrize(
    ("over", "changes", "words"),
    [
        ({}, {}, "over must name one or two"),
        ({"barrier": [1.0]}, {}, "over must name one of spot, volatility, .*, time, strike, maturity, cash"),
        ({"spot": [np.nan]}, {}, "spot must be finite"),
        ({"time": [0.7]}, {}, "time must be at least 0 and before the first date"),
        ({"spot": [100.0]}, {"reference": "exact"}, "reference must be"),
    ],
)
def test_what_cannot_be_drawn_is_refused(over, changes, words):
    with pytest.raises(ValueError, match=words):
        lg.plot_greek(MODEL, DIGITAL, "delta", over, paths=2048, **changes)


def test_convergence_shows_runs_on_the_same_draws_and_errors_that_fall_with_the_root():
    frame = converging(MODEL, DIGITAL, "vega", paths=[4096, 65_536], controls=["none"], seed=2)
    first, last = frame["standard_error"]
    assert first / last == pytest.approx(4.0, rel=0.1)
    axes = lg.plot_convergence(MODEL, DIGITAL, "vega", paths=[4096, 8192, 16_384], seed=2)
    assert [line.get_label() for line in axes.lines] == ["plain likelihood ratio", "all controls", "reference"]
    assert sum(isinstance(band, PolyCollection) for band in axes.collections) == 2
    assert axes.lines[2].get_ydata()[0] == closed_form.greek(MODEL, DIGITAL, "vega")
    errors = lg.plot_convergence(MODEL, DIGITAL, "vega", show="error", paths=[4096, 8192], seed=2)
    assert (errors.get_xscale(), errors.get_yscale()) == ("log", "log")
    assert errors.get_ylabel() == "standard error of vega (currency per 1.00 of volatility)"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"paths": [4096]}, "paths must hold at least two"),
        ({"show": "both"}, "show must be one of"),
        ({"controls": []}, "controls must name at least one"),
        ({"controls": ["some"]}, r"controls\[0\] must be one of"),
    ],
)
def test_what_does_not_converge_is_refused(changes, words):
    with pytest.raises(ValueError, match=words):
        lg.plot_convergence(MODEL, DIGITAL, "vega", **changes)


@pytest.mark.parametrize("model", [MODEL, HESTON], ids=["GBM", "Heston"])
def test_density_is_the_slope_of_the_distribution_and_scores_are_its_derivatives(model):
    time = 0.7
    frame = law_at(model, time, ["spot", "rate"])
    spot, h = frame.index.to_numpy(), 1e-4

    def law(**changes):
        moved = replace(model, **changes)
        return moved.terminal(time) if hasattr(moved, "terminal") else moved

    up, down = (law().distribution(spot + s * h, *([] if model is HESTON else [time])) for s in (1, -1))
    np.testing.assert_allclose(frame["density"], (up - down) / (2 * h), rtol=1e-4, atol=1e-7)
    for name in ("spot", "rate"):
        value, step = getattr(model, name), 1e-4
        up, down = (law_at_spots(law(**{name: value + s * step}), spot, time) for s in (1, -1))
        np.testing.assert_allclose(frame[name], (up - down) / (2 * step), rtol=1e-4, atol=1e-6)


def law_at_spots(law, spot, time):
    return np.log(law.density(spot)) if hasattr(law, "density") else law.terminal_log_density(spot, time)


@dataclass(frozen=True)
class Gamma:
    shape: float
    scale: float

    def simulate(self, times, stream):
        return stream.generator.gamma(self.shape, self.scale, (len(times), stream.n_paths))

    def log_density(self, x):
        return stats.gamma.logpdf(x, self.shape, scale=self.scale).sum(axis=0)


def test_a_law_of_the_users_own_has_a_density_too():
    frame = law_at(Gamma(3.2, 0.9), 1.0, ["scale"])
    np.testing.assert_allclose(frame["density"], stats.gamma.pdf(frame.index, 3.2, scale=0.9))
    np.testing.assert_allclose(frame["scale"], frame.index / 0.9**2 - 3.2 / 0.9, atol=1e-6)
    assert frame.attrs["deviations"]["scale"] == pytest.approx(np.sqrt(3.2) / 0.9, rel=0.03)


def test_density_and_scores_share_a_picture_with_units():
    axes = lg.plot_density(HESTON, 1.0, ["spot", "correlation"])
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("spot in 1 year (currency)", "density (per unit of currency)")
    assert axes.figure.axes[1].get_ylabel() == "score over its standard deviation (dimensionless)"
    words = [text.get_text() for text in axes.get_legend().get_texts()]
    assert words[0] == "density"
    assert words[1].startswith("score of spot, s.d. ")


@pytest.mark.parametrize(("time", "scores", "words"), [(0.0, [], "time must be"), (1.0, ["vega"], "scores must name")])
def test_a_law_that_cannot_be_drawn_is_refused(time, scores, words):
    with pytest.raises(ValueError, match=words):
        lg.plot_density(MODEL, time, scores)


def test_a_matrix_of_pairs_shows_each_pair_twice_and_nothing_on_its_diagonal():
    law = lg.CorrelatedGBM(
        {name: lg.GBM(spot=100.0, volatility=0.2) for name in "ABC"},
        {("A", "B"): 0.5, ("A", "C"): 0.3, ("B", "C"): 0.1},
    )
    result = lg.greeks(law, lg.WorstOf(lg.Call(95.0, 1.0)), ["correlation", "delta"], paths=512, seed=1)
    axes = lg.plot_pairs(result)
    assert [label.get_text() for label in axes.get_xticklabels()] == ["A", "B", "C"]
    cells = {text.get_position(): float(text.get_text()) for text in axes.texts}
    assert len(cells) == 6
    assert cells[1, 0] == cells[0, 1] == pytest.approx(result["correlation[A,B]"].value, rel=0.01)
    assert axes.get_title() == "Correlation by pair"
    with pytest.raises(ValueError, match="have cross_gamma by pair of assets"):
        lg.plot_pairs(result, "cross_gamma")
