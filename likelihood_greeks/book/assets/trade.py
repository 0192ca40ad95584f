"""A row of a book whose trade is on several assets: its terms, its past, what is left of it, and its law."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from typing import Any, final

from ..._checks import InvalidValueError, refuse
from ...engine.open_fixing import STILL
from ...payoffs.assets import of_assets
from ...payoffs.protocol import Contract
from .. import own_payoffs
from ..calendars import DAYS_PER_YEAR
from ..cells import REFUSED, key_of
from ..columns import READERS, TABLE
from ..currencies import UNKNOWN
from ..levels import in_percent
from ..market import Market
from ..products.early import CALLED, EXERCISED
from ..products.history import History
from ..products.product import Entry, give
from ..products.table import PRODUCTS
from ..rows import Row
from ..scale import verify_scale
from ..schedule import CONTINUOUS, Span, span, verify_ended, verify_watched
from ..trade import Trade, unique
from ..trade_terms import position, terms_of
from ..underlying import Underlying
from . import pairs
from . import terms as by_asset
from .law import Settlement, conversions, discounting, law_of, pair_of
from .names import are_several, joined, names_of
from .observed import performances
from .performances import BASKET, COMPOSITE, QUANTO, Performance, composite, parted, quanto
from .product_names import refuse_in_another, refuse_on_several

NOTES = ("autocallable", "phoenix", "reverse_convertible", "barrier_reverse_convertible")
"""Products whose notional is one unit of currency: on one asset it is the strike."""
ANY_DAY = Span(date.min, None, date.min, date.min)
"""Of a contract of the user's own, which has its own dates."""


@final
@dataclass(frozen=True)
class Basics:
    """What is known of a row before its terms: its name, its assets, its size, its dates and how it pays."""

    trade_id: str
    names: tuple[str, ...]
    quantity: float
    span: Span
    settlement: Settlement


def read(row: Row, market: Market, counts: Mapping[str, int], currencies: Mapping[str, str]) -> Trade | None:
    """The trade in a row, or None and its problems noted."""
    basics = _basics(row, market, counts, currencies)
    if own_payoffs.PAYOFF in row.cells:
        return _own(row, market, basics) if basics else None
    given = row.cells.get("product")
    converts = False
    if given is not None and (inner := composite(given)) is not None:
        given, converts = inner, True
        if quanto(f"{QUANTO}{inner}") is not None:
            return _in_another(row, market, basics, inner, converts) if basics else None
    if given is not None and (inner := quanto(given)) is not None:
        return _in_another(row, market, basics, inner, converts) if basics else None
    if given is not None and (name := key_of(given)) in pairs.NAMES:
        return _on_two(row, market, basics, name) if basics else None
    found = None if given is None else parted(given)
    if found is None:
        several = are_several(row.cells.get("underlying", ""))
        why = refuse_on_several if several or not converts else partial(refuse_in_another, "product", how=COMPOSITE)
        row.attempt(why, row.cells.get("product"))
    if basics is None or found is None:
        return None
    return _on_performances(row, market, basics, *found, converts=converts)


def _in_another(row: Row, market: Market, basics: Basics, name: str, converts: bool) -> Trade | None:
    """A contract on one asset that pays in another currency, named after the asset and the pair of currencies."""
    paid, product = basics.settlement, f"{COMPOSITE if converts else QUANTO}{name}"
    if len(basics.names) > 1:
        ways = f"worst_of_, best_of_ or basket_ before {name}" if converts else "no quanto: the currencies say it"
        row.attempt(refuse, "product", f"have {ways}, of several assets", product)
    elif (own := paid.currencies.get(basics.names[0], paid.currency)) == paid.currency:
        why = f"be another currency than that of {basics.names[0]}"
        if "currency_pay" in row.cells or "currency" in row.cells:
            row.attempt(refuse, paid.column, why, paid.currency or None)
        else:
            row.attempt(refuse, "currency_pay", f"be given, and {why}{f', {own}' * bool(own)}: it is blank", None)
    if row.problems:
        return None
    (asset,) = basics.names
    trade = _on_performances(row, market, basics, BASKET, name, units={asset: 1.0}, converts=converts)
    pair = pair_of(market, paid, asset)[0] if trade else ""
    return trade and replace(trade, underlying=joined((asset, pair)), product=product)


def _own(row: Row, market: Market, basics: Basics) -> Trade | None:
    """A contract of the user's own, on the spots of all assets."""
    if "strike" in row.cells:
        why = "be blank: volatilities of several assets are read at their spots"
        row.attempt(refuse, "strike", why, row.cells["strike"])
    payoff = row.read(own_payoffs.PAYOFF, partial(_contract, basics.names))
    product = row.read("product", own_payoffs.label) if "product" in row.cells else own_payoffs.PAYOFF
    ends = own_payoffs.last_date(row, payoff, market.valuation_date) if payoff else None
    if payoff is None or product is None or ends is None or row.problems:
        return None
    day, years = ends
    spots = {each: market.underlying(each).spot for each in basics.names}
    law_to = partial(law_of, market, spots, basics.settlement)
    model = row.attempt(law_to, max(years, 1.0 / DAYS_PER_YEAR), max(years, 1.0 / DAYS_PER_YEAR))
    if model is None:
        return None
    return Trade(
        basics.trade_id, row.number, joined(basics.names), product, basics.quantity, day, years, payoff, float("nan"),
        model, basics.settlement.currency, strikes=tuple(spots.items()),
    )  # fmt: skip


def _contract(names: tuple[str, ...], column: str, value: object) -> Contract:
    """A cell as a contract on some assets."""
    if isinstance(value, type) or not isinstance(value, Contract):
        refuse(column, "be a contract, an object with `times` that is called with spots, in a frame", value)
    try:
        return of_assets(value, names)
    except InvalidValueError:
        raise
    except TypeError as error:
        return refuse(column, "be on several assets", str(error))


def _on_two(row: Row, market: Market, basics: Basics, name: str) -> Trade | None:
    """A contract of a kind that only two assets have."""
    left = pairs.left(row, market, basics.names, name, basics.span)
    if left is None:
        return None
    strikes = left.strikes or {each: market.underlying(each).spot for each in basics.names}
    model = row.attempt(_law, market, strikes, basics)
    if model is None or row.problems:
        return None
    return Trade(
        basics.trade_id, row.number, joined(basics.names), name, basics.quantity, basics.span.maturity,
        market.years(basics.span.maturity), left.payoff, float("nan"), model, basics.settlement.currency, left.state,
        history=left.history, strikes=tuple(strikes.items()),
    )  # fmt: skip


def _basics(row: Row, market: Market, counts: Mapping[str, int], currencies: Mapping[str, str]) -> Basics | None:
    trade_id = row.read("trade_id", unique, counts)
    names = row.read("underlying", partial(_assets, market))
    quantity = position(row)
    own = ANY_DAY if own_payoffs.PAYOFF in row.cells else span(row, market.valuation_date)
    currency = _currency(row, names or (), currencies)
    _refuse_unused(row)
    if trade_id is None or names is None or quantity is None or own is None or currency is None:
        return None
    curve = row.attempt(discounting, market, names, currencies, currency)
    if curve is None:
        return None
    column = "currency_pay" if "currency_pay" in row.cells else "currency"
    return Basics(trade_id, names, quantity, own, Settlement(currency, currencies, curve, column))


def _assets(market: Market, column: str, value: object) -> tuple[str, ...]:
    """The assets that a cell names, each in the market."""
    given = names_of(value)
    for name in given:
        market.underlying(name)
    if len(set(given)) < len(given):
        refuse(column, "name each asset once", value)
    return given


def _currency(row: Row, names: tuple[str, ...], currencies: Mapping[str, str]) -> str | None:
    """The currency in which a trade pays: stated, or that of its assets."""
    stated = {name: row.read(name, READERS[name]) for name in ("currency_pay", "currency") if name in row.cells}
    if None in stated.values():
        return None
    own = {currencies[name] for name in names if name in currencies}
    if stated:
        return next(iter(stated.values()))
    if len(own) > 1:
        return row.attempt(refuse, "currency", f"be given: the assets are in {', '.join(sorted(own))}", None)
    return next(iter(own), UNKNOWN)


def _refuse_unused(row: Row) -> None:
    """Note filled columns that nothing here can honour."""
    if "spot" in row.cells:
        row.attempt(refuse, "spot", "be blank: the trade is on several assets", row.cells["spot"])
    for column in TABLE:
        cell = row.cells.get(column.name)
        if column.use == REFUSED and column.read and cell is not None and key_of(cell) not in column.harmless:
            row.read(column.name, column.read)


# -- contracts on performances -----------------------------------------------------------------------------------------


def _performance(
    row: Row, market: Market, basics: Basics, kind: str, *, units: Mapping[str, float] | None, converts: bool
) -> tuple[Performance, str] | None:
    """What a contract is on, and what to say of it; None and its problems noted."""
    currencies, weights = None, None
    if converts:
        currencies = row.attempt(conversions, market, basics.names, basics.settlement)
    if "weights" in row.cells:
        if kind != BASKET:
            row.attempt(refuse, "weights", "be blank: only baskets have weights", row.cells["weights"])
        weights = row.read("weights", partial(by_asset.basket_weights, basics.names))
    if row.problems:
        return None
    found = Performance(kind, dict.fromkeys(basics.names, 1.0), weights, currencies)
    if units is not None:
        return replace(found, reference=dict(units)), ""
    observed = basics.names if "reference" in row.cells else found.names  # stated ones are converted
    against = by_asset.references(row, observed, market, basics.span)
    if against is None:
        return None
    base, said = against
    if "reference" not in row.cells:
        base = {name: found.converted(name, base) for name in basics.names}
    return replace(found, reference=base), said


def _on_performances(
    row: Row, market: Market, basics: Basics, kind: str, name: str, *, units: Mapping[str, float] | None = None,
    converts: bool = False,
) -> Trade | None:  # fmt: skip
    """A contract on the worst, the best or a basket of performances; on spots themselves where `units` are given."""
    own, on = basics.span, _performance(row, market, basics, kind, units=units, converts=converts)
    inner = replace(row, cells={key: cell for key, cell in row.cells.items() if key not in ("reference", "weights")})
    terms = terms_of(inner, name)
    if units is None:
        row.attempt(by_asset.sensible, terms)
    if converts:
        _refuse_early(inner, name)
    if on is None or row.problems:
        return None
    performance, said = on
    if (stand_in := row.attempt(_stand_in, market, performance)) is None:
        return None
    product = PRODUCTS[name]
    if name in NOTES:
        product = replace(product, contract=partial(product.contract, notional=1.0))
    entry = Entry(inner, f"{kind}_{name}", product, stand_in, own, market)
    past = _history(entry, terms | ({"reference": 1.0} if units is None else {}), performance)
    left = row.attempt(past.left, stand_in.spot) if past else None
    if past and left:
        row.attempt(_verify_open, past, left[0], stand_in.spot)
    if past is None or left is None or row.problems:
        return None
    known = not left[0].times
    strikes = row.attempt(_strikes, entry, past, known, performance)
    model = row.attempt(_law, market, strikes, basics, performance.currencies) if strikes else None
    if model is None:
        return None
    payoff = left[0] if known else performance.contract(left[0])
    state = "; ".join(filter(None, (left[1], said, product.conduct.remark(past, stand_in.spot))))
    return Trade(
        basics.trade_id, row.number, joined(performance.names), COMPOSITE * converts + entry.name, basics.quantity,
        own.maturity, market.years(own.maturity), payoff, float("nan"), model, basics.settlement.currency, state,
        history=past, performance=performance, strikes=tuple((strikes or {}).items()),
    )  # fmt: skip


def _refuse_early(row: Row, name: str) -> None:
    """Note an early end of a trade whose spots are converted: rules look at each spot, not at what is converted."""
    if name.startswith("bermudan"):
        row.attempt(refuse, "product", "not be exercised early where spots are converted", name)
    for column in (CALLED, EXERCISED):
        if column in row.cells:
            row.attempt(refuse, column, "be blank where spots are converted", row.cells[column])


def _stand_in(market: Market, performance: Performance) -> Underlying:
    """An asset whose spot is the performance, on the business days of all: products ask it for nothing else."""
    names = (*performance.reference,)
    calendars = dict.fromkeys(market.underlying(name).calendar for name in names)
    spot = performance.of({name: market.underlying(name).spot for name in performance.names})
    if not spot > 0.0:
        refuse("weights", f"make a basket that is positive today: it is at {spot:g}", performance.weights)
    return Underlying(
        name=joined(names), spot=spot, dividend_yield=0.0, zero_curve=0.0, implied_volatility=0.2,
        calendar="+".join(calendars),
    )  # fmt: skip


def _history(entry: Entry, terms: dict[str, Any], performance: Performance) -> History | None:
    """The trade with its observations, which are performances; None and its problems noted."""
    row, conduct = entry.row, entry.product.conduct
    terms.update(row.attempt(conduct.settled, entry, terms) or {})
    dates = row.attempt(conduct.dates, entry, terms)
    if terms.get("continuous"):
        cells = {name: row.cells.get(name) for name in ("frequency", "knock_in_frequency")}
        column = next(name for name, cell in cells.items() if key_of(cell) in CONTINUOUS)
        row.attempt(refuse, column, "hold dates or daily: several assets are not watched at all times", cells[column])
    row.attempt(verify_watched, entry.span, False, False)
    row.attempt(verify_ended, entry.span, conduct.may_end or "early" in terms)
    if row.problems or dates is None or in_percent(terms):
        return None
    end = entry.span.maturity
    days = dates.days if dates.days[-1] == end else (*dates.days, end)
    whole = History(entry.name, entry.product, terms, entry.span, days, dates.watched)
    return row.attempt(_informed, whole, entry.market, performance)


def _informed(whole: History, market: Market, performance: Performance) -> History:
    """The same with the performances that it needs.

    Raises
    ------
    ValueError
        If a fixing of an asset is missing, or on another scale than its spot.
    """
    made = [day for day in whole.days if day <= whole.span.today]
    called, _ = performances(performance, market.fixings, [day for day in made if day < whole.span.today])
    (values,) = performances(performance, market.fixings, made)[1].values()
    for day in values:
        for name in performance.names:
            verify_scale(market.underlying(name), {day: market.fixings[name][day]})
    return whole.informed(called, {called: values})


def _verify_open(past: History, left: Contract, spot: float) -> None:
    """Refuse a trade that moves with a fixing of today that is still open.

    Raises
    ------
    ValueError
        If what is left depends on today's spots other than by the observations to come.
    """
    if past.decided:
        return
    moves = getattr(left, "per_spot", 0.0) if not left.times else None
    rule = past.product.conduct.moving(past, spot, [*past.seen(spot).values()]) if left.times else STILL
    if moves or rule is not STILL:
        give(past, "a trade on several assets moves with it")


def _strikes(entry: Entry, past: History, known: bool, performance: Performance) -> dict[str, float]:
    """Where volatilities are read, in currency: at the strike's share of an asset's reference, or at its spot."""
    spots = {name: entry.market.underlying(name).spot for name in performance.names}
    if known:
        return spots
    years = max((entry.span.maturity - entry.span.today).days, 1) / DAYS_PER_YEAR
    share = entry.product.conduct.read_at(past.terms, entry.underlying, years)
    if share == entry.underlying.spot and "strike" not in past.terms:
        return spots
    own = {
        name: share * base * spots[name] / performance.converted(name, spots)
        for name, base in performance.reference.items()
    }
    return {**spots, **own}


def _law(
    market: Market, strikes: Mapping[str, float], basics: Basics, currencies: Mapping[str, str] | None = None
) -> Any:
    """The law; a refused maturity in the words of the row."""
    own = basics.span
    years = max((own.maturity - own.today).days, 1) / DAYS_PER_YEAR
    paid = max((own.paid - own.today).days / DAYS_PER_YEAR, years)
    try:
        return law_of(market, strikes, basics.settlement, years, paid, currencies=currencies)
    except InvalidValueError as error:
        if error.name.endswith("maturity"):
            refuse("maturity", error.requirement, f"{own.maturity}, {error.value:.4g} years")
        raise
