"""Modules that are loaded when they are first asked for: compilers and pictures take long to import.

What draws stands above what it draws. An object with a ``plot`` method therefore asks for its picture by name, when the
picture is wanted and not before.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType


def picture(name: str) -> ModuleType:
    """Load the module ``pictures.<name>``."""
    return import_module(f"{__package__}.pictures.{name}")
