"""The README's Python runs, and prints what it says."""

import pytest

from tests.support.documents import disagreements, executed
from tests.support.places import ROOT


@pytest.mark.slow
def test_every_python_block_runs_and_prints_what_stands_below_it(monkeypatch):
    monkeypatch.chdir(ROOT)
    first, *others = executed(ROOT / "README.md")
    assert len(others) == 4
    _, stated, shown = first
    for row, words in zip(shown.splitlines()[1:], (stated or "").splitlines()[1:], strict=True):
        assert len(row.split()) == len(words.split()), (row, words)
        for got, said in zip(row.split(), words.split(), strict=True):  # processors may differ in the last digits
            assert got == said or float(got) == pytest.approx(float(said), rel=1e-3), (row, words)
    for code, said, got in others:
        assert said, f"say what this prints\n{code}\n{got}"
        assert not (wrong := disagreements(said, got)), (code, wrong)
