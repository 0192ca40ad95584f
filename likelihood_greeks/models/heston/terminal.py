"""The spot at one date under Heston's model: its exact law, with no time steps and all its derivatives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, final

import numpy as np
from scipy import special

from ..._checks import dates, positive, refuse
from ..._quantities import Parameter, names
from ..._typing import AnyArray, FloatArray
from ...numerics import jets
from ...numerics.jets import Jet
from ...parameters import TIME, Derivative
from ...streams.chunks import Stream
from .. import carry
from ..curves import Curves
from ..protocol import Paths
from . import fourier as heston_fourier
from . import terminal_table as heston_table
from .parameters import DECLARED, VARIANCE, check_parameters, volatility_greeks
from .terminal_table import FIRST, SECOND, Table

SAME_DATE = 1e-12  # relative difference of dates that is rounding


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class HestonTerminal:
    r"""Spot price at one date under Heston's model, risk-neutral measure.

    It is what European payoffs depend on. Its weights are the scores of the marginal density of the spot, so their
    variance is the least that a likelihood ratio can have, and there is no step in time, nor any bias of one.

    Parameters
    ----------
    spot, initial_variance, mean_reversion, long_run_variance, vol_of_vol, correlation, rate, dividend_yield : float
        As for `Heston`.
    maturity : float
        The date, in years, > 0.
    curves : Curves, optional
        As for `Heston`.

    Raises
    ------
    ValueError
        If a parameter is not finite or outside its range.
    TypeError
        If a parameter is not a real number.

    Notes
    -----
    With F the forward and :math:`X = \log(S/F)`, the density of the spot is :math:`p_X(\log(S/F))/S`, where
    :math:`p_X` is tabulated with its derivatives in x, in the parameters of the variance and in the maturity, by
    Fourier integrals through the saddle: see `terminal_table`. Spot, rate and dividend yield come in by F alone. The
    table is made at first use (a tenth of a second) and shared by all laws with the same variance and maturity.

    Values between nodes have relative errors below about 1e-8. The table ends where less than 1e-17 of the probability
    is left on either side; there the log-density and its derivatives go on linearly in the log-spot.

    Draws: one normal a path, carried monotonically into the log-spot with the same probability of being exceeded. So
    antithetic pairs are pairs of opposite quantiles, and normals given by the caller will do.

    References
    ----------
    .. [1] S. L. Heston, "A closed-form solution for options with stochastic volatility with applications to bond and
       currency options", *Review of Financial Studies* 6 (1993), 327-343.
    .. [2] F. Fang and C. W. Oosterlee, "A novel pricing method for European options based on Fourier-cosine series
       expansions", *SIAM Journal on Scientific Computing* 31 (2008), 826-848 (the density from the characteristic
       function; here on a contour, which needs far fewer points where that function decays slowly).
    .. [3] S. Boyarchenko and S. Levendorskii, "Sinh-acceleration: efficient evaluation of probability distributions,
       option pricing, and Monte Carlo simulations", *International Journal of Theoretical and Applied Finance* 22
       (2019).
    """

    declared: ClassVar[tuple[Parameter, ...]] = DECLARED
    parameters: ClassVar[tuple[str, ...]] = names(DECLARED)

    spot: float
    initial_variance: float
    mean_reversion: float
    long_run_variance: float
    vol_of_vol: float
    correlation: float
    rate: float = 0.0
    dividend_yield: float = 0.0
    maturity: float
    curves: Curves | None = None

    def __post_init__(self) -> None:
        check_parameters(self)
        positive("maturity", self.maturity)

    def named_greeks(self) -> Mapping[str, Mapping[Derivative, float]]:
        """Greeks in the initial volatility, as for `Heston`."""
        return volatility_greeks(self.initial_variance)

    # -- the law -----------------------------------------------------------------------------------------------

    @property
    def _table(self) -> Table:
        variance = (getattr(self, name) for name in VARIANCE)
        return heston_table.table(tuple(float(value) for value in (*variance, self.maturity)))

    @property
    def _log_forward(self) -> float:
        flat = float(np.log(self.spot)) + (self.rate - self.dividend_yield) * self.maturity
        return flat + float(np.log(carry.forward_factor(self, np.asarray(self.maturity))))

    def simulate(self, times: Sequence[float] | FloatArray, stream: Stream) -> Paths:
        """Draw spots.

        Parameters
        ----------
        times : sequence of float, shape (1,)
            The law's date, in years.
        stream : Stream
            Gives ``normals(1)``.

        Returns
        -------
        Paths
            ``spot`` of shape (1, n_paths).
        """
        grid = self._own(np.asarray(dates("times", times)))
        log_spot = self._log_forward + self._table.from_scores(stream.normals(1)[0])[None]
        return Paths(grid, np.exp(log_spot), {"log_spot": log_spot})

    def _own(self, times: FloatArray) -> FloatArray:
        """`times`, refused unless they are the law's one date."""
        if np.shape(times) != (1,) or not abs(times[0] - self.maturity) <= SAME_DATE * self.maturity:
            refuse("times", f"be the one date of this law, ({self.maturity!r},)", tuple(np.asarray(times).tolist()))
        return times

    def _log_spot(self, paths: Paths) -> FloatArray:
        """Logarithms of the spots, shape (n_paths,)."""
        self._own(paths.times)
        return paths.log_spot(0)

    def log_density(self, paths: Paths) -> FloatArray:
        """Log-density of the spots (not of their logarithms), shape (n_paths,)."""
        return self._log_density(self._log_spot(paths))

    def _log_density(self, log_spot: FloatArray) -> FloatArray:
        table = self._table
        return np.asarray(table.at(log_spot - self._log_forward, table.first)[0] - log_spot)

    def density(self, spot: AnyArray) -> FloatArray:
        """Density of the spot, per unit of currency; shape of `spot`, which must be positive."""
        values = _positive_array("spot", spot)
        return np.exp(self._log_density(np.log(values.ravel()))).reshape(values.shape)

    def distribution(self, spot: AnyArray) -> FloatArray:
        """Probability that the spot is at most `spot`, which must be positive; shape of `spot`."""
        values = _positive_array("spot", spot)
        return np.asarray(special.ndtr(self._table.scores_of(np.log(values) - self._log_forward)))

    def quantile(self, probability: AnyArray) -> FloatArray:
        """The spot (currency) that `distribution` maps to `probability`, strictly between 0 and 1; shape of that."""
        values = np.asarray(probability, dtype=float)
        if not np.all((values > 0.0) & (values < 1.0)):
            refuse("probability", "be strictly between 0 and 1", probability)
        return np.exp(self._log_forward + self._table.from_scores(special.ndtri(values)))

    # -- its derivatives ---------------------------------------------------------------------------------------

    def score(self, paths: Paths, names: Sequence[str] | None = None) -> FloatArray:
        """Derivative of `log_density` in each of `names`, spots held fixed; shape (n_names, n_paths).

        `names` are parameters (the default: all) or ``"time"``, by which the date comes nearer.
        """
        columns = self._columns(self.parameters if names is None else tuple(names))
        table = self._table
        first = table.at(self._log_spot(paths) - self._log_forward, table.first)[1:]
        return np.asarray(self._motion()[0][:, columns].T @ first)

    def hessian(self, paths: Paths, pairs: Sequence[Derivative]) -> FloatArray:
        """Second derivatives of `log_density`, shape (n_pairs, n_paths)."""
        columns = [self._columns(tuple(pair)) for pair in pairs]
        table, x = self._table, self._log_spot(paths) - self._log_forward
        jacobian, curvature = self._motion()
        first, second = table.at(x, table.first)[1:], table.at(x, table.second)
        rows = []
        for a, b in columns:
            outer = np.outer(jacobian[:, a], jacobian[:, b])
            kept = (outer + outer.T - np.diag(np.diag(outer)))[FIRST, SECOND]  # either order of a pair
            rows.append(kept @ second + curvature[:, a, b] @ first)
        return np.stack(rows)

    def _motion(self) -> tuple[FloatArray, FloatArray]:
        """First and second derivatives of the table's coordinates in the law's, spot fixed: (7, 9) and (7, 9, 9)."""
        x = self.coordinates()
        left = self.maturity - x[TIME]
        position = -jets.log(x["spot"]) - (x["rate"] - x["dividend_yield"]) * left  # of log S - log F
        inner = [position, *(x[name] for name in VARIANCE), left]
        return np.stack([jet.gradient for jet in inner]), np.stack([jet.hessian for jet in inner])

    def _columns(self, names: tuple[str, ...]) -> list[int]:
        return [(*self.parameters, TIME).index(name) for name in carry.known(self, names)]

    # -- discounting and forward -------------------------------------------------------------------------------

    coordinates, discount_jet, forward_jet = carry.coordinates, carry.discount_jet, carry.forward_jet
    discount, forward = carry.discount, carry.forward

    def vanilla_jets(self, strike: float, time: float) -> tuple[Jet, Jet]:
        """Undiscounted expectations of 1{S > strike} and max(S - strike, 0) at the law's date; see `fourier`."""
        self._own(np.asarray([time]))
        return carried_vanillas(self, strike, time)


def carried_vanillas(law: Any, strike: float, time: float) -> tuple[Jet, Jet]:
    """`fourier.vanilla_jets` under a Heston law with its curves, which multiply the spot by a number."""
    factor = float(carry.forward_factor(law, np.asarray(time)))
    digital, call = heston_fourier.vanilla_jets(law.coordinates(), strike / factor, time)
    return digital, call * factor


def _positive_array(name: str, value: AnyArray) -> FloatArray:
    """An array of floats, refused unless all are positive and finite."""
    values = np.asarray(value, dtype=float)
    if not np.all((values > 0.0) & np.isfinite(values)):
        refuse(name, "be positive and finite", value)
    return values
