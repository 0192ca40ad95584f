r"""The log-spot of the Heston model given its variance path: Gaussian, and its derivatives in every parameter.

Over an interval of length D between observation dates, with the variance rising by :math:`\Delta v` and the integrated
variance I, the log-spot moves by a normal with variance :math:`s^2 = (1 - \rho^2) I` and mean [1]_

.. math:: m = (r - q) D - \tfrac12 I + \frac{\rho}{\xi} A, \qquad A = \Delta v - \kappa\theta D + \kappa I .

Nothing else of the joint law depends on spot, rate, dividend yield or correlation.

References
----------
.. [1] M. Broadie and Ö. Kaya, "Exact simulation of stochastic volatility and other affine jump diffusion processes",
   *Operations Research* 54 (2006), 217-231.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, TypeAlias, final

import numpy as np

from .._typing import FloatArray

Rows: TypeAlias = FloatArray | float


class HestonParameters(Protocol):
    """The parameters of the model."""

    @property
    def spot(self) -> float: ...  # noqa: D102
    @property
    def mean_reversion(self) -> float: ...  # noqa: D102
    @property
    def long_run_variance(self) -> float: ...  # noqa: D102
    @property
    def vol_of_vol(self) -> float: ...  # noqa: D102
    @property
    def correlation(self) -> float: ...  # noqa: D102
    @property
    def rate(self) -> float: ...  # noqa: D102
    @property
    def dividend_yield(self) -> float: ...  # noqa: D102


@final
@dataclass(frozen=True, slots=True, eq=False)
class ConditionalSpot:
    """The Gaussian law of the log-spot at the observation dates, given the variance path.

    Parameters
    ----------
    model : HestonParameters
    steps : ndarray, shape (n_times, 1)
        Lengths D of the intervals between observation dates, years.
    rise : ndarray, shape (n_times, n_paths)
        By how much the variance rises over each.
    clock : ndarray, shape (n_times, n_paths)
        Integrated variance I over each.
    """

    model: HestonParameters
    steps: FloatArray
    rise: FloatArray
    clock: FloatArray

    @property
    def drive(self) -> FloatArray:
        """What the variance's own noise contributes, A = xi times the integral of sqrt(v) dW; shape of `clock`."""
        m = self.model
        return self.rise - m.mean_reversion * (m.long_run_variance * self.steps - self.clock)

    @property
    def mean(self) -> FloatArray:
        """Means m of the moves of the log-spot, shape (n_times, n_paths)."""
        m = self.model
        carry = (m.rate - m.dividend_yield) * self.steps
        return np.asarray(carry - 0.5 * self.clock + m.correlation / m.vol_of_vol * self.drive)

    @property
    def deviation(self) -> FloatArray:
        """Standard deviations s, shape (n_times, n_paths)."""
        return np.asarray(np.sqrt((1.0 - self.model.correlation**2) * self.clock))

    def paths(self, normals: FloatArray) -> FloatArray:
        """Log-spots driven by given normals, shape (n_times, n_paths)."""
        return np.log(self.model.spot) + np.cumsum(self.mean + self.deviation * normals, axis=0)

    def residuals(self, log_spot: FloatArray) -> FloatArray:
        """The normals behind given log-spots, shape (n_times, n_paths)."""
        moves = np.diff(log_spot, axis=0, prepend=np.log(self.model.spot))
        return np.asarray((moves - self.mean) / self.deviation)

    def log_density(self, log_spot: FloatArray) -> FloatArray:
        """Log-density of the spots (not of their logarithms), shape (n_paths,)."""
        z = self.residuals(log_spot)
        rows = 0.5 * z**2 + log_spot + np.log(np.sqrt(2.0 * np.pi) * self.deviation)
        return np.asarray(-rows.sum(axis=0))

    # -- derivatives -------------------------------------------------------------------------------------------

    @property
    def _first(self) -> FloatArray:
        """One for the first interval, zero for the others; shape (n_times, 1)."""
        return np.eye(len(self.steps), 1)

    def _ratio_slope(self, *names: str) -> float:
        """Derivative of rho / xi."""
        rho, xi = self.model.correlation, self.model.vol_of_vol
        match sorted(names):
            case ["correlation"]:
                return 1.0 / xi
            case ["vol_of_vol"]:
                return -rho / xi**2
            case ["correlation", "vol_of_vol"]:
                return -1.0 / xi**2
            case ["vol_of_vol", "vol_of_vol"]:
                return 2.0 * rho / xi**3
        return 0.0

    def _drive_slope(self, *names: str) -> Rows:
        """Derivative of A, the variance path held fixed; broadcasts to (n_times, n_paths)."""
        kappa, theta = self.model.mean_reversion, self.model.long_run_variance
        match sorted(names):
            case ["initial_variance"]:
                return -self._first
            case ["mean_reversion"]:
                return self.clock - theta * self.steps
            case ["long_run_variance"]:
                return -kappa * self.steps
            case ["time"]:
                return kappa * theta * self._first
            case ["long_run_variance", "mean_reversion"]:
                return -self.steps
            case ["mean_reversion", "time"]:
                return theta * self._first
            case ["long_run_variance", "time"]:
                return kappa * self._first
        return 0.0

    def _carry_slope(self, *names: str) -> Rows:
        """Derivative of log S0 (in the first interval) + (r - q) D; broadcasts to (n_times, n_paths)."""
        model = self.model
        match sorted(names):
            case ["spot"]:
                return self._first / model.spot
            case ["spot", "spot"]:
                return -self._first / model.spot**2
            case ["rate"]:
                return self.steps
            case ["dividend_yield"]:
                return -self.steps
            case ["time"]:
                return -(model.rate - model.dividend_yield) * self._first
            case ["rate", "time"]:
                return -self._first
            case ["dividend_yield", "time"]:
                return self._first
        return 0.0

    def _mean_slope(self, *names: str) -> Rows:
        """First or second derivative of m by the product rule for (rho / xi) A."""
        model = self.model
        slope = self._carry_slope(*names) + model.correlation / model.vol_of_vol * self._drive_slope(*names)
        if ratio := self._ratio_slope(*names):
            slope = slope + ratio * self.drive
        if len(names) == 2:
            for a, b in (names, names[::-1]):
                slope = slope + self._ratio_slope(a) * self._drive_slope(b)
        return slope

    def _log_variance_slope(self, *names: str) -> float:
        """First or second derivative of log s**2, which depends on the correlation only."""
        rho = self.model.correlation
        if set(names) != {"correlation"}:
            return 0.0
        if len(names) == 1:
            return -2.0 * rho / (1.0 - rho**2)
        return -2.0 * (1.0 + rho**2) / (1.0 - rho**2) ** 2

    def score(self, log_spot: FloatArray, names: tuple[str, ...]) -> list[FloatArray]:
        r"""Derivatives of `log_density` in `names`, each of shape (n_paths,).

        .. math:: \sum_j \frac{Z_j}{s_j}\,\dot m_j + \tfrac12 (Z_j^2 - 1)\,\dot{\log s_j^2}
        """
        z = self.residuals(log_spot)
        pull = z / self.deviation
        rows = []
        for name in names:
            row = np.broadcast_to(pull * self._mean_slope(name), z.shape).sum(axis=0)
            if spread := self._log_variance_slope(name):
                row = row + 0.5 * spread * (z**2 - 1.0).sum(axis=0)
            rows.append(row)
        return rows

    def second(self, log_spot: FloatArray, pairs: list[tuple[str, str]]) -> list[FloatArray]:
        r"""Second derivatives of `log_density`, each of shape (n_paths,).

        With :math:`l = \log s^2` and subscripts for derivatives,

        .. math:: \sum_j \frac{Z}{s}\,m_{ab} - \frac{m_a m_b}{s^2} - \frac{Z}{s}(m_a l_b + m_b l_a)
                  - \tfrac12 Z^2 l_a l_b + \tfrac12 (Z^2 - 1)\, l_{ab} .
        """
        z, deviation = self.residuals(log_spot), self.deviation
        pull = z / deviation
        rows = []
        for a, b in pairs:
            (ma, la), (mb, lb) = ((self._mean_slope(n), self._log_variance_slope(n)) for n in (a, b))
            row = pull * (self._mean_slope(a, b) - ma * lb - mb * la) - ma * mb / deviation**2
            row = row + 0.5 * ((z**2 - 1.0) * self._log_variance_slope(a, b) - z**2 * la * lb)
            rows.append(np.broadcast_to(row, z.shape).sum(axis=0))
        return rows


LINEAR = ("spot", "rate", "dividend_yield", "correlation")
"""Parameters of this layer alone."""
