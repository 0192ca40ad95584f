"""Options on the worst of three correlated lognormal assets by quadrature, every term unequal."""

import numpy as np
from scipy import special

from likelihood_greeks import GBM, CorrelatedGBM

from .two_assets import both_above

NODES, WEIGHTS = np.polynomial.legendre.leggauss(48)
LEVELS, LEVEL_WEIGHTS = np.polynomial.legendre.leggauss(40)
FAR = 8.5
"""Deviations beyond which a normal is not looked at."""

REFERENCE = (100.0, 50.0, 200.0)
LAWS = {
    "low": ((0.25, 0.35, 0.2), (-0.5, 0.3, 0.1)), "middle": ((0.2, 0.3, 0.25), (0.6, 0.45, 0.4)),
    "high": ((0.3, 0.22, 0.4), (0.95, 0.8, 0.7)),
}  # fmt: skip
"""By name volatilities, and correlations of A and B, A and C, B and C."""


def three(name):
    """A law of three unequal assets."""
    volatilities, (ab, ac, bc) = LAWS[name]
    terms = zip("ABC", (103.0, 49.0, 195.0), volatilities, (0.02, 0.0, 0.035), strict=True)
    members = {
        asset: GBM(spot=spot, volatility=own, rate=0.03, dividend_yield=paid) for asset, spot, own, paid in terms
    }
    return CorrelatedGBM(members, {("A", "B"): ab, ("A", "C"): ac, ("B", "C"): bc})


def all_above(law, share, time):
    """Probability that all spots are above a share of their references, of any shape."""
    forwards = law.forward(time) / np.array(REFERENCE)
    deviations = np.sqrt(time) * np.array([own.volatility for own in law.laws])
    matrix = law.correlation_matrix.to_numpy()
    below = (np.log(np.asarray(share)[..., None] / forwards) + 0.5 * deviations**2) / deviations
    low = np.clip(below[..., 0], -FAR, FAR)[..., None]
    z = low + 0.5 * (FAR - low) * (NODES + 1.0)
    one, two = np.sqrt(1.0 - matrix[0, 1:] ** 2)
    rest = (matrix[1, 2] - matrix[0, 1] * matrix[0, 2]) / (one * two)
    ends = [
        (matrix[0, k] * z - below[..., k, None]) / left for k, left in ((1, one), (2, two))
    ]  # minus what the others must be above, given the first
    density = np.exp(-0.5 * z**2) / np.sqrt(2.0 * np.pi) * both_above(*ends, rest)
    return 0.5 * (FAR - low[..., 0]) * (density @ WEIGHTS)


def digital_put(law, share, time):
    """A unit if the worst is below a share."""
    return law.discount(time) * (1.0 - all_above(law, share, time))


def put(law, share, time):
    """A put on the worst: the sum of digital ones up to its strike."""
    lows = share * 0.02 + 0.5 * share * 0.98 * (LEVELS + 1.0)  # below a fiftieth nothing is left
    return float(0.49 * share * LEVEL_WEIGHTS @ digital_put(law, lows, time))


def check_normal():
    """The chance that three independent normals are above zero, as this module finds it: an eighth."""
    law = CorrelatedGBM(
        {n: GBM(spot=r * np.exp(0.02), volatility=0.2) for n, r in zip("ABC", REFERENCE, strict=True)},
        {("A", "B"): 0.0, ("A", "C"): 0.0, ("B", "C"): 0.0},
    )
    return float(all_above(law, 1.0, 1.0)), float(special.ndtr(0.0)) ** 3
