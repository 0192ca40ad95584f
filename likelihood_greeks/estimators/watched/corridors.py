r"""Corridors of several assets that are watched at all times: the mean of what is paid, given the spots on many dates.

Given the ends of an interval the log-spots of correlated assets are correlated bridges, and the chance that all stay in
their corridors has no closed form; each asset's own has (`corridor`). Their product is exact where the assets are
independent, but for derivatives in their correlation. Else it is wrong only where two bridges come near their levels in
the same interval, so that with steps of a share :math:`\Delta` of the time that is watched the error is of first order
in :math:`\Delta`, or better: near both levels the density of those that have stayed vanishes in proportion to
:math:`\sqrt\Delta` at least, and so does what it matters that they stay, over an area of
:math:`\sqrt\Delta \times \sqrt\Delta`, and there are :math:`1/\Delta` intervals. It is the number of intervals that
counts, however short a contract is: a Brownian motion looks the same on every scale.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, final

import numpy as np

from ..._checks import refuse
from ..._typing import AnyArray, FloatArray
from ...numerics.jets import Jet
from ...parameters import Derivative
from ...payoffs.continuous import Corridor, WatchedJointly
from .base import GivenDates
from .bridge import Bridge
from .corridor import stays_jet, stays_within

STEPS = 24
"""A year, and over a time that is watched and shorter; docs/guide/continuous-barriers.md says what they leave."""


@final
@dataclass(frozen=True, slots=True)
class CorridorsGivenDates(GivenDates):
    """The mean of a contract on whether any of several spots leaves its corridor, given the spots on many dates.

    Parameters
    ----------
    payoff : WatchedJointly
    bridge : Bridge
        Of the first asset.
    corridors : tuple of Corridor
        The payoff's own, by asset.
    others : tuple of Bridge
        Of the other assets.
    added : frozenset of float
        Dates that are there for the approximation alone, in years.
    """

    corridors: tuple[Corridor, ...]
    others: tuple[Bridge, ...]
    added: frozenset[float]

    def passing(self, elapsed: float) -> CorridorsGivenDates:
        """The same without the dates added up to twice some years, so that these may go by.

        Twice: a first interval that loses more than half of its length has wild weights.
        """
        times = tuple(time for time in self.times if time not in self.added or time >= 2.0 * elapsed)
        first, *others = (replace(bridge, times=times) for bridge in (self.bridge, *self.others))
        return replace(self, bridge=first, others=tuple(others))

    def under(self, model: Any, elapsed: float = 0.0) -> CorridorsGivenDates:
        """The mean under another law on the same dates, or after some years."""
        first, *others = (bridge.under(model, elapsed) for bridge in (self.bridge, *self.others))
        return replace(self, bridge=first, others=tuple(others))

    def __call__(self, spot: AnyArray) -> AnyArray:
        """Cash flows, from spots of shape (n_assets, n_times, n_paths)."""
        stays, leaves = self._outcomes(spot)
        chance: Any = 1.0
        for corridor, bridge in self._pairs():
            for before, after, variance in bridge.walk(spot, bridge.start, bridge.variances):
                chance = chance * stays_within(corridor, before, after, variance)
        return leaves + (stays - leaves) * chance

    def moving(self, spot: FloatArray, derivatives: Sequence[Derivative]) -> dict[Derivative, FloatArray]:
        """Derivatives of the cash flows in coordinates of the law, the spots held fixed; those that are zero left out.

        Parameters
        ----------
        spot : ndarray, shape (n_assets, n_times, n_paths)
        derivatives : sequence of Derivative
            First and second ones.
        """
        chances = list[Jet | FloatArray]()
        for corridor, bridge in self._pairs():
            own: Any = 1.0
            found = bridge.moving([(name,) for d in derivatives for name in d] + [*derivatives])
            start, variances = (bridge.start, bridge.variances) if found is None else found[1:]
            for before, after, variance in bridge.walk(spot, start, variances):
                stay = stays_within if found is None else stays_jet
                own = stay(corridor, before, after, variance) * own
            chances.append(own)
        stays, leaves = self._outcomes(spot)
        total = {d: _product(chances, d) for d in dict.fromkeys(derivatives) if d}
        return {d: np.atleast_2d((stays - leaves) * rows) for d, rows in total.items() if rows is not None}

    def _pairs(self) -> list[tuple[Corridor, Bridge]]:
        return [*zip(self.corridors, (self.bridge, *self.others), strict=True)]

    def _outcomes(self, spot: AnyArray) -> tuple[AnyArray, AnyArray]:
        """Cash flows if all stay, and if one leaves."""
        assert isinstance(self.payoff, WatchedJointly)  # it has corridors
        seen = self.bridge.rows(self.payoff.times)
        return self.payoff.outcomes(spot if len(seen) == len(self.times) else spot[:, seen])


def _product(chances: Sequence[Jet | FloatArray], derivative: Derivative) -> FloatArray | None:
    """A derivative of the product of chances by asset, each of which moves with its own coordinates; None if zero."""
    shares = [{name} for name in derivative]
    moved = [{x.names.index(n): n for n in x.names} if isinstance(x, Jet) else {} for x in chances]
    values = [x.value if isinstance(x, Jet) else x for x in chances]
    found: FloatArray | None = None
    for first, _ in enumerate(chances):
        for second in range(len(chances)) if len(shares) == 2 else [first]:
            places = (first, second)[: len(derivative)]
            if not all(name in moved[place].values() for name, place in zip(derivative, places, strict=True)):
                continue
            factors = list(values)
            for place in set(places):
                names = [name for name, own in zip(derivative, places, strict=True) if own == place]
                jet = chances[place]
                assert isinstance(jet, Jet)  # it moves
                factors[place] = jet.derivative(*names)
            part = np.prod(np.broadcast_arrays(*factors), axis=0)
            found = part if found is None else found + part
    return found


def corridors_given_dates(payoff: WatchedJointly, model: Any, found: tuple[Corridor, ...]) -> CorridorsGivenDates:
    """The mean over bridges of assets that are watched together, on the dates that this needs.

    Raises
    ------
    ValueError
        If cash is paid when one leaves.
    """
    if any(corridor.on_exit for corridor in found):
        refuse("paid", "be 'end' of a contract on several assets", "hit")
    begin, end = found[0].begin, found[0].end
    dates = {*payoff.times, *model.bridge_dates(end), end, *([begin] if begin else [])}
    known = sorted({begin, *dates})
    longest = min(1.0, end - begin) / STEPS
    for start, stop in pairwise(known):
        if begin <= start and stop <= end:
            count = int(np.ceil((stop - start) / longest - 1e-9))
            dates |= {start + (stop - start) * k / count for k in range(1, count)}
    times, added = tuple(sorted(dates)), frozenset(dates.difference(known))
    first, *others = (Bridge(model, times, end, begin=begin, asset=asset) for asset in range(len(found)))
    return CorridorsGivenDates(payoff, first, found, tuple(others), added)
