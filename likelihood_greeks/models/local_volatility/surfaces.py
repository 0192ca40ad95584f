"""Local volatilities as a law reads them: at a time and log-spots, with their slopes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from inspect import signature
from typing import Any, Protocol, TypeAlias, final

import numpy as np

from ..._checks import InvalidValueError, real_array, refuse
from ..._typing import AnyArray, FloatArray
from ...numerics.differences import five_point, seven_point

VolatilityFunction: TypeAlias = Callable[[float, Any], Any]
"""Of a time in years and spots, an array of them at once."""

STEP, WIDE = 1e-3, 1e-2  # of differences in the log-spot: of first and of second derivatives

SPOTS, TIMES = ("s", "spot", "spots"), ("t", "time", "times")
"""Names of arguments that tell a function of spots and a time: the other way round."""
TRIED, SPREAD, ROUNDING = 16, 2e-3, 1e-9
"""Spots of the trial of a function, how far they lie apart in logarithms, and what is no difference."""


class Surface(Protocol):
    """Local volatilities in the log-spot."""

    def levels(self, time: float, log_spot: FloatArray, /) -> tuple[FloatArray, FloatArray]:
        """Volatilities at one time and their derivatives in the log-spot; both of the shape of `log_spot`."""
        ...

    def bends(self, time: float, log_spot: FloatArray, /) -> FloatArray:
        """Second derivatives in the log-spot at one time, shape of `log_spot`."""
        ...


def check_function(name: str, function: Any) -> None:
    """Refuse what cannot be called with a time and spots."""
    if not callable(function):
        raise TypeError(f"{name} must be a function of time and spots, got {function!r}")
    try:
        known = signature(function)
    except (TypeError, ValueError):  # some compiled functions say nothing of their arguments
        return
    try:
        known.bind(0.0, np.ones(1))
    except TypeError as error:
        raise TypeError(f"{name} must take two arguments, a time and spots, got a function of {known}") from error
    first, *others = [argument.lower() for argument in known.parameters]
    if first in SPOTS and others and others[0] in TIMES:
        raise TypeError(f"{name} must take a time and spots, in this order, got a function of {known}")


def verify_function(name: str, function: VolatilityFunction, spot: float) -> None:
    """Refuse a function that is not one of a time and each spot alone: tried at spots about today's.

    Raises
    ------
    ValueError
        If it raises anything, returns another shape, or another number of a spot when asked again or among others.
    TypeError
        If it returns no real numbers.
    """
    spots = spot * np.exp(np.linspace(-SPREAD, SPREAD, TRIED))

    def guarded(time: float, some: Any) -> Any:
        try:
            return function(time, some)
        except Exception as error:
            given = f"{type(error).__name__}: {error}"
            raise InvalidValueError(name, "be a function of a time and an array of spots", given) from error

    def asked(which: slice) -> FloatArray:
        return _evaluated(name, guarded, 0.0, spots[which].copy())

    expected = asked(slice(None))
    for some in (slice(None), slice(None, None, -1), slice(0, None, 2), slice(1, None, 2), slice(3, 4)):
        found, usual = asked(some), expected[some]
        if (wrong := ~(np.abs(found - usual) <= ROUNDING * np.abs(usual)) & ~(np.isnan(found) & np.isnan(usual))).any():
            rule = "give a spot the same number whenever it is asked and whatever the other spots are"
            refuse(name, rule, f"{usual[wrong][0]!r} and {found[wrong][0]!r} at {spots[some][wrong][0]!r}")


def _evaluated(name: str, function: VolatilityFunction, time: float, spot: FloatArray) -> FloatArray:
    """What a function says at a time and spots: one number a spot, or one for all."""
    found = real_array(f"what {name} returns", function(time, spot))
    if found.shape not in ((), spot.shape):
        refuse(name, f"return one number a spot, shape {spot.shape}", found.shape)
    return np.broadcast_to(found, spot.shape)


@final
@dataclass(frozen=True, slots=True)
class FunctionSurface:
    """A function of time and spot, differentiated by its own slope or by differences of fourth order.

    Parameters
    ----------
    function : callable
        Volatility at a time (years) and spots.
    slope : callable, optional
        Its derivative in the spot.
    factor : float
        The function is read at spots over this.
    """

    function: VolatilityFunction
    slope: VolatilityFunction | None = None
    factor: float = 1.0

    def _values(self, function: VolatilityFunction, name: str, time: float, log_spot: AnyArray) -> FloatArray:
        spot = np.exp(log_spot) if self.factor == 1.0 else np.exp(log_spot) / self.factor
        return _evaluated(name, function, time, spot)

    def _volatility(self, time: float, log_spot: AnyArray) -> FloatArray:
        return self._values(self.function, "volatility", time, log_spot)

    def _slope(self, time: float, log_spot: AnyArray) -> FloatArray:
        """Derivative in the log-spot."""
        if self.slope is not None:
            return self._values(self.slope, "slope", time, log_spot) * (np.exp(log_spot) / self.factor)
        return np.asarray(five_point(lambda x: self._volatility(time, log_spot + x.get("x", 0.0)), ("x",), {"x": STEP}))

    def levels(self, time: float, log_spot: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Volatilities at one time and their derivatives in the log-spot; both of the shape of `log_spot`."""
        return self._volatility(time, log_spot), self._slope(time, log_spot)

    def bends(self, time: float, log_spot: FloatArray) -> FloatArray:
        """Second derivatives in the log-spot at one time, shape of `log_spot`."""
        step = {"x": WIDE if self.slope is None else STEP}
        if self.slope is None:
            wide = seven_point(lambda h: self._volatility(time, log_spot + h.get("x", 0.0)), ("x", "x"), step)
            return np.asarray(wide)
        return np.asarray(five_point(lambda h: self._slope(time, log_spot + h.get("x", 0.0)), ("x",), step))
