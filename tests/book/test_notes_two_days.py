"""The shipped notes on two mornings: their risk, what has changed, and where the profit between them came from."""

import copy
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import likelihood_greeks as lg

pytestmark = pytest.mark.slow

DATA = Path("data")
FRIDAY, WEDNESDAY = "2026-11-27", "2026-12-02"
MOVES = {"EURO50": -0.012, "DE40": -0.015, "FR40": -0.008, "CARS": -0.031, "BANK": 0.004}
NOTES = ["NOTE-06", "NOTE-07", "NOTE-13", "NOTE-18"]
CALL = {"trade_id": "CALL", "underlying": "BANK", "product": "call", "quantity": 1000, "maturity": "2027-05-28",
        "strike": 30}  # fmt: skip


def markets() -> tuple[dict[str, Any], dict[str, Any]]:
    """That of the notes, and one three business days later: all has moved, and every close in between is known."""
    one = tomllib.loads((DATA / "notes_market.toml").read_text())
    past = pd.read_csv(DATA / one["fixings"])
    one["fixings"] = {
        name: dict(zip(own["date"], own["value"], strict=True)) for name, own in past.groupby("underlying")
    }
    two = copy.deepcopy(one) | {"valuation_date": WEDNESDAY}
    for name, move in MOVES.items():
        spot = one["underlyings"][name]["spot"]
        closes = {FRIDAY: 0.0, "2026-11-30": 0.5, "2026-12-01": 0.8}
        two["fixings"][name] |= {day: spot * (1.0 + share * move) for day, share in closes.items()}
        two["underlyings"][name]["spot"] = spot * (1.0 + move)
        quotes = two["underlyings"][name]["implied_volatility"]
        quotes["volatilities"] = (np.array(quotes["volatilities"]) + 0.004).tolist()
    two["correlation"]["CARS|BANK"] = 0.55
    return one, two


@pytest.fixture(scope="module")
def days() -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Its risk on both days, and the profit explained."""
    (one, two), notes = markets(), pd.read_csv(DATA / "notes.csv", dtype=str)
    book = pd.concat([notes[notes["trade_id"].isin(NOTES)], pd.DataFrame([CALL])])
    book.loc[book["trade_id"] == "NOTE-13", "frequency"] = "2026-12-01;2027-11-26"
    begun = book.assign(start=book["start"].where(book["start"].notna(), FRIDAY))
    greeks = ["delta", "correlation"]
    first, second = (lg.risk(rows, on, greeks, paths=8192, seed=1) for rows, on in ((book, one), (begun, two)))
    explained = lg.explain_book(book, one, two, paths=8192, seed=2, buckets=["correlation"])
    return first, second, explained


def test_every_note_is_priced_on_both_days_and_its_past_is_told(days):
    first, second, explained = days
    assert all(frame.attrs["problems"] == [] for frame in days)
    assert first.attrs["states"]["NOTE-13"] == "references are today's spots"
    assert second.attrs["states"]["NOTE-06"] == "3 of 19 observations are past"
    assert "redeemed on 2026-09-21" in second.attrs["states"]["NOTE-07"]
    of_redeemed = explained.set_index("trade_id").loc["NOTE-07"]
    assert of_redeemed["pnl"] == of_redeemed["value_before"] == 0.0


def test_the_two_risk_runs_and_the_explained_profit_agree_on_every_net(days):
    first, second, explained = days
    changed = lg.diff(first, second)
    prices = changed[(changed["trade_id"] == "net") & (changed["greek"] == "price")].set_index("underlying")
    nets = explained[explained["trade_id"] == "net"].set_index("underlying")
    assert [*nets.index] == ["BANK", "CARS|BANK", "DE40|CARS|BANK", "FR40|BANK"]
    for name, own in nets.iterrows():
        gained = own["value_after"] - own["value_before"]
        error = np.hypot(own["pnl_standard_error"], prices.loc[name, "standard_error"])
        assert error < 0.15 * abs(gained) + 1e-9
        assert abs(gained - prices.loc[name, "difference"]) < 4.0 * error + 1e-6
        assert own["pnl"] == pytest.approx(gained + own["cash"])
    assert nets.loc["FR40|BANK", "cash"] == pytest.approx(-0.016 * 400_000)


def test_an_asset_s_net_is_what_all_trades_have_in_it(days):
    first, _, _ = days
    delta = first[first["greek"] == "delta"]
    nets, trades = delta[delta["trade_id"] == "net"], delta[delta["trade_id"] != "net"]
    for name in ("CARS", "BANK", "FR40"):
        whose = (trades["asset"] == name) | (trades["underlying"] == name)
        own = nets.loc[nets["underlying"] == name, "position_value"].item()
        assert own == pytest.approx(trades.loc[whose, "position_value"].sum())


def test_the_profit_is_explained_term_by_term_and_by_pillar(days):
    _, _, explained = days
    total = explained[explained["trade_id"] == "total"].iloc[0]
    assert total["unexplained_standard_error"] < 0.05 * abs(total["pnl"])
    assert abs(total["unexplained"]) < 4.0 * total["unexplained_standard_error"]
    without = abs(total["unexplained"] + total["correlation"])  # a term left out would be seen
    assert without > 4.0 * total["unexplained_standard_error"]
    assert explained["correlation[flat]"].to_numpy() == pytest.approx(explained["correlation"].to_numpy(), abs=1e-6)


def test_a_close_that_is_missing_on_the_second_morning_leaves_the_notes_out_that_need_it():
    _, two = markets()
    del two["fixings"]["BANK"]["2026-12-01"]
    notes = pd.read_csv(DATA / "notes.csv", dtype=str).assign(start=lambda own: own["start"].fillna(FRIDAY))
    with pytest.warns(lg.BookWarning, match="could not be priced"):
        frame = lg.risk(notes[notes["trade_id"].isin(["NOTE-09", "NOTE-18"])], two, [], paths=64, seed=1)
    assert [problem["trade_id"] for problem in frame.attrs["problems"]] == ["NOTE-09"]
    assert "BANK on 2026-12-01" in frame.attrs["problems"][0]["requirement"]
