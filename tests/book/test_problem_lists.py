"""What a warning tells of trades that could not be priced."""

import pytest

from likelihood_greeks.book.frame import LINES, NAMED, describe


def problems(*rows):
    return [
        {"trade_id": f"T{row}", "row": row, "field": "level", "requirement": why, "value": value}
        for row, why, value in rows
    ]


def test_one_problem_is_a_line():
    assert describe(problems((4, "be positive", -1.0))) == (
        "1 trade could not be priced:\n  T4 (row 5): level must be positive, got -1.0"
    )


def test_trades_with_the_same_problem_share_a_line_and_many_are_counted():
    two = describe(problems((0, "be given", ""), (1, "be positive", -1.0), (6, "be given", "")))
    assert two.splitlines() == [
        "3 trades could not be priced:",
        "  T0, T6 (rows 1, 7): level must be given, but is blank",
        "  T1 (row 2): level must be positive, got -1.0",
    ]
    many = describe(problems(*((row, "be given", "") for row in range(1000))))
    assert f"T{NAMED - 1} and {1000 - NAMED} more (rows 1, 2, " in many
    assert len(many) < 300


@pytest.mark.parametrize("count", [LINES, LINES + 1, 5000])
def test_of_many_problems_some_are_told_and_all_counted(count):
    told = describe(problems(*((row, "be positive", -float(row)) for row in range(count)))).splitlines()
    assert told[0] == f"{count} trades could not be priced:"
    if count == LINES:
        assert len(told) == 1 + LINES
    else:
        rest = count - LINES
        assert told[1 + LINES :] == [f"  {rest} more problems, and {rest} more trades; all are in attrs['problems']"]
