"""Samplers that turn each coordinate into one draw, by the inverse of its distribution function."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias, final

import numpy as np
from scipy import special

from .._checks import refuse
from .._remembered import remembered
from .._typing import AnyArray, FloatArray
from ..numerics.gamma_quantile import log_gamma_quantile

if TYPE_CHECKING:
    from scipy.interpolate import CubicSpline

NODES, FURTHEST = 2048, 9.0  # of the tables, in normal scores; beyond lies a probability of 2e-19
TABLES = 128  # shapes in one call of a gamma for which tables are made
COUNTED = 400.0  # mean of a Poisson number up to which it is found by counting up

Size: TypeAlias = int | tuple[int, ...]


@final
@dataclass(frozen=True, slots=True, eq=False)
class Inversion:
    """What a law asks of a generator, by inversion: one coordinate a draw, nothing rejected.

    Parameters
    ----------
    normals : callable
        Gives the next coordinates as standard normals, from a number of rows; shape (rows, n_paths).
    n_paths : int
        What every size must end with.
    given : deque of ndarray, shape (n_paths,)
        Normals that serve the next calls for one row each.
    """

    normals: Callable[[int], FloatArray]
    n_paths: int
    given: deque[FloatArray] = field(default_factory=deque)

    def standard_normal(self, size: Size) -> FloatArray:
        """Standard normals."""
        shape = (size,) if isinstance(size, (int, np.integer)) else tuple(size)
        if not shape or shape[-1] != self.n_paths:
            refuse("size", f"end with the number of paths, {self.n_paths}", size)
        if len(shape) == 1 and self.given:
            return self.given.popleft()
        return self.normals(int(np.prod(shape[:-1]))).reshape(shape)

    def random(self, size: Size) -> FloatArray:
        """Uniforms in [0, 1)."""
        return np.minimum(special.ndtr(self.standard_normal(size)), np.nextafter(1.0, 0.0))

    def standard_exponential(self, size: Size) -> FloatArray:
        """Exponentials of mean one."""
        return np.asarray(-special.log_ndtr(-self.standard_normal(size)))

    def standard_gamma(self, shape: float | AnyArray, size: Size | None = None) -> FloatArray:
        """Gammas of one shape, or of an array of shapes >= 0; nothing at shape 0."""
        scores = self.standard_normal(np.shape(shape) if size is None else size)
        return gamma_quantile(np.broadcast_to(np.asarray(shape, dtype=float), scores.shape), scores)

    def poisson(self, lam: float | AnyArray, size: Size | None = None) -> AnyArray:
        """Poisson numbers of given means."""
        scores = self.standard_normal(np.shape(lam) if size is None else size)
        return poisson_quantile(np.broadcast_to(np.asarray(lam, dtype=float), scores.shape), scores)

    def __getattr__(self, name: str) -> Any:
        known = "standard_normal, random, standard_exponential, standard_gamma and poisson"
        raise AttributeError(f"Sobol sampling draws by inversion and has {known}, not {name}: use pseudo sampling")


def gamma_quantile(shapes: FloatArray, scores: FloatArray) -> FloatArray:
    """Gammas of the levels whose standard normals are `scores`; both of one shape."""
    found, distinct = np.zeros(scores.shape), np.unique(shapes)
    if len(distinct) > TABLES:
        some = shapes > 0.0
        found[some] = np.exp(log_gamma_quantile(shapes[some], scores[some]))
        return found
    for shape in distinct[distinct > 0.0]:
        own = shapes == shape
        found[own] = np.exp(_log_gamma(float(shape))(np.clip(scores[own], -FURTHEST, FURTHEST)))
    return found


@remembered(1024)
def _log_gamma(shape: float) -> CubicSpline:
    """`log_gamma_quantile` by normal score, as a spline."""
    from scipy.interpolate import CubicSpline  # here: it takes long to import

    scores = np.linspace(-FURTHEST, FURTHEST, NODES)
    return CubicSpline(scores, log_gamma_quantile(shape, scores))


def poisson_quantile(means: FloatArray, scores: FloatArray) -> AnyArray:
    """Poisson numbers of the levels whose standard normals are `scores`; both of one shape."""
    levels, counted = special.ndtr(scores), means <= COUNTED
    means_counted, levels_counted = means[counted], levels[counted]
    term = np.exp(-means_counted)
    below, number, k = term.copy(), np.zeros(term.shape, dtype=np.int64), 0
    while np.any(more := (levels_counted > below) & ((term > 0.0) | (k < means_counted))):
        k += 1
        number += more
        term *= means_counted / k
        below += term
    found = np.empty(scores.shape, dtype=np.int64)
    found[counted] = number
    if not counted.all():
        found[~counted] = np.ceil(special.pdtrik(levels[~counted], means[~counted]))
    return found
