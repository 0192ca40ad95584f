"""Books by size, by threads and by Dask workers: time, memory and messages.

``python -m benchmarks.scaling`` runs everything in processes of its own, prints a table and writes ``scaling.csv``
beside this file (columns: what was run, CPU and wall seconds, peak memory). ``--quick`` takes a twentieth of the paths.
CPU seconds of a Dask run are those of the caller alone; its workers' are in the wall time.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import cloudpickle
import pandas as pd

import likelihood_greeks as lg
from benchmarks.large_book import GREEKS, book, market
from likelihood_greeks.book import risk
from likelihood_greeks.book.account import Main
from likelihood_greeks.book.blocks import prepared
from likelihood_greeks.book.trades import parse
from likelihood_greeks.engine.stopping import Goal
from likelihood_greeks.streams.chunks import Draws

PATHS = 100_000
RUNS = [
    *({"trades": n, "controls": c} for c in ("none", "scores", "auto") for n in (10, 100, 1000)),
    *({"trades": 10_000, "controls": c, "paths": PATHS // 10} for c in ("scores", "auto")),
    *({"trades": 100, "controls": c, "threads": n} for c in ("scores", "auto") for n in (1, 2)),
    *({"trades": 100, "controls": c, "dask": n} for c in ("scores", "auto") for n in (1, 2)),
    *({"trades": 100, "controls": "none", "paths": n * PATHS} for n in (1, 4, 16)),
]


@contextmanager
def executor(threads: int, dask: int):
    """Threads, Dask workers of one thread each, or neither."""
    if dask:
        import distributed

        with (
            distributed.LocalCluster(n_workers=dask, threads_per_worker=1, dashboard_address=None) as cluster,
            distributed.Client(cluster) as client,
        ):
            client.run(lambda: __import__("likelihood_greeks"))
            yield client.get_executor()
    elif threads:
        with ThreadPoolExecutor(threads) as pool:
            yield pool
    else:
        yield "serial"


def measured(trades: int, controls: str, paths: int = PATHS, threads: int = 0, dask: int = 0) -> dict[str, float]:
    """Seconds of CPU and wall, and peak memory in MB, of one run in this process."""
    table, conditions = book(trades), market()
    with executor(threads, dask) as where:
        cpu, wall = time.process_time(), time.perf_counter()
        settings = {"paths": paths, "seed": 1, "controls": controls, "closed_form": False}
        lg.risk(table, conditions, GREEKS, **settings, executor=where)
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    return {"cpu_seconds": cpu, "seconds": wall, "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


def blocks_measured(trades: int = 1000, controls: str = "auto") -> pd.DataFrame:
    """The parts of the cost model on one underlying: pilot, chunk, task and result sizes, a row a block."""
    found, _ = parse(book(trades), market())
    account = risk._accounts(found, GREEKS, controls, lambda _, n: Main(Draws(1, n), Goal(PATHS, PATHS)))[0]
    rows, first = [], account.main.begun()[0]
    for block in account.blocks:
        start = time.process_time()
        state = prepared(block)
        piloted = time.process_time()
        worked = state.desk(first)
        done = time.process_time()
        sizes = {"desk_kb": state.desk, "chunk_kb": first, "result_kb": worked, "block_kb": block}
        rows.append(
            {"trades": block.size, "pilot_seconds": piloted - start, "chunk_seconds": done - piloted}
            | {name: len(cloudpickle.dumps(thing)) / 1024 for name, thing in sizes.items()}
        )
    return pd.DataFrame(rows)


def main() -> None:
    """Run everything, each run in a new process."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--one", help="run one case, a JSON object, and print what it took")
    parser.add_argument("--quick", action="store_true", help="a twentieth of the paths")
    parser.add_argument("--largest", type=int, default=10_000, help="leave out larger books")
    arguments = parser.parse_args()
    if arguments.one:
        print(json.dumps(measured(**json.loads(arguments.one))))
        return
    rows = []
    for case in RUNS:
        if case["trades"] > arguments.largest:
            continue
        paths = case.get("paths", PATHS) // (20 if arguments.quick else 1)
        full = {"threads": 0, "dask": 0, **case, "paths": paths}
        command = [sys.executable, "-m", "benchmarks.scaling", "--one", json.dumps(full)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        rows.append(full | json.loads(done.stdout.splitlines()[-1]))
        print(rows[-1], flush=True)
    frame = pd.DataFrame(rows).round(2)
    frame.to_csv(Path(__file__).with_suffix(".csv"), index=False)
    print(frame.to_string(index=False))
    print(blocks_measured().describe().loc[["count", "mean", "min", "max"]].round(3).to_string())


if __name__ == "__main__":
    main()
