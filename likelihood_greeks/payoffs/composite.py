"""Contracts on assets of another currency whose spots are converted: composites."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self, final

import numpy as np

from .._checks import refuse
from .._typing import AnyArray
from .assets import of_assets
from .protocol import Contract, check_contract, stated_payments

INVERSE = "1/"
"""Before the name of a currency whose spot is what a unit of the other one is worth."""


@final
@dataclass(frozen=True)
class Composite:
    """A contract that sees the spots of some assets converted, each times (or over) that of a currency.

    Parameters
    ----------
    payoff : Contract
        On the assets that are no currencies, in the law's order, as `WorstOf`, `Basket` or a function of their spots;
        levels and references are in the currency that is paid.
    currencies : mapping of str to str
        By asset the one that its spot is multiplied by; with ``1/`` before its name, divided by.

    Raises
    ------
    TypeError
        If `payoff` is no contract, or `currencies` no mapping of names.
    ValueError
        If no asset is converted, a name is missing, or a currency is converted itself.

    Notes
    -----
    The law should have the assets as quantos of these currencies (`CorrelatedGBM`), so that a converted spot grows at
    the rate that is paid, less the asset's yield.

    Examples
    --------
    >>> import likelihood_greeks as lg
    >>> law = lg.CorrelatedGBM(
    ...     {"SPX": lg.GBM(spot=100.0, volatility=0.2, rate=0.02, dividend_yield=-0.01),
    ...      "USDEUR": lg.GBM(spot=0.9, volatility=0.1, rate=0.02, dividend_yield=0.04)},
    ...     {("SPX", "USDEUR"): -0.3}, quanto={"SPX": "USDEUR"},
    ... )
    >>> call = Composite(lg.Basket(lg.Call(90.0, maturity=1.0)), {"SPX": "USDEUR"})
    >>> alone = lg.GBM(spot=90.0, volatility=0.038**0.5, rate=0.02, dividend_yield=0.01)  # what it is in euros
    >>> one = lg.greeks(law, call, [], paths=4096, seed=1)["price"].value
    >>> other = lg.greeks(alone, lg.Call(90.0, maturity=1.0), [], closed_form=True)["price"].value
    >>> round(one, 6) == round(other, 6)
    True
    """

    payoff: Contract
    currencies: Any
    places: Any = None

    def __post_init__(self) -> None:
        check_contract(self.payoff)
        given = self.currencies
        pairs = tuple(given.items()) if isinstance(given, Mapping) else given
        if not isinstance(pairs, tuple) or not all(isinstance(x, str) for pair in pairs for x in pair):
            raise TypeError(f"currencies must map names of assets to names of currencies, got {given!r}")
        if not pairs:
            refuse("currencies", "name an asset that is converted", given)
        object.__setattr__(self, "currencies", pairs)
        if not all(asset and currency.removeprefix(INVERSE) for asset, currency in pairs):
            refuse("currencies", "name an asset and a currency in each entry, as in {'SPX': '1/EURUSD'}", given)
        if twice := set(self._paid) & {asset for asset, _ in pairs}:
            refuse("currencies", "convert no currency", sorted(twice))

    @property
    def _paid(self) -> list[str]:
        """The names of the currencies."""
        return [*dict.fromkeys(currency.removeprefix(INVERSE) for _, currency in self.currencies)]

    @property
    def times(self) -> tuple[float, ...]:
        """Those of the contract."""
        return self.payoff.times

    @property
    def payments(self) -> tuple[float, ...] | None:
        """Those of the contract."""
        return stated_payments(self.payoff)

    def for_assets(self, names: Sequence[str]) -> Self:
        """The contract with its assets as numbers in a law's order.

        Raises
        ------
        ValueError
            If the law does not have one of them.
        """
        for asset, currency in self.currencies:
            for name in (asset, currency.removeprefix(INVERSE)):
                if name not in names:
                    refuse("currencies", f"be of {', '.join(names)}", name)
        own, by = [name for name in names if name not in self._paid], dict(self.currencies)
        places = tuple(
            (names.index(name), names.index(by[name].removeprefix(INVERSE)) if name in by else None,
             by.get(name, "").startswith(INVERSE))
            for name in own
        )  # fmt: skip
        return replace(self, payoff=of_assets(self.payoff, own), places=places)

    def __call__(self, spot: AnyArray) -> AnyArray:
        """Its cash flows, from spots of shape (n_assets, n_times, n_paths)."""
        if self.places is None:
            raise TypeError("Composite must know the order of the assets: call for_assets(names) first")
        rows = []
        for asset, currency, over in self.places:
            if currency is None:
                rows.append(spot[asset])
            else:
                rows.append(spot[asset] / spot[currency] if over else spot[asset] * spot[currency])
        return self.payoff(np.stack(rows))
