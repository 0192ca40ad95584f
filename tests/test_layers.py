"""The layers of the package: a module imports only from rows above its own, or from its own row where it says so."""

import ast
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "likelihood_greeks"

# From the bottom up. A module may import from the rows before its own; inside a package of several modules
# (models, payoffs, ...) from earlier entries of the same row.
LAYERS = [
    ["_typing", "_checks", "_compiled", "_memory", "jets", "parameters"],
    ["kernels.normals", "kernels.moves", "kernels.moments", "kernels.travel", "kernels.bessel", "kernels.variance",
     "kernels.flow", "kernels.spot", "kernels.clocked"],
    ["estimate", "normals", "bridge", "inversion", "sobol", "sampling", "smiles", "ladders"],
    ["models.protocol", "models.moves", "models.carry", "models.lognormal", "models.gbm", "models.term_structure",
     "models.bessel", "models.pieces", "models.bessel_table", "models.gamma_quantile", "models.transport",
     "models.square_root", "models.integrated_variance", "models.flow_kernels", "models.variance_path",
     "models.conditional_spot",
     "models.heston_fourier", "models.heston_saddle", "models.heston_table", "models.heston_terminal",
     "models.heston_smile", "models.quotes", "models.heston_calibration", "models.heston",
     "models.numerical", "payoffs.protocol", "payoffs.schedule", "payoffs.custom", "payoffs.vanilla",
     "payoffs.european",
     "payoffs.barrier", "payoffs.path", "payoffs.tape", "payoffs.rules", "payoffs.reductions", "payoffs.followed",
     "payoffs.relaxed"],
    ["estimators.likelihood_ratio", "estimators.controls", "estimators.regression", "estimators.pilot",
     "estimators.recording", "estimators.pushed",
     "estimators.reweighting", "estimators.finite_difference", "estimators.pathwise", "estimators.relaxation",
     "estimators.skeletons",
     "estimators.conditional", "estimators.averages", "estimators.specific", "estimators.selection", "estimators.plan"],
    ["cluster", "execution", "result", "laws", "group", "runs", "stopping", "engine", "revaluation", "scenarios",
     "explain"],
    ["book.calendars", "book.curves", "book.market", "book.products", "book.trades", "book.desk",
     "book.blocks", "book.tally", "book.frame", "book.account", "book.files", "book.parts", "book.interruption",
     "book.risk", "book.units", "book.pivots", "book.difference", "book.ladder", "comparison",
     "quantlib.processes", "quantlib.contracts", "quantlib.payoffs", "quantlib.monitoring", "quantlib.curves",
     "quantlib.instruments", "quantlib.bridge"],
    ["reporting", "validation.closed_form", "validation.quadrature", "validation.quantlib", "validation.cases",
     "validation.report", "plotting", "profiles", "convergence", "densities",
     "reports.pictures", "reports.content", "reports.html", "reports.workbook", "reports.files"],
    ["__init__", "cli"],
]  # fmt: skip
SEPARATE = [("models", "payoffs"), ("payoffs", "models"), ("jets", "parameters")]
ORDER = [name for row in LAYERS for name in row]


def modules() -> dict[str, Path]:
    found = {}
    for path in PACKAGE.rglob("*.py"):
        name = ".".join(path.relative_to(PACKAGE).with_suffix("").parts)
        if not (name.endswith(".__init__") and path.stat().st_size < 400):  # packages' own docstrings
            found[name] = path
    return found


def imports(name: str, path: Path) -> list[tuple[str, bool]]:
    """(imported module of this package, whether inside a function)."""
    tree = ast.parse(path.read_text())
    inside = {id(n) for f in ast.walk(tree) if isinstance(f, ast.FunctionDef) for n in ast.walk(f)}
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = name.split(".")[: -node.level]
            target = ".".join([*base, *([node.module] if node.module else [])])
            for alias in node.names:
                inner = f"{target}.{alias.name}".lstrip(".")
                found.append((inner if inner in ORDER else target, id(node) in inside))
    return found


def test_every_module_has_a_place_in_the_table():
    assert set(modules()) == set(ORDER)


def test_imports_point_down_the_table():
    wrong = [
        f"{name} imports {target}"
        for name, path in modules().items()
        for target, _ in imports(name, path)
        if target not in ORDER or ORDER.index(target) >= ORDER.index(name)
    ]
    assert not wrong, wrong


def test_models_and_payoffs_do_not_know_each_other():
    wrong = [
        f"{name} imports {target}"
        for name, path in modules().items()
        for target, _ in imports(name, path)
        for a, b in SEPARATE
        if name.split(".")[0] == a and target.split(".")[0] == b
    ]
    assert not wrong, wrong


def test_nothing_is_imported_inside_functions():
    wrong = [name for name, path in modules().items() for _, inside in imports(name, path) if inside]
    assert not wrong, wrong


def test_the_table_would_notice_an_upward_import(tmp_path):
    bad = tmp_path / "sampling.py"
    bad.write_text("from .engine import greeks\n")
    ((target, _),) = imports("sampling", bad)
    assert ORDER.index(target) >= ORDER.index("sampling")
