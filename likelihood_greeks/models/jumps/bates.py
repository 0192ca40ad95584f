"""Bates' model: Heston's, with normal jumps of the log-spot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, final

import numpy as np
import pandas as pd

from ..._checks import by_name
from ..._quantities import Parameter, names
from ..._typing import FloatArray
from ...numerics.jets import Jet
from ...parameters import Derivative
from .. import by_moves, carry
from ..curves import Curves
from ..heston import calibration, strips
from ..heston.calibration import HestonCalibration
from ..heston.law import MEASURED_BIAS, Heston
from ..heston.parameters import DECLARED, DIRECT, motion, volatility_greeks
from ..heston.quotes import Rates
from ..heston.terminal import carried_vanillas
from . import paths as jumping
from .parameters import COUNTING, OF_JUMPS, check_jumps


@final
@by_name
@dataclass(frozen=True, slots=True, kw_only=True)
class Bates:
    r"""Spot price with a square-root variance and jumps, risk-neutral measure.

    .. math::
        d\log S = (r - q - \lambda k - \tfrac12 v)\,dt + \sqrt{v}\,(\rho\,dW + \sqrt{1 - \rho^2}\,dB) + J\,dN, \qquad
        dv = \kappa(\theta - v)\,dt + \xi\sqrt{v}\,dW

    with :math:`J \sim N(\mu, \delta^2)`, :math:`k = e^{\mu + \delta^2/2} - 1`, and N a Poisson process of intensity
    :math:`\lambda`, independent of all else.

    Parameters
    ----------
    spot, initial_variance, mean_reversion, long_run_variance, vol_of_vol, correlation : float
        As for `Heston`.
    intensity : float
        :math:`\lambda`, jumps per year, > 0 and at most 1000.
    jump_mean, jump_volatility : float
        :math:`\mu` and :math:`\delta > 0`: mean and deviation of the jump of the log-spot; -0.1 is a fall of ten per
        cent.
    rate, dividend_yield : float
        As for `Heston`.
    bias_tolerance : float
        As for `Heston`.
    curves : Curves, optional
        As for `Heston`.

    Raises
    ------
    ValueError
        If a parameter is not finite or outside its range.
    TypeError
        If a parameter is not a real number, or `curves` are none.

    Notes
    -----
    Variances, integrated variances and numbers of jumps are drawn beneath the spots; given these every move of the
    log-spot is normal. Second derivatives in two parameters of the variance are likelihood ratios.

    References
    ----------
    .. [1] D. S. Bates, "Jumps and stochastic volatility: exchange rate processes implicit in Deutsche Mark options",
       *Review of Financial Studies* 9 (1996), 69-107.

    Examples
    --------
    >>> import likelihood_greeks as lg
    >>> law = lg.Bates(
    ...     spot=100.0, initial_variance=0.04, mean_reversion=1.5, long_run_variance=0.05, vol_of_vol=0.5,
    ...     correlation=-0.7, intensity=0.5, jump_mean=-0.1, jump_volatility=0.12, rate=0.02,
    ... )
    >>> call = lg.Barrier(lg.Call(100.0, 1.0), 80.0, "down", "out", times=[0.25, 0.5, 0.75, 1.0])
    >>> found = lg.greeks(law, call, ["delta", "intensity"], paths=8192, seed=1)
    >>> bool(0.5 < found["delta"].value < 0.9)
    True
    """

    declared: ClassVar[tuple[Parameter, ...]] = (*DECLARED, *OF_JUMPS)
    parameters: ClassVar[tuple[str, ...]] = names(declared)
    direct_parameters: ClassVar[tuple[str, ...]] = (*DIRECT, "jump_mean", "jump_volatility")

    spot: float
    initial_variance: float
    mean_reversion: float
    long_run_variance: float
    vol_of_vol: float
    correlation: float
    intensity: float
    jump_mean: float
    jump_volatility: float
    rate: float = 0.0
    dividend_yield: float = 0.0
    bias_tolerance: float = MEASURED_BIAS
    curves: Curves | None = None

    def __post_init__(self) -> None:
        for each in OF_JUMPS:
            each.domain(each.name, getattr(self, each.name))
        check_jumps(self)
        self.beneath  # noqa: B018 (refuses what Heston's model refuses)

    @classmethod
    def calibrate(
        cls,
        surface: pd.DataFrame,
        rates: Rates | None = None,
        *,
        spot: float,
        dividend_yield: Rates | None = None,
        weights: pd.DataFrame | None = None,
        fixed: Mapping[str, float] | None = None,
    ) -> HestonCalibration[Bates]:
        """The model whose implied volatilities are nearest to those of a surface, in least squares.

        As `Heston.calibrate`, with three parameters more; `fixed` may hold these as well. A surface without short
        maturities hardly tells jumps from a variance that moves: see ``at_bounds``.

        Raises
        ------
        ValueError, TypeError, ArithmeticError
            As `Heston.calibrate`.
        """
        return calibration.calibrate(
            cls, surface, rates, spot=spot, dividend_yield=dividend_yield, weights=weights, fixed=fixed,
            names=motion(cls.parameters),
        )  # fmt: skip

    @property
    def beneath(self) -> Heston:
        """The law without jumps, on the same curves."""
        own = {name: getattr(self, name) for name in Heston.parameters}
        return Heston(**own, bias_tolerance=self.bias_tolerance, curves=self.curves)

    def further_carry(self, times: FloatArray) -> FloatArray:
        """Nothing accrues that the law beneath does not know; shape of `times`."""
        return np.zeros(np.shape(times))

    def named_greeks(self) -> Mapping[str, Mapping[Derivative, float]]:
        """Greeks in the initial volatility: vega, vanna and volga."""
        return volatility_greeks(self.initial_variance)

    # -- the law -----------------------------------------------------------------------------------------------

    simulate, moves = jumping.simulate, jumping.moves
    score, hessian = by_moves.score, by_moves.hessian
    far_beneath, simulate_beneath = jumping.far_beneath, jumping.simulate_beneath
    log_ratios_beneath = jumping.log_ratios_beneath
    redrawn, log_ratio_beneath, log_density = jumping.redrawn, jumping.log_ratio_beneath, jumping.log_density

    def hand_over_rates(self, times: Sequence[float] | FloatArray) -> tuple[float, ...]:
        """Rates, per year, at which changes of the variance are worth handing over, as of `Heston`."""
        return self.beneath.hand_over_rates(times)

    def work_beneath(self, times: Sequence[float] | FloatArray) -> float:
        """Work that a path costs beneath the spot, in that of a date of a geometric Brownian motion."""
        return self.beneath.work_beneath(times) + COUNTING * len(times)

    def later(self, elapsed: float) -> Bates:
        """The law some years later (earlier if negative), its curves where they are in the calendar."""
        return replace(self, curves=self.curves.later(elapsed)) if self.curves else self

    # -- discounting, forward, Europeans -----------------------------------------------------------------------

    coordinates, discount_jet, forward_jet = carry.coordinates, carry.discount_jet, carry.forward_jet
    discount, forward = carry.discount, carry.forward

    def vanilla_jets(self, strike: float, time: float) -> tuple[Jet, Jet]:
        """Undiscounted expectations of 1{S > strike} and max(S - strike, 0) at one date, with their derivatives.

        By Fourier inversion: see `heston.fourier`.
        """
        return carried_vanillas(self, strike, time)

    def european_jets(
        self,
        triggers: FloatArray,
        below: tuple[FloatArray, FloatArray],
        above: tuple[FloatArray, FloatArray],
        times: FloatArray,
        names: Sequence[str],
    ) -> Jet:
        """Undiscounted values of many options of two straight pieces, with their derivatives in some parameters.

        NaN where a Fourier integral does not settle: see `heston.strips`.
        """
        return strips.european_jets(self, triggers, (below, above), times, names)
