"""Parameters and Greeks are declared once: checks, bumps, pictures and desk units follow from that."""

import dataclasses

import pytest

import likelihood_greeks as lg
from likelihood_greeks._quantities import COMMON, GREEKS, declared
from likelihood_greeks.book.units import unit_of
from likelihood_greeks.estimators.finite_difference import bump_sizes
from likelihood_greeks.models.adaptor import as_path_model, value_of
from likelihood_greeks.parameters import NAMED
from likelihood_greeks.pictures.style import named
from tests.support.laws import LAWS


@pytest.mark.parametrize("name", LAWS)
def test_a_law_declares_its_parameters_in_their_order(name):
    law = LAWS[name].law
    assert tuple(declared(law)) == tuple(law.parameters)
    for parameter in declared(law).values():
        parameter.domain(parameter.name, value_of(law, parameter.name))


@pytest.mark.parametrize(
    "law", [lg.GBM(spot=100.0, volatility=0.2), LAWS["Heston, a desk's"].law], ids=["GBM", "Heston"]
)
def test_a_number_outside_its_domain_is_refused_by_name(law):
    for name, parameter in declared(law).items():
        outside = -1.0 if parameter.proportional or name == "volatility" else float("inf")
        with pytest.raises(ValueError, match=rf"^{name} must "):
            dataclasses.replace(law, **{name: outside})


def test_a_correlation_is_refused_from_one_on():
    with pytest.raises(ValueError, match=r"^correlation must be strictly between -1 and 1, got -1\.0$"):
        dataclasses.replace(LAWS["Heston, a desk's"].law, correlation=-1.0)


def test_bumps_are_shares_of_what_is_proportional_and_points_of_the_rest():
    law = lg.Heston(
        spot=80.0, initial_variance=0.04, mean_reversion=2.0, long_run_variance=0.09, vol_of_vol=0.5, correlation=-0.6
    )
    sizes = bump_sizes(law, lg.Call(80.0, 0.5), 0.01)
    expected = {
        "spot": 0.8, "initial_variance": 0.0004, "mean_reversion": 0.02, "long_run_variance": 0.0009,
        "vol_of_vol": 0.005, "correlation": 0.01, "rate": 0.01, "dividend_yield": 0.01, "time": 0.005,
    }  # fmt: skip
    assert sizes == pytest.approx(expected)


class Declared:
    """A user's law that declares a parameter of its own."""

    parameters = ("spot", "skew")
    declared = (dataclasses.replace(COMMON["spot"], name="skew", unit="per unit of log-moneyness"),)
    spot, skew = 100.0, 0.5

    def simulate(self, times, stream):
        raise NotImplementedError

    log_density = simulate


def test_what_a_users_law_declares_is_kept_and_the_rest_means_the_usual():
    found = declared(as_path_model(Declared()))
    assert found["spot"] is COMMON["spot"]
    assert str(found["skew"]) == "skew (per unit of log-moneyness)"
    assert bump_sizes(as_path_model(Declared()), lg.Call(100.0, 0.5), 0.01)["skew"] == pytest.approx(0.005)


def test_every_named_greek_has_an_axis_and_a_desk_unit():
    assert tuple(NAMED) == tuple(GREEKS)
    for name, greek in GREEKS.items():
        assert named(name) == f"{name.replace('_', ' ')} ({greek.unit})"
        assert unit_of(name) is greek.desk
