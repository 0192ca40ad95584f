"""What an estimator may ask of a model, and the paths a model draws."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, final, runtime_checkable

import numpy as np

from .._typing import AnyArray, FloatArray
from ..numerics.jets import Jet
from ..parameters import Derivative
from ..streams.chunks import Stream


@final
@dataclass(frozen=True, slots=True, eq=False)
class Paths:
    """What a model drew, at the dates it was asked for.

    Parameters
    ----------
    times : ndarray, shape (n_times,)
        Year fractions, increasing, > 0.
    spot : ndarray, shape (n_times, n_paths)
        Asset prices; (n_assets, n_times, n_paths) for several assets.
    latent : mapping of str to ndarray
        Whatever else the law drew (variances, clocks) or would have to recompute (logarithms).
    substeps : tuple of int
        Equal steps that the law took over each interval between dates, one count a date; empty if one each.
    memo : object, optional
        What the law found out while it drew, for itself.

    Examples
    --------
    >>> import likelihood_greeks as lg
    >>> import numpy as np
    >>> paths = lg.Paths(np.array([0.5, 1.0]), np.array([[90.0, 110.0, 130.0], [95.0, 105.0, 140.0]]))
    >>> paths.spot[-1]
    array([ 95., 105., 140.])
    """

    times: FloatArray
    spot: FloatArray
    latent: Mapping[str, AnyArray] = field(default_factory=dict)
    substeps: tuple[int, ...] = ()
    memo: Any = None

    @property
    def n_paths(self) -> int:
        """Number of paths."""
        return int(self.spot.shape[-1])

    @property
    def steps(self) -> FloatArray:
        """Lengths of the intervals between dates, the first from time 0; shape (n_times,)."""
        return np.diff(self.times, prepend=0.0)

    def log_spot(self, row: int) -> FloatArray:
        """Logarithms of the spots at one date, as they were drawn if the law kept them; shape (n_paths,)."""
        kept = self.latent.get("log_spot")
        return np.log(self.spot[row]) if kept is None else np.asarray(kept[row])


class Law(Protocol):
    """The least a user's own law needs; everything else is supplied by `adaptor.Adapted`.

    A law may also have ``parameters`` (names; a dataclass's number fields otherwise), ``score(paths)``,
    ``discount(time)``, ``forward(time)``, and any of the `capabilities`; with ``moves`` it needs no ``log_density``.
    ``simulate`` may return any object; the payoff gets its ``spot`` if it has one, else the object itself.
    """

    def simulate(self, times: FloatArray, stream: Stream, /) -> Any:
        """Draw ``stream.n_paths`` paths at `times`; the same stream must give the same paths."""
        ...

    def log_density(self, paths: Any, /) -> FloatArray:
        """Log-density (or log-probability) of what `simulate` drew, shape (n_paths,)."""
        ...


@runtime_checkable
class PathModel(Protocol):
    """A law with all its derivatives, discounting and forward: what the estimators work with.

    `names` and `pairs` range over the parameters and ``"time"``.

    Examples
    --------
    >>> import likelihood_greeks as lg
    >>> isinstance(lg.GBM(spot=100.0, volatility=0.2), lg.PathModel)
    True
    """

    @property
    def parameters(self) -> Sequence[str]:
        """Names of the parameters, in the order of the rows of `score`."""
        ...

    def simulate(self, times: FloatArray, stream: Stream, /) -> Any:
        """Draw ``stream.n_paths`` paths at `times`."""
        ...

    def log_density(self, paths: Any, /) -> FloatArray:
        """Log-density of `paths`, shape (n_paths,)."""
        ...

    def score(self, paths: Any, /, names: Sequence[str] | None = None) -> FloatArray:
        """First derivatives of `log_density` in `names` (default: all parameters), shape (n_names, n_paths)."""
        ...

    def hessian(self, paths: Any, /, pairs: Sequence[Derivative]) -> FloatArray:
        """Second derivatives of `log_density`, shape (n_pairs, n_paths)."""
        ...

    def discount_jet(self, times: AnyArray, /) -> Jet:
        """Discount factors to `times`, with their derivatives."""
        ...

    def forward_jet(self, times: AnyArray, /) -> Jet | None:
        """Forward prices E[spot] at `times`, with their derivatives; None where there is none."""
        ...


def observed(paths: Any) -> FloatArray:
    """What the payoff sees: ``paths.spot``, or the paths themselves."""
    return np.asarray(getattr(paths, "spot", paths))
