"""Why a trade is not priced: what was held against it, or an error of this library, which is told apart.

What a contract or a law refuses, what the user's own code raises, and numbers that cannot be computed with are the
trade's. Whatever else is raised inside the library is its own error: the trade is left out, and the traceback kept.
"""

from __future__ import annotations

import dis
import sys
import traceback
from types import TracebackType

import numpy as np

from .._checks import InvalidValueError
from .rows import Problem

FAILS = (ValueError, TypeError, ArithmeticError, LookupError, AttributeError, NameError, RuntimeError, AssertionError)
"""What may be raised while a trade is worked on, by its own code or ours: it is not priced, the others are."""

OURS = __name__.partition(".")[0]
BENEATH = {"numpy", "scipy", "numba", "pandas", "pyarrow", "threadpoolctl", *sys.stdlib_module_names}
"""Libraries whose errors are those of who calls them."""

INTERNAL = "be priced: an error of likelihood_greeks and not of the trade; please report it, with the traceback"
TRACEBACK = "Traceback (most recent call last)"


def internal(error: BaseException) -> bool:
    """Whether an error is one that this library neither meant to raise nor got from the user's code."""
    if isinstance(error, (InvalidValueError, ArithmeticError, np.linalg.LinAlgError)):
        return False
    frames = _callers(error)
    own = bool(frames) and _root(frames[-1]) == OURS
    return own and not (frames[-1].tb_next is None and _raises(frames[-1]))


def _of_the_user(error: BaseException) -> bool:
    """Whether an error was raised by the user's code, or beneath it, and not by this library."""
    frames = _callers(error)
    return bool(frames) and _root(frames[-1]) != OURS


def _callers(error: BaseException) -> list[TracebackType]:
    """The calls on the way to an error, but for those beneath who calls them."""
    return [step for step in _steps(error.__traceback__) if _root(step) not in BENEATH]


def reason_of(error: Exception) -> str:
    """What a trade's payoff or law raised, in words: what the user's own code raised, and errors of Python's, by name.

    Of an internal error the traceback.
    """
    if internal(error):
        return "".join(traceback.format_exception(error)).strip()
    plain = isinstance(error, (ValueError, ArithmeticError)) and not _of_the_user(error)
    return str(error) if plain else f"{type(error).__name__}: {error}"


def in_short(reason: str) -> str:
    """A reason in a line: of a traceback its last."""
    return f"an error of {OURS}: {reason.splitlines()[-1]}" if reason.startswith(TRACEBACK) else reason


def problem_of(trade_id: str, row: int, reason: str, requirement: str = "give finite payments and Greeks") -> Problem:
    """The problem of a trade that is not priced for a reason, as `reason_of` has it."""
    own = reason.startswith(TRACEBACK)
    return Problem(trade_id, row, "trade" if own else "payoff", INTERNAL if own else requirement, reason)


def _steps(trace: TracebackType | None) -> list[TracebackType]:
    """The calls of a traceback, the outermost first."""
    found = []
    while trace is not None:
        found.append(trace)
        trace = trace.tb_next
    return found


def _root(step: TracebackType) -> str:
    """The package that a call is in."""
    return str(step.tb_frame.f_globals.get("__name__", "")).partition(".")[0]


def _raises(step: TracebackType) -> bool:
    """Whether the error comes from a statement ``raise``: one that was meant."""
    return dis.opname[step.tb_frame.f_code.co_code[step.tb_lasti]] == "RAISE_VARARGS"
