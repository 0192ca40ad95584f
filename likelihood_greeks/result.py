"""What an estimator answers: estimates by Greek, and how they were obtained."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import final

import numpy as np
import pandas as pd

from ._words import but_for_rounding, decimal, is_rounding, ratio
from .estimate import Estimate, Statistics, doubt
from .parameters import Greek, label

PARTS = ["greek", "asset", "bucket"]
DECIMAL = ["value", "standard_error", "low", "high", "bias"]
COLUMNS = ["value", "standard_error", "low", "high", "n_paths", "variance_ratio", "note"]


@final
@dataclass(frozen=True, slots=True, eq=False)
class Diagnostics:
    """How a result came about.

    Attributes
    ----------
    controls : pandas.DataFrame
        A row per Greek and control: ``coefficient`` (target units per unit of control), whether it is ``used``, and its
        ``contribution``, the factor by which the Greek's variance would rise without it.
    gain : mapping of str to float
        Variance ratio that the pilot predicted, by Greek.
    cost : float
        Work of the run, pilot included, in runs without controls.
    work_gain : mapping of str to float
        Variance ratio of the main run over `cost`, by Greek: how many times longer the same error takes without
        controls.
    sobol_gain : mapping of str to float
        Variance that as many independent draws would have given the estimate, over that from the scrambles of Sobol
        points, by Greek; empty for other sampling. It is known as well as a variance from so few scrambles is.
    pilot_paths : int
    pilot_seconds, main_seconds : float
        Wall-clock times.
    remarks : tuple of str
        What was decided and why.
    """

    controls: pd.DataFrame = field(default_factory=pd.DataFrame)
    gain: Mapping[str, float] = field(default_factory=dict)
    cost: float = 1.0
    work_gain: Mapping[str, float] = field(default_factory=dict)
    sobol_gain: Mapping[str, float] = field(default_factory=dict)
    pilot_paths: int = 0
    pilot_seconds: float = 0.0
    main_seconds: float = 0.0
    remarks: tuple[str, ...] = ()

    def __str__(self) -> str:
        lines = [f"pilot: {self.pilot_paths} paths, {self.pilot_seconds:.3f} s; main run: {self.main_seconds:.3f} s"]
        lines += [f"cost: about {self.cost:.2g} runs without controls"] if self.gain else []
        for greek, gain in self.gain.items():
            work = f", per unit of work {ratio(self.work_gain[greek])}" if greek in self.work_gain else ""
            lines.append(f"variance ratio expected for {greek}: {ratio(gain)}{work}")
        if self.sobol_gain:
            gains = ", ".join(f"{greek} {ratio(gain, 3)}" for greek, gain in self.sobol_gain.items())
            lines.append(f"variance of independent draws over that of Sobol points: {gains}")
        return "\n".join([*lines, *self.remarks])


@final
@dataclass(frozen=True, slots=True)
class Part:
    """What of a Greek an estimate is.

    Attributes
    ----------
    greek : str
        The Greek.
    asset, bucket : str
        Whose it is, and its node: empty where not meant.
    """

    greek: str
    asset: str = ""
    bucket: str = ""


def parts_by_asset(labels: Iterable[str]) -> dict[str, Part]:
    """What Greeks of several assets are, by labels such as ``"delta[A]"``: the Greek, and its asset or pair."""
    found = {}
    for name in labels:
        greeks, assets = zip(*(part.rstrip("]").partition("[")[::2] for part in name.split(":")), strict=True)
        found[name] = Part(":".join(greeks), ",".join(filter(None, assets)))
    return found


@final
@dataclass(frozen=True, slots=True, eq=False)
class Result:
    """Estimates by Greek.

    ``result["delta"]`` is an `Estimate`; a pair of parameters may be given in either order; ``result["price"]`` is
    always there.

    Attributes
    ----------
    estimates : mapping of str to Estimate
    method : str
        The estimator.
    seed : int
        Reproduces the result.
    sampling : str
    diagnostics : Diagnostics
    parts : mapping of str to Part
        What of a Greek an estimate is, by label, where it is not the whole: ``result["vega[0]"]`` is the first bucket.
    lower_bound, upper_bound : Estimate, optional
        Of a contract that is exercised early: what the rule that is followed is worth, as is the price, but by the
        paths that judged it less what a hedge explains; and what no rule is worth more than.

    Examples
    --------
    >>> import likelihood_greeks as lg
    >>> model, call = lg.GBM(spot=100.0, volatility=0.2, rate=0.03), lg.Call(100.0, maturity=1.0)
    >>> result = lg.greeks(model, call, ["delta"], paths=4096, seed=1)
    >>> round(result["delta"].value, 2), result.seed
    (0.6, 1)
    >>> list(result.to_frame().index)
    ['price', 'delta']
    """

    estimates: Mapping[str, Estimate]
    method: str
    seed: int
    sampling: str
    diagnostics: Diagnostics
    parts: Mapping[str, Part] = field(default_factory=dict)
    lower_bound: Estimate | None = None
    upper_bound: Estimate | None = None

    def __getitem__(self, greek: Greek) -> Estimate:
        reverse = greek if isinstance(greek, str) else greek[::-1]
        for key in (label(greek), label(reverse)):
            if key in self.estimates:
                return self.estimates[key]
        raise KeyError(f"{label(greek)} was not estimated; there is {', '.join(self.estimates)}")

    def __iter__(self) -> Iterator[str]:
        return iter(self.estimates)

    def __len__(self) -> int:
        return len(self.estimates)

    @property
    def seconds(self) -> float:
        """Wall-clock time, the pilot included."""
        return self.diagnostics.pilot_seconds + self.diagnostics.main_seconds

    def to_frame(self) -> pd.DataFrame:
        """One row a Greek, the price first, in raw units (per 1.00 of each parameter, theta per year).

        The index is the Greek. Where there are parts of Greeks the first columns are ``greek, asset, bucket`` in its
        place, empty where not meant, and buckets follow their Greek in the order of the nodes (years). Where an
        estimate has a bias there is a column ``bias`` after that of the standard errors.
        """
        rows = {greek: [getattr(e, c) for c in COLUMNS] for greek, e in self.estimates.items()}
        table = pd.DataFrame.from_dict(rows, orient="index", columns=COLUMNS).rename_axis("greek")
        if any(e.bias for e in self.estimates.values()):
            table.insert(2, "bias", [e.bias for e in self.estimates.values()])
        if not self.parts:
            return table
        parts = [self.parts.get(name, Part(name)) for name in table.index]
        for place, column in enumerate(PARTS):
            table.insert(place, column, [getattr(part, column) for part in parts])
        return table.reset_index(drop=True)

    def _repr_html_(self) -> str:
        """For notebooks: a table, and below it how it was made."""
        table = self._shown().to_html(index=not self.parts, border=0)
        return f"{table}<p>{self.method}, {self.sampling} sampling, seed {self.seed}, {self.seconds:.2f} s</p>"

    def __str__(self) -> str:
        table = self._shown().to_string(index=not self.parts)
        bound = ""
        if self.lower_bound is not None and self.upper_bound is not None:
            bound = f"\nby the best rule it is worth between {self.lower_bound} and {self.upper_bound}"
        return f"{self.method}, {self.sampling} sampling, seed {self.seed}, {self.seconds:.2f} s\n{table}{bound}"

    def _shown(self) -> pd.DataFrame:
        """The frame for people: of each row, as many decimals as its error has to tell; notes if there are any.

        Of a number that is exact but for rounding, nine digits and no ratio of variances.
        """
        frame = self.to_frame()
        values, errors = frame["value"].tolist(), frame["standard_error"].tolist()
        exact = [is_rounding(value, error) for value, error in zip(values, errors, strict=True)]
        for column in (name for name in DECIMAL if name in frame):
            cells = zip(frame[column], values, errors, exact, strict=True)
            frame[column] = [_exactly(column, x, value) if own else decimal(x, error) for x, value, error, own in cells]
        ratios = zip(frame["variance_ratio"], exact, strict=True)
        frame["variance_ratio"] = ["-" if own else ratio(x, 3) for x, own in ratios]
        return frame if frame["note"].any() else frame.drop(columns="note")

    __repr__ = __str__


def _exactly(column: str, cell: float, value: float) -> str:
    """A cell of a row whose value is exact but for rounding, which its interval and its error are too."""
    text, below = but_for_rounding(value)
    if column == "bias":
        return decimal(cell, 0.0)
    return below if column == "standard_error" else text.replace(",", "")


def estimates(
    labels: list[str],
    moments: Statistics,
    n_paths: int,
    plain: Statistics | None = None,
    notes: Mapping[str, str] | None = None,
) -> dict[str, Estimate]:
    """Estimates from the moments of their samples, one entry a label; `plain` gives the variance ratio, `notes`
    what is held against each.
    """
    found = {}
    for row, name in enumerate(labels):
        variance = float(moments.variance[row])
        reference = np.nan if plain is None else float(plain.variance[row])
        found[name] = Estimate(
            value=float(moments.mean[row]),
            standard_error=float(moments.standard_error[row]),
            n_paths=n_paths,
            samples=moments.count,
            variance_ratio=reference / variance if variance > 0.0 < reference else (np.nan if plain is None else 1.0),
            note="; ".join(filter(None, [(notes or {}).get(name, ""), doubt(moments, row)])),
        )
    return found
