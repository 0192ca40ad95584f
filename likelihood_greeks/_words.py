"""Numbers as people read them, on a terminal, in a report, beside a picture."""

from __future__ import annotations

import numpy as np

EXACT = 1e-9  # of a value, below which an error is one of rounding
DIGITS, LEAST = 9, 4  # of a value without another error: at eight decimals, these at most and at least
SMALL = 6  # of one that eight decimals do not show so far
NO_RATIO = 1e12  # beyond which a ratio of variances compares nothing but rounding


def number(value: float, digits: int = 4) -> str:
    """A number at the given significant digits, thousands separated, without exponents where they do not help."""
    if not np.isfinite(value):
        return "-"
    if value == 0.0:
        return "0"
    decimals = max(0, digits - 1 - int(np.floor(np.log10(abs(value)))))
    return f"{value:,.{decimals}f}" if decimals <= 8 else f"{value:.{digits - 1}e}"


def with_error(value: float, error: float) -> str:
    """``value ± error``: the error at two significant digits, the value at the same decimal place.

    Of an error of rounding that it is below the last digit.
    """
    if not (np.isfinite(value) and np.isfinite(error)):
        return "-"
    if error == 0.0:
        return f"{number(value)} ± 0"
    if is_rounding(value, error):
        return " ± ".join(but_for_rounding(value))
    decimals = places(error)
    if decimals <= 8:
        return f"{value:,.{decimals}f} ± {error:,.{decimals}f}"
    return f"{value:.3e} ± {error:.1e}" if value else f"0 ± {error:.1e}"


def decimal(value: float, error: float) -> str:
    """A value, or its error, at the decimal place of the error's second digit; six digits where there is no error."""
    if not np.isfinite(value):
        return "-"
    if not np.isfinite(error) or error <= 0.0:
        return f"{value:.6g}"
    return f"{value:.{places(error)}f}" if places(error) <= 8 else f"{value:.3e}" if value else "0"


def is_rounding(value: float, error: float) -> bool:
    """Whether an error is one of rounding, for all that a value of nine digits tells."""
    return bool(0.0 < error <= EXACT * abs(value) < np.inf)


def but_for_rounding(value: float) -> tuple[str, str]:
    """A value whose error is one of rounding, and what the error is below: one of its last digit."""
    first = int(np.floor(np.log10(abs(value))))
    decimals = max(0, min(DIGITS - 1 - first, 8))
    if decimals + first + 1 < LEAST:
        return f"{value:.{SMALL - 1}e}", f"<{10.0 ** (first + 1 - SMALL):.0e}"
    return f"{value:,.{decimals}f}", f"<{10.0**-decimals:,.{decimals}f}"


def ratio(value: float, digits: int = 4) -> str:
    """A ratio of variances; of one that compares nothing but rounding, that it is beyond what means anything."""
    if NO_RATIO < value < np.inf:
        return f">{NO_RATIO:.0e}".replace("+", "")
    if 0.0 < value < 1.0 / NO_RATIO:
        return f"<{1.0 / NO_RATIO:.0e}"
    return number(value, digits)


def places(error: float) -> int:
    """Decimal places at which an error has two significant digits."""
    return max(0, 1 - int(np.floor(np.log10(error))))
