"""Geometric Brownian motion on curves whose shifts are not parallel: each node moves by a share of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, final

import numpy as np

from .._checks import finite, positive, refuse
from .._quantities import DIVIDEND_YIELD, RATE, SPOT, VOLATILITY_SHIFT, Parameter, check_domains, names
from .._typing import AnyArray
from ..numerics.jets import Jet
from ..parameters import TIME
from ..streams.chunks import Stream
from . import bridges, by_moves, carry, cash_dividends, dividend_steps, nodes
from .cash_dividends import Dividends
from .curves import accrued, at_nodes, left
from .moves import Moves
from .protocol import Paths
from .term_structure import TermStructureGBM

_CURVES: Any = TermStructureGBM
"""What follows from its rates, yields and variances is the same here."""


@final
@dataclass(frozen=True, kw_only=True)
class TiltedCurves:
    r"""A law on curves, moved along directions: its Greeks in them are those of a twist of the curves.

    With the shifts x of a parameter a node's rate, yield or volatility is :math:`c_i + x w_i`. So where the curves move
    from c to :math:`c + x w`, the first two derivatives in x are those of the move, whatever its shape.

    Parameters
    ----------
    curves : TermStructureGBM
        The curves, without shifts and without dividends; its spot does not count.
    spot : float
        Currency, > 0.
    rate_tilt, yield_tilt, volatility_tilt : sequence of float
        The shares w, one for each node of their curve.
    rate, dividend_yield, volatility : float
        The shifts x.
    dividends : sequence of (float, float)
        Cash dividends, as of `TermStructureGBM`.
    by_node : sequence of str, optional
        Of ``rate``, ``dividend_yield`` and ``volatility`` those whose nodes are coordinates besides, as of
        `TermStructureGBM`: by how much each moves, whatever its share.

    Raises
    ------
    ValueError
        If the curves have shifts or dividends, there are not as many shares as nodes, or a volatility is not positive.

    Examples
    --------
    >>> curves = TermStructureGBM(
    ...     spot=100.0, times=[0.5, 1.0], zero_rates=[0.01, 0.02], dividend_yields=[0.0, 0.0], volatilities=[0.3, 0.25]
    ... )
    >>> ones = [1.0, 1.0]
    >>> steeper = TiltedCurves(
    ...     curves=curves, spot=100.0, rate_tilt=[0.0, 1.0], yield_tilt=ones, volatility_tilt=ones, rate=0.01
    ... )
    >>> round(steeper.discount(1.0), 6), round(steeper.discount(0.5), 6)
    (0.970446, 0.995012)
    """

    of_motion: ClassVar[tuple[Parameter, ...]] = (SPOT, VOLATILITY_SHIFT, RATE, DIVIDEND_YIELD)
    direct_parameters: ClassVar[tuple[str, ...]] = names(of_motion)

    curves: TermStructureGBM
    spot: float
    rate_tilt: tuple[float, ...]
    yield_tilt: tuple[float, ...]
    volatility_tilt: tuple[float, ...]
    rate: float = 0.0
    dividend_yield: float = 0.0
    volatility: float = 0.0
    dividends: Dividends = ()
    by_node: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "dividends", cash_dividends.checked(self.dividends))
        check_domains(self)
        own = self.curves
        if own.rate or own.dividend_yield or own.volatility or own.dividends:
            refuse("curves", "have neither shifts nor dividends", own)
        for name, years in zip(("rate", "yield", "volatility"), self._nodes, strict=True):
            object.__setattr__(self, f"{name}_tilt", at_nodes(f"{name}_tilt", getattr(self, f"{name}_tilt"), years))
        moved = np.array(own.volatilities) + self.volatility * np.array(self.volatility_tilt)
        if not (np.all(moved > 0.0) and np.all(np.diff(moved**2 * own.volatility_times, prepend=0.0) > 0.0)):
            refuse("volatility", "leave volatilities whose total variance increases from node to node", self.volatility)

    declared, parameters = property(cash_dividends.declared), property(cash_dividends.parameters)
    first_ex_date, as_fields = property(cash_dividends.first_ex_date), cash_dividends.as_fields
    if not TYPE_CHECKING:
        __getattr__ = cash_dividends.amount

    @property
    def variance_nodes(self) -> tuple[float, ...]:
        """Dates between which the volatility is constant."""
        return self.curves.volatility_times

    @property
    def _nodes(self) -> tuple[tuple[float, ...], ...]:
        """Those of rates, yields and volatilities."""
        return self.curves.times, self.curves.dividend_times, self.curves.volatility_times

    def coordinates(self) -> dict[str, Jet]:
        """The parameters and elapsed time as jets, for closed forms; and nodes, where they are coordinates."""
        if not self.by_node:
            return carry.coordinates(self)
        more = [name for shift in self.by_node for name in nodes.names(shift, len(self.nodes(shift)))]
        return nodes.variables({**{name: float(getattr(self, name)) for name in self.parameters}, TIME: 0.0}, more)

    def nodes(self, shift: str) -> tuple[float, ...]:
        """The nodes (years) of the curve that a parameter moves; none if it moves none."""
        return self.curves.nodes(shift)

    def split(self, shifts: Sequence[str]) -> TiltedCurves:
        """The same law, the nodes of some curves being coordinates."""
        return replace(self, by_node=tuple(shifts))

    def _accrued(
        self, shift: str, own: Sequence[float], curve: Sequence[float], tilt: Sequence[float], times: AnyArray
    ) -> Jet:
        """Minus the logarithm of a discount factor; some of what accrues before the first node has elapsed."""
        x, begun = self.coordinates(), np.asarray(times) > 0.0
        elapsed = x[TIME] * begun.astype(float)
        moved = accrued(own, tilt, times) - elapsed * tilt[0]
        found = accrued(own, curve, times) - elapsed * curve[0] + x[shift] * moved
        return found + nodes.by_node(found, shift, own, [1.0] * len(own), times) if shift in self.by_node else found

    def _rates(self, times: AnyArray) -> Jet:
        return self._accrued("rate", self.curves.times, self.curves.zero_rates, self.rate_tilt, times)

    def _yields(self, times: AnyArray) -> Jet:
        own = self.curves
        return self._accrued("dividend_yield", own.dividend_times, own.dividend_yields, self.yield_tilt, times)

    def _variance(self, times: AnyArray) -> Jet:
        """Total variance, some of what accrues before the first node having elapsed."""
        x, own, years = self.coordinates(), np.array(self.curves.volatilities), self.curves.volatility_times
        shift, tilt = x["volatility"], np.array(self.volatility_tilt)
        squares, leaning, slopes = (accrued(years, values, times) for values in (own * own, own * tilt, tilt * tilt))
        first = shift * float(tilt[0]) + float(own[0])
        begun = (np.asarray(times) > 0.0).astype(float)
        found = squares + 2.0 * shift * leaning + shift * shift * slopes - first * first * x[TIME] * begun
        if "volatility" not in self.by_node:
            return found
        scales = (2.0 * (own + self.volatility * tilt)).tolist()
        return found + nodes.by_node(found, "volatility", years, scales, times)

    def later(self, elapsed: float) -> TiltedCurves:
        """The law some years later (earlier if negative), its curves where they are in the calendar.

        Raises
        ------
        ValueError
            If `elapsed` is not before the first node and the first ex-date.
        """
        own, zero = self.curves, replace(self, rate=0.0, dividend_yield=0.0, volatility=0.0, dividends=())
        tilts = (self.rate_tilt, self.yield_tilt)
        rates, yields = (tuple(left(n, tilt, elapsed)) for n, tilt in zip(self._nodes[:2], tilts, strict=True))
        shifted = np.array(own.volatilities) + self.volatility * np.array(self.volatility_tilt)
        later = replace(own, volatilities=tuple(shifted)).later(elapsed)
        slopes = left(own.volatility_times, shifted * self.volatility_tilt, elapsed) / np.array(later.volatilities)
        return replace(
            zero,
            curves=replace(later, volatilities=tuple(np.array(later.volatilities) - self.volatility * slopes)),
            rate_tilt=rates,
            yield_tilt=yields,
            volatility_tilt=tuple(slopes),
            rate=self.rate,
            dividend_yield=self.dividend_yield,
            volatility=self.volatility,
            dividends=cash_dividends.later(self.dividends, elapsed),
        )

    def black_volatility(self, time: float) -> float:
        """Volatility to `time` (years, > 0), per square-root year."""
        return float(np.sqrt(self._variance(np.asarray(positive("time", time))).value / time))

    def discount(self, time: float) -> float:
        """Value today of one unit of currency at `time` (years)."""
        return float(self.discount_jet(np.asarray(finite("time", time))).value)

    _terms, _log_carry, _growing_jet = _CURVES._terms, _CURVES._log_carry, _CURVES._growing_jet
    discount_jet, vanilla_jets, average_jets = _CURVES.discount_jet, _CURVES.vanilla_jets, _CURVES.average_jets
    european_jet = _CURVES.european_jet
    forward_jet, forward = cash_dividends.forward_jet, cash_dividends.forward

    def simulate(self, times: Sequence[float] | AnyArray, stream: Stream) -> Paths:
        """Draw paths by exact transitions: ``spot`` of shape (n_times, n_paths), from one row of normals a date."""
        return dividend_steps.simulate(self, np.asarray(times, dtype=float), stream)

    def moves(self, paths: Paths) -> Moves:
        """How the log-spots moved from date to date, with all derivatives."""
        return dividend_steps.moves(self, paths)

    def bridge_dates(self, end: float) -> tuple[float, ...]:
        """Dates before `end` (years) between which a path with given ends is a Brownian bridge: the nodes."""
        return bridges.before(self, (t for own in self._nodes for t in own), end)

    bridge_jets = bridges.bridge_jets

    log_density, score, hessian = dividend_steps.log_density, by_moves.score, by_moves.hessian
