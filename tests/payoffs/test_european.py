"""Options on the final spot state their pieces; whoever states them gets closed forms, and false ones are refused."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

import likelihood_greeks as lg
from likelihood_greeks.payoffs.european import European, Pieces, pieces
from likelihood_greeks.validation import closed_form, quadrature

T = 0.75
EUROPEANS = [
    lg.Call(97.0, T),
    lg.Put(97.0, T),
    lg.DigitalCall(100.0, T, cash=-7.0),
    lg.DigitalPut(100.0, T, cash=7.0),
    lg.AssetOrNothingCall(100.0, T),
    lg.AssetOrNothingPut(100.0, T),
    lg.GapCall(103.0, 99.0, T),
    lg.GapPut(90.0, 99.0, T),
]
KINK = Pieces(100.0, kink=1.0)
MODEL = lg.GBM(spot=100.0, volatility=0.25, rate=0.03, dividend_yield=0.01)


@dataclass(frozen=True)
class Straddle:
    """A user's option: |S - strike|, from its own `pieces` alone."""

    strike: float
    maturity: float
    stated_slope: float = -1.0

    @property
    def times(self):
        return (self.maturity,)

    @property
    def pieces(self):
        return Pieces(self.strike, flat=self.strike, slope=self.stated_slope, kink=2.0)

    def __call__(self, spot):
        return np.abs(spot[-1] - self.strike)


@pytest.mark.parametrize("payoff", EUROPEANS, ids=repr)
def test_pieces_are_the_cash_flow_away_from_the_trigger(payoff):
    stated = pieces(payoff)
    spot = np.concatenate([np.geomspace(1.0, 1e4, 200), np.nextafter(stated.trigger, [0.0, np.inf])])
    np.testing.assert_allclose(stated.cash_flow(spot), payoff(spot[None]), rtol=1e-13, atol=1e-12)
    (flat, slope), (constant, steeper) = stated.below, stated.above
    sides = np.where(spot > stated.trigger, constant + steeper * spot, flat + slope * spot)
    np.testing.assert_allclose(sides, payoff(spot[None]), rtol=1e-13, atol=1e-12)


@pytest.mark.parametrize("payoff", EUROPEANS, ids=repr)
def test_nothing_is_paid_at_the_trigger_of_either_type(payoff):
    assert payoff(np.array([[pieces(payoff).trigger]])) == 0.0


def test_other_payoffs_have_no_pieces():
    assert pieces(lg.Asian(100.0, (0.5, 1.0))) is None
    assert pieces(lg.Payoff(lambda s: s[-1], times=[1.0])) is None


def test_a_term_called_pieces_is_not_taken_for_them():
    @dataclass(frozen=True)
    class Cake:
        pieces: int = 3
        times: tuple[float, ...] = (1.0,)

        def __call__(self, spot):
            return self.pieces * spot[-1]

    assert pieces(Cake()) is None
    assert lg.greeks(MODEL, Cake(), ["delta"], paths=2_000, seed=1)["delta"].value == pytest.approx(3.0, rel=0.05)


def test_a_users_european_gets_closed_forms_and_barriers():
    straddle = Straddle(102.0, T)
    assert isinstance(straddle, European)
    call, put = (closed_form.price(MODEL, kind(102.0, T)) for kind in (lg.Call, lg.Put))
    exact = closed_form.price(MODEL, straddle)
    for names in [(), ("spot",), ("spot", "spot"), ("volatility",), ("spot", "time")]:
        assert exact.derivative(*names) == pytest.approx(call.derivative(*names) + put.derivative(*names), abs=1e-10)
    knocked = [
        lg.Barrier(p, 120.0, "up", "out", (0.25, 0.5, T)) for p in (straddle, lg.Call(102.0, T), lg.Put(102.0, T))
    ]
    whole, *parts = (quadrature.price(MODEL, payoff) for payoff in knocked)
    assert whole == pytest.approx(sum(parts), abs=1e-11)
    assert abs(whole - parts[0]) > 1.0


@pytest.mark.parametrize(
    "false", [Straddle(102.0, T, stated_slope=-0.99), replace(Straddle(102.0, T), stated_slope=1.0)]
)
def test_pieces_that_are_not_the_cash_flow_are_refused(false):
    with pytest.raises(ValueError, match="pieces must be the payoff's cash flow"):
        pieces(false)


def test_pieces_of_what_depends_on_earlier_dates_are_refused():
    @dataclass(frozen=True)
    class Performance:
        times: tuple[float, ...] = (0.5, 1.0)
        pieces: Pieces = KINK

        def __call__(self, spot):
            return np.maximum(spot[-1] - spot[0], 0.0)

    with pytest.raises(ValueError, match="pieces must be the payoff's cash flow"):
        pieces(Performance())


@pytest.mark.parametrize("bad", [{"strike": 0.0}, {"maturity": -1.0}, {"cash": float("nan")}, {"strike": "100"}])
def test_terms_out_of_range_are_refused_by_name(bad):
    with pytest.raises((ValueError, TypeError), match=f"^{next(iter(bad))} must be"):
        replace(lg.DigitalCall(100.0, T, cash=1.0), **bad)
