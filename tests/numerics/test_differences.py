"""Central differences are exact up to their order, and not beyond it."""

import numpy as np
import pytest

from likelihood_greeks.numerics.differences import five_point, seven_point, three_point

STEPS = {"x": 0.3, "y": 0.7}
DERIVATIVES = [("x",), ("y", "y"), ("x", "y")]


def polynomial(degree):
    """A polynomial of some degree in two coordinates, at the point (0.4, -1.1), of shifts."""
    powers = [(i, j, 0.3 + 0.2 * i - 0.1 * j) for i in range(degree + 1) for j in range(degree + 1 - i)]

    def function(shift):
        x, y = 0.4 + shift.get("x", 0.0), -1.1 + shift.get("y", 0.0)
        return sum(c * x**i * y**j for i, j, c in powers)

    def exact(names):
        p, q = names.count("x"), names.count("y")
        slope = np.polynomial.polynomial.polyder
        terms = [(np.eye(degree + 1)[i], np.eye(degree + 1)[j], c) for i, j, c in powers]
        at = np.polynomial.polynomial.polyval
        return sum(c * at(0.4, slope(a, p)) * at(-1.1, slope(b, q)) for a, b, c in terms)

    return function, exact


@pytest.mark.parametrize("names", DERIVATIVES, ids=str)
@pytest.mark.parametrize(("rule", "degree"), [(three_point, 2), (five_point, 4), (seven_point, 6)])
def test_a_rule_differentiates_polynomials_of_its_order_exactly_and_no_further(rule, degree, names):
    function, exact = polynomial(degree)
    assert rule(function, names, STEPS) == pytest.approx(exact(names), rel=1e-10)
    steeper, exact = polynomial(degree + 2)
    assert rule(steeper, names, STEPS) != pytest.approx(exact(names), rel=1e-4)


@pytest.mark.parametrize("rule", [three_point, five_point, seven_point])
def test_what_does_not_depend_on_a_coordinate_has_no_slope_at_all(rule):
    assert rule(lambda shift: 0.1 + shift.get("y", 0.0), ("x",), STEPS) == 0.0
    with pytest.raises(ValueError, match="must name one or two coordinates"):
        rule(lambda shift: 0.0, ("x", "x", "y"), STEPS)
