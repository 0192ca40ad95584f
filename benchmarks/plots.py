"""Pictures of the benchmarks: ``python -m benchmarks.plots`` reads the CSV files here and writes ``docs/images``."""

from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from .bumps import GREEKS

FOLDER = Path(__file__).parent
IMAGES = FOLDER.parent / "docs" / "images"
COLOURS = dict(zip(GREEKS, ("#0072B2", "#E69F00", "#009E73", "#CC79A7"), strict=True))  # Okabe and Ito (2008)
MARKERS = dict(zip(GREEKS, "osD^", strict=True))
GREY, TARGETS = "#666666", {"GBM": 100.0, "Heston": 30.0}


def throughput() -> plt.Figure:
    """Bars of nanoseconds a path-step."""
    table = pd.read_csv(FOLDER / "throughput.csv", index_col="job")["ns a path-step"][::-1]
    figure, axes = plt.subplots(figsize=(7.0, 3.4))
    own = table.index.str.startswith(("GBM", "Heston"))
    bars = axes.barh(table.index, table, color=np.where(own, COLOURS["delta"], "#BBBBBB"))
    axes.bar_label(bars, fmt="%.3g", padding=3)
    axes.set(xscale="log", xlabel="nanoseconds a path-step, one core", xlim=(1.0, 3.0 * table.max()))
    axes.set_title(
        "Price and all first-order Greeks here (blue); a normal, or a price only (grey)", fontsize=9, loc="left"
    )
    return figure


def speedups() -> plt.Figure:
    """How many times longer QuantLib's bumps take, by case and Greek, in the longer run of this package."""
    table = pd.read_csv(FOLDER / "speedups.csv")
    table = table[table["paths"] == table["paths"].max()]
    worst = table.groupby(["case", "method"], sort=False)["QuantLib bumps"].min()
    chosen = worst.groupby("case", sort=False).idxmax()[::-1]  # the sampling whose worst Greek is best
    best = table.set_index(["case", "method", "greek"])["QuantLib bumps"].unstack().loc[chosen, list(GREEKS)]
    best.index = [f"{case} ({method.removeprefix('auto, ')})" for case, method in chosen]
    figure, axes = plt.subplots(figsize=(8.0, 4.2))
    for row, case in enumerate(best.index):
        aim = TARGETS["Heston" if case.startswith("Heston") else "GBM"]
        axes.plot([aim, aim], [row - 0.4, row + 0.4], color=GREY, linestyle="--", label="aim" if row == 0 else None)
        axes.plot([best.loc[case].min(), best.loc[case].max()], [row, row], color="#DDDDDD", zorder=1)
    for greek in GREEKS:
        axes.scatter(best[greek], range(len(best)), color=COLOURS[greek], marker=MARKERS[greek], label=greek, zorder=2)
    axes.set(xscale="log", yticks=range(len(best)), yticklabels=best.index)
    figure.supxlabel(
        "CPU time of QuantLib's 1 % bumps over that of this package, to the same standard error", fontsize=10
    )
    axes.axvline(1.0, color=GREY, linewidth=0.8)
    axes.grid(axis="x", alpha=0.3)
    figure.legend(*axes.get_legend_handles_labels(), loc="outside upper center", ncols=5, frameon=False)
    return figure


def methods() -> plt.Figure:
    """Work of the worst Greek against `auto`, by case and competitor."""
    table = pd.read_csv(FOLDER / "speedups.csv")
    table = table[(table["paths"] == table["paths"].max()) & (table["method"] == "auto, pseudo")]
    columns = [c for c in ("QuantLib bumps", "NumPy script", "JAX script") if c in table]
    worst = table.groupby("case", sort=False)[columns].min()[::-1]
    figure, axes = plt.subplots(figsize=(7.5, 4.2))
    height = 0.8 / len(columns)
    for place, (column, colour) in enumerate(zip(columns, COLOURS.values(), strict=False)):
        rows = np.arange(len(worst)) + height * (len(columns) / 2 - 0.5 - place)
        bars = axes.barh(rows, worst[column], height=0.9 * height, color=colour, label=column)
        axes.bar_label(bars, fmt=lambda ratio: f"{float(f'{ratio:.2g}'):,g}", padding=2, fontsize=7)
    axes.axvline(1.0, color=GREY, linewidth=0.8)
    axes.set(xscale="log", yticks=range(len(worst)), yticklabels=worst.index, xlim=(None, 3.0 * worst.max().max()))
    figure.supxlabel(
        "CPU time over that of this package, to the same standard error, for the worst of four Greeks", fontsize=10
    )
    figure.legend(loc="outside upper center", ncols=3, frameon=False)
    return figure


def books() -> plt.Figure:
    """Time against number of trades."""
    table = pd.read_csv(FOLDER / "book_speedup.csv")
    figure, axes = plt.subplots(figsize=(6.0, 4.0))
    own = table.drop_duplicates("trades")
    axes.plot(own["trades"], own["seconds"], color="black", marker="o", label="this package, four Greeks")
    for greek in GREEKS:
        rows = table[table["greek"] == greek]
        style = {"color": COLOURS[greek], "marker": MARKERS[greek], "label": f"QuantLib, same error of {greek}"}
        axes.plot(rows["trades"], rows["QuantLib seconds"], **style)
    axes.set(xscale="log", yscale="log", xlabel="trades", ylabel="CPU seconds, one thread")
    axes.grid(alpha=0.3)
    figure.legend(loc="outside upper center", ncols=2, frameon=False, fontsize=8)
    return figure


def main() -> None:
    """Every picture whose CSV is there."""
    mpl.use("Agg")
    IMAGES.mkdir(parents=True, exist_ok=True)
    plt.rcParams |= {"axes.spines.top": False, "axes.spines.right": False, "figure.constrained_layout.use": True}
    needed = {throughput: "throughput", speedups: "speedups", methods: "speedups", books: "book_speedup"}
    for draw, source in needed.items():
        if (FOLDER / f"{source}.csv").exists():
            figure = draw()
            figure.savefig(IMAGES / f"benchmark_{draw.__name__}.png", dpi=150)
            plt.close(figure)


if __name__ == "__main__":
    main()
