"""Payoffs of the user's own that see the lowest or highest spot between dates."""

import numpy as np
import pytest
import QuantLib as ql

import likelihood_greeks as lg
from likelihood_greeks.controls import on_extremes
from likelihood_greeks.controls.on_extremes import OnExtremesThatTravel
from likelihood_greeks.controls.protocol import Scene, SharedPaths
from likelihood_greeks.controls.widths import ladder
from likelihood_greeks.estimators.likelihood_ratio import draw
from likelihood_greeks.estimators.watched import with_extremes
from likelihood_greeks.estimators.watched.corridor import stays_within
from likelihood_greeks.estimators.watched.drawn import OnExtremes
from likelihood_greeks.models.both_extremes import density, lowest_given, not_above
from likelihood_greeks.models.extremes import WithExtremes
from likelihood_greeks.models.one_extreme import highest_drawn
from likelihood_greeks.payoffs.continuous import Corridor
from likelihood_greeks.payoffs.relaxed.tape import Tape
from likelihood_greeks.streams.chunks import Chunk
from tests.support.continuous import double, floating_lookback, greeks, single
from tests.support.gates import assert_estimates

WHERE = {"spot": 100.0, "volatility": 0.25, "rate": 0.08, "dividend_yield": 0.04}
FLAT = lg.GBM(**WHERE)
NODES = [0.1, 0.5]
CURVES = lg.TermStructureGBM(
    spot=100.0, times=NODES, zero_rates=[0.08] * 2, dividend_yields=[0.04] * 2, volatilities=[0.25] * 2
)
CALL = ql.PlainVanillaPayoff(ql.Option.Call, 100.0)
CASES = {
    "down-and-out call": (
        lg.Payoff(lambda s: np.where(s.low.min(axis=0) > 95.0, np.maximum(s[-1] - 100.0, 0.0), 0.0), [0.25, 0.5],
                  extremes="low"),
        single("DownOut", CALL, 95.0, 0.5),
    ),
    "up-and-out call": (
        lg.Payoff(lambda s: np.maximum(s[-1] - 100.0, 0.0) * (s.high[-1] < 115.0), [0.5], extremes="high"),
        single("UpOut", CALL, 115.0, 0.5),
    ),
    "floating put": (
        lg.Payoff(lambda s: s.high.max(axis=0) - s[-1], [0.5], extremes="high"),
        floating_lookback(ql.Option.Put, 0.5),
    ),
    "double knock-out call": (
        lg.Payoff(lambda s: np.where((s.low.min(axis=0) > 80.0) & (s.high.max(axis=0) < 130.0),
                                     np.maximum(s[-1] - 100.0, 0.0), 0.0), [0.25, 0.5], extremes="both"),
        double("KnockOut", CALL, 80.0, 130.0, 0.5),
    ),
    "range": (
        lg.Payoff(lambda s: s.high.max(axis=0) - s.low.min(axis=0), [0.5], extremes="both"),
        lambda *where: sum(floating_lookback(kind, 0.5)(*where) for kind in (ql.Option.Put, ql.Option.Call)),
    ),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(("case", "law"), [*zip(CASES, [CURVES, FLAT, CURVES, CURVES, FLAT], strict=True)])
def test_greeks_of_any_payoff_on_extremes_agree_with_closed_forms(case, law):
    payoff, value = CASES[case]
    exact = greeks(value, **WHERE)
    del exact["theta"]  # of a lookback it is another equation's
    found = lg.greeks(law, payoff, [name for name in exact if name != "price"], paths=16_384, seed=7)
    size = {"price": 0.06, "delta": 0.02, "gamma": 5e-3, "vega": 2.0, "rho": 0.5, "dividend_rho": 0.5}
    for name, known in exact.items():
        assert_estimates(found[name], known, size.get(name, {"vanna": 0.5, "volga": 80.0}.get(name)))


@pytest.mark.parametrize("sides", ["low", "high", "both"])
@pytest.mark.parametrize("law", [FLAT, CURVES], ids=["flat", "curves"])
def test_weights_of_paths_with_extremes_have_mean_zero_and_would_not_without_the_edge(law, sides, monkeypatch):
    model, names = WithExtremes(law, sides), ["spot", "volatility", "rate", "time"]
    paths = model.simulate([0.1, 0.5], Chunk(3, 0, 8192).stream())
    pairs = [("spot", "spot"), ("spot", "volatility"), ("volatility", "volatility")]

    def weights():
        scores = dict(zip(names, model.score(paths, names), strict=True))
        bends = model.hessian(paths, pairs)
        return np.stack(
            [*scores.values(), *(scores[a] * scores[b] + h for (a, b), h in zip(pairs, bends, strict=True))]
        )

    def z_scores():
        found = weights()
        return found.mean(axis=1) / (found.std(axis=1) / np.sqrt(found.shape[1]))

    assert np.abs(z_scores()).max() < 4.0
    monkeypatch.setattr("likelihood_greeks.models.extremes.Edge.first", lambda self, _: np.zeros_like(self.density))
    assert np.abs(z_scores()).max() > 10.0


@pytest.mark.parametrize("sides", ["low", "both"])
def test_derivatives_of_the_density_are_those_of_its_logarithm_but_for_the_edge(sides):
    model, h = WithExtremes(FLAT, sides), 1e-5
    paths = model.simulate([0.2, 0.5], Chunk(3, 0, 50).stream())
    for name in ("volatility", "rate"):
        values = (
            WithExtremes(lg.GBM(**{**WHERE, name: WHERE[name] + s * h}), sides).log_density(paths) for s in (1, -1)
        )
        up, down = values
        np.testing.assert_allclose(model.score(paths, [name])[0], (up - down) / (2.0 * h), rtol=1e-5, atol=1e-6)


def test_the_density_of_both_extremes_is_that_of_bridges_and_the_lowest_is_drawn_from_it():
    start, end, variance, n = 0.0, 0.03, 0.04, 8192
    low, high = np.linspace(-1.2, start, 301), np.linspace(end, 1.2, 301)
    of_pairs = density(low[:, None], high[None], start, end, variance)
    assert of_pairs.min() >= 0.0
    assert np.trapezoid(np.trapezoid(of_pairs, high), low) == pytest.approx(1.0, abs=1e-3)
    alone = 2.0 * (start + end - 2.0 * low) / variance * np.exp(-2.0 * (start - low) * (end - low) / variance)
    np.testing.assert_allclose(np.trapezoid(of_pairs, high), alone, atol=0.02)

    exponents = -np.log(1.0 - Chunk(5, 0, n).stream().uniforms(2))
    top = highest_drawn(start, end, variance, exponents[:1])
    bottom = lowest_given(top, *(np.full((1, n), x) for x in (start, end, variance)), exponents[1:])
    np.testing.assert_allclose(-np.log(not_above(bottom, top, start, end, variance)), exponents[1:], atol=1e-5)
    stay = stays_within(Corridor(np.exp(-0.15), np.exp(0.15), 1.0), start, end, variance)
    inside = ((bottom > -0.15) & (top < 0.15)).mean()
    assert abs(inside - stay) < 4.0 * np.sqrt(stay * (1.0 - stay) / n)
    apart = (1.0 - np.exp(-2.0 * 0.15 * 0.12 / variance)) * (1.0 - np.exp(-2.0 * 0.15 * 0.18 / variance))
    assert abs(inside - apart) > 8.0 * np.sqrt(stay * (1.0 - stay) / n)  # drawn one by one they would be independent


def test_what_does_not_see_its_extremes_is_refused():
    payoff = CASES["floating put"][0]
    with pytest.raises(TypeError, match="watched continuously"):
        payoff(np.full((1, 3), 100.0))
    with pytest.raises(ValueError, match="extremes must be one of 'low', 'high', 'both'"):
        lg.Payoff(lambda s: s[-1], [0.5], extremes="all")
    with pytest.raises(ValueError, match=r"extremes must be 'low', or 'both', for a function .*, got 'high'"):
        lg.greeks(FLAT, lg.Payoff(lambda s: s.low[-1], [0.5], extremes="high"), paths=1024, seed=1)
    with pytest.raises(ValueError, match=r"extremes must be 'high', or 'both', for .*, got None"):
        lg.greeks(FLAT, lg.Payoff(lambda s: s.high[-1], [0.5]), paths=1024, seed=1)
    with pytest.raises(ValueError, match="buckets must be asked of payoffs that see no drawn extremes"):
        lg.greeks(CURVES, payoff, ["vega"], paths=1024, seed=1, buckets=["vega"])
    with pytest.raises(TypeError, match="watched continuously"):
        lg.compare(FLAT, payoff, ["delta"], paths=1024, seed=1)
    assert OnExtremes(payoff, (0.2, 0.5), None)(np.full((4, 3), 100.0)).tolist() == [0.0] * 3


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_relaxations_whose_extremes_travel_have_mean_zero_and_would_not_if_these_stood_still(case, monkeypatch):
    payoff, law = with_extremes(CASES[case][0], CURVES)
    chunk, names = Chunk(9, 0, 8192 if law.sides == "both" else 65_536), ["spot", "volatility", "rate", "time"]
    needed = [*((name,) for name in names), *(("spot", name) for name in names)]
    drawn = draw(law, payoff.times, chunk, needed)
    widths = ladder(payoff, drawn.spot[:, :2048], np.random.default_rng(1), Tape(lambda *_: 0.0))
    control = OnExtremesThatTravel(next(r for r in widths if r.name in {"4 x local", "exact"}))

    moved = on_extremes._tangents

    def z_scores():
        found = control.samples(Scene(SharedPaths(law, drawn), payoff), [{d: 1.0} for d in needed])
        return np.abs(found.mean(axis=1) / (found.std(axis=1) / np.sqrt(chunk.n_paths)))

    assert z_scores().max() < 4.0
    still = np.concatenate([np.zeros(law.kind.blocks * len(drawn.paths.times)), np.ones(len(drawn.paths.times))])[
        :, None
    ]
    monkeypatch.setattr(on_extremes, "_tangents", lambda *given: still * moved(*given))
    assert z_scores().max() > 6.0


@pytest.mark.slow
@pytest.mark.parametrize("case", ["lookback", "corridor", "on two dates"])
def test_a_payoff_with_a_past_has_seen_extremes_before_those_to_come(case):
    if case == "lookback":
        own = lg.Payoff(lambda s: s.high.max(axis=0) - s[-1], [0.5], extremes="high")
        seasoned = lg.Seasoned(own, [], highs=[108.0])
        other = lg.Lookback("continuous", "put", maturity=0.5, so_far=108.0)
    elif case == "corridor":
        inside = CASES["double knock-out call"][0].function
        seasoned = lg.Seasoned(
            lg.Payoff(inside, [0.5], extremes="both"), [101.0], lows=[90.0, 95.0], highs=[110.0, 104.0]
        )
        other = lg.DoubleBarrier(lg.Call(100.0, 0.5), 80.0, 130.0, "out", "continuous")
    else:  # the lowest so far is the strike unless the spot falls below it
        own = lg.Payoff(lambda s: s[-1] - s.low.min(axis=0), [0.5], extremes="low")
        seasoned = lg.Seasoned(own, [99.0, 97.0], lows=[98.0, 92.0, 96.0])
        other = lg.Lookback("continuous", "call", maturity=0.5, so_far=92.0)
    found, known = (
        lg.greeks(CURVES, payoff, ["delta", "vega"], paths=paths, seed=6)
        for payoff, paths in ((seasoned, 8192), (other, 8192))
    )
    for name, error in (("price", 0.1), ("delta", 0.03), ("vega", 3.0)):
        errors = [own[name].standard_error for own in (found, known)]
        assert max(errors) < error
        assert abs(found[name].value - known[name].value) < 4.0 * np.hypot(*errors)
    if case != "corridor":
        new = lg.greeks(CURVES, seasoned.payoff, [], paths=4096, seed=6)["price"]
        assert abs(new.z_score(known["price"].value)) > 20.0  # what was seen counts
    gone = lg.Seasoned(lg.Payoff(lambda s: s[-1] - s.low.min(axis=0), [], 0.25, extremes="low"), [99.0], lows=[95.0])
    assert lg.greeks(FLAT, gone, ["delta"], paths=64, seed=1)["price"].value == pytest.approx(4.0 * np.exp(-0.02))


def test_extremes_of_the_past_are_checked():
    own = CASES["floating put"][0]
    for given, why in (
        ({}, "highs must be given, one for each past observation and one for the interval that is running"),
        ({"highs": [101.0]}, "highs must hold 2 numbers"),
        ({"highs": [101.0, -1.0]}, r"highs\[1\] must be positive"),
        ({"highs": [101.0, 102.0], "lows": [99.0, 99.0]}, "lows must be None: the contract sees none"),
    ):
        with pytest.raises(ValueError, match=why):
            lg.Seasoned(own, [100.0], **given)
    both = CASES["double knock-out call"][0]
    for lows, highs, why in (
        ([98.0, 95.0], [97.0, 103.0], r"lows\[0\] must not be above highs\[0\], 97, got 98"),
        ([104.0, 103.0], [96.0, 94.0], r"lows\[0\] must not be above highs\[0\], 96, got 104"),
        ([101.0, 95.0], [104.0, 103.0], r"lows\[0\] must not be above fixings\[0\], 100, .* ends, got 101"),
        ([99.0, 101.0], [104.0, 103.0], r"lows\[1\] must not be above fixings\[0\], 100, .* begins, got 101"),
        ([98.0, 95.0], [99.0, 103.0], r"highs\[0\] must not be below fixings\[0\], 100, .* ends, got 99"),
        ([98.0, 95.0], [103.0, 99.0], r"highs\[1\] must not be below fixings\[0\], 100, .* begins, got 99"),
    ):
        with pytest.raises(ValueError, match=why):
            lg.Seasoned(both, [100.0], lows=lows, highs=highs)
    assert lg.Seasoned(both, [100.0], lows=[100.0, 100.0], highs=[100.0, 100.0]).times == both.times
    with pytest.raises(TypeError, match="watched continuously"):
        lg.Seasoned(own, [100.0], highs=[101.0, 102.0])(np.full((1, 3), 100.0))
