"""Every message that an input can cause names the argument, what it must be, and what was given.

The inputs are data: `support.doors`. No message of NumPy's, pandas' or Python's own reaches a user alone.
"""

import warnings
from datetime import date, datetime

import numpy as np
import pandas as pd
import pytest

import likelihood_greeks as lg
from likelihood_greeks._checks import InvalidValueError
from likelihood_greeks.book.trades import parse
from tests.support.doors import BOOK, CELLS, DOORS, MARKET

NAMES = list(dict.fromkeys(name for name, *_ in DOORS))


def shown(value):
    """What of a value a message may show: it, its kind, or one thing in it."""
    try:
        text = repr(value)
    except ValueError:
        return {type(value).__name__}
    inner = [*value.values(), *value] if isinstance(value, dict) else value if isinstance(value, (list, tuple)) else []
    inner = [x for part in inner for x in (part if isinstance(part, (list, tuple)) else [part])]
    short = {x[:20] for x in (text, *map(repr, inner))}
    return short | {type(value).__name__, getattr(value, "__name__", ""), str(value)[:20]} | {str(np.size(value))}


def wrong(call, argument, value):
    """What is wrong with what a door says; nothing if it is right."""
    try:
        with warnings.catch_warnings(action="ignore"):
            call(value)
    except (ValueError, TypeError, OSError) as error:
        message = str(error)
        if argument not in message:
            return f"the argument {argument} is not named: {message}"
        if "must" not in message:
            return f"it is not said what it must be: {message}"
        if not hasattr(value, "__len__") and not any(text in message for text in shown(value) if text):
            return f"what was given is not said: {message}"
        if "got" not in message:
            return f"what was given is not said: {message}"
        return ""
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return "accepted"


def test_there_are_many():
    assert len(DOORS) > 1000
    assert len(NAMES) > 60


@pytest.mark.parametrize("name", NAMES)
def test_a_bad_input_is_refused_with_name_requirement_and_value(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    said = [(value, wrong(call, argument, value)) for door, call, argument, value in DOORS if door == name]
    assert not [(value, what) for value, what in said if what]
    assert not list(tmp_path.iterdir())  # nothing was written


def test_what_is_accepted_or_said_badly_would_be_noticed():
    def numpys_own(x):
        raise ValueError("array must not contain infs or NaNs")

    assert wrong(lambda x: None, "spot", 1) == "accepted"
    assert "not named" in wrong(numpys_own, "spot", 1)
    assert "ZeroDivisionError" in wrong(lambda x: 1 / x, "spot", 0)


@pytest.mark.parametrize("column", CELLS)
def test_a_bad_cell_is_a_problem_of_its_row_and_column_and_the_other_rows_are_priced(column):
    market, row = lg.Market.read(MARKET), BOOK.iloc[0].to_dict()
    rows = [row | {"trade_id": f"T{k}"} | {column: value} for k, value in enumerate(CELLS[column])]
    book = pd.DataFrame({name: pd.Series([own[name] for own in [row, *rows]], dtype=object) for name in row})
    trades, problems = parse(book, market)
    assert [trade.trade_id for trade in trades] == ["a"]
    assert {problem.row for problem in problems if problem.field == column} == {*range(1, len(book))}
    assert all(problem.requirement for problem in problems)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (date(2026, 12, 4), "2026-12-04"),
        ([date(2026, 2, 4), 3], "[2026-02-04, 3]"),
        (pd.Timestamp("2026-12-04"), "2026-12-04"),
        (datetime(2026, 12, 4, 9, 30), "2026-12-04 09:30:00"),
        (np.float64(-5.0), "-5.0"),
        ({"spot": 1}, "{'spot': 1}"),
        ({f"key {k}": [0.0] * 50 for k in range(3)}, "a table of key 0, key 1, key 2"),
        ({k: [0.0] * 50 for k in range(10)}, "a table of 0, 1, 2, 3, 4, 5, 6, 7 and 2 more"),
        ("datetime", "'datetime'"),
    ],
    ids=str,
)
def test_what_was_given_is_shown_as_people_write_it(value, said):
    assert str(InvalidValueError("it", "be right", value)) == f"it must be right, got {said}"
