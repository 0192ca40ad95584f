"""Sets of assets by name: what the column ``underlying`` of a trade on several holds, as in ``SX5E|SPX|NKY``."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import combinations

from ..cells import text_of

MARK = "|"
"""Between the names of a set."""

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
