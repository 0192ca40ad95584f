r"""The likelihood-ratio estimator: payoffs times derivatives of the density.

With D the discount factor of a cash flow f and p the density of the path, both depending on the parameters,

.. math::
    \partial_A\, E[D f] = \sum_{A = B \sqcup C} E\bigl[(\partial_B D)\, f\, w_C\bigr], \qquad
    w_C = \frac{\partial_C\, p}{p},

over all ways to share the coordinates in A between discount and density (Leibniz):
:math:`w_a = s_a` is the score and :math:`w_{ab} = s_a s_b + \partial_{ab} \log p`. The payoff is never
differentiated along the path, so it may jump. One that depends on the law itself (`MovesWithLaw`) is a third factor.

References
----------
.. [1] M. Broadie and P. Glasserman, "Estimating security price derivatives using simulation",
   *Management Science* 42 (1996), section 2.2.
.. [2] P. Glasserman, *Monte Carlo Methods in Financial Engineering*, Springer, 2003, section 7.3.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Protocol, final, runtime_checkable

import numpy as np

from .._checks import real_array
from .._typing import FloatArray
from ..models.capabilities import Movable, has
from ..models.joint_moves import JointMoves
from ..models.moves import LIKELIHOOD_RATIO, Moves
from ..models.protocol import PathModel, observed
from ..models.state_joint_moves import StateJointMoves
from ..numerics.arrays import once
from ..numerics.jets import Jet
from ..parameters import Derivative
from ..payoffs.protocol import Contract, cash_flows, payment_times
from ..streams.chunks import Chunk

Combination = Mapping[Derivative, float]
ROUNDING = 1e-14  # of shares that are the same


@runtime_checkable
class MovesWithLaw(Contract, Protocol):
    """A payoff that depends on the law's parameters besides the spots."""

    def moving(self, spot: FloatArray, derivatives: Sequence[Derivative], /) -> Mapping[Derivative, FloatArray]:
        """Derivatives of the cash flows, the spots held fixed, (n_flows, n_paths); those that are zero left out."""
        ...

    def under(self, model: Any, elapsed: float = 0.0, /) -> Contract:
        """The payoff under another law on the same dates, or after some years."""
        ...


def under(payoff: Contract, model: Any, elapsed: float = 0.0) -> Contract:
    """A payoff as it is under a law, or after some years: itself, unless it moves with the law."""
    return payoff.under(model, elapsed) if has(payoff, MovesWithLaw) else payoff


def splits(derivative: Derivative) -> list[tuple[Derivative, Derivative]]:
    """All ways to share the coordinates of a derivative between two factors of a product."""
    match derivative:
        case ():
            return [((), ())]
        case (a,):
            return [((), (a,)), ((a,), ())]
        case (a, b):
            return [((), (a, b)), ((a,), (b,)), ((b,), (a,)), ((a, b), ())]
    raise ValueError(f"derivative must name at most two coordinates, got {derivative!r}")


@final
@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """Paths of one law on one chunk, and their weights.

    Attributes
    ----------
    spot : ndarray, shape (n_times, n_paths)
        What payoffs see.
    weights : mapping of derivative to ndarray of shape (n_paths,)
        First- and second-order weights; the empty derivative has none (its weight is one).
    paths : object
        What the law drew.
    moves : Moves, JointMoves or StateJointMoves, optional
        How the spots moved, where the law says.
    rate : float
        At which changes of what is beneath the spots are handed to the measure.
    known : dict
        What was computed of the weights for one payoff, and serves others.
    """

    spot: FloatArray
    weights: Mapping[Derivative, FloatArray]
    paths: Any
    moves: Moves | JointMoves | StateJointMoves | None = None
    rate: float = LIKELIHOOD_RATIO
    known: dict[Any, Any] = field(default_factory=dict)
    _latest: list[tuple[Contract, FloatArray]] = field(default_factory=list)

    def flows(self, payoff: Contract) -> FloatArray:
        """Cash flows of a payoff, shape (n_flows, n_paths); those of the payoff asked for last are kept."""
        if not self._latest or self._latest[0][0] is not payoff:
            self._latest[:] = [(payoff, cash_flows(payoff, self.spot))]
        return self._latest[0][1]


def weight_derivatives(combinations: Collection[Combination]) -> list[Derivative]:
    """First- and second-order weights that the combinations need, first order first."""
    asked = set(chain.from_iterable(combinations))
    first = {(name,) for derivative in asked for name in derivative}
    return [*sorted(first), *sorted(d for d in asked if len(d) == 2)]


def weigh(model: PathModel, paths: Any, needed: Sequence[Derivative], rate: float = LIKELIHOOD_RATIO) -> Drawn:
    """Weights of the law `model` on given paths, at exactly the dates they were drawn at.

    Where the law knows how its spots move, changes of what is beneath them are handed to the measure at `rate`.
    """
    if has(model, Movable):
        moves = model.moves(paths)
        return Drawn(observed(paths), moves.weights(needed, rate), paths, moves, rate)
    names = [d[0] for d in needed if len(d) == 1]
    pairs = [d for d in needed if len(d) == 2]
    weights: dict[Derivative, FloatArray] = {}
    if names:
        weights |= {(name,): row for name, row in zip(names, model.score(paths, names), strict=True)}
    if pairs:
        curvature = model.hessian(paths, pairs)
        weights |= {(a, b): weights[a,] * weights[b,] + row for (a, b), row in zip(pairs, curvature, strict=True)}
    return Drawn(observed(paths), weights, paths)


def draw(
    model: PathModel, times: Sequence[float], chunk: Chunk, needed: Sequence[Derivative], rate: float = LIKELIHOOD_RATIO
) -> Drawn:
    """Simulate a chunk of paths and weigh them."""
    return weigh(model, simulated(model, times, chunk), needed, rate)


def simulated(model: PathModel, times: Sequence[float], chunk: Chunk) -> Any:
    """What the model draws on a chunk.

    Raises
    ------
    ValueError
        If it did not draw as many paths as the stream has.
    """
    paths = model.simulate(np.asarray(times), chunk.stream())
    shape = real_array("what simulate draws", getattr(paths, "spot", paths)).shape
    if not shape or shape[-1] != chunk.n_paths:
        raise ValueError(f"simulate must draw {chunk.n_paths} paths (the last axis), got shape {shape}")
    return paths


def samples(model: PathModel, payoff: Contract, drawn: Drawn, combinations: Sequence[Combination]) -> FloatArray:
    """One likelihood-ratio sample a path for every combination of derivatives, shape (n_combinations, n_paths)."""
    flows = drawn.flows(payoff)
    moving = moving_flows(payoff, drawn.spot, combinations)
    return weighted_flows(model, flows, payment_times(payoff, flows), drawn, combinations, moving=moving)


def moving_flows(
    payoff: Contract, spot: FloatArray, combinations: Sequence[Combination]
) -> Mapping[Derivative, FloatArray]:
    """Derivatives of the cash flows at fixed spots that some combinations need, of a payoff that moves with the law."""
    if not has(payoff, MovesWithLaw):
        return {}
    asked = dict.fromkeys(chain.from_iterable(combinations))
    needed = [part for derivative in asked for part, _ in splits(derivative) if part]
    return payoff.moving(spot, needed) if needed else {}


def weighted_flows(
    model: PathModel,
    flows: FloatArray,
    paid: FloatArray,
    drawn: Drawn,
    combinations: Sequence[Combination],
    *,
    moving: Mapping[Derivative, FloatArray],
) -> FloatArray:
    """Samples as of `samples`, from cash flows of shape (n_flows, n_paths) paid at the times `paid`, in years.

    `moving` has their derivatives at fixed spots, where they have any.
    """
    if not moving:
        return _products(model, flows, paid, drawn, combinations)
    discount, rows = model.discount_jet(paid), {(): flows, **moving}
    values: dict[tuple[Derivative, Derivative], FloatArray] = {}

    def discounted(names: Derivative) -> FloatArray | None:
        """The derivative of discounted cash flows at fixed spots; None if it is zero."""
        parts = []
        for of_discount, of_flows in splits(names):
            factors = discount.derivative(*of_discount)
            if of_flows in rows and factors.any():
                if (of_discount, of_flows) not in values:
                    values[of_discount, of_flows] = np.asarray(factors @ rows[of_flows])
                parts.append(values[of_discount, of_flows])
        return np.asarray(sum(parts[1:], parts[0])) if parts else None

    def sample(derivative: Derivative) -> FloatArray:
        terms = []
        for on_value, on_density in splits(derivative):
            value = discounted(on_value)
            if value is not None:
                terms.append(value * drawn.weights[on_density] if on_density else value)
        return np.asarray(sum(terms[1:], terms[0])) if terms else np.zeros(flows.shape[1])

    distinct = {derivative: sample(derivative) for derivative in dict.fromkeys(chain.from_iterable(combinations))}
    return np.stack([sum_of(c, distinct) for c in combinations])


def _products(
    model: PathModel, flows: FloatArray, paid: FloatArray, drawn: Drawn, combinations: Sequence[Combination]
) -> FloatArray:
    """The same of flows that do not move: one product of matrices for every derivative of the discount factors."""
    found = [(part.factors @ flows) * part.weights for part in parts(model, paid, drawn, combinations)]
    return np.asarray(sum(found[1:], found[0])) if found else np.zeros((len(combinations), flows.shape[-1]))


@final
@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """What is multiplied by one derivative of the discount factors.

    Attributes
    ----------
    paid : tuple of str
        That derivative.
    factors : ndarray, shape (n_flows,)
        It itself.
    rest : tuple of tuple of str
        Derivatives of the density.
    matrix : ndarray, shape (n_greeks, n_rest)
        How often each is in each Greek.
    weights : ndarray, shape (n_greeks, n_paths)
        By which flows times these factors are multiplied.
    """

    paid: Derivative
    factors: FloatArray
    rest: tuple[Derivative, ...]
    matrix: FloatArray
    weights: FloatArray


def parts(model: PathModel, paid: FloatArray, drawn: Drawn, combinations: Sequence[Combination]) -> list[Part]:
    """What flows paid at some times are multiplied by, for some Greeks; once for all payoffs."""

    def found() -> list[Part]:
        discount = model.discount_jet(paid)
        return [
            Part(on_value, discount.derivative(*on_value), *rest, weighed(drawn, *rest))
            for on_value, rest in factored(combinations, discount).items()
        ]

    key = tuple(np.ravel(paid).tolist()), tuple(tuple(c.items()) for c in combinations)
    return once(drawn.known, key, found)


def weighed(drawn: Drawn, derivatives: Sequence[Derivative], matrix: FloatArray) -> FloatArray:
    """A matrix times the weights of some derivatives, one for a price; shape (n_rows, n_paths)."""
    listed = [d for d in derivatives if d]
    columns = [k for k, d in enumerate(derivatives) if d]
    found = matrix[:, columns] @ np.stack([drawn.weights[d] for d in listed]) if listed else 0.0
    if () not in derivatives:
        return np.asarray(found)
    return np.asarray(found + matrix[:, [derivatives.index(())]] * np.ones(drawn.spot.shape[-1]))


def factored(
    combinations: Sequence[Combination], discount: Jet
) -> dict[Derivative, tuple[tuple[Derivative, ...], FloatArray]]:
    """Derivatives of discounted values as those of the discount factors times those of the density.

    By the first the second ones, and how often each is in each combination, shape (n_combinations, n_derivatives).
    Derivatives of the discount factors that are these factors times a number are listed with them.
    """
    found: dict[Derivative, dict[Derivative, FloatArray]] = {}
    shares: dict[Derivative, float | None] = {(): 1.0}
    for row, combination in enumerate(combinations):
        for derivative, factor in combination.items():
            for paid, rest in splits(derivative):
                if paid not in shares:
                    shares[paid] = _share(discount.derivative(*paid), discount.value)
                share = shares[paid]
                if share == 0.0:
                    continue
                columns = found.setdefault(() if share is not None else paid, {})
                columns.setdefault(rest, np.zeros(len(combinations)))[row] += factor * (1.0 if share is None else share)
    return {paid: (tuple(columns), np.stack([*columns.values()], axis=1)) for paid, columns in found.items()}


def _share(factors: FloatArray, of: FloatArray) -> float | None:
    """What all of some factors are as a share of others; None if they are no such."""
    if not factors.any():
        return 0.0
    shares = factors / of
    return float(shares[0]) if np.ptp(shares) <= ROUNDING * np.abs(shares).max() else None


def sum_of(combination: Combination, samples_of: Mapping[Derivative, FloatArray]) -> FloatArray:
    """The linear combination of derivative samples that makes a Greek, shape (n_paths,)."""
    if not combination:
        return np.zeros_like(next(iter(samples_of.values()), np.zeros(())))
    terms = [samples_of[d] if factor == 1.0 else factor * samples_of[d] for d, factor in combination.items()]
    return np.asarray(sum(terms[1:], terms[0]))
