"""Geometric Brownian motion: exact lognormal transitions, and the scores of all its parameters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, final

import numpy as np
from scipy import special

from .._checks import by_name, dates, positive, refuse
from .._quantities import (
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
from .._remembered import remembered
from .._typing import FloatArray
from ..numerics import jets
from ..numerics.jets import Jet
from ..parameters import TIME
from ..streams.chunks import Stream
from . import black, bridges, by_moves, carry, cash_dividends, dividend_steps, lognormal
from .cash_dividends import Dividends
from .lognormal import Terms
from .moves import Moves
from .protocol import Paths


@final
@by_name
@dataclass(frozen=True, slots=True, kw_only=True)
class GBM:
    r"""Spot price under Black–Scholes dynamics, risk-neutral measure.

    .. math:: d\log S_t = (r - q - \tfrac12 \sigma^2)\,dt + \sigma\,dW_t

    Parameters
    ----------
    spot : float
        :math:`S_0 > 0`, in currency.
    volatility : float
        :math:`\sigma > 0`, per square-root year; 0.2 is twenty per cent.
    rate, dividend_yield : float
        :math:`r` and :math:`q`, continuously compounded, per year.
    dividends : sequence of (float, float), optional
        Cash dividends beside the yield: ex-dates in years, > 0 and increasing, and amounts in currency. The spot is
        lognormal between them and opens lower by the amount, :math:`S^+ = \max(S^- - D, 0)`: so it is seen on an
        ex-date. The amounts are the parameters ``"dividend[0]"``, ``"dividend[1]"``, and so on.

    Raises
    ------
    ValueError
        If `spot` is not positive, `volatility` not between 1e-10 and 5, a rate not between -1 and 1, or `dividends` are
        not as above.
    TypeError
        If a parameter is not a real number.

    Notes
    -----
    With :math:`\nu = r - q - \sigma^2/2` and :math:`z_i = (\log S_i/S_{i-1} - \nu\Delta_i)/(\sigma\sqrt{\Delta_i})`,

    .. math:: \log p = -\sum_i \bigl[\tfrac12 z_i^2 + \log(\sigma\sqrt{2\pi\Delta_i}\, S_i)\bigr],

    so every score is a polynomial in the :math:`z_i`, differentiated with the path held fixed: see `moves`.

    References
    ----------
    .. [1] P. Glasserman, *Monte Carlo Methods in Financial Engineering*, Springer, 2003, section 7.3 (scores:
       example 7.3.1 to 7.3.3).

    Examples
    --------
    >>> import likelihood_greeks as lg
    >>> model = lg.GBM(spot=100.0, volatility=0.2, rate=0.03)
    >>> result = lg.greeks(model, lg.Call(100.0, maturity=1.0), ["delta"], closed_form=True)
    >>> round(result["delta"].value, 4), result["delta"].standard_error
    (0.5987, 0.0)
    """

    of_motion: ClassVar[tuple[Parameter, ...]] = (SPOT, VOLATILITY, RATE, DIVIDEND_YIELD)
    direct_parameters: ClassVar[tuple[str, ...]] = names(of_motion)

    spot: float
    volatility: float
    rate: float = 0.0
    dividend_yield: float = 0.0
    dividends: Dividends = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "dividends", cash_dividends.checked(self.dividends))
        check_domains(self)
        lognormal_volatility("volatility", self.volatility)
        for name in ("rate", "dividend_yield"):
            rate_per_year(name, getattr(self, name))

    declared, parameters = property(cash_dividends.declared), property(cash_dividends.parameters)
    first_ex_date, as_fields = property(cash_dividends.first_ex_date), cash_dividends.as_fields
    if not TYPE_CHECKING:
        __getattr__ = cash_dividends.amount

    def later(self, elapsed: float) -> GBM:
        """The law some years later (earlier if negative), with its ex-dates where they are in the calendar.

        Raises
        ------
        ValueError
            If `elapsed` is not before the first ex-date.
        """
        return replace(self, dividends=cash_dividends.later(self.dividends, elapsed)) if self.dividends else self

    # -- the law -----------------------------------------------------------------------------------------------

    @property
    def variance_nodes(self) -> tuple[float, ...]:
        """Dates between which the volatility is constant: at all times."""
        return ()

    @property
    def _drift(self) -> float:
        return self.rate - self.dividend_yield - 0.5 * self.volatility**2

    def simulate(self, times: Sequence[float] | FloatArray, stream: Stream) -> Paths:
        """Draw paths by exact transitions.

        Parameters
        ----------
        times : sequence of float, shape (n_times,)
            Year fractions, increasing, > 0.
        stream : Stream
            Gives ``brownian(times)``, one row a date.

        Returns
        -------
        Paths
            ``spot`` of shape (n_times, n_paths).
        """
        grid = np.asarray(dates("times", times))
        return dividend_steps.simulate(self, grid, stream)

    def _terms(self, grid: FloatArray) -> Terms:
        return _terms(replace(self, dividends=()) if self.dividends else self, tuple(grid.tolist()))

    def moves(self, paths: Paths) -> Moves:
        """How the log-spots moved from date to date, with all derivatives."""
        return dividend_steps.moves(self, paths)

    log_density, score, hessian = dividend_steps.log_density, by_moves.score, by_moves.hessian

    def bridge_dates(self, end: float) -> tuple[float, ...]:
        """Dates before `end` (years) between which a path with given ends is a Brownian bridge: none."""
        return bridges.before(self, (), end)

    bridge_jets = bridges.bridge_jets

    def log_densities(self, laws: Sequence[GBM], paths: Paths) -> FloatArray:
        r"""`log_density` of the same paths under each of `laws`, shape (n_laws, n_paths).

        The laws are an exponential family: with :math:`x_i` the moves of the log-spot, all that matters of a path is
        :math:`\log S_1`, :math:`\log S_T` and :math:`\sum_{i>1} x_i^2/\Delta_i`, whatever the number of dates.
        """
        if dividend_steps.are_paid(self, paths):
            return np.stack([law.log_density(paths) for law in laws])
        log_spot = np.log(paths.spot)
        steps, end, moves = paths.steps, paths.times[-1], np.diff(log_spot, axis=0)
        later = np.einsum("i,ij,ij->j", 1.0 / steps[1:], moves, moves)
        rest = log_spot.sum(axis=0) + 0.5 * np.log(2.0 * np.pi * steps).sum()
        found = np.empty((len(laws), len(rest)))
        for row, law in zip(found, laws, strict=True):
            start, drift = np.log(law.spot), law._drift
            square = (log_spot[0] - start) ** 2 / steps[0] + later - 2.0 * drift * (log_spot[-1] - start)
            row[:] = -0.5 * (square + drift**2 * end) / law.volatility**2 - rest - len(steps) * np.log(law.volatility)
        return found

    def terminal_log_density(self, spot: FloatArray, time: float) -> FloatArray:
        """Log-density of the spot at one date, before dividends, whatever was drawn before it; shape of `spot`."""
        cash_dividends.need_lognormal(self, "a density", time)
        values = np.asarray(spot, dtype=float)
        grid = np.asarray(dates("time", [time]))
        return self.log_density(Paths(grid, values.reshape(1, -1))).reshape(values.shape)

    # -- discounting and forward -------------------------------------------------------------------------------

    coordinates, discount_jet, discount = carry.coordinates, carry.discount_jet, carry.discount
    forward_jet, forward, _growing_jet = cash_dividends.forward_jet, cash_dividends.forward, carry.forward_jet

    def vanilla_jets(self, strike: float, time: float) -> tuple[Jet, Jet]:
        """Undiscounted expectations of 1{S > strike} and max(S - strike, 0) at one date, with their derivatives."""
        cash_dividends.need_lognormal(self, "Europeans", time)
        x = self.coordinates()
        deviation = x["volatility"] * jets.sqrt(time - x[TIME])
        return lognormal.vanilla_jets(self._growing_jet(np.asarray(time)), deviation, strike)

    def european_jet(
        self, trigger: float, below: tuple[float, float], above: tuple[float, float], time: float
    ) -> Jet | None:
        """Undiscounted value of an option of two straight pieces at one date, with its derivatives; see `black`.

        None where a dividend is paid before.
        """
        if not positive("time", time) < self.first_ex_date:
            return None
        x = self.coordinates()
        variance = x["volatility"] * x["volatility"] * (positive("time", time) - x[TIME])
        return black.european(self._growing_jet(np.asarray(time)), variance, trigger, below, above)

    def average_jets(self, level: float, times: Sequence[float] | FloatArray) -> tuple[Jet, Jet]:
        """Expectations of 1{G > level} and A 1{G > level}, G and A the geometric and arithmetic averages at `times`."""
        grid = np.asarray(dates("times", times))
        cash_dividends.need_lognormal(self, "averages", grid[-1])
        terms = _terms(self, tuple(grid.tolist()))  # in all coordinates, the dividends among them
        return lognormal.average_jets(self._growing_jet(grid[:, None]), terms, level)

    def return_jets(self, times: Sequence[float] | FloatArray) -> tuple[Jet, Jet] | None:
        """Means and variances of the moves of the log-spot, the first from a spot of one; None beyond an ex-date."""
        grid = dates("times", times)
        if grid[-1] >= self.first_ex_date:
            return None
        terms = _terms(self, grid)
        return terms.mean, terms.variance

    def distribution(self, spot: FloatArray, time: float) -> FloatArray:
        """Probability that the spot at `time` is at most `spot`; shape of `spot`."""
        cash_dividends.need_lognormal(self, "a distribution", time)
        if not np.all(np.asarray(spot) > 0.0):
            refuse("spot", "be positive", spot)
        deviation = self.volatility * np.sqrt(positive("time", time))
        return np.asarray(special.ndtr((np.log(np.asarray(spot) / self.spot) - self._drift * time) / deviation))


@remembered(64)
def _terms(law: GBM, times: tuple[float, ...]) -> Terms:
    steps, x = np.diff(times, prepend=0.0), law.coordinates()  # the same on every chunk
    first = np.eye(len(steps), 1)
    length, square = steps[:, None] - first * x[TIME], x["volatility"] * x["volatility"]
    drift = x["rate"] - x["dividend_yield"] - 0.5 * square
    return Terms(drift * length + first * jets.log(x["spot"]), square * length)
