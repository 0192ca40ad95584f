"""The sum of squared log returns, whose price and Greeks are known: for what is paid by realised volatility."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from .._remembered import remembered
from .._typing import FloatArray
from ..estimators.likelihood_ratio import Combination
from ..models.returns import squares_jet
from ..numerics.jets import Jet
from .by_interval import LESS, ByInterval
from .protocol import Load, Scene, SharedPaths, less_mean

SQUARES = 0.5
"""Work of a date, in dates of a plain run: a logarithm and a square."""


@final
@dataclass(frozen=True, slots=True)
class Squares:
    """The sum of squared log returns on all dates.

    Parameters
    ----------
    first : float or None
        Spot that the return to the first date is of; None: that return does not count.
    greek : bool
        Whether it is taken times the weights, less its Greek, not as it is for every Greek.
    """

    first: float | None
    greek: bool = False

    @property
    def name(self) -> str:
        """What it is called in tables of controls."""
        return f"squared log returns, {'Greek' if self.greek else 'price'}"

    @property
    def family(self) -> None:
        """None: it stands alone."""

    def samples(self, scene: Scene, combinations: Sequence[Combination]) -> FloatArray:
        """The sum less its expectation, or times the weights less its Greeks; (n_combinations, n_paths)."""
        known, paid = self._known(scene), _sum(self.first, scene.paths)
        return less_mean(paid, known, scene.drawn.weights, self.greek, combinations)

    def by_interval(self, scene: Scene) -> ByInterval | None:
        """The samples of a first derivative by intervals; None of a price."""
        if not self.greek:
            return None
        return ByInterval(_sum(self.first, scene.paths), known=((LESS, self._known(scene)),))

    def work(self, load: Load) -> Mapping[Hashable, float]:
        """Work by piece: its own, and that of the sum over the dates."""
        return {self: load.closed(self.greek), ("squares", self.first): SQUARES * load.dates}

    def _known(self, scene: Scene) -> Jet:
        return _expected(scene.paths.model, self.first, tuple(scene.drawn.paths.times.tolist()))


@remembered(1024)
def _expected(model: Any, first: float | None, times: tuple[float, ...]) -> Jet:
    """The expectation and its derivatives: the same on every chunk."""
    found = squares_jet(model, times, first)
    assert found is not None  # it is offered where it is known
    return found


def _sum(first: float | None, paths: SharedPaths) -> FloatArray:
    """The sum on every path, shape (n_paths,)."""

    def squares() -> FloatArray:
        logs = np.log(paths.drawn.spot)
        returns = np.diff(logs, axis=0) if first is None else np.diff(logs, axis=0, prepend=np.log(first))
        return np.asarray(np.square(returns).sum(axis=0))

    return paths.shared(("squares", first), squares)
