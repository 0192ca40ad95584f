"""Contracts of the user's own on several assets some days later: what is left of them, and what they have paid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import final

import numpy as np

from ..._typing import AnyArray, FloatArray
from ...payoffs.protocol import Contract, called, stated_payments
from ...payoffs.seasoned import KnownCashFlow
from ..calendars import DAYS_PER_YEAR
from ..fixings import known

NEAR = 1e-9  # years by which two dates may differ and be the same


@final
@dataclass(frozen=True)
class LaterJointly:
    """A contract on several assets whose dates have come nearer, those that are past being known.

    Parameters
    ----------
    payoff : Contract
    elapsed : float
        Years by which they have.
    seen : tuple of tuple of float
        By asset, what was observed at the dates that are past.
    due : tuple of float
        When every cash flow is paid, or was, from the later day.
    """

    payoff: Contract
    elapsed: float
    seen: tuple[tuple[float, ...], ...]
    due: tuple[float, ...] = ()

    @property
    def times(self) -> tuple[float, ...]:
        """The dates to come."""
        return tuple(t - self.elapsed for t in self.payoff.times if t > self.elapsed + NEAR)

    @property
    def payments(self) -> tuple[float, ...]:
        """When what is still due is paid."""
        return tuple(max(t, 0.0) for t in self.due if t >= -NEAR)

    def _joined(self, spot: AnyArray) -> AnyArray:
        """Past and coming spots, shape (n_assets, n_times, n_paths)."""
        past = np.array(self.seen)[..., None]
        if not past.shape[1]:
            return spot
        past = np.broadcast_to(past, (*past.shape[:2], spot.shape[-1]))
        return np.concatenate([past, spot], axis=1) if self.times else past

    def whole(self) -> FloatArray:
        """All cash flows of one path, (n_flows, 1) or (1,): what is to come stays where it was observed last."""
        spot = np.array([own[-1] if own else 1.0 for own in self.seen])[:, None, None]
        return np.asarray(called(self.payoff, self._joined(np.repeat(spot, len(self.times), axis=1))), dtype=float)

    def __call__(self, spot: AnyArray) -> AnyArray:
        """Cash flows that are still due, shape (n_paths,) or (n_flows, n_paths), from the spots to come."""
        flows = self.payoff(self._joined(spot))
        return flows[sum(due < -NEAR for due in self.due) :] if len(flows.shape) == 2 else flows


def own_later(
    payoff: Contract, names: Sequence[str], elapsed: float, today: date, fixings: Mapping[str, Mapping[date, float]]
) -> tuple[Contract, float]:
    """What is left of a contract of the user's own after some years, and what it has paid since `today`.

    Raises
    ------
    ValueError
        If a fixing of an asset is missing.
    """
    gone = [today + timedelta(days=round(t * DAYS_PER_YEAR)) for t in payoff.times if t <= elapsed + NEAR]
    later = LaterJointly(payoff, elapsed, tuple(tuple(known(fixings, name, gone)) for name in names))
    flows, stated = later.whole(), stated_payments(payoff)
    when = stated if stated is not None else payoff.times[-1:] if np.ndim(flows) < 2 else payoff.times
    later = replace(later, due=tuple(t - elapsed for t in when))
    cash = float(sum(flow for flow, due in zip(flows.ravel(), later.due, strict=True) if due < -NEAR))
    return (later if later.payments else KnownCashFlow(0.0, 0.0)), cash
