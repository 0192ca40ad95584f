"""Least squares on controls and the choice among them: exact where it can be, cautious where it must be."""

import sys
from itertools import pairwise

import numpy as np
import pytest

import likelihood_greeks as lg
from likelihood_greeks.controls import selection
from likelihood_greeks.controls.europeans import Vanilla
from likelihood_greeks.controls.handed_over import HandedOver
from likelihood_greeks.controls.handover import Handover
from likelihood_greeks.controls.protocol import Load, cost, rows
from likelihood_greeks.controls.regression import SAMPLES_A_CONTROL, Products, fit
from likelihood_greeks.controls.selection import biased, choose
from likelihood_greeks.controls.widths import Relaxation
from likelihood_greeks.engine.payoff_group import CONTROLS, Group
from likelihood_greeks.engine.pilot import plans
from likelihood_greeks.streams.chunks import Chunk
from likelihood_greeks.validation import quadrature
from tests.support.gates import MODEL, assert_estimates

N = 4000
ARRAYS = ("weight", "weight_squared", "sums", "products")


def sampled(seed, n_free=2, n_own=3, n_targets=2, n=N):
    """Weighted samples: free controls, own controls target by target, and targets that depend on all of them."""
    rng = np.random.default_rng(seed)
    mixing = rng.standard_normal((n_free + n_own, n_free + n_own))
    controls = np.einsum("ij,gjn->gin", mixing, rng.standard_normal((n_targets, n_free + n_own, n)))
    controls[:, :n_free] = controls[0, :n_free]
    targets = 2.0 + np.einsum("gi,gin->gn", rng.standard_normal(controls.shape[:2]), controls)
    targets += rng.standard_normal(targets.shape)
    return controls[0, :n_free], controls[:, n_free:], targets, rng.uniform(0.2, 1.9, n)


def all_allowed(own, targets):
    return np.ones((len(targets), own.shape[1]), dtype=bool)


# -- products --------------------------------------------------------------------------------------------------


def test_products_of_pieces_are_those_of_all_samples():
    samples = sampled(1)
    whole = Products.of(*samples)
    cuts = [0, 1000, 1002, N]  # even pieces: the same samples in each half
    pieces = [Products.of(*(x[..., a:b] for x in samples)) for a, b in pairwise(cuts)]
    merged = pieces[0].merge(pieces[1]).merge(pieces[2])
    assert merged.size == whole.size == N
    for name in ARRAYS:
        np.testing.assert_allclose(getattr(merged, name), getattr(whole, name), rtol=1e-12, atol=1e-9)
    odd = Products.of(*(x[..., :777] for x in samples)).merge(Products.of(*(x[..., 777:] for x in samples)))
    np.testing.assert_allclose(odd.covariance(), whole.covariance(), rtol=1e-10, atol=1e-9)
    assert odd.effective == pytest.approx(whole.effective)


def test_products_are_weighted_covariances_and_the_effective_size_kishs():
    free, own, targets, weights = sampled(2)
    products = Products.of(free, own, targets, weights)
    table = np.concatenate([free, own[1], targets[1:]])
    np.testing.assert_allclose(
        products.covariance()[1] / weights.sum(), np.cov(table, aweights=weights, bias=True), rtol=1e-10, atol=1e-12
    )
    np.testing.assert_allclose(
        products.covariance(1)[1] / weights[1::2].sum(),
        np.cov(table[:, 1::2], aweights=weights[1::2], bias=True),
        rtol=1e-10,
        atol=1e-12,
    )
    assert products.effective == pytest.approx(weights.sum() ** 2 / (weights**2).sum())


def test_restricted_products_are_those_of_the_controls_that_stay():
    free, own, targets, weights = sampled(3)
    restricted = Products.of(free, own, targets, weights).restricted([0, 3])
    expected = Products.of(free[:1], own[:, 1:2], targets, weights)
    for name in ARRAYS:
        np.testing.assert_allclose(getattr(restricted, name), getattr(expected, name), rtol=1e-12)


# -- coefficients ----------------------------------------------------------------------------------------------


def least_squares(controls, target, weights):
    """Coefficients with an intercept, and the weighted residual sum of squares."""
    root = np.sqrt(weights)
    design = np.concatenate([np.ones((1, len(target))), controls]).T * root[:, None]
    found, *_ = np.linalg.lstsq(design, root * target, rcond=None)
    return found[1:], float(np.sum((root * target - design @ found) ** 2))


def residual(coefficients, controls, target, weights):
    left = target - coefficients @ controls
    return float(weights @ (left - np.average(left, weights=weights)) ** 2)


@pytest.mark.parametrize("seed", [4, 5])
def test_coefficients_are_those_of_weighted_least_squares(seed):
    free, own, targets, weights = sampled(seed)
    allowed = np.ones((2, 5), dtype=bool)
    allowed[1, [0, 3]] = False
    found = fit(Products.of(free, own, targets, weights), allowed)
    for g, mask in enumerate(allowed):
        controls = np.concatenate([free, own[g]])
        expected, left = least_squares(controls[mask], targets[g], weights)
        np.testing.assert_allclose(found.coefficients[g, mask], expected, rtol=1e-8)
        assert not found.coefficients[g, ~mask].any()
        raw = residual(np.zeros(5), controls, targets[g], weights)
        assert found.gain[g] == pytest.approx(raw / left, rel=0.03)  # judged on draws that were not fitted
        assert found.gain[g] > 1.5


def with_an_extra(kind):
    """Two useful controls and one that adds nothing."""
    rng = np.random.default_rng(6)
    first, second, noise = rng.standard_normal((3, N))
    extra = {
        "duplicate": first,
        "scaled duplicate": -1e6 * first,
        "nearly a duplicate": first + 1e-9 * noise,
        "combination": 2.0 * first - 3.0 * second,
        "nearly a combination": first + second + 1e-7 * noise,
        "zero": np.zeros(N),
    }[kind]
    target = 3.0 * first - second + 0.1 * rng.standard_normal(N)
    return np.stack([first, second, extra]), target, rng.uniform(0.2, 1.9, N)


@pytest.mark.parametrize(
    "kind", ["duplicate", "scaled duplicate", "nearly a duplicate", "combination", "nearly a combination", "zero"]
)
def test_a_control_that_adds_nothing_is_dropped_and_not_inverted(kind):
    controls, target, weights = with_an_extra(kind)
    found = fit(Products.of(controls, np.zeros((1, 0, N)), target[None], weights), np.ones((1, 3), dtype=bool))
    assert np.count_nonzero(found.coefficients) == 2
    assert np.abs(found.coefficients).max() < 5.0
    _, best = least_squares(controls[:2], target, weights)
    assert residual(found.coefficients[0], controls, target, weights) == pytest.approx(best, rel=1e-8)


def test_a_difference_of_one_in_a_thousand_is_still_a_control():
    first, change, noise = np.random.default_rng(7).standard_normal((3, N))
    controls, target = np.stack([first, first + 1e-3 * change]), change + 0.1 * noise
    found = fit(Products.of(controls, np.zeros((1, 0, N)), target[None], np.ones(N)), np.ones((1, 2), dtype=bool))
    np.testing.assert_allclose(found.coefficients[0], [-1000.0, 1000.0], rtol=0.01)


@pytest.mark.slow
def test_noise_is_refused():
    rng = np.random.default_rng(8)
    controls, targets = rng.standard_normal((40, N)), rng.standard_normal((10, N))
    products = Products.of(controls, np.zeros((10, 0, N)), targets, np.ones(N))
    found = fit(products, np.ones((10, 40), dtype=bool))
    assert not found.coefficients.any()
    np.testing.assert_array_equal(found.gain, 1.0)
    useful = fit(
        Products.of(controls, np.zeros((10, 0, N)), targets + controls[0], np.ones(N)), np.ones((10, 40), bool)
    )
    assert useful.gain.min() > 1.5  # negative control: the same, with something in it


def test_too_few_samples_are_refused():
    free, own, targets, weights = sampled(9, n=SAMPLES_A_CONTROL * 5)
    allowed = np.ones((2, 5), dtype=bool)
    assert fit(Products.of(free, own, targets, weights), allowed).coefficients.all()
    fewer = Products.of(*(x[..., :-1] for x in (free, own, targets, weights)))
    assert not fit(fewer, allowed).coefficients.any()


# -- choice ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(5))
def test_backward_elimination_agrees_with_least_squares_without_the_controls(seed):
    free, own, targets, weights = sampled(seed, n_own=6, n_targets=1, n=500)
    products, controls = Products.of(free, own, targets, weights), np.concatenate([free, own[0]])
    raw = residual(np.zeros(8), controls, targets[0], weights)

    def brute_force(removed):
        kept = [j for j in range(8) if j not in removed]
        left = least_squares(controls[kept], targets[0], weights)[1] if kept else raw
        n, p = products.effective, len(kept)
        return np.log(left / raw) + np.log((n + p) / (n - p))

    shrinking = selection._Shrinking(products.covariance(), np.ones((1, 8), dtype=bool), products.effective)
    gone = []
    for step in ([], [3], [0, 7], [5], [1, 2, 4, 6]):
        shrinking.remove(step)
        gone += step
        for trial in ([], [5], [2, 6], [1, 2, 4], [3]):
            expected = brute_force({*gone, *trial})
            assert shrinking.without(trial) == pytest.approx([expected], abs=1e-4), (gone, trial)
        for j in set(range(8)) - set(gone):
            assert shrinking.without_each()[0, j] == pytest.approx(brute_force({*gone, j}), abs=1e-4), (gone, j)


def test_of_two_duplicates_either_may_go_at_no_loss():
    controls, target, weights = with_an_extra("duplicate")
    products = Products.of(controls, np.zeros((1, 0, N)), target[None], weights)
    shrinking = selection._Shrinking(products.covariance(), np.ones((1, 3), dtype=bool), products.effective)
    both = shrinking.without()
    assert shrinking.without([0]) == pytest.approx(both, abs=2e-3)
    assert shrinking.without([2]) == pytest.approx(both, abs=2e-3)
    assert shrinking.without([0, 2]) > both + 3.0
    shrinking.remove([2])
    alone = selection._Shrinking(products.covariance(), np.array([[True, True, False]]), products.effective)
    for trial in ([], [0], [1], [0, 1]):
        assert shrinking.without(trial) == pytest.approx(alone.without(trial), abs=5e-3)


NARROW, WIDE = Relaxation("narrow", (1.0,), work=7.0), Relaxation("wide", (2.0,), work=7.0)
OFFERS = [
    Vanilla(0, 90.0, "digital"),
    HandedOver(NARROW, Handover(())),
    HandedOver(NARROW, Handover((3,))),
    HandedOver(WIDE, Handover((3,))),
]
OFFERS += [Vanilla(1, 90.0, "call"), HandedOver(WIDE, Handover(()))]


def offered(shares, seed=10, noise=0.05, shift=0.0):
    """Products of one free control, `OFFERS`, and Greeks made of them in the given shares, (n_greeks, n_offers)."""
    rng, weights = np.random.default_rng(seed), np.random.default_rng(seed).uniform(0.2, 1.9, N)
    shares = np.atleast_2d(shares)
    free, own = rng.standard_normal((1, N)), rng.standard_normal((len(shares), shares.shape[1], N))
    free, own = (x - np.average(x, axis=-1, weights=weights)[..., None] for x in (free, own))
    targets = 1.0 + free + np.einsum("go,gon->gn", shares, own) + noise * rng.standard_normal((len(shares), N))
    own[:, 0] += shift
    return Products.of(free, own, targets, weights), np.ones((len(shares), 1), dtype=bool)


def test_the_useful_controls_are_found_among_useless_ones():
    products, allowed = offered([1.0, 0.0, 0.7, 0.0, 0.0, 0.0])
    assert choose(OFFERS, Load(12), products, allowed) == [0, 2]
    products, allowed = offered([0.0, 0.0, 0.0, 1.0, 0.0, 1.0])  # two skeletons of one relaxation
    assert choose(OFFERS, Load(12), products, allowed) == [3, 5]


def test_none_is_kept_when_none_pays():
    products, allowed = offered(np.zeros(6))
    assert choose(OFFERS, Load(12), products, allowed) == []
    products, allowed = offered([0.0, 0.12, 0.0, 0.0, 0.0, 0.0], noise=0.15)  # 0.6 of the variance, for twice the work
    assert cost(OFFERS[1:2], Load(4)) / cost([], Load(4)) > 1.9
    assert choose(OFFERS, Load(4), products, allowed) == []
    assert choose(OFFERS, Load(400), products, allowed) == [1]  # on many dates the same control costs next to nothing


def test_the_budget_is_kept_even_when_more_would_pay(monkeypatch):
    offers = [HandedOver(Relaxation(f"{k}", (), work=10.0), Handover(())) for k in range(6)]
    products, allowed = offered([1.0, 0.9, 0.8, 0.7, 0.6, 0.5], noise=1e-3)
    assert cost(offers, Load(4)) > selection.BUDGET
    kept = choose(offers, Load(4), products, allowed)
    assert cost([offers[j] for j in kept], Load(4)) <= selection.BUDGET
    assert kept == list(range(len(kept)))  # the most useful
    assert kept
    monkeypatch.setattr(selection, "BUDGET", 100.0)
    assert choose(offers, Load(4), products, allowed) == [0, 1, 2, 3, 4, 5]


def test_a_control_whose_mean_is_not_zero_is_not_used():
    shares = [[1.0, 0.0, 0.7, 0.0, 0.0, 0.0]]
    fair, _ = offered(shares)
    assert not any(biased(fair, j) for j in range(7))
    shifted, allowed = offered(shares, shift=0.3)
    assert [biased(shifted, j) for j in range(7)] == [False, True, *5 * [False]]
    assert 0 not in choose(OFFERS, Load(12), shifted, allowed)
    samples = np.random.default_rng(11).standard_normal((2, 150, N))  # not centred: what chance alone does
    by_chance = Products.of(samples[0], samples[1:], samples[0, :1], np.ones(N))
    assert not any(biased(by_chance, j) for j in range(300))


def test_a_relaxation_that_needs_two_skeletons_goes_with_both_or_stays_with_both(monkeypatch):
    monkeypatch.setattr(selection, "SERVED", 1.0)
    common, change, other, noise = np.random.default_rng(12).standard_normal((4, N))
    pair, offers = [10.0 * common + change, common], [OFFERS[1], OFFERS[2], OFFERS[4]]
    allowed = np.ones((1, 1), dtype=bool)

    def picked(share):
        target = share * change + 0.2 * other + noise
        own = np.stack([*pair, other])[None]
        return choose(offers, Load(100), Products.of(np.zeros((1, N)), own, target[None], np.ones(N)), allowed)

    assert picked(1.5) == [0, 1, 2]
    assert picked(0.28) == [2]  # one by one the other control would have had to go first


def test_a_greek_whose_variance_nothing_lowers_does_not_decide(monkeypatch):
    useful, useless = [0.0, 0.28, 0.0, 0.0, 0.0, 0.0], np.zeros(6)
    work, gain = np.log(cost(OFFERS[1:2], Load(4)) / cost([], Load(4))), np.log((0.28**2 + 0.2**2) / 0.2**2)
    assert gain > work > 0.5 * gain  # it pays for the one, and would not for the mean of the two
    alone, allowed = offered([useful], noise=0.2)
    both, both_allowed = offered([useful, useless], noise=0.2)
    assert choose(OFFERS, Load(4), alone, allowed) == choose(OFFERS, Load(4), both, both_allowed) == [1]
    monkeypatch.setattr(selection, "SERVED", 1e-9)  # negative control: every Greek decides
    assert choose(OFFERS, Load(4), alone, allowed) == [1]
    assert choose(OFFERS, Load(4), both, both_allowed) == []


# -- end to end ------------------------------------------------------------------------------------------------

DAILY = lg.Barrier(lg.Call(95.0, 1.0), 84.0, "down", "out", lg.schedule(1.0, per_year=252))
WEEKLY = lg.Barrier(lg.DigitalCall(95.0, 1.0, cash=10.0), 84.0, "down", "out", lg.schedule(1.0, per_year=52))
OPTIONS = {"greeks": ["delta"], "paths": 100_000, "seed": 16}


def in_use(result, greek):
    """Names of the controls that serve a Greek."""
    return set(result.diagnostics.controls.query("used and greek == @greek").control)


def relaxed_in_use(result, greek="delta"):
    """Names of the relaxations that serve a Greek."""
    return [name for name in in_use(result, greek) if name.startswith("relaxed")]


def test_a_daily_barrier_says_which_controls_it_uses():
    options = {"greeks": ["delta", "vega"], "paths": 20_000, "seed": 15}
    result = lg.greeks(MODEL, DAILY, controls="auto", **options)
    assert "controls of its own pay" in str(result.diagnostics)
    without = lg.greeks(MODEL, DAILY, controls="scores", **options)
    for greek in ("delta", "vega"):
        assert result[greek].variance_ratio > 0.9 * result.diagnostics.gain[greek]  # what the pilot foretold
        assert any(name.startswith(("relaxed", "the payoff integrated")) for name in in_use(result, greek))
        assert result[greek].variance_ratio > 10.0 * without[greek].variance_ratio


@pytest.fixture(scope="module")
def fair():
    """The exact delta of the weekly barrier, and its estimate, which is precise enough and right."""
    exact, result = quadrature.greek(MODEL, WEEKLY, "delta").value, lg.greeks(MODEL, WEEKLY, **OPTIONS)
    assert_estimates(result["delta"], exact, max_standard_error=0.01 * abs(exact))
    return exact, result


def spoilt(name, in_pilot):
    """The estimate with a control whose mean is 0.3 of its deviations, in the main run and perhaps in the pilot."""

    def shifted(controls, scene, combinations, used=None):
        found = rows(controls, scene, combinations, used)
        for j, control in enumerate(controls):
            if control.name == name and (in_pilot or used is not None):
                found[:, j] += 0.3 * found[:, j].std(axis=-1, keepdims=True)
        return found

    with pytest.MonkeyPatch.context() as patch:
        for key, module in list(sys.modules.items()):
            if key.startswith(lg.__name__) and getattr(module, "rows", None) is rows:
                patch.setattr(module, "rows", shifted)
        return lg.greeks(MODEL, WEEKLY, **OPTIONS)


@pytest.mark.slow
def test_a_control_with_a_mean_biases_the_estimate_and_would_be_seen(fair):
    exact, result = fair
    for name in relaxed_in_use(result):
        assert abs(spoilt(name, in_pilot=False)["delta"].z_score(exact)) > 6.0, name


@pytest.mark.slow
def test_a_control_whose_mean_the_pilot_sees_is_not_used(fair):
    exact, result = fair
    for name in relaxed_in_use(result):
        found = spoilt(name, in_pilot=True)
        assert relaxed_in_use(found)
        assert name not in relaxed_in_use(found)
        assert_estimates(found["delta"], exact, max_standard_error=0.02 * abs(exact))


# -- last bits -------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    "payoff",
    [
        lg.Asian(100.0, lg.schedule(1.0, 4)),
        lg.DoubleBarrier(lg.Call(100.0, 1.0), 80.0, 130.0, "out", lg.schedule(1.0, 4)),
        lg.Payoff(lambda s: np.sin(s[-1] / 50.0) * (s.min(axis=0) > 85.0), lg.schedule(1.0, 4)),
    ],
    ids=["average", "corridor", "not followed"],
)
def test_no_choice_hangs_on_the_last_bits_of_a_sum(payoff, monkeypatch):
    group = Group(MODEL, (payoff,), ({("spot",): 1.0}, {("volatility",): 1.0}), CONTROLS["auto"])
    covariance, generator = Products.covariance, np.random.default_rng(5)

    def planned(size):
        def disturbed(self, *which):
            found = covariance(self, *which)
            return found * (1.0 + size * generator.standard_normal(found.shape))

        monkeypatch.setattr(Products, "covariance", disturbed)
        (plan,) = plans(group, [Chunk(3, 0, 4096, pilot=True)])
        return [control.name for control in plan.specific], plan.used.tolist()

    assert planned(1e-13) == planned(1e-13) == planned(0.0)
