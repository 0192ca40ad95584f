"""The parameters of Heston's model: what they are called, their units and domains, and which act on the spot alone."""

from __future__ import annotations

from collections.abc import Container
from typing import Any

import numpy as np

from ..._checks import finite, positive, refuse
from ..._quantities import DIVIDEND_YIELD, RATE, SPOT, Parameter, check_domains, names
from ...parameters import Derivative
from ..curves import Curves
from ..jumps.parameters import JUMPS


def _correlation(name: str, value: object) -> float:
    found = finite(name, value)
    return found if -1.0 < found < 1.0 else refuse(name, "be strictly between -1 and 1", value)


OF_VARIANCE = (
    Parameter("initial_variance", "per year", positive, proportional=True),
    Parameter("mean_reversion", "per year", positive, proportional=True),
    Parameter("long_run_variance", "per year", positive, proportional=True, title="long-run variance"),
    Parameter("vol_of_vol", "per year", positive, proportional=True),
    Parameter("correlation", "dimensionless", _correlation),
)
DECLARED = (SPOT, *OF_VARIANCE, RATE, DIVIDEND_YIELD)
VARIANCE = names(OF_VARIANCE)
"""Names of the parameters of the variance."""


def motion(given: Container[str]) -> tuple[str, ...]:
    """Names of the parameters of the variance, and of the jumps where they are among those given."""
    return (*VARIANCE, *JUMPS) if JUMPS[0] in given else VARIANCE


DIRECT = ("spot", "rate", "dividend_yield", "correlation")
"""Names of those that do not touch the variance: given it, the log-spot is linear in what they move."""

LEAST_NOISE = 1e-4  # vol of vol over the root of 2 kappa theta: the Bessel function's order is then 1e8


def check_parameters(law: Any) -> None:
    """Refuse a Heston law whose parameters are not real numbers, not finite or outside their range."""
    if not (law.curves is None or isinstance(law.curves, Curves)):
        raise TypeError(f"curves must be Curves, got {law.curves!r}")
    check_domains(law)
    least = LEAST_NOISE * np.sqrt(2.0 * law.mean_reversion * law.long_run_variance)
    if not law.vol_of_vol >= least:
        why = f"be at least {least:.3g} (below, the variance is deterministic to all digits that matter)"
        refuse("vol_of_vol", why, law.vol_of_vol)


def volatility_greeks(initial_variance: float) -> dict[str, dict[Derivative, float]]:
    r"""Greeks in the initial volatility.

    .. math:: \partial_{\sqrt{v_0}} = 2\sqrt{v_0}\,\partial_{v_0}, \qquad
              \partial^2_{\sqrt{v_0}} = 4 v_0\,\partial^2_{v_0} + 2\,\partial_{v_0}
    """
    v, slope = "initial_variance", float(2.0 * np.sqrt(initial_variance))
    return {
        "vega": {(v,): slope},
        "vanna": {("spot", v): slope},
        "volga": {(v, v): slope**2, (v,): 2.0},
    }
