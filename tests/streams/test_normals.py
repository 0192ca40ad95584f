"""Normals by counter: known answers, exact transformation, independence; kernels and formulas by one suite."""

from contextlib import nullcontext

import numpy as np
import pytest
from scipy import stats

from likelihood_greeks._compiled import formulas_only, kernels
from likelihood_greeks.kernels import normals as compiled
from likelihood_greeks.streams import normals
from likelihood_greeks.streams.chunks import Chunk

WAYS = pytest.mark.parametrize("way", [nullcontext, formulas_only], ids=["compiled", "formula"])
WORDS = np.array([1, 2, 3, 4], dtype=np.uint32)
N = 1 << 20

# Random123 1.14, tests/kat_vectors: counter, key, answer of philox4x32-10
KNOWN = [
    ("00000000 00000000 00000000 00000000", "00000000 00000000", "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
    ("ffffffff ffffffff ffffffff ffffffff", "ffffffff ffffffff", "408f276d 41c83b0e a20bc7c6 6d5451fd"),
    ("243f6a88 85a308d3 13198a2e 03707344", "a4093822 299f31d0", "d16cfe09 94fdcceb 5001e420 24126ea1"),
]


def words(text):
    return np.array([int(word, 16) for word in text.split()], dtype=np.uint32)


@pytest.mark.parametrize(("counter", "key", "answer"), KNOWN)
def test_philox_gives_the_known_answers(counter, key, answer):
    counter, key, answer = words(counter), words(key), words(answer)
    np.testing.assert_array_equal(normals.philox(counter[:, None], key)[:, 0], answer)
    low, high = np.empty(1, np.uint64), np.empty(1, np.uint64)
    compiled.philox(int(counter[0]), counter[1], np.concatenate([key, counter[2:]]), low, high)
    np.testing.assert_array_equal(np.array([low[0], high[0]]).view(np.uint32), answer)  # little-endian
    assert (normals.philox(counter[:, None] ^ np.uint32(1), key)[:, 0] != answer).all()


def exact(radial, angular):
    """Box and Muller's transformation in extended precision."""
    u, v = (
        (np.asarray(w >> np.uint64(12), np.longdouble) + 0.5) * np.longdouble(2.0) ** -52 for w in (radial, angular)
    )
    turn = np.arctan(np.longdouble(1.0)) * 2 * (v - 0.5)
    radius, swap = np.sqrt(-2 * np.log(u)), (angular & np.uint64(1)) != 0
    x, y = (radius * np.where(swap, f(turn), g(turn)) for f, g in ((np.sin, np.cos), (np.cos, np.sin)))
    return x * np.where(angular & np.uint64(2), -1, 1), y * np.where(angular & np.uint64(4), -1, 1)


def transformed(radial, angular):
    if module := kernels("normals"):
        found = np.empty((2, len(radial)))
        module.box_muller(radial, angular, *found)
        return found
    return normals.box_muller(radial, angular)


@WAYS
@pytest.mark.parametrize("shift", [0, 8, 24, 44, 64], ids=lambda k: f"u<2^-{k}")
@pytest.mark.parametrize("angles", ["all", "small"])
def test_normals_are_exact_to_the_last_places_in_the_bulk_and_far_tails(way, shift, angles):
    radial, angular = np.random.default_rng(1).integers(0, 1 << 64, (2, 4096), np.uint64)
    radial = radial >> np.uint64(shift) if shift < 64 else ~(radial >> np.uint64(20))  # or near 1: small radii
    if angles == "small":  # the middle of the range: sines near zero
        angular = (angular & np.uint64(7)) | np.uint64(1 << 63) | angular >> np.uint64(30) << np.uint64(12)
    with way():
        found = transformed(radial, angular)
    for x, y in zip(found, exact(radial, angular), strict=True):
        assert np.abs(x / y - 1).max() < 1e-15
    if shift == 44:
        assert np.hypot(*found).min() > 7.8  # beyond six deviations and more


@pytest.mark.slow
@WAYS
def test_rows_have_the_law_of_independent_normals(way):
    with way():
        rows = normals.normals(WORDS, 0, 8, N // 8)
    x = rows.ravel()
    assert stats.kstest(x, "norm").pvalue > 1e-3
    for power, moment in ((1, 0.0), (2, 1.0), (3, 0.0), (4, 3.0), (6, 15.0)):
        sample = x**power
        assert abs(sample.mean() - moment) < 4.0 * sample.std() / np.sqrt(N)
    for bound in (2.0, 3.0, 4.0):
        expected = N * 2.0 * stats.norm.sf(bound)
        assert abs(np.count_nonzero(np.abs(x) > bound) - expected) < 4.0 * np.sqrt(expected)
    assert stats.kstest(x * 1.01, "norm").pvalue < 1e-3  # what a scale wrong by one per cent does


@pytest.mark.slow
@WAYS
def test_rows_halves_and_streams_are_independent(way):
    with way():
        rows = normals.normals(WORDS, 0, 6, 40_000)
        other = normals.normals(WORDS + np.uint32(1), 0, 6, 40_000)
    halves = np.concatenate([rows[:, :20_000], rows[:, 20_000:], other[:, :20_000]])
    for x in (halves, halves**2 - 1.0):
        correlation = np.corrcoef(x)[np.triu_indices(len(x), 1)] * np.sqrt(20_000)
        assert np.abs(correlation).max() < 4.5  # 153 of them
    with_itself = np.corrcoef(halves[0] + 0.05 * halves[1], halves[1])[0, 1] * np.sqrt(20_000)
    assert abs(with_itself) > 4.5
    radii = halves[:6] ** 2 + halves[6:12] ** 2  # of the pairs: exponential
    assert stats.kstest(radii.ravel(), "expon", args=(0.0, 2.0)).pvalue > 1e-3


@WAYS
def test_a_row_is_the_same_however_many_are_asked_for(way):
    with way():
        at_once, one_by_one = Chunk(3, 5, 101).stream().normals(4), Chunk(3, 5, 101).stream()
        np.testing.assert_array_equal(at_once, np.concatenate([one_by_one.normals(1), one_by_one.normals(3)]))
        assert at_once.shape == (4, 101)


@pytest.mark.parametrize("n_paths", [1, 2, 101, 4096])
@pytest.mark.parametrize("sampling", ["pseudo", "antithetic"])
def test_kernel_and_formula_give_the_same_numbers(n_paths, sampling):
    chunk = Chunk(17, 3, 2 * n_paths, sampling, pilot=True)
    fast = chunk.stream().normals(5)
    with formulas_only():
        np.testing.assert_allclose(fast, chunk.stream().normals(5), rtol=2e-15)


def test_streams_depend_on_seed_purpose_and_chunk_and_on_nothing_else():
    chunks = [Chunk(*key, n_paths=64, pilot=pilot) for key in ((1, 0), (1, 1), (2, 0)) for pilot in (False, True)]
    first = [chunk.stream().normals(1) for chunk in chunks]
    for chunk, row in zip(chunks, first, strict=True):
        stream = chunk.stream()
        stream.uniforms(7)
        stream.generator.gamma(2.0, size=5)
        np.testing.assert_array_equal(stream.normals(1), row)
    assert len({row.tobytes() for row in first}) == len(chunks)
    antithetic = Chunk(1, 0, 64, "antithetic").stream().normals(2)
    np.testing.assert_array_equal(antithetic[:, :32], -antithetic[:, 32:])
