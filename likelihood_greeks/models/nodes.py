r"""Nodes of curves as coordinates beside the shift of all of them: the first derivatives that make buckets.

What a curve has accrued by a date is linear in its means :math:`c_k` to the nodes (or in their squares), so that with
:math:`\lambda_k(t)` what the curve that is one at node k and zero at the others has accrued,

.. math:: \frac{\partial A(t)}{\partial z_k} = \lambda_k(t), \qquad
          \frac{\partial w(t)}{\partial \sigma_k} = 2\,\sigma_k\,\lambda_k(t), \qquad \sum_k \lambda_k(t) = t .

Nodes have no scores of their own and no second derivatives: whatever is linear in a change of the law is split by them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from .._typing import AnyArray
from ..numerics.jets import Jet
from .curves import accrued


def names(shift: str, count: int) -> tuple[str, ...]:
    """The coordinates of the nodes of a curve, ``"rate[0]"`` and so on, by the name of its parallel shift."""
    return tuple(f"{shift}[{k}]" for k in range(count))


def variables(values: Mapping[str, float], more: Sequence[str]) -> dict[str, Jet]:
    """One jet per coordinate, and one of value zero and without second derivatives for each of `more`."""
    every, size = (*values, *more), len(values)
    eye, zero = np.eye(len(every)), np.zeros((size, size))
    return {name: Jet(every, np.asarray(float(values.get(name, 0.0))), eye[i], zero) for i, name in enumerate(every)}


def reached(years: Sequence[float], last: float) -> list[bool]:
    """Whether what has accrued by some date up to the last depends on each node of a curve: if that before is earlier.

    >>> reached((0.5, 1.0, 2.0, 3.0), 1.0)
    [True, True, False, False]
    """
    return [before < last for before in (0.0, *years)][: len(years)]


def by_node(like: Jet, shift: str, nodes: Sequence[float], scales: Sequence[float], times: AnyArray) -> Jet:
    """What changes of the nodes, each on its own scale, add by `times`: a jet in the coordinates of another, zero."""
    zero = like.constant(np.zeros(np.shape(times)))
    gradient = np.array(zero.gradient)
    for name, unit in zip(names(shift, len(nodes)), np.diag(np.asarray(scales, dtype=float)), strict=True):
        gradient[like.names.index(name)] = accrued(nodes, unit, times)
    return Jet(like.names, zero.value, gradient, zero.hessian)
