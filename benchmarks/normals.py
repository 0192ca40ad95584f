"""Sources of standard normals side by side: nanoseconds of one core a number, and their ratio to NumPy's.

``python -m benchmarks.normals`` prints the table. `mkl_random` is measured where it is installed. Each source fills an
array of 64 dates by 4096 paths; the least of several repeats counts, and the sources take turns.
"""

import time
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from typing import Any

import numpy as np
from scipy import special

from likelihood_greeks._compiled import formulas_only
from likelihood_greeks.streams.normals import normals

SHAPE, REPEATS = (64, 4096), 15
WORDS = np.array([1, 2, 3, 4], dtype=np.uint32)


def sources() -> dict[str, Callable[[], Any]]:
    """What can be measured here."""
    found: dict[str, Callable[[], Any]] = {}
    for kind in (np.random.SFC64, np.random.PCG64, np.random.Philox):
        found[f"NumPy {kind.__name__}, ziggurat"] = partial(np.random.Generator(kind(1)).standard_normal, SHAPE)
    if find_spec("mkl_random"):
        import mkl_random

        for method in ("ICDF", "BoxMuller2"):
            state = mkl_random.MKLRandomState(1, brng="SFMT19937")
            found[f"mkl_random SFMT19937, {method}"] = partial(state.standard_normal, SHAPE, method=method)
    uniform = np.random.Generator(np.random.SFC64(1))
    found["NumPy SFC64, inverse distribution"] = lambda: special.ndtri(1.0 - uniform.random(SHAPE))
    found["Philox, Box-Muller, compiled (used here)"] = lambda: normals(WORDS, 0, *SHAPE)
    found["Philox, Box-Muller, formula"] = formula
    return found


def formula() -> Any:
    """The same numbers without the compiler."""
    with formulas_only():
        return normals(WORDS, 0, *SHAPE)


def measured(measure: dict[str, Callable[[], Any]]) -> dict[str, float]:
    """Nanoseconds of processor time a number."""
    best = dict.fromkeys(measure, np.inf)
    for repeat in range(REPEATS + 1):
        for name, draw in measure.items():
            start = time.process_time()
            draw()
            spent = time.process_time() - start
            if repeat:  # the first one compiles and takes memory
                best[name] = min(best[name], 1e9 * spent / (SHAPE[0] * SHAPE[1]))
    return best


def main() -> None:
    """Print the table."""
    best = measured(sources())
    reference = next(iter(best.values()))
    for name, each in sorted(best.items(), key=lambda item: item[1]):
        print(f"{name:42} {each:6.2f} ns {reference / each:6.2f} x")


if __name__ == "__main__":
    main()
