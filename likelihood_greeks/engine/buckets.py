r"""Buckets: a Greek by nodes of a curve or surface, from the same paths and controls as the Greek itself.

The estimate of a parallel Greek is a sum over intervals (`controls.by_interval`): so is that of every bucket, with the
slopes of its nodes. Buckets have the controls of their Greek, each with coefficients that are best for it: a control
that has intervals is taken by its nodes', any other, such as a known price or the score of another parameter, as it is.
What all buckets together then lack of the Greek's own estimate has mean zero, and every bucket gets a share of it: so
they sum to the Greek sample by sample. The Greek's own controls by interval are the sums of those of its buckets.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import final

import numpy as np

from .._typing import AnyArray, FloatArray
from ..controls.by_interval import ByInterval, Paid
from ..controls.integrands import integrand
from ..controls.joint_intervals import AnySlopes, slopes_of
from ..controls.protocol import Scene
from ..controls.regression import Products, solve
from ..controls.sharing import Sharing
from ..estimators.likelihood_ratio import moving_flows
from ..models.state_joint_moves import StateJointMoves
from ..parameters import Derivative
from ..payoffs.protocol import payment_times

ROUNDING = 1e-9  # of a control's size in the bucket that feels it most: below, it does nothing in a bucket


@final
@dataclass(frozen=True, slots=True)
class Bucket:
    """A part of a Greek that is a first derivative.

    Parameters
    ----------
    greek : int
        Which of the combinations that are estimated.
    terms : tuple of (str, float)
        Coordinates of the law's nodes, and how much each moves as the bucket's does.
    """

    greek: int
    terms: tuple[tuple[str, float], ...]


def split(buckets: Sequence[Bucket]) -> tuple[tuple[str, ...], FloatArray]:
    """The coordinates of all nodes of some buckets, and the matrix from these to the buckets."""
    names = tuple(dict.fromkeys(name for bucket in buckets for name, _ in bucket.terms))
    matrix = np.zeros((len(buckets), len(names)))
    for row, bucket in zip(matrix, buckets, strict=True):
        for name, factor in bucket.terms:
            row[names.index(name)] += factor
    return names, matrix


@final
@dataclass(frozen=True, slots=True, eq=False)
class Moving:
    """What flows gain that move with nodes themselves.

    Attributes
    ----------
    gained : mapping of str to ndarray, shape (n_paths,)
        Per unit of a node.
    """

    gained: Mapping[str, FloatArray]

    def along(self, slopes: AnySlopes) -> Iterator[tuple[FloatArray, FloatArray]]:
        """As the nodes move."""
        yield slopes.matrix[:, [*map(slopes.names.index, self.gained)]], np.stack([*self.gained.values()])


@final
@dataclass(frozen=True, eq=False)
class Buckets:
    """The buckets of one payoff on one chunk.

    Parameters
    ----------
    buckets : tuple of Bucket
    scene : Scene
    """

    buckets: tuple[Bucket, ...]
    scene: Scene

    @cached_property
    def greeks(self) -> AnyArray:
        """Which Greek each is of, shape (n_buckets,)."""
        return np.array([bucket.greek for bucket in self.buckets])

    @cached_property
    def wholes(self) -> tuple[int, ...]:
        """The Greeks that have buckets, where their own samples come with these for next to nothing."""
        moves = self.scene.drawn.moves
        knows_nodes = isinstance(moves, StateJointMoves) or hasattr(getattr(moves, "law", None), "by_node")
        return () if knows_nodes else tuple(dict.fromkeys(bucket.greek for bucket in self.buckets))

    @cached_property
    def slopes(self) -> AnySlopes:
        """How their nodes change the moves, those of the `wholes` behind."""
        return self.scene.paths.shared(("slopes", self.buckets), self._slopes)

    def _slopes(self) -> AnySlopes:
        moves, (names, matrix) = self.scene.drawn.moves, split(self.buckets)
        assert moves is not None
        sums = [matrix[self.greeks == greek].sum(axis=0) for greek in self.wholes]
        return slopes_of(moves, names, np.stack([*matrix, *sums]), self.scene.drawn.rate)

    @cached_property
    def payoff(self) -> ByInterval:
        """The payoff times the weights."""
        discount = self.scene.paths.model.discount_jet(payment_times(self.scene.payoff, self.scene.flows))
        names = dict.fromkeys(name for bucket in self.buckets for name, _ in bucket.terms)
        moving = moving_flows(self.scene.payoff, self.scene.drawn.spot, [{(name,): 1.0} for name in names])
        gained = {derivative[0]: discount.value @ flows for derivative, flows in moving.items()}
        return ByInterval(self.scene.value, (Moving(gained),) if gained else (), ((Paid(self.scene.flows), discount),))

    @cached_property
    def plain(self) -> FloatArray:
        """Likelihood-ratio samples, shape (n_buckets, n_paths)."""
        return integrand(self.slopes, self.payoff)[: len(self.buckets)]

    def free(self, weights: Sequence[Derivative], n_free: int) -> Iterator[tuple[int, ByInterval]]:
        """The free controls that have intervals: the number of the first weight's, and their parts.

        Those of one weight serve the buckets of the Greek that it is of: its own score, and the spot times it. By
        intervals they are the same for all.
        """
        forward = self.scene.paths.model.forward_jet(np.asarray(self.scene.payoff.times[-1]))
        yield 0, ByInterval(np.ones(1))
        if n_free > len(weights) and forward is not None:
            relative = self.scene.drawn.spot[-1] / float(forward.value)
            known = ((Paid(np.full((1, 1), -1.0 / float(forward.value))), forward),)
            yield len(weights) + 1, ByInterval(relative, known=known)


def fitted(
    used: AnyArray, targets: FloatArray, controls: FloatArray, whole: tuple[AnyArray, FloatArray], weights: FloatArray
) -> Sharing:
    """Coefficients of buckets by least squares, and shares of what they lack together.

    Parameters
    ----------
    used : ndarray of bool, shape (n_buckets, n_controls)
        Which controls their Greeks use.
    targets, controls : ndarray, shape (n_buckets, n_samples) and (n_buckets, n_controls, n_samples)
    whole : (ndarray, ndarray)
        Which Greek each bucket is of, and the controlled samples of the Greeks, (n_greeks, n_samples).
    weights : ndarray, shape (n_samples,)
    """
    coefficients, (greeks, samples) = np.zeros(used.shape), whole
    for greek in np.unique(greeks):
        mine, some = greeks == greek, used[greeks == greek][0]
        if some.any():
            own = controls[mine][:, some]
            products = Products.of(np.zeros((0, len(weights))), own, targets[mine], weights)
            pairs = zip(products.covariance(), _felt(own, weights), strict=True)
            coefficients[np.ix_(mine, some)] = [solve(covariance, felt) for covariance, felt in pairs]
    rows, shares = targets - np.einsum("kc,kcn->kn", coefficients, controls), np.zeros(len(targets))
    for greek in np.unique(greeks):
        mine = greeks == greek
        shares[mine] = _shares(rows[mine], samples[greek], weights)
    return Sharing(coefficients, shares)


def _felt(controls: FloatArray, weights: FloatArray) -> AnyArray:
    """Which controls are more than rounding errors in which bucket of their Greek, (n_buckets, n_controls)."""
    size = np.sqrt(controls**2 @ weights)
    return np.asarray(size > ROUNDING * size.max(axis=0))


def _shares(rows: FloatArray, whole: FloatArray, weights: FloatArray) -> FloatArray:
    """Shares of what rows lack of a whole that leave them with the least variances and sum to one."""
    both = np.concatenate([rows, (whole - rows.sum(axis=0))[None]])
    both = both - (both @ weights)[:, None] / weights.sum()
    variances = (weights * both) @ both.T
    size = np.sqrt(np.diag(variances)[:-1])  # a bucket that is zero stays so
    if not size.any():
        return np.full(len(rows), 1.0 / len(rows))
    best = -variances[:-1, -1] / variances[-1, -1] if variances[-1, -1] > 0.0 else np.zeros(len(rows))
    return np.asarray(best + size / size.sum() * (1.0 - best.sum()))
