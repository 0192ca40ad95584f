r"""The derivative of a line's integral by intervals: what every move does to events and payments.

A log-spot moves by the sum of what the moves up to its date do, :math:`m_i + \tfrac12 V_i n_i / V` each. Where all
these are multiples of one length over a run of moves, a sum that stops within the run is known from the lengths and the
noise that were reached there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np

from .._compiled import kernels
from .._typing import FloatArray
from .by_interval import Products, Slopes
from .line_integral import Integral
from .lines import Crossings, Line


@final
@dataclass(frozen=True, slots=True, eq=False)
class LinePush:
    """What a factor times the integral gains as moves are pushed, normals held fixed.

    Parameters
    ----------
    integral : Integral
    factor : float
    """

    integral: Integral
    factor: float

    def along(self, slopes: Slopes) -> Products:
        """As the means and variances have some slopes."""
        line, (rows, still, along, found_there) = self.integral.line, self.integral.pushed()
        assert isinstance(line, Line)
        mean, variance = _of_dates(line, rows.tolist(), slopes, still, along)
        for crossings, pushed in found_there:
            _add_crossings(line, crossings, slopes, (pushed, pushed * (crossings.point - line.place)), (mean, variance))
        yield self.factor * slopes.mean_rates, mean
        if slopes.variance_rates.any():
            yield 0.5 * self.factor * slopes.variance_rates / slopes.clock_rates.T, variance


def _reached(line: Line, slopes: Slopes) -> tuple[FloatArray, FloatArray]:
    """By every move, before it and at its end: lengths, and what the line adds; each of shape (n_moves + 1,)."""
    lengths = np.concatenate([[0.0], np.cumsum(slopes.runs.lengths)])
    return lengths, np.concatenate([[0.0], line.lengths[:, 0]])


def _of_dates(
    line: Line, rows: Sequence[int], slopes: Slopes, still: FloatArray, along: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """What motions up to some dates gain, per unit of length of the means and of the clock's motion.

    `still` is gained per unit of the log-spots' motions, and `along` per unit of what the line adds to them, row by
    row; the sums have the shape (n_runs, n_paths).
    """
    (lengths, shares), ends = _reached(line, slopes), slopes.reached
    mean, variance = (np.zeros((len(slopes.runs.starts), still.shape[1])) for _ in range(2))
    if compiled := kernels("lines"):
        places = np.full(len(lengths) - 1, -1)
        places[rows] = np.arange(len(rows))
        starts = np.array(slopes.runs.starts)
        compiled.add_dates(places, still, along, line.moves.noise, ends, lengths, shares, starts, mean, variance)
        return mean, variance
    later, later_along = np.zeros((2, still.shape[1]))
    ordered = sorted(zip(rows, still, along, strict=True), key=lambda row: -row[0])
    for k, run in reversed([*enumerate(slopes.runs)]):
        begun = ends[k - 1] if k else 0.0
        inside = [(run.stop - 1, later, later_along)]
        while ordered and ordered[0][0] >= run.start:
            inside.append(ordered.pop(0))
        for row, here, stretch in inside:
            noise = ends[k] if row == run.stop - 1 else line.reached[row]
            mean[k] += here * (lengths[row + 1] - lengths[run.start])
            variance[k] += here * (noise - begun) + stretch * (shares[row + 1] - shares[run.start])
        later = np.asarray(sum(here for _, here, _ in inside))
        later_along = np.asarray(sum(stretch for _, _, stretch in inside))
    return mean, variance


def _add_crossings(
    line: Line,
    where: Crossings,
    slopes: Slopes,
    gained: tuple[FloatArray, FloatArray],
    to: tuple[FloatArray, FloatArray],
) -> None:
    """Add `to` those sums what motions gain up to a date that every path has for itself, in place.

    `gained` is what `_of_dates` has date by date, per unit of the log-spot's motion and of what the line adds to it.
    """
    (lengths, shares), ends, (here, stretch) = _reached(line, slopes), slopes.reached, gained
    if (compiled := kernels("lines")) and where.row.ndim:
        compiled.add_crossings(
            here, stretch, where.row, where.noise, ends, lengths, shares, np.array(slopes.runs.starts), *to
        )
        return
    for k, run in enumerate(slopes.runs):
        last = np.minimum(where.row, run.stop - 1)
        inside = last >= run.start
        begun = ends[k - 1] if k else 0.0
        noise = np.where(where.row >= run.stop - 1, ends[k], where.noise) - begun
        to[0][k] += here * inside * (lengths[last + 1] - lengths[run.start])
        to[1][k] += inside * (here * noise + stretch * (shares[last + 1] - shares[run.start]))
