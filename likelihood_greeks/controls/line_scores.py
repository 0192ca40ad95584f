r"""Second derivatives along a line: one coordinate is scored, the other travels, normals held fixed.

The weight of a coordinate b that moves the means of the steps alone is straight in their noise,
:math:`w_b = \sum n\,m_b/V`, and so along the line, :math:`w_b = p + q z`. It belongs inside the integral: as
:math:`E\int f w_b\,\varphi\,dz` is the derivative in b whatever the other coordinate a is,

.. math:: \partial_{ab} E[f] = E \int (\dot f\,w_b + f\,\dot w_b)\,\varphi\,dz, \qquad
          \dot w_b = \sum \frac{n\,m_{ab}}{V} - \frac12 \frac{n\,m_b V_a}{V^2} .

The payoff travels once: its integral has kinks, where an event comes from another date, and to differentiate it twice
along the path would be biased.
"""

from __future__ import annotations

from .._typing import FloatArray
from ..models.moves import NONE, weighted
from ..parameters import Derivative
from .line_integral import Integral, Straight
from .lines import Line


def second(along: Integral, pair: Derivative, rate: float) -> FloatArray | None:
    """The integrand of a second derivative, shape (n_paths,); None where neither weight is straight."""
    scored, travels = pair if pair[0] != "spot" else pair[::-1]  # what comes first is noisier
    for b, a in ((scored, travels), (travels, scored)):
        weight, moved = score(along.line, b), motion(along.line, (b, a), rate)
        if weight is not None and moved is not None:
            handed = along.line.moves.slope(a, rate).handed
            return along.moved(a, rate, weight) + along.weighed(moved) + handed * along.weighed(weight)
    return None


def score(line: Line, name: str) -> Straight | None:
    """The weight of a coordinate as a function of the point on the line; None if it is not straight."""
    slope = line.moves.slope(name, line.skeletons.drawn.rate)
    if slope.variance is not NONE or slope.handed.any():
        return None
    return _straight(line, slope.mean / line.moves.variance)


def motion(line: Line, pair: Derivative, rate: float) -> Straight | None:
    """How the weight of ``pair[0]`` moves in ``pair[1]``; None where it is not known."""
    bend, first, second = line.moves.bend(pair, rate), line.moves.slope(pair[0], rate), line.moves.slope(pair[1], rate)
    if bend is None or first.variance is not NONE or first.handed.any():
        return None
    variance = line.moves.variance
    coefficients = bend.mean / variance
    if second.variance is not NONE:
        coefficients = coefficients - 0.5 * first.mean * second.variance / variance**2
    return _straight(line, coefficients)


def _straight(line: Line, coefficients: FloatArray) -> Straight:
    """A sum of coefficients times noise."""
    slope = weighted(coefficients, line.shares)
    return weighted(coefficients, line.moves.noise) - slope * line.place, slope
