"""Correlations as users give them, by pairs of names or as a table, checked: all there, and a positive definite matrix.

References
----------
.. [1] N. J. Higham, "Computing the nearest correlation matrix - a problem from finance", *IMA Journal of Numerical
   Analysis* 22 (2002), 329-343 (algorithm 3.3: alternating projections).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from ..._checks import mapping_of, number, refuse
from ..._typing import FloatArray
from . import by_pillar
from .by_pillar import Correlation

Pair: TypeAlias = tuple[str, str]
Correlations: TypeAlias = tuple[tuple[Pair, Correlation], ...]
"""A number for every pair of assets, in their order; or numbers by pillar."""

SMALLEST = 1e-10  # eigenvalue of a matrix that counts as positive definite
ALIKE = 1e-9  # difference of numbers of a table that are the same
SHOWN = 6  # pairs named in a message
ROUNDS = 200


def pairs(assets: Sequence[str]) -> list[Pair]:
    """All pairs of assets, in their order."""
    return list(combinations(assets, 2))


def name(pair: Pair) -> str:
    """The correlation of two assets as a coordinate."""
    return f"correlation[{pair[0]},{pair[1]}]"


def read(given: Any, assets: Sequence[str]) -> Correlations:
    """A number for every pair of assets, or numbers by pillar.

    Parameters
    ----------
    given : mapping of (str, str) to float, or pandas.DataFrame
        Pairs in any order; a table has the names of the assets on both axes.
    assets : sequence of str

    Raises
    ------
    ValueError
        If a pair is missing, unknown or given twice with different numbers; a number is not between -1 and 1; or the
        matrix is not positive definite.
    TypeError
        If `given` is of another kind, or a number not real.
    """
    found: dict[frozenset[str], Correlation] = {}
    for pair, value in _listed(given, assets):
        unknown = [each for each in pair if each not in assets]
        if unknown or pair[0] == pair[1]:
            refuse("correlation", f"be of pairs of {', '.join(assets)}", pair)
        correlation = by_pillar.read(name(pair), value)
        if not by_pillar.alike(before := found.setdefault(frozenset(pair), correlation), correlation, ALIKE):
            refuse(name(pair), f"be given once, or twice the same ({before})", value)
    missing = [pair for pair in pairs(assets) if frozenset(pair) not in found]
    if missing:
        refuse("correlation", f"be given for {_few(missing)}", {tuple(sorted(key)): x for key, x in found.items()})
    known = tuple((pair, found[frozenset(pair)]) for pair in pairs(assets))
    _need_definite(known, assets)
    return known


def _listed(given: Any, assets: Sequence[str]) -> Iterator[tuple[Pair, Any]]:
    if isinstance(given, pd.DataFrame):
        yield from _of_table(given, assets)
        return
    if given is None:
        return
    kept = isinstance(given, tuple) and all(isinstance(entry, tuple) and len(entry) == 2 for entry in given)
    known = dict(given) if kept else given  # as a law keeps it, of which another is made
    for pair, value in mapping_of("correlation", known, "pairs of names to numbers, or a DataFrame").items():
        if not (isinstance(pair, tuple) and len(pair) == 2 and all(isinstance(each, str) for each in pair)):
            raise TypeError(f"correlation must have pairs of names as its keys, got {pair!r}")
        yield (pair[0], pair[1]), value


def _of_table(table: pd.DataFrame, assets: Sequence[str]) -> Iterator[tuple[Pair, Any]]:
    """The pairs of a table of correlations, its diagonal and symmetry checked."""
    for axis in (table.index, table.columns):
        if sorted(map(str, axis)) != sorted(assets):
            refuse("correlation", f"have {', '.join(assets)} on both axes", [*map(str, axis)])
    for each in assets:
        if not abs(number(f"correlation of {each} with itself", table.loc[each, each]) - 1.0) <= ALIKE:
            refuse(f"correlation of {each} with itself", "be 1", table.loc[each, each])
    for a, b in pairs(assets):
        yield (a, b), table.loc[a, b]
        yield (b, a), table.loc[b, a]


def matrices(known: Correlations, count: int, ends: FloatArray) -> FloatArray:
    """The correlations in the parts of time that end at some years, shape (n_parts, n_assets, n_assets)."""
    found = np.zeros((len(ends), count, count))
    upper = np.triu_indices(count, 1)
    if known:
        found[:, *upper] = np.stack([by_pillar.at(value, ends) for _, value in known], axis=1)
    return found + found.transpose(0, 2, 1) + np.eye(count)


def matrix(known: Correlations, assets: Sequence[str]) -> FloatArray:
    """The correlations today as a matrix, shape (n_assets, n_assets)."""
    return np.asarray(matrices(known, len(assets), np.array([by_pillar.SAME]))[0])


def pillars(known: Correlations) -> tuple[float, ...]:
    """All years at which some correlation changes; the last value holds for ever."""
    return tuple(sorted({pillar for _, value in known for pillar in by_pillar.pillars(value)[:-1]}))


def need_constant(known: Correlations, under: str = "local volatilities") -> None:
    """Refuse correlations by pillar, `under` laws that know none.

    Raises
    ------
    ValueError
        If there is one.
    """
    for pair, value in known:
        if by_pillar.pillars(value):
            refuse(name(pair), f"be one number under {under}", value)


def _need_definite(known: Correlations, assets: Sequence[str]) -> None:
    ends = np.array([*pillars(known), np.inf])
    for start, end, own in zip([0.0, *ends], ends, matrices(known, len(assets), ends), strict=False):
        when = "" if len(ends) == 1 else f" after {start:g} years" if np.isinf(end) else f" up to {end:g} years"
        _need_definite_matrix(own, known, assets, when)


def _need_definite_matrix(own: FloatArray, known: Correlations, assets: Sequence[str], when: str) -> None:
    smallest = float(np.linalg.eigvalsh(own)[0])
    if smallest > SMALLEST:
        return
    near = nearest(own)
    moved = sorted(((abs(near[j, k] - own[j, k]), j, k) for j, k in combinations(range(len(own)), 2)), reverse=True)
    there = ", ".join(f"{assets[j]},{assets[k]} {near[j, k]:.4f}" for _, j, k in moved[:SHOWN])
    others = f" and {len(moved) - SHOWN} more" if len(moved) > SHOWN else ""
    distance = float(np.linalg.norm(near - own))
    refuse(
        "correlation",
        f"be positive definite{when}: its smallest eigenvalue is {smallest:.4g}; the nearest such matrix, "
        f"{distance:.4g} away, has {there}{others}",
        {name(pair): value for pair, value in known[: 2 * SHOWN]},
    )


def nearest(given: FloatArray, smallest: float = 1e-6) -> FloatArray:
    """The nearest correlation matrix with no eigenvalue below `smallest`, by alternating projections [1]_."""
    found, correction = given.copy(), np.zeros_like(given)
    for _ in range(ROUNDS):
        values, vectors = np.linalg.eigh(found - correction)
        definite = (vectors * np.maximum(values, smallest)) @ vectors.T
        correction = definite - (found - correction)
        found = definite.copy()
        np.fill_diagonal(found, 1.0)
    values, vectors = np.linalg.eigh(found)
    definite = (vectors * np.maximum(values, smallest)) @ vectors.T
    scale = 1.0 / np.sqrt(np.diag(definite))
    return np.asarray(definite * scale[:, None] * scale)


def _few(missing: Sequence[Pair]) -> str:
    named = ", ".join(f"{a},{b}" for a, b in missing[:SHOWN])
    return named if len(missing) <= SHOWN else f"{named} and {len(missing) - SHOWN} more pairs"
