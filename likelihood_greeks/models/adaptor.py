"""A user's law as the estimators want it: what it lacks follows from what it has.

Scores come from the law's own ``score``, from its ``moves``, or from differences of its ``log_density``, the first of
these that there is. Whatever else it knows (`capabilities`) it keeps.
"""

from __future__ import annotations

import copy
import dataclasses
import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from .._checks import real_array
from .._typing import AnyArray, FloatArray
from ..numerics.jets import Jet
from ..parameters import TIME, Derivative, NamesGreeks, coordinates
from ..streams.chunks import Stream
from . import by_moves, capabilities, numerical
from .capabilities import HoldsInFields, Movable, has
from .protocol import PathModel, observed

SMALLEST = 0.05  # of a parameter, where the step of a difference is relative


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
    """A parameter of a law, adapted or not."""
    return capabilities.value_of(_inner(law), name)


def moved(law: Any, shifts: Mapping[str, float]) -> Any:
    """A copy of `law` with parameters shifted by the given amounts.

    A dataclass is made anew, and so is a plain class whose constructor takes what its objects hold under the same
    names (so that what it derives from them follows); any other object is copied and its attributes set.
    """
    if isinstance(law, Adapted):
        return Adapted(moved(law.law, shifts))
    values = {name: value_of(law, name) + shift for name, shift in shifts.items()}
    if dataclasses.is_dataclass(law) and not isinstance(law, type):
        return dataclasses.replace(law, **(law.as_fields(values) if has(law, HoldsInFields) else values))
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
class Adapted:
    """A user's law with everything a `PathModel` needs, and all that it knows besides.

    Parameters
    ----------
    law : object
        Has ``simulate``, and ``log_density`` or ``moves``; ``score``, ``discount`` and ``forward`` (or their jets), and
        any of the `capabilities`, are used if present.
    """

    law: Any

    @property
    def parameters(self) -> tuple[str, ...]:
        """Names of the law's parameters."""
        return parameters_of(self.law)

    @property
    def differentiated(self) -> bool:
        """Whether a score costs differences of the log-density."""
        return not has(self.law, Movable)

    def named_greeks(self) -> Mapping[str, Mapping[Derivative, float]]:
        """The law's own Greeks, if it names any."""
        return self.law.named_greeks() if isinstance(self.law, NamesGreeks) else {}

    def simulate(self, times: FloatArray, stream: Stream) -> Any:
        """The law's own draw."""
        return self.law.simulate(times, stream)

    def log_density(self, paths: Any) -> FloatArray:
        """The law's own log-density, checked for shape; if it has none, that of its moves."""
        own = getattr(self.law, "log_density", None)
        if own is None:
            return by_moves.log_density(self, paths)
        value, n_paths = real_array("log_density", own(paths)), observed(paths).shape[-1]
        if value.shape != (n_paths,):
            raise ValueError(f"log_density must have shape ({n_paths},), one number a path, got {value.shape}")
        return value

    def score(self, paths: Any, names: Sequence[str] | None = None) -> FloatArray:
        """The law's own score, else that of its moves, else a difference of its log-density; (n_names, n_paths)."""
        wanted = self.parameters if names is None else tuple(names)
        own = getattr(self.law, "score", None)
        if own is None and has(self.law, Movable):
            return by_moves.score(self, paths, wanted)
        rows = real_array("score", own(paths)) if own else np.zeros((0, 0))
        if own and (rows.ndim != 2 or len(rows) != len(self.parameters)):
            raise ValueError(f"score must have a row for each of {self.parameters}, got shape {rows.shape}")
        table = dict(zip(self.parameters, rows, strict=False))
        return np.stack([table[n] if n in table else self.differentiate(paths, (n,)) for n in wanted])

    def hessian(self, paths: Any, pairs: Sequence[Derivative]) -> FloatArray:
        """Second derivatives of the log-density, of its moves or by differences, shape (n_pairs, n_paths)."""
        if has(self.law, Movable):
            return by_moves.hessian(self, paths, pairs)
        return np.stack([self.differentiate(paths, pair) for pair in pairs])

    def differentiate(self, paths: Any, derivative: Derivative) -> FloatArray:
        """A first or second derivative of the law's log-density by differences, shape (n_paths,)."""
        times = getattr(paths, "times", None)
        if TIME in derivative and times is None:
            raise TypeError(f"theta needs paths with `times`; {type(self.law).__name__}.simulate returned none")

        def shifted(shifts: dict[str, float]) -> FloatArray:
            tau = shifts.get(TIME, 0.0)
            later = dataclasses.replace(paths, times=paths.times - tau) if tau else paths
            return self._moved(shifts).log_density(later)

        return numerical.settled_difference(shifted, derivative, self._sizes(times))

    def _moved(self, shifts: Mapping[str, float]) -> Adapted:
        return Adapted(moved(self.law, {name: x for name, x in shifts.items() if name != TIME}))

    def _sizes(self, times: FloatArray | None) -> dict[str, float]:
        sizes = {name: max(abs(getattr(self.law, name)), SMALLEST) for name in self.parameters}
        return sizes if times is None else {**sizes, TIME: float(np.min(times))}

    def discount_jet(self, times: AnyArray) -> Jet:
        """Jet of the law's ``discount``; one (no discounting) if it has none."""
        return self._curve("discount", times) or self._coordinate_jet().constant(np.ones_like(times, dtype=float))

    def forward_jet(self, times: AnyArray) -> Jet | None:
        """Jet of the law's ``forward``; None if it has none."""
        return self._curve("forward", times)

    def _coordinate_jet(self) -> Jet:
        return next(iter(Jet.variables(dict.fromkeys(coordinates(self), 0.0)).values()))

    def _curve(self, method: str, times: AnyArray) -> Jet | None:
        if (own := getattr(self.law, f"{method}_jet", None)) is not None:
            found: Jet | None = own(times)
            return found
        if getattr(self.law, method, None) is None:
            return None
        grid = np.asarray(times, dtype=float)

        def curve(shifts: dict[str, float]) -> AnyArray:
            function = getattr(self._moved(shifts).law, method)
            return np.vectorize(function, otypes=[float])(grid - shifts.get(TIME, 0.0))

        return numerical.jet(curve, coordinates(self), self._sizes(grid))

    def __getattr__(self, name: str) -> Any:
        """What the law knows besides, with laws adapted on their way out and themselves again on their way in."""
        if name not in KEPT or not hasattr(self.law, name):
            raise AttributeError(f"{type(self).__name__} has no attribute {name!r}")
        return KEPT[name](getattr(self.law, name))


def _inner(law: Any) -> Any:
    """The user's law in an adapted one; any other as it is."""
    return law.law if isinstance(law, Adapted) else law


def _as_it_is(member: Any) -> Any:
    return member


def _giving_a_law(own: Callable[[float], Any]) -> Callable[[float], PathModel]:
    return lambda when: as_path_model(own(when))


def _given_laws(own: Callable[[Sequence[Any], Any], FloatArray]) -> Callable[[Sequence[Any], Any], FloatArray]:
    return lambda laws, paths: own([_inner(law) for law in laws], paths)


def _given_a_law(own: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    return lambda paths, law: own(paths, _inner(law))


KEPT: Mapping[str, Callable[[Any], Any]] = {
    "moves": _as_it_is,
    "hand_over_rates": _as_it_is,
    "work_beneath": _as_it_is,
    "steps_and_work": _as_it_is,
    "direct_parameters": _as_it_is,
    "declared": _as_it_is,
    "assets": _as_it_is,
    "vanilla_jets": _as_it_is,
    "european_jets": _as_it_is,
    "average_jets": _as_it_is,
    "return_jets": _as_it_is,
    "terminal": _giving_a_law,
    "later": _giving_a_law,
    "log_densities": _given_laws,
    "redrawn": _given_a_law,
    "log_ratio_beneath": _given_a_law,
    "far_beneath": _as_it_is,
    "simulate_beneath": _as_it_is,
    "log_ratios_beneath": _as_it_is,
}
"""Members of the capabilities, and how each is handed on."""


def verify(model: PathModel, times: Sequence[float], stream: Stream) -> None:
    """Compare an adapted law's ``score``, its own or that of its ``moves``, with the difference of its log-density.

    Raises
    ------
    ValueError
        If they are not the same on a few paths.
    """
    if not isinstance(model, Adapted) or (model.differentiated and getattr(model.law, "score", None) is None):
        return
    source = "score" if getattr(model.law, "score", None) else "the score that follows from moves"
    paths = model.simulate(np.asarray(times), stream)
    for name, own in zip(model.parameters, model.score(paths), strict=True):
        exact = model.differentiate(paths, (name,))
        if not np.sqrt(np.mean((own - exact) ** 2)) <= 1e-3 * np.sqrt(np.mean(exact**2)) + 1e-9:
            got = f"got {own[0]:.6g} where it is {exact[0]:.6g}"
            raise ValueError(f"{source} must be the derivative of log_density: in {name}, {got}")


def as_path_model(model: Any) -> PathModel:
    """The model itself if it has every member of `PathModel`, else its `Adapted` form.

    Raises
    ------
    TypeError
        If it lacks ``simulate``, or ``log_density`` and ``moves``, or names no parameters.
    """
    if isinstance(model, type):
        raise TypeError(f"a model must be an object, got the class {model.__name__}")
    if not callable(getattr(model, "simulate", None)):
        raise TypeError(f"a model must have a method simulate, got {model!r}")
    if not (callable(getattr(model, "log_density", None)) or has(model, Movable)):
        raise TypeError(f"a model must have a method log_density (or moves), got {model!r}")
    parameters_of(model)
    return model if isinstance(model, PathModel) else Adapted(model)
