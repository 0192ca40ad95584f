"""Touches, convertibles and sums over dates: Greeks of paths against quadrature, and quadrature against identities."""

import numpy as np
import pytest

import likelihood_greeks as lg
from likelihood_greeks.validation import quadrature
from tests.support.gates import MODEL, UNEVEN

T = UNEVEN[-1]
CONTRACTS = [
    lg.OneTouch(104.0, "up", 1.3, 3.0, UNEVEN),
    lg.OneTouch(84.0, "down", T, 3.0, UNEVEN, paid="hit"),
    lg.NoTouch(84.0, "down", T, 3.0, UNEVEN[:-1]),
    lg.DoubleNoTouch(80.0, 112.0, T, 3.0, UNEVEN),
    lg.VarianceSwap(0.2, UNEVEN, 95.0, 3.0),
    lg.VolatilitySwap(0.2, lg.schedule(1.1, 10), annualisation=10.0),
    lg.RangeAccrual(84.0, 104.0, UNEVEN, 3.0),
    lg.ReverseConvertible(97.0, (0.3, T), 0.03, protection=0.8),
    lg.BarrierReverseConvertible(97.0, (0.5, T), (0.03, 0.02), 80.0, UNEVEN, monitor_maturity=False),
]


@pytest.mark.slow
@pytest.mark.parametrize("payoff", CONTRACTS, ids=repr)
def test_greeks_agree_with_quadrature_and_controls_help(payoff):
    names = ("delta", "vega", "rho", "theta")
    result = lg.greeks(MODEL, payoff, names, paths=2**15, seed=5)
    for name in names:
        exact, found = quadrature.greek(MODEL, payoff, name), result[name]
        assert abs(found.value - exact.value) < 4.0 * found.standard_error + 10.0 * exact.error
        assert found.standard_error < 0.03 * max(1.0, MODEL.spot) or found.variance_ratio > 3.0
    for name in ("delta", "vega"):
        assert result[name].variance_ratio > 3.0 or result[name].standard_error == 0.0


def test_touched_and_not_touched_is_the_cash():
    one, none = (lg.OneTouch(84.0, "down", 1.3, 3.0, UNEVEN), lg.NoTouch(84.0, "down", 1.3, 3.0, UNEVEN))
    both = quadrature.price(MODEL, one) + quadrature.price(MODEL, none)
    assert both == pytest.approx(3.0 * MODEL.discount(1.3), rel=1e-12)


def test_one_date_is_a_digital_in_closed_form():
    touch, digital = lg.OneTouch(97.0, "up", 1.1, 3.0, [1.1]), lg.DigitalCall(97.0, 1.1, 3.0)
    exact = lg.greeks(MODEL, digital, ["vega"], closed_form=True, seed=1)
    assert quadrature.price(MODEL, touch) == pytest.approx(exact["price"].value, rel=1e-11)
    accrual = lg.RangeAccrual(97.0, np.inf, [1.1], 3.0)
    assert quadrature.greek(MODEL, accrual, "vega").value == pytest.approx(exact["vega"].value, rel=1e-7)


def test_a_reverse_convertible_is_a_bond_less_a_put():
    note = lg.ReverseConvertible(97.0, (0.3, 1.1), 0.03)
    put = lg.greeks(MODEL, lg.Put(97.0, 1.1), [], closed_form=True, seed=1)["price"].value
    bond = 97.0 * (0.03 * MODEL.discount(0.3) + 1.03 * MODEL.discount(1.1))
    assert quadrature.price(MODEL, note) == pytest.approx(bond - put, rel=1e-12)
    always = lg.BarrierReverseConvertible(97.0, (0.3, 1.1), 0.03, 1e6, (0.3, 1.1))
    assert quadrature.price(MODEL, always) == pytest.approx(bond - put, rel=1e-10)


def test_realised_volatility_of_one_return_is_its_mean_size():
    drift = MODEL.rate - MODEL.dividend_yield - 0.5 * MODEL.volatility**2
    swap = lg.VolatilitySwap(0.0, [0.25], MODEL.spot * np.exp(0.25 * drift), 4.0)
    exact = MODEL.discount(0.25) * np.sqrt(2.0 / np.pi) * MODEL.volatility
    assert quadrature.price(MODEL, swap) == pytest.approx(exact, rel=1e-10)


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda: lg.OneTouch(104.0, "up", 1.0, 1.0, (0.5, 1.1)), "times"),
        (lambda: lg.OneTouch(104.0, "up", 1.0, 1.0), "times"),
        (lambda: lg.OneTouch(104.0, "sideways", 1.0, 1.0, UNEVEN), "direction"),
        (lambda: lg.OneTouch(104.0, "up", T, 1.0, UNEVEN, "later"), "paid"),
        (lambda: lg.NoTouch(-1.0, "up", T, 1.0, UNEVEN), "level"),
        (lambda: lg.DoubleNoTouch(90.0, 80.0, T, 1.0, UNEVEN), "upper"),
        (lambda: lg.VarianceSwap(-0.1, UNEVEN), "strike"),
        (lambda: lg.VarianceSwap(0.1, (1.0,)), "times"),
        (lambda: lg.VolatilitySwap(0.1, UNEVEN, annualisation=0.0), "annualisation"),
        (lambda: lg.RangeAccrual(90.0, 80.0, UNEVEN), "upper"),
        (lambda: lg.ReverseConvertible(0.0, UNEVEN), "strike"),
        (lambda: lg.ReverseConvertible(90.0, UNEVEN, (0.1, 0.2, 0.3, 0.4, 0.5, 0.6)), "coupon"),
        (lambda: lg.BarrierReverseConvertible(90.0, UNEVEN, 0.1), "level"),
        (lambda: lg.BarrierReverseConvertible(90.0, UNEVEN, 0.1, 80.0, (2.0,)), "times"),
    ],
)
def test_terms_out_of_range_are_refused_by_name(make, name):
    with pytest.raises(ValueError, match=f"^{name}"):
        make()
