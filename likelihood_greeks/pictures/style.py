"""What all pictures share: size, colours, words with units, axes."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from .._quantities import COMMON, ELAPSED, GREEKS
from ..models.heston.law import Heston

# Matplotlib is imported where a figure is made, since it takes long to load.
if TYPE_CHECKING:
    from matplotlib.axes import Axes

SIZE, DPI = (7.0, 4.5), 100  # inches: 700 by 450 pixels
LINE, AGAIN = "#0072B2", "#D55E00"  # blue, vermilion: M. Okabe and K. Ito, *Color Universal Design*, 2008
HEAT = "cividis"  # the same to all kinds of colour vision
BAND = 1.96  # standard errors
TERMS = {
    "strike": "currency", "level": "currency", "lower": "currency", "upper": "currency", "rebate": "currency",
    "maturity": "years",
}  # fmt: skip
"""Units of what contracts state."""

TITLES = {"level": "barrier", "lower": "lower barrier", "upper": "upper barrier", "change": "change from the base"}


def place(axes: Axes | None) -> Axes:
    """The axes, or those of a new figure."""
    if axes is None:
        from matplotlib import pyplot

        _, axes = pyplot.subplots(figsize=SIZE, dpi=DPI, layout="constrained")
    return axes


def named(name: object) -> str:
    """A parameter, term or Greek with its unit."""
    return _titles().get(str(name), str(name))


@lru_cache(maxsize=1)
def _titles() -> dict[str, str]:
    """Everything that has a unit: parameters of the laws here, terms of contracts, and Greeks."""
    parameters = {each.name: str(each) for each in (*COMMON.values(), *Heston.declared, ELAPSED)}
    units = {name: greek.unit for name, greek in GREEKS.items()} | TERMS | {"change": "currency"}
    return parameters | {name: f"{TITLES.get(name, name.replace('_', ' '))} ({unit})" for name, unit in units.items()}


def finish(axes: Axes) -> None:
    """Grid and legend of a picture with lines."""
    axes.grid(color="0.92", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.legend(frameon=False, fontsize=9)
