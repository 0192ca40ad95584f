"""A law on curves with the coordinates of a move: its derivatives in them are those of the curves as they moved."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from ..._typing import FloatArray
from ...models.curves import accrued
from ...models.gbm import GBM
from ...models.term_structure import TermStructureGBM
from ...models.tilted import TiltedCurves
from ..curves import HORIZON
from .aging import SAME

CURVES = {
    "rate": ("times", "zero_rates"),
    "dividend_yield": ("dividend_times", "dividend_yields"),
    "volatility": ("volatility_times", "volatilities"),
}
"""The curve that each parameter shifts: the fields of its nodes and of its values."""


def toward(one: GBM | TermStructureGBM, two: GBM | TermStructureGBM) -> tuple[Any, dict[str, float]]:
    """The first law with coordinates along the moves to the second, and by how much each moves.

    Every curve has the nodes of both, up to where both end; the share of a node is what it moves by, over the largest
    such move. So the second law's curves are the first's with the coordinates moved: exactly.
    """
    old, new = on_curves(one), on_curves(two)
    fields, tilts, moves = dict[str, Any](), list[tuple[float, ...]](), dict[str, float]()
    for name, (times, values) in CURVES.items():
        nodes = _joined(getattr(old, times), getattr(new, times))
        powers = 2.0 if name == "volatility" else 1.0
        before, after = (_means(getattr(law, times), getattr(law, values), nodes, powers) for law in (old, new))
        fields |= {times: tuple(nodes.tolist()), values: tuple(before.tolist())}
        gaps = after - before
        moves[name] = float(gaps[np.argmax(np.abs(gaps))])
        tilts.append(tuple((gaps / moves[name] if moves[name] else np.ones(len(gaps))).tolist()))
    curves = replace(old, **fields, dividends=())
    law = TiltedCurves(
        curves=curves,
        spot=old.spot,
        rate_tilt=tilts[0],
        yield_tilt=tilts[1],
        volatility_tilt=tilts[2],
        dividends=old.dividends,
    )
    return (law, moves) if any(moves.values()) else (one, moves)


def on_curves(law: GBM | TermStructureGBM) -> TermStructureGBM:
    """The same law on curves, without shifts."""
    if isinstance(law, TermStructureGBM):
        return law
    return TermStructureGBM(
        spot=law.spot,
        times=(HORIZON,),
        zero_rates=(law.rate,),
        dividend_yields=(law.dividend_yield,),
        volatilities=(law.volatility,),
        dividends=law.dividends,
    )


def _joined(one: tuple[float, ...], two: tuple[float, ...]) -> FloatArray:
    """The nodes of both curves, up to where both end; two that are the same date are one."""
    last = min(one[-1], two[-1])
    nodes = np.array(sorted({*(node for node in (*one, *two) if node < last - SAME), last}))
    return nodes[np.append(np.diff(nodes) > SAME, True)]


def _means(times: tuple[float, ...], values: tuple[float, ...], nodes: FloatArray, power: float) -> FloatArray:
    """The mean rates of a curve to some nodes; of volatilities the roots of mean squares."""
    found: FloatArray = (accrued(times, np.power(values, power), nodes) / nodes) ** (1.0 / power)
    return found
