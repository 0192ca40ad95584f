"""Which points to draw paths at: anchors, chosen so that the paths of few serve all that they can be trusted with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np

from .._typing import FloatArray
from ..payoffs.protocol import Contract
from ..streams.chunks import Chunk
from ..streams.pushed import Pushed
from .reweighting import Point, Weights, density_ratios


@final
@dataclass(frozen=True, slots=True, eq=False)
class Trust:
    """Whose paths every point should use, and how far those of the base would reach.

    Attributes
    ----------
    sources : tuple of int
        As for `Ladder`.
    reasons : tuple of str
        Why a point does not trust the base's paths; empty if it does.
    """

    sources: tuple[int, ...]
    reasons: tuple[str, ...]


def trusted(payoff: Contract, points: Sequence[Point], chunk: Chunk, share: float, count: int) -> Trust:
    r"""Anchors chosen greedily on draws of the pilot, and the most effective one for every point.

    Of the points that no anchor serves yet the next anchor is the one expected to serve most of them, by the draws of
    the base. What is used is measured on draws of the anchor, the tails among them (`Pushed`), for a run of `count`
    samples.
    """
    shares, sources = np.zeros(len(points)), np.full(len(points), -1)
    source, number = Pushed(chunk, np.asarray(payoff.times)), 0
    expected = np.ones((len(points), len(points)))
    while True:
        expected[number, number] = 1.0  # also of a point at which the base's draws cannot happen
        anchor, asked = points[number], np.flatnonzero(expected[number] >= 0.5 * share)
        paths = anchor.law.simulate(anchor.dates(payoff), source.stream())
        ratios = density_ratios(payoff, [points[k] for k in asked.tolist()], anchor, paths)
        importance = source.weights()
        with np.errstate(over="ignore"):
            found = [Weights.foreseen(chunk.fold(weights), importance, count) for weights in np.exp(ratios)]
        why = [weights.distrust(share) for weights in found]
        measured = np.array([weights.share for weights in found])
        good = np.array([not reason for reason in why]) & (measured > shares[asked])
        shares[asked[good]], sources[asked[good]] = measured[good], number
        shares[number], sources[number] = 1.0, number
        if number == 0:
            reasons, counts = tuple(why), np.tile(importance, chunk.n_paths // chunk.n_samples)
            expected = _expected(ratios, counts / counts.sum())
        left = np.flatnonzero(sources < 0)
        if not len(left):
            return Trust(tuple(sources.tolist()), reasons)
        number = int(left[np.argmax((expected[np.ix_(left, left)] >= share).sum(axis=1))])


def _expected(ratios: FloatArray, p: FloatArray) -> FloatArray:
    r"""Shares of samples drawn at c (rows) expected to be effective at g (columns), from log-ratios on draws
    of probability p.

    With :math:`\ell` the log-ratios and :math:`e_k = E[e^{\ell_k}]` the share is
    :math:`(e_g^2/e_c) / E[e^{2\ell_g - \ell_c}]`: it knows that wide laws serve narrow ones and not the reverse. Far
    away the base's draws do not show that expectation; there the distance of the log-ratios bounds it.
    """
    finite = np.where(np.isfinite(ratios), ratios, -1e3)
    covariance = np.atleast_2d(np.cov(finite, aweights=p))
    own = np.diag(covariance)
    bound = np.exp(-0.5 * np.maximum(own[:, None] + own - 2.0 * covariance, 0.0))
    with np.errstate(over="ignore", under="ignore", invalid="ignore", divide="ignore"):
        mean = np.exp(finite) @ p
        square = (p * np.exp(2.0 * finite)) @ np.exp(-finite).T
        direct = (mean[:, None] ** 2 / mean / square).T
    return np.minimum(np.where(np.isfinite(direct), direct, 0.0), bound)
