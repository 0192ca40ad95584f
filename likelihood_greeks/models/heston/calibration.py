r"""Heston's five variance parameters from implied volatilities, by least squares with exact derivatives.

.. math:: \min_{v_0, \kappa, \theta, \xi, \rho}\; \sum_{K,\,T} w_{KT}\,
          \bigl(\sigma_{\text{model}}(K, T) - \sigma_{\text{market}}(K, T)\bigr)^2

in the logarithms of the positive parameters, by a trust-region method from several starting points read off the surface
(`search`). Residuals are exact implied volatilities, derivatives those of the Fourier integral (`smile`). Every
maturity is priced on its own forward.

References
----------
.. [1] Y. Cui, S. del Bano Rollin and G. Germano, "Full and fast calibration of the Heston stochastic volatility model",
   *European Journal of Operational Research* 263 (2017), 625-638 (least squares with the analytic gradient).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar, final

import numpy as np
import pandas as pd

from ..._checks import one_of, positive, refuse
from ..._later import picture
from ..._typing import FloatArray
from .parameters import VARIANCE, motion
from .quotes import Quotes, Rates
from .search import best, scaled, starts
from .smile import implied_volatilities, volatilities_at_any_strike

if TYPE_CHECKING:
    from matplotlib.figure import Figure

M = TypeVar("M")

NEAR = 1e-3  # of a bound, relative to its interval


@final
@dataclass(frozen=True, slots=True, eq=False)
class HestonCalibration(Generic[M]):
    """A Heston model fitted to implied volatilities, and how well it fits.

    Parameters
    ----------
    model : Heston
        The fitted model. A model has one rate: this one has the rate and dividend yield of the longest maturity. Take
        ``dataclasses.replace(model, rate=...)`` for others; the variance parameters do not depend on it.
    market : pandas.DataFrame, shape (n_strikes, n_maturities)
        Implied volatilities fitted to, per square-root year; NaN where there is none.
    errors : pandas.DataFrame, shape (n_strikes, n_maturities)
        Model less market, per square-root year (0.01 is one volatility point); NaN where there is no quote, or it is
        too far from the forward for a price in double precision to tell it (about seven standard deviations).
    forwards : pandas.Series, shape (n_maturities,)
        Currency, by maturity.
    fixed : mapping of str to float
        Parameters that were not fitted.
    converged : bool
        Whether the best fit met a tolerance.
    message : str
        What the optimiser said of it.

    Examples
    --------
    >>> import pandas as pd
    >>> import likelihood_greeks as lg
    >>> quotes = pd.DataFrame([[0.25, 0.24], [0.21, 0.21], [0.19, 0.19]], [90.0, 100.0, 110.0], [0.5, 1.0])
    >>> fit = lg.Heston.calibrate(quotes, 0.02, spot=100.0, fixed={"mean_reversion": 2.0})
    >>> fit.converged, bool(fit.rms_error < 0.01)
    (True, True)
    """

    model: M
    market: pd.DataFrame
    errors: pd.DataFrame
    forwards: pd.Series
    fixed: Mapping[str, float]
    converged: bool
    message: str

    @property
    def parameters(self) -> dict[str, float]:
        """The parameters of the variance, and of the jumps if there are any."""
        return {name: float(getattr(self.model, name)) for name in self._names}

    @property
    def _names(self) -> tuple[str, ...]:
        model: Any = self.model
        return motion(model.parameters)

    @property
    def quotes(self) -> int:
        """How many quotes have an error."""
        return int(self.errors.count().sum())

    @property
    def left_out(self) -> int:
        """How many quotes are too far from the forward to have one."""
        return int(self.market.count().sum()) - self.quotes

    @property
    def rms_error(self) -> float:
        """Root mean square of `errors`, without weights."""
        return float(np.sqrt(np.nanmean(self.errors.to_numpy() ** 2)))

    @property
    def max_error(self) -> float:
        """Largest modulus in `errors`."""
        return float(np.nanmax(np.abs(self.errors.to_numpy())))

    @property
    def worst(self) -> tuple[float, float]:
        """Strike (currency) and maturity (years) of `max_error`."""
        i, j = divmod(int(np.nanargmax(np.abs(self.errors.to_numpy()))), self.errors.shape[1])
        return float(self.errors.index[i]), float(self.errors.columns[j])

    @property
    def feller(self) -> float:
        r""":math:`2\kappa\theta/\xi^2`: below 1 the variance reaches zero."""
        x = self.parameters
        return 2.0 * x["mean_reversion"] * x["long_run_variance"] / x["vol_of_vol"] ** 2

    @property
    def at_bounds(self) -> tuple[str, ...]:
        """Fitted parameters that lie at a bound of the search: the quotes do not tell them."""
        return tuple(
            name
            for name, value in self.parameters.items()
            if name not in self.fixed and min(abs(scaled(name, value) - b) for b in (0.0, 1.0)) < NEAR
        )

    def smile(self, strikes: Sequence[float] | FloatArray) -> pd.DataFrame:
        """The model's implied volatilities at the quoted maturities.

        Parameters
        ----------
        strikes : sequence of float, shape (n,)
            Currency, > 0.

        Returns
        -------
        pandas.DataFrame, shape (n, n_maturities)
            Per square-root year, however far the strike; NaN where the price is below 1e-300 forwards, or the Fourier
            integral does not settle.
        """
        rows = [positive(f"strikes[{i}]", strike) for i, strike in enumerate(strikes)]
        log_moneyness = np.log(np.array(rows)[:, None] / self.forwards.to_numpy())
        maturities = np.asarray(self.market.columns, dtype=float)
        found = volatilities_at_any_strike(self.parameters, log_moneyness, maturities)
        return pd.DataFrame(found, pd.Index(rows, name="strike"), self.market.columns)

    def plot(self) -> Figure:
        """Market and model smiles, a panel a maturity; write it with ``figure.savefig``."""
        quoted = self.market.dropna(how="all")
        line = self.smile(np.linspace(quoted.index[0], quoted.index[-1], 61))
        drawn: Figure = picture("smiles").draw(self.market, line, self.errors)
        return drawn

    def __str__(self) -> str:
        values = ", ".join(f"{name} {value:.4g}" for name, value in self.parameters.items())
        strike, maturity = self.worst
        doubts = [] if self.converged else [f"not converged: {self.message}"]
        doubts += [f"quotes left out, too far from the forward: {self.left_out}"] if self.left_out else []
        doubts += [f"at the bounds of the search: {', '.join(self.at_bounds)}"] if self.at_bounds else []
        error = f"{100 * self.rms_error:.2f} volatility points r.m.s. over {self.quotes} quotes"
        worst = f"at most {100 * self.max_error:.2f} (strike {strike:g}, {maturity:.3g} years)"
        named = f"{type(self.model).__name__}: {values}"
        return "; ".join([named, f"error {error}, {worst}", f"Feller ratio {self.feller:.2f}", *doubts])


@np.errstate(under="ignore")  # what underflows is zero, whatever the caller has set
def calibrate(
    make: Callable[..., M],
    surface: pd.DataFrame,
    rates: Rates | None,
    *,
    spot: float,
    dividend_yield: Rates | None,
    weights: pd.DataFrame | None,
    fixed: Mapping[str, float] | None,
    names: Sequence[str] = VARIANCE,
) -> HestonCalibration[M]:
    """What `Heston.calibrate` does; `make` is the class of the model, which has parameters of these names."""
    quotes = Quotes.of(surface, rates, spot, dividend_yield, weights)
    if not isinstance(fixed, (Mapping, type(None))):
        raise TypeError(f"fixed must map parameters to values, got {fixed!r}")
    held = {one_of("fixed", name, tuple(names)): value for name, value in (fixed or {}).items()}
    free = tuple(name for name in names if name not in held)
    carry = {"rate": float(quotes.rates[-1]), "dividend_yield": float(quotes.dividend_yields[-1])}
    if not free:
        refuse("fixed", "leave at least one parameter to fit", held)
    if not quotes.used >= len(free):
        refuse("surface", f"hold at least {len(free)} quotes with a weight, one a parameter to fit", quotes.used)
    make(
        spot=quotes.spot, **(dict(next(starts(quotes, {}, names))) | held), **carry
    )  # refuses what is fixed out of range

    values, found = best(quotes, held, free)
    fitted = np.full(quotes.log_moneyness.shape, np.nan)
    maturities = np.broadcast_to(quotes.maturities, fitted.shape)
    fitted[quotes.told] = implied_volatilities(values, quotes.log_moneyness[quotes.told], maturities[quotes.told])[0]
    market = quotes.volatilities.rename_axis(index="strike", columns="maturity")
    forwards = pd.Series(quotes.forwards, market.columns, name="forward")
    model = make(spot=quotes.spot, **values, **carry)
    errors = pd.DataFrame(fitted, market.index, market.columns) - market
    return HestonCalibration(model, market, errors, forwards, held, bool(found.status > 0), found.message)
