"""Greeks that only some underlyings of a book have: those have them, the others no row, and everything else goes on."""

import pandas as pd
import pytest
from rich.console import Console

import likelihood_greeks as lg
from likelihood_greeks.book.parts import Parts
from likelihood_greeks.book.reading import BookWarning
from likelihood_greeks.book.trades import NET
from likelihood_greeks.reports import book_tables, html
from likelihood_greeks.reports.content import Content

SHARES = {"spot": 100.0, "zero_rate": 0.03, "implied_volatility": 0.25}
SMILE = {"initial_variance": 0.04, "mean_reversion": 1.5, "long_run_variance": 0.05, "vol_of_vol": 0.5,
         "correlation": -0.6}  # fmt: skip
MARKET = {
    "valuation_date": "2026-11-27",
    "underlyings": {
        "ONE": {**SHARES, "currency": "USD", "dividends": [{"ex_date": "2027-03-01", "amount": 3.0}]},
        "TWO": {**SHARES, "currency": "EUR", "dividends": [
            {"ex_date": "2027-03-01", "amount": 2.0}, {"ex_date": "2027-09-01", "amount": 4.0}]},
        "NONE": {**SHARES, "currency": "JPY"},
        "SMILE": {"spot": 100.0, "zero_rate": 0.02, "currency": "GBP", "model": "heston", "heston": SMILE},
    },
}  # fmt: skip
GREEKS = ["delta", "dividend[0]", "correlation", ("spot", "dividend[1]"), "dividend[1]", ("volatility", "time")]
OWN = {
    "ONE": ["delta", "dividend[0]", ("volatility", "time")],
    "TWO": ["delta", "dividend[0]", ("spot", "dividend[1]"), "dividend[1]", ("volatility", "time")],
    "NONE": ["delta", ("volatility", "time")],
    "SMILE": ["delta", "correlation"],
}
NUMBERS = ["value", "standard_error", "position_value", "position_standard_error", "n_paths", "seed"]


def book(names=tuple(OWN), products=("call", "asian")):
    """A call, three of which are held, and a put on the average, one of which is sold, on each underlying."""
    rows = []
    for name in names:
        shared = {"underlying": name, "maturity": "2027-11-26"}
        rows += [
            {**shared, "product": "call", "strike": 100.0, "quantity": 3},
            {**shared, "product": "asian", "option": "put", "frequency": "quarterly", "strike": 101.0, "quantity": -1},
        ]
    table = pd.DataFrame([row for row in rows if row["product"] in products])
    return table.assign(trade_id=table["underlying"] + " " + table["product"])


def labels(greeks):
    return ["price", *(greek if isinstance(greek, str) else ":".join(greek) for greek in greeks)]


@pytest.fixture(scope="module")
def mixed():
    return lg.risk(book(), MARKET, GREEKS, paths=512, seed=1, controls="none")


@pytest.mark.parametrize("closed_form", [True, False])
def test_a_mixed_book_has_the_rows_of_books_of_its_underlyings(closed_form):
    settings = {"paths": 256, "seed": 1, "controls": "none", "closed_form": closed_form}
    frame = lg.risk(book(), MARKET, GREEKS, **settings)
    assert not frame.attrs["problems"]
    assert not frame["value"].isna().any()
    for name, greeks in OWN.items():
        own = frame[frame["underlying"] == name].reset_index(drop=True)
        for _, rows in own.groupby("trade_id"):
            assert rows["greek"].tolist() == labels(greeks)
        alone = lg.risk(book([name]), MARKET, greeks, **settings)
        pd.testing.assert_frame_equal(own[["trade_id", "greek", *NUMBERS]], alone[["trade_id", "greek", *NUMBERS]])


@pytest.mark.parametrize("target_of", ["trade", "net"])
def test_targets_bind_the_underlyings_that_have_the_greek(target_of):
    targets = {"correlation": 1.0, "dividend[1]": 0.05}
    settings = {"paths": 1024, "max_paths": 4096, "seed": 1, "controls": "none", "closed_form": False}
    settings["target_of"] = target_of
    frame = lg.risk(book(), MARKET, GREEKS, target_error=targets, **settings)
    paths = frame.groupby("underlying")["n_paths"].first()
    assert paths["NONE"] == paths["ONE"] == 1024 < paths["TWO"]
    for name, greeks in OWN.items():
        own = {greek: error for greek, error in targets.items() if greek in greeks}
        more = {"target_error": own} if own else {"max_paths": 10_000_000}
        alone = lg.risk(book([name]), MARKET, greeks, **{**settings, **more})
        same = frame[frame["underlying"] == name].reset_index(drop=True)
        pd.testing.assert_frame_equal(same[["greek", *NUMBERS, "note"]], alone[["greek", *NUMBERS, "note"]])


def test_a_greek_named_twice_does_not_shift_targets():
    settings = {"paths": 4096, "seed": 1, "controls": "none", "closed_form": False, "target_error": {"gamma": 1.0}}
    twice, once = (
        lg.risk(book(["NONE"]), MARKET, own, **settings) for own in (["vega", "vega", "gamma"], ["vega", "gamma"])
    )
    pd.testing.assert_frame_equal(twice, once)


@pytest.mark.parametrize("greek", ["dividend[2]", "speed", ("correlation", "dividend[0]")])
def test_what_no_underlying_has_is_refused_before_anything_is_computed(greek, monkeypatch):
    monkeypatch.setattr("likelihood_greeks.book.valued.read", None)
    with pytest.raises(
        ValueError, match=r"greek must be .*dividend\[0\], dividend\[1\], .*correlation.* got "
    ) as refused:
        lg.risk(book(), MARKET, ["delta", greek])
    assert repr(greek) in str(refused.value)


def test_an_underlying_whose_trades_are_all_bad_still_knows_its_greeks():
    table = book(["NONE", "SMILE"], ["call"])
    table.loc[1, "maturity"] = "soon"
    with pytest.warns(BookWarning, match="maturity"):
        frame = lg.risk(table, MARKET, ["correlation"], seed=1)
    assert frame["greek"].tolist() == ["price", "price"]
    with pytest.raises(ValueError, match="got 'dividend"):
        lg.risk(table, MARKET, ["dividend[0]"], seed=1)


def test_one_more_greek_leaves_the_parts_of_underlyings_without_it_alone(tmp_path, monkeypatch):
    monkeypatch.setattr(Parts, "done", lambda self: None)
    settings = {"paths": 256, "seed": 1, "controls": "none", "output": tmp_path / "risk.csv"}
    lg.risk(book(), MARKET, ["delta"], **settings)
    with pytest.warns(BookWarning, match="parts of SMILE are not of this run"):
        again = lg.risk(book(), MARKET, ["delta", "correlation"], resume=True, **settings)
    pd.testing.assert_frame_equal(
        again, lg.risk(book(), MARKET, ["delta", "correlation"], paths=256, seed=1, controls="none")
    )


def test_totals_add_what_there_is(mixed):
    by_name = lg.pivot(mixed).set_index(["underlying", "greek"])
    for name, greeks in OWN.items():
        assert set(by_name.loc[name].index) == set(labels(greeks))
    nets = mixed[mixed["trade_id"] == NET].set_index(["underlying", "greek"])
    for name, greek in (("TWO", "dividend[1]"), ("SMILE", "correlation"), ("ONE", "price")):
        assert by_name.loc[(name, greek), "value"] == pytest.approx(nets.loc[(name, greek), "position_value"])
        assert by_name.loc[(name, greek), "trades"] == 2
    units = lg.desk_units(mixed).set_index("trade_id")
    assert units["dividend[1]"].notna().sum() == 3  # two trades and their net
    assert units.loc["NONE call", ["dividend[0]", "correlation"]].isna().all()
    assert lg.pivot(mixed, "product")["value"].notna().all()


def test_differences_are_of_what_both_runs_have(mixed):
    assert set(lg.diff(mixed, mixed)["verdict"]) == {"noise"}
    fewer = lg.risk(book(), MARKET, ["delta"], paths=512, seed=1, controls="none")
    verdicts = lg.diff(fewer, mixed).set_index(["underlying", "greek"])["verdict"].sort_index()
    assert set(verdicts.loc[("SMILE", "correlation")]) == {"new"}
    assert set(verdicts.loc[("NONE", "delta")]) == {"noise"}
    assert ("NONE", "correlation") not in verdicts.index


def test_terminal_tables_leave_cells_empty(mixed):
    tables = [book_tables.book_table(mixed), book_tables.net_table(mixed)]
    for table in tables:
        column = next(c for c in table.columns if c.header == "correlation")
        cells = [str(cell) for cell in column.cells]
        assert {bool(cell) for cell in cells} == {True, False}
    tables += [book_tables.totals_table(mixed, key) for key in ("underlying", "product")]
    for table in tables:
        Console(quiet=True, width=300).print(table)


def test_reports_list_the_largest_positions_of_the_greeks_that_a_currency_has(mixed):
    content = Content(mixed, None, {})
    assert set(content.currencies) == {"USD", "EUR", "JPY", "GBP"}
    titles = [title for title, _ in html._leading(content)]
    assert [title for title in titles if title.startswith("correlation")] == ["correlation (raw), GBP"]
    assert len([title for title in titles if title.startswith("dividend[0]")]) == 2


@pytest.mark.slow
@pytest.mark.parametrize("name", ["risk.html", "risk.xlsx"])
def test_reports_are_written(mixed, name, tmp_path):
    lg.report(mixed, tmp_path / name)
    assert (tmp_path / name).stat().st_size > 1000
