"""What the pilot decides about one payoff: which controls it gets, with which coefficients, and why."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, final

import numpy as np

from .._typing import AnyArray, FloatArray
from ..estimators.likelihood_ratio import Drawn
from ..models.moves import Movable, draws_beneath
from ..models.protocol import PathModel
from ..payoffs.european import pieces
from ..payoffs.protocol import Contract
from ..payoffs.relaxed.tape import Level, NotRelaxableError, Tape
from . import averages
from .handover import Handover, Hold, candidates
from .regression import Fit, Products, fit, refused
from .selection import BUDGET, Load, choose, cost
from .specific import Conditional, Control, HandedOver, KnowsVanillas, Vanilla
from .widths import REACHES, Relaxation, ladder

NOTHING_PAYS = "no control pays for its cost: plain likelihood ratio"
MANY = 8  # dates that a level is compared at before it is held: with fewer, skeletons serve as well
HELD_WIDTH = 1.0  # of a relaxation, in units of the local scale, up to which paths are held
LEVELS = 4  # compared levels that get Europeans, and that are held


@final
@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """The controls of one payoff.

    Attributes
    ----------
    fit : Fit
        Coefficients of the free controls, then of `specific`.
    specific : tuple of Control
        Controls made for this payoff.
    remarks : tuple of str
        What was decided and why.
    paths : int
        Samples that the pilot drew for it.
    """

    fit: Fit
    specific: tuple[Control, ...] = ()
    remarks: tuple[str, ...] = ()
    paths: int = 0

    @property
    def empty(self) -> bool:
        """Whether it uses no control."""
        return not self.fit.coefficients.any()

    @property
    def used(self) -> FloatArray:
        """Which of the payoff's own controls serve which Greek, bool of shape (n_greeks, n_specific)."""
        own = self.fit.coefficients.shape[1] - len(self.specific)
        return np.asarray(self.fit.coefficients[:, own:] != 0.0)

    def restricted(self, served: AnyArray) -> Plan:
        """The plan without the controls of some Greeks; `served` is bool of shape (n_greeks,)."""
        if np.all(served | ~self.fit.coefficients.any(axis=1)):
            return self
        none, keep = refused(self.fit), served[:, None]
        fitted = Fit(
            np.where(keep, self.fit.coefficients, none.coefficients),
            np.where(served, self.fit.gain, none.gain),
            np.where(keep, self.fit.contribution, none.contribution),
        )
        return replace(self, fit=fitted)

    def applied(self, plain: FloatArray, free: FloatArray, own: FloatArray) -> FloatArray:
        """Controlled samples, from plain samples and the controls' samples; shape (n_greeks, n_samples)."""
        count = len(free)
        result = plain - self.fit.coefficients[:, :count] @ free
        if own.shape[1]:
            result -= np.einsum("gc,gcn->gn", self.fit.coefficients[:, count:], own, optimize=False)
        return result


@final
@dataclass(frozen=True, slots=True, eq=False)
class Choice:
    """The controls chosen for one payoff, before their coefficients are fitted.

    Attributes
    ----------
    specific : tuple of Control
    products : Products
        What the pilot has seen of them so far.
    allowed : ndarray of bool, shape (n_greeks, n_free)
        Which free controls serve which Greek.
    load : Load
        Of a plain path.
    remark : str
    """

    specific: tuple[Control, ...]
    products: Products
    allowed: FloatArray
    load: Load
    remark: str = ""

    def planned(self, more: Products | None = None) -> Plan:
        """The plan, with coefficients from all that the pilot has seen, `more` included."""
        own = np.ones((len(self.allowed), len(self.specific)), dtype=bool)
        seen = self.products.merge(more) if more else self.products
        remarks = (self.remark,) if self.remark else ()
        fitted = fit(seen, np.concatenate([self.allowed, own], axis=1))
        if np.log(fitted.gain).mean() < np.log(cost(self.specific, self.load)):
            why = (NOTHING_PAYS,) if self.specific else (*remarks, NOTHING_PAYS)
            return Plan(refused(fitted), remarks=why, paths=seen.size)
        return Plan(fitted, self.specific, remarks, seen.size)


def offered(
    model: PathModel, payoff: Contract, drawn: Drawn, load: Load, generator: np.random.Generator
) -> tuple[list[Control], str]:
    """Controls that could be made for a payoff, and if no relaxations are among them, why."""
    if not isinstance(model, Movable):
        return [], "no relaxations: the law does not say how its paths move (it has no `moves`)"
    everything, rates = tuple(range(len(payoff.times))), model.hand_over_rates(payoff.times)
    otherwise = [Handover(everything, rate) for rate in rates if rate != drawn.rate]
    own: list[Control] = [HandedOver(None, handover) for handover in otherwise]
    if draws_beneath(model, payoff.times) and (european := pieces(payoff)):
        own += [Conditional(european, rate) for rate in (None, *rates)]
    try:
        tape = Tape(lambda *_: 0.0)
        widths = ladder(payoff, drawn.spot, generator, tape)
        relaxations = [r for r in widths if not r.reach or _holds(tape.levels, drawn, r)]  # some serve holds alone
        for relaxation in relaxations:
            relaxation.evaluate(payoff, drawn.spot, lambda flows: np.ones(len(flows)))
    except NotRelaxableError as error:
        return own, f"no relaxations: the payoff uses {error}"
    except Exception as error:  # whatever the payoff raises when it is called with what is no array
        return own, f"no relaxations: when followed, the payoff raised {type(error).__name__} {error}".rstrip()
    affordable = [r for r in relaxations if cost([HandedOver(r, Handover(()))], load) <= BUDGET]
    ways = [*(Handover(skeleton, min(rates)) for skeleton in candidates(payoff.times)), *otherwise]
    for relaxation in affordable:
        holds = _holds(tape.levels, drawn, relaxation)
        own += [HandedOver(relaxation, way) for way in (holds if relaxation.reach else [*ways, *holds])]
    if len(payoff.times) > 1 and isinstance(model, KnowsVanillas) and isinstance(model, Hashable):
        own += _europeans(tape.levels, rates, drawn.rate)
    if isinstance(model, averages.KnowsAverages) and isinstance(model, Hashable):
        own += averages.offered(tape.levels, drawn.spot)
    return own, "" if own else "no relaxations: to evaluate one would cost more than it could save"


def _holds(levels: Sequence[Level], drawn: Drawn, relaxation: Relaxation) -> list[Handover]:
    """Levels to be held still: those compared at many dates, on a clock that no path knows."""
    narrow = bool(relaxation.reach) or 0.0 < relaxation.local <= HELD_WIDTH
    if not narrow or drawn.moves is None or drawn.moves.variance.shape[1] > 1:
        return []
    several = list(dict.fromkeys(known.level for known in levels if len(known.rows) >= MANY))[:LEVELS]
    reaches = (relaxation.reach,) if relaxation.reach else (*REACHES, 1.0)
    return [Handover((), drawn.rate, Hold(level, reach)) for level in several for reach in reaches]


def _europeans(levels: Sequence[Level], rates: Sequence[float], target: float) -> list[Control]:
    """Known prices at the levels that the payoff compares with, and the Greeks of these prices."""
    kinds: tuple[Literal["digital", "call"], ...] = ("digital", "call")
    plain = [(rate, False) for rate in dict.fromkeys((None, target, min(rates)))]
    given = [(rate, True) for rate in (None, min(rates))] if len(rates) > 1 else []
    return [
        Vanilla(row, level, kind, *how) for row, level in _compared(levels) for kind in kinds for how in plain + given
    ]


def _compared(levels: Sequence[Level]) -> Iterator[tuple[int, float]]:
    """Dates and levels of the Europeans: at most four dates a level, the ends of quarters of those compared with it."""
    dates: dict[float, set[int]] = {}
    for known in levels:  # of an extreme over the dates the last one says most
        dates.setdefault(known.level, set()).update(known.rows if known.averaged else known.rows[-1:])
    for level, rows in list(dates.items())[:LEVELS]:
        quarters = {max(round(share * len(rows)) - 1, 0) for share in (0.25, 0.5, 0.75, 1.0)}
        yield from ((sorted(rows)[k], level) for k in sorted(quarters))


def chosen(offers: Sequence[Control], why_not: str, load: Load, products: Products, allowed: FloatArray) -> Choice:
    """The offers that pay, judged by their products with the Greeks; `why_not` says why there are no offers."""
    n_free = allowed.shape[1]
    picked = choose(offers, load, products, allowed) if offers else []
    kept = products.restricted([*range(n_free), *(n_free + j for j in picked)])
    if not picked:
        nothing = "no relaxation or known price pays for its cost: the free controls serve as well"
        return Choice((), kept, allowed, load, "; ".join(filter(None, [why_not, nothing if offers else ""])))
    specific = tuple(offers[j] for j in picked)
    work = f"a path costs about {cost(specific, load):.1f} plain"
    pay = f"{len(picked)} of {len(offers)} controls of its own pay; {work}"
    return Choice(specific, kept, allowed, load, "; ".join(filter(None, [why_not, pay])))
