"""What a law remembers of paths that it drew, so that it need not be found from them again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .._typing import FloatArray
from .protocol import Paths


@dataclass(frozen=True, slots=True, eq=False)
class Memo:
    """A law and the paths that it drew; what is kept besides is a field of each kind."""

    law: Any
    spot: FloatArray
    times: FloatArray

    def holds(self, law: Any, paths: Paths) -> bool:
        """Whether these are still the paths and the law, so that what is kept is still theirs."""
        return paths.spot is self.spot and paths.times is self.times and law == self.law
