r"""Terms of a profit by pillar: what the move of each node of a curve has made of it.

A curve, or correlations by pillar, moved by :math:`g_k` at its nodes gains :math:`\sum_k g_k\,\partial V/\partial z_k`:
the term of vega, rho, dividend_rho or correlation, node by node, from the same samples. The nodes are those of both
markets. One that is no pillar of the second market is shared between the two pillars about it, linearly in time, so
that the buckets of a term sum to it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, final

import numpy as np

from ..._typing import FloatArray
from ...engine.bucket_request import lasts
from ...models import nodes
from ...models.correlated import correlations
from ...models.correlated.by_pillar import ByPillar
from ...models.correlated.law import CorrelatedGBM
from ...models.correlated.quanto import CORRELATION as QUANTO
from ...models.gbm import GBM
from ...models.term_structure import TermStructureGBM
from ...models.tilted import TiltedCurves
from ...parameters import Derivative
from ..bucket_split import Split
from ..buckets import FLAT, SHIFTS, Node
from ..curves import HORIZON
from ..trades import Trade
from .curve_moves import on_curves
from .moves import OF_PAIRS, RATE, Move, kind_of, term_of

UNSPLIT = "unsplit"
"""The bucket of what moves as a whole: a model's own volatility."""

TERM_OF = {shift: greek for greek, shift in SHIFTS.items()} | OF_PAIRS


@final
@dataclass(frozen=True, slots=True)
class Pillars:
    """The buckets of the profit of one trade.

    Parameters
    ----------
    nodes : tuple of Node
        Those that are estimated: parts of a Greek in a coordinate, whose name is the node's ``greek``.
    whole : mapping of str to str
        The terms that are one bucket, and the names of these.
    labels : tuple of str
        The names of all buckets of the underlying, such as ``"vega[0.5]"``, in order.
    """

    nodes: tuple[Node, ...] = ()
    whole: Mapping[str, str] = field(default_factory=dict)
    labels: tuple[str, ...] = ()

    def rows(self, terms: Mapping[str, FloatArray], by_node: FloatArray, moved: Mapping[str, float]) -> FloatArray:
        """The samples of `labels`, (n_labels, n_samples), from terms and from the derivatives of `nodes` per unit.

        Terms may have any row, whose length counts; derivatives that are exact have one sample.
        """
        size = next((len(row) for row in terms.values()), by_node.shape[1])
        found = np.zeros((len(self.labels), size))
        for node, samples in zip(self.nodes, by_node, strict=True):
            found[self.labels.index(_name(node))] += moved[node.greek] * samples
        for term, label in self.whole.items():
            found[self.labels.index(label)] += terms[term]
        return found

    @property
    def combinations(self) -> dict[str, dict[Derivative, float]]:
        """The derivatives that `nodes` are, by their labels."""
        return {node.label: {(name,): factor for name, factor in node.terms} for node in self.nodes}

    def law(self, law: Any) -> Any:
        """The law with the nodes of the curves as coordinates, if there are any."""
        shifts = [shift for shift in dict.fromkeys(node.greek for node in self.nodes) if law.nodes(shift)]
        return law.split(shifts) if shifts else law


def pillars(trade: Trade, after: Any, moved: Move, greeks: Sequence[str]) -> Pillars:
    """The buckets of a trade whose law has moved to that of the second market.

    Parameters
    ----------
    trade : Trade
        Where it is settled.
    after : Model
        Its law under the second market, whose nodes are the pillars.
    moved : Move
    greeks : sequence of str
        The terms that are wanted by pillar.
    """
    found, whole = list[Node](), dict[str, str]()
    for number, greek in enumerate(greeks):
        if greek not in {term_of((name,)) for name in moved.by}:
            continue
        if isinstance(moved.law, CorrelatedGBM):
            of = _of_pairs if greek in OF_PAIRS else _of_assets
            found += (own := of(trade, moved, after, number, greek))
            if not own:
                whole[greek] = f"{greek}[{FLAT}]"
        elif isinstance(moved.law, TiltedCurves) and isinstance(after, TermStructureGBM):
            found += _of_curve(trade, moved.law, after, (number, SHIFTS[greek]))
        else:
            whole[greek] = f"{greek}[{FLAT if isinstance(after, GBM) else UNSPLIT}]"
    return Pillars(tuple(found), whole)


def _of_assets(trade: Trade, moved: Move, after: CorrelatedGBM, number: int, greek: str) -> list[Node]:
    """The buckets of the curves of all assets, of rates those of the first; none where volatilities and rates are flat.

    Those of assets at one pillar are one bucket of the term, which is the sum over them.
    """
    shift, law, found = SHIFTS[greek], moved.law, list[Node]()
    for (name, own), (_, new) in zip(law.members, after.members, strict=True):
        coordinate = shift if shift == RATE else f"{shift}[{name}]"
        if coordinate in moved.by and isinstance(own, TiltedCurves) and law.nodes(coordinate):
            found += _of_curve(trade, own, on_curves(new), (number, coordinate))
        if shift == RATE:
            break
    return found


def _of_pairs(trade: Trade, moved: Move, after: CorrelatedGBM, number: int, greek: str) -> list[Node]:
    """The buckets of all correlations: by the pillars of each pair, flat where there is one number.

    Those of pairs at one pillar are one bucket of the term, which is the sum over them.
    """
    found = list[Node]()
    for (pair, own), (_, new) in zip(moved.law.correlation, after.correlation, strict=True):
        if (coordinate := correlations.name(pair)) not in moved.by:
            continue
        if isinstance(own, ByPillar) and isinstance(new, ByPillar):
            found += _of_nodes(trade, (number, coordinate), (own.pillars, new.pillars), own.tilt)
        else:
            found.append(_flat(number, coordinate))
    return found + [_flat(number, name) for name in moved.by if kind_of(name) == QUANTO]


def _flat(number: int, coordinate: str) -> Node:
    """The bucket of a number that has moved as a whole."""
    return Node((number, HORIZON, 0.0), coordinate, FLAT, ((coordinate, 1.0),))


def _of_curve(trade: Trade, law: TiltedCurves, after: TermStructureGBM, about: tuple[int, str]) -> list[Node]:
    """The buckets of one curve, that of a coordinate, ``"volatility"`` or ``"volatility[A]"``."""
    shift = kind_of(about[1])
    tilts = {"rate": law.rate_tilt, "dividend_yield": law.yield_tilt, "volatility": law.volatility_tilt}[shift]
    return _of_nodes(trade, about, (law.nodes(shift), after.nodes(shift)), tilts)


def _of_nodes(
    trade: Trade, about: tuple[int, str], years: tuple[Sequence[float], Sequence[float]], tilts: Sequence[float]
) -> list[Node]:
    """The buckets of a coordinate whose own nodes move by some tilts, by the pillars of the second market."""
    (number, coordinate), (own, ends) = about, years
    live = nodes.reached(own, lasts(trade.payoff, kind_of(coordinate)))
    found = []
    for pillar, shares in zip(ends, _shares(own, ends), strict=True):
        pairs = zip(nodes.names(coordinate, len(own)), shares * tilts, live, strict=True)
        terms = tuple((name, float(factor)) for name, factor, felt in pairs if felt and factor)
        bucket = FLAT if pillar >= HORIZON else f"{pillar:g}"
        if terms:
            found.append(Node((number, pillar, 0.0), coordinate, bucket, terms))
    return found


def _shares(own: Sequence[float], ends: Sequence[float]) -> FloatArray:
    """The share of each pillar in every node, (n_pillars, n_nodes): columns sum to one.

    >>> _shares((0.5, 0.75, 1.0, 3.0), (0.5, 1.0)).tolist()
    [[1.0, 0.5, 0.0, 0.0], [0.0, 0.5, 1.0, 1.0]]
    """
    return np.array([np.interp(own, ends, unit) for unit in np.eye(len(ends))])


def _name(node: Node) -> str:
    return f"{TERM_OF[kind_of(node.greek)]}[{node.bucket}]"


def together(every: Sequence[Pillars]) -> list[Pillars]:
    """The buckets of all trades on one underlying, who then know each other's names."""
    places = {_name(node): node.place for own in every for node in own.nodes}
    order = [*SHIFTS]
    for own in every:
        places |= {label: (order.index(term), np.inf, 0.0) for term, label in own.whole.items()}
    labels = tuple(sorted(places, key=places.__getitem__))
    return [replace(own, labels=labels) for own in every]


def split_of(every: Mapping[str, Pillars]) -> Split:
    """How the runs of trades, by trade_id, are split."""
    found = {name: own.nodes for name, own in every.items() if own.nodes}
    used = {node.label: node.place for own in found.values() for node in own}
    shifts = tuple(dict.fromkeys(kind_of(node.greek) for own in found.values() for node in own))
    return Split(tuple(TERM_OF[shift] for shift in shifts), found, tuple(sorted(used, key=used.__getitem__)))


def order(label: str) -> tuple[int, float]:
    """Where a bucket stands among those of all underlyings: by term, then by years.

    >>> sorted(["rho[1]", "vega[flat]", "vega[10]", "vega[0.5]"], key=order)
    ['vega[0.5]', 'vega[10]', 'vega[flat]', 'rho[1]']
    """
    term, _, bucket = label.removesuffix("]").partition("[")
    return [*SHIFTS].index(term), np.inf if bucket in (FLAT, UNSPLIT) else float(bucket)
