"""Terms that a trade's past decides: what the first return is of, fixings on another scale, references not used."""

import pandas as pd
import pytest

import likelihood_greeks as lg

CLIQUET = {
    "trade_id": "c", "underlying": "X", "quantity": 1, "product": "cliquet", "maturity": "2027-03-30",
    "local_floor": -0.1, "local_cap": 0.1, "global_floor": -1, "global_cap": 1,
}  # fmt: skip
PAST = {"2026-09-30": 104.0, "2026-12-25": 105.0}


def market(fixings):
    law = {"spot": 100.0, "zero_rate": 0.03, "dividend_yield": 0.01, "implied_volatility": 0.2}
    return {"valuation_date": "2026-12-28", "underlyings": {"X": law}, "fixings": {"X": fixings}}


def valued(row, fixings):
    frame = lg.risk(pd.DataFrame([row]), market(fixings), ["delta", "gamma"], paths=4096, seed=1)
    return frame[frame["trade_id"] != "net"].set_index("greek")


@pytest.mark.parametrize(
    ("row", "fixings", "message"),
    [
        ({"frequency": "2026-09-30;2027-03-30"}, PAST, "start must be given, or the reference: the return to"),
        (
            {"frequency": "2026-09-30;2026-12-25", "maturity": "2026-12-25", "payment_date": "2027-01-29"}, PAST,
            "start must be given, or the reference",
        ),
        (
            {"frequency": "monthly", "start": "2026-09-30"}, {"2026-09-30": 104.0},
            "fixings must hold X on 2026-10-30, 2026-11-30",
        ),
        *(
            ({key: None for key in CLIQUET if "local" in key or "global" in key}
             | {"frequency": "2026-09-30;2026-10-30;2027-03-30", "strike": 95, **own}, PAST,
             "fixings must hold X on 2026-10-30: past observations")
            for own in ({"product": "tarf", "target": 20}, {"product": "accumulator", "level": 120})
        ),
        (
            {"frequency": "2026-09-30;2027-03-30", "reference": 100}, {"2026-09-30": 10400.0},
            "fixings must be on the scale of the spot of X, 100, got '10400 on 2026-09-30'",
        ),
        (
            {"product": "forward_start_call", "strike": "100%", "start": "2026-09-30", "reference": 50}
            | dict.fromkeys(["local_floor", "local_cap", "global_floor", "global_cap"]), PAST,
            "reference must be blank: forward_start_call does not use it, got 50",
        ),
    ],
)  # fmt: skip
def test_what_the_past_leaves_open_is_refused(row, fixings, message):
    with pytest.warns(lg.BookWarning, match=message):
        assert valued(CLIQUET | row, fixings).empty


def test_a_cliquet_struck_today_has_no_delta_unless_its_first_fixing_is_stated():
    row = CLIQUET | {"frequency": "monthly", "start": "2026-12-28"}
    moving, fixed = valued(row, {}), valued(row, {"2026-12-28": 100.0})
    assert moving.loc["price", "value"] == pytest.approx(fixed.loc["price", "value"], abs=1e-12)
    assert moving.loc["delta", "value"] == moving.loc["gamma", "value"] == 0.0
    assert fixed.loc["delta", "value"] > 10.0 * fixed.loc["delta", "standard_error"] > 0.0
