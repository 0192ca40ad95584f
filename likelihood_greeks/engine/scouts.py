r"""Scouts: where the main run would hardly look, and how much variance it would miss by that.

Controls that explain all that a run has seen leave it with a small variance, though a branch of the payoff that no path
took may still be there: a crash clause, a far barrier, a rebate. So paths of their own are sent out, most of them
pushed (see `pushes`), and every one is weighted by its density under the law over that of the mixture: of the moves of
log-spots given all that is drawn beneath, which is far out on some of them (see `far_beneath`), or of the normals that
the steps of a local volatility are made of. The controlled samples on these paths tell the variance of the main run
from another side. Nothing else depends on them: no estimate moves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from .._typing import AnyArray, FloatArray
from ..controls.plan import Plan
from ..estimators.likelihood_ratio import weigh
from ..models.capabilities import Movable, draws_beneath, has
from ..models.joint_moves import JointMoves
from ..models.moves import IndependentSteps, Moves
from ..models.protocol import Paths
from ..numerics.arrays import cumulated
from ..payoffs.protocol import Contract
from ..scouted import CERTAIN, RESOLVED, ROUNDING, Scouted
from ..streams.chunks import Chunk, Sampling
from ..streams.steered import SteeredStream
from .corridor import Corridor
from .far_beneath import FarBeneath, Sunk
from .joint_levels import meetings
from .payoff_group import Group, Piloted, Pushed
from .pushes import AIMED, Pushes

SCOUTS = 1 << 21  # index of the pilot's stream from which they are drawn
INSIDE = 0.5  # share of samples drawn in a corridor, where there is one
COUNTED = 10.0
"""Samples that the main run should have of what it is to measure itself: those it will have fewer of are `rare`."""

SINGLY = 8  # assets that are also pushed one by one

ALIKE = 1e-6  # of log-spots
SAME = 1e-13  # standard deviation over the largest sample, up to which samples are the same
FELT = 0.1  # share of the variance from which on rare samples matter


def beside(sampling: Sampling) -> Sampling:
    """How paths of their own are drawn beside a run: as its pilot's, whose coefficients are of such samples."""
    return "pseudo" if sampling == "sobol" else sampling


def scouted(group: Group, plans: Sequence[Plan], chunk: Chunk, paths: int) -> tuple[Plan, ...]:
    """The plans, with what scouts say of the variance that a main run of so many paths will hardly see."""
    whole = [plan.whole for plan in plans if plan.whole is not None]
    if len(whole) == len(plans) and not group.buckets:
        nothing = Scouted.nothing((len(group.combinations),))
        return tuple(replace(plan, scouted=_certain(nothing, own)) for plan, own in zip(plans, whole, strict=True))
    draws = weighted_draws(group, replace(chunk, index=SCOUTS))
    weight, found = np.concatenate([piece.weight for piece in draws]), list[Plan]()
    samples = paths * chunk.n_samples // chunk.n_paths
    for number, plan in enumerate(plans):
        try:
            pairs = [pairs_of(group, number, plan, piece) for piece in draws]
        except (ValueError, ArithmeticError):
            if not plan.empty:
                raise
            found.append(plan)  # a payoff that fails where it is pushed
            continue
        controlled, plain = (np.concatenate(rows, axis=1) for rows in zip(*pairs, strict=True))
        unseen = plan.unseen(controlled, plain)
        if unseen.any() and not group.buckets:
            controlled[unseen] = plain[unseen]
        known = variances(controlled, weight, samples)
        rounding = ROUNDING * np.sqrt(plain**2 @ weight / weight.sum())
        known = replace(known, paid=np.full_like(known.paid, carried(plain[:1], weight)[0]), rounding=rounding)
        felt = known.rare + known.rest > rounding**2  # else scouts saw nothing vary, either
        known = replace(known, carriers=np.where(felt, known.carriers, 0.0))
        if draws_beneath(group.model, group.times):  # whose tails no push reaches
            known = replace(known, carriers=np.zeros_like(known.carriers))
        if plan.whole is not None:
            known = _certain(known, plan.whole)
        kept = plan if group.buckets or plan.whole is not None else plan.restricted(~unseen)
        found.append(replace(kept, scouted=known))
    return tuple(found)


def _certain(known: Scouted, rounding: FloatArray) -> Scouted:
    """What is known of numbers of which the first ones do not vary but for such rounding errors."""
    sure = np.arange(len(known.rare)) < len(rounding)
    rare, rest = (np.where(sure, 0.0, variance) for variance in (known.rare, known.rest))
    errors = np.concatenate([rounding, known.rounding[len(rounding) :]])
    return replace(known, rare=rare, rest=rest, carriers=np.where(sure, CERTAIN, known.carriers), rounding=errors)


def pairs_of(group: Group, number: int, plan: Plan, draws: Piloted) -> tuple[FloatArray, FloatArray]:
    """A payoff's controlled samples and its plain ones, shape (n_greeks, n_samples)."""
    plain = draws.chunk.fold(group.plain_samples(number, draws.drawn))
    return group.controlled(draws.chunk, number, plan, (draws.free, draws.shared), plain)


def variances(rows: FloatArray, weight: FloatArray, count: int) -> Scouted:
    """What weighted samples, shape (n_quantities, n_samples), say of their variance.

    Rare are those farthest from the mean, as many as a run of so many samples will have `COUNTED` of.
    """
    share = weight / weight.sum()
    gaps = (rows - (rows @ share)[:, None]) ** 2
    order = np.argsort(-gaps, axis=1)
    expected = count * np.cumsum(share[order], axis=1)
    parts = np.take_along_axis(share * gaps, order, axis=1)
    rare, total = np.where(expected <= COUNTED, parts, 0.0).sum(axis=1), parts.sum(axis=1)
    carriers = total**2 / np.maximum((parts**2).sum(axis=1), np.finfo(float).tiny)
    carriers[total <= (SAME * np.abs(rows).max(axis=1)) ** 2] = 0.0  # rounding
    matters = rare > FELT * total
    known = replace(Scouted.nothing((len(total),)), carriers=carriers, carried=carried(rows, weight))
    return replace(known, rare=np.where(matters, rare, 0.0), rest=np.where(matters, total - rare, total))


def carried(rows: FloatArray, weight: FloatArray) -> FloatArray:
    """Samples of the law that carry the variance of some rows as a share of all; 0 where too few samples tell it."""
    share = weight / weight.sum()
    gaps = (rows - (rows @ share)[:, None]) ** 2
    parts = share * gaps * gaps
    fourth, tiny = parts.sum(axis=1), np.finfo(float).tiny
    told = fourth**2 >= RESOLVED * np.maximum((parts**2).sum(axis=1), tiny)
    return np.where(told, (gaps @ share) ** 2 / np.maximum(fourth, tiny), 0.0)


def weighted_draws(
    group: Group,
    chunk: Chunk,
    corridor: Corridor | None = None,
    pushes: Pushes | None = None,
    *,
    far: FarBeneath | None = None,
    aim: Sequence[Contract] | None = None,
) -> list[Piloted]:
    """Weighted paths, pushed everywhere or as `pushes` and `far` say, half of them in a corridor if there is one.

    Of several assets also to where the conditions of some payoffs meet, by default of all. As the pilot's where the law
    does not move by normals that are its own.
    """
    model, pushes = group.model, pushes or Pushes.everywhere(len(group.times))
    if has(model, Movable):
        far = far or FarBeneath.everywhere(model, group.times)
        sunk = far.drawn(model, group.times, chunk)
        paths, moves = sunk.paths, model.moves(sunk.paths)
        if isinstance(paths, Paths) and isinstance(moves, JointMoves) and moves.path is not None:
            pushed = _pushed_jointly(group, chunk, paths, moves, group.payoffs if aim is None else aim)
            return group.pilot_draws(chunk) if pushed is None else [pushed]
        if isinstance(paths, Paths) and paths.spot.ndim == 2 and isinstance(moves.path, IndependentSteps):
            pushed = _pushed(group, chunk, sunk, moves, corridor=corridor, pushes=pushes)
            if pushed is not None:
                return [pushed]
        elif paths.spot.ndim == 2 and (steered := _steered(group, chunk, pushes)) is not None:
            return [steered]
    return group.pilot_draws(chunk)


def _steered(group: Group, chunk: Chunk, pushes: Pushes) -> Piloted | None:
    """Paths made of normals that are pushed, of a law whose steps depend on where they start; None of other laws."""
    times, generator = np.asarray(group.times), replace(chunk, index=chunk.index + 1).stream().generator
    lengths = np.broadcast_to(np.diff(times, prepend=0.0)[:, None], (len(times), chunk.n_paths))
    push = pushes.drawn(lengths, chunk.n_samples, generator) / lengths

    def among(ends: FloatArray) -> AnyArray:
        return np.minimum(np.searchsorted(times, ends), len(times) - 1)

    stream = SteeredStream(chunk.stream(), lambda ends, root: push[among(ends)] * root[:, None])
    paths = group.model.simulate(times, stream)
    if len(stream.steered) != 1 or stream.others:
        return None
    ((ends, moves),) = stream.steered
    noise = np.zeros((len(times), chunk.n_paths))
    np.add.at(noise, among(ends), moves)
    drawn = weigh(group.model, paths, group.weights, group.rate)
    weight = 1.0 / pushes.ratio(noise, lengths)[: chunk.n_samples]
    return group.piloted(chunk, drawn, weight, Pushed(noise, lengths))


def _pushed(
    group: Group,
    chunk: Chunk,
    sunk: Sunk,
    moves: Moves,
    *,
    corridor: Corridor | None,
    pushes: Pushes,
) -> Piloted | None:
    """The paths pushed, but for the plain ones; None if they do not move as they were pushed."""
    variance = np.broadcast_to(moves.variance, moves.noise.shape)
    generator = replace(chunk, index=chunk.index + 1).stream().generator
    paths, own = sunk.paths, moves.variance.shape[-1:] == (chunk.n_paths,)
    centre = np.log(paths.spot) - cumulated(moves.noise.copy()) if own else None
    push = pushes.drawn(variance, chunk.n_samples, generator, centre)
    push.reshape(len(push), -1, chunk.n_samples)[..., : sunk.plain] = 0.0
    if corridor is not None:
        push = _kept_inside(corridor, paths, moves.noise, push, variance, count=chunk.n_samples, generator=generator)
    pushed = _moved(paths, cumulated(push.copy()))
    drawn = weigh(group.model, pushed, group.weights, group.rate)
    if drawn.moves is None or not np.allclose(drawn.moves.noise, moves.noise + push, rtol=0.0, atol=ALIKE):
        return None
    noise = drawn.moves.noise
    density, plain = pushes.ratio(noise, variance, centre), np.ones(chunk.n_paths)
    if corridor is not None:
        inside = INSIDE * corridor.ratio(np.log(pushed.spot) - noise, noise, np.sqrt(variance))
        density, plain = (1.0 - INSIDE) * density + inside, (1.0 - INSIDE) * plain + inside
    plain, density = sunk.share * plain, (1.0 - sunk.share) * density * sunk.density
    inverse = (plain + density)[: chunk.n_samples]  # the first of an antithetic pair was drawn
    away = density[: chunk.n_samples] / inverse
    return group.piloted(chunk, drawn, 1.0 / inverse, Pushed(noise, variance, centre, away, sunk))


def _pushed_jointly(
    group: Group, chunk: Chunk, paths: Paths, moves: JointMoves, aim: Sequence[Contract]
) -> Piloted | None:
    """Paths of several assets pushed in one of some directions, or to where the conditions of payoffs meet.

    In a direction p the moves are V p for every unit that p'n is pushed, which alone tells the ratio of densities. None
    if they do not move as they were pushed.
    """
    generator = replace(chunk, index=chunk.index + 1).stream().generator
    covariance, directions = moves.terms.covariance, _directions(len(moves.noise))
    variances = np.einsum("mj,tjk,mk->mt", directions, covariance, directions)
    pushes = Pushes.everywhere(len(group.times))
    chosen = np.tile(generator.integers(len(directions), size=chunk.n_samples), chunk.n_paths // chunk.n_samples)
    push = np.zeros_like(moves.noise)
    for number, (direction, variance) in enumerate(zip(directions, variances, strict=True)):
        whole = np.broadcast_to(variance[:, None], moves.noise.shape[1:])
        size = np.where(chosen == number, pushes.drawn(whole, chunk.n_samples, generator) / whole, 0.0)
        push += (covariance @ direction).T[..., None] * size
    targets = meetings(aim, paths.spot, moves)
    part = AIMED if len(targets) else 0.0
    if len(targets):
        if chunk.n_paths > chunk.n_samples:  # the second of an antithetic pair goes there too
            targets = np.concatenate([targets, -targets])
        push = _sent(push, covariance, targets, generator, count=chunk.n_samples)
    pushed = replace(paths, spot=paths.spot * np.exp(np.cumsum(push, axis=1)), memo=None)
    drawn = weigh(group.model, pushed, group.weights, group.rate)
    noise = moves.noise + push
    if not isinstance(drawn.moves, JointMoves) or not np.allclose(drawn.moves.noise, noise, rtol=0.0, atol=ALIKE):
        return None
    along = np.einsum("mj,jtp->mtp", directions, noise)
    ratios = [
        pushes.ratio(own, np.broadcast_to(variance[:, None], own.shape))
        for own, variance in zip(along, variances, strict=True)
    ]
    inverse = (1.0 - part) * np.mean(ratios, axis=0) + part * _sent_ratio(noise, covariance, targets)
    return group.piloted(chunk, drawn, 1.0 / inverse[: chunk.n_samples])


def _sent(
    push: FloatArray, covariance: FloatArray, targets: FloatArray, generator: np.random.Generator, *, count: int
) -> FloatArray:
    """The pushes, or for a part of the samples those to one of the targets; antithetic paths go the other way."""
    chosen = np.where(generator.random(count) < AIMED, generator.integers(len(targets), size=count), -1)
    ways = np.einsum("tjk,mkt->jtm", covariance, targets)[..., chosen]
    wanted = ways if push.shape[-1] == count else np.concatenate([ways, -ways], axis=-1)
    return np.asarray(np.where(np.resize(chosen, push.shape[-1]) < 0, push, wanted))


def _sent_ratio(noise: FloatArray, covariance: FloatArray, targets: FloatArray) -> FloatArray:
    """Density of paths sent to one of the targets over that of the law, shape (n_paths,); zero without targets."""
    if not len(targets):
        return np.zeros(noise.shape[-1])
    square = np.einsum("mjt,tjk,mkt->m", targets, covariance, targets)
    along = targets.reshape(len(targets), -1) @ noise.reshape(-1, noise.shape[-1])
    return np.asarray(np.exp(np.minimum(along - 0.5 * square[:, None], 600.0)).mean(axis=0))


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
