"""What the sections of a market are read against: the valuation date, the folder of the file, the shared curves."""

from __future__ import annotations

import errno
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, final

from .._checks import InvalidValueError, refuse
from . import tenors
from .calendars import closest, day_words
from .curves import ZeroCurve


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
    curves : mapping of str to ZeroCurve or InvalidValueError
        The shared curves by name; of one that is none, why.
    remarks : list of str
        What someone who uses the market should know; sections add to it.
    files : dict of str to pathlib.Path
        The files that the market is read from, by what they hold; sections add to it.
    """

    today: date
    folder: Path
    curves: Mapping[str, ZeroCurve | InvalidValueError] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)
    files: dict[str, Path] = field(default_factory=dict)

    def file(self, holds: str, name: str | Path) -> Path:
        """The path of a file that a section names, noted among those that are read.

        Raises
        ------
        FileNotFoundError
            If it is not there, saying what it was to hold.
        """
        path = self.files[holds] = self.folder / name
        if not path.exists():
            raise FileNotFoundError(errno.ENOENT, f"there is no {holds}", str(path))
        return path

    def years(self, name: str, nodes: Iterable[Any]) -> tuple[float, ...]:
        """Nodes in time, given as dates (or ISO text), tenors or years, in years: see `tenors.years`."""
        return tenors.years(name, nodes, self.today)

    def words(self, maturity: float) -> str:
        """A time in years for people: the date, if it is one."""
        return day_words(self.today, maturity)

    def curve(self, key: str, name: str) -> ZeroCurve:
        """The shared curve that a section asks for at `key`.

        Raises
        ------
        ValueError
            If there is none of that name, or what stands there is no curve.
        """
        if name not in self.curves:
            known = ", ".join(map(repr, self.curves)) or "none: the market has no table [curves]"
            refuse(key, f"be one of the shared curves, {known}{closest(name, self.curves)}", name)
        found = self.curves[name]
        if isinstance(found, InvalidValueError):
            raise InvalidValueError(f"{key}: {found.name}", found.requirement, found.value) from found
        return found
