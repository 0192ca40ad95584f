"""What a run of several stages has next to no path for: where controls explain all that a pilot saw, scouts look."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from ..._typing import FloatArray
from ...controls.plan import Plan
from ...engine.main_run import Run
from ...engine.scouts import scouted
from ...estimate import Statistics
from ...streams.chunks import Chunk
from ..blocks import Block, Prepared, prepared
from ..failures import FAILS
from .packs import Pack, Position

EXPLAINED = 1e4
"""Variance of a price over what controls leave of it in the pilot, from which on what they leave may be what no path
met: a far barrier, a crash clause."""

LARGER = 3.0
"""Standard errors from which on what is not met is added to them."""

MATTERS = 1e-3
"""Share of the largest number of a trade from which on it is told as well."""


def looked_after(block: Block) -> Prepared:
    """The pilot of a block, with what scouts say of trades of whose prices controls explain all."""
    found = prepared(block)
    runs = tuple(_looked(run, block.pilots[0][0], block.paths) for run in found.desk.runs)
    return replace(found, desk=replace(found.desk, runs=runs))


def _looked(run: Run, chunk: Chunk, paths: int) -> Run:
    """A run with plans that scouts have judged, where that is needed."""
    plans = [*run.plans]
    for number, plan in enumerate(plans):
        if plan.scouted is None and plan.fit.gain[0] > EXPLAINED:
            alone = replace(run.group, payoffs=(run.group.payoffs[number],), buckets=())
            try:
                (found,) = scouted(alone, (replace(plan, sharing=None),), chunk, paths)
            except FAILS:  # where no path goes
                continue
            plans[number] = replace(plan, scouted=found.scouted)
    return replace(run, plans=tuple(plans))


def unmet(pack: Pack, paths: int) -> dict[str, FloatArray]:
    """By trade, what paths that a run has next to none of may add to its rows, shape (n_rows,), if scouts say so.

    About a standard error, of the price at every stage, summed over these: that the same paths meet it at all of them
    is not used.
    """
    stages = dict[str, dict[str, tuple[int, float]]]()
    for simulation in pack.simulations:
        group = simulation.run.group
        for trade_id, plan in zip(simulation.trade_ids, simulation.run.plans, strict=False):  # none without controls
            size = len(group.combinations) + len(group.buckets)
            stages.setdefault(trade_id, {})[simulation.stage] = size, _rare(plan)
    found = dict[str, FloatArray]()
    for trade_id, own in stages.items():
        if trade_id in pack.positions and any(rare for _, rare in own.values()):
            found[trade_id] = _felt(pack.positions[trade_id], own) / np.sqrt(paths)
    return found


def _felt(position: Position, stages: Mapping[str, tuple[int, float]]) -> FloatArray:
    """What the rows of a position gain, in size, as its price does at every stage, given with that of its samples."""
    still = {stage: np.zeros((size, 1)) for stage, (size, _) in stages.items()}
    base = position.rows(still)
    total = np.zeros(len(base))
    for stage, (_, rare) in stages.items():
        moved = still[stage].copy()
        moved[0] = rare
        total = total + np.abs(position.rows({**still, stage: moved}) - base)[:, 0]
    return total


def extra(unmet: FloatArray | None, errors: FloatArray) -> FloatArray:
    """What is added to standard errors for what no path met: nothing where that is little beside them."""
    if unmet is None:
        return np.zeros_like(errors)
    return np.where(unmet > LARGER * errors, unmet, 0.0)


def told(unmet: FloatArray | None, found: Statistics, row: int) -> str:
    """What is held against a row for what no path met; empty where that is little beside its error or its trade."""
    added = extra(unmet, found.standard_error)[row]
    if not added > MATTERS * np.abs(found.mean).max():
        return ""
    return f"what next to no path meets may add about ± {added:.2g}, which is in the error"


def _rare(plan: Plan) -> float:
    """Standard deviation of a path's price from what a run will have few paths of."""
    return float(np.sqrt(plan.scouted.rare[0])) if plan.scouted else 0.0
