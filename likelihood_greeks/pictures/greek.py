"""A Greek against a parameter of the model or a term of the contract: a line with its error band, or a heat map."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from itertools import product
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import pandas as pd

from .._checks import finite, refuse
from ..engine.greeks import greeks
from ..models.adaptor import as_path_model, moved, value_of
from ..models.capabilities import Ages, KnowsVanillas, assets_of, has
from ..models.protocol import PathModel
from ..parameters import TIME, Greek, coordinates, expanded, label
from ..payoffs.assets import of_assets
from ..payoffs.custom import Payoff
from ..payoffs.protocol import Contract, stated_payments
from ..streams.chunks import checked
from ..validation import closed_form
from . import grid
from .style import subject

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Reference: TypeAlias = Callable[[Any, Any], float] | Literal["auto"] | None


def plot(
    model: Any,
    payoff: Contract,
    greek: Greek,
    over: Mapping[str, Sequence[float]],
    *,
    reference: Reference = "auto",
    axes: Axes | None = None,
    seed: int | None = None,
    **settings: Any,
) -> Axes:
    """Draw a Greek over one parameter as a line with its 95 % band, over two as a heat map.

    Every point is a run of `greeks` of its own, with the same random numbers. Hollow marks are numbers with a note
    against them.

    Parameters
    ----------
    model, payoff
        As for `greeks`.
    greek : str or pair of str
        ``"price"`` is one.
    over : mapping of str to sequence of float
        Values of one or two parameters of the model, of ``"time"`` (years gone by), or of terms of the contract such
        as ``"level"``, ``"strike"`` or ``"maturity"``.
    reference : callable or "auto", optional
        What the line is drawn beside: a function of model and payoff, the closed form where there is one (``"auto"``),
        or nothing.
    axes : matplotlib.axes.Axes, optional
        Where to draw; a new figure if not given.
    seed : int, optional
        Default: drawn once, for all points.
    **settings
        Further arguments of `greeks`: ``paths``, ``controls``, ...

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ValueError
        If `over` does not name one or two parameters or terms, or as for `greeks`.
    TypeError
        As for `greeks`.

    Examples
    --------
    >>> import likelihood_greeks as lg
    >>> model = lg.GBM(spot=100.0, volatility=0.2, rate=0.03)
    >>> axes = lg.plot_greek(model, lg.DigitalCall(100.0, 0.5), "delta", {"spot": [90, 100, 110]}, paths=4096, seed=1)
    >>> axes.get_xlabel(), axes.get_ylabel()
    ('spot (currency)', 'delta (per unit of spot)')
    """
    frame = profile(model, payoff, greek, over, reference=reference, seed=seed, **settings)
    return grid.draw(frame, label(greek), axes, f"{label(greek)} of {subject(payoff, model)}")


def profile(
    model: Any,
    payoff: Contract,
    greek: Greek,
    over: Mapping[str, Sequence[float]],
    *,
    reference: Reference = "auto",
    seed: int | None = None,
    **settings: Any,
) -> pd.DataFrame:
    """The numbers that `plot` draws.

    Parameters
    ----------
    model, payoff, greek, over, reference, seed, **settings
        As for `plot`.

    Returns
    -------
    pandas.DataFrame
        A row per point, indexed by the names in `over`: the Greek, its ``..._standard_error``, its ``..._reference``
        if there is one, ``method`` ("simulated", or "doubtful" if there is a note) and ``note``.
    """
    if not 1 <= len(over) <= 2:
        refuse("over", "name one or two parameters or terms", list(over))
    law, name = as_path_model(model), label(greek)
    if len(several := expanded(greek, law)) > 1:
        refuse("greek", f"be one, as {label(several[0])}", greek)
    payoff = of_assets(payoff, assets_of(law))
    _, common, _ = checked(2, seed, "pseudo")
    rows = []
    for values in product(*over.values()):
        there, contract = placed(law, payoff, dict(zip(over, values, strict=True)))
        estimate = greeks(there, contract, [greek], seed=common, **settings)[greek]
        row = {name: estimate.value, f"{name}_standard_error": estimate.standard_error}
        if (exact := referred(there, contract, greek, reference)) is not None:
            row[f"{name}_reference"] = exact
        rows.append({**row, "method": "doubtful" if estimate.note else "simulated", "note": estimate.note})
    index = pd.MultiIndex.from_product(list(over.values())) if len(over) == 2 else pd.Index(*over.values())
    return pd.DataFrame(rows, index=index.set_names(list(over)))


def placed(law: PathModel, payoff: Contract, values: Mapping[str, float]) -> tuple[PathModel, Contract]:
    """The model and the contract with the given values of parameters, time gone by and terms."""
    for name, value in values.items():
        finite(name, value)
        if name == TIME:
            law, payoff = (law.later(value) if has(law, Ages) else law), aged(payoff, value)
        elif name in law.parameters:
            law = moved(law, {name: value - value_of(law, name)})
        elif name in (terms := _terms(payoff)):
            payoff = replace(payoff, **{name: value})  # type: ignore[type-var]
        else:
            refuse("over", f"name one of {', '.join([*coordinates(law), *terms])}", name)
    return law, payoff


def aged(payoff: Contract, elapsed: float) -> Contract:
    """The contract when every date has come nearer by `elapsed` years."""
    if not 0.0 <= elapsed < payoff.times[0]:
        refuse(TIME, f"be at least 0 and before the first date, {payoff.times[0]:g} years", elapsed)
    if len(payoff.times) == 1 and "maturity" in _terms(payoff):
        return replace(payoff, maturity=payoff.times[0] - elapsed)  # type: ignore[type-var]
    stated = stated_payments(payoff)
    paid = None if stated is None else tuple(time - elapsed for time in stated)
    return Payoff(payoff.__call__, tuple(time - elapsed for time in payoff.times), paid)


def _terms(payoff: Contract) -> list[str]:
    """Fields of the contract that are numbers."""
    if not is_dataclass(payoff):
        return []
    values = {field.name: getattr(payoff, field.name) for field in fields(payoff)}
    return [name for name, x in values.items() if isinstance(x, (int, float)) and not isinstance(x, bool)]


def referred(law: Any, payoff: Contract, greek: Greek, reference: Reference) -> float | None:
    """The exact value, or None where there is none."""
    if reference is None:
        return None
    if callable(reference):
        return float(reference(law, payoff))
    if reference != "auto":
        refuse("reference", 'be a function of model and payoff, "auto" or None', reference)
    if not has(law, KnowsVanillas):
        return None
    try:
        return closed_form.greek(law, payoff, greek)
    except TypeError:  # no closed form for this payoff
        return None
