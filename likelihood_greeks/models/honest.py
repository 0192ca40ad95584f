"""The trial of a law of one's own: its draws come from the stream it is given, and stay as they are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .._checks import real_array
from .._typing import FloatArray
from ..streams.recorded import Draws, Live, Recorder
from .adaptor import Adapted
from .protocol import PathModel, observed

OWN = __name__.partition(".")[0]
STREAMS = 8  # a law that has one path in 64 elsewhere draws it in the same place of each once in 1e15 trials


def verify_draws(model: PathModel, times: Sequence[float], stream: Callable[[int], Live]) -> None:
    """Refuse a law of the user's own whose paths are not made of its stream alone, or change once they are drawn.

    Parameters
    ----------
    model : PathModel
    times : sequence of float
    stream : callable
        From a number to a stream; from the same number to one that gives the same.

    Raises
    ------
    ValueError
        If the same stream gives other paths, others the same, or paths change when others are drawn or their density
        is asked for; or a spot is not finite.
    """
    law: Any = model.law if isinstance(model, Adapted) else model
    if type(law).__module__.partition(".")[0] == OWN:  # its contract is tested
        return
    grid = np.asarray(times, dtype=float)
    paths = model.simulate(grid, stream(0))
    drawn = _spots(paths)
    again, other = _spots(model.simulate(grid, stream(0))), _spots(model.simulate(grid, stream(1)))
    name = type(law).__name__
    if not np.isfinite(drawn).all():
        raise ValueError(f"{name}.simulate must draw finite spots, got {drawn[~np.isfinite(drawn)][0]}")
    if not np.array_equal(drawn, again):
        raise ValueError(
            f"{name}.simulate must draw all that is random from its stream (stream.normals, stream.uniforms, "
            f"stream.generator), so that a seed gives the same paths again; got {_first(drawn, again)}"
        )
    if drawn.size and np.array_equal(drawn, other) and not _from_stream(model, grid, stream, drawn):
        raise ValueError(f"{name}.simulate must draw from its stream: got the same paths from two different streams")
    model.log_density(paths)
    if not np.array_equal(drawn, observed(paths)):
        raise ValueError(
            f"{name} must leave paths as they are once they are drawn, got others after another call of simulate or "
            f"log_density: {_first(drawn, observed(paths))}"
        )


def _from_stream(model: PathModel, grid: FloatArray, stream: Callable[[int], Live], drawn: FloatArray) -> bool:
    """Whether paths that are the same in two streams may come from them all the same: those of a law with an atom.

    It asks its stream for numbers, and either some other stream gives other paths, or all paths are one, next to which
    others are too rare to be seen here; numbers that do not vary are marked where they are estimated.
    """
    asked: Draws = []
    model.simulate(grid, Recorder(stream(0), asked))
    if not asked:
        return False
    others = (_spots(model.simulate(grid, stream(number))) for number in range(2, STREAMS))
    return bool((drawn == drawn[..., :1]).all()) or not all(np.array_equal(drawn, spots) for spots in others)


def _spots(paths: Any) -> FloatArray:
    return real_array("what simulate draws", getattr(paths, "spot", paths)).copy()


def _first(a: FloatArray, b: FloatArray) -> str:
    """The first spots that differ."""
    if a.shape != b.shape:
        return f"shapes {a.shape} and {b.shape}"
    return "{:.6g} and {:.6g}".format(*(x[a != b][0] for x in (a, b)))
