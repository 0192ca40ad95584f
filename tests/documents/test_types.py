"""What a user writes passes mypy's strict mode: the README's own lines."""

import os
import re
import subprocess
import sys

import pytest

from tests.support.places import ROOT


@pytest.mark.slow
def test_the_lines_of_the_readme_pass_mypy_strict(tmp_path):
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), flags=re.S)
    (tmp_path / "lines.py").write_text("\n".join(blocks))
    options = ["--strict", "--config-file", "", "--follow-imports", "silent", "--cache-dir", str(tmp_path)]
    command = [sys.executable, "-m", "mypy", *options, "lines.py"]
    done = subprocess.run(
        command,
        cwd=tmp_path,
        env={**os.environ, "MYPYPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout
