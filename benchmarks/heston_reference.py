r"""Reference Greeks of path-dependent options under Heston's model, by a method without the law's approximation.

The variance is exact on a fine grid and its integral a trapezoidal sum (`heston_flow`); given it, payoffs are smooth
functions of a Gaussian walk (`heston_contracts`). The samples are differentiated, not bumped: an error of bumping or of
a jump does not exist, and what the trapezoidal rule leaves is measured, because every path is valued with the step and
with twice the step: the number given is Richardson's :math:`(4 V_h - V_{2h})/3`, and the correction
:math:`(V_h - V_{2h})/3` stands beside it with its own standard error. One sample is the mean over an antithetic pair
of spots on one variance path. Control variates are the same Greek, and the price, of sixteen European claims, with
Fourier means; their coefficients come from a pilot that is not used again.

``python -m benchmarks.heston_reference [SECONDS [CASE ...]]`` (as a module: numba must not meet ``coverage.py`` here)
writes ``benchmarks/heston_reference.csv`` after every case, each of which runs for so many seconds. Rows of European
claims have no controls and are there to be compared with ``exact``. Spot 100, one year; Greeks are raw derivatives, per
1.00 of everything: ``vega`` in the initial volatility, ``vanna`` in spot and initial variance (the package's is
:math:`2\sqrt{v_0}` times that).
"""

import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numba as nb
import numpy as np
import pandas as pd

import likelihood_greeks as lg
from likelihood_greeks.parameters import resolve

from .heston_contracts import CONTRACTS, CONTROLS, JET, LADDER, LOWER, STRIKE, UPPER, payoffs
from .heston_flow import spot_layer, transition, variance_path

MATURITY, BATCH, SEED = 1.0, 10_000, 20_040_817
NAMES = (
    "price", "delta", "gamma", "vega", "initial_variance", "mean_reversion", "long_run_variance", "vol_of_vol",
    "correlation", "rho", "dividend_rho", "vanna",
)  # fmt: skip
PARAMETERS = (
    "spot", "initial_variance", "mean_reversion", "long_run_variance", "vol_of_vol", "correlation", "rate",
    "dividend_yield",
)  # fmt: skip


@dataclass(frozen=True)
class Case:
    """A model, equally spaced dates up to one year, and sub-steps of the variance between them (even)."""

    name: str
    model: lg.Heston
    dates: int
    substeps: int


def heston(v0, kappa, theta, xi, rho, rate, dividend_yield=0.0):
    """A model at spot 100."""
    return lg.Heston(
        spot=100.0, initial_variance=v0, mean_reversion=kappa, long_run_variance=theta, vol_of_vol=xi, correlation=rho,
        rate=rate, dividend_yield=dividend_yield,
    )  # fmt: skip


DESK = heston(0.04, 2.0, 0.04, 0.3, -0.7, 0.05, 0.02)
FV1 = heston(0.04, 1.5, 0.04, 1.0, -0.9, 0.03)
DAX = heston(0.19, 15.6, 0.075, 3.3, -0.51, 0.035)
CASES = (
    Case("desk, 12 dates", DESK, 12, 8),
    Case("FV1, 12 dates", FV1, 12, 24),
    Case("DAX, 12 dates", DAX, 12, 32),
    Case("desk, 52 dates", DESK, 52, 4),
)


@nb.njit
def samples(model, law, discount, dates, substeps, step, numbers, slopes, gamma, bessel, rng, out):
    """Fill `out`, shape (n, 2, 20, 11): every path's jets with the step and with twice it; `model` is (S0, v0)."""
    ends, clocks = np.empty((dates + 1, 5)), np.empty((2, dates, 5))
    mean, deviation, normals = np.empty((dates, 9)), np.empty((dates, 9)), np.empty(dates)
    work, up = np.empty((40, JET)), np.empty((out.shape[2], JET))
    weight = np.empty(4)
    for p in range(out.shape[0]):
        variance_path(model[1], dates, substeps, step, numbers, slopes, gamma, bessel, rng, ends, clocks, weight)
        for j in range(dates):
            normals[j] = rng.standard_normal()
        for level in range(2):
            spot_layer(ends, clocks[level], substeps * step, law, mean, deviation)
            payoffs(model[0], discount, mean, deviation, normals, work, up)
            payoffs(model[0], discount, mean, deviation, -normals, work, out[p, level])
            out[p, level] = 0.5 * (out[p, level] + up)
            weighted(out[p, level], weight)


@nb.njit
def weighted(jets, weight):
    """Add the part of the derivatives in `FLOWS` that is a weight."""
    for k in range(jets.shape[0]):
        for i in range(4):
            jets[k, 2 + i] += weight[i] * jets[k, 0]
        jets[k, 10] += weight[0] * jets[k, 1]


def batches(case: Case, seed: int):
    """Greeks of path after path, without end: arrays of shape (BATCH, 2, 20, 12)."""
    m, step = case.model, MATURITY / case.dates / case.substeps
    one = transition(m, step)
    law = (m.mean_reversion, m.long_run_variance, m.vol_of_vol, m.correlation, m.rate - m.dividend_yield)
    discount, rng = (m.discount(MATURITY), MATURITY), np.random.Generator(np.random.SFC64(seed))
    rows = len(CONTRACTS) + len(CONTROLS)
    while True:
        out = np.empty((BATCH, 2, rows, JET))
        samples((m.spot, m.initial_variance), law, discount, case.dates, case.substeps, step, one.numbers, one.slopes,
                one.gamma, one.bessel, rng, out)  # fmt: skip
        yield out @ greeks_of_jets(m)


def greeks_of_jets(model) -> np.ndarray:
    """The linear map from jets (derivatives in log-spot) to `NAMES`, shape (11, 12)."""
    spot, table = model.spot, np.zeros((JET, len(NAMES)))
    slope = 2.0 * np.sqrt(model.initial_variance)
    table[0, 0] = 1.0
    table[1, 1], table[1, 2], table[9, 2] = 1.0 / spot, -1.0 / spot**2, 1.0 / spot**2
    table[2, 3], table[10, 11] = slope, 1.0 / spot
    table[range(2, 9), range(4, 11)] = 1.0
    return table


def exact(model) -> np.ndarray:
    """Greeks of `CONTROLS` by Fourier inversion, shape (16, 12)."""
    prices = {strike: model.vanilla_jets(strike, MATURITY) for strike in LADDER}
    digitals, calls = ({strike: pair[k] for strike, pair in prices.items()} for k in range(2))
    rows = [model.forward_jet(np.asarray(MATURITY)), calls[STRIKE]]
    rows += [digitals[strike] for strike in (LOWER, STRIKE, UPPER)]
    rows += [jet for strike in LADDER for jet in (calls[strike], digitals[strike])]
    discount = model.discount_jet(np.asarray(MATURITY))
    one = [1.0] + [0.0] * (len(NAMES) - 1)
    return np.array([one] + [[_greek(discount * row, name, model) for name in NAMES] for row in rows])


def _greek(jet, name: str, model) -> float:
    if name == "vanna":  # in the initial variance itself
        return float(jet.derivative("spot", "initial_variance"))
    return sum(factor * float(jet.derivative(*by)) for by, factor in resolve(name, model).items())


@dataclass
class Sums:
    """Running first and second moments of columns, by Greek."""

    count: int
    first: np.ndarray
    second: np.ndarray

    def add(self, rows: np.ndarray) -> None:
        """Take samples of shape (n, ..., 12)."""
        self.count += len(rows)
        self.first += rows.sum(axis=0)
        self.second += (rows**2).sum(axis=0)

    @property
    def estimate(self) -> tuple[np.ndarray, np.ndarray]:
        """Mean and its standard error."""
        mean = self.first / self.count
        return mean, np.sqrt((self.second / self.count - mean**2) / self.count)


def controls(values: np.ndarray, means: np.ndarray, greek: int) -> np.ndarray:
    """Centred controls of one Greek, shape (n, 32): the Greek and the price of the European claims."""
    centred = values[:, len(CONTRACTS) :] - means
    return np.concatenate([centred[:, :, greek], centred[:, :, 0]], axis=1)


def coefficients(values: np.ndarray, means: np.ndarray) -> list[np.ndarray]:
    """Regression coefficients on `controls`, by Greek: shape (32, 4) each."""
    found = []
    for greek in range(len(NAMES)):
        own = controls(values, means, greek)
        own = own - own.mean(axis=0)
        targets = values[:, : len(CONTRACTS), greek]
        found.append(np.linalg.lstsq(own, targets - targets.mean(axis=0), rcond=1e-10)[0])
    return found


def study(case: Case, seconds: float, seed: int) -> pd.DataFrame:
    """A row per contract and Greek."""
    means, stream = exact(case.model), batches(case, seed)
    pilot = np.concatenate([extrapolated(next(stream)) for _ in range(3)])
    betas = coefficients(pilot, means)
    shape = (len(CONTRACTS) + len(CONTROLS), len(NAMES))
    plain, correction = (Sums(0, np.zeros(shape), np.zeros(shape)) for _ in range(2))
    controlled = Sums(0, np.zeros((len(CONTRACTS), len(NAMES))), np.zeros((len(CONTRACTS), len(NAMES))))
    begun = time.perf_counter()
    while time.perf_counter() - begun < seconds:
        drawn = next(stream)
        values = extrapolated(drawn)
        plain.add(values)
        correction.add((drawn[:, 0] - drawn[:, 1]) / 3.0)
        shifts = [controls(values, means, g) @ beta for g, beta in enumerate(betas)]
        controlled.add(values[:, : len(CONTRACTS)] - np.stack(shifts, axis=-1))
    return frame(case, means, plain, controlled, correction, time.perf_counter() - begun)


def extrapolated(drawn: np.ndarray) -> np.ndarray:
    """Richardson's combination of both steps, shape (n, 20, 12)."""
    return (4.0 * drawn[:, 0] - drawn[:, 1]) / 3.0


def frame(case: Case, means, plain: Sums, controlled: Sums, correction: Sums, seconds: float) -> pd.DataFrame:
    """The table of one case."""
    (raw, raw_error), (shift, shift_error) = plain.estimate, correction.estimate
    best, best_error = raw.copy(), raw_error.copy()
    best[: len(CONTRACTS)], best_error[: len(CONTRACTS)] = controlled.estimate
    rows = []
    for k, contract in enumerate((*CONTRACTS, *CONTROLS)):
        for g, greek in enumerate(NAMES):
            known = means[k - len(CONTRACTS), g] if k >= len(CONTRACTS) else np.nan
            numbers = (best[k, g], best_error[k, g], known, raw[k, g], raw_error[k, g], shift[k, g], shift_error[k, g])
            rows.append((case.name, contract, greek, *numbers, plain.count, case.substeps, seconds))
    columns = ["case", "contract", "greek", "value", "standard error", "exact", "without controls", "its error",
               "step correction", "correction error", "paths", "substeps", "seconds"]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def main(seconds: float, names: list[str]) -> None:
    """Run the named cases (all, if none is named) and put their rows in the place of older ones."""
    path = Path(__file__).with_name("heston_reference.csv")
    table = pd.read_csv(path) if names and path.exists() else pd.DataFrame(columns=["case"])
    for number, one in enumerate(CASES):
        if not names or one.name in names:
            found = study(one, seconds, SEED + number)
            kept = [table[table["case"] == other.name] for other in CASES if other.name != one.name]
            kept.insert(number, found)
            table = pd.concat([part for part in kept if len(part)])
            table.to_csv(path, index=False, float_format="%.8g")
            print(found.drop(columns=["case", "paths", "substeps"]).to_string(), flush=True)


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 400.0, sys.argv[2:])
