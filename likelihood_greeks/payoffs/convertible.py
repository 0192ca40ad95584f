"""Reverse convertibles: notes with sure coupons whose redemption falls with the spot."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from .._checks import dates, finite, positive, refuse
from .._typing import AnyArray
from .terms import by_date, merged, snapped


def _lost(note: Any, spot: AnyArray) -> AnyArray:
    """The redemption, a share of the notional, that falls with the final spot."""
    return np.minimum(np.maximum(spot[-1] / note.strike, note.protection), 1.0)


def _settled(note: Any) -> dict[str, Any]:
    """The terms of a note, checked, with a coupon for each of its dates."""
    positive("strike", note.strike)
    when = dates("coupon_times", note.coupon_times)
    if not (finite("protection", note.protection) <= 1.0 and note.protection >= 0.0):
        refuse("protection", "be between 0 and 1", note.protection)
    return {
        "coupon_times": when,
        "coupon": by_date("coupon", note.coupon, len(when), 0.0),
        "notional": positive("notional", note.strike if note.notional is None else note.notional),
    }


def _paid(note: Any, redeemed: AnyArray) -> AnyArray:
    """The coupons, and at the last of their dates the redemption, a share of the notional."""
    sure = [note.notional * coupon + 0.0 * redeemed for coupon in note.coupon]
    return np.stack([*sure[:-1], sure[-1] + note.notional * redeemed])


@final
@dataclass(frozen=True)
class ReverseConvertible:
    """Pays sure coupons, and redeems its notional times min(S / strike, 1) at the last of their dates.

    Parameters
    ----------
    strike : float
        Currency, > 0.
    coupon_times : sequence of float
        Years, increasing; the last is the maturity.
    coupon : float or sequence of float
        Of each date, as a share of the notional, >= 0.
    protection : float
        Least redemption as a share of the notional, in [0, 1].
    notional : float, optional
        Currency, > 0. Default: the strike.

    Raises
    ------
    ValueError
        If a term is out of range, naming it.

    Examples
    --------
    >>> ReverseConvertible(100.0, [0.5, 1.0], 0.04)(np.array([[80.0, 120.0]]))
    array([[  4.,   4.],
           [ 84., 104.]])
    """

    strike: float
    coupon_times: tuple[float, ...]
    coupon: Any = 0.0
    protection: float = 0.0
    notional: Any = None

    def __post_init__(self) -> None:
        for name, value in _settled(self).items():
            object.__setattr__(self, name, value)

    @property
    def times(self) -> tuple[float, ...]:
        """The maturity."""
        return self.coupon_times[-1:]

    @property
    def payments(self) -> tuple[float, ...]:
        """The coupon dates."""
        return self.coupon_times

    def remembered(self, spot: AnyArray) -> Sequence[AnyArray]:
        """Nothing: what it will pay depends on the final spot alone."""
        return ()

    def __call__(self, spot: AnyArray) -> AnyArray:
        """Cash flows of the coupon dates, shape (n_coupon_dates, n_paths)."""
        return _paid(self, _lost(self, spot))


@final
@dataclass(frozen=True)
class BarrierReverseConvertible:
    """A reverse convertible that redeems in full unless the spot was at or below a level on one of its dates.

    Parameters
    ----------
    strike, coupon_times, coupon, protection, notional
        As for `ReverseConvertible`.
    level : float
        Currency, > 0.
    times : sequence of float, optional
        When the spot is compared with the level, in years, none after the maturity, which is kept as the last of
        `times`. Default: the maturity alone.
    monitor_maturity : bool, optional
        Whether the level can be reached at the maturity. Default: if `times` ends there.

    Raises
    ------
    ValueError
        If a term is out of range, naming it.

    Examples
    --------
    >>> note = BarrierReverseConvertible(100.0, [0.5, 1.0], 0.04, level=75.0, times=[0.25, 1.0])
    >>> note(np.array([[70.0, 90.0, 90.0], [80.0, 80.0, 120.0]]))
    array([[  4.,   4.,   4.],
           [ 84., 104., 104.]])
    """

    strike: float
    coupon_times: tuple[float, ...]
    coupon: Any = 0.0
    level: float = 0.0
    times: Any = None
    protection: float = 0.0
    notional: Any = None
    monitor_maturity: bool | None = None

    def __post_init__(self) -> None:
        settled = _settled(self)
        positive("level", self.level)
        end = settled["coupon_times"][-1:]
        watched = end if self.times is None else snapped("times", self.times, settled["coupon_times"])
        if self.monitor_maturity not in (None, True, False):
            refuse("monitor_maturity", "be True, False or None", self.monitor_maturity)
        if self.monitor_maturity and watched[-1:] != end:
            refuse("monitor_maturity", "be None or False unless times end at the maturity", self.monitor_maturity)
        settled["monitor_maturity"] = watched[-1:] == end and self.monitor_maturity is not False
        settled["times"] = merged(watched, end)
        for name, value in settled.items():
            object.__setattr__(self, name, value)

    @property
    def payments(self) -> tuple[float, ...]:
        """The coupon dates."""
        return self.coupon_times

    def remembered(self, spot: AnyArray) -> Sequence[AnyArray]:
        """Whether the level was reached on its dates so far."""
        return (spot.min(axis=0) <= self.level,)

    def __call__(self, spot: AnyArray) -> AnyArray:
        """Cash flows of the coupon dates, shape (n_coupon_dates, n_paths)."""
        watched = spot if self.monitor_maturity else spot[:-1]
        return _paid(self, np.where(watched.min(axis=0) <= self.level, _lost(self, spot), 1.0))
