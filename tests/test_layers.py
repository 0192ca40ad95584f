"""The layers of the package: a folder imports from those below its own, and no imports go round in a circle."""

import ast
from collections.abc import Iterator, Mapping
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "likelihood_greeks"

# From the bottom up: what stands on one row does not know the others on it. A name is a folder or a module of the root.
LAYERS = [
    ["_typing"],
    ["_checks", "_compiled", "_later", "_neutral", "_remembered", "_words"],
    ["_outputs", "_versions"],
    ["examples"],
    ["kernels", "_quantities"],
    ["numerics", "parameters"],
    ["scouted"],
    ["estimate", "streams"],
    ["models", "payoffs"],
    ["estimators"],
    ["controls", "exercise"],
    ["result"],
    ["engine"],
    ["comparison", "revaluation"],
    ["book", "quantlib"],
    ["validation"],
    ["pictures"],
    ["reports"],
    ["commands"],
    ["cli", "__init__"],
    ["__main__"],
]
HEIGHT = {name: height for height, row in enumerate(LAYERS) for name in row}


def modules(package: Path = PACKAGE) -> dict[str, Path]:
    """Every module by its dotted name within the package; a folder's own is called after the folder."""
    found = {}
    for path in package.rglob("*.py"):
        parts = path.relative_to(package).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)] = path
    return found


@cache
def statements(path: Path) -> list[tuple[ast.Import | ast.ImportFrom, bool]]:
    """(import statement, whether inside a function) of a module."""
    tree = ast.parse(path.read_text())
    inside = {id(n) for f in ast.walk(tree) if isinstance(f, ast.FunctionDef) for n in ast.walk(f)}
    return [(n, id(n) in inside) for n in ast.walk(tree) if isinstance(n, ast.Import | ast.ImportFrom)]


def imports(name: str, path: Path, known: Mapping[str, Path]) -> Iterator[tuple[str, bool]]:
    """(imported module of this package, whether inside a function), of relative and absolute imports alike."""
    home = name.split(".") if path.name == "__init__.py" and name != "__init__" else name.split(".")[:-1]
    for node, inside in statements(path):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if (parts := alias.name.split("."))[0] == PACKAGE.name:
                    yield ".".join(parts[1:]) or "__init__", inside
        if isinstance(node, ast.ImportFrom):
            module = node.module.split(".") if node.module else []
            if node.level:
                base = [*home[: len(home) - node.level + 1], *module]
            elif module[:1] == [PACKAGE.name]:
                base = module[1:]
            else:
                continue
            for alias in node.names:
                inner = ".".join([*base, alias.name])
                yield inner if inner in known else ".".join(base) or "__init__", inside


def arrows(known: Mapping[str, Path]) -> dict[str, set[str]]:
    """What every module imports from the package."""
    return {name: {target for target, _ in imports(name, path, known)} for name, path in known.items()}


def folder(name: str) -> str:
    return name.split(".", maxsplit=1)[0]


def upward(known: Mapping[str, Path]) -> list[str]:
    """The imports that do not point down the table."""
    return [
        f"{name} imports {target}"
        for name, targets in arrows(known).items()
        for target in targets
        if folder(name) != folder(target) and not HEIGHT[folder(target)] < HEIGHT[folder(name)]
    ]


def circle(graph: Mapping[str, set[str]]) -> list[str]:
    """Modules that import one another in a circle; empty if there is none."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def test_every_folder_has_a_place_in_the_table():
    assert {folder(name) for name in modules()} == set(HEIGHT)


def test_imports_point_down_the_table():
    assert not upward(modules())


def test_no_imports_go_round_in_a_circle():
    assert not circle(arrows(modules()))


def test_nothing_of_the_package_is_imported_inside_functions():
    known = modules()
    wrong = [name for name, path in known.items() if any(inside for _, inside in imports(name, path, known))]
    assert not wrong


def test_pictures_are_asked_for_by_plot_methods_alone():
    wrong = []
    for name, path in modules().items():
        if "picture" not in (text := path.read_text()):
            continue
        tree = ast.parse(text)
        plots = {
            id(n) for f in ast.walk(tree) if isinstance(f, ast.FunctionDef) and f.name == "plot" for n in ast.walk(f)
        }
        calls = [n for n in ast.walk(tree) if isinstance(n, ast.Call) and getattr(n.func, "id", "") == "picture"]
        wrong += [name for call in calls if id(call) not in plots]
    assert not wrong


@pytest.mark.parametrize("line", ["from ..engine.greeks import greeks", "from likelihood_greeks.engine import greeks"])
def test_the_table_would_notice_an_upward_import(tmp_path, line):
    bad = tmp_path / "bad.py"
    bad.write_text(f"{line}\n")
    known = modules() | {"streams.bad": bad}
    assert upward(known) == ["streams.bad imports engine.greeks"]


def test_a_circle_would_be_noticed():
    assert set(circle({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}})) == {"a", "b", "c"}
