"""Lists and tables among a frame's attributes that pandas does not copy: it does so whenever a column is taken."""

from __future__ import annotations

from typing import TypeVar, final

T = TypeVar("T")
K = TypeVar("K")


@final
class UncopiedList(list[T]):
    """A list that frames made of each other share."""

    def __deepcopy__(self, memo: object) -> UncopiedList[T]:
        return self


@final
class UncopiedDict(dict[K, T]):
    """A dictionary that frames made of each other share."""

    def __deepcopy__(self, memo: object) -> UncopiedDict[K, T]:
        return self
