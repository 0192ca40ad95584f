"""Plain options with Bermudan and American exercise beside QuantLib's finite differences, on curves."""

import pytest
import QuantLib as ql

import likelihood_greeks as lg
from likelihood_greeks.quantlib.bridge import read
from tests.quantlib.test_instruments import EXPIRY, PUT, TODAY, black_scholes, evaluation_date, flat, heston

BERMUDAN = ql.BermudanExercise([TODAY + 73 * k for k in range(1, 6)])

__all__ = ["evaluation_date"]


def put(exercise=BERMUDAN, process=None):
    option = ql.VanillaOption(PUT, exercise)
    if process is not None:
        option.setPricingEngine(ql.FdBlackScholesVanillaEngine(process, 400, 400))
    return option


@pytest.mark.slow
def test_bermudan_puts_on_curves_have_quantlibs_greeks():
    option = put(process=black_scholes())
    result = lg.quantlib.greeks(option, black_scholes(), ["delta", "vega", "rho"], paths=50_000, seed=3)
    h = {"vol": 0.01, "rate": 0.001}

    def bumped(name):
        up, down = (put(process=black_scholes(**{name: s * h[name]})).NPV() for s in (1, -1))
        return (up - down) / (2 * h[name])

    known = {"price": option.NPV(), "delta": option.delta(), "vega": bumped("vol"), "rho": bumped("rate")}
    for name, value in known.items():
        found = result[name]
        assert found.standard_error < 0.01 * abs(value)
        assert abs(found.value - value) < 4.0 * found.standard_error + found.bias + 1e-3 * abs(value)
        assert found.bias < 0.005 * abs(value)
    assert "exercised on 5 dates by the best rule" in result.diagnostics.remarks


def test_american_puts_are_exercised_on_a_grid_and_it_is_said():
    american = put(ql.AmericanExercise(TODAY, EXPIRY))
    found = read(american, flat())
    assert len(found.payoff.times) == 92  # every fourth day up to the expiry
    assert found.payoff.times[-1] == 1.0
    assert "not at any time" in found.remarks[0]
    weekly = read(american, flat(), monitoring="monthly", calendar=ql.TARGET())
    assert 12 <= len(weekly.payoff.times) <= 13
    late = read(put(ql.AmericanExercise(TODAY + 200, EXPIRY)), flat(), monitoring="monthly", calendar=ql.TARGET())
    assert late.payoff.times[0] >= 200 / 365


def test_early_exercise_under_stochastic_volatility_is_refused():
    with pytest.raises(TypeError, match="the best rule would look at what it draws beneath"):
        lg.quantlib.greeks(put(), heston(), ["delta"], paths=2048, seed=1)
    with pytest.raises(ValueError, match="calendar must not be given without monitoring"):
        read(put(ql.AmericanExercise(TODAY, EXPIRY)), flat(), calendar=ql.TARGET())


@pytest.mark.parametrize("kind", [ql.Option.Put, ql.Option.Call])
def test_bounds_with_a_cash_dividend_hold_quantlibs_value_between_them(kind):
    option = ql.VanillaOption(ql.PlainVanillaPayoff(kind, 100.0), BERMUDAN)
    dividends = [ql.FixedDividend(6.0, TODAY + 150)]
    scheme, model = ql.FdmSchemeDesc.Douglas(), ql.FdBlackScholesVanillaEngine.Spot
    engine = ql.FdBlackScholesVanillaEngine(flat(), dividends, 200, 400, 0, scheme, False, -1.0, model)
    option.setPricingEngine(engine)
    law = lg.GBM(spot=97.0, volatility=0.23, rate=0.03, dividend_yield=0.013, dividends=((150 / 365, 6.0),))
    payoff = lg.Put(100.0, 1.0) if kind == ql.Option.Put else lg.Call(100.0, 1.0)
    contract = lg.Bermudan(payoff, [73 * k / 365 for k in range(1, 5)], rule_paths=8192)
    found = lg.greeks(law, contract, [], paths=1024, seed=1)
    low, high, value = found.lower_bound, found.upper_bound, option.NPV()
    assert low.standard_error < 0.005 * value
    assert low.value - 3.0 * low.standard_error < value < high.value + 3.0 * high.standard_error
    assert high.value < 1.01 * value
