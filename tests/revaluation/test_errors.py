"""Errors of `explain` and `scenarios` are those that their numbers have."""

import numpy as np
import pytest

import likelihood_greeks as lg

LAW = lg.GBM(spot=100.0, volatility=0.2, rate=0.03)
MOVED = {"spot": 103.0, "volatility": 0.19}
MOVES = {"delta": 3.0, "vega": -0.01, "gamma": 4.5, "vanna": -0.03, "volga": 0.5e-4}


def exact_terms(option):
    found = lg.greeks(LAW, option, [*MOVES], closed_form=True)
    after = lg.greeks(lg.GBM(**(MOVED | {"rate": 0.03})), option, [], closed_form=True)["price"].value
    terms = {name: move * found[name].value for name, move in MOVES.items()}
    explained, total = sum(terms.values()), after - found["price"].value
    return terms | {"explained": explained, "unexplained": total - explained, "total": total}


def z_scores(controls, seeds, paths=4096):
    found = []
    for option in (lg.Call(105.0, 0.5), lg.DigitalCall(95.0, 0.5)):
        exact = np.array([*exact_terms(option).values()])
        for seed in seeds:
            frame = lg.explain(LAW, MOVED, option, paths=paths, seed=seed, controls=controls)
            found.append((frame["value"].to_numpy() - exact) / frame["standard_error"].to_numpy())
    return np.array(found)


@pytest.mark.slow
@pytest.mark.parametrize("controls", ["auto", "scores"])
def test_errors_of_explained_moves_are_right(controls):
    z = z_scores(controls, range(8))
    assert 0.6 < (z**2).mean() < 1.6  # 16 runs of about five independent numbers: 1 within 0.5; it was 2.3
    assert np.abs(z).max() < 4.5
    assert (z[:, :1] ** 2).mean() < 2.5


def test_scenarios_know_what_no_path_has_seen():
    """A call that forfeits 500 once in 300,000 paths, at a few points: its error has it."""
    dates = lg.schedule(0.25, 52)
    payoff = lg.Payoff(lambda s: np.maximum(s[-1] - 100.0, 0.0) - np.where(s[-1] < 65.0, 500.0, 0.0), times=dates)
    frame = lg.scenarios(LAW, payoff, {"spot": [99.0, 101.0]}, greeks=[], paths=8192, seed=1).frame
    call = lg.scenarios(LAW, lg.Call(100.0, 0.25), {"spot": [99.0, 101.0]}, greeks=[], paths=8192, seed=1).frame
    assert (frame["price_standard_error"] > 1.2 * call["price_standard_error"]).all()
