"""`greeks`: the likelihood-ratio estimate of one payoff under one model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any, final

import numpy as np
import pandas as pd

from .._checks import flags, one_of, refuse
from ..controls.plan import Plan
from ..controls.protocol import cost
from ..estimate import Estimate, Moments, Replicated, Statistics
from ..estimators.likelihood_ratio import Combination, simulated, under
from ..estimators.watched import given_dates, with_extremes
from ..models.adaptor import as_path_model, verify
from ..models.capabilities import assets_of, without_dividends
from ..models.honest import verify_draws
from ..models.protocol import PathModel, observed
from ..parameters import Greek, requested
from ..payoffs.assets import of_assets
from ..payoffs.protocol import Contract, check_contract
from ..payoffs.separate import verify_separate
from ..result import Diagnostics, Part, Result, estimates, parts_by_asset
from ..streams.chunks import Chunk, Draws, checked
from .bucket_request import Buckets, bucketed
from .certain import settled
from .choice_of_law import HandOver, chosen_law
from .cure import Cured, attempted, rarities, wants
from .early_exercise import Verdict, is_early, ruled, with_rule
from .exact import exact
from .execution import Workers, one_thread_each, workers
from .main_run import Run, inconsistency
from .payoff_group import CONTROLS, Group
from .pilot import pilot_chunks, planned, run_of
from .pilot_and_main import Done, pilot_and_main
from .stopping import MAX_PATHS, TargetError, goal
from .sums import PAYOFFS, SCORES, Pair


def greeks(
    model: Any,
    payoff: Contract,
    greeks: Iterable[Greek] | None = None,
    *,
    paths: int = 100_000,
    seed: int | None = None,
    controls: str = "auto",
    sampling: str = "pseudo",
    handover: HandOver = "auto",
    closed_form: bool = False,
    target_error: TargetError | None = None,
    max_paths: int = MAX_PATHS,
    executor: Workers = None,
    progress: bool = False,
    buckets: Iterable[str] = (),
) -> Result:
    """Price and Greeks by the likelihood-ratio method, unbiased for any payoff, with standard errors.

    Parameters
    ----------
    model : PathModel or Law
        `GBM`, `Heston`, or any object with ``simulate`` and ``log_density``.
    payoff : Contract
        One of the package's payoffs, `Payoff`, or anything with ``times`` that can be called with spots.
    greeks : iterable of str or pair of str, optional
        Greek names (``"delta"``, ``"gamma"``, ``"vega"``, ``"rho"``, ``"dividend_rho"``, ``"theta"``, ``"vanna"``,
        ``"volga"``, ``"charm"``), parameters, or pairs of parameters. Default: the first-order ones of an asset
        and gamma; for a law with no spot, every parameter. The price always comes first.
    paths : int
        Paths of the main run; with a target, of its first round (whole chunks: up to 16,383 more); with Sobol points
        up to one part in 32 more (at least 32), see `streams.chunks`.
    seed : int, optional
        Default: drawn, and reported in the result.
    controls : {"auto", "scores", "none"}
        Zero-mean controls with coefficients from a pilot of its own draws: the free ones of the law (`scores`), and
        relaxed payoffs on skeletons and known European prices where the pilot finds that they pay (`auto`).
    sampling : {"pseudo", "antithetic", "sobol"}
        Independent draws, antithetic pairs (a pair is one sample), or 32 to 64 independently scrambled sets of Sobol
        points, each a power of two of them; the error is that of the mean of so many scrambles, and ``n_paths`` says
        how many paths there were. A law of your own must then ask for as many numbers in every call of ``simulate``,
        and reject none.
    handover : {"auto", "flow", "score"} or float
        For a law that draws something beneath its spots, as `Heston` does its variance: whether changes of it travel
        with the path (``"flow"``), are scored (``"score"``, the full likelihood ratio), or are handed from the one to
        the other at a rate per year. Left to itself, a European payoff gets the exact law of its date, other payoffs a
        rate in between; without controls, the full likelihood ratio. Every choice is unbiased.
    closed_form : bool
        Whether a European gets its closed form where the law knows it: exact, without a path. Not by default: a
        European by simulation is what one checks estimators with. In a book it always does, see `risk`.
    target_error : mapping, optional
        Standard errors to be reached, by Greek (``"price"`` is one): ``{"delta": 1e-3}`` in raw units, ``{"delta":
        "0.5%"}`` as a share of the value's magnitude, 10% at most. Paths are added in rounds, each as long as the
        variances so far call for, until every named Greek is there and its error can be trusted. A Greek that is not
        there after `max_paths` says so in its note; a share of a value of zero cannot be reached. Not for Sobol points.
    max_paths : int
        Paths that a run with a target may take; those that look where a payoff lives, when its error cannot be trusted,
        come on top, at most as many again. They also size the pilot.
    executor : concurrent.futures.Executor or "serial", optional
        Where chunks of paths are worked on; results are bit-identical for any. Default: threads of the call's own, one
        a core; ``"serial"`` works in the caller's thread.
    progress : bool
        Show a progress bar; with a target, how far off the errors are, and the time that is left by that.
    buckets : iterable of str, optional
        Of ``"vega"``, ``"rho"`` and ``"dividend_rho"`` those that are split by the nodes of their curves too, under a
        law on curves (`TermStructureGBM`): derivatives in single nodes, from the same paths and controls, unbiased and
        with errors of their own. They sum to the Greek, which is the shift of all nodes.

    Returns
    -------
    Result

    Raises
    ------
    ValueError
        If a Greek is unknown under the model, an argument is out of range, or the payoff returns cash flows of the
        wrong shape, NaN or infinity.
    TypeError
        If `model` or `payoff` lacks what is needed.

    Examples
    --------
    >>> import likelihood_greeks as lg
    >>> model = lg.GBM(spot=100.0, volatility=0.2, rate=0.03)
    >>> result = lg.greeks(model, lg.DigitalCall(strike=105.0, maturity=0.5), ["delta"], paths=10_000, seed=1)
    >>> abs(result["delta"].z_score(0.0264887)) < 3.0
    True
    >>> print(lg.greeks(model, lg.Call(105.0, 0.5), ["gamma"], seed=1, closed_form=True)["gamma"])
    0.0278131 ± 0
    >>> result = lg.greeks(model, lg.Call(105.0, 0.5), ["gamma"], paths=4096, seed=1, target_error={"gamma": "0.1%"})
    >>> result["gamma"].standard_error < 0.001 * result["gamma"].value
    True
    >>> curves = lg.TermStructureGBM(
    ...     spot=100.0, times=[0.5, 1.0], zero_rates=[0.02, 0.03], dividend_yields=[0.0, 0.0], volatilities=[0.2, 0.25]
    ... )
    >>> average = lg.Asian(100.0, [0.25, 0.5, 0.75, 1.0])
    >>> result = lg.greeks(curves, average, ["delta"], paths=20_000, seed=1, buckets=["vega"])
    >>> result.to_frame()[["greek", "bucket", "value"]].round(0).values.tolist()[2:]
    [['vega', '', 26.0], ['vega', '0.5', 16.0], ['vega', '1', 10.0]]
    """
    law, payoff, wanted = asked(model, payoff, greeks)
    payoff, law = with_extremes(payoff, law)
    wanted, split = bucketed(law, payoff, wanted, buckets)
    return of_combinations(
        law,
        payoff,
        wanted,
        paths=paths,
        seed=seed,
        controls=controls,
        sampling=sampling,
        handover=handover,
        closed_form=closed_form,
        target_error=target_error,
        max_paths=max_paths,
        executor=executor,
        progress=progress,
        buckets=split,
    )


def of_combinations(law: PathModel, payoff: Contract, wanted: Mapping[str, Combination], **options: Any) -> Result:
    """What `greeks` does, of any linear combinations of derivatives by label; parameters as there."""
    if not is_early(payoff):
        return _of_combinations(law, payoff, wanted, **options)
    if options.get("buckets") is not None:
        refuse("buckets", "be empty for a contract that is exercised early", [*options["buckets"].parts])
    _, options["seed"], _ = checked(2, options.get("seed"), "pseudo")
    derivatives = chain.from_iterable(wanted.values())
    rule = with_rule(law, payoff, derivatives, options["seed"])
    result = _of_combinations(law, rule, wanted, **options)
    return Verdict.on(law, rule, wanted, options["seed"]).told(result, wanted)


@np.errstate(under="ignore")  # what underflows is zero, whatever the caller has set
def _of_combinations(
    law: PathModel,
    payoff: Contract,
    wanted: Mapping[str, Combination],
    *,
    paths: int = 100_000,
    seed: int | None = None,
    controls: str = "auto",
    sampling: str = "pseudo",
    handover: HandOver = "auto",
    closed_form: bool = False,
    target_error: TargetError | None = None,
    max_paths: int = MAX_PATHS,
    executor: Workers = None,
    progress: bool = False,
    buckets: Buckets | None = None,
) -> Result:
    """The same of a payoff whose cash flows are known."""
    labels, combinations = list(wanted), tuple(wanted.values())
    parts: Mapping[str, Part] = parts_by_asset(labels) if assets_of(law) else {}
    if buckets:
        law, parts, payoff = buckets.law, {**parts, **buckets.parts}, under(payoff, buckets.law)
    count, seed, kind = checked(paths, seed, sampling)
    flags(closed_form=closed_form, progress=progress)
    aim = goal(labels, count, target_error, max_paths, kind)
    every = {**wanted, **buckets.combinations()} if buckets else wanted
    if (sure := exact(law, payoff, every, closed_form)) is not None:
        known = buckets.ordered(sure.estimates) if buckets else sure.estimates
        return Result(known, sure.method, seed, kind, Diagnostics(remarks=(sure.remark,)), parts)
    chosen = chosen_law(law, payoff.times, handover, one_of("controls", controls, [*CONTROLS]))
    split = buckets.rows(labels) if buckets else ()
    group = Group(chosen.law, (payoff,), combinations, CONTROLS[controls], chosen.rate, split)
    check_on_trial(chosen.law, payoff, seed)

    pilot = pilot_chunks(seed, aim.most, len(payoff.times), kind) if group.control_names else []
    draws = Draws(seed, len(payoff.times), kind, growing=True)
    title = "greeks" if progress else ""
    done = pilot_and_main(Estimation(group, count), pilot, draws, aim, executor=executor, title=title)
    names = buckets.live if buckets else []
    pair = _known(done, draws)
    found, diagnostics = told(
        done, pair, labels, chosen.remark, buckets=names, cure=healed(done, pair, draws, executor)
    )
    return Result(buckets.completed(found) if buckets else found, group.controls.method, seed, kind, diagnostics, parts)


@final
@dataclass(frozen=True, slots=True)
class Estimation:
    """The work of estimating one payoff's Greeks, by a main run whose first round is so many paths."""

    group: Group
    paths: int

    def planned(self, pilot: Sequence[Chunk], pool: Workers) -> Planned:
        """The main run with the controls that the pilot finds to pay."""
        plans = planned(self.group, pilot, self.paths, pool)
        return Planned(run_of(self.group, plans), self.group, plans)

    def without_relaxations(self) -> Estimation:
        """The same with the controls alone that the law gives for nothing."""
        return replace(self, group=self.group.without_relaxations())

    def watched(self, total: Mapping[Any, Statistics]) -> list[Statistics]:
        """The moments of the one payoff, the controlled ones first."""
        return [total[PAYOFFS][0]]


@final
@dataclass(frozen=True, slots=True)
class Planned:
    """The main run of one payoff, and the plan that it follows or, if that is empty, sets aside."""

    run: Run
    group: Group
    plans: tuple[Plan, ...]

    def __call__(self, chunk: Chunk) -> dict[str, Moments]:
        """The moments of a chunk."""
        return self.run(chunk)


def _known(done: Done[Planned], draws: Draws) -> Pair:
    """What a run says of its payoff, with what is certain of one that pays always the same."""
    task, pair = done.task, Pair.of(done.of(PAYOFFS)[0])
    plan = task.plans[0] if task.plans else None
    return settled(pair, task.group, 0, plan, draws=draws, paths=done.sampled.paths)


def healed(done: Done[Planned], pair: Pair, draws: Draws, executor: Workers) -> Cured | None:
    """The cure of a run whose errors cannot be trusted; None where there is no need, or nothing to follow again."""
    task, held, paths = done.task, wants(pair), done.sampled.paths
    if not (any(held) and task.plans and task.group.controls.own and np.isfinite(pair.plain.mean).all()):
        return None
    spare = done.sampled.goal.spare
    with one_thread_each(), workers(executor) as pool:
        return attempted(
            task.group, 0, task.plans[0], pair, held=held, draws=draws, paths=paths, spare=spare, executor=pool
        )


def told(
    done: Done[Planned],
    pair: Pair,
    labels: list[str],
    choice: str,
    *,
    buckets: Sequence[str] = (),
    cure: Cured | None = None,
) -> tuple[dict[str, Estimate], Diagnostics]:
    """The estimates of a run that is over, those of buckets last, and how they came about.

    `pair` is what it says of its payoff; `choice` is that of the law, in words; `cure` has what was done again.
    """
    run = done.task.run
    general, every = inconsistency(run.group, done.of(SCORES)), [*labels, *buckets]

    def of(pair: Pair, paths: int) -> dict[str, Estimate]:
        held, missed = zip(every, rarities(pair), strict=True), done.sampled.missed(pair.controlled)
        notes = {greek: "; ".join(filter(None, [general, rare, missed.get(greek)])) for greek, rare in held}
        return estimates(every, pair.controlled, paths, pair.plain, notes)

    found, remarks = of(pair, done.sampled.paths), list[str]()
    if cure is not None:
        rows = cure.serving(pair, run.group.families)
        better = {every[row]: of(cure.pair, cure.paths)[every[row]] for row in rows}
        found |= better
        remarks += [f"{', '.join(better)}: by {cure.paths:,} paths pushed to where the payoff lives"] if better else []
    diagnostics = Diagnostics(pilot_seconds=done.pilot_seconds, main_seconds=done.main_seconds)
    if isinstance(pair.controlled, Replicated):
        gain = dict(zip(every, pair.controlled.gain.tolist(), strict=True))
        diagnostics = replace(diagnostics, sobol_gain=gain)
    if done.task.plans:
        diagnostics = _with_plan(diagnostics, done.task, {greek: found[greek] for greek in labels})
    remarks += [*diagnostics.remarks] if done.task.plans else ["no controls were used"]
    remarks = [choice, *remarks, *done.sampled.remarks, done.given_up]
    return found, replace(diagnostics, remarks=tuple(filter(None, remarks)))


def _with_plan(diagnostics: Diagnostics, planned: Planned, found: Mapping[str, Estimate]) -> Diagnostics:
    """The result with the controls that were used, what they cost, and what they saved for it."""
    (plan,) = planned.plans
    own = 1.0 if plan.empty else cost(plan.specific, planned.group.load)
    work = own * (1.0 + diagnostics.pilot_seconds / diagnostics.main_seconds)
    work_gain = {greek: estimate.variance_ratio / work for greek, estimate in found.items()}
    return replace(described(planned.group, [*found], plan, diagnostics), cost=work, work_gain=work_gain)


def check_on_trial(law: PathModel, payoff: Contract, seed: int) -> None:
    """Refuse what would give wrong numbers unseen, on a few paths of a trial.

    A law whose draws are not those of its stream, or whose score is not that of its density; a payoff that mixes paths.
    """
    trial = Chunk(seed, 0, 64, pilot=True)
    verify_draws(law, payoff.times, lambda number: replace(trial, index=number).stream())
    verify(law, payoff.times, trial.stream())
    verify_separate(payoff, observed(simulated(law, payoff.times, trial)))


def prepared(
    model: Any, payoff: Contract, greeks: Iterable[Greek] | None, seed: int
) -> tuple[PathModel, Contract, list[str], tuple[Combination, ...]]:
    """The arguments every estimator shares, checked: the model, the payoff, the labels and what they stand for.

    A contract that is exercised early gets its rule, by draws of the `seed`.
    """
    law, payoff, wanted = asked(model, payoff, greeks)
    payoff = ruled(law, payoff, chain.from_iterable(wanted.values()), seed)
    if not len(payoff.times):
        refuse("payoff", "have a date to come: its cash flow is known, and needs no paths", payoff)
    return law, payoff, list(wanted), tuple(wanted.values())


def asked(
    model: Any, payoff: Contract, greeks: Iterable[Greek] | None
) -> tuple[PathModel, Contract, Mapping[str, Combination]]:
    """The model, the payoff as its assets need it, and what is asked for, by label.

    Refused where payoff, model or a Greek is none, or the payoff is on other assets than the model's.
    """
    law = as_path_model(model)
    check_contract(payoff)
    if len(payoff.times) and not payoff.times[0] > 0.0:
        refuse("payoff.times", "lie ahead: Seasoned(payoff, fixings) is a contract with a past", payoff.times)
    drawn, law = given_dates(of_assets(payoff, assets_of(law)), law), without_dividends(law)
    return law, drawn, requested(greeks, law)


def described(group: Group, labels: Sequence[str], plan: Plan, times: Diagnostics) -> Diagnostics:
    """What the pilot decided, Greek by Greek and control by control."""
    names = [*group.control_names, *(control.name for control in plan.specific)]
    table = plan.fit.coefficients
    rows = [
        {
            "greek": greek,
            "control": name,
            "coefficient": table[g, c],
            "used": table[g, c] != 0.0,
            "contribution": plan.fit.contribution[g, c],
        }
        for g, greek in enumerate(labels)
        for c, name in enumerate(names)
    ]
    refused = [greek for g, greek in enumerate(labels) if not table[g].any()]
    remarks = [*plan.remarks]
    remarks += [f"controls refused (no gain in the pilot): {', '.join(refused)}"] if refused else []
    gain = dict(zip(labels, plan.fit.gain.tolist(), strict=True))
    return replace(times, controls=pd.DataFrame(rows), gain=gain, pilot_paths=plan.paths, remarks=tuple(remarks))
