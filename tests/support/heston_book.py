"""A market and a book under Heston."""

import copy
import tomllib

import likelihood_greeks as lg
from likelihood_greeks.book.reading import read_book
from likelihood_greeks.models.heston.parameters import VARIANCE
from tests.support.places import DATA

FILE = DATA / "market_heston.toml"
DICT = tomllib.loads(FILE.read_text(encoding="utf-8"))
LAW = dict(zip(VARIANCE, (0.19, 15.6, 0.075, 3.3, -0.51), strict=True))
BOOK = read_book(DATA / "book.csv")
EUROPEANS = BOOK.iloc[[0, 3, 4, 6, 8]]


def with_law(section=None, model="heston", **changes):
    """The market's dictionary with another model section; an entry is removed if it is None."""
    market = copy.deepcopy(DICT)
    dax = {**market["underlyings"]["DAX"], "model": model, "heston": section, **changes}
    market["underlyings"]["DAX"] = {key: value for key, value in dax.items() if value is not None}
    return market


GIVEN = lg.Market.read(with_law(LAW))
