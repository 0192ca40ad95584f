"""The reference grid: contracts and markets, each with a reference computed without Monte Carlo."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, final

from ..models.gbm import GBM
from ..parameters import Greek
from ..payoffs.autocallable import Autocallable
from ..payoffs.barrier import Barrier, DoubleBarrier
from ..payoffs.convertible import BarrierReverseConvertible, ReverseConvertible
from ..payoffs.european import (
    AssetOrNothingCall,
    AssetOrNothingPut,
    Call,
    DigitalCall,
    DigitalPut,
    European,
    GapCall,
    GapPut,
    Put,
)
from ..payoffs.forward_start import ForwardStart
from ..payoffs.path import Asian, Lookback
from ..payoffs.protocol import Contract
from ..payoffs.realised import RangeAccrual, VarianceSwap, VolatilitySwap
from ..payoffs.touch import DoubleNoTouch, NoTouch, OneTouch
from . import closed_form, quadrature, quantlib

GREEKS: tuple[str, ...] = (
    "price", "delta", "gamma", "vega", "rho", "dividend_rho", "theta", "vanna", "volga", "charm",
)  # fmt: skip
SPOTS = (0.85, 0.92, 1.0, 1.09, 1.18)
"""Multiples of the spot over which a Greek's scale is taken."""
LEAST = 0.1  # of the scale of a call of the same price

MODELS = (
    GBM(spot=93.0, volatility=0.27, rate=0.043, dividend_yield=0.017),
    GBM(spot=4468.17, volatility=0.31, rate=0.0355, dividend_yield=0.012),
    GBM(spot=104.5, volatility=0.14, rate=-0.006, dividend_yield=0.031),
    GBM(spot=51.3, volatility=0.52, rate=0.081, dividend_yield=0.004),
)
DAYS = ((146, 383), (131, 259, 402), (52, 97, 143, 188))


@final
@dataclass(frozen=True, slots=True)
class Case:
    """A contract in a market, with its reference.

    Parameters
    ----------
    model : GBM
    payoff : Contract
    """

    model: GBM
    payoff: Contract

    @property
    def name(self) -> str:
        """Product and market, in words."""
        payoff: Any = self.payoff
        words = [type(payoff).__name__]
        terms = [getattr(payoff, field, None) for field in ("direction", "knock", "average", "kind", "paid")]
        words += [term for term in terms if isinstance(term, str)]
        if hasattr(payoff, "option"):
            words.append(type(payoff.option).__name__)
        elif getattr(payoff, "strike", 0.0) is None:
            words.append("floating strike")
        elif isinstance(payoff, Autocallable):
            words.append("snowball" if payoff.coupon_barrier is None else "phoenix")
        return f"{' '.join(words)}, {len(payoff.times)} dates, spot {self.model.spot:g}"

    @property
    def has_closed_form(self) -> bool:
        """Whether the reference is a closed form (and QuantLib agrees), not quadrature."""
        return isinstance(self.payoff, European) or getattr(self.payoff, "average", "") == "geometric"

    def reference(self, greek: Greek) -> quadrature.Reference:
        """Exact value of a Greek with the reference's own error."""
        if self.has_closed_form:
            return quadrature.Reference(closed_form.greek(self.model, self.payoff, greek), 0.0)
        return quadrature.greek(self.model, self.payoff, greek)

    def scale(self, greek: Greek) -> float:
        """Largest absolute value of a Greek over spots from 15 % below to 18 % above.

        The moneyness of a floating strike does not move with the spot, and its gamma vanishes: there, a call's scale.
        Greeks of others may vanish too (what is struck at a later spot has no gamma): at least a tenth of a call's
        scale, by their prices.
        """
        call = Case(self.model, Call(self.model.spot, self.payoff.times[-1]))
        if getattr(self.payoff, "strike", 0.0) is None:
            return call._largest(greek)
        share = _largest_price(self) / _largest_price(call)
        return max(self._largest(greek), LEAST * share * call._largest(greek))

    def _largest(self, greek: Greek) -> float:
        """The largest absolute value of a Greek over `SPOTS`."""
        return max(self._size(greek, factor) for factor in SPOTS)

    def _size(self, greek: Greek, factor: float) -> float:
        """The absolute value of a Greek at a multiple of the spot."""
        model = replace(self.model, spot=factor * self.model.spot)
        if self.has_closed_form:
            return abs(closed_form.greek(model, self.payoff, greek))
        return quadrature.size(model, self.payoff, greek)

    def quantlib(self, greek: Greek) -> float | None:
        """The same Greek from QuantLib; None where it has no engine for the contract."""
        if not self.has_closed_form:
            return None
        try:
            return quantlib.greek(self.model, self.payoff, greek)
        except TypeError:  # so it says
            return None


@lru_cache(maxsize=256)
def _largest_price(case: Case) -> float:
    """The largest price of a case over `SPOTS`: the same for the scale of every Greek."""
    return case._largest("price")


def europeans(model: GBM, days: int, tilt: float) -> Iterator[Contract]:
    """Every option on the final spot, with strikes around the spot moved by `tilt`."""
    maturity, level = days / 365.0, model.spot * (1.0 + tilt)
    yield Call(1.04 * level, maturity)
    yield Put(0.97 * level, maturity)
    yield DigitalCall(1.02 * level, maturity, cash=7.5)
    yield DigitalPut(0.99 * level, maturity)
    yield AssetOrNothingCall(1.01 * level, maturity)
    yield AssetOrNothingPut(1.06 * level, maturity)
    yield GapCall(0.98 * level, 1.03 * level, maturity)
    yield GapPut(1.03 * level, 0.98 * level, maturity)


def path_dependents(model: GBM, days: tuple[int, ...]) -> Iterator[Contract]:
    """Barriers, Asians and lookbacks observed at `days`."""
    times, s = tuple(day / 365.0 for day in days), model.spot
    end = times[-1]
    yield Barrier(Call(0.98 * s, end), 0.88 * s, "down", "out", times, rebate=0.02 * s)
    yield Barrier(Put(1.03 * s, end), 0.9 * s, "down", "in", times)
    yield Barrier(DigitalCall(0.97 * s, end), 1.17 * s, "up", "out", times)
    yield Barrier(GapPut(1.02 * s, 0.97 * s, end), 1.08 * s, "up", "in", times, rebate=0.01 * s)
    yield Barrier(Call(1.01 * s, end), 1.25 * s, "up", "out", times[:-1])
    yield DoubleBarrier(Call(0.96 * s, end), 0.82 * s, 1.24 * s, "out", times)
    yield DoubleBarrier(DigitalPut(1.01 * s, end), 0.85 * s, 1.2 * s, "in", times, rebate=0.3)
    yield Asian(1.02 * s, times)
    yield Asian(0.99 * s, times, kind="put")
    yield quadrature.AsianDigital(1.01 * s, times)
    yield Asian(1.01 * s, times, average="geometric")
    yield Asian(None, times, kind="put", average="geometric")
    yield Lookback(times, "call", strike=1.05 * s)
    yield Lookback(times, "put", strike=0.96 * s)
    yield Lookback(times, "call")
    yield BarrierReverseConvertible(1.01 * s, times, 0.02, 0.8 * s, times)
    yield ReverseConvertible(0.97 * s, times, 0.02, protection=0.7)
    yield OneTouch(1.1 * s, "up", end, 1.0, times)
    yield OneTouch(0.93 * s, "down", end, 1.0, times, paid="hit")
    yield NoTouch(0.9 * s, "down", end, 1.0, times)
    yield DoubleNoTouch(0.85 * s, 1.2 * s, end, 1.0, times)
    yield VarianceSwap(0.2, times, 1.03 * s, 4.0)
    yield VolatilitySwap(0.2, times, 0.98 * s, 4.0)
    yield RangeAccrual(0.9 * s, 1.08 * s, times)
    yield Autocallable(s, times, 1.02 * s, 0.03, knock_in=0.75 * s)
    yield Autocallable(
        0.98 * s, times, 1.05 * s, 0.02, 0.9 * s, knock_in=0.85 * s, knock_in_times=times, protection=0.4
    )
    yield ForwardStart(times[0], end, moneyness=1.02)
    yield ForwardStart(times[0], end, "put", moneyness=0.97, performance=True)


def grid() -> list[Case]:
    """All cases: options on the final spot in every market, path-dependent ones in three."""
    found = []
    for model, days, tilt in zip(MODELS, (475, 146, 701, 95), (0.0, -0.06, 0.03, 0.09), strict=True):
        found += [Case(model, payoff) for payoff in europeans(model, days, tilt)]
    for model, dates in zip(MODELS[:3], DAYS, strict=True):
        found += [Case(model, payoff) for payoff in path_dependents(model, dates)]
    return found
