"""A row of a book while it is read: its filled cells, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar, final

from .._checks import InvalidValueError, refuse
from .cells import clear, text_of

T = TypeVar("T")


@final
@dataclass(frozen=True)
class Problem:
    """Why a row of a book cannot be priced: `field` must `requirement`, but is `value`.

    Parameters
    ----------
    trade_id : str
        Empty if the row has none.
    row : int
        Position in the table, from 0.
    field, requirement : str
    value : object
        What was found; None if blank.
    """

    trade_id: str
    row: int
    field: str
    requirement: str
    value: object


@final
@dataclass(frozen=True)
class Row:
    """The cells of a row that are not blank, and the problems found in them so far.

    `supposed`: the market is not that of the day on which the row was written, so that it may tell more.
    """

    number: int
    cells: Mapping[str, Any]
    problems: list[Problem] = field(default_factory=list)
    supposed: bool = False

    @property
    def trade_id(self) -> str:
        """Its name; empty if it has none."""
        return text_of(self.cells.get("trade_id", ""))

    def attempt(self, function: Callable[..., T], *arguments: Any) -> T | None:
        """``function(*arguments)``; None, and a problem noted, if it refuses."""
        try:
            return function(*arguments)
        except InvalidValueError as error:
            self.problems.append(Problem(self.trade_id, self.number, error.name, error.requirement, error.value))
            return None

    def read(self, column: str, reader: Callable[..., T], *arguments: Any, why: str = "be given") -> T | None:
        """What `reader` makes of a cell that may not be blank."""
        if column not in self.cells:
            return self.attempt(refuse, column, why, None)
        return self.attempt(lambda: reader(column, clear(column, self.cells[column]), *arguments))
