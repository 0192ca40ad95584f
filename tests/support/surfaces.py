"""Local volatilities for tests: at module level, so that they can be sent to other processes."""

import numpy as np


def smooth_skew(time, spot):
    """A skew that flattens with time, 20 % at 100 today."""
    return 0.2 + 0.02 * time - 0.1 * np.tanh(np.log(spot / 100.0) / (0.3 + time))


def smooth_slope(time, spot):
    """The derivative of `smooth_skew` in the spot."""
    width = 0.3 + time
    return -0.1 / (width * spot * np.cosh(np.log(spot / 100.0) / width) ** 2)


def steep_smile(time, spot):
    """A smile with steep wings."""
    x = np.log(spot / 100.0)
    return np.sqrt(0.03 + 0.25 * np.sqrt(x * x + 0.01) - 0.12 * x)
