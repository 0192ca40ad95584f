"""Desk units, pivots, ladders, pictures, and the files made of them."""

import re

import numpy as np
import openpyxl
import pandas as pd
import pytest
import QuantLib as ql
from matplotlib.figure import Figure

import likelihood_greeks as lg
from likelihood_greeks.book.market import Market
from likelihood_greeks.book.pivots import buckets
from likelihood_greeks.book.trades import NET, parse
from likelihood_greeks.reports.decimals import Decimals
from likelihood_greeks.reports.terminal import states_of

FLAT = {"dividend_yield": 0.013, "zero_rate": 0.031, "implied_volatility": 0.27}
MARKET = {
    "valuation_date": "2025-01-01",
    "underlyings": {"X": FLAT | {"spot": 93.0}, "Y": FLAT | {"spot": 50.0, "implied_volatility": 0.35}},
}
BOOK = pd.DataFrame([
    {"trade_id": "=1+1", "underlying": "X", "product": "call", "quantity": 10, "maturity": "2025-07-01", "strike": 97},
    {"trade_id": "<b>B</b>", "underlying": "X", "product": "digital_put", "quantity": -300, "maturity": "2025-11-03",
     "strike": 91},
    {"trade_id": "C", "underlying": "X", "product": "put", "quantity": -12, "maturity": "2025-11-03", "strike": 91},
    {"trade_id": "D", "underlying": "Y", "product": "put", "quantity": 7, "maturity": "2026-01-05", "strike": 52},
    {"trade_id": "bad", "underlying": "Y", "product": "put", "quantity": 7, "maturity": "2026-01-05"},
])  # fmt: skip
GREEKS = ["delta", "gamma", "vega", "rho", "dividend_rho", "theta", "vanna", ("spot", "rate")]


@pytest.fixture(scope="module")
def frame():
    with pytest.warns(lg.BookWarning):
        return lg.risk(BOOK, MARKET, GREEKS, paths=16_384, seed=3, closed_form=False)


def quantlib_call():
    today = ql.Date(1, 1, 2025)
    ql.Settings.instance().evaluationDate = today
    days = ql.Actual365Fixed()
    rate, dividend = (ql.YieldTermStructureHandle(ql.FlatForward(today, r, days)) for r in (0.031, 0.013))
    volatility = ql.BlackVolTermStructureHandle(ql.BlackConstantVol(today, ql.NullCalendar(), 0.27, days))
    process = ql.BlackScholesMertonProcess(ql.QuoteHandle(ql.SimpleQuote(93.0)), dividend, rate, volatility)
    option = ql.VanillaOption(ql.PlainVanillaPayoff(ql.Option.Call, 97.0), ql.EuropeanExercise(ql.Date(1, 7, 2025)))
    option.setPricingEngine(ql.AnalyticEuropeanEngine(process))
    return option


@pytest.mark.slow
def test_desk_units_are_those_of_quantlib_for_a_call(frame):
    call, option = lg.desk_units(frame).iloc[0], quantlib_call()
    exact = {
        "price": option.NPV(),
        "delta_cash": option.delta() * 93.0,
        "gamma_cash_per_percent": option.gamma() * 93.0**2 / 100.0,
        "vega_per_point": option.vega() / 100.0,
        "rho_per_basis_point": option.rho() / 1e4,
        "dividend_rho_per_basis_point": option.dividendRho() / 1e4,
        "theta_per_day": option.thetaPerDay(),
    }
    for name, value in exact.items():
        error = call[f"{name}_standard_error"]
        assert error < 0.02 * 10.0 * abs(value), name
        assert abs(call[name] - 10.0 * value) < 4.0 * error, name
        assert abs(call[name] - 10.0 * 1.1 * value) > 4.0 * error, name  # ten per cent off would be seen
    assert call["gamma"] == pytest.approx(100.0 * call["gamma_cash_per_percent"] / 93.0**2)
    assert call["spot:rate"] == frame.query("trade_id == '=1+1' and greek == 'spot:rate'")["position_value"].item()


def test_every_trade_and_net_has_its_row(frame):
    table = lg.desk_units(frame)
    assert list(table["trade_id"]) == ["=1+1", "<b>B</b>", "C", "D", NET, NET]
    assert not table.select_dtypes("number").drop(columns="maturity").isna().any(axis=None)
    with pytest.raises(ValueError, match=r"frame must come from risk\(\): it lacks .*greek"):
        lg.desk_units(BOOK)


@pytest.mark.slow
def test_pivots_add_up_and_their_errors_are_exact_or_bounds(frame):
    nets = frame[(frame["trade_id"] == NET) & (frame["greek"] == "vega")].set_index("underlying")
    whole = lg.pivot(frame, []).set_index("unit").loc["vega_per_point"]
    assert whole["value"] == pytest.approx(nets["position_value"].sum() / 100.0)
    assert whole["standard_error"] == pytest.approx(np.hypot(*nets["position_standard_error"]) / 100.0)
    assert whole["error"] == "exact"
    products = lg.pivot(frame, "product").set_index(["product", "unit"])
    assert products.loc[("call", "vega_per_point"), "error"] == "exact"  # one trade
    assert products.loc[("put", "vega_per_point"), "error"] == "exact"  # one trade on each underlying
    assert products["trades"].xs("vega_per_point", level="unit").sum() == 4
    exact = lg.pivot(frame, ["underlying", "bucket"])
    assert set(exact["error"]) == {"exact"}
    frame = frame.copy()
    del frame.attrs["joint"]  # as in a CSV file
    dates = lg.pivot(frame, ["underlying", "bucket"]).set_index(["underlying", "bucket", "unit"])
    assert dates.loc[("X", "to 1Y", "vega_per_point"), "error"] == "at most"  # two of the three trades on X
    assert dates.loc[("Y", "to 2Y", "vega_per_point"), "error"] == "exact"
    assert "spot:rate" not in set(lg.pivot(frame, "product")["unit"])
    assert "spot:rate" in set(lg.pivot(frame, "underlying")["unit"])
    with pytest.raises(ValueError, match="by must be one of"):
        lg.pivot(frame, "maturity")


def test_the_bound_holds_and_the_sum_of_variances_would_not():
    """The error of a part is that of the net of a book of this part alone, on the same draws."""
    part = BOOK.iloc[[1, 2]]  # a digital and a put, both short and with the same strike and date: errors add up
    settings = {"paths": 16_384, "seed": 3, "controls": "none", "closed_form": False}
    whole, alone = (lg.risk(b, MARKET, [], **settings) for b in (BOOK.iloc[:4], part))
    exact = alone[alone["trade_id"] == NET].set_index("greek")["position_standard_error"]["price"]
    keys = ["underlying", "bucket"]
    netted = lg.pivot(whole, keys).set_index(keys).loc[("X", "to 1Y")]
    assert netted["error"] == "exact"
    assert netted["standard_error"] == pytest.approx(exact, rel=0.1)
    del whole.attrs["joint"]  # as in a CSV file
    own = lg.pivot(whole, keys).set_index(keys).loc[("X", "to 1Y")]
    assert own["error"] == "at most"
    assert exact <= own["standard_error"] * (1.0 + 1e-3)
    squares = alone[alone["greek"].eq("price") & alone["trade_id"].ne(NET)]["position_standard_error"]
    assert np.sqrt((squares**2).sum()) < 0.9 * exact


def test_buckets_hold_calendar_months_at_their_longest():
    days = pd.Series([1, 31, 32, 92, 184, 366, 731, 1827, 1828])
    expected = ["to 1M", "to 1M", "to 3M", "to 3M", "to 6M", "to 1Y", "to 2Y", "to 5Y", "over 5Y"]
    assert list(buckets(days / 365.0)) == expected


def test_a_ladder_is_the_revaluation_of_every_trade():
    table = lg.ladder(BOOK.iloc[:4], MARKET, [-0.05, 0.04], paths=16_384, seed=2, closed_form=False)
    own = table[table["underlying"] == "X"].set_index("move")
    for move in (-0.05, 0.04):
        gain = sum(
            t.quantity * (exact(t, 1.0 + move) - exact(t, 1.0)) for t in parse(BOOK.iloc[:3], Market.read(MARKET))[0]
        )
        assert own.loc[move, "standard_error"] < 0.05 * abs(gain)
        assert abs(own.loc[move, "change"] - gain) < 4.0 * own.loc[move, "standard_error"]
        assert abs(own.loc[move, "change"] - 1.3 * gain) > 4.0 * own.loc[move, "standard_error"]
    for wrong in ([], [0.0], [-1.0], [0.1, 0.1], [float("nan")]):
        with pytest.raises(ValueError, match="moves"):
            lg.ladder(BOOK, MARKET, wrong)


def exact(trade, factor):
    """The closed form of a trade with the spot times a factor, volatility as it is."""
    model = trade.model
    forward = model.spot * factor * np.exp((model.rate - model.dividend_yield) * trade.maturity)
    deviation, discount = model.volatility * np.sqrt(trade.maturity), np.exp(-model.rate * trade.maturity)
    kind = ql.Option.Call if trade.product == "call" else ql.Option.Put
    if trade.product == "digital_put":
        return discount * ql.CumulativeNormalDistribution()(
            -(np.log(forward / trade.payoff.strike) - deviation**2 / 2) / deviation
        )
    return ql.blackFormula(kind, trade.payoff.strike, forward, deviation, discount)


@pytest.mark.slow
def test_the_picture_shows_the_pivot(frame):
    axes = Figure().add_subplot()
    assert lg.plot_risk(frame, "vega", axes) is axes
    totals = lg.pivot(frame, ["underlying", "bucket"])
    totals = totals[totals["greek"] == "vega"]
    heights = sorted(bar.get_height() for bar in axes.patches)
    assert heights == pytest.approx(sorted(totals["value"]))
    assert [t.get_text() for t in axes.get_legend().get_texts()] == ["X", "Y"]
    assert "currency" in axes.get_ylabel()
    with pytest.raises(ValueError, match="greek must be one of"):
        lg.plot_risk(frame, "charm")


@pytest.fixture(scope="module")
def rungs():
    with pytest.warns(lg.BookWarning, match="1 trade could not be revalued"):
        return lg.ladder(BOOK, MARKET, [-0.05, 0.05], paths=2048, seed=1)


@pytest.mark.slow
def test_the_html_report_needs_nothing_else(frame, rungs, tmp_path):
    path = tmp_path / "risk.html"
    lg.report(frame, path, ladder=rungs, settings={"book": "desk & co.csv"})
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"<script src|<link|<img|https?://|url\(|@import", text)
    assert text.count("<script") == text.count("</script>") == 2
    assert "default-src 'none'" in text
    assert "&lt;b&gt;B&lt;/b&gt;" in text
    assert "<b>B</b>" not in text
    assert "desk &amp; co.csv" in text
    for words in ("1 trade could not be priced", "put needs it", "seed of the ladder", "QuantLib version"):
        assert words in text
    net = frame.query("trade_id == 'net' and underlying == 'X' and greek == 'price'").iloc[0]
    form = Decimals.of([net["position_value"]], [net["position_standard_error"]])
    shown = f"{form.number(net['position_value'])}<small>±&nbsp;{form.error(net['position_standard_error'])}"
    assert shown.partition(".")[0] in text
    assert "2025-01-01" in text.partition("</h1>")[0]


def test_what_is_marked_in_a_ladder_is_counted_and_told_why(tmp_path):
    far = {"trade_id": "far", "underlying": "X", "product": "barrier", "option": "put", "direction": "down",
           "knock": "in", "quantity": -100, "maturity": "2025-07-01", "strike": 91, "level": 60,
           "frequency": "weekly"}  # fmt: skip
    near = {"trade_id": "near", "underlying": "X", "product": "call", "quantity": 10, "maturity": "2025-07-01",
            "strike": 91}  # fmt: skip
    book = pd.DataFrame([far, near])
    table = lg.ladder(book, MARKET, [-0.05, 0.05], paths=256, seed=1)
    assert table["doubtful"].tolist() == [1, 1]
    assert {(note["trade_id"], note["move"]) for note in table.attrs["notes"]} == {("far", -0.05), ("far", 0.05)}
    frame = lg.risk(book.tail(1), MARKET, ["delta"], seed=1)
    path, sheet = tmp_path / "risk.html", tmp_path / "risk.xlsx"
    for ladder, count in ((None, 0), (table, 1)):
        lg.report(frame, path, ladder=ladder)
        assert f"{count} with doubtful numbers" in path.read_text(encoding="utf-8")
    text = path.read_text(encoding="utf-8").partition('<section id="notes">')[2]
    why = "ladder at -5%, +5%", "at worst about 4 of 256 samples decide the payoff"
    assert all(words in text for words in why)
    lg.report(frame, sheet, ladder=table)
    assert pd.read_excel(sheet, sheet_name="notes")["greeks"].tolist() == [why[0]]


@pytest.mark.slow
def test_the_workbook_holds_numbers_and_no_formulas(frame, rungs, tmp_path):
    path = tmp_path / "risk.xlsx"
    lg.report(frame, path, ladder=rungs)
    book = openpyxl.load_workbook(path)
    expected = ["totals", "trades", "by maturity", "by product", "ladder", "notes", "past", "not priced", "settings"]
    assert book.sheetnames == [*expected, "data"]
    sheet = book["trades"]
    header = [cell.value for cell in sheet[1]]
    assert sheet.freeze_panes == "C2"
    assert sheet.print_title_rows == "$1:$1"
    assert {"strike", "maturity_date", "fixings_left"} < {*header}
    assert (sheet["A2"].value, sheet["A2"].data_type) == ("=1+1", "s")
    cell = sheet.cell(2, header.index("delta cash") + 1)
    assert cell.value == pytest.approx(lg.desk_units(frame).loc[0, "delta_cash"])
    assert "[Red]-#,##0" in cell.number_format
    assert sheet.cell(2, header.index("delta cash ± s.e.") + 1).number_format == cell.number_format
    totals = [[cell.value for cell in row] for row in book["totals"].iter_rows()]
    assert [row[0] for row in totals] == ["underlying", "X", "Y", "all"]
    net = frame.query("trade_id == 'net' and underlying == 'X' and greek == 'price'")["position_value"].item()
    assert totals[1][totals[0].index("value")] == pytest.approx(net)


@pytest.mark.slow
def test_reports_from_files_and_refusals(frame, tmp_path):
    stored = tmp_path / "risk.parquet"
    frame.to_parquet(stored, index=False)
    lg.report(pd.read_parquet(stored), tmp_path / "again.html")
    assert "put needs it" in (tmp_path / "again.html").read_text(encoding="utf-8")
    with pytest.raises(ValueError, match=r"report must end in one of \.html, \.xlsx"):
        lg.report(frame, tmp_path / "risk.pdf")
    with pytest.raises(FileNotFoundError, match="folder that exists"):
        lg.report(frame, tmp_path / "nowhere" / "risk.html")
    with pytest.raises(ValueError, match="have a trade"):
        lg.report(frame.iloc[:0], tmp_path / "risk.html")


def test_reports_say_what_has_become_of_trades_with_a_past(tmp_path):
    row = {"underlying": "X", "product": "call", "quantity": 1, "strike": 97}
    book = pd.DataFrame(
        [row | {"trade_id": name, "maturity": "2025-01-01"} for name in "ABCDE"]
        + [row | {"trade_id": "over", "maturity": "2024-12-02"}, row | {"trade_id": "live", "maturity": "2025-07-01"}]
    )
    frame = lg.risk(book, MARKET, ["delta"], paths=64, seed=1)
    said = dict(states_of(frame))
    assert set(said) == {"A, B, C and 2 more", "over"}
    assert said["over"].startswith("expired: paid on 2024-12-02")
    lg.report(frame, tmp_path / "a.html")
    lg.report(frame, tmp_path / "a.xlsx")
    text = (tmp_path / "a.html").read_text()
    assert "Trades and their past" in text
    assert "<td>A, B, C and 2 more</td>" in text
    assert ">last observed today" in text  # and with the trade
    rows = [[cell.value for cell in row] for row in openpyxl.load_workbook(tmp_path / "a.xlsx")["past"]]
    assert ["over", said["over"]] in [row[-2:] for row in rows]
