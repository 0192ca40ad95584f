"""A gradient at one date of each path: what it says of every Greek is what the same says date by date."""

import numpy as np
import pytest

import likelihood_greeks as lg
from likelihood_greeks.controls.handover import Handover
from likelihood_greeks.controls.moved_payoff import MovedPayoff
from likelihood_greeks.controls.skeletons import Skeletons
from likelihood_greeks.estimators.likelihood_ratio import weigh
from likelihood_greeks.models.moves import LIKELIHOOD_RATIO
from likelihood_greeks.parameters import TIME
from likelihood_greeks.payoffs.relaxed.tape import OneDate, dense
from tests.support.gates import draw
from tests.support.motions import relaxed

WEEKS = lg.schedule(0.5, per_year=52)
HIGHEST, LOWEST = (lg.Lookback(WEEKS, kind, strike=100.0) for kind in ("call", "put"))
FLAT = lg.GBM(spot=100.0, volatility=0.25, rate=0.03, dividend_yield=0.01)
STEEP = lg.TermStructureGBM(
    spot=100.0, times=[0.2, 0.6], volatilities=[0.3, 0.2], zero_rates=[0.01, 0.04], dividend_yields=[0.0, 0.0]
)


@pytest.mark.parametrize("model", [FLAT, STEEP], ids=["flat", "a clock that turns"])
@pytest.mark.parametrize("payoff", [HIGHEST, LOWEST], ids=["highest", "lowest"])
@pytest.mark.parametrize("scored", [(), (4, 12)], ids=["pathwise", "a skeleton"])
def test_one_date_of_each_path_and_all_dates_give_the_same_controls(model, payoff, scored):
    names = [(name,) for name in (*model.parameters, TIME)]
    greeks = [*names, ("spot", "spot"), ("spot", "volatility")]
    drawn = weigh(model, draw(model, np.asarray(WEEKS), 60, 3), greeks)
    value, slopes = relaxed(payoff).evaluate(payoff, drawn.spot, lambda _: np.array([0.97]))
    assert isinstance(slopes, OneDate)
    ways = [MovedPayoff(Skeletons(drawn), value, rows) for rows in (slopes, dense(slopes))]
    one, all_dates = (moved.controls([{d: 1.0} for d in greeks], Handover(scored, LIKELIHOOD_RATIO)) for moved in ways)
    np.testing.assert_allclose(one, all_dates, rtol=1e-10, atol=1e-10 * np.abs(all_dates).max())
    assert (np.abs(one[:-2]).max(axis=1) > 0.0).all()


def test_a_gradient_at_one_date_is_that_of_differences():
    rng, h = np.random.default_rng(2), 1e-6
    spot = 100.0 * np.exp(0.1 * rng.standard_normal((len(WEEKS), 40)).cumsum(axis=0))
    value, slopes = relaxed(HIGHEST).evaluate(HIGHEST, spot, lambda _: np.ones(1))
    found = dense(slopes)
    for date in (0, 7, len(WEEKS) - 1):
        moved = spot.copy()
        moved[date] *= 1.0 + h
        np.testing.assert_allclose(found[date], (HIGHEST(moved) - value) / h, atol=1e-3)
