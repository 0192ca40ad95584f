"""The parameters of the jumps of a log-spot: what they are called, their units and domains."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..._checks import finite, positive, refuse
from ..._quantities import Parameter, names
from ..curves import Curves

MOST_A_YEAR = 1000.0  # of the intensity: beyond, jumps are a diffusion, or a mistake
COUNTING = 4.0  # work of drawing and weighing the jumps of an interval, in dates of GBM, measured at 252 dates
LARGEST = 2.0  # of a jump's mean and deviation: a factor of seven

OF_JUMPS = (
    Parameter("intensity", "jumps per year", positive, proportional=True, title="jump intensity"),
    Parameter("jump_mean", "log-spot", finite),
    Parameter("jump_volatility", "log-spot", positive),
)
JUMPS = names(OF_JUMPS)
"""Names of the parameters of the jumps."""


def check_jumps(law: Any) -> None:
    """Refuse a law whose jumps have parameters out of range, or whose curves are none.

    Raises
    ------
    ValueError
        If the intensity is not in (0, 1000], the mean not in [-2, 2], or the volatility not in [1e-6, 2].
    TypeError
        If `curves` are none.
    """
    if not (law.curves is None or isinstance(law.curves, Curves)):
        raise TypeError(f"curves must be Curves, got {law.curves!r}")
    if not law.intensity <= MOST_A_YEAR:
        refuse("intensity", f"be at most {MOST_A_YEAR:g} jumps a year", law.intensity)
    if not abs(law.jump_mean) <= LARGEST:
        refuse("jump_mean", f"lie between -{LARGEST:g} and {LARGEST:g} (-0.1 is a fall of ten per cent)", law.jump_mean)
    if not 1e-6 <= law.jump_volatility <= LARGEST:
        refuse("jump_volatility", f"be between 1e-6 and {LARGEST:g} (0.1 is ten per cent)", law.jump_volatility)


def mean_factor(law: Any) -> float:
    r"""By what a jump multiplies the spot in the mean, :math:`e^{\mu + \delta^2/2}`."""
    return float(np.exp(law.jump_mean + 0.5 * law.jump_volatility**2))
