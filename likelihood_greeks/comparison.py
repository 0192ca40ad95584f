"""Baselines with the same answer as the engine's, and all methods side by side."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from ._checks import flags, positive, refuse
from .engine.execution import Workers, results
from .engine.greeks import check_on_trial, prepared
from .engine.greeks import greeks as likelihood_ratio
from .engine.sums import accumulate, replicated
from .estimate import Moments, Statistics
from .estimators.finite_difference import FiniteDifference
from .estimators.pathwise import Pathwise
from .models.capabilities import assets_of
from .parameters import Greek, listed
from .payoffs.protocol import Contract
from .result import Diagnostics, Result, estimates, parts_by_asset
from .streams.chunks import Chunk, Draws, checked


def _run(
    estimator: FiniteDifference | Pathwise, pieces: list[Chunk], executor: Workers, title: str
) -> tuple[Statistics, float]:
    def task(chunk: Chunk) -> dict[str, Moments]:
        return {"samples": Moments.of(estimator.samples(chunk))}

    start = time.perf_counter()
    total = accumulate(replicated(results(task, pieces, executor, title), pieces))["samples"]
    return total, time.perf_counter() - start


def finite_difference(
    model: Any,
    payoff: Contract,
    greeks: Iterable[Greek] | None = None,
    *,
    bump: float = 0.01,
    paths: int = 100_000,
    seed: int | None = None,
    sampling: str = "pseudo",
    executor: Workers = None,
    progress: bool = False,
) -> Result:
    """Greeks by central bumps with common random numbers: biased, and noisy at a discontinuity.

    Parameters
    ----------
    model, payoff, greeks, paths, seed, sampling, executor, progress
        As for `greeks`.
    bump : float
        Size of the bumps, between 0 and 0.5: 0.01 is one per cent of the spot, one volatility point, one per cent of
        rate, one per cent of the first date for theta.

    Returns
    -------
    Result
        Every Greek carries a note that it is biased.

    Raises
    ------
    ValueError, TypeError
        As for `greeks`, or if `bump` is out of range.

    Examples
    --------
    >>> import likelihood_greeks as lg
    >>> model, call = lg.GBM(spot=100.0, volatility=0.2, rate=0.03), lg.Call(100.0, maturity=1.0)
    >>> result = lg.finite_difference(model, call, ["delta"], paths=16_384, seed=1)
    >>> abs(result["delta"].value - 0.5987) < 0.03
    True
    """
    if not positive("bump", bump) < 0.5:
        refuse("bump", "be below 0.5", bump)
    count, seed, kind = checked(paths, seed, sampling)
    flags(progress=progress)
    law, payoff, labels, combinations = prepared(model, payoff, greeks, seed)
    parts = parts_by_asset(labels) if assets_of(law) else {}
    check_on_trial(law, payoff, seed)
    estimator = FiniteDifference(law, payoff, combinations, bump)
    pieces = Draws(seed, len(payoff.times), kind, growing=True).chunks(count)
    moments, seconds = _run(estimator, pieces, executor, "finite difference" if progress else "")
    found = estimates(labels, moments, count, notes=estimator.notes(labels))
    return Result(found, f"finite difference {bump:.3g}", seed, kind, Diagnostics(main_seconds=seconds), parts)


def pathwise(
    model: Any,
    payoff: Contract,
    greeks: Iterable[Greek] | None = None,
    *,
    paths: int = 100_000,
    seed: int | None = None,
    sampling: str = "pseudo",
    executor: Workers = None,
    progress: bool = False,
) -> Result:
    """First-order Greeks by differentiating along the path: right only where the payoff does not jump.

    Parameters
    ----------
    model, payoff, greeks, paths, seed, sampling, executor, progress
        As for `greeks`.

    Returns
    -------
    Result
        A Greek that the method misses part of says so, and about how much; second-order Greeks are NaN.

    Raises
    ------
    ValueError, TypeError
        As for `greeks`.

    Examples
    --------
    >>> import likelihood_greeks as lg
    >>> model, call = lg.GBM(spot=100.0, volatility=0.2, rate=0.03), lg.Call(100.0, maturity=1.0)
    >>> result = lg.pathwise(model, call, ["delta"], paths=16_384, seed=1)
    >>> abs(result["delta"].value - 0.5987) < 0.03
    True
    """
    count, seed, kind = checked(paths, seed, sampling)
    flags(progress=progress)
    law, payoff, labels, combinations = prepared(model, payoff, greeks, seed)
    parts = parts_by_asset(labels) if assets_of(law) else {}
    check_on_trial(law, payoff, seed)
    estimator = Pathwise(law, payoff, combinations)
    pieces = Draws(seed, len(payoff.times), kind, growing=True).chunks(count)
    moments, seconds = _run(estimator, pieces, executor, "pathwise" if progress else "")
    found = estimates(labels, moments, count, notes=estimator.notes(labels, moments))
    return Result(found, "pathwise", seed, kind, Diagnostics(main_seconds=seconds), parts)


def compare(
    model: Any,
    payoff: Contract,
    greeks: Iterable[Greek] | None = None,
    *,
    paths: int = 100_000,
    seed: int | None = None,
    sampling: str = "pseudo",
    executor: Workers = None,
    progress: bool = False,
) -> pd.DataFrame:
    """Every method on one payoff: value, error, time and what the error costs.

    Parameters
    ----------
    model, payoff, greeks, paths, seed, sampling, executor, progress
        As for `greeks`; every method gets the same number of paths and the same seed.

    Returns
    -------
    pandas.DataFrame
        A row per Greek and method: ``value``, ``standard_error``, ``seconds`` (of the whole run, shared by its
        Greeks), ``work_normalised_variance`` (squared standard error times seconds: lower is better, independent of
        the number of paths), ``unbiased``, and ``note`` (where a method is biased or wrong, and why).
        ``attrs["seed"]`` reproduces it; `plot_comparison` draws it.

    Raises
    ------
    ValueError, TypeError
        As for `greeks`.

    Examples
    --------
    >>> import likelihood_greeks as lg
    >>> model, call = lg.GBM(spot=100.0, volatility=0.2, rate=0.03), lg.Call(100.0, maturity=1.0)
    >>> found = lg.compare(model, lg.DigitalCall(100.0, maturity=1.0), ["delta"], paths=4096, seed=1)
    >>> round(float(found.loc[("delta", "likelihood ratio + controls"), "value"]), 3)
    0.019
    """
    wanted = None if greeks is None else listed(greeks)
    count, seed, kind = checked(paths, seed, sampling)
    flags(progress=progress)
    common: dict[str, Any] = {
        "paths": count, "seed": seed, "sampling": kind, "executor": executor, "progress": progress,
    }  # fmt: skip
    runs = [
        likelihood_ratio(model, payoff, wanted, controls="none", **common),
        likelihood_ratio(model, payoff, wanted, controls="scores", **common),
        likelihood_ratio(model, payoff, wanted, controls="auto", **common),
        pathwise(model, payoff, wanted, **common),
        finite_difference(model, payoff, wanted, bump=0.01, **common),
        finite_difference(model, payoff, wanted, bump=0.001, **common),
    ]
    rows = [_row(greek, run) for greek in runs[0] for run in runs]
    frame = pd.DataFrame(rows).set_index(["greek", "method"])
    frame.attrs["seed"] = seed
    return frame


def _row(greek: str, run: Result) -> Mapping[str, object]:
    estimate, seconds = run[greek], run.seconds
    return {
        "greek": greek,
        "method": run.method,
        "value": estimate.value,
        "standard_error": estimate.standard_error,
        "seconds": seconds,
        "work_normalised_variance": estimate.standard_error**2 * seconds,
        "unbiased": not estimate.note.startswith(("biased", "not available")),
        "note": estimate.note,
    }
