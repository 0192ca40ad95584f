"""The package against its references: z-scores over the whole grid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
import pandas as pd
from tqdm import tqdm

from .._checks import positive
from ..engine.execution import Workers
from ..engine.greeks import greeks
from .cases import GREEKS, Case, grid

PRECISION = 0.01
"""Standard errors are brought below this share of a Greek's scale."""

TRIAL = 65_536
CEILING = 200_000_000


@final
@dataclass(frozen=True, slots=True)
class Verdict:
    """What the z-scores say together.

    Attributes
    ----------
    checks : int
    mean_square : float
        Mean of z², 1 if estimates are unbiased and errors right.
    beyond_three : int
        How many |z| > 3 (expected: 0.27 %).
    worst : float
        Largest |z|.
    largest_error : float
        Largest standard error as a share of the Greek's scale.
    quantlib : float
        Largest difference between the closed forms and QuantLib, as a share of the scale.
    precision : float
        What `largest_error` must not exceed.
    """

    checks: int
    mean_square: float
    beyond_three: int
    worst: float
    largest_error: float
    quantlib: float
    precision: float

    @property
    def passed(self) -> bool:
        """Whether mean z² is within 0.8-1.25, no |z| above 4.5, all errors precise and QuantLib within 1e-6."""
        right = 0.8 <= self.mean_square <= 1.25 and self.worst <= 4.5
        agrees = not self.quantlib > 1e-6  # NaN where no case has an engine
        return bool(right and agrees and self.largest_error <= self.precision)


def validate(
    cases: Sequence[Case] | None = None,
    *,
    precision: float = PRECISION,
    seed: int = 1,
    executor: Workers = None,
    progress: bool = False,
) -> pd.DataFrame:
    """Estimate every Greek of every case and compare it with its reference.

    Parameters
    ----------
    cases : sequence of Case, optional
        Default: `cases.grid`.
    precision : float
        Paths are added until every standard error is below this share of the Greek's scale (its largest value over
        spots within 15-18 %), up to 200 million.
    seed : int
        Case k uses ``seed + k``.
    executor : concurrent.futures.Executor or "serial", optional
        As for `greeks`.
    progress : bool

    Returns
    -------
    pandas.DataFrame
        A row per case and Greek: ``estimate, standard_error, reference, reference_error, z, relative_error``
        (standard error over scale), ``quantlib_difference`` (over scale; NaN without an engine) and ``n_paths``.

    Raises
    ------
    ValueError
        If `precision` is not positive and finite.
    """
    positive("precision", precision)
    chosen = grid() if cases is None else list(cases)
    rows = []
    for k, case in enumerate(tqdm(chosen, desc="validate", disable=not progress)):
        rows += _check(case, precision, seed + k, executor)
    return pd.DataFrame(rows).set_index(["case", "greek"])


def verdict(table: pd.DataFrame, precision: float = PRECISION) -> Verdict:
    """Judge the table of a `validate` run at that precision."""
    z = table["z"].to_numpy()
    return Verdict(
        checks=len(z),
        mean_square=float(np.mean(z**2)),
        beyond_three=int(np.sum(np.abs(z) > 3.0)),
        worst=float(np.abs(z).max()),
        largest_error=float(table["relative_error"].max()),
        quantlib=float(table["quantlib_difference"].abs().max()),
        precision=precision,
    )


def summary(table: pd.DataFrame) -> pd.DataFrame:
    """One row a case: worst |z|, mean z², largest relative error, paths."""
    z = table["z"]
    by_case = table.assign(square=z**2, size=z.abs()).groupby(level="case", sort=False)
    return pd.DataFrame(
        {
            "worst |z|": by_case["size"].max(),
            "mean z²": by_case["square"].mean(),
            "worst error/scale": by_case["relative_error"].max(),
            "reference error/scale": by_case["reference_error"].max(),
            "QuantLib difference": by_case["quantlib_difference"].max(),
            "paths": by_case["n_paths"].first(),
        }
    )


def _check(case: Case, precision: float, seed: int, executor: Workers) -> list[dict[str, object]]:
    scale = {greek: case.scale(greek) for greek in GREEKS}
    target = {greek: precision * scale[greek] for greek in GREEKS}
    result = greeks(
        case.model, case.payoff, GREEKS[1:], paths=TRIAL, seed=seed, target_error=target, max_paths=CEILING,
        executor=executor,
    )  # fmt: skip
    rows = []
    for greek in GREEKS:
        estimate, exact, other = result[greek], case.reference(greek), case.quantlib(greek)
        rows.append(
            {
                "case": case.name,
                "greek": greek,
                "estimate": estimate.value,
                "standard_error": estimate.standard_error,
                "reference": exact.value,
                "reference_error": exact.error / scale[greek],
                "z": (estimate.value - exact.value) / np.hypot(estimate.standard_error, exact.error),
                "relative_error": estimate.standard_error / scale[greek],
                "quantlib_difference": np.nan if other is None else (other - exact.value) / scale[greek],
                "n_paths": estimate.n_paths,
            }
        )
    return rows
