"""What the pilot decides about one payoff: which controls it gets, with which coefficients, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np

from .._typing import FloatArray
from ..models.protocol import PathModel
from ..payoffs.protocol import Contract
from ..payoffs.relaxed import NotRelaxableError, relax
from ..payoffs.tape import Tape
from .controls import Fit, fit, fit_each
from .likelihood_ratio import Drawn
from .relaxation import ladder
from .selection import PilotSamples, choose, cost
from .skeletons import Movable, candidates
from .specific import Control, KnowsVanillas, OnSkeleton, Vanilla


@final
@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """The controls of one payoff.

    Attributes
    ----------
    fit : Fit
        Coefficients of the free controls, then of `specific`.
    specific : tuple of Control
        Controls made for this payoff.
    remarks : tuple of str
        What was decided and why.
    """

    fit: Fit
    specific: tuple[Control, ...] = ()
    remarks: tuple[str, ...] = ()

    def applied(self, plain: FloatArray, free: FloatArray, own: FloatArray) -> FloatArray:
        """Controlled samples, from plain samples and the controls' samples; shape (n_greeks, n_samples)."""
        count = len(free)
        result = plain - np.einsum("gc,cn->gn", self.fit.coefficients[:, :count], free, optimize=False)
        if own.shape[1]:
            result -= np.einsum("gc,gcn->gn", self.fit.coefficients[:, count:], own, optimize=False)
        return result


def offered(
    model: PathModel, payoff: Contract, drawn: Drawn, generator: np.random.Generator
) -> tuple[list[Control], str]:
    """Controls that could be made for a payoff, and if there are none, why."""
    if not isinstance(model, Movable):
        return [], "no relaxations: the model does not say how its paths move (it has no `tangent`)"
    try:
        tape = Tape(lambda *_: 0.0)
        relax(payoff, drawn.spot, tape)
        relaxations = ladder(payoff, drawn.spot, generator)
    except NotRelaxableError as error:
        return [], f"no relaxations: the payoff uses {error}"
    except Exception as error:
        return [], f"no relaxations: the payoff raised {type(error).__name__} when followed: {error}"
    found: list[Control] = [OnSkeleton(r, s) for r in relaxations for s in candidates(payoff.times)]
    if len(payoff.times) > 1 and isinstance(model, KnowsVanillas):
        levels = dict.fromkeys((dates[-1], level) for dates, level in tape.levels)
        found += [Vanilla(row, level, kind) for row, level in levels for kind in ("digital", "call")]
    return found, ""


def planned(offers: Sequence[Control], why_not: str, pilot: PilotSamples) -> Plan:
    """The plan that pays best in the pilot; `why_not` says why there are no offers."""
    picked = sorted(choose(offers, pilot)) if offers else []  # sorted: each width is evaluated once
    if not picked:
        nothing = (
            "no relaxation or known price pays for its cost: the free controls serve as well" if offers else why_not
        )
        only_free = fit(pilot.free, pilot.plain, pilot.allowed, pilot.weights)
        return Plan(only_free, remarks=(nothing,) if nothing else ())
    chosen = tuple(offers[j] for j in picked)
    note = (
        f"{len(chosen)} of {len(offers)} relaxations and known prices pay; a path costs about {cost(chosen):.1f} plain"
    )
    fitted = fit_each(pilot.free, pilot.own[:, picked], pilot.plain, pilot.allowed, pilot.weights)
    return Plan(fitted, chosen, (note,))
