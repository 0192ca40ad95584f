"""Steps that depend on their state compiled, a row at a time: see `models.travel` and `controls.state_steps`."""

import numpy as np

from .jit import njit


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def carried(mean, spread, noise, variance):
    """The factors by which a motion before a step is carried on: 1 + m_x + V_x n / 2V."""
    found = np.empty_like(noise)
    for i in range(noise.shape[0]):
        for j in range(noise.shape[1]):
            found[i, j] = 1.0 + mean[i, j] + 0.5 * spread[i, j] * (noise[i, j] / variance[i, j])
    return found


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def pushed(mean, spread, noise, variance):
    """What a coordinate adds to every move: m_a + V_a n / 2V."""
    found = np.empty_like(noise)
    for i in range(noise.shape[0]):
        for j in range(noise.shape[1]):
            found[i, j] = mean[i, j] + 0.5 * spread[i, j] * (noise[i, j] / variance[i, j])
    return found


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def _back(before, after, factors, scores, value, share):
    for j in range(before.size):
        before[j] += (factors[j] - share) * after[j] + share * value[j] * scores[j]


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def backwards(found, factors, scores, value, shares):
    """Gradients become sensitivities to a push of every step, where nothing is stretched."""
    for i in range(len(found) - 2, -1, -1):
        _back(found[i], found[i + 1], factors[i + 1], scores[i + 1], value, shares[i + 1])


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def contracted(coefficients, rows):
    """Sum over the steps of products, shape (n_paths,)."""
    found = np.zeros(rows.shape[1])
    for i in range(rows.shape[0]):
        for j in range(rows.shape[1]):
            found[j] += coefficients[i, j] * rows[i, j]
    return found
