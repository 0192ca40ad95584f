"""How a value and its error settle as paths are added."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from .._checks import one_of, refuse, whole
from ..engine.greeks import greeks
from ..engine.payoff_group import CONTROLS
from ..models.adaptor import as_path_model
from ..parameters import Greek, label
from ..payoffs.protocol import Contract
from ..streams.chunks import checked
from . import style
from .greek import Reference, referred
from .style import BAND

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SHOWN = ("value", "error")
STYLES = {"auto": ("#0072B2", "o"), "scores": ("#009E73", "s"), "none": ("#E69F00", "^")}
"""Colour and marker by `controls`. Colours: M. Okabe and K. Ito, *Color Universal Design*, 2008."""
NAMES = {"auto": "all controls", "scores": "score controls", "none": "plain likelihood ratio"}
PATHS = tuple(2**k for k in range(12, 19))


def plot(
    model: Any,
    payoff: Contract,
    greek: Greek,
    *,
    show: str = "value",
    paths: Sequence[int] = PATHS,
    controls: Sequence[str] = ("none", "auto"),
    reference: Reference = "auto",
    axes: Axes | None = None,
    seed: int | None = None,
    **settings: Any,
) -> Axes:
    r"""Draw a Greek with its 95 % intervals, or its standard error, against the number of paths.

    Parameters
    ----------
    model, payoff, greek
        As for `plot_greek`.
    show : {"value", "error"}
        Values with their intervals, or standard errors on logarithmic axes beside a slope of :math:`1/\sqrt n`.
    paths : sequence of int
        Numbers of paths. The first paths of a longer run are those of a shorter one.
    controls : sequence of {"auto", "scores", "none"}
        Drawn side by side.
    reference : callable or "auto", optional
        As for `plot_greek`: a dashed line among the values.
    axes : matplotlib.axes.Axes, optional
        Where to draw; a new figure if not given.
    seed : int, optional
        Default: drawn once, for all runs.
    **settings
        Further arguments of `greeks`.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ValueError, TypeError
        If an argument is out of range, or as for `greeks`.

    Examples
    --------
    >>> import likelihood_greeks as lg
    >>> model = lg.GBM(spot=100.0, volatility=0.2, rate=0.03)
    >>> axes = lg.plot_convergence(model, lg.Call(100.0, 1.0), "delta", paths=[1024, 4096], seed=1)
    >>> axes.get_xscale(), axes.get_xlabel()
    ('log', 'paths')
    """
    one_of("show", show, SHOWN)
    frame = converging(model, payoff, greek, paths=paths, controls=controls, seed=seed, **settings)
    axes = style.place(axes)
    for kind in frame.index.unique("controls"):
        _draw(axes, frame.loc[kind], show, kind)
    unit = style.named(label(greek))
    if show == "error":
        axes.set_yscale("log")
        axes.set_ylabel(f"standard error of {unit}")
    else:
        axes.set_ylabel(unit)
        if (exact := referred(as_path_model(model), payoff, greek, reference)) is not None:
            axes.axhline(exact, linestyle="--", color=style.AGAIN, linewidth=1.4, label="reference")
    axes.set_xscale("log")
    axes.set_xlabel("paths")
    style.entitle(axes, f"{label(greek)} of {style.subject(payoff, model)}")
    style.finish(axes)
    return axes


def converging(
    model: Any,
    payoff: Contract,
    greek: Greek,
    *,
    paths: Sequence[int] = PATHS,
    controls: Sequence[str] = ("none", "auto"),
    seed: int | None = None,
    **settings: Any,
) -> pd.DataFrame:
    """The numbers that `plot` draws.

    Parameters
    ----------
    model, payoff, greek, paths, controls, seed, **settings
        As for `plot`.

    Returns
    -------
    pandas.DataFrame
        ``value``, ``standard_error`` and ``note``, indexed by ``controls`` and ``paths``.
    """
    counts = sorted({whole(f"paths[{k}]", count, 2) for k, count in enumerate(paths)})
    if len(counts) < 2:
        refuse("paths", "hold at least two different numbers", paths)
    kinds = [one_of(f"controls[{k}]", kind, [*CONTROLS]) for k, kind in enumerate(controls)]
    if not kinds:
        refuse("controls", "name at least one kind", controls)
    _, common, _ = checked(2, seed, "pseudo")
    rows = {
        (kind, count): greeks(model, payoff, [greek], paths=count, seed=common, controls=kind, **settings)[greek]
        for kind in kinds
        for count in counts
    }
    cells = [(e.value, e.standard_error, e.note) for e in rows.values()]
    index = pd.MultiIndex.from_tuples(list(rows), names=["controls", "paths"])
    return pd.DataFrame(cells, index=index, columns=["value", "standard_error", "note"])


def _draw(axes: Axes, rows: pd.DataFrame, show: str, kind: str) -> None:
    colour, marker = STYLES[kind]
    count, error = rows.index.to_numpy(dtype=float), rows["standard_error"].to_numpy()
    line: dict[str, Any] = {"color": colour, "marker": marker, "markersize": 5, "linewidth": 1.4, "label": NAMES[kind]}
    if show == "value":
        value = rows["value"].to_numpy()
        axes.fill_between(count, value - BAND * error, value + BAND * error, color=colour, alpha=0.2, linewidth=0)
        axes.plot(count, value, **line)
        return
    axes.plot(count, error, **line)
    guide = None if "slope of 1/√n" in axes.get_legend_handles_labels()[1] else "slope of 1/√n"
    axes.plot(count, error[-1] * np.sqrt(count[-1] / count), ":", color="0.5", linewidth=1.0, zorder=1, label=guide)
