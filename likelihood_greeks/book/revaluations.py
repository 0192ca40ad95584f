"""How the trades on every underlying are valued at several stages: arguments checked once, and what ends a run."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import final

import pandas as pd

from .._checks import flags, one_of
from ..engine.execution import Workers
from ..engine.payoff_group import CONTROLS
from ..streams.chunks import Draws, Sampling, checked
from .files import output_path, write
from .frame import describe, plain
from .reading import BookWarning
from .risk import underlying_seed
from .together.valued import Settings
from .trades import Problem, Trade


@final
@dataclass(frozen=True, slots=True)
class Revaluations:
    """The arguments that all revaluations of a book share, checked.

    Attributes
    ----------
    paths, seed : int
    sampling, controls : str
    closed_form, progress : bool
    executor : concurrent.futures.Executor or "serial", optional
    where : pathlib.Path, optional
        Where the frame is written.
    """

    paths: int
    seed: int
    sampling: Sampling
    controls: str
    closed_form: bool
    progress: bool
    executor: Workers
    where: Path | None

    @classmethod
    def checked(
        cls,
        read: Mapping[str, object],
        *,
        paths: int,
        seed: int | None,
        controls: str,
        closed_form: bool,
        executor: Workers,
        progress: bool,
        output: str | os.PathLike[str] | None,
        sampling: str = "pseudo",
    ) -> Revaluations:
        """The arguments of a run that reads some files, which are not written over."""
        count, drawn, kind = checked(paths, seed, sampling)
        one_of("controls", controls, [*CONTROLS])
        flags(closed_form=closed_form, progress=progress)
        return cls(count, drawn, kind, controls, closed_form, progress, executor, output_path(output, read))

    def seed_of(self, underlying: str) -> int:
        """The seed of the draws of an underlying."""
        return underlying_seed(self.seed, underlying)

    def on(self, underlying: str, trades: Iterable[Trade]) -> Settings:
        """How to run the trades on an underlying, wherever they are valued."""
        draws = Draws(self.seed_of(underlying), max((1, *(len(t.drawn.times) for t in trades))), self.sampling)
        title = underlying if self.progress else ""
        return Settings(controls=self.controls, draws=draws, paths=self.paths, executor=self.executor, title=title)

    def done(self, frame: pd.DataFrame, *problems: tuple[Sequence[Problem], str]) -> pd.DataFrame:
        """The frame, written, after a warning of each sort of problems: these, and what could not be done with some."""
        if self.where is not None:
            write(frame, self.where)
        for some, how in problems:
            if some:
                warnings.warn(describe([plain(problem) for problem in some], how), BookWarning, stacklevel=3)
        return frame
