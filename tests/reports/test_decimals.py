"""One number of decimals a column, and numbers that are not lost in it."""

import numpy as np
import pytest

from likelihood_greeks.reports.decimals import Decimals


@pytest.mark.parametrize(
    ("values", "errors", "places"),
    [
        ([1_234_567.8, -3.0], [310.0, 12.0], 0),
        ([0.0123, 0.5], [0.00031, 0.0], 5),
        ([12.5, 99.0], [], 2),
        ([0.0, 0.0], [0.0], 0),
        ([3e-12], [1e-13], 8),
        ([np.nan, 2.0], [np.nan, 0.3], 2),
        ([123_456_789.0], [0.01], 0),
    ],
)
def test_a_column_has_the_decimals_of_its_median_error(values, errors, places):
    assert Decimals.of(values, errors).places == places


def test_numbers_line_up_and_small_errors_are_not_called_zero():
    form = Decimals(2)
    assert [form.number(x) for x in (1234.5, -0.001, -1.0, np.nan)] == ["1,234.50", "0.00", "-1.00", "–"]
    assert [form.error(x) for x in (0.0, 0.001, 0.05)] == ["", "<0.01", "0.05"]
