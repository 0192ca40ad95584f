"""The profit of a book between two markets: closed forms, coupons, knocks, expiries, dividends, and joint errors."""

import re
import warnings
from datetime import date

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

import likelihood_greeks as lg
from benchmarks import explain_month
from likelihood_greeks import cli
from likelihood_greeks.book.pnl.aging import aged
from likelihood_greeks.book.pnl.moves import TERMS
from likelihood_greeks.book.together import packs, unmet

MONDAY, TUESDAY = "2026-06-01", "2026-06-02"
X = {"spot": 100.0, "zero_rate": 0.03, "dividend_yield": 0.01, "implied_volatility": 0.2, "currency": "EUR"}
CALL = {"trade_id": "call", "underlying": "X", "product": "call", "quantity": 10.0, "maturity": "2026-12-01",
        "strike": 105.0}  # fmt: skip


def market(day=MONDAY, fixings=None, **changes):
    found = {"valuation_date": day, "underlyings": {"X": {**X, **changes}}}
    return found | ({"fixings": {"X": fixings}} if fixings else {})


def explained(rows, *markets, **settings):
    frame = lg.explain_book(pd.DataFrame(rows), *markets, **{"paths": 4096, "seed": 1, **settings})
    return frame, frame.set_index("trade_id")


def black(spot, vol, rate, years, strike=105.0, dividend_yield=0.01):
    """The price of a call, written here anew, with its derivatives in the spot."""
    total = vol * np.sqrt(years)
    d1 = (np.log(spot / strike) + (rate - dividend_yield + 0.5 * vol**2) * years) / total
    carried = spot * np.exp(-dividend_yield * years)
    price = carried * norm.cdf(d1) - strike * np.exp(-rate * years) * norm.cdf(d1 - total)
    delta = np.exp(-dividend_yield * years) * norm.cdf(d1)
    gamma = np.exp(-dividend_yield * years) * norm.pdf(d1) / (spot * total)
    return price, delta, gamma, carried * norm.pdf(d1) * np.sqrt(years)


def adds_up(row):
    np.testing.assert_allclose(row["explained"], sum(row[name] for name in TERMS), atol=1e-9)
    np.testing.assert_allclose(row["pnl"], row["explained"] + row["unexplained"], atol=1e-9)
    np.testing.assert_allclose(row["pnl"], row["value_after"] - row["value_before"] + row["cash"], atol=1e-9)


def test_a_call_is_explained_by_its_closed_form():
    frame, row = explained([CALL], market(), market(TUESDAY, spot=101.5, implied_volatility=0.21, zero_rate=0.031))
    row, years = row.loc["call"], 183 / 365
    before, rolled = black(100.0, 0.2, 0.03, years)[0], black(100.0, 0.2, 0.03, years - 1 / 365)
    after = black(101.5, 0.21, 0.031, years - 1 / 365)[0]
    assert row["pnl"] == pytest.approx(10 * (after - before), abs=1e-9)
    assert row["theta"] == pytest.approx(10 * (rolled[0] - before), abs=1e-9)
    assert row["delta"] == pytest.approx(10 * 1.5 * rolled[1], abs=1e-9)
    assert row["gamma"] == pytest.approx(10 * 0.5 * 1.5**2 * rolled[2], abs=1e-9)
    assert row["vega"] == pytest.approx(10 * 0.01 * rolled[3], abs=1e-9)
    assert abs(row["unexplained"]) < 0.01 * abs(row["pnl"])
    assert (frame.filter(like="_standard_error") == 0.0).all(axis=None)
    for _, own in frame.iterrows():
        adds_up(own)


BARRIER = {**CALL, "trade_id": "barrier", "product": "barrier", "option": "call", "level": 90.0, "direction": "down",
           "knock": "out", "frequency": "monthly", "start": "2026-05-04"}  # fmt: skip


@pytest.mark.slow
def test_what_small_moves_leave_of_path_dependent_trades_is_noise_and_a_missing_term_would_show():
    rows = [BARRIER, {**BARRIER, "trade_id": "short", "quantity": -10.0},
            {**CALL, "trade_id": "asian", "product": "asian", "option": "call", "frequency": "weekly"}]  # fmt: skip
    _, by = explained(rows, market(), market(TUESDAY, spot=100.4, implied_volatility=0.201), paths=16_384)
    for trade in ("barrier", "asian"):
        row = by.loc[trade]
        assert row["unexplained_standard_error"] < 0.02 * abs(row["delta"])
        assert abs(row["unexplained"]) < 4.0 * row["unexplained_standard_error"] + 0.002 * abs(row["delta"])
        assert abs(row["unexplained"] + row["delta"]) > 20.0 * row["unexplained_standard_error"]
        adds_up(row)
    net = by.loc["net"]  # what is long and what is short have the same draws
    assert net["unexplained_standard_error"] == pytest.approx(by.loc["asian", "unexplained_standard_error"])
    assert net["pnl"] == pytest.approx(by.loc["asian", "pnl"])


@pytest.mark.slow
def test_a_coupon_that_was_paid_is_cash_and_not_a_loss():
    note = {"trade_id": "note", "underlying": "X", "product": "reverse_convertible", "quantity": 1.0, "strike": 100.0,
            "maturity": "2026-12-01", "frequency": "2026-06-01;2026-12-01", "coupon": 0.03,
            "start": "2025-12-01"}  # fmt: skip
    _, by = explained([note], market(), market(TUESDAY, fixings={MONDAY: 100.0, "2025-12-01": 100.0}))
    row = by.loc["note"]
    assert row["cash"] == pytest.approx(3.0)
    assert row["value_after"] - row["value_before"] < -2.5
    assert abs(row["theta"]) < 0.1
    adds_up(row)


@pytest.mark.parametrize(("fixing", "knocked"), [(89.0, True), (91.0, False)])
def test_a_barrier_that_was_touched_between_is_the_fixings(fixing, knocked):
    days = {"2026-05-04": 100.0, "2026-06-01": 100.0}
    trade = {**BARRIER, "start": "2026-05-04", "frequency": "2026-06-02;2026-12-01"}
    _, by = explained([trade], market(), market("2026-06-03", {**days, "2026-06-02": fixing}, spot=100.0))
    row = by.loc["barrier"]
    if knocked:
        assert row["value_after"] == 0.0
        assert row["fixings"] == pytest.approx(-row["value_before"], rel=0.02)
        assert "knocked out on 2026-06-02 at 89" in row["state"]
    else:
        assert row["fixings"] == 0.0
    assert row["unexplained"] == pytest.approx(0.0, abs=1e-9)
    adds_up(row)


@pytest.mark.parametrize("fixing", [108.0, 104.0])
def test_an_option_that_expired_between_paid_what_its_fixing_says(fixing):
    trade = {**CALL, "maturity": "2026-06-02", "strike": 99.0}
    _, by = explained([trade], market(), market("2026-06-04", {"2026-06-02": fixing}, spot=103.0))
    row = by.loc["call"]
    assert row["cash"] == pytest.approx(10 * (fixing - 99.0))
    assert row["theta"] == pytest.approx(10 * 1.0 - row["value_before"])
    assert row["fixings"] == pytest.approx(10 * (fixing - 100.0))
    assert "expired" in row["state"]
    adds_up(row)


def test_a_missing_fixing_leaves_out_its_trade_alone():
    rows = [CALL, {**BARRIER, "frequency": "2026-06-02;2026-12-01"}]
    with pytest.warns(lg.BookWarning, match="barrier.*fixings must hold X on 2026-06-02"):
        frame, by = explained(rows, market(), market("2026-06-03"))
    assert list(by.index) == ["call", "net", "total"]
    assert by.loc["net", "note"] == "excludes 1 trade that could not be priced"
    assert [problem["trade_id"] for problem in frame.attrs["problems"]] == ["barrier"]


def test_new_ended_and_changed_trades_reconcile_the_two_books():
    before = pd.DataFrame([CALL, {**CALL, "trade_id": "gone"}, {**CALL, "trade_id": "more"},
                           {**CALL, "trade_id": "struck"}])  # fmt: skip
    after = pd.DataFrame([CALL, {**CALL, "trade_id": "more", "quantity": 15.0}, {**CALL, "trade_id": "fresh"},
                          {**CALL, "trade_id": "struck", "strike": 110.0}])  # fmt: skip
    second = market(TUESDAY, spot=101.0)
    _, by = explained(before, market(), second, book_after=after)
    one, two = (lg.risk(book, own, ["delta"]) for book, own in ((before, market()), (after, second)))
    values = [frame.loc[(frame.trade_id == "net") & (frame.greek == "price"), "value"].item() for frame in (one, two)]
    net = by.loc["net"]
    assert [net["value_before"], net["value_after"]] == pytest.approx(values)
    unit = by.loc["call", "value_after"] / 10.0
    assert by.loc["gone", "ended"] == pytest.approx(-10 * unit)
    assert by.loc["more", "new"] == pytest.approx(5 * unit)
    assert by.loc["fresh", "pnl"] == by.loc["fresh", "new"] == pytest.approx(10 * unit)
    assert by.loc["struck", "ended"] == pytest.approx(-10 * unit)
    assert by.loc["struck (amended)", "new"] > 0.0
    assert by.loc["gone", "delta"] == pytest.approx(by.loc["call", "delta"])
    for name in by.index:
        adds_up(by.loc[name])


def test_a_dividend_that_went_ex_is_earned_on_the_delta():
    paying = {"dividends": [{"ex_date": "2026-06-02", "amount": 4.0}], "dividend_yield": 0.0}
    first, second = market(**paying), market(TUESDAY, spot=96.5, dividend_yield=0.0)
    _, by = explained([CALL], first, second, paths=16_384)
    row = by.loc["call"]
    _, delta, _, _ = black(96.0, 0.2, 0.03, 182 / 365, dividend_yield=0.0)
    assert row["dividends"] == pytest.approx(10 * 4.0 * delta, rel=1e-6)
    assert row["delta"] == pytest.approx(10 * -3.5 * delta, rel=1e-6)
    assert row["spot_move"] == pytest.approx(-3.5)
    assert abs(row["theta"]) < 0.5  # the drop was known
    adds_up(row)


def test_curves_age_where_they_are_in_the_calendar():
    law = lg.TermStructureGBM(
        spot=100.0, times=[0.1, 1.0], zero_rates=[0.01, 0.03], dividend_yields=[0.0, 0.02], volatilities=[0.3, 0.2]
    )
    near, far = aged(law, 0.05), aged(law, 0.4)
    assert near.discount(0.95) == pytest.approx(law.later(0.05).discount(0.95), rel=1e-12)
    assert near.black_volatility(0.9) == pytest.approx(law.later(0.05).black_volatility(0.9), rel=1e-12)
    assert far.discount(0.6) == pytest.approx(law.discount(1.0) / law.discount(0.4), rel=1e-12)
    assert far.black_volatility(0.6) ** 2 * 0.6 == pytest.approx(
        law.black_volatility(1.0) ** 2 - 0.4 * law.black_volatility(0.4) ** 2, rel=1e-12
    )
    assert aged(law, 1.0).times  # what comes after the curves' end goes on as they ended


def test_a_twist_of_curves_and_volatilities_is_explained_to_second_order():
    def twisted(spot, day, *numbers):
        rates, volatilities = numbers
        curve = {"times": ["2026-09-01", "2027-06-01"], "rates": rates}
        surface = {"strikes": [80.0, 120.0], "maturities": ["2026-08-03", "2026-12-01"], "volatilities": volatilities}
        own = {**X, "spot": spot, "zero_curve": curve, "implied_volatility": surface}
        return {"valuation_date": day, "underlyings": {"X": {k: v for k, v in own.items() if k != "zero_rate"}}}

    first = twisted(100.0, MONDAY, [0.02, 0.03], [[0.25, 0.22], [0.2, 0.19]])
    second = twisted(100.5, TUESDAY, [0.024, 0.028], [[0.235, 0.23], [0.185, 0.2]])
    start = {**CALL, "trade_id": "forward start", "product": "forward_start_call", "strike": "100%", "quantity": 1.0,
             "start": "2026-08-03"}  # fmt: skip
    _, by = explained([start, CALL], first, second)
    row = by.loc["forward start"]  # of the volatility between two dates, which rose, while that before them fell
    assert row["vega"] > 0.1
    assert abs(row["unexplained"]) < 4.0 * row["unexplained_standard_error"] + 0.006 * row["vega"]
    assert row["unexplained_standard_error"] < 0.02 * row["vega"]
    assert abs(by.loc["call", "unexplained"]) < 0.002 * abs(by.loc["call", "pnl"])
    adds_up(row)


@pytest.mark.slow
def test_a_contract_of_ones_own_ages_like_the_product_that_it_is():
    days = [date(2026, 6, 2), date(2026, 9, 1), date(2026, 12, 1)]
    times = [(day - date(2026, 6, 1)).days / 365 for day in days]
    rows = [
        {**CALL, "trade_id": "own", "product": None, "maturity": None, "strike": 100.0,
         "payoff": lg.Asian(100.0, times=times)},
        {**CALL, "trade_id": "row", "product": "asian", "option": "call", "strike": 100.0,
         "frequency": ";".join(map(str, days)), "payoff": None},
    ]  # fmt: skip
    second = market("2026-06-04", {"2026-06-02": 101.0}, spot=100.5)
    _, by = explained(rows, market(), second)
    for name in ("pnl", "theta", "fixings", "delta", "unexplained"):
        assert by.loc["own", name] == pytest.approx(by.loc["row", name], abs=1e-8), name


def test_days_do_not_run_backwards_and_an_idle_day_gains_nothing():
    with pytest.raises(ValueError, match="tuesday must have a valuation_date not before that of monday, 2026-06-02"):
        explained([CALL], market(TUESDAY), market())
    _, by = explained([BARRIER | {"start": None}], market(), market(), paths=256)
    assert by.loc["barrier", ["pnl", *TERMS]].abs().max() == 0.0


@pytest.mark.slow
def test_the_command_explains_and_writes(capsys, tmp_path):
    pd.DataFrame([CALL, {**CALL, "trade_id": "odd", "strike": -1.0}]).to_csv(tmp_path / "book.csv", index=False)
    names = [tmp_path / "monday.toml", tmp_path / "tuesday.toml"]
    for path, day, spot in zip(names, (MONDAY, TUESDAY), (100.0, 101.0), strict=True):
        path.write_text(f"valuation_date = {day}\n[underlyings.X]\nspot = {spot}\nzero_rate = 0.03\n"
                        "dividend_yield = 0.01\nimplied_volatility = 0.2\n")  # fmt: skip
    output = tmp_path / "explained.csv"
    with pytest.raises(SystemExit) as stop:
        cli.main(["explain", str(tmp_path / "book.csv"), "--market", str(names[0]), "--to", str(names[1]),
                  "--output", str(output), "--seed", "1"])  # fmt: skip
    captured = capsys.readouterr()
    assert stop.value.code == 1  # the odd one
    assert "unexplained" in captured.out
    assert "odd" in captured.err
    written = pd.read_csv(output).set_index("trade_id")
    assert written.loc["net", "pnl"] == pytest.approx(written.loc["call", "pnl"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        again = lg.explain_book(tmp_path / "book.csv", *names, seed=1)
    assert again.set_index("trade_id").loc["call", "pnl"] == pytest.approx(written.loc["call", "pnl"])


@pytest.mark.slow
def test_a_week_of_small_moves_leaves_noise():
    found = explain_month.explained(["DAX-033", "DAX-039", "DAX-041"], 5, "small", 2048)
    trades = found[~found["trade_id"].isin(["net", "total"])]
    z = trades["unexplained"] / trades["unexplained_standard_error"]
    assert len(z) == 15
    assert (z.abs() < 1.96).sum() >= 13
    assert z.abs().max() < 4.5
    gross = trades[["delta", "vega", "theta"]].abs().sum(axis=1)
    assert (trades["unexplained_standard_error"] < 0.12 * gross).all()
    missed = (trades["unexplained"] + trades["vega"]) / trades["unexplained_standard_error"]
    assert (missed.abs() > 4.0).sum() > 5  # without a term it would not be noise


@pytest.mark.slow
def test_what_a_tiny_move_leaves_of_a_far_daily_barrier_does_not_hang_on_the_paths_that_cross_it(monkeypatch):
    """One path of some thousands crosses; a difference of plain samples would be right only with it."""
    barrier = {
        "underlying": "X", "product": "barrier", "quantity": 100.0, "maturity": "2026-12-01", "frequency": "daily",
        "knock": "out", "strike": 100.0, "start": MONDAY,
    }  # fmt: skip
    book = [
        {**barrier, "trade_id": "up", "option": "call", "direction": "up", "level": 135.0},
        {**barrier, "trade_id": "down", "option": "put", "direction": "down", "level": 72.0},
    ]
    moved = market(TUESDAY, {MONDAY: 100.0, TUESDAY: 100.01}, spot=100.01)

    def scores(seed):
        own = explained(book, market(), moved, seed=seed)[1].loc[["up", "down"]]
        assert (own["unexplained_standard_error"] < 0.1).all()
        return (own["unexplained"] / own["unexplained_standard_error"]).abs().max()

    assert scores(3) < 4.0
    assert scores(4) < 4.0
    monkeypatch.setattr(packs.Simulation, "smooth", frozenset())
    assert scores(4) > 10.0


def test_an_underlying_keeps_its_currency_from_day_to_day():
    first, second = ({**market(day), "reporting_currency": "EUR"} for day in (MONDAY, TUESDAY))
    second["reporting_currency"] = "USD"
    with pytest.raises(ValueError, match="reporting_currency of tuesday must be that of monday, EUR, got 'USD'"):
        explained([CALL], first, second)
    first, second = market(MONDAY), market(TUESDAY)
    second["underlyings"] = {name: {**own, "currency": "CHF"} for name, own in second["underlyings"].items()}
    with pytest.raises(ValueError, match=r"underlyings\.X\.currency of tuesday must be that of monday"):
        explained([CALL], first, second)


def test_what_rates_of_exchange_gain_is_a_term_and_the_rest_converts_exactly():
    def both(day, spot, **rates):
        own = {name: {**X, "spot": spot, "currency": code} for name, code in (("X", "EUR"), ("Y", "USD"), ("Z", "JPY"))}
        return {"valuation_date": day, "underlyings": own, "reporting_currency": "EUR", "fx": rates}

    asian = {
        **CALL,
        "trade_id": "asian",
        "underlying": "Y",
        "product": "asian",
        "frequency": "monthly",
        "option": "call",
    }
    rows = [CALL, asian, {**CALL, "trade_id": "third", "underlying": "Z"}]
    frame, _ = explained(rows, both(MONDAY, 100.0, USD=0.8), both(TUESDAY, 101.0, USD=0.9))
    whole, totals = frame.iloc[-1], frame[frame["trade_id"] == "total"].set_index("currency")
    assert (whole["trade_id"], whole["currency"]) == ("reported", "EUR")
    assert "without JPY" in whole["note"]
    adds_up(whole)
    home, there = totals.loc["EUR"], totals.loc["USD"]
    assert whole["fx"] == pytest.approx(0.1 * there["value_before"], rel=1e-12)
    assert whole["delta"] == pytest.approx(home["delta"] + 0.9 * there["delta"], rel=1e-12)
    worth = [own.loc["value_after"] * rate for own, rate in ((home, 1.0), (there, 0.9))]
    assert whole["pnl"] == pytest.approx(sum(worth) - home["value_before"] - 0.8 * there["value_before"], rel=1e-9)
    error = there["unexplained_standard_error"]
    assert whole["unexplained_standard_error"] == pytest.approx(0.9 * error, rel=1e-12)
    assert abs(whole["unexplained"]) < 0.05 * abs(whole["fx"]) < abs(whole["pnl"])
    assert not frame.loc[frame["trade_id"] != "reported", "fx"].any()


def test_what_no_path_meets_is_in_the_errors_of_a_far_barrier(monkeypatch):
    far = {"trade_id": "far", "underlying": "X", "product": "barrier", "quantity": 100.0, "maturity": "2026-11-02",
           "strike": 100.0, "option": "call", "direction": "down", "knock": "out", "level": 75.0,
           "frequency": "weekly"}  # fmt: skip
    markets = market(), market(TUESDAY, spot=100.5)
    _, row = explained([far], *markets)
    told = row.loc["far", ["pnl_standard_error", "unexplained_standard_error"]].to_numpy(float)
    assert np.all((told > 1e-4) & (told < 0.1))
    assert row.loc["net", "pnl_standard_error"] == pytest.approx(told[0], rel=1e-6)
    monkeypatch.setattr(unmet, "EXPLAINED", np.inf)
    _, bare = explained([far], *markets)
    assert bare.loc["far", "pnl_standard_error"] < 1e-9  # of the paths that were drawn, none of which crosses
    assert bare.loc["far", "pnl"] == row.loc["far", "pnl"]


def test_notes_say_of_which_amount_they_are():
    class Erratic:
        times = (0.1, 0.2)

        def __call__(self, spot):
            return 1.0 * ((7.3 * spot[-1]) % 1.0 > 0.99) * (spot[0] > 95.0)

    own = {"trade_id": "own", "underlying": "X", "quantity": 100.0, "payoff": Erratic()}
    _, row = explained([own], market(), market(TUESDAY), paths=1024)
    assert re.fullmatch(r"(pnl|unexplained|pnl and unexplained): about \d+ samples carry .*", row.loc["own", "note"])


def test_a_clause_that_next_to_no_path_meets_is_told():
    class Crash:
        times = (0.1, 0.2, 0.3)

        def __call__(self, spot):
            return np.maximum(spot[-1] - 100.0, 0.0) - 1000.0 * (spot.min(axis=0) < 70.0)

    own = {"trade_id": "own", "underlying": "X", "quantity": 100.0, "payoff": Crash()}
    _, row = explained([own, {**own, "trade_id": "cash", "payoff": lg.Call(100.0, 0.3)}], market(), market(TUESDAY))
    assert "pnl: what next to no path meets" in row.loc["own", "note"]
    assert row.loc["net", "note"].endswith("doubtful numbers of own")
    assert row.loc["own", "pnl_standard_error"] > 0.1
    assert row.loc["cash", "note"] == ""


SEEN = {"2026-03-02": 99.0, "2026-04-01": 78.0, "2026-05-01": 97.0, "2026-06-01": 100.0}
ON_DATES = {"trade_id": "past", "underlying": "X", "quantity": 10.0, "start": "2026-02-02",
            "frequency": ";".join(SEEN) + ";2026-12-01"}  # fmt: skip
TOUCH = ON_DATES | {"product": "one_touch", "maturity": "2026-12-01", "pays_at": "hit", "cash": 5.0}
NOTE = ON_DATES | {"strike": 90.0, "coupon": 0.02, "autocall_level": 98.0, "level": 50.0}


@pytest.mark.parametrize(
    ("trade", "day", "closes", "cash"),
    [
        (TOUCH | {"level": 104.0, "direction": "up"}, "2026-06-04", 105.0, 50.0),
        (TOUCH | {"level": 104.0, "direction": "up"}, "2026-06-04", 103.0, 0.0),
        (TOUCH | {"level": 60.0, "direction": "down"}, "2026-06-04", 59.0, 50.0),
        (NOTE | {"product": "phoenix", "coupon_barrier": 80.0, "memory": "yes", "maturity": "2026-12-01",
                 "frequency": "2026-04-01;2026-06-03;2026-12-01"}, "2026-06-04", 99.0, 10 * 90.0 * 1.04),
        (NOTE | {"product": "autocallable", "maturity": "2026-12-01",
                 "frequency": "2026-04-01;2026-06-03;2026-12-01"}, "2026-06-04", 99.0, 10 * 90.0 * 1.04),
    ],
)  # fmt: skip
def test_what_ends_between_the_days_pays_on_its_own_date_whatever_was_seen_before(trade, day, closes, cash):
    """After a touch earlier fixings decide nothing, but when it was touched, and so what was paid when, needs all."""
    if trade["product"] == "one_touch":
        trade = trade | {"frequency": ";".join(SEEN) + ";2026-06-03;2026-12-01"}
    fixed = SEEN | {"2026-06-03": closes}
    frame, row = explained([trade], market(fixings=SEEN), market(day, fixings=fixed, spot=100.0), paths=256)
    assert frame.attrs["problems"] == []
    assert row.loc["past", "cash"] == pytest.approx(cash)
    adds_up(row.loc["past"])


@pytest.mark.parametrize("pays_at", ["hit", "end"])
def test_a_level_that_the_spot_goes_through_is_no_theta(pays_at):
    """Watched at all times, a trade sees the second day's spot too; time alone leaves the spot where it was."""
    touch = TOUCH | {"level": 95.0, "direction": "down", "frequency": "continuous", "pays_at": pays_at, "start": MONDAY}
    days = [{**market(day, spot=spot), "lows": {"X": {MONDAY: 99.0, "2026-06-02": low, "2026-06-03": low}},
             "highs": {"X": {MONDAY: 101.0, "2026-06-02": 101.0, "2026-06-03": 101.0}}}
            for day, spot, low in ((MONDAY, 100.0, 99.0), ("2026-06-03", 100.0, 98.0), ("2026-06-03", 93.0, 92.0))
            ]  # fmt: skip
    (_, still), (frame, gone) = (explained([touch], days[0], days[k], paths=1024) for k in (1, 2))
    assert frame.attrs["problems"] == []
    assert gone.loc["past", "theta"] == pytest.approx(still.loc["past", "theta"], abs=0.5)
    assert gone.loc["past", "fixings"] > 5.0
    adds_up(gone.loc["past"])
