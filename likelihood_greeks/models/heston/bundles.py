r"""Out-of-the-money prices of many strikes and maturities: a turned contour for every bundle of strikes.

With :math:`k = \log(K/F_t)` and :math:`p(k) = E[\min(e^{X-k}, 1)]` (`fourier`), prices in forwards are
:math:`1 - e^k p` for a call and :math:`e^k(1 - p)` for a put. Far out the integrand of p goes like

.. math:: e^{-w|u| - iu(k - x)}, \qquad x = -\frac\rho\xi (v_0 + \kappa\theta t), \quad
          w = \frac{\sqrt{1-\rho^2}}\xi (v_0 + \kappa\theta t),

so that on the real line a strike far from x in widths w oscillates long before it decays. It decays fastest along the
angle :math:`\arctan((x - k)/w)`. The strikes of a maturity are bundled by that angle, and each bundle gets the contour
:math:`u(s) = -\tfrac i2 + \tfrac12\sinh(s + i\omega)` (`contour`) whose angle is in the middle of those on which the
integrand does not grow for any strike of the bundle: there no strike oscillates for long. The characteristic
function does not depend on the strike, so that a bundle costs one of it and a matrix product.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

from ..._typing import AnyArray, FloatArray
from ...numerics.jets import Jet
from .contour import Contour
from .fourier import log_characteristic
from .parameters import motion

WIDTH = np.pi / 4.0  # of the angles of a bundle
ANGLES = np.pi / 16.0 * np.arange(-6.0, 7.0)  # of contours; the poles are met at +- pi/2
STATIONS = np.arange(0.0, 28.0, 0.75)  # of the survey; |u| reaches 1e11
GROWTH = 1e3  # of the integrand, up to which an angle counts as admissible
NEGLIGIBLE = 1e-17  # where a contour ends, in parts of the integral of |integrand|
DIGITS = 32.0  # minus the logarithm of the error that the number of nodes is made for
NODES = (48, 64, 96, 128, 192, 256, 384, 512, 1024, 2048)
CHANGE = 1e-6  # by leaving out every other node, in parts of the integral of |integrand|: the error left is its square


@final
@dataclass(frozen=True, slots=True)
class Bundle:
    """Strikes of one maturity on one contour.

    Parameters
    ----------
    rows : ndarray of int
        Which quotes these are.
    log_moneyness : ndarray
        Of the quotes.
    maturity : float
        Years.
    angle, end : float
        Of the contour; the end is NaN where the integrand does not decay.
    nodes : int
        Place in `NODES` of the number of nodes that should do.
    """

    rows: NDArray[np.intp]
    log_moneyness: FloatArray
    maturity: float
    angle: float
    end: float
    nodes: int


def out_of_the_money(
    values: Mapping[str, float], log_moneyness: FloatArray, maturities: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Prices in forwards of the put below the forward and the call above it, and their derivatives.

    Parameters
    ----------
    values : mapping of str to float
        The parameters named by `parameters.motion`.
    log_moneyness, maturities : ndarray, shape (n,)
        Logarithm of strike over forward, and years, > 0.

    Returns
    -------
    prices : ndarray, shape (n,)
        NaN where the Fourier integral does not settle.
    slopes : ndarray, shape (n_parameters, n)
        In the order of `parameters.motion`.
    """
    total = np.full((1 + len(motion(values)), len(log_moneyness)), np.nan)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore", under="ignore"):  # found by what is not finite
        waiting = [bundle for bundle in bundled(values, log_moneyness, maturities) if np.isfinite(bundle.end)]
        for place, count in enumerate(NODES):
            now = [bundle for bundle in waiting if bundle.nodes <= place]
            settled = _summed(values, now, count, total) if now else []
            done = {id(bundle) for bundle, good in zip(now, settled, strict=True) if good}
            waiting = [bundle for bundle in waiting if id(bundle) not in done]
    strike = np.exp(log_moneyness)
    price = np.where(log_moneyness > 0.0, 1.0 - strike * total[0], strike * (1.0 - total[0]))
    return price, -strike * total[1:]


def bundled(values: Mapping[str, float], log_moneyness: FloatArray, maturities: FloatArray) -> list[Bundle]:
    """The quotes by maturity and angle, each bundle with its contour."""
    level = values["initial_variance"] + values["mean_reversion"] * values["long_run_variance"] * maturities
    centre = -values["correlation"] * level / values["vol_of_vol"]
    width = np.sqrt(1.0 - values["correlation"] ** 2) * level / values["vol_of_vol"]
    angle = np.arctan2(centre - log_moneyness, width)
    years, which = np.unique(maturities, return_inverse=True)
    label = which * 8 + np.floor(angle / WIDTH).astype(int) + 4
    order = np.argsort(label, kind="stable")
    groups = np.split(order, np.flatnonzero(np.diff(label[order])) + 1)
    slices = np.array([which[rows[0]] for rows in groups])
    reach = np.array([[log_moneyness[rows].min(), log_moneyness[rows].max()] for rows in groups])
    angles, ends, margins = _surveyed(values, years, slices, reach)
    wanted = np.nan_to_num(ends * DIGITS / (2.0 * np.pi * margins), nan=0.0)
    places = np.minimum(np.searchsorted(NODES, wanted), len(NODES) - 1)
    return [
        Bundle(rows, log_moneyness[rows], float(years[i]), float(omega), float(end), int(place))
        for rows, i, omega, end, place in zip(groups, slices, angles, ends, places, strict=True)
    ]


def _surveyed(
    values: Mapping[str, float], years: FloatArray, slices: NDArray[np.intp], reach: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Angle, end, and distance to the next angle that will not do, of the contour of each bundle.

    The integral of the modulus is log-convex in the angle and in the strike, so that the admissible angles are an
    interval, and the ends of the bundle's strikes are enough.
    """
    u, speed = Contour.between_the_poles(ANGLES[:, None]).points(STATIONS)
    height = _log_characteristic(values, u, years[:, None, None], ()).value.real  # (n_years, n_angles, n_stations)
    height = np.where(np.isnan(height), np.inf, height) + np.log(np.abs(speed / (u * (u + 1j))))
    exponent = height[slices][:, None] + u.imag * reach[:, :, None, None]
    exponent = exponent + 0.5 * reach[:, :, None, None]  # in parts of the least at the crossing
    size = np.exp(exponent - exponent[..., 0].max(axis=-1)[..., None, None])
    total = size.sum(axis=-1)
    good = np.all(total <= GROWTH * total.min(axis=-1, keepdims=True), axis=1)  # (n_bundles, n_angles)
    good |= ~good.any(axis=1, keepdims=True) & (ANGLES == 0.0)
    first, last = good.argmax(axis=1), len(ANGLES) - 1 - good[:, ::-1].argmax(axis=1)
    middle = (first + last) // 2
    bundle = np.arange(len(slices))
    kept = (size[bundle, :, middle] > NEGLIGIBLE * total[bundle, :, middle][..., None]).any(axis=1)
    station = len(STATIONS) - kept[:, ::-1].argmax(axis=1)
    decays = (station < len(STATIONS)) & np.isfinite(total[bundle, :, middle]).all(axis=1)
    ends = np.where(decays, STATIONS[np.minimum(station, len(STATIONS) - 1)], np.nan)
    step = ANGLES[1] - ANGLES[0]
    return ANGLES[middle], ends, (0.5 * (last - first) + 0.5) * step


def _summed(values: Mapping[str, float], bundles: list[Bundle], count: int, total: FloatArray) -> list[bool]:
    """Writes the sums over `count` nodes to `total`, and says which bundles have settled."""
    angle = np.array([[bundle.angle] for bundle in bundles])
    step = np.array([[bundle.end / count] for bundle in bundles])
    maturity = np.array([[bundle.maturity] for bundle in bundles])
    s = step * np.arange(count)
    u, speed = Contour.between_the_poles(angle).points(s)
    log_phi = _log_characteristic(values, u, maturity, motion(values))
    weight = np.where(s > 0.0, 1.0, 0.5) * speed * (step / np.pi) / (u * (u + 1j))
    settled = []
    for i, bundle in enumerate(bundles):
        # The strike that decays least goes with the characteristic function, which may leave the range of floats alone.
        slowest = bundle.log_moneyness.max() if bundle.angle >= 0.0 else bundle.log_moneyness.min()
        value = weight[i] * np.exp(log_phi.value[i] - 1j * u[i] * slowest)
        terms = np.concatenate([value[None], value * log_phi.gradient[:, i]]).T  # (n_nodes, 6)
        kernel = np.exp(-1j * np.outer(bundle.log_moneyness - slowest, u[i]))
        found = np.real(kernel @ terms)
        coarse = 2.0 * np.real(kernel[:, ::2] @ terms[::2])
        size = np.abs(kernel) @ np.abs(terms)
        settled.append(bool(np.all(np.abs(found - coarse) <= CHANGE * size)))
        if settled[-1]:
            total[:, bundle.rows] = found.T
    return settled


def _log_characteristic(
    values: Mapping[str, float], u: AnyArray, maturities: FloatArray, names: tuple[str, ...]
) -> Jet:
    """`fourier.log_characteristic` with first derivatives in the parameters `names`."""
    variables = Jet.variables({name: values[name] for name in names}, second=False)
    empty = Jet(names, np.zeros(()), np.zeros(len(names)), np.zeros((0, 0)))
    x = {name: variables.get(name) or empty.constant(values[name]) for name in motion(values)}
    return log_characteristic({**x, "maturity": empty.constant(maturities)}, u)
