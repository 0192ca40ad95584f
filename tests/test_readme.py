"""The README's Python runs, and prints what it says."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"```python\n(.*?)```", TEXT, flags=re.S)


def test_every_python_block_runs_and_the_first_prints_its_table(capsys, monkeypatch):
    monkeypatch.chdir(ROOT)
    namespace: dict[str, object] = {}
    exec(BLOCKS[0], namespace)
    shown = [line.split() for line in capsys.readouterr().out.splitlines()[1:]]
    stated = next(
        block for block in re.findall(r"```text\n(.*?)```", TEXT, flags=re.S) if block.startswith("likelihood")
    )
    assert shown == [line.split() for line in stated.splitlines()[1:]]
    for block in BLOCKS[1:]:
        exec(block, namespace)
