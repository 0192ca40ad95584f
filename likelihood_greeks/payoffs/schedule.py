"""Evenly spaced observation dates."""

from .._checks import positive, refuse


def schedule(maturity: float, per_year: float) -> tuple[float, ...]:
    """Dates spaced evenly up to and including `maturity`.

    Parameters
    ----------
    maturity : float
        Last date, in years, > 0.
    per_year : float
        Dates a year, > 0; their number is ``maturity * per_year`` rounded, at least one.

    Returns
    -------
    tuple of float

    Examples
    --------
    >>> schedule(0.5, per_year=4)
    (0.25, 0.5)
    """
    count = max(1, round(positive("maturity", maturity) * positive("per_year", per_year)))
    if count > 100_000:
        refuse("per_year", "give at most 100000 dates", per_year)
    return tuple(maturity * (i / count) for i in range(1, count + 1))
