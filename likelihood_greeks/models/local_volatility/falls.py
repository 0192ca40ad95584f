r"""Cash dividends on the chain of a local volatility: on an ex-date the spot opens lower than its step ended.

.. math:: S^+ = \max(S^- - D, \tfrac1{10} S^-)

A dividend takes nine tenths of the spot at most: a volatility that depends on the spot has none at zero. What is held
fixed on a path is :math:`S^+`; so a step into an ex-date has the noise of :math:`\log S^-`, and a motion before it is
stretched by :math:`J = S^-/(S^- - D)`, or one where the dividend is cut.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np

from ..._typing import FloatArray
from ..cash_dividends import Dividends
from .chain import SAME_DATE, Chain

LEFT = 0.1  # share of the spot that a dividend leaves at least


@final
@dataclass(frozen=True, slots=True)
class Falls:
    """The dividends among the steps of a chain.

    Parameters
    ----------
    paid : tuple of (int, float)
        Steps that end on ex-dates, and amounts in currency.
    """

    paid: tuple[tuple[int, float], ...] = ()

    @classmethod
    def among(cls, dividends: Dividends, known: Chain) -> Falls:
        """The dividends up to the end of a chain, whose steps end on all of their ex-dates."""
        ahead = [(time, amount) for time, amount in dividends if time <= known.times[-1] + SAME_DATE]
        return cls(tuple((int(np.abs(known.times - time).argmin()), amount) for time, amount in ahead))

    def after(self, row: int, log_spot: FloatArray) -> FloatArray:
        """Log-spots after a step, from those before what is paid at its end."""
        for step, amount in self.paid:
            if step == row:
                spot = np.exp(log_spot)
                return np.asarray(np.log(np.maximum(spot - amount, LEFT * spot)))
        return log_spot

    def before(self, row: int, log_spot: FloatArray) -> FloatArray:
        """Log-spots before what is paid at the end of a step, from those after it."""
        for step, amount in self.paid:
            if step == row:
                spot = np.exp(log_spot)
                return np.asarray(np.log(np.minimum(spot + amount, spot / LEFT)))
        return log_spot

    def ends(self, state: FloatArray) -> FloatArray:
        """Log-spots at the ends of all steps, before what is paid there, from those after; (n_steps, n_paths)."""
        if not self.paid:
            return state
        found = state.copy()
        for step, _ in self.paid:
            found[step] = self.before(step, state[step])
        return found

    def stretch(self, state: FloatArray) -> FloatArray:
        """By how much a motion of the log-spot is stretched at the ends of the steps, (n_steps, n_paths)."""
        found = np.ones_like(state)
        for step, _ in self.paid:
            ratio = np.exp(self.before(step, state[step]) - state[step])
            found[step] = np.where(ratio < 1.0 / LEFT * (1.0 - 1e-12), ratio, 1.0)
        return found
