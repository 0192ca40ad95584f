"""Pictures of the documentation.

``python docs/make_pictures.py`` writes `docs/images` in a minute; names of pictures choose some.
"""

import sys
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

import likelihood_greeks as lg
from likelihood_greeks.pictures.risk_nodes import heat_map
from likelihood_greeks.validation import quadrature

IMAGES = Path(__file__).parent / "images"
MODEL = lg.GBM(spot=100.0, volatility=0.2, rate=0.03, dividend_yield=0.01)
DAILY = lg.Barrier(lg.Call(100.0, 1.0), 120.0, "up", "out", lg.schedule(1.0, per_year=252))
MONTHLY = replace(DAILY, times=lg.schedule(1.0, per_year=12))
HESTON = lg.Heston(
    spot=100.0, initial_variance=0.04, mean_reversion=1.5, long_run_variance=0.05, vol_of_vol=0.5, correlation=-0.7
)
SPOTS, PATHS = np.arange(80.0, 116.1, 3.0), 50_000
COMMON: dict[str, Any] = {"greeks": ["delta"], "paths": PATHS}
METHODS: dict[str, tuple[str, str, Callable[..., lg.Result]]] = {  # colours: Okabe and Ito (2008)
    "plain likelihood ratio": ("#D55E00", "^", partial(lg.greeks, controls="none", **COMMON)),
    "1 % bumps (biased)": ("#CC79A7", "s", partial(lg.finite_difference, **COMMON)),
    "this package": ("#0072B2", "o", partial(lg.greeks, **COMMON)),
}


def front() -> plt.Figure:
    """Delta of a daily up-and-out call against spot, by three methods with 95 % error bars, and exactly."""
    figure, panels = plt.subplots(1, 3, figsize=(10.0, 3.7), sharex=True, sharey=True)
    fine = np.linspace(SPOTS[0], SPOTS[-1], 37)
    exact = [exact_delta(replace(MODEL, spot=spot), DAILY) for spot in fine]
    for axes, (name, (colour, marker, estimate)) in zip(panels, METHODS.items(), strict=True):
        estimate(MODEL, DAILY, seed=0)  # compiled
        start = time.process_time()
        found = [estimate(replace(MODEL, spot=x), DAILY, seed=100 + k)["delta"] for k, x in enumerate(SPOTS)]
        seconds = (time.process_time() - start) / len(SPOTS)
        axes.plot(fine, exact, color="black", linewidth=1.1, label="exact (quadrature)", zorder=2)
        values, errors = [e.value for e in found], [1.96 * e.standard_error for e in found]
        line = axes.errorbar(SPOTS, values, errors, fmt=marker, color=colour, markersize=4.5, capsize=2.5, zorder=3)
        line.set_label("estimate ± 95 %")
        axes.set_title(f"{name}: {seconds:.2g} s a point", fontsize=10)
        axes.set_xlabel("spot (currency)")
        axes.grid(color="0.92", linewidth=0.8)
        axes.set_axisbelow(True)
        axes.legend(frameon=False, fontsize=8, loc="lower left")
    panels[0].set_ylabel("delta (per unit of spot)")
    figure.suptitle(
        f"Delta of an up-and-out call, strike 100, barrier 120 watched daily for a year: {PATHS:,} paths a point",
        fontsize=10,
    )
    return figure


def greek() -> plt.Figure:
    """`lg.plot_greek`: vega of a barrier against its level."""
    levels = np.arange(104.0, 151.0, 4.0)
    return lg.plot_greek(MODEL, MONTHLY, "vega", {"level": levels}, seed=7, reference=exact_vega).figure


def exact_vega(model: lg.GBM, payoff: lg.Barrier) -> float:
    """By quadrature."""
    return quadrature.greek(model, payoff, "vega").value


def surface() -> plt.Figure:
    """`lg.plot_greek` over spot and volatility."""
    over = {"spot": [90.0, 95.0, 100.0, 105.0, 110.0, 115.0], "volatility": [0.1, 0.15, 0.2, 0.25, 0.3]}
    return lg.plot_greek(MODEL, MONTHLY, "delta", over, seed=7).figure


def convergence() -> plt.Figure:
    """`lg.plot_convergence`: value and error."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(10.0, 4.2))
    lg.plot_convergence(MODEL, MONTHLY, "delta", seed=7, reference=exact_delta, axes=left)
    lg.plot_convergence(MODEL, MONTHLY, "delta", seed=7, show="error", controls=["none", "scores", "auto"], axes=right)
    return figure


def exact_delta(model: lg.GBM, payoff: lg.Barrier) -> float:
    """By quadrature."""
    return quadrature.greek(model, payoff, "delta").value


def density() -> plt.Figure:
    """`lg.plot_density`: Heston's law and three of its scores."""
    return lg.plot_density(HESTON, 1.0, ["spot", "initial_variance", "correlation"]).figure


def comparison() -> plt.Figure:
    """`lg.plot_comparison`: error and work."""
    frame = lg.compare(MODEL, DAILY, ["delta", "gamma", "vega"], seed=7)
    figure, (left, right) = plt.subplots(1, 2, figsize=(11.0, 4.8), sharey=True)
    lg.plot_comparison(frame, left, show="error").get_legend().remove()
    lg.plot_comparison(frame, right).set(ylabel="")
    return figure


def scenarios() -> plt.Figure:
    """`Scenarios.plot`."""
    ladder = lg.scenarios(MODEL, MONTHLY, {"spot": np.arange(90.0, 111.0, 2.5)}, seed=7)
    return ladder.plot("change").figure


def fit() -> plt.Figure:
    """`HestonCalibration.plot`: the model and the DAX surface of 5 July 2002."""
    dax = lg.Market.read("data/market.toml").underlyings["DAX"]
    rates = dict(zip(dax.zero_curve.times, dax.zero_curve.rates, strict=True))
    return lg.Heston.calibrate(dax.implied_volatility.to_frame(), rates, spot=dax.spot).plot()


def nodes() -> plt.Figure:
    """Vega of four trades of the shipped book by quote of the surface."""
    book = pd.read_csv("data/book.csv").iloc[20:24]
    frame = lg.risk(book, "data/market.toml", ["vega"], buckets=["vega"], paths=50_000, seed=1)
    return heat_map(frame, "DAX").figure


def main() -> None:
    """Every picture."""
    mpl.use("Agg")
    IMAGES.mkdir(exist_ok=True)
    plt.rcParams |= {"figure.constrained_layout.use": True}
    wanted = sys.argv[1:]
    for draw in (front, greek, surface, convergence, density, comparison, scenarios, fit, nodes):
        if wanted and draw.__name__ not in wanted:
            continue
        figure = draw()
        figure.savefig(IMAGES / f"{draw.__name__}.png", dpi=110)
        plt.close(figure)


if __name__ == "__main__":
    main()
