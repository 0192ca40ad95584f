"""What the numbers of a run have in common: from it follows the error of any group of them, and of differences.

A frame of `risk` carries it in ``attrs["joint"]``, as text: so it goes where the frame goes, also into Parquet files.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, final

import numpy as np
import pandas as pd

from .._typing import AnyArray, FloatArray

JOINT = "joint"
"""The key in ``frame.attrs``."""

SAME = 1.0 + 1e-6
"""An error may be less than its samples' by so much; if it is less than that, it is not theirs."""

ROWS = ["trade_id", "underlying", "greek"]
LARGEST = 40_000_000
"""Bytes that are kept: beyond it batches are added up by twos (Parquet's readers stop at 100 MB)."""


@final
class Packed(str):
    """Text that copies of a frame share, and that does not fill the screen."""

    __slots__ = ()

    def __deepcopy__(self, memo: Any) -> Packed:
        return self

    def __repr__(self) -> str:
        return f"<joint samples, {len(self) / 1e6:.1f} MB as text>"


@final
@dataclass(frozen=True, slots=True, eq=False)
class Shares:
    """Shares in errors of the numbers of a block: see `Batches.shares`.

    Attributes
    ----------
    names : sequence of tuple of str
        Trade, underlying and Greek.
    values : ndarray, shape (n_names, BATCHES)
        Per unit of each trade.
    """

    names: Sequence[tuple[str, str, str]]
    values: FloatArray

    @classmethod
    def of(cls, trades: Sequence[tuple[str, str]], labels: Sequence[str], values: FloatArray) -> Shares:
        """Those of trades (their ids and underlyings) with these Greeks, shape (n_trades, n_greeks, n_batches)."""
        names = [(trade_id, underlying, label) for trade_id, underlying in trades for label in labels]
        return cls(names, values.reshape(len(names), -1))


@final
@dataclass(frozen=True, slots=True, eq=False)
class Joint:
    """Shares in errors of all simulated numbers of a run.

    Attributes
    ----------
    places : pandas.Series
        Rows of `values` by trade, underlying and Greek.
    values : ndarray, shape (n_rows, n_batches)
        Per unit of each trade.
    draws : mapping of str to str
        By underlying, what its batches depend on: runs with the same have common ones.
    """

    places: pd.Series
    values: FloatArray
    draws: Mapping[str, str]

    def rows_of(self, frame: pd.DataFrame) -> AnyArray:
        """The row of each of a frame's numbers, shape (n_rows,); -1 where there is none."""
        keys = pd.MultiIndex.from_frame(frame[ROWS].astype(str))
        return np.asarray(self.places.index.get_indexer(keys))

    def folded(self, batches: int) -> FloatArray:
        """The values in so few batches."""
        return self.values.reshape(len(self.values), -1, batches).sum(axis=1)


def packed(parts: Iterable[Shares], draws: Mapping[str, str]) -> Packed | None:
    """All shares of a run as text; None if there are none."""
    found = list(parts)
    if not found:
        return None
    names = np.array([name for part in found for name in part.names], dtype=str)
    values = np.concatenate([part.values.astype(np.float32) for part in found])
    while values.nbytes > LARGEST and values.shape[1] > 32:
        values = values.reshape(len(values), 2, -1).sum(axis=1)
    file = io.BytesIO()
    np.savez(file, names=names, values=values, draws=np.array([*draws.items()], dtype=str))
    return Packed(base64.b64encode(file.getvalue()).decode("ascii"))


def attribute(
    parts: Iterable[tuple[str, Mapping[str, FloatArray], Sequence[str], str]],
) -> dict[Hashable, Any]:
    """What a frame of positions carries under `JOINT`, if anything.

    Parameters
    ----------
    parts : iterable
        By underlying: its name, the shares of its trades by trade_id, shape (n_labels, n_batches), their labels, and
        what the draws depend on.
    """
    shares, draws = list[Shares](), dict[str, str]()
    for name, own, labels, drawn in parts:
        if own:
            shares.append(Shares.of([(trade, name) for trade in own], labels, np.stack([*own.values()])))
            draws[name] = drawn
    text = packed(shares, draws)
    return {} if text is None else {JOINT: text}


def joint_of(frame: pd.DataFrame) -> Joint | None:
    """What the numbers of a frame of `risk` have in common; None if it does not say it (as in a CSV file)."""
    text = frame.attrs.get(JOINT)
    return _unpacked(text) if isinstance(text, str) and text else None


def netted(rows: pd.DataFrame, joint: Joint | None, keys: list[pd.Series]) -> pd.Series | None:
    """The errors of sums of rows of `scaled` by some keys, which do not reach over underlyings or Greeks.

    What is in an error beyond its samples (variance they have missed, rounding) may all come at once. NaN where a
    number's samples are not known; None if none are.
    """
    if joint is None:
        return None
    places, errors = joint.rows_of(rows), rows["cash_standard_error"].to_numpy(float)
    weights = weights_of(rows, errors)
    values = np.where((places >= 0)[:, None], joint.values[places], 0.0)
    own = weights * np.sqrt((values**2).sum(axis=1))
    known = ((places >= 0) & (abs(own) <= SAME * errors)) | (errors == 0.0)
    rest = beyond(errors, own)
    square, more, sure = {}, {}, {}
    for key, at in rows.groupby(keys, sort=False).indices.items():
        square[key] = float(((weights[at] @ values[at]) ** 2).sum())
        more[key], sure[key] = float(rest[at].sum()), bool(known[at].all())
    found = {key: np.hypot(np.sqrt(square[key]), more[key]) if sure[key] else np.nan for key in square}
    return pd.Series(found, dtype=float)


def beyond(errors: FloatArray, samples: FloatArray) -> FloatArray:
    """What there is in errors beyond those of samples, which are known to single precision."""
    rest = np.nan_to_num(errors) ** 2 - samples**2
    return np.sqrt(np.where(rest > 4.0 * (SAME - 1.0) * samples**2, rest, 0.0))


def weights_of(rows: pd.DataFrame, errors: FloatArray) -> FloatArray:
    """What the numbers with these errors are of a unit's: quantity, units and currency, shape (n_rows,)."""
    unit = rows["standard_error"].to_numpy(float)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.sign(rows["quantity"].to_numpy(float)) * np.where(unit > 0.0, errors / unit, 0.0))


@lru_cache(maxsize=2)
def _unpacked(text: str) -> Joint:
    with np.load(io.BytesIO(base64.b64decode(text))) as file:
        index = pd.MultiIndex.from_arrays(file["names"].T.astype(object), names=ROWS)
        places = pd.Series(np.arange(len(index)), index=index)
        return Joint(places, file["values"], dict(file["draws"].reshape(-1, 2).tolist()))
