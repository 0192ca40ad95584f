r"""What is still to come, explained step by step: a martingale, and the value of going on.

Over a step from x to the next date by independent standard normals z, the value of what is to come is regressed on

.. math:: \sum_j \psi_j(x)\,\bigl(c_j + \sum_m d_{jm}\,H_m(z)\bigr),

with functions psi of the state and Hermite polynomials H of mean zero. The second part has mean zero given x, whatever
its coefficients: what it takes off a cash flow is noise. The first part is what going on is worth.

References
----------
.. [1] D. Belomestny, C. Bender and J. Schoenmakers, "True upper bounds for Bermudan products via non-nested Monte
   Carlo", *Mathematical Finance* 19 (2009), section 3.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, final

import numpy as np
from scipy import special

from .._typing import FloatArray

POWERS = 6  # damped Hermite polynomials of the state
FARTHEST = 3.5  # spreads of the log-spot beyond which polynomials stay what they are
RIDGE = 1e-7  # relative, on the diagonal of the normal equations


class Functions(Protocol):
    """Functions of what a step starts from."""

    def values(self, before: FloatArray, /) -> FloatArray:
        """Functions of the state, shape (n_functions, n_paths)."""
        ...

    def noise(self, before: FloatArray, normals: FloatArray, /) -> FloatArray:
        """Functions of mean zero given the state, shape (n_noises, n_paths)."""
        ...


class Steps(Protocol):
    """Draws, as steps from date to date of a grid."""

    @property
    def normals(self) -> Sequence[FloatArray]:
        """For each date what moved the spot there."""
        ...

    def before(self, row: int, /) -> FloatArray:
        """What the step into a date starts from."""
        ...


@final
@dataclass(frozen=True, slots=True, eq=False)
class States:
    """Functions of the log-spot at one date: damped polynomials of it, one, the spot, and the chance of a level ahead.

    Attributes
    ----------
    centre, scale : float
        Of the log-spots; a scale of zero says that they are all the same.
    ahead, move : float
        Logarithm of the level on the next exercise date, and the size of moves up to there; zero: there is no level.
    """

    centre: float
    scale: float
    ahead: float = 0.0
    move: float = 0.0

    @classmethod
    def of(cls, spot: FloatArray, later: FloatArray, level: float) -> States:
        """Functions to suit some spots, those on the next exercise date and a level there."""
        logarithms = np.log(spot)
        centre, scale = float(logarithms.mean()), float(logarithms.std())
        if not 0.0 < level < np.inf:
            return cls(centre, scale)
        return cls(centre, scale, float(np.log(level)), float((np.log(later) - logarithms).std()))

    def values(self, spot: FloatArray) -> FloatArray:
        """Functions of the state, shape (n_functions, n_spots)."""
        if not self.scale > 0.0:
            return np.ones((1, spot.shape[-1]))
        u = np.clip((np.log(spot) - self.centre) / self.scale, -FARTHEST, FARTHEST)
        chance = self.move > 0.0
        found = np.empty((POWERS + 2 + 3 * chance, len(spot)))
        found[0] = np.exp(-u * u / 8.0)
        found[1] = u * found[0]
        for k in range(2, POWERS):
            found[k] = u * found[k - 1] - (k - 1.0) * found[k - 2]
        found[POWERS] = 1.0
        found[POWERS + 1] = spot * np.exp(-self.centre)
        if chance:
            away = (self.ahead - np.log(spot)) / self.move
            found[-3] = special.ndtr(away)
            found[-2] = np.exp(-0.5 * away * away)
            found[-1] = away * found[-2]
        return found

    def noise(self, spot: FloatArray, normals: FloatArray) -> FloatArray:
        """Functions of mean zero given the spots, shape (n_noises, n_paths): all products with those of the normals."""
        functions = self.values(spot)
        return np.concatenate([functions * row for row in noises(normals)])


def noises(normals: FloatArray) -> FloatArray:
    """Hermite polynomials of a step's normals: products of two, and of a single one the third; mean zero."""
    count = len(normals)
    rows = [*normals]
    rows += (
        [normals[i] * normals[j] - float(i == j) for i in range(count) for j in range(i, count)]
        if count < 4
        else [x * x - 1.0 for x in normals]
    )
    rows += [normals[0] ** 3 - 3.0 * normals[0]] if count == 1 else []
    return np.stack(rows)


@final
@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """What is to come at the end of a step, as a function of its start and its normals.

    Attributes
    ----------
    states : Functions
    value : ndarray, shape (n_functions,)
        Coefficients of what going on is worth.
    loading : ndarray, shape (n_noises,)
        Coefficients of the noise.
    """

    states: Functions
    value: FloatArray
    loading: FloatArray

    @classmethod
    def fitted(
        cls, states: Functions, spot: FloatArray, normals: FloatArray, to_come: FloatArray
    ) -> tuple[Step, FloatArray]:
        """Regress what is to come, shape (n_paths,); the step, and its increments."""
        functions = states.values(spot)
        rows, count = np.concatenate([functions, states.noise(spot, normals)]), len(functions)
        gram = rows @ rows.T
        gram[np.diag_indices_from(gram)] *= 1.0 + RIDGE
        found = np.linalg.solve(gram, rows @ to_come)
        return cls(states, found[:count], found[count:]), found[count:] @ rows[count:]

    def going_on(self, spot: FloatArray) -> FloatArray:
        """What going on is worth at some spots, discounted to today, in their shape."""
        return np.asarray(self.value @ self.states.values(spot))

    def increment(self, spot: FloatArray, normals: FloatArray) -> FloatArray:
        """What the normals of the step add to what is to come, mean zero; shape (n_paths,)."""
        return np.asarray(self.loading @ self.states.noise(spot, normals))


Hedge = Sequence[Step]
"""A step into each date of a grid."""


def increments(hedge: Hedge, draws: Steps) -> FloatArray:
    """What the steps into all dates add on some draws, each of mean zero; shape (n_times, n_paths)."""
    found = [step.increment(draws.before(row), draws.normals[row]) for row, step in enumerate(hedge)]
    return np.stack(found)
