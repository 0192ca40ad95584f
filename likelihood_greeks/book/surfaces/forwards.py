"""The forwards of an underlying at every date, which quotes in terms of the forward or of a delta are read against."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log
from typing import final

from ..._checks import positive, refuse
from ...models.cash_dividends import Dividends
from .. import dividends as cash
from ..curves import ZeroCurve, rate_to


@final
@dataclass(frozen=True)
class Forwards:
    """Forward prices from a spot and two curves.

    Parameters
    ----------
    spot : float
        Currency, > 0.
    zero_curve, dividend_yield : ZeroCurve or float
        A number is flat. Of a currency pair the domestic and the foreign rate.
    dividends : tuple of (float, float)
        Cash dividends: ex-dates in years, and amounts.

    Raises
    ------
    ValueError
        If the spot is not positive.
    """

    spot: float
    zero_curve: ZeroCurve | float
    dividend_yield: ZeroCurve | float = 0.0
    dividends: Dividends = ()

    def __post_init__(self) -> None:
        positive("spot", self.spot)

    @classmethod
    def at(cls, spot: float, maturities: Sequence[float], forwards: Sequence[float]) -> Forwards:
        """Those with these forward prices (currency) at maturities (years): their logarithms are linear in between.

        Raises
        ------
        ValueError
            If a number is not positive.
        """
        growth = [log(positive(f"forwards[{i}]", forward) / spot) for i, forward in enumerate(forwards)]
        return cls(spot, ZeroCurve(tuple(maturities), tuple(g / t for g, t in zip(growth, maturities, strict=True))))

    def __call__(self, maturity: float) -> float:
        """The forward price to `maturity` (years), in currency; refused beyond the curves."""
        return cash.forward(self._growing, self.dividends, maturity)

    def _growing(self, time: float) -> float:
        return self.spot * exp((rate_to(self.zero_curve, time) - rate_to(self.dividend_yield, time)) * time)

    def foreign_discount(self, maturity: float) -> float:
        """The discount factor of the dividend yield, or of the foreign rate, to `maturity` (years).

        Raises
        ------
        ValueError
            If there are cash dividends: a share's delta is then no such multiple.
        """
        if self.dividends:
            refuse("dividends", "not be given beside volatilities by delta", self.dividends)
        return exp(-rate_to(self.dividend_yield, maturity) * maturity)
