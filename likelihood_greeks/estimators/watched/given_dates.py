"""Which payoffs the spots on dates determine, and what stands for those that they do not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ..._checks import refuse
from ...models.capabilities import (
    IsBrownianBetweenDates,
    IsBrownianByAsset,
    IsBrownianInSteps,
    PaysCashJointly,
    assets_of,
    has,
)
from ...models.extremes import WithExtremes
from ...payoffs.after_dividends import AfterDividends
from ...payoffs.continuous import Corridor, PaysByExtreme, Watched, WatchedJointly
from ...payoffs.custom import Payoff
from ...payoffs.protocol import Contract
from ...payoffs.seasoned import Seasoned
from .bridge import Bridge
from .corridor import CorridorGivenDates
from .corridors import CorridorsGivenDates, corridors_given_dates
from .drawn import OnExtremes
from .exit import ExitGivenDates, dense, even
from .extreme import ExtremeGivenDates
from .steps import CorridorGivenSteps


def given_dates(payoff: Contract, model: Any) -> Contract:
    """A payoff as a law's spots on dates determine it: itself, unless it is watched at all times.

    Where several assets pay cash dividends, as the spots of assets without them do (`without_dividends`).

    Raises
    ------
    TypeError
        If the law does not say what happens between dates.
    ValueError
        If its spot jumps there.
    """
    if isinstance(payoff, Watched) and payoff.corridor is not None:
        corridor = payoff.corridor
        if has(model, IsBrownianInSteps):
            return _in_steps(payoff, corridor, model)
        bridge = _bridge(payoff, model, corridor.end, corridor.begin, asset=corridor.asset)
        if corridor.on_exit and corridor.asset is not None:
            refuse("paid", "be 'end' of a contract on one of several assets", "hit")
        if corridor.on_exit:
            times = even([time for time in (*bridge.times, *dense(corridor.end)) if time <= corridor.end])
            later = [time for time in bridge.times if time > corridor.end]
            return ExitGivenDates(payoff, replace(bridge, times=(*times, *later)), corridor, bridge)
        return CorridorGivenDates(payoff, bridge, corridor)
    if isinstance(payoff, WatchedJointly) and has(model, IsBrownianByAsset):
        corridors = payoff.corridors
        if corridors is not None:
            return corridors_given_dates(payoff, model, corridors)
    if isinstance(payoff, PaysByExtreme) and payoff.extreme is not None:
        return ExtremeGivenDates(payoff, _bridge(payoff, model, payoff.extreme.end), payoff.extreme)
    return AfterDividends.of(payoff, model.dividends) if has(model, PaysCashJointly) else payoff


def passing(drawn: Contract, elapsed: float) -> Contract:
    """A payoff that `given_dates` made, on dates that leave room for some years to go by where they may."""
    return drawn.passing(elapsed) if elapsed > 0.0 and isinstance(drawn, CorridorsGivenDates) else drawn


def with_extremes(payoff: Contract, model: Any) -> tuple[Contract, Any]:
    """A payoff and a law; with extremes drawn where a payoff of the user's own sees them."""
    if not isinstance(payoff, Payoff | Seasoned) or payoff.extremes is None or not payoff.times:
        return payoff, model
    bridge = _bridge(payoff, model, payoff.times[-1])
    law = WithExtremes(model, payoff.extremes)
    return OnExtremes(payoff, bridge.times, law), law


def _in_steps(payoff: Contract, corridor: Corridor, model: Any) -> Contract:
    """A payoff that is watched at all times, on all steps of a law that takes some."""
    if corridor.on_exit:
        refuse("paid", f"be 'end' under {type(model).__name__}, whose steps have a volatility each", "hit")
    dates = {*payoff.times, corridor.end, *([corridor.begin] if corridor.begin else [])}
    times = model.bridge_steps(sorted(dates), corridor.end)
    return CorridorGivenSteps(payoff, Bridge(model, times, corridor.end, begin=corridor.begin), corridor)


def _bridge(payoff: Contract, model: Any, end: float, begin: float = 0.0, *, asset: int | None = None) -> Bridge:
    if assets_of(model) and asset is None:
        raise TypeError(
            f"payoff {type(payoff).__name__} is watched continuously on several assets at once, whose joint extremes "
            "have no closed form: watch one (On, OutsideBarrier), or give its times as dates"
        )
    if not (has(model, IsBrownianByAsset) if assets_of(model) else has(model, IsBrownianBetweenDates)):
        raise TypeError(
            f"payoff {type(payoff).__name__} is watched continuously, and between dates the spot of "
            f"{type(model).__name__} is no Brownian bridge: give its times as dates, such as lg.schedule(maturity, 252)"
        )
    dates = {*payoff.times, *model.bridge_dates(end), end, *([begin] if begin else [])}
    return Bridge(model, tuple(sorted(dates)), end, begin=begin, asset=asset)
