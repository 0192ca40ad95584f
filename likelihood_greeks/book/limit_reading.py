"""Limits from a file or a mapping: read, and refused where a run can have no such total."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

import pandas as pd

from .._checks import one_of, path_of, positive, refuse, within
from .cells import text_of
from .maturities import BUCKETS, LATER
from .own_columns import own_of
from .pivots import KEYS, NODE
from .toml_text import parsed
from .units import UNITS, are_buckets

NEAR = 0.8
"""Share of a limit from which a total is near it, unless the limits say another."""
BOOK, OTHERS = "book", "*"


@final
@dataclass(frozen=True, slots=True)
class Limit:
    """The largest absolute total of a Greek, in a desk's unit, of the groups that it is for.

    Parameters
    ----------
    greek : str
    by : str
        What groups the trades; `BOOK` is the whole book.
    group : str
        Its name; `OTHERS` are all that have no limit of their own.
    most : float
    """

    greek: str
    by: str
    group: str
    most: float


@final
@dataclass(frozen=True, slots=True)
class Limits:
    """All limits, and the share of one from which a total is near it."""

    own: tuple[Limit, ...]
    near: float


@final
@dataclass(frozen=True, slots=True)
class Known:
    """What a run has totals of: its Greeks, those of them that are split by node, the book's own columns."""

    greeks: Collection[str]
    split: Collection[str]
    columns: Collection[str]

    @classmethod
    def of(cls, frame: pd.DataFrame) -> Known:
        """Of a run that is there."""
        if not isinstance(frame, pd.DataFrame) or "greek" not in frame.columns:
            return cls([], [], [])
        split = frame.loc[are_buckets(frame), "greek"].astype(str).unique()
        return cls([*map(str, frame["greek"].unique())], [*split], own_of(frame))

    def checked(self, greek: str, by: str, group: str) -> None:
        """Refuse a group that the run has no total of, whatever its trades."""
        one_of("by", by, [*KEYS, *self.columns])
        if by == NODE:
            one_of("greek by node", greek, [*self.split], "one that the run splits by node (buckets=...)")
        elif by != "underlying" and greek not in UNITS:
            refuse("by", "be 'underlying' for a Greek without a desk's unit, which does not add up over them", by)
        if by == "bucket" and group != OTHERS:
            one_of("bucket", group, [*BUCKETS.values(), LATER])


def read_limits(
    limits: Mapping[str, Any] | str | os.PathLike[str], known: Known, *, near: float | None = None
) -> Limits:
    """The limits of a mapping, or a TOML file, of which the refusals have the name.

    Raises
    ------
    ValueError, TypeError
        If a limit is not positive, or of a Greek or a column that the run does not have, or `near` is no share.
    """
    if isinstance(limits, Mapping):
        with within("limits"):
            return _read(limits, known, near)
    path: Path = path_of("limits", limits)
    with within(path.name, ": "):
        return _read(parsed(path), known, near)


def _read(table: Mapping[str, Any], known: Known, near: float | None) -> Limits:
    share = positive("near", table.get("near", NEAR) if near is None else near)
    if share > 1.0:
        refuse("near", "be at most 1, a share of the limit", share)
    own = tuple(_each({name: own for name, own in table.items() if name != "near"}, known))
    return Limits(own, share) if own else refuse("limits", "hold one at least: a table of a Greek", table)


def _each(table: Mapping[str, Any], known: Known) -> Iterator[Limit]:
    """The limits of a table, refused where they are none."""
    for greek, own in table.items():
        one_of("greek", greek, [*known.greeks])
        with within(greek):
            if not isinstance(own, Mapping):
                refuse("limit", "be a table: book = ..., or groups by a column", own)
            for by, groups in own.items():
                if by == BOOK and not isinstance(groups, Mapping):
                    if greek not in UNITS:
                        refuse(BOOK, "be left out for a Greek without a desk's unit, which does not add up", groups)
                    yield Limit(greek, BOOK, BOOK, positive(BOOK, groups))
                    continue
                if not isinstance(groups, Mapping):
                    refuse(by, 'be a table of groups with their limits, "*" for all others', groups)
                for group, most in groups.items():
                    known.checked(greek, by, text_of(group))
                    yield Limit(greek, by, text_of(group), positive(f"{by}.{group}", most))
