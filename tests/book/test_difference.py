"""Two runs compared: noise is called noise, changes are found, and what they come from is said."""

import re

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import likelihood_greeks as lg
from likelihood_greeks.reports.differences import reasons

FLAT = {"dividend_yield": 0.013, "zero_rate": 0.031, "implied_volatility": 0.27}
BOOK = pd.DataFrame([
    {"trade_id": "A", "underlying": "X", "product": "call", "quantity": 10, "maturity": "2025-07-01", "strike": 97},
    {"trade_id": "B", "underlying": "X", "product": "digital_put", "quantity": -300, "maturity": "2025-11-03",
     "strike": 91},
    {"trade_id": "C", "underlying": "Y", "product": "put", "quantity": 7, "maturity": "2026-01-05", "strike": 52},
])  # fmt: skip


def market(spot=93.0, volatility=0.27):
    x, y = FLAT | {"spot": spot, "implied_volatility": volatility}, FLAT | {"spot": 50.0}
    return {"valuation_date": "2025-01-01", "underlyings": {"X": x, "Y": y}}


def ran(seed, book=BOOK, paths=8192, **settings):
    return lg.risk(book, market(**settings), ["delta", "vega"], paths=paths, seed=seed, closed_form=False)


@pytest.fixture(scope="module")
def before():
    return ran(1)


def test_the_share_of_comparisons_with_a_false_alarm_is_the_level():
    rng = np.random.default_rng(5)
    frame = ran(1, paths=256)
    errors = rng.uniform(0.5, 2.0, len(frame))
    frame["position_standard_error"], frame["samples"] = errors, 1_000_000

    def compared(values):
        return lg.diff(*(frame.assign(position_value=v, seed=k) for k, v in enumerate(values)), level=0.2)

    once = compared(rng.normal(0.0, errors, (2, len(frame))))  # errors and thresholds do not hang on the values
    limits = (once["threshold"] * once["standard_error"]).to_numpy()
    for values in rng.normal(0.0, 1.5 * errors, (6, 2, len(frame))):
        table = compared(values)
        beyond = np.abs(table["difference"].to_numpy()) > limits
        np.testing.assert_array_equal(table["verdict"] == "changed", beyond)

    def alarms(factor):
        values = rng.normal(0.0, factor * errors, (4000, 2, len(frame)))
        return (np.abs(values[:, 1] - values[:, 0]) > limits).any(axis=1).mean()

    assert (once["trade_id"].to_numpy() == frame["trade_id"].to_numpy()).all()
    assert abs(alarms(1.0) - 0.2) < 4 * 0.0064 + 0.02  # Bonferroni: 0.18 for independent numbers
    assert alarms(1.5) > 0.5  # errors too small by a third are noticed


def test_runs_of_one_market_differ_by_noise(before):
    table = lg.diff(before, ran(2))
    assert set(table["verdict"]) == {"noise"}
    assert set(table["draws"]) == {"independent"}
    own = table.loc[(table["trade_id"] == "A") & (table["greek"] == "vega")].iloc[0]
    errors = [
        f.query("trade_id == 'A' and greek == 'vega'")["position_standard_error"].item() for f in (before, ran(2))
    ]
    assert own["standard_error"] == pytest.approx(np.hypot(*errors))
    assert table.attrs["settings"] == []


def test_a_changed_market_is_seen_and_named(before):
    table = lg.diff(before, ran(2, volatility=0.29))
    changed = table[table["verdict"] == "changed"]
    assert ("A", "price") in set(zip(changed["trade_id"], changed["greek"], strict=True))
    assert set(changed["underlying"]) == {"X"}
    assert {(row["trade_id"], row["setting"]) for row in table.attrs["settings"]} == {
        ("A", "volatility"),
        ("B", "volatility"),
    }


def test_common_draws_give_equal_runs_no_alarm_and_a_bound_where_files_forget_what_is_common(before, tmp_path):
    table = lg.diff(before, before)
    assert set(table["draws"]) == {"common"}
    assert set(table["verdict"]) == {"noise"}
    assert (table["z"] == 0.0).all()
    after = ran(1, spot=93.5)
    after.to_csv(tmp_path / "after.csv", index=False)
    after.to_parquet(tmp_path / "after.parquet", index=False)
    bound, exact = (lg.diff(before, tmp_path / f"after.{kind}") for kind in ("csv", "parquet"))
    assert [set(table["draws"]) for table in (bound, exact)] == [{"common, at most"}, {"common"}]
    errors = before.set_index(["trade_id", "underlying", "greek"])["position_standard_error"]
    for table, less in ((bound, False), (exact, True)):
        own = table.set_index(["trade_id", "underlying", "greek"]).loc[("A", "X", "delta")]
        assert (own["standard_error"] < errors["A", "X", "delta"]) == less
        assert own["verdict"] == "changed"


def test_trades_come_and_go_and_quantities_are_reasons(before):
    book = BOOK.assign(quantity=[20, -300, 7]).iloc[[0, 2]]
    table = lg.diff(before, ran(2, book=book)).set_index(["trade_id", "underlying", "greek"])
    assert set(table.loc["B", "verdict"]) == {"gone"}
    assert set(lg.diff(ran(2, book=book), before).set_index("trade_id").loc["B", "verdict"]) == {"new"}
    assert table.loc[("A", "X", "price"), "verdict"] == "changed"
    assert [row["setting"] for row in table.attrs["settings"]] == ["quantity"]
    per_unit = lg.diff(before, ran(2, book=book), of="unit").set_index(["trade_id", "underlying", "greek"])
    assert per_unit.loc[("A", "X", "price"), "verdict"] == "noise"


def test_few_samples_raise_the_threshold(before):
    table = lg.diff(before.assign(samples=32), ran(2))
    assert table["threshold"].min() > lg.diff(before, ran(2))["threshold"].max()


def test_exact_numbers_take_no_degrees_of_freedom_away(before):
    """Welch and Satterthwaite of the errors that there are, and the normal law where there is none."""
    exact = lg.risk(BOOK.iloc[[0]], market(), ["delta", "vega"], seed=5)
    assert exact["n_paths"].eq(0).all()
    keys = ["trade_id", "underlying", "greek"]
    for pair in ((exact, before), (before, exact)):
        table = lg.diff(*pair).set_index(keys)
        normal = -stats.norm.ppf(0.005 / table.attrs["checks"])
        np.testing.assert_allclose(table["threshold"], normal, rtol=0.01)
        assert table.loc[("net", "X", "price"), "verdict"] == "changed"
        assert table.loc[("A", "X", "price"), "verdict"] == "noise"
    assert lg.diff(exact, exact.assign(seed=6))["threshold"].to_numpy() == pytest.approx(normal, rel=0.1)
    few = lg.diff(exact, before.assign(samples=32)).set_index(keys)
    expected = -stats.t.ppf(0.005 / few.attrs["checks"], 31)
    assert few.loc[("A", "X", "price"), "threshold"] == pytest.approx(expected)
    twice = lg.diff(before.assign(samples=32), before.assign(samples=32, seed=6))  # equal errors: 31 + 31
    assert twice["threshold"].to_numpy() == pytest.approx(-stats.t.ppf(0.005 / twice.attrs["checks"], 62))


def test_exact_numbers_that_differ_are_changed_as_closed_forms_are_whatever_their_errors_of_rounding(before):
    frame = before.assign(position_standard_error=1e-14 * before["position_value"].abs())
    for other in ({"seed": 1}, {"seed": 2}):
        moved = frame.assign(position_value=1.001 * frame["position_value"], **other)
        table = lg.diff(frame, moved)
        assert set(table["verdict"]) == {"changed"}
        assert np.isposinf(table["z"] * np.sign(table["before"])).all()
        assert not table["draws"].eq("common, at most").any()
        assert table["note"].eq("").all()
        assert lg.diff(frame, frame.assign(**other))["verdict"].eq("noise").all()
    rough = frame.assign(position_standard_error=1e-6 * before["position_value"].abs(), seed=2)
    assert np.isfinite(lg.diff(rough, moved.assign(seed=3))["z"]).all()


def test_files_of_every_kind_serve(before, tmp_path):
    named = before.assign(trade_id=before["trade_id"].replace({"A": "007", "B": "NA"}))
    named.to_csv(tmp_path / "a.csv", index=False)
    named.to_excel(tmp_path / "a.xlsx", index=False)
    named.to_parquet(tmp_path / "a.parquet", index=False)
    for kind in ("csv", "xlsx", "parquet"):
        table = lg.diff(named, tmp_path / f"a.{kind}")
        assert set(table["verdict"]) == {"noise"}
        assert set(table["trade_id"]) == {"007", "NA", "C", "net"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"of": "trade"}, "of must be one of"),
        ({"level": 1.0}, "level must be less than 1"),
        ({"level": float("nan")}, "level must be positive"),
        ({"after": BOOK}, r"after: frame must come from risk\(\)"),
    ],
)
def test_what_cannot_be_compared_is_refused(before, arguments, message):
    with pytest.raises(ValueError, match=message):
        lg.diff(**({"before": before, "after": before} | arguments))
    with pytest.raises(ValueError, match="one row per trade and Greek"):
        lg.diff(before, pd.concat([before, before]))


def test_amounts_in_two_currencies_have_no_difference(before):
    euros, dollars = before.assign(currency="EUR"), before.assign(currency="USD")
    table = lg.diff(euros, dollars)
    assert set(table["verdict"]) == {"changed"}
    assert table[["difference", "standard_error", "z"]].isna().all(axis=None)
    assert {found["setting"] for found in table.attrs["settings"]} == {"currency"}
    for run in (before, before.drop(columns="currency")):  # one of them unknown: nothing speaks against it
        assert set(lg.diff(run, dollars)["verdict"]) == {"noise"}
        assert set(lg.diff(run, dollars)["currency"]) == {"USD"}


def test_what_another_day_makes_of_years_is_no_reason_and_many_moves_are_told_by_their_range(tmp_path):
    rows = [{**BOOK.iloc[0], "trade_id": name, "strike": 80 + 10 * place} for place, name in enumerate("ABCDE")]
    runs = []
    for day, bump in (("2025-01-01", 0.0), ("2025-01-02", 0.01)):
        smile = {"maturities": ["6M", "1Y"], "strikes": [80, 120], "volatilities": [[0.3, 0.3], [0.2 + bump, 0.2]]}
        underlying = {"spot": 100.0, "zero_rate": 0.03, "implied_volatility": smile}
        runs.append(lg.risk(pd.DataFrame(rows), {"valuation_date": day, "underlyings": {"X": underlying}}, [], seed=1))
    runs[1].to_csv(tmp_path / "after.csv", index=False)
    first, *rest = reasons(lg.diff(*runs))
    assert first == "valued on 2025-01-01 before, on 2025-01-02 after"
    assert len(rest) == 1
    assert re.fullmatch(r"volatility of [45] trades on X: [-+]\S+ to \+\S+", rest[0])
    assert not [line for line in reasons(lg.diff(runs[0], tmp_path / "after.csv")) if "maturity" in line]
    later = lg.risk(pd.DataFrame([{**rows[0], "maturity": "2025-08-01"}]), {
        "valuation_date": "2025-01-01", "underlyings": {"X": {"spot": 100.0, "zero_rate": 0.03,
        "implied_volatility": 0.3}}}, [], seed=1)  # fmt: skip
    assert "maturity_date of A: 2025-07-01 before, 2025-08-01 after" in reasons(lg.diff(runs[0], later))


@pytest.mark.parametrize("quoted_at", ["dates", "tenors"])
def test_buckets_of_two_days_are_those_of_the_same_dates_or_tenors(quoted_at):
    """A surface quoted at dates has the same nodes on the next day, though they are a day nearer."""
    nodes = ["2025-04-01", "2025-07-01", "2026-01-05"] if quoted_at == "dates" else [0.25, 0.5, 1.25]
    surface = {"strikes": [80.0, 100.0], "maturities": nodes, "volatilities": [[0.3, 0.28, 0.27], [0.27, 0.26, 0.25]]}
    x = {"spot": 93.0, "zero_rate": 0.03, "implied_volatility": surface}
    runs = [
        lg.risk(BOOK[:1], {"valuation_date": day, "underlyings": {"X": x}}, ["vega"], seed=1, buckets=["vega"])
        for day in ("2025-01-02", "2025-01-03")
    ]
    unsaid = [run.set_axis(run.columns, axis=1) for run in runs]
    for run in unsaid:  # as read from CSV files
        run.attrs = {}
    assert lg.diff(*unsaid)["bucket"].tolist() == lg.diff(*runs)["bucket"].tolist()
    found = lg.diff(*runs).query("bucket != ''")
    assert set(found["bucket"]) <= set(runs[0]["bucket"])
    assert not found["verdict"].isin(["new", "gone"]).any()
    one, two = (run.lg.buckets["position_value"].to_numpy() for run in runs)
    np.testing.assert_allclose(np.sort(found[found["trade_id"] == "A"]["after"]), np.sort(two))
    np.testing.assert_allclose(np.sort(found[found["trade_id"] == "A"]["before"]), np.sort(one))
