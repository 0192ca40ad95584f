"""Doors through which input comes in, each with the name of its argument; and what may come in by mistake, by kind."""

from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import numpy as np
import pandas as pd

import likelihood_greeks as lg

NAN, INF = float("nan"), float("inf")
MODEL, CALL = lg.GBM(spot=100.0, volatility=0.2, rate=0.03), lg.Call(100.0, 1.0)
HESTON = {
    "spot": 100.0, "initial_variance": 0.04, "mean_reversion": 1.5, "long_run_variance": 0.05, "vol_of_vol": 0.4,
    "correlation": -0.6,
}  # fmt: skip
SECTION = {"spot": 100.0, "zero_rate": 0.03, "implied_volatility": 0.2}
MARKET = {"valuation_date": "2025-01-02", "underlyings": {"X": SECTION}}
BOOK = pd.DataFrame(
    [{"trade_id": "a", "underlying": "X", "product": "call", "quantity": 1, "maturity": "2026-01-02", "strike": 100.0}]
)
FRAME = lg.risk(BOOK, MARKET, ["delta"], seed=1)
TERMS = {"times": (1.0, 2.0), "zero_rates": (0.03, 0.03), "dividend_yields": (0.0, 0.0), "volatilities": (0.2, 0.2)}

NO_NUMBERS = [
    None, "100", "1,5", "", True, b"1", [100.0], (1.0, 2.0), {}, {"value": 1.0}, 1j, np.array([1.0, 2.0]),
    np.array("x"), pd.Series([1.0]), pd.NA, pd.NaT, date(2025, 1, 2), datetime(2025, 1, 2), np.datetime64("2025-01-02"),
    np.timedelta64(1, "D"), Decimal("1.5"), Fraction(1, 3), object, print, Path("a.csv"), range(3), np.ma.masked,
]  # fmt: skip
NO_FINITE = [NAN, INF, -INF, 10**400, np.float32("nan"), np.float64("inf")]
NO_POSITIVE = [*NO_FINITE, 0.0, -1.0, -0.0, np.int64(-3), -1e-300]


def heston(name):
    return lambda x: lg.Heston(**{**HESTON, name: x})


def market(*keys):
    """The door of a market's key, in dictionaries as deep as there are keys."""

    def read(x):
        section = dict(SECTION)
        section.pop({"zero_curve": "zero_rate"}.get(keys[0], ""), None)
        section[keys[0]] = {**DEEP[keys[0]], keys[1]: x} if len(keys) > 1 else x
        return lg.Market.read({"valuation_date": "2025-01-02", "underlyings": {"X": section}})

    return read


DEEP = {
    "zero_curve": {"times": [1.0, 2.0], "rates": [0.03, 0.03]},
    "implied_volatility": {
        "strikes": [90.0, 110.0], "maturities": [0.5, 1.0], "volatilities": [[0.2, 0.2], [0.2, 0.2]],
    },
}  # fmt: skip

NUMBERS = {
    "GBM spot": (lambda x: lg.GBM(spot=x, volatility=0.2), "spot", NO_POSITIVE),
    "GBM volatility": (lambda x: lg.GBM(spot=100.0, volatility=x), "volatility", [*NO_POSITIVE, 20.0, 1e-12]),
    "GBM rate": (lambda x: lg.GBM(spot=100.0, volatility=0.2, rate=x), "rate", [*NO_FINITE, 3.0, -2]),
    "GBM dividend_yield": (
        lambda x: lg.GBM(spot=100.0, volatility=0.2, dividend_yield=x), "dividend_yield", [*NO_FINITE, 3.0],
    ),
    "Heston spot": (heston("spot"), "spot", NO_POSITIVE),
    "Heston initial_variance": (heston("initial_variance"), "initial_variance", NO_POSITIVE),
    "Heston mean_reversion": (heston("mean_reversion"), "mean_reversion", NO_POSITIVE),
    "Heston vol_of_vol": (heston("vol_of_vol"), "vol_of_vol", NO_POSITIVE),
    "Heston correlation": (heston("correlation"), "correlation", [*NO_FINITE, 1.0, -1.0, 2]),
    "curves rate": (lambda x: lg.TermStructureGBM(spot=100.0, **{**TERMS, "zero_rates": (0.03, x)}), "zero_rates",
                    NO_FINITE),
    "curves volatility": (lambda x: lg.TermStructureGBM(spot=100.0, **{**TERMS, "volatilities": (0.2, x)}),
                          "volatilities", NO_POSITIVE),
    "Call strike": (lambda x: lg.Call(x, 1.0), "strike", NO_POSITIVE),
    "Put maturity": (lambda x: lg.Put(100.0, x), "maturity", NO_POSITIVE),
    "DigitalCall cash": (lambda x: lg.DigitalCall(100.0, 1.0, cash=x), "cash", NO_FINITE),
    "GapCall trigger": (lambda x: lg.GapCall(100.0, x, 1.0), "trigger", NO_POSITIVE),
    "Barrier level": (lambda x: lg.Barrier(CALL, x, "up", "out", [1.0]), "level", NO_POSITIVE),
    "Barrier rebate": (lambda x: lg.Barrier(CALL, 120.0, "up", "out", [1.0], rebate=x), "rebate", NO_FINITE),
    "DoubleBarrier lower": (lambda x: lg.DoubleBarrier(CALL, x, 120.0, "out", [1.0]), "lower", NO_POSITIVE),
    "ForwardStart start": (lambda x: lg.ForwardStart(x, 1.0), "start", NO_POSITIVE),
    "VarianceSwap strike": (lambda x: lg.VarianceSwap(x, (0.5, 1.0)), "strike", [*NO_FINITE, -0.2, 20.0]),
    "schedule maturity": (lambda x: lg.schedule(x, 12), "maturity", NO_POSITIVE),
    "schedule per_year": (lambda x: lg.schedule(1.0, x), "per_year", NO_POSITIVE),
    "KnownCashFlow amount": (lambda x: lg.KnownCashFlow(x, 1.0), "amount", NO_FINITE),
    "finite_difference bump": (lambda x: lg.finite_difference(MODEL, CALL, bump=x), "bump", NO_POSITIVE),
    "scenarios trust": (lambda x: lg.scenarios(MODEL, CALL, {"spot": [99.0]}, trust=x), "trust", NO_POSITIVE),
    "target_error": (lambda x: lg.greeks(MODEL, CALL, target_error={"delta": x}), "target_error", [*NO_POSITIVE]),
    "market spot": (market("spot"), "spot", NO_POSITIVE),
    "market zero_rate": (market("zero_rate"), "zero_rate", [*NO_FINITE, 3.0]),
    "diff level": (lambda x: lg.diff(pd.DataFrame(), pd.DataFrame(), level=x), "level", NO_POSITIVE),
}  # fmt: skip

NO_WHOLE = [None, "100", 1.5, 1e5, NAN, True, [1], np.array([1, 2]), {}, 1j, -1, np.int64(-3), pd.NA, Decimal("3")]
WHOLE = {
    "greeks paths": (lambda x: lg.greeks(MODEL, CALL, paths=x), "paths", [0, 1, 10**18]),
    "greeks max_paths": (lambda x: lg.greeks(MODEL, CALL, target_error={"delta": 1}, max_paths=x), "max_paths", [0]),
    "risk paths": (lambda x: lg.risk(BOOK, MARKET, paths=x), "paths", [0, 10**18]),
    "pathwise paths": (lambda x: lg.pathwise(MODEL, CALL, paths=x), "paths", [0]),
    "scenarios paths": (lambda x: lg.scenarios(MODEL, CALL, {"spot": [99.0]}, paths=x), "paths", [0]),
    "ladder paths": (lambda x: lg.ladder(BOOK, MARKET, paths=x), "paths", [0]),
}
SEEDS = {
    "greeks seed": (lambda x: lg.greeks(MODEL, CALL, seed=x), "seed", []),
    "risk seed": (lambda x: lg.risk(BOOK, MARKET, seed=x), "seed", []),
}

NO_WORDS = ["all", "", 1, 1.5, True, [], ["auto"], {}, np.array(["auto", "none"]), b"auto", ("auto",), object]
WORDS = {
    "greeks controls": (lambda x: lg.greeks(MODEL, CALL, controls=x), "controls", [None]),
    "greeks sampling": (lambda x: lg.greeks(MODEL, CALL, sampling=x), "sampling", [None]),
    "risk controls": (lambda x: lg.risk(BOOK, MARKET, controls=x), "controls", [None]),
    "risk target_of": (lambda x: lg.risk(BOOK, MARKET, target_of=x), "target_of", [None]),
    "Barrier direction": (lambda x: lg.Barrier(CALL, 120.0, x, "out", [1.0]), "direction", [None]),
    "Barrier knock": (lambda x: lg.Barrier(CALL, 120.0, "up", x, [1.0]), "knock", [None]),
    "Asian kind": (lambda x: lg.Asian(100.0, [1.0], kind=x), "kind", [None]),
    "Asian average": (lambda x: lg.Asian(100.0, [1.0], average=x), "average", [None]),
    "diff of": (lambda x: lg.diff(pd.DataFrame(), pd.DataFrame(), of=x), "of", [None]),
}

NO_FLAGS = [None, "no", "yes", "False", 0, 1, 1.0, [], {}, (True,), np.array([True]), object]
GRID = {"times": [0.5, 1.0], "spots": [50.0, 90.0, 110.0, 200.0], "volatilities": np.full((2, 4), 0.2)}
FLAGS = {
    "risk closed_form": (lambda x: lg.risk(BOOK, MARKET, closed_form=x), "closed_form", []),
    "risk progress": (lambda x: lg.risk(BOOK, MARKET, progress=x), "progress", []),
    "risk resume": (lambda x: lg.risk(BOOK, MARKET, output="a.csv", seed=1, resume=x), "resume", []),
    "ladder closed_form": (lambda x: lg.ladder(BOOK, MARKET, closed_form=x), "closed_form", []),
    "scenario_grid closed_form": (lambda x: lg.scenario_grid(BOOK, MARKET, closed_form=x), "closed_form", []),
    "curvature closed_form": (lambda x: lg.curvature(BOOK, MARKET, spot=0.1, closed_form=x), "closed_form", []),
    "explain_book closed_form": (lambda x: lg.explain_book(BOOK, MARKET, MARKET, closed_form=x), "closed_form", []),
    "greeks closed_form": (lambda x: lg.greeks(MODEL, CALL, closed_form=x), "closed_form", []),
    "greeks progress": (lambda x: lg.greeks(MODEL, CALL, progress=x), "progress", []),
    "pathwise progress": (lambda x: lg.pathwise(MODEL, CALL, progress=x), "progress", []),
    "finite_difference progress": (lambda x: lg.finite_difference(MODEL, CALL, progress=x), "progress", []),
    "compare progress": (lambda x: lg.compare(MODEL, CALL, progress=x), "progress", []),
    "explain progress": (lambda x: lg.explain(MODEL, {"spot": 99.0}, CALL, progress=x), "progress", []),
    "scenarios closed_form": (lambda x: lg.scenarios(MODEL, CALL, {"spot": [99.0]}, closed_form=x), "closed_form", []),
    "pivot reporting": (lambda x: lg.pivot(pd.DataFrame(), reporting=x), "reporting", []),
    "Autocallable memory": (lambda x: lg.Autocallable(100.0, [1.0], memory=x), "memory", []),
    "ForwardStart performance": (lambda x: lg.ForwardStart(0.5, 1.0, performance=x), "performance", []),
    "LocalVolatilityGrid constant": (lambda x: lg.LocalVolatilityGrid(**GRID, constant=x), "constant", []),
}

NO_TIMES = [None, 1.0, "0.5", [], (), [[1.0], [1.0, 2.0]], [[1.0]], {}, [1.0, 0.5], [0.5, 0.5], [0.0, 1.0], [-1.0],
            [NAN], [INF], ["1"], [None], [True], [date(2025, 1, 2)], np.array([]), np.array([[1.0]]),
            np.array([NAN])]  # fmt: skip
TIMES = {
    "Payoff times": (lambda x: lg.Payoff(lambda s: s[-1], x), "times", []),
    "Asian times": (lambda x: lg.Asian(100.0, x), "times", []),
    "Barrier times": (lambda x: lg.Barrier(CALL, 120.0, "up", "out", x), "times", [[0.5, 1.5]]),
    "Lookback times": (lambda x: lg.Lookback(x, "call"), "times", []),
    "VarianceSwap times": (lambda x: lg.VarianceSwap(0.2, x), "times", []),
}

NO_GREEKS = ["delta", 5, [None], [5], ["deltta"], [("spot",) * 3], [("spot", "skew")], [["delta"]], [b"delta"],
             [NAN], [{}], [()], True]  # fmt: skip
GREEKS = {
    "greeks": (lambda x: lg.greeks(MODEL, CALL, x), "greek", []),
    "risk greeks": (lambda x: lg.risk(BOOK, MARKET, x), "greek", []),
}

NO_MODELS = [None, 5, "GBM", lg.GBM, [], {}, object(), CALL, lambda: None]
NO_PAYOFFS = [None, 5, "call", lg.Call, [], {}, object(), print, MODEL]
NO_BOOKS = [None, 5, 1.5, [], [{}], {}, object(), True, b"book.csv", np.zeros(3), pd.Series([1])]
NO_MARKETS = [None, 5, 1.5, [], object(), True, b"a.toml", pd.DataFrame(), CALL]
NO_PATHS = [
    5,
    1.5,
    [],
    {},
    object(),
    True,
    b"a.csv",
    "a.txt",
    "",
    "no/such/folder/a.csv",
    "x" * 300 + ".csv",
    "a\0.csv",
]
NO_EXECUTORS = [5, "threads", [], object(), dict, True]
OBJECTS = {
    "greeks model": (lambda x: lg.greeks(x, CALL), "model", NO_MODELS),
    "pathwise model": (lambda x: lg.pathwise(x, CALL), "model", NO_MODELS),
    "scenarios model": (lambda x: lg.scenarios(x, CALL, {"spot": [1.0]}), "model", NO_MODELS),
    "greeks payoff": (lambda x: lg.greeks(MODEL, x), "payoff", NO_PAYOFFS),
    "Seasoned payoff": (lambda x: lg.Seasoned(x, (1.0,)), "payoff", NO_PAYOFFS),
    "Barrier option": (lambda x: lg.Barrier(x, 120.0, "up", "out", [1.0]), "option", NO_PAYOFFS),
    "Payoff function": (lambda x: lg.Payoff(x, [1.0]), "function", [None, 5, "f", [], {}, np.zeros(3)]),
    "greeks executor": (lambda x: lg.greeks(MODEL, CALL, executor=x), "executor", NO_EXECUTORS),
    "risk book": (lambda x: lg.risk(x, MARKET), "book", NO_BOOKS),
    "ladder book": (lambda x: lg.ladder(x, MARKET), "book", NO_BOOKS),
    "risk market": (lambda x: lg.risk(BOOK, x), "market", NO_MARKETS),
    "Market.read": (lg.Market.read, "market", NO_MARKETS),
    "risk output": (lambda x: lg.risk(BOOK, MARKET, output=x), "output", NO_PATHS),
    "diff before": (lambda x: lg.diff(x, BOOK), "before", [None, 5, [], {}, object(), True, b"a.csv"]),
    "CorrelatedGBM correlation": (
        lambda x: lg.CorrelatedGBM({"A": MODEL, "B": MODEL}, x), "correlation",
        [0.5, "0.5", [], [[1.0, 0.5], [0.5, 1.0]], np.eye(2), True, {}, {"A": 0.5}, {("A", "B"): 1.0},
         {("A", "C"): 0.5}],
    ),
    "CorrelatedGBM members": (
        lambda x: lg.CorrelatedGBM(x, {}), "members",
        [None, 5, "AB", [MODEL, MODEL], (MODEL,), {}, [], {"A": [MODEL]}, {"A": None}, {5: MODEL}, MODEL],
    ),
    "GBM": (lambda x: lg.GBM(*x), "GBM", [(100, 0.2), (100,)]),
    "GBM names": (lambda x: lg.GBM(**x), "GBM", [{"spot": 100.0}, {"spot": 100.0, "vol": 0.2}, {}]),
    "Heston": (lambda x: lg.Heston(*x), "Heston", [(100, 0.2), (100,)]),
    "to_crif buckets": (
        lambda x: lg.to_crif(pd.DataFrame(), buckets=x), "buckets",
        [5, "X=5", ["X"], {"X": 0}, {"X": "99"}, {"X": None}, {"X": 14}, {"X": "residual"}],
    ),
    "to_crif classes": (lambda x: lg.to_crif(pd.DataFrame(), classes=x), "classes", [5, "fx", ["X"], {"X": "rates"}]),
    "to_crif curvature": (lambda x: lg.to_crif(pd.DataFrame(), curvature=x), "curvature", [5, [], {}, "a.csv", BOOK]),
    "Seasoned fixings": (
        lambda x: lg.Seasoned(lg.Asian(100.0, [1.0]), x), "fixings",
        [None, 5, "1", [-5.0], [0.0], [NAN], ["5"], [None]],
    ),
    "ladder moves": (
        lambda x: lg.ladder(BOOK, MARKET, x), "moves", [None, 0.1, "0.1", [], [0.0], [-1.0], [10.0], [0.1, 0.1], {}],
    ),
    "scenario_grid spot": (
        lambda x: lg.scenario_grid(BOOK, MARKET, spot=x), "spot", [None, 0.1, "10%", [], [-1.0], [10.0], [NAN], ["1"]],
    ),
    "scenario_grid volatility": (
        lambda x: lg.scenario_grid(BOOK, MARKET, volatility=x), "volatility", [None, 0.1, "1%", [], [5], [-5.0], [INF]],
    ),
    "scenario_grid rate": (
        lambda x: lg.scenario_grid(BOOK, MARKET, rate=x), "rate", [None, 0.1, [], [1.0], [-3], [NAN]],
    ),
    "market implied_volatility": (
        market("implied_volatility"), "implied_volatility", ["20%", "x", "", None, [], -1, 20],
    ),
    "market dividends": (
        market("dividends"), "dividends",
        [5, "x", {}, [5], [{}], [{"ex_date": "2025-06-02", "amount": 150.0}], [{"ex_date": "2025-06-02", "amount": -1}],
         [{"ex_date": "2025-06-02", "amount": "1"}]],
    ),
    "Heston steps": (
        lambda x: heston("mean_reversion")(x).substeps([1.0]), "mean_reversion", [1e4, 1e6, 1e8],
    ),
    "Autocallable coupon": (
        lambda x: lg.Autocallable(100.0, [0.5, 1.0], coupon=x), "coupon",
        [None, "5%", -0.1, NAN, [0.1], [0.1, "x"], {}, 5, [0.05, 5.0]],
    ),
    "pivot frame": (lg.pivot, "frame", [None, 5, [], {}, "a.csv", object(), FRAME.astype(str), BOOK]),
    "check_limits frame": (
        lambda x: lg.check_limits(x, {"delta": {"book": 1.0}}), "frame", [None, 5, [], {}, "a.csv", object(), BOOK],
    ),
    "register_product contract": (
        lambda x: lg.register_product("of_doors", x, ["strike"]), "contract",
        [None, 5, "call", [], {}, object(), np.zeros(3)],
    ),
    "LocalVolatility volatility": (
        lambda x: lg.LocalVolatility(spot=100.0, volatility=x), "volatility",
        [None, 0.2, "x", [], {}, object(), np.full(3, 0.2)],
    ),
    "desk_units frame": (lg.desk_units, "frame", [None, 5, [], {}, "a.csv", object(), pd.DataFrame(), BOOK]),
    "report ladder": (lambda x: lg.report(FRAME, "a.html", ladder=x), "ladder", [5, [], {}, "a.csv", BOOK]),
    "report explained": (lambda x: lg.report(FRAME, "a.html", explained=x), "explained", [5, [], {}, "a.csv", BOOK]),
    "report scenarios": (lambda x: lg.report(FRAME, "a.html", scenarios=x), "scenarios", [5, [], {}, "a.csv", BOOK]),
    "report settings": (lambda x: lg.report(FRAME, "a.html", settings=x), "settings", [5, [1], "a", ("a",)]),
    "report frame": (lambda x: lg.report(x, "a.html"), "frame", [None, 5, [], {}, "a.csv", BOOK]),
    "scenarios axes": (
        lambda x: lg.scenarios(MODEL, CALL, x), "axes",
        [None, 5, [], "spot", {}, {"spot": 5}, {"spot": "abc"}, {"spot": []}, {"spot": [NAN]}, {"spot": [1.0, 1.0]},
         {"smell": [1.0]}, {"spot": [None]}, {"spot": ["1"]}, {"spot": {}}],
    ),
    "target_error": (
        lambda x: lg.greeks(MODEL, CALL, target_error=x), "target_error",
        [5, "delta=1", [], {"smell": 1.0}, {"delta": "x"}, {"delta": None}, {"delta": "50%"}, {5: 1.0}],
    ),
    "market zero_curve times": (market("zero_curve", "times"), "times", [None, 5, "x", [], [1.0], [2.0, 1.0], {}]),
    "market zero_curve rates": (market("zero_curve", "rates"), "rates", [5, "x", [], [1.0], [INF, 0.1], ["a", "b"]]),
    "market strikes": (market("implied_volatility", "strikes"), "strikes", [5.0, "x", None, [], [90.0], [1, "a"], {}]),
    "market maturities": (market("implied_volatility", "maturities"), "maturities", [5.0, "x", None, [], [1.0], {}]),
    "market volatilities": (
        market("implied_volatility", "volatilities"), "volatilities", [5.0, "x", None, [], [0.2], [[0.2]], {}],
    ),
    "market model": (market("model"), "model", [5, "sabr", None, [], {}]),
    "calibrate surface": (
        lambda x: lg.Heston.calibrate(x, 0.01, spot=100.0), "surface",
        [None, 5, [], {}, "a.csv", pd.DataFrame(), pd.DataFrame({0.5: [0.2, NAN, INF]}, index=[90.0, 100.0, 110.0])],
    ),
}  # fmt: skip

DOORS = (
    [(name, call, argument, value) for name, (call, argument, own) in NUMBERS.items() for value in [*NO_NUMBERS, *own]]
    + [(n, call, argument, value) for n, (call, argument, own) in WHOLE.items() for value in [*NO_WHOLE, *own]]
    + [(n, call, argument, value) for n, (call, argument, own) in SEEDS.items() for value in [*NO_WHOLE[1:], *own]]
    + [(n, call, argument, value) for n, (call, argument, own) in WORDS.items() for value in [*NO_WORDS, *own]]
    + [(n, call, argument, value) for n, (call, argument, own) in FLAGS.items() for value in [*NO_FLAGS, *own]]
    + [(n, call, argument, value) for n, (call, argument, own) in TIMES.items() for value in [*NO_TIMES, *own]]
    + [(n, call, argument, value) for n, (call, argument, own) in GREEKS.items() for value in [*NO_GREEKS, *own]]
    + [(name, call, argument, value) for name, (call, argument, own) in OBJECTS.items() for value in own]
)

NO_CELLS = [
    None, "", NAN, "abc", [100.0], {}, 1j, object(), b"1", (1,), "=1+1", "\x1b[2J", "-", "1,2,3", "nan", "inf", "1e999",
    "0x10", "1_00",
]  # fmt: skip
CELLS = {
    "strike": [*NO_CELLS, -1, 0, "-5", True, date(2025, 1, 2), INF, 10**400, "100 EUR"],
    "quantity": [*NO_CELLS, 0, True, date(2025, 1, 2), INF, 10**400],
    "maturity": [
        *NO_CELLS,
        5,
        1.5,
        True,
        "2026-13-01",
        "2026-02-30",
        "tomorrow",
        "9999-99-99",
        "31/31/2026",
        "2026-W10",
        "2026-W10-3",
    ],
    "product": [*NO_CELLS, 5, 1.5, True, "calll", "swaption"],
    "underlying": [*NO_CELLS, 5, 1.5, True, "Y", "x"],
    "trade_id": [None, "", NAN, "net", "Total", "reported"],
}
"""What may stand in a cell of a book by mistake, by column."""
