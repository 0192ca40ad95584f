"""Payoffs that pay the same on every path of a run: certain, or only as far as ordinary paths go.

A note whose spot is far above the level of its next call date is such a payoff. Its price has no variation, which alone
says nothing. Under a law whose log-spots are normal it is certain if its conditions leave nothing else to pay within
eight standard deviations (a chance of 1e-15), or the two paths of every antithetic pair are paid the same together (a
digital at the median of its one date). Otherwise paths that are pushed (see `scouts`) to the levels that it compares
spots with, or kept in its corridor, tell how much variance the run has missed, if enough of them do. A payoff that
cannot be followed stays in doubt, and so does every one under a law whose log-spots are not normal: how far these reach
is not told by the deviations of a sample.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .._typing import FloatArray
from ..controls.plan import Plan
from ..estimators.likelihood_ratio import Drawn
from ..models.capabilities import draws_beneath
from ..models.moves import IndependentSteps, Moves
from ..numerics.arrays import cumulated
from ..payoffs.along.pieces import pieces_along
from ..payoffs.along.sure import surely_same, surely_same_in_pairs
from ..payoffs.relaxed.tape import NotRelaxableError
from ..scouted import CERTAIN, Scouted
from ..streams.chunks import Chunk, Draws, chunk_size
from .corridor import Corridor
from .levels import ways
from .payoff_group import Group, Piloted
from .pushes import Pushes
from .scouts import ALIKE, SCOUTS, beside, pairs_of, variances, weighted_draws
from .sums import Pair

FIRST = SCOUTS - 16  # index of the pilot's stream
REACH = 8.0
"""Standard deviations beyond which nothing that is normal is reached."""


def settled(pair: Pair, group: Group, row: int, plan: Plan | None, *, draws: Draws, paths: int) -> Pair:
    """What a run of so many paths says of a payoff of a group, with what is certain of one that pays always the same.

    `plan` is the one that it follows; None without controls.
    """
    price = pair.plain.pooled
    if plan is not None and plan.whole is not None:
        return pair  # all is known of it
    if price.m2[0] != 0.0 or not np.isfinite(price.mean[0]):
        return pair
    group = replace(group, buckets=())
    chunk = Chunk(draws.seed, FIRST, chunk_size(draws.n_times), beside(draws.sampling), pilot=True)
    try:
        with np.errstate(over="ignore", invalid="ignore"):
            known = _looked(group, row, plan, chunk, paths)
    except (NotRelaxableError, ValueError, ArithmeticError, np.linalg.LinAlgError):
        return pair  # what the payoff does where it is pushed
    if known is None or not np.isfinite(known.rare + known.rest).all():
        return pair
    return Pair(
        pair.controlled.knowing(_behind(pair.controlled.pooled.known, known)),
        pair.plain.knowing(_behind(pair.plain.pooled.known, replace(known, rare=0.0 * known.rare))),
    )


def _looked(group: Group, row: int, plan: Plan | None, chunk: Chunk, paths: int) -> Scouted | None:
    """What is known of a payoff that pays always the same; None if it is nothing."""
    payoff, drawn = group.payoffs[row], group.draw(chunk)
    if not _normal(group, drawn) or (pieces := pieces_along(payoff, drawn.spot)) is None:
        return None
    if surely_same(pieces, drawn.spot, REACH):
        count = len(group.combinations)
        return replace(Scouted.nothing((count,)), carriers=np.full(count, CERTAIN))
    pushes = Pushes.everywhere(len(group.times)).aimed(ways(payoff, drawn.spot))
    corridor = Corridor.of(payoff, drawn.spot)
    in_pairs = chunk.sampling == "antithetic" and surely_same_in_pairs(pieces, drawn.spot, REACH)
    draws = weighted_draws(group, replace(chunk, index=FIRST + 2), corridor, pushes)
    if any(piece.pushed is None for piece in draws):
        return None
    rows = np.concatenate([_samples(group, row, plan, piece) for piece in draws], axis=1)
    known = variances(rows, np.concatenate([piece.weight for piece in draws]), paths)
    price = np.arange(len(known.carriers)) == 0  # alone: derivatives of what both paths are paid may well be rare
    return replace(known, carriers=np.where(price, CERTAIN, known.carriers)) if in_pairs else known


def _normal(group: Group, drawn: Drawn) -> bool:
    """Whether the log-spots are normal as a whole: steps that the law calls independent, all alike on every path."""
    moves = drawn.moves
    if draws_beneath(group.model, group.times) or not isinstance(moves, Moves):
        return False
    if not isinstance(moves.path, IndependentSteps) or moves.variance.shape[-1] != 1:
        return False
    means = np.log(drawn.spot) - cumulated(moves.noise.copy())
    return bool(np.ptp(means, axis=1).max() <= ALIKE)


def _samples(group: Group, row: int, plan: Plan | None, piece: Piloted) -> FloatArray:
    """Controlled samples of a payoff."""
    if plan is not None:
        return pairs_of(group, row, plan, piece)[0]
    return piece.chunk.fold(group.plain_samples(row, piece.drawn))


def _behind(before: Scouted, own: Scouted) -> Scouted:
    """What is known of Greeks, their rounding as before, and of the buckets behind them as much of all as of any."""
    more = len(before.rounding) - len(own.rounding)
    rest = Scouted.nothing((more,))
    rest = replace(rest, carriers=np.full(more, own.carriers.min() if not own.rare.any() else 0.0))
    return replace(Scouted.joined([own, rest]), rounding=before.rounding)
