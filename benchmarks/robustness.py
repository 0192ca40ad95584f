"""Runs that are repeated, killed and damaged: what stays flat, what comes back the same, and what is noticed.

``python -m benchmarks.robustness [SOAK KILLS FLIPS]`` (default 1000 100 1000, half an hour) prints a line for each
and writes a table beside this file. Kills are SIGKILL at a random moment of a forked run, in each mode in turn; a run
is killed and resumed until one gets to its end. Every flip is of a random bit of a random file among the parts of a
stopped run, which then goes on. POSIX systems only.
"""

from __future__ import annotations

import ctypes
import gc
import os
import random
import signal
import sys
import time
import warnings
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd

import likelihood_greeks as lg
from likelihood_greeks.book import parts

FLAT = {"zero_rate": 0.03, "implied_volatility": 0.25, "calendar": "NullCalendar"}
HESTON = {"initial_variance": 0.06, "mean_reversion": 1.5, "long_run_variance": 0.06, "vol_of_vol": 0.5}
MARKET = {
    "valuation_date": "2025-03-14",
    "underlyings": {
        "AAA": {"spot": 100.0, **FLAT},
        "BBB": {"spot": 50.0, **FLAT, "model": "heston", "heston": {**HESTON, "correlation": -0.6}},
    },
}
KINDS = (
    {"product": "digital_call"},
    {"product": "asian", "option": "put", "frequency": "monthly"},
    {"product": "barrier", "option": "call", "frequency": "monthly", "direction": "down", "knock": "out"},
)
MODES: dict[str, dict[str, Any]] = {
    "serial": {"executor": "serial"},
    "threads": {},
    "processes": {"processes": True},
    "antithetic": {"sampling": "antithetic"},
    "Sobol": {"sampling": "sobol", "paths": 16_384},
    "scores": {"controls": "scores"},
    "none": {"controls": "none"},
    "targets": {"target_error": {"delta": "2%"}, "max_paths": 32_768},
    "targets of nets": {"target_error": {"delta": "1%"}, "target_of": "net", "max_paths": 32_768},
    "buckets": {"buckets": ["vega", "rho"]},
}
HERE = Path(__file__).parent


def book() -> pd.DataFrame:
    """Two underlyings, each with digitals, Asians and barriers."""
    rows = []
    for k in range(6):
        name, spot = ("AAA", 100.0) if k % 2 else ("BBB", 50.0)
        row = {"trade_id": f"T{k}", "underlying": name, "quantity": 1 + k, "maturity": "2025-12-12"}
        row |= {"strike": spot * (0.9 + k / 60)} | KINDS[k // 2 % 3]
        rows.append(row | ({"level": 0.8 * spot} if row["product"] == "barrier" else {}))
    return pd.DataFrame(rows)


def run(output: Path | None, mode: dict[str, Any], **more: Any) -> pd.DataFrame:
    """A run of the book in a mode."""
    options = {"paths": 8192, "seed": 3, "closed_form": False, **mode, **more}
    if not options.pop("processes", False):
        return lg.risk(book(), MARKET, ["delta", "vega"], **options, output=output)
    with ProcessPoolExecutor(2, mp_context=get_context("fork")) as pool:
        return lg.risk(book(), MARKET, ["delta", "vega"], **options, executor=pool, output=output)


def soak(count: int) -> str:
    """Memory and open files of a process over many runs, each of laws and contracts that it has not seen."""
    places = []
    for k in range(count):
        spot, steps = 100.0 + 0.01 * k, lg.schedule(1.0, 12)
        sections = {"AAA": {**FLAT, "spot": spot}, "BBB": {**MARKET["underlyings"]["BBB"], "spot": spot / 2.0}}
        other = book().assign(strike=lambda table, part=1.0 + 1e-4 * k: part * table["strike"])
        market = MARKET | {"underlyings": sections}
        lg.risk(other, market, ["delta", "vega"], paths=256, seed=k, closed_form=False, executor="serial")
        payoff = lg.Barrier(lg.Call(0.98 * spot, 1.0), 85.0, "down", "out", steps) if k % 2 else lg.Asian(spot, steps)
        law = lg.GBM(spot=spot, volatility=0.2, rate=0.03)
        lg.greeks(law, payoff, paths=1024, seed=k, executor="serial", sampling="pseudo" if k % 5 else "sobol")
        if k + 1 in (count // 5, count):
            gc.collect()
            ctypes.CDLL("libc.so.6").malloc_trim(0)  # what is free goes back: what is left is held
            pages = int(Path("/proc/self/statm").read_text().split()[1])
            places.append((pages * os.sysconf("SC_PAGE_SIZE") / 2**20, len(os.listdir("/proc/self/fd"))))
    (early, opened), (late, left) = places
    return f"{early:.0f} MiB and {opened} files after {count // 5} runs, {late:.0f} MiB and {left} after {count}"


def killed(output: Path, mode: dict[str, Any], seconds: float) -> bool:
    """Whether a run in a process of its own was killed after so many seconds."""
    child = os.fork()
    if not child:
        os.setsid()
        code = 1
        try:
            warnings.simplefilter("ignore")
            run(output, mode, resume=(parts.folder(output) / parts.RUN).exists())
            code = 0
        finally:
            os._exit(code)
    time.sleep(seconds)
    with_workers = os.getpgid(child) != os.getpgid(0)
    (os.killpg if with_workers else os.kill)(child, signal.SIGKILL)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def kills(count: int, seed: int = 1) -> str:
    """Runs killed at random and resumed, against one that was not."""
    chance, lengths, done, same, ended = random.Random(seed), dict[str, float](), 0, 0, 0
    with TemporaryDirectory() as folder:
        while done < count:
            for name, mode in MODES.items():
                whole, output = Path(folder) / f"{name}.parquet", Path(folder) / "risk.parquet"
                if not whole.exists():
                    begun = time.perf_counter()
                    run(whole, mode)
                    lengths[name] = time.perf_counter() - begun
                while not output.exists():
                    done += killed(output, mode, chance.uniform(0.02, 1.2 * lengths[name]))
                same += output.read_bytes() == whole.read_bytes()
                ended += 1
                output.unlink()
    return f"{done} kills, {ended} runs that went on to their end in {len(MODES)} modes, {same} with the same bytes"


def flips(count: int, seed: int = 2) -> str:
    """Bits of parts flipped one by one: whether the run that goes on notices, and what it ends with."""
    chance, noticed, same = random.Random(seed), 0, 0
    mode = {"executor": "serial", "controls": "none", "paths": 1024}
    with TemporaryDirectory() as place:
        output = Path(place) / "risk.parquet"
        whole = run(output, mode)
        store, real = {}, parts.Parts.done
        parts.Parts.done = lambda own: store.update({p.name: p.read_bytes() for p in own.path.iterdir() if p.is_file()})  # type: ignore[method-assign]  # fmt: skip
        run(output, mode)
        parts.Parts.done = real  # type: ignore[method-assign]
        names = sorted(name for name, data in store.items() if data)
        for _ in range(count):
            parts.folder(output).mkdir(exist_ok=True)
            for name, data in store.items():
                (parts.folder(output) / name).write_bytes(data)
            name = chance.choice(names)
            data, bit = bytearray(store[name]), chance.randrange(8 * len(store[name]))
            data[bit // 8] ^= 1 << bit % 8
            (parts.folder(output) / name).write_bytes(data)
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                try:
                    found = run(output, mode, resume=True)
                except ValueError as error:
                    noticed += "damaged" in str(error)
                    found = run(output, mode)
            noticed += bool(caught)
            same += found.equals(whole)
    return f"{count} bits of {len(names)} files, {noticed} noticed, {same} runs with the same numbers"


def main(soaks: int = 1000, killings: int = 100, flipped: int = 1000) -> None:
    """Print and store the three."""
    rows = []
    for what, study, count in (("soak", soak, soaks), ("kills", kills, killings), ("flips", flips, flipped)):
        begun = time.perf_counter()
        rows.append({"study": what, "found": study(count), "seconds": round(time.perf_counter() - begun)})
        print(f"{what}: {rows[-1]['found']} ({rows[-1]['seconds']} s)", flush=True)
    pd.DataFrame(rows).to_csv(HERE / "robustness.csv", index=False)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
