"""Trades that a ladder cannot revalue: named with a reason, warned about, and missed in every row without them."""

import numpy as np
import pandas as pd
import pytest

import likelihood_greeks as lg

SHARE = {"spot": 100.0, "zero_rate": 0.03, "implied_volatility": 0.2, "currency": "USD"}
MARKET = {
    "valuation_date": "2026-11-27",
    "underlyings": dict.fromkeys("ABC", SHARE),
    "correlation": {"A|B": 0.5, "A|C": 0.4, "B|C": 0.3},
}
CALL = {"underlying": "A", "product": "call", "quantity": 1, "maturity": "2027-11-26", "strike": 100.0}
WORST = {**CALL, "product": "worst_of_put", "underlying": "A|B", "strike": 1.0}
SETTINGS = {"moves": [-0.1, 0.1], "paths": 4096, "seed": 1}


def book(**rows):
    return pd.DataFrame([{"trade_id": name, **row} for name, row in rows.items()])


def marks(table):
    """How many are doubtful at every move, by underlying."""
    return {name: own.tolist() for name, own in table.groupby("underlying")["doubtful"]}


@pytest.mark.parametrize("closed_form", [True, False])
def test_a_trade_that_cannot_be_read_is_left_out_with_its_reason(closed_form):
    table = book(good=CALL, bad={**CALL, "strike": -1.0}, typo={**CALL, "product": "cal", "maturity": "soon"})
    with pytest.warns(lg.BookWarning, match="2 trades could not be revalued:") as caught:
        found = lg.ladder(table, MARKET, closed_form=closed_form, **SETTINGS)
    assert "bad (row 2): strike must be positive" in str(caught[0].message)
    assert found.attrs["left_out"]["bad"].startswith("strike must be positive")
    assert found.attrs["left_out"]["bad"].endswith("got -1.0")
    assert "product must be one of" in found.attrs["left_out"]["typo"]
    assert {*found.attrs["left_out"]} == {"bad", "typo"}
    assert found["trades"].tolist() == [1, 1]
    alone = lg.ladder(table.head(1), MARKET, closed_form=closed_form, **SETTINGS)
    np.testing.assert_array_equal(found["change"], alone["change"])
    assert (found["doubtful"] - alone["doubtful"]).tolist() == [2, 2]
    assert alone.attrs["left_out"] == {}
    note = "excludes 2 trades that could not be priced"
    lacking = [{"underlying": "A", "move": move, "note": note, "trade_id": "net"} for move in (-0.1, 0.1)]
    assert found.attrs["notes"] == [*alone.attrs["notes"], *lacking]


def test_every_ladder_that_would_have_a_trade_counts_it_once():
    table = book(a=CALL, b={**CALL, "underlying": "B"}, c={**CALL, "underlying": "C"}, set=WORST,
                 bad={**WORST, "underlying": "B|A", "strike": "high"})  # fmt: skip
    with pytest.warns(lg.BookWarning, match="bad"):
        found = lg.ladder(table, MARKET, **SETTINGS)
    assert marks(found) == {"A": [1, 1], "B": [1, 1], "A|B": [1, 1], "C": [0, 0]}


def test_a_book_of_which_nothing_can_be_read_has_an_empty_ladder():
    with pytest.warns(lg.BookWarning, match="1 trade could not be revalued"):
        found = lg.ladder(book(bad={**CALL, "underlying": "Z"}), MARKET, **SETTINGS)
    assert found.empty
    assert {*found.attrs["left_out"]} == {"bad"}


@pytest.mark.filterwarnings("ignore::likelihood_greeks.book.reading.BookWarning")
@pytest.mark.parametrize("ending", ["html", "xlsx"])
def test_a_report_marks_the_rows_of_a_ladder_without_a_trade(tmp_path, ending):
    table = book(good=CALL, bad={**CALL, "strike": -1.0})
    path, (frame, rungs) = tmp_path / f"risk.{ending}", (
        lg.risk(table, MARKET, ["delta"], seed=1), lg.ladder(table, MARKET, **SETTINGS)
    )  # fmt: skip
    lg.report(frame, path, ladder=rungs)
    if ending == "xlsx":
        notes = pd.read_excel(path, sheet_name="notes").set_index("greeks")["note"]
        assert notes["ladder at -10%, +10%"] == "excludes 1 trade that could not be priced"
    else:
        text = path.read_text(encoding="utf-8")
        ladders = text.partition('<section id="ladders">')[2].partition("</section>")[0]
        assert ladders.count(" !</small>") == 2
        assert "Not in the ladders" not in ladders  # it is among those that are not priced
