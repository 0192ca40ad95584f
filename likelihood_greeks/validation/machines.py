r"""Prices of contracts that remember one of finitely many states, by quadrature backward from date to date.

On every date the spot decides what is paid and the next state; between levels both are smooth in the spot, so that the
value of a state, :math:`C_{i-1}(x; s) = \int \varphi(y - x)\,[\text{flow}_i(y, s) + C_i(y; s')]\,dy`, is integrated on
panels that end at the levels.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias, final

import numpy as np

from .._typing import AnyArray, FloatArray
from ..models.gbm import GBM
from ..payoffs.autocallable import Autocallable
from ..payoffs.convertible import BarrierReverseConvertible
from ..payoffs.touch import DoubleNoTouch, NoTouch, OneTouch
from .walk import Walk, panels_on

Step: TypeAlias = Callable[[int, int, FloatArray], tuple[FloatArray, AnyArray]]
"""From the date, the state before it and spots to what is paid and the states after it; -1 where it has ended."""


@final
@dataclass(frozen=True, slots=True)
class Machine:
    """A contract as states and what the spot makes of them.

    Parameters
    ----------
    states : int
        Their number; the first is that of today.
    levels : tuple of float
        Spots at which something changes on any date, > 0.
    step : callable
    paid : tuple of float, optional
        When what each date decides is paid, in years; default: on the date.
    times : tuple of float
        The dates, in years.
    """

    states: int
    levels: tuple[float, ...]
    step: Step
    times: tuple[float, ...]
    paid: tuple[float, ...] | None = None


def price(model: GBM, machine: Machine, times: FloatArray, nodes: float) -> float:
    """Price today, the dates moved to `times` (years) and payments with them."""
    walk, start = Walk.of(model, times), np.log([model.spot])
    low, high = (start[0] + end for end in walk.reach())
    ends = [low, *sorted({float(np.log(x)) for x in machine.levels if low < np.log(x) < high}), high]
    parts = [panels_on(a, b, walk.shortest, nodes) for a, b in pairwise(ends)]
    points, weights = (np.concatenate(own) for own in zip(*parts, strict=True))
    shift = times[0] - machine.times[0]
    paid = np.asarray(machine.paid or machine.times) + shift
    spot, values = np.exp(points), np.zeros((machine.states + 1, len(points)))  # the last state is the end
    for date in reversed(range(len(times))):
        before = np.zeros_like(values)
        for state in range(machine.states):
            flow, after = machine.step(date, state, spot)
            before[state] = float(model.discount(paid[date])) * flow + values[after, np.arange(len(points))]
        first = date == 0
        kernel = walk.kernel(start if first else points, points, weights, walk.steps[date])
        if first:
            return float((kernel @ before[0])[0])
        values = before @ kernel.T
    raise AssertionError("a contract has dates")


def autocallable(note: Autocallable) -> Machine:
    """A note: its state is how many coupons since the last that was paid, and whether it is knocked in.

    State 2 m + h: m coupons missed, before which `unpaid` was owed if all so far are; h is 1 if knocked in.
    """
    calls = {time: k for k, time in enumerate(note.call_times)}
    watched, count = set(note.knock_in_times or ()), len(note.call_times)
    barrier = note.call_level if note.coupon_barrier is None else note.coupon_barrier
    number = 2 * (count + 1)

    def due(k: int, missed: int) -> float:
        earlier = sum(note.coupon[k - missed : k]) + (note.unpaid if missed == k else 0.0)
        return float((earlier if note.memory else (note.unpaid if k == 0 else 0.0)) + note.coupon[k])

    def step(date: int, state: int, spot: FloatArray) -> tuple[FloatArray, AnyArray]:
        missed, hit = divmod(state, 2)
        time, in_now = note.times[date], np.full(len(spot), bool(hit))
        if time in watched and note.knock_in is not None:
            in_now |= spot <= note.knock_in
        if time not in calls:
            return np.zeros(len(spot)), 2 * missed + in_now
        k = calls[time]
        missed = min(missed, k)
        called, pays = spot >= note.call_level[k], spot >= barrier[k]
        lost = np.minimum(np.maximum(spot / note.reference, note.protection), 1.0)
        capital = np.where(called, 1.0, np.where(in_now, lost, note.redemption) if k == count - 1 else 0.0)
        flow = note.notional * (np.where(pays, due(k, missed), 0.0) + capital)
        left = np.where(pays, 0, missed + 1)
        return flow, np.where(called | (k == count - 1), -1, 2 * left + in_now)

    levels = (*note.call_level, *barrier, note.knock_in or 1e-300, note.reference, note.reference * note.protection)
    # the first state of a seasoned note is knocked in already
    states = Machine(number, tuple(x for x in levels if 0.0 < x < np.inf), step, note.times, _paid_at(note))
    return states if not note.knocked_in else _started(states, 1)


def _paid_at(note: Autocallable) -> tuple[float, ...]:
    """When what each observation decides is paid."""
    when = dict(zip(note.call_times, note.payments, strict=True))
    return tuple(when.get(time, time) for time in note.times)


def _started(machine: Machine, state: int) -> Machine:
    """The machine with another state first: the two are swapped."""
    order = np.arange(machine.states + 1)
    order[[0, state]] = state, 0

    def step(date: int, own: int, spot: FloatArray) -> tuple[FloatArray, AnyArray]:
        flow, after = machine.step(date, int(order[own]), spot)
        return flow, np.where(after < 0, -1, order[after])

    return Machine(machine.states, machine.levels, step, machine.times, machine.paid)


def touch(payoff: OneTouch | NoTouch | DoubleNoTouch) -> Machine:
    """Cash for a touch, or for none: one state, which a touch ends."""
    low, high = (0.0, np.inf)
    if isinstance(payoff, DoubleNoTouch):
        low, high = payoff.lower, payoff.upper
    elif payoff.direction == "up":
        high = payoff.level
    else:
        low = payoff.level
    last, pays = len(payoff.times) - 1, isinstance(payoff, OneTouch)

    def step(date: int, state: int, spot: FloatArray) -> tuple[FloatArray, AnyArray]:
        hit = (spot <= low) | (spot >= high)
        flow = np.where(hit if pays else ~hit & (date == last), payoff.cash, 0.0)
        return flow, np.where(hit | (date == last), -1, state)

    paid = payoff.times if isinstance(payoff, OneTouch) and payoff.paid == "hit" else (payoff.maturity,) * (last + 1)
    return Machine(1, tuple(x for x in (low, high) if 0.0 < x < np.inf), step, payoff.times, paid)


def convertible(note: BarrierReverseConvertible) -> Machine:
    """A note less its sure coupons; its states are whether its level was reached."""
    last = len(note.times) - 1

    def step(date: int, state: int, spot: FloatArray) -> tuple[FloatArray, AnyArray]:
        reached = (spot <= note.level) & (date < last or bool(note.monitor_maturity)) | bool(state)
        lost = np.minimum(np.maximum(spot / note.strike, note.protection), 1.0)
        flow = note.notional * np.where(reached, lost, 1.0) if date == last else np.zeros(len(spot))
        return flow, reached.astype(int)

    levels = (note.level, note.strike, note.strike * note.protection)
    return Machine(2, tuple(x for x in levels if x > 0.0), step, note.times)
