"""Two runs on common draws: the errors of their differences, from what their batches of samples have in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np
import pandas as pd

from .._typing import AnyArray, FloatArray
from ..estimate import UNRELIABLE
from .assets.names import shared
from .joint import SAME, Joint, beyond, joint_of
from .trades import NET

FEW, MANY = 25, 100
"""Batches that must carry the variance of a difference, as `estimate.CARRIERS` of samples, where there are many."""


@final
@dataclass(frozen=True, slots=True, eq=False)
class Side:
    """What is known of the errors of one run's numbers.

    Attributes
    ----------
    values : ndarray, shape (n_rows, n_batches)
        By how much each batch moves them.
    beyond : ndarray, shape (n_rows,)
        What there is in the errors besides.
    known : ndarray of bool, shape (n_rows,)
    """

    values: FloatArray
    beyond: FloatArray
    known: AnyArray


def errors_of_differences(
    one: pd.DataFrame, two: pd.DataFrame, index: pd.MultiIndex, error: str
) -> tuple[FloatArray, list[str]]:
    """The errors of the second run's numbers less the first's, shape (n_rows,), and what is held against each.

    NaN where an error is not known.

    Parameters
    ----------
    one, two : pandas.DataFrame
        Runs, by trade, underlying and Greek.
    index : pandas.MultiIndex
        The rows that are wanted.
    error : str
        The column of errors.
    """
    joints = joint_of(one), joint_of(two)
    if joints[0] is None or joints[1] is None:
        return np.full(len(index), np.nan), [""] * len(index)
    batches = min(joint.values.shape[1] for joint in joints if joint is not None)
    first, second = (
        _side(frame, joint, index, error, batches) for frame, joint in zip((one, two), joints, strict=True) if joint
    )
    draws = [[joint.draws.get(name) for name in index.get_level_values("underlying")] for joint in joints if joint]
    common = np.array([a is not None and a == b for a, b in zip(*draws, strict=True)], dtype=bool)
    squares = (second.values.astype(float) - first.values) ** 2
    found = np.hypot(np.sqrt(squares.sum(axis=1)), first.beyond + second.beyond)
    found = np.where(common & first.known & second.known, found, np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        carriers = squares.sum(axis=1) ** 2 / (squares**2).sum(axis=1)
    few = np.isfinite(found) & (carriers < FEW) & (batches > MANY)
    doubts = np.where(few, [f"about {number:.0f} batches carry the error: {UNRELIABLE}" for number in carriers], "")
    return found, doubts.tolist()


def _side(frame: pd.DataFrame, joint: Joint, index: pd.MultiIndex, error: str, batches: int) -> Side:
    """The errors of a run's numbers at the rows of an index."""
    rows = frame.reindex(index)
    errors = rows[error].to_numpy(float)
    places = np.asarray(joint.places.index.get_indexer(index))
    quantity = rows["quantity"].to_numpy(float) if error.startswith("position") else np.ones(len(rows))
    weights = np.where(places >= 0, np.nan_to_num(quantity), 0.0)
    values = np.asarray(weights[:, None] * joint.folded(batches)[places])
    length = np.sqrt((values**2).sum(axis=1))
    known = ((places >= 0) & (length <= SAME * errors)) | (errors == 0.0)
    return _with_nets(Side(values, beyond(errors, length), known), frame, index)


def _with_nets(side: Side, frame: pd.DataFrame, index: pd.MultiIndex) -> Side:
    """The same with net positions: sums over all trades on their underlying; not known with parts of others."""
    table = pd.DataFrame({"place": np.arange(len(index))}, index)
    trades = table[(index.get_level_values("trade_id") != NET) & index.isin(frame.index)]
    groups = trades.groupby(level=["underlying", "greek"], sort=False)["place"]
    inside = {key: own.to_numpy() for key, own in groups}
    names, greeks = index.get_level_values("underlying"), index.get_level_values("greek")
    of_others = shared(names.unique())
    for row in np.flatnonzero(index.get_level_values("trade_id") == NET).tolist():
        at = inside.get((names[row], greeks[row]), np.empty(0, dtype=int))
        side.values[row], side.beyond[row] = side.values[at].sum(axis=0), side.beyond[at].sum()
        side.known[row] = len(at) > 0 and side.known[at].all() and names[row] not in of_others
    return side
