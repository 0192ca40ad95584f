"""Memory and starting times, each in fresh processes.

``python -m benchmarks.startup`` writes ``benchmarks/startup.csv``: peak resident memory of a weekly barrier and of a
Heston barrier against the number of paths; the times to import the package and to the first result of a process
(interpreter start included), with the compiled code in Numba's cache and with an empty cache. Shortest of repeats;
seconds of wall time.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd

MEMORY = """
import resource, sys
import likelihood_greeks as lg
times = lg.schedule(1.0, per_year=52)
payoff = lg.Barrier(lg.Call(100.0, 1.0), 85.0, "down", "out", times)
gbm = lg.GBM(spot=100.0, volatility=0.2, rate=0.03)
heston = lg.Heston(spot=100.0, initial_variance=0.04, mean_reversion=2.0, long_run_variance=0.04, vol_of_vol=0.3,
                   correlation=-0.7, rate=0.05)
lg.greeks({"GBM": gbm, "Heston": heston}[sys.argv[1]], payoff, paths=int(sys.argv[2]), seed=1)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0)  # Linux counts in KiB
"""
IMPORT = "import likelihood_greeks"
FIRST = """
import likelihood_greeks as lg
model = lg.GBM(spot=100.0, volatility=0.2, rate=0.03)
payoff = lg.Barrier(lg.Call(100.0, 1.0), 85.0, "down", "out", lg.schedule(1.0, per_year=52))
lg.greeks(model, payoff, paths=10_000, seed=1)
"""
FIRST_HESTON = FIRST.replace(
    "lg.GBM(spot=100.0, volatility=0.2, rate=0.03)",
    "lg.Heston(spot=100.0, initial_variance=0.04, mean_reversion=2.0, long_run_variance=0.04, vol_of_vol=0.3, "
    "correlation=-0.7, rate=0.05)",
)
MOST = int(os.environ.get("BENCH_PATHS", "100000"))
REPEATS = 5


def child(code: str, *arguments: object, cache: str | None = None) -> tuple[str, float]:
    """What a fresh process prints, and its wall time."""
    environment = dict(os.environ) | ({"NUMBA_CACHE_DIR": cache} if cache else {})
    start = time.perf_counter()
    command = [sys.executable, "-c", code, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    return done.stdout, time.perf_counter() - start


def warm(code: str) -> float:
    """Shortest wall time with the cache filled."""
    child(code)
    return min(child(code)[1] for _ in range(REPEATS))


def cold(code: str) -> float:
    """Wall time with an empty cache."""
    with tempfile.TemporaryDirectory() as empty:
        return child(code, cache=empty)[1]


def table() -> pd.DataFrame:
    """A row per figure."""
    rows = [("interpreter alone", warm("pass"), "s"), ("import", warm(IMPORT), "s")]
    for name, code in (("GBM", FIRST), ("Heston", FIRST_HESTON)):
        rows += [(f"first result, {name}", warm(code), "s"), (f"first result, {name}, empty cache", cold(code), "s")]
    for name, most in (("GBM", 100 * MOST), ("Heston", 10 * MOST)):
        for paths in (MOST, most):
            rows.append((f"peak memory, {name}, {paths:,} paths", float(child(MEMORY, name, paths)[0]), "MiB"))
    return pd.DataFrame(rows, columns=["figure", "value", "unit"])


if __name__ == "__main__":
    result = table()
    result.to_csv(Path(__file__).with_name("startup.csv"), index=False, float_format="%.4g")
    print(result.to_string(index=False))
