r"""Zero-mean controls that any law gives for nothing, and their coefficients from a pilot.

Differentiating :math:`E[1] = 1` and :math:`E[S_T] = F` under the integral gives, for every weight *w* of the
likelihood-ratio estimator,

.. math:: E[w_A] = 0, \qquad E\Bigl[\frac{S_T}{F}\, w_A - \frac{\partial_A F}{F}\Bigr] = 0,
          \qquad E\Bigl[\frac{S_T}{F} - 1\Bigr] = 0 .

The estimate is the mean of :math:`y - \beta \cdot c`. Because :math:`\beta` comes from draws of its own, the estimate
is exactly unbiased and its standard error is the plain one.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
from scipy import linalg

from .._typing import FloatArray
from ..models.numerical import Differentiated
from ..models.protocol import PathModel
from ..parameters import Derivative
from .likelihood_ratio import Drawn

COLLINEAR = 1e-6
"""A control whose part independent of the others is smaller than this share of it is dropped."""


def has_forward(model: PathModel, maturity: float) -> bool:
    """Whether the model knows the expectation of its spot."""
    return model.forward_jet(np.asarray(maturity)) is not None


def enriched(model: PathModel, asked: Sequence[Derivative]) -> list[Derivative]:
    """The weights asked for; where scores are explicit, every parameter's and the gamma weight are added."""
    cheap = () if isinstance(model, Differentiated) else model.parameters  # a difference may not exist, and costs
    first = [*dict.fromkeys([*((name,) for name in cheap), *(d for d in asked if len(d) == 1)])]
    second = [d for d in asked if len(d) == 2]
    gamma = [("spot", "spot")] if "spot" in cheap and ("spot", "spot") not in second else []
    return [*first, *gamma, *second]


def labels(model: PathModel, maturity: float, weights: Sequence[Derivative]) -> list[str]:
    """What the rows of `free` are, in words."""
    plain = ["score " + ":".join(d) for d in weights]
    if not has_forward(model, maturity):
        return plain
    return [*plain, "spot - forward", *("spot x " + name for name in plain)]


def free(model: PathModel, maturity: float, drawn: Drawn, names: Sequence[Derivative]) -> FloatArray:
    """The free controls made of the weights `names` on one chunk, shape (n_controls, n_paths); each has mean zero."""
    weights = [drawn.weights[d] for d in names]
    forward = model.forward_jet(np.asarray(maturity))
    if forward is None:
        return np.stack(weights) if weights else np.zeros((0, drawn.spot.shape[-1]))
    relative = drawn.spot[-1] / forward.value
    moved = [relative * w - forward.derivative(*d) / forward.value for d, w in zip(names, weights, strict=True)]
    return np.stack([*weights, relative - 1.0, *moved])


def eligible(
    model: PathModel, maturity: float, weights: Sequence[Derivative], targets: Sequence[Collection[Derivative]]
) -> FloatArray:
    """Which free controls may serve which target, bool of shape (n_targets, n_controls).

    A control whose weight is of higher order than the target's own would be a polynomial of higher degree than what
    it controls: a gain in the bulk of the law, paid for by its tails. So a target gets every score, the second-order
    weight in the spot and the weights it is made of; and the spot times every score and times its own weights.
    """
    own = np.array([[w in target for w in weights] for target in targets]).reshape(len(targets), len(weights))
    first = np.array([len(w) == 1 for w in weights], dtype=bool)
    gamma = np.array([w == ("spot", "spot") for w in weights], dtype=bool)
    plain, moved = own | first | gamma, own | first
    if not has_forward(model, maturity):
        return plain
    return np.concatenate([plain, np.ones((len(targets), 1), dtype=bool), moved], axis=1)


@final
@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """Control coefficients for several targets.

    Attributes
    ----------
    coefficients : ndarray, shape (n_targets, n_controls)
        Zero for a control that is not eligible, that is a combination of others, or whose target was refused.
    gain : ndarray, shape (n_targets,)
        Variance without over with controls, each half of the pilot judged by the other half's coefficients;
        1 where that is no gain and the controls were refused.
    """

    coefficients: FloatArray
    gain: FloatArray


def fit_each(free: FloatArray, own: FloatArray, targets: FloatArray, allowed: FloatArray, weights: FloatArray) -> Fit:
    """`fit` where every target also has controls of its own, shape (n_targets, n_own, n_samples); they come last."""
    fits = []
    for rows, y, mask in zip(own, targets, allowed, strict=True):
        usable = np.concatenate([mask, np.ones(len(rows), dtype=bool)])
        fits.append(fit(np.concatenate([free, rows]), y[None], usable[None], weights))
    return Fit(np.concatenate([f.coefficients for f in fits]), np.concatenate([f.gain for f in fits]))


def _centred(rows: FloatArray, root: FloatArray) -> FloatArray:
    """Rows less their weighted means, times the square roots of the weights."""
    return (rows - (rows @ root**2 / (root @ root))[:, None]) * root


def _solve(controls: FloatArray, targets: FloatArray, allowed: FloatArray) -> FloatArray:
    """Least squares of each target on its allowed controls; nearly collinear ones are dropped, not inverted."""
    basis, triangle = linalg.qr(controls.T, mode="economic")
    projected = basis.T @ targets.T
    found = np.zeros(allowed.shape)
    for g, mask in enumerate(allowed):
        columns = np.flatnonzero(mask)
        if not len(columns):
            continue
        q, r, pivots = linalg.qr(triangle[:, columns], mode="economic", pivoting=True)
        rank = np.count_nonzero(np.abs(np.diag(r)) > COLLINEAR * abs(r[0, 0]))
        found[g, columns[pivots[:rank]]] = linalg.solve_triangular(r[:rank, :rank], q[:, :rank].T @ projected[:, g])
    return found


def fit(
    controls: FloatArray, targets: FloatArray, allowed: FloatArray | None = None, weights: FloatArray | None = None
) -> Fit:
    """Least-squares coefficients of `targets` on `controls`, refused where they do not lower the variance.

    Parameters
    ----------
    controls : ndarray, shape (n_controls, n_samples)
    targets : ndarray, shape (n_targets, n_samples)
    allowed : ndarray of bool, shape (n_targets, n_controls), optional
        Which controls may serve which target; default: all.
    weights : ndarray, shape (n_samples,), optional
        Importance of each sample; default: equal.

    Returns
    -------
    Fit
    """
    count, size = len(controls), controls.shape[-1]
    mask = np.ones((len(targets), count), dtype=bool) if allowed is None else allowed
    root = np.sqrt(np.ones(size) if weights is None else weights)
    x, y = _centred(controls, root), _centred(targets, root)
    scale = np.sqrt((x**2).mean(axis=-1))
    live = (scale > 0.0) & np.isfinite(scale)
    if not live.any() or size < 8 * count:
        return Fit(np.zeros((len(targets), count)), np.ones(len(targets)))
    x, mask = x[live] / scale[live, None], mask[:, live]

    halves = slice(0, size, 2), slice(1, size, 2)
    raw = (y**2).sum(axis=-1)
    left = np.zeros(len(targets))
    for train, judge in (halves, halves[::-1]):
        left += ((y[:, judge] - _solve(x[:, train], y[:, train], mask) @ x[:, judge]) ** 2).sum(axis=-1)
    gain = np.divide(raw, left, out=np.ones_like(raw), where=left > 0.0)

    coefficients = np.zeros((len(targets), count))
    coefficients[:, live] = _solve(x, y, mask) / scale[live]
    coefficients[gain <= 1.0] = 0.0
    return Fit(coefficients, np.maximum(gain, 1.0))
