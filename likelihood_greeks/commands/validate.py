"""``validate``: every Greek against references."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Annotated

import typer

from ..book.files import check_writable, write
from ..reports import terminal
from ..validation.report import PRECISION, summary, validate, verdict
from .options import (
    CORES,
    Quiet,
    Workers,
)
from .talk import Talk


def validate_command(
    precision: Annotated[
        float, typer.Option("--precision", metavar="SHARE", help="Standard error as a share of scale.")
    ] = PRECISION,
    seed: Annotated[int, typer.Option("--seed", metavar="N", help="First seed.", min=0)] = 1,
    output: Annotated[Path | None, typer.Option("--output", metavar="FILE", help="Write every z-score here.")] = None,
    workers: Workers = CORES,
    quiet: Quiet = False,
) -> None:
    """Every Greek of the reference grid against closed forms, quadrature and QuantLib: a table of z-scores.

    Exit codes: 0 all checks passed, 1 one failed, 2 the input could not be used.

    Example: likelihood-greeks validate --precision 0.005 --output scores.csv
    """
    talk = Talk(quiet, verbose=False)
    if output is not None:
        check_writable(output)
    with ThreadPoolExecutor(workers) as executor:
        table = validate(precision=precision, seed=seed, executor=executor, progress=talk.progress)
    if output is not None:
        write(table.reset_index(), output)
    talk.show(terminal.frame_table(summary(table), "z-scores by case"))
    judged = verdict(table, precision)
    talk.say(
        f"{judged.checks} checks: mean z² {judged.mean_square:.3f} (0.8 to 1.25), {judged.beyond_three} beyond 3, "
        f"worst {judged.worst:.2f}; largest standard error {judged.largest_error:.2%} of scale; "
        f"QuantLib within {judged.quantlib:.1e} of scale: {'passed' if judged.passed else 'FAILED'}"
    )
    if not judged.passed:
        raise typer.Exit(1)
