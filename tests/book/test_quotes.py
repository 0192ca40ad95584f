"""Long tables of quotes: a row each, as exchanges and vendors deliver them."""

import numpy as np
import pandas as pd
import pytest

import likelihood_greeks as lg
from likelihood_greeks._checks import InvalidValueError

TODAY = "2025-02-10"
ROWS = [
    {"expiry": "2025-05-16", "strike": 5800.0, "implied_volatility": 0.19, "forward": 6121.0, "discount_factor": 0.988},
    {"expiry": "2025-05-16", "strike": 6200.0, "implied_volatility": 0.15, "forward": 6121.0, "discount_factor": 0.988},
    {"expiry": "2025-12-19", "strike": 5000.0, "implied_volatility": 0.23, "forward": 6253.0, "discount_factor": 0.961},
    {"expiry": "2025-12-19", "strike": 7000.0, "implied_volatility": 0.14, "forward": 6253.0, "discount_factor": 0.961},
]
MAY, DECEMBER = 95 / 365, 312 / 365


def market(quotes, folder=None, **entries):
    own = {"spot": 6080.0, "implied_volatility": quotes} | entries
    if folder is None:
        return lg.Market.read({"valuation_date": TODAY, "underlyings": {"SPX": own}})
    lines = [f"{key} = {value!r}" for key, value in own.items()]
    (folder / "market.toml").write_text(f"valuation_date = {TODAY}\n[underlyings.SPX]\n" + "\n".join(lines))
    return lg.Market.read(folder / "market.toml")


def surface(quotes, **entries):
    return market(quotes, **({"zero_rate": 0.04} | entries)).underlyings["SPX"].implied_volatility


def by_hand(moneyness, t):
    """Linear total variance in strike, then in maturity at the same strike over forward."""
    smiles = ((6121.0, MAY, (5800, 6200), (0.19, 0.15)), (6253.0, DECEMBER, (5000, 7000), (0.23, 0.14)))
    variances = [np.interp(moneyness * f, ks, np.square(vs)) * own for f, own, ks, vs in smiles]
    return np.sqrt(np.interp(t, (MAY, DECEMBER), variances) / t)


def test_a_long_table_is_a_surface_on_the_curves_that_it_tells():
    found = market(ROWS).underlyings["SPX"]
    assert found.forward(MAY) == pytest.approx(6121.0, rel=1e-13)
    assert found.forward(DECEMBER) == pytest.approx(6253.0, rel=1e-13)
    assert np.exp(-found.rate(DECEMBER) * DECEMBER) == pytest.approx(0.961, rel=1e-13)
    t = 0.6
    between = 6121.0 * (6253.0 / 6121.0) ** ((t - MAY) / (DECEMBER - MAY))
    assert found.forward(t) == pytest.approx(between, rel=1e-12)
    for strike in (6000.0, 6200.0):
        expected = by_hand(strike / between, t)
        assert found.implied_volatility.volatility(strike, t) == pytest.approx(expected, rel=1e-12)
    law = found.model(6000.0, t)  # the quotes of the strike's own moneyness
    assert law.volatilities[0] == pytest.approx(by_hand(6000.0 / between, MAY), rel=1e-12)


def test_curves_of_the_market_come_before_those_of_the_table():
    found = market(ROWS, zero_rate=0.01, dividend_yield=0.0).underlyings["SPX"]
    assert found.rate(DECEMBER) == 0.01
    assert found.forward(DECEMBER) == pytest.approx(6080.0 * np.exp(0.01 * DECEMBER), rel=1e-13)


FILES = {
    "commas": "expiry,strike,implied_volatility\n2025-05-16,5800,0.19\n2025-05-16,6200,0.15\n",
    "semicolons": "Expiry;Strike;Vol\n16.05.2025;5.800,0;0,19\n16.05.2025;6.200,0;0,15\n",
    "tabs": "S&P\n\nmaturity\tstrike\tIV\tvolume\n2025-05-16\t5800\t0.19\t12\n2025-05-16\t6200\t0.15\t\n",
    "missing": "expiry,strike,implied_volatility\n2025-05-16,5800,0.19\n2025-05-16,6000,\n2025-05-16,6200,0.15\n\n",
    "expired": "expiry,strike,iv\n2025-02-07,6000,0.9\n2025-02-10,6000,0.9\n2025-05-16,5800,.19\n2025-05-16,6200,.15\n",
    "calls and puts": "expiry,strike,iv\n" + "2025-05-16,5800,.19\n2025-05-16,6200,.15\n" * 2,
    "per cent": "expiry,strike,iv\n2025-05-16,5800,19%\n2025-05-16,6200,15.0 %\n",
    "per cent with commas": "expiry;strike;iv\n16.05.2025;5800;19,0%\n16.05.2025;6200;0,15\n",
    "several": "underlying,expiry,strike,iv\nSPX,2025-05-16,5800,.19\nN,2025-05-16,9000,.3\nSPX,2025-05-16,6200,.15\n",
}


@pytest.mark.parametrize("kind", FILES)
def test_files_are_read_by_path_from_the_market_s(kind, tmp_path):
    (tmp_path / "quotes.csv").write_text(FILES[kind])
    found = market("quotes.csv", tmp_path, zero_rate=0.04).underlyings["SPX"].implied_volatility
    assert (found.smiles[0].strikes, found.smiles[0].volatilities) == ((5800.0, 6200.0), (0.19, 0.15))
    assert found.maturities == (MAY,)


def test_frames_and_records_say_the_same_and_dates_may_be_timestamps_tenors_or_years():
    expected = surface(ROWS)
    frame = pd.DataFrame(ROWS)
    for same in (frame, frame.assign(expiry=pd.to_datetime(frame["expiry"])), {"quotes": frame}):
        assert surface(same) == expected
    years = frame.assign(expiry=[MAY, MAY, DECEMBER, DECEMBER])
    assert surface(years) == expected
    tenor = surface(frame.assign(expiry=["3M", "3M", "1Y", "1Y"]))
    assert tenor.maturities == (89 / 365, 1.0)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("2025-05-16,6000,a lot", "quotes.csv: line 4: volatility must be a number, got 'a lot'"),
        ("2025-05-16,,0.2", "line 4: strike must be given"),
        (",6000,0.2", "line 4: expiry must be given"),
        ("2025-05-16,-1,0.2", "line 4: strike must be positive"),
        ("16-May-25,6000,0.2", "line 4: expiry must be a date with four digits for the year, such as"),
        ("16.05.25,6000,0.2", "line 4: expiry must be a date with four digits for the year, such as"),
        ("2025-05-16,6000,1.2.3%", r"line 4: volatility must be a number, got '1\.2\.3%'"),
        ("May 25,6000,0.2", "line 4: expiry must be an ISO date"),
        ("2025-05-16,6200,0.151", "line 4: volatility must be that of line 3, 0.15: one strike 6200"),
        ("2125-05-16,6200,0.151", "must be at most 60 years"),
    ],
)
def test_a_bad_row_is_refused_with_its_line(line, said, tmp_path):
    (tmp_path / "quotes.csv").write_text(FILES["commas"] + line + "\n")
    with pytest.raises(InvalidValueError, match=said):
        market("quotes.csv", tmp_path, zero_rate=0.04)


def test_what_a_table_lacks_is_named():
    with pytest.raises(InvalidValueError, match="columns must include strike"):
        surface([{"expiry": TODAY, "volatility": 0.2}])
    with pytest.raises(InvalidValueError, match="hold at least one volatility of an expiry after the valuation date"):
        surface([{"expiry": TODAY, "strike": 6000.0, "volatility": 0.2}])
    with pytest.raises(InvalidValueError, match=r"row 1: forward must be that of row 0, 6121, got 6120"):
        surface([ROWS[0], ROWS[1] | {"forward": 6120.0}])
    with pytest.raises(InvalidValueError, match=r"forward must be told of every expiry, or of none"):
        surface([*ROWS[:2], *({**row, "forward": None} for row in ROWS[2:])])
    with pytest.raises(
        InvalidValueError, match=r"implied_volatility\.keys must hold one of volatilities, quotes, svi, atm"
    ):
        surface({"strikes": [1.0], "maturities": [1.0]})


def test_a_file_that_is_not_there_is_named():
    with pytest.raises(FileNotFoundError, match="nowhere"):
        surface("nowhere.csv")
