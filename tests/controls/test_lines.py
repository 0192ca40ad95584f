"""The payoff integrated along a line: against quadrature, against differences, and what it takes off."""

import re
from contextlib import nullcontext
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

import likelihood_greeks as lg
from likelihood_greeks._compiled import formulas_only
from likelihood_greeks.controls import line_integral, line_scores, lines, offers
from likelihood_greeks.controls.line_greeks import Together
from likelihood_greeks.controls.line_integral import Integral
from likelihood_greeks.controls.line_integrated import LineIntegrated
from likelihood_greeks.controls.line_layout import Layout
from likelihood_greeks.controls.line_motions import LineMotions
from likelihood_greeks.controls.lines import DIRECTIONS, Line
from likelihood_greeks.controls.protocol import Load, Scene, SharedPaths, cost
from likelihood_greeks.controls.selection import BUDGET
from likelihood_greeks.controls.skeletons import Skeletons
from likelihood_greeks.estimate import Moments
from likelihood_greeks.estimators.likelihood_ratio import weigh
from likelihood_greeks.models.moves import LIKELIHOOD_RATIO
from likelihood_greeks.parameters import TIME
from likelihood_greeks.payoffs.along.pieces import pieces_along
from likelihood_greeks.payoffs.along.points import Crossed, Extreme, Hull, Risen
from likelihood_greeks.payoffs.protocol import cash_flows
from likelihood_greeks.validation import quadrature
from tests.payoffs.test_along import TIMES, WITH_PIECES, WITHOUT, paths, random_payoff
from tests.support.gates import draw
from tests.support.laws import LAWS
from tests.support.payoffs import PAYOFFS

MODEL = lg.GBM(spot=100.0, volatility=0.25, rate=0.03, dividend_yield=0.01)
FIRST = [(), ("spot",), ("volatility",), ("rate",), ("dividend_yield",), (TIME,)]
CALL = lg.Barrier(lg.Call(100.0, 1.0), 93.0, "down", "out", TIMES, rebate=2.0)
NODES, WEIGHTS = np.polynomial.legendre.leggauss(24)


def weighed(model, times=TIMES, n_paths=64, seed=4):
    return weigh(
        model,
        replace(draw(model, np.asarray(times), n_paths, seed), memo=None),
        [d for d in FIRST if d and d[0] in (*model.parameters, TIME)],
    )


def meeting(point, base, lengths):
    """All points at which the monomials of one are at its level, or any two of them equal."""

    def of(monomial):
        return [sum((x * rows[row] for row, x in monomial), np.zeros(base.shape[1])) for rows in (base, lengths)]

    if isinstance(point, Crossed):
        here, length = of(point.monomial)
        return (np.log(point.level) - here) / length
    logs = [(np.log(c) + of(m)[0], of(m)[1]) for m, c in point.terms]
    if isinstance(point, Hull):
        return np.array([(a - c) / (d - b) for k, (a, b) in enumerate(logs) for c, d in logs[:k]])
    low, high = np.full((2, base.shape[1]), np.array([[-60.0], [60.0]]))
    for _ in range(70):
        middle = 0.5 * (low + high)
        beyond = (sum(np.exp(a + b * middle) for a, b in logs) > 1.0) == point.rising
        low, high = np.where(beyond, low, middle), np.where(beyond, middle, high)
    return low


def zeros(pieces, base, lengths):
    """Where each amount that rises is zero, by bisection."""
    risen = [k for k, point in enumerate(pieces.points) if isinstance(point, Risen)]
    low, high = np.full((len(risen), base.shape[1]), -9.0), np.full((len(risen), base.shape[1]), 9.0)
    for row, k in enumerate(risen):
        for _ in range(50):
            middle = 0.5 * (low[row] + high[row])
            beyond = pieces.beyond(np.exp(base + lengths * middle))[k]
            low[row], high[row] = np.where(beyond, low[row], middle), np.where(beyond, middle, high[row])
    return low


def by_quadrature(payoff, line, factors, pieces, shape=None):
    """The integral by Gauss-Legendre between all points at which anything is at a level, path by path; of several
    assets the payoff sees spots of a shape.
    """
    logs, place = line.logs(np.arange(len(line.lengths))), line.place
    lengths = np.broadcast_to(line.lengths, logs.shape)
    base = logs - lengths * place
    edges = np.repeat(np.linspace(-9.0, 9.0, 10)[:, None], len(place), axis=1)
    plain = [point for point in pieces.points if not isinstance(point, Extreme | Risen)]
    points = [edges, *(np.atleast_2d(meeting(p, base, lengths)) for p in plain), zeros(pieces, base, lengths)]
    edges, total = np.sort(np.clip(np.concatenate(points), -9.0, 9.0), axis=0), np.zeros(len(place))
    for low, high in pairwise(edges):
        for node, weight in zip(NODES, WEIGHTS, strict=True):
            z = 0.5 * (low + high) + 0.5 * (high - low) * node
            spot = np.exp(base + lengths * z)
            paid = factors @ cash_flows(payoff, spot.reshape(*shape, -1) if shape else spot)
            total += 0.5 * (high - low) * weight * paid * np.exp(-0.5 * z * z) / np.sqrt(2.0 * np.pi)
    return total


def flow_factors(pieces):
    return np.linspace(1.0, 0.9, pieces.coefficients.shape[1])


ALL = {**WITH_PIECES, **{name: make() for name, make in PAYOFFS.items() if name not in WITHOUT}}


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("name", ALL)
def test_the_integral_is_that_of_quadrature(name, direction):
    payoff = ALL[name]
    pieces = pieces_along(payoff, paths()[: len(payoff.times)])
    line, factors = Line(Skeletons(weighed(MODEL, payoff.times, n_paths=8)), direction), flow_factors(pieces)
    exact = by_quadrature(payoff, line, factors, pieces)
    np.testing.assert_allclose(Integral(Layout(pieces), line, factors).value, exact, rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("law", ["GBM", "Heston, a desk's"])
@pytest.mark.parametrize("seed", range(8))
def test_so_it_is_of_random_conditions(seed, law):
    payoff, model, times = random_payoff(np.random.default_rng(seed)), LAWS[law].law, LAWS[law].times
    times = (*times, *(times[-1] + 0.1 * k for k in range(1, 5 - len(times))))[:4]
    pieces = pieces_along(payoff, paths())
    line = Line(Skeletons(weighed(model, times, n_paths=6)), DIRECTIONS[seed % 2])
    exact = by_quadrature(payoff, line, np.ones(1), pieces)
    np.testing.assert_allclose(Integral(Layout(pieces), line, np.ones(1)).value, exact, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("name", ["spot", "volatility", "rate", "dividend_yield"])
@pytest.mark.parametrize(
    "payoff",
    ["down-and-out call", "snowball", "phoenix", "lookback", "one touch, paid then", "average strike", "cliquet"],
)
def test_its_derivative_is_that_at_fixed_normals(payoff, name):
    pieces, times = pieces_along(ALL[payoff], paths()[: len(ALL[payoff].times)]), ALL[payoff].times
    layout, factors = Layout(pieces), flow_factors(pieces)

    def integral(model):
        return Integral(layout, Line(Skeletons(weighed(model, times)), DIRECTIONS[len(name) % 2]), factors)

    step = 1e-5 * getattr(MODEL, name)
    up, down = (integral(replace(MODEL, **{name: getattr(MODEL, name) + s * step})).value for s in (1.0, -1.0))
    moved = integral(MODEL).moved(name, LIKELIHOOD_RATIO)
    np.testing.assert_allclose(moved, (up - down) / (2.0 * step), rtol=1e-5, atol=1e-5 * np.abs(moved).max())


COMPARED = [
    "snowball",
    "phoenix",
    "double barrier",
    "floating lookback",
    "range accrual",
    "a performance",
    "average strike",
    "Asian",
    "cliquet",
]


@pytest.mark.parametrize("law", ["GBM", "Heston, a desk's"])
@pytest.mark.parametrize("name", COMPARED)
def test_kernels_and_formulas_agree(name, law):
    payoff, weight, found = ALL[name], (0.3, np.linspace(-1.0, 1.0, 90), 0.2), []
    pieces = pieces_along(payoff, paths()[: len(payoff.times)])
    drawn = weighed(LAWS[law].law, payoff.times, n_paths=90)
    for context in (nullcontext, formulas_only):
        with context():
            integral = Integral(Layout(pieces), Line(Skeletons(drawn), DIRECTIONS[0]), flow_factors(pieces))
            moved = [integral.moved(name, 0.0, w) for name in ("spot", "rate") for w in (line_integral.ONE, weight)]
            found.append([integral.value, integral.weighed(weight), *moved])
    for compiled, formula in zip(*found, strict=True):
        np.testing.assert_allclose(compiled, formula, rtol=1e-9, atol=1e-9 * np.abs(formula).max())


def test_the_line_is_a_standard_normal_of_its_own():
    line = Line(Skeletons(weighed(MODEL, n_paths=100_000)), DIRECTIONS[1])
    noise = line.moves.noise - line.shares * line.place  # the rest
    together = np.cov(np.concatenate([line.place[None], noise]))
    assert abs(together[0, 0] - 1.0) < 0.02
    assert np.abs(together[0, 1:]).max() < 0.002
    np.testing.assert_allclose((line.shares**2 / line.moves.variance).sum(), 1.0)
    assert (line.lengths > 0.0).all()


SNOWBALL = lg.Autocallable(100.0, TIMES[1:], 101.0, 0.03, knock_in=88.0, knock_in_times=TIMES)


def z_scores(payoff=CALL, n_paths=200_000, seed=6):
    """Of the control's mean, Greek by Greek."""
    drawn = weighed(MODEL, n_paths=n_paths, seed=seed)
    scene = Scene(SharedPaths(MODEL, drawn), payoff)
    control = LineIntegrated(Layout(pieces_along(payoff, drawn.spot)), DIRECTIONS[0], LIKELIHOOD_RATIO)
    found = Moments.of(control.samples(scene, [{d: 1.0} for d in FIRST])[:, None])
    return np.abs(found.mean / found.standard_error)[:, 0]


@pytest.mark.parametrize("payoff", [CALL, SNOWBALL], ids=["barrier", "snowball"])
def test_the_control_has_mean_zero(payoff):
    assert z_scores(payoff).max() < 4.0


MANY = ["phoenix", "floating lookback", "average strike", "barrier on the average", "range accrual", "a performance"]
MANY += ["one touch, paid then", "a call on the highest", "geometric average", "target forward", "alive by date"]


@pytest.mark.slow
@pytest.mark.parametrize("name", MANY)
def test_so_has_that_of_any_payoff(name):
    assert z_scores(ALL[name], n_paths=100_000, seed=len(name)).max() < 4.0


@pytest.mark.parametrize("payoff", [CALL, SNOWBALL], ids=["barrier", "snowball"])
def test_a_crossing_left_out_would_be_seen(monkeypatch, payoff):
    right = Integral.__dict__["_integrated"].func

    def dropped(self):
        where, density, *rest = right(self)
        return where, 0.0 * density, *rest

    monkeypatch.setattr(Integral, "_integrated", property(dropped))
    assert z_scores(payoff)[1:3].max() > 6.0


def test_a_line_whose_length_does_not_move_would_be_seen(monkeypatch):
    pulled, at = LineMotions.pulled, LineMotions.at
    monkeypatch.setattr(LineMotions, "pulled", lambda self, *given: pulled(self, *given[:3], 0.0 * given[3]))
    monkeypatch.setattr(LineMotions, "at", lambda self, c, d: at(self, replace(c, point=self.line.place), d))
    with formulas_only():
        assert z_scores()[2] > 6.0


def test_and_where_all_is_found_in_one_pass(monkeypatch):
    right = Together.of

    def still(*given):
        found = right(*given)
        drifts, lengths, *first = found.line
        return replace(found, line=(drifts, lengths * (1.0 + 0.2 * np.arange(len(lengths))), *first))

    monkeypatch.setattr(Together, "of", still)
    assert z_scores()[2] > 6.0


SECOND = [("spot", "spot"), ("spot", "volatility"), ("volatility", "volatility"), ("volatility", TIME)]


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("name", [*COMPARED[:3], "floating lookback", "a performance"])
def test_all_greeks_in_one_pass_are_those_one_by_one(name, direction):
    payoff = ALL[name]
    drawn = weigh(MODEL, draw(MODEL, np.asarray(payoff.times), 150, 8), [*FIRST[1:], *SECOND])
    control = LineIntegrated(Layout(pieces_along(payoff, drawn.spot)), direction, LIKELIHOOD_RATIO)
    greeks, found = [*({d: 1.0} for d in [*FIRST, *SECOND]), {("spot",): 2.0, ("volatility",): -0.3}], []
    for context in (nullcontext, formulas_only):
        with context():
            found.append(control.samples(Scene(SharedPaths(MODEL, drawn), payoff), greeks))
    for compiled, formula in zip(*found, strict=True):
        np.testing.assert_allclose(compiled, formula, rtol=1e-9, atol=1e-9 * np.abs(formula).max())


WEEKS = lg.schedule(0.5, per_year=52)
STEEP = lg.TermStructureGBM(
    spot=100.0, times=[0.2, 0.6], volatilities=[0.3, 0.2], zero_rates=[0.01, 0.04], dividend_yields=[0.0, 0.0]
)


@pytest.mark.parametrize("model", [MODEL, STEEP], ids=["flat", "a clock that turns"])
def test_all_coordinates_at_once_move_as_one_by_one(model):
    payoff, names = lg.Barrier(lg.Call(100.0, 0.5), 93.0, "down", "out", WEEKS), [*model.parameters, TIME]
    drawn = weigh(model, draw(model, np.asarray(WEEKS), 50, 3), [(name,) for name in names])
    integral = Integral(Layout(pieces_along(payoff, drawn.spot)), Line(Skeletons(drawn), DIRECTIONS[1]), np.ones(1))
    assert integral.layout.watched
    one = [integral.line.gained(name, LIKELIHOOD_RATIO, integral.pushed(), {}) for name in names]
    np.testing.assert_allclose(integral.moved_in(names, LIKELIHOOD_RATIO), one, rtol=1e-9, atol=1e-9)


def test_and_so_would_one_that_moves_name_by_name(monkeypatch):
    monkeypatch.setattr(lines, "motions", lambda *_: None)
    assert z_scores().max() < 4.0
    tangent, pulled = Line.tangent, Line.pulled
    monkeypatch.setattr(Line, "tangent", lambda self, *given: (tangent(self, *given)[0], np.zeros(1)))
    monkeypatch.setattr(Line, "pulled", lambda self, *given: pulled(self, *given[:4], 0.0 * given[4]))
    assert z_scores()[2] > 6.0


def test_a_direction_that_moves_with_the_volatility_would_be_seen(monkeypatch):
    tangent, pulled = Line.tangent, Line.pulled

    def turn(self, name):
        return -0.5 * self.lengths[0] / MODEL.volatility * (name == "volatility")

    def turning(self, name, rate, where):
        moved, stretch = tangent(self, name, rate, where)
        return moved, stretch + turn(self, name)

    def pulled_round(self, *given):
        return pulled(self, *given) + turn(self, given[0]) * given[4].sum(axis=0)

    monkeypatch.setattr(lines, "motions", lambda *_: None)
    monkeypatch.setattr(Line, "tangent", turning)
    monkeypatch.setattr(Line, "pulled", pulled_round)
    assert z_scores()[2] > 6.0


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_one_coordinate_scored_and_one_that_travels_have_mean_zero_too(direction):
    pairs = [("spot", "spot"), ("spot", "volatility"), ("rate", "volatility"), ("spot", TIME), ("rate", "rate")]
    pairs += [("volatility", "volatility"), ("volatility", TIME)]
    drawn = weigh(MODEL, draw(MODEL, np.asarray(TIMES), 200_000, 8), [*FIRST[1:], *pairs])
    scene = Scene(SharedPaths(MODEL, drawn), CALL)
    control = LineIntegrated(Layout(pieces_along(CALL, drawn.spot)), direction, LIKELIHOOD_RATIO)
    samples = control.samples(scene, [{pair: 1.0} for pair in pairs])
    plain = np.stack([scene.value * drawn.weights[pair] for pair in pairs])
    assert (samples.std(axis=1) > 0.2 * plain.std(axis=1)).all()
    assert (np.abs(samples.mean(axis=1)) < 4.0 * samples.std(axis=1) / np.sqrt(200_000)).all()


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_an_integral_that_travels_twice_is_biased(direction):
    """Where another date becomes the one that decides there is a kink: slopes are right, those of slopes are not."""
    payoff, paths, step = lg.Barrier(lg.Call(100.0, 1.0), 93.0, "down", "out", TIMES), 100_000, 1e-6

    def slope(spot):
        model = replace(MODEL, spot=spot)
        drawn = weigh(model, draw(model, np.asarray(TIMES), paths, 8), [("spot",)])
        layout, line = Layout(pieces_along(payoff, drawn.spot)), Line(Skeletons(drawn), direction)
        return Integral(layout, line, np.exp([-MODEL.rate * TIMES[-1]])).moved("spot", LIKELIHOOD_RATIO)

    low, high = slope(100.0 - step), slope(100.0 + step)
    once, twice = 0.5 * (low + high), (high - low) / (2.0 * step)
    delta, gamma = (quadrature.greek(MODEL, payoff, greek).value for greek in ("delta", "gamma"))
    assert abs(once.mean() - delta) < 4.0 * once.std() / np.sqrt(paths) < 0.01 * delta
    assert twice.mean() - gamma > 10.0 * twice.std() / np.sqrt(paths)
    assert twice.mean() > 1.2 * gamma


def test_a_weight_that_does_not_move_would_be_seen(monkeypatch):
    monkeypatch.setattr(line_scores, "motion", lambda *_: (0.0, 0.0))
    drawn = weigh(MODEL, draw(MODEL, np.asarray(TIMES), 200_000, 8), [*FIRST[1:], ("rate", "volatility")])
    control = LineIntegrated(Layout(pieces_along(CALL, drawn.spot)), DIRECTIONS[0], LIKELIHOOD_RATIO)
    (samples,) = control.samples(Scene(SharedPaths(MODEL, drawn), CALL), [{("rate", "volatility"): 1.0}])
    assert abs(samples.mean()) > 6.0 * samples.std() / np.sqrt(200_000)


def test_what_cannot_be_followed_and_europeans_are_offered_none():
    swap = lg.VarianceSwap(0.2, TIMES)
    assert not offers.lines_of(MODEL, swap, weighed(MODEL), Load(4))
    assert not offers.lines_of(MODEL, lg.Call(100.0, 1.0), weighed(MODEL, (1.0,)), Load(1))
    assert len(offers.lines_of(MODEL, lg.Asian(100.0, [1.0]), weighed(MODEL, (1.0,)), Load(1))) == 1


def test_one_date_with_nothing_beneath_is_one_normal():
    assert Load(1).one_normal
    assert not any(load.one_normal for load in (Load(2), Load(1, beneath=1.0), Load(1, steps=2)))


def test_what_costs_more_than_it_could_save_is_not_offered():
    many = lg.schedule(1.0, per_year=252)
    accrual = lg.RangeAccrual(80.0, 120.0, many)
    found = offers.lines_of(MODEL, accrual, weighed(MODEL, many), Load(len(many)))
    assert cost(found[:1], Load(len(many))) < BUDGET
    assert not offers.lines_of(MODEL, accrual, weighed(MODEL, many), Load(2))


PUBLISHED = {  # level, direction, dates a year: deviations of one path of price, delta and vega with the line alone
    "down-and-out call, monthly": (85.0, "down", 12, (np.inf, 0.123, 18.4)),
    "down-and-out call, weekly": (85.0, "down", 52, (1.20, 0.170, 23.8)),
    "down-and-out call, daily": pytest.param(85.0, "down", 252, (1.32, 0.190, 26.1), marks=pytest.mark.slow),
    "up-and-out call, weekly": (120.0, "up", 52, (1.08, 0.106, 10.8)),
    "up-and-out call, daily": pytest.param(120.0, "up", 252, (1.04, 0.105, 11.0), marks=pytest.mark.slow),
}
ON_SOBOL_POINTS = {  # the same of so many scrambled points as have the error of 2,048 in a scramble
    "down-and-out call, weekly": (85.0, "down", 52, (np.inf, 0.119, 10.4)),
    "down-and-out call, daily": (85.0, "down", 252, (0.40, 0.130, 13.0)),
    "up-and-out call, weekly": (120.0, "up", 52, (0.35, 0.096, 9.8)),
    "up-and-out call, daily": (120.0, "up", 252, (0.30, np.inf, np.inf)),
}
FLAT = lg.GBM(spot=100.0, volatility=0.2, rate=0.03)


def out(level, direction, dates):
    return lg.Barrier(lg.Call(100.0, 1.0), level, direction, "out", lg.schedule(1.0, per_year=dates))


@pytest.mark.parametrize(("level", "direction", "dates", "deviations"), PUBLISHED.values(), ids=PUBLISHED.keys())
def test_a_barrier_is_as_good_as_its_line(level, direction, dates, deviations):
    barrier, how = out(level, direction, dates), {"paths": 32_768, "seed": 5}
    found, alone = lg.greeks(FLAT, barrier, ["delta", "vega"], **how), lg.greeks(FLAT, barrier, [], **how)
    assert found.diagnostics.controls["control"].str.contains("integrated along").any()
    shares = [s for remark in found.diagnostics.remarks for s in re.findall(r"(\d+)% of the price's", remark)]
    assert shares
    assert all(50 < int(share) <= 100 for share in shares)
    run = {"price": alone, "delta": found, "vega": found}
    for (greek, result), deviation in zip(run.items(), deviations, strict=True):
        assert result[greek].standard_error * np.sqrt(32_768) < 1.1 * deviation, greek


@pytest.mark.slow
@pytest.mark.parametrize(
    ("level", "direction", "dates", "deviations"), ON_SOBOL_POINTS.values(), ids=ON_SOBOL_POINTS.keys()
)
def test_and_on_sobol_points(level, direction, dates, deviations):
    barrier, squares = out(level, direction, dates), np.zeros(3)
    for seed in range(8):
        how = {"paths": 65_536, "seed": seed, "sampling": "sobol"}
        found, alone = lg.greeks(FLAT, barrier, ["delta", "vega"], **how), lg.greeks(FLAT, barrier, [], **how)
        errors = [alone["price"].standard_error, *(found[greek].standard_error for greek in ("delta", "vega"))]
        squares += np.square(errors) * found["price"].n_paths / 8
    assert (np.sqrt(squares) < 1.1 * np.array(deviations)).all()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("level", "direction", "dates", "deviation"),
    [(85.0, "down", 52, 0.37), (85.0, "down", 252, 0.39), (120.0, "up", 52, 0.21)],
    ids=["down-and-out call, weekly", "down-and-out call, daily", "up-and-out call, weekly"],
)
def test_under_heston_a_delta_is_better_than_by_the_line_alone(level, direction, dates, deviation):
    model = lg.Heston(
        spot=100.0, initial_variance=0.04, mean_reversion=1.5, long_run_variance=0.04, vol_of_vol=0.5,
        correlation=-0.7, rate=0.03,
    )  # fmt: skip
    delta = lg.greeks(model, out(level, direction, dates), ["delta"], paths=32_768, seed=5)["delta"]
    assert delta.standard_error * np.sqrt(32_768) < 1.1 * deviation


def test_a_snowball_under_heston_has_its_line():
    """On four dates, some of whose skeletons score none."""
    found = lg.greeks(LAWS["Heston, a desk's"].law, SNOWBALL, ["delta"], paths=2048, seed=3)
    assert found.diagnostics.controls["control"].str.contains("integrated along").any()
