r"""Contours of Fourier integrals, on which the trapezoidal rule converges exponentially.

.. math:: u(s) = -ip + b\,[\sinh(s + i\omega) - i\sin\omega], \qquad s \in \mathbb R,

crosses the imaginary axis at :math:`-ip`, is graded with the width b, and has ends turned by the angle
:math:`\omega` towards faster decay and less oscillation [1]_. The half lines s < 0 and s > 0 are conjugate. The error
of the rule of step h is bounded by :math:`N(\omega \pm a)\,e^{-2\pi a/h}`, where :math:`N(\omega)` is the integral of
the modulus at angle :math:`\omega`, as long as N is finite between [2]_: so halving the step about squares the error.

References
----------
.. [1] S. Boyarchenko and S. Levendorskii, "Sinh-acceleration: efficient evaluation of probability distributions, option
   pricing, and Monte Carlo simulations", *International Journal of Theoretical and Applied Finance* 22, 2019.
.. [2] L. N. Trefethen and J. A. C. Weideman, "The exponentially convergent trapezoidal rule", *SIAM Review* 56, 2014.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import final

import numpy as np

from ..._typing import AnyArray, FloatArray

STATIONS = np.arange(0.0, 32.0, 0.5)  # of a survey; |u| reaches 1e13 widths
GROWTH = 1e3  # of the integrand, up to which an angle counts as admissible
NEGLIGIBLE = 1e-20  # where a contour ends, in parts of the integral of |integrand|


@final
@dataclass(frozen=True, slots=True)
class Contour:
    """A contour: the order p at which it crosses the imaginary axis, its width, the angle of its ends, and its end.

    Order, angle and end may be arrays: then so are the points.
    """

    order: AnyArray | float
    width: float
    angle: AnyArray | float
    end: float = np.inf

    @classmethod
    def between_the_poles(cls, angle: AnyArray | float) -> Contour:
        r"""The contour :math:`-\tfrac i2 + \tfrac12\sinh(s + i\omega)`, which crosses between :math:`-i` and 0."""
        return cls(0.5 - 0.5 * np.sin(angle), 0.5, angle)

    def points(self, s: AnyArray) -> tuple[AnyArray, AnyArray]:
        """u(s) and du/ds, of the shape of `s`."""
        z = s + 1j * self.angle
        return -1j * self.order + self.width * (np.sinh(z) - 1j * np.sin(self.angle)), self.width * np.cosh(z)

    def nodes(self, step: float) -> tuple[AnyArray, AnyArray]:
        """Points of the half line, and weights with which they give the integral over both halves, over 2 pi."""
        s = np.arange(0.0, self.end, step)
        u, speed = self.points(s)
        return u, np.where(s > 0.0, 1.0, 0.5) * speed * (step / np.pi)


def surveyed(
    order: AnyArray | float,
    width: float,
    angles: FloatArray,
    modulus: Callable[[AnyArray], FloatArray],
    values: Mapping[str, float],
) -> Contour:
    """The contour whose angle is the middle of those at which the integrand does not grow, with its end.

    The integral of the modulus is log-convex in the angle, so that these are an interval.

    Parameters
    ----------
    order : float or ndarray, shape (n_angles,)
    width : float
    angles : ndarray, shape (n_angles,)
    modulus : callable
        From points u to the modulus of the integrand.
    values : mapping of str to float
        What to name in a refusal.

    Raises
    ------
    ArithmeticError
        If the integrand does not decay.
    """
    orders = np.broadcast_to(order, angles.shape)
    u, speed = Contour(orders[:, None], width, angles[:, None]).points(STATIONS)
    with np.errstate(over="ignore", invalid="ignore"):  # angles where the integrand grows
        size = modulus(u) * np.abs(speed)
    size[np.isnan(size)] = np.inf
    total = size.sum(axis=1)
    admissible = np.flatnonzero(total <= GROWTH * total.min())
    if not (len(admissible) and total.min() > 0.0):
        raise unsettled(values)
    middle = (admissible[0] + admissible[-1]) // 2
    end = float(ends(size[middle]))
    if not end < np.inf:
        raise unsettled(values)
    return Contour(float(orders[middle]), width, float(angles[middle]), end)


def ends(size: FloatArray) -> FloatArray:
    """The station from which integrands are negligible, infinite if there is none; (..., n_stations) to (...)."""
    kept = size > NEGLIGIBLE * size.sum(axis=-1, keepdims=True)
    last = len(STATIONS) - np.argmax(kept[..., ::-1], axis=-1)
    return np.where(last < len(STATIONS), STATIONS[np.minimum(last, len(STATIONS) - 1)], np.inf)


def change(terms: AnyArray) -> FloatArray:
    """How far a sum over nodes, the last axis, moves when every other node is left out."""
    return np.abs(terms.sum(-1).real - 2.0 * terms[..., ::2].sum(-1).real)


def unsettled(values: Mapping[str, float]) -> ArithmeticError:
    """The refusal of a law whose Fourier integral cannot be computed."""
    return ArithmeticError(f"the Fourier integral must settle, got none at {dict(values)}")
