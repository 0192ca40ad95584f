"""The DAX book: this package's time, and QuantLib's for as much of the book as it has engines for.

QuantLib uses analytic engines where it has them (Europeans, geometric Asians), else its Monte Carlo engine with as many
paths and central bumps of spot, volatility, rate and dividend yield (common random numbers: a fixed seed), nine runs
a trade. ``python -m benchmarks.quantlib_book`` prints both times and what QuantLib cannot do.
"""

import time
from pathlib import Path

import QuantLib as ql  # noqa: N813

import likelihood_greeks as lg
from likelihood_greeks.book.market import Market
from likelihood_greeks.book.reading import read_book
from likelihood_greeks.book.trades import parse
from likelihood_greeks.payoffs.european import European

DATA, PATHS, SEED = Path(__file__).parents[1] / "data", 100_000, 42
BUMPS = [
    {},
    *({name: sign * h} for name, h in (("s", 0.01), ("v", 0.01), ("r", 0.001), ("q", 0.001)) for sign in (1, -1)),
]
BARRIERS = {
    ("up", "out"): ql.Barrier.UpOut,
    ("up", "in"): ql.Barrier.UpIn,
    ("down", "out"): ql.Barrier.DownOut,
    ("down", "in"): ql.Barrier.DownIn,
}


def process(model, today, *, s=0.0, v=0.0, r=0.0, q=0.0):
    """The Black-Scholes process of a model, bumped."""
    days = ql.Actual365Fixed()
    rates = [
        ql.YieldTermStructureHandle(ql.FlatForward(today, x, days)) for x in (model.dividend_yield + q, model.rate + r)
    ]
    volatility = ql.BlackConstantVol(today, ql.NullCalendar(), model.volatility + v, days)
    spot = ql.QuoteHandle(ql.SimpleQuote(model.spot * (1.0 + s)))
    return ql.BlackScholesMertonProcess(spot, *rates, ql.BlackVolTermStructureHandle(volatility))


def vanilla(option):
    """The QuantLib payoff of a European option."""
    name = type(option).__name__
    kind = ql.Option.Call if name.endswith("Call") else ql.Option.Put
    if name.startswith("Digital"):
        return ql.CashOrNothingPayoff(kind, option.strike, option.cash)
    if name.startswith("Asset"):
        return ql.AssetOrNothingPayoff(kind, option.strike)
    if name.startswith("Gap"):
        return ql.GapPayoff(kind, option.trigger, option.strike)
    return ql.PlainVanillaPayoff(kind, option.strike)


def instrument(payoff, today, *, seed=SEED, **options):
    """(instrument, engine of a process, whether it has Greeks), or None where QuantLib has nothing.

    `options` go to the Monte Carlo engine.
    """
    options = {"requiredSamples": PATHS, "seed": seed, **options}
    exercise = ql.EuropeanExercise(today + round(payoff.times[-1] * 365))
    if isinstance(payoff, European):
        return ql.VanillaOption(vanilla(payoff), exercise), ql.AnalyticEuropeanEngine, True
    if isinstance(payoff, lg.Asian) and payoff.strike is not None:
        kind = ql.Option.Call if payoff.kind == "call" else ql.Option.Put
        dates, plain = [today + round(t * 365) for t in payoff.times], ql.PlainVanillaPayoff(kind, payoff.strike)
        if payoff.average == "geometric":
            option = ql.DiscreteAveragingAsianOption(ql.Average.Geometric, 1.0, 0, dates, plain, exercise)
            return option, ql.AnalyticDiscreteGeometricAveragePriceAsianEngine, True
        option = ql.DiscreteAveragingAsianOption(ql.Average.Arithmetic, 0.0, 0, dates, plain, exercise)
        options = {"controlVariate": True, **options}
        return option, lambda p: ql.MCDiscreteArithmeticAPEngine(p, "pseudorandom", **options), False
    if isinstance(payoff, lg.Barrier):
        kind = BARRIERS[payoff.direction, payoff.knock]
        option = ql.BarrierOption(kind, payoff.level, payoff.rebate, vanilla(payoff.option), exercise)
        options = {"timeSteps": len(payoff.times), "isBiased": True, **options}
        return option, lambda p: ql.MCBarrierEngine(p, "pseudorandom", **options), False
    return None


def evaluate(payoff, model, today):
    """Price and first-order Greeks of one trade; False if QuantLib cannot."""
    found = instrument(payoff, today)
    if found is None:
        return False
    option, engine, has_greeks = found
    try:
        for bump in BUMPS[: 1 if has_greeks else None]:
            option.setPricingEngine(engine(process(model, today, **bump)))
            option.NPV()
        if has_greeks:
            _ = option.delta(), option.gamma(), option.vega(), option.rho(), option.dividendRho(), option.theta()
    except RuntimeError:  # an engine that refuses this payoff
        return False
    return True


if __name__ == "__main__":
    start = time.perf_counter()
    lg.risk(DATA / "book.csv", DATA / "market.toml", paths=PATHS, seed=SEED, closed_form=False)
    own = time.perf_counter() - start
    trades, _ = parse(read_book(DATA / "book.csv"), Market.read(DATA / "market.toml"))
    today = ql.Date(5, 7, 2002)
    ql.Settings.instance().evaluationDate = today
    start = time.perf_counter()
    done = [trade.trade_id for trade in trades if evaluate(trade.payoff, trade.model, today)]
    theirs = time.perf_counter() - start
    missing = ", ".join(t.product for t in trades if t.trade_id not in done)
    print(
        f"this package: {len(trades)} trades, {own:.1f} s; QuantLib: {len(done)} trades, {theirs:.1f} s; not: {missing}"
    )
