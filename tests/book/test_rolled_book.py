"""A book rolled day by day over a month: every day's numbers against a full revaluation with the fixings as constants.

The references are written here anew: dates, payments and paths. Deltas move today's spot, and with it today's fixing.
"""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

import likelihood_greeks as lg

pytestmark = pytest.mark.slow

SPOT, RATE, YIELD, VOL = 100.0, 0.03, 0.01, 0.25
FIRST, LAST = date(2026, 11, 2), date(2026, 12, 4)
DAYS = [day.date() for day in pd.bdate_range(FIRST, LAST)]  # no holiday of TARGET among them
PATHS, BUMP = 20_000, 0.005


def business_days(start, end):
    return [day.date() for day in pd.bdate_range(start + timedelta(1), end)]


def weeks(start, end):
    return sorted(end - timedelta(7 * k) for k in range(60) if end - timedelta(7 * k) > start)


@dataclass(frozen=True)
class Case:
    """A trade as the book states it, its observation dates, and what it pays on all of them."""

    terms: dict[str, object]
    days: list[date]
    pays: Callable[[np.ndarray], np.ndarray]
    paid: date


def case(maturity, days, pays, paid=None, **terms):
    dates = {"maturity": str(maturity)} | ({"payment_date": str(paid)} if paid else {})
    return Case(dates | terms, days, pays, paid or maturity)


def clipped(spots, reference):
    returns = np.diff(np.concatenate([np.full((1, spots.shape[1]), reference), spots]), axis=0)
    returns /= np.concatenate([np.full((1, spots.shape[1]), reference), spots[:-1]])
    return np.clip(returns, -0.02, 0.02).sum(axis=0).clip(0.0, 0.05)


END, MIDDLE, LATER = date(2026, 12, 18), date(2026, 11, 20), date(2027, 3, 5)
WEEKLY, LISTED = weeks(FIRST, END), [date(2026, 11, 6), date(2026, 11, 18), MIDDLE]
CASES = {
    "call": case(
        MIDDLE, [MIDDLE], lambda s: np.maximum(s[-1] - 98.0, 0.0), date(2026, 11, 24), product="call", strike=98
    ),
    "digital": case(
        date(2026, 12, 2), [date(2026, 12, 2)], lambda s: 5.0 * (s[-1] < 114.0), product="digital_put", strike=114,
        cash=5,
    ),
    "asian": case(
        END, WEEKLY, lambda s: np.maximum(s.mean(axis=0) - 99.0, 0.0), product="asian", option="call", strike=99,
        frequency="weekly",
    ),
    "paid later": case(
        MIDDLE, LISTED, lambda s: np.maximum(108.0 - s.mean(axis=0), 0.0), date(2026, 11, 27), product="asian",
        option="put", strike=108, frequency=";".join(map(str, LISTED)),
    ),
    "geometric": case(
        END, WEEKLY, lambda s: np.maximum(s[-1] - np.exp(np.log(s).mean(axis=0)), 0.0), product="asian",
        option="call", strike="floating", average="geometric", frequency="weekly",
    ),
    "up and out": case(
        LATER, business_days(FIRST, LATER),
        lambda s: np.where(s.max(axis=0) >= 104.0, 2.0, np.maximum(s[-1] - 95.0, 0.0)), product="barrier",
        option="call", strike=95, level=104, direction="up", knock="out", rebate=2, frequency="daily",
    ),
    "down and in": case(
        LATER, weeks(FIRST, LATER), lambda s: np.where(s.min(axis=0) <= 94.0, np.maximum(100.0 - s[-1], 0.0), 0.0),
        product="barrier", option="put", strike=100, level=94, direction="down", knock="in", frequency="weekly",
    ),
    "corridor": case(
        END, business_days(FIRST, END),
        lambda s: np.where((s.min(axis=0) <= 88.0) | (s.max(axis=0) >= 113.0), 0.0, np.maximum(100.0 - s[-1], 0.0)),
        product="double_barrier", option="put", strike=100, lower=88, upper=113, knock="out", frequency="daily",
    ),
    "lookback": case(
        END, WEEKLY, lambda s: s.max(axis=0) - s[-1], product="lookback", option="put", strike="floating",
        frequency="weekly",
    ),
    "cliquet": case(
        END, WEEKLY, lambda s: 100.0 * clipped(s, SPOT), product="cliquet", frequency="weekly", local_floor=-0.02,
        local_cap=0.02, global_floor=0, global_cap=0.05, multiplier=100,
    ),
}  # fmt: skip
BOOK = pd.DataFrame(
    [{"trade_id": n, "underlying": "X", "quantity": 1, "start": str(FIRST)} | c.terms for n, c in CASES.items()]
)


def history(seed):
    """The spot of each business day."""
    noise, gaps = np.random.default_rng(seed), np.diff([day.toordinal() for day in DAYS]) / 365
    steps = (RATE - YIELD - 0.5 * VOL**2) * gaps + VOL * np.sqrt(gaps) * noise.standard_normal(len(gaps))
    return dict(zip(DAYS, SPOT * np.exp(np.concatenate([[0.0], steps.cumsum()])), strict=True))


def market(today, spots, fixed_today):
    fixings = {str(day): spot for day, spot in spots.items() if day < today or (fixed_today and day == today)}
    section = {"spot": spots[today], "zero_rate": RATE, "dividend_yield": YIELD, "implied_volatility": VOL}
    return {"valuation_date": today, "underlyings": {"X": section}, "fixings": {"X": fixings}}


def revalued(one, today, spots, fixed_today):
    """Mean and standard error of price and delta, all observations written out."""
    if one.paid < today:
        return np.zeros((2, 2))
    made = [spots[day] for day in one.days if day < today or (fixed_today and day == today)]
    is_open, ahead = today in one.days and not fixed_today, [day for day in one.days if day > today]
    times = np.array([(day - today).days / 365 for day in ahead])
    gaps = np.diff(times, prepend=0.0)[:, None]
    noise = np.random.default_rng(today.toordinal()).standard_normal((len(ahead), PATHS // 2))
    noise = np.concatenate([noise, -noise], axis=1)
    steps = (RATE - YIELD - 0.5 * VOL**2) * gaps + VOL * np.sqrt(gaps) * noise
    growth, discount = np.exp(steps.cumsum(axis=0)), np.exp(-RATE * (one.paid - today).days / 365)

    def value(spot):
        seen = np.array([*made, *([spot] if is_open else [])])
        return discount * one.pays(np.concatenate([np.repeat(seen[:, None], PATHS, axis=1), spot * growth]))

    spot = spots[today]
    slope = (value(spot * (1 + BUMP)) - value(spot * (1 - BUMP))) / (2 * BUMP * spot)
    pairs = np.stack([value(spot), slope]).reshape(2, 2, -1).mean(axis=1)
    return np.stack([pairs.mean(axis=1), pairs.std(axis=1) / np.sqrt(PATHS // 2)])


def rolled(book, days, *, fixed_today, **settings):
    """Day by day, trade by trade: price and delta of the library and of the references, with errors."""
    spots, found, factor = history(6), {}, book.set_index("trade_id")["multiplier"].astype(float).fillna(1.0)
    for today in days:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of trades that are refused, which are counted below
            frame = lg.risk(book, market(today, spots, fixed_today), ["delta"], seed=7, **settings)
        own = frame[frame["trade_id"] != "net"].set_index(["trade_id", "greek"])[["value", "standard_error"]]
        missing = {*CASES} - {*own.index.get_level_values(0)}
        assert missing == (lost(today, spots) if today in WEEKLY and not fixed_today else set())
        for name in CASES.keys() - missing:
            rows = own.loc[name].loc[["price", "delta"]].to_numpy().T * factor[name]
            found[today, name] = rows, revalued(CASES[name], today, spots, fixed_today)
    return spots, found


def lost(today, spots):
    """The cliquet, where today's return, still open, is within its bounds."""
    before = spots[today - timedelta(7)] if today - timedelta(7) > FIRST else SPOT
    return {"cliquet"} if abs(spots[today] / before - 1.0) <= 0.02 else set()


def scores(found):
    """Standard scores of prices and deltas, shape (n, 2), and errors; what has none on either side must be equal."""
    own, reference = (np.array(part) for part in zip(*found.values(), strict=True))
    error, gaps = np.hypot(own[:, 1], reference[:, 1]), own[:, 0] - reference[:, 0]
    sure = error < 1e-12
    assert np.abs(gaps[sure]).max() < 1e-6
    return np.where(sure, 0.0, gaps / np.where(sure, 1.0, error)), error


def assert_agreement(found):
    z, error = scores(found)
    assert np.abs(z).max() < 4.5, [*found][np.abs(z).max(axis=1).argmax()]
    assert (np.median(error, axis=0) < (0.05, 0.02)).all()
    assert (np.mean(z[(z != 0.0).any(axis=1)] ** 2, axis=0) < 1.25).all()


@pytest.fixture(scope="module")
def month():
    return rolled(BOOK, DAYS[1:], fixed_today=True, paths=4096, controls="scores")


def test_every_day_of_a_month_agrees_with_a_full_revaluation(month):
    assert len(month[1]) == 24 * len(CASES)
    assert_agreement(month[1])


def test_with_todays_fixings_open_observation_days_agree_too():
    days = [today for today in DAYS[1:] if today in {*WEEKLY, *LISTED}]
    assert_agreement(rolled(BOOK, days, fixed_today=False, paths=4096)[1])


def test_the_cash_that_is_paid_is_what_the_book_said(month):
    spots, found = month
    for name, one in CASES.items():
        values = {today: found[today, name][0][0, 0] for today in DAYS[1:]}
        assert all(values[today] == 0.0 for today in values if today > one.paid)
        made = [today for today in values if one.days[-1] <= today <= one.paid]
        if made:
            amount = float(one.pays(np.array([spots[day] for day in one.days])[:, None])[0])
            discounts = np.exp([-RATE * (one.paid - today).days / 365 for today in made])
            np.testing.assert_allclose([values[today] for today in made], amount * discounts, rtol=1e-12)


def test_a_book_without_its_past_would_be_noticed():
    new = BOOK.drop(columns="start")
    z, _ = scores(rolled(new, DAYS[8:20:4], fixed_today=True, paths=1024, controls="scores")[1])
    assert (np.abs(z) > 10.0).sum() > 10
