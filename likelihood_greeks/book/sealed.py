"""Files with a hash of themselves inside: one changed bit, and they are not read."""

from __future__ import annotations

import re
from hashlib import sha256
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from .._outputs import written

MARK = b"likelihood_greeks_seal"
LENGTH = 64  # of a SHA-256 in hexadecimal digits
BLANK = b"0" * LENGTH


class DamagedError(ValueError):
    """A file that is not as it was written."""


def write(path: Path, data: bytes) -> None:
    """Write a file that begins with the hash of the rest."""
    written(path, lambda file: file.write_bytes(_digest(data) + data))


def read(path: Path) -> bytes:
    """What `write` wrote.

    Raises
    ------
    DamagedError
        If a bit has changed.
    FileNotFoundError
        If it is not there.
    """
    data = path.read_bytes()
    if _digest(data[LENGTH:]) != data[:LENGTH]:
        raise DamagedError(f"{path} is damaged")
    return data[LENGTH:]


def line(text: bytes) -> bytes:
    """A text and its hash, in one line."""
    return text + b" " + _digest(text)


def write_parquet(path: Path, table: pa.Table) -> None:
    """Write a Parquet file that any reader reads, with the hash of the file, itself left blank, among its metadata."""
    file = pa.BufferOutputStream()
    pq.write_table(table.replace_schema_metadata({**(table.schema.metadata or {}), MARK: BLANK}), file)
    data = file.getvalue().to_pybytes()
    start = _seal(data)
    written(path, lambda file: file.write_bytes(data[:start] + _digest(data) + data[start + LENGTH :]))


def read_parquet(path: Path) -> bytes:
    """The bytes of a file that `write_parquet` wrote; raises as `read` does."""
    data = path.read_bytes()
    start = _seal(data)
    if start < 0 or _digest(data[:start] + BLANK + data[start + LENGTH :]) != data[start : start + LENGTH]:
        raise DamagedError(f"{path} is damaged")
    return data


def _seal(data: bytes) -> int:
    """Where the hash is in a Parquet file: last in its metadata, after its name and length; -1 if there is none."""
    found = [*re.finditer(re.escape(MARK) + b".{0,8}?([0-9a-f]{%d})" % LENGTH, data, re.DOTALL)]
    return found[-1].start(1) if found else -1


def _digest(data: bytes) -> bytes:
    return sha256(data).hexdigest().encode()
