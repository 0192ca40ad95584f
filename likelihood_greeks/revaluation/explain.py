"""`explain`: the profit or loss of a market move, by Greeks and by revaluation on the same paths."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations_with_replacement
from typing import Any

import pandas as pd

from .._checks import finite, flags, one_of, refuse
from ..engine.early_exercise import ruled
from ..engine.execution import Workers
from ..engine.greeks import prepared
from ..engine.payoff_group import CONTROLS, Group
from ..estimate import doubt
from ..estimators.watched import passing
from ..models.adaptor import moved
from ..models.capabilities import StatesValues, has, value_of
from ..models.protocol import PathModel
from ..parameters import NAMED, TIME, Derivative, canonical, label
from ..payoffs.protocol import Contract
from .points import TRUST, Settings, check_coordinates, law_for, placed, value_at
from .revalued import Revaluation, revalued
from .reweighting import Point

SUMS = ("explained", "unexplained", "total")


def explain(
    model: Any,
    change: Any,
    payoff: Contract,
    *,
    paths: int = 100_000,
    seed: int | None = None,
    controls: str = "scores",
    sampling: str = "pseudo",
    trust: float = TRUST,
    executor: Workers = None,
    progress: bool = False,
) -> pd.DataFrame:
    r"""Profit or loss of a move of the parameters: a Taylor series by Greeks, and what it leaves unexplained.

    .. math:: V(\theta + h) - V(\theta)
              = \sum_a h_a\,\partial_a V + \tfrac12 \sum_{a,b} h_a h_b\,\partial_{ab} V + \text{unexplained}

    Both sides are estimated on the same draws, so the error of the unexplained part is that of a difference sample by
    sample.

    Parameters
    ----------
    model, payoff, paths, seed, sampling, executor, progress
        As for `greeks`.
    change : mapping of str to float, or a model of the same kind
        New values of the parameters that move, or the model after the move. ``"time"`` may move as well: years gone by,
        less than to the first date.
    controls : {"scores", "auto", "none"}
        As for `greeks`. With ``"auto"`` the Greeks are as accurate as those of `greeks`.
    trust : float
        As for `scenarios`.

    Returns
    -------
    pandas.DataFrame
        A row per Greek (``delta``, ``gamma``, ``vega``, ``vanna``, ...; without a name of its own, by its parameters),
        then ``explained``, ``unexplained`` and ``total``. Columns: ``move``, the factor :math:`h_a`,
        :math:`h_a h_b` or :math:`h_a^2/2`; ``greek``, the raw derivative; ``value``, their product, in currency;
        ``standard_error``; and ``note``. ``attrs`` hold the price before the move, the seed, whether the price after it
        was "reweighted" or "resimulated", and the effective samples.

    Raises
    ------
    ValueError
        If nothing moves, a parameter is unknown, or the model cannot have a value.
    TypeError
        If `change` is neither a mapping nor a model with the same parameters, or as for `greeks`.

    Examples
    --------
    >>> import likelihood_greeks as lg
    >>> model = lg.GBM(spot=100.0, volatility=0.2, rate=0.03)
    >>> frame = lg.explain(model, {"spot": 102.0, "volatility": 0.19}, lg.Call(105.0, 0.5), paths=20_000, seed=1)
    >>> list(frame.index)
    ['delta', 'vega', 'gamma', 'vanna', 'volga', 'explained', 'unexplained', 'total']
    >>> frame["value"].round(2).tolist()
    [0.87, -0.28, 0.06, -0.01, 0.0, 0.63, 0.0, 0.63]
    """
    one_of("controls", controls, [*CONTROLS])
    flags(progress=progress)
    settings = Settings.of(
        paths=paths, seed=seed, sampling=sampling, controls=controls, trust=trust, executor=executor,
        title="explain" if progress else "",
    )  # fmt: skip
    early = payoff
    law, payoff, _, price = prepared(model, payoff, [], settings.seed)
    values = _values(law, change)
    payoff = passing(payoff, values.get(TIME, 0.0))
    chosen = law_for(law, payoff, values, settings.controlled)
    moves = _moves(chosen.law, {name: value - value_at(chosen.law, name) for name, value in values.items()})
    ruled(chosen.law, early, moves, settings.seed)
    points = [Point(chosen.law, price), placed(chosen.law, payoff, values, [])]
    terms = tuple({derivative: factor} for derivative, factor in moves.items())
    group = Group(chosen.law, (payoff,), terms, CONTROLS[controls], chosen.rate) if controls == "auto" else None
    found = revalued(Revaluation(payoff, tuple(points), settings, terms, chosen.rate, group))

    moments, layout = found.moments[1], found.layout(1)
    entries = [*range(layout.terms.start, layout.terms.stop), layout.explained, layout.unexplained, layout.change]
    frame = pd.DataFrame(
        {
            "move": [*moves.values(), *[float("nan")] * len(SUMS)],
            "value": moments.mean[entries],
            "standard_error": moments.standard_error[entries],
            "note": ["; ".join(filter(None, (found.note(1), doubt(moments, entry)))) for entry in entries],
        },
        index=pd.Index([*map(_name, moves), *SUMS], name="term"),
    )
    frame.insert(1, "greek", frame["value"] / frame["move"])
    frame.attrs = {
        "price": float(found.moments[0].mean[0]),
        "seed": settings.seed,
        "method": "resimulated" if found.trust.sources[1] else "reweighted",
        "effective_samples": found.effective(1),
    }
    return frame


def _values(law: PathModel, change: Any) -> dict[str, float]:
    """New values of the coordinates that move."""
    if not isinstance(change, Mapping):
        if not all(hasattr(change, name) for name in law.parameters):
            raise TypeError(f"change must be a mapping of new values, or a model like the first, got {change!r}")
        other, change = change, {name: value_of(change, name) for name in law.parameters}
        if (
            has(law, StatesValues)
            and moved(other, {name: value_of(law, name) - x for name, x in change.items()}) != law
        ):
            refuse("change", "be the same law with other parameters and nothing else", other)
    check_coordinates(law, change, "change")
    values = {name: finite(name, value) for name, value in change.items()}
    found = {name: value for name, value in values.items() if value != value_at(law, name)}
    if not found:
        refuse("change", "move at least one parameter", dict(change))
    return found


def _moves(law: PathModel, shifts: Mapping[str, float]) -> dict[Derivative, float]:
    """The derivatives of the Taylor series with their factors, first order first."""
    first: dict[Derivative, float] = {canonical((name,), law): h for name, h in shifts.items()}
    pairs: Sequence[tuple[str, str]] = list(combinations_with_replacement(shifts, 2))
    return first | {canonical((a, b), law): shifts[a] * shifts[b] * (0.5 if a == b else 1.0) for a, b in pairs}


def _name(derivative: Derivative) -> str:
    """The Greek that is this derivative, or the names of its coordinates."""
    named = {canonical_name: name for name, canonical_name in NAMED.items()}
    return named.get(derivative, derivative[0] if len(derivative) == 1 else label((derivative[0], derivative[1])))
