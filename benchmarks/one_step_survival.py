r"""What the specialised method for barriers would give: one-step survival, differentiated along the path.

Every step is drawn on the condition that it survives, :math:`z_i = \Phi^{-1}(u_i\,p_i)` with
:math:`p_i = \Phi(\pm(b - x_{i-1} - \nu\Delta)/(\sigma\sqrt\Delta))`, and the payoff is weighted by the product of the
:math:`p_i`: what is left is Lipschitz. The method is that of P. Glasserman and J. Staum, "Conditioning on one-step
survival for barrier option simulations", *Operations Research* 49 (2001).

``python -m benchmarks.one_step_survival`` prints the standard deviation of one path.
"""

import numpy as np
from scipy.special import ndtr, ndtri

SPOT, STRIKE, VOLATILITY, DATES = 100.0, 100.0, 0.2, 252


def density(z):
    """Of the standard normal."""
    return np.exp(-0.5 * z * z) / np.sqrt(2.0 * np.pi)


def knock_out_call(level, side, rate, paths=40_000, seed=1):
    """Samples of price, delta and vega; `side` is 1 for an up-and-out, -1 for a down-and-out call of one year."""
    generator, step = np.random.default_rng(seed), 1.0 / DATES
    root, drift, barrier = np.sqrt(step), (rate - 0.5 * VOLATILITY**2) * step, np.log(level)
    x, slope = np.full(paths, np.log(SPOT)), np.stack([np.full(paths, 1.0 / SPOT), np.zeros(paths)])
    log_weight, weight_slope = np.zeros(paths), np.zeros((2, paths))
    for _ in range(DATES):
        room = side * (barrier - x - drift) / (VOLATILITY * root)
        room_slope = -side * slope / (VOLATILITY * root)
        room_slope[1] += side * step / root - room / VOLATILITY
        survival, uniform = ndtr(room), generator.random(paths)
        z = ndtri(uniform * survival)
        z_slope = uniform * density(room) * room_slope / np.maximum(density(z), 1e-300)
        log_weight += np.log(survival)
        weight_slope += density(room) / survival * room_slope
        x = x + drift + side * VOLATILITY * root * z
        slope = slope + side * VOLATILITY * root * z_slope
        slope[1] += side * root * z - VOLATILITY * step
    spot, weight = np.exp(x), np.exp(log_weight - rate)
    payment = np.maximum(spot - STRIKE, 0.0)
    return np.stack([weight * payment, *(weight * (payment * weight_slope + (spot > STRIKE) * spot * slope))])


if __name__ == "__main__":
    for level, side, rate in ((120.0, 1.0, 0.03), (85.0, -1.0, 0.03), (90.0, -1.0, 0.05)):
        samples = knock_out_call(level, side, rate)
        spread = samples.std(axis=1)
        for name, mean, sd in zip(("price", "delta", "vega"), samples.mean(axis=1), spread, strict=True):
            error = sd / samples.shape[1] ** 0.5
            print(f"{level:g} {'up' if side > 0 else 'down'} {name:5s} {mean:.4g} ± {error:.2g}, sd {sd:.4g}")
