"""What the sections of a market are read against: the valuation date, the folder of the file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, final

from .calendars import DAYS_PER_YEAR, iso_date


@final
@dataclass(frozen=True)
class Setting:
    """What all sections of a market share.

    Parameters
    ----------
    today : datetime.date
        The valuation date.
    folder : pathlib.Path
        Where files that are named by a relative path stand.
    """

    today: date
    folder: Path

    def years(self, name: str, nodes: Sequence[Any]) -> tuple[Any, ...]:
        """Nodes in time, given as dates (or ISO text) or years, in years."""
        return tuple(
            (iso_date(f"{name}[{i}]", node) - self.today).days / DAYS_PER_YEAR
            if isinstance(node, (date, str))
            else node
            for i, node in enumerate(nodes)
        )
