"""Numbers as people read them, on a terminal, in a report, beside a picture."""

from __future__ import annotations

import numpy as np


def number(value: float, digits: int = 4) -> str:
    """A number at the given significant digits, thousands separated, without exponents where they do not help."""
    if not np.isfinite(value):
        return "-"
    if value == 0.0:
        return "0"
    decimals = max(0, digits - 1 - int(np.floor(np.log10(abs(value)))))
    return f"{value:,.{decimals}f}" if decimals <= 8 else f"{value:.{digits - 1}e}"


def with_error(value: float, error: float) -> str:
    """``value ± error``: the error at two significant digits, the value at the same decimal place."""
    if not (np.isfinite(value) and np.isfinite(error)):
        return "-"
    if error == 0.0:
        return f"{number(value)} ± 0"
    decimals = places(error)
    return f"{value:,.{decimals}f} ± {error:,.{decimals}f}" if decimals <= 8 else f"{value:.3e} ± {error:.1e}"


def decimal(value: float, error: float) -> str:
    """A value, or its error, at the decimal place of the error's second digit; six digits where there is no error."""
    if not np.isfinite(value):
        return "-"
    if not np.isfinite(error) or error <= 0.0:
        return f"{value:.6g}"
    return f"{value:.{places(error)}f}" if places(error) <= 8 else f"{value:.3e}"


def places(error: float) -> int:
    """Decimal places at which an error has two significant digits."""
    return max(0, 1 - int(np.floor(np.log10(error))))
