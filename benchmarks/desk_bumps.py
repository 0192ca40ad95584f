"""Bump scripts as a desk writes them, in NumPy and (if it is installed) JAX, one source for both.

A batch of paths is drawn once and played to the seven models of `bumps`. Heston's variance follows Andersen's quadratic
exponential scheme with his martingale correction left out (central differences do not need it). An average with a
strike is smooth, so its delta, vega and rho are pathwise derivatives, and its gamma a bump of the pathwise delta.

References
----------
.. [1] L. Andersen, "Simple and efficient simulation of the Heston stochastic volatility model", *Journal of
   Computational Finance* 11(3), 2008, sections 3.2.3 and 4.2, with gamma_1 = gamma_2 = 1/2.
"""

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.special import ndtr

import likelihood_greeks as lg

from .bumps import BUMP, differences, shifted

QE_SWITCH = 1.5  # Andersen's psi_c


def parameters(model) -> tuple[float, ...]:
    """Numbers of a model: spot, rate and dividend yield last."""
    if isinstance(model, lg.Heston):
        variance = (model.initial_variance, model.mean_reversion, model.long_run_variance, model.vol_of_vol)
        return (*variance, model.correlation, model.spot, model.rate, model.dividend_yield)
    return (model.volatility, model.spot, model.rate, model.dividend_yield)


def normals_needed(model) -> int:
    """Normals a step."""
    return 2 if isinstance(model, lg.Heston) else 1


def gbm_spots(xp: Any, p: Any, z: Any, grid: np.ndarray, cdf: Callable) -> Any:
    """Spots at the grid, shape (steps, n); `cdf` is not needed."""
    volatility, spot, rate, dividend_yield = p
    dt = np.diff(grid, prepend=0.0)[:, None]
    moves = (rate - dividend_yield - 0.5 * volatility**2) * dt + volatility * np.sqrt(dt) * z
    return spot * xp.exp(xp.cumsum(moves, axis=0))


def next_variance(xp: Any, v: Any, law: tuple, z: Any, cdf: Callable) -> Any:
    """One step of the quadratic exponential scheme."""
    kappa, theta, xi, dt = law
    decay = xp.exp(-kappa * dt)
    mean = theta + (v - theta) * decay
    variance = v * xi**2 * decay * (1.0 - decay) / kappa + theta * xi**2 * (1.0 - decay) ** 2 / (2.0 * kappa)
    psi = variance / mean**2
    inverse = 2.0 / xp.minimum(psi, QE_SWITCH)
    square = inverse - 1.0 + xp.sqrt(inverse * (inverse - 1.0))
    quadratic = mean / (1.0 + square) * (xp.sqrt(square) + z) ** 2
    high = xp.maximum(psi, 1.0)  # the exponential branch needs psi > 1
    zero = (high - 1.0) / (high + 1.0)
    uniform = cdf(-z)
    tail = xp.log((1.0 - zero) / xp.maximum(uniform, 1e-30)) * mean / (1.0 - zero)
    return xp.where(psi <= QE_SWITCH, quadratic, xp.maximum(tail, 0.0))


def heston_spots(xp: Any, p: Any, z: Any, grid: np.ndarray, cdf: Callable) -> Any:
    """Spots at the grid, shape (steps, n)."""
    v, kappa, theta, xi, rho, spot, rate, dividend_yield = p
    x, spots = xp.log(spot), []
    for step, dt in enumerate(np.diff(grid, prepend=0.0).tolist()):
        new = next_variance(xp, v, (kappa, theta, xi, dt), z[2 * step], cdf)
        clock = 0.5 * dt * (v + new)
        driven = rho / xi * (new - v - kappa * theta * dt + kappa * clock)
        x = x + (rate - dividend_yield) * dt - 0.5 * clock + driven + xp.sqrt((1.0 - rho**2) * clock) * z[2 * step + 1]
        spots.append(xp.exp(x))
        v = new
    return xp.stack(spots)


def discounted(xp: Any, p: Any, z: Any, case: Any, cdf: Callable) -> Any:
    """Discounted payoffs, shape (n,)."""
    spots = (heston_spots if isinstance(case.model, lg.Heston) else gbm_spots)(xp, p, z, case.grid, cdf)
    return xp.exp(-p[-2] * case.grid[-1]) * case.function(xp, spots)


def pathwise_asian(p: tuple, z: np.ndarray, case: Any) -> tuple[np.ndarray, ...]:
    """Pathwise delta, vega and rho of an average call under GBM, shape (n,) each."""
    volatility, spot, rate, _ = p
    times = case.grid[:, None]
    spots = gbm_spots(np, p, z, case.grid, ndtr)
    driver = np.cumsum(np.sqrt(np.diff(case.grid, prepend=0.0))[:, None] * z, axis=0)
    excess = spots.mean(axis=0) - case.payoff.strike
    paid = np.exp(-rate * case.grid[-1]) * (excess > 0.0)
    vega, rho = (paid * (spots * motion).mean(axis=0) for motion in (driver - volatility * times, times))
    return paid * spots.mean(axis=0) / spot, vega, rho - case.grid[-1] * paid * excess


def numpy_samples(case: Any, n: int, generator: np.random.Generator) -> np.ndarray:
    """Four Greeks of every path, shape (4, n)."""
    z = generator.standard_normal((normals_needed(case.model) * len(case.grid), n))
    models = [parameters(one) for one in shifted(case.model)]
    if case.smooth:
        (delta, vega, rho), (up, *_), (down, *_) = (pathwise_asian(p, z, case) for p in models[:3])
        return np.stack([delta, (up - down) / (2.0 * BUMP * case.model.spot), vega, rho])
    return differences(np.stack([discounted(np, p, z, case, ndtr) for p in models]), case.model.spot)


def moments(draw: Callable[[int], np.ndarray], batches: int, batch: int) -> tuple[np.ndarray, np.ndarray, int, float]:
    """Mean and standard deviation of one path by Greek, how many paths, and CPU seconds of one."""
    first = second = np.zeros(4)
    start = time.process_time()
    for number in range(batches):
        samples = draw(number).astype(float)
        first, second = first + samples.mean(axis=1) / batches, second + (samples**2).mean(axis=1) / batches
    paths, seconds = batches * batch, time.process_time() - start
    return first, np.sqrt(second - first**2), paths, seconds / paths


def numpy_bumps(case: Any, paths: int, seed: int) -> tuple[np.ndarray, np.ndarray, int, float]:
    """`moments`, in batches that stay in the cache."""
    batch = max(1024, 400_000 // (len(case.grid) * 4))
    generator = np.random.Generator(np.random.SFC64(seed))
    return moments(lambda _: numpy_samples(case, batch, generator), max(2, paths // batch), batch)


def jax_sampler(case: Any, batch: int) -> Callable:
    """A compiled function from a key to samples, shape (4, batch)."""
    import jax  # an optional comparison
    import jax.numpy as jnp

    models = jnp.array([parameters(one) for one in shifted(case.model)])
    rows = normals_needed(case.model) * len(case.grid)

    def prices(p, z):
        return discounted(jnp, tuple(p), z, case, jax.scipy.special.ndtr)

    def bumped(key):
        z = jax.random.normal(key, (rows, batch))
        values = jax.vmap(lambda p: prices(p, z))(models)
        return differences(values, case.model.spot, jnp)

    def pathwise(key):
        z = jax.random.normal(key, (rows, batch))
        middle, up, down = (jax.jacfwd(prices)(p, z) for p in models[:3])
        gamma = (up[:, 1] - down[:, 1]) / (2.0 * BUMP * case.model.spot)
        return jnp.stack([middle[:, 1], gamma, middle[:, 0], middle[:, 2]])

    return jax.jit(pathwise if case.smooth else bumped)


def jax_bumps(case: Any, paths: int, seed: int) -> tuple[np.ndarray, np.ndarray, int, float, float]:
    """As `numpy_bumps`, and the seconds to compile, which are not in the others."""
    import jax  # an optional comparison

    batch = max(1024, 400_000 // (len(case.grid) * 4))
    sampler, keys = jax_sampler(case, batch), jax.random.split(jax.random.key(seed), max(2, paths // batch))
    start = time.perf_counter()
    sampler(keys[0]).block_until_ready()
    compiling = time.perf_counter() - start
    return (*moments(lambda number: np.asarray(sampler(keys[number])), len(keys), batch), compiling)
