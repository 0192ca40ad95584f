"""A user's own law: any object with simulate and log_density, in finance and outside it."""

from dataclasses import dataclass

import numpy as np
import pytest
from scipy import stats

import likelihood_greeks as lg
from likelihood_greeks.validation import closed_form
from tests.support.gates import assert_estimates
from tests.support.laws import Bernoulli, Normal, PlainLognormal, Poisson


def once(function):
    return lg.Payoff(lambda x: function(x[-1]), times=[1.0])


# E[f(X)] and its exact derivatives: (law, f, parameter or pair, exact value).
CASES = [
    (Normal(0.7, 1.3), np.square, "mean", 1.4),
    (Normal(0.7, 1.3), np.square, "deviation", 2.6),
    (Normal(0.7, 1.3), np.square, ("mean", "mean"), 2.0),
    (Normal(0.7, 1.3), lambda x: 1.0 * (x > 1.1), "mean", stats.norm.pdf(0.4 / 1.3) / 1.3),
    (Bernoulli(0.3), lambda x: (x - 0.45) ** 2, "probability", 0.1),
    (Poisson(3.7), lambda x: x * x, "rate", 8.4),
    (Poisson(3.7), lambda x: 1.0 * (x >= 5.0), "rate", stats.poisson.pmf(4, 3.7)),
    (Poisson(3.7), lambda x: x * x, ("rate", "rate"), 2.0),
]


@pytest.mark.slow
@pytest.mark.parametrize("controls", ["none", "scores"])
@pytest.mark.parametrize(("law", "function", "greek", "exact"), CASES)
def test_score_function_gradient_is_exact(law, function, greek, exact, controls):
    result = lg.greeks(law, once(function), [greek], paths=400_000, seed=5, controls=controls)
    assert_estimates(result[greek], exact, max_standard_error=0.025 * abs(exact))
    with pytest.raises(AssertionError):
        assert_estimates(result[greek], 1.25 * exact, max_standard_error=0.025 * abs(exact))


def test_a_baseline_lowers_the_variance():
    plain = lg.greeks(Poisson(3.7), once(np.square), ["rate"], paths=100_000, seed=5, controls="none")["rate"]
    controlled = lg.greeks(Poisson(3.7), once(np.square), ["rate"], paths=100_000, seed=5)["rate"]
    assert controlled.standard_error < 0.8 * plain.standard_error
    assert controlled.variance_ratio == pytest.approx((plain.standard_error / controlled.standard_error) ** 2, rel=0.1)


def test_every_parameter_is_differentiated_by_default():
    assert list(lg.greeks(Normal(0.7, 1.3), once(np.square), paths=1000, seed=1)) == ["price", "mean", "deviation"]


def test_a_plain_class_gives_the_greeks_of_the_library_model_to_rounding():
    mine, ours = PlainLognormal(93.0, 0.27, 0.043), lg.GBM(spot=93.0, volatility=0.27, rate=0.043)
    payoff = lg.Barrier(lg.DigitalPut(100.0, 1.1), 80.0, "down", "out", [0.2, 0.5, 1.1])
    greeks = ["delta", "gamma", "vega", "rho", "theta", "vanna", "volga", "charm"]
    a, b = (lg.greeks(m, payoff, greeks, paths=5000, seed=9, controls="none") for m in (mine, ours))
    for greek in greeks:
        assert a[greek].value == pytest.approx(b[greek].value, rel=1e-5), greek


def test_a_law_whose_density_is_not_its_own_is_called_out():
    @dataclass(frozen=True)
    class Wrong(Normal):
        def log_density(self, x):
            return Normal(self.mean + 0.05, self.deviation).log_density(x)

    result = lg.greeks(Wrong(0.7, 1.3), once(np.square), ["mean"], paths=200_000, seed=3)
    assert "log_density is not the density" in result["mean"].note
    assert lg.greeks(Normal(0.7, 1.3), once(np.square), ["mean"], paths=200_000, seed=3)["mean"].note == ""


def test_cash_flows_date_by_date_are_discounted_from_their_own_dates():
    model = lg.GBM(spot=93.0, volatility=0.27, rate=0.043, dividend_yield=0.017)
    times = (0.35, 0.6, 1.3)
    coupons = lg.Payoff(lambda s: 1.0 * (s > 95.0), times=times)
    result = lg.greeks(model, coupons, ["delta", "vega", "rho", "gamma", "theta"], paths=800_000, seed=4)
    for greek in result:
        exact = sum(closed_form.greek(model, lg.DigitalCall(95.0, t), greek) for t in times)
        assert_estimates(result[greek], exact, max_standard_error=0.05 * abs(exact) + 1e-4)


def test_a_law_without_parameters_or_time_is_refused_clearly():
    class Nameless:
        def simulate(self, times, stream):
            return stream.normals(1)

        def log_density(self, x):
            return -0.5 * x[0] ** 2

    with pytest.raises(TypeError, match="must name its parameters"):
        lg.greeks(Nameless(), once(np.square))
    with pytest.raises(TypeError, match="theta needs paths with `times`"):
        lg.greeks(Normal(0.7, 1.3), once(np.square), ["theta"], paths=100, seed=1)


@dataclass(frozen=True)
class Drifting:
    """A parameter of its own called theta, dates, and a score that can be made wrong."""

    theta: float
    wrong: bool = False
    seed_of_nothing: int = 3

    def simulate(self, times, stream):
        return lg.Paths(
            np.asarray(times), self.theta + np.sqrt(np.asarray(times))[:, None] * stream.normals(len(times))
        )

    def log_density(self, paths):
        return (-0.5 * (paths.spot - self.theta) ** 2 / paths.times[:, None]).sum(axis=0)

    def score(self, paths):
        return ((2.0 if self.wrong else 1.0) * (paths.spot - self.theta) / paths.times[:, None]).sum(axis=0)[None]


def test_a_parameter_goes_before_a_greek_of_the_same_name_and_integers_are_not_parameters():
    result = lg.greeks(Drifting(0.7), once(np.square), paths=100_000, seed=2)
    assert list(result) == ["price", "theta"]
    assert_estimates(result["theta"], 1.4, max_standard_error=0.02)


def test_a_wrong_score_of_the_user_s_is_refused():
    with pytest.raises(ValueError, match="score must be the derivative of log_density: in theta"):
        lg.greeks(Drifting(0.7, wrong=True), once(np.square), paths=1000, seed=2)


@pytest.mark.parametrize(("location", "width"), [(100.0, 0.1), (100.0, 0.02), (-3.0, 1e-4)])
def test_steps_of_differences_fit_the_width_of_the_law(location, width):
    law = Normal(location, width)
    result = lg.greeks(law, once(lambda x: x - location), ["mean", "deviation"], paths=100_000, seed=2, controls="none")
    assert abs(result["mean"].z_score(1.0)) < 4.0
    assert abs(result["deviation"].z_score(0.0)) < 4.0
    assert result["mean"].reliable


def test_a_kink_in_the_density_is_no_obstacle():
    @dataclass(frozen=True)
    class Laplace:
        location: float

        def simulate(self, times, stream):
            return self.location + stream.generator.laplace(size=(1, stream.n_paths))

        def log_density(self, x):
            return -np.abs(x[0] - self.location)

    result = lg.greeks(Laplace(0.3), once(lambda x: 1.0 * (x > 0.9)), ["location"], paths=400_000, seed=2)
    assert_estimates(result["location"], 0.5 * np.exp(-0.6), max_standard_error=0.005)


class Caching:
    """A plain class that derives what it uses when it is made."""

    parameters = ("sigma",)

    def __init__(self, sigma):
        self.sigma, self.variance = sigma, sigma**2

    def simulate(self, times, stream):
        return self.sigma * stream.normals(1)

    def log_density(self, x):
        return -0.5 * x[0] ** 2 / self.variance - 0.5 * np.log(self.variance)


def test_what_a_class_derives_from_its_parameters_follows_them():
    result = lg.greeks(Caching(1.3), once(np.square), ["sigma"], paths=100_000, seed=2)
    assert_estimates(result["sigma"], 2.6, max_standard_error=0.03)


def test_a_support_that_moves_with_the_parameter_is_called_out():
    @dataclass(frozen=True)
    class Uniform:
        end: float

        def simulate(self, times, stream):
            return self.end * stream.uniforms(1)

        def log_density(self, x):
            return np.full(x.shape[1], -np.log(self.end))

    result = lg.greeks(Uniform(2.0), once(lambda x: x), ["end"], paths=10_000, seed=2)
    assert "log_density is not the density" in result["end"].note


@pytest.mark.slow
def test_baselines_work_on_user_laws():
    law, payoff = Normal(0.7, 1.3), once(np.square)
    frame = lg.compare(law, payoff, paths=100_000, seed=2)
    for greek, exact in (("mean", 1.4), ("deviation", 2.6)):
        for method in frame.loc[greek].index:
            row = frame.loc[(greek, method)]
            assert abs(row["value"] - exact) < 4.0 * row["standard_error"] + 0.001, (greek, method)
    asset = PlainLognormal(93.0, 0.27, 0.043)
    asset_payoff = lg.Call(95.0, 0.7)
    for run in (lg.greeks, lg.pathwise, lg.finite_difference):
        exact = closed_form.greek(lg.GBM(spot=93.0, volatility=0.27, rate=0.043), asset_payoff, "delta")
        assert abs(run(asset, asset_payoff, ["delta"], paths=50_000, seed=1)["delta"].z_score(exact)) < 4.0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"log_density": lambda self, x: x}, "log_density must have shape"),
        ({"score": lambda self, x: x[0]}, "score must have a row for each of"),
        ({"simulate": lambda self, times, stream: stream.normals(1)[:, :-1]}, "simulate must draw"),
    ],
)
def test_wrong_shapes_are_named(change, message):
    law = type("Law", (Normal,), change)(0.7, 1.3)
    with pytest.raises(ValueError, match=message):
        lg.greeks(law, once(np.square), ["mean"], paths=1000, seed=1)


def test_a_law_may_name_greeks_of_its_own():
    class Spread(Normal):
        def named_greeks(self):
            return {"variance": {("deviation",): 0.5 / self.deviation}}

    result = lg.greeks(Spread(0.7, 1.3), once(np.square), ["variance"], paths=100_000, seed=5)
    assert_estimates(result["variance"], 1.0, max_standard_error=0.02)
    with pytest.raises(ValueError, match=r"greek must be one of price, .*variance.*, got 'skew'"):
        lg.greeks(Spread(0.7, 1.3), once(np.square), ["skew"])
