"""What a trade gains when the spot moves and today's fixing, still open, moves with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, final

import numpy as np

from .._checks import refuse
from .._typing import AnyArray
from ..engine.greeks import greeks
from ..payoffs.protocol import stated_payments
from .open_fixing import scales
from .products.history import History
from .trades import Trade


@final
@dataclass(frozen=True)
class Gain:
    """The payment with today's spot moved less the payment as it is, on the same paths, which scale with the spot.

    Parameters
    ----------
    past : History
    spot : float
    share : float
        By which it moves.
    """

    past: History
    spot: float
    share: float

    @property
    def times(self) -> tuple[float, ...]:
        """The dates to come, in years."""
        return tuple(self.past.years(day) for day in self.past.ahead)

    @property
    def payments(self) -> tuple[float, ...]:
        """The payments that are due, in years."""
        stated = stated_payments(self.past.whole)
        if stated is None:
            return (self.past.years(self.past.span.paid),)
        days = [*(self.past.days[int(number) - 1] for number in stated[:-1]), self.past.span.paid]
        return tuple(self.past.years(day) for day in days if day >= self.past.span.today)

    def __call__(self, spot: AnyArray) -> AnyArray:
        """The gain, shape (n_paths,) or (n_payments, n_paths)."""
        gain = self._paid(spot, 1.0 + self.share) - self._paid(spot, 1.0)
        return gain[-len(self.payments) :] if len(gain.shape) == 2 else gain

    def _paid(self, spot: AnyArray, factor: float) -> AnyArray:
        seen = [*self.past.seen(self.spot * factor).values()]
        made = np.broadcast_to(np.array(seen)[:, None], (len(seen), spot.shape[-1]))
        return self.past.whole(np.concatenate([made, factor * spot]))


def change(trade: Trade, share: float, **settings: Any) -> tuple[float, float, str]:
    """The gain of a unit when the spot moves by a share of it, its standard error, and what is held against it.

    Raises
    ------
    ValueError
        If the law's spots do not scale with today's.
    """
    if trade.past is None:  # it is known, and the spot is not in it
        return 0.0, 0.0, ""
    gain = Gain(trade.past, trade.model.spot, share)
    if not gain.times:
        amount = float(np.ravel(gain(np.empty((0, 1))))[0])
        return amount * float(trade.model.discount_jet(np.array(gain.payments)).value[0]), 0.0, ""
    if not scales(trade.model, gain.times):
        refuse(
            "fixings",
            "hold today's: with it open, spots do not scale with today's under cash dividends or a local volatility",
            None,
        )
    price = greeks(trade.model, gain, [], **settings)["price"]
    return price.value, price.standard_error, price.note
