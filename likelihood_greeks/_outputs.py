"""Files that are there as a whole or not at all, and that never take the place of what was read."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from secrets import token_hex

from ._checks import refuse

MOUNTED = (errno.EBUSY, errno.EXDEV, errno.EACCES, errno.EPERM)
"""Why a file that may be written over cannot be replaced: it is a mount of its own, or its folder is not ours."""


@contextmanager
def beside(path: Path) -> Iterator[Path]:
    """A file to write in place of `path`: beside it, and under its name once it is finished and on the disk.

    Raises
    ------
    OSError
        If it cannot be written, naming `path`, which then is what it was.
    """
    target = path.resolve() if path.is_symlink() else path.absolute()
    folder = target.parent if os.access(target.parent, os.W_OK) else Path(tempfile.gettempdir())
    unfinished = folder / f".{token_hex(6)}.unfinished{target.suffix}"
    try:
        yield unfinished
        _flushed(unfinished)
        if target.exists():
            shutil.copymode(target, unfinished)
        _replaced(unfinished, target)
    except OSError as error:
        raise _named(error, path) from error
    finally:
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)


def written(path: Path, write: Callable[[Path], object]) -> None:
    """Write a file by a function that is given where: see `beside`."""
    with beside(path) as unfinished:
        write(unfinished)


def apart(name: str, path: Path, others: Mapping[str, object]) -> None:
    """Refuse a file to write that is another one of these, by name; what is no path is passed over.

    Raises
    ------
    ValueError
        If it is, by whatever path or link.
    """
    for other, place in others.items():
        if isinstance(place, (str, os.PathLike)) and _same(path, Path(place)):
            refuse(name, f"not be the {other}, which it would write over", str(path))


def _same(one: Path, other: Path) -> bool:
    with suppress(OSError):
        return one.samefile(other)
    return os.path.normcase(one.resolve()) == os.path.normcase(other.resolve())


def _flushed(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def _replaced(unfinished: Path, target: Path) -> None:
    try:
        os.replace(unfinished, target)
    except OSError as error:
        if error.errno not in MOUNTED or not os.access(target, os.W_OK):
            raise
        shutil.copyfile(unfinished, target)
        _flushed(target)
        return
    with suppress(OSError):  # some file systems do not flush folders
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _named(error: OSError, path: Path) -> OSError:
    """The error with the name of the file that was to be written."""
    reason = error.strerror or str(error)
    return type(error)(error.errno or errno.EIO, f"cannot be written ({reason})", str(path))
