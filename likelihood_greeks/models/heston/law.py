"""The Heston model: a law of variances, integrated variances and spots whose joint density is explicit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, final

import numpy as np
import pandas as pd

from ..._checks import by_name, dates, positive, refuse
from ..._quantities import Parameter, rate_per_year
from ..._quantities import names as names_of
from ..._typing import FloatArray
from ...numerics.jets import Jet
from ...parameters import Derivative
from ...streams.chunks import Stream
from .. import by_moves, carry
from ..curves import Curves
from ..moves import LIKELIHOOD_RATIO, Moves
from ..protocol import Paths
from . import calibration as heston_calibration
from . import strips, tilts
from .calibration import HestonCalibration
from .integrated_variance import IntegratedVariance
from .parameters import DECLARED, DIRECT, check_parameters, volatility_greeks
from .quotes import Rates
from .spot import ConditionalSpot
from .terminal import HestonTerminal, carried_vanillas
from .tilts import Tilt
from .variance import SquareRoot
from .variance_path import VariancePath, layout

STEP_WORK = 20.0  # of drawing and weighing a sub-step of the variance, measured
SHARE = 0.35  # see `Heston.substeps`
MOST_STEPS = 5000  # of a path: beyond, memory and time are those of a mistake
MEASURED_BIAS = 0.002
"""Bound on the bias of a Greek, in parts of its scale, at the steps of `Heston.substeps` with nothing scaled."""


@final
@by_name
@dataclass(frozen=True, slots=True, kw_only=True)
class Heston:
    r"""Spot price with a square-root variance, risk-neutral measure.

    .. math::
        d\log S = (r - q - \tfrac12 v)\,dt + \sqrt{v}\,(\rho\,dW + \sqrt{1 - \rho^2}\,dB), \qquad
        dv = \kappa(\theta - v)\,dt + \xi\sqrt{v}\,dW

    Parameters
    ----------
    spot : float
        :math:`S_0 > 0`, in currency.
    initial_variance : float
        :math:`v_0 > 0`, per year; 0.04 is a volatility of twenty per cent.
    mean_reversion : float
        :math:`\kappa > 0`, per year.
    long_run_variance : float
        :math:`\theta > 0`, per year.
    vol_of_vol : float
        :math:`\xi > 0`, at least :math:`10^{-4}\sqrt{2\kappa\theta}`. The Feller condition
        :math:`2\kappa\theta \ge \xi^2` may be violated.
    correlation : float
        :math:`\rho`, strictly between -1 and 1.
    rate, dividend_yield : float
        :math:`r` and :math:`q`, continuously compounded, per year. On `curves` those to the first node: their Greeks
        are then of parallel shifts.
    bias_tolerance : float
        Relative bias that the law may give a Greek, at most 0.1: see `substeps`.
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
    Each step of the law has three layers, whose densities are explicit: the variance (`heston.variance`, exact), the
    integrated variance given both its ends (`integrated_variance`: inverse Gaussian, with the exact mean and variance),
    and the log-spot given both (`heston.spot`: Gaussian, exact; over whole intervals between observation dates).
    The density is *joint*: a weight made from the step of the spot alone is biased when the correlation is not zero.
    The integrated variance is the only approximation; the forward is exact to about 1e-6.

    Draws: one normal an observation date, then the variances and integrated variances from the stream's generator.
    An antithetic pair shares its variance path and has opposite normals.

    Vega is in the initial volatility: :math:`\partial V/\partial\sqrt{v_0}`; likewise vanna and volga.

    References
    ----------
    .. [1] S. L. Heston, "A closed-form solution for options with stochastic volatility with applications to bond and
       currency options", *Review of Financial Studies* 6 (1993), 327-343.

    Examples
    --------
    >>> import likelihood_greeks as lg
    >>> heston = lg.Heston(spot=100.0, initial_variance=0.04, mean_reversion=1.5, long_run_variance=0.05,
    ...                    vol_of_vol=0.5, correlation=-0.7)
    >>> result = lg.greeks(heston, lg.Call(100.0, maturity=1.0), ["initial_variance"], closed_form=True)
    >>> round(result["price"].value, 4), round(result["initial_variance"].value, 2)
    (7.5317, 46.77)
    """

    declared: ClassVar[tuple[Parameter, ...]] = DECLARED
    parameters: ClassVar[tuple[str, ...]] = names_of(DECLARED)

    direct_parameters: ClassVar[tuple[str, ...]] = DIRECT

    spot: float
    initial_variance: float
    mean_reversion: float
    long_run_variance: float
    vol_of_vol: float
    correlation: float
    rate: float = 0.0
    dividend_yield: float = 0.0
    bias_tolerance: float = MEASURED_BIAS
    curves: Curves | None = None

    def __post_init__(self) -> None:
        check_parameters(self)
        for name in ("rate", "dividend_yield"):
            rate_per_year(name, getattr(self, name))
        positive("bias_tolerance", self.bias_tolerance)
        if not self.bias_tolerance <= 0.1:
            refuse("bias_tolerance", "be at most 0.1", self.bias_tolerance)

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
    ) -> HestonCalibration[Heston]:
        """The model whose implied volatilities are nearest to those of a surface, in least squares.

        Parameters
        ----------
        surface : pandas.DataFrame
            Black–Scholes implied volatilities per square-root year. Shape (n_strikes, n_maturities): index strikes
            (currency), columns maturities (years), both increasing; NaN where there is no quote. Or a long table, a
            row a quote in any order, with columns ``maturity``, ``strike`` and ``volatility`` and, if it is to have
            them, ``forward`` (currency), ``discount_factor`` and ``weight``; other columns are not read.
        rates, dividend_yield : float, mapping or pandas.Series, optional
            Continuously compounded, per year: one for all maturities, or by maturity. Every maturity is fitted on its
            own forward. Left out where the long table has discount factors, or forwards; else no yield is zero.
        spot : float
            Currency, > 0.
        weights : pandas.DataFrame, optional
            Of the squared errors, >= 0, with the index and columns of `surface`; default 1.
        fixed : mapping of str to float, optional
            Variance parameters that are given and not fitted, such as ``{"mean_reversion": 2.0}``.

        Returns
        -------
        HestonCalibration
            With ``model``, ``errors`` by strike and maturity, and ``plot()``: see `heston.calibration`.

        Raises
        ------
        ValueError
            If there are fewer quotes than parameters, a volatility is not in (0, 5], strikes or maturities do not
            increase, a quote is listed twice, or a rate, forward, weight or fixed parameter is missing, given twice or
            out of range.
        TypeError
            If an argument is of the wrong type.
        ArithmeticError
            If the Fourier integral of a quote settles at no starting point; the quotes are named. Elsewhere in the
            search a point at which one does not settle is passed over.

        Notes
        -----
        Errors are of volatilities, each with its weight, not of prices: a far quote counts as much as one at the
        money, so quotes whose price does not tell their volatility in double precision (Black's vega under 1e-8 of
        the forward) are left out and counted. The starting points are compared on at most fifteen strikes of eight
        maturities, and the best is refined on all quotes.
        """
        return heston_calibration.calibrate(
            cls, surface, rates, spot=spot, dividend_yield=dividend_yield, weights=weights, fixed=fixed
        )

    def named_greeks(self) -> Mapping[str, Mapping[Derivative, float]]:
        """Greeks in the initial volatility: vega, vanna and volga."""
        return volatility_greeks(self.initial_variance)

    # -- the law -----------------------------------------------------------------------------------------------

    @property
    def _variance(self) -> SquareRoot:
        return SquareRoot(self.mean_reversion, self.long_run_variance, self.vol_of_vol)

    def substeps(self, times: Sequence[float] | FloatArray) -> tuple[int, ...]:
        r"""Steps that the variance takes over each interval between observation dates.

        They are at most

        .. math:: \min\Bigl\{\frac{1}{2\kappa},\;
                  0.35\,\min(1, d)^{1/4}\,\frac{\sqrt{\bar v\,T}}{\xi}\Bigr\}, \qquad
                  d = \frac{4\kappa\theta}{\xi^2},

        years long, where :math:`\bar v` is the mean of the expected variance up to the last date T. Given the
        variances at the steps, the integrated variance has a deviation of about :math:`\xi\Delta\sqrt{\bar v T/12}`;
        the second bound holds that to a share of its mean, :math:`\bar v T`.

        With nothing scaled, the bias of nine parameter sets (with Feller's condition and far from it) at maturities
        from 0.1 to 10 years, computed without Monte Carlo (``benchmarks/heston_bias.csv``), is at most 0.165 % of the
        scale of any Greek of calls and any first-order Greek of digitals; only second-order Greeks of digitals, and
        only where Feller's condition is badly violated, have up to 1.5 %. It falls with about the third power of the
        step, by which other tolerances scale the step.

        Raises
        ------
        ValueError
            If that is more than 5,000 steps up to the last date, beside the dates.
        """
        grid = np.asarray(dates("times", times))
        kappa, theta, xi, end = self.mean_reversion, self.long_run_variance, self.vol_of_vol, grid[-1]
        mean = self._mean_variance(end)
        share = SHARE * min(1.0, 4.0 * kappa * theta / xi**2) ** 0.25
        bounds = {"mean_reversion": 0.5 / kappa, "vol_of_vol": share * np.sqrt(mean * end) / xi}
        longest = min(bounds.values()) * np.cbrt(self.bias_tolerance / MEASURED_BIAS)
        if not (needed := end / longest) <= MOST_STEPS:
            name = min(bounds, key=bounds.__getitem__)
            why = f"need {MOST_STEPS:,} steps a path over {end:.3g} years at most (it needs {needed:.3g})"
            refuse(name, why, getattr(self, name))
        return tuple(int(n) for n in np.maximum(np.ceil(np.diff(grid, prepend=0.0) / longest - 1e-9), 1.0))

    def simulate(self, times: Sequence[float] | FloatArray, stream: Stream) -> Paths:
        """Draw paths.

        Parameters
        ----------
        times : sequence of float, shape (n_times,)
            Year fractions, increasing, > 0.
        stream : Stream
            Gives ``brownian(times)`` and a generator.

        Returns
        -------
        Paths
            ``spot`` of shape (n_times, n_paths), and at the end of every sub-step the ``variance``, the ``log_gamma``
            that is in it and, over the sub-step, the ``integrated_variance``, each of shape (n_substeps, n_paths). The
            number of sub-steps stays with the paths: no parameter moves it afterwards.
        """
        return self._simulated(times, stream)

    def _simulated(self, times: Sequence[float] | FloatArray, stream: Stream, tilt: Tilt | None = None) -> Paths:
        grid = np.asarray(dates("times", times))
        counts = self.substeps(grid)
        steps, own = layout(grid, counts)[0], self._variance
        normals, generator = stream.brownian(grid, np.cumsum(steps), own.ranks), stream.generator
        lifts = None if tilt is None else tilt.lifts
        path, log_gamma = own.draw(self.initial_variance, steps, stream.n_samples, generator, lifts)
        clock = IntegratedVariance.given(own.transitions(path, steps, log_gamma))
        beneath = VariancePath.drawn(self, grid, counts, path, clock, clock.draw(generator), log_gamma)
        beneath = beneath.repeated(stream.n_paths // stream.n_samples)
        log_spot = ConditionalSpot(self, beneath).paths(normals)
        latent = {
            "log_spot": log_spot, "variance": beneath.variance, "integrated_variance": beneath.integral,
            "log_gamma": beneath.log_gamma,
        }  # fmt: skip
        return Paths(grid, np.exp(log_spot), latent, counts, beneath)

    # -- what is beneath, from where it seldom is ---------------------------------------------------------------

    def far_beneath(self, times: Sequence[float] | FloatArray, ends: Sequence[float] | FloatArray) -> list[Tilt]:
        """Ways to draw high variances up to each of some dates (years): see `tilts`."""
        steps = layout(np.asarray(times), self.substeps(times))[0]
        return tilts.risen(self._variance, self.initial_variance, steps, ends)

    def simulate_beneath(self, times: Sequence[float] | FloatArray, stream: Stream, way: Tilt) -> Paths:
        """As `simulate`, with variances drawn in such a way."""
        return self._simulated(times, stream, way)

    def log_ratios_beneath(self, paths: Paths, ways: Sequence[Tilt]) -> FloatArray:
        """Log-densities of what is beneath drawn in some ways over that under the law, shape (n_ways, n_paths)."""
        beneath = self._beneath(paths)
        return tilts.log_ratios(self._variance, beneath.steps, beneath.path, ways)

    def _mean_variance(self, end: float) -> float:
        """The mean of the expected variance up to a date (years)."""
        kappa, theta = self.mean_reversion, self.long_run_variance
        return float(theta - (self.initial_variance - theta) * np.expm1(-kappa * end) / (kappa * end))

    def _beneath(self, paths: Paths) -> VariancePath:
        """What was drawn beneath the spot."""
        latent, counts = paths.latent, paths.substeps or (1,) * len(paths.times)
        if missing := {"log_spot", "variance", "integrated_variance", "log_gamma"} - set(latent):
            raise ValueError(f"paths must be drawn by Heston.simulate: their latent lacks {', '.join(sorted(missing))}")
        rows = latent["variance"], latent["integrated_variance"], latent["log_gamma"]
        return VariancePath(self, paths.times, counts, *rows).knowing(paths.memo)

    def terminal(self, time: float) -> HestonTerminal:
        """The exact law of the spot at `time` (years) alone, for European payoffs: no steps and no bias of them."""
        own = {name: getattr(self, name) for name in self.parameters}
        return HestonTerminal(**own, maturity=time, curves=self.curves)

    def later(self, elapsed: float) -> Heston:
        """The law some years later (earlier if negative), its curves where they are in the calendar."""
        return replace(self, curves=self.curves.later(elapsed)) if self.curves else self

    def log_density(self, paths: Paths) -> FloatArray:
        """Joint log-density of all that was drawn: variances, integrated variances and spots; shape (n_paths,)."""
        spot = ConditionalSpot(self, self._beneath(paths)).log_density(paths.latent["log_spot"])
        return self.log_density_beneath(paths) + spot

    def log_density_beneath(self, paths: Paths) -> FloatArray:
        """That of the variances and integrated variances alone, shape (n_paths,)."""
        return self._beneath(paths).log_density()

    # -- other laws on the same draws ---------------------------------------------------------------------------

    def redrawn(self, paths: Paths, law: Heston) -> Paths:
        """Paths that `law` drew, with the variances kept and the spots as this law makes them of the same normals.

        The dates of the first interval may have come nearer since.
        """
        drawn = ConditionalSpot(law, law._beneath(paths).drawn_at(paths.memo))
        moves = drawn.moves(paths.latent["log_spot"])
        log_spot = ConditionalSpot(self, self._beneath(paths)).paths(moves.noise / np.sqrt(moves.variance))
        return replace(paths, spot=np.exp(log_spot), latent={**paths.latent, "log_spot": log_spot})

    def log_ratio_beneath(self, paths: Paths, law: Heston) -> FloatArray:
        """Log-density of the variances and integrated variances less that under `law`, shape (n_paths,)."""
        drawn = law._beneath(paths)
        return self._beneath(paths).log_ratio(drawn.drawn_at(paths.memo))

    # -- its derivatives ---------------------------------------------------------------------------------------

    def moves(self, paths: Paths) -> Moves:
        """How the log-spots moved from date to date, with all derivatives, the variance's share among them."""
        return ConditionalSpot(self, self._beneath(paths)).moves(paths.latent["log_spot"])

    def hand_over_rates(self, times: Sequence[float] | FloatArray) -> tuple[float, ...]:
        """Rates, per year, at which changes of the variance are worth handing to the measure; the best guess first.

        See `variance_path`. The flow alone where there is one date; else a rate in between, since the flow of a
        variance that can touch zero is wild, and the likelihood ratio pays for every short step.
        """
        if len(times) == 1:
            return (0.0, LIKELIHOOD_RATIO)
        touches_zero = 2.0 * self.mean_reversion * self.long_run_variance < self.vol_of_vol**2
        return (8.0 if touches_zero else 4.0, 0.0, LIKELIHOOD_RATIO)

    def work_beneath(self, times: Sequence[float] | FloatArray) -> float:
        """Work that a path costs beneath the spot, in that of a date of a geometric Brownian motion."""
        return STEP_WORK * sum(self.substeps(times))

    # Second derivatives with the spot, rate, dividend yield or correlation are exact; of two other coordinates the part
    # of variances and integrated variances is a five-point difference of their exact score on the sample.
    score, hessian = by_moves.score, by_moves.hessian

    # -- discounting and forward -------------------------------------------------------------------------------

    coordinates, discount_jet, forward_jet = carry.coordinates, carry.discount_jet, carry.forward_jet
    discount, forward = carry.discount, carry.forward

    def vanilla_jets(self, strike: float, time: float) -> tuple[Jet, Jet]:
        """Undiscounted expectations of 1{S > strike} and max(S - strike, 0) at one date, with their derivatives.

        By Fourier inversion of the exact law: see `heston.fourier`.
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
