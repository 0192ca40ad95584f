"""Contracts with a past: fixings are constants that the payoff remembers, and what is settled is worth what it is."""

import pickle

import numpy as np
import pytest

import likelihood_greeks as lg
from likelihood_greeks.payoffs.protocol import cash_flows
from likelihood_greeks.payoffs.seasoned import PaidLater
from tests.support.gates import assert_estimates

MODEL = lg.GBM(spot=130.0, volatility=0.2, rate=0.03, dividend_yield=0.01)
TIMES = (0.08, 0.17, 0.25)
NINE = (100.0, 97.0, 91.0, 80.0, 88.0, 95.0, 104.0, 115.0, 127.0)


def test_a_weekly_average_with_one_fixing_left_has_a_delta_of_its_share():
    asian = lg.Seasoned(lg.Asian(100.0, times=(1 / 52,)), fixings=(105.0,) * 25)
    delta = lg.greeks(lg.GBM(spot=110.0, volatility=0.2), asian, ["delta"], paths=4096, seed=1)["delta"]
    assert_estimates(delta, 1 / 26, max_standard_error=1e-4)


def test_a_deep_average_is_a_forward_on_what_is_left():
    model, asian = lg.GBM(spot=130.0, volatility=0.2), lg.Seasoned(lg.Asian(60.0, times=TIMES), NINE)
    result = lg.greeks(model, asian, ["delta", "vega"], paths=20_000, seed=2)
    exact = (sum(NINE) + 3 * 130.0) / 12 - 60.0
    assert_estimates(result["price"], exact, max_standard_error=1e-2)
    assert_estimates(result["delta"], 0.25, max_standard_error=1e-3)


SPOTS = np.array([[120.0, 140.0, 70.0], [118.0, 141.0, 90.0], [131.0, 150.0, 85.0]])
WHOLE = tuple(np.linspace(0.1, 1.2, 12).tolist())


@pytest.mark.parametrize(
    ("seasoned", "new"),
    [
        (lg.Asian(100.0, times=TIMES), lg.Asian(100.0, times=WHOLE)),
        (lg.Asian(None, times=TIMES, kind="put"), lg.Asian(None, times=WHOLE, kind="put")),
        (lg.Lookback(TIMES, "call"), lg.Lookback(WHOLE, "call")),
        (lg.Cliquet(TIMES, 100.0, -0.02, 0.03, 0.0, 0.5), lg.Cliquet(WHOLE, 100.0, -0.02, 0.03, 0.0, 0.5)),
    ],
    ids=["Asian", "floating Asian", "lookback", "cliquet"],
)
def test_past_observations_are_seen_before_those_to_come(seasoned, new):
    past = np.repeat(np.array(NINE)[:, None], 3, axis=1)
    expected = cash_flows(new, np.concatenate([past, SPOTS]))
    np.testing.assert_allclose(cash_flows(lg.Seasoned(seasoned, NINE), SPOTS), expected, rtol=1e-14)


def knocked(level, fixings):
    function = lambda spot: np.where(spot.min(axis=0) < level, 0.0, np.maximum(spot[-1] - 100.0, 0.0))  # noqa: E731
    return lg.Seasoned(lg.Payoff(function, TIMES), fixings)


def test_a_barrier_remembers_that_it_was_touched():
    gone, alive, new = (
        lg.greeks(MODEL, payoff, ["delta"], paths=20_000, seed=3)
        for payoff in (knocked(85.0, NINE), knocked(75.0, NINE), knocked(75.0, ()))
    )
    assert (gone["price"].value, gone["delta"].value) == (0.0, 0.0)
    assert_estimates(alive["price"], new["price"].value, max_standard_error=0.01)
    assert new["price"].value > 20.0


def test_the_past_does_not_keep_a_payoff_from_being_followed():
    payoff = lg.Seasoned(lg.Payoff(lambda spot: 1.0 * (spot.mean(axis=0) > 103.0), TIMES), NINE)
    result = lg.greeks(MODEL, payoff, ["delta", "vega"], paths=20_000, seed=4)
    assert not any("no relaxations" in remark for remark in result.diagnostics.remarks)
    plain = lg.greeks(MODEL, payoff, ["delta", "vega"], paths=200_000, seed=5, controls="none")
    for name in ("delta", "vega"):
        gap = abs(result[name].value - plain[name].value)
        assert gap < 4.0 * np.hypot(result[name].standard_error, plain[name].standard_error)


def test_times_up_to_now_are_past_and_need_a_fixing_each():
    asian = lg.Payoff(lambda spot: spot.mean(axis=0), (0.5,))

    class Dated:
        times = (-0.5, 0.0, 0.5)

        def __call__(self, spot):
            return asian(spot)

    assert lg.Seasoned(Dated(), (100.0, 110.0)).times == (0.5,)
    with pytest.raises(ValueError, match="fixings must hold one observation for each of the 2 times up to now"):
        lg.Seasoned(Dated(), (100.0,))
    with pytest.raises(ValueError, match=r"payoff\.times must lie ahead"):
        lg.greeks(MODEL, Dated(), ["delta"], paths=1024, seed=1)


def test_when_all_is_fixed_the_cash_flow_is_known_and_only_discounted():
    paid_later = lg.Payoff(lambda spot: np.maximum(spot.mean(axis=0) - 90.0, 0.0), (), payments=0.25)
    result = lg.greeks(MODEL, lg.Seasoned(paid_later, NINE), ["delta", "rho", "theta", "vega"], seed=1)
    amount, discount = np.mean(NINE) - 90.0, np.exp(-0.03 * 0.25)
    assert result.method == "known"
    assert result["price"].value == pytest.approx(amount * discount, rel=1e-14)
    assert result["rho"].value == pytest.approx(-0.25 * amount * discount, rel=1e-12)
    assert result["theta"].value == pytest.approx(0.03 * amount * discount, rel=1e-12)
    assert result["delta"].value == result["vega"].value == 0.0
    assert all(result[name].standard_error == 0.0 for name in result)


def test_payment_after_the_last_fixing_is_discounted_from_then():
    late, prompt = (
        lg.greeks(MODEL, lg.Payoff(lambda spot: np.maximum(spot[-1] - 120.0, 0.0), TIMES, payments=when), ["delta"],
                  paths=4096, seed=2)["price"].value
        for when in (1.5, None)
    )  # fmt: skip
    assert late == pytest.approx(prompt * np.exp(-0.03 * (1.5 - TIMES[-1])), rel=1e-12)


def test_date_by_date_what_was_paid_is_gone():
    coupons = lg.Payoff(lambda spot: 1.0 * (spot > 90.0), TIMES)
    result = lg.greeks(MODEL, lg.Seasoned(coupons, (100.0, 80.0)), ["rho"], paths=4096, seed=3)
    new = lg.greeks(MODEL, coupons, ["rho"], paths=4096, seed=3)
    assert_estimates(result["price"], new["price"].value, max_standard_error=1e-3)


def test_seasoned_contracts_have_a_hash_and_travel():
    one, other = (lg.Seasoned(lg.Asian(100.0, times=TIMES), NINE) for _ in range(2))
    assert one == other == pickle.loads(pickle.dumps(one))
    assert len({one, other, lg.Seasoned(lg.Asian(100.0, times=TIMES), NINE[1:])}) == 2


@pytest.mark.parametrize(
    ("make", "error", "says"),
    [
        (lambda: lg.Seasoned(lg.Asian(1.0, times=TIMES), (np.nan,)), ValueError, r"fixings\[0\] must be finite"),
        (lambda: lg.Seasoned(lg.Asian(1.0, times=TIMES), 100.0), TypeError, "fixings must be a sequence"),
        (lambda: lg.Seasoned(lg.Asian, (1.0,)), TypeError, "payoff must have `times`"),
        (lambda: lg.Payoff(np.max, TIMES, payments=0.1), ValueError, "payments must not end before"),
        (lambda: lg.KnownCashFlow(1.0, -0.1), ValueError, "maturity must"),
    ],
)
def test_a_past_that_cannot_be_is_refused(make, error, says):
    with pytest.raises(error, match=says):
        make()


@pytest.mark.slow
def test_a_european_paid_later_is_the_prompt_one_discounted_from_then():
    model = lg.Heston(spot=100.0, initial_variance=0.04, mean_reversion=1.5, long_run_variance=0.04,
                      vol_of_vol=0.5, correlation=-0.7, rate=0.1)  # fmt: skip
    call = lg.Call(100.0, 0.5)
    prompt, late = (
        lg.greeks(model, one, ["delta"], paths=8192, seed=3, handover="flow") for one in (call, PaidLater(call, 2.5))
    )
    for name in ("price", "delta"):  # the same paths and controls
        for part in ("value", "standard_error"):
            expected = getattr(prompt[name], part) * np.exp(-0.1 * 2.0)
            assert getattr(late[name], part) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(
    "payoff",
    [
        lg.Autocallable(100.0, (0.5, 1.0), coupon=0.03),
        lg.ForwardStart(0.5, 1.0),
        lg.OneTouch(110.0, "up", 1.0, 5.0, (0.5, 1.0), "hit"),
    ],
    ids=lambda payoff: type(payoff).__name__,
)
def test_a_past_before_a_contract_that_counts_its_dates_is_refused(payoff):
    with pytest.raises(ValueError, match=r"^fixings must not be put before a contract whose 2 dates"):
        lg.Seasoned(payoff, (104.0,))
