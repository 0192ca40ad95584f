r"""Margrabe's formula: the right to exchange one of two correlated lognormal assets for the other.

.. math:: q F_1\,\Phi(d) - p F_2\,\Phi(d - s), \qquad d = \frac{\log(q F_1 / p F_2)}{s} + \tfrac12 s, \qquad
          s^2 = V_{11} + V_{22} - 2 V_{12}.

References
----------
.. [1] W. Margrabe, "The value of an option to exchange one asset for another", *Journal of Finance* 33 (1978), 177-186.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...numerics import jets
from ...numerics.jets import Jet
from .steps import Steps


def embedded(jet: Jet, names: Sequence[str], called: dict[str, str]) -> Jet:
    """A jet in other coordinates, among which are its own under other names (those not called are left out)."""
    own = jet.only([name for name in jet.names if name in called])
    places = [list(names).index(called[name]) for name in own.names]
    shape = np.shape(own.value)
    gradient, hessian = np.zeros((len(names), *shape)), np.zeros((len(names), len(names), *shape))
    second = places[: len(own.hessian)]
    gradient[places], hessian[np.ix_(second, second)] = own.gradient, own.hessian
    return Jet(tuple(names), own.value, gradient, hessian)


def spread_variance(steps: Steps, pair: tuple[int, int], names: Sequence[str]) -> Jet:
    """Variance of the difference of two log-spots at the only date of some steps, in some coordinates."""

    def of(derivative: tuple[str, ...]) -> float:
        entries = steps.slope(derivative).covariance
        first, second = min(pair), max(pair)
        parts = [((first, first), 1.0), ((second, second), 1.0), ((first, second), -2.0)]
        return float(sum(sign * entries[at][0] for at, sign in parts if at in entries))

    gradient = np.array([of((name,)) for name in names])
    hessian = np.array([[of((a, b)) for b in names] for a in names])
    return Jet(tuple(names), np.asarray(of(())), gradient, hessian)


def exchange(received: Jet, given: Jet, variance: Jet) -> Jet:
    """The undiscounted value, from jets of what the forwards are worth and of the variance of the spread."""
    deviation = jets.sqrt(variance)
    d = jets.log(received / given) / deviation + 0.5 * deviation
    return received * jets.normal_cdf(d) - given * jets.normal_cdf(d - deviation)
