"""Buckets that are asked for by the name of a Greek: one for every node of the curve that it shifts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar, final

import numpy as np

from .._checks import refuse
from .._quantities import RATE
from ..estimate import Estimate
from ..estimators.likelihood_ratio import Combination
from ..models import nodes
from ..models.capabilities import HasNodes, LabelsNodes, has
from ..models.extremes import WithExtremes
from ..models.protocol import PathModel
from ..parameters import expanded, label, listed, resolve
from ..payoffs.protocol import Contract, stated_payments
from ..result import Part, parts_by_asset
from .buckets import Bucket

T = TypeVar("T")


@final
@dataclass(frozen=True, slots=True)
class Buckets:
    """The buckets of some Greeks under one law.

    Attributes
    ----------
    law : PathModel
        With nodes as coordinates.
    parts : mapping of str to Part
        What each is of, by label.
    coordinates : mapping of str to str
        The node of each.
    idle : frozenset of str
        Those of nodes of curves after the contract's last date: exactly zero.
    """

    law: PathModel
    parts: Mapping[str, Part]
    coordinates: Mapping[str, str]
    idle: frozenset[str] = frozenset()

    @property
    def live(self) -> list[str]:
        """Those that are not known to be zero."""
        return [name for name in self.parts if name not in self.idle]

    def rows(self, labels: Sequence[str]) -> tuple[Bucket, ...]:
        """Those that are estimated, as parts of the Greeks with these labels."""
        return tuple(
            Bucket(labels.index(_whole(self.parts[name])), ((self.coordinates[name], 1.0),)) for name in self.live
        )

    def combinations(self) -> dict[str, Combination]:
        """As derivatives in their nodes."""
        return {name: {(coordinate,): 1.0} for name, coordinate in self.coordinates.items()}

    def completed(self, found: Mapping[str, Estimate]) -> dict[str, Estimate]:
        """Estimates by label, the buckets of a Greek behind it, with those that are zero."""
        nothing = dict.fromkeys(sorted(self.idle), Estimate(0.0, 0.0, n_paths=0, samples=0, variance_ratio=np.nan))
        return self.ordered({**found, **nothing})

    def ordered(self, found: Mapping[str, T]) -> dict[str, T]:
        """What is known by label, the buckets of a Greek behind it."""
        of = {name: _whole(part) for name, part in self.parts.items()}
        greeks = [name for name in found if name not in of]
        return {name: found[name] for greek in greeks for name in (greek, *(n for n in of if of[n] == greek))}


def lasts(payoff: Contract, shift: str) -> float:
    """Up to when a contract depends on a curve, in years: for rates what is paid counts, for others what is seen."""
    last = float(max(payoff.times, default=0.0))
    return max((last, *(stated_payments(payoff) or ()))) if shift == RATE.name else last


def bucketed(
    law: PathModel, payoff: Contract, wanted: Mapping[str, Combination], greeks: Iterable[str]
) -> tuple[Mapping[str, Combination], Buckets | None]:
    """What is wanted, the Greeks that have buckets among it; and these buckets, None if there are none.

    Raises
    ------
    ValueError
        If a Greek is not that of a curve of the law.
    """
    found, parts, coordinates, shifts = dict(wanted), dict[str, Part](), dict[str, str](), list[str]()
    idle = list[str]()
    every = [(each, greek) for greek in listed(greeks, "buckets") for each in _on_curves(greek, law)]
    for greek, given in every:
        (shift, years), name = _curve(law, greek, given), label(greek)
        found.setdefault(name, {(shift,): 1.0})
        shifts.append(shift)
        words = law.node_labels(shift) if has(law, LabelsNodes) else [f"{node:g}" for node in years]
        for k, (coordinate, node) in enumerate(zip(nodes.names(shift, len(years)), words, strict=True)):
            parts[f"{name}[{k}]"] = replace(parts_by_asset([name])[name], bucket=node)
            coordinates[f"{name}[{k}]"] = coordinate
        if not has(law, LabelsNodes):
            idle += [f"{name}[{k}]" for k, live in enumerate(nodes.reached(years, lasts(payoff, shift))) if not live]
    if not parts or not has(law, HasNodes):
        return found, None
    return found, Buckets(law.split(tuple(dict.fromkeys(shifts))), parts, coordinates, frozenset(idle))


def _whole(part: Part) -> str:
    """The label of the Greek that a bucket is a part of."""
    return f"{part.greek}[{part.asset}]" if part.asset else part.greek


def _on_curves(greek: Any, law: Any) -> list[Any]:
    """A Greek; of one that stands for several those that are of curves, or all if none is."""
    every = [*expanded(greek, law)]
    terms = [[*resolve(each, law)] for each in every] if has(law, HasNodes) else []
    return [each for each, own in zip(every, terms, strict=False) if len(own) == 1 and law.nodes(own[0][0])] or every


def _curve(law: Any, greek: Any, given: Any) -> tuple[str, tuple[float, ...]]:
    """The parameter that a Greek is the derivative in, and the nodes of its curve; `given` asks for it."""
    if isinstance(law, WithExtremes):
        refuse("buckets", "be asked of payoffs that see no drawn extremes, such as Barrier or Lookback", given)
    if not has(law, HasNodes):
        refuse("buckets", f"be asked of a law on curves, such as TermStructureGBM, not of {type(law).__name__}", given)
    what, why = "hold Greeks of curves or of a grid of local volatilities: vega, rho, dividend_rho", ""
    if hasattr(law, "assets"):
        what = "hold Greeks of curves: vega, rho, dividend_rho, and correlation where it is given by pillar"
    if of_grids := hasattr(law, "assets") and has(law, LabelsNodes):
        what = "hold Greeks of a grid of local volatilities: vega"
    match list(resolve(greek, law).items()):
        case [((shift,), 1.0)]:
            if years := law.nodes(shift):
                return shift, years
            flat = hasattr(law, "assets") and not shift.startswith("correlation")
            why = f"; {shift} is flat" + ", its members being no TermStructureGBM on one set of nodes" * flat
            why = f"; {shift} has no nodes" if of_grids else why
    return refuse("buckets", what + why, given)
