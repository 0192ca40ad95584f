r"""Paths of which some are drawn beneath their spots from where the law seldom is: high variances, many jumps.

A fall that comes once in ten thousand paths comes out of a variance that is high, or of several jumps. Spots that are
pushed given what typical paths have beneath hardly tell its chance: a few of their weights carry it all. So a share of
the paths has what other laws :math:`p_k` of the same kind draw beneath, and with the density of all that is beneath,

.. math:: \omega = \frac{p}{(1 - \alpha)\,p + \tfrac{\alpha}{m} \sum_{k=1}^m p_k},

which is at most :math:`1/(1 - \alpha)`. The spots, given it, are those of the law.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from .._typing import FloatArray
from ..estimators.likelihood_ratio import simulated
from ..models.capabilities import DrawsFarBeneath, has
from ..models.protocol import PathModel, Paths
from ..streams.chunks import Chunk
from .pilot_draws import joined

FAR = 0.3  # share of paths that are far beneath
STREAM = 1 << 24  # what the index of their draws is ahead
LARGEST = 600.0  # of exponents


def mixed_beneath(model: PathModel, times: Sequence[float], chunk: Chunk) -> tuple[Any, FloatArray]:
    """Paths of a chunk, and the density of the mixture that they have beneath over the law's, shape (n_paths,).

    Of one, for a law that cannot look far beneath.
    """
    laws = model.far_beneath(times[-1]) if has(model, DrawsFarBeneath) else ()
    count = 2 * round(0.5 * FAR * chunk.n_paths / max(len(laws), 1))  # whole antithetic pairs
    if not laws or not count or not has(model, DrawsFarBeneath):
        return simulated(model, times, chunk), np.ones(chunk.n_paths)
    own = chunk.n_paths - count * len(laws)
    pieces = [model.simulate(np.asarray(times), replace(chunk, n_paths=own).stream())]
    for number, law in enumerate(laws, 1):
        far = replace(chunk, n_paths=count, index=chunk.index + number * STREAM)
        pieces.append(model.simulate_beneath(np.asarray(times), far.stream(), law))
    paths: Paths | None = joined(pieces, chunk.sampling != "pseudo")
    if paths is None:
        return simulated(model, times, chunk), np.ones(chunk.n_paths)
    ratios = [np.exp(np.minimum(-model.log_ratio_beneath(paths, law), LARGEST)) for law in laws]
    return paths, np.asarray((own + count * np.sum(ratios, axis=0)) / chunk.n_paths)
