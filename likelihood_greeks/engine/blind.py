"""Greeks that are zero for sure: derivatives in what moves none of the assets that a payoff sees."""

from __future__ import annotations

from collections.abc import Sequence

from .._typing import FloatArray
from ..estimators.likelihood_ratio import Combination, simulated
from ..models.capabilities import OfSeveralAssets, SaysWhatMoves, has
from ..models.protocol import PathModel, observed
from ..payoffs.protocol import Contract
from ..payoffs.sight import seen_by
from ..streams.chunks import Chunk

TRIAL = Chunk(0, 0, 16, pilot=True)  # paths on which payoffs are followed


def asked_of(
    model: PathModel, payoffs: Sequence[Contract], combinations: tuple[Combination, ...]
) -> tuple[tuple[Combination, ...], ...]:
    """By payoff, the combinations without derivatives that are zero since nothing that it sees moves with them.

    The same object where none is. Under a law that does not say what moves with what, and of one asset, none is.
    """
    every = (combinations,) * len(payoffs)
    if not (payoffs and has(model, OfSeveralAssets) and has(model, SaysWhatMoves)) or len(model.assets) < 2:
        return every
    names = {name for terms in combinations for derivative in terms for name in derivative}
    spot = observed(simulated(model, payoffs[0].times, TRIAL))
    return tuple(_felt(model, payoff, combinations, names, spot) for payoff in payoffs)


def _felt(
    model: SaysWhatMoves, payoff: Contract, combinations: tuple[Combination, ...], names: set[str], spot: FloatArray
) -> tuple[Combination, ...]:
    """The combinations with the derivatives alone that a payoff may have."""
    seen = seen_by(payoff, spot)
    unfelt = {name for name in names if not model.moves_with(seen, name)}
    if not unfelt:
        return combinations
    return tuple({d: factor for d, factor in terms.items() if not unfelt & {*d}} for terms in combinations)
