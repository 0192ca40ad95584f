"""Pages made of tables in the code say all that is in them."""

import sys

import pytest

from likelihood_greeks.book.cells import REFUSED, TERM
from likelihood_greeks.book.columns import BY_NAME, TABLE, users
from likelihood_greeks.book.products.table import PRODUCTS
from tests.support.places import ROOT


@pytest.fixture(scope="module")
def columns_page():
    pytest.importorskip("sphinx")
    sys.path.insert(0, str(ROOT / "docs" / "_ext"))
    from studies import book_columns

    return book_columns().splitlines()


def test_every_column_has_one_line_with_its_names_meaning_and_products(columns_page):
    for column in TABLE:
        line = [line for line in columns_page if line.startswith(f"| `{column.name}`")]
        assert len(line) == 1, column.name
        said = [column.meaning, column.words, *(f"`{name}`" for name in column.also)]
        said += users(column.name) if column.use == TERM else []
        assert [words for words in said if words not in line[0]] == [], column.name


def test_refused_columns_stand_by_themselves_and_no_other_name_is_there(columns_page):
    title = next(k for k, line in enumerate(columns_page) if line.startswith("**Refused"))
    names = [line.split("`")[1] for line in columns_page[title:] if line.startswith("| `")]
    assert names == [column.name for column in TABLE if column.use == REFUSED]
    assert {line.split("`")[1] for line in columns_page if line.startswith("| `")} <= BY_NAME.keys()


def test_every_product_has_a_line_that_says_what_it_pays_and_its_columns():
    pytest.importorskip("sphinx")
    sys.path.insert(0, str(ROOT / "docs" / "_ext"))
    from studies import book_products

    lines = book_products().splitlines()
    for name, own in PRODUCTS.items():
        (line,) = [line for line in lines if line.startswith(f"| `{name}` ")]
        assert len(own.meaning) > 10, name
        assert own.meaning in line, name
        assert [column for column in own.columns if f"`{column}`" not in line] == [], name
