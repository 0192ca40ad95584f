"""Contracts on several assets made of those on one: on the worst, the best or a basket of their performances.

A contract on several assets sees spots of shape (n_assets, n_times, n_paths).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, Self, final, runtime_checkable

import numpy as np

from .._checks import finite, positive, refuse
from .._typing import AnyArray
from .continuous import Corridor, Watched
from .custom import Payoff
from .exercise import Bermudan
from .exercise_by_value import ExercisedByValue
from .protocol import Contract, check_contract, stated_payments
from .redeemable import Redeemable
from .redeemed import Redeemed
from .remembered import Remembers, so_far


@runtime_checkable
class OnAssets(Protocol):
    """A contract on several assets, which may have names."""

    def for_assets(self, names: Sequence[str], /) -> Contract:
        """The contract on the assets of a law, in the law's order."""
        ...


def of_assets(payoff: Contract, names: Sequence[str]) -> Contract:
    """A contract as a law of some assets needs it (no names: a law of one asset).

    Raises
    ------
    TypeError
        If it is on one asset and the law has several, or on several and the law has one.
    ValueError
        If it names assets that the law does not have.
    """
    if isinstance(payoff, Bermudan | Redeemable):
        return replace(payoff, payoff=of_assets(payoff.payoff, names))
    if isinstance(payoff, Redeemed):
        return replace(payoff, contract=replace(payoff.contract, payoff=of_assets(payoff.contract.payoff, names)))
    if isinstance(payoff, ExercisedByValue):
        inner = of_assets(payoff.contract.payoff, names)
        return replace(payoff, contract=replace(payoff.contract, payoff=inner))
    if isinstance(payoff, OnAssets):
        if not names:
            raise TypeError(
                f"payoff {type(payoff).__name__} needs a law of several assets (one with `assets`), as CorrelatedGBM"
            )
        return payoff.for_assets(names)
    if isinstance(payoff, Payoff) and isinstance(payoff.function, OnAssets):
        return replace(payoff, function=payoff.function.for_assets(names))
    if names and payoff.times and type(payoff).__module__.startswith(f"{__package__}.") and type(payoff) is not Payoff:
        own = type(payoff).__name__
        why = f"the law has {len(names)}" if len(names) > 1 else "does not say of a law of several on which"
        raise TypeError(
            f"payoff {own} is on one asset, and {why}: say on what it is, as in "
            f"On({own}(...), {names[0]!r}), WorstOf({own}(...), reference=...), BestOf or Basket"
        )
    return payoff


@dataclass(frozen=True)
class _Performances:
    """A contract on one asset, on a number made of the performances of several."""

    payoff: Contract
    reference: Any = None

    def __post_init__(self) -> None:
        check_contract(self.payoff)
        if isinstance(self.payoff, OnAssets):
            raise TypeError(f"payoff must be a contract on one asset, got {self.payoff!r}")
        object.__setattr__(self, "reference", by_asset("reference", self.reference, positive))

    @property
    def times(self) -> tuple[float, ...]:
        """Those of the contract on one asset."""
        return self.payoff.times

    @property
    def payments(self) -> tuple[float, ...] | None:
        """Those of the contract on one asset."""
        return stated_payments(self.payoff)

    def for_assets(self, names: Sequence[str]) -> Self:
        """The contract with its references in the order of a law's assets.

        Raises
        ------
        ValueError
            If the references are not those of the law's assets.
        """
        return replace(self, reference=in_order("reference", self.reference, names))

    def number(self, spot: AnyArray) -> AnyArray:
        """What the contract on one asset sees in place of its spot, shape (n_times, n_paths)."""
        raise NotImplementedError

    def outcomes(self, spot: AnyArray) -> tuple[AnyArray, AnyArray]:
        """Cash flows of a contract that is watched at all times if no level is reached, and if one is."""
        assert isinstance(self.payoff, Watched)  # it has a corridor
        return self.payoff.outcomes(self.number(spot))

    def _levels(self, names: tuple[str, str]) -> tuple[Corridor, ...] | None:
        """The corridors of assets whose levels are those of the contract on one, times their references.

        Raises
        ------
        ValueError
            If the level is on the other side, or the references are not known.
        """
        found = self.payoff.corridor if isinstance(self.payoff, Watched) else None
        if found is None:
            return None
        level, other = (getattr(found, name) for name in names)
        if other not in (0.0, np.inf) or level in (0.0, np.inf):
            where = "below" if names[0] == "lower" else "above"
            why = (
                f"be watched continuously {where} alone in {type(self).__name__}: on the other side all assets at once"
            )
            refuse("payoff", f"{why} would have to be beyond the level (give dates there)", self.payoff)
        if self.reference is None:
            refuse("reference", "hold a number for each asset where a level is watched continuously", None)
        numbered = enumerate(float(value) for _, value in self.reference)
        return tuple(replace(found, **{names[0]: level * value, "asset": j}) for j, value in numbered)

    def remembered(self, spot: AnyArray) -> Sequence[AnyArray]:
        """What the contract on one asset remembers, from spots on its dates so far."""
        seen = self.number(spot)
        return self.payoff.remembered(seen) if isinstance(self.payoff, Remembers) else so_far(seen)

    def __call__(self, spot: AnyArray) -> AnyArray:
        """Cash flows of the contract, from spots of shape (n_assets, n_times, n_paths)."""
        return self.payoff(self.number(spot))

    def _performances(self, spot: AnyArray) -> AnyArray:
        """Spots over their references, shape (n_assets, n_times, n_paths)."""
        if len(spot.shape) != 3:
            raise ValueError(
                f"{type(self).__name__} needs spots of shape (n_assets, n_times, n_paths), got {spot.shape}"
            )
        if self.reference is None:
            return spot
        values = np.array([value for _, value in self.reference])
        if len(values) != spot.shape[0]:
            refuse("reference", f"hold a number for each of {spot.shape[0]} assets", values.tolist())
        return spot / values[:, None, None]


@final
@dataclass(frozen=True)
class WorstOf(_Performances):
    """A contract on the worst performance of several assets, date by date.

    Parameters
    ----------
    payoff : Contract
        On one asset: its spot is the lowest of the assets' spots over their references (1.0 where that one is at its
        reference), so its levels are shares.
    reference : mapping of str to float, or sequence of float, optional
        Currency, > 0, of every asset by its name, or in the law's order. None: the lowest spot itself, in currency.

    Raises
    ------
    TypeError
        If `payoff` is no contract, or one on several assets itself.
    ValueError
        If a reference is not positive.

    Examples
    --------
    >>> import likelihood_greeks as lg
    >>> payoff = WorstOf(lg.Put(1.0, maturity=1.0), reference={"A": 100.0, "B": 50.0})
    >>> payoff(np.array([[[120.0, 80.0]], [[45.0, 45.0]]]))
    array([0.1, 0.2])
    """

    @property
    def corridors(self) -> tuple[Corridor, ...] | None:
        """Where every asset must stay at all times for the worst to be above a level; None if it is not watched so."""
        return self._levels(("lower", "upper"))

    def number(self, spot: AnyArray) -> AnyArray:
        """The worst performance, shape (n_times, n_paths)."""
        return self._performances(spot).min(axis=0)


@final
@dataclass(frozen=True)
class BestOf(_Performances):
    """A contract on the best performance of several assets, date by date.

    Parameters
    ----------
    payoff : Contract
        On one asset: its spot is the highest of the assets' spots over their references.
    reference : mapping of str to float, or sequence of float, optional
        Currency, > 0, as of `WorstOf`.

    Raises
    ------
    TypeError, ValueError
        As `WorstOf`.

    Examples
    --------
    >>> import likelihood_greeks as lg
    >>> payoff = BestOf(lg.Call(100.0, maturity=1.0))
    >>> payoff(np.array([[[120.0, 80.0]], [[145.0, 90.0]]]))
    array([45.,  0.])
    """

    @property
    def corridors(self) -> tuple[Corridor, ...] | None:
        """Where every asset must stay at all times for the best to be below a level; None if it is not watched so."""
        return self._levels(("upper", "lower"))

    def number(self, spot: AnyArray) -> AnyArray:
        """The best performance, shape (n_times, n_paths)."""
        return self._performances(spot).max(axis=0)


@final
@dataclass(frozen=True)
class Basket(_Performances):
    """A contract on a weighted sum of the performances of several assets, date by date.

    Parameters
    ----------
    payoff : Contract
        On one asset: its spot is the sum of weights times the assets' spots over their references.
    weights : mapping of str to float, or sequence of float, optional
        By name or in the law's order. Default: one over the number of assets.
    reference : mapping of str to float, or sequence of float, optional
        Currency, > 0, as of `WorstOf`. None: weights times spots, in currency.

    Raises
    ------
    TypeError, ValueError
        As `WorstOf`; or if a weight is not finite.

    Examples
    --------
    >>> import likelihood_greeks as lg
    >>> payoff = Basket(lg.Call(100.0, maturity=1.0), weights={"A": 0.5, "B": 1.0})
    >>> payoff(np.array([[[120.0, 80.0]], [[45.0, 90.0]]]))
    array([ 5., 30.])
    """

    weights: Any = None

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "weights", by_asset("weights", self.weights, finite))

    def for_assets(self, names: Sequence[str]) -> Self:
        """The contract with its references and weights in the order of a law's assets."""
        return replace(super().for_assets(names), weights=in_order("weights", self.weights, names))

    def number(self, spot: AnyArray) -> AnyArray:
        """The weighted sum of the performances, shape (n_times, n_paths)."""
        performances = self._performances(spot)
        if self.weights is None:
            return performances.mean(axis=0)
        weights = np.array([value for _, value in self.weights])
        if len(weights) != spot.shape[0]:
            refuse("weights", f"hold a number for each of {spot.shape[0]} assets", weights.tolist())
        return (performances * weights[:, None, None]).sum(axis=0)


@final
@dataclass(frozen=True)
class Rainbow(_Performances):
    """A contract on a weighted sum of the performances of several assets by their rank, date by date.

    Parameters
    ----------
    payoff : Contract
        On one asset: its spot is the sum of the weights times the performances, the best first.
    weights : sequence of float
        Of the best, the second, and so on: one an asset.
    reference : mapping of str to float, or sequence of float, optional
        Currency, > 0, as of `WorstOf`.

    Raises
    ------
    TypeError, ValueError
        As `WorstOf`; or if a weight is not finite.

    Examples
    --------
    >>> import likelihood_greeks as lg
    >>> payoff = Rainbow(lg.Call(100.0, maturity=1.0), weights=[0.75, 0.25])
    >>> payoff(np.array([[[120.0, 80.0]], [[160.0, 88.0]]]))
    array([50.,  0.])
    """

    reference: Any = None
    weights: Any = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "weights", tuple(finite("weights", weight) for weight in self.weights))

    def number(self, spot: AnyArray) -> AnyArray:
        """The weighted sum of the performances by rank, shape (n_times, n_paths)."""
        if len(self.weights) != spot.shape[0]:
            refuse("weights", f"hold a number for each of {spot.shape[0]} ranks", self.weights)
        ranked = _best_first([*self._performances(spot)])
        return sum(weight * rank for weight, rank in zip(self.weights, ranked, strict=True))


def _best_first(values: list[AnyArray]) -> list[AnyArray]:
    """Some arrays sorted element by element, the largest first: by comparisons of two at a time, which relax."""
    for end in range(len(values) - 1, 0, -1):
        for k in range(end):
            a, b = values[k], values[k + 1]
            values[k], values[k + 1] = np.maximum(a, b), np.minimum(a, b)
    return values


# -- numbers by asset ---------------------------------------------------------------------------------------------


def by_asset(name: str, given: Any, check: Any) -> tuple[tuple[str | None, float], ...] | None:
    """Numbers by asset as pairs of a name (None: by position) and a number; None if none are given.

    Raises
    ------
    TypeError
        If they are neither a mapping nor a sequence.
    """
    if given is None:
        return None
    if isinstance(given, str) or not isinstance(given, Mapping | Iterable):
        raise TypeError(f"{name} must be a mapping of names to numbers, or a sequence of numbers, got {given!r}")
    entries: list[Any] = [*given.items()] if isinstance(given, Mapping) else [*given]
    if not entries:
        refuse(name, "hold a number for every asset", given)
    pairs = [entry if isinstance(entry, tuple) and len(entry) == 2 else (None, entry) for entry in entries]
    return tuple((key, check(f"{name}[{key if key is not None else i}]", x)) for i, (key, x) in enumerate(pairs))


def in_order(
    name: str, known: Sequence[tuple[str | None, float]] | None, assets: Sequence[str]
) -> tuple[tuple[str, float], ...] | None:
    """Numbers by asset in the order of a law's assets.

    Raises
    ------
    ValueError
        If they are of other assets, or of another number of them.
    """
    if known is None:
        return None
    if all(key is None for key, _ in known):
        if len(known) != len(assets):
            refuse(name, f"hold a number for each of {', '.join(assets)}", [value for _, value in known])
        return tuple((asset, value) for asset, (_, value) in zip(assets, known, strict=True))
    values = {str(key): value for key, value in known}
    if set(values) != set(assets):
        refuse(name, f"hold a number for each of {', '.join(assets)}, and no other", values)
    return tuple((asset, values[asset]) for asset in assets)
