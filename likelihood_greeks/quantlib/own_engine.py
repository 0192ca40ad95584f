"""The price of an instrument by its own engine, beside the one that was computed here."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..estimate import Estimate

DEVIATIONS = 4.0  # of the difference, in its standard error
ROUNDING = 1e-3  # of the value, by which grids, trees and integrals differ as they are usually set
LEAST = 1e-6  # of the spot, that counts as a difference
LARGEST = 0.1  # of the value, that can be an engine's sampling error


def engine_of(instrument: Any) -> Any:
    """The engine that an instrument carries; None if there is none, or the bindings are too old to show it."""
    return instrument.pricingEngine() if hasattr(instrument, "pricingEngine") else None


def beside(instrument: Any, price: Estimate, spot: float, watched: bool) -> tuple[str, ...]:
    """A remark if the instrument's own engine has another price, or has none.

    Parameters
    ----------
    instrument : QuantLib instrument
        With an engine or without one.
    price : Estimate
        Currency.
    spot : float
        Currency.
    watched : bool
        Whether QuantLib's instrument is observed continuously.

    Returns
    -------
    tuple of str
        Nothing where the prices agree: within four standard errors of both and a thousandth of the value.
    """
    if engine_of(instrument) is None:
        return ()
    try:
        theirs = float(instrument.NPV())
    except RuntimeError as error:
        return (f"the instrument's own engine gives no value to compare with: {str(error).splitlines()[0]}",)
    errors = float(np.hypot(price.standard_error, _standard_error(instrument, theirs)))
    difference = price.value - theirs
    if abs(difference) <= DEVIATIONS * errors + ROUNDING * abs(theirs) + LEAST * spot:
        return ()
    side = "above" if difference > 0.0 else "below"
    known = ["cash dividends, stochastic rates, a local volatility or jumps that the process given here does not have"]
    known += ["another process, volatility or curve"]
    known += ["observation at all times and not on dates"] if watched else []
    return (
        f"the price {price.value:.6g} is {abs(difference):.3g} {side} the {theirs:.6g} of the instrument's own engine, "
        f"beyond the errors ({errors:.2g} standard): that engine may know {', or '.join(known)}; or have an error of "
        "its own (grid, tree, paths, approximation)",
    )


def _standard_error(instrument: Any, value: float) -> float:
    """The engine's own sampling error; an engine that simulates nothing shows whatever was in memory."""
    try:
        stated = float(instrument.errorEstimate())
    except (AttributeError, RuntimeError):
        return 0.0
    return stated if 0.0 < stated < LARGEST * abs(value) else 0.0
