"""The keys of a market, a line each: what they mean, in which unit, and where they may stand.

Reading and the documentation take them from here. A key that is not here is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

from .._checks import refuse
from .calendars import closest

MARKET, UNDERLYING, DIVIDEND = "market", "underlyings.NAME", "a dividend"
CURVE, FORWARDS, SURFACE, SVI, HESTON = "a curve", "forwards", "implied_volatility", "svi", "heston"
"""The tables of a market."""

WHERE: Mapping[str, str] = {
    MARKET: "The file itself, or the dictionary",
    UNDERLYING: "A table for each underlying, by its name",
    DIVIDEND: "One of the dividends of an underlying",
    CURVE: "A table curves.NAME, zero_curve, dividend_curve or foreign_curve",
    FORWARDS: "A table of forward prices in an underlying",
    SURFACE: "A table of quotes in an underlying, in one of the forms of volatilities, atm, svi or quotes",
    SVI: "Raw SVI parameters, a table for each maturity, or lists of them",
    HESTON: "The parameters of the model in an underlying",
}
"""The tables of a market, for people."""


@final
@dataclass(frozen=True, slots=True)
class Key:
    """A key of a market.

    Parameters
    ----------
    where, name : str
        The table that it stands in, and what it is called there.
    meaning, unit : str
        For people.
    example : str
        A line of TOML.
    needed : bool
        Whether the table must have it.
    also : tuple of str
        Other names of it.
    """

    where: str
    name: str
    meaning: str
    unit: str
    example: str
    needed: bool = False
    also: tuple[str, ...] = ()


_RATE, _NODES = "per year, continuously compounded", "dates, tenors such as 3M, or years"
_EITHER = "a name or a table"

TABLE: tuple[Key, ...] = (
    Key(MARKET, "valuation_date", "the day of the values", "date", "valuation_date = 2026-11-27", needed=True),
    Key(MARKET, "underlyings", "the assets of the book, a table each", "tables", "underlyings.SX5E.spot = 5640.0",
        needed=True),
    Key(MARKET, "curves", "curves that several underlyings share, by name; a number is a flat rate", "tables",
        'curves.EUR = { times = ["3M", "1Y"], rates = [0.0195, 0.0201] }'),
    Key(MARKET, "reporting_currency", "what totals over several currencies are converted into", "code",
        'reporting_currency = "EUR"', also=("currency",)),
    Key(MARKET, "fx", "what one unit of each currency is worth in the reporting currency; or quotes of pairs, EURUSD "
        "being the dollars for a euro", "rates by code", "fx = { USD = 0.86 }"),
    Key(MARKET, "fixings", "past observations, by underlying and date, or the CSV file that holds them "
        "(date, underlying, value)", "currency", 'fixings.SX5E = { "2026-09-18" = 5480.0 }'),
    Key(MARKET, "lows", "the lowest spots of past days, as fixings, or the file that holds them (date, underlying, "
        "low), which may be that of the fixings: for trades that are watched at all times", "currency",
        'lows.SX5E = { "2026-09-18" = 5441.0 }'),
    Key(MARKET, "highs", "the highest spots of past days, likewise (date, underlying, high)", "currency",
        'highs.SX5E = { "2026-09-18" = 5502.0 }'),
    Key(MARKET, "correlation", "of pairs of underlyings, for trades on several: a number by `A|B`, tables by the first "
        "name and the second, or the CSV file of such a table or of a matrix; in place of a number a table of them by "
        "pillar, each the instantaneous correlation up to there from the pillar before", "-1 to 1",
        'correlation = { "SX5E|SPX" = 0.6 }', also=("correlations",)),
    Key(UNDERLYING, "spot", "today's price", "currency, > 0", "spot = 5640.0", needed=True),
    Key(UNDERLYING, "currency", "of the spot, in which options on it pay; of a currency pair the domestic one", "code",
        'currency = "EUR"'),
    Key(UNDERLYING, "zero_rate", "one rate for all dates", _RATE, "zero_rate = 0.02"),
    Key(UNDERLYING, "zero_curve", "rates by date: a shared curve or nodes; where neither this nor zero_rate is given, "
        "the shared curve named as the currency", _EITHER, 'zero_curve = "EUR"'),
    Key(UNDERLYING, "dividend_yield", "one yield for all dates, 0 if not given", _RATE, "dividend_yield = 0.027"),
    Key(UNDERLYING, "dividend_curve", "yields by date, in place of dividend_yield", _EITHER,
        "dividend_curve = { times = [1, 2], yields = [0.027, 0.025] }"),
    Key(UNDERLYING, "foreign_curve", "rates of the currency that is priced, of a currency pair, in place of "
        "dividend_yield", _EITHER, 'foreign_curve = "EUR"'),
    Key(UNDERLYING, "forwards", "forward prices by expiry, in place of dividend_yield, which follows from them and the "
        "zero rates", "a table", "forwards = { times = [2027-06-18], values = [5620.0] }"),
    Key(UNDERLYING, "dividends", "cash dividends beside dividend_yield or dividend_curve; those that went ex by the "
        "valuation date are in the spot; volatilities are then those of the spot between ex-dates", "a list of tables",
        "dividends = [{ ex_date = 2027-05-03, amount = 1.2 }]"),
    Key(UNDERLYING, "implied_volatility", "one volatility, or quotes by strike and maturity",
        "per square-root year, or a table", "implied_volatility = 0.27"),
    Key(UNDERLYING, "calendar", "business days, by QuantLib's name; TARGET if not given", "name",
        'calendar = "Germany/Eurex"'),
    Key(UNDERLYING, "model", "black-scholes (or gbm; if not given), heston, or local_volatility, which is made from "
        "the quotes", "name", 'model = "heston"'),
    Key(UNDERLYING, "heston", "the model's parameters", "a table", "heston = { calibrate = true }"),
    Key(DIVIDEND, "ex_date", "from which on the spot is without it, observations of that day included", "date",
        "ex_date = 2027-05-03", needed=True),
    Key(DIVIDEND, "amount", "by which the spot drops, to zero at most", "currency of the spot", "amount = 1.2",
        needed=True),
    Key(CURVE, "times", "the nodes", _NODES, 'times = ["1W", "3M", 2027-11-27, 2.5]', needed=True,
        also=("dates", "tenors")),
    Key(CURVE, "rates", "zero rates, or yields, to the nodes", _RATE, "rates = [0.0193, 0.0201]",
        also=("zero_rates", "yields", "dividend_yields")),
    Key(CURVE, "discount_factors", "to the nodes, in place of rates", "1 is today", "discount_factors = [0.995, 0.98]",
        also=("discounts",)),
    Key(FORWARDS, "times", "the expiries", _NODES, "times = [2027-03-19, 2027-06-18]", needed=True,
        also=("dates", "tenors", "expiries")),
    Key(FORWARDS, "values", "forward prices to them", "currency", "values = [5632.0, 5609.0]", needed=True,
        also=("prices",)),
    Key(SURFACE, "volatilities", "Black–Scholes implied, strikes (or deltas) by maturities; nan where there is no "
        "quote; one list is a volatility a maturity", "per square-root year",
        "volatilities = [[0.22, 0.21], [0.16, nan]]",
        also=("vols", "implied_volatilities")),
    Key(SURFACE, "maturities", "of the quotes, a column each", _NODES, "maturities = [2027-03-19, 2027-06-18]",
        also=("expiries", "dates", "tenors", "times")),
    Key(SURFACE, "strikes", "of the quotes, a row each", "currency, or see strikes_in", "strikes = [5000.0, 5640.0]"),
    Key(SURFACE, "strikes_in", "what strikes are in: currency (if not given), spot or forward (1.1 is 110 % of it), "
        "% of spot or % of forward", "name", 'strikes_in = "forward"'),
    Key(SURFACE, "deltas", "of the quotes, a row each, in place of strikes: puts, calls and at the money",
        "names, or numbers, negative for puts", 'deltas = ["10P", "25P", "ATM", "25C", "10C"]'),
    Key(SURFACE, "delta_convention", "spot, forward, spot_premium_adjusted or forward_premium_adjusted; needed with "
        "deltas", "name, or one a maturity", 'delta_convention = "spot"'),
    Key(SURFACE, "atm_convention", "delta_neutral (the straddle; if not given), forward or spot",
        "name, or one a maturity", 'atm_convention = "delta_neutral"'),
    Key(SURFACE, "atm", "volatilities at the money, in place of deltas", "per square-root year",
        "atm = [0.071, 0.075]"),
    Key(SURFACE, "risk_reversals", "of a call and a put of these deltas, with atm", "per square-root year",
        "risk_reversals = { 25 = [-0.004, -0.006] }"),
    Key(SURFACE, "butterflies", "of the same, over atm", "per square-root year",
        "butterflies = { 25 = [0.002, 0.003] }"),
    Key(SURFACE, "svi", "raw SVI parameters by maturity", "tables",
        "svi = [{ maturity = 2027-06-18, a = 0.01, b = 0.1, rho = -0.6, m = 0.0, sigma = 0.1 }]"),
    Key(SURFACE, "quotes", "a long table, or the CSV file that holds it: expiry, strike, implied_volatility, and "
        "forward and discount_factor if they are told", "path or records", 'quotes = "spx.csv"', also=("file",)),
    Key(SURFACE, "beyond_strikes", "refused (if not given), or flat: the volatility of the last strike of a maturity",
        "name", 'beyond_strikes = "flat"'),
    Key(SVI, "maturity", "of the smile, unless maturities stand beside svi", _NODES, "maturity = 2027-06-18",
        also=("expiry",)),
    Key(SVI, "a", "level of total variance", "1", "a = 0.01", needed=True),
    Key(SVI, "b", "slope of the wings", "1", "b = 0.1", needed=True),
    Key(SVI, "rho", "difference of the wings", "-1 to 1", "rho = -0.6", needed=True),
    Key(SVI, "m", "logarithm of strike over forward at the vertex", "1", "m = 0.0", needed=True),
    Key(SVI, "sigma", "width of the vertex", "> 0", "sigma = 0.1", needed=True),
    Key(HESTON, "calibrate", "whether what is not given is fitted to the quotes; true without a table heston",
        "true or false", "calibrate = true"),
    Key(HESTON, "initial_variance", "variance today", "per year", "initial_variance = 0.04"),
    Key(HESTON, "mean_reversion", "speed at which the variance reverts", "per year", "mean_reversion = 1.5"),
    Key(HESTON, "long_run_variance", "what the variance reverts to", "per year", "long_run_variance = 0.05"),
    Key(HESTON, "vol_of_vol", "volatility of the variance", "per year", "vol_of_vol = 0.5"),
    Key(HESTON, "correlation", "of the spot with its variance", "-1 to 1", "correlation = -0.7"),
)  # fmt: skip
"""Every key that a market may have."""


def of(where: str) -> tuple[Key, ...]:
    """The keys of one table."""
    return tuple(key for key in TABLE if key.where == where)


def checked(where: str, value: object) -> dict[str, Any]:
    """A table of a market, its keys by their names here.

    Raises
    ------
    TypeError
        If it is none.
    ValueError
        If a key is unknown, given twice under two names, or missing.
    """
    keys = of(where)
    if not isinstance(value, Mapping):
        listed = ", ".join([key.name for key in keys if key.needed] or [key.name for key in keys])
        raise TypeError(f"value must be a table with the keys {listed}, got {value!r}")
    names = {name: key.name for key in keys for name in (key.name, *key.also)}
    found = dict[str, Any]()
    for given, entry in value.items():
        if given not in names:
            refuse("key", f"be one of {', '.join(key.name for key in keys)}{closest(given, names)}", given)
        if names[given] in found:
            refuse(names[given], "be given once, under one name", given)
        found[names[given]] = entry
    for key in keys:
        if key.needed and key.name not in found:
            refuse(key.name, "be given", None)
    return found
