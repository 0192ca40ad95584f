"""A small version of the study of coverage: every kind of estimate runs, and none is far off."""

import pytest

from benchmarks.coverage_of_kinds import kinds, measured, verdict


@pytest.mark.slow
@pytest.mark.parametrize("name", kinds())
def test_errors_of_every_kind_are_about_right(name):
    found = measured(name, seeds=4, paths=4096)
    assert found["marked"] < 0.5
    assert found["mean z2"] < 3.5  # four runs of a few numbers that depend on each other


def test_verdicts_need_power():
    assert verdict(0.95, 2000) == "pass"
    assert verdict(0.90, 2000) == "fail"
    assert verdict(0.99, 2000) == "fail"
    assert verdict(0.95, 100) == "inconclusive"
    assert verdict(0.92, 500) == "inconclusive"
