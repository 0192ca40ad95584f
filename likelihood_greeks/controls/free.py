r"""Zero-mean controls that any law gives for nothing.

Differentiating :math:`E[1] = 1` and :math:`E[S_T] = F` under the integral gives, for every weight *w* of the
likelihood-ratio estimator,

.. math:: E[w_A] = 0, \qquad E\Bigl[\frac{S_T}{F}\, w_A - \frac{\partial_A F}{F}\Bigr] = 0,
          \qquad E\Bigl[\frac{S_T}{F} - 1\Bigr] = 0 .

The estimate is the mean of :math:`y - \beta \cdot c`. Because :math:`\beta` comes from draws of its own, the estimate
is exactly unbiased and its standard error is the plain one.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from .._typing import FloatArray
from ..estimators.likelihood_ratio import Drawn
from ..models.adaptor import Adapted
from ..models.capabilities import ActsInLayers, forwards_of, has
from ..models.protocol import PathModel
from ..parameters import Derivative

MANY = 64
"""Weights from which on not every score may serve every target."""

FEW = 3  # derivatives that a target is made of whose weights are controls nevertheless


def has_forward(model: PathModel, maturity: float) -> bool:
    """Whether the model knows the expectation of its spot."""
    return model.forward_jet(np.asarray(maturity)) is not None


def enriched(model: PathModel, asked: Sequence[Derivative]) -> list[Derivative]:
    """The weights asked for; where scores are explicit, those of all parameters and the gamma weight are added.

    Of a law that acts in layers only the parameters of the spots: the scores of what is beneath cost a third of the run
    and add nothing to the Greeks of the others (measured under Heston).
    """
    cheap = _cheap(model)
    first = [*dict.fromkeys([*((name,) for name in cheap), *(d for d in asked if len(d) == 1)])]
    second = [d for d in asked if len(d) == 2]
    gamma = [("spot", "spot")] if "spot" in cheap and ("spot", "spot") not in second else []
    return [*first, *gamma, *second]


def serving(
    model: PathModel, weights: Sequence[Derivative], targets: Sequence[Collection[Derivative]]
) -> list[Derivative]:
    """The weights that make controls: all, or if these are many, those of the cheap parameters and of small targets.

    Coefficients of hundreds of controls cannot be fitted to a pilot's few thousand samples.
    """
    if len(weights) <= MANY:
        return list(weights)
    kept = {*((name,) for name in _cheap(model)), *(w for target in targets if len(target) <= FEW for w in target)}
    return [w for w in weights if w in kept or len(w) == 2]


def _cheap(model: PathModel) -> Sequence[str]:
    """Parameters whose scores cost next to nothing."""
    if isinstance(model, Adapted) and model.differentiated:  # a difference may not exist, and costs
        return ()
    return model.direct_parameters if has(model, ActsInLayers) else model.parameters


def labels(model: PathModel, maturity: float, weights: Sequence[Derivative]) -> list[str]:
    """What the rows of `free` are, in words."""
    plain = ["score " + ":".join(d) for d in weights]
    if not has_forward(model, maturity):
        return [*plain, *(f"spot of {asset} - forward" for asset in forwards_of(model, maturity))]
    return [*plain, "spot - forward", *("spot x " + name for name in plain)]


def free(model: PathModel, maturity: float, drawn: Drawn, names: Sequence[Derivative]) -> FloatArray:
    """The free controls made of the weights `names` on one chunk, shape (n_controls, n_paths); each has mean zero."""
    weights = [drawn.weights[d] for d in names]
    forward, means = model.forward_jet(np.asarray(maturity)), forwards_of(model, maturity)
    if forward is None:
        several = (
            [spot[-1] / mean - 1.0 for spot, mean in zip(drawn.spot, means.values(), strict=True)] if means else []
        )
        return np.stack([*weights, *several]) if weights or several else np.zeros((0, drawn.spot.shape[-1]))
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
    own = np.array([[w in target for w in weights] for target in targets], dtype=bool).reshape(
        len(targets), len(weights)
    )
    many, cheap = len(weights) > MANY, _cheap(model)
    first = np.array([len(w) == 1 and (not many or w[0] in cheap) for w in weights], dtype=bool)
    gamma = np.array([w == ("spot", "spot") for w in weights], dtype=bool)
    plain, moved = own | first | gamma, own | first
    if not has_forward(model, maturity):
        several = np.ones((len(targets), len(forwards_of(model, maturity))), dtype=bool)
        return np.concatenate([plain, several], axis=1)
    return np.concatenate([plain, np.ones((len(targets), 1), dtype=bool), moved], axis=1)
