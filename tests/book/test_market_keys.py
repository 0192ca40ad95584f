"""The table of a market's keys: its examples are what a file may hold, and what is not in it is refused."""

import tomllib

import pytest

from likelihood_greeks._checks import InvalidValueError
from likelihood_greeks.book.market_keys import HESTON, MARKET, TABLE, WHERE, checked, of
from likelihood_greeks.models.heston.parameters import VARIANCE


@pytest.mark.parametrize("key", TABLE, ids=lambda key: f"{key.where}.{key.name}")
def test_the_example_of_a_key_is_a_line_of_toml_that_has_it(key):
    assert list(tomllib.loads(key.example)) == [key.name]
    assert key.where in WHERE


def test_the_keys_of_a_model_are_its_parameters():
    assert {key.name for key in of(HESTON)} == {"calibrate", *VARIANCE}


@pytest.mark.parametrize("where", WHERE)
def test_an_unknown_key_is_refused_with_the_one_that_was_meant(where):
    known = of(where)[-1].name
    needed = {key.name: None for key in of(where) if key.needed}
    with pytest.raises(InvalidValueError, match=rf"key must be one of .*\(did you mean '{known}'\?\), got"):
        checked(where, needed | {known[:-1] + "q": None})
    assert checked(where, needed | {known: 1})[known] == 1


def test_what_is_needed_must_be_there_and_a_table_must_be_one():
    with pytest.raises(InvalidValueError, match="valuation_date must be given"):
        checked(MARKET, {"underlyings": {}})
    with pytest.raises(TypeError, match="value must be a table with the keys valuation_date, underlyings, got 3"):
        checked(MARKET, 3)
