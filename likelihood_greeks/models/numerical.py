r"""Derivatives for laws that state only `simulate` and `log_density`.

The scores are derivatives of the user's own log-density at *fixed* sample points, so differencing them adds no
bias of the bump-and-reprice kind: the payoff is never re-evaluated. Five-point central differences are taken with
steps that shrink until two of them agree, to a relative error below 1e-6 (usually near 1e-10).
"""

from __future__ import annotations

import copy
import dataclasses
import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from .._typing import AnyArray, FloatArray
from ..numerics.differences import five_point
from ..numerics.jets import Jet
from ..parameters import TIME, Derivative, NamesGreeks, coordinates
from ..streams.chunks import Stream
from .protocol import Law, PathModel, observed

# Relative, by order: truncation errors of order step**4, rounding errors of order 1e-16 / step**order.
STEPS = {1: 1e-3, 2: 5e-3}
SHRINK = (1.0, 1 / 8, 1 / 64, 1 / 512, 1 / 4096)
SETTLED, ROUGHEST = 1e-6, 0.01


def parameters_of(law: object) -> tuple[str, ...]:
    """Names of a law's parameters: its ``parameters``, or the float fields that a dataclass is made with.

    Raises
    ------
    TypeError
        If it has neither.
    """
    names = getattr(law, "parameters", None)
    if names is None and dataclasses.is_dataclass(law):
        fields = [field for field in dataclasses.fields(law) if field.init]
        names = [f.name for f in fields if f.type in (float, "float") or isinstance(getattr(law, f.name), float)]
    if not names or isinstance(names, str):
        raise TypeError(f"a law must name its parameters (a tuple `parameters`, or be a dataclass), got {law!r}")
    if reserved := {TIME, "price"} & set(names):
        raise TypeError(f"a parameter must not be called {' or '.join(sorted(reserved))}, got {tuple(names)}")
    return tuple(names)


def value_of(law: Any, name: str) -> float:
    """A parameter of a law, `Differentiated` or not."""
    return float(getattr(law.law if isinstance(law, Differentiated) else law, name))


def moved(law: Any, shifts: Mapping[str, float]) -> Any:
    """A copy of `law` with parameters shifted by the given amounts.

    A dataclass is made anew, and so is a plain class whose constructor takes what its objects hold under the same
    names (so that what it derives from them follows); any other object is copied and its attributes set.
    """
    if isinstance(law, Differentiated):
        return Differentiated(moved(law.law, shifts))
    values = {name: getattr(law, name) + shift for name, shift in shifts.items()}
    if dataclasses.is_dataclass(law) and not isinstance(law, type):
        return dataclasses.replace(law, **values)
    arguments = list(inspect.signature(type(law)).parameters.values())
    named = all(a.kind in (a.POSITIONAL_OR_KEYWORD, a.KEYWORD_ONLY) and hasattr(law, a.name) for a in arguments)
    if named and set(values) <= {a.name for a in arguments}:
        return type(law)(**{a.name: values.get(a.name, getattr(law, a.name)) for a in arguments})
    other = copy.copy(law)
    for name, value in values.items():
        setattr(other, name, value)
    return other


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

    def named_greeks(self) -> Mapping[str, Mapping[Derivative, float]]:
        """The law's own Greeks, if it names any."""
        return self.law.named_greeks() if isinstance(self.law, NamesGreeks) else {}

    def simulate(self, times: FloatArray, stream: Stream) -> Any:
        """The law's own draw."""
        return self.law.simulate(times, stream)

    def log_density(self, paths: Any) -> FloatArray:
        """The law's own log-density, checked for shape."""
        value, n_paths = np.asarray(self.law.log_density(paths), dtype=float), observed(paths).shape[-1]
        if value.shape != (n_paths,):
            raise ValueError(f"log_density must have shape ({n_paths},), one number a path, got {value.shape}")
        return value

    def score(self, paths: Any, names: Sequence[str] | None = None) -> FloatArray:
        """The law's own score where it has one, else a difference of its log-density; (n_names, n_paths)."""
        wanted = self.parameters if names is None else tuple(names)
        own = getattr(self.law, "score", None)
        rows = np.asarray(own(paths)) if own else np.zeros((0, 0))
        if own and (rows.ndim != 2 or len(rows) != len(self.parameters)):
            raise ValueError(f"score must have a row for each of {self.parameters}, got shape {rows.shape}")
        table = dict(zip(self.parameters, rows, strict=False))
        return np.stack([table[n] if n in table else self.differentiate(paths, (n,)) for n in wanted])

    def hessian(self, paths: Any, pairs: Sequence[Derivative]) -> FloatArray:
        """Second differences of the law's log-density, shape (n_pairs, n_paths)."""
        return np.stack([self.differentiate(paths, pair) for pair in pairs])

    def _steps(self, times: FloatArray | None, order: int) -> dict[str, float]:
        steps = {name: STEPS[order] * max(abs(getattr(self.law, name)), 0.05) for name in self.parameters}
        return steps if times is None else {**steps, TIME: STEPS[order] * float(np.min(times))}

    def differentiate(self, paths: Any, derivative: Derivative) -> FloatArray:
        """A first or second derivative of the law's log-density by differences, shape (n_paths,)."""
        times = getattr(paths, "times", None)
        if TIME in derivative and times is None:
            raise TypeError(f"theta needs paths with `times`; {type(self.law).__name__}.simulate returned none")
        return _settled(lambda shrink: self._log_density_difference(paths, derivative, shrink), derivative)

    def _log_density_difference(self, paths: Any, derivative: Derivative, shrink: float) -> FloatArray:
        def shifted(shifts: dict[str, float]) -> FloatArray:
            tau = shifts.get(TIME, 0.0)
            later = dataclasses.replace(paths, times=paths.times - tau) if tau else paths
            law = moved(self.law, {name: x for name, x in shifts.items() if name != TIME})
            return Differentiated(law).log_density(later)

        steps = self._steps(getattr(paths, "times", None), len(derivative))
        return five_point(shifted, derivative, {name: shrink * step for name, step in steps.items()})

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
        gradient = np.stack([five_point(curve, (a,), first) for a in names])
        hessian = np.stack([[five_point(curve, tuple(sorted((a, b))), second) for b in names] for a in names])
        return Jet(names, curve({}), gradient, hessian)


def _settled(difference: Callable[[float], FloatArray], derivative: Derivative) -> FloatArray:
    """A difference whose step was shrunk until it is inside the parameter's domain and no longer matters.

    Of the steps tried, the one that a step eight times smaller changes least; a change of more than a per cent (root
    mean square) is refused. A density with kinks (Laplace) has that much on the few points next to a kink.
    """
    failure, last = "it is not finite", None
    best: tuple[float, FloatArray | None] = (ROUGHEST, None)
    for shrink in SHRINK:
        try:
            with np.errstate(all="ignore"):
                value = difference(shrink)
        except ValueError as error:
            failure = str(error)
            continue
        if not np.all(np.isfinite(value)):
            continue
        if last is not None:
            size = np.sqrt(np.mean(value**2))
            gap = np.sqrt(np.mean((value - last) ** 2)) / size if size > 0.0 else 0.0
            failure = f"it changes by {gap:.1%} with the step of the difference"
            best = min(best, (float(gap), last), key=lambda pair: pair[0])
            if gap <= SETTLED:
                break
        last = value
    if best[1] is None:
        raise ValueError(f"log_density has no derivative in {' and '.join(derivative)}: {failure}")
    return best[1]


def verify(model: PathModel, times: Sequence[float], stream: Stream) -> None:
    """Compare a law's own ``score`` with the difference of its log-density on a few paths.

    Raises
    ------
    ValueError
        If they are not the same.
    """
    if not isinstance(model, Differentiated) or getattr(model.law, "score", None) is None:
        return
    paths = model.simulate(np.asarray(times), stream)
    for name, own in zip(model.parameters, model.score(paths), strict=True):
        exact = model.differentiate(paths, (name,))
        if not np.sqrt(np.mean((own - exact) ** 2)) <= 1e-3 * np.sqrt(np.mean(exact**2)) + 1e-9:
            raise ValueError(
                f"score must be the derivative of log_density: in {name}, got {own[0]:.6g} where it is {exact[0]:.6g}"
            )


def as_path_model(model: Any) -> PathModel:
    """The model itself if it has every member of `PathModel`, else its `Differentiated` form.

    Raises
    ------
    TypeError
        If it lacks ``simulate`` or ``log_density``, or names no parameters.
    """
    if isinstance(model, type):
        raise TypeError(f"a model must be an object, got the class {model.__name__}")
    for member in ("simulate", "log_density"):
        if not callable(getattr(model, member, None)):
            raise TypeError(f"a model must have a method {member}, got {model!r}")
    parameters_of(model)
    return model if isinstance(model, PathModel) else Differentiated(model)
