r"""The bias of the simulated Heston law, by quadrature: European Greeks under m steps less those under the exact law.

The law of m equal steps differs from Heston's only in the integrated variance given both ends of a step, which is
inverse Gaussian with the exact mean :math:`c_1` and variance :math:`c_2`. With :math:`X = \log(S_T/F_T)`,

.. math::
    \varphi_m(u) = e^{-iu\rho(v_0 + \kappa\theta T)/\xi}\; E\Bigl[e^{iu\rho v_T/\xi}
    \prod_{\text{steps}} M\bigl(s(u);\, v, v'\bigr)\Bigr], \quad
    s = iu\Bigl(\frac{\rho\kappa}{\xi} - \frac12\Bigr) - \frac{u^2(1 - \rho^2)}2, \quad
    M = \exp\Bigl\{\frac{c_1^2}{c_2}\Bigl(1 - \sqrt{1 - 2 s c_2/c_1}\Bigr)\Bigr\}.

The expectation is a product of matrices on Gauss--Jacobi nodes in :math:`\sqrt v`, whose weight takes the singularity
of the transition density at zero, so that the integrands are analytic. On the line :math:`\operatorname{Im} u = -1/2`,
between the poles, :math:`\Delta\varphi = \varphi_m - \varphi` gives (`models.heston.fourier` has the formulas)

.. math::
    \Delta P(X > k) = \frac1\pi \operatorname{Re}\int_0^\infty \frac{\Delta\varphi\,e^{-iuk}}{iu}\,du, \qquad
    \Delta E[\min(e^{X-k}, 1)] = \frac1\pi \operatorname{Re}\int_0^\infty \frac{\Delta\varphi\,e^{-iuk}}{u(u+i)}\,du .

Derivatives in k are exact; those in a parameter of the variance or the maturity are central differences of all this,
nodes and weights included, at a fixed number of steps. Nothing is random. The frequencies are
as far apart as the law is narrow; where the forward is biased by a share e, the pole at -i leaves about 1 % of e.

References
----------
.. [1] F. Fang and C. W. Oosterlee, "A Fourier-based valuation method for Bermudan and barrier options under Heston's
   model", *SIAM Journal on Financial Mathematics* 2 (2011), 439-463 (quadrature in the variance).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import special

from likelihood_greeks import Heston
from likelihood_greeks.models.heston.fourier import characteristic_function
from likelihood_greeks.models.heston.integrated_variance import IntegratedVariance
from likelihood_greeks.models.heston.parameters import VARIANCE
from likelihood_greeks.models.heston.variance import SquareRoot
from likelihood_greeks.numerics.jets import Jet
from likelihood_greeks.parameters import resolve

STRIKES = np.array([70.0, 80.0, 90.0, 95.0, 100.0, 105.0, 110.0, 120.0, 130.0, 140.0]) / 100.0  # of the spot
GREEKS = (
    "price", "delta", "gamma", "vega", "rho", "dividend_rho", "theta", "correlation", "mean_reversion",
    "long_run_variance", "vol_of_vol", "vanna", "volga",
)  # fmt: skip
BUMP = 2e-3  # relative; absolute in the correlation
REACH = 7.5  # normal deviations of the root of the variance that the nodes cover
DENSITY = 2.2  # nodes, beyond 32, for each deviation of a step
SMALLEST = 1e-8  # of the characteristic function, where the integral ends
NOTHING = 1e-17  # of a weighted density
BLOCK = 50_000  # complex numbers in memory at a time


@dataclass(frozen=True)
class Slopes:
    """A function of u and its derivatives, each of shape (n_frequencies,).

    Attributes
    ----------
    value : ndarray
    by : dict of str to ndarray
        First derivatives in the parameters of the variance and ``"maturity"``.
    curvature : ndarray
        Second derivative in the initial variance.
    """

    value: np.ndarray
    by: dict[str, np.ndarray]
    curvature: np.ndarray


def exact_characteristic(law: Heston, time: float, u: np.ndarray) -> np.ndarray:
    """Of X under Heston's law."""
    values = {name: getattr(law, name) for name in VARIANCE} | {"maturity": time}
    bare = {name: Jet((), np.asarray(value), np.zeros(0), np.zeros((0, 0))) for name, value in values.items()}
    return characteristic_function(bare, u).value


def nodes(law: Heston, time: float, steps: int) -> tuple[np.ndarray, np.ndarray, float]:
    r"""Nodes and weights in the root of the variance, and the power :math:`\beta` that the weights hold.

    The integral of :math:`r^\beta f(r)` over what the variance can reach is the weighted sum of f.
    """
    variance = SquareRoot(law.mean_reversion, law.long_run_variance, law.vol_of_vol)
    ages = time * np.linspace(0.05, 1.0, 40)
    scale, freedom = variance.scale(ages), 2.0 * variance.order + 2.0
    start = np.sqrt(law.initial_variance * np.exp(-law.mean_reversion * ages))
    reach = float(np.max(start + np.sqrt(scale) * (np.sqrt(freedom) + REACH)))
    width = float(np.sqrt(variance.scale(np.asarray(time / steps))))
    count = int(32 + DENSITY * reach / width)
    power = 2.0 * variance.order + 1.0 if variance.order < 3.0 else 0.0
    x, weight = special.roots_jacobi(count, 0.0, power)
    return 0.5 * reach * (1.0 + x), weight * (0.5 * reach) ** (power + 1.0), power


@dataclass(frozen=True)
class Kernel:
    """Steps of equal length from each of some variances to each of the nodes, all of shape (n_from, n_nodes).

    Attributes
    ----------
    density : ndarray
        Transition density times the weights of the nodes.
    mean, shape : ndarray
        Of the inverse Gaussian: c1, and c1**2 / c2.
    """

    density: np.ndarray
    mean: np.ndarray
    shape: np.ndarray

    @classmethod
    def between(cls, law: Heston, step: float, start: np.ndarray, grid: tuple[np.ndarray, np.ndarray, float]) -> Kernel:
        """The kernel from variances `start`."""
        root, weight, power = grid
        variance = SquareRoot(law.mean_reversion, law.long_run_variance, law.vol_of_vol)
        pairs = np.stack([np.repeat(start, len(root)), np.tile(root**2, len(start))])
        given = IntegratedVariance.given(variance.transitions(pairs, np.array([step])))
        log_density = given.steps.log_density().reshape(len(start), -1) + np.log(2.0 * root) - power * np.log(root)
        table = (len(start), len(root))
        shape = (given.mean**2 / given.variance).reshape(table)
        return cls(np.exp(log_density) * weight, given.mean.reshape(table), shape)

    def at(self, s: np.ndarray) -> np.ndarray:
        """Density times M(s), shape (n_frequencies, n_from, n_nodes); nothing where the density is nothing."""
        live = np.flatnonzero(self.density > NOTHING)
        mean, shape, density = (table.ravel()[live] for table in (self.mean, self.shape, self.density))
        found = np.zeros((len(s), self.density.size), dtype=complex)
        found[:, live] = density * np.exp(shape * (1.0 - np.sqrt(1.0 - (2.0 * s[:, None]) * (mean / shape))))
        return found.reshape(len(s), *self.density.shape)


def characteristic(law: Heston, time: float, steps: int, u: np.ndarray) -> np.ndarray:
    """Of X under the law of `steps` equal steps, shape of `u` (n_frequencies,)."""
    kappa, theta, xi, rho = law.mean_reversion, law.long_run_variance, law.vol_of_vol, law.correlation
    grid, step, drift = nodes(law, time, steps), time / steps, 1j * u * rho / xi
    s = 1j * u * (rho * kappa / xi - 0.5) - 0.5 * u**2 * (1.0 - rho**2)
    ends = grid[0] ** 2
    first = Kernel.between(law, step, np.array([law.initial_variance]), grid)
    later = Kernel.between(law, step, ends, grid) if steps > 1 else first
    found = np.empty(len(u), dtype=complex)
    size = max(1, BLOCK // len(ends) ** 2)
    for k in range(0, len(u), size):
        part = slice(k, k + size)
        after = np.exp(drift[part, None] * ends)[:, :, None]
        if steps > 1:
            kernel = later.at(s[part])
            for _ in range(steps - 1):
                after = kernel @ after
        found[part] = (first.at(s[part]) @ after)[:, 0, 0]
    return found * np.exp(-drift * (law.initial_variance + kappa * theta * time))


def frequencies(law: Heston, time: float) -> np.ndarray:
    """The midpoints of the trapezoidal rule on the line, and -i at the end (for the forward)."""
    deviation = np.sqrt(max(law.initial_variance, law.long_run_variance) * time)
    spacing = 2.0 * np.pi / (6.0 + 16.0 * deviation) if deviation > 0.15 else 2.0 * np.pi / (40.0 * deviation)
    survey = np.geomspace(1.0, 1e5, 2000) - 0.5j
    alive = np.abs(exact_characteristic(law, time, survey)) > SMALLEST
    last = survey[np.flatnonzero(alive)[-1]].real
    return np.append(spacing * np.arange(0.5, last / spacing) - 0.5j, -1j)


def difference(law: Heston, time: float, steps: int, u: np.ndarray) -> Slopes:
    """The steps' characteristic function less the exact one, with its derivatives."""

    def gap(name: str = "", sign: float = 0.0) -> np.ndarray:
        if name == "maturity":
            moved, later = law, time * (1.0 + sign * BUMP)
        else:
            moved, later = replace(law, **({name: getattr(law, name) + sign * size[name]} if name else {})), time
        return characteristic(moved, later, steps, u) - exact_characteristic(moved, later, u)

    size = {name: BUMP * getattr(law, name) for name in VARIANCE} | {"correlation": BUMP, "maturity": BUMP * time}
    here = gap()
    ends = {name: (gap(name, 1.0), gap(name, -1.0)) for name in (*VARIANCE, "maturity")}
    up, down = ends["initial_variance"]
    by = {name: (up - down) / (2.0 * size[name]) for name, (up, down) in ends.items()}
    return Slopes(here, by, (up - 2.0 * here + down) / size["initial_variance"] ** 2)


def biases(law: Heston, time: float, steps: int) -> dict[str, np.ndarray]:
    """Bias of every one of `GREEKS` at `STRIKES` of a call and a digital call; shape (13, 10) each."""
    u = frequencies(law, time)
    found, line = difference(law, time, steps, u), u[:-1]
    strikes = STRIKES * law.spot
    k = np.log(strikes / law.forward(time))
    wave = np.exp(-1j * line * k[:, None]) * (line[1] - line[0]) / np.pi

    def above(values: np.ndarray, order: int) -> np.ndarray:
        return (wave @ (values[:-1] * (-1j * line) ** order / (1j * line))).real

    def paid(values: np.ndarray, order: int) -> np.ndarray:  # the call, in strikes: exp(-k) E[exp(X)] - E[min]
        minimum = (wave @ (values[:-1] * (-1j * line) ** order / (line * (line + 1j)))).real
        return (-1.0) ** order * np.exp(-k) * values[-1].real - minimum

    return {"call": strikes * _greeks(law, time, found, paid), "digital": _greeks(law, time, found, above)}


def _greeks(law: Heston, time: float, found: Slopes, g) -> np.ndarray:
    """Greeks of D g(k), where D is the discount factor and k = log(strike) - log(S0) - (r - q) T; shape (13, 10)."""
    spot, root, by = law.spot, np.sqrt(law.initial_variance), found.by
    value, first, second = (g(found.value, order) for order in range(3))
    slopes = {name: g(by[name], 0) for name in VARIANCE}
    vega = 2.0 * root * slopes["initial_variance"]
    rows = {
        "price": value,
        "delta": -first / spot,
        "gamma": (second + first) / spot**2,
        "vega": vega,
        "rho": -time * (value + first),
        "dividend_rho": time * first,
        "theta": law.rate * value + (law.rate - law.dividend_yield) * first - g(by["maturity"], 0),
        "vanna": -2.0 * root * g(by["initial_variance"], 1) / spot,
        "volga": 4.0 * law.initial_variance * g(found.curvature, 0) + vega / root,
        **slopes,
    }
    return law.discount(time) * np.stack([rows[name] for name in GREEKS])


def exact_greeks(law: Heston, time: float) -> dict[str, np.ndarray]:
    """`GREEKS` at `STRIKES` by Fourier inversion, contract by contract; shape (13, 10) each."""
    discount = law.discount_jet(np.asarray(time))
    pairs = [law.vanilla_jets(strike * law.spot, time) for strike in STRIKES]

    def column(jet: Jet) -> list[float]:
        terms = [resolve(name, law) for name in GREEKS]
        return [sum(f * float(jet.derivative(*names)) for names, f in term.items()) for term in terms]

    return {
        "digital": np.array([column(discount * above) for above, _ in pairs]).T,
        "call": np.array([column(discount * call) for _, call in pairs]).T,
    }


def scales(exact: np.ndarray) -> np.ndarray:
    """What a bias of each Greek is measured against: its largest size at `STRIKES`; shape (13,)."""
    return np.abs(exact).max(axis=1)


def scaled_biases(law: Heston, time: float, steps: int) -> dict[str, np.ndarray]:
    """`biases` in units of `scales`."""
    found, exact = biases(law, time, steps), exact_greeks(law, time)
    return {contract: found[contract] / scales(exact[contract])[:, None] for contract in found}
