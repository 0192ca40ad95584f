"""Contracts with a past: observations that are known, and what is left when all of them are."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal, final

import numpy as np

from .._checks import finite, non_negative, positive, refuse
from .._typing import AnyArray
from . import seen_before
from .continuous import Corridor, Extreme, PaysByExtreme, Watched, not_of_spots
from .custom import Payoff
from .european import HasPieces, Pieces
from .observed import observed
from .protocol import Contract, called, check_contract, stated_payments
from .realised import CountsReturns, PaysSquaredReturns, SquaredReturns
from .remembered import Remembers, so_far
from .separate import of_users_own

GONE = -np.inf


@final
@dataclass(frozen=True, slots=True)
class KnownCashFlow:
    """An amount that is known today and paid later: what is left of a contract with no open observation.

    Parameters
    ----------
    amount : float
        Currency; may be negative.
    maturity : float
        When it is paid, in years, >= 0; today's payment is worth its amount.
    per_spot : float
        By how much the amount moves with today's spot, where its last observation is today's and is still open.

    Examples
    --------
    >>> import likelihood_greeks as lg
    >>> result = lg.greeks(lg.GBM(spot=100.0, volatility=0.2, rate=0.03), lg.KnownCashFlow(7.5, 0.5), ["rho"], seed=1)
    >>> round(result["price"].value, 6), result["price"].standard_error, round(result["rho"].value, 6), result.method
    (7.38834, 0.0, -3.69417, 'known')
    """

    amount: float
    maturity: float
    per_spot: float = 0.0

    def __post_init__(self) -> None:
        finite("amount", self.amount)
        non_negative("maturity", self.maturity)
        finite("per_spot", self.per_spot)

    @property
    def times(self) -> tuple[float, ...]:
        """No date is observed."""
        return ()

    @property
    def payments(self) -> tuple[float, ...]:
        """The maturity."""
        return (self.maturity,)

    def __call__(self, spot: AnyArray) -> AnyArray:
        """The amount, shape (n_paths,)."""
        return np.full(spot.shape[-1], self.amount)


@final
@dataclass(frozen=True)
class PaidLater:
    """A contract with one cash flow, which is paid after its last observation.

    Parameters
    ----------
    payoff : Contract
    payment : float
        When it is paid, in years, not before the last of its times.

    Examples
    --------
    >>> import likelihood_greeks as lg
    >>> model = lg.GBM(spot=100.0, volatility=0.2, rate=0.03)
    >>> later = PaidLater(lg.Call(100.0, 1.0), 1.5)
    >>> prompt, late = (lg.greeks(model, call, [], seed=1)["price"].value for call in (later.payoff, later))
    >>> round(float(np.log(prompt / late)), 6)
    0.015
    """

    payoff: Contract
    payment: float

    def __post_init__(self) -> None:
        if self.payoff.times and not finite("payment", self.payment) >= self.payoff.times[-1]:
            refuse("payment", f"not be before the last observation, {self.payoff.times[-1]:g}", self.payment)

    @property
    def times(self) -> tuple[float, ...]:
        """Those of the contract."""
        return self.payoff.times

    @property
    def payments(self) -> tuple[float, ...]:
        """The payment."""
        return (self.payment,)

    @property
    def corridor(self) -> Corridor | None:
        """What the contract watches at all times, if it does."""
        return self.payoff.corridor if isinstance(self.payoff, Watched) else None

    def outcomes(self, spot: AnyArray) -> tuple[AnyArray, AnyArray]:
        """Cash flows if the spot stays there, and if it leaves, of a contract that watches at all times."""
        assert isinstance(self.payoff, Watched)  # it has a corridor
        return self.payoff.outcomes(spot)

    @property
    def extreme(self) -> Extreme | None:
        """The extreme that the contract pays by, if it is watched at all times."""
        return self.payoff.extreme if isinstance(self.payoff, PaysByExtreme) else None

    def parts(self, spot: AnyArray) -> tuple[AnyArray | float, float]:
        """What it pays besides, and per unit of the extreme, of a contract that pays by one."""
        assert isinstance(self.payoff, PaysByExtreme)  # it has an extreme
        return self.payoff.parts(spot)

    @property
    def pieces(self) -> Pieces | None:
        """Those of an option on the final spot; None of another contract."""
        return self.payoff.pieces if isinstance(self.payoff, HasPieces) else None

    def squared_returns(self, past: Sequence[float] = ()) -> SquaredReturns | None:
        """Those of the contract, if it pays by them."""
        return self.payoff.squared_returns(past) if isinstance(self.payoff, PaysSquaredReturns) else None

    def realised(self, past: Sequence[float] = ()) -> SquaredReturns | None:
        """What the contract realises, if it counts returns."""
        return self.payoff.realised(past) if isinstance(self.payoff, CountsReturns) else None

    def __call__(self, spot: AnyArray) -> AnyArray:
        """The cash flow, shape (n_paths,)."""
        return self.payoff(spot)


@final
@dataclass(frozen=True)
class AlsoPays:
    """A contract that states its payments, and before them an amount that is known.

    Parameters
    ----------
    payoff : Contract
    amount : float
        Currency.
    payment : float
        When it is paid, in years, >= 0.
    """

    payoff: Contract
    amount: float
    payment: float

    @property
    def times(self) -> tuple[float, ...]:
        """Those of the contract."""
        return self.payoff.times

    @property
    def payments(self) -> tuple[float, ...]:
        """The payment of the amount, and those of the contract."""
        return (self.payment, *(stated_payments(self.payoff) or ()))

    def remembered(self, spot: AnyArray) -> Sequence[AnyArray]:
        """What the contract remembers, from spots on its dates so far."""
        return self.payoff.remembered(spot) if isinstance(self.payoff, Remembers) else so_far(spot)

    def __call__(self, spot: AnyArray) -> AnyArray:
        """The amount and the cash flows, shape (1 + n_flows, n_paths)."""
        return np.concatenate([np.full((1, spot.shape[-1]), self.amount), self.payoff(spot)])


@final
@dataclass(frozen=True)
class OnDates:
    """A contract on dates of which some may be past: for `Seasoned`, which knows what they showed.

    Parameters
    ----------
    payoff : Contract
        On as many dates, whose times do not matter.
    times : tuple of float
        The dates, in years, increasing.
    payments : tuple of float, optional
        When its cash flows are paid, or were. None: at the last date, or date by date.
    """

    payoff: Contract
    times: tuple[float, ...]
    payments: tuple[float, ...] | None = None

    def __call__(self, spot: AnyArray) -> AnyArray:
        """The cash flow at the last date, shape (n_paths,), or those of the payments or dates."""
        return self.payoff(spot)


@final
@dataclass(frozen=True)
class Seasoned:
    """A contract some of whose observations are past: constants, which it sees before the spots to come.

    Parameters
    ----------
    payoff : Contract
        A payoff of the library, or a `Payoff`, whose times are those to come; or any other contract, with ``times``
        of which some may be past (not positive): `fixings` then has one observation for each of these. What it
        pays date by date was paid at past dates, and is worth nothing; payments that it states and that are still due
        are discounted.
    fixings : sequence of float, shape (n_past,)
        Past observations, from the first on.
    lows, highs : sequence of float, shape (n_past + 1,), optional
        Of a `Payoff` that sees extremes: those of the intervals that end at the past observations, and last what was
        seen since, in the interval that is running (n_past of a contract with no date to come). An interval has the
        observations at both of its ends. Only those that it sees.

    Raises
    ------
    ValueError
        If a fixing is not finite, or not positive where the contract is of the library, or their number is not that of
        the past times; or if lows or highs are missing, too many, not positive, or against each other or the fixings at
        the ends of their intervals.
    TypeError
        If `payoff` is no contract.

    Examples
    --------
    One fixing of a weekly average is to come: its delta is about 1/26.

    >>> import likelihood_greeks as lg
    >>> model = lg.GBM(spot=110.0, volatility=0.2)
    >>> asian = lg.Seasoned(lg.Asian(100.0, times=[1 / 52]), fixings=[105.0] * 25)
    >>> round(lg.greeks(model, asian, ["delta"], paths=4096, seed=1)["delta"].value, 4)
    0.0385
    """

    payoff: Contract
    fixings: tuple[float, ...]
    lows: tuple[float, ...] | None = field(default=None, kw_only=True)
    highs: tuple[float, ...] | None = field(default=None, kw_only=True)
    _paid: tuple[float, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        check_contract(self.payoff)
        if isinstance(self.fixings, (str, bytes)) or not isinstance(self.fixings, Iterable):
            raise TypeError(f"fixings must be a sequence of past observations, got {self.fixings!r}")
        fixings = tuple(finite(f"fixings[{i}]", fixing) for i, fixing in enumerate(self.fixings))
        object.__setattr__(self, "fixings", fixings)
        stated = self.payoff.times
        if not all(a < b for a, b in pairwise(stated)):
            refuse("payoff.times", "be strictly increasing", stated)
        if not of_users_own(self.payoff):  # whose observations may be of anything; those of the library's are prices
            for i, fixing in enumerate(fixings):
                positive(f"fixings[{i}]", fixing)
        past = len(stated) - len(self.times)
        if past and past != len(fixings):
            refuse("fixings", f"hold one observation for each of the {past} times up to now", fixings)
        count = len(fixings) + bool(self.times)
        for name in seen_before.SIDES:
            object.__setattr__(self, name, seen_before.checked(name, getattr(self, name), self.extremes, count))
        seen_before.in_order(fixings, self.lows, self.highs)
        object.__setattr__(self, "_paid", self._payments())

    @property
    def extremes(self) -> Literal["low", "high", "both"] | None:
        """What of the extremes between dates a contract of the user's own sees besides the spots."""
        return self.payoff.extremes if isinstance(self.payoff, Payoff) else None

    @property
    def times(self) -> tuple[float, ...]:
        """The dates to come."""
        return tuple(time for time in self.payoff.times if time > 0.0)

    @property
    def payments(self) -> tuple[float, ...] | None:
        """When what is still due is paid; None where the dates to come say it."""
        due = tuple(time for time in self._paid if time >= 0.0)
        return None if due and due in (self.times, self.times[-1:]) else due

    def squared_returns(self, past: Sequence[float] = ()) -> SquaredReturns | None:
        """Those of the contract after its past, if it pays by them."""
        known = (*past, *self.fixings)
        return self.payoff.squared_returns(known) if isinstance(self.payoff, PaysSquaredReturns) else None

    def realised(self, past: Sequence[float] = ()) -> SquaredReturns | None:
        """What the contract realises after its past, if it counts returns."""
        return self.payoff.realised((*past, *self.fixings)) if isinstance(self.payoff, CountsReturns) else None

    def __call__(self, spot: AnyArray) -> AnyArray:
        """Cash flows that are still due, shape (n_paths,) or (n_flows, n_paths), from the spots to come."""
        if self.extremes is not None and self.times:
            not_of_spots(self)
        return self.paid(spot)

    def paid(self, spot: AnyArray) -> AnyArray:
        """The same, from spots with the extremes that the contract sees."""
        flows = self._flows(spot)
        return flows[sum(time < 0.0 for time in self._paid) :] if len(flows.shape) == 2 else flows

    def _flows(self, spot: AnyArray) -> AnyArray:
        """All cash flows, those of past dates among them."""
        if not isinstance(self.payoff, Payoff) or self.payoff.extremes is None:
            return self.payoff(self._joined(spot))
        found = seen_before.joined({"lows": self.lows, "highs": self.highs}, spot, bool(self.times))
        return self.payoff.paid(observed(self._joined(spot), found))

    def remembered(self, spot: AnyArray) -> Sequence[AnyArray]:
        """What the contract remembers of its past and of spots on its dates so far."""
        seen = self._joined(spot)
        return self.payoff.remembered(seen) if isinstance(self.payoff, Remembers) else so_far(seen)

    def _joined(self, spot: AnyArray) -> AnyArray:
        """Past and coming observations, shape (n_past + n_times, n_paths)."""
        if not self.fixings:
            return spot
        past = np.broadcast_to(np.array(self.fixings)[:, None], (len(self.fixings), spot.shape[-1]))
        return np.concatenate([past, spot]) if self.times else past

    def _ahead(self, trial: AnyArray) -> AnyArray:
        """Of spots on all dates those to come, which never move in between."""
        spot = trial[len(self.fixings) :]
        return observed(spot, dict.fromkeys(seen_before.SIDES.values(), np.array(spot))) if self.times else spot

    def _payments(self) -> tuple[float, ...]:
        """When the payoff's own cash flows are paid, or were."""
        stated = stated_payments(self.payoff)
        trial = self._joined(np.full((len(self.times), 2), self.fixings[-1] if self.fixings else 1.0))
        flows = called(self.payoff, trial) if self.extremes is None else self._flows(self._ahead(trial))
        if stated is not None:
            return stated
        if np.ndim(flows) < 2:
            return self.payoff.times[-1:]
        undated = len(trial) - len(self.payoff.times)
        return (*[GONE] * undated, *self.payoff.times)
