"""A contract that one side may end early, with a rule: an ordinary payoff."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement
from typing import Any, TypeAlias, final

import numpy as np

from .._checks import refuse
from .._typing import AnyArray
from .redeemable import Redeemable
from .terms import rows_of

DEGREES = {1: 5, 2: 4, 3: 3}
"""Of polynomials, by how many numbers a decision looks at; two of more."""
State: TypeAlias = Sequence[AnyArray] | AnyArray
"""Numbers that a decision looks at, a row each."""
FARTHEST = 3.0
"""Spreads beyond which a number counts as if it were there."""


@final
@dataclass(frozen=True, slots=True)
class Worth:
    """What it is worth not to end a contract on a date, to the side that decides: a polynomial of its state.

    Attributes
    ----------
    kept : tuple of int
        Which numbers of the state it looks at: those that are not the same on all paths.
    centres, scales : tuple of float
        Of these.
    coefficients : tuple of float
        Of the `features`, currency.
    paying : bool
        Whether the contract is ended where that pays something alone: what would come after it never costs anything.
    """

    kept: tuple[int, ...]
    centres: tuple[float, ...]
    scales: tuple[float, ...]
    coefficients: tuple[float, ...]
    paying: bool

    def features(self, state: State) -> list[AnyArray]:
        """Products of standardised numbers of the state, and one."""
        rows = [
            np.minimum(np.maximum((state[j] - centre) / scale, -FARTHEST), FARTHEST)
            for j, centre, scale in zip(self.kept, self.centres, self.scales, strict=True)
        ]
        return products(rows, 0.0 * state[0] + 1.0)

    def __call__(self, state: State) -> AnyArray:
        """The value, shape (n_paths,)."""
        found: Any = 0.0
        for factor, row in zip(self.coefficients, self.features(state), strict=True):
            found = found + factor * row
        return found


def products(rows: Sequence[AnyArray], one: AnyArray) -> list[AnyArray]:
    """One, and all products of some rows up to a degree."""
    found, known = [one], dict[tuple[int, ...], AnyArray]()
    for degree in range(1, DEGREES.get(len(rows), 2) + 1):
        for chosen in combinations_with_replacement(range(len(rows)), degree):
            known[chosen] = rows[chosen[0]] if degree == 1 else known[chosen[:-1]] * rows[chosen[-1]]
            found.append(known[chosen])
    return found


@final
@dataclass(frozen=True)
class Redeemed:
    """A `Redeemable` with a rule: it is ended on the first date on which the side that decides gains by it.

    Parameters
    ----------
    contract : Redeemable
    going_on : tuple of Worth or None
        One for each call date; None: it is not ended on that date.

    Raises
    ------
    ValueError
        If there are more or fewer.

    Examples
    --------
    >>> import likelihood_greeks as lg
    >>> note = lg.ReverseConvertible(100.0, [0.5, 1.0], coupon=0.05)
    >>> callable_note = lg.Redeemable(note, call_times=[0.5], amount=100.0, rule_paths=4096)
    >>> rule = lg.exercise_rule(lg.GBM(spot=100.0, volatility=0.25, rate=0.03), callable_note, seed=1)
    >>> isinstance(rule, lg.Redeemed), rule.times
    (True, (0.5, 1.0))
    """

    contract: Redeemable
    going_on: tuple[Worth | None, ...]

    def __post_init__(self) -> None:
        if not isinstance(self.contract, Redeemable):
            raise TypeError(f"contract must be a Redeemable, got {self.contract!r}")
        if len(self.going_on) != len(self.contract.call_times):
            refuse("going_on", f"be one for each of the {len(self.contract.call_times)} call dates", self.going_on)

    @property
    def times(self) -> tuple[float, ...]:
        """Every observation."""
        return self.contract.times

    @property
    def payments(self) -> tuple[float, ...]:
        """When anything is paid."""
        return self.contract.payments

    def never(self, k: int) -> bool:
        """Whether it is not ended on a call date at all."""
        return self.going_on[k] is None

    def stops(self, k: int, state: State, gain: AnyArray) -> AnyArray:
        """Whether it is ended on a call date, where that pays `gain` to the side that decides."""
        worth = self.going_on[k]
        assert worth is not None
        return (gain > 0.0) & (gain >= worth(state)) if worth.paying else gain >= worth(state)

    def margin(self, k: int, state: State, gain: AnyArray) -> AnyArray:
        """By how much the side that decides gains by ending it, currency; nothing where it would not."""
        worth = self.going_on[k]
        if worth is None:
            return np.full_like(gain, -np.inf)
        more = gain - worth(state)
        return np.where(gain > 0.0, more, -np.inf) if worth.paying else more

    def described(self) -> str:
        """The rule in words."""
        count = sum(worth is not None for worth in self.going_on)
        return f"ended by the {self.contract.by} where that pays, on {count} of {len(self.going_on)} dates"

    def __call__(self, spot: AnyArray) -> AnyArray:
        """Cash flows of the payment dates, shape (n_payments, n_paths)."""
        contract, paid, alive, flows = self.contract, self.contract.flows(spot), None, []
        for time in contract.payments:
            own = [paid[row] for row, due in enumerate(contract.due) if due == time]
            parts = own if alive is None else [np.where(alive, flow, 0.0) for flow in own]
            if time in contract.call_times:
                k = rows_of((time,), contract.call_times)[0]
                if not self.never(k):
                    amount = contract.paid_on(spot, k)
                    stops = self.stops(k, contract.state_on(spot, k), contract.sign * amount)
                    now = stops if alive is None else alive & stops
                    parts.append(np.where(now, amount, 0.0))
                    alive = ~stops if alive is None else alive & ~stops
            flows.append(sum(parts[1:], parts[0]) if parts else 0.0 * paid[0])
        return np.stack(flows)
