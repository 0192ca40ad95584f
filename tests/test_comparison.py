"""The baselines: right where they apply, and saying so where they do not."""

from dataclasses import dataclass

import numpy as np
import pytest
from matplotlib.figure import Figure

import likelihood_greeks as lg
from likelihood_greeks.estimators.finite_difference import present_values
from likelihood_greeks.pictures import comparison as plotting
from likelihood_greeks.streams.chunks import Chunk, PseudoStream
from likelihood_greeks.streams.recorded import Recording
from likelihood_greeks.validation import closed_form
from tests.support.gates import MODEL, UNEVEN

CALL, DIGITAL = lg.Call(101.0, 1.3), lg.DigitalCall(97.0, 0.7)
FIRST = ["delta", "vega", "rho", "dividend_rho", "theta"]


def test_pathwise_is_right_for_a_call():
    result = lg.pathwise(MODEL, CALL, FIRST, paths=200_000, seed=3)
    for greek in FIRST:
        assert abs(result[greek].z_score(closed_form.greek(MODEL, CALL, greek))) < 4.0, greek
        assert result[greek].reliable, result[greek].note


def test_pathwise_says_what_it_misses_of_a_digital():
    result = lg.pathwise(MODEL, DIGITAL, [*FIRST, "gamma"], paths=100_000, seed=3)
    for greek in FIRST:
        assert "biased: the payoff jumps" in result[greek].note
    assert result["delta"].value == 0.0
    assert np.isnan(result["gamma"].value)
    assert "not available" in result["gamma"].note


def test_finite_differences_are_close_and_carry_their_warning():
    for payoff in (CALL, DIGITAL):
        result = lg.finite_difference(MODEL, payoff, [*FIRST, "gamma", "vanna"], paths=200_000, seed=3)
        for greek in FIRST:
            exact = closed_form.greek(MODEL, payoff, greek)
            assert abs(result[greek].value - exact) < 4.0 * result[greek].standard_error + 0.02 * abs(exact), greek
            assert "biased" in result[greek].note
        assert result["price"].note == ""


def test_finite_difference_bias_is_seen_with_a_large_bump():
    delta = lg.finite_difference(MODEL, DIGITAL, ["delta"], bump=0.3, paths=400_000, seed=3)["delta"]
    assert abs(delta.z_score(closed_form.greek(MODEL, DIGITAL, "delta"))) > 8.0


def test_compare_puts_all_methods_side_by_side():
    frame = lg.compare(MODEL, DIGITAL, ["delta", "gamma"], paths=20_000, seed=3)
    methods = ["likelihood ratio", "likelihood ratio + score controls", "likelihood ratio + controls"]
    methods += ["pathwise", "finite difference 0.01", "finite difference 0.001"]
    assert list(frame.loc["delta"].index) == methods
    assert frame.loc[("delta", methods[0]), "unbiased"]
    assert not frame.loc[("delta", "pathwise"), "unbiased"]
    row = frame.loc[("delta", methods[1])]
    assert row["work_normalised_variance"] == pytest.approx(row["standard_error"] ** 2 * row["seconds"])


def test_every_greek_of_a_payoff_that_jumps_is_called_biased():
    gap = lg.GapCall(95.0, 101.0, 0.6)
    result = lg.pathwise(MODEL, gap, FIRST, paths=20_000, seed=3)
    assert all("biased" in result[greek].note for greek in FIRST)


def test_bumps_fit_small_parameters():
    penny = lg.GBM(spot=0.0067, volatility=0.008, rate=0.01)
    frame = lg.compare(penny, lg.Call(0.0067, 0.5), ["delta", "vega", "gamma"], paths=20_000, seed=3)
    exact = closed_form.greek(penny, lg.Call(0.0067, 0.5), "delta")
    assert abs(frame.loc[("delta", "finite difference 0.01"), "value"] / exact - 1.0) < 0.2


@dataclass(frozen=True)
class Mixed:
    """A law that asks a stream for everything, and for how much of it depends on its parameter."""

    mean: float
    kinds: tuple[str, ...]

    def simulate(self, times, stream):
        total = np.full((len(times), stream.n_paths), self.mean)
        for kind in self.kinds:
            if kind == "generator":
                total += stream.generator.gamma(2.0, size=stream.n_paths)
            else:
                draws = getattr(stream, kind)(1 if self.mean < 1.0 else 2)
                total += draws[-1]
                draws *= np.nan  # works in place
        return total

    def discount_jet(self, times):
        return lg.GBM(spot=1.0, volatility=1.0).discount_jet(times)


@pytest.mark.parametrize("sampling", ["pseudo", "antithetic"])
@pytest.mark.parametrize(
    "law",
    [
        MODEL,
        *(
            Mixed(mean=0.9, kinds=tuple(kinds.split()))
            for kinds in (
                "normals",
                "uniforms normals uniforms",
                "generator",
                "normals generator normals",
                "uniforms generator generator uniforms",
            )
        ),
    ],
)
def test_recorded_draws_are_those_of_fresh_streams(law, sampling):
    payoff = lg.Payoff(lambda x: x.sum(axis=0), times=UNEVEN)
    chunk = Chunk(3, 1, 64, sampling)
    recording, name = Recording(chunk), "volatility" if law is MODEL else "mean"
    for shift in (0.05, 0.0, 0.2, -0.1, 0.3):  # a mean above 1 asks for other draws than the recorded ones
        fresh = present_values(law, payoff, chunk, {name: shift})
        np.testing.assert_array_equal(present_values(law, payoff, recording, {name: shift}), fresh)
    other = present_values(law, payoff, Recording(Chunk(3, 2, 64, sampling)), {name: shift})
    assert not np.array_equal(other, fresh)


def test_normals_are_drawn_once_for_all_bumps(monkeypatch):
    drawn, draw = [], PseudoStream.normals
    monkeypatch.setattr(PseudoStream, "normals", lambda stream, rows: drawn.append(rows) or draw(stream, rows))
    lg.finite_difference(MODEL, CALL, [*FIRST, "gamma", "vanna"], paths=1000, seed=3)
    assert drawn == [1, 1]  # of the trial, and of the run


@pytest.fixture(scope="module")
def frame():
    return lg.compare(MODEL, DIGITAL, ["delta", "gamma"], paths=20_000, seed=3)


def test_the_frame_says_which_methods_are_biased(frame):
    columns = ["value", "standard_error", "seconds", "work_normalised_variance", "unbiased", "note"]
    assert list(frame.columns) == columns
    assert frame.index.names == ["greek", "method"]
    assert frame.attrs["seed"] == 3
    for greek in ("delta", "gamma"):
        unbiased = frame.loc[greek, "unbiased"]
        assert list(unbiased[unbiased].index) == list(unbiased.index[:3])
        assert all("biased: central difference" in note for note in frame.loc[greek, "note"].iloc[4:])
    assert "misses about" in frame.loc[("delta", "pathwise"), "note"]
    assert frame.loc["price", "unbiased"].all()


def test_costs_are_relative_and_a_bias_beyond_doubt_is_seen(frame):
    judged = plotting.judged(frame)
    delta = judged.loc["delta"]
    ratio = frame.loc["delta", "work_normalised_variance"] / frame.loc[("delta", plotting.PLAIN)].iloc[3]
    np.testing.assert_allclose(delta["cost"].astype(float), ratio.astype(float))
    assert delta.loc["pathwise", "judgement"] == "bias seen"
    assert delta.loc["finite difference 0.01", "judgement"] == "biased"
    assert delta.loc[plotting.PLAIN, "judgement"] == "unbiased"
    assert judged.loc[("gamma", "pathwise"), "judgement"] == "no answer"
    continuous = plotting.judged(lg.compare(MODEL, CALL, ["delta"], paths=20_000, seed=3))
    assert "bias seen" not in set(continuous["judgement"])


def test_the_plot_marks_what_is_biased_and_shows_every_method(frame):
    given = Figure().add_subplot()
    axes = lg.plot_comparison(frame, given)
    assert axes is given
    assert axes.get_xscale() == "log"
    assert "work for the same error" in axes.get_xlabel()
    assert "standard error" in lg.plot_comparison(frame, Figure().add_subplot(), show="error").get_xlabel()
    assert axes.get_ylabel() == "Greek"
    assert [label.get_text() for label in axes.get_yticklabels()] == ["price", "delta", "gamma"]
    legend = [text.get_text() for text in axes.get_legend().get_texts()]
    assert [text.rsplit(", ", 1)[0] for text in legend] == list(frame.index.unique("method"))
    assert "hollow: biased" in axes.get_legend().get_title().get_text()

    def fillings(greek):
        row = list(frame.index.unique("greek")).index(greek)
        marks = [line for line in axes.lines if len(line.get_xdata()) == 1 and round(line.get_ydata()[0]) == row]
        return [mark.get_markerfacecolor() for mark in marks if mark.get_marker() != "x"], marks

    filled, _ = fillings("price")
    assert "white" not in filled
    hollow, marks = fillings("delta")
    assert [colour == "white" for colour in hollow] == [False, False, False, True, True, True]
    assert [mark.get_marker() for mark in marks].count("x") == 1
    assert len(fillings("gamma")[0]) == 5
    assert [text.get_text().strip() for text in axes.texts] == ["no variance", "no answer"]


def test_what_has_no_variance_leaves_the_axis_alone(frame):
    axes = lg.plot_comparison(frame, Figure().add_subplot())
    left, right = axes.get_xlim()
    assert 1e-9 < left < 1.0 < right < 1e12
    sure = lg.compare(MODEL, lg.Payoff(lambda x: 0.0 * x[-1] + 1.0, times=[1.0]), ["delta"], paths=1000, seed=3)
    axes = lg.plot_comparison(sure, Figure().add_subplot())
    assert np.isfinite(axes.get_xlim()).all()
    axes.figure.canvas.draw()


def test_the_plot_makes_its_own_figure_and_refuses_other_frames(frame):
    from matplotlib import pyplot

    axes = lg.plot_comparison(frame)
    assert tuple(axes.figure.get_size_inches() * axes.figure.dpi) == (800.0, 500.0)
    pyplot.close(axes.figure)
    with pytest.raises(ValueError, match="come from compare"):
        lg.plot_comparison(frame.reset_index())
    for lacking in (frame.drop(("delta", plotting.PLAIN)), frame.drop(plotting.PLAIN, level="method")):
        with pytest.raises(ValueError, match="have a row of likelihood ratio for every Greek"):
            lg.plot_comparison(lacking)
