"""The whole package against its references, at a coarser precision than ``likelihood-greeks validate``."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from likelihood_greeks.validation.cases import Case, grid
from likelihood_greeks.validation.report import validate, verdict

GRID = grid()


def test_the_grid_is_wide():
    assert len(GRID) >= 60
    assert len({type(case.payoff).__name__ for case in GRID}) >= 12
    assert len({case.name for case in GRID}) == len(GRID)


@pytest.mark.slow
def test_z_scores_over_the_grid_look_standard_normal():
    with ThreadPoolExecutor(2) as executor:
        judged = verdict(validate(GRID, precision=0.03, seed=1, executor=executor), precision=0.03)
    assert judged.checks == 10 * len(GRID)
    assert judged.passed, judged


@pytest.mark.slow
def test_a_reference_five_per_cent_wrong_fails(monkeypatch):
    right = Case.reference
    monkeypatch.setattr(
        Case,
        "reference",
        lambda self, greek: type(right(self, "price"))(1.05 * right(self, greek).value, 0.0),
    )
    judged = verdict(validate(GRID[:6], precision=0.01))
    assert not judged.passed
    assert judged.mean_square > 1.25
