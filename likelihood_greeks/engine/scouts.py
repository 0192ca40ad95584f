r"""Scouts: where the main run would hardly look, and how much variance it would miss by that.

Controls that explain all that a run has seen leave it with a small variance, though a branch of the payoff that no path
took may still be there: a crash clause, a far barrier, a rebate. So paths of their own are sent out, most of them
pushed, and every one is weighted by its density under the law over that of the mixture,

.. math:: \frac{1}{\omega} = \alpha_0 + \sum_k \alpha_k \exp(\delta_k' V^{-1} n - \tfrac12 \delta_k' V^{-1} \delta_k),

where n is the noise of the log-spot's moves, V their variances given all that is drawn beneath, and the pushes
:math:`\delta_k` go up and down: all moves alike, by 3 and by 4.5 standard deviations of their sum; those up to a date,
and one move alone, the date being drawn at random. The controlled samples on these paths tell the variance of the main
run from another side. Nothing else depends on them: no estimate moves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from .._typing import FloatArray
from ..controls.plan import Plan
from ..estimators.likelihood_ratio import samples, simulated, weigh
from ..models.capabilities import Movable, draws_beneath, has
from ..models.joint_moves import JointMoves
from ..models.moves import IndependentSteps, Moves
from ..models.protocol import Paths
from ..scouted import Scouted
from ..streams.chunks import Chunk
from .corridor import Corridor
from .payoff_group import Group, Piloted

SCOUTS = 1 << 21  # index of the pilot's stream from which they are drawn
FAR, FARTHER, EARLY, SINGLE = 3.0, 4.5, 3.5, 4.5  # standard deviations of pushes
SHARES = np.array([0.3, 0.25, 0.15, 0.15, 0.15])  # of paths: not pushed, then in the order above
INSIDE = 0.5  # share of samples drawn in a corridor, where there is one
COUNTED = 10.0
"""Samples that the main run should have of what it is to measure itself: those it will have fewer of are `rare`."""

SINGLY = 8  # assets that are also pushed one by one

ALIKE = 1e-6  # of log-spots
FELT = 0.1  # share of the variance from which on rare samples matter


def scouted(group: Group, plans: Sequence[Plan], chunk: Chunk, paths: int) -> tuple[Plan, ...]:
    """The plans, with what scouts say of the variance that a main run of so many paths will hardly see."""
    if all(plan.empty for plan in plans):
        return tuple(plans)
    draws = weighted_draws(group, replace(chunk, index=SCOUTS))
    weight, found = np.concatenate([piece.weight for piece in draws]), []
    for number, plan in enumerate(plans):
        rows = [pairs_of(group, number, plan, piece)[0] for piece in draws] if not plan.empty else []
        known = variances(np.concatenate(rows, axis=1), weight, paths) if rows else None
        if known and draws_beneath(group.model, group.times):  # whose tails no push reaches
            known = replace(known, carriers=np.zeros_like(known.carriers))
        found.append(replace(plan, scouted=known))
    return tuple(found)


def pairs_of(group: Group, number: int, plan: Plan, draws: Piloted) -> tuple[FloatArray, FloatArray]:
    """A payoff's controlled samples and its plain ones, shape (n_greeks, n_samples)."""
    plain = draws.chunk.fold(samples(group.model, group.payoffs[number], draws.drawn, group.combinations))
    return group.controlled(draws.chunk, number, plan, (draws.free, draws.shared), plain)


def variances(rows: FloatArray, weight: FloatArray, paths: int) -> Scouted:
    """What weighted samples, shape (n_quantities, n_samples), say of their variance.

    Rare are those farthest from the mean, as many as a run of so many paths will have `COUNTED` of.
    """
    share = weight / weight.sum()
    gaps = (rows - (rows @ share)[:, None]) ** 2
    order = np.argsort(-gaps, axis=1)
    expected = paths * np.cumsum(share[order], axis=1)
    parts = np.take_along_axis(share * gaps, order, axis=1)
    rare, total = np.where(expected <= COUNTED, parts, 0.0).sum(axis=1), parts.sum(axis=1)
    carriers = total**2 / np.maximum((parts**2).sum(axis=1), np.finfo(float).tiny)
    matters = rare > FELT * total
    return Scouted(np.where(matters, rare, 0.0), np.where(matters, total - rare, total), carriers, np.zeros(len(total)))


def weighted_draws(group: Group, chunk: Chunk, corridor: Corridor | None = None) -> list[Piloted]:
    """Weighted paths, half of them in a corridor if there is one.

    As the pilot's where the law does not say that its steps are independent.
    """
    model = group.model
    if has(model, Movable):
        paths = simulated(model, group.times, chunk)
        moves: Any = model.moves(paths)
        if isinstance(paths, Paths) and isinstance(moves, JointMoves) and moves.path is not None:
            pushed = _pushed_jointly(group, chunk, paths, moves)
            return group.pilot_draws(chunk) if pushed is None else [pushed]
        if isinstance(paths, Paths) and paths.spot.ndim == 2 and isinstance(moves.path, IndependentSteps):
            pushed = _pushed(group, chunk, paths, moves, corridor)
            if pushed is not None:
                return [pushed]
    return group.pilot_draws(chunk)


def _pushed(group: Group, chunk: Chunk, paths: Paths, moves: Moves, corridor: Corridor | None) -> Piloted | None:
    """The paths pushed; None if they do not move as they were pushed."""
    variance = np.broadcast_to(moves.variance, moves.noise.shape)
    generator = replace(chunk, index=chunk.index + 1).stream().generator
    push = _pushes(variance, chunk.n_samples, generator)
    if corridor is not None:
        push = _kept_inside(corridor, paths, moves.noise, push, variance, count=chunk.n_samples, generator=generator)
    pushed = _moved(paths, np.cumsum(push, axis=0))
    drawn = weigh(group.model, pushed, group.weights, group.rate)
    if drawn.moves is None or not np.allclose(drawn.moves.noise, moves.noise + push, rtol=0.0, atol=ALIKE):
        return None
    noise = drawn.moves.noise
    inverse = 1.0 / _weight(noise, variance)
    if corridor is not None:
        inside = corridor.ratio(np.log(pushed.spot) - noise, noise, np.sqrt(variance))
        inverse = (1.0 - INSIDE) * inverse + INSIDE * inside
    weight = 1.0 / inverse[: chunk.n_samples]  # the first of an antithetic pair was drawn
    return Piloted(chunk, drawn, weight, group.control_samples(chunk, drawn), group.shared(drawn))


def _pushed_jointly(group: Group, chunk: Chunk, paths: Paths, moves: JointMoves) -> Piloted | None:
    """Paths of several assets pushed in one of some directions; None if they do not move as they were pushed.

    In a direction p the moves are V p for every unit that p'n is pushed, which alone tells the ratio of densities.
    """
    generator = replace(chunk, index=chunk.index + 1).stream().generator
    covariance, directions = moves.terms.covariance, _directions(len(moves.noise))
    variances = np.einsum("mj,tjk,mk->mt", directions, covariance, directions)
    chosen = np.tile(generator.integers(len(directions), size=chunk.n_samples), chunk.n_paths // chunk.n_samples)
    push = np.zeros_like(moves.noise)
    for number, (direction, variance) in enumerate(zip(directions, variances, strict=True)):
        whole = np.broadcast_to(variance[:, None], moves.noise.shape[1:])
        size = np.where(chosen == number, _pushes(whole, chunk.n_samples, generator) / whole, 0.0)
        push += (covariance @ direction).T[..., None] * size
    pushed = replace(paths, spot=paths.spot * np.exp(np.cumsum(push, axis=1)), memo=None)
    drawn = weigh(group.model, pushed, group.weights, group.rate)
    noise = moves.noise + push
    if not isinstance(drawn.moves, JointMoves) or not np.allclose(drawn.moves.noise, noise, rtol=0.0, atol=ALIKE):
        return None
    along = np.einsum("mj,jtp->mtp", directions, noise)
    ratios = [1.0 / _weight(own, variance[:, None]) for own, variance in zip(along, variances, strict=True)]
    weight = 1.0 / np.mean(ratios, axis=0)[: chunk.n_samples]
    return Piloted(chunk, drawn, weight, group.control_samples(chunk, drawn), group.shared(drawn))


def _directions(n_assets: int) -> FloatArray:
    """All assets together, and if there are few, each of them; shape (n_directions, n_assets)."""
    return np.concatenate([np.ones((1, n_assets)), np.eye(n_assets)[: n_assets if 1 < n_assets <= SINGLY else 0]])


def _kept_inside(
    corridor: Corridor,
    paths: Paths,
    noise: FloatArray,
    push: FloatArray,
    variance: FloatArray,
    *,
    count: int,
    generator: np.random.Generator,
) -> FloatArray:
    """The changes of the moves, where half of the samples are drawn in a corridor instead."""
    centre, deviation = (np.log(paths.spot) - noise)[:, :count], np.sqrt(variance)[:, :count]
    own = corridor.drawn(centre, noise[:, :count], deviation, generator.random((len(noise), count)))
    chosen = generator.random(count) < INSIDE
    wanted = own if noise.shape[1] == count else np.concatenate([own, -own], axis=1)
    return np.asarray(np.where(np.resize(chosen, noise.shape[1]), wanted - noise, push))


def _moved(paths: Paths, by: FloatArray) -> Paths:
    """The paths with log-spots moved."""
    latent: dict[str, Any] = {**paths.latent}
    if "log_spot" in latent:
        latent["log_spot"] = latent["log_spot"] + by
    return replace(paths, spot=paths.spot * np.exp(by), latent=latent, memo=None)


def _pushes(variance: FloatArray, count: int, generator: np.random.Generator) -> FloatArray:
    """Changes of the moves, shape (n_times, n_paths), where the paths form so many samples.

    The second path of an antithetic pair is pushed the other way, like its normals.
    """
    n_times, n_paths = variance.shape
    kind = generator.choice(len(SHARES), count, p=SHARES)
    size = np.array([0.0, FAR, FARTHER, EARLY, SINGLE])[kind] * generator.choice([-1.0, 1.0], count)
    date = np.where(kind < 3, n_times - 1, generator.integers(n_times, size=count))
    if n_paths > count:
        kind, size, date = np.tile(kind, 2), np.concatenate([size, -size]), np.tile(date, 2)
    row = np.arange(n_times)[:, None]
    pushed = np.where(kind == 4, row == date, row <= date)
    total = np.where(pushed, variance, 0.0).sum(axis=0)
    return np.asarray(pushed * variance * (size / np.sqrt(total)))


def _weight(noise: FloatArray, variance: FloatArray) -> FloatArray:
    """Density of the law over that of the mixture, shape (n_paths,)."""
    so_far = np.cumsum(noise, axis=0) / np.sqrt(np.cumsum(variance, axis=0))
    single = noise / np.sqrt(variance)
    ratios = [_ratio(so_far[-1:], FAR), _ratio(so_far[-1:], FARTHER), _ratio(so_far, EARLY), _ratio(single, SINGLE)]
    return np.asarray(1.0 / (SHARES[0] + SHARES[1:] @ np.stack(ratios)))


def _ratio(scores: FloatArray, size: float) -> FloatArray:
    """Density of normals pushed up or down at one of the dates, over that of those which are not."""
    return np.asarray(np.cosh(np.minimum(size * np.abs(scores), 700.0)).mean(axis=0) * np.exp(-0.5 * size**2))
