"""Reports of a book in several currencies: each amount under its own, sums only of what was converted."""

import re

import openpyxl
import pandas as pd
import pytest
from matplotlib.figure import Figure
from rich.console import Console

import likelihood_greeks as lg
from likelihood_greeks.cli import main
from likelihood_greeks.reports.book_tables import net_table, totals_table
from likelihood_greeks.reports.content import Content
from likelihood_greeks.reports.totals import totals_by

FLAT = "zero_rate = 0.031\nimplied_volatility = 0.27\n"
MARKET = f"""valuation_date = 2025-01-01
[underlyings.AEX]
currency = "EUR"
spot = 93.0
{FLAT}
[underlyings.SPX]
currency = "USD"
spot = 50.0
{FLAT}"""
RATES = "\n[fx]\nUSD = 0.9\n"
BOOK = pd.DataFrame([
    {"trade_id": "A", "underlying": "AEX", "product": "call", "quantity": 10, "maturity": "2025-07-01", "strike": 97,
     "desk/1": "one"},
    {"trade_id": "B", "underlying": "AEX", "product": "put", "quantity": -3, "maturity": "2025-11-03", "strike": 91},
    {"trade_id": "C", "underlying": "SPX", "product": "put", "quantity": 7, "maturity": "2025-11-03", "strike": 52,
     "desk/1": "one"},
])  # fmt: skip


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("currencies")
    BOOK.to_csv(folder / "book.csv", index=False)
    (folder / "own.toml").write_text(MARKET)
    (folder / "converted.toml").write_text('reporting_currency = "EUR"\n' + MARKET + RATES)
    return folder


@pytest.fixture(scope="module")
def own(files):
    return lg.risk(files / "book.csv", files / "own.toml", ["delta"], paths=4096, seed=1)


@pytest.fixture(scope="module")
def converted(files):
    return lg.risk(files / "book.csv", files / "converted.toml", ["delta"], paths=4096, seed=1)


def position(frame, *trades):
    prices = frame[frame["greek"] == "price"].set_index("trade_id")["position_value"]
    return prices[list(trades)].sum()


def test_groups_have_a_row_for_each_currency_and_one_for_what_is_converted(own, converted):
    plain = [(row.name, row.currency, row.cells["price"]["value"]) for row in totals_by(own, "desk/1")]
    expected = [("one", "EUR", position(own, "A")), ("(blank)", "EUR", position(own, "B"))]
    expected.insert(1, ("one", "USD", position(own, "C")))
    assert plain == expected
    both = [(row.name, row.currency, row.cells["price"]["value"]) for row in totals_by(converted, "desk/1")]
    total = position(own, "A") + 0.9 * position(own, "C")
    assert both == [*expected[:2], ("one", "EUR, converted", pytest.approx(total)), expected[2]]
    assert [row.currency for row in totals_by(converted)] == ["EUR", "USD", "EUR, converted"]


def test_shares_are_of_what_can_be_compared(own, converted):
    prices = Content(own, None, {}).leading("cash").query("greek == 'price'")
    assert prices.groupby("currency")["share"].sum().to_dict() == pytest.approx({"EUR": 1.0, "USD": 1.0})
    prices = Content(converted, None, {}).leading("cash").query("greek == 'price'")
    assert prices["share"].sum() == pytest.approx(1.0)
    assert set(prices["currency"]) == {"EUR"}


def test_a_picture_is_in_one_currency(own, converted):
    with pytest.raises(ValueError, match="currency must be one of 'EUR', 'USD', got None"):
        lg.plot_risk(own)
    axes = lg.plot_risk(own, "delta", Figure().add_subplot(), currency="USD")
    assert len(axes.patches) == 1
    assert "(USD;" in axes.get_ylabel()
    axes = lg.plot_risk(converted, "delta", Figure().add_subplot())
    assert "(EUR;" in axes.get_ylabel()
    dollars = lg.pivot(own).query("underlying == 'SPX' and greek == 'delta'")["value"].item()
    assert axes.patches[-1].get_height() == pytest.approx(0.9 * dollars)


def printed(table):
    console = Console(width=200, record=True, file=None)
    with console.capture() as caught:
        console.print(table)
    lines = [line.strip() for line in caught.get().splitlines()[1:]]
    return [re.split(r"\s{2,}", line) for line in lines if line.strip("─ ")]


def test_the_terminal_totals_prices_alone_and_says_in_what(own, converted):
    rows = printed(net_table(converted))
    assert [row[:2] for row in rows] == [
        ["underlying", "currency"], ["AEX", "EUR"], ["SPX", "USD"], ["all", "EUR"], ["all", "USD"],
        ["all", "EUR, converted"],
    ]  # fmt: skip
    assert rows[3][2] == rows[1][2]
    rows = printed(totals_table(own, "desk/1"))
    assert [row[:3] for row in rows[1:]] == [["one", "EUR", "1"], ["one", "USD", "1"], ["(blank)", "EUR", "1"]]


@pytest.mark.slow
def test_the_command_writes_reports_by_own_columns(files, capsys):
    arguments = ["risk", str(files / "book.csv"), "--market", str(files / "converted.toml"), "--greeks", "delta"]
    arguments += ["--paths", "1024", "--seed", "1", "--by", "desk/1"]
    reports = [files / "risk.html", files / "risk.xlsx"]
    with pytest.raises(SystemExit) as ended:
        main(arguments + [word for path in reports for word in ("--report", str(path))])
    assert ended.value.code == 0
    assert "By desk/1" in capsys.readouterr().out
    text = reports[0].read_text(encoding="utf-8")
    for words in (
        "By desk/1",
        "EUR, converted",
        "Delta cash by maturity, EUR",
        "nothing added across currencies",
        "EUR for 1 USD",
    ):
        assert words in text
    book = openpyxl.load_workbook(reports[1])
    assert book.sheetnames[:6] == ["totals", "trades", "by maturity", "by product", "in EUR", "by desk_1"]
    header = [cell.value for cell in book["data"][1]]
    assert header[-3:] == ["reporting_currency", "reporting_value", "reporting_standard_error"]
    with pytest.raises(SystemExit) as ended:
        main([*arguments[:-1], "trader"])
    assert ended.value.code == 2
    assert "by must be one of 'desk/1', got 'trader'" in capsys.readouterr().err
