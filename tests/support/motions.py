"""Payoffs and paths that move, by which controls of GBM are tested."""

from dataclasses import replace
from functools import reduce

import numpy as np

import likelihood_greeks as lg
from likelihood_greeks.controls.handover import candidates
from likelihood_greeks.controls.moved_payoff import MovedPayoff
from likelihood_greeks.controls.protocol import Scene, SharedPaths, rows
from likelihood_greeks.controls.skeletons import Skeletons
from likelihood_greeks.controls.widths import ladder
from likelihood_greeks.estimate import Moments
from likelihood_greeks.estimators.likelihood_ratio import weigh
from likelihood_greeks.parameters import TIME, coordinates
from likelihood_greeks.payoffs.relaxed.tape import Tape
from likelihood_greeks.streams.chunks import Chunk
from likelihood_greeks.validation.quadrature import AsianDigital
from tests.support.gates import MODEL, UNEVEN, draw

NAMES = coordinates(MODEL)
FIRST = [(name,) for name in NAMES]
SECOND = [(a, b) for i, a in enumerate(NAMES) for b in NAMES[i:] if (a, b) != (TIME, TIME)]
WEIGHTS = [*FIRST, *SECOND, (TIME, TIME)]
SKELETONS = [*candidates(UNEVEN), (1, 2), (0,), (0, 2)]  # awkward ones: they end early, or leave the start alone
ALL_DATES = (0, 1, 2, 3)
LONG = tuple(np.cumsum(0.01 + 0.05 * np.abs(np.sin(np.arange(24)))).tolist())
CASES = [(UNEVEN, s) for s in SKELETONS] + [(LONG, s) for s in candidates(LONG)]
PAYOFFS = {
    "barrier": lg.Barrier(lg.Call(95.0, 1.1), 84.0, "down", "out", UNEVEN),
    "Asian digital": AsianDigital(94.0, UNEVEN),
    "lookback": lg.Lookback(UNEVEN, "call", 98.0),
}
UNITS = {  # changes that move the law of the path by about its own width
    "spot": MODEL.spot * MODEL.volatility * np.sqrt(UNEVEN[-1]),
    "volatility": MODEL.volatility,
    "rate": MODEL.volatility / np.sqrt(UNEVEN[-1]),
    "dividend_yield": MODEL.volatility / np.sqrt(UNEVEN[-1]),
    TIME: UNEVEN[0],
}
NATURAL = {1: 0.01, 2: 0.045}  # standard errors allowed, by order, in the payoff's deviations per unit of change


def shifted(name, h, times=UNEVEN):
    """The model and the dates when one coordinate moves by h."""
    dates = np.asarray(times)
    return (MODEL, dates - h) if name == TIME else (replace(MODEL, **{name: getattr(MODEL, name) + h}), dates)


def slope(function, name):
    """Derivative of a function of the shift of one coordinate."""
    h = 1e-5 * UNITS[name]
    return (function(h) - function(-h)) / (2.0 * h)


def relaxed(payoff, which=0):
    """The narrowest (0) or widest (-1) relaxation offered."""
    return ladder(payoff, draw(MODEL, n_paths=4096, seed=5).spot, np.random.default_rng(1), Tape(lambda *_: 0.0))[which]


def moving(paths, value, gradient, model=MODEL):
    return MovedPayoff(Skeletons(weigh(model, paths, WEIGHTS)), value, gradient)


def relaxed_and_moving(payoff, paths, which=0, model=MODEL):
    factor = np.atleast_1d(MODEL.discount(payoff.times[-1]))
    return moving(paths, *relaxed(payoff, which).evaluate(payoff, paths.spot, lambda _: factor), model)


def samples(controls, paths, payoff, combinations):
    """The controls of every combination on the paths of one chunk, as a pilot has them."""
    shared = paths if isinstance(paths, SharedPaths) else SharedPaths(MODEL, paths.drawn)
    return rows(controls, Scene(shared, payoff, trial=True), combinations)


def moments(controls, payoff, derivatives, n_paths, seed):
    """Moments of the controls of every derivative, shape (n_derivatives, n_controls)."""
    parts = []
    for index in range(n_paths // 40_000):
        paths = MODEL.simulate(UNEVEN, Chunk(seed, index, 40_000).stream())
        shared = SharedPaths(MODEL, weigh(MODEL, paths, WEIGHTS))
        parts.append(Moments.of(samples(controls, shared, payoff, [{d: 1.0} for d in derivatives])))
    return reduce(Moments.merge, parts)


def in_errors(samples):
    """Mean over its standard error."""
    return float(samples.mean() / (samples.std() / np.sqrt(samples.size)))


def deviation(payoff, derivative):
    """Scale of a derivative: the payoff's standard deviation per natural change of the coordinates."""
    return payoff(draw(MODEL, n_paths=4096, seed=6).spot).std() / np.prod([UNITS[name] for name in derivative])
