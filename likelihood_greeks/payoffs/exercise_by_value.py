"""Rules for contracts that no level decides: exercised where that pays more than a regression says of going on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from .._checks import refuse
from .._typing import AnyArray, FloatArray
from .exercise import Bermudan, followed


def features(logs: Sequence[AnyArray], paid: AnyArray) -> list[AnyArray]:
    """Functions of standardised log-spots and of what exercise pays, besides one, in which going on is regressed.

    Of several assets the log-spots themselves, powers of the highest, the second and the lowest, as Broadie and
    Glasserman have them; of one asset its powers.
    """
    if len(logs) == 1:
        (x,) = logs
        square = x * x
        return [x, square, square * x, square * square, paid, paid * x]
    first, second, lowest = logs[0], None, logs[0]
    for x in logs[1:]:
        rest = np.minimum(first, x)
        second = rest if second is None else np.maximum(second, rest)
        first, lowest = np.maximum(first, x), np.minimum(lowest, x)
    assert second is not None
    products = [first * first, first * second, second * second, first * first * first, paid * first, paid * second]
    return [*logs, first, second, *([lowest] if len(logs) > 2 else []), *products, lowest * lowest, paid, paid * paid]


@final
@dataclass(frozen=True, slots=True)
class GoingOn:
    """What going on is worth on a date, as a function of the spots.

    Attributes
    ----------
    centres : tuple of float
        Of the log-spots, by asset.
    scale : float
        Of all of them.
    unit : float
        Of what exercise pays, currency.
    coefficients : tuple of float
        Of one and of the `features`, currency.
    """

    centres: tuple[float, ...]
    scale: float
    unit: float
    coefficients: tuple[float, ...]

    def features(self, spots: Sequence[AnyArray], paid: AnyArray) -> list[AnyArray]:
        """The functions, without one, at spots by asset."""
        logs = [(np.log(x) - centre) / self.scale for x, centre in zip(spots, self.centres, strict=True)]
        return features(logs, paid / self.unit)

    def __call__(self, spots: Sequence[AnyArray], paid: AnyArray) -> AnyArray:
        """The value, shape (n_paths,)."""
        constant, *rest = self.coefficients
        found: Any = constant
        for factor, row in zip(rest, self.features(spots, paid), strict=True):
            found = found + factor * row
        return found


@final
@dataclass(frozen=True)
class ExercisedByValue:
    """A `Bermudan` with a rule: it is exercised on the first date on which that pays more than going on is worth.

    Parameters
    ----------
    contract : Bermudan
    going_on : tuple of GoingOn or None
        One for each date but the last; None: it is not exercised on that date.

    Raises
    ------
    ValueError
        If there are more or fewer.

    Examples
    --------
    >>> import likelihood_greeks as lg
    >>> basket = lg.Basket(lg.Put(100.0, maturity=1.0), weights=[0.5, 0.5])
    >>> put = lg.Bermudan(basket, times=[0.5], rule_paths=4096)
    >>> member = lg.GBM(spot=100.0, volatility=0.2, rate=0.05)
    >>> rule = lg.exercise_rule(lg.CorrelatedGBM({"A": member, "B": member}, {("A", "B"): 0.5}), put, seed=1)
    >>> isinstance(rule, lg.ExercisedByValue), rule.times
    (True, (0.5, 1.0))
    """

    contract: Bermudan
    going_on: tuple[GoingOn | None, ...]

    def __post_init__(self) -> None:
        if len(self.going_on) != len(self.times) - 1:
            refuse("going_on", f"be one for each of the {len(self.times) - 1} dates before the maturity", self.going_on)

    @property
    def times(self) -> tuple[float, ...]:
        """The exercise dates."""
        return self.contract.times

    def never(self, row: int) -> bool:
        """Whether no spots on a date are exercised."""
        return self.going_on[row] is None

    def stops(self, row: int, spot: AnyArray, paid: AnyArray) -> AnyArray:
        """Whether spots on a date, where exercise pays `paid`, are exercised; not of the last date."""
        value = self.going_on[row]
        assert value is not None
        return (paid > 0.0) & (paid >= value(by_asset(spot), paid))

    def margin(self, row: int, spot: FloatArray, paid: FloatArray) -> FloatArray:
        """By how much exercise pays more than going on is worth, currency; nothing where it pays nothing."""
        value = self.going_on[row]
        if value is None:
            return np.full_like(paid, -np.inf)
        return np.where(paid > 0.0, paid - value(by_asset(spot), paid), -np.inf)

    def described(self) -> str:
        """The rule in words."""
        dates = sum(value is not None for value in self.going_on)
        return f"where it pays more than going on, on {dates} dates before the maturity"

    def __call__(self, spot: AnyArray) -> AnyArray:
        """Cash flows by date, shape (n_times, n_paths)."""
        return followed(self, spot)


def by_asset(spot: AnyArray) -> list[AnyArray]:
    """The spots of a date by asset, from shape (n_paths,) or (n_assets, n_paths)."""
    return [spot] if len(spot.shape) == 1 else [spot[j] for j in range(spot.shape[0])]
