r"""Swaps on realised variance and volatility, and range accruals: sums over all observations."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, final, runtime_checkable

import numpy as np

from .._checks import dates, finite, non_negative, positive, refuse
from .._quantities import MOST
from .._typing import AnyArray
from .protocol import Contract, cash_flows

PROBES = 6


def _realised(spot: AnyArray, reference: float | None, annualisation: float) -> AnyArray:
    """Annualised mean of the squared log returns, shape (n_paths,)."""
    logs = np.log(spot)
    squares = np.square(np.diff(logs, axis=0)).sum(axis=0) if len(spot) > 1 else 0.0 * logs[0]
    count = len(spot) - 1
    if reference is not None:
        squares, count = squares + np.square(logs[0] - np.log(reference)), count + 1
    return annualisation / count * squares


@final
@dataclass(frozen=True, slots=True)
class SquaredReturns:
    """Pays constant + factor * the sum of the squared log returns from date to date.

    Attributes
    ----------
    constant, factor : float
        Currency.
    first : float or None
        Spot that the return to the first date is of; None: that return does not count.
    """

    constant: float
    factor: float
    first: float | None


@runtime_checkable
class PaysSquaredReturns(Protocol):
    """A payoff that is a sum of squared log returns, or may be."""

    def squared_returns(self, past: Sequence[float] = ()) -> SquaredReturns | None:
        """What it is after some past observations; None if it is no such sum."""
        ...


@runtime_checkable
class CountsReturns(Protocol):
    """A payoff that depends on a sum of squared log returns, or may do so."""

    def realised(self, past: Sequence[float] = ()) -> SquaredReturns | None:
        """The sum after some past observations; None if it depends on none."""
        ...


def squared_returns(payoff: Contract) -> SquaredReturns | None:
    """A payoff as a sum of squared log returns; None for another one.

    Raises
    ------
    ValueError
        If what it states is not its cash flow.
    """
    stated = payoff.squared_returns() if isinstance(payoff, PaysSquaredReturns) else None
    if stated is None:
        return None
    spot = 80.0 + np.random.default_rng(0).uniform(0.0, 40.0, (len(payoff.times), PROBES))
    before = spot[:1] if stated.first is None else np.full((1, PROBES), stated.first)
    squares = np.square(np.diff(np.log(np.concatenate([before, spot])), axis=0)).sum(axis=0)
    expected, paid = stated.constant + stated.factor * squares, cash_flows(payoff, spot)
    if len(paid) > 1 or not np.allclose(paid[0], expected, rtol=1e-9, atol=1e-12 * abs(stated.factor)):
        refuse("squared_returns", f"be the payoff's cash flows {paid.tolist()}", expected.tolist())
    return stated


@dataclass(frozen=True)
class _OnRealised:
    """The terms of a swap on what has been realised, checked."""

    strike: float
    times: tuple[float, ...]
    reference: float | None = None
    annualisation: float = 252.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "times", dates("times", self.times))
        if non_negative("strike", self.strike) > MOST:
            refuse(
                "strike",
                f"be at most {MOST:g}, a volatility per square-root year (0.2 is twenty per cent)",
                self.strike,
            )
        if self.reference is None and len(self.times) < 2:
            refuse("times", "hold at least two dates unless a reference is given", self.times)
        if self.reference is not None:
            positive("reference", self.reference)
        positive("annualisation", self.annualisation)

    def realised(self, past: Sequence[float] = ()) -> SquaredReturns:
        """Realised variance after some past observations, which come before its dates."""
        made = [*([] if self.reference is None else [self.reference]), *past]
        factor = self.annualisation / (len(made) + len(self.times) - 1)
        so_far = float(np.square(np.diff(np.log(made))).sum()) if len(made) > 1 else 0.0
        return SquaredReturns(factor * so_far, factor, made[-1] if made else None)


@final
@dataclass(frozen=True)
class VarianceSwap(_OnRealised):
    r"""Pays realised variance less the square of a strike, at the last date, for a variance notional of one.

    .. math:: \frac{A}{n}\sum_{i=1}^n \left(\log \frac{S_i}{S_{i-1}}\right)^2 - K^2

    Parameters
    ----------
    strike : float
        K, a volatility: 0.2 is twenty per cent. A vega notional N is N / (2 K) of variance (per 1.00 of volatility).
    times : sequence of float
        Observation dates in years, increasing; the last is the payment date.
    reference : float, optional
        Spot that the first return is of, currency, > 0: a term of the contract. None: it is observed at the first of
        `times`.
    annualisation : float
        A, returns a year: 252 for daily observations.

    Raises
    ------
    ValueError
        If a term is out of range, naming it.

    Examples
    --------
    >>> swap = VarianceSwap(0.2, [1 / 252, 2 / 252], reference=100.0)
    >>> swap(np.array([[102.0], [101.0]])).round(6)
    array([0.021641])
    """

    def squared_returns(self, past: Sequence[float] = ()) -> SquaredReturns:
        """What it is after some past observations, which come before its dates."""
        found = self.realised(past)
        return SquaredReturns(found.constant - self.strike**2, found.factor, found.first)

    def __call__(self, spot: AnyArray) -> AnyArray:
        """Cash flow at the last date, shape (n_paths,)."""
        return _realised(spot, self.reference, self.annualisation) - self.strike**2


@final
@dataclass(frozen=True)
class VolatilitySwap(_OnRealised):
    """Pays realised volatility, the root of what `VarianceSwap` has, less a strike; for a notional of one.

    Parameters
    ----------
    strike, times, reference, annualisation
        As for `VarianceSwap`.

    Raises
    ------
    ValueError
        If a term is out of range, naming it.

    Examples
    --------
    >>> import likelihood_greeks as lg
    >>> import numpy as np
    >>> payoff = lg.VolatilitySwap(0.2, times=[0.5, 1.0], reference=100.0, annualisation=2.0)
    >>> payoff(np.array([[80.0, 110.0, 95.0], [120.0, 130.0, 120.0]])).round(4)
    array([ 0.2628, -0.0077,  0.0392])
    """

    def __call__(self, spot: AnyArray) -> AnyArray:
        """Cash flow at the last date, shape (n_paths,)."""
        return np.sqrt(_realised(spot, self.reference, self.annualisation)) - self.strike


@final
@dataclass(frozen=True)
class RangeAccrual:
    """Pays cash times the share of its dates on which the spot is within a range, at the last date.

    Parameters
    ----------
    lower, upper : float
        Currency, 0 <= lower < upper, both within the range; `upper` may be infinite.
    times : sequence of float
        Observation dates in years, increasing; the last is the payment date.
    cash : float
        Currency: paid in full if the spot is always within.

    Raises
    ------
    ValueError
        If a term is out of range, naming it.

    Examples
    --------
    >>> RangeAccrual(90.0, 110.0, [0.5, 1.0], cash=4.0)(np.array([[95.0, 80.0], [110.0, 100.0]]))
    array([4., 2.])
    """

    lower: float
    upper: float
    times: tuple[float, ...]
    cash: float = 1.0

    def __post_init__(self) -> None:
        non_negative("lower", self.lower)
        if not self.lower < self.upper:
            refuse("upper", f"be above lower ({self.lower})", self.upper)
        object.__setattr__(self, "times", dates("times", self.times))
        finite("cash", self.cash)

    def remembered(self, spot: AnyArray) -> Sequence[AnyArray]:
        """On how many of its dates so far the spot was within, as a share."""
        return (1.0 * ((spot >= self.lower) & (spot <= self.upper)).mean(axis=0),)

    def __call__(self, spot: AnyArray) -> AnyArray:
        """Cash flow at the last date, shape (n_paths,)."""
        inside = spot >= self.lower
        if self.upper < np.inf:
            inside = inside & (spot <= self.upper)
        return self.cash * inside.mean(axis=0)
