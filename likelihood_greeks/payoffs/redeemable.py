"""Contracts that one side may end early for an amount, whatever they remember: callable and puttable notes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, final

import numpy as np

from .._checks import dates, finite, one_of, real_array, refuse, whole
from .._typing import AnyArray
from .exercise import RULE_PATHS, Bermudan
from .protocol import Contract, called, check_contract, stated_payments
from .remembered import OnOneNumber, Remembers, so_far
from .terms import by_date, merged, rows_of

State = Callable[[AnyArray], Sequence[AnyArray]]
"""From spots on the dates so far to rows of what a decision should look at."""


@final
@dataclass(frozen=True)
class Redeemable:
    """A contract that its issuer, or its holder, may end on some dates for an amount: a callable or puttable note.

    On the date on which it is ended it pays the amount, besides what it pays that day anyway, and nothing after it.
    What it is worth depends on the rule by which it is ended: `greeks` fits the best one for the side that decides, as
    of a `Bermudan`, and keeps it while the Greeks are estimated. The rule looks at the spot and at what the contract
    remembers.

    Parameters
    ----------
    payoff : Contract
        What is ended: its cash flows by date, on one asset or several.
    call_times : sequence of float
        When it may be ended, in years, increasing, before its last payment.
    amount : float, sequence of float or callable
        What is paid then, currency: one number, one a date, or a function of the spots on the payoff's dates so far,
        shape (n_so_far, n_paths), to shape (n_paths,); then `call_times` are dates of the payoff.
    by : {"issuer", "holder"}
        Who decides: the issuer ends what is worth more than the amount, the holder what is worth less.
    state : callable, optional
        What the decision looks at besides the spot of the date: from spots on the payoff's dates so far to rows of
        shape (n_paths,), numbers or truth values, as many on all dates. Default: what the contract remembers, if it is
        the library's (an average so far, a knock-in); else the mean, the lowest and the highest spot so far.
    rule_paths : int
        As of `Bermudan`, at least 4,096.

    Raises
    ------
    TypeError
        If `payoff` is no contract or is itself ended early, or `state` is no function.
    ValueError
        If a date or an amount is out of range, naming it.

    Examples
    --------
    >>> import likelihood_greeks as lg
    >>> note = lg.ReverseConvertible(100.0, [0.5, 1.0, 1.5, 2.0], coupon=0.05)
    >>> callable_note = lg.Redeemable(note, call_times=[0.5, 1.0, 1.5], amount=100.0, rule_paths=8192)
    >>> model = lg.GBM(spot=100.0, volatility=0.25, rate=0.03)
    >>> found = lg.greeks(model, callable_note, ["delta", "vega"], paths=4096, seed=1)
    >>> 99.8 < found.lower_bound.value < found.upper_bound.value < 100.2
    True
    >>> asian = lg.Asian(100.0, [0.25, 0.5, 0.75, 1.0], "put")
    >>> worth = lambda spot: np.maximum(100.0 - spot.mean(axis=0), 0.0)
    >>> early = lg.Redeemable(asian, [0.5, 0.75], worth, by="holder")
    >>> early.times
    (0.25, 0.5, 0.75, 1.0)
    """

    payoff: Contract
    call_times: tuple[float, ...]
    amount: Any
    by: Literal["issuer", "holder"] = "issuer"
    state: State | None = None
    rule_paths: int = RULE_PATHS

    def __post_init__(self) -> None:
        check_contract(self.payoff)
        if isinstance(self.payoff, Bermudan | Redeemable):
            raise TypeError(f"payoff must not be ended early itself, got {self.payoff!r}")
        if not self.payoff.times:
            refuse("payoff", "have a date to come", self.payoff)
        if max(getattr(self.payoff, "call_level", None) or (np.inf,)) < np.inf:
            refuse("payoff", "be a note that is not redeemed by its own levels (call_level infinite)", self.payoff)
        object.__setattr__(self, "call_times", self._settled_times())
        if not callable(self.amount):
            amounts = by_date("amount", self.amount, len(self.call_times), -np.inf)
            object.__setattr__(self, "amount", tuple(finite(f"amount[{k}]", x) for k, x in enumerate(amounts)))
        one_of("by", self.by, ("issuer", "holder"))
        if self.state is not None and not callable(self.state):
            raise TypeError(f"state must be a function of the spots so far, got {self.state!r}")
        object.__setattr__(self, "rule_paths", whole("rule_paths", self.rule_paths, 4096))

    def _settled_times(self) -> tuple[float, ...]:
        own, last = self.payoff.times, self.due[-1]
        found = tuple(
            next((x for x in (*own, *self.due) if abs(x - t) <= 1e-12 * x), t)
            for t in dates("call_times", self.call_times)
        )
        if not found[-1] < last * (1.0 - 1e-12):
            refuse("call_times", f"be before the last payment, {last:g}", found[-1])
        if callable(self.amount) and (strange := [t for t in found if t not in own]):
            refuse("call_times", "be dates of the payoff, whose spots the amount is a function of", strange[0])
        return found

    @property
    def due(self) -> tuple[float, ...]:
        """When the payoff pays, in years: a row of its cash flows each."""
        if (stated := stated_payments(self.payoff)) is not None:
            return stated
        assets = len(getattr(self.payoff, "reference", None) or (1.0, 1.0)) if hasattr(self.payoff, "for_assets") else 0
        trial = np.ones((*([assets] if assets else []), len(self.payoff.times), 2))
        return self.payoff.times if np.ndim(called(self.payoff, trial)) == 2 else self.payoff.times[-1:]

    @property
    def times(self) -> tuple[float, ...]:
        """Every observation: of the payoff, and where it may be ended."""
        return merged(self.payoff.times, self.call_times)

    @property
    def payments(self) -> tuple[float, ...]:
        """When anything is paid."""
        return merged(self.due, self.call_times)

    @property
    def sign(self) -> float:
        """Of a payment, to the side that decides."""
        return 1.0 if self.by == "holder" else -1.0

    def flows(self, spot: AnyArray) -> AnyArray:
        """The payoff's own cash flows if it is never ended, from spots on all dates; shape (n_due, n_paths)."""
        found = self.payoff(self._own(spot, self.times[-1]))
        return found if len(found.shape) == 2 else found[None]

    def paid_on(self, spot: AnyArray, k: int) -> AnyArray:
        """What is paid if it is ended on the call date of a number, shape (n_paths,)."""
        first = spot[0, 0] if len(spot.shape) == 3 else spot[0]
        if callable(self.amount):
            found = _numbers("amount", self.amount(self._own(spot, self.call_times[k])), first, one=True)
            return found if getattr(found, "shape", ()) else 0.0 * first + found
        return 0.0 * first + self.amount[k]

    def remembered(self, spot: AnyArray, time: float) -> list[AnyArray]:
        """What a decision at a time looks at besides the spots then; none before the first date of the payoff."""
        seen = self._own(spot, time)
        if not seen.shape[-2]:
            return []
        if self.state is not None:
            first = spot[0, 0] if len(spot.shape) == 3 else spot[0]
            return [1.0 * _numbers("state", row, first) for row in self.state(seen)]
        if isinstance(self.payoff, Remembers):
            return [1.0 * row for row in self.payoff.remembered(seen)]
        if len(seen.shape) == 3:
            return [x for asset in range(seen.shape[0]) for x in so_far(seen[asset])]
        return so_far(seen)

    def state_on(self, spot: AnyArray, k: int) -> list[AnyArray]:
        """What the decision on a call date looks at: logarithms of the spots, and what is remembered."""
        row = rows_of((self.call_times[k],), self.times)[0]
        here = [spot[asset, row] for asset in range(spot.shape[0])] if len(spot.shape) == 3 else [spot[row]]
        payoff: Any = self.payoff
        joint = len(spot.shape) == 3 and isinstance(payoff, OnOneNumber)
        own = [payoff.number(spot[:, row : row + 1])[0]] if joint else []
        return [*(np.log(x) for x in here), *own, *self.remembered(spot, self.call_times[k])]

    def _own(self, spot: AnyArray, until: float) -> AnyArray:
        """The spots on the payoff's dates up to a time."""
        rows = [row for row, time in enumerate(self.times) if time in self.payoff.times and time <= until]
        if rows == [*range(len(rows))]:
            return spot[:, : len(rows)] if len(spot.shape) == 3 else spot[: len(rows)]
        return spot[:, rows] if len(spot.shape) == 3 else spot[rows]

    def __call__(self, spot: AnyArray) -> AnyArray:
        """There is no cash flow without a rule.

        Raises
        ------
        TypeError
            Always.
        """
        raise TypeError("a Redeemable has no cash flow before it has a rule: exercise_rule(model, payoff) fits one")


def _numbers(name: str, found: Any, first: AnyArray, *, one: bool = False) -> Any:
    """What a function gives for a date, refused unless it has a real number for each path (or `one` for all)."""
    if (isinstance(found, np.ndarray) and found.dtype.kind not in "fiub") or isinstance(found, str | complex | None):
        real_array(f"what {name} returns", found)
    shape = tuple(getattr(found, "shape", ()))
    if shape != tuple(first.shape) and not (one and shape == ()):
        refuse(name, f"give one number a path, shape {tuple(first.shape)}", shape)
    return found
