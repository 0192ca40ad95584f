"""Shocks of a market: relative to spots, absolute to volatilities and rates; and trades under them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from os import PathLike
from typing import Any, final

from ..._checks import finite, path_of, refuse, within
from ...models.adaptor import moved
from ...models.heston.law import Heston
from ..calendars import closest
from ..toml_text import parsed
from ..trades import Trade
from ..underlying import Model

KINDS = ("spot", "volatility", "rate")
"""What is shocked: the spot by a share of it, volatilities and rates by an amount."""
MOST = {"spot": 5.0, "volatility": 1.0, "rate": 0.5}
"""Moves from which on they must be in per cent."""
OTHERS = "others"
"""Stands for the underlyings that a stress does not name."""


@final
@dataclass(frozen=True, slots=True)
class Shock:
    """A move of one underlying.

    Parameters
    ----------
    spot : float
        As a share of the spot, above -1 and below 5.
    volatility : float
        Added to every quoted volatility; under Heston to the initial and the long-run one. Below 1 up or down.
    rate : float
        Added to every zero rate, per year. Below 0.5 up or down.
    """

    spot: float = 0.0
    volatility: float = 0.0
    rate: float = 0.0

    def __post_init__(self) -> None:
        for name in KINDS:
            finite(name, getattr(self, name))
        if not -1.0 < self.spot < MOST["spot"]:
            refuse(
                "spot", f"be a share of the spot above -1 and below {MOST['spot']:g}: 0.05 is five per cent", self.spot
            )
        for name in KINDS[1:]:
            if not abs(getattr(self, name)) < MOST[name]:
                refuse(name, f"be less than {MOST[name]:g} up or down: 0.01 is one per cent", getattr(self, name))

    @property
    def nothing(self) -> bool:
        """Whether it moves nothing."""
        return not (self.spot or self.volatility or self.rate)

    def law(self, law: Model) -> Model:
        """A law under the shock.

        Raises
        ------
        ValueError
            If the law cannot have it: a volatility of no more than zero, say.
        """
        shifts = {"spot": self.spot * law.spot, "rate": self.rate}
        if isinstance(law, Heston):
            for name in ("initial_variance", "long_run_variance"):
                variance = getattr(law, name)
                if variance**0.5 + self.volatility <= 0.0:
                    refuse("volatility", f"leave the root of {name} positive, {variance**0.5:g}", self.volatility)
                shifts[name] = (variance**0.5 + self.volatility) ** 2 - variance
        else:
            shifts["volatility"] = self.volatility
        found: Model = moved(law, {name: shift for name, shift in shifts.items() if shift})
        return found

    def trade(self, trade: Trade) -> Trade:
        """A trade under the shock; a fixing of today that is still open moves with the spot."""
        law = self.law(trade.model)
        payoff = trade.payoff if trade.past is None else trade.past.left(law.spot)[0]
        return replace(trade, model=law, payoff=payoff, past=None, moving=None)


def stresses(
    source: Mapping[str, Any] | str | PathLike[str], underlyings: Sequence[str]
) -> dict[str, dict[str, Shock]]:
    """Named stresses: by name, a shock for each underlying.

    Parameters
    ----------
    source : mapping or path
        A table for each stress, in a TOML file or a dictionary, with the keys ``spot``, ``volatility`` and ``rate``:
        each a number for all underlyings, or a table by underlying, where ``others`` are those not named.
    underlyings : sequence of str
        Those that the market has.

    Raises
    ------
    ValueError
        If a key or an underlying is unknown, or a number out of range, naming it.

    Examples
    --------
    >>> crash = {"crash": {"spot": {"SAP": -0.3, "others": -0.2}, "volatility": 0.1}}
    >>> stresses(crash, ["SAP", "SX5E"])["crash"]["SX5E"]
    Shock(spot=-0.2, volatility=0.1, rate=0.0)
    """
    if not isinstance(source, Mapping):
        path = path_of("stresses", source)
        with within(path.name, ": "):
            return stresses(parsed(path), underlyings)
    if not source or not all(isinstance(own, Mapping) for own in source.values()):
        refuse("stresses", "hold a table for each stress, with spot, volatility or rate", source)
    found = {}
    for name, own in source.items():
        with within(str(name)):
            for key in own:
                if key not in KINDS:
                    refuse(str(key), f"be one of {', '.join(KINDS)}{closest(str(key), KINDS)}", own[key])
            moves = {kind: by_name(kind, own.get(kind, 0.0), underlyings) for kind in KINDS}
            found[str(name)] = {each: Shock(**{kind: moves[kind][each] for kind in KINDS}) for each in underlyings}
    return found


def by_name(kind: str, value: Any, underlyings: Sequence[str]) -> dict[str, float]:
    """A number for each underlying, from one for all or a table in which some stand for themselves."""
    if not isinstance(value, Mapping):
        return dict.fromkeys(underlyings, finite(kind, value))
    with within(kind):
        for name in value:
            if name not in (*underlyings, OTHERS):
                refuse(str(name), f"be an underlying of the market, or {OTHERS}{closest(str(name), underlyings)}", None)
        rest = finite(OTHERS, value.get(OTHERS, 0.0))
        return {name: finite(name, value.get(name, rest)) for name in underlyings}
