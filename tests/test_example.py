"""The example that comes with the package is written, runs, and is what the command says."""

import shlex
import tomllib

import pandas as pd
import pytest

import likelihood_greeks as lg
from likelihood_greeks import cli, examples
from likelihood_greeks.commands.example import TRY
from tests.support.places import ROOT


def exit_code(*arguments):
    with pytest.raises(SystemExit) as stopped:
        cli.main([str(argument) for argument in arguments])
    return stopped.value.code


def test_it_is_written_once_and_over_nothing(tmp_path, capsys):
    folder = tmp_path / "a" / "greeks"
    assert exit_code("example", folder) == 0
    assert sorted(path.name for path in folder.iterdir()) == sorted(examples.FILES)
    assert "likelihood-greeks explain book.csv" in capsys.readouterr().out
    (folder / "book.csv").write_text("mine")
    assert exit_code("example", folder) == 2
    assert "folder must hold none of the files that are written, such as book.csv" in capsys.readouterr().err
    assert (folder / "book.csv").read_text() == "mine"
    assert exit_code("example", folder / "book.csv") == 2
    assert exit_code("example", "") == 2  # not the current folder


@pytest.mark.slow
def test_every_command_that_it_names_runs_on_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    examples.write(tmp_path)
    for line in TRY:
        _, command, *rest = shlex.split(line)
        few = [] if command == "diff" else ["--paths", "1024", "--seed", "1"]
        assert exit_code(command, *rest, *few, "--quiet") == (1 if command == "diff" else 0), line
    assert pd.read_parquet("monday.parquet")["trade_id"].nunique() == 13


def test_the_version_is_one(capsys):
    assert exit_code("--version") == 0
    assert capsys.readouterr().out.strip() == f"likelihood-greeks {lg.__version__}"
    assert f"version: {lg.__version__}\n" in (ROOT / "CITATION.cff").read_text()
    assert f'version = "{lg.__version__}"' in (ROOT / "conda" / "meta.yaml").read_text()
    assert f"## {lg.__version__} (" in (ROOT / "CHANGELOG.md").read_text()


def test_floors_are_those_that_are_tested():
    stated = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    tested = dict(line.split("==") for line in (ROOT / ".github" / "floors.txt").read_text().split() if "==" in line)
    for line in stated:
        name, floor = line.split(">=")
        assert (tested[name] + ".0").startswith(floor), line
