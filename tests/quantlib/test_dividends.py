"""Cash dividends of the bridge: the values of QuantLib's finite differences (model Spot), and nothing else silently."""

import pytest
import QuantLib as ql

import likelihood_greeks as lg
from tests.quantlib.test_bridge import TODAY, black_scholes, evaluation_date, flat, sloped, spot, term  # noqa: F401

PAID = [(100, 3.0), (280, 4.5)]


def fixed(*paid):
    return [ql.FixedDividend(amount, TODAY + days) for days, amount in paid or PAID]


def call(strike=95.0, days=365):
    return ql.VanillaOption(ql.PlainVanillaPayoff(ql.Option.Call, strike), ql.EuropeanExercise(TODAY + days))


def finite_differences(process, paid=PAID):
    return ql.FdBlackScholesVanillaEngine(
        process, ql.DividendSchedule(fixed(*paid)), 400, 800, 0, ql.FdmSchemeDesc.Douglas(), False, -1.0,
        ql.FdBlackScholesVanillaEngine.Spot,
    )  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(
    "process", [black_scholes(), black_scholes(rate=sloped(0.0, 0.06, years=1), vol=term())], ids=["flat", "curves"]
)
def test_values_are_those_of_quantlibs_model_spot(process):
    option = call()
    option.setPricingEngine(finite_differences(process))
    result = lg.quantlib.greeks(option, process, ["delta", "gamma"], dividends=fixed(), paths=200_000, seed=1)
    for greek, expected in {"price": option.NPV(), "delta": option.delta(), "gamma": option.gamma()}.items():
        estimate = result[greek]
        assert abs(estimate.value - expected) < 4.0 * estimate.standard_error + 2e-4 * expected, greek
        assert estimate.standard_error < 0.01 * expected, greek
    assert "2 cash dividends" in " ".join(result.diagnostics.remarks)
    assert not any("engine" in remark for remark in result.diagnostics.remarks)
    ignored = lg.quantlib.greeks(option, process, ["delta"], paths=50_000, seed=1)
    assert "cash dividends" in ignored.diagnostics.remarks[0]  # the engine knew something


def test_every_form_of_them_is_the_same_and_those_of_the_past_are_in_the_spot():
    process, days = black_scholes(), [TODAY + days for days, _ in PAID]
    amounts = [amount for _, amount in PAID]
    own = [ql.DividendVector(days, amounts)] if hasattr(ql, "DividendVector") else []  # newer bindings have it
    forms = [
        fixed(), ql.DividendSchedule(fixed()), *own, list(zip(days, amounts, strict=True)),
        [*reversed(fixed()), ql.FixedDividend(50.0, TODAY), ql.FixedDividend(50.0, TODAY - 10)],
        fixed((100, 1.0), (100, 2.0), (280, 4.5)),
    ]  # fmt: skip
    found = [lg.quantlib.read(call(), process, dividends=form) for form in forms]
    for reading in found:
        assert reading.model.dividends == ((100 / 365, 3.0), (280 / 365, 4.5))
    assert "2 went ex by the reference date" in " ".join(found[-2].remarks)


def test_curves_are_honoured_on_ex_dates_and_the_payoff_keeps_its_own_dates():
    process = black_scholes(rate=sloped(0.0, 0.06, years=1), vol=term())
    reading = lg.quantlib.read(call(), process, dividends=fixed())
    assert reading.payoff.times == (1.0,)
    expected = process.riskFreeRate().discount(TODAY + 100)
    assert reading.model.discount(100 / 365) == pytest.approx(expected, rel=1e-12)
    own = lg.quantlib.read(
        lg.Asian(95.0, [0.25, 0.5, 1.0], "call"), black_scholes(rate=sloped(0.0, 0.06, years=1)), dividends=fixed()
    )
    assert own.payoff.times == (0.25, 0.5, 1.0)
    assert [time for time, _ in own.model.dividends] == [100 / 365, 280 / 365]


def test_what_is_no_cash_dividend_is_refused():
    process = black_scholes()
    share = ql.FractionalDividend(0.02, TODAY + 100)
    for shares in ([share], ql.DividendSchedule([share])):
        with pytest.raises(ValueError, match=r"dividends\[0\] must be a fixed amount"):
            lg.quantlib.read(call(), process, dividends=shares)
    for wrong in ("7", 7.0, [7.0], [(0.5, 7.0)], ql.FixedDividend(7.0, TODAY + 100)):
        with pytest.raises(TypeError, match="dividends must be a list of"):
            lg.quantlib.read(call(), process, dividends=wrong)
    with pytest.raises(ValueError, match="amount must be non-negative"):
        lg.quantlib.read(call(), process, dividends=[(TODAY + 100, -1.0)])
    heston = ql.HestonProcess(flat(0.03), flat(0.01), spot(), 0.04, 1.5, 0.04, 0.5, -0.7)
    with pytest.raises(ValueError, match="Heston's law has no cash dividends"):
        lg.quantlib.read(call(), heston, dividends=fixed())
