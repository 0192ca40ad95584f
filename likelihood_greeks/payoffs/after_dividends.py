r"""A contract on assets that pay cash dividends, as one on assets that pay none.

Between ex-dates spots are lognormal, and on one a spot falls by the dividend D, to no less than zero, where it stays.
With :math:`\hat S` the spot of an asset that grows alike and pays nothing, from the same start,

.. math:: S_t = \hat S_t \max\Bigl(1 - \sum_{i:\, t_i \le t} \frac{D_i}{\hat S_{t_i}},\ 0\Bigr),

since a fall by D multiplies all that comes after it. So a function of S at some dates is one of :math:`\hat S` at these
and at the ex-dates, and whatever is known of a law without dividends serves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias, final

import numpy as np

from .._checks import refuse
from .._typing import AnyArray
from ..numerics.falls import SAME_DATE, spots_after, union
from .exercise import Bermudan, Exercised
from .exercise_by_value import ExercisedByValue
from .protocol import Contract, called, stated_payments
from .redeemable import Redeemable
from .redeemed import Redeemed

Paid: TypeAlias = tuple[tuple[float, float], ...]
"""Ex-dates in years and amounts in currency, of one asset."""


@final
@dataclass(frozen=True)
class AfterDividends:
    """A contract on several assets, some of which pay cash dividends, on spots of assets that pay none.

    Parameters
    ----------
    payoff : Contract
        Sees spots on its own dates, after dividends.
    dividends : tuple of tuple of (float, float)
        By asset in the order of the spots, up to the last date.
    times : tuple of float
        Its dates, and the ex-dates.
    payments : tuple of float, optional
        When its cash flows are paid; None: one at the last date.
    """

    payoff: Contract
    dividends: tuple[Paid, ...]
    times: tuple[float, ...]
    payments: tuple[float, ...] | None = None

    @classmethod
    def of(cls, payoff: Contract, dividends: Sequence[Paid]) -> Contract:
        """The contract, as it is if nothing is paid before its last date.

        Raises
        ------
        ValueError
            If it is exercised early.
        """
        last = payoff.times[-1] if payoff.times else 0.0
        due = tuple(tuple(each for each in own if each[0] <= last + SAME_DATE) for own in dividends)
        if not any(due):
            return payoff
        if isinstance(payoff, Bermudan | Redeemable | Exercised | ExercisedByValue | Redeemed):
            refuse("dividends", "be yields for early exercise of several assets: cash ones are not supported", due)
        times = union(payoff.times, [time for own in due for time, _ in own])
        stated = stated_payments(payoff)
        if stated is None and np.ndim(called(payoff, np.ones((len(due), len(payoff.times), 2)))) == 2:
            stated = payoff.times
        return cls(payoff, due, times, stated)

    @property
    def assets_seen(self) -> tuple[int, ...] | None:
        """Those that the contract says it is on."""
        return getattr(self.payoff, "assets_seen", None)

    def __call__(self, spot: AnyArray) -> AnyArray:
        """Cash flows of the contract, from spots without dividends, (n_assets, n_times, n_paths)."""
        return self.payoff(spots_after(spot, self.times, self.payoff.times, self.dividends))
