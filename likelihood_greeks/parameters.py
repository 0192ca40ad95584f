r"""Greek names, and the derivatives they stand for.

A *derivative* is a tuple of coordinate names: ``()`` is the price, ``("spot",)`` a first and
``("spot", "volatility")`` a second derivative. The coordinates of a model are its parameters and
``"time"``: the derivative in :math:`\tau` when every date comes nearer by :math:`\tau` years.
A Greek is a linear combination of derivatives (a single one for most models).
"""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from itertools import product
from typing import Protocol, TypeAlias, runtime_checkable

from . import _quantities

TIME = _quantities.TIME

Derivative: TypeAlias = tuple[str, ...]
Greek: TypeAlias = str | tuple[str, str]

NAMED: Mapping[str, Derivative] = {name: greek.derivative for name, greek in _quantities.GREEKS.items()}
"""The Greeks with names of their own, and the derivatives that they are."""

STANDARD = ("delta", "gamma", "vega", "rho", "dividend_rho", "theta")
"""What is computed when no Greek is named and the model has the parameters."""

OF_SEVERAL = ("delta", "gamma", "cross_gamma", "vega", "correlation", "rho", "dividend_rho", "theta")
"""The same of a model of several assets."""


class HasParameters(Protocol):
    """Anything whose parameters have names."""

    @property
    def parameters(self) -> Sequence[str]:
        """Names of the parameters."""
        ...


@runtime_checkable
class NamesGreeks(Protocol):
    """A law with Greeks of its own, or that means others by the usual names."""

    def named_greeks(self) -> Mapping[str, Mapping[Derivative, float]]:
        """The linear combination of derivatives that each name stands for."""
        ...


def named(model: HasParameters) -> dict[str, dict[Derivative, float]]:
    """The Greeks with names that `model` has: those of `NAMED` whose parameters it has, and its own."""
    known = coordinates(model)
    usual = {name: {needs: 1.0} for name, needs in NAMED.items() if set(needs) <= set(known)}
    own = model.named_greeks() if isinstance(model, NamesGreeks) else {}
    return {**usual, **{name: dict(terms) for name, terms in own.items()}}


def coordinates(model: HasParameters) -> tuple[str, ...]:
    """The model's parameters, and time."""
    return (*model.parameters, TIME)


def label(greek: Greek) -> str:
    """How a Greek is written in tables: its name, or ``"first:second"`` for a pair."""
    return greek if isinstance(greek, str) else ":".join(greek)


def parse(text: str) -> Greek:
    """The inverse of `label`."""
    first, separator, second = text.strip().partition(":")
    return (first, second) if separator else first


def canonical(derivative: Derivative, model: HasParameters) -> Derivative:
    """The derivative with its coordinates in the model's order (second derivatives commute)."""
    return tuple(sorted(derivative, key=coordinates(model).index))


def resolve(greek: Greek, model: HasParameters) -> dict[Derivative, float]:
    """The linear combination of derivatives that `greek` stands for under `model`.

    Raises
    ------
    ValueError
        If the name is unknown or the model has no such parameter.
    """
    pair = isinstance(greek, tuple) and greek and all(isinstance(name, str) for name in greek)
    if not (isinstance(greek, str) or pair):
        raise TypeError(f"greek must be a name or a pair of names, got {greek!r}")
    known, available = coordinates(model), named(model)
    if isinstance(greek, str) and greek not in model.parameters and greek in available:
        terms = available[greek]
    else:  # a parameter of the model goes before a Greek of the same name
        terms = {(greek,) if isinstance(greek, str) else greek: 1.0}
    if not all(len(derivative) <= 2 and set(derivative) <= set(known) for derivative in terms):
        raise unknown(greek, [model])
    return {canonical(derivative, model): factor for derivative, factor in terms.items()}


def expanded(greek: Greek, model: HasParameters) -> list[Greek]:
    """A Greek; if its name stands for several, with an asset or a number in brackets, all of these.

    ``"delta"`` of a law of several assets is ``"delta[A]"``, ``"delta[B]"``, and so on; of a pair of coordinates each
    may be such a name.
    """
    if isinstance(greek, str):
        return [*_standing_for(greek, (*named(model), *coordinates(model)))]
    if not (isinstance(greek, tuple) and len(greek) == 2 and all(isinstance(name, str) for name in greek)):
        return [greek]
    known = coordinates(model)
    pairs: list[Greek] = []
    for a, b in product(*(_standing_for(name, known) for name in greek)):
        if greek[0] != greek[1] or a not in known or known.index(a) <= known.index(b):  # else each once
            pairs.append((a, b))
    return pairs


def _standing_for(name: str, known: Sequence[str]) -> Sequence[str]:
    """The names that one stands for: itself, or those of it with something in brackets."""
    if name in known:
        return [name]
    return [*dict.fromkeys(each for each in known if each.startswith(f"{name}["))] or [name]


def unknown(greek: Greek, models: Sequence[HasParameters]) -> ValueError:
    """What is wrong with a Greek that none of some models has."""
    available = dict.fromkeys(name for model in models for name in named(model))
    known = dict.fromkeys(name for model in models for name in coordinates(model) if name != TIME)
    return ValueError(
        f"greek must be one of {', '.join(available)}, a parameter ({', '.join([*known, TIME])}) or a pair of them "
        f"such as {(next(iter(known), TIME), TIME)}, got {greek!r}"
    )


def standard(model: HasParameters) -> list[Greek]:
    """The Greeks to report when none is named: `STANDARD` if the model prices assets, else every parameter."""
    available = named(model)
    greeks: list[Greek] = [name for name in STANDARD if "spot" in model.parameters and name in available]
    if not greeks and has(model, "delta"):
        greeks = [name for name in OF_SEVERAL if has(model, name)]
    return greeks or list(model.parameters)


def listed(greeks: Iterable[Greek], argument: str = "greeks") -> list[Greek]:
    """The Greeks as a list; `argument` is what they were given as.

    Raises
    ------
    TypeError
        If it is a single string, which would be taken letter by letter, no list, or one of them is no name.
    """
    if isinstance(greeks, str):
        raise TypeError(f"{argument} must be a list of names, got {greeks!r}; write [{greeks!r}]")
    if not isinstance(greeks, Iterable):
        raise TypeError(f"{argument} must be a list of names or pairs of names, got {greeks!r}")
    found = list(greeks)
    for greek in found:
        words = [greek] if isinstance(greek, str) else greek
        if not isinstance(words, (tuple, list)) or not words or not all(isinstance(word, str) for word in words):
            raise TypeError(f"greek must be a name or a pair of names, got {greek!r}")
    return found


def has(model: HasParameters, greek: Greek) -> bool:
    """Whether `greek` stands for something under `model`.

    Raises
    ------
    TypeError
        If `greek` is neither a name nor a pair of names.
    """
    try:
        for each in expanded(greek, model):
            resolve(each, model)
    except ValueError:
        return False
    return True


def offered(greeks: Iterable[Greek], model: HasParameters) -> dict[str, dict[Derivative, float]]:
    """As `requested`, of those of the named Greeks that `model` has: some laws lack the coordinates of others."""
    return requested([greek for greek in listed(greeks) if has(model, greek)], model)


def kind(law: HasParameters) -> Hashable:
    """What decides which Greeks a law has, and what they stand for: laws of one kind have the same."""
    own = law.named_greeks() if isinstance(law, NamesGreeks) else {}
    return type(law), tuple(law.parameters), tuple((name, tuple(terms.items())) for name, terms in own.items())


def offered_by(greeks: Iterable[Greek], laws: Iterable[HasParameters]) -> tuple[str, ...]:
    """The labels of the price and of the named Greeks that any of some laws has, Greek by Greek."""
    kinds = {kind(law): law for law in laws}
    found = dict.fromkeys(["price"])
    for greek in listed(greeks):
        for law in kinds.values():
            found |= dict.fromkeys(offered([greek], law))
    return tuple(found)


def requested(greeks: Iterable[Greek] | None, model: HasParameters) -> dict[str, dict[Derivative, float]]:
    """Labels and combinations of the price and the named Greeks (price first, repetitions dropped).

    Raises
    ------
    TypeError
        If `greeks` is a single string.
    ValueError
        If a Greek is unknown under `model`.
    """
    asked: list[Greek] = ["price", *(standard(model) if greeks is None else listed(greeks))]
    every = [each for greek in asked for each in expanded(greek, model)]
    combinations = [resolve(greek, model) for greek in every]
    return dict(zip(map(label, every), combinations, strict=True))
