r"""Integrands as linear functions of what a coordinate does to the moves, by interval: what buckets are made of.

The integrand of a first derivative, by any handover, is linear in the slopes of the means and variances of the moves,

.. math:: \sum_i A_i\,m_{a,i} + B_i\,V_{a,i} + \sum_j f_j\,\partial_a D_j ,

with A, B and the payments f of the path and D what is known in closed form (discount factors, forwards, prices). So one
pass finds A and B for all coordinates: the nodes of a curve get the same integrand as its parallel shift, of whose
slopes theirs are the parts, and sum to it path by path. Likelihood-ratio weights are the case
:math:`A_i = n_i/V_i, B_i = \tfrac12 (n_i^2/V_i - 1)/V_i`.

Between nodes all slopes are multiples of the length of a move: A and B are summed there before any coordinate comes in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol, TypeAlias, final

import numpy as np

from .._compiled import kernels
from .._typing import AnyArray, FloatArray
from ..models.lognormal import Terms
from ..models.moves import Moves, spread, weighted_squares
from ..numerics.arrays import cumulated
from ..numerics.jets import Jet
from .segments import Rates, Segments, known_rates

Products: TypeAlias = Iterable[tuple[FloatArray, FloatArray]]
"""What combinations of coordinates gain, as products of matrices (n_combinations, n) and rows (n, n_paths)."""


class Push(Protocol):
    """What an integrand gains as moves are pushed."""

    def along(self, slopes: Any, /) -> Products:
        """As the means and variances have some `Slopes`."""
        ...


@final
@dataclass(frozen=True, slots=True, eq=False)
class Pushes:
    """What an integrand gains as every move is pushed.

    Attributes
    ----------
    mean, variance : ndarray, shape (n_moves, n_paths)
        Per unit of the mean and of the variance.
    """

    mean: FloatArray
    variance: FloatArray

    def along(self, slopes: Slopes | OwnSlopes) -> Products:
        """As the means and variances have some slopes."""
        return slopes.pushed(self.mean, self.variance)


@final
@dataclass(frozen=True, slots=True, eq=False)
class Travelled:
    """What an integrand gains as the path is pushed at every step.

    Attributes
    ----------
    moves : Moves
    rows : ndarray, shape (n_moves, n_paths)
        Sensitivities to the pushes.
    """

    moves: Moves
    rows: FloatArray

    def along(self, slopes: Slopes) -> Products:
        """As the means and variances have some slopes; `OwnSlopes` take those of several at once."""
        return slopes.pushed(self.rows, (0.5 / self.moves.variance) * self.moves.noise * self.rows)


@final
@dataclass(frozen=True, slots=True, eq=False)
class Blocks:
    """A value times the weights of sums of moves, independent of each other.

    Attributes
    ----------
    moves : Moves
        The sums.
    ends : tuple of int
        Rows of the last moves in each.
    value : ndarray, shape (n_paths,)
    """

    moves: Moves
    ends: tuple[int, ...]
    value: FloatArray

    def along(self, slopes: Slopes) -> Products:
        """As the means and variances have some slopes."""
        mean, variance = scores(self.moves.noise, self.moves.variance)
        yield summed(slopes.mean, self.ends), mean * self.value
        yield summed(slopes.variance, self.ends), variance * self.value


@final
@dataclass(frozen=True, slots=True, eq=False)
class ByInterval:
    """An integrand of first derivatives, before it is known of which.

    Attributes
    ----------
    scored : ndarray, shape (n_paths,)
        What is multiplied by the weight of all moves.
    pushes : tuple of Push
        What is gained as moves are pushed besides.
    known : tuple of (callable, Jet)
        What gives payments times some factors, (m, n_paths or 1) of (m, n), and the closed forms of shape (n,) or ()
        whose derivatives these factors are: nothing is asked for where they are zero.
    """

    scored: FloatArray
    pushes: tuple[Push, ...] = ()
    known: tuple[tuple[Callable[[FloatArray], FloatArray], Jet], ...] = ()


@final
@dataclass(frozen=True, slots=True, eq=False)
class Paid:
    """What gives flows times factors.

    Attributes
    ----------
    flows : ndarray, shape (n, n_paths or 1)
    """

    flows: FloatArray

    def __call__(self, factors: FloatArray) -> FloatArray:
        """The flows times factors, (m, n)."""
        return np.asarray(factors @ self.flows)


LESS = Paid(np.full((1, 1), -1.0))
"""What takes off that which is known."""


def scores(noise: FloatArray, variance: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Derivatives of the log-density of moves in their means and variances, each of the shape of the noise."""
    mean = noise / variance
    return mean, 0.5 * (mean * mean - 1.0 / variance)


class SharedSlopes:
    """Slopes that all paths share: nothing travels path by path, and what is known is known node by node."""

    names: tuple[str, ...]
    matrix: FloatArray

    def products(self, parts: ByInterval) -> Products:
        """What is not scored: of pushes, and of what is known where its derivatives are any."""
        for push in parts.pushes:
            yield from push.along(self)
        for payments, jet in parts.known:
            derivatives = self.matrix @ jet.gradient[[*map(jet.names.index, self.names)]].reshape(len(self.names), -1)
            live: AnyArray = np.asarray(derivatives.any(axis=1))
            if isinstance(payments, Paid) and len(payments.flows) < np.count_nonzero(live):
                yield derivatives, payments.flows
            elif live.any():
                yield np.eye(len(live))[:, live], payments(derivatives[live])

    def travelling(self, parts: ByInterval) -> list[FloatArray]:
        """Nothing: here `products` has what travels."""
        return []

    def travelled(self, rows: Sequence[FloatArray]) -> list[FloatArray]:
        """Nothing."""
        return []


@final
@dataclass(frozen=True, eq=False)
class Slopes(SharedSlopes):
    """How combinations of coordinates change the moves.

    Parameters
    ----------
    moves : Moves
        Whose slopes no path knows for itself.
    names : tuple of str
        The coordinates.
    matrix : ndarray, shape (n, n_names)
        The combinations.
    rate : float
        As of `Moves.slope`.
    """

    moves: Moves
    names: tuple[str, ...]
    matrix: FloatArray
    rate: float

    @cached_property
    def _rates(self) -> Rates:
        law = self.moves.law
        if isinstance(law, Terms):
            return known_rates(law, self.names, self.matrix.tobytes())
        clock = spread(self.moves.variance, len(self.moves.noise))
        return Rates.of(clock, [self.moves.slope(name, self.rate) for name in self.names], self.matrix)

    @property
    def mean(self) -> FloatArray:
        """Of the means of the moves, shape (n, n_moves)."""
        return self._rates.mean

    @property
    def variance(self) -> FloatArray:
        """Of the variances of the moves, shape (n, n_moves)."""
        return self._rates.variance

    @property
    def runs(self) -> Segments:
        """Runs of moves that have the same slopes and variance per unit of length."""
        return self._rates.runs

    @property
    def mean_rates(self) -> FloatArray:
        """Slopes of the means per unit of length, shape (n, n_runs)."""
        return self._rates.mean_rates

    @property
    def variance_rates(self) -> FloatArray:
        """Slopes of the variances per unit of length, shape (n, n_runs)."""
        return self._rates.variance_rates

    @property
    def clock_rates(self) -> FloatArray:
        """Variances per unit of length, shape (n_runs, 1)."""
        return self._rates.clock_rates

    @cached_property
    def _by_run(self) -> FloatArray:
        """The noise of each run, and the sum of its squares over lengths, shape (2, n_runs, n_paths)."""
        runs, noise = self.runs, self.moves.noise
        if compiled := kernels("moves"):
            return np.asarray(compiled.by_run(noise, 1.0 / runs.lengths[:, 0], np.array(runs.starts)))
        squares = np.stack([weighted_squares(1.0 / runs.lengths[run], noise[run]) for run in runs])
        return np.stack([np.add.reduceat(noise, runs.starts, axis=0), squares])

    @cached_property
    def reached(self) -> FloatArray:
        """The noise of all moves up to the end of each run, shape (n_runs, n_paths)."""
        return cumulated(self._by_run[0].copy())

    def pushed(self, mean: FloatArray, variance: FloatArray) -> Products:
        """What pushes of every mean and variance, (n_moves, n_paths), make of them."""
        yield self.mean_rates, self.runs.sums(mean)
        if self.variance_rates.any():
            yield self.variance_rates, self.runs.sums(variance)

    @cached_property
    def weighing(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """The weights as a matrix, (n, m), times rows, (m, n_paths), and constants, (n,)."""
        runs, clock, both = self.runs, self.clock_rates, self._by_run
        matrix = self.mean_rates / clock.T
        if not self.variance_rates.any():
            return matrix, both[0], np.zeros(len(matrix))
        counts = np.array([run.stop - run.start for run in runs]) / clock[:, 0]
        matrix = np.concatenate([matrix, 0.5 * self.variance_rates / clock.T**2], axis=1)
        return matrix, both.reshape(matrix.shape[1], -1), -0.5 * self.variance_rates @ counts

    @cached_property
    def weights(self) -> FloatArray:
        """The likelihood-ratio weights, shape (n, n_paths)."""
        matrix, rows, constant = self.weighing
        found = matrix @ rows
        found += constant[:, None]
        return np.asarray(found)


class KnowsNodes(Protocol):
    """What a law says of its moves, where paths know for themselves how nodes change them."""

    def by_node(self, names: Sequence[str], mean: FloatArray, variance: FloatArray, /) -> FloatArray:
        """What pushes of means and variances make of nodes, shape (n_names, n_paths)."""
        ...

    def travelled_by_node(
        self, names: Sequence[str], rows: Sequence[FloatArray], noise: FloatArray, /
    ) -> list[FloatArray]:
        """What each of some sensitivities to pushes of paths makes of nodes, shape (n_names, n_paths); with a noise."""
        ...

    def scored_by_node(self, names: Sequence[str], noise: FloatArray, /) -> FloatArray:
        """The likelihood-ratio weights of nodes, shape (n_names, n_paths); for nothing after what travelled."""
        ...


@final
@dataclass(frozen=True, eq=False)
class OwnSlopes:
    """How combinations of nodes change moves that know it path by path: as `Slopes`, whose fields it has.

    Nothing that is known in closed form depends on these nodes.
    """

    moves: Moves
    names: tuple[str, ...]
    matrix: FloatArray
    rate: float

    def pushed(self, mean: FloatArray, variance: FloatArray) -> Products:
        """What pushes of every mean and variance, (n_moves, n_paths), make of them."""
        law: Any = self.moves.law
        yield self.matrix, law.by_node(self.names, mean, variance)

    def travelled(self, rows: Sequence[FloatArray]) -> list[FloatArray]:
        """What sensitivities to a push of every step, (n_moves, n_paths), make of them, each of shape (n, n_paths)."""
        law: Any = self.moves.law
        every = law.travelled_by_node(self.names, rows, self.moves.noise) if rows else []
        return [total([(self.matrix, found)]) for found in every]

    @cached_property
    def weights(self) -> FloatArray:
        """The likelihood-ratio weights, shape (n, n_paths)."""
        law: Any = self.moves.law
        return total([(self.matrix, law.scored_by_node(self.names, self.moves.noise))])

    def products(self, parts: ByInterval) -> Products:
        """What is neither scored nor travels."""
        for push in parts.pushes:
            if not isinstance(push, Travelled):
                yield from push.along(self)

    def travelling(self, parts: ByInterval) -> list[FloatArray]:
        """The sensitivities of what travels."""
        return [push.rows for push in parts.pushes if isinstance(push, Travelled)]


def total(products: Products) -> FloatArray:
    """The sum of products of matrices."""
    return np.asarray(sum(rows if alone(matrix) else matrix @ rows for matrix, rows in products))


def alone(matrix: FloatArray) -> bool:
    """Whether a matrix gives every combination a row of its own."""
    return matrix.shape[0] == matrix.shape[1] and np.array_equal(matrix, np.eye(len(matrix)))


def slopes_of(moves: Moves, names: tuple[str, ...], matrix: FloatArray, rate: float) -> Slopes | OwnSlopes:
    """How combinations of nodes change given moves."""
    return (OwnSlopes if hasattr(moves.law, "by_node") else Slopes)(moves, names, matrix, rate)


def summed(slopes: FloatArray, ends: Sequence[int]) -> FloatArray:
    """Slopes, (n, n_moves), summed over the blocks of moves that end at some rows."""
    return np.add.reduceat(slopes[:, : ends[-1] + 1], [0, *(end + 1 for end in ends[:-1])], axis=1)


def descending(rows: FloatArray, ends: Sequence[int], out: FloatArray) -> None:
    """Take from `out`, (n_moves, n_paths), the sums of rows of blocks from each block on, in place."""
    starts = [0, *(end + 1 for end in ends[:-1])]
    total = np.zeros(out.shape[1])
    for row, start, end in reversed([*zip(rows, starts, ends, strict=True)]):
        total += row
        out[start : end + 1] -= total
