"""`normals.normals` compiled: nothing but arithmetic in loops without branches, so that they run on vectors.

The logarithm is FreeBSD's ``e_log.c``, sine and cosine are its ``k_sin.c`` and ``k_cos.c`` (Sun Microsystems, 1993):
minimax polynomials, to less than one unit in the last place.
"""

import numpy as np
from numba import uint32, uint64

from .jit import njit

ROUNDS = 10
BLOCK = 512  # counters at a time: two words each stay in the first-level cache
SHIFT, WORD = np.uint64(12), np.uint64(32)
ONE, SIGN = np.uint64(0x3FF0000000000000), np.uint64(0x8000000000000000)  # as bits of floating-point numbers
ROOT_HALF, EXPONENT = np.uint64(0x3FE6A09E667F3BCD), np.uint64(0xFFF0000000000000)
LOG_2, QUARTER = 0.6931471805599453, 0.5 * np.pi
HALF_CELL = 2.0**-53


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def _as_float(bits):
    return np.uint64(bits).view(np.float64)


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def _as_bits(x):
    return np.float64(x).view(np.uint64)


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def philox(first, row, words, low, high):
    """Both words of consecutive counters."""
    for c in range(low.size):
        x0, x1, x2, x3 = uint32(first + c), uint32(row), words[2], words[3]
        k0, k1 = words[0], words[1]
        for _ in range(ROUNDS):
            p, q = uint64(x0) * uint64(0xD2511F53), uint64(x2) * uint64(0xCD9E8D57)
            x0, x2 = uint32(q >> WORD) ^ x1 ^ k0, uint32(p >> WORD) ^ x3 ^ k1
            x1, x3 = uint32(q), uint32(p)
            k0, k1 = uint32(k0 + uint32(0x9E3779B9)), uint32(k1 + uint32(0xBB67AE85))
        low[c] = uint64(x0) | uint64(x1) << WORD
        high[c] = uint64(x2) | uint64(x3) << WORD


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def _log(u):
    """Logarithm of a number in (0, 1): exponent and mantissa between the roots of 1/2 and 2, which is near 1."""
    bits = _as_bits(u)
    above = bits - ROOT_HALF
    mantissa = _as_float(bits - (above & EXPONENT))
    s = (mantissa - 1.0) / (mantissa + 1.0)
    z = s * s
    tail = 0.15313837699209373 + z * 0.14798198605116586
    tail = 0.22222198432149784 + z * (0.1818357216161805 + z * tail)
    tail = 0.6666666666666735 + z * (0.3999999999940942 + z * (0.2857142874366239 + z * tail))
    return (np.int64(above) >> 52) * LOG_2 + (2.0 * s + s * z * tail)


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def _sine(x):
    z = x * x
    tail = 2.7557313707070068e-06 + z * (-2.5050760253406863e-08 + z * 1.58969099521155e-10)
    tail = 0.00833333333332249 + z * (-0.0001984126982985795 + z * tail)
    return x + x * z * (-0.16666666666666632 + z * tail)


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def _cosine(x):
    z = x * x
    tail = -2.7557314351390663e-07 + z * (2.087572321298175e-09 - z * 1.1359647557788195e-11)
    tail = 0.0416666666666666 + z * (-0.001388888888887411 + z * (2.480158728947673e-05 + z * tail))
    return 1.0 - (0.5 * z - z * z * tail)


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def box_muller(low, high, first, second):
    """Two normals from each pair of words."""
    for c in range(low.size):
        turn = high[c]
        u = _as_float(low[c] >> SHIFT | ONE) - 1.0 + HALF_CELL
        x = (_as_float(turn >> SHIFT | ONE) - 1.5 + HALF_CELL) * QUARTER
        radius, sine, cosine = np.sqrt(-2.0 * _log(u)), _sine(x), _cosine(x)
        swapped = turn & uint64(1)
        one, other = (sine if swapped else cosine), (cosine if swapped else sine)
        first[c] = _as_float(_as_bits(radius * one) ^ (turn << uint64(62) & SIGN))
        second[c] = _as_float(_as_bits(radius * other) ^ (turn << uint64(61) & SIGN))


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def fill(words, first, found):
    """Fill rows of an even number of columns."""
    rows, half = found.shape[0], found.shape[1] // 2
    low, high = np.empty(BLOCK, np.uint64), np.empty(BLOCK, np.uint64)
    for k in range(rows):
        for start in range(0, half, BLOCK):
            n = min(BLOCK, half - start)
            philox(start, first + k, words, low[:n], high[:n])
            box_muller(low[:n], high[:n], found[k, start : start + n], found[k, half + start : half + start + n])
