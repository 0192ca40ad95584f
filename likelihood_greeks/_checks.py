"""Refusals: one message form, *name, requirement, value got*, for every bad argument.

Comparisons are written so that NaN fails them.
"""

import functools
import inspect
import os
import re
import reprlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import islice, pairwise
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import numpy as np

from ._typing import FloatArray

T = TypeVar("T")
LONGEST = 400  # characters of a value in a message
KEYS = 8  # of a long table in a message
_DAY = re.compile(r"datetime\.date\((\d+), (\d+), (\d+)\)")
_MIDNIGHT = re.compile(r"Timestamp\('(\d{4}-\d{2}-\d{2}) 00:00:00'\)")


def refuse(name: str, requirement: str, value: object) -> NoReturn:
    """Raise the package's ``ValueError``: ``<name> must <requirement>, got <value>``."""
    raise InvalidValueError(name, requirement, value)


class InvalidValueError(ValueError):
    """A value that a model, payoff or trade cannot accept.

    Attributes
    ----------
    name, requirement : str
        The field, and what it must satisfy.
    value : object
        What was given.
    """

    def __init__(self, name: str, requirement: str, value: object) -> None:
        super().__init__(f"{name} must {requirement}, got {_brief(value)}")
        self.name, self.requirement, self.value = name, requirement, value

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.name, self.requirement, self.value)


def _brief(value: object) -> str:
    """The value, shortened where it is long: a message is for reading."""
    if isinstance(value, (np.number, np.bool_)):
        value = value.item()
    try:
        text = str(value) if isinstance(value, datetime) else repr(value)
    except ValueError:  # whole numbers of thousands of digits
        return f"a {type(value).__name__} that is too long to be shown"
    text = _DAY.sub(lambda day: f"{int(day[1]):04}-{int(day[2]):02}-{int(day[3]):02}", _MIDNIGHT.sub(r"\1", text))
    text = text.removesuffix(" 00:00:00") if isinstance(value, datetime) else text
    if isinstance(value, Mapping) and len(text) > LONGEST:
        more = f" and {len(value) - KEYS} more" if len(value) > KEYS else ""
        text = f"a table of {', '.join(map(str, islice(value, KEYS)))}{more}"
    return text if len(text) <= LONGEST else f"{text[: LONGEST // 2]} ... {text[-LONGEST // 4 :]}"


@contextmanager
def within(section: str, separator: str = ".") -> Iterator[None]:
    """Puts the section before the names in refusals."""
    try:
        yield
    except InvalidValueError as error:
        raise InvalidValueError(f"{section}{separator}{error.name}", error.requirement, error.value) from error
    except TypeError as error:
        raise TypeError(f"{section}{separator}{error}") from error


def number(name: str, value: object) -> float:
    """`value` as a float; ``TypeError`` unless it is a real number (a bool is not)."""
    if isinstance(value, (bool, np.timedelta64)) or not isinstance(value, (int, float, np.integer, np.floating)):
        raise TypeError(f"{name} must be a real number, got {value!r}")
    if isinstance(value, np.floating) and value.itemsize < 8:
        return float(str(value))  # the decimal that was meant: 0.1 and not the 0.10000000149 that is nearest in 32 bits
    try:
        return float(value)
    except OverflowError:
        return refuse(name, "be finite", _brief(value))


def finite(name: str, value: object) -> float:
    """`value` as a float, refused unless finite."""
    x = number(name, value)
    if not np.isfinite(x):
        refuse(name, "be finite", value)
    return x


def positive(name: str, value: object) -> float:
    """`value` as a float, refused unless finite and > 0."""
    x = number(name, value)
    if not (np.isfinite(x) and x > 0.0):
        refuse(name, "be positive and finite", value)
    return x


def non_negative(name: str, value: object) -> float:
    """`value` as a float, refused unless finite and >= 0."""
    x = number(name, value)
    if not (np.isfinite(x) and x >= 0.0):
        refuse(name, "be non-negative and finite", value)
    return x


def whole(name: str, value: object, minimum: int) -> int:
    """`value` as an int, refused unless whole and >= `minimum`."""
    if isinstance(value, (bool, np.timedelta64)) or not isinstance(value, (int, np.integer)):
        raise TypeError(f"{name} must be a whole number, got {value!r}")
    if not value >= minimum:
        refuse(name, f"be a whole number of at least {minimum}", value)
    return int(value)


def flag(name: str, value: object) -> bool:
    """`value` as a bool; ``TypeError`` unless it is True or False: a text such as "no" would count as true."""
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{name} must be True or False, got {value!r}")
    return bool(value)


def flags(**given: object) -> None:
    """Refuse arguments that are neither True nor False."""
    for name, value in given.items():
        flag(name, value)


def mapping_of(name: str, value: Any, what: str) -> Mapping[Any, Any]:
    """`value`, ``TypeError`` unless it is a mapping."""
    if not isinstance(value, Mapping):
        raise TypeError(f"{name} must be a mapping of {what}, got {value!r}")
    return value


def by_name(law: type[T]) -> type[T]:
    """A class whose arguments go by name, saying which they are where it is given others (a decorator)."""
    build, known = law.__init__, inspect.signature(law).parameters
    needed = {name for name, own in known.items() if own.default is own.empty}

    @functools.wraps(build)
    def explained(self: T, *unnamed: Any, **given: Any) -> None:
        if unnamed:
            meant = ", ".join(f"{name}={value!r}" for name, value in zip(known, unnamed, strict=False))
            raise TypeError(f"arguments of {law.__name__} must be named, {law.__name__}({meant}, ...), got {unnamed!r}")
        if strangers := given.keys() - known.keys():
            raise TypeError(f"arguments of {law.__name__} must be of {', '.join(known)}, got {', '.join(strangers)}")
        if missing := [name for name in known if name in needed - given.keys()]:
            raise TypeError(f"arguments of {law.__name__} must include {', '.join(missing)}, got {', '.join(given)}")
        build(self, **given)

    setattr(law, "__init__", explained)  # noqa: B010  # a checker does not allow a method to be assigned
    return law


def one_of(name: str, value: Any, allowed: Sequence[str], what: str = "") -> str:
    """`value`, refused unless it is one of `allowed`; `what` says in words what these are, and that there are none."""
    if not isinstance(value, str) or value not in allowed:
        words = f"{what}: {', '.join(map(repr, allowed)) or 'there is none'}" if what else ", ".join(map(repr, allowed))
        refuse(name, f"be {words}" if what else f"be one of {words or 'none: there is nothing to choose'}", value)
    return str(value)


def dates(name: str, values: Iterable[Any]) -> tuple[float, ...]:
    """Year fractions as a tuple of floats, refused unless there are some, all > 0 and strictly increasing."""
    if _dimensions(values) != 1:
        refuse(name, "be a sequence of year fractions", values)
    known = np.array(values) if isinstance(values, tuple) and {float} == set(map(type, values)) else values
    if isinstance(known, np.ndarray) and known.dtype == np.float64 and _increasing(known):  # on every chunk
        return tuple(known.tolist())
    times = tuple(positive(f"{name}[{i}]", value) for i, value in enumerate(values))
    if not times:
        refuse(name, "hold at least one date", values)
    if not all(a < b for a, b in pairwise(times)):
        refuse(name, "be strictly increasing", times)
    return times


def _dimensions(values: object) -> int | None:
    """Of an array or nested lists; None where these are ragged."""
    try:
        return np.ndim(values)  # type: ignore[arg-type]
    except ValueError:
        return None


def list_of(name: str, values: Any, what: str) -> list[Any]:
    """`values` as a list, refused if it is a scalar, a text or something else that is none."""
    if isinstance(values, (str, bytes, Mapping)) or not isinstance(values, Iterable) or not np.ndim(values):  # type: ignore[arg-type]
        raise TypeError(f"{name} must be a list of {what}, got {values!r}")
    return list(values)


def path_of(name: str, value: object) -> Path:
    """`value` as a path; ``TypeError`` unless it is one."""
    if not isinstance(value, (str, os.PathLike)) or value == "":
        raise TypeError(f"{name} must be a path, got {value!r}")
    if "\0" in os.fsdecode(value):
        refuse(name, "be a path, without a zero byte", value)
    return Path(value)


def _increasing(values: FloatArray) -> bool:
    """Whether an array holds finite year fractions, all > 0 and strictly increasing."""
    known = values.size > 0 and bool(np.isfinite(values[-1])) and values[0] > 0.0
    return bool(known and (np.diff(values) > 0.0).all())


def real_array(name: str, value: Any) -> FloatArray:
    """`value` as an array of floats; ``TypeError`` unless it holds real numbers, or true and false.

    What NumPy would convert with a loss is refused: it drops masks, imaginary parts and the units of dates, and the
    values of an array of objects may be anything.
    """
    if isinstance(value, np.ma.MaskedArray):
        raise TypeError(
            f"{name} must hold plain numbers: say what masked ones are, by .filled(0.0); got a masked array"
        )
    try:
        found = np.asarray(value)
    except ValueError as error:
        raise TypeError(f"{name} must be an array of numbers, got {_described(value)} ({error})") from error
    if found.dtype.kind not in "fiub":
        raise TypeError(f"{name} must be an array of real numbers, got {_described(value, found)}")
    return np.asarray(found, dtype=float)


def _described(value: object, found: Any = None) -> str:
    """A value that is no array of numbers, in a few words."""
    if isinstance(value, np.ndarray) or (found is not None and found.ndim and found.dtype.kind != "O"):
        return f"an array of {found.dtype}" if found is not None else "an array"
    return f"{type(value).__name__} {reprlib.repr(value)}"


def writable(name: str, path: Path, suffixes: Sequence[str]) -> None:
    """Refuse a file of another kind than `suffixes`, or where none can be written.

    Raises
    ------
    ValueError
        If the suffix is another one.
    FileNotFoundError, PermissionError, IsADirectoryError
        If the folder is not there, cannot be written to, or the file is a folder or cannot be written over.
    """
    if path.suffix.lower() not in suffixes:
        refuse(name, "end in one of " + ", ".join(suffixes), str(path))
    folder = path.absolute().parent
    try:
        path.exists()
    except (OSError, ValueError) as error:  # a name that is too long, or has a zero in it
        refuse(name, f"be a path ({getattr(error, 'strerror', '') or error})", str(path))
    if not folder.is_dir():
        raise FileNotFoundError(f"{name} must be in a folder that exists (make {folder} first), got {path}")
    if path.is_dir():
        raise IsADirectoryError(f"{name} must be a file, got the folder {path}")
    if not os.access(path if path.exists() else folder, os.W_OK):
        raise PermissionError(f"{name} must be where you may write, got {path}")
