"""Whoever calls, and however NumPy is set: the same bits, and the settings of the process as they were."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

import likelihood_greeks as lg
from likelihood_greeks.engine.execution import one_thread_each
from tests.support.gates import MODEL

HESTON = lg.Heston(
    spot=100.0, initial_variance=0.04, mean_reversion=1.5, long_run_variance=0.05, vol_of_vol=0.4, correlation=-0.6
)
KNOCKED = lg.Payoff(lambda s: np.where(s.max(axis=0) > 120.0, 0.0, np.maximum(s[-1] - 100.0, 0.0)), [0.25, 0.5, 1.0])


def bits(seed):
    return lg.greeks(MODEL, KNOCKED, ["delta", "gamma"], paths=8192, seed=seed).to_frame().to_csv()


def blas():
    return [library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"]


@pytest.mark.slow
def test_eight_threads_give_the_bits_of_one():
    alone = [bits(seed) for seed in range(8)]
    with threadpool_limits(2, "blas"), ThreadPoolExecutor(8) as threads:
        assert [*threads.map(bits, range(8))] == alone


def test_threads_of_linear_algebra_are_one_until_the_last_caller_leaves_and_then_what_they_were():
    with threadpool_limits(2, "blas"):
        before = blas()
        assert {*before} <= {2}
        first, second = ExitStack(), ExitStack()
        first.enter_context(one_thread_each())
        second.enter_context(one_thread_each())
        first.close()
        assert {*blas()} <= {1}
        second.close()
        assert blas() == before


@pytest.mark.slow
@pytest.mark.parametrize("controls", ["auto", "none"])
@pytest.mark.parametrize("payoff", [KNOCKED, lg.DigitalCall(105.0, 0.5)], ids=["knocked", "digital"])
def test_numpy_may_be_set_to_raise_under_heston(payoff, controls):
    def found():
        return lg.greeks(HESTON, payoff, ["delta"], paths=4096, seed=1, controls=controls).to_frame().to_csv()

    usual = found()
    with np.errstate(all="raise"):
        assert found() == usual


def test_numpy_may_be_set_to_raise_in_closed_forms():
    usual = lg.greeks(HESTON, lg.Call(105.0, 0.5), seed=1, closed_form=True)
    with np.errstate(all="raise"):
        found = lg.greeks(HESTON, lg.Call(105.0, 0.5), seed=1, closed_form=True)
    assert found.method == "closed form"
    assert repr(found["delta"]) == repr(usual["delta"])  # its variance ratio is no number
