"""Compiled kernels: loaded when first needed, so that importing the package does not wait for the compiler.

Every kernel has a readable formula in NumPy beside it, which gives the same numbers up to rounding. `formulas_only`
makes the formulas run instead: the tests run one contract suite on both.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from importlib import import_module
from types import ModuleType

_switched_off: list[None] = []


@lru_cache(maxsize=16)
def _loaded(name: str) -> ModuleType:
    return import_module(f"{__package__}.kernels.{name}")


def kernels(name: str) -> ModuleType | None:
    """The module ``kernels.<name>``; None while only formulas are to run, or where nothing is to be compiled."""
    return None if _switched_off or not _loaded("jit").AVAILABLE else _loaded(name)


@contextmanager
def formulas_only() -> Iterator[None]:
    """Run the readable formulas in place of the kernels, in every thread of this process."""
    _switched_off.append(None)
    try:
        yield
    finally:
        _switched_off.pop()
