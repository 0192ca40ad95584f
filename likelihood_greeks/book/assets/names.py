"""Sets of assets by name: what the column ``underlying`` of a trade on several holds, as in ``SX5E|SPX|NKY``."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import combinations

from ..cells import text_of

MARK = "|"
"""Between the names of a set."""

OF_PAIRS = ("correlation", "cross_gamma")
"""Greeks of two assets, in any order."""
WRITTEN = re.compile(r"[|;]")


def are_several(value: object) -> bool:
    """Whether a cell, or the name of an underlying, names several assets.

    >>> are_several("SX5E|SPX"), are_several("SX5E; SPX"), are_several("SX5E")
    (True, True, False)
    """
    return bool(WRITTEN.search(str(value)))


def names_of(value: object) -> tuple[str, ...]:
    """The names in a cell, in its order.

    >>> names_of("SX5E | SPX;NKY")
    ('SX5E', 'SPX', 'NKY')
    """
    return tuple(part.strip() for part in WRITTEN.split(text_of(value)))


def joined(names: Iterable[str]) -> str:
    """A set of assets as one name."""
    return MARK.join(names)


def parts_of(value: object) -> set[str]:
    """The assets and pairs in a set, whose nets have parts of trades on it.

    >>> sorted(parts_of("A|B")), sorted(parts_of("A|B|C"))
    (['A', 'B'], ['A', 'A|B', 'A|C', 'B', 'B|C', 'C'])
    """
    names = names_of(value)
    pairs = combinations(names, 2) if len(names) > 2 else ()
    return {*names, *map(joined, pairs)}


def shared(names: Iterable[object]) -> set[str]:
    """Of the names in a book those whose nets have parts of trades on others: of a set of them, or in another order.

    >>> sorted(shared(["A|B", "B|A", "C"]))
    ['A', 'A|B', 'B', 'B|A']
    """
    several = [str(name) for name in names if are_several(name)]
    orders = Counter(frozenset(names_of(name)) for name in several)
    twice = {name for name in several if orders[frozenset(names_of(name))] > 1}
    return twice.union(*map(parts_of, several))


def in_order(greek: str, asset: str, order: Sequence[str]) -> str:
    """The assets of a Greek, those that may be told in any order in this one.

    >>> in_order("cross_gamma", "B,A", ["A", "B"]), in_order("spot:volatility", "B,A", ["A", "B"])
    ('A,B', 'B,A')
    """
    left, found = asset.split(","), list[tuple[str, tuple[str, ...]]]()
    for part in greek.split(":"):
        count = 2 if part in OF_PAIRS else 1
        found.append((part, tuple(sorted(left[:count], key=order.index))))
        left = left[count:]
    if left or not all(own for _, own in found):
        return asset
    if len({part for part, _ in found}) == 1:
        found.sort(key=lambda entry: [*map(order.index, entry[1])])
    return ",".join(name for _, own in found for name in own)
