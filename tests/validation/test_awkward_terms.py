"""Products seasoned, on uneven dates, under steep curves: Greeks of paths against nested quadrature."""

import pytest

import likelihood_greeks as lg
from tests.support.awkward import CONTRACTS, WORLD, law

NEW = ["accumulator", "decumulator, seasoned, delivering", "target forward", "target forward, selling, full, seasoned"]
PARAMETERS = {"delta": "spot", "vega": "volatility"}


@pytest.mark.slow
@pytest.mark.parametrize("name", NEW)
def test_greeks_agree_with_quadrature_and_controls_help(name):
    contract, breaks = CONTRACTS[name]
    exact = WORLD.greeks(contract, breaks, ("delta", "vega"))
    result = lg.greeks(law(WORLD), contract, ["delta", "vega"], paths=2**14, seed=5)
    for greek, reference in exact.items():
        found = result[greek]
        assert found.standard_error < 0.04 * max(1.0, abs(reference))
        assert abs(found.value - reference) < 4.0 * found.standard_error
        assert abs(found.value - 1.2 * reference) > 4.0 * found.standard_error  # the test can fail
        assert found.variance_ratio > 3.0


def test_the_quadrature_itself_agrees_with_closed_forms():
    cuts = lambda k, seen: [95.0]  # noqa: E731
    call = lg.Call(95.0, 0.83)
    exact = lg.greeks(law(WORLD), call, ["delta", "vega", "theta"], closed_form=True, seed=1)
    for name, value in WORLD.greeks(call, cuts, ("delta", "vega", "theta")).items():
        assert value == pytest.approx(exact[name].value, rel=1e-6)
