r"""Second derivatives along a line: one coordinate is scored, the other travels, normals held fixed.

The weight of a coordinate b that moves the steps' means and variances is a polynomial in their noise,
:math:`w_b = \sum n\,m_b/V + \tfrac12 (n^2/V - 1) V_b/V`, and so along the line, :math:`w_b = p + q z + s z^2`. It
belongs inside the integral: as :math:`E\int f w_b\,\varphi\,dz` is the derivative in b whatever the other coordinate a
is,

.. math:: \partial_{ab} E[f] = E \int (\dot f\,w_b + f\,\dot w_b)\,\varphi\,dz, \qquad
          \dot w_b = \sum \frac{n\,m_{ab}}{V} - \frac12 \frac{n\,m_b V_a}{V^2}
          + \frac12 \Bigl(\frac{n^2}{V} - 1\Bigr) \Bigl(\frac{V_{ab}}{V} - \frac{V_a V_b}{V^2}\Bigr) .

The payoff travels once: its integral has kinks, where an event comes from another date, and to differentiate it twice
along the path would be biased.
"""

from __future__ import annotations

from collections.abc import Sequence

from .._typing import FloatArray
from ..estimators.likelihood_ratio import Combination
from ..models.moves import NONE, spread, weighted, weighted_squares
from ..numerics.arrays import once
from ..parameters import TIME, Derivative
from .joint_lines import JointLine
from .line_integral import Integral, Polynomial
from .lines import Line


def second(along: Integral, pair: Derivative, rate: float) -> FloatArray | None:
    """The integrand of a second derivative, shape (n_paths,); None where it is not known."""
    found = way(along.line, pair, rate)
    if found is None:
        return None
    travels, weight, moved = found
    handed = along.line.handed(travels, rate)
    own = along.weighed(moved) + handed * along.weighed(weight) if handed.any() else along.weighed(moved)
    return along.moved(travels, rate, weight) + own


def knows(line: Line | JointLine, pair: Derivative, rate: float) -> bool:
    """Whether the integrand of a second derivative is known."""
    return way(line, pair, rate) is not None


def known(combinations: Sequence[Combination], line: Line | JointLine, rate: float) -> list[Combination]:
    """What of some Greeks is known along the line: second derivatives that are not are left out."""
    return [{d: x for d, x in c.items() if len(d) < 2 or knows(line, d, rate)} for c in combinations]


def way(line: Line | JointLine, pair: Derivative, rate: float) -> tuple[str, Polynomial, Polynomial] | None:
    """Which coordinate travels, the weight of the one that is scored, and how it moves; None where it is not known."""
    return once(line.known, ("second", pair, rate), lambda: _way(line, pair, rate))


def _way(line: Line | JointLine, pair: Derivative, rate: float) -> tuple[str, Polynomial, Polynomial] | None:
    first, other = sorted(pair, key=lambda name: _noisy(line, name))
    for scored, travels in ((first, other), (other, first)):
        weight, moved = score(line, scored), motion(line, (scored, travels), rate)
        if weight is not None and moved is not None:
            return travels, weight, moved
    return None


def _noisy(line: Line | JointLine, name: str) -> tuple[bool, bool, bool]:
    """How noisy the score of a coordinate is: most if it acts within the first interval, or on variances."""
    if isinstance(line, JointLine):
        return name == TIME, line.turns(name), name.startswith("spot")
    return name == TIME, line.moves.slope(name, line.skeletons.drawn.rate).variance is not NONE, name == "spot"


def score(line: Line | JointLine, name: str) -> Polynomial | None:
    """The weight of a coordinate along the line; None if what is beneath has a part in it."""
    if isinstance(line, JointLine):
        return line.score(name)
    slope = line.moves.slope(name, line.skeletons.drawn.rate)
    if slope.handed.any():
        return None
    return _along(line, slope.mean / line.moves.variance, slope.variance / line.moves.variance)


def motion(line: Line | JointLine, pair: Derivative, rate: float) -> Polynomial | None:
    """How the weight of ``pair[0]`` moves in ``pair[1]``; None where it is not known."""
    if isinstance(line, JointLine):
        return line.score_motion(pair)
    bend, (b, a) = line.moves.bend(pair, rate), (line.moves.slope(name, rate) for name in pair)
    if bend is None or b.handed.any():
        return None
    variance = line.moves.variance
    linear = bend.mean / variance - 0.5 * b.mean * a.variance / variance**2
    return _along(line, linear, bend.variance / variance - a.variance * b.variance / variance**2)


def _along(line: Line, linear: FloatArray, square: FloatArray) -> Polynomial:
    """A sum of coefficients times noise, and of halves of others times squared normals less one, along the line."""
    noise, shares, place, count = line.moves.noise, line.shares, line.place, len(line.moves.noise)
    here, slope = weighted(linear, noise), weighted(linear, shares)  # where the path is
    if not square.any():
        return here - slope * place, slope
    relative = spread(0.5 * square / line.moves.variance, count)
    here = here + weighted_squares(relative, noise) - 0.5 * spread(square, count).sum(axis=0)
    slope, bend = slope + 2.0 * weighted(relative * shares, noise), weighted_squares(relative, shares)
    return here - slope * place + bend * place**2, slope - 2.0 * bend * place, bend
