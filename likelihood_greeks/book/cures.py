"""Trades whose errors cannot be trusted after the main run: worked on again, on draws that look where they live."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, replace
from typing import NamedTuple

import numpy as np

from .._typing import AnyArray, FloatArray
from ..engine.batches import Batches
from ..engine.certain import settled
from ..engine.cure import Cured, attempted, doubts, wants
from ..engine.execution import Workers
from ..engine.sums import Pair
from ..estimate import Moments, Statistics
from ..scouted import Scouted
from ..streams.chunks import Draws
from .blocks import Block, Prepared
from .desk import TRADES
from .tally import Tally
from .trades import Trade


class Place(NamedTuple):
    """Where a trade stands in a block that was worked on."""

    number: int
    run: int
    row: int
    trade: Trade
    numbers: list[int]  # which of the labels its samples have
    asked: AnyArray  # which of these it has, bool
    families: list[list[int]]  # which of these are Greeks with their buckets
    many: bool  # whether it is one of many on shared paths

    def labels(self, rows: Sequence[int]) -> list[int]:
        """Which of the labels some rows of its samples are."""
        return [self.numbers[row] for row in rows]


def places(block: Block, tally: Tally) -> Iterator[Place]:
    """The trades of a block, in the order of its moments."""
    number = 0
    for run, (group, trades) in enumerate(block.runs(tally.problems)):
        numbers, asked = block.numbers(group), np.ones(len(group.combinations) + len(group.buckets), dtype=bool)
        asked[: len(group.combinations)] = [any(terms.values()) for terms in group.combinations]
        for row, trade in enumerate(trades):
            yield Place(number, run, row, trade, numbers, asked, group.families, bool(group.together))
            number += 1


def known(tally: Tally, place: Place) -> Pair:
    """What the main run says of a trade's Greeks and buckets."""
    pair = Pair.of(tally.moments[TRADES][place.number])
    return Pair(pair.controlled[place.numbers], pair.plain[place.numbers])


def held_against(place: Place, pair: Pair) -> list[str]:
    """What is held against the numbers of a trade; nothing against those that it does not have."""
    return _of_own(place, pair, doubts(pair))


def wanted(place: Place, pair: Pair) -> list[str]:
    """Why numbers of a trade are worth a cure; nothing for those that it does not have."""
    return _of_own(place, pair, wants(pair, many=place.many))


def _of_own(place: Place, pair: Pair, held: Sequence[str]) -> list[str]:
    """What is held against the numbers that a trade has: none are buckets that are zero where their Greek is not."""
    error, has = pair.controlled.standard_error, place.asked.copy()
    for greek, *buckets in place.families:
        if error[greek] > 0.0:
            has[buckets] &= (pair.controlled.mean[buckets] != 0.0) | (error[buckets] != 0.0)
    return [why if own else "" for why, own in zip(held, has, strict=True)]


def doubtful(block: Block, tally: Tally) -> list[Place]:
    """The trades of a block of which a number is worth a cure: doubtful though it is finite, or of unseen branches."""
    found = []
    for place in places(block, tally):
        pair = known(tally, place)
        if any(wanted(place, pair)) and np.isfinite(pair.plain.mean).all():
            found.append(place)
    return found


def cures(
    state: Prepared, block: Block, tally: Tally, draws: Draws, *, paths: int, spare: int | None, pool: Workers
) -> dict[int, Cured]:
    """The cures of all doubtful trades of a block whose controls are made for each payoff, by place.

    They come after so many paths, and may each take those that are to `spare`.
    """
    found = dict[int, Cured]()
    for place in doubtful(block, tally):
        run, pair = state.desk.runs[place.run], known(tally, place)
        if run.plans and run.group.controls.own:
            plan, held = run.plans[place.row], wanted(place, pair)
            cure = attempted(
                run.group, place.row, plan, pair, held=held, draws=draws, paths=paths, spare=spare, executor=pool
            )
            found |= {} if cure is None else {place.number: cure}
    return found


def replaced(tally: Tally, block: Block) -> Iterator[tuple[Place, Cured, list[int]]]:
    """The trades that were cured, with the rows of their samples in which the cure serves."""
    for place in places(block, tally) if tally.cures else ():
        if (cure := tally.cures.get(place.number)) is not None:
            rows = cure.serving(known(tally, place), place.families)
            if rows := [row for row in rows if place.asked[row]]:
                yield place, cure, rows


def settle(state: Prepared, block: Block, tally: Tally, draws: Draws, *, paths: int) -> Tally:
    """The tally of a block with what is certain of doubtful trades that pay always the same."""
    moments = tally.moments[TRADES]
    before = moments.pooled.known
    after = {field.name: getattr(before, field.name).copy() for field in fields(Scouted)}
    for place in doubtful(block, tally):
        run, pair = state.desk.runs[place.run], Pair.of(moments[place.number])
        plan = run.plans[place.row] if run.plans else None
        found = settled(pair, run.group, place.row, plan, draws=draws, paths=paths)
        both = Scouted.joined([found.controlled.pooled.known, found.plain.pooled.known])
        for name, values in after.items():
            values[place.number] = getattr(both, name)
    return replace(tally, moments={**tally.moments, TRADES: moments.knowing(Scouted(**after))})


def sound_in(block: Block, tally: Tally) -> AnyArray:
    """In which numbers nothing is held against any trade of a block, bool of shape (n_labels,)."""
    found = np.ones(len(block.labels), dtype=bool)
    cured_in = {place.number: (cure, rows) for place, cure, rows in replaced(tally, block)}
    for place in places(block, tally):
        held = held_against(place, known(tally, place))
        if place.number in cured_in:
            cure, rows = cured_in[place.number]
            better = held_against(place, cure.pair)
            held = [better[row] if row in rows else why for row, why in enumerate(held)]
        found[place.numbers] &= np.array([not why for why in held])
    return found


def shares(tally: Tally, block: Block) -> FloatArray:
    """The shares of batches in errors, shape (n_trades, n_labels, n_batches): those of cures where they serve."""
    assert tally.batches is not None
    found = tally.batches.shares(tally.moments[TRADES][:, : len(block.labels)])
    for place, cure, rows in replaced(tally, block):
        batches: Batches = cure.batches.folded(found.shape[-1])
        found[place.number, place.labels(rows)] = batches.shares(cure.pair.controlled)[rows]
    return found


def renewed(net: Statistics, blocks: Sequence[Block], tallies: Mapping[int, Tally]) -> Statistics:
    """The moments of a net position with the numbers that cures have given in place of the main run's.

    Its error is the main run's times what batches of joint samples say of the change: see `engine.batches`.
    """
    if not any(tallies[block.number].cures for block in blocks):
        return net
    shift, touched, before, after = np.zeros_like(net.mean), np.zeros(len(net.mean), bool), np.zeros(1), np.zeros(1)
    for block in blocks:
        tally, count = tallies[block.number], len(block.labels)
        if tally.batches is None:
            continue
        quantities = np.array([place.trade.quantity for place in places(block, tally)])
        before = before + np.tensordot(quantities, tally.batches.shares(tally.moments[TRADES][:, :count]), 1)
        after = after + np.tensordot(quantities, shares(tally, block), 1)
        for place, cure, rows in replaced(tally, block):
            gap, labels = cure.pair.controlled.mean - known(tally, place).controlled.mean, place.labels(rows)
            shift[labels] += place.trade.quantity * gap[rows]
            touched[labels] = True
    if not isinstance(net, Moments):
        return net.shifted(shift)
    m2, m4, at = net.m2.copy(), net.m4.copy(), np.flatnonzero(touched)
    own, other = np.square(after).sum(axis=-1)[at], np.square(before).sum(axis=-1)[at]
    with np.errstate(divide="ignore", invalid="ignore"):
        square = np.where(other > 0.0, net.seen[at] / net.count * (own / other), own)
        carriers = np.asarray(own**2 / np.power(after, 4).sum(axis=-1)[at])
    m2[at] = square * net.count * (net.count - 1)
    m4[at] = np.where(carriers > 0.0, m2[at] ** 2 / np.maximum(carriers, 1.0), 0.0)
    return replace(net, mean=net.mean + shift, m2=m2, m4=m4)
