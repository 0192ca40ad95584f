"""lg.greeks: unbiased, with right errors, reproducible, and honest about what it cannot tell."""

from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

import likelihood_greeks as lg
from likelihood_greeks.engine.main_run import Run
from likelihood_greeks.engine.payoff_group import CONTROLS, Group
from likelihood_greeks.engine.pilot import plans
from likelihood_greeks.parameters import requested
from likelihood_greeks.streams.chunks import Chunk
from likelihood_greeks.validation import closed_form, quadrature
from tests.support.gates import MODEL, assert_estimates

GREEKS = ["delta", "gamma", "vega", "rho", "dividend_rho", "theta", "vanna", "volga", "charm"]
EUROPEANS = [
    lg.Call(101.0, 1.3),
    lg.Put(88.0, 0.4),
    lg.DigitalCall(97.0, 0.7, cash=3.0),
    lg.DigitalPut(90.0, 1.9),
    lg.AssetOrNothingCall(104.0, 0.8),
    lg.AssetOrNothingPut(92.0, 0.8),
    lg.GapCall(95.0, 101.0, 0.6),
    lg.GapPut(95.0, 88.0, 0.6),
]
SEEN = {"none": 0.1, "scores": 0.05}  # relative errors of a first-order Greek that would be seen
BARRIER = lg.Barrier(lg.Call(95.0, 1.1), 81.0, "down", "out", [0.13, 0.4, 0.55, 1.1], rebate=2.5)


@pytest.mark.parametrize("controls", ["none", "scores"])
@pytest.mark.parametrize("payoff", EUROPEANS, ids=lambda p: type(p).__name__)
def test_every_greek_of_a_european_agrees_with_its_closed_form(payoff, controls):
    result = lg.greeks(MODEL, payoff, GREEKS, paths=400_000, seed=21, controls=controls)
    z = {greek: result[greek].z_score(closed_form.greek(MODEL, payoff, greek)) for greek in result}
    assert all(abs(value) < 4.2 for value in z.values()), z
    for greek in ("delta", "rho"):
        exact = closed_form.greek(MODEL, payoff, greek)
        assert abs(result[greek].z_score((1.0 + SEEN[controls]) * exact)) > 4.2, greek


@pytest.mark.slow
def test_discrete_barrier_agrees_with_quadrature_and_would_notice_five_per_cent():
    result = lg.greeks(MODEL, BARRIER, GREEKS, paths=1_000_000, seed=22)
    for greek in GREEKS:
        exact = quadrature.greek(MODEL, BARRIER, greek)
        assert abs(result[greek].z_score(exact.value)) < 4.2, greek
    delta = quadrature.greek(MODEL, BARRIER, "delta").value
    with pytest.raises(AssertionError):
        assert_estimates(result["delta"], 1.05 * delta, max_standard_error=0.01 * delta)


def test_terminal_weight_on_a_path_dependent_payoff_is_biased_and_would_be_seen():
    chunk = Chunk(3, 0, 400_000)
    paths = MODEL.simulate(BARRIER.times, chunk.stream())
    terminal = lg.Paths(paths.times[-1:], paths.spot[-1:])
    wrong = MODEL.discount(1.1) * BARRIER(paths.spot) * MODEL.score(terminal, ["spot"])[0]
    exact = quadrature.greek(MODEL, BARRIER, "delta").value
    assert abs(wrong.mean() - exact) > 8.0 * wrong.std() / np.sqrt(len(wrong))


def test_free_controls_reach_the_stated_standard_deviations():
    model = lg.GBM(spot=100.0, volatility=0.2, rate=0.05)
    call = lg.greeks(model, lg.Call(100.0, 1.0), ["delta", "vega"], paths=200_000, seed=6)
    digital = lg.greeks(model, lg.DigitalCall(100.0, 1.0), ["delta"], paths=200_000, seed=6)
    sd = np.sqrt(200_000)
    assert call["delta"].standard_error * sd < 0.09
    assert call["vega"].standard_error * sd < 56.0
    assert digital["delta"].standard_error * sd < 0.0056
    assert np.sqrt(call["delta"].variance_ratio) * call["delta"].standard_error * sd == pytest.approx(1.466, rel=0.02)


@pytest.mark.slow
@pytest.mark.parametrize("sampling", ["pseudo", "antithetic"])
def test_results_are_bit_identical_on_any_executor(sampling):
    payoff = lg.Payoff(lambda s: np.where(s.min(axis=0) < 80.0, 0.0, s[-1] > 95.0), times=[0.13, 0.4, 0.55])
    arguments = {"greeks": ["delta", "vega", "gamma"], "paths": 30_000, "seed": 8, "sampling": sampling}
    serial = lg.greeks(MODEL, payoff, **arguments).to_frame()
    for make in (lambda: ThreadPoolExecutor(1), lambda: ThreadPoolExecutor(2), lambda: ProcessPoolExecutor(2)):
        with threadpool_limits(2, "blas"), make() as executor:
            assert lg.greeks(MODEL, payoff, **arguments, executor=executor).to_frame().equals(serial)


def test_results_depend_on_the_seed_and_a_drawn_seed_is_reported():
    first = lg.greeks(MODEL, BARRIER, ["delta"], paths=5000)
    again = lg.greeks(MODEL, BARRIER, ["delta"], paths=5000, seed=first.seed)
    assert first.to_frame().equals(again.to_frame())
    assert lg.greeks(MODEL, BARRIER, ["delta"], paths=5000)["delta"].value != first["delta"].value


@pytest.mark.slow
def test_antithetic_errors_count_pairs():
    payoff = lg.DigitalCall(97.0, 0.7)
    exact = closed_form.greek(MODEL, payoff, "vega")
    z = [
        lg.greeks(MODEL, payoff, ["vega"], paths=4096, seed=s, sampling="antithetic", controls="none")["vega"]
        for s in range(400)
    ]
    assert all(e.samples == 2048 for e in z)
    scores = np.array([e.z_score(exact) for e in z])
    assert 0.8 < np.mean(scores**2) < 1.25


COVERED = {
    "barrier": lg.Barrier(lg.DigitalCall(95.0, 0.8), 84.0, "down", "out", [0.2, 0.5, 0.8]),
    "call": lg.Call(97.0, 0.8),
    "digital": lg.DigitalPut(97.0, 0.8),
}


@pytest.mark.parametrize("sampling", ["pseudo", "antithetic"])
@pytest.mark.parametrize("controls", ["none", "scores", "auto"])
@pytest.mark.parametrize("name", COVERED)
@pytest.mark.slow
def test_standard_errors_are_right_over_many_seeds(name, controls, sampling):
    payoff, source = COVERED[name], quadrature if name == "barrier" else closed_form
    found = {g: source.greek(MODEL, payoff, g) for g in ("price", "delta", "vega", "rho", "theta")}
    exact = {g: getattr(value, "value", value) for g, value in found.items()}
    options = {"paths": 4096, "controls": controls, "sampling": sampling}
    runs = [lg.greeks(MODEL, payoff, ["delta", "vega", "rho", "theta"], seed=s, **options) for s in range(250)]
    for greek, value in exact.items():
        z = np.array([run[greek].z_score(value) for run in runs])
        assert 0.75 < np.mean(z**2) < 1.3, greek
        assert np.mean(np.abs(z) < 1.96) > 0.89, greek
        assert abs(z.mean()) < 4.0 / np.sqrt(len(z)), greek


def test_a_control_with_nonzero_mean_biases_the_estimate_and_would_be_seen():
    payoff = lg.Call(101.0, 1.3)
    group = Group(MODEL, (payoff,), tuple(requested(["delta"], MODEL).values()), CONTROLS["scores"])
    (plan,) = plans(group, [Chunk(4, 0, 4096, pilot=True)])
    chunk = Chunk(4, 0, 400_000)
    pairs, _ = Run(group, (plan,)).controlled(chunk)
    (right, _), exact = next(pairs), closed_form.greek(MODEL, payoff, "delta")
    error = right[1].std() / np.sqrt(right.shape[1])
    names, forward = group.control_names, MODEL.forward_jet(np.asarray(1.3))
    means = [  # what the controls "spot x score ..." would have left in if they were not centred
        float(forward.derivative(*w.removeprefix("spot x score ").split(":")) / forward.value)
        if w.startswith("spot x")
        else 0.0
        for w in names
    ]
    wrong = right[1].mean() - plan.fit.coefficients[1] @ means
    assert abs(right[1].mean() - exact) < 4.0 * error
    assert abs(wrong - exact) > 20.0 * error


def test_a_payoff_that_is_never_hit_says_so_unless_it_cannot_be():
    never = lg.greeks(MODEL, lg.DigitalCall(900.0, 0.1), ["delta"], paths=20_000, seed=2)
    assert never["delta"].reliable
    assert never["delta"].value == never["delta"].standard_error == 0.0
    opaque = lg.Payoff(lambda spot: 1.0 * (np.asarray(spot[-1], dtype=float) > 900.0), times=(0.1,))
    far = lg.greeks(MODEL, opaque, ["delta"], paths=20_000, seed=2)
    assert not far["delta"].reliable
    assert "decide the payoff" in far["price"].note
    near = lg.greeks(MODEL, lg.DigitalCall(95.0, 0.7), ["delta"], paths=20_000, seed=2)
    assert near["delta"].reliable


def test_controls_are_refused_where_they_do_not_help():
    fair = lg.Payoff(lambda s: 0.0 * s[-1] + 5.0, times=[0.5])
    result = lg.greeks(MODEL, fair, ["delta"], paths=20_000, seed=2, controls="scores")
    assert result["price"].value == pytest.approx(5.0 * MODEL.discount(0.5))
    assert "refused" in str(result.diagnostics)
    assert result.diagnostics.gain["price"] == 1.0


def test_results_read_like_a_table():
    result = lg.greeks(MODEL, BARRIER, ["delta", ("volatility", "spot")], paths=5000, seed=1)
    frame = result.to_frame()
    assert list(frame.index) == ["price", "delta", "volatility:spot"]
    assert list(frame.columns) == ["value", "standard_error", "low", "high", "n_paths", "variance_ratio", "note"]
    assert result["spot", "volatility"] is result["volatility", "spot"]
    assert "seed 1" in str(result)
    delta = result["delta"]
    decimals = 1 - int(np.floor(np.log10(delta.standard_error)))
    assert f" {delta.value:.{decimals}f} " in str(result)
    assert "note" not in str(result)
    with pytest.raises(KeyError, match="gamma was not estimated"):
        result["gamma"]


def test_the_same_law_as_a_pair_and_by_name():
    result = lg.greeks(
        MODEL, lg.Call(101.0, 1.3), ["vanna", ("volatility", "spot"), "volatility", "vega"], paths=5000, seed=1
    )
    assert result["vanna"].value == pytest.approx(result["volatility", "spot"].value, rel=1e-13)
    assert result["volatility"].value == pytest.approx(result["vega"].value, rel=1e-13)


def test_progress_is_shown_on_request_only(capsys):
    lg.greeks(MODEL, BARRIER, ["delta"], paths=5000, seed=1)
    assert capsys.readouterr().err == ""
    lg.greeks(MODEL, BARRIER, ["delta"], paths=5000, seed=1, progress=True)
    assert "greeks" in capsys.readouterr().err


@pytest.mark.parametrize("paths", [2, 3, 5, 64])
def test_very_few_paths_are_no_error(paths):
    assert lg.greeks(MODEL, BARRIER, ["delta"], paths=paths, seed=1)["delta"].n_paths == paths


def test_an_antithetic_pair_does_not_make_controls_of_rounding_errors():
    result = lg.greeks(
        MODEL, lg.Call(97.0, 0.8), ["delta", "rho"], paths=20_000, seed=1, sampling="antithetic", controls="scores"
    )
    used = result.diagnostics.controls.query("used")
    assert np.abs(used["coefficient"]).max() < 1e8  # up to 2e6 for gamma's weight, which is small; else above 1e12
    assert result["delta"].note == ""


def test_long_schedules_run_in_smaller_chunks():
    def widest(times):
        """The most paths that the payoff sees at once."""
        seen = []

        def last(spot):
            seen.append(spot.shape[1])
            return spot[-1]

        result = lg.greeks(MODEL, lg.Payoff(last, times), ["rho"], paths=5000, seed=1, controls="none")
        assert result["rho"].n_paths == 5000
        return max(seen)

    assert widest(lg.schedule(1.0, per_year=12)) == 4096
    assert widest(daily := lg.schedule(10.0, per_year=252)) < 1000
    assert len(daily) * widest(daily) < 1.01 * 512 * 4096  # spots at once, as many as of chunks of 512 dates
