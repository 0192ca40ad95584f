"""Runs that add paths until an error is reached: they reach it, their intervals cover, and what cannot be is said."""

import re
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from itertools import count

import numpy as np
import pytest
from scipy import stats
from threadpoolctl import threadpool_limits

import likelihood_greeks as lg
from likelihood_greeks import cli
from likelihood_greeks.book.reading import read_book
from likelihood_greeks.engine.main_run import Run
from likelihood_greeks.engine.stopping import GROWTH, Goal, Target, sampled
from likelihood_greeks.estimate import Moments
from likelihood_greeks.payoffs.relaxed.tape import NotRelaxableError
from likelihood_greeks.streams.chunks import Chunk, Draws
from likelihood_greeks.validation import closed_form, quadrature
from tests.support.gates import MODEL, assert_estimates
from tests.support.heston_reference import DESK
from tests.support.heston_reference import greek as heston_greek
from tests.support.places import DATA

CALL, DIGITAL = lg.Call(101.0, 1.3), lg.DigitalCall(97.0, 0.7, cash=3.0)
BARRIER = lg.Barrier(lg.Call(95.0, 1.1), 81.0, "down", "out", [0.13, 0.4, 0.55, 1.1], rebate=2.5)
VANNA = ("spot", "volatility")
BOOK, MARKET = read_book(DATA / "book.csv"), lg.Market.read(DATA / "market.toml")
NAN, INF = float("nan"), float("inf")


def bound(target, value):
    return float(target.rstrip("%")) / 100.0 * abs(value) if isinstance(target, str) else target


@pytest.mark.slow
@pytest.mark.parametrize(
    ("payoff", "controls", "target"),
    [
        (CALL, "none", {"delta": 0.004, "vega": "3%"}),
        (CALL, "auto", {"delta": 1e-4, "price": "0.1%", VANNA: "0.2%"}),
        (DIGITAL, "none", {"delta": "0.5%", VANNA[::-1]: 0.003}),
        (DIGITAL, "auto", {"delta": 2e-5, "price": 0.003}),
        (BARRIER, "none", {"delta": 0.009}),
        (BARRIER, "auto", {"delta": 0.001, "vega": "0.5%"}),
    ],
)
def test_targets_are_reached_with_hardly_more_paths_than_they_take(payoff, controls, target):
    result = lg.greeks(
        MODEL, payoff, ["delta", "vega", VANNA], paths=9000, seed=3, controls=controls, target_error=target
    )
    reference = quadrature if payoff is BARRIER else closed_form
    ratios = {g: result[g].standard_error / bound(error, result[g].value) for g, error in target.items()}
    assert 0.85 < max(ratios.values()) <= 1.0
    for greek in target:
        exact = reference.greek(MODEL, payoff, greek if isinstance(greek, str) else "vanna")
        assert result[greek].reliable
        assert abs(result[greek].z_score(getattr(exact, "value", exact))) < 4.2, greek
    assert str(result.diagnostics).count("target errors: ") == 1
    assert f"{result['price'].n_paths:,} paths" in result.diagnostics.remarks[-1]


def test_a_target_of_a_name_that_stands_for_several_is_one_of_each():
    law = lg.CorrelatedGBM({"A": MODEL, "B": MODEL}, {("A", "B"): 0.5})
    result = lg.greeks(law, lg.WorstOf(lg.Put(95.0, 1.0)), ["delta"], paths=1024, seed=1, target_error={"delta": 5e-4})
    assert all(result[f"delta[{name}]"].standard_error <= 5e-4 for name in "AB")
    assert result["price"].n_paths > 1024


def test_targets_under_heston_on_paths():
    payoff, target = lg.DigitalCall(100.0, 1.0), {"delta": "2%", "vega": 0.0015}
    result = lg.greeks(DESK, payoff, ["delta", "vega"], paths=4096, seed=2, handover=4.0, target_error=target)
    assert result["vega"].n_paths > 4096
    for name, error in target.items():
        exact = heston_greek(DESK, payoff, name)
        assert_estimates(result[name], exact, max_standard_error=bound(error, result[name].value))


@pytest.mark.parametrize("sampling", ["pseudo", "antithetic"])
def test_the_draws_are_those_of_a_plain_run_of_that_many_paths(sampling):
    options = {"seed": 4, "sampling": sampling, "controls": "none"}
    for paths, target in ((9000, 1.0), (9000, 0.012)):  # one round, and several
        found = lg.greeks(MODEL, BARRIER, ["delta"], paths=paths, target_error={"delta": target}, **options)
        plain = lg.greeks(MODEL, BARRIER, ["delta"], paths=found["delta"].n_paths, **options)
        assert (found["delta"].n_paths == 12_288) == (target == 1.0)
        assert found.to_frame().equals(plain.to_frame())


def test_with_controls_the_bits_are_those_of_a_plain_run_long_enough_for_a_full_pilot():
    found = lg.greeks(MODEL, DIGITAL, ["delta"], paths=9000, seed=4, target_error={"delta": 1.3e-5})
    assert found["delta"].n_paths > 229_376
    assert found.to_frame().equals(
        lg.greeks(MODEL, DIGITAL, ["delta"], paths=found["delta"].n_paths, seed=4).to_frame()
    )


@pytest.mark.slow
def test_the_executor_changes_nothing():
    options = {"paths": 5000, "seed": 8, "target_error": {"delta": 0.0015, VANNA: "5%"}}
    serial = lg.greeks(MODEL, BARRIER, ["delta", VANNA], **options)
    assert serial["delta"].n_paths > 20_000
    for make in (ThreadPoolExecutor, ProcessPoolExecutor):
        with threadpool_limits(2, "blas"), make(2) as executor:
            found = lg.greeks(MODEL, BARRIER, ["delta", VANNA], **options, executor=executor)
        assert found.to_frame().equals(serial.to_frame())


def test_what_is_not_reached_says_so_and_still_has_its_value():
    target = {"delta": 1e-5, "price": "1%"}
    result = lg.greeks(MODEL, BARRIER, ["delta"], paths=5000, seed=1, target_error=target, max_paths=30_000)
    assert result["delta"].note == "target error 1e-05 not reached in 30,000 paths"
    assert result["delta"].n_paths == 30_000
    assert result["price"].reliable
    plain = lg.greeks(MODEL, BARRIER, ["delta"], paths=30_000, seed=1, controls="none")
    assert abs(result["delta"].value - plain["delta"].value) < 4.0 * plain["delta"].standard_error


def test_a_share_of_zero_is_not_reached_and_the_note_says_why():
    straddle = lg.Payoff(lambda s: np.ones_like(s[-1]), times=[0.5])
    result = lg.greeks(
        MODEL, straddle, ["delta"], seed=1, paths=4096, controls="none", target_error={"delta": "1%"}, max_paths=50_000
    )
    assert "target error 1% of the value not reached in 50,000 paths: the value may be zero" in result["delta"].note


def test_an_error_that_a_few_samples_carry_is_not_believed():
    digital = lg.DigitalCall(160.0, 0.25)  # hit once in about 20,000 paths
    far = lg.Payoff(lambda spot: digital(np.asarray(spot, dtype=float)), times=(0.25,))  # that nobody can follow
    options = {"paths": 4096, "seed": 5, "controls": "none", "target_error": {"delta": 1.0}}
    early = lg.greeks(MODEL, far, ["delta"], **options, max_paths=20_000)
    assert early["delta"].standard_error < 1.0
    assert "target error 1 not reached" in early["delta"].note
    late = lg.greeks(MODEL, far, ["delta"], **options)
    assert late["delta"].n_paths > 100_000
    assert "target" not in late["delta"].note
    assert abs(late["delta"].z_score(closed_form.greek(MODEL, digital, "delta"))) < 4.0


@pytest.mark.parametrize("controls", ["none", "scores"])
@pytest.mark.slow
def test_intervals_cover_when_the_run_stops_itself(controls):
    target, seeds = {"none": 4.1e-4, "scores": 6e-5}[controls], 300
    exact = {greek: closed_form.greek(MODEL, DIGITAL, greek) for greek in ("price", "delta", "vega")}
    options = {"paths": 4096, "controls": controls, "target_error": {"delta": target}, "max_paths": 150_000}
    runs = [lg.greeks(MODEL, DIGITAL, ["delta", "vega"], seed=s, **options) for s in range(seeds)]
    assert all(run["delta"].standard_error <= target for run in runs)
    assert len({run["delta"].n_paths for run in runs}) > 1  # where it stops is left to chance
    for greek, value in exact.items():
        covered = sum(run[greek].low <= value <= run[greek].high for run in runs)
        assert stats.binomtest(covered, seeds, 0.95).pvalue > 1e-3, (greek, covered / seeds)


SHORT = Draws(0, 40_000)  # so many dates that a chunk is 64 paths
RARE, TARGET = 0.02, 0.007  # a payment in fifty samples; the error takes 400 samples


def rare(chunk):
    return {0: Moments.of((chunk.stream().uniforms(1) < RARE).astype(float))}


def as_soon_as_it_looks_small(draws):
    """The wrong way: to look after every chunk, and to believe any error."""
    total = rare(Chunk(draws.seed, 0, 64))[0]
    for k in count(1):
        if total.standard_error[0] <= TARGET:
            return total
        total = total.merge(rare(Chunk(draws.seed, k, 64))[0])
    raise AssertionError


def by_the_rule(draws):
    return sampled(rare, draws, Goal(64, 1 << 20, (Target("price", 0, TARGET),)), dict.values).total[0]


@pytest.mark.slow
def test_small_first_rounds_and_rare_payments_cover_by_the_rule_and_not_by_looking_early():
    covered = {}
    for way in (by_the_rule, as_soon_as_it_looks_small):
        ends = [way(Draws(seed, SHORT.n_times)) for seed in range(600)]
        covered[way] = sum(abs(m.mean[0] - RARE) <= 1.96 * m.standard_error[0] for m in ends)
    # binomial intervals of 25 hits themselves cover 93 to 94 %
    assert 0.91 < covered[by_the_rule] / 600 < 0.98, covered
    assert stats.binomtest(covered[as_soon_as_it_looks_small], 600, 0.93, "less").pvalue < 1e-6, covered


def test_a_round_is_as_long_as_the_variance_says_but_grows_by_no_more_than_the_limit():
    aim = Goal(1000, 10**6, (Target("price", 0, 0.1),))
    moments = Moments.of(np.random.default_rng(1).standard_normal((1, 1000)))  # error 0.032: reached
    assert aim.needed(1000, [moments]) == 1000
    tight = Goal(1000, 10**6, (Target("price", 0, 0.01),))
    assert tight.needed(1000, [moments]) == pytest.approx(1.05 * 1e4, rel=0.1)
    run = sampled(rare, SHORT, Goal(64, 100_000, (Target("price", 0, 5e-4),)), dict.values)
    assert all(later <= GROWTH * earlier for earlier, later in zip(run.rounds, run.rounds[1:], strict=False))
    assert all(n % 64 == 0 for n in run.rounds[:-1])
    assert len(run.rounds) <= 6


def test_a_mean_that_is_not_finite_is_not_waited_for():
    def broken(chunk):
        return {0: Moments.of(np.full((1, chunk.n_paths), np.nan))}

    run = sampled(broken, SHORT, Goal(64, 100_000, (Target("price", 0, 0.1),)), dict.values)
    assert run.paths == 64
    assert "not reached" in run.missed(run.total[0])["price"]


SOME = [2, 21, 22]  # a call, and two barriers of which one is noisy


def risk(rows, **options):
    return lg.risk(BOOK.iloc[rows], MARKET, ["delta"], paths=4096, seed=5, closed_form=False, **options)


@pytest.mark.slow
def test_a_book_goes_on_until_the_last_trade_is_there():
    frame = risk(SOME, target_error={"delta": 0.005})
    deltas = frame[(frame["greek"] == "delta") & (frame["trade_id"] != "net")]
    assert 0.004 < deltas["standard_error"].max() <= 0.005
    assert frame["n_paths"].nunique() == 1
    assert frame["n_paths"].iloc[0] > 4096


@pytest.mark.slow
def test_rounds_of_a_book_come_to_what_one_run_of_as_many_paths_does():
    rounds = risk(SOME, target_error={"delta": 1e-9}, max_paths=40_960)  # out of reach: it goes to the end
    plain = lg.risk(BOOK.iloc[SOME], MARKET, ["delta"], paths=40_960, seed=5, closed_form=False)
    assert (rounds["n_paths"] == 40_960).all()
    for column in ("value", "standard_error", "position_value", "position_standard_error"):
        np.testing.assert_allclose(rounds[column], plain[column], rtol=1e-9)


@pytest.mark.slow
def test_a_book_whose_net_shall_be_precise():
    alone = risk(SOME).query("trade_id == 'net' and greek == 'delta'").iloc[0]
    wanted = 0.6 * alone["position_standard_error"]
    frame = risk(SOME, target_error={"delta": wanted}, target_of="net")
    net = frame.query("trade_id == 'net' and greek == 'delta'").iloc[0]
    assert 0.7 * wanted < net["position_standard_error"] <= wanted
    with ThreadPoolExecutor(2) as executor:
        again = risk(SOME, target_error={"delta": wanted}, target_of="net", executor=executor)
    assert again.equals(frame)


def test_trades_that_are_not_there_say_so_and_nobody_else_does():
    frame = risk(SOME[:2], target_error={"delta": 0.005}, max_paths=9000).set_index(["trade_id", "greek"])
    missed = frame[frame["note"].str.contains("target error 0.005 not reached in 9,000 paths")]
    assert list(missed.index) == [("DAX-022", "delta")]
    assert (missed["standard_error"] > 0.005).all()
    assert not frame.drop(missed.index)["note"].str.contains("target|DAX-022").any()


@pytest.mark.slow
def test_when_relaxations_are_given_up_in_a_late_round_the_run_starts_again_without(monkeypatch):
    alone = {"paths": 4096, "seed": 1, "target_error": {"delta": 0.002}, "max_paths": 60_000}
    book = {"target_error": {"delta": 0.008}, "max_paths": 40_000}
    scores = lg.greeks(MODEL, BARRIER, ["delta"], controls="scores", **alone)
    rows = risk(SOME[:2], controls="scores", **book)
    controlled = Run.controlled

    def failing(run, chunk):
        pairs, scores = controlled(run, chunk)
        return iter(broken if any(plan.specific for plan in run.plans) and chunk.index > 0 else pairs), scores

    class Broken:
        def __iter__(self):
            return self

        def __next__(self):
            raise NotRelaxableError("what the pilot did not see")

    broken = Broken()

    monkeypatch.setattr(Run, "controlled", failing)
    found = lg.greeks(MODEL, BARRIER, ["delta"], **alone)
    assert found.to_frame().equals(scores.to_frame())
    assert "given up" in str(found.diagnostics)
    again = risk(SOME[:2], **book)
    assert again.loc[again["trade_id"] != "net", "note"].str.contains("given up").all()
    assert again.drop(columns=["note", "method"]).equals(rows.drop(columns=["note", "method"]))


def test_progress_shows_how_far_off_the_errors_are(capsys):
    lg.greeks(MODEL, BARRIER, ["delta"], paths=5000, seed=1, target_error={"delta": 0.002})
    assert capsys.readouterr().err == ""
    lg.greeks(MODEL, BARRIER, ["delta"], paths=5000, seed=1, target_error={"delta": 0.002}, progress=True)
    last = capsys.readouterr().err.split("\r")[-1]
    assert "greeks: 100%" in last
    assert "x target" in last


@pytest.mark.slow
def test_the_command_line_takes_targets(capsys, tmp_path):
    book = tmp_path / "book.csv"
    BOOK.iloc[SOME].to_csv(book, index=False)
    common = ["risk", str(book), "--market", str(DATA / "market.toml"), "--greeks", "delta,spot:rate", "--seed", "3"]
    common += ["--paths", "4096", "--workers", "1"]
    with pytest.raises(SystemExit) as stop:
        cli.main([*common, "--target-error", "delta=3e-3,spot:rate=3%", "--max-paths", "60000"])
    assert stop.value.code == 0
    out = capsys.readouterr().out
    paths = int(re.search(r"3 trades, ([\d,]+) paths", out)[1].replace(",", ""))
    assert 4096 < paths < 60_000
    for wrong, message in (
        ("delta=abc%", "share of the value"),
        ("delta", "share of the value"),
        ("vega=1", "estimated"),
    ):
        with pytest.raises(SystemExit) as stop:
            cli.main([*common, "--target-error", wrong])
        assert stop.value.code == 2
        assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("target", "field"),
    [
        ({}, "target_error must name"),
        ({"deltta": 0.1}, "target_error must name Greeks that are estimated"),
        ({"vega": 0.1}, "target_error must name Greeks that are estimated"),
        ({("spot", "skew"): 0.1}, "target_error must name Greeks that are estimated"),
        ({3: 0.1}, "target_error must name Greeks that are estimated"),
        *[({"delta": x}, r"target_error\['delta'\]") for x in (0.0, -1.0, NAN, INF)],
        *[
            ({"delta": x}, r"target_error\['delta'\]")
            for x in ("abc%", "%", "1", "0%", "-1%", "nan%", "11%", "1%%", "")
        ],
    ],
)
def test_bad_targets_are_refused_with_field_and_value(target, field):
    with pytest.raises(ValueError, match=field) as caught:
        lg.greeks(MODEL, CALL, ["delta"], paths=4096, seed=1, target_error=target)
    assert "got" in str(caught.value)
    with pytest.raises(ValueError, match=field):
        risk([0], target_error=target)


def test_bad_limits_and_kinds_are_refused():
    options = {"paths": 4096, "seed": 1, "target_error": {"delta": 0.1}}
    for limit in (4095, 0):
        with pytest.raises(ValueError, match="max_paths must be a whole number of at least 4096"):
            lg.greeks(MODEL, CALL, ["delta"], **options, max_paths=limit)
    with pytest.raises(ValueError, match="max_paths must be even"):
        lg.greeks(MODEL, CALL, ["delta"], **options, max_paths=4097, sampling="antithetic")
    for wrong in (0.001, "1%", ["delta"]):
        with pytest.raises(TypeError, match="target_error must map Greeks"):
            lg.greeks(MODEL, CALL, ["delta"], **{**options, "target_error": wrong})
    for wrong in (None, True, [0.1]):
        with pytest.raises(TypeError, match=r"target_error\['delta'\] must be a real number"):
            lg.greeks(MODEL, CALL, ["delta"], **{**options, "target_error": {"delta": wrong}})
    with pytest.raises(ValueError, match="target_of must be one of"):
        risk([0], target_error={"delta": 0.1}, target_of="desk")
