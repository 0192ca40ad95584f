"""All that a contract of the user's own pays by, as text: whether a run that was stopped may go on with it."""

from __future__ import annotations

import dis
import re
import sys
from collections.abc import Mapping, Set
from dataclasses import fields, is_dataclass
from functools import partial
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any
from uuid import uuid4

import numpy as np

ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")
READ = ("LOAD_GLOBAL", "LOAD_NAME")
VERSIONED = {*sys.stdlib_module_names, __name__.partition(".")[0], "numpy", "scipy", "numba", "pandas"}
"""Packages whose code is known by its name: its version is told elsewhere."""


def written(value: Any) -> str:
    """All that a contract pays by: functions by what they do and read; unlike any other where that cannot be told."""
    return _written(value, ())


def _written(value: Any, above: tuple[int, ...]) -> str:
    """A value inside others, which are known by their identities; one that holds itself ends there."""
    if id(value) in above:
        return f"one above, {above.index(id(value))}"
    above = (*above, id(value))
    if isinstance(value, ModuleType):
        return value.__name__
    if isinstance(value, FunctionType | type) or callable(value):
        return _called(value, above)
    return _held(value, above)


def _called(value: Any, above: tuple[int, ...]) -> str:
    """What can be called: the code of functions, of classes, and of the classes of objects, with what they hold."""
    name = f"{getattr(value, '__module__', None)}.{getattr(value, '__qualname__', '')}"
    if hasattr(value, "__qualname__") and name.partition(".")[0] in VERSIONED and "<" not in name:
        return name
    if isinstance(value, FunctionType):
        return _function(value, above)
    if isinstance(value, MethodType):
        return f"{_written(value.__func__, above)} of {_written(value.__self__, above)}"
    if isinstance(value, partial):
        return _held((value.func, value.args, value.keywords), above)
    if isinstance(value, type):
        return f"{name} {_held({key: own for key, own in vars(value).items() if _is_code(own)}, above)}"
    plain = ADDRESS.search(repr(value)) and not is_dataclass(value) and hasattr(value, "__dict__")
    return f"{_written(type(value), above)} {_held(vars(value) if plain else value, above)}"


def _is_code(own: object) -> bool:
    """Whether what a class holds is code of its own, properties included."""
    return isinstance(own, FunctionType | property | staticmethod | classmethod)


def _function(function: FunctionType, above: tuple[int, ...]) -> str:
    """What a function does, its defaults, and what it reads outside: of functions around it and of its module."""
    around = [cell.cell_contents for cell in function.__closure__ or ()]
    read = {name: function.__globals__[name] for name in sorted(_names(function.__code__) & {*function.__globals__})}
    held = [around, function.__defaults__, function.__kwdefaults__, read]
    return f"{_code(function.__code__)} {_held(held, above)}"


def _names(code: CodeType) -> Set[str]:
    """The names of its module that code reads, that of functions inside it included."""
    own = {step.argval for step in dis.get_instructions(code) if step.opname in READ}
    return own.union(*(_names(inner) for inner in code.co_consts if isinstance(inner, CodeType)))


def _code(code: CodeType) -> str:
    """What code does, without where it stands."""
    constants = [_code(x) if isinstance(x, CodeType) else repr(x) for x in code.co_consts]
    return f"{code.co_code.hex()} {constants} {code.co_names}"


def _held(value: Any, above: tuple[int, ...]) -> str:
    """What a value holds; arrays in full, which their own text is not."""
    if isinstance(value, property):
        return _written([value.fget], above)
    if isinstance(value, staticmethod | classmethod):
        return _written(value.__func__, above)
    if isinstance(value, np.ndarray):
        return f"{value.dtype.str} {value.tolist()}"
    if isinstance(value, list | tuple):
        return f"{type(value).__name__} {[_written(own, above) for own in value]}"
    if isinstance(value, Mapping):
        return f"{[(repr(key), _written(own, above)) for key, own in value.items()]}"
    if is_dataclass(value) and not isinstance(value, type):
        return f"{[(own.name, _written(getattr(value, own.name), above)) for own in fields(value)]}"
    text = repr(value)
    return f"{uuid4()}" if ADDRESS.search(text) else text
