"""Cash dividends, spot model: prices and Greeks against quadrature and QuantLib, what is known, what is refused."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

import likelihood_greeks as lg
from likelihood_greeks.controls.handed_over import HandedOver
from likelihood_greeks.controls.handover import Gradual, Handover
from likelihood_greeks.controls.protocol import Scene, SharedPaths, rows
from likelihood_greeks.controls.widths import ladder
from likelihood_greeks.estimate import Moments
from likelihood_greeks.estimators.likelihood_ratio import weigh
from likelihood_greeks.models.capabilities import knows_vanillas
from likelihood_greeks.models.moves import IndependentSteps, Moves, StateSteps
from likelihood_greeks.payoffs.relaxed.tape import Tape
from likelihood_greeks.streams.chunks import Chunk
from likelihood_greeks.validation import closed_form
from tests.support.dividend_reference import World

ql = pytest.importorskip("QuantLib")

ONE = lg.GBM(spot=100.0, volatility=0.3, rate=0.06, dividends=((0.5, 7.0),))
TWO = lg.GBM(spot=97.0, volatility=0.25, rate=0.04, dividend_yield=0.015, dividends=((0.2, 3.0), (0.7, 4.5)))
STEEP = lg.GBM(spot=97.0, volatility=0.6, rate=0.04, dividend_yield=0.015, dividends=((0.3, 45.0), (0.7, 20.0)))
CURVES = lg.TermStructureGBM(
    spot=97.0, times=[0.2, 0.7, 1.5], zero_rates=[0.04] * 3, dividend_yields=[0.015] * 3, volatilities=[0.25] * 3,
    dividends=TWO.dividends,
)  # fmt: skip
PAYOFFS = {"call": lg.Call, "put": lg.Put, "digital": lg.DigitalCall}
GREEKS = {
    "price": (), "delta": ("spot",), "vega": ("volatility",), "rho": ("rate",), "dividend_rho": ("dividend_yield",),
    "theta": ("time",), "gamma": ("spot", "spot"), "dividend[0]": ("dividend[0]",), "dividend[1]": ("dividend[1]",),
}  # fmt: skip


def world(law, kind, strike, maturity):
    return World(law.spot, law.volatility, law.rate, law.dividend_yield, law.dividends, strike, maturity, kind)


def assert_both_gates(law, exact, kind, strike, maturity, greeks, paths=100_000, share=0.02, seed=1):
    """Every Greek within 4 errors, these being small; 1.1 times the exact value would be seen, in most."""
    result = lg.greeks(
        law, PAYOFFS[kind](strike, maturity), [g for g in greeks if g != "price"], paths=paths, seed=seed
    )
    seen = 0
    for greek in greeks:
        expected = exact.value() if greek == "price" else exact.derivative(*GREEKS[greek])
        estimate = result[greek]
        assert abs(estimate.value - expected) < 4.0 * estimate.standard_error, (greek, estimate, expected)
        scale = share * max(abs(expected), 0.02 * law.spot if kind != "digital" else 0.02)
        assert estimate.standard_error < scale, (greek, estimate, expected)
        seen += abs(estimate.value - 1.1 * expected) > 4.0 * estimate.standard_error
    assert seen > len(greeks) / 2


# -- against what needs no Monte Carlo ---------------------------------------------------------------------------------


def test_the_quadrature_agrees_with_published_numbers_and_with_quantlib():
    at = world(ONE, "call", 100.0, 1.0)  # independent values of this contract to seven digits
    assert at.value() == pytest.approx(11.106242, abs=1e-6)
    assert at.derivative("spot") == pytest.approx(0.545385, abs=1e-6)
    assert at.derivative("dividend[0]") == pytest.approx(-0.469255, abs=1e-6)
    finite_differences = quantlib_value([(100, 3.0), (280, 4.0)])
    law = replace(ONE, dividend_yield=0.01, dividends=((100 / 365, 3.0), (280 / 365, 4.0)))
    expected = world(law, "call", 100.0, 1.0)
    assert finite_differences == pytest.approx((expected.value(), expected.derivative("spot")), rel=5e-5)


def quantlib_value(dividends):
    """Value and delta by QuantLib's finite differences, cash dividend model `Spot`."""
    today, days = ql.Date(1, 1, 2026), ql.Actual365Fixed()
    ql.Settings.instance().evaluationDate = today
    rate, dividend = (ql.YieldTermStructureHandle(ql.FlatForward(today, level, days)) for level in (0.06, 0.01))
    volatility = ql.BlackVolTermStructureHandle(ql.BlackConstantVol(today, ql.NullCalendar(), 0.3, days))
    process = ql.BlackScholesMertonProcess(ql.QuoteHandle(ql.SimpleQuote(100.0)), dividend, rate, volatility)
    option = ql.VanillaOption(ql.PlainVanillaPayoff(ql.Option.Call, 100.0), ql.EuropeanExercise(today + 365))
    paid = ql.DividendSchedule([ql.FixedDividend(amount, today + day) for day, amount in dividends])
    engine = ql.FdBlackScholesVanillaEngine(
        process, paid, 400, 800, 0, ql.FdmSchemeDesc.Douglas(), False, -1.0, ql.FdBlackScholesVanillaEngine.Spot
    )
    option.setPricingEngine(engine)
    return option.NPV(), option.delta()


@pytest.mark.slow
@pytest.mark.parametrize("kind", PAYOFFS)
@pytest.mark.parametrize("law", [ONE, TWO, CURVES], ids=["one", "two", "curves"])
def test_greeks_of_europeans_agree_with_quadrature(law, kind):
    flat = law if isinstance(law, lg.GBM) else TWO
    greeks = [g for g in GREEKS if g != "dividend[1]" or len(law.dividends) > 1]
    greeks = [g for g in greeks if kind != "digital" or g not in ("gamma", "vega", "theta", "dividend_rho")]
    assert_both_gates(
        law, world(flat, kind, 95.0, 1.1), kind, 95.0, 1.1, greeks, share=0.06 if kind == "digital" else 0.02
    )


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["call", "put"])
def test_a_spot_that_dividends_may_take_all_of_stays_at_zero_and_its_greeks_are_right(kind):
    zero = (STEEP.simulate([0.3, 0.5, 0.7, 1.0], Chunk(1, 0, 20_000).stream()).spot == 0.0).mean(axis=1)
    assert np.all(zero[:3] > [0.01, 0.01, 0.1])
    assert zero[0] == zero[1]
    assert zero[2] == zero[3]
    assert_both_gates(STEEP, world(STEEP, kind, 60.0, 1.0), kind, 60.0, 1.0, GREEKS, paths=400_000, share=0.05)


@pytest.mark.slow
def test_second_derivatives_with_dividends_agree_with_quadrature():
    exact = world(TWO, "call", 95.0, 1.1)
    pairs = [
        ("spot", "dividend[0]"),
        ("volatility", "dividend[1]"),
        ("dividend[0]", "dividend[1]"),
        ("spot", "volatility"),
    ]
    result = lg.greeks(TWO, lg.Call(95.0, 1.1), pairs, paths=400_000, seed=4)
    for pair in pairs:
        estimate, expected = result[":".join(pair)], exact.derivative(*pair)
        assert abs(estimate.value - expected) < 4.0 * estimate.standard_error, (pair, estimate, expected)
        assert estimate.standard_error < 0.1 * abs(expected), (pair, estimate, expected)


# -- dates -------------------------------------------------------------------------------------------------------------


def test_an_observation_on_the_ex_date_sees_the_spot_without_the_dividend():
    stream = Chunk(3, 0, 100_000).stream
    on, before = (ONE.simulate([time], stream()).spot[0].mean() for time in (0.5, 0.5 - 1e-6))
    assert before - on == pytest.approx(7.0, abs=0.01)
    assert ONE.forward(0.5 - 1e-6) - ONE.forward(0.5) == pytest.approx(7.0, abs=1e-3)
    option = lg.greeks(ONE, lg.Call(93.0, 0.5), ["dividend[0]"], paths=100_000, seed=1)
    plain = replace(ONE, dividends=())
    assert option["price"].z_score(closed_form.greek(plain, lg.Call(100.0, 0.5), "price")) < 4.0
    strike = -closed_form.price(plain, lg.Call(100.0, 0.5)).derivative("rate") / 50.0 / 1.0  # dC/dK = -rho / (K T)
    assert abs(option["dividend[0]"].z_score(strike)) < 4.0
    assert abs(option["dividend[0]"].z_score(1.05 * strike)) > 4.0


def test_before_the_first_ex_date_all_is_as_without_dividends_bit_by_bit():
    plain, times = replace(ONE, dividends=()), (0.1, 0.3, 0.49)
    barrier = lg.Barrier(lg.Call(95.0, 0.49), 88.0, "down", "out", times)
    ours, theirs = (lg.greeks(law, barrier, ["delta", "vega"], paths=20_000, seed=1) for law in (ONE, plain))
    for greek in ("price", "delta", "vega"):
        assert (ours[greek].value, ours[greek].standard_error) == (theirs[greek].value, theirs[greek].standard_error)
    assert lg.greeks(ONE, barrier, ["dividend[0]"], paths=4096, seed=1)["dividend[0]"].value == 0.0
    exact = lg.greeks(ONE, lg.Call(95.0, 0.49), ["delta", "dividend[0]"], seed=1, closed_form=True)
    assert exact["delta"].value == pytest.approx(closed_form.greek(plain, lg.Call(95.0, 0.49), "delta"), rel=1e-13)
    assert exact["dividend[0]"].value == 0.0


def test_beyond_the_first_ex_date_no_closed_form_is_claimed():
    assert knows_vanillas(ONE, 0.49)
    assert not knows_vanillas(ONE, 0.5)
    for law in (ONE, CURVES):
        assert law.european_jet(100.0, (0.0, 0.0), (-100.0, 1.0), 1.0) is None
        with pytest.raises(ValueError, match="before the first ex-date"):
            law.vanilla_jets(100.0, 1.0)
        with pytest.raises(ValueError, match="before the first ex-date"):
            law.average_jets(100.0, [0.1, 1.0])
        with pytest.raises(TypeError, match="no dividend by the maturity"):
            closed_form.price(law, lg.Call(100.0, 1.0))
    result = lg.greeks(ONE, lg.Call(100.0, 1.0), ["delta"], paths=4096, seed=1, closed_form=True)
    assert result["price"].standard_error > 0.0
    with pytest.raises(ValueError, match="small beside the spot"):
        STEEP.forward(1.0)
    assert ONE.forward(1.0) == pytest.approx(100.0 * np.exp(0.06) - 7.0 * np.exp(0.03), rel=1e-14)


def test_time_brings_ex_dates_nearer_and_does_not_pass_them():
    assert ONE.later(0.2).dividends == ((0.3, 7.0),)
    with pytest.raises(ValueError, match="before the first ex-date"):
        ONE.later(0.5)


# -- how paths travel --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ClaimsIndependence:
    """A law with dividends that says that its steps are independent, which is not true."""

    law: lg.GBM

    def __getattr__(self, name):
        return getattr(self.law, name)

    def moves(self, paths):
        own = self.law.moves(paths)
        return Moves(own.noise, own.variance, own.law, IndependentSteps())


DATES = (0.2, 0.4, 0.7, 1.1)  # ex-dates among them, so that steps and observations are the same
BARRIER = lg.Barrier(lg.Call(95.0, 1.1), 85.0, "down", "out", DATES)
NAMES = [(name,) for name in (*TWO.parameters, "time")]


def controls_of(model, ways, payoff=BARRIER, n_paths=100_000):
    """Moments of the relaxed payoff handed over in several ways, (n_names, n_ways)."""
    trial = model.simulate(payoff.times, Chunk(1, 0, 4096).stream())
    relaxation = ladder(payoff, trial.spot, np.random.default_rng(1), Tape(lambda *_: 0.0))[1]
    paths = model.simulate(payoff.times, Chunk(5, 0, n_paths).stream())
    scene = Scene(SharedPaths(model, weigh(model, paths, NAMES)), payoff, trial=True)
    return Moments.of(rows([HandedOver(relaxation, way) for way in ways], scene, [{name: 1.0} for name in NAMES]))


@pytest.mark.slow
@pytest.mark.parametrize("law", [TWO, STEEP], ids=["two", "steep"])
def test_paths_with_dividends_travel_rightly_at_every_rate(law):
    between = lg.Barrier(lg.Call(60.0, 1.0), 50.0, "down", "out", (0.1, 0.5, 1.0))
    for payoff in (BARRIER, between):
        found = controls_of(law, [Gradual(0.0), Gradual(1.5), Gradual(8.0)], payoff)
        assert np.all(found.standard_error > 0.0)
        assert np.all(np.abs(found.mean) < 4.0 * found.standard_error), found.mean / found.standard_error


def test_the_way_of_independent_steps_would_be_biased():
    law = replace(TWO, dividends=((0.2, 12.0), (0.7, 9.0)))
    found = controls_of(ClaimsIndependence(law), [Handover(())])
    z = np.abs(found.mean[[0, 2]] / found.standard_error[[0, 2]])  # of delta and rho
    assert np.all(z > 6.0), z
    assert isinstance(law.moves(law.simulate(DATES, Chunk(1, 0, 4).stream())).path, StateSteps)
    early = law.moves(law.simulate((0.1, 0.15), Chunk(1, 0, 4).stream()))
    assert isinstance(early.path, IndependentSteps)  # rightly so: nothing is paid yet


@pytest.mark.slow
def test_controls_leave_less_noise_and_every_sampling_runs():
    greeks = ["delta", "vega", "dividend[0]", "gamma"]
    fine = lg.greeks(TWO, BARRIER, greeks, paths=40_000, seed=2)
    assert any("relaxed" in name for name in fine.diagnostics.controls["control"])
    for sampling in ("antithetic", "sobol"):
        other = lg.greeks(TWO, BARRIER, greeks, paths=32_768, seed=3, sampling=sampling)
        for name in greeks:
            error = np.hypot(fine[name].standard_error, other[name].standard_error)
            assert abs(fine[name].value - other[name].value) < 4.0 * error, (sampling, name)
    for name in greeks[:3]:
        assert fine[name].variance_ratio > 4.0, name


def test_scenarios_move_dividends_and_time():
    frame = lg.scenarios(
        ONE, lg.Call(100.0, 1.0), {"dividend[0]": [5.0, 7.0], "time": [0.0, 0.1]}, paths=60_000, seed=1
    ).to_frame()
    assert len(frame) == 4
    for (amount, elapsed), row in frame.iterrows():
        expected = world(ONE, "call", 100.0, 1.0).moved({"dividend[0]": amount - 7.0, "time": elapsed}).value()
        assert abs(row["price"] - expected) < 4.0 * row["price_standard_error"]


# -- refusals ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dividends", "message"),
    [
        ([0.5, 7.0], "pairs of an ex-date"),
        ("0.5", "pairs of an ex-date"),
        ([(0.5, -1.0)], r"dividends\[0\] amount must be non-negative"),
        ([(0.0, 1.0)], r"dividends\[0\] ex-date must be positive"),
        ([(0.5, 1.0), (0.5, 2.0)], "increasing ex-dates"),
        ([(0.5, np.nan)], "amount"),
    ],
)
def test_dividends_that_cannot_be_are_refused(dividends, message):
    with pytest.raises(ValueError, match=message):
        lg.GBM(spot=100.0, volatility=0.2, dividends=dividends)


def test_a_dividend_that_is_not_there_is_no_greek():
    with pytest.raises(ValueError, match="greek must be one of"):
        lg.greeks(ONE, lg.Call(100.0, 1.0), ["dividend[1]"], seed=1)
    assert ONE.parameters[-1] == "dividend[0]"
    assert getattr(ONE, "dividend[0]") == 7.0
    with pytest.raises(AttributeError, match=r"dividend\[1\]"):
        getattr(ONE, "dividend[1]")
