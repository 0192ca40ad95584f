"""Notes that one side may end early: rules that remember, Greeks against quadrature, bounds, and what is refused."""

from dataclasses import replace

import numpy as np
import pytest

import likelihood_greeks as lg
from likelihood_greeks.engine.early_exercise import fitted
from tests.support import redeemable

MODEL = lg.GBM(spot=100.0, volatility=0.25, rate=0.03)
TIMES, THIRDS = (0.5, 1.0, 1.5, 2.0), (1.0 / 3.0, 2.0 / 3.0, 1.0)
PLAIN = lg.Redeemable(lg.ReverseConvertible(100.0, TIMES, 0.05), TIMES[:3], 100.0, rule_paths=16_384)
KNOCKED = lg.BarrierReverseConvertible(100.0, TIMES, 0.03, level=75.0, times=TIMES)
INSIDE = (80.0, 120.0)


def accrual(spot):
    """Pays 4 on each date on which the spot is within a range, and what is left of 100 if it ends below, at the end."""
    paid = np.where((spot >= INSIDE[0]) & (spot <= INSIDE[1]), 4.0, 0.0)
    return np.concatenate([paid[:-1], paid[-1:] + np.minimum(spot[-1:], 100.0)])


def in_range(x, h):
    """The same of log-spots of a grid; cells in which it jumps have their mean."""
    low, high = np.log(INSIDE)
    share = np.clip((np.minimum(x + 0.5 * h, high) - np.maximum(x - 0.5 * h, low)) / h, 0.0, 1.0)
    return 4.0 * share


def average(spot):
    return np.maximum(100.0 - spot.mean(axis=0), 0.0)


def _note(**terms):
    common = {"step": 0.5, "calls": {0, 1, 2}, "amount": 100.0}
    return lambda **where: redeemable.reverse_convertible(**where, **(common | terms))


ASIAN = lg.Redeemable(lg.Asian(100.0, THIRDS, "put"), THIRDS[:2], average, by="holder", rule_paths=16_384)
PUTTABLE = replace(PLAIN, payoff=lg.ReverseConvertible(100.0, TIMES, 0.01), amount=90.0, by="holder")
CASES = {
    "callable reverse convertible": (PLAIN, _note(coupons=[5.0] * 4)),
    "puttable reverse convertible": (PUTTABLE, _note(coupons=[1.0] * 4, amount=90.0, sign=1.0)),
    "callable, remembers a knock-in": (replace(PLAIN, payoff=KNOCKED), _note(coupons=[3.0] * 4, level=75.0)),
    "callable range accrual": (
        replace(PLAIN, payoff=lg.Payoff(accrual, TIMES), state=lambda _: ()),
        _note(coupons=[0.0] * 4, accrued=in_range),
    ),
    "Bermudan Asian": (ASIAN, lambda **where: redeemable.asian(**where, step=1.0 / 3.0, strike=100.0)),
}


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_greeks_of_contracts_that_remember_agree_with_quadrature(case):
    contract, value = CASES[case]
    exact = redeemable.greeks(value)
    found = lg.greeks(MODEL, contract, ["delta", "gamma", "vega", "rho"], paths=16_384, seed=3)
    sizes = {"price": 0.06, "delta": 0.006, "gamma": 5e-4, "vega": 1.2, "rho": 0.6}
    for name, known in exact.items():
        own = found[name]
        assert own.standard_error < sizes[name]
        room = 3.0 * own.standard_error + own.bias + (0.01 * abs(known) if name in ("vega", "rho") else 0.0)
        assert abs(own.value - known) < room
    low, high = found.lower_bound, found.upper_bound
    assert low.value - 4.0 * low.standard_error < exact["price"] < high.value + 4.0 * high.standard_error
    assert high.value - low.value < 0.035 * exact["price"]


@pytest.mark.slow
def test_what_is_forgotten_costs_the_side_that_decides():
    deep = lg.BarrierReverseConvertible(130.0, TIMES, 0.03, level=92.0, times=TIMES, notional=100.0)
    contract, worth = replace(PLAIN, payoff=deep, amount=92.0), []
    for state in (None, lambda _: ()):
        found = fitted(MODEL, replace(contract, state=state), 1)
        worth.append(found.judged(MODEL, found.rule, [], 1).upper_bound)
    remembered, forgotten = worth
    assert forgotten.value - remembered.value > 4.0 * np.hypot(remembered.error, forgotten.error)


def test_a_rule_is_an_ordinary_payoff_whose_flows_end_with_it():
    rule = lg.exercise_rule(MODEL, replace(PLAIN, rule_paths=4096), seed=1)
    spot = np.array([[150.0, 90.0, 90.0], [150.0, 90.0, 140.0], [150.0, 90.0, 90.0], [150.0, 90.0, 90.0]])
    expected = [[105.0, 5.0, 5.0], [0.0, 5.0, 105.0], [0.0, 5.0, 0.0], [0.0, 95.0, 0.0]]
    np.testing.assert_allclose(rule(spot), expected)
    assert rule.payments == rule.times == TIMES
    assert "ended by the issuer" in rule.described()


def test_dates_of_decisions_need_not_be_those_of_the_payoff():
    note = lg.ReverseConvertible(100.0, [1.0], 0.08)
    contract = lg.Redeemable(note, [0.25, 0.75], [103.0, 106.0], rule_paths=4096)
    assert (contract.times, contract.payments) == ((0.25, 0.75, 1.0), (0.25, 0.75, 1.0))
    rule = lg.exercise_rule(MODEL, contract, seed=1)
    flows = rule(np.array([[160.0, 80.0], [160.0, 80.0], [160.0, 80.0]]))
    np.testing.assert_allclose(flows.sum(axis=0), [103.0, 88.0])


def test_never_worth_ending_is_the_contract_itself_and_always_is_cash():
    dear = replace(PLAIN, amount=1000.0, rule_paths=4096)
    spot = np.random.default_rng(1).uniform(70.0, 130.0, (4, 50))
    np.testing.assert_allclose(lg.exercise_rule(MODEL, dear, seed=1)(spot), dear.payoff(spot[-1:]))
    cheap = lg.exercise_rule(MODEL, replace(PLAIN, amount=10.0, rule_paths=4096), seed=1)
    np.testing.assert_allclose(cheap(spot)[0], 15.0)


@pytest.mark.slow
def test_a_note_on_the_worst_of_two_assets_is_called_between_its_bounds():
    member = lg.GBM(spot=100.0, volatility=0.25, rate=0.03)
    pair = lg.CorrelatedGBM({"A": member, "B": member}, correlation={("A", "B"): 0.5})
    note = lg.WorstOf(lg.ReverseConvertible(1.0, TIMES, 0.06, notional=100.0), {"A": 100.0, "B": 100.0})
    found = lg.greeks(pair, replace(PLAIN, payoff=note, rule_paths=8192), ["delta", "correlation"], paths=4096, seed=1)
    free = lg.greeks(pair, note, [], paths=4096, seed=1)["price"]
    low, high = found.lower_bound, found.upper_bound
    assert low.value - 3.0 * low.standard_error < high.value < free.value - 1.0
    assert high.value - low.value < 0.02 * high.value
    assert abs(found["delta[A]"].value - found["delta[B]"].value) < 5.0 * found["delta[A]"].standard_error
    assert found["correlation[A,B]"].value > 10.0 * found["correlation[A,B]"].standard_error


@pytest.mark.parametrize(
    ("change", "error", "match"),
    [
        ({"call_times": [2.0]}, ValueError, "call_times must be before the last payment, 2"),
        ({"call_times": [0.4], "amount": average}, ValueError, "call_times must be dates of the payoff"),
        ({"amount": [100.0]}, ValueError, "amount must be one number, or one for each of the 3 dates"),
        ({"by": "bank"}, ValueError, "by must be one of 'issuer', 'holder'"),
        ({"payoff": lg.Autocallable(100.0, TIMES)}, ValueError, "not redeemed by its own levels"),
        ({"payoff": PLAIN}, TypeError, "payoff must not be ended early itself"),
        ({"state": 3}, TypeError, "state must be a function"),
        ({"rule_paths": 100}, ValueError, "rule_paths must be a whole number of at least 4096"),
    ],
)
def test_terms_are_checked(change, error, match):
    with pytest.raises(error, match=match):
        replace(PLAIN, **change)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"amount": lambda s: np.ones(3)}, r"^amount must give one number a path, shape \(5,\), got \(3,\)"),
        ({"amount": lambda s: s}, "^amount must give one number a path"),
        ({"amount": lambda s: 1j * s[-1]}, "^what amount returns must be an array of real numbers"),
        ({"amount": lambda s: "par"}, "^what amount returns must be an array of real numbers"),
        ({"state": lambda s: np.ones(3)}, "^state must give one number a path"),
        ({"state": lambda s: [1j * s[-1]]}, "^what state returns must be an array of real numbers"),
    ],
)
def test_what_functions_of_a_user_give_is_checked(change, match):
    contract, spots = (
        lg.Redeemable(lg.Asian(100.0, TIMES), TIMES[:1], **{"amount": 1.0, **change}),
        np.full((4, 5), 9.0),
    )
    with pytest.raises((ValueError, TypeError), match=match):
        contract.paid_on(spots, 0) if "amount" in change else contract.state_on(spots, 0)


def test_a_function_may_give_one_amount_for_all_paths():
    contract = lg.Redeemable(lg.Asian(100.0, TIMES), TIMES[:1], lambda s: 101.0)
    assert contract.paid_on(np.full((4, 5), 100.0), 0).tolist() == [101.0] * 5


def test_what_is_not_covered_is_refused():
    heston = lg.Heston(
        spot=100.0, initial_variance=0.04, mean_reversion=1.5, long_run_variance=0.04, vol_of_vol=0.5, correlation=-0.7
    )
    with pytest.raises(TypeError, match="the best rule would look at what it draws beneath"):
        lg.greeks(heston, PLAIN, paths=2048, seed=1)
    with pytest.raises(ValueError, match="are not given of one that is exercised early"):
        lg.greeks(MODEL, PLAIN, ["vanna"], paths=2048, seed=1)
    with pytest.raises(TypeError, match="has no cash flow before it has a rule"):
        PLAIN(np.ones((4, 2)))
    with pytest.raises(ValueError, match="going_on must be one for each of the 3 call dates"):
        lg.Redeemed(PLAIN, ())
