"""Tables made of stored measurements and of the code itself: the directive ``study``, which takes a function's name.

No figure of the validation and benchmark pages is typed. A study that has not been run says how to run it.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from docutils import nodes
from docutils.statemachine import StringList
from sphinx.util.docutils import SphinxDirective

from likelihood_greeks.book.cells import AGREES, DATED, NEEDED, POSITION, REFUSED
from likelihood_greeks.book.columns import described, products_described
from likelihood_greeks.book.market_keys import WHERE
from likelihood_greeks.book.market_keys import of as keys_of
from likelihood_greeks.book.reading import OF_THE_MARKET, SAYS_SIDE
from likelihood_greeks.validation.report import summary, verdict

ROOT = Path(__file__).parents[2]
USES: dict[str, list[str]] = {
    "Of every trade": [NEEDED],
    "Dates": [DATED],
    "Of the position": [POSITION],
    "Terms of products": [],  # all others
    "Checked against the market": [AGREES],
    "Refused where they are filled, with the reason": [REFUSED],
}
"""What the page of a book's columns is cut into."""

SECOND = ("gamma", "vanna", "volga", "charm")


def markdown(table: pd.DataFrame) -> str:
    """A Markdown table, the index first; numbers to three digits."""
    flat = table.reset_index()
    rows = [
        list(map(cell, flat.columns)),
        ["---"] * flat.shape[1],
        *([cell(x) for x in row] for row in flat.to_numpy()),
    ]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def cell(value: Any) -> str:
    """A number as a reader wants it."""
    if not isinstance(value, (float, np.floating)):
        return f"{value:,}" if isinstance(value, (int, np.integer)) else str(value).replace("|", "\\|")
    if not np.isfinite(value):
        return "–"
    return f"{value:,.0f}" if abs(value) >= 1000.0 else f"{value:.3g}"


def percent(values: pd.Series, digits: int = 1) -> pd.Series:
    """Shares as words."""
    return values.map(lambda x: f"{100.0 * x:.{digits}f} %")


def read(name: str) -> pd.DataFrame:
    """A stored study."""
    return pd.read_csv(ROOT / "benchmarks" / f"{name}.csv")


def validation() -> str:
    """``likelihood-greeks validate``: what the z-scores say together, and case by case."""
    table = read("validation").set_index(["case", "greek"])
    judged = verdict(table)
    cases = summary(table)
    words = (
        f"{len(cases)} contracts, {table.index.get_level_values('greek').nunique()} Greeks each, until every standard "
        f"error is below {judged.precision:.0%} of the Greek's scale: {judged.checks} checks, mean of $z^2$ "
        f"{judged.mean_square:.2f}, {judged.beyond_three} beyond 3, the worst {judged.worst:.2f}. QuantLib agrees "
        f"with the references to {judged.quantlib:.1e} of the scale. **{'Passed' if judged.passed else 'FAILED'}.**"
    )
    cases["worst error/scale"] = percent(cases["worst error/scale"], 2)
    return f"{words}\n\n{markdown(cases)}"


def bias() -> str:
    """200 seeds of many contracts: z-scores of single runs and of the mean over the seeds."""
    table = read("bias")
    cases = table.groupby("case", sort=False)
    pooled = table["pooled z"]
    words = (
        f"Mean of $z^2$ over all runs {table['mean z2'].mean():.3f}; {table['covered'].mean():.1%} of 95 % intervals "
        f"cover. The {len(table)} $z$-scores of the means over the seeds have a mean square of "
        f"{(pooled**2).mean():.2f}, the largest is {pooled.abs().max():.1f}; the standard error of such a mean has a "
        f"median of {table['pooled error / scale'].median():.3%} of the Greek's scale."
    )
    shown = pd.DataFrame(
        {
            "mean z²": cases["mean z2"].mean(),
            "covered": percent(cases["covered"].mean()),
            "pooled: error / scale": percent(cases["pooled error / scale"].max(), 2),
            "pooled: mean z²": cases["pooled z"].agg(lambda z: float((z**2).mean())),
            "pooled: largest |z|": cases["pooled z"].agg(lambda z: float(z.abs().max())),
        }
    )
    return f"{words}\n\n{markdown(shown)}"


def curves() -> str:
    """Books on steep curves against quadrature."""
    table = read("steep_curves")
    table = table[~table["known"]]
    groups = table.groupby(["curve", "contract"], sort=False)
    words = (
        f"{len(table)} numbers: mean of $z^2$ {(table['z'] ** 2).mean():.2f}, the largest {table['z'].abs().max():.1f}."
    )
    shown = pd.DataFrame(
        {
            "mean z²": groups["z"].agg(lambda z: float((z**2).mean())),
            "largest": groups["z"].agg(lambda z: float(z.abs().max())),
        }
    )
    return f"{words}\n\n{markdown(shown)}"


def coverage() -> str:
    """Share of 1,000 seeds whose 95 % interval holds the exact value."""
    table = read("coverage")
    groups = table.groupby(["paths", "controls"])["covered"]
    order = [(paths, kind) for paths in sorted(table["paths"].unique()) for kind in ("none", "scores", "auto")]
    shown = pd.DataFrame(
        {
            "lowest": percent(groups.min()),
            "mean": percent(groups.mean()),
            "highest": percent(groups.max()),
            "within 93–97 %": groups.agg(lambda x: f"{int(x.between(0.93, 0.97).sum())} of {len(x)}"),
        }
    )
    return markdown(shown.loc[order])


def several_assets() -> str:
    """Contracts on two and three assets: all Greeks against exact ones, and intervals of those of first order."""
    table = read("several_assets")
    table = table[table["study"] == "references"].pivot(index="of", columns="what", values="value")
    own, every = table.drop(index="all"), table.loc["all"]
    words = (
        f"Of all {every['numbers']:.0f} numbers the mean of $z^2$ is {every['mean z squared']:.2f}; by contract it is "
        f"{own['mean z squared'].min():.2f} to {own['mean z squared'].max():.2f}, and the largest $|z|$ "
        f"{own['largest |z|'].max():.1f}."
    )
    return f"{words}\n\n{by_kind('several_assets_coverage')}"


def coverage_of_kinds() -> str:
    """Every kind of estimate: unmarked intervals that hold the exact value, marked ones, and the verdict."""
    return by_kind("coverage_of_kinds")


def heston_dates() -> str:
    """Several dates under Heston: intervals of antithetic paths and Sobol points that hold the exact value."""
    return by_kind("heston_dates")


def by_kind(name: str) -> str:
    """A tally of intervals, kind by kind."""
    sys.path.insert(0, str(ROOT))
    from benchmarks.tallies import judged

    table = judged(read(name))
    verdicts = table["verdict"].value_counts()
    words = ", ".join(f"{verdicts.get(name, 0)} {name}" for name in ("pass", "fail", "inconclusive"))
    table["least Greek"] = [f"{row['least']:.1%} ({row['of']})" for row in table.to_dict("records")]
    table["of unmarked"], table["marked"] = percent(table["covered"]), percent(table["marked"])
    columns = ["paths", "seeds", "of unmarked", "mean z2", "least Greek", "marked", "verdict"]
    return f"Verdicts: {words}.\n\n{markdown(table.set_index('kind')[columns])}"


def calibration_of_marks() -> str:
    """What marks are worth: intervals of unmarked and of marked numbers."""
    sys.path.insert(0, str(ROOT))
    from benchmarks.calibration_of_marks import summary

    words = ["Contracts on which rules of marks were tried while they were made"]
    words += ["Fresh ones, of another law, other products, levels and dates"]
    found = []
    for said, name in zip(words, ("calibration_of_marks", "calibration_of_marks_fresh"), strict=True):
        stored = read(name)
        table, paths = summary(stored), " and ".join(f"{own:,}" for own in stored["paths"].unique())
        for column in ("covered", "least cell", "covered if marked"):
            table[column] = percent(table[column])
        found.append(f"{said}, {paths} paths:\n\n{markdown(table.set_index('controls'))}")
    return "\n\n".join(found)


def rare() -> str:
    """Rare payoffs: what their errors are, whether these are true, and what they cost."""
    table = read("rare")
    judged = table[table["standard_error"] > 1e-9 * table["exact"].abs()]
    words = (
        f"{len(judged)} numbers of {table['case'].nunique()} payoffs whose errors are above rounding, "
        f"{table['seeds'].iloc[0]} seeds of {table['paths'].iloc[0]:,} paths: mean of $z^2$ "
        f"{judged['mean_z2'].mean():.2f}, the largest unmarked |z| {judged['largest_z'].max():.1f}; "
        f"{table['marked'].mean():.1%} are marked. The work gain over plain Monte Carlo is "
        f"{table['work_gain'].min():.1f} to {table['work_gain'].max():,.0f}, median "
        f"{table['work_gain'].median():,.0f}."
    )
    for name in ("chance", "work_gain"):
        table[name] = [f"{x:.2g}" if np.isfinite(x) else "" for x in table[name]]
    columns = [
        "greek", "exact", "standard_error", "mean_z2", "largest_z", "marked", "n_paths", "seconds", "chance",
        "work_gain",
    ]  # fmt: skip
    return f"{words}\n\n{markdown(table.set_index('case')[columns].rename(columns={'n_paths': 'paths'}))}"


def heston_europeans() -> str:
    """Europeans under Heston against Fourier inversion, by set and law."""
    table = read("heston_europeans")

    def row(found: pd.DataFrame) -> pd.Series:
        sharp = found[found["standard error"] < 0.005 * found["scale"]]
        return pd.Series(
            {
                "mean z²": (found["z"] ** 2).mean(),
                "worst |z|": found["z"].abs().max(),
                "largest error": f"{sharp['error / scale'].abs().max():.2%}",
                "errors below 0.5 %": f"{len(sharp) / len(found):.1%}",
                "noted": f"{found['note'].notna().mean():.1%}",
            }
        )

    shown = [
        table.groupby(["law", "set"], sort=False).apply(row),
        table.assign(set="all").groupby(["law", "set"]).apply(row),
    ]
    return markdown(pd.concat(shown).sort_index(level="law", sort_remaining=False))


def heston_paths() -> str:
    """Path-dependent Greeks under Heston against a method of its own, by case."""
    table = read("heston_paths")
    table["gap"] = table["value"] - table["reference"]

    def row(found: pd.DataFrame) -> pd.Series:
        by = found.groupby(["case", "contract", "greek"])
        mean = by["gap"].mean() / np.hypot(
            by["standard error"].agg(lambda s: float(np.sqrt((s**2).sum()) / len(s))), by["its error"].first()
        )
        return pd.Series(
            {
                "numbers": str(len(found)),
                "mean z²": (found["z"] ** 2).mean(),
                "worst |z|": found["z"].abs().max(),
                "mean of the seeds: z²": (mean**2).mean(),
                "worst": mean.abs().max(),
                "noted": f"{found['note'].notna().mean():.0%}",
            }
        )

    shown = table.assign(name=table["case"]).groupby("name", sort=False).apply(row).rename_axis("case")
    return markdown(pd.concat([shown, row(table).rename("all").to_frame().T.rename_axis("case")]))


def heston_bias() -> str:
    """Largest bias of the stepwise law at the package's own steps, by set."""
    table = read("heston_bias")
    own = table[table["rule"] == "substeps"].assign(size=lambda t: t["worst"].abs())
    second = own["greek"].isin(SECOND)
    shown = pd.DataFrame(
        {
            f"{kind}, {contract}": percent(
                own[rows & (own["contract"] == contract)].groupby("set", sort=False)["size"].max(), 3
            )
            for kind, rows in (("first order", ~second), ("second order", second))
            for contract in ("call", "digital")
        }
    )
    return markdown(shown)


def heston_variance() -> str:
    """Spread and cost under Heston: Europeans by method, path-dependent payoffs by contract."""
    names = {"uod": "up-and-out digital", "doc": "down-and-out call", "asian": "Asian call"}
    table = read("heston_variance").replace({"contract": names})
    european = table["table"] == "European"
    methods = table[european].groupby("method", sort=False)
    paths = table[(table["method"] == "auto") & ~european].groupby(["table", "set", "contract", "dates"], sort=False)
    return f"{markdown(_spread(methods))}\n\n{markdown(_spread(paths))}"


def _spread(groups: Any) -> pd.DataFrame:
    """Variance ratio to the plain likelihood ratio, cost, and standard deviation over target, of each group."""
    ratio, cost, aim = groups["variance ratio"], groups["cost"], groups["sd / target"]
    return pd.DataFrame(
        {
            "variance ratio": ratio.median(),
            "least": ratio.min(),
            "greatest": ratio.max(),
            "cost": cost.median(),
            "median sd / target": aim.median(),
            "worst": aim.max(),
        }
    )


def variance() -> str:
    """Standard deviation of one path by the plain method, 1 % bumps and all controls, and work."""
    table = read("variance")
    parts = []
    for greek, rows in table.groupby("greek", sort=False):
        columns = [
            "sd plain",
            "sd bump 1 %",
            "sd auto",
            "variance ratio",
            "work gain over plain",
            "work gain over bump 1 %",
        ]
        parts.append(f"**{greek}**\n\n" + markdown(rows.set_index("contract")[columns]))
    return "\n\n".join(parts)


def speedups() -> str:
    """Time of each competitor over that of the package, worst of four Greeks."""
    table = read("speedups")
    columns = [c for c in table.columns if c in ("QuantLib bumps", "NumPy script", "JAX script")]
    return markdown(table.groupby(["case", "method", "paths"], sort=False)[columns].min())


def auto_against_none() -> str:
    """What controls gain and cost, by the number of dates; then every contract of which some number loses by them."""
    table = read("auto_against_none")
    rows = {
        dates: {
            "contracts": len(own),
            "a run costs, in plain ones": own["cost in plain runs"].median(),
            "gain, the middle one": own["gain"].median(),
            "gain, the least": own["gain"].min(),
            "contracts of which a number loses": int((own["least gain"] < 1.0).sum()),
            "of which another than the price": int((own["beside the price"] < 1.0).sum()),
        }
        for dates, own in table.groupby("dates")
    }
    summed = pd.DataFrame.from_dict(rows, orient="index").rename_axis("dates")
    losing = table[table["least gain"] < 1.0].sort_values("least gain").set_index("contract")
    return markdown(summed) + "\n\n" + markdown(losing[["least gain", "of", "gain", "cost in plain runs"]])


def whole(name: str) -> str:
    """A stored study as it is."""
    table = read(name)
    return markdown(table.set_index(table.columns[0]))


def layers() -> str:
    """The table of `tests/test_layers.py`, from the top down: what each folder holds, module by module."""
    sys.path.insert(0, str(ROOT))
    from tests.test_layers import LAYERS, modules

    known, rows = modules(), []
    for name in (name for row in reversed(LAYERS) for name in row):
        inside = [module for module in sorted(known) if module.startswith(f"{name}.")]
        words = ", ".join(f"`{module.removeprefix(name + '.')}`" for module in inside)
        rows.append({"folder or module": f"`{name}`", "is": claim(known[name]), "holds": words})
    return markdown(pd.DataFrame(rows).set_index("folder or module"))


def claim(path: Path) -> str:
    """The first line of a module's docstring."""
    return (ast.get_docstring(ast.parse(path.read_text())) or "").split("\n\n", 1)[0].replace("\n", " ")


def market_keys_page() -> str:
    """Every key that a market may have, table by table."""
    parts = []
    for where, words in WHERE.items():
        rows = [
            {
                "key": f"`{key.name}`" + (" (needed)" if key.needed else ""),
                "is": key.meaning
                + (f"; also called {', '.join(f'`{name}`' for name in key.also)}" if key.also else ""),
                "unit": key.unit,
                "example": f"`{key.example}`",
            }
            for key in keys_of(where)
        ]
        parts.append(f"**`{where}`**: {words.lower()}\n\n" + markdown(pd.DataFrame(rows).set_index("key")))
    return "\n\n".join(parts)


def book_columns() -> str:
    """Every column that a book's trades may depend on, by how it is used."""
    table, parts = described(), []
    for title, uses in USES.items():
        others = ~table["use"].isin([use for some in USES.values() for use in some])
        own = table[table["use"].isin(uses) if uses else others]
        rows = []
        for column in own.to_dict("records"):
            also = "".join(f", `{name}`" for name in column["also called"].split(", ") if name)
            row = {"column": f"`{column['column']}`{also}", "holds": column["holds"], "is": column["is"]}
            rows.append(row if uses else row | {"of": column["use"]})
        parts.append(f"**{title}**\n\n" + markdown(pd.DataFrame(rows).set_index("column")))
    side, market = (", ".join(f"`{name}`" for name in names) for names in (SAYS_SIDE, OF_THE_MARKET))
    parts.append(
        f"A column called {side} is `side` where all its cells say buy or sell, and the book's own otherwise. Columns "
        f"called {market} are not used, with a warning: the market's numbers are."
    )
    return "\n\n".join(parts)


def book_products() -> str:
    """Every product of a book: what it pays, and the columns of its terms."""
    table = products_described()
    for name in ("needs", "may have"):
        table[name] = [", ".join(f"`{column}`" for column in cell.split(", ") if column) for cell in table[name]]
    table["product"] = [f"`{name}`" for name in table["product"]]
    return markdown(table.set_index("product"))


MADE = (
    validation, bias, curves, coverage, coverage_of_kinds, several_assets, calibration_of_marks, rare, heston_europeans,
    heston_paths, heston_dates, heston_bias, heston_variance, variance, speedups, auto_against_none, layers,
    market_keys_page, book_columns, book_products,
)  # fmt: skip
STORED = ("throughput", "book_speedup", "startup", "sobol", "scaling", "scenarios", "autocallable", "continuous")
STUDIES: dict[str, Callable[[], str]] = {f.__name__: f for f in MADE} | {n: partial(whole, n) for n in STORED}
COMMANDS = {"validation": "make validate", "speedups": "python -m benchmarks.time_to_error"}


PICTURES = {"throughput": ("throughput",), "speedups": ("speedups", "methods"), "book_speedup": ("books",)}


def pictures(name: str) -> str:
    """Pictures that `benchmarks.plots` drew of a study, if it did."""
    files = [f"images/benchmark_{picture}.png" for picture in PICTURES.get(name, ())]
    return "".join(f"![{name}](/{file})\n\n" for file in files if (ROOT / "docs" / file).exists())


class Study(SphinxDirective):
    """``study``: the table of that name, or how to make it."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Parse what the function wrote, as Markdown."""
        name = self.arguments[0]
        self.env.note_dependency(str(ROOT / "benchmarks" / f"{name}.csv"))
        try:
            text = pictures(name) + STUDIES[name]()
        except FileNotFoundError:
            text = f"*Not run for this version: `{COMMANDS.get(name, f'python -m benchmarks.{name}')}`.*"
        holder = nodes.container()
        self.state.nested_parse(StringList(text.splitlines(), source=f"study {name}"), self.content_offset, holder)
        return [holder]


def setup(app: Any) -> dict[str, bool]:
    """Register the directive."""
    app.add_directive("study", Study)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
