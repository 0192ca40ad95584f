r"""Derivatives for laws that state only `simulate` and `log_density`.

The scores are derivatives of the user's own log-density at *fixed* sample points, so differencing them adds no
bias of the bump-and-reprice kind: the payoff is never re-evaluated. Five-point central differences have a relative
error near 1e-11 (first) and 1e-9 (second order).
"""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from .._typing import AnyArray, FloatArray
from ..jets import Jet
from ..parameters import TIME, Derivative, coordinates
from ..sampling import Stream
from .protocol import Law, PathModel

FIRST = {-2: 1.0 / 12.0, -1: -8.0 / 12.0, 1: 8.0 / 12.0, 2: -1.0 / 12.0}
SECOND = {-2: -1.0 / 12.0, -1: 16.0 / 12.0, 0: -30.0 / 12.0, 1: 16.0 / 12.0, 2: -1.0 / 12.0}
# Relative, by order: truncation errors of order step**4, rounding errors of order 1e-16 / step**order.
STEPS = {1: 1e-3, 2: 5e-3}


def parameters_of(law: object) -> tuple[str, ...]:
    """Names of a law's parameters: its ``parameters``, or the number fields of a dataclass.

    Raises
    ------
    TypeError
        If it has neither.
    """
    names = getattr(law, "parameters", None)
    if names is None and dataclasses.is_dataclass(law):
        values = {field.name: getattr(law, field.name) for field in dataclasses.fields(law)}
        names = [n for n, v in values.items() if isinstance(v, (int, float)) and not isinstance(v, bool)]
    if not names or isinstance(names, str):
        raise TypeError(f"a law must name its parameters (a tuple `parameters`, or be a dataclass), got {law!r}")
    return tuple(names)


def moved(law: Any, shifts: dict[str, float]) -> Any:
    """A copy of `law` with parameters shifted by the given amounts."""
    values = {name: getattr(law, name) + shift for name, shift in shifts.items()}
    if dataclasses.is_dataclass(law) and not isinstance(law, type):
        return dataclasses.replace(law, **values)
    other = copy.copy(law)
    for name, value in values.items():
        setattr(other, name, value)
    return other


def stencil(
    function: Callable[[dict[str, float]], AnyArray], derivative: Derivative, steps: dict[str, float]
) -> AnyArray:
    """First or second derivative of `function` (of shifts) at zero shift, by five-point central differences."""
    match derivative:
        case (a,):
            points = [({a: k * steps[a]}, w / steps[a]) for k, w in FIRST.items()]
        case (a, b) if a == b:
            points = [({a: k * steps[a]}, w / steps[a] ** 2) for k, w in SECOND.items()]
        case (a, b):
            points = [
                ({a: k * steps[a], b: j * steps[b]}, w * v / (steps[a] * steps[b]))
                for k, w in FIRST.items()
                for j, v in FIRST.items()
            ]
        case _:
            raise ValueError(f"derivative must name one or two coordinates, got {derivative!r}")
    return np.asarray(sum(weight * function(shift) for shift, weight in points))


@final
@dataclass(frozen=True, slots=True)
class Differentiated:
    """A user's law with everything a `PathModel` needs, missing pieces by numerical differentiation.

    Parameters
    ----------
    law : Law
        Has ``simulate`` and ``log_density``; ``score``, ``discount`` and ``forward`` are used if present.
    """

    law: Law

    @property
    def parameters(self) -> tuple[str, ...]:
        """Names of the law's parameters."""
        return parameters_of(self.law)

    def simulate(self, times: FloatArray, stream: Stream) -> Any:
        """The law's own draw."""
        return self.law.simulate(times, stream)

    def log_density(self, paths: Any) -> FloatArray:
        """The law's own log-density, checked for shape."""
        return np.asarray(self.law.log_density(paths), dtype=float)

    def score(self, paths: Any, names: Sequence[str] | None = None) -> FloatArray:
        """The law's own score where it has one, else a difference of its log-density; (n_names, n_paths)."""
        wanted = self.parameters if names is None else tuple(names)
        own = getattr(self.law, "score", None)
        table = dict(zip(self.parameters, np.asarray(own(paths)), strict=True)) if own else {}
        return np.stack([table[n] if n in table else self._differentiate(paths, (n,)) for n in wanted])

    def hessian(self, paths: Any, pairs: Sequence[Derivative]) -> FloatArray:
        """Second differences of the law's log-density, shape (n_pairs, n_paths)."""
        return np.stack([self._differentiate(paths, pair) for pair in pairs])

    def _steps(self, times: FloatArray | None, order: int) -> dict[str, float]:
        steps = {name: STEPS[order] * max(abs(getattr(self.law, name)), 0.05) for name in self.parameters}
        return steps if times is None else {**steps, TIME: STEPS[order] * float(np.min(times))}

    def _differentiate(self, paths: Any, derivative: Derivative) -> FloatArray:
        times = getattr(paths, "times", None)
        if TIME in derivative and times is None:
            raise TypeError(f"theta needs paths with `times`; {type(self.law).__name__}.simulate returned none")
        return _settled(lambda shrink: self._log_density_difference(paths, derivative, shrink), derivative)

    def _log_density_difference(self, paths: Any, derivative: Derivative, shrink: float) -> FloatArray:
        def shifted(shifts: dict[str, float]) -> FloatArray:
            tau = shifts.get(TIME, 0.0)
            later = dataclasses.replace(paths, times=paths.times - tau) if tau else paths
            law = moved(self.law, {name: x for name, x in shifts.items() if name != TIME})
            return np.asarray(law.log_density(later), dtype=float)

        steps = self._steps(getattr(paths, "times", None), len(derivative))
        return stencil(shifted, derivative, {name: shrink * step for name, step in steps.items()})

    def discount_jet(self, times: AnyArray) -> Jet:
        """Jet of the law's ``discount``; one (no discounting) if it has none."""
        return self._curve_jet("discount", times) or self._coordinate_jet().constant(np.ones_like(times, dtype=float))

    def forward_jet(self, times: AnyArray) -> Jet | None:
        """Jet of the law's ``forward``; None if it has none."""
        return self._curve_jet("forward", times)

    def _coordinate_jet(self) -> Jet:
        return next(iter(Jet.variables(dict.fromkeys(coordinates(self), 0.0)).values()))

    def _curve_jet(self, method: str, times: AnyArray) -> Jet | None:
        if getattr(self.law, method, None) is None:
            return None
        grid, names = np.asarray(times, dtype=float), coordinates(self)

        def curve(shifts: dict[str, float]) -> AnyArray:
            law = moved(self.law, {name: x for name, x in shifts.items() if name != TIME})
            return np.vectorize(getattr(law, method), otypes=[float])(grid - shifts.get(TIME, 0.0))

        first, second = (self._steps(grid, order) for order in (1, 2))
        gradient = np.stack([stencil(curve, (a,), first) for a in names])
        hessian = np.stack([[stencil(curve, tuple(sorted((a, b))), second) for b in names] for a in names])
        return Jet(names, curve({}), gradient, hessian)


def _settled(difference: Callable[[float], FloatArray], derivative: Derivative) -> FloatArray:
    """A difference with the step shrunk until it stays inside the parameter's domain."""
    failure = "not finite"
    for shrink in (1.0, 0.1, 0.01):
        try:
            with np.errstate(invalid="ignore", divide="ignore"):
                value = difference(shrink)
        except ValueError as error:
            failure = str(error)
            continue
        if np.all(np.isfinite(value)):
            return value
    raise ValueError(f"log_density has no finite derivative in {' and '.join(derivative)}: {failure}")


def as_path_model(model: Any) -> PathModel:
    """The model itself if it has every member of `PathModel`, else its `Differentiated` form.

    Raises
    ------
    TypeError
        If it lacks ``simulate`` or ``log_density``, or names no parameters.
    """
    if isinstance(model, PathModel):
        return model
    for member in ("simulate", "log_density"):
        if not callable(getattr(model, member, None)):
            raise TypeError(f"a model must have a method {member}, got {model!r}")
    parameters_of(model)
    return Differentiated(model)
