r"""Exact first and second derivatives of closed forms, by second-order forward differentiation.

A `Jet` is a value with its gradient and Hessian in named coordinates. A formula written once, for jets,
gives its price and every Greek of first and second order to machine precision:

.. math::
    \partial_a g(x) = g'(x)\,x_a, \qquad \partial_{ab}\, g(x) = g'(x)\,x_{ab} + g''(x)\,x_a x_b .

Values may be arrays (a Fourier grid, several strikes); the coordinate axes come first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np
from scipy import special

from .._typing import AnyArray


def _lift(array: AnyArray, lead: int, ndim: int) -> AnyArray:
    """Insert axes after the first `lead` (coordinate) axes so that the rest has `ndim` axes and broadcasts."""
    missing = ndim - (array.ndim - lead)
    return array.reshape(array.shape[:lead] + (1,) * missing + array.shape[lead:]) if missing else array


@final
@dataclass(frozen=True, slots=True, eq=False)
class Jet:
    """A value with its first and second derivatives.

    Parameters
    ----------
    names : tuple of str
        The coordinates, ``P`` of them.
    value : ndarray, shape (...)
    gradient : ndarray, shape (P, ...)
    hessian : ndarray, shape (P, P, ...)
        Or (0, 0, ...), where second derivatives are not wanted.
    """

    names: tuple[str, ...]
    value: AnyArray
    gradient: AnyArray
    hessian: AnyArray

    __array_ufunc__ = None  # so that ``ndarray * jet`` comes to Jet.__rmul__

    @classmethod
    def variables(cls, values: Mapping[str, float], second: bool = True) -> dict[str, Jet]:
        """One jet per coordinate: the coordinate itself; with second derivatives or without."""
        names, size = tuple(values), len(values)
        eye, zero = np.eye(size), np.zeros((size, size) if second else (0, 0))
        return {name: cls(names, np.asarray(float(values[name])), eye[i], zero) for i, name in enumerate(names)}

    def constant(self, value: Any) -> Jet:
        """A constant in the same coordinates."""
        value, size, second = np.asarray(value), len(self.names), len(self.hessian)
        return Jet(self.names, value, np.zeros((size, *value.shape)), np.zeros((second, second, *value.shape)))

    def derivative(self, *names: str) -> AnyArray:
        """The value, a first or a second derivative, for none, one or two coordinate names."""
        rows = [self.names.index(name) for name in names]
        match rows:
            case []:
                return self.value
            case [a]:
                return np.asarray(self.gradient[a])
            case [a, b]:
                return np.asarray(self.hessian[a, b])
        raise ValueError(f"names must be at most two coordinates, got {names!r}")

    def chain(self, value: AnyArray, slope: AnyArray, curvature: AnyArray) -> Jet:
        """g(self), from g, g' and g'' at ``self.value``."""
        curved = self.gradient[: len(self.hessian)]
        outer = curved[:, None] * curved[None, :]
        return Jet(self.names, value, slope * self.gradient, slope * self.hessian + curvature * outer)

    @property
    def real(self) -> Jet:
        """Real part, in real coordinates."""
        return Jet(self.names, self.value.real, self.gradient.real, self.hessian.real)

    def only(self, names: Sequence[str]) -> Jet:
        """With no derivatives but those in some of the coordinates, in their order.

        Those without second derivatives come last here as there.
        """
        rows = [self.names.index(name) for name in names]
        second = [row for row in rows if row < len(self.hessian)]
        hessian = self.hessian[np.ix_(second, second)] if self.names else self.hessian
        return Jet(tuple(names), self.value, self.gradient[rows], hessian)

    def entries(self, places: AnyArray) -> Jet:
        """Some entries of the last axis."""
        return Jet(self.names, self.value[..., places], self.gradient[..., places], self.hessian[..., places])

    def at(self, inner: Mapping[str, Jet]) -> Jet:
        """The function g(y), of which this is the jet, at y(x): `inner` takes the place of the coordinates.

        Parameters
        ----------
        inner : mapping of str to Jet
            For every coordinate (at least one), a scalar jet whose value is where this one was formed.
        """
        slope = [np.asarray(inner[name].gradient) for name in self.names]
        curvature = [np.asarray(inner[name].hessian) for name in self.names]
        jacobian = np.stack(slope)  # (P, Q)
        bent = jacobian.T @ np.moveaxis(self.hessian, (0, 1), (-2, -1)) @ jacobian
        hessian = np.moveaxis(bent, (-2, -1), (0, 1)) + np.tensordot(np.stack(curvature), self.gradient, axes=(0, 0))
        names = inner[self.names[0]].names
        return Jet(names, self.value, np.tensordot(jacobian, self.gradient, axes=(0, 0)), hessian)

    def _aligned(self, other: Any) -> tuple[Jet, Jet]:
        other = other if isinstance(other, Jet) else self.constant(other)
        if other.names != self.names:
            raise ValueError(f"jets must share their coordinates, got {self.names} and {other.names}")
        ndim = max(self.value.ndim, other.value.ndim)
        a, b = (Jet(self.names, j.value, _lift(j.gradient, 1, ndim), _lift(j.hessian, 2, ndim)) for j in (self, other))
        return a, b

    def _scaled(self, factor: AnyArray) -> Jet:
        """The product with a constant."""
        ndim = max(self.value.ndim, factor.ndim)
        gradient, hessian = _lift(self.gradient, 1, ndim), _lift(self.hessian, 2, ndim)
        return Jet(self.names, self.value * factor, gradient * factor, hessian * factor)

    def __neg__(self) -> Jet:
        return Jet(self.names, -self.value, -self.gradient, -self.hessian)

    def __add__(self, other: Any) -> Jet:
        a, b = self._aligned(other)
        return Jet(self.names, a.value + b.value, a.gradient + b.gradient, a.hessian + b.hessian)

    __radd__ = __add__

    def __sub__(self, other: Any) -> Jet:
        return self + (-other)

    def __rsub__(self, other: Any) -> Jet:
        return -self + other

    def __mul__(self, other: Any) -> Jet:
        if not isinstance(other, Jet):
            return self._scaled(np.asarray(other))
        a, b = self._aligned(other)
        second = len(a.hessian)
        cross = a.gradient[:second, None] * b.gradient[None, :second]
        return Jet(
            self.names,
            a.value * b.value,
            a.value * b.gradient + a.gradient * b.value,
            a.value * b.hessian + a.hessian * b.value + cross + np.swapaxes(cross, 0, 1),
        )

    __rmul__ = __mul__

    def reciprocal(self) -> Jet:
        """1 / self."""
        inverse = 1.0 / self.value
        return self.chain(inverse, -(inverse**2), 2.0 * inverse**3)

    def __truediv__(self, other: Any) -> Jet:
        return self * (other.reciprocal() if isinstance(other, Jet) else 1.0 / np.asarray(other))

    def __rtruediv__(self, other: Any) -> Jet:
        return self.reciprocal() * other

    def sum(self) -> Jet:
        """Sum over the last axis of the value."""
        return Jet(self.names, self.value.sum(-1), self.gradient.sum(-1), self.hessian.sum(-1))


def constants(values: Mapping[str, Any]) -> dict[str, Jet]:
    """Numbers or arrays as jets in no coordinates."""
    return {name: Jet((), np.asarray(value), np.zeros(0), np.zeros((0, 0))) for name, value in values.items()}


def of_two(
    x: Jet, y: Jet, value: AnyArray, first: tuple[AnyArray, AnyArray], second: tuple[AnyArray, AnyArray, AnyArray]
) -> Jet:
    """g(x, y), from g, (g_x, g_y) and (g_xx, g_xy, g_yy) at the values of two jets."""
    (gx, gy), (gxx, gxy, gyy) = first, second
    p, q = x.gradient[: len(x.hessian)], y.gradient[: len(x.hessian)]
    cross = p[:, None] * q[None, :]
    bent = gxx * p[:, None] * p[None, :] + gxy * (cross + np.swapaxes(cross, 0, 1)) + gyy * q[:, None] * q[None, :]
    return Jet(x.names, value, gx * x.gradient + gy * y.gradient, gx * x.hessian + gy * y.hessian + bent)


def exp(x: Jet) -> Jet:
    """Exponential of a jet."""
    value = np.exp(x.value)
    return x.chain(value, value, value)


def expm1(x: Jet) -> Jet:
    """Exponential of a jet, less one, without cancellation near zero."""
    value = np.expm1(x.value)
    return x.chain(value, value + 1.0, value + 1.0)


def log(x: Jet) -> Jet:
    """Natural logarithm of a jet."""
    return x.chain(np.log(x.value), 1.0 / x.value, -1.0 / x.value**2)


def sqrt(x: Jet) -> Jet:
    """Square root of a jet."""
    root = np.sqrt(x.value)
    return x.chain(root, 0.5 / root, -0.25 / root**3)


def normal_cdf(x: Jet) -> Jet:
    """Standard normal distribution function of a real jet."""
    density = np.exp(-0.5 * x.value**2) / np.sqrt(2.0 * np.pi)
    return x.chain(special.ndtr(x.value), density, -x.value * density)
