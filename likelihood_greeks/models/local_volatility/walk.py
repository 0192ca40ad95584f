"""Paths of a local volatility, step by step, and what every step did on given ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np

from ..._checks import refuse
from ..._typing import FloatArray
from .chain import Chain
from .surfaces import Surface

STATE = "log_state"
"""Name of the log-spots after all steps among what a law drew."""


@final
@dataclass(frozen=True, slots=True, eq=False)
class Walked:
    """The steps of some paths, all of shape (n_steps, n_paths).

    Attributes
    ----------
    state : ndarray
        Log-spots after every step.
    noise, variance : ndarray
        Of the moves.
    volatility : ndarray
        At the start of every step, its shift included.
    slope : ndarray
        Its derivative in the log-spot.
    """

    state: FloatArray
    noise: FloatArray
    variance: FloatArray
    volatility: FloatArray
    slope: FloatArray

    @classmethod
    def blank(cls, shape: tuple[int, ...]) -> Walked:
        """Arrays to be filled."""
        return cls(*(np.empty(shape) for _ in range(5)))


@final
@dataclass(frozen=True, slots=True, eq=False)
class Dynamics:
    """What steps a path: a surface and its shift, the chain, where it starts, and its growth over every step.

    Parameters
    ----------
    surface : Surface
    shift : float
        Added to all volatilities.
    chain : Chain
    start : float
        Log-spot.
    growth : ndarray, shape (n_steps,)
        Rates less yields.
    """

    surface: Surface
    shift: float
    chain: Chain
    start: float
    growth: FloatArray

    def walked(self, normals: FloatArray) -> Walked:
        """Paths from normals, (n_steps, n_paths)."""
        found, roots = Walked.blank(normals.shape), np.sqrt(self.chain.lengths)
        before = np.full(normals.shape[1], self.start)
        for i in range(len(normals)):
            self._read(found, i, before)
            found.noise[i] = found.volatility[i] * (roots[i] * normals[i])
            found.state[i] = before + (self.growth[i] - 0.5 * found.variance[i] + found.noise[i])
            before = found.state[i]
        return found

    def along(self, state: FloatArray) -> Walked:
        """What the steps did on given paths, drawn by this law or by another."""
        found = Walked.blank(state.shape)
        found.state[:] = state
        before = np.full(state.shape[1], self.start)
        for i in range(len(state)):
            self._read(found, i, before)
            found.noise[i] = state[i] - before - self.growth[i] + 0.5 * found.variance[i]
            before = state[i]
        return found

    def _read(self, found: Walked, i: int, before: FloatArray) -> None:
        """Volatility, slope and variance of a step that starts from some log-spots."""
        level, found.slope[i] = self.surface.levels(float(self.chain.read[i]), before)
        found.volatility[i] = level + self.shift
        if not np.all(found.volatility[i] > 0.0):
            wrong = int(np.argmin(np.where(np.isnan(found.volatility[i]), -np.inf, found.volatility[i])))
            where = f"be positive; at time {self.chain.read[i]:g} and spot {np.exp(before[wrong]):g}"
            refuse("volatility", where, float(found.volatility[i, wrong]))
        found.variance[i] = found.volatility[i] ** 2 * self.chain.lengths[i]
