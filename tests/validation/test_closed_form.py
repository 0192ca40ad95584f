"""Closed forms against published tables, put-call identities, central differences and limits."""

import csv
from dataclasses import replace
from itertools import combinations_with_replacement

import numpy as np
import pytest

from likelihood_greeks.models.gbm import GBM
from likelihood_greeks.payoffs.barrier import Barrier
from likelihood_greeks.payoffs.european import (
    AssetOrNothingCall,
    AssetOrNothingPut,
    Call,
    DigitalCall,
    DigitalPut,
    GapCall,
    GapPut,
    Put,
)
from likelihood_greeks.payoffs.path import Asian
from likelihood_greeks.validation import closed_form, quadrature
from tests.support.places import DATA

MODEL = GBM(spot=93.0, volatility=0.27, rate=0.043, dividend_yield=0.017)
MATURITY = 1.37
UNEVEN = (0.13, 0.4, 0.55, MATURITY)
COORDINATES = ("spot", "volatility", "rate", "dividend_yield", "time")

PAYOFFS = [
    Call(88.0, MATURITY),
    Put(101.0, MATURITY),
    DigitalCall(97.0, MATURITY, cash=3.5),
    DigitalPut(97.0, MATURITY, cash=3.5),
    AssetOrNothingCall(85.0, MATURITY),
    AssetOrNothingPut(104.0, MATURITY),
    GapCall(strike=90.0, trigger=102.0, maturity=MATURITY),
    GapPut(strike=90.0, trigger=83.0, maturity=MATURITY),
    *(Asian(strike, UNEVEN, kind, "geometric") for strike in (95.0, None) for kind in ("call", "put")),
]

TABLE = DATA / "published_values.csv"
PUBLISHED = list(csv.DictReader(TABLE.read_text(encoding="utf-8").splitlines()))


def at(model, payoff, **shift):
    """Closed-form price with parameters moved, and every date nearer by ``shift["time"]``."""
    moved = replace(model, **{name: getattr(model, name) + h for name, h in shift.items() if name != "time"})
    nearer = shift.get("time", 0.0)
    if isinstance(payoff, Asian):
        payoff = replace(payoff, times=tuple(t - nearer for t in payoff.times))
    else:
        payoff = replace(payoff, maturity=payoff.maturity - nearer)
    return float(closed_form.price(moved, payoff).value)


def published_contract(row):
    strike, maturity, call = float(row["strike"]), float(row["maturity"]), row["kind"] == "call"
    match row["product"]:
        case "vanilla":
            return (Call if call else Put)(strike, maturity)
        case "digital_ten":
            return (DigitalCall if call else DigitalPut)(strike, maturity, 10.0)
        case "asset":
            return (AssetOrNothingCall if call else AssetOrNothingPut)(strike, maturity)
        case "gap":
            return (GapCall if call else GapPut)(strike, float(row["trigger"]), maturity)
        case "geometric_asian" | "arithmetic_asian":
            times = np.linspace(float(row["first_date"]), maturity, int(row["n_dates"]))
            return Asian(strike, tuple(times), row["kind"], row["product"].removesuffix("_asian"))
    raise AssertionError(row)


@pytest.mark.parametrize("row", PUBLISHED, ids=lambda r: f"{r['product']}-{r['kind']}-{r['greek']}-{r['value']}")
def test_published_values_are_reproduced(row):
    model = GBM(**{name: float(row[name]) for name in ("spot", "volatility", "rate", "dividend_yield")})
    contract = published_contract(row)
    if row["product"] == "arithmetic_asian":
        ours = quadrature.price(model, contract)
    else:
        ours = closed_form.greek(model, contract, row["greek"])
    assert abs(ours - float(row["value"])) <= float(row["tolerance"]), row["source"]


@pytest.mark.parametrize(
    ("payoff", "greek", "value"),
    [
        (Call(100.0, 1.0), "delta", 0.63683),
        (Call(100.0, 1.0), "vega", 37.524),
        (Call(100.0, 1.0), "gamma", 0.018762),
        (DigitalCall(100.0, 1.0), "delta", 0.018762),
        (DigitalCall(100.0, 1.0), "gamma", -0.00032834),
        (DigitalCall(100.0, 1.0), "vega", -0.65668),
    ],
)
def test_greeks_agree_with_integrals_of_score_times_payoff(payoff, greek, value):
    # The values are integrals of payoff * score over the lognormal density (not of these formulas), to five digits.
    model = GBM(spot=100.0, volatility=0.2, rate=0.05)
    assert closed_form.greek(model, payoff, greek) == pytest.approx(value, rel=2e-5)


@pytest.mark.parametrize("payoff", PAYOFFS, ids=repr)
@pytest.mark.parametrize("name", COORDINATES)
def test_first_derivatives_are_those_of_the_price(payoff, name):
    h = 1e-5 * (MODEL.spot if name == "spot" else 1.0)
    slope = (at(MODEL, payoff, **{name: h}) - at(MODEL, payoff, **{name: -h})) / (2.0 * h)
    exact = float(closed_form.price(MODEL, payoff).derivative(name))
    assert exact == pytest.approx(slope, rel=1e-7, abs=1e-7)
    assert 1.05 * exact != pytest.approx(slope, rel=1e-7, abs=1e-7)  # and five per cent would be noticed


@pytest.mark.parametrize("payoff", PAYOFFS, ids=repr)
@pytest.mark.parametrize("pair", list(combinations_with_replacement(COORDINATES, 2)), ids=":".join)
def test_second_derivatives_are_those_of_the_price(payoff, pair):
    step = {"spot": 0.02, "volatility": 4e-4, "rate": 1e-3, "dividend_yield": 1e-3, "time": 5e-4}
    (a, h), (b, k) = ((name, step[name]) for name in pair)

    def corner(x, y):
        return at(MODEL, payoff, **({a: x + y} if a == b else {a: x, b: y}))

    curvature = (corner(h, k) - corner(h, -k) - corner(-h, k) + corner(-h, -k)) / (4.0 * h * k)
    jet = closed_form.price(MODEL, payoff)
    scale = 1.0 + np.abs(jet.hessian[COORDINATES.index(a), COORDINATES.index(b)])
    assert float(jet.derivative(a, b)) == pytest.approx(curvature, abs=3e-5 * scale)


@pytest.mark.parametrize("greek", ["price", "delta", "gamma", "vega", "theta", "rho", "dividend_rho"])
def test_put_call_parity_holds_for_every_greek(greek):
    call, put = (closed_form.greek(MODEL, kind(98.0, MATURITY), greek) for kind in (Call, Put))
    forward = {
        "price": 93.0 * np.exp(-0.017 * MATURITY) - 98.0 * np.exp(-0.043 * MATURITY),
        "delta": np.exp(-0.017 * MATURITY),
        "gamma": 0.0,
        "vega": 0.0,
        "theta": 0.017 * 93.0 * np.exp(-0.017 * MATURITY) - 0.043 * 98.0 * np.exp(-0.043 * MATURITY),
        "rho": MATURITY * 98.0 * np.exp(-0.043 * MATURITY),
        "dividend_rho": -MATURITY * 93.0 * np.exp(-0.017 * MATURITY),
    }
    assert call - put == pytest.approx(forward[greek], abs=1e-12)


def test_digital_call_and_put_pay_the_cash_for_certain():
    total = closed_form.price(MODEL, PAYOFFS[2]) + closed_form.price(MODEL, PAYOFFS[3])
    assert float(total.value) == pytest.approx(3.5 * MODEL.discount(MATURITY), rel=1e-14)
    assert float(total.derivative("volatility")) == pytest.approx(0.0, abs=1e-13)


@pytest.mark.parametrize("payoff", PAYOFFS[:8], ids=repr)
def test_european_prices_satisfy_the_black_scholes_equation(payoff):
    price, delta, gamma, theta = (closed_form.greek(MODEL, payoff, g) for g in ("price", "delta", "gamma", "theta"))
    carry = (MODEL.rate - MODEL.dividend_yield) * MODEL.spot * delta
    diffusion = 0.5 * MODEL.volatility**2 * MODEL.spot**2 * gamma
    assert theta + carry + diffusion == pytest.approx(MODEL.rate * price, abs=1e-11)


def test_geometric_average_of_one_date_is_the_final_spot():
    for kind, european in (("call", Call), ("put", Put)):
        one, plain = (
            closed_form.price(MODEL, p) for p in (Asian(90.0, (0.7,), kind, "geometric"), european(90.0, 0.7))
        )
        assert float(one.value) == pytest.approx(float(plain.value), rel=1e-13)
        np.testing.assert_allclose(one.hessian, plain.hessian, rtol=1e-10, atol=1e-9)
    assert float(closed_form.price(MODEL, Asian(None, (0.7,), "call", "geometric")).value) == 0.0


def test_average_strike_call_and_put_differ_by_final_spot_less_average():
    call, put = (closed_form.price(MODEL, Asian(None, UNEVEN, kind, "geometric")) for kind in ("call", "put"))
    times = np.array(UNEVEN)
    mean = np.log(MODEL.spot) + (MODEL.rate - MODEL.dividend_yield - 0.5 * MODEL.volatility**2) * times.mean()
    variance = MODEL.volatility**2 * np.minimum.outer(times, times).mean()
    spread = MODEL.discount(MATURITY) * (MODEL.forward(MATURITY) - np.exp(mean + 0.5 * variance))
    assert float((call - put).value) == pytest.approx(spread, abs=1e-12)


@pytest.mark.parametrize(
    "payoff",
    [Asian(100.0, UNEVEN), Barrier(Call(100.0, MATURITY), 80.0, "down", "out", UNEVEN)],
    ids=["arithmetic average", "barrier"],
)
def test_payoffs_without_a_closed_form_are_refused(payoff):
    with pytest.raises(TypeError, match="payoff must have a closed form"):
        closed_form.price(MODEL, payoff)


def test_unknown_greek_is_refused():
    with pytest.raises(ValueError, match="greek must be one of"):
        closed_form.greek(MODEL, Call(100.0, 1.0), "correlation")
