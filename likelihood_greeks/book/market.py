"""Market data of a book: spots, zero curves, volatility surfaces and calendars.

Times are year fractions from the valuation date, Actual/365 Fixed. A node that cannot be used (NaN, or a volatility
that is not positive) is refused when a point needs it and not before, so that it fails only the trades that read it.
"""

from __future__ import annotations

import os
import tomllib
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any, final

import numpy as np
import pandas as pd

from .._checks import InvalidValueError, finite, non_negative, number, positive, refuse
from ..models.gbm import GBM
from .calendars import DAYS_PER_YEAR, calendar, closest, iso_date


def _nodes(name: str, values: Sequence[float]) -> tuple[float, ...]:
    nodes = tuple(non_negative(f"{name}[{i}]", value) for i, value in enumerate(values))
    if not nodes or not all(a < b for a, b in pairwise(nodes)):
        refuse(name, "hold at least one node, strictly increasing", nodes)
    return nodes


def _bracket(nodes: tuple[float, ...], x: float) -> list[tuple[int, float]]:
    """The nodes that `x`, within their range, is interpolated from, with their weights; one if it is a node."""
    right = bisect_right(nodes, x)
    left = right - 1
    if nodes[left] == x:
        return [(left, 1.0)]
    weight = (x - nodes[left]) / (nodes[right] - nodes[left])
    return [(left, 1.0 - weight), (right, weight)]


def _decimal(name: str, value: float, where: str = "") -> float:
    """A volatility, refused if it is not positive, or so large that it must be in per cent."""
    if not 0.0 < value <= 5.0:
        refuse(name, f"be positive and at most 5 (0.2 is twenty per cent){where}", value)
    return value


@final
@dataclass(frozen=True)
class ZeroCurve:
    """Zero rates, linear between the nodes, flat before the first and unknown beyond the last.

    Parameters
    ----------
    times : sequence of float, shape (n_nodes,)
        Years, increasing, >= 0.
    rates : sequence of float, shape (n_nodes,)
        Continuously compounded, per year. A NaN is refused by the lookups that need it.

    Raises
    ------
    ValueError
        If `times` is not increasing or the lengths differ.
    """

    times: tuple[float, ...]
    rates: tuple[float, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "times", _nodes("times", self.times))
        object.__setattr__(self, "rates", tuple(number(f"rates[{i}]", rate) for i, rate in enumerate(self.rates)))
        if len(self.rates) != len(self.times):
            refuse("rates", f"hold one rate for each of the {len(self.times)} times", self.rates)

    def rate(self, maturity: float) -> float:
        """Zero rate to `maturity` (years), per year: the flat rate with the same discount factor.

        Raises
        ------
        ValueError
            If `maturity` is negative or beyond the last node, or a node it needs is not finite.
        """
        if not 0.0 <= maturity <= self.times[-1]:
            refuse("maturity", f"lie on the zero curve, 0 to {self.times[-1]:g} years", maturity)
        total = 0.0
        for i, weight in _bracket(self.times, max(maturity, self.times[0])):
            if not np.isfinite(self.rates[i]):
                refuse("zero_rate", f"be finite at the node {self.times[i]:g} years", self.rates[i])
            total += weight * self.rates[i]
        return total


@final
@dataclass(frozen=True)
class VolatilitySurface:
    r"""Black--Scholes implied volatilities on a grid, with total variance bilinear in strike and maturity.

    Total variance is :math:`w = \sigma^2 T`: linear in strike at each maturity, then linear in maturity at fixed
    strike. Nothing is extrapolated.

    Parameters
    ----------
    strikes : sequence of float, shape (n_strikes,)
        Currency, increasing.
    maturities : sequence of float, shape (n_maturities,)
        Years, increasing, > 0.
    volatilities : sequence of sequences of float, shape (n_strikes, n_maturities)
        Per square-root year. A NaN or a number <= 0 is refused by the lookups that need it.

    Raises
    ------
    ValueError
        If the grid is not increasing or the shape is wrong.
    """

    strikes: tuple[float, ...]
    maturities: tuple[float, ...]
    volatilities: tuple[tuple[float, ...], ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "strikes", _nodes("strikes", self.strikes))
        object.__setattr__(self, "maturities", _nodes("maturities", self.maturities))
        positive("maturities[0]", self.maturities[0])
        rows = tuple(
            tuple(number(f"volatilities[{i}][{j}]", volatility) for j, volatility in enumerate(row))
            for i, row in enumerate(self.volatilities)
        )
        object.__setattr__(self, "volatilities", rows)
        shape = (len(self.strikes), len(self.maturities))
        if len(rows) != shape[0] or any(len(row) != shape[1] for row in rows):
            refuse("volatilities", f"have shape {shape}, strikes by maturities", [len(row) for row in rows])

    def volatility(self, strike: float, maturity: float) -> float:
        """Implied volatility at `strike` (currency) and `maturity` (years), per square-root year.

        Raises
        ------
        ValueError
            If the point is off the surface, or a node it needs is not a positive number.
        """
        axes = (("strike", self.strikes, strike, ""), ("maturity", self.maturities, maturity, " years"))
        for name, nodes, x, unit in axes:
            if not nodes[0] <= x <= nodes[-1]:
                refuse(name, f"lie on the surface, {nodes[0]:g} to {nodes[-1]:g}{unit}", x)
        variance = 0.0
        for j, across in _bracket(self.maturities, maturity):
            for i, along in _bracket(self.strikes, strike):
                variance += across * along * self._node(i, j) ** 2 * self.maturities[j]
        return float(np.sqrt(variance / maturity))

    def to_frame(self) -> pd.DataFrame:
        """The nodes, strikes (currency) by maturities (years): what `Heston.calibrate` fits."""
        strikes = pd.Index(self.strikes, dtype=float, name="strike")
        return pd.DataFrame(self.volatilities, strikes, pd.Index(self.maturities, dtype=float, name="maturity"))

    def _node(self, i: int, j: int) -> float:
        value = self.volatilities[i][j]
        node = f"strike {self.strikes[i]:g}, maturity {self.maturities[j]:g} years"
        return _decimal("volatility", value, f" at the node {node}")


@final
@dataclass(frozen=True, kw_only=True)
class Underlying:
    """One asset: its spot, its dividends, and the rates and volatilities of options on it.

    Parameters
    ----------
    name : str
    spot : float
        Currency, > 0.
    dividend_yield : float
        Continuously compounded, per year.
    zero_curve : ZeroCurve or float
        A number is a flat rate.
    implied_volatility : VolatilitySurface or float
        A number is a flat surface.
    calendar : str
        Business days, as `calendar` names them.

    Raises
    ------
    ValueError
        If a number is out of range or the calendar is unknown.
    """

    name: str
    spot: float
    dividend_yield: float
    zero_curve: ZeroCurve | float
    implied_volatility: VolatilitySurface | float
    calendar: str = "TARGET"

    def __post_init__(self) -> None:
        positive("spot", self.spot)
        finite("dividend_yield", self.dividend_yield)
        if not isinstance(self.zero_curve, ZeroCurve):
            finite("zero_rate", self.zero_curve)
        if not isinstance(self.implied_volatility, VolatilitySurface):
            _decimal("implied_volatility", positive("implied_volatility", self.implied_volatility))
        if not isinstance(self.calendar, str):
            raise TypeError(f"calendar must be a name, got {self.calendar!r}")
        calendar(self.calendar)

    def model(self, strike: float, maturity: float) -> GBM:
        """Black--Scholes with the volatility at `strike` (currency) and the zero rate to `maturity` (years).

        Raises
        ------
        ValueError
            If the surface or the curve has no usable number there.
        """
        curve, surface = self.zero_curve, self.implied_volatility
        volatility = surface.volatility(strike, maturity) if isinstance(surface, VolatilitySurface) else surface
        rate = curve.rate(maturity) if isinstance(curve, ZeroCurve) else curve
        return GBM(spot=self.spot, volatility=volatility, rate=rate, dividend_yield=self.dividend_yield)


@final
@dataclass(frozen=True)
class Market:
    """The underlyings of a book, by name, on one date.

    Parameters
    ----------
    valuation_date : datetime.date
    underlyings : mapping of str to Underlying

    Raises
    ------
    ValueError
        If the date is not one, or an underlying is filed under another name.
    """

    valuation_date: date
    underlyings: Mapping[str, Underlying]

    def __post_init__(self) -> None:
        object.__setattr__(self, "valuation_date", iso_date("valuation_date", self.valuation_date))
        object.__setattr__(self, "underlyings", dict(self.underlyings))
        for name, underlying in self.underlyings.items():
            if name != underlying.name:
                refuse(f"underlyings[{name!r}]", f"be the underlying of that name, not {underlying.name!r}", name)

    @classmethod
    def read(cls, source: str | os.PathLike[str] | Mapping[str, Any]) -> Market:
        """The market in a TOML file, or in a dictionary of the same structure.

        Parameters
        ----------
        source : path or mapping
            ``valuation_date``, and a table ``[underlyings.NAME]`` for each underlying with ``spot``,
            ``dividend_yield`` (default 0), ``calendar`` (default TARGET); ``zero_rate`` or a table ``zero_curve``
            (``times``, ``rates``); ``implied_volatility``, a number or a table (``strikes``, ``maturities``,
            ``volatilities``). Nodes in time are dates or years.

        Raises
        ------
        ValueError
            If a section is missing, unknown or out of range, naming the file, the section and the key.
        TypeError
            If a value is of the wrong type, naming it likewise.
        """
        if isinstance(source, Mapping):
            return _market(source)
        path = Path(source)
        with _within(path.name, ": "):
            try:
                return _market(tomllib.loads(path.read_text(encoding="utf-8")))
            except tomllib.TOMLDecodeError as error:
                refuse("text", "be valid TOML", str(error))

    def underlying(self, name: str) -> Underlying:
        """The underlying called `name`; ``ValueError`` if there is none."""
        if name not in self.underlyings:
            known = ", ".join(map(repr, self.underlyings))
            refuse("underlying", f"be one of {known}{closest(name, self.underlyings)}", name)
        return self.underlyings[name]

    def years(self, day: date) -> float:
        """Year fraction from the valuation date to `day`, Actual/365 Fixed."""
        return (day - self.valuation_date).days / DAYS_PER_YEAR

    def model(self, underlying: str, strike: float, maturity: float) -> GBM:
        """`Underlying.model` of the underlying called `underlying`."""
        return self.underlying(underlying).model(strike, maturity)


# -- reading -------------------------------------------------------------------------------------------------------


@contextmanager
def _within(section: str, separator: str = ".") -> Iterator[None]:
    """Puts the section before the names in refusals."""
    try:
        yield
    except InvalidValueError as error:
        raise InvalidValueError(f"{section}{separator}{error.name}", error.requirement, error.value) from error
    except TypeError as error:
        raise TypeError(f"{section}{separator}{error}") from error


def _table(value: object, required: Sequence[str], optional: Sequence[str] = ()) -> dict[str, Any]:
    """`value` as a dictionary with these keys and no others."""
    if not isinstance(value, Mapping):
        raise TypeError(f"value must be a table with the keys {', '.join(required)}, got {value!r}")
    known = (*required, *optional)
    for key in value:
        if key not in known:
            refuse("key", f"be one of {', '.join(known)}{closest(key, known)}", key)
    for key in required:
        if key not in value:
            refuse(key, "be given", None)
    return dict(value)


def _market(value: object) -> Market:
    table = _table(value, ["valuation_date", "underlyings"])
    today = iso_date("valuation_date", table["valuation_date"])
    underlyings = {}
    with _within("underlyings"):
        if not isinstance(table["underlyings"], Mapping):
            raise TypeError(f"value must be a table of underlyings, got {table['underlyings']!r}")
        for name, section in table["underlyings"].items():
            with _within(name):
                underlyings[name] = _underlying(name, section, today)
    return Market(today, underlyings)


def _underlying(name: str, value: object, today: date) -> Underlying:
    optional = ["dividend_yield", "zero_rate", "zero_curve", "calendar"]
    table = _table(value, ["spot", "implied_volatility"], optional)
    if ("zero_rate" in table) == ("zero_curve" in table):
        refuse("zero_rate", "be given, or else zero_curve, and not both", table.get("zero_rate"))
    curve, surface = table.pop("zero_rate", None), table.pop("implied_volatility")
    if "zero_curve" in table:
        with _within("zero_curve"):
            nodes = _table(table.pop("zero_curve"), ["times", "rates"])
            curve = ZeroCurve(_years("times", nodes["times"], today), nodes["rates"])
    if isinstance(surface, Mapping):
        with _within("implied_volatility"):
            nodes = _table(surface, ["strikes", "maturities", "volatilities"])
            nodes["maturities"] = _years("maturities", nodes["maturities"], today)
            surface = VolatilitySurface(**nodes)
    return Underlying(name=name, zero_curve=curve, implied_volatility=surface, **({"dividend_yield": 0.0} | table))


def _years(name: str, nodes: Sequence[Any], today: date) -> tuple[Any, ...]:
    """Nodes in time, given as dates (or ISO text) or years, in years."""
    return tuple(
        (iso_date(f"{name}[{i}]", node) - today).days / DAYS_PER_YEAR if isinstance(node, (date, str)) else node
        for i, node in enumerate(nodes)
    )
