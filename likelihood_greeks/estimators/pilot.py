r"""Draws for the pilot: the law itself, and the law pushed far up and down.

Coefficients fitted to a few thousand ordinary draws extrapolate badly: the polynomial tails of what is left then
dominate the error of the main run. Half of the pilot is therefore drawn with the rate moved by
:math:`\pm\delta`, which shifts the final log-spot by three standard deviations, and every path is weighted by

.. math:: \omega = \frac{p}{\sum_k \alpha_k p_k}, \qquad
          \log\frac{p_k}{p} = \delta_k\, s_r + \tfrac12 \delta_k^2\, \partial_{rr} \log p,

which is exact where the log-spot is Gaussian, given the variance. Nothing about the estimate depends on it: any
coefficients leave it unbiased.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from .._typing import FloatArray
from ..models.numerical import moved
from ..models.protocol import PathModel, observed
from ..parameters import Derivative
from ..sampling import Chunk
from .likelihood_ratio import Drawn, weigh

SHIFTS = np.array([0.0, 3.0, -3.0])  # of the final log-spot, in standard deviations
SHARES = np.array([0.5, 0.25, 0.25])
RATE = ("rate",)


def draws(
    model: PathModel, times: Sequence[float], chunk: Chunk, needed: Sequence[Derivative]
) -> Iterator[tuple[Drawn, FloatArray]]:
    """Weighted draws of the pilot: (paths with their weights as an estimator, weight as a sample)."""
    grid = np.asarray(times)
    paths = model.simulate(grid, chunk.stream())
    if chunk.sampling != "pseudo" or not _can_be_pushed(model, times):
        yield weigh(model, paths, needed), np.ones(chunk.n_paths)
        return
    step = np.log(observed(paths)[-1]).std() / times[-1]  # one standard deviation, as a change of the rate
    for k, (shift, share) in enumerate(zip(SHIFTS * step, SHARES, strict=True)):
        piece = replace(chunk, index=k, n_paths=round(share * chunk.n_paths))
        paths = moved(model, {"rate": shift}).simulate(grid, piece.stream())
        drawn = weigh(model, paths, [*needed, *({RATE} - set(needed))])
        curvature = model.hessian(paths, [("rate", "rate")])[0]
        yield drawn, _weight(drawn.weights[RATE], curvature, SHIFTS * step)


def _can_be_pushed(model: PathModel, times: Sequence[float]) -> bool:
    return {"spot", "rate"} <= set(model.parameters) and model.forward_jet(np.asarray(times[-1])) is not None


def _weight(score: FloatArray, curvature: FloatArray, shifts: FloatArray) -> FloatArray:
    """Density of the law over that of the mixture, shape (n_paths,)."""
    ratios = np.exp(shifts[:, None] * score + 0.5 * shifts[:, None] ** 2 * curvature)
    return np.asarray(1.0 / (SHARES @ ratios))
