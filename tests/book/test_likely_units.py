"""Numbers that are surely in per cent are refused unless they say so, those that may be are remarked on."""

import pandas as pd
import pytest

import likelihood_greeks as lg
from likelihood_greeks import cli
from likelihood_greeks.book import off_scale, short_periods
from likelihood_greeks.book.reading import read_book
from likelihood_greeks.book.trades import parse

SECTION = {"spot": 100.0, "zero_rate": 0.03, "implied_volatility": 0.2}
MARKET = lg.Market.read(
    {"valuation_date": "2025-01-02", "underlyings": {"X": SECTION, "PAIR": {**SECTION, "spot": 1.1}}}
)
ROW = {"trade_id": "a", "underlying": "X", "quantity": 1, "maturity": "2026-01-02", "strike": 100.0}
NOTE = ROW | {"product": "autocallable", "frequency": "quarterly", "coupon": 0.02}
TARF = ROW | {"product": "tarf", "frequency": "monthly", "target": 10.0}


def problems(row):
    return [(problem.field, problem.requirement) for problem in parse(pd.DataFrame([row]), MARKET)[1]]


@pytest.mark.parametrize(
    ("row", "column", "refused", "meant"),
    [
        (NOTE, "coupon", [5, "2;3;2;2", 1.0], ["5%", 0.05, "2%;3%;2%;2%", "150%"]),
        (NOTE, "redemption", [100], ["100%", 1.05]),
        (TARF, "gearing", [200, 10], ["200%", 2, 0.5]),
    ],
)
def test_a_share_that_must_be_in_per_cent_is_refused_unless_it_says_so(row, column, refused, meant):
    for value in refused:
        ((field, requirement),) = problems(row | {column: value})
        assert field == column
        assert "written with a %" in requirement
    for value in meant:
        assert not problems(row | {column: value})


@pytest.mark.parametrize(
    ("row", "line"),
    [
        (NOTE | {"autocall_level": 1}, "autocall_level 1 is in currency, far from the spot, 100; .* as 100%"),
        (NOTE | {"level": "0.6;0.7"}, "level 0.6 .* 60%"),
        (ROW | {"product": "call", "strike": 1.05}, "strike 1.05 .* 105%"),
        (ROW | {"underlying": "PAIR", "product": "call", "strike": 95}, "strike 95 .* spot, 1.1; .* 95%"),
    ],
)
def test_a_level_far_from_the_spot_that_reads_as_a_share_of_it_is_remarked_on(row, line):
    (said,) = off_scale.remarks(read_book(pd.DataFrame([row])), MARKET)
    assert said.startswith("a: ")
    assert pd.Series([said]).str.contains(line).all()


def test_weights_of_a_basket_are_shares_and_are_remarked_on_unless_they_sum_to_one():
    basket = ROW | {"underlying": "X|PAIR", "product": "basket_put", "strike": "80%"}
    for weights in ("50%;50%", "0.5|0.5", "0.333|0.667", {"X": 0.4, "PAIR": "60%"}, None):
        assert not off_scale.remarks(read_book(pd.DataFrame([basket | {"weights": weights}])), MARKET)
    assert not off_scale.remarks(read_book(pd.DataFrame([basket | {"product": "exchange", "weights": "3|7"}])), MARKET)
    for weights, total in (("45%;45%", "0.9"), ("1|1", "2"), ("150%;100%", "2.5")):
        (said,) = off_scale.remarks(read_book(pd.DataFrame([basket | {"weights": weights}])), MARKET)
        assert said.startswith(f"a: weights sum to {total}, not to 1")


def test_levels_that_are_spots_or_far_on_purpose_are_not_remarked_on():
    rows = [
        NOTE | {"level": 60, "autocall_level": "100%"},
        ROW | {"product": "digital_call", "strike": 5000.0},  # far out of the money
        NOTE | {"coupon_barrier": 1e-4, "product": "phoenix"},  # coupons that are sure
        ROW | {"underlying": "PAIR", "product": "call", "strike": 1.05},
        ROW | {"product": "variance_swap", "strike": 0.2, "frequency": "monthly"},
        ROW | {"underlying": "unknown", "product": "call", "strike": 1.0},
    ]
    assert not off_scale.remarks(read_book(pd.DataFrame(rows)), MARKET)


def test_a_run_says_so_and_prices_the_trade_as_it_stands():
    book = pd.DataFrame([ROW | {"product": "call", "strike": 1.05}, ROW | {"product": "put", "trade_id": "b"}])
    with pytest.warns(lg.BookWarning, match=r"a: strike 1.05 is in currency") as caught:
        frame = lg.risk(book, MARKET, ["delta"], seed=1)
    assert len(caught) == 1
    assert frame["trade_id"].nunique() == 3


def test_what_is_sold_of_a_series_must_be_said():
    ((field, requirement),) = problems(TARF | {"side": "sell"})
    assert field == "forward"
    assert "side is sell" in requirement
    for told in ({"side": "sell", "forward": "buy"}, {"side": "buy"}, {"quantity": -1}, {"forward": "sell"}):
        assert not problems(TARF | told)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--spot", "10"], "move must be below 1 up and down, or written with a %"),
        (["--volatility", "5"], "move must be below 1 up and down, or written with a %"),
        (["--stress", "crash.toml", "--spot", "-10%"], "spot must not be given with --stress"),
        (["--stress", "crash.toml", "--rate", "1%"], "rate must not be given with --stress"),
    ],
)
def test_moves_on_the_command_line_have_one_meaning(tmp_path, monkeypatch, capsys, options, said):
    monkeypatch.chdir(tmp_path)
    pd.DataFrame([ROW | {"product": "call"}]).to_csv("book.csv", index=False)
    market = "".join(f"{key} = {value}\n" for key, value in SECTION.items())
    (tmp_path / "market.toml").write_text(f"valuation_date = 2025-01-02\n[underlyings.X]\n{market}")
    (tmp_path / "crash.toml").write_text("[crash]\nspot = -0.2\n")
    with pytest.raises(SystemExit) as stopped:
        cli.main(["scenarios", "book.csv", "--market", "market.toml", *options])
    assert stopped.value.code == 2
    assert said in capsys.readouterr().err


def test_a_first_coupon_just_after_the_start_of_a_note_is_remarked_on():
    """A maturity that a weekend moved by two days makes a coupon date of the third day."""
    rows = [
        NOTE | {"trade_id": "new", "maturity": "2027-01-04"},
        NOTE | {"trade_id": "begun", "start": "2024-12-30", "maturity": "2027-01-04"},
        NOTE | {"trade_id": "fine"},
        NOTE | {"trade_id": "past", "start": "2024-10-01", "maturity": "2027-01-04"},
        NOTE | {"trade_id": "listed", "maturity": "2027-01-04", "frequency": "2025-04-02;2027-01-04"},
        NOTE | {"trade_id": "none", "maturity": "2027-01-04", "coupon": None},
        NOTE | {"trade_id": "bad", "maturity": "soon"},
    ]
    found = short_periods.remarks(pd.DataFrame(rows), MARKET)
    assert [line.partition(";")[0] for line in found] == [
        "new: the first coupon is on 2025-01-06, 4 days after the start",
        "begun: the first coupon is on 2025-01-06, 7 days after the start",
    ]
    with pytest.warns(lg.BookWarning, match="the first coupon is on 2025-01-06"):
        lg.risk(pd.DataFrame(rows[:1]), MARKET, [], paths=64, seed=1)
    assert short_periods.remarks(read_book("data/notes.csv"), lg.Market.read("data/notes_market.toml")) == []
