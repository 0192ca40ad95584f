"""The law of a model at one date: its density, and its scores."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import cycle
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from .._checks import positive, refuse
from .._typing import FloatArray
from ..models.adaptor import as_path_model
from ..models.capabilities import KnowsTerminal, has
from ..models.protocol import observed
from ..parameters import coordinates
from ..streams.chunks import Chunk
from . import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

DRAWS, POINTS = 32_768, 400
TAIL = 5e-4  # probability left out of the picture on either side
FILL = "#999999"
STYLES = (("#0072B2", "-"), ("#D55E00", "--"), ("#009E73", "-."), ("#CC79A7", ":"), ("#56B4E9", (0, (5, 1, 1, 1))))
"""Colour and dashes of the scores, in order. Colours: M. Okabe and K. Ito, *Color Universal Design*, 2008."""


def plot(model: Any, time: float, scores: Sequence[str] = (), *, axes: Axes | None = None, seed: int = 0) -> Axes:
    r"""Draw the density of the spot at a date and, on an axis to the right, the scores of some parameters.

    A score :math:`s_\theta = \partial_\theta \log p` is the weight of the likelihood ratio: where it is positive, a
    larger parameter makes the spot more likely. Scores are drawn over their own standard deviations, which are in the
    legend: scores of different units share one axis then.

    Parameters
    ----------
    model : PathModel or Law
        Of one asset.
    time : float
        The date, in years, > 0.
    scores : sequence of str
        Parameters of the model, or ``"time"``.
    axes : matplotlib.axes.Axes, optional
        Where to draw; a new figure if not given.
    seed : int
        Of the draws at which density and scores are taken; the values themselves are exact.

    Returns
    -------
    matplotlib.axes.Axes
        Those of the density.

    Raises
    ------
    ValueError
        If `time` is not positive, a score is unknown, or the model has several assets.

    Examples
    --------
    >>> import likelihood_greeks as lg
    >>> heston = lg.Heston(spot=100.0, initial_variance=0.04, mean_reversion=1.5, long_run_variance=0.05,
    ...                    vol_of_vol=0.5, correlation=-0.7)
    >>> axes = lg.plot_density(heston, 1.0, ["spot", "correlation"])
    >>> axes.get_xlabel()
    'spot in 1 year (currency)'
    """
    frame = law_at(model, time, scores, seed=seed)
    axes = style.place(axes)
    axes.fill_between(frame.index, frame["density"], color=FILL, alpha=0.35, linewidth=0, label="density")
    axes.plot(frame.index, frame["density"], color="0.35", linewidth=1.2)
    axes.set_xlabel(f"spot in {time:g} year{'s' * (time != 1.0)} (currency)")
    axes.set_ylabel("density (per unit of currency)")
    axes.set_ylim(bottom=0.0)
    handles, labels = axes.get_legend_handles_labels()
    if scores:
        right = axes.twinx()
        right.axhline(0.0, color="0.8", linewidth=0.8, zorder=0)
        for name, (colour, dashes) in zip(scores, cycle(STYLES), strict=False):
            size = frame.attrs["deviations"][name]
            right.plot(frame.index, frame[name] / size, color=colour, linestyle=dashes, linewidth=1.6)
            handles.append(right.lines[-1])
            labels.append(f"score of {name.replace('_', ' ')}, s.d. {size:.3g}")
        right.set_ylabel("score over its standard deviation (dimensionless)")
        right.spines["top"].set_visible(False)
    style.entitle(axes, f"law of {type(model).__name__}" + " and its scores" * bool(scores))
    axes.legend(handles, labels, frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(0.0, -0.14), ncols=2)
    return axes


def law_at(model: Any, time: float, scores: Sequence[str] = (), *, seed: int = 0) -> pd.DataFrame:
    """The numbers that `plot` draws.

    Parameters
    ----------
    model, time, scores, seed
        As for `plot`.

    Returns
    -------
    pandas.DataFrame
        ``density`` and the scores, indexed by the spot, which leaves out 0.05 % of the probability on either side;
        ``attrs["deviations"]`` has the standard deviation of every score.
    """
    law = as_path_model(model)
    law = law.terminal(positive("time", time)) if has(law, KnowsTerminal) else law
    for name in scores:
        if name not in coordinates(law):
            refuse("scores", f"name parameters of the model ({', '.join(coordinates(law))})", name)
    paths = law.simulate(np.array([positive("time", time)]), Chunk(seed, 0, DRAWS, pilot=True).stream())
    spot = observed(paths)
    if spot.shape != (1, DRAWS):
        refuse("model", "draw one number a date", spot.shape)
    chosen = _spread(spot[0])
    columns = {"density": np.exp(law.log_density(paths)[chosen])}
    found = law.score(paths, list(scores)) if scores else np.empty((0, DRAWS))
    columns |= {name: row[chosen] for name, row in zip(scores, found, strict=True)}
    frame = pd.DataFrame(columns, index=pd.Index(spot[0, chosen], name="spot"))
    frame.attrs["deviations"] = {name: float(row.std()) for name, row in zip(scores, found, strict=True)}
    return frame


def _spread(values: FloatArray) -> FloatArray:
    """Which draws to show: in order, about evenly spread over all but the tails."""
    order = np.argsort(values)
    low, high = np.quantile(values, [TAIL, 1.0 - TAIL])
    shown = np.linspace(low, high, POINTS)
    places = np.searchsorted(values[order], shown).clip(max=len(values) - 1)
    return np.asarray(order[np.unique(places)])
