"""The right to exercise early: what is agreed, and what a frozen rule makes of it, an ordinary payoff."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias, final

import numpy as np

from .._checks import dates, number, refuse, whole
from .._typing import AnyArray, FloatArray
from .european import Call, Put
from .protocol import Contract, check_contract, stated_payments
from .terms import verify_rows

Side: TypeAlias = Literal["above", "below"]
RULE_PATHS = 32_768


@final
@dataclass(frozen=True)
class Bermudan:
    """An option that its holder may exercise on some dates before its maturity.

    What it is worth depends on the rule by which it is exercised: `greeks` fits the best one on draws of its own and
    keeps it while the Greeks are estimated; `exercise_rule` gives that rule by itself.

    Parameters
    ----------
    payoff : Contract
        What exercise pays, at once, of the spot or spots on that date: anything with one date, its maturity, and one
        cash flow, which is nowhere negative. For a `Call` or `Put` the rule is a level a date, for others what a
        regression says that going on is worth.
    times : sequence of float
        Exercise dates in years, increasing, none after the maturity, which need not be named. A dense grid is nearly
        an American option: ``schedule(maturity, 250)``.
    rule_paths : int
        Paths on which the rule is fitted, and as many again on which it is judged, at least 4,096. The bias that the
        rule leaves in vega and rho falls with the square root.

    Raises
    ------
    TypeError
        If `payoff` is no contract.
    ValueError
        If it has several dates or pays at another, or a date is not positive, not after the one before, or after the
        maturity.

    Examples
    --------
    >>> import likelihood_greeks as lg
    >>> put = lg.Bermudan(lg.Put(40.0, 1.0), times=[0.25, 0.5, 0.75], rule_paths=8192)
    >>> put.times
    (0.25, 0.5, 0.75, 1.0)
    >>> model = lg.GBM(spot=36.0, volatility=0.2, rate=0.06)
    >>> result = lg.greeks(model, put, ["delta", "vega"], paths=4096, seed=1)
    >>> 4.3 < result.lower_bound.value < result.upper_bound.value < 4.4
    True
    """

    payoff: Contract
    times: tuple[float, ...]
    rule_paths: int = RULE_PATHS

    def __post_init__(self) -> None:
        check_contract(self.payoff)
        if isinstance(self.payoff, Bermudan) or len(self.payoff.times) != 1:
            refuse("payoff", "have one date, its maturity: exercise pays by the spot on that day alone", self.payoff)
        if stated_payments(self.payoff) not in (None, tuple(self.payoff.times)):
            refuse("payoff", "pay on its date", stated_payments(self.payoff))
        maturity, times = self.payoff.times[0], dates("times", self.times)
        if times[-1] > maturity * (1.0 + 1e-12):
            refuse("times", f"not be after the maturity {maturity:g}", times[-1])
        kept = [time for time in times if time < maturity * (1.0 - 1e-12)]
        object.__setattr__(self, "times", (*kept, maturity))
        object.__setattr__(self, "rule_paths", whole("rule_paths", self.rule_paths, 4096))

    @property
    def option(self) -> Call | Put | None:
        """The call or put that it is on; None if it is on something else."""
        return self.payoff if isinstance(self.payoff, (Call, Put)) else None

    @property
    def side(self) -> Side:
        """Where the spot is when exercise of a call or put is worth while."""
        return "below" if isinstance(self.payoff, Put) else "above"

    @property
    def references(self) -> FloatArray | None:
        """What the spots of several assets are compared by, where the payoff says; shape (n_assets,) or (1,)."""
        if not hasattr(self.payoff, "reference"):
            return None
        stated = self.payoff.reference
        return np.ones(1) if stated is None else np.array([float(value) for _, value in stated])

    def paid(self, spot: FloatArray) -> FloatArray:
        """What exercise pays at spots of shape (n_paths,), or (n_assets, n_paths); shape (n_paths,)."""
        return np.asarray(self.payoff(spot[..., None, :]), dtype=float).reshape(spot.shape[-1])

    def paid_on(self, spot: AnyArray, row: int) -> AnyArray:
        """What exercise pays on a date, from spots on all."""
        if self.option is not None:
            strike, here = self.option.strike, spot[row]
            return np.maximum(strike - here if self.side == "below" else here - strike, 0.0)
        one = slice(row, row + 1)
        found = self.payoff(spot[:, one] if len(spot.shape) == 3 else spot[one])
        return found[0] if len(found.shape) == 2 else found

    def __call__(self, spot: AnyArray) -> AnyArray:
        """There is no cash flow without a rule.

        Raises
        ------
        TypeError
            Always.
        """
        raise TypeError("a Bermudan has no cash flow before it has a rule: exercise_rule(model, payoff) fits one")


@final
@dataclass(frozen=True)
class Exercised:
    """A `Bermudan` with a rule: it is exercised on the first date on which the spot is at or beyond that date's level.

    Parameters
    ----------
    contract : Bermudan
        On a call or a put.
    levels : sequence of float
        Currency, one for each date but the last: spots at or below it (put) or at or above it (call) are exercised.
        Zero (put) or infinity (call): not on that date.

    Raises
    ------
    ValueError
        If there are more or fewer, or one is negative or no number.

    Examples
    --------
    >>> import likelihood_greeks as lg
    >>> put = lg.Exercised(lg.Bermudan(lg.Put(100.0, 1.0), [0.5]), levels=[85.0])
    >>> put(np.array([[84.0, 86.0], [90.0, 90.0]]))
    array([[16.,  0.],
           [ 0., 10.]])
    """

    contract: Bermudan
    levels: tuple[float, ...]

    def __post_init__(self) -> None:
        if not isinstance(self.contract, Bermudan):
            raise TypeError(f"contract must be a Bermudan, got {self.contract!r}")
        if self.contract.option is None:
            refuse("contract", "be on a Call or a Put, for which levels are a rule", self.contract.payoff)
        found = tuple(number(f"levels[{k}]", level) for k, level in enumerate(self.levels))
        if len(found) != len(self.times) - 1:
            refuse("levels", f"be one for each of the {len(self.times) - 1} dates before the maturity", self.levels)
        if not all(level >= 0.0 for level in found):
            refuse("levels", "not be negative", self.levels)
        object.__setattr__(self, "levels", found)

    @property
    def times(self) -> tuple[float, ...]:
        """The exercise dates."""
        return self.contract.times

    def stops(self, row: int, spot: AnyArray, paid: AnyArray) -> AnyArray:
        """Whether spots on a date, where exercise pays `paid`, are exercised; not of the last date."""
        return spot <= self.levels[row] if self.contract.side == "below" else spot >= self.levels[row]

    def margin(self, row: int, spot: FloatArray, paid: FloatArray) -> FloatArray:
        """How far spots on a date are beyond the level, currency."""
        return (self.levels[row] - spot) * (1.0 if self.contract.side == "below" else -1.0)

    def never(self, row: int) -> bool:
        """Whether no spot on a date is exercised."""
        return not 0.0 < self.levels[row] < np.inf

    def described(self) -> str:
        """The rule in words."""
        reached = [level for row, level in enumerate(self.levels) if not self.never(row)]
        if not reached:
            return "never before the maturity"
        return f"spots {self.contract.side} levels between {min(reached):.4g} and {max(reached):.4g}"

    def __call__(self, spot: AnyArray) -> AnyArray:
        """Cash flows by date, shape (n_times, n_paths)."""
        verify_rows(self.times, spot)
        return followed(self, spot)


class Rule(Protocol):
    """A contract that is exercised by a rule."""

    @property
    def contract(self) -> Bermudan:
        """What may be exercised."""
        ...

    def never(self, row: int, /) -> bool:
        """Whether it is not exercised on a date at all."""
        ...

    def stops(self, row: int, spot: AnyArray, paid: AnyArray, /) -> AnyArray:
        """Whether it is exercised on a date, given its spots and what exercise pays."""
        ...


def followed(rule: Rule, spot: AnyArray) -> AnyArray:
    """Cash flows of a rule by date, shape (n_times, n_paths)."""
    flows, alive, last = [], None, len(rule.contract.times) - 1
    for row in range(last + 1):
        paid = rule.contract.paid_on(spot, row)
        if row < last and rule.never(row):
            flows.append(0.0 * paid)
            continue
        here = spot[:, row] if len(spot.shape) == 3 else spot[row]
        stops = None if row == last else rule.stops(row, here, paid)
        now = alive if stops is None else stops if alive is None else alive & stops
        flows.append(paid if now is None else np.where(now, paid, 0.0))
        if stops is not None:
            alive = ~stops if alive is None else alive & ~stops
    return np.stack(flows)
