"""Controls that could be made for a payoff under a law: what is offered to the pilot, which chooses."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

import numpy as np

from ..estimators.likelihood_ratio import Drawn
from ..models import travel
from ..models.capabilities import (
    DrawsBeneath,
    KnowsAverages,
    KnowsVanillas,
    Movable,
    can_be_kept,
    draws_beneath,
    has,
)  # fmt: skip
from ..models.extremes import WithExtremes
from ..models.joint_moves import JointMoves
from ..models.moves import LIKELIHOOD_RATIO, IndependentSteps, Moves, StateSteps
from ..models.protocol import PathModel
from ..models.returns import squares_jet
from ..models.state_joint_moves import JointStateSteps, StateJointMoves
from ..payoffs.along.pieces import pieces_along
from ..payoffs.european import pieces
from ..payoffs.protocol import Contract
from ..payoffs.realised import CountsReturns
from ..payoffs.relaxed.tape import Level, NotRelaxableError, Tape
from . import averages
from .conditional import Conditional
from .europeans import Vanilla
from .handed_over import HandedOver
from .handover import FAST_RATES, RATES, Gradual, Handover, Hold, Way, candidates
from .joint_lines import JointDirection, JointLine, joint_directions
from .line_integrated import LineIntegrated
from .line_layout import Layout
from .lines import DIRECTIONS, Direction
from .on_extremes import OnExtremesThatTravel
from .protocol import Control, Load, cost
from .selection import BUDGET
from .squares import Squares
from .widths import FINER_WIDTH, LOCAL_WIDTHS, REACHES, STATE_WIDTHS, Relaxation, follow, ladder

MANY = 8  # dates that a level is compared at before it is held, or crossed narrowly: with fewer, others serve as well
EVEN = 0.015  # effective share of paths in the square of what is carried from the first step to the last; 0.5 if smooth
HELD_WIDTH = 1.0  # of a relaxation, in units of the local scale, up to which paths are held
LEVELS = 4  # compared levels that get Europeans, and that are held
QUARTERS = (0.25, 0.5, 0.75, 1.0)  # of the dates compared with a level, at whose ends there are Europeans


def integrated(
    model: PathModel, payoff: Contract, drawn: Drawn, lines: Sequence[LineIntegrated], *, many: bool = False
) -> list[Control]:
    """Lines along which a payoff can be integrated, with all whose means are known besides; none if there is no line.

    Where one of them serves, the relaxations of `offered` add little and are most of a pilot's work (measured on
    barriers of 7 to 504 dates, under stochastic volatility and without: a tenth of an error at most). Of many payoffs
    Europeans at the last date alone are among them: others never served beside a line (of 94, measured).
    """
    rates, tape = _rates(model, payoff), Tape(lambda *_: 0.0)
    if not lines:
        return []
    try:
        follow(payoff, drawn.spot, tape)
    except NotRelaxableError:
        return []
    known = _known(model, payoff, drawn, rates, tape, shares=(1.0,) if many else QUARTERS)
    return [*_beneath(model, payoff, rates, drawn)[0], *lines, *known]


def offered(
    model: PathModel,
    payoff: Contract,
    drawn: Drawn,
    *,
    lines: Sequence[LineIntegrated],
    load: Load,
    generator: np.random.Generator,
) -> tuple[list[Control], str]:
    """Controls that could be made for a payoff, and if no relaxations are among them, why."""
    if isinstance(model, WithExtremes):
        return _on_extremes(payoff, drawn, load, generator)
    if not has(model, Movable) or drawn.moves is None:
        return [], "no relaxations: the law does not say how its paths move (it has no `moves`)"
    if drawn.moves.path is None:
        return [], "no relaxations: the law does not say how its paths travel (its moves have no `path`)"
    rates, tape = _rates(model, payoff), Tape(lambda *_: 0.0)
    own, beneath = _beneath(model, payoff, rates, drawn)
    own += _squares(model, payoff, drawn)
    try:
        relaxations = _relaxations(payoff, drawn, generator, tape)
    except NotRelaxableError as error:
        return own, f"no relaxations: the payoff uses {error}"
    except Exception as error:  # whatever the payoff raises when it is called with what is no array
        return own, f"no relaxations: when followed, the payoff raised {type(error).__name__} {error}".rstrip()
    own += lines
    affordable = [r for r in relaxations if cost([HandedOver(r, Handover(()))], load) <= BUDGET]
    ways = [*_ways(payoff, drawn, rates), *beneath]
    for relaxation in affordable:
        holds = _holds(tape.levels, drawn, relaxation)
        own += [HandedOver(relaxation, way) for way in (holds if relaxation.reach else [*ways, *holds])]
    own += _known(model, payoff, drawn, rates, tape)
    return own, "" if own else "no relaxations: to evaluate one would cost more than it could save"


def _on_extremes(
    payoff: Contract, drawn: Drawn, load: Load, generator: np.random.Generator
) -> tuple[list[Control], str]:
    """Relaxations of a payoff that sees extremes."""
    try:
        relaxations = _relaxations(payoff, drawn, generator, Tape(lambda *_: 0.0))
    except NotRelaxableError as error:
        return [], f"no relaxations: the payoff uses {error}"
    except Exception as error:  # whatever the payoff raises when it is called with what is no array
        return [], f"no relaxations: when followed, the payoff raised {type(error).__name__} {error}".rstrip()
    found: list[Control] = [OnExtremesThatTravel(r) for r in relaxations if not r.reach]
    return [control for control in found if cost([control], load) <= BUDGET], ""


def _rates(model: PathModel, payoff: Contract) -> Sequence[float]:
    """Rates at which changes of what is beneath the spots can be handed over."""
    return model.hand_over_rates(payoff.times) if has(model, DrawsBeneath) else (LIKELIHOOD_RATIO,)


def _known(
    model: PathModel,
    payoff: Contract,
    drawn: Drawn,
    rates: Sequence[float],
    tape: Tape,
    *,
    shares: Sequence[float] = QUARTERS,
) -> list[Control]:
    """Options of known price on what a payoff compares, whose levels are on the tape, after shares of its dates."""
    own: list[Control] = []
    if _independent(drawn) and can_be_kept(model):
        if len(payoff.times) > 1 and has(model, KnowsVanillas):
            own += _europeans(tape.levels, rates, drawn.rate, draws_beneath(model, payoff.times), shares)
        if has(model, KnowsAverages):
            own += averages.offered(tape.levels, drawn.spot)
    return own


def _squares(model: PathModel, payoff: Contract, drawn: Drawn) -> list[Control]:
    """The sum of squared log returns, for a payoff that counts them, where its price is known."""
    counted = payoff.realised() if isinstance(payoff, CountsReturns) and _independent(drawn) else None
    if counted is None or not can_be_kept(model) or squares_jet(model, payoff.times, counted.first) is None:
        return []
    return [Squares(counted.first, greek) for greek in (False, True)]


def _independent(drawn: Drawn) -> bool:
    """Whether the law's steps are independent, so that sums of them have laws of their own."""
    return drawn.moves is not None and isinstance(drawn.moves.path, IndependentSteps)


def _beneath(
    model: PathModel, payoff: Contract, rates: Sequence[float], drawn: Drawn
) -> tuple[list[Control], list[Handover]]:
    """Controls that come from what is drawn beneath the spots, and the further ways of handing it over."""
    if not _independent(drawn):  # what is beneath travels with the steps, and at one rate
        return [], []
    everything = tuple(range(len(payoff.times)))
    ways = [Handover(everything, rate) for rate in rates if rate != drawn.rate]
    own: list[Control] = [HandedOver(None, way) for way in ways]
    if draws_beneath(model, payoff.times) and (european := pieces(payoff)):
        own += [Conditional(european, rate) for rate in (None, *rates)]
    return own, ways


def lines_of(model: PathModel, payoff: Contract, drawn: Drawn, load: Load) -> list[LineIntegrated]:
    """The payoff integrated along lines of its normals, where its pieces are known; see `can_be_integrated`."""
    tried = dict.fromkeys((drawn.rate, min(_rates(model, payoff))))
    along = _along(payoff, drawn) if can_be_integrated(payoff, drawn) else []
    offers = [LineIntegrated(layout, direction, rate) for direction, layout in along for rate in tried]
    return [offer for offer in offers if cost([offer], load) <= BUDGET]


def can_be_integrated(payoff: Contract, drawn: Drawn) -> bool:
    """Whether a line may serve: log-spots are normal given what is beneath.

    On one date of one asset it leaves nothing to draw. Europeans are to be drawn there, as one checks estimators with
    them: their closed form has a switch of its own.
    """
    if isinstance(drawn.moves, JointMoves):
        return True
    return _independent(drawn) and (len(payoff.times) > 1 or pieces(payoff) is None)


def _along(payoff: Contract, drawn: Drawn) -> list[tuple[Direction | JointDirection, Layout]]:
    """Directions, and the payoff's pieces along each; of several assets these depend on how far each of them moves."""
    if not isinstance(moves := drawn.moves, JointMoves):
        found = pieces_along(payoff, drawn.spot)
        directions = DIRECTIONS if len(payoff.times) > 1 else DIRECTIONS[:1]  # which are one on one date
        return [] if found is None else [(direction, layout) for layout in [Layout(found)] for direction in directions]
    offers = list[tuple[Direction | JointDirection, Layout]]()
    for direction in joint_directions(payoff, drawn, moves):
        line = JointLine(moves, direction, np.asarray(drawn.paths.times))
        found = pieces_along(payoff, drawn.spot, line.carried)
        if found is not None:
            offers.append((direction, Layout(found)))
    return offers


def _relaxations(payoff: Contract, drawn: Drawn, generator: np.random.Generator, tape: Tape) -> list[Relaxation]:
    """The relaxations of a payoff that can be evaluated; its levels go to the tape."""
    path = None if drawn.moves is None else drawn.moves.path
    local: Sequence[float] = LOCAL_WIDTHS
    if isinstance(path, StateSteps | JointStateSteps):
        finer = path.times is not None and len(path.times) > len(payoff.times)
        many = STATE_WIDTHS if len(payoff.times) >= MANY else LOCAL_WIDTHS
        local = (FINER_WIDTH, *LOCAL_WIDTHS) if finer else many
    widths = ladder(payoff, drawn.spot, generator, tape, local)
    found = [r for r in widths if not r.reach or _holds(tape.levels, drawn, r)]  # some serve holds alone
    for relaxation in found:
        relaxation.evaluate(payoff, drawn.spot, lambda flows: np.ones(len(flows)))
    return found


def _ways(payoff: Contract, drawn: Drawn, rates: Sequence[float]) -> Sequence[Way]:
    """Ways to hand the spot's changes over: skeletons of dates, or gradually where steps depend on the state."""
    if _independent(drawn) or isinstance(drawn.moves, JointMoves):
        return [Handover(skeleton, min(rates)) for skeleton in candidates(payoff.times)]
    others = (None, *(rate for rate in rates if rate not in (drawn.rate, LIKELIHOOD_RATIO)))
    return [Gradual(rate, beneath) for beneath in others for rate in (RATES if _carried_evenly(drawn) else FAST_RATES)]


def _carried_evenly(drawn: Drawn) -> bool:
    """Whether many paths carry a motion of today to the end alike; on rough surfaces few of them carry it far.

    What then travels has tails that a pilot does not see.
    """
    moves = drawn.moves
    for own in moves.own if isinstance(moves, StateJointMoves) else (moves,):
        if isinstance(own, Moves) and isinstance(own.path, StateSteps):
            square = np.prod((travel.carried_on(own) * travel.stretch(own))[1:], axis=0) ** 2
            if square.mean() ** 2 < EVEN * (square**2).mean():
                return False
    return True


def _holds(levels: Sequence[Level], drawn: Drawn, relaxation: Relaxation) -> list[Handover]:
    """Levels to be held still: those compared at many dates, on a clock that no path knows."""
    narrow = bool(relaxation.reach) or 0.0 < relaxation.local <= HELD_WIDTH
    if not narrow or not _independent(drawn) or not isinstance(drawn.moves, Moves) or drawn.moves.variance.shape[1] > 1:
        return []
    several = list(dict.fromkeys(known.level for known in levels if len(known.rows) >= MANY))[:LEVELS]
    reaches = (relaxation.reach,) if relaxation.reach else (*REACHES, 1.0)
    return [Handover((), drawn.rate, Hold(level, reach)) for level in several for reach in reaches]


def _europeans(
    levels: Sequence[Level], rates: Sequence[float], target: float, beneath: bool, shares: Sequence[float]
) -> list[Control]:
    """Known prices at the levels that the payoff compares with, and the Greeks of these prices."""
    kinds: tuple[Literal["digital", "call"], ...] = ("digital", "call")
    plain = [(rate, False) for rate in dict.fromkeys((None, target, min(rates)))]
    given = [(rate, True) for rate in (None, min(rates))] if beneath else []
    dates = _compared(levels, shares)
    return [Vanilla(row, level, kind, *how) for row, level in dates for kind in kinds for how in plain + given]


def _compared(levels: Sequence[Level], shares: Sequence[float]) -> Iterator[tuple[int, float]]:
    """Dates and levels of the Europeans: of each level the dates after shares of those that are compared with it."""
    dates: dict[float, set[int]] = {}
    for known in levels:  # of an extreme over the dates the last one says most
        dates.setdefault(known.level, set()).update(known.rows if known.averaged else known.rows[-1:])
    for level, rows in [(level, rows) for level, rows in dates.items() if rows][:LEVELS]:  # none: of the past alone
        chosen = {max(round(share * len(rows)) - 1, 0) for share in shares}
        yield from ((sorted(rows)[k], level) for k in sorted(chosen))
