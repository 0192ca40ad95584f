"""A European at every point of a grid in closed form: no paths, and no errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from ..engine.exact import METHOD, price
from ..engine.known import combined
from ..estimate import Estimate
from ..payoffs.protocol import Contract
from .reweighting import Point

EXACT = "European: every point in closed form"


def exact_points(
    points: Sequence[Point], payoff: Contract, labels: Sequence[str]
) -> list[Mapping[str, Estimate]] | None:
    """The price and the Greeks at every point, the base first; None if one has no closed form."""
    found = list[Mapping[str, Estimate]]()
    for point in points:
        value = price(point.law, payoff, point.elapsed)
        if value is None:
            return None
        wanted = dict(zip(labels, point.combinations, strict=True))
        exact = combined(wanted, lambda derivative, value=value: float(value.derivative(*derivative)))  # type: ignore[misc]
        if not all(np.isfinite(estimate.value) for estimate in exact.values()):
            return None
        found.append(exact)
    return found


def exact_frame(found: Sequence[Mapping[str, Estimate]], index: pd.Index) -> pd.DataFrame:
    """The frame of `Scenarios`: a row a point after the base."""
    rows, price_label = list[dict[str, Any]](), next(iter(found[0]))
    base = found[0][price_label].value
    for there in found[1:]:
        values = {price_label: there[price_label].value, "change": there[price_label].value - base}
        values |= {label: estimate.value for label, estimate in there.items()}
        cells = {
            name: x for label, value in values.items() for name, x in ((label, value), (f"{label}_standard_error", 0.0))
        }
        rows.append(
            {**cells, "effective_samples": np.nan, "method": METHOD, "paths_from": "", "beyond_trust": "", "note": ""}
        )
    return pd.DataFrame(rows, index=index)
