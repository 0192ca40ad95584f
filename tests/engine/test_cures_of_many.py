"""Of many payoffs, whose time is at stake, cures are short, and none is made that would tell nobody anything."""

from dataclasses import replace

import numpy as np
import pytest

import likelihood_greeks as lg
from benchmarks import rare
from likelihood_greeks.engine import cure
from likelihood_greeks.engine.batches import Batches
from likelihood_greeks.engine.payoff_group import CONTROLS, Group
from likelihood_greeks.engine.sums import Pair
from likelihood_greeks.scouted import RESOLVED, Scouted
from likelihood_greeks.streams.chunks import Chunk

PATHS = 100_000
BOUND = 1e-6
"""Error of a main run that has seen nothing: its scouts have."""


def main_run(mean=0.0, error=BOUND, carriers=RESOLVED):
    """A run whose error is of what no path has seen."""
    known = replace(Scouted.nothing((1,)), rare=np.full(1, PATHS * error**2), carriers=np.full(1, carriers))
    found = Pair.of(Pair.summed(np.full((1, PATHS), mean), np.full((1, PATHS), mean)))
    return Pair(replace(found.controlled, scouted=known), found.plain)


def cured(mean, error, *, looked=RESOLVED):
    """A cure of which a few samples carry the variance."""
    chunk, few = Chunk(1, 0, 4096), np.zeros((1, 4096))
    few[0, :3] = 1.0
    few = mean + error * 64.0 * (few - few.mean()) / few.std()
    known = replace(Scouted.nothing((1,)), carriers=np.full(1, looked))
    return cure.Cured(Pair.summed(few, few, known), Batches.of(few, chunk), 4096)


def test_a_number_within_what_the_run_states_by_far_keeps_that_error_and_no_mark():
    found, main = cured(0.1 * BOUND, 0.05 * BOUND), main_run()
    assert cure.doubts(found.pair) != [""]
    rows = cure._bounded(found, main, np.ones(1, dtype=bool))
    assert rows.all()
    told = found.within(main, rows)
    assert cure.doubts(told.pair) == [""]
    assert told.pair.controlled.standard_error == pytest.approx([BOUND])
    assert told.pair.controlled.mean == pytest.approx([0.1 * BOUND])
    assert told.serving(main) == [0]


@pytest.mark.parametrize(
    "found", [cured(0.1 * BOUND, 0.2 * BOUND), cured(2.0 * BOUND, 0.01 * BOUND), cured(0.0, 0.05 * BOUND, looked=0.0)],
    ids=["known too roughly", "beyond it", "not looked for"],
)  # fmt: skip
def test_others_are_not_within_it(found):
    assert not cure._bounded(found, main_run(), np.ones(1, dtype=bool)).any()


def test_where_neither_has_seen_anything_nothing_is_known():
    nothing, main = np.zeros((1, 4096)), main_run(error=0.0)
    known = replace(Scouted.nothing((1,)), carriers=np.full(1, RESOLVED))
    found = cure.Cured(Pair.summed(nothing, nothing, known), Batches.of(nothing, Chunk(1, 0, 4096)), 4096)
    assert not cure._bounded(found, main, np.ones(1, dtype=bool)).any()
    assert cure.doubts(found.pair) != [""]


def test_an_error_of_the_unseen_is_no_reason_for_a_cure_where_it_is_small_and_known():
    fine, rough, unknown = main_run(1.0, 1e-4), main_run(1.0, 1e-2), main_run(1.0, 1e-4, carriers=2.0)
    assert cure.wants(fine, many=True) == [""]
    assert cure.wants(fine) == [cure.UNSEEN]
    assert cure.wants(rough, many=True) == [cure.UNSEEN]
    assert cure.wants(unknown, many=True) != [""]


def test_cures_of_many_may_be_short_and_those_of_buckets_are_whole():
    payoff = lg.DigitalCall(170.0, 0.25)
    alone = Group(rare.LAW, (payoff,), ({(): 1.0},), CONTROLS["auto"])
    many = replace(alone, together=32)
    assert cure._aims(alone, PATHS, 8 * PATHS) == (PATHS, PATHS, 8 * PATHS)
    assert cure._aims(many, PATHS, 8 * PATHS)[0] == cure.SHORTEST
    assert cure._aims(many, 4096, 8 * 4096)[0] == 4096
    assert cure._aims(many, 80 * PATHS, 8 * PATHS)[0] == 8 * PATHS


def test_a_cure_is_as_long_as_its_trial_says_that_the_main_runs_error_or_a_small_one_takes():
    held = ["some reason"]
    assert cure._refined(cured(1.0, 1e-2), main_run(1.0, 1e-2 / 3.0), held) == pytest.approx(9.0 * 4096, rel=0.01)
    assert cure._refined(cured(1.0, 0.9e-3), main_run(1.0, 1e-6), held) == 4096
    assert cure._refined(cured(1.0, 1e-2), main_run(1.0, 1e-6), [""]) == 4096
