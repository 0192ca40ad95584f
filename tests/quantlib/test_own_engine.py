"""The instrument's own engine: compared where it has a value, and said to differ only where it does."""

import pytest
import QuantLib as ql

import likelihood_greeks as lg

TODAY, DAYS = ql.Date(15, 6, 2023), ql.Actual365Fixed()
CALL, EXPIRY = ql.PlainVanillaPayoff(ql.Option.Call, 100.0), ql.EuropeanExercise(TODAY + 300)
KNOCK = ql.Barrier.DownOut, 85.0, 0.0, CALL, EXPIRY

pytestmark = pytest.mark.skipif(
    not hasattr(ql.Instrument, "pricingEngine"), reason="this QuantLib does not show the engine of an instrument"
)


@pytest.fixture(autouse=True)
def evaluation_date():
    with ql.SavedSettings():
        ql.Settings.instance().evaluationDate = TODAY
        yield


def flat(rate):
    return ql.YieldTermStructureHandle(ql.FlatForward(TODAY, rate, DAYS))


def black_scholes(volatility=0.2):
    surface = ql.BlackConstantVol(TODAY, ql.NullCalendar(), volatility, DAYS)
    spot = ql.QuoteHandle(ql.SimpleQuote(100.0))
    return ql.BlackScholesMertonProcess(spot, flat(0.01), flat(0.03), ql.BlackVolTermStructureHandle(surface))


def cash_dividends():
    return [ql.FixedDividend(2.0, TODAY + 100), ql.FixedDividend(2.0, TODAY + 200)]


def local_volatility():
    """A process whose local volatility is not the one that its Black volatilities make."""
    local = ql.LocalVolTermStructureHandle(ql.LocalConstantVol(TODAY, 0.3, DAYS))
    plain = black_scholes()
    return ql.GeneralizedBlackScholesProcess(
        plain.stateVariable(), plain.dividendYield(), plain.riskFreeRate(), plain.blackVolatility(), local
    )


ENGINES = {
    "cash dividends": lambda: ql.AnalyticDividendEuropeanEngine(black_scholes(), cash_dividends()),
    "stochastic rates": lambda: ql.AnalyticBSMHullWhiteEngine(
        0.5, black_scholes(), ql.HullWhite(flat(0.03), 0.1, 0.05)
    ),
    "local volatility": lambda: ql.FdBlackScholesVanillaEngine(
        local_volatility(), 100, 200, 0, ql.FdmSchemeDesc.Douglas(), True
    ),
    "another volatility": lambda: ql.AnalyticEuropeanEngine(black_scholes(0.21)),
}


def compared(engine, option=None, paths=20_000, **terms):
    option = option or ql.VanillaOption(CALL, EXPIRY)
    option.setPricingEngine(engine)
    result = lg.quantlib.greeks(option, black_scholes(), [], paths=paths, seed=1, **terms)
    return [remark for remark in result.diagnostics.remarks if "own engine" in remark]


@pytest.mark.parametrize("made", ENGINES.values(), ids=ENGINES)
def test_an_engine_that_knows_more_is_said_to(made):
    (remark,) = compared(made())
    assert remark.startswith("the price ")
    assert "cash dividends, stochastic rates, a local volatility" in remark
    assert "another process, volatility or curve" in remark
    assert "observation at all times" not in remark


@pytest.mark.parametrize(
    "made",
    [
        lambda: ql.AnalyticEuropeanEngine(black_scholes()),
        lambda: ql.BinomialCRRVanillaEngine(black_scholes(), 801),
        lambda: ql.MCPREuropeanEngine(black_scholes(), timeSteps=1, requiredSamples=4000, seed=3),
    ],
    ids=["closed form", "tree", "paths"],
)
def test_an_engine_that_agrees_is_not_mentioned(made):
    assert compared(made()) == []


def test_an_engine_that_raises_is_said_to_and_breaks_nothing():
    (remark,) = compared(ql.AnalyticBarrierEngine(black_scholes()))
    assert remark.startswith("the instrument's own engine gives no value to compare with: ")


def test_an_instrument_without_an_engine_is_compared_with_nothing():
    result = lg.quantlib.greeks(ql.VanillaOption(CALL, EXPIRY), black_scholes(), [], paths=1000, seed=1)
    assert "engine" not in " ".join(result.diagnostics.remarks)


def test_continuous_observation_is_among_the_reasons_of_a_barrier():
    engine = ql.AnalyticBarrierEngine(black_scholes())
    (remark,) = compared(engine, ql.BarrierOption(*KNOCK), terms=KNOCK, monitoring=[TODAY + 150, TODAY + 300])
    assert "observation at all times and not on dates" in remark
