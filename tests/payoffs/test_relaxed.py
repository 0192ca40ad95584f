"""Relaxed payoffs: exact at zero width, C¹ with exact gradients at any other, refused where they cannot be followed."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import likelihood_greeks as lg
from likelihood_greeks.payoffs.relaxed import elementwise as rules
from likelihood_greeks.payoffs.relaxed.array import NotRelaxableError, relax
from likelihood_greeks.payoffs.relaxed.tape import Level, Tape, ramp, step
from tests.support.gates import MODEL, UNEVEN, draw

SPOT = draw(MODEL, n_paths=400, seed=3).spot
SPOT[:, :4] = [[91.3], [84.7], [91.3], [104.1]]  # on the levels of the contracts below, and twice at an extreme


def relaxed(payoff, spot, width=0.0, smooth_kinks=False):
    """Relaxed cash flows, and the gradient of their sum, with rows weighted 1, 2, ..."""
    flows, gradient = relax(payoff, spot, Tape(lambda *_: width, smooth_kinks))
    return flows, gradient(1.0 + np.arange(len(flows))[:, None])


def assert_exact_without_width(payoff, spot):
    np.testing.assert_allclose(relaxed(payoff, spot)[0], np.atleast_2d(payoff(spot.copy())), rtol=1e-14, atol=1e-14)


def assert_gradient(payoff, spot, width=3.7):
    """The reverse pass agrees with central differences, fixing by fixing: all of them are bumped on paths of their own.

    A payoff does not see whose paths lie beside its own (`test_contract`).
    """
    flows, found = relaxed(payoff, spot, width, smooth_kinks=True)
    h, weights = 1e-6 * np.abs(spot).mean(), 1.0 + np.arange(len(flows))
    scale = 1.0 + np.abs(found).max() + np.abs(flows).max() / np.abs(spot).mean()
    fixings, n_paths = list(np.ndindex(spot.shape[:-1])), spot.shape[-1]
    bumped = np.tile(spot, 2 * len(fixings))
    for k, row in enumerate(fixings):
        bumped[row][2 * k * n_paths : (2 * k + 1) * n_paths] += h
        bumped[row][(2 * k + 1) * n_paths : (2 * k + 2) * n_paths] -= h
    ends = (weights @ relaxed(payoff, bumped, width, smooth_kinks=True)[0]).reshape(len(fixings), 2, n_paths)
    for row, (up, down) in zip(fixings, ends, strict=True):
        np.testing.assert_allclose(found[row], (up - down) / (2.0 * h), rtol=1e-4, atol=1e-5 * scale)


# -- contracts ---------------------------------------------------------------------------------------------------------


def autocall_in_place(spot):
    total, alive = np.zeros(spot.shape[1]), np.ones(spot.shape[1], dtype=bool)
    for k, fixing in enumerate(spot):
        called = alive & (fixing >= 104.1)
        total += called * (100.0 + 2.5 * k)
        alive &= ~called
    total += np.minimum(spot[-1], 100.0) * alive
    return total


def autocall_by_date(spot):
    flows, alive = np.zeros_like(spot), np.ones_like(spot[0])
    for k in range(len(spot)):
        called = spot[k] > 91.3
        flows[k] = alive * called * 3.0
        flows[k] += 0.5 * (spot[k] < 84.7)
        alive = np.where(called, 0.0, alive)
    return flows


def range_accrual(spot):
    weights = np.ones((len(spot), 1))
    paid = (weights * ((spot >= 84.7) & (spot < 104.1))).mean(axis=0)
    weights *= 7.0  # what is recorded must not change with it
    return 5.0 * paid + np.count_nonzero(spot > 91.3, axis=0)


def knocked_by_mask(spot):
    paid = np.maximum(spot[-1] - 91.3, 0.0)
    paid[np.any(spot <= 84.7, axis=0)] = 1.25
    return paid


def tiers(spot):
    coupons = np.select([spot[-1] > 104.1, spot[-1] > 91.3], [3.0, spot[-1] / 50.0], default=-1.0)
    return coupons + np.heaviside(spot[0] - 84.7, 0.5) * np.sign(spot[1] - 91.3)


def returns(spot):
    steps = np.diff(np.log(spot), axis=0, prepend=np.log(93.0))
    local = np.clip(np.exp(steps) - 1.0, -0.05, 0.06)
    return np.sqrt((steps**2).sum(axis=0) + 0.01) + local.sum(axis=0) + np.prod(1.0 + local, axis=0)


def weighted_average(spot):
    weights = np.array([0.4, 0.3, 0.2, 0.1])
    return np.maximum(weights @ spot - 91.3, 0.0) + np.average(spot, axis=0, weights=weights) - np.dot(weights, spot)


def running(spot):
    high, hit = np.maximum.accumulate(spot, axis=0), np.logical_or.accumulate(spot < 84.7, axis=0)
    return np.where(hit, 0.0, high / np.cumsum(spot, axis=0))


def booleans(spot):
    low, high = spot[0] < 91.3, spot[-1] > 84.7
    return (low + high) * 2.0 + (low * high) * spot[1] + np.logical_xor(low, high) * ~low


def shapes(spot):
    both = np.stack([spot[[0, 2]], spot[-2:, :]]).reshape(4, -1)
    return np.vstack([both[::-1][1:], spot[1]]).min(axis=0) + np.float64(0.5) * spot[..., :][0] + 2.0 ** (spot[0] / 99)


USERS = [autocall_in_place, autocall_by_date, range_accrual, knocked_by_mask, tiers, returns]
USERS += [weighted_average, running, booleans, shapes, lambda spot: spot, lambda spot: np.full(spot.shape[1], 5.0)]
VANILLAS = [kind(91.3, 1.1) for kind in (lg.Call, lg.Put, lg.DigitalCall, lg.DigitalPut, lg.AssetOrNothingCall)]
VANILLAS += [lg.AssetOrNothingPut(91.3, 1.1), lg.GapCall(88.0, 91.3, 1.1), lg.GapPut(95.0, 91.3, 1.1)]
TERMS = list(product(("out", "in"), (None, False), (0.0, 2.5)))
BARRIERS = [
    lg.Barrier(option, level, direction, knock, UNEVEN, rebate, live)
    for option in VANILLAS[:3]
    for level, direction in ((84.7, "down"), (104.1, "up"))
    for knock, live, rebate in TERMS
] + [lg.DoubleBarrier(VANILLAS[1], 84.7, 104.1, knock, UNEVEN, rebate, live) for knock, live, rebate in TERMS]
PATHS = [
    *[lg.Asian(*terms) for terms in product((91.3, None), [UNEVEN], ("call", "put"), ("arithmetic", "geometric"))],
    *[lg.Lookback(UNEVEN, kind, strike) for kind, strike in product(("call", "put"), (None, 91.3))],
    lg.Cliquet(UNEVEN, 93.0, -0.04, 0.05, -0.01, 0.12),
]
name = lambda payoff: getattr(payoff, "__name__", repr(payoff))  # noqa: E731
ASSETS = np.stack([SPOT, SPOT[::-1] + 1.0, np.roll(SPOT, 7, axis=1)])


def worst_of(spot):
    worst = (spot[:, -1] / spot[:, 0]).min(axis=0)
    return np.where((spot.min(axis=1) < 84.7).any(axis=0), 100.0 * np.minimum(worst, 1.0), 104.1)


@pytest.mark.parametrize("payoff", [*VANILLAS, *BARRIERS, *PATHS, *USERS], ids=name)
def test_zero_width_reproduces_the_payoff_exactly(payoff):
    assert_exact_without_width(payoff, SPOT if payoff not in VANILLAS else SPOT[-1:])


@pytest.mark.parametrize("payoff", [VANILLAS[2], BARRIERS[0], BARRIERS[-1], *PATHS, *USERS], ids=name)
def test_the_gradient_in_every_fixing_is_that_of_the_relaxed_payoff(payoff):
    assert_gradient(payoff, SPOT[:, 4:] if payoff not in VANILLAS else SPOT[-1:, 4:])


def test_several_assets():
    assert_exact_without_width(worst_of, ASSETS)
    assert_gradient(worst_of, ASSETS[..., 4:])


def test_of_fixings_that_tie_for_an_extreme_the_first_has_the_gradient():
    spot = np.array([[80.0, 90.0], [95.0, 70.0], [95.0, 90.0]])
    np.testing.assert_array_equal(relaxed(lambda s: s.max(axis=0), spot)[1], [[0, 1], [1, 0], [0, 0]])
    np.testing.assert_array_equal(relaxed(lambda s: -s.min(axis=0), -spot)[1], [[0, -1], [-1, 0], [0, 0]])
    assert relaxed(lambda s: np.maximum.accumulate(s, axis=0)[2], spot)[1].tolist() == [[0, 1], [1, 0], [0, 0]]


# -- any expression ----------------------------------------------------------------------------------------------------

LEVELS = st.sampled_from(["0.83", "0.917", "1.04", "np.float64(0.96)"])


@st.composite
def amounts(draw, depth, by_date):
    """NumPy expressions of amounts, from spots `s` near one: by date and path, or by path only."""
    x = lambda of_date=by_date: draw(amounts(depth - 1, of_date))  # noqa: E731
    c = lambda of_date=by_date: draw(conditions(depth - 1, of_date))  # noqa: E731
    if depth == 0:
        return draw(st.sampled_from(["s", "np.exp(s)", "s[::-1]"])) if by_date else f"s[{draw(st.integers(-4, 3))}]"
    shared = [
        lambda: f"({x()} + {x()})", lambda: f"({x()} - {draw(LEVELS)})", lambda: f"({draw(LEVELS)} * {x()})",
        lambda: f"({x()} * {x()})", lambda: f"({x()} / (0.5 + abs({x()})))", lambda: f"np.exp(-np.abs({x()}))",
        lambda: f"np.log(0.5 + abs({x()}))", lambda: f"np.sqrt(0.3 + {x()} ** 2)", lambda: f"(-{x()})",
        lambda: f"np.maximum({x()}, {x()})", lambda: f"np.minimum({draw(LEVELS)}, {x()})",
        lambda: f"np.clip({x()}, 0.8, 1.1)", lambda: f"np.where({c()}, {x()}, {x()})",
        lambda: f"({c()} * {x()})", lambda: f"(1.0 - {c()})", lambda: f"{c()}.astype(float)",
    ]  # fmt: skip
    dated = [
        lambda: f"np.cumsum({x()}, axis=0)", lambda: f"np.maximum.accumulate({x()}, axis=0)",
        lambda: f"np.minimum.accumulate({x()}, axis=0)", lambda: f"np.concatenate([{x()}[2:], {x()}[:2]])",
        lambda: f"np.stack([{x(False)}, {x(False)}, s[0], {x(False)}])", lambda: f"({x()} + {x(False)})",
    ]  # fmt: skip
    reduction = st.sampled_from(["sum", "mean", "max", "min", "prod"])
    single = [lambda: f"{x(True)}.{draw(reduction)}(axis=0)", lambda: f"{c(True)}.sum(axis=0)"]
    return draw(st.sampled_from([*shared, *(dated if by_date else single * 4)]))()


@st.composite
def conditions(draw, depth, by_date):
    """NumPy expressions of conditions."""
    x, c = lambda: draw(amounts(max(depth - 1, 0), by_date)), lambda: draw(conditions(depth - 1, by_date))
    simple = [lambda: f"({x()} > {draw(LEVELS)})", lambda: f"({x()} <= {x()})", lambda: f"({draw(LEVELS)} < {x()})"]
    nested = [
        lambda: f"({c()} & {c()})", lambda: f"({c()} | {c()})", lambda: f"(~{c()})", lambda: f"({c()} ^ {c()})",
        lambda: f"np.logical_and({c()}, {c()})", lambda: f"({c()} + {c()})",
    ]  # fmt: skip
    reduction = st.sampled_from(["np.any", "np.all"])
    single = [] if by_date else [lambda: f"{draw(reduction)}({draw(conditions(depth - 1, True))}, axis=0)"]
    return draw(st.sampled_from([*simple, *(nested + single if depth > 0 else [])]))()


EXPRESSIONS = st.integers(1, 3).flatmap(lambda depth: st.booleans().flatmap(lambda dated: amounts(depth, dated)))


def compiled(expression):
    return eval(f"lambda s: {expression}", {"np": np})


def of_expressions(check, examples):
    """Try something on many expressions."""
    settings(max_examples=examples, deadline=None, derandomize=True)(given(EXPRESSIONS)(check))()


@pytest.mark.parametrize("examples", [50, pytest.param(1500, marks=pytest.mark.slow)])
def test_zero_width_reproduces_any_expression_exactly(examples):
    def check(expression):
        payoff, spot = compiled(expression), SPOT / 100.0
        np.testing.assert_array_equal(relaxed(payoff, spot)[0], np.atleast_2d(payoff(spot)))

    of_expressions(check, examples)


@pytest.mark.parametrize("examples", [50, pytest.param(1000, marks=pytest.mark.slow)])
def test_the_gradient_of_any_expression_agrees_with_differences(examples):
    def check(expression):
        assert_gradient(compiled(expression), SPOT[:, 4:44] / 100.0, width=0.06)

    of_expressions(check, examples)


@pytest.mark.parametrize(
    ("rule", "wrong"),
    [
        ("elementwise.SLOPES", rules.SLOPES | {np.exp: lambda x, y: 1.001 * y}),
        ("elementwise.step", lambda u: (step(u)[0], 1.001 * step(u)[1])),
        ("elementwise._one", lambda: 1.001),
        ("reductions._others", lambda x, axis: np.ones_like(x)),
    ],
)
def test_a_wrong_rule_would_be_seen(rule, wrong, monkeypatch):
    payoff = compiled("np.where(np.all(s > 0.9, axis=0), np.exp(s[0]) - s[1], 0.0)")
    assert_gradient(payoff, SPOT[:, 4:] / 100.0, width=0.06)
    monkeypatch.setattr(f"likelihood_greeks.payoffs.relaxed.{rule}", wrong)
    with pytest.raises(AssertionError):
        assert_gradient(payoff, SPOT[:, 4:] / 100.0, width=0.06)


# -- smoothness --------------------------------------------------------------------------------------------------------

SMOOTH = {  # functions of one fixing, near a jump at 100
    "digital": lambda s: s[0] > 100.0,
    "gap": lambda s: np.where(s[0] <= 100.0, 3.0 + s[0] / 10.0, 0.0),
    "two conditions": lambda s: ((s[0] > 100.0) | ~(s[0] >= 95.0)) * 2.0,
    "sign": lambda s: np.sign(s.max(axis=0) - 100.0),
}


def roughness(function, width):
    """Largest jump of the gradient between neighbours on a grid."""
    grid = np.linspace(80.0, 120.0, 40_001)[None]
    return np.abs(np.diff(relaxed(function, grid, width)[1])).max()


@pytest.mark.parametrize("name", SMOOTH)
def test_a_step_of_positive_width_is_continuously_differentiable(name):
    assert roughness(SMOOTH[name], 7.3) < 0.002  # the grid's spacing times the second derivative, 1.5 x jump / width²
    assert roughness(lambda s: SMOOTH[name](s) + 0.2 * np.maximum(s[0] - 101.0, 0.0), 7.3) > 0.1  # a kink would be seen


@pytest.mark.parametrize("name", SMOOTH)
def test_a_step_has_compact_support_and_its_limit_is_the_jump(name):
    spot = np.array([[81.2, 87.6, 94.6, 95.3, 99.93, 100.04, 107.4, 115.8]])
    exact, gradient = relaxed(SMOOTH[name], spot)
    flows, slopes = relaxed(SMOOTH[name], spot, 7.3)
    outside = [0, 1, 6, 7]
    np.testing.assert_array_equal(flows[:, outside], exact[:, outside])
    np.testing.assert_array_equal(slopes[:, outside], gradient[:, outside])
    errors = [np.abs(relaxed(SMOOTH[name], spot, w)[0] - exact).max() for w in (7.3, 0.3, 0.1, 0.03)]
    assert errors[0] > 0.4
    assert errors[2] < errors[1]
    assert errors[3] == 0.0


def test_step_and_ramp_fit_together():
    u = np.linspace(-1.7, 1.9, 721)
    h = 1e-6
    np.testing.assert_allclose((ramp(u + h)[0] - ramp(u - h)[0]) / (2 * h), step(u)[0], atol=1e-9)
    np.testing.assert_array_equal(ramp(u)[1], step(u)[0])
    np.testing.assert_allclose(ramp(u)[0][np.abs(u) >= 1.0], np.maximum(u, 0.0)[np.abs(u) >= 1.0], rtol=1e-15)


# -- levels ------------------------------------------------------------------------------------------------------------

ALL = (0, 1, 2, 3)


@pytest.mark.parametrize(
    ("payoff", "level"),
    [
        (lg.Call(91.3, 1.1), Level((0,), 91.3, False)),
        (BARRIERS[0], Level(ALL, 84.7, False)),
        (lambda s: s[1] / 90.0 - 1.0 > 0.07, Level((1,), 96.3, False)),
        (lambda s: s[1:3, :].min(axis=0) < 84.7, Level((1, 2), 84.7, False)),
        (lg.Asian(91.3, UNEVEN), Level(ALL, 91.3, True)),
        (lambda s: s.sum(axis=0) >= 360.4, Level(ALL, 90.1, True)),
        (lambda s: (3.0 * s[1:]).mean(axis=0) / 3.0 + 2.0 > 93.3, Level((1, 2, 3), 91.3, True)),
        (lambda s: sum(s[k] for k in range(4)) > 91.3 * 4, Level(ALL, 91.3, True)),
        (lambda s: np.array([0.4, 0.3, 0.2, 0.1]) @ s > 91.3, Level(ALL, 91.3, True)),
        (lambda s: s[3] - s[0] > 2.0, None),
    ],
)
def test_levels_at_which_fixings_are_compared_are_remembered(payoff, level):
    tape = Tape(lambda *_: 0.0)
    relax(payoff, SPOT[-1:] if payoff == lg.Call(91.3, 1.1) else SPOT, tape)
    expected = [Level(level.rows, pytest.approx(level.level, rel=1e-12), level.averaged)] if level else []
    assert tape.levels[:1] == expected


# -- refusals ----------------------------------------------------------------------------------------------------------


def updated_unseen(spot):
    total = spot[0] - 90.0
    np.add(total, spot[1], out=total)
    return total


REFUSED = [
    (lambda s: np.floor(s[-1]), "np.floor"),
    (lambda s: s[-1] % 5.0, "np.remainder"),
    (lambda s: 1.0 * (s[-1] == s[0]), "np.equal"),
    (lambda s: np.sort(s, axis=0)[1], "np.sort"),
    (lambda s: 1.0 * np.argmax(s, axis=0), "np.argmax"),
    (lambda s: s.argmin(axis=0) + 1.0, "the array's .argmin"),
    (lambda s: np.searchsorted([80.0, 90.0], s[-1]) * 2.0, "np.searchsorted"),
    (lambda s: np.linalg.norm(s, axis=0), "np.linalg.norm"),
    (lambda s: np.sum(s, axis=0, where=s > 90.0), "np.sum with arguments that are not followed"),
    (lambda s: np.add(s[0], s[1], out=np.empty(s.shape[1])), "np.add with out="),
    (lambda s: np.add(s[0], s[1], dtype=np.float32), "np.add with dtype"),
    (lambda s: s[-1].astype(int) * 1.0, "conversion of amounts to int64"),
    (lambda s: np.maximum.reduce([s[0], s[-1]]), "conversion of spots to a plain array"),
    (lambda s: np.vectorize(lambda x: max(x, 90.0))(s[-1]), "conversion of spots to a plain array"),
    (lambda s: np.array([min(x, 90.0) for x in s[-1]]), "an index along the paths"),
    (lambda s: s[-1] + 0.0 * float(s[0, 0]), "an index along the paths"),
    (lambda s: s[-1] + 0.0 * s[:, ::-1][0], "an index along the paths"),
    (lambda s: s.T[:, -1], "the array's .T"),
    (lambda s: s.reshape(-1)[: s.shape[1]], "a change of shape that moves or joins the paths"),
    (lambda s: np.stack([s[0], s[-1]], axis=-1).max(axis=1), "a change of shape that moves or joins the paths"),
    (lambda s: s[-1] if s[-1].mean() > 3.0 else s[0], "a reduction over the paths"),
    (lambda s: s[-1] if np.any(s[-1] > 0.0) else s[0], "a reduction over the paths"),
    (lambda s: s[-1] if isinstance(s, np.ndarray) or s[0] > s[1] else s[0], "a branch on the values of spots"),
    (lambda s: s[-1] * (1.0 if isinstance(s, np.ndarray) else float(s[-1])), "conversion of spots to a number"),
    (lambda s: np.where(s[0], s[-1], 0.0), "logic on amounts"),
    (lambda s: np.where(s[-1] > 99.0, 1.0 / np.maximum(s[-1] - 99.0, 0.0), 0.0), "division by an amount that may be"),
    (lambda s: np.where(s[-1] > 99.0, np.log(np.maximum(s[-1] - 99.0, 0.0)), 0.0), "np.log of, or by, an amount"),
    (lambda s: 1.0 * (np.log(np.maximum(s[-1] - 99.0, 0.0)) > 0.0), "np.log of, or by, an amount"),
    (lambda s: np.zeros(s.shape).__setitem__(0, s[0]) or s[0], "conversion of spots to a plain array"),
    (updated_unseen, "operations whose relaxation of zero width is not the payoff itself"),
]


def test_chance_cannot_be_followed():
    with pytest.raises(NotRelaxableError, match="varies from path to path"):
        relax(lambda s: s[-1] * np.random.default_rng(1).random(s.shape[1]), SPOT, Tape(lambda *_: 0.0))


@pytest.mark.filterwarnings("ignore:divide by zero:RuntimeWarning", "ignore:invalid value:RuntimeWarning")
@pytest.mark.parametrize(("function", "reason"), REFUSED, ids=[str(k) for k in range(len(REFUSED))])
def test_what_cannot_be_followed_is_named_and_gets_the_score_controls_only(function, reason):
    payoff = lg.Payoff(function, UNEVEN)
    auto, scores = (lg.greeks(MODEL, payoff, ["delta"], paths=8192, seed=9, controls=c) for c in ("auto", "scores"))
    assert any(f"no relaxations: the payoff uses {reason}" in remark for remark in auto.diagnostics.remarks)
    assert auto.to_frame().equals(scores.to_frame())


@pytest.mark.parametrize(
    ("payoff", "reason"),
    [
        (lambda s: s.__setitem__(0, 1.0) or s[0], "assignment to spots"),
        (lambda s: s[1:].__setitem__(0, 1.0) or s[0], "assignment to spots, or to a part"),
        (lambda s: s.copy().__setitem__((0, 1), 1.0) or s[0], "assignment other than to a whole date"),
        (lambda s: [s[0]], "a result of type list"),
        (lambda s: s[:2], r"a result of shape \(2, 400\)"),
        (lambda s: s[-1] + np.ones(3), r"a plain array of shape \(3,\)"),
        (lambda s: s[-1] * SPOT[0], "a plain array that varies from path to path"),
        (lambda s: SPOT[0], "a plain array that varies from path to path"),
    ],
)
def test_changes_in_place_and_stray_arrays_are_refused(payoff, reason):
    with pytest.raises(NotRelaxableError, match=reason):
        relax(payoff, SPOT, Tape(lambda *_: 0.0))


def test_spots_kept_from_an_earlier_evaluation_are_refused():
    kept = {}
    payoff = lg.Payoff(lambda s: kept.setdefault("last", s[-1]) - s[0], UNEVEN)
    relax(payoff, SPOT, Tape(lambda *_: 0.0))
    with pytest.raises(NotRelaxableError, match="an earlier evaluation"):
        relax(payoff, SPOT, Tape(lambda *_: 0.0))


def test_an_array_under_another_name_is_not_changed_by_operators_in_place():
    def shared(s):
        total = payment = (s[0] > 91.3) * 3.0
        total += s[1]
        payment -= 1.0
        return total * payment

    assert_gradient(shared, SPOT[:, 4:])
    first = (SPOT[0] > 91.3) * 3.0
    np.testing.assert_array_equal(relaxed(shared, SPOT)[0][0], (first + SPOT[1]) * (first - 1.0))
