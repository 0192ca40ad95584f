"""Names of the Greeks of several assets: those of one asset with the asset in brackets, and those of pairs."""

from __future__ import annotations

from collections.abc import Mapping

from ..._quantities import TIME
from ..._remembered import remembered
from ...parameters import NAMED, Derivative
from . import correlations

CROSS_GAMMA, PARALLEL = "cross_gamma", "parallel_correlation"
COMMON = ("rate", TIME)


@remembered(64)
def named_greeks(assets: tuple[str, ...]) -> Mapping[str, Mapping[Derivative, float]]:
    """The Greeks of every asset and pair, and the same change of all correlations, as derivatives."""
    found: dict[str, dict[Derivative, float]] = {}
    for greek, derivative in NAMED.items():
        if derivative and not set(derivative) <= set(COMMON):
            for asset in assets:
                own = tuple(name if name in COMMON else f"{name}[{asset}]" for name in derivative)
                found[f"{greek}[{asset}]"] = {own: 1.0}
    return {**found, **of_pairs(assets)}


def of_pairs(assets: tuple[str, ...]) -> Mapping[str, Mapping[Derivative, float]]:
    """The Greeks of every pair, and the same change of all correlations."""
    found: dict[str, dict[Derivative, float]] = {}
    pairs = correlations.pairs(assets)
    for a, b in pairs:
        found[f"{CROSS_GAMMA}[{a},{b}]"] = {(f"spot[{a}]", f"spot[{b}]"): 1.0}
    if pairs:
        found[PARALLEL] = {(correlations.name(pair),): 1.0 for pair in pairs}
    return found
