"""Levels that all of several assets are held against at all times."""

import numpy as np
import pytest
from scipy.special import ive

import likelihood_greeks as lg
from likelihood_greeks.estimators.watched import corridors, given_dates
from tests.support.gates import assert_estimates

MEMBERS = {"A": lg.GBM(spot=100.0, volatility=0.2, rate=0.03), "B": lg.GBM(spot=50.0, volatility=0.3, rate=0.03)}
LAW = lg.CorrelatedGBM(MEMBERS, correlation={("A", "B"): -0.5})
WHERE = {"delta[A]": 100.0, "delta[B]": 50.0, "vega[A]": 0.2, "vega[B]": 0.3, "rho": 0.03}
REFERENCE = {"A": 100.0, "B": 50.0}


def no_touch_of_two(share, maturity, moved=""):
    """Value of one unit of currency if both spots stay above their levels, at a correlation of -1/2, by quadrature.

    Two Brownian motions that may not fall below zero are then one in a wedge of sixty degrees: six images.
    """
    given = {name: value + (moved == name) * 1e-4 * value for name, value in WHERE.items()}
    spots, vols = (np.array([given[f"{greek}[{asset}]"] for asset in "AB"]) for greek in ("delta", "vega"))
    rate, rho = given["rho"], -0.5
    axes = np.array([[1.0, 0.0], [-rho, 1.0] / np.sqrt(1.0 - rho**2)])
    start, drift = (
        axes @ (np.log(spots / (share * np.array([100.0, 50.0]))) / vols),
        axes @ ((rate - vols**2 / 2) / vols),
    )
    nodes, weights = np.polynomial.legendre.leggauss(120)
    far = np.log(1.0 / share) / vols + 7.5 * np.sqrt(maturity)
    x = np.stack(np.meshgrid(*(0.5 * (nodes + 1.0) * edge for edge in far), indexing="ij"), axis=-1) @ axes.T
    walls, image, sign, density = (np.array([1.0, 0.0]), np.array([rho, np.sqrt(1.0 - rho**2)])), start, 1.0, 0.0
    for k in range(6):
        density = density + sign * np.exp(-((x - image) ** 2).sum(axis=-1) / (2.0 * maturity))
        image, sign = image - 2.0 * (image @ walls[k % 2]) * walls[k % 2], -sign
    tilt = np.exp((x - start) @ drift - 0.5 * (drift @ drift) * maturity)
    scale = np.linalg.det(axes) * 0.25 * far.prod() / (2.0 * np.pi * maturity)
    return np.exp(-rate * maturity) * scale * float(weights @ (density * tilt) @ weights)


def price_and_greeks(share, maturity):
    base = no_touch_of_two(share, maturity)
    moved = {name: (no_touch_of_two(share, maturity, name) - base) / (1e-4 * value) for name, value in WHERE.items()}
    return {"price": base, **moved}


@pytest.mark.slow
def test_a_level_that_the_worst_of_two_may_not_reach_agrees_with_images_and_would_not_on_few_dates(monkeypatch):
    note = lg.WorstOf(lg.NoTouch(0.8, "down", 1.0, 1.0, "continuous"), reference=REFERENCE)
    exact = price_and_greeks(0.8, 1.0)
    errors = {"price": 3e-3, "delta[A]": 2e-4, "delta[B]": 4e-4, "vega[A]": 0.03, "vega[B]": 0.03, "rho": 0.02}
    found = lg.greeks(LAW, note, ["delta", "vega", "rho"], paths=32_768, seed=4)
    for name, error in errors.items():
        assert_estimates(found[name], exact[name], error)
    monkeypatch.setattr(corridors, "STEPS", 1)
    coarse = lg.greeks(LAW, note, ["delta[A]"], paths=16_384, seed=4)
    assert abs(coarse["price"].z_score(exact["price"])) > 5.0
    assert abs(coarse["delta[A]"].z_score(exact["delta[A]"])) > 5.0


def stays_in_wedge(near, rho):
    """Chance that two Brownian motions without drift stay above two levels over a unit of time: a series.

    He, Keirstead and Rebholz (1998), "Double lookbacks", with the angle as the first coordinate of a wedge.
    """
    angle, (a, b) = np.arccos(-rho), near
    square = (a * a + b * b - 2.0 * rho * a * b) / (1.0 - rho * rho)
    place = np.arctan2(b * np.sqrt(1.0 - rho * rho), a - rho * b)
    n = np.arange(1, 200, 2)
    order = n * np.pi / angle
    bessel = ive((order - 1.0) / 2.0, square / 4.0) + ive((order + 1.0) / 2.0, square / 4.0)
    return np.sqrt(2.0 * square / np.pi) * float((np.sin(n * np.pi * place / angle) / n) @ bessel)


@pytest.mark.slow
@pytest.mark.parametrize("window", [None, (0.0, 14.0 / 365.0)])
def test_a_contract_of_two_weeks_has_as_many_intervals_as_one_of_a_year(monkeypatch, window):
    maturity, rho = 14.0 / 365.0, 0.9
    vols, near = np.array([0.2, 0.3]), np.array([1.0, 1.2])
    levels = np.exp(-near * vols * np.sqrt(maturity))
    members = {
        name: lg.GBM(spot=0.8 / level, volatility=vol, rate=0.05, dividend_yield=0.05 - vol**2 / 2.0)
        for name, level, vol in zip("AB", levels, vols, strict=True)
    }  # no drift, and the levels are 0.8
    law = lg.CorrelatedGBM(members, correlation={("A", "B"): rho})
    touch = lg.NoTouch(0.8, "down", 0.1 if window else maturity, 1.0, "continuous", window=window)
    note = lg.WorstOf(touch, reference={"A": 1.0, "B": 1.0})
    mean = given_dates(note, law)
    assert max(np.diff([0.0, *mean.times])[:24]) < maturity / 23.9
    discount = np.exp(-0.05 * touch.maturity)
    exact = discount * stays_in_wedge(near, rho)
    moved = discount * stays_in_wedge((near[0] + 1e-4 / (vols[0] * np.sqrt(maturity)), near[1]), rho)
    slope = (moved - exact) / (1e-4 * members["A"].spot)
    found = lg.greeks(law, note, ["delta[A]"], paths=8192, seed=4)
    assert_estimates(found["price"], exact, 0.006)
    assert_estimates(found["delta[A]"], slope, 0.1 * slope)
    if window is None:
        monkeypatch.setattr(corridors, "STEPS", 1)
        coarse = lg.greeks(law, note, ["delta[A]"], paths=8192, seed=4)
        assert abs(coarse["price"].z_score(exact)) > 6.0


@pytest.mark.slow
def test_a_day_may_go_by_of_a_contract_of_two_weeks():
    day, maturity = 1.0 / 365.0, 14.0 / 365.0
    left, whole = (
        lg.WorstOf(lg.NoTouch(0.96, "down", end, 1.0, "continuous"), reference=REFERENCE)
        for end in (maturity - day, maturity)
    )
    rolled = lg.scenarios(LAW, whole, {"time": [0.0, day]}, greeks=[], paths=8192, seed=1).frame.iloc[1]
    moved = lg.explain(LAW, {"time": day}, whole, paths=8192, seed=1).loc["total"]
    now, later = (lg.greeks(LAW, note, [], paths=8192, seed=2)["price"] for note in (whole, left))
    for value, error in (
        (rolled["price"], rolled["price_standard_error"]),
        (now.value + moved["value"], np.hypot(now.standard_error, moved["standard_error"])),
    ):
        assert np.hypot(error, later.standard_error) < 0.012
        assert abs(value - later.value) < 4.0 * np.hypot(error, later.standard_error)
    with pytest.raises(ValueError, match=r"time must .* before the first date, 0.0383562 years"):
        lg.scenarios(LAW, whole, {"time": [maturity]}, paths=64, seed=1)


@pytest.mark.parametrize(("begin", "end"), [(0.0, 0.05), (0.4, 0.45), (0.0, 0.7), (0.5, 3.5)])
def test_what_is_watched_has_at_least_24_intervals_and_24_a_year(begin, end):
    touch = lg.NoTouch(0.8, "down", end + 0.1, 1.0, "continuous", window=(begin, end))
    times = np.array([0.0, *given_dates(lg.WorstOf(touch, reference=REFERENCE), LAW).times])
    inside = times[(times >= begin) & (times <= end)]
    assert {begin, end} <= set(inside)
    assert np.diff(inside).max() <= min(1.0, end - begin) / 24 + 1e-12
    assert len(inside) <= 24 * max(1.0, end - begin) + 2


def test_derivatives_of_the_mean_over_bridges_are_those_of_differences():
    note = lg.BestOf(
        lg.Barrier(lg.Call(1.0, 0.25), 1.2, "up", "in", "continuous", window=(0.1, 0.25)), reference=REFERENCE
    )
    mean = given_dates(note, LAW)
    assert {0.1, 0.25} < set(mean.times)
    rng = np.random.default_rng(1)
    start = np.array([100.0, 50.0])[:, None, None]
    spot = start * np.exp(np.cumsum(0.03 * rng.standard_normal((2, len(mean.times), 64)) + 0.003, axis=1))
    names = ["spot[A]", "volatility[A]", "volatility[B]"]
    pairs = [("volatility[A]", "volatility[B]"), ("volatility[A]", "volatility[A]")]
    found, h = mean.moving(spot, [*((name,) for name in names), *pairs]), 1e-4

    def at(**moved):
        members = {
            asset: lg.GBM(spot=own.spot, volatility=own.volatility + moved.get(asset, 0.0), rate=own.rate)
            for asset, own in MEMBERS.items()
        }
        return mean.under(lg.CorrelatedGBM(members, correlation={("A", "B"): -0.5}))(spot)

    assert ("spot[A]",) not in found or not found["spot[A]",].any()  # it is watched later on
    for asset in "AB":
        slope = (at(**{asset: h}) - at(**{asset: -h})) / (2.0 * h)
        np.testing.assert_allclose(found[f"volatility[{asset}]",][0], slope, rtol=1e-5, atol=1e-8)
    mixed = (at(A=h, B=h) - at(A=h, B=-h) - at(A=-h, B=h) + at(A=-h, B=-h)) / (4.0 * h * h)
    np.testing.assert_allclose(found[pairs[0]][0], mixed, rtol=1e-3, atol=1e-5)
    bend = (at(A=h) - 2.0 * at() + at(A=-h)) / (h * h)
    np.testing.assert_allclose(found[pairs[1]][0], bend, rtol=1e-3, atol=1e-4)
    assert np.abs(mixed).max() > 1e-3


@pytest.mark.slow
def test_a_note_on_the_worst_of_two_that_is_knocked_in_at_any_time_is_worth_less_than_on_dates():
    terms = {"notional": 100.0, "coupon": 0.02, "knock_in": 0.7, "call_level": 1.0}
    calls = [0.5, 1.0]
    values = [
        lg.greeks(LAW, lg.WorstOf(lg.Autocallable(1.0, calls, knock_in_times=when, **terms), reference=REFERENCE),
                  [], paths=4096, seed=1)["price"]
        for when in ("continuous", lg.schedule(1.0, 52), calls[-1:])
    ]  # fmt: skip
    assert values[0].value + 3.0 * values[0].standard_error < values[1].value < values[2].value


@pytest.mark.parametrize(
    ("note", "why"),
    [
        (lg.WorstOf(lg.NoTouch(1.2, "up", 1.0, 1.0, "continuous"), reference=REFERENCE), "watched continuously below"),
        (lg.BestOf(lg.NoTouch(0.8, "down", 1.0, 1.0, "continuous"), reference=REFERENCE), "continuously above alone"),
        (lg.WorstOf(lg.DoubleNoTouch(0.8, 1.2, 1.0, 1.0, "continuous"), reference=REFERENCE), "continuously below"),
        (lg.WorstOf(lg.NoTouch(80.0, "down", 1.0, 1.0, "continuous")), "reference must hold a number for each asset"),
        (
            lg.WorstOf(lg.OneTouch(0.8, "down", 1.0, 1.0, "continuous", paid="hit"), reference=REFERENCE),
            "paid must be 'end' of a contract on several assets",
        ),
    ],
)
def test_levels_that_all_assets_must_be_beyond_at_once_are_refused(note, why):
    with pytest.raises(ValueError, match=why):
        lg.greeks(LAW, note, ["delta"], paths=64, seed=1)
