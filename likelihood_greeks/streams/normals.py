r"""Standard normals by counter: a function of a key, a row and a column, with no state to carry along.

Philox 4x32-10 turns the counter (column, row, ...) into 128 random bits [1]_, two words of 64, and Box and Muller's
transformation [2]_ turns these into two normals,

.. math:: \sqrt{-2 \log u}\,(\cos\alpha, \sin\alpha),

the first for that column, the second for the column half a row further. The upper 52 bits of a word are taken as the
middle of one of :math:`2^{52}` cells, so that :math:`u` is never 0 or 1 (the largest normal is 8.57); the angle is
uniform within a quarter about zero, and three of the bits left over say which quarter.

References
----------
.. [1] J. K. Salmon, M. A. Moraes, R. O. Dror and D. E. Shaw, "Parallel random numbers: as easy as 1, 2, 3",
   *SC11*, 2011, section 3.
.. [2] G. E. P. Box and M. E. Muller, "A note on the generation of random normal deviates", *Annals of Mathematical
   Statistics* 29 (1958), 610-611.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._compiled import kernels
from .._typing import FloatArray

ROUNDS = 10
MULTIPLIERS = 0xD2511F53, 0xCD9E8D57
WEYL = 0x9E3779B9, 0xBB67AE85
LOW, WORD = np.uint64(0xFFFFFFFF), np.uint64(32)


def philox(counter: NDArray[np.uint32], key: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Random words from counters, both of shape (4, n), by Philox 4x32-10; `key` has two words."""
    x0, x1, x2, x3 = (np.asarray(x, dtype=np.uint64) for x in counter)
    for number in range(ROUNDS):
        k0, k1 = (np.uint64((int(k) + number * step) & 0xFFFFFFFF) for k, step in zip(key, WEYL, strict=True))
        first, second = x0 * np.uint64(MULTIPLIERS[0]), x2 * np.uint64(MULTIPLIERS[1])
        x0, x1, x2, x3 = (second >> WORD) ^ x1 ^ k0, second & LOW, (first >> WORD) ^ x3 ^ k1, first & LOW
    return np.stack([x0, x1, x2, x3]).astype(np.uint32)


def box_muller(radial: NDArray[np.uint64], angular: NDArray[np.uint64]) -> tuple[FloatArray, FloatArray]:
    """Two independent normals from two random words."""
    u, v = (((word >> np.uint64(12)).astype(float) + 0.5) * 2.0**-52 for word in (radial, angular))
    radius, angle = np.sqrt(-2.0 * np.log(u)), 0.5 * np.pi * (v - 0.5)
    swapped, back, down = ((angular & np.uint64(bit)) != 0 for bit in (1, 2, 4))
    cosine, sine = radius * np.cos(angle), radius * np.sin(angle)
    x, y = np.where(swapped, sine, cosine), np.where(swapped, cosine, sine)
    return np.where(back, -x, x), np.where(down, -y, y)


def normals(words: NDArray[Any], first: int, rows: int, n_columns: int) -> FloatArray:
    """Rows of independent standard normals, shape (rows, n_columns).

    Parameters
    ----------
    words : ndarray of uint32, shape (4,)
        Which stream: the key, and the upper half of the counter.
    first : int
        Number of the first row.
    rows, n_columns : int
    """
    half = (n_columns + 1) // 2
    found = np.empty((rows, 2 * half))
    if compiled := kernels("normals"):
        compiled.fill(words, first, found)
    else:
        _fill(words, first, found)
    return found if n_columns == 2 * half else found[:, :-1].copy()


def _fill(words: NDArray[Any], first: int, found: FloatArray) -> None:
    half = found.shape[1] // 2
    for k in range(len(found)):
        counter = np.empty((4, half), dtype=np.uint32)
        counter[0], counter[1], counter[2], counter[3] = np.arange(half), first + k, words[2], words[3]
        low0, high0, low1, high1 = philox(counter, words[:2]).astype(np.uint64)
        found[k, :half], found[k, half:] = box_muller(low0 | high0 << WORD, low1 | high1 << WORD)
