"""What a run leaves on disk while it is under way: a folder of parts beside its output, from which it can go on.

Every block of trades is one Parquet file with its rows of the frame, so that the folder can be read as it is; its exact
state (moments, problems) stands in the file's metadata, as JSON. The samples of net positions, summed over the blocks
so far, stand beside them. A part serves again if everything that its numbers depend on is the same: its fingerprint.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any, final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from .._checks import refuse
from ..engine.batches import Batches
from ..estimate import Moments, Replicated, Statistics
from ..scouted import Scouted
from .blocks import Block
from .frame import COLUMNS
from .own_payoffs import ADDRESS, written
from .tally import Net, Row, Tally
from .trades import Problem

STATE = b"likelihood_greeks"
SUMS = ("count", "mean", "m2", "m3", "m4")
RUN = "_run.json"
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
    parts = [repr([version("likelihood-greeks"), np.__version__, blocks[0].labels, *settings])]
    parts += [ADDRESS.sub("", repr((block.groups[0].combinations, block.trades))) for block in blocks]
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
    """

    path: Path
    prints: Mapping[str, str]

    @classmethod
    def begun(cls, output: Path, resume: bool, seed: int, prints: Mapping[str, str]) -> Parts:
        """The folder, emptied unless the run is to go on.

        Raises
        ------
        ValueError
            If there is something else under its name.
        """
        path = folder(output)
        if path.exists() and not (path / RUN).is_file():
            refuse("output", f"leave {path.name} free: a folder for parts of the run", str(path))
        if path.exists() and not resume:
            shutil.rmtree(path)
        path.mkdir(exist_ok=True)
        _written(path / RUN, lambda file: file.write_text(json.dumps({"seed": seed})))
        return cls(path, prints)

    def _named(self, underlying: str) -> str:
        safe = "".join(c if c.isalnum() or c in "-." else "_" for c in underlying)
        return f"{safe}-{sha256(underlying.encode()).hexdigest()[:8]}"

    def _part(self, block: Block) -> Path:
        return self.path / f"{self._named(block.underlying)}-{block.number:05d}.parquet"

    def _net(self, underlying: str) -> Path:
        return self.path / f"_net-{self._named(underlying)}.npz"

    def stale(self) -> list[str]:
        """Underlyings whose parts are of another run."""
        return [name for name in self.prints if self._net(name).is_file() and self.net(name) is None]

    def tally(self, block: Block) -> Tally | None:
        """What was kept of a block, if it is of the same run."""
        try:
            state = json.loads(pq.read_schema(self._part(block)).metadata[STATE])
        except (OSError, ValueError, KeyError, TypeError, pa.ArrowException):
            return None
        if state["fingerprint"] != self.prints[block.underlying]:
            return None
        moments = {key: _moments(value) for key, value in state["moments"].items()}
        problems = tuple(Problem(**problem) for problem in state["problems"])
        return Tally(state["chunks"], moments, problems, tuple(state["given_up"]), _batches(state["batches"]))

    def net(self, underlying: str) -> Net | None:
        """What was kept of a net position, if it is of the same run."""
        try:
            with np.load(self._net(underlying)) as found:
                if str(found["fingerprint"]) != self.prints[underlying]:
                    return None
                samples = tuple(found[f"samples {k}"] for k in range(int(found["pieces"])))
                total = _moments(json.loads(str(found["moments"]))) if str(found["moments"]) else None
                return Net(int(found["chunks"]), total, int(found["blocks"]), samples, int(found["aimed"]))
        except (OSError, ValueError, KeyError):
            return None

    def keep(self, block: Block, tally: Tally, rows: Callable[[], list[Row]], net: Net) -> None:
        """Keep a block, its rows, and the net position that it is in: the position first, which knows its blocks."""
        arrays: dict[str, Any] = {f"samples {k}": samples for k, samples in enumerate(net.samples)}
        arrays |= {"pieces": len(net.samples), "chunks": net.chunks, "blocks": net.blocks, "aimed": net.aimed}
        arrays["fingerprint"] = self.prints[block.underlying]
        arrays["moments"] = "" if net.moments is None else json.dumps(_plain(net.moments))
        _written(self._net(block.underlying), lambda file: _saved(file, arrays))
        state = {
            "fingerprint": self.prints[block.underlying],
            "chunks": tally.chunks,
            "moments": {key: _plain(value) for key, value in tally.moments.items()},
            "problems": [asdict(problem) for problem in tally.problems],
            "given_up": tally.given_up,
            "batches": _text(tally.batches),
        }
        table = pa.Table.from_pylist(rows(), SCHEMA).replace_schema_metadata({STATE: json.dumps(state)})
        _written(self._part(block), lambda file: pq.write_table(table, file))

    def forget(self, underlying: str) -> None:
        """Remove the parts of an underlying."""
        self._net(underlying).unlink(missing_ok=True)
        for path in self.path.glob(f"{self._named(underlying)}-*.parquet"):
            path.unlink()

    def done(self) -> None:
        """Remove the folder."""
        shutil.rmtree(self.path)


def earlier_seed(output: Path) -> int | None:
    """The seed of the run that left parts for this output; None if there are none."""
    try:
        return int(json.loads((folder(output) / RUN).read_text())["seed"])
    except (OSError, ValueError, KeyError):
        return None


def _written(path: Path, write: Callable[[Path], Any]) -> None:
    """A file that is there as a whole or not at all."""
    unfinished = path.with_name("_" + path.name + ".unfinished")
    write(unfinished)
    os.replace(unfinished, path)


def _saved(path: Path, arrays: dict[str, Any]) -> None:
    with path.open("wb") as file:
        np.savez(file, **arrays)


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
