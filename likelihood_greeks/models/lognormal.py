r"""Laws whose log-spot moves from date to date by independent normals with known means and variances.

Means and variances are jets: their derivatives in the parameters and in time are the whole of the law's scores (see
`moves`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, final

import numpy as np

from .._checks import positive
from .._typing import FloatArray
from ..numerics import jets
from ..numerics.arrays import once
from ..numerics.jets import Jet
from ..parameters import TIME, Derivative
from .memo import Memo
from .moves import NONE, IndependentSteps, Moves, Slope, diffused
from .protocol import Paths

ALIKE = 1e-9  # relative spread below which a derivative of the variances is a multiple of them


@final
@dataclass(frozen=True, slots=True, eq=False)
class Terms:
    """Means and variances of the moves, shape (n_times, 1), as jets: the whole of the law."""

    mean: Jet
    variance: Jet
    _known: dict[str, Slope] = field(default_factory=dict)

    def slope(self, name: str, rate: float) -> Slope:
        """First derivatives; the clock turns as time elapses, or if one interval runs faster by more than another."""

        def slope() -> Slope:
            clock = self._clock(name)
            faster = clock / self.variance.value
            turns = name == TIME or bool(np.ptp(faster) > ALIKE * np.abs(faster).max())
            return Slope(self.mean.derivative(name), clock, turns=turns)

        return once(self._known, name, slope)

    def bend(self, pair: Derivative, rate: float) -> Slope:
        """Second derivatives of the moves."""
        return Slope(self.mean.derivative(*pair), self._clock(*pair))

    def curvature(self, pair: Derivative, rate: float, noise: FloatArray) -> None:
        """Never asked for: every bend is known."""

    def _clock(self, *names: str) -> FloatArray:
        rows = self.variance.derivative(*names)
        return rows if rows.any() else NONE


@final
@dataclass(frozen=True, slots=True, eq=False)
class _Memo(Memo):
    """What a law drew, and the noise in it."""

    noise: FloatArray


def drawn(law: Any, times: FloatArray, terms: Terms, normals: FloatArray) -> Paths:
    """Paths of a law at `times` from normals, (n_times, n_paths), which are overwritten."""
    noise, log_spot = diffused(normals, np.sqrt(terms.variance.value[:, 0]), terms.mean.value[:, 0])
    spot = np.exp(log_spot, out=log_spot)
    return Paths(times, spot, memo=_Memo(law, spot, times, noise))


def moves(law: Any, terms: Terms, paths: Paths) -> Moves:
    """How the log-spots of given paths moved from date to date."""
    memo = paths.memo
    if isinstance(memo, _Memo) and memo.holds(law, paths):
        return Moves(memo.noise, terms.variance.value, terms, IndependentSteps())
    noise = np.diff(np.log(paths.spot), axis=0, prepend=0.0)
    noise -= terms.mean.value
    return Moves(noise, terms.variance.value, terms, IndependentSteps())


def vanilla_jets(forward: Jet, deviation: Jet, strike: float) -> tuple[Jet, Jet]:
    r"""Expectations of 1{S > strike} and max(S - strike, 0), of a lognormal with given mean and deviation.

    .. math:: \Phi(d_2), \qquad F\,\Phi(d_1) - K\,\Phi(d_2), \qquad d_{1,2} = \frac{\log(F/K)}{s} \pm \tfrac12 s.
    """
    d2 = jets.log(forward / positive("strike", strike)) / deviation - 0.5 * deviation
    above = jets.normal_cdf(d2)
    return above, forward * jets.normal_cdf(d2 + deviation) - strike * above


def average_jets(forward: Jet, terms: Terms, level: float) -> tuple[Jet, Jet]:
    r"""Expectations of 1{G > level} and A 1{G > level}, G and A the geometric and arithmetic averages over the dates.

    Of n dates a share :math:`c_j = (n - j + 1)/n` comes no earlier than a move, so that
    :math:`\log G \sim N(\mu, s^2)` with :math:`\mu = \sum_j c_j m_j`, :math:`s^2 = \sum_j c_j^2 V_j`, and

    .. math:: \Phi(d), \qquad \frac1n \sum_i F_i\,\Phi\Bigl(d + \frac1s \sum_{j \le i} c_j V_j\Bigr), \qquad
              d = \frac{\mu - \log k}{s} .

    Parameters
    ----------
    forward : Jet
        Forwards of the dates, shape (n_times, 1).
    terms : Terms
    level : float
        :math:`k > 0`, currency.

    References
    ----------
    .. [1] M. Curran, "Valuing Asian and portfolio options by conditioning on the geometric mean price",
       *Management Science* 40 (1994), 1705-1711.
    """
    count = len(terms.variance.value)
    shares = np.arange(count, 0, -1.0)[None] / count
    deviation = jets.sqrt(_mixed(shares**2, terms.variance))
    d = (_mixed(shares, terms.mean) - np.log(positive("level", level))) / deviation
    together = forward * jets.normal_cdf(
        d + _mixed(np.tril(np.repeat(shares, count, axis=0)), terms.variance) / deviation
    )
    return _only(jets.normal_cdf(d)), _only(_mixed(np.full((1, count), 1.0 / count), together))


def _mixed(matrix: FloatArray, rows: Jet) -> Jet:
    """A matrix times jets of shape (n_times, 1)."""
    return Jet(rows.names, matrix @ rows.value, matrix @ rows.gradient, matrix @ rows.hessian)


def _only(rows: Jet) -> Jet:
    """The only one, of shape (1, 1), as a number."""
    return Jet(rows.names, rows.value[0, 0], rows.gradient[..., 0, 0], rows.hessian[..., 0, 0])
