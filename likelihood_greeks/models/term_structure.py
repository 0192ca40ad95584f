"""Geometric Brownian motion on curves: rates, dividend yields and volatilities that depend on time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import ClassVar, final

import numpy as np

from .._checks import dates, finite, positive, refuse
from .._typing import AnyArray, FloatArray
from ..numerics import jets
from ..numerics.jets import Jet
from ..parameters import TIME, Derivative
from ..streams.chunks import Stream
from . import carry, lognormal
from .lognormal import Terms
from .moves import LIKELIHOOD_RATIO, Moves
from .protocol import Paths


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class TermStructureGBM:
    r"""Spot price under Black--Scholes dynamics with deterministic curves, risk-neutral measure.

    .. math:: d\log S_t = (r_t - q_t - \tfrac12 \sigma_t^2)\,dt + \sigma_t\,dW_t

    The curves are given at nodes; their parameters are parallel shifts, so that a Greek is the sensitivity to a shift
    of the whole curve.

    Parameters
    ----------
    spot : float
        :math:`S_0 > 0`, in currency.
    times : sequence of float, shape (n_nodes,)
        Nodes in years, increasing, > 0. Nothing is known beyond the last.
    zero_rates, dividend_yields : sequence of float, shape (n_nodes,)
        To each node, continuously compounded, per year: discount factors are :math:`e^{-z_i t_i}`.
    volatilities : sequence of float, shape (n_nodes,)
        Black's, to each node, > 0, per square-root year: total variances are :math:`\sigma_i^2 t_i`, and must increase.
    rate, dividend_yield, volatility : float
        Parallel shifts of the curves above, added to every zero rate, yield or Black volatility.

    Raises
    ------
    ValueError
        If a number is out of range, the lengths differ, or total variance does not increase from node to node.
    TypeError
        If a number is not real.

    Notes
    -----
    Between nodes total variance and the logarithms of discount factors are linear: forward rates, forward yields and
    forward variances are constant there. As time elapses the curves stay where they are in the calendar, so that
    theta is that of the Black--Scholes equation, with the rates and the volatility of the first interval.

    References
    ----------
    .. [1] P. Glasserman, *Monte Carlo Methods in Financial Engineering*, Springer, 2003, section 3.1.1 (drift and
       volatility that vary with time).

    Examples
    --------
    >>> import likelihood_greeks as lg
    >>> model = lg.TermStructureGBM(
    ...     spot=100.0, times=[0.5, 1.0], zero_rates=[0.01, 0.02], dividend_yields=[0.0, 0.0], volatilities=[0.3, 0.25]
    ... )
    >>> round(model.discount(1.0), 6), round(model.forward(0.75), 6)
    (0.980199, 101.257845)
    """

    parameters: ClassVar[tuple[str, ...]] = ("spot", "volatility", "rate", "dividend_yield")

    spot: float
    times: tuple[float, ...]
    zero_rates: tuple[float, ...]
    dividend_yields: tuple[float, ...]
    volatilities: tuple[float, ...]
    rate: float = 0.0
    dividend_yield: float = 0.0
    volatility: float = 0.0

    def __post_init__(self) -> None:
        positive("spot", self.spot)
        object.__setattr__(self, "times", dates("times", self.times))
        for name in ("zero_rates", "dividend_yields", "volatilities"):
            check = positive if name == "volatilities" else finite
            values = tuple(check(f"{name}[{i}]", value) for i, value in enumerate(getattr(self, name)))
            if len(values) != len(self.times):
                refuse(name, f"hold one number for each of the {len(self.times)} times", values)
            object.__setattr__(self, name, values)
        for name in self.parameters[1:]:
            finite(name, getattr(self, name))
        shifted = np.array(self.volatilities) + self.volatility
        if not (np.all(shifted > 0.0) and np.all(np.diff(shifted**2 * self.times, prepend=0.0) > 0.0)):
            refuse("volatilities", "be positive and make total variance increase from node to node", shifted.tolist())

    # -- the curves --------------------------------------------------------------------------------------------

    def coordinates(self) -> dict[str, Jet]:
        """The parameters and elapsed time as jets, for closed forms."""
        return carry.coordinates(self)

    def _total(self, at_nodes: AnyArray, times: AnyArray) -> AnyArray:
        """What is linear between time 0, where it is zero, and the nodes."""
        if not np.all(times <= self.times[-1] * (1.0 + 1e-12)):
            refuse("times", f"lie on the curves, which end at {self.times[-1]:g} years", float(np.max(times)))
        return np.interp(times, (0.0, *self.times), (0.0, *at_nodes))

    def _accrued(self, shift: str, curve: Sequence[float], times: AnyArray) -> Jet:
        """Minus the logarithm of a discount factor; some of what accrues before the first node has elapsed."""
        x, begun = self.coordinates(), np.asarray(times) > 0.0
        elapsed = x[TIME] * begun.astype(float)
        return self._total(np.multiply(curve, self.times), times) - elapsed * curve[0] + x[shift] * (times - elapsed)

    def _variance(self, times: AnyArray) -> Jet:
        """Total variance, some of what accrues before the first node having elapsed."""
        x, begun = self.coordinates(), np.asarray(times) > 0.0
        shift, first = x["volatility"], self.volatilities[0] + x["volatility"]
        unshifted = self._total(np.square(self.volatilities) * self.times, times)
        moved = unshifted + 2.0 * shift * np.sqrt(unshifted * times) + shift * shift * times
        return moved - first * first * x[TIME] * begun.astype(float)

    def _terms(self, grid: FloatArray) -> Terms:
        return _terms(self, tuple(grid.tolist()))

    def _log_carry(self, times: AnyArray) -> Jet:
        """Logarithm of the forward over the spot."""
        rates = self._accrued("rate", self.zero_rates, times)
        return rates - self._accrued("dividend_yield", self.dividend_yields, times)

    def later(self, elapsed: float) -> TermStructureGBM:
        """The law some years later (earlier if negative), its curves where they are in the calendar.

        Raises
        ------
        ValueError
            If `elapsed` is not before the first node.
        """
        if not finite("elapsed", elapsed) < self.times[0]:
            refuse("elapsed", f"be before the first node, {self.times[0]:g} years", elapsed)
        times, shifted = np.array(self.times), np.array(self.volatilities) + self.volatility

        def left(means: AnyArray) -> AnyArray:
            return (means * times - means[0] * elapsed) / (times - elapsed)

        return replace(
            self,
            times=tuple(times - elapsed),
            zero_rates=tuple(left(np.array(self.zero_rates))),
            dividend_yields=tuple(left(np.array(self.dividend_yields))),
            volatilities=tuple(np.sqrt(left(shifted**2)) - self.volatility),
        )

    def discount_jet(self, times: AnyArray) -> Jet:
        """Discount factors and their derivatives."""
        return jets.exp(-self._accrued("rate", self.zero_rates, np.asarray(times)))

    def forward_jet(self, times: AnyArray) -> Jet:
        """Forward prices and their derivatives."""
        return self.coordinates()["spot"] * jets.exp(self._log_carry(np.asarray(times)))

    def vanilla_jets(self, strike: float, time: float) -> tuple[Jet, Jet]:
        """Undiscounted expectations of 1{S > strike} and max(S - strike, 0) at one date, with their derivatives."""
        when = np.asarray(positive("time", time))
        return lognormal.vanilla_jets(self.forward_jet(when), jets.sqrt(self._variance(when)), strike)

    def average_jets(self, level: float, times: Sequence[float] | FloatArray) -> tuple[Jet, Jet]:
        """Expectations of 1{G > level} and A 1{G > level}, G and A the geometric and arithmetic averages at `times`."""
        grid = np.asarray(dates("times", times))
        return lognormal.average_jets(self.forward_jet(grid[:, None]), self._terms(grid), level)

    def discount(self, time: float) -> float:
        """Value today of one unit of currency at `time` (years)."""
        return float(self.discount_jet(np.asarray(finite("time", time))).value)

    def forward(self, time: float) -> float:
        """Risk-neutral expectation of the spot at `time` (years)."""
        return float(self.forward_jet(np.asarray(finite("time", time))).value)

    # -- the law -----------------------------------------------------------------------------------------------

    def simulate(self, times: Sequence[float] | FloatArray, stream: Stream) -> Paths:
        """Draw paths by exact transitions: ``spot`` of shape (n_times, n_paths), from one row of normals a date."""
        grid = np.asarray(dates("times", times))
        return lognormal.drawn(self, grid, self._terms(grid), stream.brownian(grid))

    def moves(self, paths: Paths) -> Moves:
        """How the log-spots moved from date to date, with all derivatives."""
        return lognormal.moves(self, self._terms(paths.times), paths)

    def hand_over_rates(self, times: Sequence[float] | FloatArray) -> tuple[float, ...]:
        """One will do: nothing is drawn beneath the spot."""
        return (LIKELIHOOD_RATIO,)

    def work_beneath(self, times: Sequence[float] | FloatArray) -> float:
        """None."""
        return 0.0

    def log_density(self, paths: Paths) -> FloatArray:
        """Log-density of the spots at ``paths.times`` (not of their logarithms), shape (n_paths,)."""
        return lognormal.log_density(self.moves(paths), paths)

    def score(self, paths: Paths, names: Sequence[str] | None = None) -> FloatArray:
        """Derivative of `log_density` in each of `names`, paths held fixed; shape (n_names, n_paths).

        `names` are parameters (the default: all) or ``"time"``, which shortens the first interval.
        """
        return self.moves(paths).scores(carry.known(self, self.parameters if names is None else names))

    def hessian(self, paths: Paths, pairs: Sequence[Derivative]) -> FloatArray:
        """Second derivatives of `log_density`, shape (n_pairs, n_paths)."""
        return self.moves(paths).hessian([carry.known(self, pair) for pair in pairs])


@lru_cache(maxsize=64)
def _terms(law: TermStructureGBM, times: tuple[float, ...]) -> Terms:
    ends = np.array(times)[:, None]  # the same on every chunk
    starts = np.concatenate([[[0.0]], ends[:-1]])
    variance = law._variance(ends) - law._variance(starts)
    carried = law._log_carry(ends) - law._log_carry(starts)
    spot = np.eye(len(ends), 1) * jets.log(law.coordinates()["spot"])
    return Terms(carried - 0.5 * variance + spot, variance)
