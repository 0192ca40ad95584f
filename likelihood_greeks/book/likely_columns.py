"""Own columns of a book that may be meant as terms: by names that a desk gives these, and that others have as well.

Where a name means one term of every product that has it, it is another name of its column (`columns.TABLE`) and is
read. The names here may also be of something else, in another unit, or in columns that an export fills for products
without the term: nothing is read or refused for them, and whoever wrote them is asked.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from functools import lru_cache
from typing import Any

import pandas as pd

from .assets.outside import PRODUCTS as OUTSIDE
from .assets.pairs import USED as ON_TWO
from .assets.performances import composite, parted, quanto
from .calendars import nearest
from .cells import DATED, NUMBER, NUMBERS, POSITION, TERM, WORD, key_of, text_of
from .columns import BY_NAME, HARMLESS, TABLE
from .dialect import dates
from .products.table import ANY, EUROPEAN, FLOATING, PRODUCTS
from .schedule import CONTINUOUS, REGULAR
from .sheets import blank
from .spellings import NOTHING as ABSENT

ALIKE = 0.81
"""Resemblance (`difflib`'s ratio) from which a name is taken for a misspelt one."""

MAY_BE: Mapping[str, tuple[str, ...]] = {
    "start": ("effective_date", "strike_date", "initial_date", "initial_fixing_date", "inception_date",
              "inception", "issue_date", "begin_date", "begin"),
    "payment_date": ("settlement_date", "settle_date", "settle", "payment", "value_date", "delivery_date",
                     "final_payment_date", "redemption_date", "cash_settlement_date", "due_date"),
    "watched_from": ("barrier_start", "barrier_start_date", "observation_start", "monitoring_start",
                     "window_start_date", "barrier_from"),
    "watched_until": ("barrier_end", "barrier_end_date", "observation_end", "monitoring_end", "window_end_date",
                      "barrier_to", "barrier_until"),
    "touched_on": ("touch_date", "hit_date", "knock_date", "knocked_on", "knocked_in_on", "knocked_out_on",
                   "barrier_hit_date", "trigger_date", "triggered_on"),
    "ended_on": ("redeemed_on", "put_on", "exercise_date", "exercised_date", "called_date", "call_date",
                 "termination_date", "terminated_on"),
    "multiplier": ("mult", "ratio", "conversion_ratio", "point_value", "contract_unit", "units_per_lot",
                   "shares_per_contract", "units_per_contract"),
    "option": ("option_type", "call_put", "put_call", "call/put", "put/call", "c/p", "p/c", "cp", "right"),
    "frequency": ("freq", "observation_frequency", "fixing_frequency", "sampling_frequency", "averaging_frequency",
                  "monitoring", "monitoring_frequency", "barrier_monitoring", "barrier_observation",
                  "barrier_frequency", "observation", "observations", "observation_dates", "fixing_dates", "schedule",
                  "averaging_dates", "reset_frequency", "call_dates", "autocall_frequency", "exercise_dates"),
    "strike": ("strike_price", "exercise_price", "strike_level", "k", "initial_level", "initial_spot"),
    "level": ("barrier", "barrier_price", "protection_barrier", "protection_level", "downside_barrier",
              "capital_barrier", "knock_out_level", "knock_out_barrier", "ko_level", "ko_barrier", "outer_barrier",
              "trigger_level", "knock_out", "ki", "ko", "barrier_level", "ki_level", "ki_barrier", "knock_in_level",
              "knock_in_barrier"),
    "lower": ("lower_barrier", "lower_level", "low_barrier", "barrier_low", "barrier_lower", "range_low", "lower_bound",
              "range_lower", "down_barrier"),
    "upper": ("upper_barrier", "upper_level", "high_barrier", "barrier_high", "barrier_upper", "range_high",
              "upper_bound", "range_upper", "up_barrier"),
    "reference": ("initial_spot", "initial_fixing", "initial_level", "initial_price", "reference_spot",
                  "reference_level", "reference_price", "ref_spot", "ref_price", "strike_spot", "s0", "initial"),
    "weights": ("weight", "weighting", "composition", "basket_weights"),
    "cash": ("payout", "payout_amount", "cash_amount", "payoff_amount", "digital_coupon", "bonus", "fixed_payout",
             "cash_payout", "digital_payout", "digital_amount"),
    "direction": ("barrier_direction", "up_down", "up/down", "barrier_type"),
    "knock": ("in_out", "in/out", "knock_type", "barrier_type", "barrier_kind"),
    "rebate": ("rebate_pct", "rebate_rate", "reb", "refund", "knock_out_amount", "rebate_amount", "cash_rebate",
               "barrier_rebate"),
    "trigger": ("trigger_level", "gap_trigger", "barrier", "gap_strike", "payment_strike"),
    "average": ("averaging", "average_type", "averaging_type", "averaging_method", "asian_type", "mean"),
    "so_far": ("extreme_so_far", "running_extreme", "running_max", "running_min", "observed_max", "observed_min"),
    "autocall_level": ("autocall", "ac_level", "ac_barrier", "call_barrier", "call_trigger", "trigger_level",
                       "early_redemption_level", "early_redemption_barrier", "redemption_level", "redemption_barrier",
                       "knock_out_level", "knock_out_barrier", "ko_level", "ko_barrier", "recall_level",
                       "autocall_barrier", "autocall_trigger", "autocall_barrier_level", "autocall_trigger_level"),
    "coupon": ("coupon_rate", "coupon_amount", "annual_coupon", "annual_coupon_rate", "interest", "yearly_coupon",
               "coupon_value", "digital_coupon", "conditional_coupon", "fixed_coupon", "autocall_coupon", "cpn",
               "periodic_coupon"),
    "coupon_barrier": ("coupon_level", "coupon_strike", "phoenix_barrier", "yield_barrier", "yield_level",
                       "interest_barrier", "conditional_coupon_barrier", "coupon_trigger", "coupon_barrier_level",
                       "coupon_trigger_level"),
    "memory": ("memory_coupon", "snowball", "cumulative", "with_memory", "memory_effect", "memory_feature",
               "coupon_memory", "has_memory"),
    "knock_in_frequency": ("barrier_monitoring", "barrier_observation", "barrier_frequency", "barrier_type",
                           "barrier_style", "barrier_observation_type", "monitoring", "monitoring_frequency",
                           "monitoring_type", "ki_frequency", "knock_in_monitoring", "ki_monitoring",
                           "knock_in_observation", "ki_observation"),
    "protection": ("capital_protection", "capital_guarantee", "protection_level", "guarantee", "floor",
                   "guaranteed_redemption", "capital_protection_level", "minimum_redemption", "min_redemption",
                   "redemption_floor"),
    "redemption": ("redemption_amount", "redemption_rate", "redemption_price", "redemption_value", "final_redemption",
                   "redemption_at_maturity"),
    "call_frequency": ("call_dates", "call_schedule", "call_date", "issuer_call", "callable", "putable", "puttable",
                       "put_dates", "put_schedule", "put_frequency"),
    "call_price": ("call_redemption", "issuer_call_price", "put_price", "early_redemption_price"),
    "called_by": ("callable_by", "call_right", "call_holder"),
    "exercise_frequency": ("exercise_dates", "exercise_schedule", "early_exercise"),
    "annualisation": ("days_per_year", "trading_days", "annual_factor", "business_days", "day_count_days",
                     "annualization", "annualisation_factor", "annualization_factor"),
    "pays_at": ("payment_timing", "payout_timing", "pay_timing", "payment_at", "payoff_timing", "payment_time",
                "rebate_timing", "touch_payment", "pay_at_hit", "paid_at_hit", "deferred", "pay_at", "paid_at"),
    "target": ("target_gain", "target_profit", "target_level", "target_redemption", "target_amount", "target_points"),
    "gearing": ("leverage", "leverage_factor", "leverage_ratio", "ratio", "multiple", "leveraged", "geared", "gear",
                "gearing_factor", "gearing_ratio"),
    "forward": ("forward_direction", "forward_type", "accumulator_type", "accumulator_side", "accumulator_direction",
                "forward_side"),
    "last_fixing": ("last_payment", "last_period", "last_fixing_payment", "last_fixing_rule", "final_fixing_rule",
                    "knock_out_settlement", "ko_settlement", "target_payment", "target_settlement", "target_type"),
    "settlement": ("settlement_type", "settlement_method", "settlement_style", "delivery_type", "delivery"),
    "local_floor": ("floor", "floor_local", "period_floor"),
    "local_cap": ("cap", "cap_local", "period_cap"),
    "global_floor": ("floor", "floor_global", "overall_floor", "total_floor"),
    "global_cap": ("cap", "cap_global", "overall_cap", "total_cap"),
    "performance": ("pays_performance", "in_performance", "performance_payoff", "payoff_type"),
    "currency_pay": ("quanto_currency", "quanto_ccy"),
    "participation": ("upside_participation",),
    "strike_2": ("upper_strike",),
    "exercise": ("style", "option_style", "exercise_right", "american"),
}  # fmt: skip
"""Names of own columns that may be meant as a column of the library, by that column."""

MEANS_BLANK: Mapping[str, tuple[str, ...]] = {
    "multiplier": ("1", "1.0", "0", "0.0"),
    "coupon": ("0", "0.0", "0%"),
    "coupon_barrier": ("0", "0.0"),
    "memory": ("0", "0.0"),
    "participation": ("0", "0.0", "100", "100.0"),
    "strike_2": ("0", "0.0"),
    "average": ("arithmetic", "arithmetic_average", "arithmetic_mean", "price", "average_price", "rate"),
    "knock_in_frequency": ("final", "european", "at_maturity", "maturity", "at_expiry", "expiry", "eu"),
    "pays_at": ("end", "maturity", "expiry", "at_maturity", "at_expiry", "yes", "true"),
    "forward": ("buy", "long", "accumulator"),
    "settlement": ("fixing", "cash"),
    "redemption": ("1", "1.0", "100%", "100"),
    "level": ("0", "0.0"),
    "autocall_level": ("0", "0.0", "100%"),
}
"""What a cell may hold that is worth the same as a blank one, besides what is harmless anyway."""
NOTHING = (*ABSENT, "no", "n", "-", "false")
UNITS = ("percentage", "percent", "pct", "perc", "pc", "bps", "bp", "peryear", "perannum", "pa", "eur", "usd", "gbp",
         "chf", "jpy", "amount", "amt")  # fmt: skip
"""What stands behind a name to say its unit."""
NO_TERMS = ("id", "isin", "fee", "fees", "code", "ref", "ccy", "currency", "key", "name")
"""Last words of names that no misspelt term has."""
KNOCKED_IN, KNOCKED_OUT = ("ki", "knockin"), ("ko", "knockout")
"""What names of levels begin with that belong to a knock-in, or to a knock-out or redemption."""
EARLY = ("call_frequency", "exercise_frequency")
_KINDS = {column.name: column.kind for column in TABLE}
_TERMS = tuple(column.name for column in TABLE if column.use in (TERM, DATED, POSITION) and column.name != "payoff")


def _bare(name: str) -> str:
    """A name in lower case, its letters and digits alone."""
    return re.sub("[^a-z0-9]", "", name.lower())


def _names() -> dict[str, tuple[str, ...]]:
    """The columns that a bare name may mean."""
    found = dict[str, tuple[str, ...]]()
    own = {name: (column.name,) for name, column in BY_NAME.items() if column.name in _TERMS}
    pairs = [*own.items(), *((name, (term,)) for term, names in MAY_BE.items() for name in names)]
    for name, terms in pairs:
        found[_bare(name)] = tuple(dict.fromkeys((*found.get(_bare(name), ()), *terms)))
    return found


NAMES = _names()


def meant(name: str) -> tuple[str, ...]:
    """The columns of the library that an own column of this name may be meant as.

    >>> meant("Leverage"), meant("coupon (% p.a.)"), meant("trader")
    (('gearing',), ('coupon',), ())
    """
    bare = _bare(name)
    if bare in NAMES:
        return NAMES[bare]
    while unit := next((own for own in UNITS if bare.endswith(own) and bare != own), ""):
        bare = bare.removesuffix(unit)
        if bare in NAMES:
            return NAMES[bare]
    return ()


def alike(name: str, columns: Collection[str]) -> str | None:
    """The column that an own column of this name may be misspelt for.

    >>> alike("triger", ["trigger"]), alike("trigger_id", ["trigger"])
    ('trigger', None)
    """
    head, _, last = key_of(name).rpartition("_")
    return None if head and last in NO_TERMS else nearest(key_of(name), columns, ALIKE)


def missed(book: pd.DataFrame, name: str, today: date | None = None) -> tuple[str, ...]:
    """The columns that some trade uses and leaves blank, where the own column `name` is filled and may be meant.

    What is after `today` tells no past.
    """
    there = [term for term in _TERMS if term in book.columns]
    likely = None if meant(name) else alike(name, there)
    terms = meant(name) if likely is None else (likely,)
    columns = {column: book[column].tolist() for column in BY_NAME if terms and column in book.columns}
    cells = book[name].tolist() if terms else []
    rows = [(k, cell) for k, cell in enumerate(cells) if not blank(cell)]
    seen = f"{today:%Y-%m-%d}" if today else ""
    return tuple(term for term in terms if _is_missed((name, term), rows, columns, seen))


def _is_missed(
    names: tuple[str, str], rows: Sequence[tuple[int, Any]], columns: Mapping[str, Sequence[Any]], today: str
) -> bool:
    """Whether a trade leaves blank a column that it uses, and what the own column holds in its row would change it."""
    name, term = names
    for k, cell in rows:
        cells = {column: held[k] for column, held in columns.items()}
        if not blank(cells.get(term)) or not _matters(term, cell, cells["maturity"]):
            continue
        if today and term in ("touched_on", "ended_on") and (days := _days(cell)) and min(days) > today:
            continue
        if _pays_in(cell, cells) if term == "currency_pay" else _uses(cells, term) and _suits(name, term, cells):
            return True
    return False


def _pays_in(cell: Any, cells: Mapping[str, Any]) -> bool:
    """Whether a trade in a row may pay in the currency of an own cell: another than it states, or as quantos do."""
    name, stated = key_of(cells.get("product", "")), cells.get("currency")
    if stated is None or blank(stated):
        return bool(composite(name) or quanto(name))
    return key_of(cell) != key_of(stated)


def _suits(name: str, term: str, cells: Mapping[str, Any]) -> bool:
    """Whether the level of the product in a row is of the event that the name of an own column says."""
    bare = _bare(name)
    if term != "level" or not bare.startswith((*KNOCKED_IN, *KNOCKED_OUT)):
        return True
    is_note = "knock_in_frequency" in _used(text_of(cells.get("product", "")), "")
    knocks_in = is_note or key_of(cells.get("knock", "")) == "in"
    return knocks_in == bare.startswith(KNOCKED_IN)


def _matters(term: str, cell: Any, maturity: Any) -> bool:
    """Whether a cell of an own column would change a trade if it were that of a term which is blank."""
    key = key_of(cell)
    if key in NOTHING:
        return False
    if term == "exercise":
        return key.startswith(("amer", "berm")) or key in ("am", "us", "yes", "true")
    if term == "payment_date":
        ends = _days(maturity)
        return bool(ends) and any(day > min(ends) for day in _days(cell))
    if not _could_be(_KINDS[term], term, key):
        return False
    if term in ("ended_on", "call_frequency") and (days := _days(cell)):
        return min(days) < max(_days(maturity), default="")
    return key not in (*HARMLESS.get(term, ()), *MEANS_BLANK.get(term, ()))


def _could_be(kind: str, term: str, key: str) -> bool:
    """Whether a cell could be of a column's kind: a number has digits, a word is none but for a flag or a sign."""
    if kind in (NUMBER, NUMBERS):
        return any(map(str.isdigit, key)) or (term == "strike" and key == FLOATING)
    flag = term != "average" and key in ("1", "1.0", "_1", "_1.0")
    return kind != WORD or flag or any(map(str.isalpha, key))


def _uses(cells: Mapping[str, Any], term: str) -> bool:
    """Whether the product in a row uses a column, or the trade does for what it is besides."""
    used = _used(text_of(cells.get("product", "")), text_of(cells.get("option", "")))
    if term in used or term not in ("reference", "start"):
        return term in used
    if any("%" in text_of(cells.get(column, "")) for column in used):
        return True
    dates_of = cells.get("frequency")
    regular = REGULAR[0] if dates_of is None or blank(dates_of) else key_of(dates_of)
    return term == "start" and "frequency" in used and regular in (*REGULAR, *CONTINUOUS)


@lru_cache(maxsize=256)
def _used(product: str, option: str) -> frozenset[str]:
    """The columns that a product uses, and those that all its trades may."""
    name = key_of(product)
    name = composite(name) or quanto(name) or name
    name = (parted(name) or ("", name))[1]
    own = PRODUCTS.get(OUTSIDE.get(name, name))
    used = {"multiplier", "payment_date", "participation", *ON_TWO.get(name, ()), *(own.columns if own else ())}
    if own and own.options == ANY and key_of(option) in EUROPEAN:
        used |= {*EUROPEAN[key_of(option)].columns}
    used |= {"strike_2"} if "strike" in used else set()
    used |= {"ended_on"} if used & {*EARLY} or name.startswith("bermudan") else {"exercise"}
    return frozenset(used | ({"watched_from", "watched_until", "touched_on"} if own and own.continuous else set()))


def _days(cell: Any) -> Sequence[str]:
    """The dates that a cell may be, as ISO texts."""
    if isinstance(cell, date):
        return [] if pd.isna(cell) else [f"{cell:%Y-%m-%d}"]
    return _days_of(cell) if isinstance(cell, str) else []


@lru_cache(maxsize=4096)
def _days_of(text: str) -> Sequence[str]:
    """The dates that a text may be."""
    return [day for day in dates(text) if day is not None]
