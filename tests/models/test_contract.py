"""What every law promises: derivatives of its own density, identities of their means, draws that are its own.

A new law is one line in `tests/support/laws.py`. Nothing here knows which law it looks at; what not every law has
(moves, later, terminal, Europeans) is asked of those that have it.
"""

import pickle
from dataclasses import replace
from itertools import combinations_with_replacement

import numpy as np
import pytest

from likelihood_greeks.models import travel
from likelihood_greeks.models.adaptor import moved, value_of
from likelihood_greeks.models.capabilities import assets_of, knows_vanillas
from likelihood_greeks.models.moves import LIKELIHOOD_RATIO, IndependentSteps
from likelihood_greeks.models.protocol import PathModel, observed
from likelihood_greeks.numerics.differences import five_point
from likelihood_greeks.parameters import TIME
from likelihood_greeks.streams.chunks import Chunk, GivenNormals
from tests.support.gates import draw
from tests.support.laws import LAWS, slow_unless_quick


def laws_that(condition):
    """The cases whose law is such."""
    held = [
        pytest.param(case, id=key, marks=slow_unless_quick(key)) for key, case in LAWS.items() if condition(case.law)
    ]
    assert held
    return pytest.mark.parametrize("case", held)


def with_member(*names):
    """The cases whose law has some members."""
    return laws_that(lambda law: all(hasattr(law, name) for name in names))


each_law = laws_that(lambda law: True)
with_forward = laws_that(lambda law: law.forward_jet(np.ones(1)) is not None)
with_europeans = laws_that(lambda law: knows_vanillas(law, 0.13))


def names_of(case):
    """Coordinates: parameters, and time where paths have dates."""
    return [*case.law.parameters, *([TIME] if hasattr(case.paths(), "times") else [])]


def pairs_of(case):
    return list(combinations_with_replacement(names_of(case), 2))


def at(law, shifts):
    """The law with other parameters, and then some time later."""
    law = moved(law, {name: shift for name, shift in shifts.items() if name != TIME})
    elapsed = shifts.get(TIME, 0.0)
    if hasattr(law, "later"):
        return law.later(elapsed)
    return replace(law, maturity=law.maturity - elapsed) if hasattr(law, "maturity") else law


def seen(paths, shifts):
    """The same paths, at dates that have come nearer."""
    return replace(paths, times=paths.times - shifts.get(TIME, 0.0), memo=None) if hasattr(paths, "times") else paths


def steps_of(case, share):
    """Steps of differences, a share of each coordinate's size."""
    law, found = getattr(case.law, "law", case.law), {TIME: share * case.times[0]}
    for name in law.parameters if hasattr(law, "parameters") else case.law.parameters:
        value = value_of(law, name)
        found[name] = share * (1.0 - abs(value) if name == "correlation" else max(abs(value), 0.05))
    return found


def difference(case, function, derivative, share=1e-3):
    """Derivative of something said of a moved law, by five-point central differences."""
    return five_point(lambda shifts: function(at(case.law, shifts), shifts), derivative, steps_of(case, share))


def z_scores(rows):
    """Means over their standard errors; zero of what is zero on every path."""
    error = rows.std(axis=-1) / np.sqrt(rows.shape[-1])
    return rows.mean(axis=-1) / np.where((rows == 0.0).all(axis=-1), 1.0, error)


# -- the density and its derivatives -------------------------------------------------------------------------------


@each_law
def test_a_law_is_a_path_model(case):
    assert isinstance(case.law, PathModel)


@each_law
def test_scores_and_the_hessian_are_derivatives_of_log_density(case):
    paths, names = case.paths(), names_of(case)
    own, pairs = case.law.score(paths, names), pairs_of(case)
    found = dict(zip(pairs, case.law.hessian(paths, pairs), strict=True))

    def rows(law, shifts):
        there = seen(paths, shifts)
        return np.vstack([law.log_density(there), law.score(there, names)])

    for other, score in zip(names, own, strict=True):
        expected, *slopes = difference(case, rows, (other,))
        size = np.abs(score).max() if case.awkward else score.std()
        np.testing.assert_allclose(score, expected, rtol=case.accuracy, atol=1e-6 * size, err_msg=other)
        for name, first, slope in zip(names, own, slopes, strict=True):
            if other == TIME != name:  # the parameter moves last, for curves are not shifted later
                continue
            second = found[(name, other) if (name, other) in found else (other, name)]
            size, rtol = (np.abs(second).max(), 1e-4) if case.awkward else ((first * score + second).std(), 0.0)
            message = f"{name}, {other}"
            np.testing.assert_allclose(second, slope, rtol=rtol, atol=case.accuracy * size, err_msg=message)


@each_law
def test_what_is_asked_of_a_law_in_another_order_is_the_same(case):
    paths, pairs = case.paths(), pairs_of(case)
    np.testing.assert_array_equal(case.law.score(paths), case.law.score(paths, case.law.parameters))
    turned = case.law.hessian(paths, [pair[::-1] for pair in pairs])
    for pair, row, other in zip(pairs, case.law.hessian(paths, pairs), turned, strict=True):
        close = 0.0 if hasattr(case.law, "moves") else 1e-8  # by moves the order makes no difference to the last bit
        close = max(close, 1e-12 if assets_of(case.law) else 0.0)  # but for sums over assets, which are rounded
        np.testing.assert_allclose(other, row, rtol=close, atol=close * np.abs(row).max(), err_msg=pair)


@each_law
def test_coordinates_that_it_does_not_have_are_refused(case):
    paths = case.paths()
    with pytest.raises((ValueError, AttributeError, KeyError), match="skew"):
        case.law.score(paths, ["skew"])
    with pytest.raises((ValueError, AttributeError, KeyError), match="skew"):
        case.law.hessian(paths, [("skew", case.law.parameters[0])])


# -- its means -------------------------------------------------------------------------------------------------


@each_law
def test_scores_have_mean_zero_and_the_second_bartlett_identity_holds(case):
    law, names, pairs = case.law, names_of(case), pairs_of(case)
    paths = draw(law, np.asarray(case.times), n_paths=case.means, seed=11)
    scores, hessian = law.score(paths, names), law.hessian(paths, pairs)
    products = np.stack([scores[names.index(a)] * scores[names.index(b)] for a, b in pairs])
    for rows in (scores, products + hessian):
        assert np.abs(z_scores(rows)).max() < 4.2
    assert np.abs(z_scores(products)).max() > 50.0  # negative control: a weight with its second term missing
    noticed = []
    for name in law.parameters:  # negative control: scores of a law that is not the one drawn from
        size = 0.1 * steps_of(case, 1.0)[name]
        other = moved(law, {name: size if name != "correlation" else size * 3.0})
        if scores[names.index(name)].std() * size > 10.0 / np.sqrt(case.means):  # where a tenth is enough to be seen
            assert np.abs(z_scores(other.score(seen(paths, {}), [name]))).max() > 6.0, name
            noticed.append(name)
    assert noticed


@with_forward
def test_the_mean_of_the_spot_is_the_forward(case):
    paths = observed(draw(case.law, np.asarray(case.times), n_paths=case.means, seed=12))
    forward = case.law.forward_jet(np.asarray(case.times)).value
    error = paths.std(axis=-1) / np.sqrt(case.means)
    assert np.all(error < 0.02 * forward)
    assert np.abs((paths.mean(axis=-1) - forward) / error).max() < 4.0
    assert np.abs((paths.mean(axis=-1) - 1.08 * forward) / error).max() > 4.0  # what would be seen


# -- discounting, forwards and Europeans -----------------------------------------------------------------------


def rows_of(jets):
    """Values and gradients of some jets, in one array."""
    return np.stack([np.concatenate([np.asarray(jet.value)[None], jet.gradient]) for jet in jets])


def assert_derivatives(case, jets_of):
    """Jets have the derivatives of their own values; `jets_of` says them of a law and shifts."""
    jets, names = jets_of(case.law, {}), names_of(case)
    for name in names:
        differenced = difference(case, lambda law, shifts: rows_of(jets_of(law, shifts)), (name,), 3e-4)
        for jet, (slope, *slopes) in zip(jets, differenced, strict=True):
            assert set(names) <= set(jet.names)
            unit = np.abs(jet.value).max() / steps_of(case, 1.0)[name]
            np.testing.assert_allclose(jet.derivative(name), slope, rtol=1e-7, atol=1e-8 * unit, err_msg=name)
            for other, expected in zip(jet.names, slopes, strict=True):
                if other not in names or name == TIME != other:  # the parameter moves last
                    continue
                error = 1e-6 * unit / steps_of(case, 1.0)[other]
                found = jet.derivative(name, other)
                np.testing.assert_allclose(found, expected, rtol=1e-4, atol=error, err_msg=f"{name}, {other}")


@each_law
def test_discounts_and_forwards_have_the_derivatives_of_their_values(case):
    dates = np.array(case.times)

    def jets(law, shifts):
        left = dates - shifts.get(TIME, 0.0)
        return [jet for jet in (law.discount_jet(left), law.forward_jet(left)) if jet is not None]

    assert_derivatives(case, jets)


@laws_that(lambda law: hasattr(law, "forward") and law.forward_jet(np.ones(1)) is not None)
def test_discounts_and_forwards_by_themselves_are_those_of_their_jets(case):
    for time in case.times:
        assert case.law.discount(time) == pytest.approx(float(case.law.discount_jet(np.asarray(time)).value), rel=1e-14)
        assert case.law.forward(time) == pytest.approx(float(case.law.forward_jet(np.asarray(time)).value), rel=1e-14)


@with_europeans
def test_europeans_have_the_derivatives_of_their_values_and_those_are_the_means_of_draws(case):
    date = max(time for time in case.times if knows_vanillas(case.law, time))
    strike = 1.04 * float(case.law.forward_jet(np.asarray(date)).value)
    assert_derivatives(case, lambda law, shifts: law.vanilla_jets(strike, date - shifts.get(TIME, 0.0)))
    spot = draw(case.law, np.asarray(case.times), n_paths=case.means, seed=13).spot[case.times.index(date)]
    payments = spot > strike, np.maximum(spot - strike, 0.0)
    for sample, jet in zip(payments, case.law.vanilla_jets(strike, date), strict=True):
        error = sample.std() / np.sqrt(case.means)
        assert error < 0.03 * jet.value
        assert abs(sample.mean() - jet.value) < 4.0 * error
        assert abs(sample.mean() - 1.13 * jet.value) > 4.0 * error  # what would be seen


# -- drawing ---------------------------------------------------------------------------------------------------


@each_law
def test_the_same_stream_gives_the_same_paths_and_another_one_others(case):
    a, b, other = (observed(case.law.simulate(case.times, Chunk(5, k, 16).stream())) for k in (2, 2, 3))
    assert a.shape[-2:] == (len(case.times), 16)
    np.testing.assert_array_equal(a, b)
    assert not np.all(a == other)
    travelled = pickle.loads(pickle.dumps(case.law))
    np.testing.assert_array_equal(observed(travelled.simulate(case.times, Chunk(5, 2, 16).stream())), a)


@each_law
def test_what_is_said_of_a_path_does_not_depend_on_the_others(case):
    paths = draw(case.law, np.asarray(case.times), n_paths=40)
    names, few = names_of(case), slice(7, 12)
    if hasattr(paths, "spot"):
        latent = {name: rows[..., few] for name, rows in paths.latent.items()}
        some = replace(paths, spot=paths.spot[..., few], latent=latent, memo=None)
    else:
        some = paths[..., few]
    np.testing.assert_allclose(case.law.log_density(some), case.law.log_density(paths)[few], rtol=1e-11)
    whole = case.law.score(paths, names)
    np.testing.assert_allclose(case.law.score(some, names), whole[:, few], rtol=1e-6, atol=1e-8 * np.abs(whole).max())


# -- what only some laws know ----------------------------------------------------------------------------------


def at_the_same_draws(case, paths, normals, shifts):
    """Paths of a moved law by the same normals, whatever is beneath them staying where it is."""
    law = at(case.law, shifts)
    if hasattr(law, "redrawn"):
        there = replace(paths, times=paths.times - shifts.get(TIME, 0.0))
        return law.redrawn(there, case.law)
    return law.simulate(paths.times - shifts.get(TIME, 0.0), GivenNormals(normals))


def motion(moves, name):
    """Derivatives of the log-spots at fixed normals: a sum, or carried on where steps depend on their state."""
    if isinstance(moves.path, IndependentSteps):
        return travel.tangent(moves, (name,), LIKELIHOOD_RATIO, range(len(moves.noise)))
    carried, pushed = travel.carried_on(moves), travel.pushed(moves, name, LIKELIHOOD_RATIO)
    found = np.array(np.broadcast_to(pushed, carried.shape))
    for i in range(1, len(found)):
        found[i] += carried[i] * found[i - 1]
    return found if moves.path.seen is None else found[moves.path.seen]


@laws_that(lambda law: hasattr(law, "moves") and not hasattr(law, "assets"))
def test_tangents_are_the_derivatives_of_the_log_spots_at_fixed_normals(case):
    drawn = draw(case.law, np.asarray(case.times), n_paths=200)
    normals = np.random.default_rng(1).standard_normal((len(case.law.moves(drawn).noise), 200))
    paths = drawn if hasattr(case.law, "redrawn") else at_the_same_draws(case, drawn, normals, {})
    unseen = bool(getattr(case.law, "dividends", ())) or hasattr(case.law, "steps")
    bare = (
        replace(paths, memo=None)
        if unseen
        else replace(paths, latent=paths.latent if hasattr(case.law, "redrawn") else {})
    )
    for kept in (paths, bare):
        moves = case.law.moves(kept)
        for name in names_of(case):
            expected = five_point(
                lambda shifts: at_the_same_draws(case, drawn, normals, shifts).spot, (name,), steps_of(case, 1e-3)
            )
            found = paths.spot * motion(moves, name)  # of a spot at zero there is no logarithm
            size = np.abs(expected).max()
            np.testing.assert_allclose(found, expected, rtol=case.bent, atol=case.bent * size + 1e-9, err_msg=name)


@with_member("later")
def test_elapsed_time_leaves_the_calendar_where_it_is(case):
    law, elapsed = case.law, 0.5 * case.times[0]
    pays = bool(getattr(law, "dividends", ()))  # which are not growth
    for what in (law.discount,) if pays else (law.discount, law.forward):
        later = getattr(law.later(elapsed), what.__name__)
        early, late = case.times[0], case.times[-1]
        assert later(late - elapsed) / later(early - elapsed) == pytest.approx(what(late) / what(early), rel=1e-9)


@with_member("terminal")
def test_the_law_at_one_date_is_the_same_law(case):
    date = case.times[-1]
    law = case.law.terminal(date)
    assert tuple(law.parameters) == tuple(case.law.parameters)
    assert (law.discount(date), law.forward(date)) == (case.law.discount(date), case.law.forward(date))
    spot = draw(case.law, np.asarray(case.times), n_paths=case.means, seed=14).spot[-1]
    levels = np.array([0.05, 0.3, 0.6, 0.95])
    below = (spot <= law.quantile(levels)[:, None]).mean(axis=1)
    error = np.sqrt(levels * (1.0 - levels) / case.means)
    assert np.abs((below - levels) / error).max() < 4.0
    wide = replace(law, initial_variance=1.3 * law.initial_variance, long_run_variance=1.3 * law.long_run_variance)
    below = (spot <= wide.quantile(levels)[:, None]).mean(axis=1)
    assert np.abs((below - levels) / error).max() > 6.0  # what would be seen


@with_member("log_densities")
def test_log_densities_of_a_family_are_those_of_its_members(case):
    paths = case.paths()
    laws = [moved(case.law, {name: 0.1 * step}) for name, step in steps_of(case, 1.0).items() if name != TIME]
    expected = [law.log_density(paths) for law in laws]
    np.testing.assert_allclose(case.law.log_densities(laws, paths), expected, rtol=1e-10)
