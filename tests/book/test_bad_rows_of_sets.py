"""A quanto, a composite or a trade on several assets that cannot be read costs the trades beside it nothing."""

import pandas as pd
import pytest

import likelihood_greeks as lg
from likelihood_greeks.book.trades import NET
from likelihood_greeks.parameters import STANDARD

SHARE = {"spot": 100.0, "zero_rate": 0.03, "dividend_yield": 0.01, "implied_volatility": 0.2, "currency": "EUR"}
PAIR = {**SHARE, "spot": 1.16, "implied_volatility": 0.08, "currency": "USD"}
ALONE = {"valuation_date": "2026-11-27", "underlyings": {"E": SHARE, "A": {**SHARE, "currency": "USD"}}}
MISNAMED = {**ALONE, "underlyings": {**ALONE["underlyings"], "EURUSD Curncy": PAIR}}
WHOLE = {
    **ALONE,
    "underlyings": {**ALONE["underlyings"], "EURUSD": PAIR},
    "correlation": {"A|E": 0.5, "E|EURUSD": -0.2, "A|EURUSD": 0.1},
}
ROW = {"quantity": 1.0, "maturity": "2027-11-26", "strike": 100.0}
PLAIN = [
    {"trade_id": "call", "underlying": "E", "product": "call", **ROW},
    {
        "trade_id": "asian",
        "underlying": "A",
        "product": "asian",
        "option": "put",
        **ROW,
        "frequency": "2027-05-26;2027-11-26",
    },
]
QUANTO = {"underlying": "E", "product": "quanto_call", "currency_pay": "USD", **ROW}
COMPOSITE = {**QUANTO, "product": "composite_put"}
WORST = {"underlying": "E|A", "product": "worst_of_put", "currency_pay": "USD", **ROW, "strike": 1.0}
BAD = {
    "quanto without its pair": (QUANTO, ALONE),
    "composite without its pair": (COMPOSITE, ALONE),
    "composite on a set without its pair": ({**WORST, "product": "composite_worst_of_put"}, ALONE),
    "quanto whose pair has another name": (QUANTO, MISNAMED),
    "quanto without a correlation": (QUANTO, {**WHOLE, "correlation": {}}),
    "quanto in a currency without a pair": ({**QUANTO, "currency_pay": "CHF"}, WHOLE),
    "quanto on an unknown asset": ({**QUANTO, "underlying": "EE"}, WHOLE),
    "quanto in another spelling on an unknown asset": ({**QUANTO, "underlying": "EE", "product": "Quanto Put"}, WHOLE),
    "composite on an unknown asset": ({**COMPOSITE, "underlying": "EE"}, WHOLE),
    "quanto with a strike in words": ({**QUANTO, "strike": "high"}, WHOLE),
    "quanto without an underlying": ({**QUANTO, "underlying": ""}, WHOLE),
    "misspelt quanto": ({**QUANTO, "product": "qanto_call"}, WHOLE),
    "quanto that does not exist": ({**QUANTO, "product": "quanto_cliquet_of_all"}, WHOLE),
    "set with an unknown asset": ({**WORST, "underlying": "E|ZZ"}, WHOLE),
    "set in small letters": ({**WORST, "underlying": "e|a"}, WHOLE),
    "set without its second asset": ({**WORST, "underlying": "E|"}, WHOLE),
    "set without any asset": ({**WORST, "underlying": "|"}, WHOLE),
    "set without a correlation": (WORST, ALONE),
    "set with a maturity in words": ({**WORST, "maturity": "soon"}, WHOLE),
    "set named twice": ({**WORST, "underlying": "E|E"}, WHOLE),
}
COMMA = {
    **WHOLE,
    "underlyings": {**WHOLE["underlyings"], "A,1": SHARE},
    "correlation": {**WHOLE["correlation"], "E|A,1": 0.5},
}
BAD |= {
    "set with a name that no law can have": ({**WORST, "underlying": "E|A,1"}, COMMA),
    "quanto with a name that no law can have": ({**QUANTO, "underlying": "A,1"}, COMMA),
}
NAMED = ["delta", "cross_gamma", "correlation", "rho"]
SETTINGS = {"paths": 256, "seed": 1}
COLUMNS = ["trade_id", "underlying", "greek", "value", "standard_error"]
pytestmark = pytest.mark.filterwarnings("ignore::likelihood_greeks.book.reading.BookWarning")


def own(frame, trades):
    """The rows of some trades, whatever Greeks others have."""
    return frame.loc[frame["trade_id"].isin(trades) & frame["value"].notna(), COLUMNS].reset_index(drop=True)


@pytest.mark.parametrize("closed_form", [True, False], ids=["exact", "drawn"])
@pytest.mark.parametrize("greeks", [None, NAMED], ids=["default", "named"])
@pytest.mark.parametrize("kind", BAD)
def test_a_bad_row_is_reported_and_the_others_are_as_without_it(kind, greeks, closed_form):
    row, market = BAD[kind]
    table = pd.DataFrame([*PLAIN, {"trade_id": "bad", **row}])
    frame = lg.risk(table, market, greeks, closed_form=closed_form, **SETTINGS)
    assert {problem["trade_id"] for problem in frame.attrs["problems"]} == {"bad"}
    plain = None if greeks is None else ["delta", "rho"]
    alone = lg.risk(pd.DataFrame(PLAIN), market, plain, closed_form=closed_form, **SETTINGS)
    found = own(frame, ["call", "asian"])
    pd.testing.assert_frame_equal(found, own(alone, ["call", "asian"]))
    assert {*found["greek"]} == {"price", *(plain or STANDARD)}


@pytest.mark.parametrize("greeks", [None, NAMED], ids=["default", "named"])
@pytest.mark.parametrize("kind", ["quanto without its pair", "set with an unknown asset", "misspelt quanto"])
def test_a_bad_row_does_not_stop_buckets_of_correlations(kind, greeks):
    row, market = BAD[kind]
    table = pd.DataFrame([*PLAIN, {"trade_id": "bad", **row}])
    frame = lg.risk(table, market, greeks, buckets=["correlation", "vega"], **SETTINGS)
    assert {problem["trade_id"] for problem in frame.attrs["problems"]} == {"bad"}
    assert {*frame["trade_id"]} == {"call", "asian", NET}


@pytest.mark.parametrize("kind", ["quanto on an unknown asset", "set with an unknown asset"])
def test_a_bad_row_leaves_good_ones_of_its_kind_their_greeks_of_pairs(kind):
    row, market = BAD[kind]
    table = pd.DataFrame([*PLAIN, {"trade_id": "bad", **row}, {"trade_id": "good", **COMPOSITE}])
    frame = lg.risk(table, market, **SETTINGS)
    assert {"cross_gamma", "correlation"} <= {*own(frame, ["good"])["greek"].str.partition("[")[0]}


@pytest.mark.parametrize("greek", ["dleta", "cross_gama", "delta[ZY]", ("spot", "tme")])
@pytest.mark.parametrize("kind", ["quanto without its pair", "set with an unknown asset", "misspelt quanto"])
def test_a_greek_that_nothing_has_is_refused_beside_a_bad_row(kind, greek):
    row, market = BAD[kind]
    table = pd.DataFrame([*PLAIN, {"trade_id": "bad", **row}])
    with pytest.raises(ValueError, match=r"greek must be one of price, .*, got"):
        lg.risk(table, market, [greek], **SETTINGS)


def test_a_greek_of_pairs_is_refused_of_a_book_that_is_read_and_has_none():
    with pytest.raises(ValueError, match="got 'cross_gamma'"):
        lg.risk(pd.DataFrame(PLAIN), WHOLE, ["delta", "cross_gamma"], **SETTINGS)
