"""Merton's jump diffusion: a geometric Brownian motion with normal jumps of its logarithm, all its scores explicit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, final

import numpy as np
from scipy import special

from ..._checks import by_name, positive
from ..._quantities import (
    DIVIDEND_YIELD,
    RATE,
    SPOT,
    VOLATILITY,
    Parameter,
    check_domains,
    lognormal_volatility,
    names,
    rate_per_year,
)
from ..._typing import FloatArray
from ...numerics import jets
from ...numerics.jets import Jet
from ...parameters import TIME
from .. import by_moves, carry, lognormal
from ..curves import Curves
from ..gbm import GBM
from ..moves import LIKELIHOOD_RATIO
from . import paths as jumping
from .parameters import COUNTING, OF_JUMPS, check_jumps, mean_factor


@final
@by_name
@dataclass(frozen=True, slots=True, kw_only=True)
class Merton:
    r"""Spot price that diffuses and jumps, risk-neutral measure.

    .. math:: d\log S_t = (r - q - \tfrac12\sigma^2 - \lambda k)\,dt + \sigma\,dW_t + J\,dN_t, \qquad
              J \sim N(\mu, \delta^2), \quad k = e^{\mu + \delta^2/2} - 1

    Parameters
    ----------
    spot : float
        :math:`S_0 > 0`, in currency.
    volatility : float
        :math:`\sigma > 0` between jumps, per square-root year; 0.2 is twenty per cent.
    intensity : float
        :math:`\lambda`, jumps per year, > 0 and at most 1000.
    jump_mean, jump_volatility : float
        :math:`\mu` and :math:`\delta > 0`: mean and deviation of the jump of the log-spot; -0.1 is a fall of ten per
        cent.
    rate, dividend_yield : float
        :math:`r` and :math:`q`, continuously compounded, per year. On `curves` those to the first node: their Greeks
        are then of parallel shifts.
    curves : Curves, optional
        How zero rates and dividend yields of later dates differ from `rate` and `dividend_yield`.

    Raises
    ------
    ValueError
        If a parameter is not finite or outside its range.
    TypeError
        If a parameter is not a real number, or `curves` are none.

    Notes
    -----
    The numbers of jumps are drawn beneath the spots; given them every move of the log-spot is normal
    (`jumps.compound`), and what serves other laws given what is beneath serves here. There are no steps in time, nor a
    bias of one. Vega is in the volatility between jumps.

    References
    ----------
    .. [1] R. C. Merton, "Option pricing when underlying stock returns are discontinuous", *Journal of Financial
       Economics* 3 (1976), 125-144.

    Examples
    --------
    >>> import likelihood_greeks as lg
    >>> law = lg.Merton(spot=100.0, volatility=0.18, intensity=0.8, jump_mean=-0.12, jump_volatility=0.15, rate=0.03)
    >>> put = lg.Barrier(lg.Put(100.0, 1.0), 70.0, "down", "in", times=[0.25, 0.5, 0.75, 1.0])
    >>> found = lg.greeks(law, put, ["price", "intensity"], paths=20_000, seed=1)
    >>> bool(found["price"].value > 0.0)
    True
    """

    declared: ClassVar[tuple[Parameter, ...]] = (SPOT, VOLATILITY, *OF_JUMPS, RATE, DIVIDEND_YIELD)
    parameters: ClassVar[tuple[str, ...]] = names(declared)
    direct_parameters: ClassVar[tuple[str, ...]] = tuple(name for name in parameters if name != "intensity")

    spot: float
    volatility: float
    intensity: float
    jump_mean: float
    jump_volatility: float
    rate: float = 0.0
    dividend_yield: float = 0.0
    curves: Curves | None = None

    def __post_init__(self) -> None:
        check_domains(self)
        check_jumps(self)
        lognormal_volatility("volatility", self.volatility)
        for name in ("rate", "dividend_yield"):
            rate_per_year(name, getattr(self, name))

    @property
    def beneath(self) -> GBM:
        """The law without jumps, on a flat curve."""
        return GBM(spot=self.spot, volatility=self.volatility, rate=self.rate, dividend_yield=self.dividend_yield)

    def further_carry(self, times: FloatArray) -> FloatArray:
        """What accrues on the curves by some dates (years) beside the constant rate and yield; shape of `times`."""
        return self.curves.carry(times) if self.curves else np.zeros(np.shape(times))

    # -- the law -----------------------------------------------------------------------------------------------

    simulate, moves, log_density = jumping.simulate, jumping.moves, jumping.log_density
    score, hessian = by_moves.score, by_moves.hessian
    far_beneath, simulate_beneath = jumping.far_beneath, jumping.simulate_beneath
    log_ratios_beneath = jumping.log_ratios_beneath
    redrawn, log_ratio_beneath = jumping.redrawn, jumping.log_ratio_beneath

    def hand_over_rates(self, times: Sequence[float] | FloatArray) -> tuple[float, ...]:
        """Rates at which changes of the numbers of jumps are handed to the measure: at once, for a number is whole."""
        return (LIKELIHOOD_RATIO,)

    def work_beneath(self, times: Sequence[float] | FloatArray) -> float:
        """Work that a path costs beneath the spot, in that of a date of a geometric Brownian motion."""
        return COUNTING * len(times)

    def later(self, elapsed: float) -> Merton:
        """The law some years later (earlier if negative), its curves where they are in the calendar."""
        return replace(self, curves=self.curves.later(elapsed)) if self.curves else self

    # -- discounting, forward, Europeans -----------------------------------------------------------------------

    coordinates, discount_jet, forward_jet = carry.coordinates, carry.discount_jet, carry.forward_jet
    discount, forward = carry.discount, carry.forward

    def vanilla_jets(self, strike: float, time: float) -> tuple[Jet, Jet]:
        r"""Undiscounted expectations of 1{S > strike} and max(S - strike, 0) at one date, with their derivatives.

        Given n jumps the spot is lognormal, with mean :math:`F e^{n\log(1 + k) - \lambda k t}` and variance
        :math:`\sigma^2 t + n\delta^2` of its logarithm: a sum over n (Merton 1976, section 4), to the last digit.
        """
        x, end = self.coordinates(), positive("time", time)
        left = end - x[TIME]
        expected, deviation = x["intensity"] * left, x["jump_volatility"]
        drift = x["jump_mean"] + 0.5 * (deviation * deviation)
        number = self._numbers(end)
        chance = jets.exp(jets.log(expected) * number - expected - special.gammaln(number + 1.0))
        mean = self.forward_jet(np.asarray(end)) * jets.exp(drift * number - expected * jets.expm1(drift))
        spread = jets.sqrt(x["volatility"] * x["volatility"] * left + deviation * deviation * number)
        digital, call = lognormal.vanilla_jets(mean, spread, strike)
        return (chance * digital).sum(), (chance * call).sum()

    def _numbers(self, time: float) -> FloatArray:
        """Numbers of jumps by a date outside of which lies a chance of less than 1e-20, weighed by the spot or not."""
        expected = self.intensity * time
        low, high = (expected * size for size in sorted((1.0, mean_factor(self))))
        first, last = low - 10.0 * np.sqrt(low), high + 10.0 * np.sqrt(high) + 30.0
        return np.arange(max(np.floor(first), 0.0), np.ceil(last) + 1.0)
