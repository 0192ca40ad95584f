"""What all means of payoffs given the spots on some dates have: the payoff, and its law between the dates."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Self

from ...payoffs.protocol import Contract, stated_payments
from .bridge import Bridge


@dataclass(frozen=True, slots=True)
class GivenDates:
    """A payoff on a bridge.

    Parameters
    ----------
    payoff : Contract
    bridge : Bridge
        The law between dates: those of the payoff and those where the law changes, or what is watched does.
    """

    payoff: Contract
    bridge: Bridge

    def under(self, model: Any, elapsed: float = 0.0) -> Self:
        """The mean under another law on the same dates, or after some years."""
        return replace(self, bridge=self.bridge.under(model, elapsed))

    @property
    def times(self) -> tuple[float, ...]:
        """The dates, in years."""
        return self.bridge.times

    @property
    def assets_seen(self) -> tuple[int, ...] | None:
        """Those that the payoff says it is on, which are those that it watches too."""
        return getattr(self.payoff, "assets_seen", None)

    @property
    def payments(self) -> tuple[float, ...]:
        """When it pays, in years."""
        stated = stated_payments(self.payoff)
        return self.payoff.times[-1:] if stated is None else stated
