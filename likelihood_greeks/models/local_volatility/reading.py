"""What the steps of a local volatility read: its surface where it stands today, and the nodes that it has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

from ..._remembered import remembered
from .construction import Construction, QuoteCell
from .fit import LocalVolatilityFit
from .grid import Direction, LocalVolatilityGrid
from .surfaces import FunctionSurface, Surface, VolatilityFunction
from .walk import VOLATILITY

L = TypeVar("L", bound="ReadsSurface")


class ReadsSurface:
    """A law with a volatility of time and spot."""

    __slots__ = ()

    spot: float
    volatility: VolatilityFunction | LocalVolatilityGrid
    slope: VolatilityFunction | None
    volatility_shift: float
    elapsed: float
    fit: LocalVolatilityFit | None
    smile_spot: float

    @property
    def _added(self) -> float:
        """The shift of the volatility that its surface does not have in it."""
        return self.volatility_shift if self._quotes is None else 0.0

    @property
    def at_the_spot(self) -> float:
        """The volatility of the first step, per square-root year."""
        return float(self._surface.levels(self.elapsed, np.array([np.log(self.spot)]))[0][0]) + self._added

    def nodes(self, shift: str) -> tuple[float, ...]:
        """The times of the nodes of the grid that a parameter shifts, spots of the first time first; else none.

        Of a grid that was made from quotes the maturities of these, strikes of the first maturity first.
        """
        grid = self._grid if shift == VOLATILITY else None
        if grid is not None and self._quotes is not None:
            return tuple(cell.maturity for cell in self._quotes.cells)
        return tuple(np.repeat(grid.times, len(grid.spots)).tolist()) if grid is not None else ()

    def node_labels(self, shift: str) -> tuple[str, ...]:
        """The nodes in words: spot, or strike, and time (years)."""
        grid = self._grid if shift == VOLATILITY else None
        if grid is not None and self._quotes is not None:
            return tuple(f"{cell.strike:g} x {cell.maturity:g}" for cell in self._quotes.cells)
        return tuple(f"{spot:g} x {time:g}" for time in grid.times for spot in grid.spots) if grid is not None else ()

    def split(self: L, shifts: Sequence[str]) -> L:
        """The same law: its moves know all nodes."""
        return self

    @property
    def _factor(self) -> float:
        """How many times farther than as given the volatility stands."""
        return self.spot / self.smile_spot if self.smile_spot else 1.0

    @property
    def _grid(self) -> LocalVolatilityGrid | None:
        return self.volatility.along(self._factor) if isinstance(self.volatility, LocalVolatilityGrid) else None

    @property
    def quoted(self) -> tuple[QuoteCell, ...]:
        """The quotes that vega is split by, by maturity and strike; none where the volatility was not made from any."""
        return self._quotes.cells if self._quotes is not None else ()

    @property
    def _quotes(self) -> Construction | None:
        """How the grid follows the quotes that it was made from, if it was."""
        return self.fit.construction if self.fit is not None and self.fit.grid is self.volatility else None

    @property
    def _along(self) -> Direction | None:
        """How the volatility moves with the shift of quotes, if it was made from any."""
        if self.fit is None or self._quotes is None:
            return None
        return _direction(self.fit, self._factor)

    @property
    def _surface(self) -> Surface:
        if self.volatility_shift and (along := self._along) is not None:
            return _moved(along, self.volatility_shift)
        if (grid := self._grid) is not None:
            return grid
        return FunctionSurface(self.volatility, self.slope, self._factor)

    @property
    def breaks(self) -> tuple[float, ...]:
        """Times at which the volatility jumps."""
        return self._grid.times if self._grid is not None and self._grid.constant else ()


@remembered(64)
def _direction(fit: LocalVolatilityFit, factor: float) -> Direction:
    """How a fitted volatility moves as all its quotes do, where it stands so many times farther."""
    return Direction(fit.grid.along(factor), fit.construction.parallel)


@remembered(256)
def _moved(along: Direction, shift: float) -> LocalVolatilityGrid:
    """The volatility of shifted quotes, in proportion to the shift."""
    return along.moved(shift)
