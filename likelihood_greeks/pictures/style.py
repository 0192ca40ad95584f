"""What all pictures share: size, colours, words with units, axes."""

from __future__ import annotations

from typing import TYPE_CHECKING

# Matplotlib is imported where a figure is made, since it takes long to load.
if TYPE_CHECKING:
    from matplotlib.axes import Axes

SIZE, DPI = (7.0, 4.5), 100  # inches: 700 by 450 pixels
LINE, AGAIN = "#0072B2", "#D55E00"  # blue, vermilion: M. Okabe and K. Ito, *Color Universal Design*, 2008
HEAT = "cividis"  # the same to all kinds of colour vision
BAND = 1.96  # standard errors
UNITS = {
    "spot": "spot (currency)", "volatility": "volatility (per √year)", "rate": "rate (per year)",
    "dividend_yield": "dividend yield (per year)", "time": "time gone by (years)",
    "initial_variance": "initial variance (per year)", "long_run_variance": "long-run variance (per year)",
    "mean_reversion": "mean reversion (per year)", "vol_of_vol": "vol of vol (per year)",
    "correlation": "correlation (dimensionless)",
    "price": "price (currency)", "change": "change from the base (currency)",
    "delta": "delta (per unit of spot)", "gamma": "gamma (per squared unit of spot)",
    "vega": "vega (currency per 1.00 of volatility)", "rho": "rho (currency per 1.00 of rate)",
    "theta": "theta (currency per year)", "dividend_rho": "dividend rho (currency per 1.00 of yield)",
    "vanna": "vanna (delta per 1.00 of volatility)", "volga": "volga (currency per squared 1.00 of volatility)",
    "charm": "charm (delta per year)",
    "strike": "strike (currency)", "level": "barrier (currency)", "lower": "lower barrier (currency)",
    "upper": "upper barrier (currency)", "rebate": "rebate (currency)", "maturity": "maturity (years)",
}  # fmt: skip


def place(axes: Axes | None) -> Axes:
    """The axes, or those of a new figure."""
    if axes is None:
        from matplotlib import pyplot

        _, axes = pyplot.subplots(figsize=SIZE, dpi=DPI, layout="constrained")
    return axes


def named(name: object) -> str:
    """A parameter, term or Greek with its unit."""
    return UNITS.get(str(name), str(name))


def finish(axes: Axes) -> None:
    """Grid and legend of a picture with lines."""
    axes.grid(color="0.92", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.legend(frameon=False, fontsize=9)
