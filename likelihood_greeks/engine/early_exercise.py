"""Contracts that are exercised early: a rule is fitted to the law, kept, and judged beside the Greeks under it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeGuard, final

import numpy as np

from .._checks import refuse
from .._remembered import remembered
from ..estimate import Estimate
from ..estimators.likelihood_ratio import Combination
from ..exercise.decisions import Early
from ..exercise.judged import Judged, Known, Rule
from ..exercise.rule import Fitted
from ..models.adaptor import as_path_model
from ..models.capabilities import assets_of, can_be_kept
from ..models.protocol import PathModel
from ..parameters import TIME, Derivative
from ..payoffs.assets import of_assets
from ..payoffs.exercise import Bermudan, Exercised
from ..payoffs.exercise_by_value import ExercisedByValue
from ..payoffs.protocol import Contract
from ..payoffs.redeemable import Redeemable
from ..payoffs.redeemed import Redeemed
from ..result import Result
from ..streams.chunks import checked
from .execution import one_thread_each

KNOWN_WELL = 0.005
"""Share of a Greek up to which the bias of its rule is no reason to doubt it."""

KEPT = "the exercise rule is that of the model itself at every point, and not refitted"


def exercise_rule(model: Any, payoff: Early, *, seed: int | None = None) -> Rule:
    """Fit the best exercise rule of a contract under a model, on draws of its own.

    What comes next is regressed on the spot, backwards from the last date, and the levels at which exercise begins to
    be worth while are moved to where the value's own gradient in them is zero, on other draws.

    Parameters
    ----------
    model : PathModel or Law
        Whose spots alone say what is to come: `GBM`, `TermStructureGBM`, `CorrelatedGBM`, `LocalVolatility`.
    payoff : Bermudan or Redeemable
    seed : int, optional
        Default: drawn. `greeks` fits the same rule by the same seed.

    Returns
    -------
    Exercised, ExercisedByValue or Redeemed
        An ordinary payoff: of a call or put by levels, of others by what going on is worth.

    Raises
    ------
    TypeError
        If the payoff is neither, or the best rule under the model would look at more than the spots.

    Examples
    --------
    >>> import likelihood_greeks as lg
    >>> model = lg.GBM(spot=36.0, volatility=0.2, rate=0.06)
    >>> rule = lg.exercise_rule(model, lg.Bermudan(lg.Put(40.0, 1.0), [0.5], rule_paths=8192), seed=1)
    >>> 36.0 < rule.levels[0] < 36.7
    True
    """
    if not isinstance(payoff, Bermudan | Redeemable):
        raise TypeError(f"payoff must be a Bermudan or a Redeemable, got {payoff!r}")
    law = as_path_model(model)
    named = of_assets(payoff, assets_of(law))
    assert isinstance(named, Bermudan | Redeemable)
    return fitted(law, named, checked(2, seed, "pseudo")[1]).rule


def fitted(law: PathModel, contract: Early, seed: int) -> Fitted:
    """The best rule of a contract, and its hedge; the latest ones are remembered."""
    hashable: Any = law
    return _remembered(hashable, contract, seed) if can_be_kept(law) else _fitted(law, contract, seed)


@remembered(256)
def _remembered(law: Any, contract: Early, seed: int) -> Fitted:
    return _fitted(law, contract, seed)


@np.errstate(under="ignore")  # what underflows is zero, whatever the caller has set
def _fitted(law: PathModel, contract: Early, seed: int) -> Fitted:
    with one_thread_each():  # the same bits on any number of cores
        return Fitted.of(law, contract, seed)


def is_early(payoff: Contract) -> TypeGuard[Early | Rule]:
    """Whether a contract is exercised early."""
    return isinstance(payoff, Bermudan | Redeemable | Exercised | ExercisedByValue | Redeemed)


def ruled(law: PathModel, payoff: Contract, derivatives: Iterable[Derivative], seed: int) -> Contract:
    """A contract with a rule, if it needs one, as `with_rule` gives it; others as they are."""
    return with_rule(law, payoff, derivatives, seed) if is_early(payoff) else payoff


def with_rule(law: PathModel, payoff: Early | Rule, derivatives: Iterable[Derivative], seed: int) -> Rule:
    """A contract with the best rule, or the one that it has.

    Raises
    ------
    ValueError
        If second derivatives are wanted with which the rule would have to move.
    """
    for derivative in derivatives:
        moving = [name for name in derivative if _moves_rule(name)]
        if len(derivative) > 1 and moving:
            why = f"the best rule moves with {moving[0]}, and a rule that is kept does not"
            refuse(
                "greeks",
                f"be others: second derivatives in {moving[0]} are not given of one that is exercised early: {why}",
                " and ".join(derivative),
            )
    return fitted(law, payoff, seed).rule if isinstance(payoff, Bermudan | Redeemable) else payoff


def _moves_rule(name: str) -> bool:
    """Whether the best rule, a function of the spot and the date, is another when a coordinate moves."""
    return name not in ("spot", TIME) and not name.startswith("spot[")


@final
@dataclass(frozen=True, slots=True)
class Verdict:
    """What is said of a rule beside the Greeks under it.

    Attributes
    ----------
    rule : Exercised, ExercisedByValue or Redeemed
    judged : Judged
    """

    rule: Rule
    judged: Judged

    @classmethod
    @np.errstate(under="ignore")
    def on(cls, law: PathModel, rule: Rule, wanted: Mapping[str, Combination], seed: int) -> Verdict:
        """Judge a rule on draws of its own."""
        firsts = dict.fromkeys(d[0] for terms in wanted.values() for d in terms if len(d) == 1 and _moves_rule(d[0]))
        with one_thread_each():
            return cls(rule, fitted(law, rule.contract, seed).judged(law, rule, [*firsts], seed))

    def told(self, result: Result, wanted: Mapping[str, Combination]) -> Result:
        """A result with biases, the bound from above, and a remark on the rule."""
        found = {label: self._biased(estimate, wanted[label]) for label, estimate in result.estimates.items()}
        paths = self.rule.contract.rule_paths
        bounds = self.judged.lower_bound, self.judged.upper_bound
        below, above = (Estimate(bound.value, bound.error, paths, paths) for bound in bounds)
        remark = f"exercise rule: {self.rule.described()}; judged by {paths:,} paths of their own"
        diagnostics = replace(result.diagnostics, remarks=(*result.diagnostics.remarks, remark))
        return replace(result, estimates=found, lower_bound=below, upper_bound=above, diagnostics=diagnostics)

    def _bias(self, terms: Combination) -> Known | None:
        """Of a Greek that is such a combination; None if it has none."""
        parts = [(factor, self.judged.bias[d[0]]) for d, factor in terms.items() if len(d) == 1 and _moves_rule(d[0])]
        if not parts:
            return None
        return Known(sum(x * part.value for x, part in parts), sum(abs(x) * part.error for x, part in parts))

    def doubt(self, estimate: Estimate, terms: Combination) -> str:
        """What is to be held against an estimate for its bias; empty if nothing."""
        bias = self._bias(terms)
        if bias is None or bias.size <= max(KNOWN_WELL * abs(estimate.value), estimate.standard_error):
            return ""
        return f"biased: the exercise rule is not at its best, which makes about {bias.value:.3g} ± {bias.error:.1g}"

    def _biased(self, estimate: Estimate, terms: Combination) -> Estimate:
        bias = self._bias(terms)
        if bias is None:
            return estimate
        note = "; ".join(filter(None, [self.doubt(estimate, terms), estimate.note]))
        return replace(estimate, bias=bias.size, note=note)
