r"""Bump and reprice with common random numbers: the baseline that desks know.

Each Greek is a central difference of prices whose models (or dates) are bumped and whose random numbers are the
same: drawn once a chunk, and played again to every bumped model. The bias is of order h², and at a discontinuity the
variance is of order 1/h.

References
----------
.. [1] P. Glasserman, *Monte Carlo Methods in Financial Engineering*, Springer, 2003, section 7.1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TypeAlias, final

import numpy as np

from .._quantities import declared
from .._typing import FloatArray
from ..models.adaptor import moved, value_of
from ..models.capabilities import Ages, direct_parameters, draws_beneath, has
from ..models.protocol import PathModel, observed
from ..numerics.differences import three_point
from ..parameters import TIME
from ..payoffs.protocol import Contract, cash_flows, payment_times
from ..streams.chunks import Chunk
from ..streams.recorded import Recording, Source
from .likelihood_ratio import Combination, sum_of, under

Shift: TypeAlias = tuple[tuple[str, float], ...]


def present_values(model: PathModel, payoff: Contract, source: Source, shift: Mapping[str, float]) -> FloatArray:
    """Discounted payoff of every path under a shifted model, shape (n_paths,); the same draws for every shift."""
    elapsed = shift.get(TIME, 0.0)
    bumped = moved(model, {name: h for name, h in shift.items() if name != TIME})
    if elapsed and has(bumped, Ages):
        bumped = bumped.later(elapsed)
    paths = bumped.simulate(np.asarray(payoff.times) - elapsed, source.stream())
    payoff = under(payoff, bumped, elapsed)
    flows = cash_flows(payoff, observed(paths))
    return np.asarray(bumped.discount_jet(payment_times(payoff, flows) - elapsed).value @ flows)


def bump_sizes(model: PathModel, payoff: Contract, bump: float) -> dict[str, float]:
    """Absolute bumps: `bump` times the size of the first date and of proportional parameters, else times 1 or more.

    A bump of 0.01 is one per cent of the spot or of a variance, but one volatility point, one per cent of rate. It is
    relative to any parameter that is too close to the end of its domain for that.
    """
    sizes = {TIME: bump * payoff.times[0]}
    for name, parameter in declared(model).items():
        size = abs(value_of(model, name))
        sizes[name] = bump * (size if parameter.proportional else max(size, 1.0))
        try:
            moved(model, {name: sizes[name]})
            moved(model, {name: -sizes[name]})
        except ValueError:
            sizes[name] = bump * size
    return sizes


@final
@dataclass(frozen=True, slots=True)
class FiniteDifference:
    """Samples of bumped differences of one payoff.

    Parameters
    ----------
    model : PathModel
    payoff : Contract
    combinations : tuple of Combination
    bump : float
        Size of the bumps, as in `bump_sizes`.
    """

    model: PathModel
    payoff: Contract
    combinations: tuple[Combination, ...]
    bump: float

    def samples(self, chunk: Chunk) -> FloatArray:
        """One sample a path (or pair) for every combination, shape (n_combinations, n_samples)."""
        sizes = bump_sizes(self.model, self.payoff, self.bump)
        known: dict[Shift, FloatArray] = {}
        source = Recording(chunk)

        def price(shift: Mapping[str, float]) -> FloatArray:
            key = tuple(sorted(shift.items()))
            if key not in known:
                known[key] = present_values(self.model, self.payoff, source, shift)
            return known[key]

        wanted = dict.fromkeys(chain.from_iterable(self.combinations))
        table = {derivative: three_point(price, derivative, sizes) for derivative in wanted}
        return chunk.fold(np.stack([sum_of(c, table) for c in self.combinations]))

    def notes(self, labels: Sequence[str]) -> dict[str, str]:
        """What to hold against each Greek: every difference is biased by its bump."""
        remark = f"biased: central difference of {self.bump:.3g} bumps, error of order bump squared"
        redrawn = "; noisy: what is drawn beneath the spots jumps when this parameter moves"
        beneath = draws_beneath(self.model, self.payoff.times)

        def note(combination: Combination) -> str:
            names = set(chain.from_iterable(combination))
            return remark + (redrawn if beneath and not names <= direct_parameters(self.model) else "") if names else ""

        return {label: note(c) for label, c in zip(labels, self.combinations, strict=True)}
