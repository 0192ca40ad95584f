"""Paths of a local volatility, step by step, and what every step did on given ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from types import ModuleType
from typing import NoReturn, final

import numpy as np

from ..._checks import refuse
from ..._compiled import kernels
from ..._typing import FloatArray
from ..moves import ONE
from ..protocol import Paths
from .chain import Chain
from .falls import Falls
from .grid import Direction, LocalVolatilityGrid
from .surfaces import Surface

VOLATILITY = "volatility"
STATE = "log_state"
"""Name of the log-spots after all steps among what a law drew."""


def state_of(known: Chain, paths: Paths) -> FloatArray:
    """The log-spots after every step, (..., n_steps, n_paths); refused if the paths do not have them.

    Where the steps are those seen these are enough.
    """
    state = paths.latent.get(STATE)
    if state is None and len(known.seen) == len(known.times):
        return np.log(paths.spot)
    if state is None or state.shape[-2] != len(known.times):
        refuse("paths", "be drawn by a local volatility with the same steps", sorted(paths.latent))
    return np.asarray(state)


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
    lever : ndarray, optional
        Its derivative in its parameter, where that is not one.
    weights : mapping of str to ndarray of shape (n_paths,)
        Scores that are known already, by coordinate.
    """

    state: FloatArray
    noise: FloatArray
    variance: FloatArray
    volatility: FloatArray
    slope: FloatArray
    lever: FloatArray | None = None
    weights: dict[str, FloatArray] = field(default_factory=dict)

    @classmethod
    def blank(cls, shape: tuple[int, ...], levered: bool = False) -> Walked:
        """Arrays to be filled."""
        a, b, c, d, e = (np.empty(shape) for _ in range(5))
        return cls(a, b, c, d, e, np.empty(shape) if levered else None)

    def carried_by(self, lengths: FloatArray, stretch: FloatArray) -> Callable[[], FloatArray]:
        """The factors by which a motion before a step of some length is carried on, when they are asked for."""

        def factors() -> FloatArray:
            return own() if stretch is ONE else own() * stretch

        def own() -> FloatArray:
            if compiled := kernels("local_volatility"):
                return np.asarray(compiled.carried(self.volatility, self.slope, self.noise, lengths))
            push = self.noise / self.volatility - self.volatility * lengths[:, None]
            return np.asarray(1.0 + self.slope * push)

        return factors


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
    direction : Direction, optional
        How the volatility moves with its parameter; default: as much everywhere.
    falls : Falls
        Cash dividends.
    """

    surface: Surface
    shift: float
    chain: Chain
    start: float
    growth: FloatArray
    direction: Direction | None = None
    falls: Falls = field(default_factory=Falls)

    def walked(self, normals: FloatArray) -> Walked:
        """Paths from normals, (n_steps, n_paths)."""
        if isinstance(self.surface, LocalVolatilityGrid) and (compiled := kernels("local_volatility")):
            return self._compiled(compiled, self.surface, normals)
        found, roots = Walked.blank(normals.shape, self.direction is not None), np.sqrt(self.chain.lengths)
        before = np.full(normals.shape[1], self.start)
        for i in range(len(normals)):
            self._read(found, i, before)
            found.noise[i] = found.volatility[i] * (roots[i] * normals[i])
            end = before + (self.growth[i] - 0.5 * found.variance[i] + found.noise[i])
            before = found.state[i] = self.falls.after(i, end)
        return found

    def _compiled(self, compiled: ModuleType, grid: LocalVolatilityGrid, normals: FloatArray) -> Walked:
        """The same of a grid, a row at a time in cache."""
        found, lookup = Walked.blank(normals.shape, self.direction is not None), grid.lookup
        nothing, along = np.empty((0, 4)), self.direction
        before, weights = np.full(normals.shape[1], self.start), np.zeros((2, normals.shape[1]))
        for i in range(len(normals)):
            time = float(self.chain.read[i])
            rows = found.state[i], found.noise[i], found.variance[i], found.volatility[i], found.slope[i]
            moved = (nothing, nothing[:, 0]) if along is None or found.lever is None else (
                along.coefficients(time), found.lever[i]
            )  # fmt: skip
            least = compiled.step(
                before, normals[i], (grid.coefficients(time), lookup.bases, lookup.bounds, lookup.place), lookup.table,
                self.shift, self.growth[i], self.chain.lengths[i], *rows, weights, *moved,
            )  # fmt: skip
            if not least > 0.0:
                _refuse(found.volatility[i], time, before)
            before = found.state[i] = self.falls.after(i, found.state[i])
        found.weights.update(zip((VOLATILITY, "rate", "dividend_yield"), (*weights, -weights[1]), strict=True))
        return found

    def along(self, state: FloatArray) -> Walked:
        """What the steps did on given paths, drawn by this law or by another."""
        found = Walked.blank(state.shape, self.direction is not None)
        found.state[:] = state
        before = np.full(state.shape[1], self.start)
        for i in range(len(state)):
            self._read(found, i, before)
            found.noise[i] = self.falls.before(i, state[i]) - before - self.growth[i] + 0.5 * found.variance[i]
            before = state[i]
        return found

    def _read(self, found: Walked, i: int, before: FloatArray) -> None:
        """Volatility, slope and variance of a step that starts from some log-spots."""
        level, found.slope[i] = self.surface.levels(float(self.chain.read[i]), before)
        found.volatility[i] = level + self.shift
        if self.direction is not None and found.lever is not None:
            found.lever[i] = self.direction.levels(float(self.chain.read[i]), before)[0]
        if not np.all(found.volatility[i] > 0.0):
            _refuse(found.volatility[i], float(self.chain.read[i]), before)
        found.variance[i] = found.volatility[i] ** 2 * self.chain.lengths[i]


def _refuse(volatility: FloatArray, time: float, log_spot: FloatArray) -> NoReturn:
    """Say where a volatility is not positive, or none."""
    wrong = int(np.argmin(np.where(np.isnan(volatility), -np.inf, volatility)))
    refuse(
        "volatility", f"be positive; at time {time:g} and spot {np.exp(log_spot[wrong]):g}", float(volatility[wrong])
    )
