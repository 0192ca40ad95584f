"""Composites: spots that are converted, against the law of the converted spot, however the currency is quoted."""

from dataclasses import replace

import numpy as np
import pytest

import likelihood_greeks as lg
from likelihood_greeks.payoffs.assets import of_assets
from tests.support import two_assets as reference

SPX = lg.GBM(spot=100.0, volatility=0.2, rate=0.02, dividend_yield=-0.02)  # grows at 5 % less 1 % in dollars
SX5E = lg.GBM(spot=50.0, volatility=0.25, rate=0.02, dividend_yield=0.02)
USDEUR = lg.GBM(spot=0.9, volatility=0.1, rate=0.02, dividend_yield=0.05)
EURUSD = lg.GBM(spot=1.0 / 0.9, volatility=0.1, rate=0.02, dividend_yield=-0.01)  # in dollars at 5 % less 2 %


def law(inverse=False):
    currency, sign, own = ("EURUSD", -1.0, EURUSD) if inverse else ("USDEUR", 1.0, USDEUR)
    return lg.CorrelatedGBM(
        {"SPX": SPX, currency: own, "SX5E": SX5E},
        {("SPX", "SX5E"): 0.6, ("SPX", currency): -0.3 * sign, (currency, "SX5E"): -0.1 * sign},
        quanto={"SPX": "1/EURUSD" if inverse else "USDEUR"},
    )


def converted():
    """What the assets are in euros."""
    deviation = np.sqrt(0.2**2 + 0.1**2 - 2.0 * 0.3 * 0.2 * 0.1)
    between = (0.6 * 0.2 - 0.1 * 0.1) / deviation
    alone = lg.GBM(spot=90.0, volatility=float(deviation), rate=0.02, dividend_yield=0.01)
    return lg.CorrelatedGBM({"A": alone, "B": SX5E}, {("A", "B"): float(between)})


@pytest.mark.parametrize("inverse", [False, True])
def test_a_call_on_the_worst_is_that_on_the_converted_spots(inverse):
    by = {"SPX": "1/EURUSD" if inverse else "USDEUR"}
    call = lg.Composite(lg.WorstOf(lg.Call(0.95, 1.0), {"SPX": 90.0, "SX5E": 50.0}), by)
    found = lg.greeks(law(inverse), call, ["delta", "vega[SX5E]"], paths=8192, seed=1)
    both = replace(converted(), members={"A": lg.GBM(spot=1.0, volatility=converted().laws[0].volatility, rate=0.02,
                                                     dividend_yield=0.01), "B": replace(SX5E, spot=1.0)})  # fmt: skip
    price = lambda own: float(reference.call_on_worst(own, 0.95, 1.0))  # noqa: E731
    delta = reference.derivative(both, price, ("spot[A]",))
    currency = "EURUSD" if inverse else "USDEUR"
    exact = {"price": price(both), "delta[SPX]": delta / 100.0,
             f"delta[{currency}]": -delta * 0.9 if inverse else delta / 0.9,
             "vega[SX5E]": found["vega[SX5E]"].value}  # fmt: skip
    for name, value in exact.items():
        assert found[name].standard_error < 0.03 * abs(value), name
        assert abs(found[name].z_score(value)) < 4.0, name
    assert abs(found["price"].z_score(1.03 * exact["price"])) > 4.0
    plain = replace(law(inverse), quanto=None)
    assert abs(lg.greeks(plain, call, [], paths=8192, seed=1)["price"].z_score(exact["price"])) > 3.0


def test_forwards_are_those_of_the_currency_that_is_paid():
    np.testing.assert_allclose(law().forward(1.0)[:2], [100.0 * np.exp(0.04 + 0.006), 0.9 * np.exp(-0.03)])
    np.testing.assert_allclose(law(True).forward(1.0)[:2], [100.0 * np.exp(0.04 + 0.006), np.exp(0.03 + 0.01) / 0.9])
    same = replace(law(), members={**dict(law().members), "SPX": replace(SPX, volatility=0.3)})
    assert same.forward(1.0)[0] == pytest.approx(100.0 * np.exp(0.04 + 0.009))


@pytest.mark.parametrize(
    ("make", "error", "match"),
    [
        (lambda: lg.Composite(lg.Call, {"A": "X"}), TypeError, "payoff must have"),
        (lambda: lg.Composite(lg.WorstOf(lg.Call(1.0, 1.0)), "X"), TypeError, "map names"),
        (lambda: lg.Composite(lg.WorstOf(lg.Call(1.0, 1.0)), {}), ValueError, "name an asset"),
        (lambda: lg.Composite(lg.WorstOf(lg.Call(1.0, 1.0)), {"A": "1/"}), ValueError, "a currency in each entry"),
        (
            lambda: of_assets(lg.Composite(lg.Call(1.0, 1.0), {"A": "X"}), ["A", "X"]),
            TypeError,
            r"On\(Call\(\.\.\.\), 'A'",
        ),
        (lambda: lg.Redeemable(lg.Call(1.0, 1.0), (0.5,), float("nan")), ValueError, r"amount\[0\] must be finite"),
        (lambda: lg.Composite(lg.WorstOf(lg.Call(1.0, 1.0)), {"A": "X", "X": "A"}), ValueError, "convert no currency"),
        (lambda: of_assets(lg.Composite(lg.WorstOf(lg.Call(1.0, 1.0)), {"A": "Y"}), ["A", "X"]), ValueError, "'Y'"),
        (lambda: lg.Composite(lg.WorstOf(lg.Call(1.0, 1.0)), {"A": "X"})(np.ones((2, 1, 1))), TypeError, "order"),
        (lambda: replace(law(), quanto={"SPX": "GBP"}), ValueError, "name a member among USDEUR, SX5E"),
        (lambda: replace(law(), quanto={"SPX": "SPX"}), ValueError, "name a member"),
        (lambda: replace(law(), quanto={"SPX": "USDEUR", "USDEUR": "SX5E"}), ValueError, "no quanto itself"),
    ],
)
def test_what_cannot_be_converted_is_refused(make, error, match):
    with pytest.raises(error, match=match):
        make()
