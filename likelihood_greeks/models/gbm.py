"""Geometric Brownian motion: exact lognormal transitions, and the scores of all its parameters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, final

import numpy as np
from scipy import special

from .. import jets
from .._checks import dates, finite, positive, refuse
from .._typing import AnyArray, FloatArray
from ..jets import Jet
from ..parameters import TIME, Derivative
from ..sampling import Stream
from . import carry
from .protocol import Paths

LOG_ROOT_2PI = 0.5 * np.log(2.0 * np.pi)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class GBM:
    r"""Spot price under Black--Scholes dynamics, risk-neutral measure.

    .. math:: d\log S_t = (r - q - \tfrac12 \sigma^2)\,dt + \sigma\,dW_t

    Parameters
    ----------
    spot : float
        :math:`S_0 > 0`, in currency.
    volatility : float
        :math:`\sigma > 0`, per square-root year; 0.2 is twenty per cent.
    rate, dividend_yield : float
        :math:`r` and :math:`q`, continuously compounded, per year.

    Raises
    ------
    ValueError
        If `spot` or `volatility` is not positive, or any parameter is not finite.
    TypeError
        If a parameter is not a real number.

    Notes
    -----
    With :math:`\nu = r - q - \sigma^2/2` and :math:`z_i = (\log S_i/S_{i-1} - \nu\Delta_i)/(\sigma\sqrt{\Delta_i})`,

    .. math:: \log p = -\sum_i \bigl[\tfrac12 z_i^2 + \log(\sigma\sqrt{2\pi\Delta_i}\, S_i)\bigr],

    so every score is a polynomial in the :math:`z_i`, differentiated with the path held fixed.

    References
    ----------
    .. [1] P. Glasserman, *Monte Carlo Methods in Financial Engineering*, Springer, 2003, section 7.3 (scores:
       example 7.3.1 to 7.3.3).
    """

    parameters: ClassVar[tuple[str, ...]] = ("spot", "volatility", "rate", "dividend_yield")

    spot: float
    volatility: float
    rate: float = 0.0
    dividend_yield: float = 0.0

    def __post_init__(self) -> None:
        positive("spot", self.spot)
        positive("volatility", self.volatility)
        finite("rate", self.rate)
        finite("dividend_yield", self.dividend_yield)

    # -- the law -----------------------------------------------------------------------------------------------

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
            Gives ``normals(n_times)``, one row a date.

        Returns
        -------
        Paths
            ``spot`` of shape (n_times, n_paths).
        """
        grid = np.asarray(dates("times", times))
        steps = np.diff(grid, prepend=0.0)[:, None]
        log_spot = stream.normals(len(grid))
        log_spot *= self.volatility * np.sqrt(steps)
        log_spot += self._drift * steps
        log_spot[0] += np.log(self.spot)
        np.cumsum(log_spot, axis=0, out=log_spot)
        return Paths(grid, np.exp(log_spot), {"log_spot": log_spot})

    def _residuals(self, paths: Paths) -> FloatArray:
        """The standard normals behind the steps, shape (n_times, n_paths)."""
        log_spot = paths.latent["log_spot"] if "log_spot" in paths.latent else np.log(paths.spot)
        steps = paths.steps[:, None]
        z = np.empty_like(log_spot)
        np.subtract(log_spot[0], np.log(self.spot), out=z[0])
        np.subtract(log_spot[1:], log_spot[:-1], out=z[1:])
        z -= self._drift * steps
        z /= self.volatility * np.sqrt(steps)
        return np.asarray(z)

    def log_density(self, paths: Paths) -> FloatArray:
        """Log-density of the spots at ``paths.times`` (not of their logarithms), shape (n_paths,)."""
        z = self._residuals(paths)
        log_spot = paths.latent["log_spot"] if "log_spot" in paths.latent else np.log(paths.spot)
        norm = np.sum(np.log(self.volatility * np.sqrt(paths.steps)) + LOG_ROOT_2PI)
        return np.asarray(-0.5 * np.einsum("ij,ij->j", z, z) - log_spot.sum(axis=0) - norm)

    def terminal_log_density(self, spot: FloatArray, time: float) -> FloatArray:
        """Log-density of the spot at one date, whatever was drawn before it; shape of `spot`."""
        values = np.asarray(spot, dtype=float)
        grid = np.asarray(dates("time", [time]))
        return self.log_density(Paths(grid, values.reshape(1, -1))).reshape(values.shape)

    # -- its derivatives ---------------------------------------------------------------------------------------

    def score(self, paths: Paths, names: Sequence[str] | None = None) -> FloatArray:
        """Derivative of `log_density` in each of `names`, paths held fixed; shape (n_names, n_paths).

        `names` are parameters (the default: all) or ``"time"``, which shortens the first interval.
        """
        z = self._residuals(paths)
        sigma, steps, root = self.volatility, paths.steps, np.sqrt(paths.steps)
        first = z[0]

        def row(name: str) -> FloatArray:
            match name:
                case "spot":
                    return first / (self.spot * sigma * root[0])
                case "volatility":
                    return (np.einsum("ij,ij->j", z, z) - len(z)) / sigma - root @ z
                case "rate":
                    return (root @ z) / sigma
                case "dividend_yield":
                    return -(root @ z) / sigma
                case "time":
                    return 0.5 / steps[0] - first * self._time_slope(first, steps[0])
            raise self._unknown(name)

        return np.stack([np.asarray(row(name)) for name in (self.parameters if names is None else names)])

    def _time_slope(self, z: FloatArray, step: float) -> FloatArray:
        """dz/dtau on the first interval, whose length is step - tau."""
        return self._drift / (self.volatility * np.sqrt(step)) + 0.5 * z / step

    def hessian(self, paths: Paths, pairs: Sequence[Derivative]) -> FloatArray:
        r"""Second derivatives of `log_density`, shape (n_pairs, n_paths).

        Every term is :math:`-\sum_i (z_a z_b + z\,z_{ab})` plus the derivative of the norming constant.
        """
        z = self._residuals(paths)
        rows = [np.broadcast_to(self._second(z, paths.steps, frozenset(pair)), z.shape[1:]) for pair in pairs]
        return np.stack(rows)

    def _second(self, z: FloatArray, steps: FloatArray, pair: frozenset[str]) -> FloatArray | float:
        sigma, spot, first, step = self.volatility, self.spot, z[0], steps[0]
        root = np.sqrt(step)
        maturity = float(steps.sum())
        if TIME in pair:
            return self._second_time(z, step, pair - {TIME})
        if "dividend_yield" in pair:  # log p depends on r and q through r - q only
            flipped = (pair - {"dividend_yield"}) | {"rate"}
            return self._second(z, steps, flipped) * (1.0 if pair == {"dividend_yield"} else -1.0)
        match sorted(pair):
            case ["volatility"]:
                brownian, square = np.sqrt(steps) @ z, np.einsum("ij,ij->j", z, z)
                return (len(z) - 3.0 * square) / sigma**2 + 3.0 * brownian / sigma - maturity
            case ["rate", "volatility"]:
                return maturity / sigma - 2.0 * (np.sqrt(steps) @ z) / sigma**2
            case ["rate"]:
                return -maturity / sigma**2
            case ["spot"]:
                return -1.0 / (spot * sigma * root) ** 2 - first / (spot**2 * sigma * root)
            case ["spot", "volatility"]:
                return 1.0 / (spot * sigma) - 2.0 * first / (spot * sigma**2 * root)
            case ["rate", "spot"]:
                return -1.0 / (spot * sigma**2)
        raise self._unknown(", ".join(sorted(pair)))

    def _second_time(self, z: FloatArray, step: float, other: frozenset[str]) -> FloatArray:
        """Second derivatives with ``"time"``: only the first interval matters."""
        sigma, first, root = self.volatility, z[0], np.sqrt(step)
        slope = self._time_slope(first, step)  # dz/dtau
        if not other:
            curvature = self._drift / (2.0 * sigma * root**3) + 0.5 * slope / step + 0.5 * first / step**2
            return 0.5 / step**2 - slope**2 - first * curvature
        (name,) = other
        match name:
            case "spot":
                z_a, slope_a = -1.0 / (self.spot * sigma * root), 0.0
            case "volatility":
                z_a, slope_a = root - first / sigma, -(1.0 + self._drift / sigma**2) / root
            case "rate":
                z_a, slope_a = -root / sigma, 1.0 / (sigma * root)
            case "dividend_yield":
                z_a, slope_a = root / sigma, -1.0 / (sigma * root)
            case _:
                raise self._unknown(name)
        return -slope * z_a - first * (slope_a + 0.5 * z_a / step)

    def _unknown(self, name: str) -> ValueError:
        return ValueError(f"name must be one of {', '.join((*self.parameters, TIME))}, got {name!r}")

    # -- how paths move ----------------------------------------------------------------------------------------

    def _displacement(self, paths: Paths, rows: Any = slice(None)) -> FloatArray:
        """Brownian motion behind the paths at some of their dates, shape (n_rows, n_paths)."""
        log_spot = paths.latent["log_spot"][rows] if "log_spot" in paths.latent else np.log(paths.spot[rows])
        moved = log_spot - (np.log(self.spot) + self._drift * paths.times[rows, None])
        moved /= self.volatility
        return np.asarray(moved)

    def tangent(self, paths: Paths, name: str, held: int | None = None) -> FloatArray:
        r"""Derivative of the log-spots in `name`, the driving normals held fixed; broadcasts to (n_times, n_paths).

        Parameters
        ----------
        paths : Paths
        name : str
            A parameter, or ``"time"``.
        held : int, optional
            Row of the first date whose spot will be held. It matters for time only: when the dates come nearer, the
            Brownian bridge to a held date k shrinks by what is independent of its end,

            .. math:: X = -\nu - \frac{\sigma W_1}{2\Delta_1} - \frac{\sigma W_k}{2 t_k}.
        """
        times = paths.times[:, None]
        match name:
            case "spot":
                return np.array([[1.0 / self.spot]])
            case "volatility":
                return self._displacement(paths) - self.volatility * times
            case "rate":
                return times
            case "dividend_yield":
                return -times
            case "time":
                rows = [0] if held is None else [0, held]
                brownian = (self._displacement(paths, rows) / times[rows]).sum(axis=0, keepdims=True)
                return -self._drift - 0.5 * self.volatility * brownian
        raise self._unknown(name)

    def tangent_slope(self, paths: Paths, pair: Derivative, held: int | None = None) -> FloatArray:  # noqa: PLR0912
        """Derivative of the tangent in ``pair[0]`` with respect to ``pair[1]``, the *path* held fixed.

        Broadcasts to (n_times, n_paths); arguments as for `tangent`.
        """
        sigma, times = self.volatility, paths.times[:, None]
        carry = (self.rate - self.dividend_yield) / sigma
        match pair:
            case ("spot", "spot"):
                return np.array([[-1.0 / self.spot**2]])
            case ("volatility", "spot"):
                return np.array([[-1.0 / (self.spot * sigma)]])
            case ("volatility", "volatility"):
                return -self._displacement(paths) / sigma
            case ("volatility", "rate"):
                return -times / sigma
            case ("volatility", "dividend_yield"):
                return times / sigma
            case ("volatility", "time"):
                return np.array([[carry + 0.5 * sigma]])
            case ("rate", "time"):
                return np.array([[-1.0]])
            case ("dividend_yield", "time"):
                return np.array([[1.0]])
            case ("time", "spot"):
                rows = [0] if held is None else [0, held]
                return np.array([[0.5 * np.sum(1.0 / paths.times[rows]) / self.spot]])
            case ("time", "volatility"):
                return np.array([[0.5 * sigma if held is None else 0.0]])
            case ("time", "rate"):
                return np.array([[-0.5 if held is None else 0.0]])
            case ("time", "dividend_yield"):
                return np.array([[0.5 if held is None else 0.0]])
            case ("spot" | "rate" | "dividend_yield", _) if set(pair) <= {*self.parameters, TIME}:
                return np.zeros((1, 1))
        raise self._unknown(", ".join(pair))

    # -- discounting and forward -------------------------------------------------------------------------------

    def coordinates(self) -> dict[str, Jet]:
        """The parameters and elapsed time as jets, for closed forms."""
        return carry.coordinates(self)

    def discount_jet(self, times: AnyArray) -> Jet:
        """Discount factors exp(-r t) and their derivatives."""
        return carry.discount_jet(self, times)

    def forward_jet(self, times: AnyArray) -> Jet:
        """Forward prices S0 exp((r - q) t) and their derivatives."""
        return carry.forward_jet(self, times)

    def vanilla_jets(self, strike: float, time: float) -> tuple[Jet, Jet]:
        r"""Undiscounted expectations of 1{S > strike} and max(S - strike, 0) at one date, with their derivatives.

        .. math:: \Phi(d_2), \qquad F\,\Phi(d_1) - K\,\Phi(d_2), \qquad
                  d_{1,2} = \frac{\log(F/K)}{\sigma\sqrt{t}} \pm \tfrac12\sigma\sqrt{t}.
        """
        x = self.coordinates()
        deviation = x["volatility"] * jets.sqrt(time - x[TIME])
        forward = self.forward_jet(np.asarray(time))
        d2 = jets.log(forward / positive("strike", strike)) / deviation - 0.5 * deviation
        above = jets.normal_cdf(d2)
        return above, forward * jets.normal_cdf(d2 + deviation) - strike * above

    def discount(self, time: float) -> float:
        """Value today of one unit of currency at `time` (years)."""
        return float(self.discount_jet(np.asarray(finite("time", time))).value)

    def forward(self, time: float) -> float:
        """Risk-neutral expectation of the spot at `time` (years)."""
        return float(self.forward_jet(np.asarray(finite("time", time))).value)

    def distribution(self, spot: FloatArray, time: float) -> FloatArray:
        """Probability that the spot at `time` is at most `spot`; shape of `spot`."""
        if not np.all(np.asarray(spot) > 0.0):
            refuse("spot", "be positive", spot)
        deviation = self.volatility * np.sqrt(positive("time", time))
        return np.asarray(special.ndtr((np.log(np.asarray(spot) / self.spot) - self._drift * time) / deviation))
