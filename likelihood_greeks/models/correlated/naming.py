"""The names of laws of several assets: of assets, and of coordinates that carry the asset or the pair."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

import pandas as pd

from ..._checks import finite, refuse
from ..._quantities import RATE, Parameter
from ..._quantities import declared as declared_by
from ..._remembered import remembered
from ..._typing import FloatArray
from ...parameters import TIME
from ..capabilities import value_of
from ..state_joint_moves import CORRELATION, Meaning
from . import by_pillar, correlations
from .by_pillar import Correlation

OWN = ("spot", "volatility", "dividend_yield")
"""Parameters that every asset has of its own; the rate is one of all."""


class Named:
    """A law of several assets, with its members and correlations, that answers to the names of its parameters."""

    __slots__ = ()

    members: Any
    correlation: Any
    kinds: ClassVar[tuple[str, ...]] = OWN

    @property
    def assets(self) -> tuple[str, ...]:
        """Names of the assets, in the order in which payoffs see them."""
        return tuple(name for name, _ in self.members)

    @property
    def correlation_matrix(self) -> pd.DataFrame:
        """The correlations as a table; those of today where they change at pillars."""
        return pd.DataFrame(self._matrix, index=self.assets, columns=self.assets)

    @property
    def _matrix(self) -> FloatArray:
        return correlations.matrix(self.correlation, self.assets)

    @property
    def declared(self) -> tuple[Parameter, ...]:
        """The parameters with their units."""
        own = [(asset, declared_by(law)) for asset, law in self.members]
        several = [
            replace(of[kind], name=f"{kind}[{asset}]", title=f"{of[kind].title or kind.replace('_', ' ')} of {asset}")
            for kind in self.kinds
            for asset, of in own
        ]
        between = [Parameter(correlations.name(pair), "per 1.00", finite) for pair, _ in self.correlation]
        return (*several, RATE, *between, *self._besides())

    def _besides(self) -> tuple[Parameter, ...]:
        """Parameters that are neither the assets' own, nor the rate or correlations."""
        return ()

    @property
    def rate(self) -> float:
        """The rate, or the shift of the curve of rates."""
        return float(self.members[0][1].rate)

    def _known(self) -> dict[str, Meaning]:
        """What its coordinates are."""
        return meaning(self.assets)

    def moves_with(self, assets: Collection[int], name: str) -> bool:
        """Whether the joint law of some assets, by their numbers, depends on a coordinate.

        On one of an asset or pair if these are among them, and on all that are of none.
        """
        return set(self._known()[name][1]) <= {*assets}

    def _value(self, kind: str, places: tuple[int, ...]) -> float:
        """The value of a coordinate; of all assets that of the first."""
        if len(places) > 1:
            return float(self._matrix[places])
        return value_of(self.members[(*places, 0)[0]][1], kind)

    def _between(self, values: Mapping[str, float]) -> dict[correlations.Pair, Correlation]:
        """The correlations with other values of some parameters."""
        found = dict(self.correlation)
        for name, value in values.items():
            _, places = self._known()[name]
            if len(places) > 1:
                pair = self.assets[places[0]], self.assets[places[1]]
                found[pair] = by_pillar.moved(found[pair], value)
        return found

    def _changed(self, values: Mapping[str, float], change: Callable[[Any, dict[str, float]], Any]) -> dict[str, Any]:
        """The members with other values of some parameters, by what makes one of another and of its own values."""
        own = [dict[str, float]() for _ in self.members]
        for name, value in values.items():
            kind, places = self._known()[name]
            for place in places if len(places) == 1 and kind in self.kinds else ():
                own[place][kind] = value
            for found, (_, law) in zip(own, self.members, strict=True) if kind == RATE.name else ():
                found[kind] = law.rate + (value - self.rate)
        return {
            name: change(law, found) if found else law for (name, law), found in zip(self.members, own, strict=True)
        }

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> float:
            """A parameter by its name."""
            if "[" in name and name in (known := self._known()):
                return self._value(*known[name])
            raise AttributeError(f"{type(self).__name__} has no attribute {name!r}")


def members_of(given: Any) -> tuple[tuple[str, Any], ...]:
    """Names and laws in their order, the names checked.

    Raises
    ------
    TypeError
        If they are no mapping of names, nor pairs of names and laws.
    ValueError
        If there are none, or a name has characters that names of coordinates use.
    """
    if not isinstance(given, Mapping | Iterable) or isinstance(given, str):
        raise TypeError(f"members must be a mapping of names to laws, got {given!r}")
    found = tuple(given.items() if isinstance(given, Mapping) else given)
    if not found:
        refuse("members", "hold at least one law", given)
    for entry in found:
        if not isinstance(entry, tuple) or len(entry) != 2:
            raise TypeError(f"members must be a mapping of names to laws, got {entry!r} in a {type(given).__name__}")
        if not isinstance(entry[0], str):
            raise TypeError(f"members must have names as keys, got {entry[0]!r}")
        if not entry[0].strip() or set(entry[0]) & set("[],:"):
            refuse("members", "have names without brackets, commas and colons", entry[0])
    return found


@remembered(64)
def meaning(assets: tuple[str, ...], kinds: tuple[str, ...] = OWN) -> dict[str, Meaning]:
    """What every coordinate of a law on some assets is, parameters in their order first; `kinds` are each asset's."""
    own: dict[str, Meaning] = {f"{kind}[{asset}]": (kind, (k,)) for kind in kinds for k, asset in enumerate(assets)}
    between: dict[str, Meaning] = {
        correlations.name(pair): (CORRELATION, (assets.index(pair[0]), assets.index(pair[1])))
        for pair in correlations.pairs(assets)
    }
    return {**own, RATE.name: (RATE.name, ()), **between, TIME: (TIME, ())}
