r"""Integrands of Europeans under Heston's model, and jets of what they pay from their integrals.

With :math:`M(k) = E[\min(e^{X-k}, 1)]` and :math:`P(k) = P(X > k)` (`fourier`), derivatives in k follow from

.. math:: M_k = P - M, \qquad P_k = -\frac1{2\pi}\int \varphi(u)\,e^{-iuk}\,du, \qquad
          P_{kk} = \frac1{2\pi}\int iu\,\varphi(u)\,e^{-iuk}\,du,

and those of :math:`\varphi` in the parameters are :math:`\varphi\,\psi_a` and
:math:`\varphi\,(\psi_{ab} + \psi_a\psi_b)`, with :math:`\psi = \log\varphi`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

import numpy as np

from ..._typing import AnyArray, FloatArray
from ...numerics.jets import Jet
from .fourier import unit_change


@final
@dataclass(frozen=True, slots=True)
class Integrands:
    """Which integrals a strike has: their order in a row of sums, and the steps of their derivatives.

    Parameters
    ----------
    names : tuple of str
        Coordinates of the derivatives: some of the parameters of the variance and ``maturity``.
    in_strike : bool
        Whether there are derivatives in ``log_moneyness`` too.
    """

    names: tuple[str, ...]
    in_strike: bool

    @property
    def pairs(self) -> tuple[AnyArray, AnyArray]:
        """Rows and columns of the second derivatives."""
        return np.triu_indices(len(self.names))

    @property
    def count(self) -> int:
        """How many integrals a strike has."""
        return 2 * self.orders + self.in_strike * (2 + len(self.names))

    @property
    def values(self) -> AnyArray:
        """For each integral that of the value which it is a derivative of, by place."""
        return np.repeat([0, self.orders], [self.orders, self.count - self.orders])

    @property
    def orders(self) -> int:
        """How many of each integrand: itself, and its first and second derivatives."""
        return 1 + len(self.names) + len(self.pairs[0])

    def terms(self, exponent: Jet, u: AnyArray, weight: AnyArray) -> AnyArray:
        """All integrands at the nodes without the strike, shape (n_integrals, n_nodes), from log phi."""
        a, b = self.pairs
        slope = exponent.gradient
        bent = exponent.hessian[a, b] + slope[a] * slope[b]
        minimum = np.concatenate([np.ones((1, len(u))), slope, bent]) * (
            np.exp(exponent.value) * weight / (u * (u + 1j))
        )
        above = minimum * (-1j * (u + 1j))
        if not self.in_strike:
            return np.concatenate([minimum, above])
        first = above[: 1 + len(self.names)] * (-1j * u)
        return np.concatenate([minimum, above, first, first[:1] * (-1j * u)])

    def units(self, values: Mapping[str, float]) -> FloatArray:
        """Products of the unit changes of the coordinates that each integral is differentiated in."""
        unit, (a, b) = np.array([unit_change(name, values) for name in self.names]), self.pairs
        own = np.concatenate([[1.0], unit, unit[a] * unit[b]])
        return np.concatenate([own, own, own[: 1 + len(unit)], [1.0]] if self.in_strike else [own, own])

    def jets(self, sums: FloatArray) -> tuple[Jet, Jet]:
        """P(X > k) and M(k) as jets, from sums of shape (n_strikes, n_integrals)."""
        count, size, names = self.orders, len(self.names), self.names
        minimum, above = sums[:, :count].T, sums[:, count : 2 * count].T
        if not self.in_strike:
            return self._jet(above, names), self._jet(minimum, names)
        names = (*names, "log_moneyness")
        in_k = sums[:, 2 * count :].T
        lower = np.concatenate([above[: 1 + size] - minimum[: 1 + size], in_k[:1] - above[:1] + minimum[:1]])
        return self._jet(above, names, in_k), self._jet(minimum, names, lower)

    def _jet(self, own: FloatArray, names: tuple[str, ...], in_k: FloatArray | None = None) -> Jet:
        """A jet from its derivatives in the names, and those in k: first, each with a name, second."""
        size, (a, b) = len(self.names), self.pairs
        gradient, hessian = np.empty((len(names), own.shape[1])), np.empty((len(names), len(names), own.shape[1]))
        gradient[:size] = own[1 : 1 + size]
        hessian[a, b] = hessian[b, a] = own[1 + size :]
        if in_k is not None:
            gradient[size] = in_k[0]
            hessian[size, :] = hessian[:, size] = in_k[1:]
        return Jet(names, own[0], gradient, hessian)
