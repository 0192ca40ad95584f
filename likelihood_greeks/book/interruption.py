"""A run that was stopped by its user, or lost its workers: what is finished, what is not, and how to go on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

NAMED = 5  # trades listed by underlying


class Interrupted(KeyboardInterrupt):
    """A run of a book was stopped (Ctrl-C).

    Attributes
    ----------
    frame : pandas.DataFrame
        The rows of the trades that are finished, and the net rows of the underlyings that are.
    missing : mapping of str to sequence of str
        By underlying, the trades that are not.

    Examples
    --------
    >>> import pandas as pd
    >>> import likelihood_greeks as lg
    >>> stop = lg.Interrupted(pd.DataFrame(), {"X": ["A", "B"]}, 2, None)
    >>> stop.missing, isinstance(stop, KeyboardInterrupt)
    ({'X': ['A', 'B']}, True)
    """

    def __init__(
        self, frame: pd.DataFrame, missing: Mapping[str, Sequence[str]], trades: int, parts: Path | None
    ) -> None:
        super().__init__(_told("stopped", missing, trades, parts))
        self.frame, self.missing = frame, dict(missing)
        self._state = frame, self.missing, trades, parts

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), self._state


class WorkersLostError(ConnectionError):
    """A run of a book lost its workers, or their scheduler.

    Attributes
    ----------
    frame, missing
        As of `Interrupted`.
    """

    def __init__(
        self, why: str, frame: pd.DataFrame, missing: Mapping[str, Sequence[str]], trades: int, parts: Path | None
    ) -> None:
        super().__init__(_told(f"the workers or their scheduler are gone ({why})", missing, trades, parts))
        self.frame, self.missing = frame, dict(missing)
        self._state = why, frame, self.missing, trades, parts

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), self._state


def stopped(error: BaseException, *left: Any) -> Interrupted | WorkersLostError:
    """What to raise of a run that `error` has ended; `left` as `Interrupted` takes it."""
    if isinstance(error, KeyboardInterrupt):
        return Interrupted(*left)
    return WorkersLostError(str(error) or type(error).__name__, *left)


def _told(what: str, missing: Mapping[str, Sequence[str]], trades: int, parts: Path | None) -> str:
    """What has happened, what is not finished, and how to go on."""
    left = sum(map(len, missing.values()))
    lines = [f"  {name}: {_some(ids)}" for name, ids in missing.items()]
    where = f"What is finished is in {parts}; the same call with resume=True (--resume) goes on from there."
    kept = where if parts else "What is finished is in the exception's `frame`; with an output it could be resumed."
    return "\n".join([f"{what}: {trades - left:,} of {trades:,} trades are finished. Not finished:", *lines, kept])


def _some(trade_ids: Sequence[str]) -> str:
    more = f" and {len(trade_ids) - NAMED:,} more" if len(trade_ids) > NAMED else ""
    return f"{len(trade_ids):,} trades, {', '.join(trade_ids[:NAMED])}{more}"
