"""Compiled kernels run anywhere: where no cache can be written, where it is damaged, and where nothing is compiled."""

import os
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest
from numba.core.caching import NullCache

from likelihood_greeks.kernels import jit


def twice(x):
    return 2.0 * x


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv(jit.FOLDER, str(tmp_path / "cache"))
    monkeypatch.setattr(jit, "_said", set())
    return tmp_path / "cache"


def compiled():
    """A fresh kernel, and whether it came from the cache."""
    kernel = jit.njit()(twice)
    assert kernel(1.5) == 3.0
    return sum(kernel.stats.cache_hits.values()) == 1


def test_the_cache_is_in_the_folder_that_the_user_names(folder):
    assert not compiled()
    assert compiled()
    assert {path.suffix for path in folder.rglob("*.nb*")} == {".nbi", ".nbc"}


@pytest.mark.parametrize("suffix", [".nbi", ".nbc"])
@pytest.mark.parametrize("damage", ["bit", "empty", "half"])
def test_a_damaged_file_is_compiled_again(folder, suffix, damage):
    compiled()
    (path,) = folder.rglob(f"*{suffix}")
    data = path.read_bytes()
    middle = len(data) // 2
    flipped = data[:middle] + bytes([data[middle] ^ 4]) + data[middle + 1 :]
    path.write_bytes({"bit": flipped, "empty": b"", "half": data[:middle]}[damage])
    assert not compiled()
    assert compiled()


def test_kernels_of_other_sources_are_compiled_again(folder, monkeypatch):
    compiled()
    monkeypatch.setattr(jit, "SOURCES", "others")
    assert not compiled()


def test_a_folder_that_cannot_be_written_to_is_said_and_another_one_used(folder):
    folder.write_text("a file")
    with pytest.warns(RuntimeWarning, match=f"{jit.FOLDER} must be a folder that can be written to: got"):
        compiled()


def test_without_any_place_kernels_are_compiled_and_it_is_said_once(folder, monkeypatch):
    monkeypatch.setattr(jit._Places, "_locator_classes", ())
    with pytest.warns(RuntimeWarning, match="cannot be kept.*set LIKELIHOOD_GREEKS_CACHE"):
        assert not compiled()
    assert isinstance(jit.njit()(twice)._cache, NullCache)


def test_a_folder_among_temporary_files_that_others_can_write_to_is_not_trusted(tmp_path, monkeypatch):
    monkeypatch.setattr(jit.tempfile, "gettempdir", lambda: str(tmp_path))
    found = jit._Temporary.folder()
    assert found is not None
    assert found.startswith(str(tmp_path))
    os.chmod(found, 0o777)
    assert jit._Temporary.folder() is None


def test_a_cache_that_cannot_be_written_costs_nothing_but_time(folder, monkeypatch):
    def full(self, path, content):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(jit._SealedFiles, "_write", full)
    with pytest.warns(RuntimeWarning, match="cannot be kept.*No space left"):
        assert not compiled()


@pytest.mark.slow
def test_without_a_compiler_the_formulas_run():
    code = (
        "import likelihood_greeks as lg;"
        "m = lg.GBM(spot=100.0, volatility=0.2, rate=0.03);"
        "r = lg.greeks(m, lg.DigitalCall(105.0, 0.5), ['delta'], paths=4096, seed=1);"
        "assert abs(r['delta'].z_score(0.0264887)) < 4.0, r['delta']"
    )
    where = {**os.environ, "NUMBA_DISABLE_JIT": "1"}
    subprocess.run([sys.executable, "-c", code], check=True, env=where, timeout=60)


def test_all_kernels_are_kept_by_this_module():
    folder = Path(jit.__file__).parent
    plain = [path.name for path in folder.rglob("*.py") if "import njit" in path.read_text() and path.name != "jit.py"]
    assert len(plain) > 8
    wrong = [name for name in plain if "from numba import njit" in next(folder.rglob(name)).read_text()]
    assert not wrong


def test_what_another_version_of_a_library_has_kept_is_not_there(tmp_path):
    packed = b"cno.such.module\nname\n."  # a pickle of a name in a module that this version does not have
    (tmp_path / "index").write_bytes(sha256(packed).digest() + packed)
    assert jit._unsealed(tmp_path / "index") is None
