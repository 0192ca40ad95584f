"""Limits: what is breached, what is near, and what the noise does not let one tell."""

import pandas as pd
import pytest

import likelihood_greeks as lg
from likelihood_greeks.book.limits import verdict

ROW = {"product": "call", "quantity": 10, "maturity": "2025-07-01", "strike": 100, "underlying": "X"}
BOOK = pd.DataFrame([
    ROW | {"trade_id": "A", "desk": "one"},
    ROW | {"trade_id": "B", "desk": "two", "quantity": -20},
    ROW | {"trade_id": "C", "desk": "two", "underlying": "Y", "quantity": 5},
])  # fmt: skip
FLAT = {"spot": 100.0, "zero_rate": 0.03, "implied_volatility": 0.2}
MARKET = {
    "valuation_date": "2025-01-01",
    "reporting_currency": "EUR",
    "fx": {"USD": 0.5},
    "underlyings": {"X": FLAT | {"currency": "EUR"}, "Y": FLAT | {"currency": "USD"}},
}


@pytest.fixture(scope="module")
def frame():
    return lg.risk(BOOK, MARKET, ["delta", "vega"])


@pytest.mark.parametrize(
    ("value", "error", "expected"),
    [(-10.0, 0.1, "breached"), (8.1, 0.1, "within noise"), (7.9, 0.1, "within noise"), (7.0, 0.1, "near"),
     (6.0, 0.1, "inside"), (8.0, 0.0, "near"), (float("nan"), 0.1, "within noise"),
     (1.0, float("nan"), "within noise")],
)  # fmt: skip
def test_noise_and_size_make_the_verdict(value, error, expected):
    assert verdict(value, error, 8.0) == expected


def test_limits_of_groups_are_judged_in_the_reporting_currency(frame, tmp_path):
    unit = frame.query("trade_id == 'A' and greek == 'delta'")["value"].item() * 100.0
    path = tmp_path / "limits.toml"
    path.write_text(f"[delta]\nbook = {7.6 * unit}\n[delta.desk]\none = {9.9 * unit}\n'*' = {100.0 * unit}\n")
    found = lg.check_limits(frame, path).set_index("group")
    assert found["value"].to_dict() == pytest.approx(
        {"book": -7.5 * unit, "one": 10.0 * unit, "two": -17.5 * unit}
    )  # Y at one half
    assert found["verdict"].to_dict() == {"one": "breached", "book": "near", "two": "inside"}
    assert list(found.index) == ["one", "book", "two"]
    assert set(found["currency"]) == {"EUR"}
    assert lg.check_limits(frame, path, near=0.99)["verdict"].tolist() == ["breached", "inside", "inside"]


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        ({"gamma": {"book": 1.0}}, "greek must be one of"),
        ({"delta": 5.0}, "limit must be a table"),
        ({"delta": {"book": -1.0}}, "book must be positive"),
        ({"delta": {"desk": 5.0}}, "desk must be a table of groups"),
        ({"delta": {"bucket": {"to 1W": 5.0}}}, "bucket must be one of"),
        ({"delta": {"node": {"*": 5.0}}}, "greek by node must be one that the run splits"),
        ({"delta": {"dask": {"*": 5.0}}}, "by must be one of"),
        ({"near": 0.0}, "near must be positive"),
        ({"near": 0.5}, "limits must hold one at least"),
        ({"near": 2}, "near must be at most 1"),
    ],
)
def test_limits_that_are_none_are_refused(frame, limits, message):
    with pytest.raises(ValueError, match=message):
        lg.check_limits(frame, limits)


def test_a_name_much_like_that_of_a_group_without_a_limit_is_remarked_on(frame):
    with pytest.warns(lg.BookWarning, match=r"delta.desk names 'tow', which has no position; did you mean 'two'\?"):
        found = lg.check_limits(frame, {"delta": {"desk": {"tow": 5.0, "*": 1e9}}}, near=0.5)
    assert (found["note"] == "no position; did you mean 'two'?").sum() == 1
    lg.check_limits(frame, {"delta": {"desk": {"tow": 5.0, "two": 1e9, "one": 1e9}}})  # another desk, flat today


@pytest.mark.parametrize("group", ["X|Y", "Y;X", "X,Y", "X, Y"])
def test_a_limit_on_a_set_says_where_its_risk_is(group):
    row = {"product": "call", "quantity": 1, "maturity": "2026-01-02", "strike": 100}
    book = pd.DataFrame([{"trade_id": name, "underlying": name, **row} for name in ("X", "Y")])
    own = {"spot": 100.0, "zero_rate": 0.03, "implied_volatility": 0.2}
    frame = lg.risk(book, {"valuation_date": "2025-01-02", "underlyings": {"X": own, "Y": own}}, ["delta"])
    with pytest.warns(lg.BookWarning, match="have a total each"):
        found = lg.check_limits(frame, {"delta": {"underlying": {group: 5.0}}})
    assert found["note"].str.startswith("no position: ").all()
    assert not lg.check_limits(frame, {"delta": {"underlying": {"X": 5.0}}})["note"].any()


def test_a_limit_on_a_pair_is_that_of_the_pair_in_any_order():
    own = {"spot": 100.0, "zero_rate": 0.03, "implied_volatility": 0.2}
    market = {"valuation_date": "2025-01-02", "underlyings": {"X": own, "Y": own}, "correlation": {"X|Y": 0.5}}
    row = {"trade_id": "s", "underlying": "X|Y", "product": "worst_of_call", "quantity": 1, "maturity": "2026-01-02"}
    frame = lg.risk(pd.DataFrame([{**row, "strike": "100%"}]), market, ["correlation"], paths=256, seed=1)
    found = [lg.check_limits(frame, {"correlation": {"underlying": {name: 5.0}}}) for name in ("X|Y", "Y|X")]
    assert found[0]["value"].item() == found[1]["value"].item() != 0.0


@pytest.mark.parametrize("frame", [pd.DataFrame({"trade_id": [], "change": []}), None, "risk.csv"])
def test_what_is_no_frame_of_risk_is_refused(frame):
    with pytest.raises(ValueError, match=r"^frame must be from risk: limits are of Greeks, got"):
        lg.check_limits(frame, {"delta": {"book": 1.0}})


def test_a_group_without_a_trade_is_inside(frame):
    found = lg.check_limits(frame, {"delta": {"underlying": {"Z": 5.0}, "desk": {"three": 5.0, "*": 1e9}}})
    flat = found[found["note"] == "no position"]
    assert flat[["group", "currency", "value", "used", "verdict"]].values.tolist() == [
        ["Z", "EUR", 0.0, 0.0, "inside"],
        ["three", "EUR", 0.0, 0.0, "inside"],
    ]
    assert set(found["group"]) == {"Z", "three", "one", "two"}
    own = lg.check_limits(frame, {"delta": {"currency": {"USD": 1e9}}})  # in its own, not converted
    assert own["note"].item() == ""
    usd = frame.query("trade_id == 'C' and greek == 'delta'")["value"].item() * 5 * 100.0
    assert own["value"].item() == pytest.approx(usd)


def test_groups_of_numbers_have_the_names_that_files_write():
    book = BOOK.assign(number=[1.0, 2.0, None])
    found = lg.check_limits(lg.risk(book, MARKET, ["delta"]), {"delta": {"number": {"1": 1e9}}})
    assert found["note"].tolist() == [""]


def test_a_raw_greek_has_no_limit_over_underlyings():
    frame = lg.risk(BOOK, MARKET, [("spot", "rate")])
    assert len(lg.check_limits(frame, {"spot:rate": {"underlying": {"*": 1e9}}})) == 2
    for limits in ({"book": 1.0}, {"desk": {"*": 1.0}}):
        with pytest.raises(ValueError, match="without a desk's unit"):
            lg.check_limits(frame, {"spot:rate": limits})


def test_a_report_refuses_a_frame_that_is_none_of_limits(frame, tmp_path):
    with pytest.raises(ValueError, match="limits must come from check_limits: it lacks"):
        lg.report(frame, tmp_path / "risk.html", limits=frame)
