"""Local volatility: the volatility is a function of time and spot, and the law is its log-Euler chain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, final

import numpy as np
import pandas as pd

from ..._checks import by_name, dates, finite, refuse
from ..._quantities import DIVIDEND_YIELD, RATE, SPOT, VOLATILITY_SHIFT, Parameter, names
from ..._typing import AnyArray, FloatArray
from ...numerics.jets import Jet
from ...streams.chunks import Stream
from .. import by_moves, carry, cash_dividends
from ..cash_dividends import Dividends
from ..curves import Curves
from ..heston.quotes import Quotes, Rates
from ..memo import Memo
from ..moves import Moves
from ..protocol import Paths
from . import chain as chains
from . import fit as fits
from .chain import Steps
from .checks import STEPS_A_YEAR, check
from .falls import Falls
from .fit import LocalVolatilityFit
from .grid import LocalVolatilityGrid
from .stepping import StepByStep
from .surfaces import VolatilityFunction
from .walk import STATE, VOLATILITY, Walked, state_of

FIELDS = {VOLATILITY: "volatility_shift"}
"""Fields that hold parameters under other names."""


@final
@by_name
@dataclass(frozen=True, slots=True, kw_only=True)
class LocalVolatility(StepByStep):
    r"""Spot price with a volatility that depends on time and spot, risk-neutral measure: a log-Euler chain.

    .. math::
        \log S_i = \log S_{i-1} + \bigl(r - q - \tfrac12 \sigma_i^2\bigr)\Delta_i + \sigma_i\sqrt{\Delta_i}\,Z_i,
        \qquad \sigma_i = \sigma(t_{i-1}, S_{i-1}) + x

    Parameters
    ----------
    spot : float
        :math:`S_0 > 0`, in currency.
    volatility : callable or LocalVolatilityGrid
        :math:`\sigma(t, S) > 0`, per square-root year, of a time (years, a number) and spots (currency, an array);
        continuous in the spot. A grid is compiled.
    steps : int or sequence of float
        Steps a year, at least, which are equal between two dates of a payoff; or the ends of all steps in years,
        increasing, > 0: then the law *is* that chain. Dates of a payoff are always among the steps. Default: 252 a
        year.
    rate, dividend_yield : float
        :math:`r` and :math:`q`, continuously compounded, per year. On `curves` those to the first node: their Greeks
        are then of parallel shifts.
    slope : callable, optional
        :math:`\partial\sigma/\partial S`, with the arguments of `volatility`. Default: central differences of fourth
        order in the logarithm of the spot.
    volatility_shift : float
        x, the parameter ``"volatility"``: vega is the derivative in it. Of a volatility from quotes (`from_implied`) it
        shifts all these instead, and the volatility follows in proportion, as the fit does to first order.
    curves : Curves, optional
        How zero rates and dividend yields of later dates differ from `rate` and `dividend_yield`.
    elapsed : float
        Years gone by since the date that the times of `volatility` and `steps` are counted from.
    fit : LocalVolatilityFit, optional
        How the volatility meets the quotes that it was made from.
    bias_tolerance : float, optional
        Instead of `steps`: how far any first or second derivative of the chain may be from that of the continuous law,
        in parts of its scale, from 0.0001 to 0.1; there are then 1.6 over it steps a year (800 at 0.002), as measured
        to be enough for smooth surfaces.
    dividends : sequence of (float, float), optional
        Cash dividends beside the yield: ex-dates in years, > 0 and increasing, and amounts in currency. The spot opens
        lower by the amount, by nine tenths of itself at most, and is seen so on an ex-date. The amounts have no Greeks.
    smile_spot : float, optional
        The spot at which the volatility is as given where it goes along with the spot of today (sticky moneyness):
        it is then read at :math:`S_t` times this over :math:`S_0`, and Greeks in the spot are along that. Default: the
        volatility stays where it is as the spot moves.

    Raises
    ------
    ValueError
        If a parameter is out of range, the volatility at the spot is not positive or above 5, `slope` is not its slope,
        or one of them raises, or gives a spot another number when asked again or among other spots.
    TypeError
        If a parameter is not a real number, or `volatility` not callable with a time and spots, or no real numbers come
        out of it.

    Notes
    -----
    The chain's forwards are exact, and its density is the product of those of its steps: estimates are unbiased for the
    chain, which is itself within O(:math:`\Delta`) of the continuous law (measured in the guide). All
    steps are scored, seen or not. As time elapses the surface and the steps stay where they are in the calendar: theta
    shortens the first step, which keeps the volatility of its start. Given the normals a path moves as its steps depend
    on their state: changes are handed from the path to the measure at a rate (`models.travel`), with no skeletons and
    no levels held.

    References
    ----------
    .. [1] B. Dupire, "Pricing with a smile", *Risk* 7 (1994), 18-20 (the model).
    .. [2] P. Glasserman, *Monte Carlo Methods in Financial Engineering*, Springer, 2003, section 6.1 (Euler's scheme),
       7.3 (scores).

    Examples
    --------
    >>> import likelihood_greeks as lg
    >>> model = lg.LocalVolatility(spot=100.0, volatility=lambda t, s: 0.2 * (s / 100.0) ** -0.5, rate=0.03, steps=52)
    >>> barrier = lg.Barrier(lg.Call(100.0, 1.0), 120.0, "up", "out", lg.schedule(1.0, 52))
    >>> result = lg.greeks(model, barrier, ["vega"], paths=20_000, seed=1)
    >>> result["vega"].standard_error < 1.0
    True
    """

    declared: ClassVar[tuple[Parameter, ...]] = (SPOT, VOLATILITY_SHIFT, RATE, DIVIDEND_YIELD)
    parameters: ClassVar[tuple[str, ...]] = names(declared)

    spot: float
    volatility: VolatilityFunction | LocalVolatilityGrid
    steps: Steps = STEPS_A_YEAR
    rate: float = 0.0
    dividend_yield: float = 0.0
    slope: VolatilityFunction | None = None
    volatility_shift: float = 0.0
    curves: Curves | None = None
    elapsed: float = 0.0
    fit: LocalVolatilityFit | None = field(default=None, repr=False)
    bias_tolerance: float | None = None
    smile_spot: float = 0.0
    dividends: Dividends = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "steps", chains.checked(self.steps))
        object.__setattr__(self, "dividends", cash_dividends.checked(self.dividends))
        for each in self.declared:
            each.domain(each.name, getattr(self, FIELDS.get(each.name, each.name)))
        check(self)

    @classmethod
    def from_implied(
        cls,
        surface: pd.DataFrame,
        rates: Rates | None = None,
        *,
        spot: float,
        dividend_yield: Rates | None = None,
        weights: pd.DataFrame | None = None,
        steps: int | Sequence[float] | None = None,
    ) -> LocalVolatility:
        """The local volatility whose calls are nearest to implied volatilities, expiry by expiry.

        Parameters
        ----------
        surface : pandas.DataFrame
            Black–Scholes implied volatilities per square-root year, as `Heston.calibrate` takes them: strikes
            (currency) by maturities (years), NaN where there is no quote; or a long table, a row a quote, with columns
            ``maturity``, ``strike``, ``volatility`` and, if it is to have them, ``forward``, ``discount_factor`` and
            ``weight``.
        rates, dividend_yield : float, mapping or pandas.Series, optional
            Zero rates and dividend yields to the maturities, continuously compounded, per year: one for all, or by
            maturity. A long table with discount factors and forwards needs none.
        spot : float
            Currency, > 0.
        weights : pandas.DataFrame, optional
            Of the quotes, shape of `surface`; default 1.
        steps : int or sequence of float, optional
            Of the law. Default: 252 a year, and at least 24 from one maturity to the next.

        Returns
        -------
        LocalVolatility
            On the curves of the quotes, with a `LocalVolatilityGrid`; ``fit`` says how it meets every quote, and which
            were left out as no local volatility meets them.

        Raises
        ------
        ValueError
            If a volatility, strike, maturity or rate is out of range, or a maturity has no quote that a price tells.
        TypeError
            If `surface` or `weights` is no DataFrame.

        Notes
        -----
        Local volatilities do not depend on time between two maturities, and end the law at the last of them. As the
        spot moves they stay where they are. What is fitted is the continuous law; the chain of the default steps
        reprices the quotes of a smooth surface within a tenth, of a rough one within three tenths of a volatility
        point (`docs/guide/local-volatility`).

        Examples
        --------
        >>> import likelihood_greeks as lg
        >>> import pandas as pd
        >>> quotes = pd.DataFrame([[0.25, 0.24], [0.21, 0.21], [0.19, 0.19]], [90.0, 100.0, 110.0], [0.5, 1.0])
        >>> model = lg.LocalVolatility.from_implied(quotes, 0.02, spot=100.0)
        >>> bool(model.fit.rms_error < 1e-3)
        True
        """
        quotes = Quotes.of(surface, rates, spot, dividend_yield, weights)
        grid, fit = fits.fitted(quotes)
        first = float(quotes.rates[0]), float(quotes.dividend_yields[0])
        curves = Curves(
            times=tuple(quotes.maturities.tolist()),
            zero_rates=tuple(quotes.rates.tolist()),
            dividend_yields=tuple(quotes.dividend_yields.tolist()),
        )
        return cls(
            spot=quotes.spot, volatility=grid, rate=first[0], dividend_yield=first[1], curves=curves, fit=fit,
            steps=fits.steps(quotes.maturities) if steps is None else chains.checked(steps),
        )  # fmt: skip

    def value_of(self, name: str) -> float:
        """The value of a parameter; of ``"volatility"`` the shift."""
        return float(getattr(self, FIELDS.get(name, name)))

    def as_fields(self, values: Mapping[str, float]) -> dict[str, Any]:
        """Values of parameters as the fields that hold them."""
        return {FIELDS.get(name, name): value for name, value in values.items()}

    def later(self, elapsed: float) -> LocalVolatility:
        """The law some years later (earlier if negative), its surface, steps and curves where they are in the calendar.

        Raises
        ------
        ValueError
            If `elapsed` is not before the first node of the curves, or the first ex-date.
        """
        curves, dividends = self.curves.later(elapsed) if self.curves else None, self.dividends
        dividends = cash_dividends.later(dividends, elapsed) if dividends else ()
        return replace(self, elapsed=self.elapsed + finite("elapsed", elapsed), curves=curves, dividends=dividends)

    # -- the law -----------------------------------------------------------------------------------------------

    def simulate(self, times: Sequence[float] | FloatArray, stream: Stream) -> Paths:
        """Draw paths step by step.

        Parameters
        ----------
        times : sequence of float, shape (n_times,)
            Year fractions, increasing, > 0.
        stream : Stream
            Gives ``brownian(times)``, one row a step.

        Returns
        -------
        Paths
            ``spot`` of shape (n_times, n_paths); the states after all steps are in ``latent``.
        """
        grid = np.asarray(dates("times", times))
        known = self.chain(grid)
        found = self.dynamics(known).walked(stream.brownian(known.times))
        spot = np.exp(found.state[known.seen])
        return Paths(grid, spot, {STATE: found.state}, memo=_Memo(self, spot, grid, found))

    def moves(self, paths: Paths) -> Moves:
        """How the log-spots moved over the steps, with all derivatives, and how that depends on where they started."""
        known, memo = self.chain(paths.times), paths.memo
        if isinstance(memo, _Memo) and memo.holds(self, paths):
            found = memo.walked
        else:
            found = self.dynamics(known).along(state_of(known, paths))
        moves = self.moves_of(known, found)
        moves.remember_weights(found.weights)
        return moves

    def log_density(self, paths: Paths) -> FloatArray:
        """Log-density of the spots after all steps, shape (n_paths,); of paths with other steps minus infinity."""
        known, state = self.chain(paths.times), paths.latent.get(STATE)
        if state is not None and len(state) != len(known.times):
            return np.full(paths.n_paths, -np.inf)
        return by_moves.log_density(self, paths, Falls.among(self.dividends, known).ends(state_of(known, paths)))

    score, hessian = by_moves.score, by_moves.hessian

    # -- discounting and forward -------------------------------------------------------------------------------

    discount_jet, discount = carry.discount_jet, carry.discount

    def forward_jet(self, times: AnyArray) -> Jet | None:
        """Forward prices and their derivatives; None from the first ex-date on."""
        return carry.forward_jet(self, times) if np.max(times) < self.first_ex_date else None

    def forward(self, time: float) -> float:
        """Risk-neutral expectation of the spot at `time` (years), refused from the first ex-date on."""
        if not finite("time", time) < self.first_ex_date:
            refuse("time", "be before the first ex-date for a forward", time)
        return carry.forward(self, time)


@final
@dataclass(frozen=True, slots=True, eq=False)
class _Memo(Memo):
    """What a law drew."""

    walked: Walked
