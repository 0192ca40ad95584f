r"""Where a payoff's own levels meet, of several assets: the likeliest moves that lead there, and pushes by them.

A level of a product of powers of spots is a linear condition :math:`a'n = d` on the noise n of all moves, whose
covariance V is known. Of several conditions with rows A at once, the likeliest moves are

.. math:: m = V p, \qquad p = A' (A V A')^{-1} d,

however unlike the assets must move for it; paths whose noise is pushed by m have :math:`e^{p'n - p'Vp/2}` times the
density of the law. Beyond the levels it falls like :math:`e^{-f'x}`, :math:`f = (A V A')^{-1} d`: paths are sent
farther by :math:`1/f` (at most the deviation of a condition given the others), to where such paths are on average.

References
----------
.. [1] P. Glasserman, P. Heidelberger and P. Shahabuddin, *Asymptotically optimal importance sampling and stratification
   for pricing path-dependent options*, Mathematical Finance 9 (1999).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations, product, takewhile
from math import comb, prod
from typing import TypeAlias

import numpy as np

from .._typing import FloatArray
from ..models.joint_moves import JointMoves
from ..payoffs.along.pieces import pieces_along
from ..payoffs.along.points import Crossed, Monomial, Summed
from ..payoffs.protocol import Contract

TOGETHER = 3  # conditions that meet, or more where there are few: see `_together`
MOST, TRIED = 64, 5000  # meetings that are aimed at, and of conditions so many that are looked at
MOST_OF_MANY = 16  # of these, meetings of more: as many of every number
MOST_TIMES = 16  # that one is among those aimed at
NEAREST, FARTHEST = 2.0, 8.0  # standard deviations from which on, and up to which, they are
UNLIKE = 1e-9  # share of its variance that a condition must have of its own
ANYWHERE = (-3.0, -1.0, 1.0, 3.0)  # standard deviations, about, of levels where they are not known
LEANING = 0.2  # by which the last asset moves more than the first on the line on which conditions are read

Terms: TypeAlias = tuple[tuple[Monomial, float], ...]
"""Monomials with coefficients > 0 whose sum is one at a level."""

Meeting: TypeAlias = tuple[int, float, FloatArray]
"""How many conditions, standard deviations to it, and the p above."""


def meetings(payoffs: Iterable[Contract], spot: FloatArray, moves: JointMoves) -> FloatArray:
    """The p above of every meeting, those of few conditions first, then the nearest; (n_meetings, n_assets, n_times).

    `spot`, shape (n_assets, n_times, n_paths), are paths of the law, which move by `moves`.
    """
    covariance = moves.terms.covariance
    rows, gaps = _conditions(payoffs, spot, moves)
    spread = np.einsum("cjt,tjk,dkt->cd", rows, covariance, rows)
    found = list[Meeting]()
    for some in _together(rows):
        own = spread[np.ix_(some, some)]
        scale = np.sqrt(np.diag(own))
        if np.linalg.eigvalsh(own / np.outer(scale, scale))[0] < UNLIKE:
            continue
        inverse = np.linalg.inv(own)
        factors = inverse @ gaps[some]
        if NEAREST <= (far := float(np.sqrt(factors @ gaps[some]))) <= FARTHEST:
            beyond = np.sign(factors) / np.maximum(np.abs(factors), np.sqrt(np.diag(inverse)))
            found.append((len(some), far, np.einsum("c,cjt->jt", factors + inverse @ beyond, rows[some])))
    return np.array([one[2] for one in _kept(found)]).reshape(-1, *spot.shape[:2])


def _kept(found: Sequence[Meeting]) -> list[Meeting]:
    """Those that are aimed at: of few conditions the nearest, and of every greater number some.

    These several times, since a path that is sent to them meets all of their conditions less often.
    """
    ordered = sorted(found, key=lambda one: one[:2])
    counts = sorted({one[0] for one in ordered if one[0] > TOGETHER})
    many = [[one for one in ordered if one[0] == count] for count in counts]
    kept = [one for own in many for one in own[: max(MOST_OF_MANY // len(many), 1)]][-MOST_OF_MANY:]
    few = [one for one in ordered if one[0] <= TOGETHER][: MOST - len(kept)]
    return few + [one for one in kept for _ in range(min(2 ** (one[0] - TOGETHER + 1), MOST_TIMES))]


def _together(rows: FloatArray) -> Iterator[list[int]]:
    """Which conditions are looked at together.

    All singles, pairs and threes, and all that are more, as long as they are not too many; and one of every asset whose
    conditions move it alone, all of one date.
    """
    counts = [*takewhile(lambda count: comb(len(rows), count) <= TRIED, range(1, len(rows) + 1))]
    for count in counts:
        yield from map(list, combinations(range(len(rows)), count))
    dates = dict[int, dict[int, list[int]]]()
    for number, row in enumerate(rows):
        assets, last = np.flatnonzero(row.any(axis=1)), int(np.flatnonzero(row.any(axis=0))[-1])
        if len(assets) == 1:
            dates.setdefault(last, {}).setdefault(int(assets[0]), []).append(number)
    for choices in dates.values():
        if len(counts) < len(choices) and prod(map(len, choices.values())) <= TRIED:
            yield from map(list, product(*choices.values()))


def _conditions(payoffs: Iterable[Contract], spot: FloatArray, moves: JointMoves) -> tuple[FloatArray, FloatArray]:
    """What the conditions' logarithms gain by noise, (n_conditions, n_assets, n_times), and how far levels are.

    Of sums, as they gain from where there is no noise.
    """
    n_assets, n_times = spot.shape[:2]
    deviations = np.sqrt(np.cumsum(np.einsum("tjj->jt", moves.terms.covariance), axis=1))
    lengths = deviations * np.linspace(1.0, 1.0 + LEANING, n_assets)[:, None]
    middle = np.log(spot[..., 0]) - np.cumsum(moves.noise[..., 0], axis=1)
    rows, gaps = list[FloatArray](), list[float]()
    for terms in _levels(payoffs, spot, lengths, middle):
        powers, parts = np.zeros((len(terms), n_assets * n_times)), np.zeros(len(terms))
        for own, (monomial, coefficient) in enumerate(terms):
            for row, power in monomial:
                powers[own, row] += power
            parts[own] = coefficient * np.exp(powers[own] @ middle.ravel())
        gained = (parts @ powers / parts.sum()).reshape(n_assets, n_times)
        rows.append(np.cumsum(gained[:, ::-1], axis=1)[:, ::-1])
        gaps.append(-float(np.log(parts.sum())))
    return np.array(rows).reshape(-1, n_assets, n_times), np.array(gaps)


def _levels(payoffs: Iterable[Contract], spot: FloatArray, lengths: FloatArray, middle: FloatArray) -> list[Terms]:
    """The products of powers of spots, and sums of them, that payoffs compare with a level, in units of it.

    A payoff that cannot be followed may compare every asset's last spot with any.
    """
    found = dict[Terms, None]()
    for payoff in payoffs:
        if (pieces := pieces_along(payoff, spot, lengths)) is None:
            for asset, (own, ends) in enumerate(zip(lengths[:, -1], middle[:, -1], strict=True)):
                row = (asset + 1) * spot.shape[1] - 1
                found |= {((((row, 1.0),), float(np.exp(-ends - far * own))),): None for far in ANYWHERE}
            continue
        for point in pieces.points:
            if isinstance(point, Crossed):
                found[((point.monomial, 1.0 / point.level),)] = None
            elif isinstance(point, Summed):
                found[point.terms] = None
    return [*found]
