"""Payoffs and laws that would give wrong numbers unseen."""

import numpy as np
import pytest
from scipy.integrate import quad

import likelihood_greeks as lg
from tests.support.gates import MODEL, UNEVEN, assert_estimates


def in_place(spot):
    spot -= spot.mean(axis=0)
    spot += 93.0
    return np.maximum(spot[-1] - 90.0, 0.0)


def on_a_copy(spot):
    centred = spot - spot.mean(axis=0) + 93.0
    return np.maximum(centred[-1] - 90.0, 0.0)


@pytest.mark.parametrize("controls", ["none", "auto"])
def test_a_payoff_that_works_in_place_changes_nothing_for_others(controls):
    same = {"paths": 20_000, "seed": 3, "controls": controls}
    one = lg.greeks(MODEL, lg.Payoff(in_place, UNEVEN), ["delta", "vega", "gamma"], **same)
    other = lg.greeks(MODEL, lg.Payoff(on_a_copy, UNEVEN), ["delta", "vega", "gamma"], **same)
    assert {g: one[g].value for g in one} == pytest.approx({g: other[g].value for g in other}, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize(
    "mixing",
    [
        lambda spot: np.maximum(spot[-1] - spot[-1].mean(), 0.0),
        lambda spot: spot[-1] * np.random.default_rng().uniform(),
    ],
)
def test_a_payoff_that_mixes_paths_or_plays_dice_is_refused(mixing):
    with pytest.raises(ValueError, match="payoff must give every path a cash flow of its own"):
        lg.greeks(MODEL, lg.Payoff(mixing, UNEVEN), ["delta"], paths=4096, seed=1)


@pytest.mark.slow
def test_a_root_that_reaches_zero_gets_no_relaxation_and_right_error_bars():
    strike, maturity, power = 90.0, 1.1, 0.2
    deviation, drift = 0.27 * np.sqrt(maturity), (0.043 - 0.017 - 0.27**2 / 2) * maturity

    def weighted(z):
        return max(93.0 * np.exp(drift + deviation * z) - strike, 0.0) ** power * (
            ((z * z - 1) / 0.27 - z * np.sqrt(maturity)) * np.exp(-z * z / 2) / np.sqrt(2 * np.pi)
        )

    kink = (np.log(strike / 93.0) - drift) / deviation
    exact = np.exp(-0.043 * maturity) * quad(weighted, kink, 12.0, epsabs=1e-12, limit=400)[0]
    payoff = lg.Payoff(lambda spot: np.maximum(spot[-1] - strike, 0.0) ** power, [maturity])
    runs = [lg.greeks(MODEL, payoff, ["vega"], paths=4096, seed=seed) for seed in range(60)]
    assert "a root of, or by, an amount that comes near zero" in " ".join(runs[0].diagnostics.remarks)
    assert np.mean([run["vega"].z_score(exact) ** 2 for run in runs]) < 1.7
    assert_estimates(lg.greeks(MODEL, payoff, ["vega"], paths=200_000, seed=1)["vega"], exact, 0.02)


class Compiled(Exception):
    """What a compiler might raise when it meets an array that is none."""


def test_whatever_a_payoff_raises_when_followed_it_gets_score_controls():
    def picky(spot):
        if type(spot) is not np.ndarray:
            raise Compiled("unknown type")
        return 1.0 * (spot[-1] > 95.0)

    result = lg.greeks(MODEL, lg.Payoff(picky, UNEVEN), ["delta"], paths=8192, seed=2)
    assert "when followed, the payoff raised Compiled unknown type" in " ".join(result.diagnostics.remarks)
    assert result["delta"].variance_ratio > 1.5


def test_a_forward_that_is_not_the_mean_of_the_spots_is_said_to_be_wrong():
    class Bachelier:
        def __init__(self, spot, off):
            self.spot, self.off = spot, off

        parameters = ("spot",)

        def simulate(self, times, stream):
            return self.spot + 9.0 * np.sqrt(np.diff(times, prepend=0.0))[:, None].cumsum(axis=0) * stream.normals(
                len(times)
            )

        def log_density(self, x):
            return -0.5 * ((x[0] - self.spot) / 9.0) ** 2

        def forward(self, time):
            return self.spot * (1.0 + self.off)

    call = lg.Payoff(lambda spot: np.maximum(spot[-1] - 100.0, 0.0), [1.0])
    right = lg.greeks(Bachelier(100.0, 0.0), call, ["spot"], paths=20_000, seed=1)
    wrong = lg.greeks(Bachelier(100.0, 0.01), call, ["spot"], paths=20_000, seed=1)
    assert not right["price"].note
    assert "the forward is not the mean of the spots" in wrong["price"].note


@pytest.mark.slow
def test_a_long_loop_over_dates_does_not_make_the_pilot_explode():
    def daily(spot):
        alive, paid = 1.0, 0.0
        for level in spot:
            called = level >= 105.0
            paid = paid + alive * called * 1.02
            alive = alive * ~called
        return paid + alive * spot[-1] / 93.0

    result = lg.greeks(MODEL, lg.Payoff(daily, lg.schedule(1.0, per_year=126)), ["delta"], paths=8192, seed=5)
    assert len(result.diagnostics.controls.query("greek == 'delta'")) < 60
    assert result["delta"].variance_ratio > 5.0


def test_where_nothing_pays_nothing_is_used_and_that_is_said():
    payoff = lg.Payoff(lambda spot: np.cos(40.0 * np.log(spot[-1])), [1.1])  # hidden from every control
    result = lg.greeks(MODEL, payoff, ["delta"], paths=50_000, seed=4)
    plain = lg.greeks(MODEL, payoff, ["delta"], paths=50_000, seed=4, controls="none")
    assert "plain likelihood ratio" in str(result.diagnostics)
    assert result["delta"].value == plain["delta"].value
