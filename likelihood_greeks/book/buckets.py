"""Buckets of a book: the nodes of a market that the Greeks of a trade are split by, and how its law moves with them.

Rates and yields are split by the nodes of their curves, volatilities by the quotes of the surface, strike by maturity,
through the interpolation of the book (`surfaces.cells`), correlations by their pillars. A Greek of a trade is the shift
of the nodes of its own law. A shift of all quotes of a surface moves a volatility between two of them by a little less:
what is left of vega is the bucket `BETWEEN`, so that buckets sum to their Greek.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from .._checks import InvalidValueError, one_of
from ..engine.bucket_request import lasts
from ..models import nodes
from ..models.gbm import GBM
from ..models.local_volatility.law import LocalVolatility
from ..models.state_joint_moves import CORRELATION
from ..models.term_structure import TermStructureGBM
from ..models.tilted import TiltedCurves
from ..parameters import listed
from ..payoffs.protocol import Contract
from .assets.names import OF_PAIRS
from .calendars import DAYS_PER_YEAR
from .cells import text_of
from .curves import ZeroCurve
from .surfaces import Cell, Cells, Surface, term_structure_cells
from .underlying import Model, Underlying

SHIFTS = {"vega": "volatility", "rho": "rate", "dividend_rho": "dividend_yield", "correlation": CORRELATION}
"""The Greeks that can be split, and the parameters that they are derivatives in."""

SEPARATOR = "|"
FLAT, BETWEEN = "flat", "between quotes"
"""The bucket of what has no nodes, and that of what no quote moves."""

NEGLIGIBLE = 1e-13


@final
@dataclass(frozen=True, slots=True, order=True)
class Node:
    """A bucket of a trade.

    Parameters
    ----------
    place : tuple of (int, float, float)
        Where it stands among those of its underlying: the Greek, years, strike.
    greek, bucket : str
    terms : tuple of (str, float)
        Coordinates of the law's nodes, and how much each moves with it.
    """

    place: tuple[int, float, float]
    greek: str
    bucket: str
    terms: tuple[tuple[str, float], ...]

    @property
    def label(self) -> str:
        """As a Greek among others."""
        return f"{self.greek}{SEPARATOR}{self.bucket}"


def asked(buckets: Iterable[str]) -> tuple[str, ...]:
    """The Greeks that are to be split, once each.

    Raises
    ------
    ValueError
        If one cannot be split.
    """
    return tuple(dict.fromkeys(one_of("buckets", greek, [*SHIFTS]) for greek in listed(buckets, "buckets")))


def of_one(greeks: Iterable[str]) -> list[str]:
    """Those of them that one asset has: all but Greeks of pairs."""
    return [greek for greek in greeks if greek not in OF_PAIRS]


def unsplit(greeks: Sequence[str], underlyings: Mapping[str, Underlying], names: Collection[object]) -> list[str]:
    """What someone should know of underlyings whose Greeks are not split though they should be."""
    whole = sorted(name for name in set(map(text_of, names)) if (own := underlyings.get(name)) and own.one_law)
    left = {
        name: [g for g in of_one(greeks) if g != "vega" or underlyings[name].local_volatility is None] for name in whole
    }
    found = [f"{name}: {', '.join(own)} under its model cannot be split by node" for name, own in left.items() if own]
    return found if greeks else []


def place_of(bucket: str) -> tuple[float, float]:
    """Where a bucket stands among others: by years, then by strike; what no quote moves comes last.

    >>> sorted(["100 x 1", "90 x 1", "between quotes", "100 x 0.5"], key=place_of)
    ['100 x 0.5', '90 x 1', '100 x 1', 'between quotes']
    """
    if bucket in (FLAT, BETWEEN):
        return (np.inf if bucket == BETWEEN else 0.0), 0.0
    strike, _, years = bucket.rpartition(" x ")
    return float(years), float(strike or 0.0)


def split(model: Any, greeks: Sequence[str]) -> Any:
    """The law with the nodes of the curves of some Greeks as coordinates, where it has any."""
    return (
        model.split([SHIFTS[greek] for greek in of_one(greeks)])
        if isinstance(model, TermStructureGBM | TiltedCurves)
        else model
    )


def nodes_of(underlying: Underlying, model: Model, at: tuple[float, float], greeks: Sequence[str]) -> tuple[Node, ...]:
    """The buckets of a trade under its law; none under a law with a volatility of its own.

    `at` is the strike at which its volatilities are read, and its maturity in years.
    """
    if isinstance(model, LocalVolatility):
        return of_quotes(model, at[1], greeks.index("vega")) if "vega" in greeks else ()
    if not isinstance(model, (GBM, TermStructureGBM)):
        return ()
    found = list[Node]()
    for number, greek in enumerate(of_one(greeks)):
        if greek == "vega":
            found += _of_volatility(underlying, model, at, number)
        else:
            curve = underlying.zero_curve if greek == "rho" else underlying.dividend_yield
            found += _of_curve(curve, model, greek, number)
    return tuple(found)


def of_quotes(model: LocalVolatility, maturity: float, number: int) -> tuple[Node, ...]:
    """The buckets of the quotes that a local volatility was made from, up to the first maturity that serves."""
    end = min(
        (cell.maturity for cell in model.quoted if cell.maturity >= maturity - 0.5 / DAYS_PER_YEAR), default=np.inf
    )
    names = nodes.names(SHIFTS["vega"], len(model.quoted))
    pairs = zip(model.quoted, names, strict=True)
    return tuple(
        of_cell((cell.maturity, cell.strike), number, ((name, 1.0),)) for cell, name in pairs if cell.maturity <= end
    )


def _coordinates(model: Model, shift: str) -> tuple[str, ...]:
    """The coordinates of the nodes of a curve of a law."""
    return nodes.names(shift, len(model.nodes(shift))) if isinstance(model, TermStructureGBM) else (shift,)


def unmoved(model: Model, greeks: Sequence[str], payoff: Contract) -> set[str]:
    """The coordinates of a law that a contract does not depend on, as it ends before."""
    if not isinstance(model, TermStructureGBM):
        return set()
    shifts = [SHIFTS[greek] for greek in of_one(greeks)]
    live = {shift: nodes.reached(model.nodes(shift), lasts(payoff, shift)) for shift in shifts}
    return {
        name for shift in shifts for name, own in zip(_coordinates(model, shift), live[shift], strict=True) if not own
    }


def _of_curve(curve: ZeroCurve | float, model: Model, greek: str, number: int) -> list[Node]:
    names = _coordinates(model, SHIFTS[greek])
    if not isinstance(curve, ZeroCurve):
        return [Node((number, 0.0, 0.0), greek, FLAT, ((name, 1.0),)) for name in names]
    years = curve.times[int(curve.times[0] == 0.0) :]
    pairs = zip(years, names, strict=False)
    return [Node((number, time, 0.0), greek, f"{time:g}", ((name, 1.0),)) for time, name in pairs]


def _of_volatility(underlying: Underlying, model: Model, at: tuple[float, float], number: int) -> list[Node]:
    names, surface = _coordinates(model, "volatility"), underlying.implied_volatility
    if not isinstance(surface, Surface):
        return [Node((number, 0.0, 0.0), "vega", FLAT, ((name, 1.0),)) for name in names]
    cells = cells_at(surface, *at)
    return of_cells(dict(zip(names, cells, strict=True)), number)


def cells_at(surface: Surface, strike: float, maturity: float) -> list[Cells]:
    """The derivatives of the volatilities that a law has for a strike up to a maturity, in the quotes."""
    try:
        return term_structure_cells(surface, strike, max(maturity, 1.0 / DAYS_PER_YEAR))
    except InvalidValueError:
        return []


def of_cells(cells: dict[str, Cells], number: int) -> list[Node]:
    """The buckets of the quotes that a law's volatilities depend on."""
    by_cell: dict[Cell, list[tuple[str, float]]] = {}
    for name, own in cells.items():
        for cell, slope in own.items():
            by_cell.setdefault(cell, []).append((name, slope))
    found = [of_cell(cell, number, tuple(terms)) for cell, terms in by_cell.items()]
    left = tuple((name, rest) for name, own in cells.items() if abs(rest := 1.0 - sum(own.values())) > NEGLIGIBLE)
    return sorted([*found, *([between(number, left)] if left else [])])


def of_cell(cell: Cell, number: int, terms: tuple[tuple[str, float], ...]) -> Node:
    """The bucket of a quote."""
    maturity, strike = cell
    if strike is None:
        return Node((number, maturity, 0.0), "vega", f"{maturity:g}", terms)
    return Node((number, maturity, strike), "vega", f"{strike:g} x {maturity:g}", terms)


def between(number: int, terms: tuple[tuple[str, float], ...]) -> Node:
    """The bucket of what no quote moves."""
    return Node((number, np.inf, 0.0), "vega", BETWEEN, terms)
