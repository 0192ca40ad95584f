"""A fixing on the evaluation date is open, as QuantLib counts it: the spot, and the Greeks in the spot know it."""

import numpy as np
import pytest
import QuantLib as ql
from scipy import stats

import likelihood_greeks as lg
from tests.support.gates import assert_estimates

DIFFERENCES = 1e-5  # share to which differences tell a Greek
TODAY, DAYS = ql.Date(15, 6, 2023), ql.Actual365Fixed()
RATE, DIVIDEND, VOLATILITY, SPOT, STRIKE = 0.06, 0.025, 0.2, 90.0, 88.0
LAST = TODAY + 330
PUT, CALL = (ql.PlainVanillaPayoff(kind, STRIKE) for kind in (ql.Option.Put, ql.Option.Call))


@pytest.fixture(autouse=True)
def evaluation_date():
    with ql.SavedSettings():
        ql.Settings.instance().evaluationDate = TODAY
        yield


def process(spot=SPOT):
    curves = (ql.YieldTermStructureHandle(ql.FlatForward(TODAY, rate, DAYS)) for rate in (DIVIDEND, RATE))
    surface = ql.BlackConstantVol(TODAY, ql.NullCalendar(), VOLATILITY, DAYS)
    quote = ql.QuoteHandle(ql.SimpleQuote(spot))
    return ql.BlackScholesMertonProcess(quote, *curves, ql.BlackVolTermStructureHandle(surface))


def asian(average, dates, payoff, known):
    terms = average, dates, payoff, ql.EuropeanExercise(LAST), known
    return ql.DiscreteAveragingAsianOption(*terms), terms


def run(average, dates, payoff, known=()):
    option, terms = asian(average, dates, payoff, list(known))
    return lg.quantlib.greeks(option, process(), ["delta", "gamma", "vega"], terms=terms, paths=40_000, seed=3)


def put_on_the_mean_of_two(spot, volatility=VOLATILITY):
    """Half a put on the last spot with what the spot of today leaves of twice the strike."""
    time, strike = 330 / 365, 2.0 * STRIKE - spot
    forward, deviation = spot * np.exp((RATE - DIVIDEND) * time), volatility * np.sqrt(time)
    d = np.log(forward / strike) / deviation - 0.5 * deviation
    undiscounted = strike * stats.norm.cdf(-d) - forward * stats.norm.cdf(-d - deviation)
    return 0.5 * np.exp(-RATE * time) * undiscounted


def by_differences(price, h=0.05):
    """Price, delta and gamma."""
    up, here, down = (price(SPOT + shift) for shift in (h, 0.0, -h))
    return {"price": here, "delta": (up - down) / (2.0 * h), "gamma": (up - 2.0 * here + down) / h**2}


def agree(result, exact):
    for greek, share in (("price", 0.01), ("delta", 0.01), ("gamma", 0.05)):
        bound = share * abs(exact[greek])
        assert_estimates(result[greek], exact[greek], max_standard_error=bound, known_to=DIFFERENCES)


@pytest.mark.parametrize("known", [(), (87.0,)], ids=["not stated", "stated, which QuantLib does not use"])
def test_an_open_fixing_moves_with_the_spot(known):
    result = run(ql.Average.Arithmetic, [TODAY, LAST], PUT, known)
    exact = by_differences(put_on_the_mean_of_two)
    agree(result, exact)
    vega = (put_on_the_mean_of_two(SPOT, 0.201) - put_on_the_mean_of_two(SPOT, 0.199)) / 0.002
    assert_estimates(result["vega"], vega, max_standard_error=0.01 * vega, known_to=DIFFERENCES)
    remarks = " ".join(result.diagnostics.remarks)
    assert "today's fixing is open, as QuantLib counts it" in remarks
    assert ("the one stated, 87, is not used" in remarks) == bool(known)
    with pytest.raises(AssertionError):  # negative control: the fixing as a constant
        agree(result, {**exact, "delta": 0.5 * exact["delta"]})


@pytest.mark.parametrize("known", [(), (95.0, 91.0)], ids=["new", "with a past"])
def test_geometric_averages_with_an_open_fixing_are_those_of_quantlib(known):
    past = [TODAY - 60, TODAY - 30][: len(known)]
    dates = [*past, TODAY, TODAY + 100, TODAY + 200, LAST]
    result = run(ql.Average.Geometric, dates, CALL, known)

    def theirs(spot):
        option, _ = asian(ql.Average.Geometric, dates, CALL, list(known))
        option.setPricingEngine(ql.AnalyticDiscreteGeometricAveragePriceAsianEngine(process(spot)))
        return option.NPV()

    agree(result, by_differences(theirs))


@pytest.mark.parametrize(("average", "per_spot"), [("Arithmetic", 0.5), ("Geometric", 0.5 * np.sqrt(92.0 / 90.0))])
def test_an_average_that_is_made_is_an_amount_that_moves_with_the_open_fixing(average, per_spot):
    result = run(getattr(ql.Average, average), [TODAY - 30, TODAY], CALL, [92.0])
    discount = np.exp(-RATE * 330 / 365)
    mean = 91.0 if average == "Arithmetic" else np.sqrt(92.0 * 90.0)
    assert result["price"].value == pytest.approx(discount * (mean - STRIKE))
    assert result["delta"].value == pytest.approx(discount * per_spot)
    assert result["price"].standard_error == 0.0
    past = run(getattr(ql.Average, average), [TODAY - 30, TODAY - 1], CALL, [92.0, 90.0])
    assert past["price"].value == pytest.approx(discount * (mean - STRIKE))
    assert past["delta"].value == 0.0


@pytest.mark.parametrize(
    ("dates", "known", "says"),
    [
        ([TODAY - 30, TODAY, LAST], [], "allPastFixings must hold the 1 fixings before 2023-06-15"),
        ([TODAY - 30, TODAY, LAST], [90.0, 91.0, 92.0], "allPastFixings must hold the 1 fixings before"),
        (
            [TODAY - 30, TODAY, LAST],
            [2.0 * STRIKE + STRIKE - SPOT],
            "payoff must have a strike that the fix",
        ),
        ([TODAY - 30, TODAY], [2.0 * STRIKE - SPOT], "payoff must have a strike that is not the average"),
    ],
)
def test_what_is_missing_or_undecided_is_refused(dates, known, says):
    with pytest.raises(ValueError, match=f"^{says}"):
        run(ql.Average.Arithmetic, dates, PUT, known)
