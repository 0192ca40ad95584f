"""Market data of a book: spots, zero curves, volatility surfaces, calendars, and the model of each underlying.

Times are year fractions from the valuation date, Actual/365 Fixed.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any, final

from .._checks import InvalidValueError, one_of, refuse
from . import market_reading
from .assets import correlations
from .assets.correlations import Correlations
from .calendars import DAYS_PER_YEAR, closest, iso_date
from .currencies import code, conversion
from .fixings import Fixings
from .underlying import SMILES, STICKY_STRIKE, Model, Underlying

ROUNDING = 1e-9  # relative


def _verify_order(market: Market) -> None:
    """Refuse lows above the fixing or the high of their day, and highs below the fixing."""
    pairs = (("lows", market.lows, market.fixings), ("lows", market.lows, market.highs))
    for what, lower, upper in (*pairs, ("fixings", market.fixings, market.highs)):
        for name in lower.keys() & upper.keys():
            for day in lower[name].keys() & upper[name].keys():
                if not lower[name][day] <= upper[name][day] * (1.0 + ROUNDING):
                    other = "highs" if upper is market.highs else "fixings"
                    refuse(
                        f"{what}.{name}.{day}", f"not be above that of {other}, {upper[name][day]:g}", lower[name][day]
                    )


@final
@dataclass(frozen=True)
class Market:
    """The underlyings of a book, by name, on one date.

    Parameters
    ----------
    valuation_date : datetime.date
    underlyings : mapping of str to Underlying
    reporting_currency : str, optional
        Code of the currency that totals over several currencies are converted into; without it there are none.
    fx : mapping of str to float
        What one unit of each currency is worth in the reporting currency.
    fixings : Fixings or mapping, optional
        Observed values by underlying and past date, for trades that began earlier; a fixing of the valuation date
        counts as known, later ones are not used.
    lows, highs : Fixings or mapping, optional
        The lowest and highest spots of past days, likewise, for trades that are watched at all times.
    correlation : mapping, pandas.DataFrame or path, optional
        Of pairs of underlyings, for trades on several: a number by ``"A|B"``, or as `assets.correlations.read` has it.
    failures : mapping of str to ValueError
        Underlyings that could not be set up, and why: trades on them are refused with the reason.
    remarks : tuple of str
        What looks wrong and may be right.
    files : mapping of str to pathlib.Path
        The files that it was read from, by what they hold: no output is written over one.

    Raises
    ------
    ValueError
        If the date is not one, rates are given without a reporting currency, or an underlying is filed under another
        name.

    Examples
    --------
    >>> import likelihood_greeks as lg
    >>> market = {"valuation_date": "2025-01-01", "underlyings": {"X": {
    ...     "spot": 100.0, "zero_rate": 0.03, "implied_volatility": 0.2}}}
    >>> lg.Market.read(market).underlyings["X"].spot
    100.0
    """

    valuation_date: date
    underlyings: Mapping[str, Underlying]
    reporting_currency: str | None = None
    fx: Mapping[str, float] = field(default_factory=dict)
    fixings: Mapping[str, Mapping[date, float]] = field(default_factory=Fixings)
    lows: Mapping[str, Mapping[date, float]] = field(default_factory=lambda: Fixings(what="lows"))
    highs: Mapping[str, Mapping[date, float]] = field(default_factory=lambda: Fixings(what="highs"))
    correlation: Any = field(default_factory=dict)
    failures: Mapping[str, InvalidValueError] = field(default_factory=dict, compare=False, repr=False)
    remarks: tuple[str, ...] = field(default=(), compare=False, repr=False)
    files: Mapping[str, Path] = field(default_factory=dict, compare=False, repr=False)

    def __post_init__(self) -> None:
        reporting = self.reporting_currency
        reporting = None if reporting is None else code("reporting_currency", reporting)
        object.__setattr__(self, "reporting_currency", reporting)
        object.__setattr__(self, "fx", conversion(reporting, self.fx))
        for what in ("fixings", "lows", "highs"):
            if not isinstance(values := getattr(self, what), Fixings):
                object.__setattr__(self, what, Fixings(values, what))
        _verify_order(self)
        object.__setattr__(self, "valuation_date", iso_date("valuation_date", self.valuation_date))
        object.__setattr__(self, "underlyings", dict(self.underlyings))
        if not isinstance(self.correlation, Correlations):
            names = [*self.underlyings, *self.failures]
            known = correlations.read(self.correlation, Path(), names, self.valuation_date)
            object.__setattr__(self, "correlation", known)
        for name, underlying in self.underlyings.items():
            if name != underlying.name:
                refuse(f"underlyings[{name!r}]", f"be the underlying of that name, not {underlying.name!r}", name)

    def with_smile(self, smile: str) -> Market:
        """The same where the surfaces of all underlyings move so with the spot: see `Underlying`.

        Raises
        ------
        ValueError
            If `smile` is neither "sticky_strike" nor "sticky_moneyness".
        """
        one_of("smile", smile, SMILES)
        underlyings = {name: replace(own, smile=smile) for name, own in self.underlyings.items()}
        return self if smile == STICKY_STRIKE else replace(self, underlyings=underlyings)

    @classmethod
    def read(cls, source: str | os.PathLike[str] | Mapping[str, Any]) -> Market:
        """The market in a TOML file, or in a dictionary of the same structure.

        Parameters
        ----------
        source : path or mapping
            Its keys are those of `market_keys.TABLE`, which the documentation lists: ``valuation_date``, and a table
            ``[underlyings.NAME]`` for each underlying.

        Raises
        ------
        ValueError
            If a section is missing, unknown or out of range, naming the file, the section and the key; or if no
            underlying can be set up. One that cannot, while others can, is in ``failures``: a model that finds no fit,
            quotes that are no surface, a curve that is not there.
        TypeError
            If a value is of the wrong type, naming it likewise.
        """
        return cls(**market_reading.read(source))

    def underlying(self, name: str) -> Underlying:
        """The underlying called `name`; ``ValueError`` if there is none, or why it could not be set up."""
        if (failure := self.failures.get(name)) is not None:
            raise InvalidValueError(failure.name, failure.requirement, failure.value) from failure
        if name not in self.underlyings:
            known = ", ".join(map(repr, self.underlyings))
            refuse("underlying", f"be one of {known}{closest(name, self.underlyings)}", name)
        return self.underlyings[name]

    @property
    def spots(self) -> dict[str, float]:
        """The spots of the underlyings by name."""
        return {name: own.spot for name, own in self.underlyings.items()}

    def rate(self, currency: str, other: str) -> float | None:
        """What one unit of a currency is worth in another, by the spot of their pair; None if the market has none."""
        for name, own in self.underlyings.items():
            plain = name.upper().replace("/", "")
            if plain in (currency + other, other + currency):
                return own.spot if plain == currency + other else 1.0 / own.spot
        return None

    def years(self, day: date) -> float:
        """Year fraction from the valuation date to `day`, Actual/365 Fixed."""
        return (day - self.valuation_date).days / DAYS_PER_YEAR

    def model(self, underlying: str, strike: float, maturity: float) -> Model:
        """`Underlying.model` of the underlying called `underlying`."""
        return self.underlying(underlying).model(strike, maturity)
