"""What has a unit, each declared once: the parameters that laws share, and the Greeks that have names.

A law declares its parameters, and may add some of its own (`models.heston.parameters`); checks, bumps, axes of pictures
and reports read these declarations.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, final

from ._checks import finite, positive, refuse

TIME = "time"
"""The coordinate that is no parameter: years by which every date comes nearer."""


@final
@dataclass(frozen=True, slots=True)
class Parameter:
    """A number that a law depends on.

    Parameters
    ----------
    name : str
    unit : str
        For people, as on the axis of a picture.
    domain : callable
        Refuses a value outside the range: ``domain(name, value)`` returns the number, as `positive` and `finite` do.
    proportional : bool
        Whether a bump is a share of its size, as of a spot or a variance; else of 1.00, as of a rate or a volatility.
    title : str
        Its name for people, if that is not `name` with spaces.
    """

    name: str
    unit: str
    domain: Callable[[str, object], float] = finite
    proportional: bool = False
    title: str = ""

    def __str__(self) -> str:
        """The name for people, with the unit."""
        return f"{self.title or self.name.replace('_', ' ')} ({self.unit})"


@final
@dataclass(frozen=True, slots=True)
class Unit:
    """How a desk reads a Greek: the raw derivative times ``factor * spot ** power``, in currency.

    Parameters
    ----------
    name : str
        Of the column.
    title : str
        For people, with the unit.
    factor : float
    power : int
        Of the spot, in currency.
    """

    name: str
    title: str
    factor: float = 1.0
    power: int = 0


@final
@dataclass(frozen=True, slots=True)
class NamedGreek:
    """A Greek that has a name: the derivative, its raw unit for people, and the unit that a desk reads."""

    derivative: tuple[str, ...]
    unit: str
    desk: Unit


LEAST, MOST = 1e-10, 5.0
"""Volatilities: with less, spots differ by rounding alone; more must be in per cent."""


def lognormal_volatility(name: str, value: object) -> float:
    """`value` as a float, refused unless a volatility per square-root year that paths can have."""
    x = positive(name, value)
    if not LEAST <= x <= MOST:
        refuse(name, f"be between {LEAST:g} and {MOST:g} per square-root year (0.2 is twenty per cent)", value)
    return x


def rate_per_year(name: str, value: object) -> float:
    """`value` as a float, refused unless a rate per year that is not in per cent."""
    x = finite(name, value)
    if not -1.0 <= x <= 1.0:
        refuse(name, "lie between -1 and 1 per year (0.03 is three per cent)", value)
    return x


SPOT = Parameter("spot", "currency", positive, proportional=True)
VOLATILITY = Parameter("volatility", "per √year", positive)
VOLATILITY_SHIFT = Parameter("volatility", "per √year")
RATE = Parameter("rate", "per year")
DIVIDEND_YIELD = Parameter("dividend_yield", "per year")

COMMON: Mapping[str, Parameter] = {each.name: each for each in (SPOT, VOLATILITY, RATE, DIVIDEND_YIELD)}
"""What these names mean in a law that declares nothing."""

ELAPSED = Parameter(TIME, "years", title="time gone by")

GREEKS: Mapping[str, NamedGreek] = {
    "price": NamedGreek((), "currency", Unit("price", "value")),
    "delta": NamedGreek(("spot",), "per unit of spot", Unit("delta_cash", "delta cash", power=1)),
    "gamma": NamedGreek(
        ("spot", "spot"), "per squared unit of spot",
        Unit("gamma_cash_per_percent", "gamma cash per 1 %", 0.01, power=2),
    ),
    "vega": NamedGreek(
        ("volatility",), "currency per 1.00 of volatility", Unit("vega_per_point", "vega per volatility point", 1e-2)
    ),
    "rho": NamedGreek(
        ("rate",), "currency per 1.00 of rate", Unit("rho_per_basis_point", "rho per basis point", 1e-4)
    ),
    "dividend_rho": NamedGreek(
        ("dividend_yield",), "currency per 1.00 of yield",
        Unit("dividend_rho_per_basis_point", "dividend rho per basis point", 1e-4),
    ),
    "theta": NamedGreek((TIME,), "currency per year", Unit("theta_per_day", "theta per calendar day", 1.0 / 365.0)),
    "vanna": NamedGreek(
        ("spot", "volatility"), "delta per 1.00 of volatility",
        Unit("vanna_cash_per_point", "vanna: delta cash per volatility point", 1e-2, power=1),
    ),
    "volga": NamedGreek(
        ("volatility", "volatility"), "currency per squared 1.00 of volatility",
        Unit("volga_per_point", "volga: vega per point, per point", 1e-4),
    ),
    "charm": NamedGreek(
        ("spot", TIME), "delta per year",
        Unit("charm_cash_per_day", "charm: delta cash per calendar day", 1.0 / 365.0, power=1),
    ),
}  # fmt: skip
"""The Greeks with names of their own: raw derivatives, per 1.00 of everything, theta per year."""


def declared(law: Any) -> dict[str, Parameter]:
    """The parameters of a law by name: as it declares them, else what a name usually means, else of no unit."""
    own = {each.name: each for each in getattr(law, "declared", ())}
    return {name: own.get(name) or COMMON.get(name) or Parameter(name, "per 1.00") for name in law.parameters}


def names(parameters: tuple[Parameter, ...]) -> tuple[str, ...]:
    """The names of some parameters, in their order."""
    return tuple(each.name for each in parameters)


def check_domains(law: Any) -> None:
    """Refuse a law with a parameter outside its domain.

    Raises
    ------
    ValueError, TypeError
        If a parameter is out of range, or not a real number.
    """
    for each in law.declared:
        each.domain(each.name, getattr(law, each.name))
