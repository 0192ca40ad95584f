"""Payoffs that are straight in the final spot once it is known which of their events happen: barriers, digitals, calls.

The payoff is followed once to find the events that decide it, and then told each of their combinations on spots drawn
far and wide. Told, it is smooth, so that a straight line through all of these is what it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import final

import numpy as np

from ..._typing import FloatArray
from ..protocol import Contract
from .array import followed
from .events import Event
from .tape import Node, NotRelaxableError, Tape

MOST_EVENTS = 5
PROBES, SPREAD, ROUNDING = 24, 1.5, 1e-9  # spots tried, deviation of their logarithms, and how straight is straight


@final
@dataclass(frozen=True, slots=True, eq=False)
class StraightPieces:
    """Pays ``constant + slope * final spot``, by which of some events happen.

    Attributes
    ----------
    events : tuple of Event
        Each that the spot is above (below) a level on some date.
    constant, slope : ndarray, shape (2,) * n_events
        By the events: 1 where one happens. Currency, and currency per currency.
    """

    events: tuple[Event, ...]
    constant: FloatArray
    slope: FloatArray

    def cash_flow(self, spot: FloatArray) -> FloatArray:
        """What is paid, on paths of spots of shape (n_times, n_paths)."""
        happen = tuple(
            ((spot[list(e.rows)] > e.level) if e.above else (spot[list(e.rows)] < e.level)).any(axis=0).astype(int)
            for e in self.events
        )
        return np.asarray(self.constant[happen] + self.slope[happen] * spot[-1])


def straight_pieces(payoff: Contract, spot: FloatArray) -> StraightPieces | None:
    """The pieces of a payoff with one cash flow; None if it has others, or more than it pays to tell apart.

    Parameters
    ----------
    payoff : Contract
    spot : ndarray, shape (n_times, n_paths)
        Paths such as it may see: the pieces must agree with it there.
    """
    generator = np.random.default_rng(0)
    common, own = generator.standard_normal((1, PROBES)), generator.standard_normal((len(spot), PROBES))
    probes = np.median(spot[-1]) * np.exp(SPREAD * (common + own))
    try:
        events, told = _told_everything(payoff, probes)
        lines = [_line(probes[-1], output.value) for output in told]
    except Exception:  # whatever the payoff raises when it is told what cannot be
        return None
    table = np.array(lines).reshape(*[2] * len(events), 2)
    found, paid = StraightPieces(events, table[..., 0], table[..., 1]), np.asarray(payoff(spot), dtype=float)
    agrees = np.allclose(found.cash_flow(spot), paid, rtol=ROUNDING, atol=ROUNDING * np.abs(paid).max())
    return found if agrees else None


def _told_everything(payoff: Contract, probes: FloatArray) -> tuple[tuple[Event, ...], list[Node]]:
    """The events that decide a payoff, and what it is as it is told each of their combinations.

    What it is told may bring up further events: a capped call compares with the cap if it is in the money.
    """
    events: dict[Event, None] = {}
    while len(events) <= MOST_EVENTS:
        combinations = product((False, True), repeat=len(events))
        told = [_told(payoff, probes, dict(zip(events, happen, strict=True))) for happen in combinations]
        found = dict.fromkeys([*events, *(event for output in told for event in _deciding(output))])
        if len(found) == len(events):
            return tuple(events), told
        events = found
    raise NotRelaxableError("more events than it pays to tell apart")


def _told(payoff: Contract, probes: FloatArray, happen: Mapping[Event, bool]) -> Node:
    output, _ = followed(payoff, probes, Tape(lambda *_: 0.0, told=happen))
    if output.value.ndim != 1:
        raise NotRelaxableError("cash flows at several dates")
    return output


def _deciding(output: Node) -> Iterator[Event]:
    """The events that a result was made of, by their keys."""
    found: dict[Event, None] = {}
    seen, left = {id(output)}, [output]
    while left:
        node = left.pop()
        if node.event is not None and not node.links and node.event.key[0].rows:
            found[node.event.key[0]] = None
        for operand, _ in node.links:
            if id(operand) not in seen:
                seen.add(id(operand))
                left.append(operand)
    yield from found


def _line(spot: FloatArray, paid: FloatArray) -> tuple[float, float]:
    """The straight line through payments at final spots."""
    low, high = spot.argmin(), spot.argmax()
    slope = (paid[high] - paid[low]) / (spot[high] - spot[low])
    constant = paid[low] - slope * spot[low]
    if not np.allclose(constant + slope * spot, paid, rtol=ROUNDING, atol=ROUNDING * np.abs(paid).max()):
        raise NotRelaxableError("a cash flow that is not straight in the final spot")
    return float(constant), float(slope)
