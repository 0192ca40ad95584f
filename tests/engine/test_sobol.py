"""sampling="sobol": unbiased, precise where it can be, with errors from independent scrambles and from nothing else."""

from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from itertools import chain

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from threadpoolctl import threadpool_limits

import likelihood_greeks as lg
from likelihood_greeks import cli
from likelihood_greeks.engine.main_run import Run
from likelihood_greeks.engine.payoff_group import CONTROLS, Group
from likelihood_greeks.engine.sums import PAYOFFS, accumulate, replicated
from likelihood_greeks.estimate import Moments, Replicated, doubt
from likelihood_greeks.parameters import requested
from likelihood_greeks.streams.chunks import Chunk, Draws, checked, scrambled, sobol_chunks
from likelihood_greeks.validation import closed_form, quadrature
from tests.support.gates import MODEL, UNEVEN, assert_estimates
from tests.support.heston_reference import DESK, FV1, greek
from tests.support.places import ROOT

GREEKS = ["delta", "gamma", "vega", "rho", "theta"]
DIGITAL, CALL = lg.DigitalCall(112.0, 0.7, cash=3.0), lg.Call(101.0, 1.3)
GEOMETRIC = lg.Asian(95.0, UNEVEN, average="geometric")
BARRIER = lg.Barrier(lg.Call(95.0, 1.1), 81.0, "down", "out", UNEVEN, rebate=2.5)
MONTHLY = lg.Barrier(lg.Call(100.0, 1.0), 85.0, "down", "out", lg.schedule(1.0, per_year=12))
SIGMAS = 5.5  # of Student's t with at least 31 degrees of freedom: once in 200,000


def sobol(model, payoff, greeks, paths, **arguments):
    return lg.greeks(model, payoff, greeks, paths=paths, sampling="sobol", **arguments)


# -- how many, and which ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("paths", [2, 15, 16, 17, 100, 4096, 4097, 10_000, 100_000, 130_000, 131_071, 999_999])
def test_paths_are_rounded_up_to_scrambles_of_a_power_of_two(paths):
    scrambles, count = scrambled(paths)
    assert 32 <= scrambles <= 64
    assert count & (count - 1) == 0
    assert paths <= scrambles * count < max(paths * 33 / 32 + 1, 33)
    total = checked(paths, 1, "sobol")[0]
    assert total == scrambles * count == checked(total, 1, "sobol")[0]
    pieces = Draws(1, 12, "sobol").chunks(total)
    assert sum(piece.n_paths for piece in pieces) == total
    assert len({(piece.scramble, piece.first) for piece in pieces}) == len(pieces)


def test_result_says_how_many_paths_and_scrambles_there_were():
    found = sobol(MODEL, DIGITAL, ["delta"], 10_000, seed=1)
    assert found["delta"].n_paths == 40 * 256
    assert found["delta"].samples == 40
    assert found.sampling == "sobol"
    assert "over that of Sobol points: price" in str(found.diagnostics)
    half = found["delta"].high - found["delta"].value
    assert half == pytest.approx(stats.t.ppf(0.975, 39) * found["delta"].standard_error)


def test_a_run_can_be_continued_on_the_same_scrambles():
    group = Group(MODEL, (BARRIER,), tuple(requested(["delta"], MODEL).values()), CONTROLS["none"])

    def total(pieces):
        return accumulate(replicated(map(Run(group), pieces), pieces))[PAYOFFS][0]

    parts = [sobol_chunks(3, 16, first, count, 4) for first, count in ((0, 1024), (1024, 1024), (2048, 2048))]
    joined, whole = total([*chain(*parts)]), total(sobol_chunks(3, 16, 0, 4096, 4))
    assert joined.count == whole.count == 16
    np.testing.assert_allclose(joined.mean, whole.mean, rtol=1e-12)
    np.testing.assert_allclose(joined.standard_error, whole.standard_error, rtol=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("model", [MODEL, DESK], ids=["GBM", "Heston"])
def test_results_are_bit_identical_on_any_executor(model):
    def table(seed=5, executor=None):
        return sobol(model, BARRIER, GREEKS[:3], 5_000, seed=seed, executor=executor).to_frame()

    serial = table()
    for make in (lambda: ThreadPoolExecutor(2), lambda: ProcessPoolExecutor(2)):
        with threadpool_limits(2, "blas"), make() as executor:
            pd.testing.assert_frame_equal(table(executor=executor), serial, check_exact=True)
    assert not serial.equals(table(seed=6))


# -- moments of replicates -------------------------------------------------------------------------------------------


def test_error_of_replicates_is_that_of_their_means():
    samples = np.random.default_rng(2).exponential(size=(20, 3, 64)) + np.arange(20)[:, None, None]
    parts = [Replicated({r: Moments.of(samples[r][:, a:b])}) for r in range(20) for a, b in ((0, 16), (16, 64))]
    found = accumulate({"": part} for part in parts)[""]
    means = samples.mean(axis=2)
    np.testing.assert_allclose(found.mean, means.mean(axis=0))
    np.testing.assert_allclose(found.standard_error, means.std(axis=0, ddof=1) / np.sqrt(20))
    np.testing.assert_allclose(found.pooled.variance, samples.transpose(1, 0, 2).reshape(3, -1).var(axis=1, ddof=1))
    np.testing.assert_allclose(found.gain, (found.pooled.standard_error / found.standard_error) ** 2)
    assert np.all(np.isnan(parts[0].standard_error))  # one scramble alone tells nothing


def test_an_error_that_no_scramble_or_one_alone_tells_is_doubted():
    samples = np.random.default_rng(4).standard_normal((16, 1, 256))
    samples -= samples.mean(axis=2, keepdims=True)

    def noted(means):
        return doubt(Replicated({r: Moments.of(samples[r] + mean) for r, mean in enumerate(means)}), 0)

    assert noted([0.1] * 16) == "no variation among 16 scrambles: the error is unknown"
    assert noted([0.1] + [0.2] * 15) == "about 1 of 16 scrambles carries the variance: the error is unreliable"
    assert noted([0.1] * 4 + [0.2] * 12) == ""
    assert sum(bool(noted(means)) for means in np.random.default_rng(5).standard_normal((400, 16))) < 4


# -- values ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("controls", ["none", "auto"])
@pytest.mark.parametrize("payoff", [DIGITAL, CALL, GEOMETRIC], ids=["digital", "call", "geometric Asian"])
def test_greeks_agree_with_closed_forms(payoff, controls):
    result = sobol(MODEL, payoff, GREEKS, 65_536, seed=8, controls=controls)
    for name in result:
        exact = closed_form.greek(MODEL, payoff, name)
        scale = {"gamma": 0.05}.get(name, 0.02 if controls == "none" else 0.01)
        assert_estimates(result[name], exact, max_standard_error=scale * abs(exact), sigmas=SIGMAS)
        assert result[name].note == ""
    wrong = 1.05 * closed_form.greek(MODEL, payoff, "delta")
    with pytest.raises(AssertionError):
        assert_estimates(result["delta"], wrong, max_standard_error=0.01 * wrong, sigmas=SIGMAS)


def test_barrier_agrees_with_quadrature():
    result = sobol(MODEL, BARRIER, GREEKS, 131_072, seed=9)
    for name in GREEKS:
        exact = quadrature.greek(MODEL, BARRIER, name).value
        assert_estimates(result[name], exact, max_standard_error=0.015 * abs(exact), sigmas=SIGMAS)


@pytest.mark.slow
@pytest.mark.parametrize("case", [DESK, FV1], ids=["desk", "FV1"])
def test_heston_europeans_agree_with_quantlib(case):
    for handover, gate, paths in (("auto", 0.003, 32_768), (4.0, 0.08, 16_384)):  # the law of the date, and paths
        result = sobol(
            case, lg.DigitalCall(100.0, 1.0), ["delta", "vega", "vol_of_vol"], paths, seed=12, handover=handover
        )
        for name in result:
            exact = greek(case, lg.DigitalCall(100.0, 1.0), name)
            known = abs(exact) * (1e-5 if handover == "auto" else 2e-3)  # error of the reference, bias of the steps
            assert result[name].standard_error < gate * abs(exact), name
            assert abs(result[name].value - exact) < SIGMAS * result[name].standard_error + known, name


@pytest.mark.slow
def test_heston_barrier_agrees_with_a_method_of_its_own():
    table = pd.read_csv(ROOT / "benchmarks" / "heston_reference.csv").set_index(["case", "contract", "greek"])
    names = ["price", "delta", "gamma", "vega", "correlation", "vol_of_vol"]
    result = sobol(DESK, MONTHLY, names[1:], 65_536, seed=11)
    for name in names:
        known = table.loc[("desk, 12 dates", "down-and-out call", name)]
        own = result[name]
        assert own.standard_error < (0.1 if name == "correlation" else 0.04 * abs(known["value"]))
        error = np.hypot(own.standard_error, known["standard error"]) * SIGMAS + 2e-3 * abs(known["value"])
        assert abs(own.value - known["value"]) < error, name


def test_a_law_of_ones_own_runs_on_sobol_points():
    class Poisson:
        parameters = ("rate",)
        rate = 3.7

        def simulate(self, times, stream):
            return stream.generator.poisson(self.rate, (len(times), stream.n_paths)).astype(float)

        def log_density(self, x):
            return (x * np.log(self.rate) - self.rate).sum(axis=0)

        def score(self, x, names=None):
            return (x / self.rate - 1.0).sum(axis=0)[None]

    result = sobol(Poisson(), lg.Payoff(lambda x: x[-1] * x[-1], [1.0]), ["rate"], 16_384, seed=3)
    assert_estimates(result["rate"], 8.4, max_standard_error=0.05, sigmas=SIGMAS)


# -- errors ----------------------------------------------------------------------------------------------------------


def covered(model, payoff, name, exact, seeds=150, paths=512, **arguments):
    """Seeds whose interval holds the exact value; and those whose would if points were independent draws."""
    scrambles, points = 0, 0
    for seed in range(seeds):
        result = sobol(model, payoff, [name], paths, seed=seed, **arguments)
        own = result[name]
        scrambles += own.low <= exact <= own.high
        independent = np.sqrt(result.diagnostics.sobol_gain[name]) * own.standard_error
        points += abs(own.value - exact) < 1.96 * independent
    return scrambles, points


@pytest.mark.parametrize(
    ("model", "payoff", "name", "controls"),
    [
        (MODEL, GEOMETRIC, "price", "none"),
        (DESK, lg.DigitalCall(100.0, 1.0), "delta", "none"),
    ],
)  # fmt: skip
@pytest.mark.slow
def test_intervals_cover_as_often_as_they_say_and_those_of_independent_points_do_not(model, payoff, name, controls):
    exact = closed_form.greek(model, payoff, name)
    scrambles, points = covered(model, payoff, name, exact, controls=controls)
    assert stats.binomtest(scrambles, 150, 0.95).pvalue > 1e-3, scrambles
    assert stats.binomtest(points, 150, 0.95).pvalue < 1e-3, points


@pytest.mark.slow
def test_sobol_points_pay_where_little_else_is_left():
    for model in (MODEL, DESK):
        european = sobol(model, DIGITAL, ["delta", "vega"], 65_536, seed=2)
        pseudo = lg.greeks(model, DIGITAL, ["delta", "vega"], paths=65_536, seed=2)
        for name in european:
            assert european[name].standard_error < 0.15 * pseudo[name].standard_error, name  # 40 times fewer paths
    free = {"seed": 2, "controls": "scores"}  # an average's twins would leave nothing to gain
    asian = sobol(MODEL, lg.Asian(95.0, UNEVEN), ["delta", "vega"], 65_536, **free)
    pseudo = lg.greeks(MODEL, lg.Asian(95.0, UNEVEN), ["delta", "vega"], paths=65_536, **free)
    for name in asian:
        assert asian[name].standard_error < 0.4 * pseudo[name].standard_error, name


def test_a_greek_keeps_its_controls_only_if_they_serve_it_on_sobol_points():
    plain = sobol(MODEL, DIGITAL, ["delta", "gamma"], 65_536, seed=4, controls="none")
    auto = sobol(MODEL, DIGITAL, ["delta", "gamma"], 65_536, seed=4)
    used = auto.diagnostics.controls.groupby("greek")["used"].any()
    assert not used["price"]
    assert auto["price"] == plain["price"]
    assert used["gamma"]
    assert auto["gamma"].standard_error < plain["gamma"].standard_error


def test_rare_payments_are_doubted_by_the_points_themselves():
    far = lg.Payoff(lambda spot: 1.0 * (np.asarray(spot[-1], dtype=float) > 290.0), times=(0.7,))
    note = sobol(MODEL, far, ["delta"], 8192, seed=4, controls="none")["delta"].note
    assert "of 8192 samples decide the payoff" in note


# -- books, comparisons, the command line ----------------------------------------------------------------------------

MARKET = lg.Market.read(ROOT / "data" / "market.toml")
BOOK = pd.read_csv(ROOT / "data" / "book.csv")


def test_net_error_is_that_of_the_means_of_the_net_by_scramble():
    hedged = pd.concat([BOOK.iloc[[0]], BOOK.iloc[[0]].assign(trade_id="hedge", quantity=-0.5 * BOOK["quantity"][0])])
    frame = lg.risk(hedged, MARKET, ["delta"], paths=8192, seed=5, sampling="sobol", closed_form=False)
    error = frame.set_index(["trade_id", "greek"])["position_standard_error"]
    for name in ("price", "delta"):
        assert error["net", name] == pytest.approx(0.5 * error[BOOK["trade_id"][0], name], rel=1e-6)
        assert error["net", name] > 0.0


@pytest.mark.slow
def test_book_of_paths_and_europeans_is_the_trades_alone_and_bit_identical():
    book = BOOK.iloc[[0, 20, 37]]
    settings = {"paths": 10_000, "seed": 5, "sampling": "sobol", "closed_form": False}
    serial = lg.risk(book, MARKET, ["delta"], **settings)
    assert set(serial["n_paths"]) == {40 * 256}
    with ProcessPoolExecutor(2) as executor:
        elsewhere = lg.risk(book, MARKET, ["delta"], **settings, executor=executor)
    pd.testing.assert_frame_equal(elsewhere, serial, check_exact=True)


def test_comparison_gives_every_method_the_same_points():
    frame = lg.compare(MODEL, CALL, ["delta"], paths=16_384, seed=3, sampling="sobol").loc["delta"]
    exact = closed_form.greek(MODEL, CALL, "delta")
    for row in frame[frame["unbiased"]].itertuples():
        assert abs(row.value - exact) < SIGMAS * row.standard_error + 1e-9, row
    assert frame.loc["finite difference 0.01", "value"] == pytest.approx(exact, rel=2e-3)


def test_bumps_of_a_heston_path_reuse_its_points():
    greeks = ["delta", "correlation"]
    for sampling in ("pseudo", "sobol"):
        bumped = lg.finite_difference(DESK, MONTHLY, greeks, paths=8192, seed=3, sampling=sampling)
        assert bumped["delta"].standard_error < 0.02  # new points for each bump: 0.5
        assert bumped["correlation"].standard_error < 0.6


@pytest.mark.slow
def test_command_line_takes_sobol(capsys, tmp_path):
    BOOK.iloc[[0, 20]].to_csv(tmp_path / "book.csv", index=False)
    common = [str(tmp_path / "book.csv"), "--market", str(ROOT / "data" / "market.toml"), "--paths", "2048", "--seed",
              "3", "--sampling", "sobol", "--greeks", "delta"]  # fmt: skip
    for command in (["risk", "--workers", "1"], ["compare", "--trade", BOOK["trade_id"][0]]):
        with pytest.raises(SystemExit) as stop:
            cli.main([command[0], *common, *command[1:]])
        assert stop.value.code == 0
        assert BOOK["trade_id"][0] in capsys.readouterr().out


def test_chunk_of_sobol_points_depends_on_seed_scramble_and_first_point_alone():
    draws = [Chunk(7, index, 64, "sobol", scramble=3, first=128).stream().normals(5) for index in (0, 9)]
    np.testing.assert_array_equal(draws[0], draws[1])
    others = [Chunk(8, 0, 64, "sobol", scramble=3, first=128), Chunk(7, 0, 64, "sobol", scramble=4, first=128),
              Chunk(7, 0, 64, "sobol", scramble=3, first=192)]  # fmt: skip
    for other in others:
        assert np.intersect1d(other.stream().normals(5), draws[0]).size < 3
