"""Contracts that need no paths: those with nothing left to observe; Europeans and variance swaps, in closed form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

import numpy as np

from ..estimate import Estimate
from ..estimators.likelihood_ratio import Combination
from ..models.capabilities import KnowsExchanges, has
from ..models.europeans import european_jet
from ..models.protocol import PathModel
from ..models.returns import squares_jet
from ..numerics.jets import Jet
from ..payoffs.european import pieces
from ..payoffs.protocol import Contract, stated_payments
from ..payoffs.realised import squared_returns
from ..payoffs.two_assets import Exchange
from . import known

METHOD = "closed form"


@final
@dataclass(frozen=True, slots=True)
class Exact:
    """Estimates without an error.

    Attributes
    ----------
    method : str
    estimates : mapping of str to Estimate
    """

    method: str
    estimates: Mapping[str, Estimate]

    @property
    def remark(self) -> str:
        """Why there is no error, in words."""
        if self.method == known.METHOD:
            return "no observation is open: the cash flow is known"
        return "the law has its closed form"


@np.errstate(under="ignore")  # what underflows is zero, whatever the caller has set
def exact(
    model: PathModel, payoff: Contract, wanted: Mapping[str, Combination], closed_form: bool = True
) -> Exact | None:
    """The price and the Greeks `wanted` where they follow without paths; None where they do not.

    Parameters
    ----------
    model : PathModel
    payoff : Contract
    wanted : mapping of str to mapping of Derivative to float
        Linear combinations of derivatives, by label.
    closed_form : bool
        Whether closed forms are wanted; a cash flow that is known is known without.

    Raises
    ------
    ValueError
        If a known cash flow is not finite, or the pieces that a payoff states are not its cash flow.
    """
    if not len(payoff.times):
        return Exact(known.METHOD, known.estimates(model, payoff, wanted))
    if not closed_form or (value := price(model, payoff)) is None:
        return None
    found = known.combined(wanted, lambda derivative: float(value.derivative(*derivative)))
    if not all(np.isfinite(estimate.value) for estimate in found.values()):
        return None
    return Exact(METHOD, found)


@np.errstate(under="ignore")  # what underflows is zero, whatever the caller has set
def price(model: PathModel, payoff: Contract, elapsed: float = 0.0) -> Jet | None:
    """The discounted value of a European or variance swap with its derivatives; None of others, or if the law has none.

    Its dates have come nearer by `elapsed` years. A Fourier integral that does not settle is no closed form either.
    """
    option = pieces(payoff)
    if option is None:
        found = _of_returns(model, payoff, elapsed)
        return _exchange(model, payoff, elapsed) if found is None else found
    maturity, paid = payoff.times[-1] - elapsed, stated_payments(payoff)
    discount = model.discount_jet(np.asarray(paid[0] - elapsed if paid else maturity))
    try:
        value = european_jet(model, option.trigger, option.below, option.above, maturity)
    except ArithmeticError:
        return None
    return None if value is None else discount * value


def _of_returns(model: PathModel, payoff: Contract, elapsed: float) -> Jet | None:
    """The discounted value of a sum of squared log returns."""
    swap, times, paid = squared_returns(payoff), [time - elapsed for time in payoff.times], stated_payments(payoff)
    if swap is None or (squares := squares_jet(model, times, swap.first)) is None:
        return None
    discount = model.discount_jet(np.asarray(paid[0] - elapsed if paid else times[-1]))
    return discount * (swap.constant + swap.factor * squares)


def _exchange(model: PathModel, payoff: Contract, elapsed: float) -> Jet | None:
    """The discounted value of the right to exchange two assets, with its derivatives; None of another payoff."""
    if not isinstance(payoff, Exchange) or not has(model, KnowsExchanges) or min(payoff.quantities) <= 0.0:
        return None
    if isinstance(payoff.first, str) or isinstance(payoff.second, str):  # whose order nobody has said
        return None
    time = payoff.maturity - elapsed
    value = model.exchange_jet(int(payoff.first), int(payoff.second), payoff.quantities, time)
    return None if value is None else model.discount_jet(np.asarray(time)) * value
