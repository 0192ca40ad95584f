"""Numbers whose errors cannot be trusted are worked on again, on draws that look where the payoff lives."""

import numpy as np
import pandas as pd
import pytest

import likelihood_greeks as lg
from benchmarks import rare
from likelihood_greeks.engine import cure, greeks, scouts
from likelihood_greeks.engine.corridor import Corridor
from likelihood_greeks.engine.payoff_group import CONTROLS, Group
from likelihood_greeks.engine.sums import Pair
from likelihood_greeks.streams.chunks import Chunk
from likelihood_greeks.validation.quadrature import greek

CASES = {case.name: case for case in rare.cases()}
HARD = ("digital call 170", "up-and-in call 145")


def z_scores(name, seeds=range(3), paths=4096):
    rows = [row for seed in seeds for row in rare.measured(CASES[name], seed, paths)]
    return pd.DataFrame(rows)


@pytest.mark.parametrize("name", HARD)
def test_what_no_ordinary_path_sees_is_found_with_its_error(name):
    found = z_scores(name)
    assert (found["note"] == "").all()
    assert (found["standard_error"] < 0.15 * found["exact"].abs()).any()
    assert found["z"].abs().max() < 4.0


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(CASES.keys() - {*HARD}))
def test_unmarked_numbers_of_rare_payoffs_are_right(name):
    found = z_scores(name)
    free = found[found["note"] == ""]
    assert len(free) >= 3
    assert free["z"].abs().max() < 4.5


def test_without_a_cure_numbers_are_marked_or_blind(monkeypatch):
    monkeypatch.setattr(cure, "FEWEST", 10**9)
    found = z_scores("put in the corridor 95.5 to 104.5")
    assert ((found["note"] != "") | (found["standard_error"] > found["exact"].abs())).all()
    assert (found["value"].abs() < 0.2 * found["exact"].abs()).any()


def test_paths_in_a_corridor_have_the_law():
    payoff = lg.DoubleBarrier(lg.Put(100.0, 1.0), 92.0, 108.0, "out", times=rare.YEAR)
    group = Group(rare.LAW, (payoff,), ({(): 1.0},), CONTROLS["auto"])
    chunk = Chunk(7, scouts.SCOUTS, 16_384, pilot=True)
    corridor = Corridor.of(payoff, group.draw(chunk).spot)
    np.testing.assert_allclose(np.exp(corridor.low[:, 0]), 92.0)
    np.testing.assert_allclose(np.exp(corridor.high[:-1, 0]), 108.0)  # at the end the put pays below 100
    (found,) = scouts.weighted_draws(group, chunk, corridor)
    stays = ((found.drawn.spot > 92.0) & (found.drawn.spot < 108.0)).all(axis=0)
    assert stays.mean() > 0.4
    forward = 100.0 * np.exp(0.03 * np.array(rare.YEAR))
    for row in (0, 25, 51):
        samples = found.weight * found.drawn.spot[row] / forward[row]
        error = samples.std() / np.sqrt(samples.size)
        assert error < 0.03
        assert abs(samples.mean() - 1.0) < 4.0 * error
    certain = lg.DoubleBarrier(lg.DigitalCall(0.01, 1.0), 92.0, 108.0, "out", times=rare.YEAR)
    chance = np.exp(0.03) * rare.by_quadrature(certain, "price")
    samples = found.weight * stays
    error = samples.std() / np.sqrt(samples.size)
    assert error < 0.03 * chance
    assert abs(samples.mean() - chance) < 4.0 * error
    assert abs(1.2 * samples.mean() - chance) > 4.0 * error  # a density that is off would be seen


CLAUSE = "call less 500 below 81 early"
FLAT = lg.LocalVolatility(spot=100.0, volatility=lambda t, s: 0.2 + 0.0 * s, rate=0.03, steps=52)
CURVES = lg.TermStructureGBM(
    spot=100.0, times=(0.1, 0.25), zero_rates=(0.03, 0.03), dividend_yields=(0.0, 0.0), volatilities=(0.2, 0.2)
)


@pytest.mark.slow
@pytest.mark.parametrize("name", [CLAUSE, "up-and-in call 145", "call less 500 for one bad return"])
@pytest.mark.parametrize("law", [FLAT, CURVES], ids=["local volatility", "curves with buckets"])
def test_other_laws_and_buckets_are_cured(law, name):
    case, split = CASES[name], {} if law is FLAT else {"buckets": ["vega"]}
    found = lg.greeks(law, case.payoff, ["vega"], paths=8192, seed=3, **split)
    assert all(not own.note for own in found.estimates.values())
    assert any("pushed to where the payoff lives" in remark for remark in found.diagnostics.remarks)
    for of in ("price", "vega"):
        assert abs(found[of].z_score(case.exact(of))) < 4.0
        assert found[of].standard_error < 0.1 * case.exact(of)
    if split:
        buckets = [own for label, own in found.estimates.items() if label.startswith("vega[")]
        assert sum(own.value for own in buckets) == pytest.approx(found["vega"].value, abs=found["vega"].standard_error)


def test_paths_that_go_there_and_back_are_found():
    law = lg.GBM(spot=1.162, volatility=0.065, rate=0.02)
    option = lg.Barrier(lg.Call(1.162, 0.5), 1.0458, "down", "out", times=lg.schedule(0.5, 52))
    exact = greek(law, option, "rho").value
    found = lg.greeks(law, option, ["rho"], paths=8192, seed=2)["rho"]
    assert not found.note
    assert found.standard_error < 1e-4 * exact
    assert abs(found.z_score(exact)) < 4.0


def test_whether_a_number_is_cured_is_decided_by_scouts_and_not_by_the_run_itself(monkeypatch):
    wanted, seen = cure.wants, []

    def noted(pair):
        known, observed = pair.controlled.pooled.known, pair.plain.pooled.carriers[0]
        seen.append((4096 * known.paid[0], observed, bool(found := wanted(pair)) and bool(found[0])))
        return found

    monkeypatch.setattr(greeks, "wants", noted)
    payoff = lg.Payoff(lambda s: np.floor(np.clip(s[-1] / 161.5, 0.0, 1.5)), times=(1.0,))  # 25 of 4,096 paths
    for seed in range(16):
        lg.greeks(lg.GBM(spot=100.0, volatility=0.2, rate=0.0), payoff, [], paths=4096, seed=seed, executor="serial")
    foreseen, observed, cured = np.array(seen).T
    assert ((foreseen < cure.COUNTED) == cured.astype(bool)).all()
    assert ((observed < cure.COUNTED) != cured).any()
    assert abs(foreseen.mean() - 25.0) < 4.0
    assert 0 < cured.sum() < 16


def test_pairs_that_are_antithetic_are_cured_by_such_pairs():
    law = lg.Merton(spot=100.0, volatility=0.18, rate=0.03, intensity=0.1, jump_mean=-0.3, jump_volatility=0.15)
    call = lg.Call(100.0, 1.0)
    found = lg.greeks(law, call, ["delta"], paths=8192, seed=1, sampling="antithetic")
    assert any("pushed to where the payoff lives" in remark for remark in found.diagnostics.remarks)
    exact = lg.greeks(law, call, ["delta"], closed_form=True)
    for of in ("price", "delta"):
        assert found[of].standard_error < 1e-3 * exact[of].value  # 0.02 by single paths
        assert abs(found[of].z_score(exact[of].value)) < 4.0


def test_what_is_known_to_less_does_not_serve():
    rng = np.random.default_rng(5)
    some = rng.standard_normal((1, 4096)) * np.where(np.arange(4096) < 8, 100.0, 0.1)  # which few samples carry

    def pair(spread):
        return Pair.summed(some, spread * some)

    def cured(error):
        both = Pair.summed(error * rng.standard_normal((1, 4096)), some)
        return cure.Cured(both, None, 4096)

    assert cured(1.0).serving(Pair.of(pair(1.0))) == [0]
    assert cured(100.0).serving(Pair.of(pair(1.0))) == []


def test_a_cure_is_told_and_sound_numbers_stay():
    found = lg.greeks(rare.LAW, lg.DigitalCall(170.0, 0.25), ["delta"], paths=4096, seed=1)
    assert any("pushed to where the payoff lives" in remark for remark in found.diagnostics.remarks)
    assert found["delta"].n_paths >= 4096
    plain = lg.greeks(rare.LAW, lg.DigitalCall(105.0, 0.25), ["delta"], paths=4096, seed=1)
    assert plain["delta"].n_paths == 4096
    none = lg.greeks(rare.LAW, lg.DigitalCall(170.0, 0.25), ["delta"], paths=4096, seed=1, controls="none")
    assert none["price"].n_paths == 4096
    assert none["price"].standard_error == pytest.approx(np.sqrt(6.37e-8 / 4096), rel=0.3)  # of its chance


def test_no_cure_goes_beyond_max_paths():
    def price(most):
        return lg.greeks(rare.LAW, lg.DigitalCall(165.0, 0.25), [], paths=4096, seed=1,
                         target_error={"price": 1e-12}, max_paths=most, executor="serial")["price"]  # fmt: skip

    assert price(5000).n_paths <= 5000
    assert 5000 < price(20_000).n_paths <= 20_000


def test_a_payoff_that_fails_where_it_is_pushed_stays_marked():
    def touchy(spot):
        if (spot > 200.0).any():
            raise ValueError("never so high")
        return 1.0 * (spot[-1] > 165.0)

    found = lg.greeks(rare.LAW, lg.Payoff(touchy, times=(0.25,)), [], paths=4096, seed=1)["price"]
    assert found.note
    assert found.n_paths == 4096


def test_books_cure_single_trades_and_their_nets_follow():
    far = {"underlying": "X", "maturity": "2025-07-02", "quantity": 1e6, "product": "digital_call", "strike": 180}
    near = far | {"trade_id": "near", "strike": 100, "quantity": 1e-3}
    market = {
        "valuation_date": "2025-01-01",
        "underlyings": {"X": {"spot": 100.0, "zero_rate": 0.03, "implied_volatility": 0.2}},
    }
    book = pd.DataFrame([far | {"trade_id": "far"}, near])
    settings = {"paths": 4096, "closed_form": False}
    exact = lg.risk(book, market, ["delta"]).set_index(["trade_id", "greek"])["position_value"]
    frame = lg.risk(book, market, ["delta"], seed=2, **settings)
    own = frame.set_index(["trade_id", "greek"])
    assert (frame["note"] == "").all()
    assert own.loc[("far", "price"), "method"].endswith(cure.PUSHED)
    assert own.loc[("near", "price"), "n_paths"] == 4096
    for name in ("far", "net"):
        error = own.loc[(name, "price"), "position_standard_error"]
        assert error < 0.2 * exact[name, "price"]
        assert abs(own.loc[(name, "price"), "position_value"] - exact[name, "price"]) < 4.0 * error
    total = lg.pivot(frame, []).set_index("greek").loc["price"]
    assert total["value"] == pytest.approx(own.loc[("net", "price"), "position_value"])
    assert total["doubtful"] == 0
    pd.testing.assert_frame_equal(lg.risk(book, market, ["delta"], seed=2, executor="serial", **settings), frame)
