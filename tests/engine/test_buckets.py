"""Buckets of `greeks`: derivatives in single nodes, against quadrature and bumped nodes, and their sums."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import special

import likelihood_greeks as lg
from likelihood_greeks.controls import plan
from likelihood_greeks.streams.chunks import Chunk
from tests.support.laws import CURVES

FIELDS = {"vega": "volatilities", "rho": "zero_rates", "dividend_rho": "dividend_yields"}
FIRST, LAST = 0.45, 0.9
BARRIER = lg.Barrier(lg.Call(95.0, LAST), 88.0, "down", "out", (FIRST, LAST))
DIGITAL = lg.DigitalCall(95.0, LAST)
MONTHLY = tuple(np.round(np.arange(1, 11) * 0.09, 2))


def call(forward, deviation, strike):
    """Black's undiscounted call."""
    d = np.log(forward / strike) / deviation + 0.5 * deviation
    return forward * special.ndtr(d) - strike * special.ndtr(d - deviation)


def barrier_price(law):
    """The barrier on two dates by quadrature over the first, the strike above the level."""
    w = [law.black_volatility(t) ** 2 * t for t in (FIRST, LAST)]
    low = (np.log(88.0 / law.forward(FIRST)) + 0.5 * w[0]) / np.sqrt(w[0])
    nodes, weights = np.polynomial.legendre.leggauss(200)
    z = low + 0.5 * (9.0 - low) * (nodes + 1.0)
    spot = law.forward(FIRST) * np.exp(np.sqrt(w[0]) * z - 0.5 * w[0])
    value = call(spot * law.forward(LAST) / law.forward(FIRST), np.sqrt(w[1] - w[0]), 95.0)
    density = np.exp(-0.5 * z**2) / np.sqrt(2.0 * np.pi)
    return law.discount(LAST) * 0.5 * (9.0 - low) * float(weights @ (value * density))


def digital_price(law):
    """The digital in closed form."""
    w = law.black_volatility(LAST) ** 2 * LAST
    return law.discount(LAST) * float(special.ndtr((np.log(law.forward(LAST) / 95.0) - 0.5 * w) / np.sqrt(w)))


def bumped(law, greek, node, size):
    """The law with one node moved."""
    curve = list(getattr(law, FIELDS[greek]))
    curve[node] += size
    return replace(law, **{FIELDS[greek]: tuple(curve)})


def exact(price, greek):
    """Derivatives in every node by central differences."""
    h = 1e-4
    return np.array(
        [(price(bumped(CURVES, greek, k, h)) - price(bumped(CURVES, greek, k, -h))) / (2.0 * h) for k in range(4)]
    )


def buckets(result, greek):
    """Values and errors of the buckets of a Greek, in order."""
    frame = result.to_frame()
    own = frame[(frame["greek"] == greek) & (frame["bucket"] != "")]
    assert own["bucket"].tolist() == ["0.13", "0.4", "0.55", "1.1"]
    return own["value"].to_numpy(), own["standard_error"].to_numpy()


@pytest.mark.parametrize("controls", ["auto", "none"])
@pytest.mark.parametrize(
    ("payoff", "price"), [pytest.param(BARRIER, barrier_price, marks=pytest.mark.slow), (DIGITAL, digital_price)]
)
def test_buckets_are_the_derivatives_in_the_nodes_and_would_notice_their_neighbours(payoff, price, controls):
    paths = 40_000 if controls == "auto" else 160_000
    found = lg.greeks(CURVES, payoff, ["delta"], paths=paths, seed=5, controls=controls, buckets=FIELDS)
    for greek in FIELDS:
        values, errors = buckets(found, greek)
        reference = exact(price, greek)
        live = errors > 0.0
        assert np.abs(values - reference)[~live].max(initial=0.0) < 1e-6
        assert errors[live].max() < (0.03 if controls == "auto" else 0.2) * np.abs(reference).max()
        assert (np.abs(values - reference)[live] / errors[live]).max() < 4.0
        if controls == "auto":
            assert (np.abs(values - np.roll(reference, 1))[live] / errors[live]).max() > 10.0


@pytest.mark.parametrize("sampling", ["pseudo", "antithetic", pytest.param("sobol", marks=pytest.mark.slow)])
@pytest.mark.parametrize("controls", ["auto", "scores", "none"])
def test_buckets_sum_to_their_greek(controls, sampling):
    payoff = lg.Asian(95.0, (0.1, 0.4, 0.7, 1.1))
    options = {"paths": 5_000, "seed": 1, "sampling": sampling, "controls": controls}
    found, plain = (lg.greeks(CURVES, payoff, [*FIELDS], **options, **more) for more in ({"buckets": FIELDS}, {}))
    for greek in FIELDS:
        whole, parts = found[greek].value, buckets(found, greek)[0]
        assert parts.sum() == pytest.approx(whole, rel=1e-12)
        assert parts[1:].sum() != pytest.approx(whole, rel=1e-3)
    assert found["rho"].value == pytest.approx(plain["rho"].value, rel=1e-12)
    assert found["rho"].standard_error == pytest.approx(plain["rho"].standard_error, rel=1e-9)


def test_buckets_of_nodes_after_the_last_date_are_zero_and_nothing_is_held_against_them():
    payoff = lg.Payoff(lambda spot: np.maximum(spot - 95.0, 0.0), (0.1, 0.3), payments=(0.1, 0.45))
    found = lg.greeks(CURVES, payoff, ["delta"], paths=4096, seed=1, buckets=FIELDS)
    for greek in FIELDS:
        values, errors = buckets(found, greek)
        live = [True, True, greek == "rho", False]  # of rates up to the last payment, else to the last fixing
        assert [*(values != 0.0)] == live
        assert [*(errors > 0.0)] == live
    assert not any(found[name].note for name in found)


def test_buckets_whose_controls_do_not_pay_are_plain_and_sum_to_their_greek(monkeypatch):
    monkeypatch.setattr(plan, "cost", lambda *_: 1e12)
    found = lg.greeks(CURVES, lg.Asian(95.0, (0.1, 0.4, 0.7, 1.1)), ["delta"], paths=4096, seed=1, buckets=["vega"])
    assert any("plain likelihood ratio" in remark for remark in found.diagnostics.remarks)
    assert buckets(found, "vega")[0].sum() == pytest.approx(found["vega"].value, rel=1e-12)


@pytest.mark.slow
def test_buckets_agree_with_bumped_nodes_on_the_same_draws():
    payoff = lg.Asian(95.0, MONTHLY)
    found = lg.greeks(CURVES, payoff, ["vega"], paths=30_000, seed=2, buckets=FIELDS)
    for greek in FIELDS:
        h, chunk = 1e-5, Chunk(3, 0, 30_000, "pseudo")
        for k, value in enumerate(buckets(found, greek)[0]):
            up, down = (
                law.discount(MONTHLY[-1]) * payoff(law.simulate(MONTHLY, chunk.stream()).spot)
                for law in (bumped(CURVES, greek, k, sign * h) for sign in (1.0, -1.0))
            )
            slopes = (up - down) / (2.0 * h)
            error = np.hypot(slopes.std() / np.sqrt(len(slopes)), found[f"{greek}[{k}]"].standard_error)
            assert abs(value - slopes.mean()) < 4.0 * error
            assert error < 0.03 * found[greek].value or greek != "vega"


def test_buckets_of_flows_by_date_and_cash_dividends():
    law = replace(CURVES, dividends=((0.3, 4.0),))
    paid = lg.Payoff(lambda spot: np.maximum(spot - 90.0, 0.0), (0.2, 0.5, 1.0), payments=(0.25, 0.5, 1.1))
    found = lg.greeks(law, paid, ["delta"], paths=20_000, seed=3, buckets=FIELDS)
    for greek in FIELDS:
        assert buckets(found, greek)[0].sum() == pytest.approx(found[greek].value, rel=1e-12)
    h, chunk = 1e-5, Chunk(4, 0, 20_000, "pseudo")

    def values(law):
        return np.array([law.discount(t) for t in paid.payments]) @ paid(law.simulate(paid.times, chunk.stream()).spot)

    for greek in FIELDS:
        for k in range(4):
            slopes = (values(bumped(law, greek, k, h)) - values(bumped(law, greek, k, -h))) / (2.0 * h)
            error = np.hypot(slopes.std() / np.sqrt(len(slopes)), found[f"{greek}[{k}]"].standard_error)
            assert abs(found[f"{greek}[{k}]"].value - slopes.mean()) < 4.0 * error


def test_buckets_of_closed_forms_are_exact_and_lie_around_their_date():
    found = lg.greeks(CURVES, DIGITAL, ["delta"], seed=1, closed_form=True, buckets=["vega", "rho"])
    for greek in ("vega", "rho"):
        values, errors = buckets(found, greek)
        np.testing.assert_allclose(values, exact(digital_price, greek), rtol=1e-6, atol=1e-8)
        assert not errors.any()
        assert not values[:2].any()  # 0.9 lies between 0.55 and 1.1


@pytest.mark.parametrize(
    ("law", "names", "why"),
    [
        (lg.GBM(spot=100.0, volatility=0.2), ["vega"], "law on curves"),
        (CURVES, ["delta"], "Greeks of curves"),
        (CURVES, ["velocity"], "greek must be one of"),
    ],
)
def test_what_has_no_nodes_has_no_buckets(law, names, why):
    with pytest.raises(ValueError, match=why):
        lg.greeks(law, DIGITAL, paths=1_000, seed=1, buckets=names)
    with pytest.raises(TypeError):
        lg.greeks(CURVES, DIGITAL, paths=1_000, seed=1, buckets="vega")


AWKWARD = lg.TermStructureGBM(
    spot=104.0, times=(0.2, 0.7, 1.1, 2.0), zero_rates=(0.09, 0.01, 0.045, 0.02),
    dividend_yields=(-0.02, 0.05, 0.03, 0.06), volatilities=(0.4, 0.28, 0.3, 0.26),
)  # fmt: skip
DATES = (0.05, 0.2, 0.33, 0.8, 1.45, 1.5)


@pytest.mark.slow
@pytest.mark.parametrize(
    "payoff", [lg.Accumulator(100.0, DATES, level=90.0, side="sell", gearing=2.0), lg.Lookback(DATES, "call")],
    ids=["decumulator", "lookback"],
)  # fmt: skip
def test_controls_that_do_nothing_in_a_bucket_are_left_out_of_it(payoff):
    """They are rounding errors there, which least squares would blow up: every seed would tell another number."""
    kinds = ["rho", "dividend_rho"]

    def ran(seed, **settings):
        frame = lg.greeks(AWKWARD, payoff, kinds, seed=seed, buckets=kinds, **settings).to_frame()
        return frame.loc[frame["bucket"] != "", ["value", "standard_error"]].to_numpy(float).T

    found, errors = np.swapaxes([ran(seed, paths=4096) for seed in range(6)], 0, 1)
    assert found.var(axis=0, ddof=1).mean() < 2.5 * (errors**2).mean()
    plain, error = ran(9, paths=100_000, controls="scores")
    z = (found.mean(axis=0) - plain) / np.hypot(error, errors.mean(axis=0) / np.sqrt(6.0))
    assert np.abs(z).max() < 4.0
    assert error.max() < 0.1 * np.abs(plain).max()
