"""Numba's `njit` with a cache that works anywhere: where it may be written, and damaged files are compiled again.

The machine code of the kernels is kept in the first of these folders that can be written to: the one that
``LIKELIHOOD_GREEKS_CACHE`` names, the one that ``NUMBA_CACHE_DIR`` names, ``__pycache__`` beside the kernels, the
user's cache folder, a private folder among the temporary files. If there is none, every process compiles anew.
"""

import hmac
import os
import pickle
import stat
import tempfile
import warnings
from hashlib import sha256
from pathlib import Path
from typing import Any

import numba
import numpy as np
from numba.core import caching

FOLDER = "LIKELIHOOD_GREEKS_CACHE"
"""The environment variable that names the folder of compiled kernels."""

AVAILABLE = not getattr(numba.config, "DISABLE_JIT", 0)  # an attribute that is made of the environment
"""Whether anything is compiled at all: not where ``NUMBA_DISABLE_JIT`` is set."""

SOURCES = sha256(b"".join(path.read_bytes() for path in sorted(Path(__file__).parent.rglob("*.py")))).hexdigest()
"""Of all kernels: those of one file may be built into those of another."""

LIBRARIES = f"numba{numba.__version__}-numpy{np.__version__}"
"""What machine code is made with and for: that of other versions stays beside it, and is not read."""

_SEAL = 32  # bytes of a hash
_said: set[str] = set()


def njit(cache=True, **options):
    """`numba.njit`, with the cache of this module."""

    def compiled(function):
        dispatcher = numba.njit(**options)(function)
        if cache and AVAILABLE:
            dispatcher._cache = _cache(function)
        return dispatcher

    return compiled


def _cache(function):
    try:
        return _Sealed(function)
    except (RuntimeError, OSError) as error:
        _say(
            f"compiled kernels cannot be kept, so that every process compiles them again: set {FOLDER} to a folder "
            f"that can be written to ({error})"
        )
        return caching.NullCache()


def _say(line):
    """Warn of something once."""
    if line.partition(":")[0] not in _said:
        _said.add(line.partition(":")[0])
        warnings.warn(line, RuntimeWarning, stacklevel=2)


class _InFolder(caching._SourceFileBackedLocatorMixin, caching._CacheLocator):
    """A place for compiled kernels in a folder."""

    def __init__(self, py_func, py_file):
        self._py_file, self._lineno = py_file, py_func.__code__.co_firstlineno
        self._cache_path = os.path.join(self.folder() or "", self.get_suitable_cache_subpath(py_file))

    @staticmethod
    def folder() -> str | None:
        """The folder; None for nowhere."""
        return None

    def get_cache_path(self):
        return self._cache_path

    @classmethod
    def from_function(cls, py_func, py_file):
        return super().from_function(py_func, py_file) if cls.folder() else None


class _Stated(_InFolder):
    """The folder that the user has named."""

    @staticmethod
    def folder():
        return os.environ.get(FOLDER)

    @classmethod
    def from_function(cls, py_func, py_file):
        found = super().from_function(py_func, py_file)
        if found is None and cls.folder():
            _say(f"{FOLDER} must be a folder that can be written to: got {cls.folder()!r}, another one is used")
        return found


class _Temporary(_InFolder):
    """A folder among the temporary files that nobody else can write to: what is in it is run."""

    @staticmethod
    def folder():
        user = os.getuid() if hasattr(os, "getuid") else "user"
        path = Path(tempfile.gettempdir()) / f"likelihood_greeks-{user}"
        try:
            path.mkdir(mode=0o700, exist_ok=True)
            found = path.lstat()
        except OSError:
            return None
        own = not hasattr(os, "getuid") or found.st_uid == os.getuid()
        private = stat.S_ISDIR(found.st_mode) and not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
        return str(path) if own and private else None


class _Places(caching.CompileResultCacheImpl):
    """How compiled kernels are packed, and where they may be."""

    _locator_classes: Any = (_Stated, *caching.CompileResultCacheImpl._locator_classes, _Temporary)


class _Sealed(caching.FunctionCache):
    """A cache in which what is damaged is not there, and which does without what cannot be written."""

    _impl_class = _Places

    def __init__(self, py_func):
        super().__init__(py_func)
        self._cache_file = _SealedFiles(self._cache_path, f"{self._impl.filename_base}.{LIBRARIES}.sealed", SOURCES)

    def save_overload(self, sig, data):
        try:
            super().save_overload(sig, data)
        except OSError as error:
            _say(f"compiled kernels cannot be kept: {error}")


class _SealedFiles(caching.IndexDataCacheFile):
    """Files that begin with the hash of the rest."""

    def _load_index(self):
        found = _unsealed(self._index_path)
        if found is None or found[0] != (self._version, self._source_stamp):
            return {}
        return found[1]

    def _save_index(self, overloads):
        self._write(self._index_path, ((self._version, self._source_stamp), overloads))

    def _load_data(self, name):
        return _unsealed(self._data_path(name))

    def _save_data(self, name, data):
        self._write(self._data_path(name), data)

    def _write(self, path, content):
        packed = self._dump(content)
        with self._open_for_write(path) as file:
            file.write(sha256(packed).digest() + packed)


def _unsealed(path):
    """What a file holds; None if it is not there or damaged."""
    try:
        data = Path(path).read_bytes()
    except OSError:
        return None
    if not hmac.compare_digest(sha256(data[_SEAL:]).digest(), data[:_SEAL]):
        return None
    try:
        return pickle.loads(data[_SEAL:])
    except Exception:  # of another version of a library, whose modules are not there
        return None
