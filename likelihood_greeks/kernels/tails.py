"""Exponentials and tails of normals compiled: nothing but arithmetic in loops without branches, so that they run on
vectors.
"""  # fmt: skip

import math

import numpy as np

from .jit import njit

ROOT = math.sqrt(2.0 * math.pi)
FAR = 8.5  # deviations beyond which nothing is left of a normal
NEAR = 7.07106781186547
LOG_2_HIGH, LOG_2_LOW, PER_LOG_2 = 6.93147180369123816490e-01, 1.90821492927058770002e-10, 1.4426950408889634
WHOLE = 6755399441055744.0  # 1.5 · 2^52: a number added to it is rounded to a whole one, which its last bits are


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"}, inline="always")
def exponential(x):
    """The exponential of a number between -700 and 700, to about one unit in the last place.

    FreeBSD's ``e_exp.c`` (Sun Microsystems, 1993).
    """
    shifted = x * PER_LOG_2 + WHOLE
    whole = shifted - WHOLE
    r = (x - whole * LOG_2_HIGH) - whole * LOG_2_LOW
    z = r * r
    tail = 6.61375632143793436117e-05 + z * (-1.65339022054652515390e-06 + z * 4.13813679705723846039e-08)
    c = r - z * (1.66666666666666019037e-01 + z * (-2.77777777770155933842e-03 + z * tail))
    power = np.int64((np.float64(shifted).view(np.int64) + 1023) << 52).view(np.float64)
    return (1.0 + (r + r * c / (2.0 - c))) * power


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def exponentials(x, found):
    """Exponentials of any numbers."""
    largest = 0.0
    for j in range(x.size):
        largest = max(largest, abs(x[j]))
    if largest < 700.0:
        for j in range(x.size):
            found[j] = exponential(x[j])
    else:
        for j in range(x.size):
            found[j] = math.exp(x[j])


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def tails(v, bell, found):
    """exp(-v²/2), zero from `FAR` on, and the chance that a normal is beyond v.

    Hart's rational approximation no. 5666, and further out a continued fraction, as in G. West, "Better approximations
    to cumulative normal functions", *Wilmott* (2005).
    """
    for j in range(v.size):
        x = min(abs(v[j]), FAR)
        height = exponential(-0.5 * x * x)
        top = 3.52624965998911e-02 * x + 0.700383064443688
        top = ((top * x + 6.37396220353165) * x + 33.912866078383) * x + 112.079291497871
        top = (top * x + 221.213596169931) * x + 220.206867912376
        bottom = (8.83883476483184e-02 * x + 1.75566716318264) * x + 16.064177579207
        bottom = ((bottom * x + 86.7807322029461) * x + 296.564248779674) * x + 637.333633378831
        bottom = (bottom * x + 793.826512519948) * x + 440.413735824752
        d4 = x + 0.65  # of 1/(x + 1/(x + 2/(x + 3/(x + 4/(x + 0.65))))) what is below and above, from inside
        d3 = x * d4 + 4.0
        d2 = x * d3 + 3.0 * d4
        d1 = x * d2 + 2.0 * d3
        top = top if x < NEAR else d1
        bottom = bottom if x < NEAR else ROOT * (x * d1 + d2)
        beyond = height * top / bottom
        beyond = beyond if x < FAR else 0.0
        bell[j] = height if x < FAR else 0.0
        found[j] = beyond if v[j] > 0.0 else 1.0 - beyond
