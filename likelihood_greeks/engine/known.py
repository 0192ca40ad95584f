"""Contracts with no open date: what they pay is known, and their Greeks follow from discounting alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from ..estimate import Estimate
from ..models.protocol import PathModel
from ..parameters import Derivative
from ..payoffs.protocol import Contract, cash_flows, payment_times
from ..payoffs.seasoned import KnownCashFlow

METHOD, SPOT = "known", "spot"


def estimates(
    model: PathModel, payoff: Contract, wanted: Mapping[str, Mapping[Derivative, float]]
) -> dict[str, Estimate]:
    """The Greeks `wanted` of a contract that observes nothing more: exact, with no error.

    Raises
    ------
    ValueError
        If it pays NaN or infinity.
    """
    return combined(wanted, lambda derivative: value(model, payoff, derivative))


def combined(
    wanted: Mapping[str, Mapping[Derivative, float]], exact: Callable[[Derivative], float]
) -> dict[str, Estimate]:
    """Linear combinations of exact derivatives, as estimates without an error."""
    of = {derivative: exact(derivative) for combination in wanted.values() for derivative in combination}
    found = {name: sum(factor * of[d] for d, factor in terms.items()) for name, terms in wanted.items()}
    return {name: Estimate(float(x), 0.0, n_paths=0, samples=0, variance_ratio=np.nan) for name, x in found.items()}


def value(model: PathModel, payoff: Contract, derivative: Derivative) -> float:
    """A derivative of the discounted cash flows; what is paid today is money already, and moves with nothing."""
    flows = cash_flows(payoff, np.empty((0, 1)))
    if not len(flows):
        return 0.0
    paid, amounts = payment_times(payoff, flows), flows[:, 0]
    discounts = model.discount_jet(paid)
    if not derivative:
        return float(discounts.value @ amounts)
    later = np.where(paid > 0.0, amounts, 0.0) @ discounts.derivative(*derivative)
    per_spot = payoff.per_spot if isinstance(payoff, KnownCashFlow) else 0.0
    if not per_spot or SPOT not in derivative:
        return float(later)
    others = [name for k, name in enumerate(derivative) if k != derivative.index(SPOT)]
    moved = discounts.derivative(*others) if paid[0] > 0.0 or not others else np.zeros(1)
    return float(later + per_spot * (moved[0] if SPOT not in others else 0.0))
