"""Contracts on the spots of two assets, and on one of several: exchanges, spreads, outperformance, outside barriers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Self, final

import numpy as np

from .._checks import finite, one_of, positive, refuse
from .._typing import AnyArray
from .assets import OnAssets
from .barrier import Barrier, DoubleBarrier
from .continuous import Corridor, Watched
from .protocol import Contract, Kind, stated_payments

ASSETS = ("first", "second", "asset", "watched", "paid")
"""Fields that are assets, by name or by number in the law's order."""


class _Named:
    """A contract whose fields name assets."""

    def _check_assets(self) -> None:
        for field in self._fields():
            value = getattr(self, field)
            if isinstance(value, bool) or not isinstance(value, str | int) or (isinstance(value, int) and value < 0):
                raise TypeError(f"{field} must be the name of an asset, or its number from 0, got {value!r}")
        values = [getattr(self, field) for field in self._fields()]
        if len(set(values)) < len(values):
            refuse(self._fields()[-1], f"be another asset than {self._fields()[0]}", values[-1])

    def _fields(self) -> list[str]:
        return [field for field in ASSETS if hasattr(self, field)]

    @property
    def assets_seen(self) -> tuple[int, ...] | None:
        """The numbers of its assets; None while they are names."""
        found = tuple(getattr(self, field) for field in self._fields())
        return None if any(isinstance(asset, str) for asset in found) else found

    def for_assets(self, names: Sequence[str]) -> Self:
        """The contract with its assets as numbers in a law's order.

        Raises
        ------
        ValueError
            If the law does not have one of them.
        """
        places: dict[str, int] = {}
        for field in self._fields():
            value = getattr(self, field)
            known = value in names if isinstance(value, str) else value < len(names)
            if not known:
                refuse(field, f"be one of {', '.join(names)}, or a number below {len(names)}", value)
            places[field] = list(names).index(value) if isinstance(value, str) else value
        return replace(self, **places)  # type: ignore[type-var]

    def _spot(self, spot: AnyArray, asset: Any) -> AnyArray:
        """The spots of one asset, shape (n_times, n_paths)."""
        if len(spot.shape) != 3:
            raise ValueError(
                f"{type(self).__name__} needs spots of shape (n_assets, n_times, n_paths), got {spot.shape}"
            )
        if isinstance(asset, str):
            raise TypeError(f"{type(self).__name__} must know the order of the assets: call for_assets(names) first")
        return spot[asset]


@final
@dataclass(frozen=True)
class On(_Named):
    """A contract on one of the assets of a law of several.

    Parameters
    ----------
    payoff : Contract
        On one asset.
    asset : str or int
        Its name, or its number from 0 in the law's order.

    Raises
    ------
    TypeError
        If `payoff` is no contract on one asset, or `asset` is neither a name nor a number.

    Examples
    --------
    >>> import likelihood_greeks as lg
    >>> On(lg.Call(100.0, maturity=1.0), 1)(np.array([[[120.0, 80.0]], [[104.0, 90.0]]]))
    array([4., 0.])
    """

    payoff: Contract
    asset: Any

    def __post_init__(self) -> None:
        if isinstance(self.payoff, type | OnAssets) or not isinstance(self.payoff, Contract):
            raise TypeError(f"payoff must be a contract on one asset, got {self.payoff!r}")
        self._check_assets()

    @property
    def times(self) -> tuple[float, ...]:
        """Those of the contract."""
        return self.payoff.times

    @property
    def payments(self) -> tuple[float, ...] | None:
        """Those of the contract."""
        return stated_payments(self.payoff)

    @property
    def corridor(self) -> Corridor | None:
        """What the contract watches at all times, of its asset; None if it does not."""
        found = self.payoff.corridor if isinstance(self.payoff, Watched) else None
        return found and replace(found, asset=self.asset)

    def outcomes(self, spot: AnyArray) -> tuple[AnyArray, AnyArray]:
        """Its cash flows if the spot stays there, and if it leaves."""
        assert isinstance(self.payoff, Watched)  # it has a corridor
        return self.payoff.outcomes(self._spot(spot, self.asset))

    def __call__(self, spot: AnyArray) -> AnyArray:
        """Its cash flows, from spots of shape (n_assets, n_times, n_paths)."""
        return self.payoff(self._spot(spot, self.asset))


@dataclass(frozen=True)
class _AtMaturity(_Named):
    """A contract on the spots of two assets at one date."""

    first: Any
    second: Any
    maturity: float

    def __post_init__(self) -> None:
        self._check_assets()
        positive("maturity", self.maturity)

    @property
    def times(self) -> tuple[float, ...]:
        """The maturity."""
        return (self.maturity,)


@final
@dataclass(frozen=True)
class Spread(_AtMaturity):
    """Option on the difference of two spots: pays max(q S_first - p S_second - strike, 0) (call).

    Parameters
    ----------
    first, second : str or int
        The assets, by name or by number from 0 in the law's order.
    maturity : float
        Years, > 0.
    strike : float
        Currency; may be negative.
    kind : {"call", "put"}
    quantities : (float, float)
        q and p.

    Raises
    ------
    ValueError, TypeError
        If a term is out of range, naming it.

    Examples
    --------
    >>> import likelihood_greeks as lg
    >>> Spread(0, 1, maturity=1.0, strike=5.0)(np.array([[[120.0, 80.0]], [[104.0, 90.0]]]))
    array([11.,  0.])
    """

    strike: float = 0.0
    kind: Kind = "call"
    quantities: tuple[float, float] = (1.0, 1.0)

    def __post_init__(self) -> None:
        super().__post_init__()
        finite("strike", self.strike)
        one_of("kind", self.kind, ("call", "put"))
        object.__setattr__(self, "quantities", _two("quantities", self.quantities))

    def __call__(self, spot: AnyArray) -> AnyArray:
        """Cash flow at maturity, shape (n_paths,)."""
        q, p = self.quantities
        over = q * self._spot(spot, self.first)[-1] - p * self._spot(spot, self.second)[-1] - self.strike
        return np.maximum(over if self.kind == "call" else -over, 0.0)


@final
@dataclass(frozen=True)
class Exchange(_AtMaturity):
    """The right to receive one asset for another: pays max(q S_receive - p S_give, 0).

    Parameters
    ----------
    first, second : str or int
        The asset that is received and the one that is given, by name or by number from 0 in the law's order.
    maturity : float
        Years, > 0.
    quantities : (float, float)
        q and p.

    Raises
    ------
    ValueError, TypeError
        If a term is out of range, naming it.

    Examples
    --------
    Margrabe's price of this one is 2.12.

    >>> import likelihood_greeks as lg
    >>> law = lg.CorrelatedGBM(
    ...     {"A": lg.GBM(spot=22.0, volatility=0.2, rate=0.1, dividend_yield=0.06),
    ...      "B": lg.GBM(spot=20.0, volatility=0.15, rate=0.1, dividend_yield=0.04)},
    ...     correlation={("A", "B"): 0.5},
    ... )
    >>> result = lg.greeks(law, lg.Exchange("A", "B", maturity=0.5), ["delta"], paths=20_000, seed=1)
    >>> round(result["price"].value, 1)
    2.1
    """

    quantities: tuple[float, float] = (1.0, 1.0)

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "quantities", _two("quantities", self.quantities))

    def __call__(self, spot: AnyArray) -> AnyArray:
        """Cash flow at maturity, shape (n_paths,)."""
        q, p = self.quantities
        return np.maximum(q * self._spot(spot, self.first)[-1] - p * self._spot(spot, self.second)[-1], 0.0)


@final
@dataclass(frozen=True)
class OutperformanceDigital(_AtMaturity):
    """Pays an amount if one asset has done better than another, by more than a margin.

    Parameters
    ----------
    first, second : str or int
        The asset that is to do better, and the other; by name or by number from 0 in the law's order.
    maturity : float
        Years, > 0.
    reference : (float, float)
        Spots that the performances of the first and the second are measured against, currency, > 0.
    cash : float
        Currency.
    margin : float
        By how much, as a share: 0.05 is five per cent of the reference.

    Raises
    ------
    ValueError, TypeError
        If a term is out of range, naming it.

    Examples
    --------
    >>> import likelihood_greeks as lg
    >>> digital = OutperformanceDigital(0, 1, maturity=1.0, reference=(100.0, 50.0), cash=10.0)
    >>> digital(np.array([[[120.0, 80.0]], [[55.0, 45.0]]]))
    array([10.,  0.])
    """

    reference: tuple[float, float] = (1.0, 1.0)
    cash: float = 1.0
    margin: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        finite("cash", self.cash)
        finite("margin", self.margin)
        reference = _two("reference", self.reference)
        object.__setattr__(self, "reference", tuple(positive("reference", value) for value in reference))

    def __call__(self, spot: AnyArray) -> AnyArray:
        """Cash flow at maturity, shape (n_paths,)."""
        first, second = (
            self._spot(spot, asset)[-1] / reference
            for asset, reference in zip((self.first, self.second), self.reference, strict=True)
        )
        return self.cash * np.where(first > second + self.margin, 1.0, 0.0)


@final
@dataclass(frozen=True)
class OutsideBarrier(_Named):
    """A barrier option whose barrier is watched on one asset and whose option is on another.

    Parameters
    ----------
    barrier : Barrier or DoubleBarrier
        Its level or levels are those of `watched`, its option is on `paid`.
    watched, paid : str or int
        The assets, by name or by number from 0 in the law's order.

    Raises
    ------
    TypeError
        If `barrier` is no such option, or an asset neither a name nor a number.
    ValueError
        If it is one asset.

    Examples
    --------
    >>> import likelihood_greeks as lg
    >>> option = OutsideBarrier(lg.Barrier(lg.Call(50.0, 1.0), 80.0, "down", "out", [0.5, 1.0]), watched=0, paid=1)
    >>> option(np.array([[[75.0, 90.0], [120.0, 95.0]], [[55.0, 45.0], [60.0, 61.0]]]))
    array([ 0., 11.])
    """

    barrier: Barrier | DoubleBarrier
    watched: Any
    paid: Any

    def __post_init__(self) -> None:
        if not isinstance(self.barrier, Barrier | DoubleBarrier):
            raise TypeError(f"barrier must be a Barrier or a DoubleBarrier, got {self.barrier!r}")
        self._check_assets()

    @property
    def times(self) -> tuple[float, ...]:
        """Those of the barrier."""
        return self.barrier.times

    @property
    def corridor(self) -> Corridor | None:
        """What is watched at all times, of one asset; None if it is watched on dates."""
        found = self.barrier.corridor
        return found and replace(found, asset=self.watched)

    def outcomes(self, spot: AnyArray) -> tuple[AnyArray, AnyArray]:
        """Cash flows at maturity if the barrier is not hit, and if it is."""
        return self.barrier.outcomes(self._spot(spot, self.paid))

    def __call__(self, spot: AnyArray) -> AnyArray:
        """Cash flow at maturity, shape (n_paths,)."""
        return self.barrier.paid(self._spot(spot, self.watched), self._spot(spot, self.paid))


def _two(name: str, given: Any) -> tuple[float, float]:
    """Two finite numbers.

    Raises
    ------
    TypeError
        If they are no sequence of numbers.
    ValueError
        If there are not two.
    """
    if isinstance(given, str) or not isinstance(given, Sequence | np.ndarray):
        raise TypeError(f"{name} must be two numbers, got {given!r}")
    if len(given) != 2:
        refuse(name, "be two numbers", given)
    return finite(name, given[0]), finite(name, given[1])
