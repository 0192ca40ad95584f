"""What every payoff promises. A new kind is one line in `tests/support/payoffs.py`."""

import pickle
from dataclasses import FrozenInstanceError, fields, replace

import numpy as np
import pytest

import likelihood_greeks as lg
from likelihood_greeks.payoffs.protocol import Contract, cash_flows, payment_times
from likelihood_greeks.payoffs.relaxed.array import relax
from likelihood_greeks.payoffs.relaxed.tape import Tape
from likelihood_greeks.payoffs.separate import verify_separate
from tests.support.gates import MODEL, UNEVEN, draw
from tests.support.payoffs import PAYOFFS

each_payoff = pytest.mark.parametrize("make", PAYOFFS.values(), ids=PAYOFFS)


def spots(payoff, n_paths=2000):
    return draw(MODEL, payoff.times, n_paths, seed=3).spot


def test_every_public_payoff_is_here():
    public = {kind for kind in vars(lg).values() if isinstance(kind, type) and kind.__module__.startswith(PACKAGE)}
    several = "_assets", ".assets", ".composite"  # modules of payoffs that see several assets
    public = {kind for kind in public if not kind.__module__.endswith(several)}
    assert len(public) > 10
    others = {lg.KnownCashFlow, lg.Bermudan, lg.Redeemable}  # which observes nothing, and which no rule is fitted to
    assert public - others == {type(make()) for make in PAYOFFS.values()}


PACKAGE = f"{lg.__name__}.payoffs."


@each_payoff
def test_it_pays_something_finite_at_dates_of_its_own(make):
    payoff = make()
    assert isinstance(payoff, Contract)
    assert isinstance(payoff.times, tuple)
    assert np.all(np.diff(payoff.times, prepend=0.0) > 0.0)
    flows = cash_flows(payoff, spots(payoff))
    assert set(payment_times(payoff, flows)) <= set(payoff.times)
    assert np.isfinite(flows).all()
    assert np.all(flows.std(axis=1) > 0.0)  # it depends on the path


@each_payoff
def test_what_a_path_pays_depends_on_that_path_alone(make):
    payoff = make()
    spot = spots(payoff)
    verify_separate(payoff, spot)
    order = np.random.default_rng(2).permutation(spot.shape[1])
    among, shuffled = cash_flows(payoff, spot), cash_flows(payoff, spot[:, order])
    np.testing.assert_array_equal(shuffled, among[:, order])
    for few in (slice(0, 1), slice(5, 8)):
        np.testing.assert_array_equal(cash_flows(payoff, spot[:, few]), among[:, few])


def test_one_that_looks_at_other_paths_is_refused():
    peeking = lg.Payoff(lambda s: 1.0 * (s[-1] > s[-1].mean()), UNEVEN)
    with pytest.raises(ValueError, match="a cash flow of its own"):
        verify_separate(peeking, spots(peeking))


@each_payoff
def test_the_spots_that_it_is_given_stay_as_they_are(make):
    payoff = make()
    spot = spots(payoff)
    before = spot.copy()
    first, second = cash_flows(payoff, spot), cash_flows(payoff, spot)
    np.testing.assert_array_equal(spot, before)
    np.testing.assert_array_equal(first, second)


@each_payoff
def test_relaxed_to_no_width_it_is_itself_and_its_gradient_that_of_its_flows_away_from_jumps(make):
    payoff = make()
    spot = spots(payoff, 300)
    flows, gradient_of = relax(payoff, spot, Tape(lambda *_: 0.0))
    np.testing.assert_allclose(flows, cash_flows(payoff, spot), rtol=1e-14, atol=1e-14)
    found, h = gradient_of(np.ones((len(flows), 1))), 1e-6
    for row in range(len(spot)):
        up, down = (np.where(np.arange(len(spot))[:, None] == row, spot + s, spot) for s in (h, -h))
        slopes = (cash_flows(payoff, up) - cash_flows(payoff, down)).sum(axis=0) / (2.0 * h)
        np.testing.assert_allclose(np.broadcast_to(found, spot.shape)[row], slopes, rtol=1e-6, atol=1e-6)


@each_payoff
def test_it_is_a_value(make):
    one, same = make(), make()
    assert one is not same
    assert one == same
    assert hash(one) == hash(same)
    assert len({one, same}) == 1
    assert pickle.loads(pickle.dumps(one)) == one
    for name in (field.name for field in fields(one)):
        with pytest.raises((FrozenInstanceError, AttributeError, TypeError)):
            setattr(one, name, getattr(one, name))


@each_payoff
def test_another_term_is_another_payoff(make):
    payoff = make()
    names = {field.name for field in fields(payoff)}
    terms = ("strike", "level", "lower", "cap", "global_cap", "reference", "moneyness", "function", "fixings", "times")
    terms += ("contract",)
    term = next(name for name in terms if name in names)
    value = getattr(payoff, term)
    if isinstance(value, tuple):
        changed = value[1:]
    elif isinstance(value, lg.Bermudan | lg.Redeemable):
        changed = replace(value, rule_paths=8192)
    else:
        changed = np.square if callable(value) else 95.095 if value is None else 1.001 * value
    other = replace(payoff, **{term: changed})
    assert other != payoff
    assert len({payoff, other}) == 2
