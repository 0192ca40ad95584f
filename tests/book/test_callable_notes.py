"""Books with notes that may be called or put, and averages that may be exercised early."""

import pandas as pd
import pytest

import likelihood_greeks as lg
from tests.support import redeemable
from tests.support.gates import assert_estimates

ASSET = {"spot": 100.0, "zero_rate": 0.03, "implied_volatility": 0.25}
MARKET = {"valuation_date": "2026-06-15", "underlyings": {"X": ASSET, "Y": ASSET}, "correlation": {"X|Y": 0.5}}
DATES = "2026-12-14; 2027-06-14; 2027-12-13; 2028-06-12"  # every 182 days
NOTE = {"trade_id": "T", "underlying": "X", "product": "reverse_convertible", "quantity": 1, "strike": 100,
        "coupon": 0.05, "maturity": "2028-06-12", "frequency": DATES, "call_frequency": DATES}  # fmt: skip
THIRDS = "2026-10-15; 2027-02-14; 2027-06-15"
ASIAN = {"trade_id": "A", "underlying": "X", "product": "asian", "option": "put", "quantity": 1, "strike": 100,
         "maturity": "2027-06-15", "frequency": THIRDS, "exercise_frequency": "2026-10-15; 2027-02-14"}  # fmt: skip
FREE = {"trade_id": "O", "underlying": "X", "product": "put", "quantity": 1, "strike": 100, "maturity": "2027-06-15"}


def _run(*rows, wanted=("price",), paths=1024, **market):
    return lg.risk(pd.DataFrame(rows), MARKET | market, [*wanted], paths=paths, seed=1)


@pytest.mark.slow
def test_a_callable_note_and_an_average_with_exercise_have_their_values_and_vegas():
    frame = _run(NOTE, ASIAN, wanted=("price", "delta", "vega"), paths=8192)

    def note(**where):
        return redeemable.reverse_convertible(**where, step=182 / 365, coupons=[5.0] * 4, calls={0, 1, 2}, amount=100.0)

    def average(**where):
        return redeemable.asian(**where, step=1.0 / 3.0, strike=100.0)

    for name, priced in (("T", note), ("A", average)):
        exact = redeemable.greeks(priced)
        found = frame[frame["trade_id"] == name].set_index("greek")
        for greek, error in (("price", 0.06), ("delta", 3e-3), ("vega", 0.6)):
            row = found.loc[greek]
            room = 0.01 * abs(exact[greek]) if greek == "vega" else 0.0  # what the rule leaves
            value = row["value"] + min(max(exact[greek] - row["value"], -room), room)
            assert_estimates(lg.Estimate(value, row["standard_error"], 8192, 8192), exact[greek], error)


def _of(frame, name="T"):
    row = frame[(frame["trade_id"] == name) & (frame["greek"] == "price")].iloc[0]
    return row["value"], row["state"]


def test_dates_that_are_gone_are_said_and_with_the_last_the_note_is_free():
    begun = {"start": "2026-06-12", "frequency": "2026-06-15; 2026-12-14", "maturity": "2026-12-14"}
    fixings = {"fixings": {"X": {"2026-06-15": 100.0}}}
    book = NOTE | begun | {"call_frequency": "2026-06-15"}
    value, state = _of(_run(book, **fixings))
    free, _ = _of(_run(book | {"call_frequency": None}, **fixings))
    assert value == free
    assert "1 of 1 dates to end it are gone: taken not to have been ended so far" in state


@pytest.mark.slow
def test_a_price_at_which_nobody_would_call_is_the_free_note_and_puts_are_the_holders():
    dear = _run(
        NOTE | {"call_price": "300%", "call_frequency": "2027-06-14"}, NOTE | {"trade_id": "O", "call_frequency": None}
    )
    assert abs(_of(dear)[0] - _of(dear, "O")[0]) < 0.5
    put = NOTE | {"call_price": "95%", "called_by": "holder", "call_frequency": "2026-12-14"}
    assert _of(_run(put))[0] > _of(dear, "O")[0] + 0.2


@pytest.mark.slow
def test_notes_on_the_worst_of_two_assets_are_called_too():
    worst = {"underlying": "X|Y", "product": "worst_of_reverse_convertible", "strike": "100%"}
    book = NOTE | worst | {"call_frequency": "2026-12-14; 2027-06-14"}
    frame = _run(book, book | {"trade_id": "O", "call_frequency": None}, paths=4096)
    called, free = (frame[frame["trade_id"] == name].iloc[0] for name in ("T", "O"))
    assert free["value"] - called["value"] > 5.0 * called["standard_error"]


@pytest.mark.parametrize(
    ("row", "field", "why"),
    [
        (NOTE | {"call_frequency": None, "call_price": "100%"}, "call_price", "be blank where call_frequency is"),
        (NOTE | {"call_frequency": "2028-06-12"}, "call_frequency", "hold a date before the maturity"),
        (NOTE | {"called_by": "bank"}, "called_by", "be one of issuer, holder"),
        (NOTE | {"payment_date": "2028-06-20"}, "payment_date", "be blank: ending it early pays at once"),
        (NOTE | {"product": "autocallable"}, "call_frequency", "be blank: autocallable does not use it"),
        (ASIAN | {"exercise_frequency": "2026-11-16"}, "exercise_frequency", "hold observations of the average"),
        (
            NOTE | {"product": "barrier_reverse_convertible", "level": 70, "knock_in_frequency": "continuous"},
            "knock_in_frequency",
            "hold dates where the note may be called early",
        ),
    ],
)
def test_rights_that_are_none_are_problems_of_their_row(row, field, why):
    with pytest.warns(lg.BookWarning, match="could not be priced"):
        frame = _run(row, FREE)
    assert field in [problem["field"] for problem in frame.attrs["problems"]]
    assert why in next(p["requirement"] for p in frame.attrs["problems"] if p["field"] == field)


def test_gains_at_other_points_keep_the_rule():
    book = pd.DataFrame([NOTE | {"call_frequency": "2027-06-14"}, FREE])
    (remark,) = lg.ladder(book, MARKET, [0.05], paths=1024, seed=1).attrs["remarks"]
    assert remark.startswith("T: the exercise rule is")
