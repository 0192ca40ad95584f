"""What all pictures share: size, colours, words with units, axes."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from .._quantities import COMMON, ELAPSED, GREEKS
from .._typing import FloatArray
from ..models.heston.law import Heston

# Matplotlib is imported where a figure is made, since it takes long to load.
if TYPE_CHECKING:
    from matplotlib.axes import Axes

SIZE, DPI = (7.0, 4.5), 100  # inches: 700 by 450 pixels
LINE, AGAIN = "#0072B2", "#D55E00"  # blue, vermilion: M. Okabe and K. Ito, *Color Universal Design*, 2008
HEAT, SIGNED = "cividis", "RdBu"  # of one sign, of both (red is negative): told apart by all kinds of colour vision
LUMINANCE = (0.2126, 0.7152, 0.0722)  # of red, green and blue: ITU-R BT.709, item 3.2
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


def heated(axes: Axes, values: FloatArray, **settings: Any) -> tuple[Any, list[str]]:
    """Draw a heat map; return it and what colour words on its cells must have, row by row.

    Values of both signs get a map that parts at zero, as far to one side as to the other.
    """
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    size = max(-low, high)
    limits: dict[str, Any] = {"cmap": HEAT}
    if low < 0.0 < high:
        limits = {"cmap": SIGNED, "vmin": -size, "vmax": size}
    image = axes.imshow(values, aspect="auto", **limits, **settings)
    shades = np.asarray(image.to_rgba(values))[..., :3] @ np.array(LUMINANCE)
    return image, ["white" if shade < 0.5 else "black" for shade in shades.ravel()]


def entitle(axes: Axes, words: str) -> None:
    """Say above the axes what they show."""
    axes.set_title(words[:1].upper() + words[1:], fontsize=10)


def subject(payoff: object, model: object) -> str:
    """A payoff and a law by their names, for a title."""
    return f"{type(payoff).__name__} under {type(model).__name__}"


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
