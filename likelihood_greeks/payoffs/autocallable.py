"""Notes that are redeemed early when the spot is high on one of their dates: autocallables, snowball and phoenix."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, final

import numpy as np

from .._checks import dates, finite, flags, non_negative, positive, refuse
from .._typing import AnyArray
from .continuous import CONTINUOUS, Corridor, is_continuous, not_of_spots
from .terms import by_date, merged, rows_of, snapped, verify_rows

MOST_COUPON = 2.0
"""A coupon of a date, as a share of the notional, from which on it must be in per cent."""


@final
@dataclass(frozen=True, slots=True)
class Past:
    """What the first observations of a note have made of it.

    Attributes
    ----------
    called : int or None
        The call date on which it was redeemed, counted from 0.
    unpaid : float
        Coupons missed so far, as a share of the notional.
    knocked_in : int or None
        The observation at which it was knocked in, counted from 0.
    """

    called: int | None
    unpaid: float
    knocked_in: int | None


@final
@dataclass(frozen=True)
class Autocallable:
    r"""Note that is redeemed with its notional on the first call date on which the spot is at or above the call level.

    On every call date up to its redemption it pays that date's coupon if the spot is at or above the coupon barrier,
    with those missed before if it has a memory. Without a coupon barrier coupons are paid with an early redemption
    alone, all of them: a snowball; with one it is a phoenix. If it is never called it redeems at the last date

    .. math:: \text{redemption},\quad\text{or knocked in}\quad\min(\max(S_T / \text{reference}, \text{protection}), 1)

    times the notional. It is knocked in if the spot was at or below `knock_in` on one of `knock_in_times`, or at any
    time if these are ``"continuous"``. Everything is paid date by date.

    Parameters
    ----------
    reference : float
        Spot that the redemption is measured against, currency, > 0.
    call_times : sequence of float
        Call and coupon dates in years, increasing; the last is the maturity.
    call_level : float or sequence of float, optional
        Currency, one for all call dates or one a date; infinite where it cannot be called. Default: the reference.
    coupon : float or sequence of float
        Of each date, as a share of the notional (0.02 is two per cent), >= 0.
    coupon_barrier : float or sequence of float, optional
        Currency; 0 where the coupon is sure. None: the call levels, a snowball.
    memory : bool
        Whether coupons that were missed are paid with the next one that is not.
    knock_in : float, optional
        Currency, > 0. None: it cannot be knocked in.
    knock_in_times : sequence of float or "continuous", optional
        Years, none after the maturity; or all times from now to the maturity. Default: the maturity alone.
    protection : float
        Least redemption once knocked in, as a share of the notional, in [0, 1].
    redemption : float
        If it was not knocked in, as a share of the notional, >= 0.
    notional : float, optional
        Currency, > 0. Default: the reference, so that a quantity counts units of the underlying.
    unpaid : float
        Coupons missed before the first date, as a share of the notional: of a seasoned note with a memory.
    knocked_in : bool
        Whether it was knocked in already.
    payment_times : sequence of float, optional
        When what each call date decides is paid. Default: then.
    continuous : bool
        Whether the knock-in is watched at all times; follows from `knock_in_times`.

    Raises
    ------
    ValueError
        If a term is out of range, naming it.

    Examples
    --------
    >>> import likelihood_greeks as lg
    >>> note = lg.Autocallable(100.0, [0.5, 1.0], coupon=0.03, knock_in=60.0, notional=1000.0)
    >>> note(np.array([[101.0, 99.0, 80.0], [50.0, 100.0, 55.0]]))
    array([[1030.,    0.,    0.],
           [   0., 1060.,  550.]])
    """

    reference: float
    call_times: tuple[float, ...]
    call_level: Any = None
    coupon: Any = 0.0
    coupon_barrier: Any = None
    memory: bool = True
    knock_in: float | None = None
    knock_in_times: tuple[float, ...] | None = None
    protection: float = 0.0
    redemption: float = 1.0
    notional: float | None = None
    unpaid: float = 0.0
    knocked_in: bool = False
    payment_times: tuple[float, ...] | None = None
    continuous: bool = field(default=False, kw_only=True)

    def __post_init__(self) -> None:
        positive("reference", self.reference)
        calls = dates("call_times", self.call_times)
        settled: dict[str, Any] = {"call_times": calls}
        level = self.reference if self.call_level is None else self.call_level
        settled["call_level"] = by_date("call_level", level, len(calls), 0.0, endless=True)
        settled["coupon"] = by_date("coupon", self.coupon, len(calls), 0.0)
        if not np.max(settled["coupon"]) < MOST_COUPON:
            refuse("coupon", f"be a share of the notional below {MOST_COUPON:g}: 0.05 is five per cent", self.coupon)
        if self.coupon_barrier is not None:
            settled["coupon_barrier"] = by_date("coupon_barrier", self.coupon_barrier, len(calls), 0.0, endless=True)
        settled["notional"] = positive("notional", self.reference if self.notional is None else self.notional)
        if self.knock_in is None and self.knock_in_times is not None:
            refuse("knock_in", "be given with knock_in_times", None)
        if self.knock_in is not None:
            positive("knock_in", self.knock_in)
            given: Any = self.knock_in_times
            settled["continuous"] = self.continuous or is_continuous(given, "knock_in_times")
            watched = calls[-1:] if given is None or settled["continuous"] else given
            settled["knock_in_times"] = snapped("knock_in_times", watched, calls)
        if not finite("protection", self.protection) <= 1.0 or self.protection < 0.0:
            refuse("protection", "be between 0 and 1", self.protection)
        non_negative("redemption", self.redemption)
        non_negative("unpaid", self.unpaid)
        flags(memory=self.memory, knocked_in=self.knocked_in)
        if self.payment_times is not None:
            settled["payment_times"] = _payments(self.payment_times, calls)
        for name, value in settled.items():
            object.__setattr__(self, name, value)

    @property
    def times(self) -> tuple[float, ...]:
        """Every observation: for calls and coupons, and for the knock-in."""
        return merged(self.call_times, self.knock_in_times or ())

    @property
    def corridor(self) -> Corridor | None:
        """Where the spot must stay at all times not to knock it in; None if it is not watched at all times."""
        if not self.continuous or self.knocked_in or self.knock_in is None:
            return None
        return Corridor(self.knock_in, np.inf, self.call_times[-1])

    def outcomes(self, spot: AnyArray) -> tuple[AnyArray, AnyArray]:
        """Cash flows of the call dates if it is never knocked in, and if it is, each (n_call_dates, n_paths)."""
        return self.without_knock_in(False)(spot), self.without_knock_in(True)(spot)

    def without_knock_in(self, knocked_in: bool) -> "Autocallable":
        """The note with its knock-in decided."""
        return replace(self, knock_in=None, knock_in_times=None, continuous=False, knocked_in=knocked_in)

    def remembered(self, spot: AnyArray) -> Sequence[AnyArray]:
        """Whether it was knocked in on its dates so far, and coupons missed, of a note that its levels do not call."""
        rows = [row for row in rows_of(self.knock_in_times or (), self.times) if row < len(spot)]
        found = [spot[rows].min(axis=0) <= self.knock_in] if rows and self.knock_in is not None else []
        due: Any = self.unpaid
        for k, row in enumerate(rows_of(self.call_times, self.times)):
            if row < len(spot):
                due = self._coupon(k, spot[row], None, due)[1]
        return [*found, *([due] if np.ndim(due) else [])]

    @property
    def payments(self) -> tuple[float, ...]:
        """When the cash flows are paid, one for each call date."""
        return self.call_times if self.payment_times is None else self.payment_times

    def __call__(self, spot: AnyArray) -> AnyArray:
        """Cash flows of the call dates, shape (n_call_dates, n_paths)."""
        if self.corridor is not None:
            not_of_spots(self)
        verify_rows(self.times, spot)
        rows, last = rows_of(self.call_times, self.times), len(self.call_times) - 1
        flows, due, alive = [], self.unpaid, None
        assert self.notional is not None  # it is settled when the note is made
        for k, row in enumerate(rows):
            fixing, level = spot[row], self.call_level[k]
            called = fixing >= level if level < np.inf else None
            coupon, due = self._coupon(k, fixing, called, due)
            capital = self._redeemed(spot, fixing) if k == last else 0.0
            paid = coupon + (capital if called is None else np.where(called, 1.0, capital))
            flows.append(self.notional * (paid if alive is None else np.where(alive, paid, 0.0)))
            if called is not None:
                alive = ~called if alive is None else alive & ~called
        return np.stack(flows)

    def _coupon(self, k: int, fixing: AnyArray, called: AnyArray | None, due: Any) -> tuple[AnyArray, Any]:
        """What a date pays of coupons, as a share of the notional, and what is missed after it."""
        due = due + self.coupon[k]
        if self.coupon_barrier is None:
            high = called
        else:
            high = fixing >= self.coupon_barrier[k] if self.coupon_barrier[k] < np.inf else None
        missed = due if self.memory else 0.0
        if high is None:
            return 0.0 * fixing, missed
        return np.where(high, due, 0.0), np.where(high, 0.0, due) if self.memory else 0.0

    def _redeemed(self, spot: AnyArray, fixing: AnyArray) -> AnyArray | float:
        """The redemption at maturity of a note that was not called, as a share of the notional."""
        if self.knock_in is None and not self.knocked_in:
            return self.redemption
        lost = np.minimum(np.maximum(fixing / self.reference, self.protection), 1.0)
        if self.knocked_in or self.knock_in is None:
            return lost
        watched = rows_of(self.knock_in_times or (), self.times)
        some = spot[watched[0] :] if watched == [*range(watched[0], len(self.times))] else spot[watched]
        return np.where(some.min(axis=0) <= self.knock_in, lost, self.redemption)

    def past(self, seen: Sequence[float]) -> Past:
        """What its first observations have made of it.

        Parameters
        ----------
        seen : sequence of float
            Observations, the first of `times` on.

        Raises
        ------
        ValueError
            If the knock-in is watched at all times, so that observations do not tell.
        """
        if self.corridor is not None and len(seen):
            refuse("knock_in_times", "be dates where some are past, or knocked_in be said", CONTINUOUS)
        calls = {row: k for k, row in enumerate(rows_of(self.call_times, self.times))}
        watched = {*rows_of(self.knock_in_times or (), self.times)}
        unpaid, knocked = self.unpaid, None
        for row, fixing in enumerate(seen):
            if row in watched and knocked is None and self.knock_in is not None and fixing <= self.knock_in:
                knocked = row
            if row not in calls:
                continue
            k = calls[row]
            barrier = self.call_level if self.coupon_barrier is None else self.coupon_barrier
            unpaid = 0.0 if fixing >= barrier[k] or not self.memory else unpaid + self.coupon[k]
            if fixing >= self.call_level[k]:
                return Past(k, unpaid, knocked)
        return Past(None, unpaid, knocked)


def _payments(given: Any, calls: tuple[float, ...]) -> tuple[float, ...]:
    """Payment dates, checked: one for each call date, not before it."""
    found = by_date("payment_times", given, len(calls), 0.0)
    late = [k for k, time in enumerate(found) if time < calls[k] or (k and time < found[k - 1])]
    if late or isinstance(given, (int, float)):
        refuse("payment_times", "hold a date for each call date, not before it, in order", given)
    return found
