"""Sobol points, Brownian bridges and samplers by inversion: what estimates on them rest on."""

from itertools import pairwise

import numpy as np
import pytest
from scipy import special, stats
from scipy.stats import qmc

from likelihood_greeks.models.heston.variance import SquareRoot
from likelihood_greeks.streams import sobol
from likelihood_greeks.streams.brownian_bridge import bridged, splits
from likelihood_greeks.streams.chunks import SobolStream
from likelihood_greeks.streams.inversion import TABLES, gamma_quantile, poisson_quantile
from likelihood_greeks.streams.sobol import points
from tests.support.gates import UNEVEN

ONE_SCRAMBLE = points(3, 0, range(40), 0, 1024)


def in_order(digits):
    """Digits that come the last one first, in order; and the other way."""
    found = digits.copy()
    sobol._reverse(found)
    return found


# -- points --------------------------------------------------------------------------------------------------------


def test_direction_numbers_are_those_of_joe_and_kuo():
    # Their file new-joe-kuo-6.21201: coordinate 5 has s = 3, a = 2 and m = (1, 1, 1), so that
    # m_4 = 2 m_3 + 8 m_1 + m_1 (over GF(2)) = 11; coordinate 2 has s = 1 and m = (1), so that m_k = 2 m_{k-1} + m_{k-1}
    numbers = in_order(sobol._directions(0, 4)) >> np.uint32(28)
    assert numbers[4].tolist() == [0b1000, 0b0100, 0b0010, 0b1011]
    assert numbers[1].tolist() == [0b1000, 0b1100, 0b1010, 0b1111]


def test_points_before_scrambling_are_those_of_scipy():
    numbers, out = sobol._directions(0, 7)[:30], np.empty((30, 128), dtype=np.uint32)
    sobol._spread(numbers, 0, out)
    expected = qmc.Sobol(30, scramble=False, bits=32).random(128)  # in the order of Gray's code
    gray = [i ^ i >> 1 for i in range(128)]
    np.testing.assert_array_equal(in_order(out).T[gray], expected * 2.0**32)


def test_a_scramble_turns_digits_over_by_those_before_them_alone():
    rng, (added, factor) = np.random.default_rng(1), sobol._keys(1, 0, 0)
    numbers = rng.integers(1 << 32, size=(30, 256), dtype=np.uint64).astype(np.uint32)
    for digit in range(32):
        others = numbers ^ (np.uint32(1) << np.uint32(31 - digit))
        found = []
        for given in (numbers, others):
            scrambled = in_order(given)
            sobol._scramble(scrambled, added[:30, None], factor[:30, None])
            found.append(scrambled)
        changed = found[0] ^ found[1]
        assert (changed >> np.uint32(31 - digit) == 1).all()  # that digit, and none before it
        if digit < 24:
            later = changed & np.uint32((1 << (31 - digit)) - 1)
            assert 0.4 < np.mean([np.bitwise_count(later).mean() / (31 - digit)]) < 0.6


@pytest.mark.parametrize("size", [1, 64, 512])
def test_any_run_of_points_and_coordinates_can_be_had_alone(size):
    for first in range(0, 1024, 5 * size):
        for own in (range(0, 40), range(5, 6), range(17, 39)):
            part = points(3, 0, own, first, size)
            np.testing.assert_array_equal(part, ONE_SCRAMBLE[own.start : own.stop, first : first + size])
    wide = points(3, 0, range(60, 70), 0, 256)  # over the end of a block that is scrambled at a time
    np.testing.assert_array_equal(wide[7:9], points(3, 0, range(67, 69), 0, 256))


def boxes(first, second, columns):
    """Points in each of `columns` by 1024/columns boxes of equal area."""
    rows = first.size // columns
    return np.bincount((first * columns).astype(int) * rows + (second * rows).astype(int), minlength=first.size)


@pytest.mark.parametrize("scramble", [0, 1, 15, 1 << 20])
def test_scrambled_points_are_equidistributed(scramble):
    u = points(9, scramble, range(40), 0, 1024)
    assert np.all((u > 0.0) & (u < 1.0))
    for row in u:  # one point in each interval of length 1/1024
        assert np.array_equal(np.sort((row * 1024).astype(int)), np.arange(1024))
    for columns in (2, 8, 32, 128):  # the first two coordinates are a (0, m, 2)-net
        assert np.all(boxes(u[0], u[1], columns) == 1)
    for a, b in pairwise(range(8)):
        assert boxes(u[a], u[b], 32).max() <= 8
    pseudo = np.random.default_rng(1).random((2, 1024))
    assert not np.array_equal(np.sort((pseudo[0] * 1024).astype(int)), np.arange(1024))
    assert np.any(boxes(*pseudo, 32) != 1)


@pytest.mark.slow
def test_every_point_of_a_scramble_is_uniform_and_scrambles_are_independent():
    u = np.stack([points(4, scramble, range(6), 8, 8) for scramble in range(1500)])
    for point, coordinate in [(0, 0), (3, 2), (7, 5)]:
        assert stats.kstest(u[:, coordinate, point], "uniform").pvalue > 1e-3
        lagged = np.corrcoef(u[:-1, coordinate, point], u[1:, coordinate, point])[0, 1]
        assert abs(lagged) < 4.0 / np.sqrt(1500)
    across = np.corrcoef(u[:, :, 0].T) - np.eye(6)
    assert np.abs(across).max() < 4.0 / np.sqrt(1500)
    fixed = np.stack([sobol._directions(0, 4)[2, 1] * 2.0**-32 for _ in range(1500)])  # not scrambled: rejected
    assert stats.kstest(fixed, "uniform").pvalue < 1e-12


def test_coordinates_beyond_the_table_are_independent_draws():
    end = qmc.Sobol.MAXDIM
    u = points(2, 0, range(end - 3, end + 40), 0, 512)
    assert u.shape == (43, 512)
    assert all(np.array_equal(np.sort((row * 512).astype(int)), np.arange(512)) for row in u[:3])
    assert stats.kstest(u[3:].ravel(), "uniform").pvalue > 1e-3
    assert not np.array_equal(u[3:], points(2, 1, range(end, end + 40), 0, 512))


@pytest.mark.parametrize(("first", "count"), [(0, 100), (64, 128), (0, 0)])
def test_runs_that_are_no_power_of_two_are_refused(first, count):
    with pytest.raises(ValueError, match="points must be a power of two"):
        points(1, 0, range(2), first, count)


# -- bridges -------------------------------------------------------------------------------------------------------

DATES = {
    "uneven": UNEVEN,
    "one": (0.7,),
    "weekly": tuple(np.arange(1, 53) / 52),
    "seven years": (0.01, 0.02, 0.5, 0.51, 4.0, 7.0),
}


@pytest.mark.parametrize("name", DATES)
def test_bridge_is_a_rotation_that_gives_brownian_motion(name):
    times = np.array(DATES[name])
    rotation = bridged(times, np.eye(len(times)))
    np.testing.assert_allclose(rotation @ rotation.T, np.eye(len(times)), atol=1e-14)
    motion = np.cumsum(np.sqrt(np.diff(times, prepend=0.0))[:, None] * rotation, axis=0)
    np.testing.assert_allclose(motion @ motion.T, np.minimum.outer(times, times), atol=1e-13)
    np.testing.assert_allclose(
        motion[-1], np.sqrt(times[-1]) * np.eye(len(times))[0], atol=1e-14
    )  # the end comes first


def test_bridge_splits_the_largest_variance_first():
    times = DATES["weekly"]
    motion = np.cumsum(np.sqrt(1.0 / 52.0) * bridged(times, np.eye(52)), axis=0)
    explained = (motion**2).sum(axis=0)
    assert explained[:4].sum() > 0.9 * explained.sum()
    assert np.all(np.diff(explained) < 1e-2)
    in_turn = np.cumsum(np.sqrt(1.0 / 52.0) * np.eye(52), axis=0)  # negative control: date by date
    assert (in_turn**2).sum(axis=0)[:4].sum() < 0.2 * explained.sum()
    assert splits((0.1, 0.2, 1.0))[0][:2] == (0, 2)


# -- samplers ------------------------------------------------------------------------------------------------------

SCORES = special.ndtri((np.arange(4096) + 0.5) / 4096)


def inverted(method, *arguments, count=4096):
    """4,096 draws of one coordinate, by a stream."""
    return getattr(SobolStream(6, 2, 0, count).generator, method)(*arguments, count)


CONTINUOUS = {
    "standard_normal": ((), stats.norm()),
    "random": ((), stats.uniform()),
    "standard_exponential": ((), stats.expon()),
    **{f"standard_gamma {shape}": ((shape,), stats.gamma(shape)) for shape in (0.04, 0.61, 1.28, 7.3, 410.0)},
}


@pytest.mark.parametrize("name", CONTINUOUS)
def test_draws_follow_their_law(name):
    arguments, law = CONTINUOUS[name]
    draws = inverted(name.split()[0], *arguments)
    assert stats.kstest(draws, law.cdf).statistic < 1.01 / 4096  # one in each of 4,096 equal parts
    wrong = stats.gamma(1.05 * arguments[0]) if arguments else stats.norm(0.02, 1.0)
    assert stats.kstest(draws, wrong.cdf).statistic > 5.0 / 4096


@pytest.mark.parametrize("mean", [0.0, 0.31, 4.7, 55.0, 399.0, 2100.0])
def test_poisson_numbers_follow_their_law(mean):
    draws = inverted("poisson", mean)
    numbers = np.arange(draws.max() + 2)
    empirical = np.searchsorted(np.sort(draws), numbers, side="right") / 4096
    assert np.abs(empirical - stats.poisson(mean).cdf(numbers)).max() < 1.01 / 4096


@pytest.mark.parametrize("shape", [0.04, 0.7, 1.28, 3.0, 64.0])
def test_gamma_quantiles_are_exact_to_ten_digits(shape):
    scores = np.concatenate([np.linspace(-8.0, 8.0, 501), [-0.001, 0.001]])
    lower, upper = stats.gamma.ppf(special.ndtr(scores), shape), stats.gamma.isf(special.ndtr(-scores), shape)
    exact, found = np.where(scores < 0.0, lower, upper), gamma_quantile(np.full(503, shape), scores)
    seen = exact > 1e-250
    np.testing.assert_allclose(found[seen], exact[seen], rtol=2e-10 / min(shape, 1.0))


def test_gammas_of_many_shapes_are_those_of_each_shape():
    shapes = np.concatenate([np.arange(TABLES + 5.0), np.arange(TABLES + 5.0)])
    scores = np.linspace(-3.0, 3.0, len(shapes))
    some = shapes < 20.0
    few = gamma_quantile(shapes[some], scores[some])
    np.testing.assert_allclose(gamma_quantile(shapes, scores)[some], few, rtol=1e-9)
    assert np.all(few[shapes[some] == 0.0] == 0.0)


def test_poisson_numbers_are_counted_as_they_are_inverted():
    means = np.linspace(300.0, 500.0, 4096)
    found = poisson_quantile(means, SCORES)
    assert np.all(special.pdtr(found, means) >= special.ndtr(SCORES) - 1e-12)
    assert np.all(special.pdtr(found - 1, means) <= special.ndtr(SCORES) + 1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("law", [SquareRoot(2.0, 0.04, 0.3), SquareRoot(1.5, 0.04, 1.0)], ids=["Feller", "not Feller"])
def test_variances_by_inversion_are_noncentral_chi_square(law):
    steps, start, n = np.array([0.2, 0.05, 0.11]), 0.06, 4096
    rows = []
    for scramble in range(8):
        stream = SobolStream(5, scramble, 0, n)
        increments = stream.brownian([0.25, 0.36], np.cumsum(steps), law.ranks)
        path, _ = law.draw(start, steps, n, stream.generator)
        rows.append(np.concatenate([path[1:], increments]))
        assert not stream._given, "the law announced more draws than it made"
    drawn = np.concatenate(rows, axis=1)
    for row, span in enumerate(np.cumsum(steps)):
        scale, kept = law.scale(span), np.exp(-law.mean_reversion * span)
        exact = stats.ncx2(2.0 * law.order + 2.0, kept / scale * start)
        assert stats.kstest(drawn[row] / scale, exact.cdf).statistic < 0.3 / np.sqrt(n)
        assert stats.kstest(drawn[row] / scale * 1.06, exact.cdf).statistic > 0.3 / np.sqrt(n)
    correlations = np.corrcoef(np.concatenate([np.log(drawn[:1]), drawn[3:]]))
    assert np.abs(correlations - np.eye(3)).max() < 0.01  # the spot's increments are independent of the variance's


def test_what_a_sampler_cannot_do_is_refused():
    generator = SobolStream(1, 0, 0, 8).generator
    with pytest.raises(AttributeError, match="not noncentral_chisquare: use pseudo sampling"):
        generator.noncentral_chisquare(2.0, 1.0, 8)
    with pytest.raises(ValueError, match="size must end with the number of paths, 8, got 7"):
        generator.standard_normal(7)
