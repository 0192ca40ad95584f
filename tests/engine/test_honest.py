"""Laws and payoffs that would give wrong numbers in silence are refused before a path of the main run is drawn."""

import math
from dataclasses import dataclass
from datetime import date

import numpy as np
import pytest

import likelihood_greeks as lg
from tests.support.gates import MODEL, UNEVEN

MIXING = {
    "a jump at a deviation of all": lambda s: 1.0 * (s[-1] > 93.0 + s[-1].std()),
    "a jump at a quantile": lambda s: 1.0 * (s[-1] > np.quantile(s[-1], 0.95)),
    "a jump at the mean": lambda s: 1.0 * (s[-1] > s[-1].mean()),
    "a jump at the median": lambda s: 1.0 * (s[-1] > np.median(s[-1])),
    "any path": lambda s: (s[-1] > 90.0) * 1.0 * (s[-1] > 150.0).any(),
    "the greatest of all": lambda s: 1.0 * (s[-1] > 90.0) * (s.max() < 180.0),
    "the wrong axis": lambda s: 1.0 * (np.maximum.accumulate(s, axis=1)[-1] > 100.0),
    "its neighbour": lambda s: 1.0 * (s[-1] > np.roll(s[-1], 1)),
    "the first path": lambda s: 1.0 * (s[-1] > s[-1][0]),
    "its rank": lambda s: 1.0 * (s[-1].argsort().argsort() > 0.9 * s.shape[1]),
    "the number of paths": lambda s: 1.0 * (s[-1] > 90.0) * (s.shape[1] > 40),
}


def run(payoff, model=MODEL, **options):
    contract = payoff if isinstance(payoff, lg.Payoff) else lg.Payoff(payoff, UNEVEN)
    return lg.greeks(model, contract, paths=2048, controls="none", **{"greeks": ["delta"], "seed": 1, **options})


@pytest.mark.parametrize("payoff", MIXING.values(), ids=MIXING)
def test_a_payoff_that_looks_at_other_paths_is_refused_whatever_the_seed(payoff):
    for seed in range(10):
        with pytest.raises(ValueError, match="payoff must give every path a cash flow of its own"):
            run(payoff, seed=seed)


def test_one_that_depends_on_how_often_it_is_called_is_refused():
    calls = []
    with pytest.raises(ValueError, match="payoff must give every path a cash flow of its own"):
        run(lambda s: calls.append(1) or (s[-1] > 90.0) + 0.1 * (len(calls) % 3))


def test_spots_that_the_law_does_not_draw_need_not_be_borne():
    def picky(s):
        if s.max() > 400.0:
            raise ValueError("no such spot")
        return 1.0 * (s[-1] > 93.0)

    assert run(picky)["price"].value > 0.0


UNREAL = {
    "a masked array": lambda s: np.ma.masked_where(s.min(axis=0) < 90.0, s[-1]),
    "complex": lambda s: s[-1] + 1j,
    "datetime64": lambda s: np.full(s.shape[-1], np.datetime64("2025-01-01")),
    "timedelta64": lambda s: np.full(s.shape[-1], np.timedelta64(1, "D")),
    "list": lambda s: [date(2025, 1, 1)] * s.shape[-1],
    "array of object": lambda s: np.array([None] * s.shape[-1]),
    "dict": lambda s: {"price": s[-1]},
    "generator": lambda s: (x for x in s[-1]),
    "str": lambda s: "100",
    "NoneType": lambda s: None,
}


@pytest.mark.parametrize("kind", UNREAL)
def test_what_is_no_array_of_real_numbers_is_refused_by_name(kind):
    with pytest.raises(TypeError, match=f"what the payoff returns must .*{kind}"):
        run(UNREAL[kind])


@pytest.mark.parametrize("payoff", [lambda s: 1.0 * (s[-1] > 93), lambda s: s[-1] > 93, lambda s: list(s[-1] > 93)])
def test_true_and_false_and_lists_are_numbers(payoff):
    assert run(payoff)["price"].value == run(lambda s: 1.0 * (s[-1] > 93.0))["price"].value


@pytest.mark.parametrize(
    "payoff",
    [lambda s: math.exp(s[-1]), lambda s: float(s[-1]), lambda s: math.sqrt(s[-1])],
    ids=["exp", "float", "sqrt"],
)
def test_mathematics_of_one_number_gets_a_hint(payoff):
    with pytest.raises(TypeError, match=r"payoff must work on all paths at once: write np.exp"):
        run(payoff)


@dataclass
class Normal:
    """A law of one date that can be made dishonest."""

    spot: float = 93.0
    way: str = "honest"

    def simulate(self, times, stream):
        z = stream.normals(len(times))
        if self.way == "own generator":
            z = np.random.default_rng().standard_normal(z.shape)
        if self.way == "own seed":
            z = np.random.default_rng(7).standard_normal(z.shape)
        found = self.spot + 9.0 * z
        if self.way == "masked":
            return np.ma.masked_greater(found, 100.0)
        if self.way == "complex":
            return found + 0j
        if self.way == "not finite":
            found[0, 3] = np.nan
        if self.way == "one buffer":
            SHARED[:] = found[:, : SHARED.shape[1]]
            return SHARED
        return found

    def log_density(self, x):
        found = -0.5 * ((x[0] - self.spot) / 9.0) ** 2
        if self.way == "in place":
            x -= 1.0
        return found


SHARED = np.empty((1, 64))
DISHONEST = {
    "own generator": "must draw all that is random from its stream",
    "own seed": "must draw from its stream: got the same paths",
    "not finite": "must draw finite spots, got nan",
    "one buffer": "must leave paths as they are",
    "in place": "must leave paths as they are",
    "masked": "what simulate draws must .*masked",
    "complex": "what simulate draws must .*complex",
}


@pytest.mark.parametrize("way", DISHONEST)
def test_a_law_that_is_not_honest_is_refused(way):
    payoff = lg.Payoff(lambda s: 1.0 * (s[-1] > 93.0), [1.0])
    with pytest.raises((ValueError, TypeError), match=DISHONEST[way]):
        run(payoff, Normal(way=way), greeks=["spot"])


def test_an_honest_one_is_not():
    assert run(lg.Payoff(lambda s: 1.0 * (s[-1] > 93.0), [1.0]), Normal(), greeks=["spot"])["price"].value > 0.4


@dataclass
class Bernoulli:
    """One in `1 / probability` paths ends at one, the others at zero."""

    probability: float
    way: str = "honest"

    def simulate(self, times, stream):
        u = stream.uniforms(len(times)) if self.way != "unasked" else np.ones((len(times), stream.n_paths))
        if self.way == "own seed":
            u = np.random.default_rng(7).random(u.shape)
        return 1.0 * (u < self.probability)

    def log_density(self, x):
        return (x * np.log(self.probability) + (1.0 - x) * np.log1p(-self.probability)).sum(axis=0)


SQUARE = lg.Payoff(lambda x: (x[-1] - 0.45) ** 2, [1.0])


@pytest.mark.parametrize("probability", [0.05, 0.02, 0.01, 0.001])
def test_a_law_whose_paths_are_mostly_the_same_is_not_taken_for_one_that_ignores_its_stream(probability):
    for seed in range(8):  # 0.45**2 and 0.55**2 differ by 0.1
        found = lg.greeks(Bernoulli(probability), SQUARE, ["probability"], seed=seed, paths=20_000)["probability"]
        assert abs(found.value - 0.1) < 1e-9 + 4.0 * found.standard_error < 0.2


@pytest.mark.parametrize(("way", "probability"), [("own seed", 0.1), ("own seed", 0.02), ("unasked", 0.001)])
def test_one_that_does_is_refused_however_alike_its_paths_are(way, probability):
    for seed in range(8):
        with pytest.raises(ValueError, match=r"Bernoulli\.simulate must draw from its stream: got the same paths"):
            run(SQUARE, Bernoulli(probability, way), greeks=["probability"], seed=seed)


def test_a_law_none_of_whose_paths_differs_has_marked_numbers():
    found = run(SQUARE, Bernoulli(1e-6), greeks=["probability"])
    assert all("no variation" in found[name].note for name in found)


@pytest.mark.parametrize("way", [lg.pathwise, lg.finite_difference, lg.compare])
def test_the_other_methods_refuse_them_too(way):
    mixing = lg.Payoff(MIXING["a jump at the mean"], UNEVEN)
    with pytest.raises(ValueError, match="a cash flow of its own"):
        way(MODEL, mixing, ["delta"], paths=1024, seed=1)
