"""Buckets of maturities."""

from __future__ import annotations

import numpy as np
import pandas as pd

BUCKETS = {31: "to 1M", 92: "to 3M", 184: "to 6M", 366: "to 1Y", 731: "to 2Y", 1827: "to 5Y"}
"""Names by the last day counted in: calendar months and years at their longest."""

LATER = "over 5Y"


def buckets(maturities: pd.Series) -> pd.Categorical:
    """The maturity buckets, in order, of maturities in years (Actual/365); what is over is in the first."""
    edges, labels = [-np.inf, *map(float, BUCKETS), np.inf], [*BUCKETS.values(), LATER]
    return pd.Categorical(pd.cut(np.round(maturities * 365.0), edges, labels=labels))
