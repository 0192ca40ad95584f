"""The trial of a payoff: each path has a cash flow of its own, whatever paths it is among.

A payoff that jumps may look at other paths and yet give nearly all the same flows, since a mean or a quantile of the
others moves its barrier by little. So paths are asked alone, in halves, backwards and without the outermost ones, and
besides on spots that are spread wider than the law's, where a maximum or "any path" decides.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

import numpy as np

from .._typing import AnyArray, FloatArray
from .custom import Payoff
from .protocol import Contract, cash_flows

ALONE, FEW = 12, 5  # paths that are asked alone; subsets of the law's own spots
WIDER = 2.5
"""Times as far from the middle, in logarithms of the spots where these are positive."""


def of_users_own(payoff: Any) -> bool:
    """Whether what a contract pays is code of the user's own, in whatever it is wrapped."""
    while isinstance(inner := getattr(payoff, "payoff", None), Contract):
        payoff = inner
    return isinstance(payoff, Payoff) or type(payoff).__module__.partition(".")[0] != __name__.partition(".")[0]


def verify_separate(payoff: Contract, spot: FloatArray) -> None:
    """Refuse a payoff whose cash flow on one path depends on the other paths, or on chance.

    Raises
    ------
    ValueError
        If some of the paths give other cash flows than among all, `spot` of shape (..., n_paths).
    """
    usual = cash_flows(payoff, spot)
    try:
        with np.errstate(all="ignore"):
            among_all = cash_flows(payoff, wide := _wider(spot))
    except Exception:
        _compare(payoff, spot, usual, _subsets(spot))
    else:
        _compare(payoff, wide, among_all, _subsets(wide))
        _compare(payoff, spot, usual, islice(_subsets(spot), FEW))


def _compare(payoff: Contract, spot: FloatArray, among_all: FloatArray, subsets: Iterable[AnyArray]) -> None:
    chosen = [*subsets]
    found = np.concatenate([cash_flows(payoff, spot[..., some]) for some in chosen], axis=1)
    expected = among_all[:, np.concatenate(chosen)]
    wrong = np.abs(found - expected) > 1e-9 * np.abs(expected) + 1e-12 * np.abs(among_all).max(initial=0.0)
    if wrong.any():
        bad = int(np.argmax(wrong.any(axis=0)))
        raise ValueError(
            "payoff must give every path a cash flow of its own, the same whatever the other paths are; got "
            f"{expected[:, bad]} and {found[:, bad]} for the same spots"
        )


def _subsets(spot: FloatArray) -> Iterator[AnyArray]:
    """Indices of paths that are asked together: all, in other orders and some of them, then paths alone."""
    n_paths = spot.shape[-1]
    last = spot.reshape(-1, n_paths)[-1] if spot.size else np.zeros(n_paths)
    ranked = np.argsort(last, kind="stable")
    edge = max(n_paths // 8, 1)
    yield np.arange(n_paths)[::-1]
    yield np.arange(0, n_paths, 2)
    yield np.arange(1, n_paths, 2)
    for some in (ranked[:-edge], ranked[edge:], ranked[: n_paths // 2], ranked[n_paths // 2 :]):
        yield np.sort(some)
    for place in np.unique(np.linspace(0, n_paths - 1, min(ALONE, n_paths)).astype(int)):
        yield ranked[place : place + 1]


def _wider(spot: FloatArray) -> FloatArray:
    """The spots, spread wider about the middle of each date."""
    middle = np.median(spot, axis=-1, keepdims=True)
    if np.all(spot > 0.0):
        return np.asarray(middle * (spot / middle) ** WIDER)
    return np.asarray(middle + WIDER * (spot - middle))
