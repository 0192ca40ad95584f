"""`explain_book`: the profit or loss of a book between two markets, by what it comes from."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from .._checks import refuse
from ..engine.execution import Workers, one_thread_each
from . import odd_fixings
from .buckets import asked
from .frame import plain
from .joint import attribute
from .left_out import by_net, without_value
from .market import Market
from .own_columns import attached_by_name
from .pnl.legs import AMENDED, SETTLED, Days, Leg, legs
from .pnl.positions import Position, positions, split
from .pnl.table import names_in, table
from .reading import read_book
from .remarked import remarked, warn
from .revaluations import Revaluations
from .together.valued import Together, together
from .uncopied import UncopiedList


def explain_book(
    book: pd.DataFrame | str | os.PathLike[str],
    monday: Market | Mapping[str, Any] | str | os.PathLike[str],
    tuesday: Market | Mapping[str, Any] | str | os.PathLike[str],
    *,
    book_after: pd.DataFrame | str | os.PathLike[str] | None = None,
    paths: int = 100_000,
    seed: int | None = None,
    controls: str = "auto",
    sampling: str = "pseudo",
    closed_form: bool = True,
    buckets: Iterable[str] = (),
    executor: Workers = None,
    progress: bool = False,
    output: str | os.PathLike[str] | None = None,
) -> pd.DataFrame:
    r"""The profit or loss of every trade of a book between two markets, by Greeks, and what they leave unexplained.

    .. math:: V_1 + C - V_0 = \underbrace{V_d + C - V_0}_{\text{theta, fixings}}
              + \sum_a h_a\,\partial_a V_d + \tfrac12 \sum_{a,b} h_a h_b\,\partial_{ab} V_d + \text{unexplained}

    with :math:`V_d` the value on the second day under the first market: its curves where they are in the calendar, its
    spot less the cash dividends that went ex, and the fixings that came. So carry is a revaluation: a coupon that was
    paid, a barrier that was touched, a trade that expired between the two days is in it; and the Greeks are those of
    what is left. All four values and the Greeks of all trades on an underlying are estimated on the same draws: the
    errors of differences, and of the net position, are those of joint samples.

    Parameters
    ----------
    book : pandas.DataFrame or path
        As for `risk`: the trades under the first market. One without a ``start`` began on its day.
    monday, tuesday : Market, mapping or path
        As for `risk`: the two markets. The second must hold the fixings since the first that trades need; those of its
        own day are its spots where it states none.
    book_after : pandas.DataFrame or path, optional
        The book under the second market, if trades were added, ended, or changed since; what it tells of their past
        (``ended_on``, ``touched_on``, ``watched_to``, ``so_far``) came to be known. Default: the same.
    paths, seed, controls, sampling, closed_form, executor, progress
        As for `risk`.
    buckets : sequence of str, optional
        Terms by pillar as well: of ``vega``, ``rho``, ``dividend_rho`` and ``correlation``.
    output : path, optional
        The frame is written here as well (.csv, .parquet or .xlsx).

    Returns
    -------
    pandas.DataFrame
        A row per trade, then the net of every underlying (``trade_id`` is ``"net"``), then the total of every currency
        (``"total"``), then, if the markets have a reporting currency and trades are in others, all of it in that
        (``"reported"``): ``trade_id, underlying, product, quantity, currency, maturity`` (years); ``value_before``,
        ``value_after`` and the ``cash`` paid between; ``pnl``, :math:`V_1 + C - V_0`; what it comes from: ``theta``
        (time alone, with fixings at the first market's spot), ``fixings`` (what came instead), ``dividends`` (cash
        dividends earned on the delta, and changes of their amounts), ``delta, gamma, cross_gamma, vega, volga, vanna,
        rho, dividend_rho, correlation`` (of several assets summed over these and their pairs), ``parameters`` (of a
        Heston model, of currencies of quantos), ``cross`` (other second-order terms), ``new`` and ``ended`` (what
        trades, or parts of them, were worth that came or went by the second day: what was paid for them is not known),
        ``fx`` (of the row in the reporting currency alone: what was there before, times the change of its rate); their
        sum ``explained``, and the rest, ``unexplained``. Then the same with ``_standard_error``; the moves ``spot_move,
        volatility_move, rate_move, dividend_yield_move``; ``n_paths, seed, method, state, note``. All amounts are of
        positions, in ``currency``. A curve moves as it did, node by node: its Greek is the derivative along that move.
        The columns of moves say how far the volatility and the yield to the last observation and the rate to the last
        payment went.
        Errors hold what scouts say of paths that the run has next to none of (a far barrier, a crash clause), bounded
        by its size on both days; a ``note`` says so where it matters.
        With `buckets` there are columns such as ``vega[0.5]`` behind ``unexplained``, with errors: what the move of
        each pillar of the second market's curves has made, by maturity in years, ``flat`` where one number is quoted
        and ``unsplit`` where a model has a volatility of its own. A pillar of the first market alone is shared between
        its neighbours, linearly in time. They sum to their term, path by path.
        The book's own columns are last. ``attrs["problems"]`` as for `risk`; ``attrs["seed"]`` and ``attrs["dates"]``;
        ``attrs["joint"]``, from which `pivot` has the errors of any group of trades.

    Raises
    ------
    ValueError, TypeError
        If a market, the columns of a book or an argument is unusable, or the second market is of an earlier day; a bad
        trade does not raise.

    Warns
    -----
    BookWarning
        If some trades could not be explained, or as for `risk`.

    Examples
    --------
    >>> import likelihood_greeks as lg
    >>> book = pd.DataFrame([{"trade_id": "A", "underlying": "X", "product": "call", "quantity": 100,
    ...                       "maturity": "2025-07-01", "strike": 100}])
    >>> asset = {"spot": 100.0, "zero_rate": 0.03, "implied_volatility": 0.2}
    >>> monday = {"valuation_date": "2025-01-06", "underlyings": {"X": asset}}
    >>> tuesday = {"valuation_date": "2025-01-07", "underlyings": {"X": {**asset, "spot": 101.0}}}
    >>> frame = lg.explain_book(book, monday, tuesday).set_index("trade_id")
    >>> frame.loc["A", ["pnl", "theta", "delta", "gamma", "unexplained"]].astype(float).round(2).tolist()
    [56.31, -1.97, 56.87, 1.42, -0.01]
    """
    by_pillar = asked(buckets)
    days = _days(monday, tuesday)
    now = read_book(book)
    later = None if book_after is None else read_book(book_after)
    read = {f"later {what}": path for what, path in days.second.files.items()}
    run = Revaluations.checked(
        {"book": book, "later book": book_after, **days.first.files, **read},
        paths=paths, seed=seed, controls=controls, closed_form=closed_form, executor=executor, progress=progress,
        output=output, sampling=sampling,
    )  # fmt: skip
    warn(remarked(now, days.first, [] if later is None else [later], [days.second]))
    reading = legs(now, later, days)
    trades = [trade for leg in reading.legs for trade in leg.stages.values()]
    warn([*odd_fixings.restated(trades, days.first, days.second), *odd_fixings.remarks(trades, days.second)])
    problems, results = [*reading.problems], dict[str, Together[Position]]()
    with one_thread_each():
        for name, own in _by_underlying(reading.legs).items():
            found, greeks, bad = positions(own, closed_form, by_pillar)
            settings = run.on(name, (trade for leg in own for trade in leg.stages.values()))
            results[name] = together(found, {SETTLED: greeks}, settings, {SETTLED: split(found)} if by_pillar else {})
            problems += [*bad, *results[name].problems]
    nets = [name for name, done in results.items() if done.positions]
    absent = by_net(without_value((problem.row for problem in problems), now, days.first), nets)
    frame = table(results, absent, days, paths=run.paths, seed_of=run.seed_of)
    frame = attached_by_name(frame, now, *([] if later is None else [later]), ending=AMENDED)
    frame.attrs = {
        "problems": UncopiedList(plain(problem) for problem in problems),
        "seed": run.seed,
        "dates": [day.valuation_date.isoformat() for day in (days.first, days.second)],
        **attribute((name, found.shares, names_in(found), found.draws) for name, found in results.items()),
    }
    return run.done(frame, (problems, "priced"))


def _days(monday: Any, tuesday: Any) -> Days:
    """The two markets, the first not after the second."""
    first, second = (own if isinstance(own, Market) else Market.read(own) for own in (monday, tuesday))
    if second.valuation_date < first.valuation_date:
        why = f"have a valuation_date not before that of monday, {first.valuation_date}"
        refuse("tuesday", why, second.valuation_date.isoformat())
    for name in first.underlyings.keys() & second.underlyings.keys():
        before, after = (own.underlyings[name].currency for own in (first, second))
        if before != after:
            refuse(f"underlyings.{name}.currency of tuesday", f"be that of monday, {before}", after)
    if (before := first.reporting_currency) != (after := second.reporting_currency):
        refuse("reporting_currency of tuesday", f"be that of monday, {before}", after)
    return Days.of(first, second)


def _by_underlying(found: list[Leg]) -> dict[str, list[Leg]]:
    """The legs by underlying, in alphabetical order."""
    by_name: dict[str, list[Leg]] = {}
    for leg in sorted(found, key=lambda leg: leg.last.underlying):
        by_name.setdefault(leg.last.underlying, []).append(leg)
    return by_name
