"""`scenarios`: a ladder of prices over a grid of parameters, from the paths of a few of its points."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import TYPE_CHECKING, Any, final

import numpy as np
import pandas as pd

from .._checks import finite, flags, one_of, refuse
from .._later import picture
from ..engine.early_exercise import KEPT, is_early
from ..engine.execution import Workers
from ..engine.greeks import prepared
from ..estimate import Estimate, doubt
from ..estimators.watched import passing
from ..models.adaptor import as_path_model
from ..models.protocol import PathModel
from ..parameters import TIME, Greek, listed
from ..payoffs.protocol import Contract
from ..result import estimates
from .exact_points import EXACT, exact_frame, exact_points
from .points import TRUST, Settings, check_coordinates, described, law_for, placed
from .revalued import Revaluation, Revalued, revalued
from .reweighting import Point

if TYPE_CHECKING:
    from matplotlib.axes import Axes

CONTROLS = ("scores", "none")


@final
@dataclass(frozen=True, slots=True, eq=False)
class Scenarios:
    """Prices over a grid of parameters.

    Attributes
    ----------
    frame : pandas.DataFrame
        A row per grid point, indexed by the parameters: ``price`` and the Greeks with their ``..._standard_error``
        (raw, as in `Result`); ``change``, the price less that of the base, which is estimated by itself and far more
        precise than the difference of two prices; ``effective_samples``; ``method``, "reweighted", "resimulated" or
        "closed form"; ``paths_from``, the point whose paths were used; ``beyond_trust``, why those of the base were
        not; and ``note``, what is held against the numbers.
    base : mapping of str to Estimate
        The price and the Greeks at the model's own parameters.
    seed : int
        Reproduces the ladder.
    sampling : str
    remarks : tuple of str
        How many points were resimulated, and why.

    Examples
    --------
    >>> import likelihood_greeks as lg
    >>> model, call = lg.GBM(spot=100.0, volatility=0.2, rate=0.03), lg.Call(100.0, maturity=1.0)
    >>> moves = lg.scenarios(model, call, {"spot": [95.0, 100.0, 105.0]}, paths=4096, seed=1)
    >>> moves.frame["price"].round(0).tolist()
    [7.0, 9.0, 13.0]
    """

    frame: pd.DataFrame
    base: Mapping[str, Estimate]
    seed: int
    sampling: str
    remarks: tuple[str, ...] = field(default=())

    def to_frame(self) -> pd.DataFrame:
        """The frame: one row a grid point, indexed by the parameters."""
        return self.frame

    def table(self, column: str = "price") -> pd.DataFrame | pd.Series:
        """One column with the last parameter across and the others down; of one parameter, that column.

        Raises
        ------
        ValueError
            If there is no such column.
        """
        chosen = self.frame[one_of("column", column, list(self.frame.columns))]
        return chosen.unstack(sort=False) if self.frame.index.nlevels > 1 else chosen

    def plot(self, column: str = "price", axes: Axes | None = None) -> Axes:
        """Draw a price, change or Greek: of one parameter a line with its 95 % band, of two a heat map.

        Parameters
        ----------
        column : str
            A column of the frame that has a standard error.
        axes : matplotlib.axes.Axes, optional
            Where to draw; a new figure if not given.

        Returns
        -------
        matplotlib.axes.Axes

        Raises
        ------
        ValueError
            If the column has no standard error, or the grid has more than two parameters.
        """
        names = " and ".join(str(name) for name in self.frame.index.names)
        drawn: Axes = picture("grid").draw(self.frame, column, axes, f"{column} by {names}")
        return drawn

    def __str__(self) -> str:
        table = self.frame.drop(columns=["beyond_trust"]).to_string(float_format=lambda x: f"{x:.6g}")
        return "\n".join([f"scenarios, {self.sampling} sampling, seed {self.seed}", *self.remarks, table])

    __repr__ = __str__


def scenarios(
    model: Any,
    payoff: Contract,
    axes: Mapping[str, Sequence[float]],
    *,
    greeks: Iterable[Greek] | None = None,
    paths: int = 100_000,
    seed: int | None = None,
    controls: str = "scores",
    sampling: str = "pseudo",
    trust: float = TRUST,
    closed_form: bool = False,
    executor: Workers = None,
    progress: bool = False,
) -> Scenarios:
    """Prices and Greeks over a grid of parameters, from one simulation as far as it can be trusted.

    The density of the paths is known, so paths drawn under one set of parameters serve nearby ones, reweighted by the
    ratio of densities: the payoff is not evaluated again. Where too few samples would be effective, paths are drawn
    anew with the same random numbers, and serve what is near in turn. A pilot with draws of its own decides which, so
    every number is unbiased and its standard error the plain one.

    Parameters
    ----------
    model, payoff, paths, seed, sampling, executor, progress
        As for `greeks`. A European payoff gets the law of its date alone, if the model knows it.
    axes : mapping of str to sequence of float
        Values of one or several parameters; the grid is their product. ``"time"`` is a parameter as well: years gone
        by, less than to the first date.
    greeks : iterable of str or pair of str, optional
        As for `greeks`; default: delta, if the law has a spot.
    controls : {"scores", "none"}
        Zero-mean controls of the laws at the point, at the one its paths come from, and at the base, with
        coefficients from the pilot.
    trust : float
        Least share of samples that must be effective, between 0 and 1.

    closed_form : bool
        Whether a European gets its closed form at every point where the law knows it: exact, without a path.

    Returns
    -------
    Scenarios

    Raises
    ------
    ValueError
        If a parameter is unknown, an axis is empty, a value is repeated or one that the model cannot have, or as for
        `greeks`.
    TypeError
        If `axes` is no mapping of lists of numbers, or as for `greeks`.

    Notes
    -----
    See the documentation, "The mathematics", section 11.

    Examples
    --------
    >>> import likelihood_greeks as lg
    >>> model = lg.GBM(spot=100.0, volatility=0.2, rate=0.03)
    >>> ladder = lg.scenarios(model, lg.DigitalCall(105.0, 0.5), {"spot": [95.0, 100.0, 105.0]}, seed=1)
    >>> ladder.frame["price"].round(2).tolist()
    [0.25, 0.37, 0.51]
    >>> ladder.frame["method"].tolist()
    ['reweighted', 'reweighted', 'reweighted']
    """
    one_of("controls", controls, CONTROLS)
    flags(closed_form=closed_form, progress=progress)
    settings = Settings.of(
        paths=paths, seed=seed, sampling=sampling, controls=controls, trust=trust, executor=executor,
        title="scenarios" if progress else "",
    )  # fmt: skip
    early = is_early(payoff)
    greeks = wanted(model, greeks)
    law, payoff, labels, combinations = prepared(model, payoff, greeks, settings.seed)
    grid = checked_axes(law, axes)
    payoff = passing(payoff, max(grid.get(TIME, (0.0,))))
    places = [dict(zip(grid, values, strict=True)) for values in product(*grid.values())]
    index = (
        pd.MultiIndex.from_product(list(grid.values()), names=list(grid)) if len(grid) > 1 else pd.Index(*grid.values())
    ).set_names(list(grid))
    if closed_form:
        points = [Point(law, combinations), *(placed(law, payoff, place, greeks) for place in places)]
        if (sure := exact_points(points, payoff, labels)) is not None:
            return Scenarios(exact_frame(sure, index), sure[0], settings.seed, settings.sampling, (EXACT,))
    law = law_for(law, payoff, grid, settings.controlled).law
    points = [Point(law, combinations), *(placed(law, payoff, place, greeks) for place in places)]
    found = revalued(Revaluation(payoff, tuple(points), settings))
    rows = [_row(found, labels, number, places) for number in range(1, len(points))]
    frame = pd.DataFrame(rows, index=index)
    base = estimates(labels, found.moments[0], settings.paths, notes=dict.fromkeys(labels, found.note(0)))
    remarks = _remarks(frame, settings.trust)
    return Scenarios(frame, base, settings.seed, settings.sampling, (*remarks, KEPT) if early else remarks)


def wanted(model: Any, greeks: Iterable[Greek] | None) -> list[Greek]:
    """The Greeks as a list: delta by default, where there is a spot."""
    if greeks is not None:
        return listed(greeks)
    return ["delta"] if "spot" in as_path_model(model).parameters else []


def checked_axes(law: PathModel, axes: Mapping[str, Sequence[float]]) -> dict[str, tuple[float, ...]]:
    """The axes of the grid, refused unless they are lists of distinct finite values of the model's coordinates."""
    if not isinstance(axes, Mapping):
        raise TypeError(f"axes must be a mapping from parameters to lists of values, got {axes!r}")
    if not axes:
        refuse("axes", "name at least one parameter", axes)
    check_coordinates(law, axes, "axes")
    return {name: _values(name, values) for name, values in axes.items()}


def _values(name: str, values: Sequence[float]) -> tuple[float, ...]:
    if np.ndim(values) != 1 or isinstance(values, (str, Mapping)):
        raise TypeError(f"axes[{name!r}] must be a list of numbers, got {values!r}")
    found = tuple(finite(f"axes[{name!r}][{k}]", value) for k, value in enumerate(values))
    if not found or len(set(found)) < len(found):
        refuse(f"axes[{name!r}]", "hold at least one value, and none twice", values)
    return found


def _row(found: Revalued, labels: Sequence[str], number: int, places: Sequence[Mapping[str, float]]) -> dict[str, Any]:
    """A grid point's row of the frame."""
    moments, source, layout = found.moments[number], found.trust.sources[number], found.layout(number)
    entries = {labels[0]: layout.price, "change": layout.change} | {name: k for k, name in enumerate(labels)}
    cells: dict[str, Any] = {}
    for name, entry in entries.items():
        cells[name], cells[f"{name}_standard_error"] = float(moments.mean[entry]), float(moments.standard_error[entry])
    doubts = [
        found.note(number),
        *(doubt(moments, k) for k in range(len(labels) + 1) if moments.m2[k] or moments.mean[k]),
    ]
    return {
        **cells,
        "effective_samples": found.effective(number),
        "method": "resimulated" if source == number else "reweighted",
        "paths_from": described(places[source - 1]) if source else "base",
        "beyond_trust": found.trust.reasons[number],
        "note": "; ".join(dict.fromkeys(filter(None, doubts))),
    }


def _remarks(frame: pd.DataFrame, trust: float) -> tuple[str, ...]:
    """How far the base's paths reached."""
    beyond, again = int((frame["beyond_trust"] != "").sum()), int((frame["method"] == "resimulated").sum())
    if not beyond:
        return (f"all {len(frame)} points from the paths of the base",)
    return (
        f"{beyond} of {len(frame)} points are beyond the trust region of the base ({trust:.0%} of the samples "
        f"effective): {again} resimulated, {beyond - again} reweighted from those",
    )
