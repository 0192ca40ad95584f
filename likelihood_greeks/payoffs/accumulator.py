"""Series of forwards that end early: accumulators (at a level) and target redemption forwards (at an accrued gain)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, final

import numpy as np

from .._checks import dates, finite, non_negative, one_of, positive, refuse
from .._typing import AnyArray, FloatArray
from .terms import by_date

SIDES = ("buy", "sell")


def _settled(contract: Any) -> dict[str, Any]:
    """The terms that both have, checked; those that are the same on all dates as one number."""
    when = dates("times", contract.times)
    one_of("side", contract.side, SIDES)
    strike = by_date("strike", contract.strike, len(when), 0.0)
    if not min(strike) > 0.0:
        refuse("strike", "be positive", contract.strike)
    gearing = by_date("gearing", contract.gearing, len(when), 0.0)
    return {"times": when, "strike": _one(strike), "gearing": _one(gearing)}


def _one(terms: tuple[float, ...]) -> Any:
    """Terms by date as one number, where they are the same."""
    return terms[0] if len(set(terms)) == 1 else terms


def _column(name: str, term: Any, spot: AnyArray) -> Any:
    """A term by date against spots by date."""
    if not isinstance(term, tuple):
        return term
    if len(term) != len(spot):
        refuse(name, f"be one number for all dates, with {len(spot)} observations, past ones among them", term)
    return np.array(term)[:, None]


def _gains(contract: Any, spot: AnyArray) -> AnyArray:
    """What a unit bought (sold) at the strike is worth on each date, shape (n_times, n_paths)."""
    strike = _column("strike", contract.strike, spot)
    return spot - strike if contract.side == "buy" else strike - spot


@final
@dataclass(frozen=True)
class Accumulator:
    """Buys (sells) at a strike on every date, more units where that is a loss, until the spot reaches a level.

    On each date it buys `units` at the strike if the spot is at or above it, and `gearing` times as many if the spot is
    below. It ends on the first date on which the spot is at or above `level`. One that sells, a decumulator, is the
    mirror image: more units where the spot is above the strike, the end where it is at or below `level`.

    Parameters
    ----------
    strike : float or sequence of float
        Currency, > 0, one for all dates or one a date.
    times : sequence of float
        Fixing dates in years, increasing.
    level : float or sequence of float, optional
        Currency, > 0, one for all dates or one a date; infinite (selling: 0) on dates that are not watched. None: it
        is never knocked out.
    gearing : float or sequence of float
        Units where the fixing is a loss, per unit where it is a gain, >= 0.
    side : {"buy", "sell"}
    last_fixing : {"none", "full"}
        What is bought on the date on which the level is reached.
    settlement : {"fixing", "end", "delivery"}
        What is paid, and when: the gain or loss of each date on that date; their sum on the last date; or the units are
        delivered on the last date and paid for at their strikes.
    units : float
        A date, > 0.

    Raises
    ------
    ValueError
        If a term is out of range, naming it.

    Examples
    --------
    >>> deal = Accumulator(95.0, [0.25, 0.5, 0.75], level=105.0, gearing=2.0)
    >>> deal(np.array([[100.0, 90.0], [106.0, 96.0], [90.0, 94.0]]))
    array([[  5., -10.],
           [  0.,   1.],
           [  0.,  -2.]])
    """

    strike: Any
    times: tuple[float, ...]
    level: Any = None
    gearing: Any = 1.0
    side: Literal["buy", "sell"] = "buy"
    last_fixing: Literal["none", "full"] = "none"
    settlement: Literal["fixing", "end", "delivery"] = "fixing"
    units: float = 1.0

    def __post_init__(self) -> None:
        settled = _settled(self)
        if self.level is not None:
            settled["level"] = _one(by_date("level", self.level, len(settled["times"]), 0.0, endless=True))
        one_of("last_fixing", self.last_fixing, ("none", "full"))
        one_of("settlement", self.settlement, ("fixing", "end", "delivery"))
        positive("units", self.units)
        for name, value in settled.items():
            object.__setattr__(self, name, value)

    def __call__(self, spot: AnyArray) -> AnyArray:
        """Cash flows of the dates, shape (n_times, n_paths), or at the last one, shape (n_paths,)."""
        gains, gearing = _gains(self, spot), _column("gearing", self.gearing, spot)
        if self.settlement == "delivery":
            strike = _column("strike", self.strike, spot)
            value = spot[-1] - strike if self.side == "buy" else strike - spot[-1]
            value = value * np.where(gains >= 0.0, 1.0, gearing)
        else:
            value = np.maximum(gains, 0.0) - gearing * np.maximum(-gains, 0.0)
        flows = self.units * (value if self.level is None else self._living(spot, value))
        return flows if self.settlement == "fixing" else flows.sum(axis=0)

    def ended(self, seen: Sequence[float]) -> int | None:
        """Which of its first fixings, counted from 0, ended it; None if none did."""
        if self.level is None:
            return None
        level = np.broadcast_to(self.level, (max(len(seen), len(self.times)),))
        beyond = [fixing >= x if self.side == "buy" else fixing <= x for fixing, x in zip(seen, level, strict=False)]
        return beyond.index(True) if True in beyond else None

    def _living(self, spot: AnyArray, value: AnyArray) -> AnyArray:
        """What dates are worth up to the end, and nothing after it; dates that are not watched are not compared."""
        never, level = np.inf if self.side == "buy" else 0.0, _column("level", self.level, spot)
        watched = [k for k, x in enumerate(np.broadcast_to(self.level, (len(spot),))) if x != never]
        seen = np.searchsorted(watched, range(len(spot)), "right" if self.last_fixing == "none" else "left")
        free = int(np.sum(seen == 0))  # the first dates, before any that may have ended it
        if free == len(spot):
            return value
        level, spot = level[watched] if isinstance(self.level, tuple) else level, spot[watched]
        ended = np.logical_or.accumulate(spot >= level if self.side == "buy" else spot <= level, axis=0)
        past = ended[(seen[free:] - 1).tolist()]
        return np.concatenate([value[:free], np.where(past, 0.0, value[free:])])


@final
@dataclass(frozen=True)
class TARF:
    r"""Target redemption forward: buys (sells) at a strike on every date until its gains have reached a target.

    On each date it pays the gain S - strike of a unit bought, if that is positive, or `gearing` times the loss. It ends
    on the first date on which the gains so far, losses not counted, are at or above the target. One that sells gains
    where the spot is below the strike.

    Parameters
    ----------
    strike : float or sequence of float
        Currency, > 0, one for all dates or one a date.
    times : sequence of float
        Fixing dates in years, increasing.
    target : float
        Sum of the gains of a unit, currency, > 0.
    gearing : float or sequence of float
        Units where the fixing is a loss, per unit where it is a gain, >= 0.
    side : {"buy", "sell"}
    last_fixing : {"exact", "full", "none"}
        What the date that reaches the target pays: what is missing to it, all of its gain, or nothing.
    settlement : {"fixing", "end"}
        When: each date's payment on that date, or their sum on the last date.
    units : float
        A date, > 0.
    accrued : float
        Gain of a unit before the first date, currency, in [0, target): of a seasoned forward.

    Raises
    ------
    ValueError
        If a term is out of range, naming it.

    References
    ----------
    .. [1] U. Wystup, *FX Options and Structured Products*, 2nd edition, Wiley, 2017, section 2.2.

    Examples
    --------
    >>> forward = TARF(1.10, [0.25, 0.5, 0.75], target=0.08, gearing=2.0)
    >>> forward(np.array([[1.15, 1.08], [1.16, 1.12], [1.20, 1.05]])).round(6)
    array([[ 0.05, -0.04],
           [ 0.03,  0.02],
           [ 0.  , -0.1 ]])
    """

    strike: Any
    times: tuple[float, ...]
    target: float
    gearing: Any = 1.0
    side: Literal["buy", "sell"] = "buy"
    last_fixing: Literal["exact", "full", "none"] = "exact"
    settlement: Literal["fixing", "end"] = "fixing"
    units: float = 1.0
    accrued: float = 0.0

    def __post_init__(self) -> None:
        settled = _settled(self)
        positive("target", self.target)
        one_of("last_fixing", self.last_fixing, ("exact", "full", "none"))
        one_of("settlement", self.settlement, ("fixing", "end"))
        positive("units", self.units)
        finite("accrued", self.accrued)
        if not non_negative("accrued", self.accrued) < self.target:
            refuse("accrued", f"be below the target, {self.target:g}", self.accrued)
        for name, value in settled.items():
            object.__setattr__(self, name, value)

    def __call__(self, spot: AnyArray) -> AnyArray:
        """Cash flows of the dates, shape (n_times, n_paths), or at the last one, shape (n_paths,)."""
        gains, gearing = _gains(self, spot), _column("gearing", self.gearing, spot)
        won, lost = np.maximum(gains, 0.0), gearing * np.maximum(-gains, 0.0)
        after = self.accrued + won.cumsum(axis=0)
        reached = after >= self.target
        lost = np.where(reached, 0.0, lost)  # a date that loses is reached only if an earlier one was
        match self.last_fixing:
            case "none":
                paid = np.where(reached, 0.0, won)
            case "full":
                paid = np.concatenate([won[:1], np.where(reached[:-1], 0.0, won[1:])])
            case _:
                capped = np.minimum(after, self.target)
                paid = np.concatenate([capped[:1] - self.accrued, capped[1:] - capped[:-1]])
        flows = self.units * (paid - lost)
        return flows if self.settlement == "fixing" else flows.sum(axis=0)

    def gained(self, seen: Sequence[float]) -> FloatArray:
        """The gain of a unit after each of its first fixings, currency."""
        strike = np.broadcast_to(self.strike, (max(len(seen), len(self.times)),))[: len(seen)]
        gains = np.array(seen) - strike if self.side == "buy" else strike - np.array(seen)
        return self.accrued + np.maximum(gains, 0.0).cumsum()

    def ended(self, seen: Sequence[float]) -> int | None:
        """Which of its first fixings, counted from 0, ended it; None if none did."""
        reached = np.flatnonzero(self.gained(seen) >= self.target)
        return int(reached[0]) if len(reached) else None
