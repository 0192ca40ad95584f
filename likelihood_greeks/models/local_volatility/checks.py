"""What a local volatility must be: its steps, its function and its slope."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..._checks import finite, non_negative, positive, refuse
from ..._quantities import lognormal_volatility
from ..carry import forward_factor
from ..curves import Curves
from .grid import LocalVolatilityGrid
from .surfaces import FunctionSurface, check_function, verify_function

STEPS_A_YEAR = 252
"""Steps at which the chain is within 0.26 % of the scale of a first-order Greek of the continuous law, gamma 0.7 %."""

BIAS_A_STEP, LARGEST_BIAS = 1.6, 0.1
"""Bias times steps a year, in parts of the scale: the largest measured, of a digital's gamma under a smile with steep
wings. And what is no longer of first order in the step."""

LEAST_BIAS = 1e-4
"""What no longer takes a sensible number of steps."""

EARLIER = 0.1
"""Years before its date to which a surface may be read, for differences in time."""


def check(law: Any) -> None:
    """Refuse a law whose fields cannot be meant.

    Raises
    ------
    ValueError
        If a number is out of range, the volatility at the spot is not positive, or `slope` is not its slope.
    TypeError
        If a function is none, or `curves` are none.
    """
    if finite("elapsed", law.elapsed) < -EARLIER:
        refuse("elapsed", "be >= 0, years since the date of the volatility", law.elapsed)
    non_negative("smile_spot", law.smile_spot)
    _check_tolerance(law)
    for name, function in (("volatility", law.volatility), ("slope", law.slope)):
        if not (name == "slope" and function is None):
            check_function(name, function)
        if function is not None and not isinstance(function, LocalVolatilityGrid):
            verify_function(name, function, law.smile_spot or law.spot)
    if law.curves is not None and not isinstance(law.curves, Curves):
        raise TypeError(f"curves must be Curves, got {law.curves!r}")
    _check_dividends(law)
    start = float(law._surface.levels(0.0, np.array([np.log(law.spot)]))[0][0]) + law._added
    if not (np.isfinite(start) and start > 0.0):
        refuse("volatility", "be positive and finite at the spot", start)
    lognormal_volatility("volatility at the spot", start)
    if law.slope is not None:
        if isinstance(law.volatility, LocalVolatilityGrid):
            raise TypeError(f"slope must be left out of a grid, which knows its own, got {law.slope!r}")
        _check_slope(law)


def _check_tolerance(law: Any) -> None:
    if law.bias_tolerance is None:
        return
    if not positive("bias_tolerance", law.bias_tolerance) <= LARGEST_BIAS:
        refuse("bias_tolerance", f"be at most {LARGEST_BIAS:g}", law.bias_tolerance)
    if law.bias_tolerance < LEAST_BIAS:
        most = f"{BIAS_A_STEP / LEAST_BIAS:,.0f} steps a year"
        refuse("bias_tolerance", f"be at least {LEAST_BIAS:g}, which takes {most}", law.bias_tolerance)
    if law.steps != STEPS_A_YEAR:
        refuse("bias_tolerance", "be left out where steps are given", law.bias_tolerance)


def _check_slope(law: Any) -> None:
    """Refuse a slope that is not that of the volatility, by differences at a few points, kinks apart."""
    x = np.log(law.spot) + np.linspace(-0.4, 0.4, 9)
    for time in (0.0, 0.37):
        own = law._surface.levels(time, x)[1]
        exact = FunctionSurface(law.volatility, factor=law._factor).levels(time, x)[1]
        wrong = np.abs(own - exact) > 1e-3 * np.abs(exact).max() + 1e-6
        if wrong.sum() > 4:
            spot, k = float(np.exp(x[wrong.argmax()])), int(wrong.argmax())
            why = f"be the derivative of volatility, {exact[k] / spot:.6g} at time {time:g} and spot {spot:g}"
            refuse("slope", why, float(own[k] / spot))


def _check_dividends(law: Any) -> None:
    """Refuse a dividend that is not below the forward of its ex-date, from which those before are taken."""
    growth, forward, last = law.rate - law.dividend_yield, law.spot, 1.0
    for k, (time, amount) in enumerate(law.dividends):
        grown = float(np.exp(growth * time) * forward_factor(law, np.array([time]))[0])
        forward, last = forward * grown / last, grown
        if not amount < forward:
            refuse(f"dividends[{k}] amount", f"be below the forward of its ex-date, {forward:.6g}", amount)
        forward -= amount
