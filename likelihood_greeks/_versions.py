"""What the bits of a result depend on besides its input: libraries, and the source of this package."""

from __future__ import annotations

import platform
from functools import lru_cache
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from ._compiled import kernels

VERSION = "0.2.0"
"""Of this package."""

LIBRARIES = ("numpy", "scipy", "numba")


@lru_cache(maxsize=1)
def versions() -> dict[str, str]:
    """Versions of the libraries that numbers depend on, of Python, and a hash of the package's own source.

    Last, whether kernels are compiled: formulas in their place differ in rounding.
    """
    own = {"likelihood-greeks": VERSION, **{name: _version(name) for name in LIBRARIES}}
    compiled = "compiled" if kernels("normals") else "formulas"
    return {**own, "python": platform.python_version(), "machine": platform.machine(), "source": _source(),
            "kernels": compiled}  # fmt: skip


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:  # run from a checkout
        return "not installed"


def _source() -> str:
    """A hash of the package's modules; nothing where they are not files."""
    root, found = Path(__file__).parent, sha256()
    for path in sorted(root.rglob("*.py")):
        found.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return found.hexdigest()[:16]
