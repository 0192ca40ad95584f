"""What laws of several assets that are drawn step by step have in common: motions, discounting, forwards."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..._quantities import RATE
from ..._typing import AnyArray, FloatArray
from ...numerics.jets import Jet
from ...parameters import TIME
from ...streams.chunks import Stream
from .exchange import embedded
from .naming import Named


class Stepwise(Named):
    """A law of several assets of one discounting, whose steps have constant correlations."""

    __slots__ = ()

    laws: Any
    parameters: Any

    def _motions(self, ends: Sequence[float] | FloatArray, stream: Stream) -> FloatArray:
        """Correlated motions over steps, in units of each asset's own, shape (n_assets, n_steps, n_paths)."""
        drawn = stream.brownians(ends, len(self.members))
        root = np.linalg.cholesky(self._matrix)
        return np.asarray((root @ drawn.reshape(len(drawn), -1)).reshape(drawn.shape))

    def discount_jet(self, times: AnyArray) -> Jet:
        """Discount factors and their derivatives."""
        own = self.laws[0].discount_jet(np.asarray(times))
        return embedded(own, (*self.parameters, TIME), {RATE.name: RATE.name, TIME: TIME})

    def discount(self, time: float) -> float:
        """Value today of one unit of currency at `time` (years)."""
        return float(self.laws[0].discount(time))

    def forward_jet(self, times: AnyArray) -> None:
        """None: every asset has its own (`forward`)."""

    def forward(self, time: float) -> FloatArray:
        """Risk-neutral expectations of the spots at `time` (years), shape (n_assets,)."""
        return np.array([law.forward(time) for law in self.laws])
