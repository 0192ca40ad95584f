r"""Prices of all calls under a local volatility, forward in maturity, with their derivatives in its nodes.

With :math:`c(T, K) = E[(S_T - K)^+]` and :math:`\mu` the rate less the yield, Dupire's equation is

.. math:: \partial_T c = \tfrac12 \sigma^2(T, K)\,K^2\,\partial_{KK} c - \mu K\,\partial_K c + \mu c, \qquad
          c(0, K) = (S_0 - K)^+ .

Differences over three strikes are exact for forwards less strikes, so that put-call parity holds to rounding. Steps in
maturity are of Crank and Nicolson; the first four are implicit half-steps, which take the kink of the payoff away.

References
----------
.. [1] B. Dupire, "Pricing with a smile", *Risk* 7 (1994), 18-20.
.. [2] J. Andreasen and B. Huge, "Volatility interpolation", *Risk* 24 (2011), 76-79 (a local volatility per expiry,
   found expiry by expiry on this equation).
.. [3] R. Rannacher, "Finite element solution of diffusion problems with irregular data", *Numerische Mathematik* 43
   (1984), 309-327 (the implicit half-steps).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import final

import numpy as np
from scipy.linalg import solve_banded

from ..._typing import FloatArray

STRIKES = 601
STEPS = 24  # from one expiry to the next


@final
@dataclass(frozen=True, slots=True, eq=False)
class Strikes:
    """Strikes, dense about the spot, and differences over three of them.

    Attributes
    ----------
    values : ndarray, shape (n,)
        Increasing; the spot is one of them.
    first, second : ndarray, shape (3, n)
        Weights of the strike before, the same and the next in both derivatives; zero at the ends.
    """

    values: FloatArray
    first: FloatArray = field(init=False)
    second: FloatArray = field(init=False)

    def __post_init__(self) -> None:
        k = self.values
        first, second = np.zeros((3, len(k))), np.zeros((3, len(k)))
        a, b = k[1:-1] - k[:-2], k[2:] - k[1:-1]
        second[:, 1:-1] = 2.0 / (a * (a + b)), -2.0 / (a * b), 2.0 / (b * (a + b))
        first[:, 1:-1] = -b / (a * (a + b)), (b - a) / (a * b), a / (b * (a + b))
        object.__setattr__(self, "first", first)
        object.__setattr__(self, "second", second)

    @classmethod
    def about(cls, spot: float, nearest: float, reach: float) -> Strikes:
        """Strikes whose logarithms lie so near to each other at the spot, and reach so far from it."""
        half = STRIKES // 2
        scale = _bend(reach / (nearest * half))
        x = np.sinh(scale * np.linspace(-1.0, 1.0, 2 * half + 1)) / np.sinh(scale) * reach
        return cls(spot * np.exp(x))


def _bend(ratio: float) -> float:
    """The a of which sinh(a) / a is a ratio, by bisection; of ratios below one, nearly none."""
    low, high = 1e-3, 50.0
    for _ in range(60):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if np.sinh(middle) / middle < ratio else (low, middle)
    return low


@final
@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """One step in maturity, for what goes backwards over it.

    Attributes
    ----------
    length, share : float
        Years; and how much of the step is implicit.
    implicit, explicit : ndarray, shape (3, n_strikes)
        What the calls after it, and those before it, are multiplied with.
    curved : ndarray, shape (n_strikes,)
        Second derivative in the strike of the calls that the volatility acts on.
    curves : ndarray, shape (n_strikes, n_own)
        Its derivatives in the nodes of the volatility.
    """

    length: float
    share: float
    implicit: FloatArray
    explicit: FloatArray
    curved: FloatArray
    curves: FloatArray


def transposed(bands: FloatArray) -> FloatArray:
    """The bands of the transpose."""
    a, b, c = bands
    return np.stack([np.append(0.0, c[:-1]), b, np.append(a[1:], 0.0)])


def times(bands: FloatArray, rows: FloatArray) -> FloatArray:
    """Three bands, weights of the row before, the same and the next, times rows; (n,) or (n, m)."""
    a, b, c = bands if rows.ndim == 1 else bands[:, :, None]
    found = b * rows
    found[1:] += a[1:] * rows[:-1]
    found[:-1] += c[:-1] * rows[1:]
    return np.asarray(found)


def solved(bands: FloatArray, rows: FloatArray) -> FloatArray:
    """The inverse of three bands, times rows."""
    if not rows.size:
        return rows.copy()  # SciPy 1.13 writes where it must not
    a, b, c = bands
    return np.asarray(solve_banded((1, 1), np.stack([np.roll(c, 1), b, np.roll(a, -1)]), rows, check_finite=False))


@final
@dataclass(frozen=True, slots=True, eq=False)
class Calls:
    """Undiscounted calls at one maturity, and their derivatives in some nodes.

    Attributes
    ----------
    prices : ndarray, shape (n_strikes,)
    slopes : ndarray, shape (n_strikes, n_nodes)
    """

    prices: FloatArray
    slopes: FloatArray


@final
@dataclass(frozen=True, slots=True)
class Span:
    """From one maturity to the next: years, rate less yield per year, and whether calls have their kink before it."""

    length: float
    growth: float
    sharp: bool


def stepped(
    strikes: Strikes,
    calls: Calls,
    local: tuple[FloatArray, FloatArray],
    span: Span,
    record: list[Part] | None = None,
) -> Calls:
    """The calls a maturity later.

    Parameters
    ----------
    strikes : Strikes
    calls : Calls
        At the earlier maturity.
    local : (ndarray, ndarray), shapes (n_strikes,) and (n_strikes, n_own)
        The volatility at the strikes, all the way, and its derivatives in the nodes that it is made of, whose slopes
        come behind those of `calls`.
    span : Span
    record : list, optional
        Gets all steps.
    """
    (volatility, basis), k, growth = local, strikes.values, span.growth
    square = k * k
    operator = 0.5 * volatility**2 * square * strikes.second - growth * k * strikes.first
    operator[1, 1:-1] += growth
    lever = (volatility * square)[:, None] * basis
    known = calls.slopes.shape[1]
    rows = np.concatenate([calls.prices[:, None], calls.slopes, np.zeros_like(basis)], axis=1)
    step = span.length / STEPS
    plan = [(0.5 * step, 1.0)] * 4 + [(step, 0.5)] * (STEPS - 2) if span.sharp else [(step, 0.5)] * STEPS
    forward = k[0] + rows[0, 0]
    one = np.zeros_like(operator)
    one[1] = 1.0
    for part, share in plan:
        before, known_before = rows[:, 0].copy(), rows[:, 1 + known :]
        explicit = one + (1.0 - share) * part * operator
        rows = rows.copy() if share == 1.0 else times(explicit, rows)
        forward *= np.exp(growth * part)
        implicit = one - share * part * operator
        rows[0], rows[-1] = 0.0, 0.0
        rows[0, 0] = forward - k[0]
        rows[:, 0] = solved(implicit, rows[:, 0])
        curved = times(strikes.second, share * rows[:, 0] + (1.0 - share) * before)
        rows[:, 1 + known :] += part * lever * curved[:, None]
        rows[:, 1:] = solved(implicit, rows[:, 1:])
        if record is not None:
            curves = times(strikes.second, share * rows[:, 1 + known :] + (1.0 - share) * known_before)
            record.append(Part(part, share, implicit, explicit, curved, curves))
    return Calls(rows[:, 0], rows[:, 1:])
