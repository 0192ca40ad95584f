"""Bad arguments are refused at construction: the field, the requirement and the value are named."""

import numpy as np
import pytest

import likelihood_greeks as lg
from tests.support.gates import MODEL

CALL = lg.Call(100.0, 1.0)
NAN, INF = float("nan"), float("inf")

BAD = [
    (lambda x: lg.GBM(spot=x, volatility=0.2), "spot", [0.0, -1.0, NAN, INF]),
    (lambda x: lg.GBM(spot=100.0, volatility=x), "volatility", [0.0, -0.2, NAN, INF]),
    (lambda x: lg.GBM(spot=100.0, volatility=0.2, rate=x), "rate", [NAN, INF, -INF]),
    (lambda x: lg.GBM(spot=100.0, volatility=0.2, dividend_yield=x), "dividend_yield", [NAN, INF]),
    (lambda x: lg.Call(x, 1.0), "strike", [0.0, -5.0, NAN, INF]),
    (lambda x: lg.Put(100.0, x), "maturity", [0.0, -1.0, NAN, INF]),
    (lambda x: lg.DigitalCall(100.0, 1.0, cash=x), "cash", [NAN, INF]),
    (lambda x: lg.GapPut(100.0, x, 1.0), "trigger", [0.0, NAN]),
    (lambda x: lg.Barrier(CALL, x, "up", "out", [1.0]), "level", [0.0, NAN, INF]),
    (lambda x: lg.Barrier(CALL, 120.0, x, "out", [1.0]), "direction", ["sideways", "Up", None]),
    (lambda x: lg.Barrier(CALL, 120.0, "up", x, [1.0]), "knock", ["through", ""]),
    (lambda x: lg.Barrier(CALL, 120.0, "up", "out", x), "times", [[], [0.5, 0.5], [0.0, 1.0], [NAN], [0.5, 1.5], 1.0]),
    (lambda x: lg.Barrier(CALL, 120.0, "up", "out", [1.0], rebate=x), "rebate", [NAN, INF]),
    (lambda x: lg.Barrier(CALL, 120.0, "up", "out", [0.5], monitor_maturity=x), "monitor_maturity", [True]),
    (lambda x: lg.DoubleBarrier(CALL, 90.0, x, "out", [1.0]), "upper", [90.0, 80.0, NAN]),
    (lambda x: lg.Asian(x, [0.5, 1.0]), "strike", [0.0, NAN]),
    (lambda x: lg.Asian(100.0, [0.5, 1.0], kind=x), "kind", ["straddle"]),
    (lambda x: lg.Asian(100.0, [0.5, 1.0], average=x), "average", ["harmonic"]),
    (lambda x: lg.Lookback([0.5, 1.0], "call", strike=x), "strike", [-1.0, NAN]),
    (lambda x: lg.Cliquet([0.5, 1.0], 100.0, -0.1, x, 0.0, 1.0), "local_cap", [-0.2, NAN]),
    (lambda x: lg.Payoff(lambda s: s[-1], times=x), "times", [[], [1.0, 0.5], [-1.0], [INF]]),
    (lambda x: lg.schedule(x, 12), "maturity", [0.0, NAN]),
    (lambda x: lg.schedule(1.0, x), "per_year", [0.0, NAN, 1e9]),
    (lambda x: lg.greeks(MODEL, CALL, paths=x), "paths", [0, 1, -5]),
    (lambda x: lg.greeks(MODEL, CALL, seed=x), "seed", [-1]),
    (lambda x: lg.greeks(MODEL, CALL, sampling=x), "sampling", ["sobol-ish", None]),
    (lambda x: lg.greeks(MODEL, CALL, controls=x), "controls", ["all", None]),
    (lambda x: lg.greeks(MODEL, CALL, paths=7, sampling=x), "paths", ["antithetic"]),
    (lambda x: lg.greeks(MODEL, CALL, [x]), "greek", ["deltta", ("spot", "skew"), ("spot",) * 3]),
    (lambda x: lg.finite_difference(MODEL, CALL, bump=x), "bump", [0.0, 0.5, NAN]),
]  # fmt: skip


@pytest.mark.parametrize(("make", "field", "value"), [(m, f, v) for m, f, values in BAD for v in values])
def test_bad_value_is_refused_with_field_and_value(make, field, value):
    with pytest.raises(ValueError, match=field) as caught:
        make(value)
    message = str(caught.value)
    assert "must" in message
    assert "got" in message


@pytest.mark.parametrize("value", ["100", None, True, [100.0]])
def test_things_that_are_not_numbers_are_type_errors(value):
    with pytest.raises(TypeError, match="spot must be a real number"):
        lg.GBM(spot=value, volatility=0.2)


def test_wrong_kinds_of_objects_are_type_errors():
    with pytest.raises(TypeError, match="simulate"):
        lg.greeks(object(), CALL)
    with pytest.raises(TypeError, match="payoff"):
        lg.greeks(MODEL, lambda spot: spot[-1])
    with pytest.raises(TypeError, match="function must be callable"):
        lg.Payoff(3.0, times=[1.0])
    with pytest.raises(TypeError, match="option must be a European payoff"):
        lg.Barrier(lg.Asian(100.0, [1.0]), 120.0, "up", "out", [1.0])
    with pytest.raises(TypeError, match=r"write \['delta'\]"):
        lg.greeks(MODEL, CALL, "delta")
    with pytest.raises(TypeError, match="paths must be a whole number"):
        lg.greeks(MODEL, CALL, paths=1e5)


@pytest.mark.parametrize(
    ("function", "extremes", "says"),
    [
        (
            lambda low, high: high - low,
            "both",
            r"spots, which have \.low and \.high, got 'a function of \(low, high\)'",
        ),
        (lambda spot, low: low, "low", r"spots, which have \.low, got"),
        (lambda: 1.0, None, "function must take one argument, the spots, got"),
    ],
)
def test_a_function_that_does_not_take_the_spots_alone_is_refused(function, extremes, says):
    with pytest.raises(ValueError, match=says):
        lg.Payoff(function, [1.0], extremes=extremes)


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda s: s[-1].mean(), "shape"),
        (lambda s: np.concatenate([s, s]), "shape"),
        (lambda s: np.where(s[-1] > 100.0, np.nan, 1.0), "finite"),
        (lambda s: np.where(s[-1] > 100.0, np.inf, 1.0), "finite"),
    ],
)
def test_a_user_payoff_with_bad_cash_flows_is_refused(function, message):
    with pytest.raises(ValueError, match=message):
        lg.greeks(MODEL, lg.Payoff(function, times=[0.5, 1.0]), ["delta"], paths=1000, seed=1)
