"""Coverage counted run by run: what many seeds say of intervals and marks, kept as it grows, with verdicts.

A study gives, for a name, paths and a seed, the numbers of one run beside the exact ones. They are counted by name,
paths and Greek; the row of all Greeks also has the sums over seeds that tell how far the share covered may be off, the
numbers of one run depending on each other. A study that is stopped goes on where it was.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pandas as pd
from scipy import special, stats

Number: TypeAlias = tuple[str, float, float, int, str, float]
"""Its Greek, value, standard error, independent samples, note and the exact value."""

Run: TypeAlias = Callable[[int, int], Iterator[Number]]
"""The numbers of one run, from seed and paths."""

ALL, INSIDE = "all", (0.93, 0.97)
SUMS = ["free", "held", "z2", "marked", "marked held", "free2", "free held", "held2"]
KEYS = ["kind", "paths", "greek"]


def counted(numbers: Iterator[Number]) -> dict[str, list[float]]:
    """What one run adds to the tally, by Greek: `SUMS`."""
    found: dict[str, list[float]] = {}
    for greek, value, error, samples, note, exact in numbers:
        held = float(abs(value - exact) <= special.stdtrit(max(samples - 1, 1), 0.975) * error)
        z = (value - exact) / error if error else 0.0
        row = [0.0, 0.0, 0.0, 1.0, held] if note else [1.0, held, z * z, 0.0, 0.0]
        for name in (greek, ALL):
            found[name] = [a + b for a, b in zip(found.get(name, [0.0] * 5), row, strict=True)]
    return {name: [*row, row[0] ** 2, row[0] * row[1], row[1] ** 2] for name, row in found.items()}


def grown(path: Path, runs: Mapping[str, Run], name: str, paths: int, seeds: int) -> pd.DataFrame:
    """The tally in a file with the seeds of a kind that it lacks up to so many."""
    table = read(path)
    own = (table["kind"] == name) & (table["paths"] == paths)
    total = {row["greek"]: np.array([row[s] for s in SUMS]) for row in table[own].to_dict("records")}
    done = int(table.loc[own, "seeds"].max()) if own.any() else 0
    for seed in range(done, seeds):
        for greek, row in counted(runs[name](seed, paths)).items():
            total[greek] = total.get(greek, 0.0) + np.array(row)
    new = [[name, paths, greek, max(seeds, done), *row] for greek, row in total.items()]
    parts = [part for part in (table[~own], pd.DataFrame(new, columns=table.columns)) if len(part)]
    table = pd.concat(parts) if parts else table
    aside = path.with_suffix(".new")
    table.to_csv(aside, index=False, float_format="%.8g")
    aside.replace(path)
    return table


def read(path: Path) -> pd.DataFrame:
    """A stored tally; an empty one if there is none."""
    return pd.read_csv(path) if path.exists() else pd.DataFrame(columns=[*KEYS, "seeds", *SUMS])


def in_rounds(path: Path, runs: Mapping[str, Run], paths: list[int], seeds: int, step: int) -> None:
    """Grow a tally kind by kind, so many seeds a round, so that one that is stopped has all kinds."""
    for size in paths:
        for reached in range(step, seeds + step, step):
            for name in runs:
                grown(path, runs, name, size, min(reached, seeds))


def grow(about: str | None, runs: Mapping[str, Run], path: Path, *, seeds: int, paths: list[int]) -> None:
    """The command of a study: grow its tally, print the verdicts. Numbers of seeds and paths are the defaults."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--seeds", type=int, default=seeds)
    parser.add_argument("--step", type=int, default=50)
    parser.add_argument("--paths", type=int, nargs="*", default=paths)
    parser.add_argument("--kinds", default="", help="part of the names of those that are run")
    parser.add_argument("--output", type=Path, default=path)
    arguments = parser.parse_args()
    chosen = {name: run for name, run in runs.items() if arguments.kinds in name}
    in_rounds(arguments.output, chosen, arguments.paths, arguments.seeds, arguments.step)
    print(judged(pd.read_csv(arguments.output)).to_string(index=False))


def judged(table: pd.DataFrame) -> pd.DataFrame:
    """Shares and verdicts, a row a kind and number of paths: of all Greeks, and of the one that is covered least."""
    found = []
    for (kind, paths), rows in table.groupby(["kind", "paths"], sort=False):
        whole = rows[rows["greek"] == ALL].iloc[0]
        each = rows[(rows["greek"] != ALL) & (rows["free"] > 0)]
        shares = each["held"] / each["free"]
        numbers = whole["free"] + whole["marked"]
        found.append(
            {
                "kind": kind, "paths": int(paths), "seeds": int(whole["seeds"]), "numbers": int(numbers),
                "covered": whole["held"] / whole["free"] if whole["free"] else np.nan,
                "mean z2": whole["z2"] / whole["free"] if whole["free"] else np.nan,
                "least": shares.min(), "of": each["greek"].loc[shares.idxmin()] if len(each) else "",
                "marked": whole["marked"] / numbers,
                "covered if marked": whole["marked held"] / whole["marked"] if whole["marked"] else np.nan,
                "verdict": verdict(whole["held"] / whole["free"], effective(whole)) if whole["free"] else "marked",
            }
        )  # fmt: skip
    return pd.DataFrame(found)


def effective(row: pd.Series) -> float:
    """Independent numbers that would tell a share as well as these, which depend on each other within a run."""
    share = row["held"] / row["free"]
    spread = row["held2"] - 2.0 * share * row["free held"] + share**2 * row["free2"]
    return float(share * (1.0 - share) * row["free"] ** 2 / spread) if spread > 0.0 else float(row["seeds"])


def verdict(share: float, numbers: float) -> str:
    """Whether a share of so many numbers lies in `INSIDE` (pass), outside (fail), or either is possible (inconclusive).

    By Jeffreys' interval of 95 %.
    """
    hits = share * numbers
    low, high = stats.beta.ppf([0.025, 0.975], hits + 0.5, numbers - hits + 0.5)
    if low >= INSIDE[0] and high <= INSIDE[1]:
        return "pass"
    return "fail" if high < INSIDE[0] or low > INSIDE[1] else "inconclusive"
