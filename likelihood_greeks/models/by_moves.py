"""Density and scores of a law that says how its log-spots move: methods that laws take over as they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from .._typing import FloatArray
from ..parameters import Derivative, HasParameters
from . import carry
from .moves import Moves, spread, weighted_squares
from .protocol import Paths


class MovableLaw(HasParameters, Protocol):
    """A law with parameters and moves."""

    def moves(self, paths: Any, /) -> Moves:
        """The moves of the log-spots between the dates of given paths."""
        ...


def log_density(law: MovableLaw, paths: Paths, log_spot: FloatArray | None = None) -> FloatArray:
    """Log-density of the spots at ``paths.times`` (not of their logarithms), shape (n_paths,).

    Of a law that draws nothing beneath its spots; of one that takes more steps than there are dates, give the log-spots
    after all of them.
    """
    moves = law.moves(paths)
    exponent = weighted_squares(0.5 / moves.variance, moves.noise)
    norm = 0.5 * np.log(2.0 * np.pi * spread(moves.variance, len(moves.noise))).sum(axis=0)
    return np.asarray(-exponent - (np.log(paths.spot) if log_spot is None else log_spot).sum(axis=0) - norm)


def score(law: MovableLaw, paths: Any, names: Sequence[str] | None = None) -> FloatArray:
    """Derivative of `log_density` in each of `names`, what was drawn held fixed; shape (n_names, n_paths).

    `names` are parameters (the default: all) or ``"time"``, which shortens the first interval.
    """
    return law.moves(paths).scores(carry.known(law, law.parameters if names is None else names))


def hessian(law: MovableLaw, paths: Any, pairs: Sequence[Derivative]) -> FloatArray:
    """Second derivatives of `log_density` in pairs of coordinates, shape (n_pairs, n_paths)."""
    return law.moves(paths).hessian([carry.known(law, pair) for pair in pairs])
