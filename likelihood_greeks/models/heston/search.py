"""The least-squares search of a calibration: from several starts on a few quotes, then from the best on all of them.

A trial point at which a quote's Fourier integral does not settle has errors that are not numbers: the trust region
shrinks, and the search goes on from where it was.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from ..._typing import FloatArray
from .parameters import VARIANCE, motion
from .quotes import Quotes
from .smile import implied_volatilities

BOUNDS: Mapping[str, tuple[float, float]] = {
    "initial_variance": (1e-5, 25.0),
    "mean_reversion": (1e-2, 100.0),
    "long_run_variance": (1e-5, 25.0),
    "vol_of_vol": (1e-2, 30.0),
    "correlation": (-0.995, 0.995),
    "intensity": (1e-2, 100.0),
    "jump_mean": (-1.0, 1.0),
    "jump_volatility": (1e-3, 1.0),
}
"""Where the parameters are looked for: volatilities from 0.3 to 500 %, memories from days to a century."""

JUMPS_AT_START = {"intensity": 0.5, "jump_mean": -0.08, "jump_volatility": 0.1}
STARTS = tuple(product((1.0, 5.0, 20.0), (-0.6, 0.2)))  # mean reversions and correlations to start from
FELLER_AT_START = 1.2
TOLERANCE = 1e-10  # relative, of cost and parameters
ROUGH = 1e-4  # the same of a search that only tells a good start from a bad one
MOST_EVALUATIONS = 200
PERFECT = 1e-18  # half the mean square of errors below which no other start is tried
INSIDE = 1e-2  # of the bounds, where a search starts
SCOUTED = (8, 15)  # maturities, and strikes of each, on which the starts are compared
LEAST_A_PARAMETER = 5  # quotes that scout
NAMED = 8  # quotes in a refusal


@final
@dataclass(frozen=True, slots=True, eq=False)
class Errors:
    """The errors of a model on quotes, with their derivatives in places between the bounds.

    Parameters
    ----------
    fixed : mapping of str to float
        Parameters that are held.
    free : tuple of str
        The others.
    strikes, log_moneyness, maturities, market, weights : ndarray, shape (n,)
        Of the quotes.
    """

    fixed: Mapping[str, float]
    free: tuple[str, ...]
    strikes: FloatArray
    log_moneyness: FloatArray
    maturities: FloatArray
    market: FloatArray
    weights: FloatArray

    @classmethod
    def of(cls, quotes: Quotes, fixed: Mapping[str, float], free: tuple[str, ...]) -> Errors:
        """On all quotes that have a weight."""
        chosen = quotes.weights > 0.0
        strikes = np.asarray(quotes.volatilities.index, dtype=float)[:, None]
        arrays = strikes, quotes.log_moneyness, quotes.maturities, quotes.volatilities.to_numpy(), quotes.weights
        return cls(fixed, free, *(np.broadcast_to(array, chosen.shape)[chosen] for array in arrays))

    def places(self, start: Mapping[str, float]) -> FloatArray:
        """Places between the bounds from which a search may start."""
        return np.clip([scaled(name, start[name]) for name in self.free], INSIDE, 1.0 - INSIDE)

    def values(self, places: FloatArray) -> dict[str, float]:
        """The parameters at places between their bounds."""
        return dict(self.fixed) | {name: unscaled(name, z) for name, z in zip(self.free, places, strict=True)}

    def evaluated(self, places: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Root-weighted errors, shape (n,), and their derivatives, shape (n, n_free); their square sum is a mean."""
        values = self.values(places)
        found, slopes = implied_volatilities(values, self.log_moneyness, self.maturities)
        root = np.sqrt(self.weights / self.weights.sum())
        order = motion(values)
        rows = [order.index(name) for name in self.free]
        slope = np.array([_slope(name, values[name]) for name in self.free])
        return root * (found - self.market), (root * slopes[rows]).T * slope

    def scouts(self) -> Errors:
        """A few quotes that stand for all: maturities and strikes evenly by rank, with the weights of their likes."""
        rows, shares = [], []
        years = np.unique(self.maturities)
        for year in years[_spread(len(years), SCOUTED[0])]:
            listed = np.flatnonzero(self.maturities == year)
            listed = listed[np.argsort(self.log_moneyness[listed])]
            rows.append(listed[_spread(len(listed), SCOUTED[1])])
            shares.append(np.full(len(rows[-1]), len(listed) / len(rows[-1])))
        few = np.concatenate(rows)
        if len(few) < LEAST_A_PARAMETER * len(self.free):
            return self
        arrays = self.strikes, self.log_moneyness, self.maturities, self.market, self.weights
        found = Errors(self.fixed, self.free, *(array[few] for array in arrays))
        return replace(found, weights=found.weights * np.concatenate(shares))

    def unsettled(self, places: FloatArray) -> str:
        """The quotes that have no error at places between the bounds."""
        rows = np.flatnonzero(np.isnan(self.evaluated(places)[0]))
        named = [f"strike {self.strikes[i]:g}, {self.maturities[i]:.3g} years" for i in rows[:NAMED]]
        return "; ".join([*named, *([f"{len(rows) - NAMED} more"] if len(rows) > NAMED else [])])


def best(quotes: Quotes, fixed: Mapping[str, float], free: tuple[str, ...]) -> tuple[dict[str, float], Any]:
    """The parameters that fit best, and the optimiser's result.

    Raises
    ------
    ArithmeticError
        If no start has errors on all quotes; it names those that lack one.
    """
    errors = Errors.of(quotes, fixed, free)
    places = [errors.places(start) for start in starts(quotes, fixed, motion((*fixed, *free)))]
    scouted = fits(errors.scouts(), places, ROUGH)
    found = fits(errors, [fit.x for fit in scouted[:1]] or places)
    if not found:
        where, values = errors.unsettled(places[0]), errors.values(places[0])
        raise ArithmeticError(f"the Fourier integral must settle at every quote, got none at {where}, with {values}")
    return errors.values(found[0].x), found[0]


def starts(quotes: Quotes, fixed: Mapping[str, float], names: Sequence[str] = VARIANCE) -> Iterator[dict[str, float]]:
    """Starting points: variances from the first and last smile, the rest from a grid."""
    columns = np.flatnonzero(quotes.weights.any(axis=0))
    first, last = (quotes.nearest_the_forward(int(j)) ** 2 for j in columns[[0, -1]])
    for kappa, rho in STARTS:
        theta = fixed.get("long_run_variance", last)
        reversion = fixed.get("mean_reversion", kappa)
        guess = {
            "initial_variance": first,
            "mean_reversion": reversion,
            "long_run_variance": theta,
            "vol_of_vol": float(np.sqrt(2.0 * reversion * theta / FELLER_AT_START)),
            "correlation": rho,
            **JUMPS_AT_START,
        }
        inside = {name: float(np.clip(guess[name], *BOUNDS[name])) for name in names}
        yield inside | dict(fixed)


def fits(errors: Errors, places: list[FloatArray], tolerance: float = TOLERANCE) -> list[Any]:
    """The optimiser's result from every starting point that has one, the best first."""
    from scipy.optimize import least_squares  # here: `import likelihood_greeks` takes 0.7 s, and 0.3 s more with it

    last: dict[bytes, tuple[FloatArray, FloatArray]] = {}

    def evaluated(z: FloatArray) -> tuple[FloatArray, FloatArray]:
        if z.tobytes() not in last:  # the optimiser asks for residuals and derivatives one after the other
            last.clear()
            last[z.tobytes()] = errors.evaluated(z)
        return last[z.tobytes()]

    def residuals(z: FloatArray) -> FloatArray:
        return evaluated(z)[0]

    def slopes(z: FloatArray) -> FloatArray:
        return evaluated(z)[1]

    options: dict[str, Any] = {"ftol": tolerance, "xtol": tolerance, "gtol": None, "max_nfev": MOST_EVALUATIONS}
    found: list[Any] = []
    for start in places:
        if np.isfinite(residuals(start)).all():
            found.append(least_squares(residuals, start, slopes, bounds=(0.0, 1.0), **options))
        if found and found[-1].cost < PERFECT:
            break
    return sorted(found, key=lambda fit: float(fit.cost))


def scaled(name: str, value: float) -> float:
    """A parameter's place between its bounds, from 0 to 1: by its logarithm, if it is positive."""
    low, high = BOUNDS[name]
    return (value - low) / (high - low) if low < 0.0 else float(np.log(value / low) / np.log(high / low))


def unscaled(name: str, place: float) -> float:
    """The parameter at a place between its bounds."""
    low, high = BOUNDS[name]
    return float(low + place * (high - low)) if low < 0.0 else float(low * (high / low) ** place)


def _slope(name: str, value: float) -> float:
    """Derivative of `unscaled`."""
    low, high = BOUNDS[name]
    return high - low if low < 0.0 else float(value * np.log(high / low))


def _spread(size: int, most: int) -> NDArray[np.intp]:
    """At most `most` places out of `size`, evenly, the ends among them."""
    return np.unique(np.linspace(0, size - 1, min(size, most)).round().astype(np.intp))
