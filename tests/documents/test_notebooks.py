"""Every notebook runs from nothing in its own folder, quickly, and is stored without outputs."""

import json
import time

import matplotlib
import pytest
import QuantLib as ql
from matplotlib import pyplot

from tests.support.places import ROOT

FOLDER = ROOT / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
MOST_SECONDS = 120  # of processor time


def cells_of(path, kind="code"):
    return [cell for cell in json.loads(path.read_text(encoding="utf-8"))["cells"] if cell["cell_type"] == kind]


def run(path, change=lambda code: code):
    """Execute the code cells one after the other; the number of pictures they leave."""
    namespace: dict[str, object] = {"__name__": "__main__"}
    with matplotlib.rc_context(), ql.SavedSettings():
        matplotlib.use("Agg")
        try:
            for cell in cells_of(path):
                exec(compile(change("".join(cell["source"])), f"{path.name}, cell {cell['id']}", "exec"), namespace)
            return len(pyplot.get_fignums())
        finally:
            pyplot.close("all")


@pytest.fixture(autouse=True)
def _in_the_folder_of_the_notebooks(monkeypatch):
    monkeypatch.chdir(FOLDER)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
@pytest.mark.slow
def test_notebook_runs_and_draws(path):
    start = time.process_time()
    assert run(path) > 0
    assert time.process_time() - start < MOST_SECONDS


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_notebook_is_stored_without_outputs_and_with_stable_cells(path):
    notebook = json.loads(path.read_text(encoding="utf-8"))
    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in cells_of(path))
    assert len({cell["id"] for cell in notebook["cells"]}) == len(notebook["cells"])
    assert all(cell["metadata"] == {} for cell in notebook["cells"])
    assert cells_of(path, "markdown")[0]["source"][0].startswith(f"# {path.stem.split('_')[0]}. ")


def test_a_wrong_claim_in_a_notebook_fails():
    with pytest.raises(AssertionError):
        run(NOTEBOOKS[0], lambda code: code.replace("exact = stats", "exact = 1.05 * stats"))


def test_the_list_of_notebooks_has_them_all():
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert [path.name for path in NOTEBOOKS if f"({path.name})" not in text] == []
    assert len(NOTEBOOKS) == 7
