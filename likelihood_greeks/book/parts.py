"""What a run leaves on disk while it is under way: a folder of parts beside its output, from which it can go on.

Every block of trades is one Parquet file with its rows of the frame, so that the folder can be read as it is; its exact
state (moments, problems) stands in the file's metadata, as JSON. The samples of net positions, summed over the blocks
so far, stand beside them. A part serves again if everything that its numbers depend on is the same, its fingerprint,
and no bit of its file has changed, its seal.
"""

from __future__ import annotations

import base64
import json
import os
import warnings
import zipfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any, final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from .._checks import refuse
from .._versions import versions
from ..engine.batches import Batches
from ..estimate import Moments, Replicated, Statistics
from ..scouted import Scouted
from . import sealed
from .blocks import Block
from .frame import COLUMNS
from .lock import FolderLock
from .own_code import ADDRESS, written
from .reading import BookWarning
from .tally import Net, Row, Tally
from .trades import Problem

STATE = b"likelihood_greeks"
SUMS = ("count", "mean", "m2", "m3", "m4")
RUN = "_run.json"
LONGEST = 80  # characters of an underlying in names of files
UNREADABLE = (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile, pa.ArrowException)
"""What reading a part raises that is not there, damaged, or of another version."""

KINDS = dict.fromkeys(
    ("trade_id", "underlying", "product", "greek", "method", "model", "currency", "note"), pa.string()
)
KINDS |= dict.fromkeys(("n_paths", "samples", "seed"), pa.int64())
SCHEMA = pa.schema([(column, KINDS.get(column, pa.float64())) for column in COLUMNS])


def folder(output: Path) -> Path:
    """Where the parts of a run with this output are."""
    return output.with_name(output.name + ".parts")


def fingerprint(blocks: Sequence[Block], *settings: object) -> str:
    """What the numbers of all trades on an underlying depend on: version, settings, seed, laws and contracts."""
    parts = [repr([versions(), blocks[0].labels, *settings])]
    parts += [ADDRESS.sub("", repr((block.groups[0].combinations, block.trades))) for block in blocks]
    parts += [repr([group.buckets for group in block.groups]) for block in blocks if block.places]
    parts += [written(trade.payoff) for block in blocks for group in block.trades for trade in group]
    return sha256("\n".join(parts).encode()).hexdigest()


@final
@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of a run.

    Parameters
    ----------
    path : pathlib.Path
        The folder.
    prints : mapping of str to str
        Fingerprints by underlying.
    lock : FolderLock
        Of this run; another one with the same output is refused.
    aside : pathlib.Path or None
        Where parts of an unfinished run were put with which this one does not go on.
    """

    path: Path
    prints: Mapping[str, str]
    lock: FolderLock
    aside: Path | None = None

    @classmethod
    def begun(cls, output: Path, resume: bool, seed: int, prints: Mapping[str, str]) -> Parts:
        """The folder; what an unfinished run left there is put aside unless the run is to go on.

        Raises
        ------
        ValueError
            If there is something else under its name, or another run is under way.
        """
        path = folder(output)
        if path.exists() and not (path / RUN).is_file() and (strange := [*filter(_strange, path.glob("*"))]):
            refuse("output", f"leave {path.name} free: a folder for parts of the run", str(strange[0]))
        lock, aside = FolderLock(path, output), None
        try:
            if resume:
                _warn_of_damage(path, lock)
            if not resume and any(path.glob("*.parquet")):
                aside = _put_aside(path)
            elif not resume:
                _cleared(path)
            sealed.write(path / RUN, json.dumps({"seed": seed}).encode())
        except BaseException:
            lock.release()
            raise
        return cls(path, prints, lock, aside)

    def _named(self, underlying: str) -> str:
        safe = "".join(c if c.isalnum() or c in "-." else "_" for c in underlying)[:LONGEST]
        return f"{safe}-{sha256(underlying.encode()).hexdigest()[:8]}"

    def _part(self, block: Block) -> Path:
        return self.path / f"{self._named(block.underlying)}-{block.number:05d}.parquet"

    def _net(self, underlying: str) -> Path:
        return self.path / f"_net-{self._named(underlying)}.npz"

    def stale(self) -> list[str]:
        """Underlyings whose parts are of another run."""
        return [name for name in self.prints if self._print_of(name) not in (None, self.prints[name])]

    def damaged(self) -> list[str]:
        """Underlyings whose net position is there and cannot be read, so that nothing of theirs serves."""
        found = [name for name in self.prints if self._net(name).exists()]
        return [name for name in found if self._print_of(name) in (None, self.prints[name]) and self.net(name) is None]

    def _print_of(self, underlying: str) -> str | None:
        """The fingerprint of the run that left a net position; None if that cannot be read."""
        try:
            with np.load(BytesIO(sealed.read(self._net(underlying)))) as found:
                return str(found["fingerprint"])
        except UNREADABLE:
            return None

    def tally(self, block: Block) -> Tally | None:
        """What was kept of a block, if it is of the same run, and undamaged; damage is warned of."""
        path = self._part(block)
        try:
            data = sealed.read_parquet(path)
            state = json.loads(pq.read_schema(pa.BufferReader(data)).metadata[STATE])
            if state["fingerprint"] != self.prints[block.underlying]:
                return None
            moments = {key: _moments(value) for key, value in state["moments"].items()}
            problems = tuple(Problem(**problem) for problem in state["problems"])
            return Tally(state["chunks"], moments, problems, tuple(state["given_up"]), _batches(state["batches"]))
        except FileNotFoundError:
            return None
        except UNREADABLE:
            line = f"parts of {block.underlying} are damaged ({path.name}): computed again"
            warnings.warn(line, BookWarning, stacklevel=2)
            return None

    def net(self, underlying: str) -> Net | None:
        """What was kept of a net position, if it is of the same run, and undamaged."""
        try:
            with np.load(BytesIO(sealed.read(self._net(underlying)))) as found:
                if str(found["fingerprint"]) != self.prints[underlying]:
                    return None
                samples = tuple(found[f"samples {k}"] for k in range(int(found["pieces"])))
                total = _moments(json.loads(str(found["moments"]))) if str(found["moments"]) else None
                return Net(int(found["chunks"]), total, int(found["blocks"]), samples, int(found["aimed"]))
        except UNREADABLE:
            return None

    def keep(self, block: Block, tally: Tally, rows: Callable[[], list[Row]], net: Net) -> None:
        """Keep a block, its rows, and the net position that it is in: the position first, which knows its blocks."""
        arrays: dict[str, Any] = {f"samples {k}": samples for k, samples in enumerate(net.samples)}
        arrays |= {"pieces": len(net.samples), "chunks": net.chunks, "blocks": net.blocks, "aimed": net.aimed}
        arrays["fingerprint"] = self.prints[block.underlying]
        arrays["moments"] = "" if net.moments is None else json.dumps(_plain(net.moments))
        packed = BytesIO()
        np.savez(packed, **arrays)
        sealed.write(self._net(block.underlying), packed.getvalue())
        state = {
            "fingerprint": self.prints[block.underlying],
            "chunks": tally.chunks,
            "moments": {key: _plain(value) for key, value in tally.moments.items()},
            "problems": [asdict(problem) for problem in tally.problems],
            "given_up": tally.given_up,
            "batches": _text(tally.batches),
        }
        table = pa.Table.from_pylist(rows(), SCHEMA).replace_schema_metadata({STATE: json.dumps(state)})
        sealed.write_parquet(self._part(block), table)

    def forget(self, underlying: str) -> None:
        """Remove the parts of an underlying."""
        self._net(underlying).unlink(missing_ok=True)
        for path in self.path.glob(f"{self._named(underlying)}-*.parquet"):
            path.unlink()

    def done(self) -> None:
        """Remove the folder: the run is over."""
        _cleared(self.path)
        (self.path / FolderLock.NAME).unlink(missing_ok=True)
        with suppress(OSError):  # there are files of others in it
            self.path.rmdir()
        self.close()

    def close(self) -> None:
        """Let another run have the folder."""
        self.lock.release()


def earlier_seed(output: Path) -> int | None:
    """The seed of the run that left parts for this output; None if there are none.

    Raises
    ------
    ValueError
        If it is not known any more.
    """
    path = folder(output) / RUN
    try:
        return int(json.loads(sealed.read(path))["seed"])
    except FileNotFoundError:
        return None
    except UNREADABLE:
        return refuse("seed", f"be given: {path} is damaged, and no longer says that of the stopped run", None)


def _warn_of_damage(path: Path, lock: FolderLock) -> None:
    """Warn of damage to what holds no number, of a run that goes on: the disk may not be sound."""
    damaged = [FolderLock.NAME] if lock.damaged else []
    try:
        sealed.read(path / RUN)
    except FileNotFoundError:
        pass
    except UNREADABLE:
        damaged.append(RUN)
    if damaged:
        line = f"damaged in {path}: {' and '.join(damaged)}; no number depends on that, and it is written again"
        warnings.warn(line, BookWarning, stacklevel=2)


def _strange(path: Path) -> bool:
    """Whether a file is none of a run's."""
    own = path.name in (FolderLock.NAME, RUN) or path.match("_net-*.npz") or path.match("*.parquet")
    return not (own or path.match("*.unfinished*"))


def _put_aside(path: Path) -> Path:
    """Move what a run left to a folder beside it, in place of what was put there before."""
    aside = path.with_name(path.name + ".earlier")
    if aside.is_dir():
        _cleared(aside)
    aside.mkdir(exist_ok=True)
    for file in path.iterdir():
        if file.name != FolderLock.NAME and not _strange(file):
            os.replace(file, aside / file.name)
    return aside


def _cleared(path: Path) -> None:
    """Remove the files of a run, and no others."""
    for file in path.iterdir():
        if file.name != FolderLock.NAME and not _strange(file):
            file.unlink()


def _text(batches: Batches | None) -> list[Any] | None:
    """Batches as text, with their shape."""
    if batches is None:
        return None
    words = (
        base64.b64encode(np.ascontiguousarray(x, "<f8").tobytes()).decode() for x in (batches.sums, batches.counts)
    )
    return [*words, batches.sums.shape]


def _batches(text: list[Any] | None) -> Batches | None:
    if text is None:
        return None
    sums, counts = (np.frombuffer(base64.b64decode(word), "<f8") for word in text[:2])
    return Batches(sums.reshape(text[2]), counts)


def _plain(found: Statistics) -> dict[str, Any]:
    """Moments as lists: JSON gives back the same floats."""
    if isinstance(found, Replicated):
        return {"replicates": [[key, _plain(part)] for key, part in found.parts.items()]}
    sums = {name: np.asarray(getattr(found, name)).tolist() for name in SUMS}
    return sums | {"scouted": {f.name: getattr(found.known, f.name).tolist() for f in fields(Scouted)}}


def _moments(plain: dict[str, Any]) -> Statistics:
    if "replicates" in plain:
        return Replicated({key: _part(part) for key, part in plain["replicates"]})
    return _part(plain)


def _part(plain: dict[str, Any]) -> Moments:
    count, *sums = (plain[name] for name in SUMS)
    scouted = Scouted(*(np.asarray(plain["scouted"][f.name], float) for f in fields(Scouted)))
    return Moments(count, *(np.asarray(values, float) for values in sums), scouted=scouted)
