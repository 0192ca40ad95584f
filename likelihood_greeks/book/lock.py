"""One run at a time for an output: a lock that ends with its process, however that ends."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from threading import Lock
from typing import Any, final

from .._checks import refuse
from . import sealed

try:
    import fcntl
except ModuleNotFoundError:  # only POSIX systems have it; elsewhere threads of one process are kept apart
    fcntl = None  # type: ignore[assignment]

LENGTH = sealed.LENGTH
_held: set[str] = set()
_guard = Lock()


@final
class FolderLock:
    """The lock of a folder, a file in it.

    It is held by the process, not by what is forked from it: workers that outlive a killed run do not keep it.

    Parameters
    ----------
    folder : pathlib.Path
        Where it is; made if it is not there.
    output : pathlib.Path
        Of the run, for messages.

    Attributes
    ----------
    damaged : bool
        Whether what the last holder left in it is not as it was written. Nothing of a run hangs on that.

    Raises
    ------
    ValueError
        If another run, of this process or another one, holds it.
    """

    NAME = "_lock"

    def __init__(self, folder: Path, output: Path) -> None:
        self._path, self._key, self._output = folder / self.NAME, os.path.realpath(folder), output
        with _guard:
            if self._key in _held:
                self._refuse("of this process")
            self._file = self._locked()
            _held.add(self._key)

    def _locked(self) -> Any:
        while True:
            self._path.parent.mkdir(exist_ok=True)
            try:
                file = self._path.open("a+b")
            except FileNotFoundError:  # another run has just finished, and removed the folder
                continue
            try:
                if fcntl is not None:
                    fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                who, _ = _read(file)
                file.close()
                self._refuse(who or "elsewhere")
            if self._path.exists() and self._path.stat().st_ino == os.fstat(file.fileno()).st_ino:
                _, whole = _read(file)
                self.damaged = not whole
                file.truncate(0)
                file.write(sealed.line(f"process {os.getpid()} on {socket.gethostname()}".encode()))
                file.flush()
                return file
            file.close()

    def _refuse(self, who: str) -> None:
        refuse("output", f"not be that of a run under way ({who})", str(self._output))

    def release(self) -> None:
        """Let others have it; what was let go stays so."""
        with _guard:
            if self._key in _held and not self._file.closed:
                _held.discard(self._key)
                self._file.close()


def _read(file: Any) -> tuple[str, bool]:
    """Who wrote a lock, and whether that is as it was written; nobody in one that has just been made."""
    file.seek(0)
    data = file.read()
    return data[:-LENGTH].decode(errors="replace").strip(), not data or sealed.line(data[: -LENGTH - 1]) == data
