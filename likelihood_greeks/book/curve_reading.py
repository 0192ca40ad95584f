"""Curves from their tables in a market: zero rates or discount factors at nodes, shared by name, or forwards."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np

from .._checks import InvalidValueError, number, positive, refuse, within
from . import market_keys
from .curves import HORIZON, ZeroCurve, per_year
from .setting import Setting

RISE, FALL = 0.01, -0.2
"""A discount factor that rises by more than this, at a forward rate below that (per year), is a mistake."""
UNUSUAL = 0.5
"""A forward rate beyond (per year) is remarked on, over at least `SPACING` (years)."""
SPACING = 0.02
EXTREME = 0.25
"""Logarithm of a forward over the spot with interest, beyond which it is a mistake (or as much per year of time)."""


def shared(value: object, setting: Setting) -> dict[str, ZeroCurve | InvalidValueError]:
    """The shared curves of a market by name; a number is a flat one. Of one that is none, why.

    Raises
    ------
    TypeError
        If it is no table of tables, or holds what is no number.
    ValueError
        If a key of one is unknown or missing.
    """
    if not isinstance(value, Mapping):
        raise TypeError(f"curves must be a table of curves by name, got {value!r}")
    found: dict[str, ZeroCurve | InvalidValueError] = {}
    for name, entry in value.items():
        if not isinstance(name, str):
            raise TypeError(f"curves must have names, got {name!r}")
        with within(f"curves.{name}"):
            stated = _flat(entry) if isinstance(entry, (int, float)) else entry
            nodes_of(stated)
        try:
            with within(f"curves.{name}"):
                curve = of_nodes(stated, setting, f"curve {name}")
        except InvalidValueError as error:
            found[name] = error
        else:
            found[name] = curve
            setting.remarks.extend(doubts(curve))
    return found


def nodes_of(value: object) -> dict[str, Any]:
    """The entries of a table of nodes, refused if keys are unknown or missing; nothing of a curve in Python."""
    if isinstance(value, ZeroCurve):
        return {}
    nodes = market_keys.checked(market_keys.CURVE, value)
    if ("rates" in nodes) == ("discount_factors" in nodes):
        refuse("rates", "be given, or else discount_factors, and not both", nodes.get("rates"))
    return nodes


def read(key: str, value: object, setting: Setting) -> ZeroCurve:
    """The curve that an underlying has at `key`: the name of a shared one, or a table of nodes.

    Raises
    ------
    ValueError
        If there is no shared curve of that name, or the nodes are no curve.
    TypeError
        If it is neither.
    """
    if isinstance(value, str):
        return setting.curve(key, value)
    with within(key):
        return of_nodes(value, setting, key.replace("_", " "))


def of_nodes(value: object, setting: Setting, called: str) -> ZeroCurve:
    """A curve from a table with ``times``, and ``rates`` or ``discount_factors``."""
    if isinstance(value, ZeroCurve):
        return replace(value, called=called)
    nodes = nodes_of(value)
    times = setting.years("times", nodes["times"])
    if "rates" in nodes:
        return ZeroCurve(times, _numbers("rates", nodes["rates"]), called=called)
    factors = _numbers("discount_factors", nodes["discount_factors"])
    curve = ZeroCurve.of_discounts(times, factors, called)
    _refuse_rise(times, factors)
    return curve


def of_forwards(value: object, setting: Setting, spot: float, rate: Callable[[float], float]) -> ZeroCurve:
    r"""The dividend yields that forwards by expiry imply, :math:`q = r - \log(F / S) / t`.

    Between expiries what has accrued is linear, as on every curve: the forward of a day between is the spot with the
    zero rate and the yield to that day.

    Parameters
    ----------
    value : mapping
        ``times`` and ``values``, forward prices in currency.
    setting : Setting
    spot : float
        Currency.
    rate : callable
        From years to the zero rate.

    Raises
    ------
    ValueError
        If a forward is not positive, or so far from the spot that it must be on another scale.
    """
    nodes = market_keys.checked(market_keys.FORWARDS, value)
    times, values = setting.years("times", nodes["times"]), _numbers("values", nodes["values"])
    if len(values) != len(times):
        refuse("values", f"hold one forward for each of the {len(times)} times", values)
    positive("times[0]", times[0])
    yields = []
    for i, (t, forward) in enumerate(zip(times, values, strict=True)):
        accrued = rate(t) * t - float(np.log(positive(f"values[{i}]", forward) / spot))
        if not abs(accrued) <= max(t, EXTREME):
            refuse(f"values[{i}]", f"be a forward price to {t:.4g} years of the spot {spot:g}", forward)
        yields.append(accrued / t)
    return ZeroCurve(times, tuple(yields), called="forwards", most=float("inf"))


def doubts(curve: ZeroCurve) -> list[str]:
    """What looks wrong in a curve that may be right."""
    nodes = [(0.0, 0.0), *((t, z * t) for t, z in zip(curve.times, curve.rates, strict=True) if np.isfinite(z))]
    for (start, before), (end, after) in pairwise(nodes):
        if end - start >= SPACING and not abs(forward := (after - before) / (end - start)) <= UNUSUAL:
            hint = ": are these discount factors, or per cent?" if start == 0.0 else ""
            return [f"{curve.called}: a forward rate of {forward:.0%} a year from {start:.4g} to {end:.4g} years{hint}"]
    return []


def _flat(value: object) -> ZeroCurve:
    """A number as a curve of one node, as far as curves go."""
    return ZeroCurve((HORIZON,), (per_year("rate", number("rate", value)),))


def _numbers(name: str, value: Any) -> tuple[float, ...]:
    """A list of numbers."""
    if isinstance(value, str) or np.ndim(value) != 1:
        raise TypeError(f"{name} must be a list of numbers, got {value!r}")
    return tuple(number(f"{name}[{i}]", entry) for i, entry in enumerate(value))


def _refuse_rise(times: tuple[float, ...], factors: tuple[float, ...]) -> None:
    """Refuse discount factors that rise as no rate makes them."""
    nodes = [(0.0, 1.0), *zip(times, factors, strict=True)]
    for i, ((start, before), (end, after)) in enumerate(pairwise(nodes)):
        if end > start and after - before > RISE and -np.log(after / before) / (end - start) < FALL:
            why = f"not rise so much, from {before:g} at {start:.4g} years to this at {end:.4g} (1 is today)"
            refuse(f"discount_factors[{i}]", why, after)
