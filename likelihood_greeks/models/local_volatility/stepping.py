"""How a local volatility goes step by step: its chain, what steps a path over it, and the moves of given paths."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from ..._checks import dates, refuse
from ..._typing import FloatArray
from ...numerics import jets
from ...numerics.jets import Jet
from .. import bridges, carry
from ..cash_dividends import Dividends
from ..curves import Curves
from ..moves import NONE, ONE, Moves, StateSteps
from . import chain as chains
from .chain import Chain, Steps
from .checks import BIAS_A_STEP
from .falls import Falls
from .first import first_step
from .grid import LocalVolatilityGrid
from .reading import ReadsSurface
from .steps import Along, LocalSteps
from .walk import VOLATILITY, Dynamics, Walked

OF_GRID, OF_FUNCTION = 1.7, 12.0
"""Work of a step, measured at 52 and 252 steps; a function of the user's costs what it costs."""


class StepByStep(ReadsSurface):
    """A law whose log-spot moves by log-Euler steps."""

    __slots__ = ()

    parameters: ClassVar[tuple[str, ...]]

    steps: Steps
    rate: float
    dividend_yield: float
    curves: Curves | None
    bias_tolerance: float | None
    dividends: Dividends

    # -- the chain ---------------------------------------------------------------------------------------------

    @property
    def own_steps(self) -> Steps:
        """The steps as given, or as the tolerance asks for."""
        return self.steps if self.bias_tolerance is None else int(np.ceil(BIAS_A_STEP / self.bias_tolerance))

    @property
    def last(self) -> float | None:
        """The end of the last of given steps, years from now; None where they are so many a year."""
        return None if isinstance(self.steps, int) else self.steps[-1] - self.elapsed

    def chain(self, times: Sequence[float] | FloatArray) -> Chain:
        """The steps to the last of some dates (years, increasing, > 0)."""
        return chains.chain(self.own_steps, dates("times", times), self.elapsed, self.breaks, self._ex_dates)

    @property
    def _ex_dates(self) -> tuple[float, ...]:
        return tuple(time for time, _ in self.dividends)

    @property
    def first_ex_date(self) -> float:
        """The first ex-date in years; infinite if there is none."""
        return self.dividends[0][0] if self.dividends else np.inf

    def steps_and_work(self, times: Sequence[float] | FloatArray) -> tuple[int, float]:
        """How many steps there are to the last of some dates, and the work of drawing and weighing them.

        In dates of a geometric Brownian motion.
        """
        count = len(self.chain(times).times)
        return count, count * self.work_a_step

    @property
    def work_a_step(self) -> float:
        """Work of drawing and weighing a step, in dates of a geometric Brownian motion."""
        return OF_GRID if isinstance(self.volatility, LocalVolatilityGrid) else OF_FUNCTION

    def dynamics(self, known: Chain) -> Dynamics:
        """What steps a path over a chain."""
        growth = (self.rate - self.dividend_yield) * known.lengths
        if self.curves is not None:
            growth += np.diff(self.curves.carry(known.times), prepend=0.0)
        falls = Falls.among(self.dividends, known)
        return Dynamics(self._surface, self._added, known, float(np.log(self.spot)), growth, self._along, falls)

    def moves_of(self, known: Chain, found: Walked) -> Moves:
        """The same of the steps of some paths over a chain, whatever correlates them with others."""
        falls = Falls.among(self.dividends, known)
        stretch = falls.stretch(found.state) if falls.paid else ONE
        carried = found.carried_by(known.lengths, stretch)
        path = StateSteps(NONE, NONE, stretch, known.times, known.seen, carried)
        first = first_step(self, float(known.times[0]), float(known.read[0]))
        before = np.concatenate([np.full((1, found.state.shape[1]), np.log(self.spot)), found.state[:-1]])
        along = self._with_spot(known, found.slope, before) if self.smile_spot else None
        steps = LocalSteps(first, known, found.volatility, before, self._grid, found.lever, self._quotes, along)
        return Moves(found.noise, found.variance, steps, path)

    def _with_spot(self, known: Chain, slope: FloatArray, before: FloatArray) -> Along:
        """How the volatilities of steps that start from some log-spots go along with the spot of today."""
        surface, lever = self._surface, self._along

        def second() -> FloatArray:
            return np.stack([surface.bends(float(t), row) for t, row in zip(known.read, before, strict=True)])

        def levers() -> FloatArray:
            if lever is None:
                return NONE
            return np.stack([lever.levels(float(t), row)[1] for t, row in zip(known.read, before, strict=True)])

        return Along(self.spot, slope, second, levers)

    # -- between the ends of its steps -------------------------------------------------------------------------

    def bridge_steps(self, times: Sequence[float], end: float) -> tuple[float, ...]:
        """Ends of all steps up to the last of some dates, for contracts that are watched at all times up to `end`.

        Raises
        ------
        ValueError
            If a cash dividend comes before, or the volatility goes along with the spot of today.
        """
        bridges.before(self, (), end)
        if self.smile_spot:
            refuse(
                "smile_spot", "be 0 for what is watched at all times: the volatility stays where it is", self.smile_spot
            )
        return tuple(self.chain(times).times.tolist())

    def step_variances(self, times: Sequence[float], log_spot: FloatArray) -> FloatArray:
        """Variances of the steps that end at `times`, given the log-spots there; shape (n_steps, n_paths)."""
        return self.dynamics(self.chain(times)).along(log_spot).variance

    def variances_at(self, times: Sequence[float], spot: float) -> FloatArray:
        """The same on a path that stays at a spot, shape (n_steps,)."""
        return self.step_variances(times, np.full((len(times), 1), np.log(spot)))[:, 0]

    def step_variance_jets(self, times: Sequence[float], log_spot: FloatArray) -> tuple[Jet, Jet, Jet]:
        """Today's log-spot and the variance of the first step as jets; those of the others in the volatility."""
        known = self.chain(times)
        found = self.dynamics(known).along(log_spot)
        first = first_step(self, float(known.times[0]), float(known.read[0]))
        pace = found.volatility[1:] if found.lever is None else found.volatility[1:] * found.lever[1:]
        square = np.ones_like(pace) if found.lever is None else found.lever[1:] ** 2
        lengths = 2.0 * known.lengths[1:, None]
        others = Jet((VOLATILITY,), found.variance[1:], (lengths * pace)[None], (lengths * square)[None, None])
        return jets.log(carry.coordinates(self)["spot"]), first.variance, others
