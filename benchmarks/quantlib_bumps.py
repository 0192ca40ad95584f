"""Bump and reprice with QuantLib's Monte Carlo engines: the variance of a Greek, and what a path costs.

Where QuantLib has an engine for the contract, batches with seeds of their own are priced under the seven models of
`bumps` with the same seed, and the variance of a Greek is that of its values over batches. It has none in Python for
digitals and for anything but Europeans and averages under Heston. There, its own paths (quadratic exponential with
martingale correction under Heston) are paid by NumPy, and a path costs what it costs in the C++ engine of a European
call with as many steps: what a C++ engine of the contract would cost at least.
"""

import time
from dataclasses import dataclass

import numpy as np
import QuantLib as ql  # noqa: N813

import likelihood_greeks as lg

from .bumps import differences, shifted
from .quantlib_book import instrument, process

TODAY = ql.Date(15, 6, 2023)
BATCHES = 96
"""Batches behind a variance, which is then known to about a seventh."""


@dataclass(frozen=True)
class Bumps:
    """Mean and standard deviation of one sample by Greek, how many, CPU seconds of one in all seven runs, and how."""

    mean: np.ndarray
    deviation: np.ndarray
    samples: int
    seconds: float
    setting: str


def heston_process(model):
    """QuantLib's process of a Heston model."""
    days = ql.Actual365Fixed()
    curves = [ql.YieldTermStructureHandle(ql.FlatForward(TODAY, x, days)) for x in (model.rate, model.dividend_yield)]
    spot = ql.QuoteHandle(ql.SimpleQuote(model.spot))
    law = (model.initial_variance, model.mean_reversion, model.long_run_variance, model.vol_of_vol, model.correlation)
    return ql.HestonProcess(*curves, spot, *law, ql.HestonProcess.QuadraticExponentialMartingale)


def by_engine(case, antithetic: bool, control: bool, *, batch: int, batches: int, seed: int) -> Bumps:
    """The contract's own engine."""
    options = {"requiredSamples": batch, "antitheticVariate": antithetic}
    if isinstance(case.payoff, lg.Asian):
        options["controlVariate"] = control
    values, begun = [], time.process_time()
    for number in range(batches):
        option, engine, _ = instrument(case.payoff, TODAY, seed=seed + number, **options)
        prices = []
        for model in shifted(case.model):
            option.setPricingEngine(engine(process(model, TODAY)))
            prices.append(option.NPV())
        values.append(differences(np.array(prices), case.model.spot))
    seconds = (time.process_time() - begun) / (batches * batch)
    setting = ", ".join(["antithetic"] * antithetic + ["control variate"] * control) or "plain"
    deviation = np.std(values, axis=0, ddof=1) * batch**0.5
    return Bumps(np.mean(values, axis=0), deviation, batches * batch, seconds, f"engine, {setting}")


def generator(model, grid, seed: int):
    """A generator of paths at the grid."""
    factors = 2 if isinstance(model, lg.Heston) else 1
    uniforms = ql.UniformRandomSequenceGenerator(factors * len(grid), ql.UniformRandomGenerator(seed))
    numbers = ql.GaussianRandomSequenceGenerator(uniforms)
    if factors == 2:
        return ql.GaussianMultiPathGenerator(heston_process(model), [0.0, *grid], numbers)
    return ql.GaussianPathGenerator(process(model, TODAY), float(grid[-1]), len(grid), numbers, False)


def spots(sample, several: bool) -> np.ndarray:
    """Spots of one path after today's."""
    path = sample.value()
    return np.array(path[0] if several else path)[1:]


def paid(case, model, n: int, seed: int, antithetic: bool) -> np.ndarray:
    """Discounted payoffs of `n` samples, pairs if antithetic."""
    source, several = generator(model, case.grid, seed), isinstance(model, lg.Heston)
    paths = np.empty((1 + antithetic, n, len(case.grid)))
    for k in range(n):
        paths[0, k] = spots(source.next(), several)
        if antithetic:
            paths[1, k] = spots(source.antithetic(), several)
    return model.discount(case.grid[-1]) * np.mean([case.function(np, one.T) for one in paths], axis=0)


def cost(case, antithetic: bool) -> float:
    """CPU seconds of one sample of a European call with the same steps, in C++."""
    option = ql.VanillaOption(
        ql.PlainVanillaPayoff(ql.Option.Call, case.model.spot), ql.EuropeanExercise(TODAY + round(365 * case.grid[-1]))
    )
    heston = isinstance(case.model, lg.Heston)
    make = ql.MCEuropeanHestonEngine if heston else ql.MCEuropeanEngine
    source = heston_process(case.model) if heston else process(case.model, TODAY)
    samples, found = max(2000, 300_000 // len(case.grid)), []
    for seed in (1, 2, 3):
        options = {"timeSteps": len(case.grid), "antitheticVariate": antithetic, "requiredSamples": samples}
        option.setPricingEngine(make(source, "pseudorandom", seed=seed, **options))
        start = time.process_time()
        option.NPV()
        found.append((time.process_time() - start) / samples)
    return min(found)


def by_generator(case, antithetic: bool, n: int, seed: int) -> Bumps:
    """QuantLib's paths, paid by NumPy; the cost of a path in C++."""
    prices = np.stack([paid(case, model, n, seed, antithetic) for model in shifted(case.model)])
    samples = differences(prices, case.model.spot)
    setting = "antithetic" if antithetic else "plain"
    seconds = 7.0 * cost(case, antithetic)
    return Bumps(samples.mean(axis=1), samples.std(axis=1, ddof=1), n, seconds, f"paths, {setting}")


def quantlib_bumps(case, work: int, seed: int, batches: int = BATCHES) -> list[Bumps]:
    """All settings; `work` is path-steps of two batches of an engine.

    A case has a model, a payoff, a function from (array library, spots) to cash flows, a grid of times, and says
    whether QuantLib has an engine for it.
    """
    ql.Settings.instance().evaluationDate = TODAY
    batch = max(100, work // len(case.grid) // 2)
    if not case.has_engine:
        paths = min(20_000, max(1000, 16 * batch))
        return [by_generator(case, antithetic, paths, seed) for antithetic in (False, True)]
    controls = (False, True) if isinstance(case.payoff, lg.Asian) else (False,)
    size = {"batch": batch, "batches": batches, "seed": seed}
    return [by_engine(case, antithetic, control, **size) for antithetic in (False, True) for control in controls]
