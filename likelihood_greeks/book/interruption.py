"""A run that was stopped by its user: what is finished, what is not, and how to go on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

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
    """

    def __init__(
        self, frame: pd.DataFrame, missing: Mapping[str, Sequence[str]], trades: int, parts: Path | None
    ) -> None:
        left = sum(map(len, missing.values()))
        lines = [f"  {name}: {_some(ids)}" for name, ids in missing.items()]
        where = f"What is finished is in {parts}; the same call with resume=True (--resume) goes on from there."
        kept = where if parts else "What is finished is in the exception's `frame`; with an output it could be resumed."
        super().__init__(
            "\n".join([f"stopped: {trades - left:,} of {trades:,} trades are finished. Not finished:", *lines, kept])
        )
        self.frame, self.missing = frame, dict(missing)


def _some(trade_ids: Sequence[str]) -> str:
    more = f" and {len(trade_ids) - NAMED:,} more" if len(trade_ids) > NAMED else ""
    return f"{len(trade_ids):,} trades, {', '.join(trade_ids[:NAMED])}{more}"
