"""One run at a time for an output: a lock that ends with its process, however that ends."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from threading import Lock
from typing import Any, final

from .._checks import refuse

try:
    import fcntl
except ModuleNotFoundError:  # only POSIX systems have it; elsewhere threads of one process are kept apart
    fcntl = None  # type: ignore[assignment]

_held: set[str] = set()
_guard = Lock()


@final
class FolderLock:
    """The lock of a folder, a file in it.

    It is held by the process, not by what is forked from it: workers that outlive a killed run do not keep it.

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
                file = self._path.open("a+")
            except FileNotFoundError:  # another run has just finished, and removed the folder
                continue
            try:
                if fcntl is not None:
                    fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                file.seek(0)
                who = file.read().strip() or "elsewhere"
                file.close()
                self._refuse(who)
            if self._path.exists() and self._path.stat().st_ino == os.fstat(file.fileno()).st_ino:
                file.truncate(0)
                file.write(f"process {os.getpid()} on {socket.gethostname()}")
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
