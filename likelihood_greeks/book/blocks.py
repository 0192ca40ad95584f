"""Blocks: as many trades on one underlying as are worked on, and written, together; and their pilot."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, final

import numpy as np

from .._checks import refuse
from ..controls.plan import Plan
from ..engine.choice_of_law import chosen_law
from ..engine.main_run import Run
from ..engine.payoff_group import CONTROLS, Group
from ..engine.pilot import pilot_chunks, planned
from ..engine.stopping import Goal
from ..estimators.likelihood_ratio import under
from ..models.capabilities import without_dividends
from ..parameters import Greek, kind, offered, offered_by
from ..payoffs.relaxed.tape import NotRelaxableError
from ..streams.chunks import Chunk, Draws
from .bucket_split import Split
from .desk import Desk, Failure
from .failures import FAILS, problem_of, reason_of
from .layout import Layout
from .trades import Problem, Trade

SIZE = 32
"""Trades a block, at most. Larger blocks share more of the simulation; smaller ones lose less when a run is stopped."""

MANY = 16
"""Trades on one underlying from which on controls are chosen by what they take of the machine."""

GIVEN_UP = "relaxed payoffs given up: one could not be followed on a path that the pilot did not see"


@final
@dataclass(frozen=True, slots=True)
class Block:
    """Trades on one underlying, grouped by law and dates.

    Parameters
    ----------
    underlying : str
    number : int
        Among the blocks of the underlying, from 0.
    groups : tuple of Group
    trades : tuple of tuple of Trade
        Group by group, as their payoffs.
    pilots : tuple of tuple of Chunk
        The pilot's draws, group by group.
    greeks : tuple of str
        The labels of all Greeks that a trade on the underlying has.
    labels : tuple of str
        These, and those of buckets.
    paths : int
        Of the main run's first round.
    late : mapping of str to Failure
        What is known from an earlier attempt about trades (by trade_id) that failed.
    places : tuple of tuple of int
        Group by group, which of the labels its numbers are; empty where each has all.
    scouts : bool
        Whether its pilots look for what the main run would hardly see.
    """

    underlying: str
    number: int
    groups: tuple[Group, ...]
    trades: tuple[tuple[Trade, ...], ...]
    pilots: tuple[tuple[Chunk, ...], ...]
    greeks: tuple[str, ...]
    labels: tuple[str, ...]
    paths: int
    late: Mapping[str, Failure] = field(default_factory=dict)
    places: tuple[tuple[int, ...], ...] = ()
    scouts: bool = True

    @property
    def size(self) -> int:
        """Number of trades."""
        return sum(map(len, self.trades))

    def runs(self, problems: Collection[Problem]) -> list[tuple[Group, list[Trade]]]:
        """The laws of the main run and the trades under them, those with problems left out."""
        bad = {problem.row for problem in problems}
        found = [
            (group, [trade for trade in trades if trade.row not in bad])
            for group, trades in zip(self.groups, self.trades, strict=True)
        ]
        return [(group, trades) for group, trades in found if trades]

    def numbers(self, group: Group) -> list[int]:
        """Which of the labels the samples of a group have, in their order: its Greeks, then its buckets."""
        if not self.places:
            return [*range(len(self.labels))]
        return [*self.places[next(k for k, mine in enumerate(self.groups) if mine is group)]]

    def having(self, group: Group) -> list[str]:
        """The labels that the trades of a group have, in the order of all."""
        return [self.labels[k] for k in sorted(self.numbers(group))]

    def none(self, group: Group) -> list[str]:
        """The labels of Greeks that are nothing for the trades of a group: their zero is exact."""
        own = [self.labels[k] for k in self.numbers(group)]
        return [name for name, terms in zip(own, group.combinations, strict=False) if not any(terms.values())]

    @property
    def empty(self) -> set[str]:
        """The labels that no trade has."""
        if not self.places:
            return set()
        used = {place for places in self.places for place in places}
        return {self.labels[k] for k in range(len(self.labels)) if k not in used}

    def knowing(self, late: Mapping[str, Failure]) -> Block:
        """The block with more known about its trades."""
        return replace(self, late={**self.late, **late})


@final
@dataclass(frozen=True, slots=True)
class Prepared:
    """A block after its pilot.

    Attributes
    ----------
    desk : Desk
        The main run, of the trades that can be priced.
    problems : tuple of Problem
        Why the others cannot.
    given_up : tuple of str
        Trades (by trade_id) whose relaxations were given up.
    """

    desk: Desk
    problems: tuple[Problem, ...]
    given_up: tuple[str, ...]


def blocks(
    trades: Sequence[Trade],
    greeks: Sequence[Greek],
    controls: str,
    draws: Draws,
    goal: Goal,
    *,
    split: Split | None = None,
    among: Sequence[str] | None = None,
) -> list[Block]:
    """The blocks of all trades on one underlying whose main run takes these draws, as many as its goal says.

    A law with many trades is cut, and laws with few are put together: what is in a block depends on the book alone.
    Each trade has those of the Greeks that its own law has, which are `among` the labels of all on the underlying; by
    default these are those of the trades.
    """
    every = tuple(among or offered_by(greeks, (trade.model for trade in trades)))
    split = split or Split((), {}, ())
    labels = (*every, *split.labels)
    found, many = [], len(trades) >= MANY
    known = {kind(trade.model): trade.model for trade in trades}
    having = {own: offered(greeks, law) for own, law in known.items()}
    for number, packed in enumerate(_packed(trades, split)):
        groups, pilots, places = [], [], []
        for members in packed:
            times = members[0].drawn.times
            chosen = chosen_law(without_dividends(members[0].model), times, "auto", controls)
            wanted = having[kind(members[0].model)]
            law, parts = split.law(chosen.law), split.buckets(members[0], [*wanted])
            payoffs = tuple(under(trade.drawn, law) for trade in members)
            terms = tuple(map(members[0].terms_of, wanted.values()))
            groups.append(Group(law, payoffs, terms, CONTROLS[controls], chosen.rate, parts, len(members) * many))
            pilots.append(tuple(pilot_chunks(draws.seed, goal.most, len(times), draws.sampling, many)))
            places.append((*map(labels.index, wanted), *split.places(members[0], labels)))
        found.append(
            Block(
                trades[0].underlying, number, tuple(groups), tuple(packed), tuple(pilots), every, labels, goal.paths,
                places=tuple(places) if any(own != (*range(len(labels)),) for own in places) else (),
            )
        )  # fmt: skip
    return found


def _packed(trades: Sequence[Trade], split: Split) -> Iterator[list[tuple[Trade, ...]]]:
    """Trades by law and dates, at most `SIZE` together."""
    laws: dict[Any, list[Trade]] = {}
    for trade in trades:
        laws.setdefault((trade.model, trade.drawn.times, trade.moving, split.of(trade)), []).append(trade)
    packed: list[tuple[Trade, ...]] = []
    for members in laws.values():
        for start in range(0, len(members), SIZE):
            part = tuple(members[start : start + SIZE])
            if packed and sum(map(len, packed)) + len(part) > SIZE:
                yield packed
                packed = []
            packed.append(part)
    if packed:
        yield packed


def prepared(block: Block) -> Prepared:
    """The pilot of a block: controls for every trade, and the trades that cannot be priced set apart."""
    runs, quantities, problems, places = [], [], [], []
    of_groups = block.places or ((),) * len(block.groups)
    for group, trades, pilot, own in zip(block.groups, block.trades, block.pilots, of_groups, strict=True):
        tried = _tried(group, pilot, trades, block)
        every = zip(trades, group.payoffs, tried, strict=True)
        good = [(trade, payoff, plan) for trade, payoff, plan in every if not isinstance(plan, Problem)]
        problems += [plan for plan in tried if isinstance(plan, Problem)]
        if good:
            served = replace(group, payoffs=tuple(payoff for _, payoff, _ in good))
            runs.append(Run(served, tuple(plan for *_, plan in good if plan is not None)))
            quantities.append(tuple(trade.quantity for trade, *_ in good))
            places.append(own)
    given_up = tuple(name for name, failure in block.late.items() if failure.relaxation)
    layout = Layout(len(block.labels), tuple(places)) if block.places else None
    return Prepared(Desk(tuple(runs), tuple(quantities), layout), tuple(problems), given_up)


def _tried(group: Group, pilot: Sequence[Chunk], trades: Sequence[Trade], block: Block) -> list[Plan | Problem | None]:
    """The pilot of trades on one law: its controls (None without), or why one cannot be priced."""
    known = [trade.trade_id in block.late for trade in trades]
    if len(trades) == 1 and known[0]:
        failure = block.late[trades[0].trade_id]
        if not failure.relaxation:
            return [_problem(trades[0], failure.reason)]
        group = group.without_relaxations()
    if len(trades) == 1 or not any(known):
        try:
            with np.errstate(over="ignore", invalid="ignore"):
                _try_out(group, replace(pilot[0], n_paths=256), trades)
                paths = block.paths if block.scouts else None
                return [*planned(replace(group, scouts=block.scouts), pilot, paths, "serial")] or [None] * len(trades)
        except FAILS as error:
            smooth = group.without_relaxations()
            if len(trades) == 1 and isinstance(error, NotRelaxableError) and group.controls != smooth.controls:
                return _tried(smooth, pilot, trades, block)
            if len(trades) == 1:
                return [_problem(trades[0], reason_of(error))]
    alone = [replace(group, payoffs=(payoff,)) for payoff in group.payoffs]
    return [_tried(one, pilot, [trade], block)[0] for one, trade in zip(alone, trades, strict=True)]


def _problem(trade: Trade, reason: str) -> Problem:
    return problem_of(trade.trade_id, trade.row, reason)


def _try_out(group: Group, chunk: Chunk, trades: Sequence[Trade]) -> None:
    """Refuse numbers that are too large."""
    for plain, trade in zip(group.samples(chunk, group.draw(chunk)), trades, strict=True):
        if not np.isfinite((trade.quantity * plain) ** 2).all():
            refuse("payoff", "give finite payments and Greeks", "numbers too large to square")
