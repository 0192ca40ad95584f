"""Modules and files that prose names are there: documents, docstrings and comments follow a move."""

import inspect
import re
from pathlib import Path

import pytest

import likelihood_greeks as lg
from tests.support.places import ROOT

PACKAGE = ROOT / "likelihood_greeks"
HOMES = (ROOT, PACKAGE, PACKAGE / "models" / "heston", ROOT / "benchmarks")
TEXTS = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *(page for page in (ROOT / "docs").rglob("*.md") if "_build" not in page.parts),
    *(file for file in (ROOT / "benchmarks").iterdir() if file.suffix in (".md", ".py")),
    *PACKAGE.rglob("*.py"),
]
FILE, MODULE = re.compile(r"`((?:[a-z_]+/)*[a-z_]+(?:/|\.py|\.csv))`"), re.compile(r"`([a-z_]+)\.([a-z_]+)[a-zA-Z_.]*`")


def has_module(folder: Path, name: str) -> bool:
    """Whether a folder of the package has a module, a folder, or a word in its own module, of that name."""
    own = (folder / "__init__.py").read_text()
    return (folder / f"{name}.py").exists() or (folder / name).is_dir() or bool(re.search(rf"\b{name}\b", own))


def missing(text: str, near: Path) -> list[str]:
    """What a text names in backquotes that is not there: files, and modules of the package's folders."""
    files = [name for name in FILE.findall(text) if not any((home / name).exists() for home in (*HOMES, near))]
    modules = []
    for parent, name in MODULE.findall(text):
        folders = [home / parent for home in (PACKAGE, PACKAGE / "models") if (home / parent / "__init__.py").exists()]
        if folders and not has_module(folders[0], name):
            modules.append(f"{parent}.{name}")
    return files + modules


@pytest.mark.parametrize("page", TEXTS, ids=lambda page: str(page.relative_to(ROOT)))
def test_what_a_text_names_is_there(page):
    assert not missing(page.read_text(), page.parent)


def test_a_module_that_has_moved_would_be_noticed():
    text = "see `models.square_root`, `models.moves`, `estimators/skeletons.py` and `controls/handover.py`"
    assert missing(text, ROOT) == ["estimators/skeletons.py", "models.square_root"]


def test_every_public_name_has_an_example():
    public = {name: getattr(lg, name) for name in dir(lg)}
    assert len(public) > 80
    assert not [name for name, own in public.items() if not inspect.ismodule(own) and ">>> " not in (own.__doc__ or "")]
