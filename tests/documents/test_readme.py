"""The README's Python runs, and prints what it says."""

import re

import pytest

from tests.support.places import ROOT

TEXT = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"```python\n(.*?)```", TEXT, flags=re.S)


@pytest.mark.slow
def test_every_python_block_runs_and_the_first_prints_its_table(capsys, monkeypatch):
    monkeypatch.chdir(ROOT)
    namespace: dict[str, object] = {}
    exec(BLOCKS[0], namespace)
    shown = [line.split() for line in capsys.readouterr().out.splitlines()[1:]]
    stated = next(
        block for block in re.findall(r"```text\n(.*?)```", TEXT, flags=re.S) if block.startswith("likelihood")
    )
    for row, words in zip(shown, (line.split() for line in stated.splitlines()[1:]), strict=True):
        assert len(row) == len(words), (row, words)
        for got, said in zip(row, words, strict=True):  # processors may differ in the last digits
            assert got == said or float(got) == pytest.approx(float(said), rel=1e-3), (row, words)
    for block in BLOCKS[1:]:
        exec(block, namespace)
