"""A user's law keeps what it knows: written with moves it gets the controls of the library's own."""

import numpy as np
import pytest

import likelihood_greeks as lg
from likelihood_greeks.models.adaptor import Adapted, as_path_model
from likelihood_greeks.models.capabilities import KnowsTerminal, KnowsVanillas, Movable, has
from likelihood_greeks.streams.chunks import Chunk
from tests.support.state_law import UsersGBM

TERMS = {"spot": 101.0, "volatility": 0.23, "rate": 0.04, "dividend_yield": 0.01}
TIMES = (0.2, 0.45, 0.8, 1.1)
GREEKS = ["delta", "gamma", "vega", "rho", "theta"]
PAYOFFS = {
    "barrier": lg.Barrier(lg.Call(95.0, 1.1), 84.0, "down", "out", TIMES),
    "Asian": lg.Asian(99.0, TIMES),
    "digital": lg.DigitalCall(104.0, 1.1),
}


@pytest.mark.slow
@pytest.mark.parametrize("payoff", PAYOFFS.values(), ids=PAYOFFS)
def test_a_users_gbm_written_with_moves_gets_the_controls_and_numbers_of_the_librarys(payoff):
    own, theirs = (lg.greeks(law, payoff, GREEKS, paths=20_000, seed=3) for law in (lg.GBM(**TERMS), UsersGBM(**TERMS)))
    names = [found.diagnostics.controls["control"].tolist() for found in (own, theirs)]
    assert names[0] == names[1]
    assert not any("has no `moves`" in remark for remark in theirs.diagnostics.remarks)
    for greek in ["price", *GREEKS]:
        assert theirs[greek].value == pytest.approx(own[greek].value, rel=1e-6), greek
        assert theirs[greek].standard_error == pytest.approx(own[greek].standard_error, rel=1e-3), greek


def test_density_and_scores_follow_from_the_moves():
    law, gbm = as_path_model(UsersGBM(**TERMS)), lg.GBM(**TERMS)
    paths = gbm.simulate(TIMES, Chunk(1, 0, 64).stream())
    np.testing.assert_allclose(law.log_density(paths), gbm.log_density(paths), rtol=1e-10)
    np.testing.assert_allclose(law.score(paths), gbm.score(paths), rtol=1e-10)
    pairs = [("spot", "volatility"), ("rate", "rate")]
    np.testing.assert_allclose(law.hessian(paths, pairs), gbm.hessian(paths, pairs), rtol=1e-10)


def test_an_adapted_law_has_what_the_law_has_and_no_more():
    law = Adapted(UsersGBM(**TERMS))
    assert has(law, Movable)
    assert has(law, KnowsVanillas)
    assert not has(law, KnowsTerminal)
    with pytest.raises(AttributeError, match="terminal"):
        law.terminal(1.0)


def test_moves_that_are_not_of_the_density_are_refused():
    class Wrong(UsersGBM):
        def log_density(self, paths):
            return 1.1 * lg.GBM(**TERMS).log_density(paths)

    with pytest.raises(ValueError, match="the score that follows from moves must be the derivative of log_density"):
        lg.greeks(Wrong(**TERMS), PAYOFFS["digital"], ["delta"], paths=1024, seed=1)
