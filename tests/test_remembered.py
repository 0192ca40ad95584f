"""What is kept between chunks: the same results, up to so many bytes, whoever asks."""

import os
import pickle
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import pytest

from likelihood_greeks._remembered import Pool, Remembered
from likelihood_greeks.models.gbm import _terms

MIB = 2**20


@dataclass(frozen=True, eq=False)
class Law:
    table: np.ndarray


def kept(most=100, size=4 * MIB, n=8):
    pool = Pool(size)
    return pool, Remembered(lambda law, k: (k, np.full(n, float(k))), most, pool)


def test_results_are_kept_and_the_least_used_go_first():
    _, f = kept(most=2)
    assert [f(None, k)[0] for k in (1, 2, 1, 3, 1, 2)] == [1, 2, 1, 3, 1, 2]
    assert f.misses == 4  # 1, 2, 3 in place of 2, and 2 again
    f.cache_clear()
    f(None, 1)
    assert f.misses == 5


def test_all_functions_of_a_pool_share_its_bytes():
    pool, f = kept(n=MIB // 8)
    g = Remembered(lambda k: np.zeros((2, MIB // 16))[0], 100, pool)  # a view holds what it is one of
    for k in range(50):
        f(None, k)
        g(k)
        assert pool.held <= pool.most
    assert pool.held > 3 * MIB
    f(None, 49), g(49)
    assert (f.misses, g.misses) == (50, 50)
    for own in (f, g):
        own.cache_clear()
    assert pool.held == 0


def test_what_entries_hold_together_is_counted_once_and_a_large_one_is_kept_alone():
    pool, f = kept()
    law = Law(np.zeros(MIB // 4))  # 2 MiB in the keys of all
    for k in range(40):
        f(law, k)
    assert 2 * MIB < pool.held < 2.2 * MIB
    f(Law(np.zeros(MIB)), 0)
    assert pool.held > 8 * MIB
    f(law, 0)
    assert pool.held < 2.2 * MIB
    assert f.misses == 42


def test_threads_get_the_same_and_functions_travel_by_name():
    pool, f = kept(most=5)
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda k: f(None, k % 9)[1].sum(), range(900)))
    assert found == [8.0 * (k % 9) for k in range(900)]
    assert pickle.loads(pickle.dumps(_terms)) is _terms
    f.cache_clear()
    assert pool.held == 0


@pytest.mark.skipif(not hasattr(os, "fork"), reason="POSIX systems only")
def test_a_fork_does_not_wait_for_a_lock_of_its_parent():
    from likelihood_greeks._remembered import POOL

    with POOL._lock:
        child = os.fork()
        if not child:
            os._exit(0 if POOL.get(("nothing",)) == (False, None) else 1)
    assert os.waitpid(child, 0)[1] == 0
