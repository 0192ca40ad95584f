"""A small version of the studies of coverage and of marks: every kind of estimate runs, and none is far off."""

import numpy as np
import pandas as pd
import pytest

from benchmarks.calibration_of_marks import runs, summary
from benchmarks.coverage_of_kinds import kinds
from benchmarks.tallies import ALL, effective, grown, judged, verdict


@pytest.mark.slow
@pytest.mark.parametrize("name", kinds())
def test_errors_of_every_kind_are_about_right(name, tmp_path):
    (found,) = judged(grown(tmp_path / "tally.csv", kinds(), name, 4096, 4)).to_dict("records")
    assert found["marked"] < 0.5
    assert found["mean z2"] < 3.5  # four runs of a few numbers that depend on each other


def drawn(wide):
    """A kind whose numbers are so many standard errors wide of what they should be, half of them marked if far off."""

    def run(seed, paths):
        z = np.random.default_rng(seed).standard_normal(8) * wide
        for number, value in enumerate(z):
            yield f"greek {number}", value, 1.0, paths, "far off" if abs(value) > 1.5 * wide else "", 0.0

    return run


def test_a_tally_goes_on_where_it_was_and_its_verdicts_are_right(tmp_path):
    of, path = {"right": drawn(1.0), "too small": drawn(2.0)}, tmp_path / "tally.csv"
    for seeds in (3, 40):
        for name in of:
            grown(path, of, name, 4096, seeds)
    at_once = grown(tmp_path / "other.csv", of, "right", 4096, 40)
    table = pd.read_csv(path)
    pd.testing.assert_frame_equal(table[table["kind"] == "right"].reset_index(drop=True), at_once, check_dtype=False)
    whole = table[table["greek"] == ALL].set_index("kind").loc["too small"]
    assert 0.5 < effective(whole) / whole["free"] < 2.0  # independent numbers
    rows = judged(table).set_index("kind")
    assert rows.loc["too small", "covered"] < 0.9
    assert rows.loc["too small", "covered if marked"] < 0.5 < rows.loc["too small", "covered"]


@pytest.mark.slow
def test_marked_numbers_are_worse_than_unmarked_ones(tmp_path):
    path = tmp_path / "marks.csv"
    few = {name: run for name, run in runs().items() if name.startswith(("digital put 60", "average of 130, none"))}
    for name in few:
        table = grown(path, few, name, 4096, 12)
    row = summary(table).iloc[-1]
    assert row["marked"] > 100
    assert row["covered if marked"] < 0.93
    assert len(runs()) * 8 >= 300


def test_verdicts_need_power():
    assert verdict(0.95, 2000) == "pass"
    assert verdict(0.90, 2000) == "fail"
    assert verdict(0.99, 2000) == "fail"
    assert verdict(0.95, 100) == "inconclusive"
    assert verdict(0.92, 500) == "inconclusive"
