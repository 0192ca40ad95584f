"""What the kernels of the variance flow are given: the numbers of every step and of every direction, as arrays.

Each computes in one pass over the path what `VariancePath` otherwise asks `variance`, `integrated_variance` and
`transport` for, one after the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import final

import numpy as np
from scipy import special

from ..._compiled import kernels
from ..._typing import FloatArray
from .bessel_table import LOWEST_ORDER, tabulated
from .integrated_variance import IntegratedVariance
from .transport import gamma_table, mills_table
from .variance import Direction


@final
@dataclass(frozen=True, slots=True, eq=False)
class FlowKernels:
    """The kernels, given a variance path.

    Parameters
    ----------
    compiled : module
    clock : IntegratedVariance
    integral, log_gamma : ndarray, shape (n_steps, n_paths)
    """

    compiled: ModuleType
    clock: IntegratedVariance
    integral: FloatArray
    log_gamma: FloatArray

    @classmethod
    def on(cls, clock: IntegratedVariance, integral: FloatArray, log_gamma: FloatArray) -> FlowKernels | None:
        """The kernels on a path; None where the formulas must do."""
        compiled = kernels("heston.flow") if clock.steps.law.order >= LOWEST_ORDER else None
        return cls(compiled, clock, integral, log_gamma) if compiled else None

    def ends(self) -> FloatArray:
        """What changes of the logarithms of a step's ends do, shape (5, n_steps, n_paths).

        Motion of the integral with the start, with the end and with the logarithm of its law's shape; the score in the
        start; and `Transitions.passed_on`.
        """
        scale, pieces = self._table
        found: FloatArray = self.compiled.ends(*self._drawn(), scale, pieces, mills_table(), self._numbers())
        return found

    def integrals(self, directions: Sequence[Direction], turned: FloatArray) -> FloatArray:
        """Motions of the integrals, both ends of a step held fixed, over as many steps as `turned` has.

        `turned` is their motion with the logarithm of their law's shape; shape (n_directions, n_steps, n_paths).
        """
        numbers = [rows[: len(turned)] for rows in (*self._drawn(), turned)]
        found: FloatArray = self.compiled.integrals(*numbers, *self._table, *self._steps(directions))
        return found

    def scores(self, directions: Sequence[Direction]) -> FloatArray:
        """Derivatives of the log-density of all steps, shape (n_directions, n_paths)."""
        start, end, *rest = self._drawn()
        log_gamma = np.ascontiguousarray(self.log_gamma)
        found: FloatArray = self.compiled.scores(start, end, log_gamma, *rest, *self._table, *self._steps(directions))
        return found

    def order_motion(self) -> FloatArray:
        """Motion of the logarithm of the end per unit of the order: `Transitions.order_motion`."""
        steps, shape = self.clock.steps, self.clock.steps.law.gamma_shape
        table = *gamma_table(shape), float(special.digamma(shape + 1.0)), shape
        scales = steps.law.scale(steps.steps)[:, 0]
        rows = np.ascontiguousarray(self.log_gamma), np.ascontiguousarray(steps.end)
        found: FloatArray = self.compiled.gamma_motion(*rows, scales, *table)
        return found

    def motions(  # noqa: PLR0917
        self,
        first: float,
        keep: FloatArray,
        ends: FloatArray,
        along: Direction,
        by_order: FloatArray,
        direct: FloatArray,
    ) -> tuple[FloatArray, FloatArray]:
        """Motions of the log-variances at the ends of all steps, and of the integrals: see `VariancePath`."""
        log_scale, log_decay = self.clock.steps.log_scale(along)
        push = [np.broadcast_to(column, (len(keep), 1)) for column in (log_scale, log_decay - log_scale, along.order)]
        moving, clock = self.compiled.motions(
            first, keep, ends[4], np.concatenate(push, axis=1), by_order, ends[0], ends[1], direct
        )
        return moving, clock

    def _drawn(self) -> tuple[FloatArray, ...]:
        rows = self.clock.steps.start, self.clock.steps.end, self.integral, self.clock.mean, self.clock.variance
        return tuple(np.ascontiguousarray(row) for row in rows)

    @property
    def _table(self) -> tuple[float, FloatArray]:
        table = tabulated(self.clock.steps.law.order)
        return table.scale, table.pieces

    def _numbers(self) -> FloatArray:
        """The numbers that kernels want of every step, shape (n_steps, 11)."""
        steps, inverse = self.clock.steps, 1.0 / self.clock.steps.law.scale(self.clock.steps.steps)
        decay = np.exp(-steps.law.mean_reversion * steps.steps)
        return np.concatenate([self.clock.numbers, decay * inverse, inverse], axis=1)

    def _steps(self, directions: Sequence[Direction]) -> tuple[float, FloatArray, FloatArray]:
        """1 + nu, the numbers of the steps, and of directions that move neither end, (n_directions, n_steps, 7)."""
        steps = self.clock.steps
        found = []
        for along in directions:
            factors = self.clock.factors(along)
            columns = *(factors[name] for name in ("beta", "z", "x", "order", "w")), *steps.log_scale(along)
            found.append(np.concatenate([np.broadcast_to(column, steps.steps.shape) for column in columns], axis=1))
        return 1.0 + steps.law.order, self._numbers(), np.stack(found)
