"""What a contract remembers of its past: what, besides the spot, its cash flows to come depend on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from .._typing import AnyArray
from .protocol import Contract


@runtime_checkable
class Remembers(Protocol):
    """A contract that says what of the past its cash flows to come depend on, besides the spot."""

    def remembered(self, spot: AnyArray, /) -> Sequence[AnyArray]:
        """Rows of shape (n_paths,), from spots on its dates so far, one at least."""
        ...


@runtime_checkable
class OnOneNumber(Contract, Protocol):
    """A contract on several assets that sees one number made of their spots."""

    def number(self, spot: AnyArray, /) -> AnyArray:
        """The number by date, from spots of shape (n_assets, n_times, n_paths)."""
        ...


def so_far(spot: AnyArray) -> list[AnyArray]:
    """The mean, the lowest and the highest of spots, from shape (n_so_far, n_paths)."""
    return [spot.mean(axis=0), spot.min(axis=0), spot.max(axis=0)]
