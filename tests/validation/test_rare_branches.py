"""A gate: what a payoff pays on paths that no run has seen is in its errors; without the paths that look, it is not."""

from pathlib import Path

import pandas as pd
import pytest

import likelihood_greeks as lg
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


def held(table):
    """Whether stored numbers above rounding have errors that are right: of all cases together, and of every one."""
    judged = table[table["standard_error"] > 1e-9 * table["exact"].abs()]
    return 0.7 < judged["mean_z2"].mean() < 1.4 and judged["largest_z"].max() < 4.0


def test_the_stored_study_holds_and_would_not_with_errors_of_two_thirds():
    table = pd.read_csv(Path(rare.__file__).with_name("rare.csv"))
    assert set(table["case"]) == set(CASES), "python -m benchmarks.rare"
    assert len(CASES) > 11
    assert table["seeds"].min() >= 20
    assert held(table)
    assert not held(table.assign(mean_z2=table["mean_z2"] * 1.5**2, largest_z=table["largest_z"] * 1.5))


def test_what_is_never_paid_is_not_known_to_less_than_rounding():
    case = CASES["digital put 40, curve"]  # one path in 60,000 is paid, and controls explain it
    for seed in range(2):
        found = lg.greeks(case.law, case.payoff, ["delta"], paths=4096, seed=seed)
        for of in ("price", "delta"):
            assert not found[of].note
            assert 1e-17 < found[of].standard_error < 1e-14
            assert abs(found[of].z_score(case.exact(of))) < 1.0
