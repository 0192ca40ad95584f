"""Exponentials and tails of normals compiled: nothing but arithmetic in loops without branches, so that they run on
vectors.
"""  # fmt: skip

import math

import numpy as np

from .jit import njit

ROOT, ROOT_2 = math.sqrt(2.0 * math.pi), math.sqrt(2.0)
FAR = 37.4  # deviations beyond which the density of a normal is no number any more
TURN = 3.75 * ROOT_2
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
    """exp(-v²/2), zero from `FAR` on, and the chance that a normal is beyond v, less one where v is negative.

    To a few units in the last place of each, however small: with y = x/√2, (1 + 2 y) exp(y²) erfc(y) as a polynomial in
    (y - 3.75)/(y + 3.75), as in M. M. Shepherd and J. G. Laframboise, "Chebyshev approximation of (1 + 2x) exp(x²)
    erfc x in 0 ≤ x < ∞", *Mathematics of Computation* 36 (1981), 249-253, in powers instead of Chebyshev's terms.
    """
    for j in range(v.size):
        x = min(abs(v[j]), FAR)
        height = exponential(-0.5 * x * x)
        t = (x - TURN) / (x + TURN)
        s = 4.2569570978428066e-10 * t + 3.1018117101217666e-10
        s = (s * t - 5.178284000144186e-09) * t - 3.739335170929148e-09
        s = (s * t + 3.868914953191761e-08) * t + 2.3252992102159215e-08
        s = (s * t - 2.586929788928362e-07) * t - 5.720563480417831e-08
        s = (s * t + 1.751664274369009e-06) * t - 9.735690493904425e-07
        s = (s * t - 1.1444164886452056e-05) * t + 2.2384243290970833e-05
        s = (s * t + 5.1649107418729266e-05) * t - 0.00029015408168200354
        s = (s * t + 0.00029371366307389795) * t + 0.0017556258530740754
        s = (s * t - 0.009746579557566144) * t + 0.028362277418943555
        s = (s * t - 0.058693398589686245) * t + 0.09230432116037751
        s = (s * t - 0.10880393014174616) * t + 0.08227673849014525
        s = (s * t + 0.003585415485464373) * t - 0.14024059858554697
        s = s * t + 1.2375126308378275
        beyond = 0.5 * height * s / (1.0 + ROOT_2 * x)
        beyond = beyond if x < FAR else 0.0
        bell[j] = height if x < FAR else 0.0
        found[j] = beyond if v[j] >= 0.0 else -beyond
