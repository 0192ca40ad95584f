"""Books under Heston: what a market may say of the model, and risk numbers that are those of the model."""

import copy
import pickle
import tomllib

import numpy as np
import pandas as pd
import pytest

import likelihood_greeks as lg
from likelihood_greeks import cli
from likelihood_greeks._checks import InvalidValueError
from likelihood_greeks.book.market import Underlying
from likelihood_greeks.book.risk import underlying_seed
from likelihood_greeks.book.trades import parse
from likelihood_greeks.models.heston.parameters import VARIANCE
from tests.support.heston_book import BOOK, DICT, EUROPEANS, FILE, GIVEN, LAW, with_law
from tests.support.places import DATA


@pytest.fixture(scope="module")
def calibrated():
    return lg.Market.read(FILE)


# -- markets -------------------------------------------------------------------------------------------------------


def test_the_heston_file_is_the_market_file_and_a_model():
    plain = tomllib.loads((DATA / "market.toml").read_text(encoding="utf-8"))
    plain["underlyings"]["DAX"]["model"] = "heston"
    assert plain == DICT


def test_given_parameters_are_the_law_of_every_strike_on_the_curve_of_the_market():
    curve = GIVEN.underlyings["DAX"].zero_curve
    nodes = {"times": curve.times[:5], "zero_rates": curve.rates[:5]}
    curves = lg.Curves(**nodes, dividend_times=[60.0], dividend_yields=[0.0])
    expected = lg.Heston(spot=4468.17, rate=curve.rates[0], curves=curves, **LAW)
    assert expected.discount(0.5) == pytest.approx(np.exp(-0.5 * curve.rate(0.5)), rel=1e-13)
    assert GIVEN.model("DAX", 4400.0, 0.5) == expected
    assert GIVEN.model("DAX", 1.0, 0.5) == expected  # off the surface, which Heston does not read
    assert GIVEN.underlyings["DAX"].calibration is None


def test_given_parameters_need_no_surface_and_a_yield_is_used():
    market = lg.Market.read(with_law(LAW, implied_volatility=None, dividend_yield=0.02))
    assert market.model("DAX", 4400.0, 0.5).dividend_yield == 0.02


@pytest.mark.slow
def test_a_market_is_calibrated_when_it_is_read(calibrated):
    dax = calibrated.underlyings["DAX"]
    assert dax.calibration.rms_error == pytest.approx(0.0132, abs=1e-4)
    assert dax.heston == dax.calibration.model
    again = lg.Market.read(with_law({"calibrate": True}))
    assert again == calibrated
    assert pickle.loads(pickle.dumps(calibrated)) == calibrated


@pytest.mark.slow
def test_parameters_beside_calibrate_are_held():
    dax = lg.Market.read(with_law({"calibrate": True, "mean_reversion": 3.0})).underlyings["DAX"]
    assert dax.heston.mean_reversion == 3.0
    assert dax.calibration.fixed == {"mean_reversion": 3.0}


@pytest.mark.parametrize("name", ["black-scholes", "gbm", "Black-Scholes", "GBM", None])
def test_black_scholes_is_the_default_and_has_its_names(name):
    assert isinstance(lg.Market.read(with_law(model=name)).model("DAX", 4400.0, 0.5), lg.TermStructureGBM)


@pytest.mark.parametrize(
    ("market", "says"),
    [
        (with_law(LAW, model="hestn"), r"^underlyings\.DAX\.model must be one of .*did you mean 'heston'\?"),
        (with_law(LAW, model="gbm"), r"^underlyings\.DAX\.model must be 'heston' where there is a table heston"),
        (with_law(LAW, model=None), r"^underlyings\.DAX\.model must be 'heston' where there is a table heston"),
        (with_law({}), r"^underlyings\.DAX\.heston\.initial_variance must be given"),
        (with_law({k: LAW[k] for k in VARIANCE[:4]}), r"^underlyings\.DAX\.heston\.correlation must be given"),
        (with_law({**LAW, "kappa": 1.0}), r"^underlyings\.DAX\.heston\.key must be one of .*'kappa'"),
        (with_law({**LAW, "spot": 1.0}), r"^underlyings\.DAX\.heston\.key must be one of .*'spot'"),
        (with_law({**LAW, "correlation": -1.0}), r"^underlyings\.DAX\.heston\.correlation must be strictly between"),
        (with_law({**LAW, "calibrate": True}), r"^underlyings\.DAX\.heston\.fixed must leave at least one"),
        (
            with_law(implied_volatility=0.2),
            r"^underlyings\.DAX\.heston\.calibrate must have an implied_volatility of .*got 0\.2",
        ),
        (with_law(implied_volatility=None), r"^underlyings\.DAX\.implied_volatility must be given"),
        (with_law(model="gbm", implied_volatility=None), r"^underlyings\.DAX\.implied_volatility must be given"),
        (
            with_law(zero_curve={"times": [1.0], "rates": [0.03]}),
            r"^underlyings\.DAX\.heston\.maturity must lie on the zero",
        ),
        (with_law(LAW, spot=-1.0), r"^underlyings\.DAX\..*spot must be positive"),
    ],
)
def test_a_wrong_model_is_refused_by_section_and_key(market, says):
    with pytest.raises(InvalidValueError, match=says):
        lg.Market.read(market)


@pytest.mark.parametrize(
    ("market", "says"),
    [
        (with_law(LAW, model=3), r"^underlyings\.DAX\.model must be a name"),
        (with_law({"calibrate": "yes"}), r"^underlyings\.DAX\.heston\.calibrate must be true or false"),
        (with_law(3.0), r"^underlyings\.DAX\.heston\.value must be a table"),
        (with_law({**LAW, "correlation": "-0.5"}), r"^underlyings\.DAX\.heston\.correlation must be a real number"),
    ],
)
def test_a_wrong_type_is_refused_by_section_and_key(market, says):
    with pytest.raises(TypeError, match=says):
        lg.Market.read(market)


def test_an_underlying_takes_only_a_heston_model_of_its_own_spot():
    asset = {"name": "X", "spot": 100.0, "dividend_yield": 0.0, "zero_curve": 0.03}
    with pytest.raises(InvalidValueError, match="heston must have the spot 100, got 99"):
        Underlying(**asset, heston=lg.Heston(spot=99.0, **LAW))
    with pytest.raises(TypeError, match="heston must be a Heston model"):
        Underlying(**asset, heston=LAW)
    with pytest.raises(InvalidValueError, match="implied_volatility must be given"):
        Underlying(**asset)


# -- risk ----------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_european_risk_is_the_closed_form_of_the_model():
    frame = lg.risk(EUROPEANS, GIVEN, ["delta", "vega"], paths=8192, seed=5, closed_form=False)
    frame = frame.set_index(["trade_id", "greek"])
    trades, _ = parse(EUROPEANS, GIVEN)
    checked = 0
    for trade in trades:
        digital, call = trade.model.vanilla_jets(trade.payoff.strike, trade.maturity)
        forward, discount = trade.model.forward(trade.maturity), trade.model.discount(trade.maturity)
        put_value = call.value - forward + trade.payoff.strike
        slope = 2.0 * np.sqrt(LAW["initial_variance"])
        match trade.product:
            case "call":
                exact = {"price": call.value, "vega": slope * call.derivative("initial_variance")}
                exact["delta"] = call.derivative("spot")
            case "put":
                exact = {"price": put_value, "vega": slope * call.derivative("initial_variance")}
                exact["delta"] = call.derivative("spot") - forward / trade.model.spot
            case "digital_call":
                cash = trade.payoff.cash
                exact = {"price": cash * digital.value, "delta": cash * digital.derivative("spot")}
                exact["vega"] = cash * slope * digital.derivative("initial_variance")
            case _:
                continue
        for greek, value in exact.items():
            row = frame.loc[(trade.trade_id, greek)]
            assert abs(row["value"] - discount * value) < 4.5 * row["standard_error"], (trade.trade_id, greek)
            checked += 1
    assert checked >= 9


def test_the_frame_says_the_model_its_volatility_and_its_fit(calibrated, tmp_path):
    frame = lg.risk(BOOK.iloc[[0, 9]], calibrated, ["delta"], paths=2048, seed=5)
    assert set(frame["model"]) == {"heston"}
    trade = frame[frame["trade_id"] == "DAX-001"].iloc[0]
    law = calibrated.underlyings["DAX"].heston
    assert trade["volatility"] == pytest.approx(np.sqrt(law.initial_variance))
    fit = frame.attrs["calibrations"]["DAX"]
    assert fit["rms_error"] == pytest.approx(0.0132, abs=1e-4)
    assert fit["parameters"]["mean_reversion"] == law.mean_reversion
    assert fit["converged"]
    frame.to_parquet(tmp_path / "risk.parquet")
    assert pd.read_parquet(tmp_path / "risk.parquet").attrs["calibrations"]["DAX"]["rms_error"] == fit["rms_error"]
    plain = lg.risk(BOOK.iloc[[0]], DATA / "market.toml", ["delta"], paths=2048, seed=5)
    assert set(plain["model"]) == {"black-scholes"}
    assert plain.attrs["calibrations"] == {}


@pytest.mark.slow
def test_a_trade_in_a_book_is_the_trade_alone_with_heston_parameters_as_greeks():
    greeks = ["delta", "correlation"]
    frame = lg.risk(BOOK.iloc[[9, 20]], GIVEN, greeks, paths=2048, seed=5, closed_form=False)
    frame = frame.set_index(["trade_id", "greek"])
    for trade in parse(BOOK.iloc[[9, 20]], GIVEN)[0]:
        alone = lg.greeks(trade.model, trade.payoff, greeks, paths=2048, seed=underlying_seed(5, "DAX"))
        for greek in alone:
            assert frame.loc[(trade.trade_id, greek), "value"] == pytest.approx(alone[greek].value, rel=1e-12)


def test_strikes_off_the_surface_are_priced_and_maturities_off_the_curve_are_not():
    book = BOOK.iloc[[0, 1]].copy()
    book["strike"] = "7000"
    book.loc[book.index[1], "maturity"] = "2010-12-17"
    with pytest.warns(lg.BookWarning, match=r"DAX-002 .*maturity must lie on the zero curve"):
        frame = lg.risk(book, GIVEN, ["delta"], paths=2048, seed=5)
    assert "DAX-001" in set(frame["trade_id"])


def test_models_may_differ_between_underlyings():
    market = copy.deepcopy(DICT)
    market["underlyings"]["X"] = {"spot": 100.0, "zero_rate": 0.03, "implied_volatility": 0.25}
    market["underlyings"]["DAX"]["heston"] = LAW
    put = {"trade_id": "x", "underlying": "X", "product": "put", "quantity": 1, "strike": 95, "maturity": "2003-01-31"}
    book = pd.concat([BOOK.iloc[[0]], pd.DataFrame([put])])
    frame = lg.risk(book, market, paths=2048, seed=5)
    assert dict(zip(frame["underlying"], frame["model"], strict=True)) == {"DAX": "heston", "X": "black-scholes"}
    assert {"vega", "theta"} <= set(frame["greek"])


@pytest.mark.slow
def test_the_command_prints_the_fit(capsys, tmp_path):
    book = tmp_path / "book.csv"
    BOOK.iloc[[0]].to_csv(book, index=False)
    with pytest.raises(SystemExit) as stop:
        cli.main(["risk", str(book), "--market", str(FILE), "--paths", "2048", "--seed", "3", "--workers", "1"])
    assert stop.value.code == 0
    out = capsys.readouterr().out
    assert "DAX: Heston: initial_variance 0.19" in out
    assert "error 1.32 volatility points r.m.s. over 104 quotes" in out
