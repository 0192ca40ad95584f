"""A gate: what a payoff pays on paths that no run has seen is in its errors; without the paths that look, it is not."""

import pandas as pd
import pytest

from benchmarks import rare
from likelihood_greeks.engine import pilot

CASES = {case.name: case for case in rare.cases()}
GATE = (
    "call less 500 once below 66",
    "up-and-out call 150, rebate 200",
    "call less 500 below 81 early",
    "call less 500 for one bad return",
    "call less 500 for a bad month",
    "call less 500 for a low average",
    "call less 500 below 88, then 70",
    "call less 500 below 83, then above 103",
)


def measured(seeds):
    rows = [row for name in GATE for seed in seeds for row in rare.measured(CASES[name], seed, 4096)]
    found = pd.DataFrame(rows)
    return found[(found["greek"] == "price") & (found["note"] == "")]


@pytest.mark.slow
def test_the_errors_of_rare_branches_are_right():
    found = measured(range(3))
    assert len(found) >= 2 * len(GATE)
    assert (found["standard_error"] < 0.02).all()  # plain samples of the call say 0.1
    assert found["z"].abs().max() < 4.0
    assert 0.5 < (found["z"] ** 2).mean() < 1.6  # 24 numbers: the mean of normal ones is 1 ± 0.3


@pytest.mark.slow
def test_the_gate_closes_if_nothing_looks_for_them(monkeypatch):
    monkeypatch.setattr(pilot, "scouted", lambda group, plans, *_: tuple(plans))
    found = measured(range(1))
    assert found["z"].abs().max() > 6.0
    assert (found["z"] ** 2).mean() > 10.0
