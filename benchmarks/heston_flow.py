r"""Square-root variance paths with their derivatives in the parameters, and the two inputs of the spot they give.

The variance is drawn from its exact transitions on a fine grid; the integrated variance is the trapezoidal sum on that
grid. No inverse Gaussian, no Bessel function of the order of the process, no density and no score is used.

A transition is :math:`v' = c\,(y_0 + 2G)` with :math:`y_0` noncentral chi-square and :math:`G` standard gamma.
Either :math:`y_0` has no degree of freedom (a chi-square with 2N degrees, N Poisson with mean :math:`\lambda/2`) and
:math:`G` has shape :math:`a = d/2`, or (`normal` split, d > 1) :math:`y_0 = (Z + \sqrt\lambda)^2` and
:math:`a = (d - 1)/2`, where :math:`d = 4\kappa\theta/\xi^2`, :math:`\lambda = v e^{-\kappa\Delta}/c`,
:math:`c = \xi^2(1 - e^{-\kappa\Delta})/(4\kappa)`.

The derivatives move a draw along the quantiles of its law [1]_: a variable with distribution F and density f has the
slope :math:`-\partial F/\partial\theta / f`. That is

.. math::
    \frac{dy_0}{d\lambda} = \sqrt{\frac{y_0}{\lambda}}\,\frac{I_0(z)}{I_1(z)}, \; z = \sqrt{\lambda y_0}
    \quad\text{or}\quad \frac{Z + \sqrt\lambda}{\sqrt\lambda}, \qquad
    \frac{dG}{da} = -\frac{\partial_a P(a, G)}{p(a, G)} .

The first follows from :math:`\partial F_d/\partial\lambda = -f_{d+2}` [2]_. All are continuous in the parameters
(in relative terms), so what is smooth in the path has the derivative of its mean as the mean of its derivative.

Near zero the flow of a variance with few degrees of freedom grows without bound in the mean square. There, in the
Poisson split, a share :math:`\alpha = 1 - e^{-\eta\Delta - \gamma/\lambda}` of every move of :math:`\lambda` goes not
into the path but into a weight, by the score of the Poisson count, :math:`N/\lambda - 1/2`. Any share known before the
count is drawn leaves the means as they are; this one keeps the second moments (:math:`\gamma > 2.5 - d` does).

References
----------
.. [1] R. Suri and M. Zazanis, "Perturbation analysis gives strongly consistent sensitivity estimates for the M/G/1
   queue", *Management Science* 34 (1988), 39-64 (derivatives along quantiles).
.. [2] N. L. Johnson, S. Kotz and N. Balakrishnan, *Continuous Univariate Distributions* 2, Wiley, 1995, chapter 29.
"""

from dataclasses import dataclass
from math import exp, log, sqrt

import numba as nb
import numpy as np
from scipy import special

FLOWS = ("initial_variance", "mean_reversion", "long_run_variance", "vol_of_vol")
"""The parameters that move the variance, in the order of every axis of length 4."""

LOG_G = np.linspace(-40.0, 5.0, 9001)  # nodes of the table of dG/da
ETA, GAMMA = 4.0, 3.0  # of the share that becomes a weight; eta per year
Z_STEP, Z_END = 0.01, 60.0  # nodes of the table of z I0 / I1, and from where its asymptotic series is used


@dataclass(frozen=True)
class Transition:
    """All that a step of the variance needs.

    Attributes
    ----------
    numbers : ndarray, shape (7,)
        Decay e, scale c, shape a of the gamma, digamma(a + 1), 1 if the split is normal, else 0, and eta dt and gamma.
    slopes : ndarray, shape (3, 4)
        Derivatives of log e, log c and a in `FLOWS`.
    gamma, bessel : ndarray
        Tables of (dG/da)/G on `LOG_G` and of z I0(z)/I1(z).
    """

    numbers: np.ndarray
    slopes: np.ndarray
    gamma: np.ndarray
    bessel: np.ndarray


def transition(model, step: float) -> Transition:
    """The transition of `model` (Heston's parameters) over `step` years."""
    kappa, theta, xi = model.mean_reversion, model.long_run_variance, model.vol_of_vol
    decay, half = np.exp(-kappa * step), 2.0 * kappa * theta / xi**2
    scale = -(xi**2) * np.expm1(-kappa * step) / (4.0 * kappa)
    normal = half > 0.75
    shape = half - 0.5 if normal else half
    slopes = np.zeros((3, 4))
    slopes[0, 1] = -step
    slopes[1, 1:] = step * decay / (1.0 - decay) - 1.0 / kappa, 0.0, 2.0 / xi
    slopes[2, 1:] = half / kappa, half / theta, -2.0 * half / xi
    z = np.arange(Z_STEP, Z_END + 2 * Z_STEP, Z_STEP)
    bessel = np.concatenate([[2.0], z * special.ive(0, z) / special.ive(1, z)])
    numbers = np.array([decay, scale, shape, special.digamma(shape + 1.0), float(normal), ETA * step, GAMMA])
    return Transition(numbers, slopes, gamma_slopes(shape), bessel)


def gamma_slopes(a: float) -> np.ndarray:
    """(dG/da)/G along the quantiles of the standard gamma law of shape `a`, at exp(`LOG_G`)."""
    x, h = np.exp(LOG_G), 2e-3 * a
    density = np.exp(a * LOG_G - x - special.gammaln(a))  # times x

    def slope(tail):
        inner, outer = (tail(a + k * h, x) - tail(a - k * h, x) for k in (1, 2))
        return (8.0 * inner - outer) / (12.0 * h)

    lower = special.gammainc(a, x) < 0.5
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        below = -slope(lambda shape, t: np.log(special.gammainc(shape, t))) * special.gammainc(a, x) / density
        above = slope(special.gammaincc) / density
    found = np.where(lower, below, above)
    last = np.flatnonzero(density > 1e-250)[-1]  # beyond, no draw falls
    found[last:] = found[last]
    return found


@nb.njit
def ratio(z, table):
    """The function z I0(z) / I1(z)."""
    if z >= Z_END:
        return z + 0.5 + (0.375 + (0.375 + 0.4921875 / z) / z) / z
    k = int(z / Z_STEP)
    share = z / Z_STEP - k
    return table[k] + share * (table[k + 1] - table[k])


@nb.njit
def gamma_slope(g, shape, digamma, table):
    """dG/da at G = g: from the table, or by its limit for small g."""
    position = (log(g) + 40.0) * 200.0
    if position < 0.0:
        return -g / shape * (log(g) - digamma)
    k = min(int(position), table.size - 2)
    return g * (table[k] + (position - k) * (table[k + 1] - table[k]))


@nb.njit
def advance(v, dv, weight, numbers, slopes, gamma, bessel, rng):
    """The next variance; `dv` and `weight`, shape (4,), are moved in place."""
    decay, scale, shape, digamma = numbers[0], numbers[1], numbers[2], numbers[3]
    noncentrality, push, score, absorbed = v * decay / scale, 0.0, 0.0, 0.0
    if numbers[4] > 0.0:
        root = sqrt(noncentrality)
        shifted = rng.standard_normal() + root
        y, push = shifted * shifted, shifted / root
    else:
        count, y = rng.poisson(0.5 * noncentrality), 0.0
        absorbed = 1.0 - exp(-numbers[5] - numbers[6] / max(noncentrality, 1e-9))
        score = absorbed * (count / noncentrality - 0.5) if noncentrality > 1e-200 else 0.0
        if count > 0:
            y = 2.0 * rng.standard_gamma(float(count))
            push = (1.0 - absorbed) * ratio(sqrt(noncentrality * y), bessel) / noncentrality
    g = max(rng.standard_gamma(shape), 1e-250)
    y += 2.0 * g
    lift = 2.0 * gamma_slope(g, shape, digamma, gamma)
    for i in range(4):
        shift = decay / scale * dv[i] + noncentrality * (slopes[0, i] - slopes[1, i])
        weight[i] += score * shift
        dv[i] = scale * (push * shift + lift * slopes[2, i] + y * slopes[1, i])
    return scale * y


@nb.njit
def variance_path(start, n_dates, substeps, step, numbers, slopes, gamma, bessel, rng, ends, clocks, weight):
    """One path: fills `ends` (n_dates + 1, 5) and `clocks` (2, n_dates, 5).

    Columns are the value and its derivatives in `FLOWS`; `ends` are variances at the dates (today first), `clocks` the
    integrated variance between them by the trapezoidal rule with the given `step` (row 0) and with twice it (row 1).
    `weight`, shape (4,), is the part of the derivatives that multiplies the payoff.
    """
    v, dv = start, np.zeros(4)
    dv[0] = 1.0
    ends[0, 0], ends[0, 1:] = v, dv
    clocks[:], weight[:] = 0.0, 0.0
    for j in range(n_dates):
        for k in range(substeps + 1):
            if k > 0:
                v = advance(v, dv, weight, numbers, slopes, gamma, bessel, rng)
            edge = 0.5 if k in (0, substeps) else 1.0
            fine, coarse = edge * step, 2.0 * edge * step * (k % 2 == 0)
            clocks[0, j, 0] += fine * v
            clocks[1, j, 0] += coarse * v
            for i in range(4):
                clocks[0, j, i + 1] += fine * dv[i]
                clocks[1, j, i + 1] += coarse * dv[i]
        ends[j + 1, 0] = v
        ends[j + 1, 1:] = dv


@nb.njit
def spot_layer(ends, clock, interval, law, mean, deviation):
    """Mean and deviation of the moves of the log-spot, shape (n_dates, 9): the value, and its derivatives.

    Those are in log-spot, `FLOWS`, correlation, rate and dividend yield; `law` holds kappa, theta, xi, rho, r - q.
    """
    kappa, theta, xi, rho, carry = law
    free = 1.0 - rho * rho
    for j in range(mean.shape[0]):
        total = clock[j, 0]
        drive = ends[j + 1, 0] - ends[j, 0] + kappa * (total - theta * interval)
        mean[j, 0] = carry * interval - 0.5 * total + rho / xi * drive
        mean[j, 1], deviation[j, 1] = 0.0, 0.0
        s = sqrt(free * total)
        deviation[j, 0] = s
        for i in range(1, 5):
            pull = ends[j + 1, i] - ends[j, i] + kappa * clock[j, i]
            mean[j, i + 1] = rho / xi * pull - 0.5 * clock[j, i]
            deviation[j, i + 1] = 0.5 * s * clock[j, i] / total
        mean[j, 3] += rho / xi * (total - theta * interval)
        mean[j, 4] -= rho / xi * kappa * interval
        mean[j, 5] -= rho / xi / xi * drive
        mean[j, 6], deviation[j, 6] = drive / xi, -rho / free * s
        mean[j, 7], deviation[j, 7] = interval, 0.0
        mean[j, 8], deviation[j, 8] = -interval, 0.0
