"""Which assets a contract sees: by its word, or by what is done with their spots when it is followed."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np

from .._typing import FloatArray
from .protocol import Contract, cash_flows
from .relaxed.array import assets_followed
from .relaxed.tape import NotRelaxableError

WIDER = 3.0
"""Powers to which spots of assets that are not seen are raised, over their means, to see that nothing follows."""


@runtime_checkable
class SeesSome(Contract, Protocol):
    """A contract that says which assets it is on."""

    @property
    def assets_seen(self) -> tuple[int, ...] | None:
        """Their numbers in the law's order; None if it does not say."""
        ...


def seen_by(payoff: Contract, spot: FloatArray) -> frozenset[int]:
    """The numbers of the assets that a contract sees; all, if it neither says so nor can be followed.

    Parameters
    ----------
    payoff : Contract
    spot : ndarray, shape (n_assets, n_times, n_paths)
        Some paths of the law.
    """
    every = frozenset(range(len(spot)))
    if isinstance(payoff, SeesSome):
        return every if payoff.assets_seen is None else frozenset(payoff.assets_seen)
    if hasattr(payoff, "moving"):  # with the law, in whatever it likes
        return every
    try:
        found = assets_followed(payoff, spot)
    except (NotRelaxableError, ArithmeticError, LookupError, TypeError, ValueError, AttributeError):
        return every
    return found if found == every or _blind(payoff, spot, every - found) else every


def _blind(payoff: Contract, spot: FloatArray, assets: frozenset[int]) -> bool:
    """Whether a contract pays the same when some assets are where they hardly ever are."""
    other = spot.copy()
    for asset in assets:
        middle = np.exp(np.log(spot[asset]).mean(axis=-1, keepdims=True))
        other[asset] = middle * (spot[asset] / middle) ** WIDER
    try:
        return bool(np.array_equal(cash_flows(payoff, spot), cash_flows(payoff, other)))
    except (ArithmeticError, LookupError, TypeError, ValueError):
        return False
