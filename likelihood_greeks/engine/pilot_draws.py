r"""Draws for the pilot: the law itself, and the law pushed far up and down, or stretched.

Coefficients fitted to a few thousand ordinary draws extrapolate badly: the polynomial tails of what is left then
dominate the error of the main run. Half of the pilot is therefore drawn with the rate moved by
:math:`\pm\delta`, which shifts the final log-spot by three standard deviations, and every path is weighted by

.. math:: \omega = \frac{p}{\sum_k \alpha_k p_k}, \qquad
          \log\frac{p_k}{p} = \delta_k\, s_r + \tfrac12 \delta_k^2\, \partial_{rr} \log p,

which is exact where the spot moves by normals; elsewhere densities are compared. Nothing about the estimate depends
on it: any coefficients leave it unbiased. A law that draws something beneath its spots is not pushed: its tails are
those of what is beneath, which no rate moves. A law of one date that turns one normal into its spot is stretched:
half of its pilot has normals twice as large, whose density is known whatever the law.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from .._typing import FloatArray
from ..estimators.likelihood_ratio import Drawn, simulated, weigh
from ..models.adaptor import moved
from ..models.capabilities import Movable, assets_of, has, travels_beneath
from ..models.protocol import PathModel, Paths, observed
from ..parameters import Derivative
from ..streams.chunks import Chunk, GivenNormals

SHIFTS = np.array([0.0, 3.0, -3.0])  # of the final log-spot, in standard deviations
SHARES = np.array([0.5, 0.25, 0.25])
STRETCH = 2.0
RATE = ("rate",)
LARGEST = 700.0  # of exponents: where hardly any variance accrued, a path moved by the rate has no density at all


def draws(
    model: PathModel, times: Sequence[float], chunk: Chunk, needed: Sequence[Derivative], rate: float
) -> Iterator[tuple[Drawn, FloatArray, Chunk]]:
    """Weighted draws of the pilot: paths with their weights, the importance of each sample, and how samples fold."""
    grid = np.asarray(times)
    if _made_of_one_normal(model, grid):
        yield from _stretched(model, grid, chunk, needed)
        return
    shifts = _shifts(model, grid, chunk)
    if shifts is None:
        yield weigh(model, simulated(model, times, chunk), needed, rate), np.ones(chunk.n_samples), chunk
        return
    counts = [round(share * chunk.n_paths) for share in SHARES]
    pieces = [replace(chunk, index=len(SHIFTS) * chunk.index + k, n_paths=n) for k, n in enumerate(counts)]
    pushed = [_pushed(model, grid, piece, shift) for piece, shift in zip(pieces, shifts, strict=True)]
    if (together := joined(pushed, chunk.sampling != "pseudo")) is not None:
        pushed, pieces = [together], [replace(chunk, n_paths=sum(counts))]
    for paths, piece in zip(pushed, pieces, strict=True):
        drawn = weigh(model, paths, [*needed, *({RATE} - set(needed))], rate)
        weight = _weight(_exponents(model, paths, drawn, shifts))
        yield drawn, weight[: piece.n_samples], piece  # of an antithetic pair the first path was drawn


def joined(pieces: Sequence[Paths], antithetic: bool) -> Paths | None:
    """All paths as one set; None if the law keeps what is not path by path.

    Of antithetic pairs the first paths come first, then the second ones.
    """
    first = pieces[0]
    alike = all(
        one.substeps == first.substeps
        and one.latent.keys() == first.latent.keys()
        and all(np.shape(rows)[-1:] == (one.n_paths,) for rows in one.latent.values())
        for one in pieces
    )
    if not alike:
        return None

    def along(rows: Sequence[FloatArray]) -> FloatArray:
        if not antithetic:
            return np.concatenate(rows, axis=-1)
        halves = [np.split(part, 2, axis=-1) for part in rows]
        return np.concatenate([*(a for a, _ in halves), *(b for _, b in halves)], axis=-1)

    latent = {name: along([np.asarray(one.latent[name]) for one in pieces]) for name in first.latent}
    return replace(first, spot=along([one.spot for one in pieces]), latent=latent, memo=None)


def _made_of_one_normal(model: PathModel, grid: FloatArray) -> bool:
    """Whether a path of the law is one date and made of one normal and nothing else, but does not move by normals."""
    if len(grid) > 1 or has(model, Movable):
        return False
    try:
        model.simulate(grid, GivenNormals(np.zeros((1, 2))))
    except (TypeError, ValueError):  # it asked for more, or for other numbers
        return False
    return True


def _stretched(
    model: PathModel, grid: FloatArray, chunk: Chunk, needed: Sequence[Derivative]
) -> Iterator[tuple[Drawn, FloatArray, Chunk]]:
    for k, factor in enumerate((1.0, STRETCH)):
        piece = replace(chunk, index=2 * chunk.index + k, n_paths=chunk.n_paths // 2)
        normals = factor * piece.stream().normals(1)
        drawn = weigh(model, model.simulate(grid, GivenNormals(normals)), needed)
        exponents = np.minimum(0.5 * normals[0] ** 2 * (1.0 - STRETCH**-2), LARGEST)
        weight = 2.0 / (1.0 + np.exp(exponents) / STRETCH)
        yield drawn, weight[: piece.n_samples], piece  # the paths of an antithetic pair weigh the same


def _shifts(model: PathModel, grid: FloatArray, chunk: Chunk) -> FloatArray | None:
    """Changes of the rate that move the final log-spot by `SHIFTS`; None where the law cannot be pushed so."""
    several = assets_of(model) and has(model, Movable) and "rate" in model.parameters
    if not several and (not {"spot", "rate"} <= set(model.parameters) or model.forward_jet(grid[-1]) is None):
        return None
    if travels_beneath(model, grid):
        return None
    trial = model.simulate(grid, replace(chunk, index=0, n_paths=1024).stream())  # every chunk: the same shifts
    spot = observed(trial)[..., -1, :]
    if not isinstance(trial, Paths) or not np.all(spot > 0.0):
        return None
    if several:  # as far as the score says, which moves all assets
        shifts = SHIFTS / weigh(model, trial, [RATE]).weights[RATE].std()
    else:
        shifts = SHIFTS * np.log(spot).std() / grid[-1]
    try:
        for shift in shifts:
            moved(model, {"rate": shift})
    except ValueError:
        return None
    return np.asarray(shifts)


def _pushed(model: PathModel, grid: FloatArray, chunk: Chunk, shift: float) -> Paths:
    """Paths under a moved rate; the second of an antithetic pair is moved the other way, like its normals."""
    up = moved(model, {"rate": shift}).simulate(grid, chunk.stream())
    if chunk.sampling == "pseudo":
        return up
    down = moved(model, {"rate": -shift}).simulate(grid, chunk.stream())
    half = chunk.n_paths // 2

    def joined(a: FloatArray, b: FloatArray) -> FloatArray:
        return np.concatenate([a[..., :half], b[..., half:]], axis=-1)

    latent = {name: joined(value, down.latent[name]) for name, value in up.latent.items()}
    return replace(up, spot=joined(up.spot, down.spot), latent=latent)


def _exponents(model: PathModel, paths: Paths, drawn: Drawn, shifts: FloatArray) -> FloatArray:
    """Logarithms of the density under every shift over that of the law, shape (n_shifts, n_paths)."""
    if drawn.moves is None:
        return np.stack([moved(model, {"rate": shift}).log_density(paths) for shift in shifts]) - model.log_density(
            paths
        )
    curvature = np.asarray(drawn.moves.curvature(("rate", "rate"), drawn.rate))
    return np.asarray(shifts[:, None] * drawn.weights[RATE] + 0.5 * shifts[:, None] ** 2 * curvature)


def _weight(exponents: FloatArray) -> FloatArray:
    """Density of the law over that of the mixture, shape (n_paths,)."""
    ratios = np.exp(np.minimum(exponents, LARGEST))
    return np.asarray(1.0 / (SHARES @ ratios))
