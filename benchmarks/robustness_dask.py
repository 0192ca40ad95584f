"""Runs on a Dask cluster of which a worker, the scheduler or the run itself is killed: what comes back the same.

``python -m benchmarks.robustness_dask [KILLS]`` (default 56, six minutes) kills by SIGKILL at a random moment, each
of the three in turn; what was stopped is resumed until it gets to its end, and compared with a run that was not killed.
It prints a line and puts it into the table of `benchmarks.robustness`. POSIX systems only.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
import warnings
from collections import Counter
from itertools import cycle
from pathlib import Path
from tempfile import TemporaryDirectory

import dask
import pandas as pd
from distributed import Client

from likelihood_greeks.book import parts

from .robustness import HERE, run

MODE = {"controls": "none", "paths": 65_536}
SECONDS = 120  # that a run may take to end or to say that it cannot go on
ANSWER = 10  # seconds that a client looks for its scheduler, as `engine.cluster` does
VICTIMS = ("worker", "scheduler", "run", "scheduler", "worker", "run")


class Cluster:
    """A scheduler and two workers, processes of this machine.

    Parameters
    ----------
    folder : pathlib.Path
        Where the scheduler writes its address.
    """

    def __init__(self, folder: Path) -> None:
        self._file = folder / f"scheduler-{time.monotonic_ns()}.json"
        self.scheduler = self._started("scheduler", "--port", "0", "--host", "127.0.0.1")
        self.workers = [self._worker(), self._worker()]

    def _started(self, kind: str, *more: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "dask", kind, "--scheduler-file", str(self._file), "--no-dashboard", *more]
        return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def _worker(self) -> subprocess.Popen[bytes]:
        return self._started("worker", "--no-nanny", "--nthreads", "1")

    def connected(self) -> Client:
        """A client, when a worker is there."""
        client = Client(scheduler_file=str(self._file), timeout=ANSWER)
        client.wait_for_workers(1, timeout=SECONDS)
        return client

    def lose_a_worker(self) -> None:
        """Kill a worker, and have another one in its place."""
        worker = self.workers.pop(0)
        worker.kill()
        worker.wait()
        self.workers.append(self._worker())

    def close(self) -> None:
        """Kill all of it."""
        for process in (self.scheduler, *self.workers):
            process.kill()
            process.wait()


def begun(output: Path, cluster: Cluster) -> int:
    """The process of a run on a cluster, when it is connected."""
    here, there = os.pipe()
    child = os.fork()
    if not child:
        code = 1
        try:
            warnings.simplefilter("ignore")
            with dask.config.set({"distributed.comm.timeouts.connect": "2s"}), cluster.connected() as client:
                os.write(there, b"1")
                run(output, MODE, executor=client.get_executor(), resume=(parts.folder(output) / parts.RUN).exists())
            code = 0
        finally:
            os._exit(code)
    os.close(there)
    os.read(here, 1)
    os.close(here)
    return child


def ended(child: int) -> bool:
    """Whether a run came to its end by itself; False if it said that it cannot go on, or was killed."""
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            return status == 0
        time.sleep(0.02)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    raise TimeoutError(f"a run was still there {SECONDS} s after its cluster was lost")


def study(count: int, seed: int = 3) -> str:
    """Kills in turn, and what the runs that went on ended with."""
    chance, killed, same, finished = random.Random(seed), Counter[str](), 0, 0
    with TemporaryDirectory() as place:
        whole, output, cluster = Path(place) / "whole.parquet", Path(place) / "risk.parquet", Cluster(Path(place))
        start = time.perf_counter()
        run(whole, {**MODE, "executor": "serial"})
        length = time.perf_counter() - start
        try:
            for victim in cycle(VICTIMS):
                if killed.total() >= count:
                    break
                child = begun(output, cluster)
                time.sleep(chance.uniform(0.02, 0.5 * length))
                if not os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT):
                    killed[victim] += 1
                match victim:
                    case "worker":
                        cluster.lose_a_worker()
                    case "scheduler":
                        cluster.close()
                        cluster = Cluster(Path(place))
                    case "run":
                        os.kill(child, signal.SIGKILL)
                whether = ended(child)
                print(f"{victim}: {'ended' if whether else 'stopped'}", file=sys.stderr, flush=True)
                if output.exists():
                    finished += 1
                    same += output.read_bytes() == whole.read_bytes()
                    output.unlink()
        finally:
            cluster.close()
    victims = ", ".join(f"{number} of a {name}" for name, number in killed.items())
    return f"{killed.total()} kills ({victims}), {finished} runs that went on to their end, {same} with the same bytes"


def main(count: int = 56) -> None:
    """Print and store the study."""
    start = time.perf_counter()
    row = {"study": "kills with Dask", "found": study(count), "seconds": round(time.perf_counter() - start)}
    print(row["found"], flush=True)
    table = pd.read_csv(HERE / "robustness.csv")
    table = pd.concat([table[table["study"] != row["study"]], pd.DataFrame([row])])
    table.to_csv(HERE / "robustness.csv", index=False)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
