r"""Twins: what pays on the arithmetic average A of fixings, exercised where the geometric one, G, is above a level.

Under a law whose log-spots are jointly normal the two payments

.. math:: 1\{G > k\}, \qquad (A - K)\,1\{G > k\}

have prices and Greeks in closed form. With k near where G stands when A is at K, a payoff that compares A with K is
exercised as its twins are but for a path in a hundred or so, on which A is near K: a call less its twin is next to
nothing, and so is what the weights make of it. Nothing needs to be relaxed.

References
----------
.. [1] A. G. Z. Kemna and A. C. F. Vorst, "A pricing method for options based on average asset values",
   *Journal of Banking & Finance* 14 (1990), 113-129 (the geometric average as a control).
.. [2] M. Curran, "Valuing Asian and portfolio options by conditioning on the geometric mean price",
   *Management Science* 40 (1994), 1705-1711 (the twins' prices).
.. [3] K. D. Dingeç and W. Hörmann, "Control variates and conditional Monte Carlo for basket and Asian options",
   *Insurance: Mathematics and Economics* 52 (2013), 421-434 (the twin of a call as a control of its price).
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, final, get_args

import numpy as np
from numpy.polynomial import polynomial

from .._remembered import remembered
from .._typing import FloatArray
from ..estimators.likelihood_ratio import Combination
from ..numerics.jets import Jet
from ..payoffs.relaxed.tape import Level
from .by_interval import LESS, ByInterval
from .protocol import Load, Scene, SharedPaths, less_mean

Kind: TypeAlias = Literal["digital", "call", "forward"]
KINDS: tuple[Kind, ...] = get_args(Kind)
AVERAGES = 4  # compared averages that get twins
AVERAGE = 0.4
"""Work of every date of averages, arithmetic and geometric, in dates of a plain run (measured at 3 to 252 of them)."""

EARLY = 2.0
"""Deviations of log G, given A, by which a call's twin is exercised below where G stands when A is at the strike.
Exercised too early it loses a bounded amount; too late, on rare paths with A far above G, more and without bound. At
0.5 variances are a quarter as large, but four to sixty of 100,000 paths carry them; at 2, ninety and more."""


@final
@dataclass(frozen=True, slots=True)
class Twin:
    """A digital or call on an average of known price and Greeks, or a forward.

    Parameters
    ----------
    rows : tuple of int
        Of the dates.
    strike : float
        Of the arithmetic average, currency.
    level : float
        Above which the geometric average exercises it, currency, > 0.
    kind : {"digital", "call", "forward"}
        What it pays: one, the arithmetic average less the strike, or that on every path.
    greek : bool
        Whether it is taken times the weights, less its Greek, not as it is for every Greek.
    """

    rows: tuple[int, ...]
    strike: float
    level: float
    kind: Kind
    greek: bool = False

    @property
    def name(self) -> str:
        """What the twin is called in tables of controls."""
        exercised = "" if self.kind == "forward" else f", exercised where the geometric one is above {self.level:.4g}"
        what = "Greek" if self.greek else "price"
        return f"{self.kind} on the average of {len(self.rows)} dates at {self.strike:g}{exercised}, {what}"

    @property
    def family(self) -> None:
        """None: it stands alone."""

    def samples(self, scene: Scene, combinations: Sequence[Combination]) -> FloatArray:
        """The payment less its known price, or times the weights less its Greeks; (n_combinations, n_paths)."""
        times = scene.drawn.paths.times[list(self.rows)]
        known, payment = _known(scene.paths.model, self, tuple(times.tolist())), _payment(self, scene.paths)
        return less_mean(payment, known, scene.drawn.weights, self.greek, combinations)

    def by_interval(self, scene: Scene) -> ByInterval | None:
        """The samples of a first derivative by intervals; None of a price."""
        if not self.greek:
            return None
        times = scene.drawn.paths.times[list(self.rows)]
        known = _known(scene.paths.model, self, tuple(times.tolist()))
        return ByInterval(_payment(self, scene.paths), known=((LESS, known),))

    def work(self, load: Load) -> Mapping[Hashable, float]:
        """Work by piece: its own, and that of the averages over its dates."""
        return {self: load.closed(self.greek), ("averages", self.rows): AVERAGE * len(self.rows)}


def offered(levels: Sequence[Level], spot: FloatArray) -> Iterator[Twin]:
    """The twins of the averages that a payoff compares; `spot`, (n_times, n_paths), of a pilot."""
    compared = dict.fromkeys((known.rows, known.level) for known in levels if known.averaged and len(known.rows) > 1)
    for rows, strike in list(compared)[:AVERAGES]:
        middle, deviation = _standing(spot[list(rows)], strike)
        for kind in KINDS:
            level = float(np.exp(middle - EARLY * deviation * (kind != "digital")))
            yield from (Twin(rows, strike, level, kind, greek) for greek in (False, True))


def _standing(fixings: FloatArray, strike: float) -> tuple[float, float]:
    """Where the logarithm of the geometric average stands when the arithmetic one is at the strike, and its deviation.

    The logarithm of their ratio is about half the variance of the log-spots over the dates: given either average, a
    quadratic in its logarithm.
    """
    away, log_average = np.log(fixings.mean(axis=0) / strike), np.log(fixings).mean(axis=0)
    quadratic = polynomial.polyfit(away, log_average, 2)
    return float(quadratic[0]), float((log_average - polynomial.polyval(away, quadratic)).std())


@remembered(1024)
def _known(model: Any, twin: Twin, times: tuple[float, ...]) -> Jet:
    """The price and its derivatives, not discounted: the same on every chunk."""
    digital, asset = model.average_jets(twin.level, times)
    match twin.kind:
        case "digital":
            return digital
        case "call":
            return asset - twin.strike * digital
    forward = model.forward_jet(np.asarray(times))
    parts = (part.mean(axis=-1) for part in (forward.value, forward.gradient, forward.hessian))
    return Jet(forward.names, *parts) - twin.strike


def _payment(twin: Twin, paths: SharedPaths) -> FloatArray:
    """What it pays, shape (n_paths,)."""
    rows, moves = list(twin.rows), paths.drawn.moves
    assert moves is not None

    def arithmetic() -> FloatArray:
        return np.asarray(paths.drawn.spot[rows].mean(axis=0))

    def geometric() -> FloatArray:
        """The logarithm, from the noise of the moves: the same constant is missing on all paths."""
        shares = (np.bincount(rows, minlength=len(moves.noise)) / len(rows))[::-1].cumsum()[::-1]
        noise = shares @ moves.noise
        return np.asarray(noise + (np.log(paths.drawn.spot[rows, 0]).mean() - noise[0]))

    above = paths.shared(("geometric", twin.rows), geometric) > np.log(twin.level)
    if twin.kind == "digital":
        return above.astype(float)
    average = paths.shared(("arithmetic", twin.rows), arithmetic)
    return average - twin.strike if twin.kind == "forward" else above * (average - twin.strike)
