r"""Discounted payoffs of one Heston path as smooth functions of its inputs, with their derivatives.

Given a variance path the log-spot is a Gaussian walk whose moves have known means m and deviations s. Two exact steps
turn every payoff into a smooth function of them: the last move is integrated out (Black's formula), and a barrier is
survived by drawing each move given that it survives, at fixed uniforms, with the probabilities as a weight [1]_.
Averages need nothing more; the lowest spot has kinks, and only first derivatives besides those that its homogeneity
in the spot gives. So derivatives of means are means of derivatives.

A *jet* is an array of 11 numbers: a value, its derivatives in log-spot, the four parameters of the variance,
correlation, rate and dividend yield, and its second derivatives in (log-spot, log-spot) and (log-spot, initial
variance).

References
----------
.. [1] P. Glasserman and J. Staum, "Conditioning on one-step survival for barrier option simulations", *Operations
   Research* 49 (2001), 923-937.
"""

from math import erfc, exp, log, sqrt

import numba as nb

JET = 11
CONTRACTS = ("down-and-out call", "up-and-out digital", "Asian call", "lookback call")
STRIKE, LOWER, UPPER = 100.0, 85.0, 120.0
LADDER = (70.0, 85.0, 100.0, 120.0, 140.0)
CONTROLS = (
    "one", "forward", "call 100", "digital 85", "digital 100", "digital 120",
    *(f"{kind} {strike:g} given variance" for strike in LADDER for kind in ("call", "digital")),
)  # fmt: skip
HOPELESS = -8.0  # normal score of a probability to survive below which a path counts as dead: 6e-16


@nb.njit
def chain(value, slope, curvature, a, out):
    """F(a), given F and its derivatives at the value of a."""
    out[10] = slope * a[10] + curvature * a[1] * a[2]
    out[9] = slope * a[9] + curvature * a[1] * a[1]
    for i in range(1, 9):
        out[i] = slope * a[i]
    out[0] = value


@nb.njit
def times(a, b, out):
    """The product; `out` is neither factor."""
    out[0] = a[0] * b[0]
    for i in range(1, JET):
        out[i] = a[i] * b[0] + a[0] * b[i]
    out[9] += 2.0 * a[1] * b[1]
    out[10] += a[1] * b[2] + a[2] * b[1]


@nb.njit
def exponential(a, out):
    """exp(a)."""
    value = exp(a[0])
    chain(value, value, value, a, out)


@nb.njit
def normal(a, out):
    """The distribution function of the standard normal law."""
    density = exp(-0.5 * a[0] * a[0]) * 0.3989422804014327
    chain(0.5 * erfc(-0.7071067811865476 * a[0]), density, -a[0] * density, a, out)


@nb.njit
def score(p):
    """The quantile of the standard normal law at `p`: a cubic start and Newton--Halley steps on Phi(x) = p."""
    q = min(p, 1.0 - p)
    if q <= 0.0:
        return -38.0 if p < 0.5 else 8.3
    t = sqrt(-2.0 * log(q))  # Abramowitz and Stegun 26.2.23, error 4.5e-4
    x = t - (2.515517 + t * (0.802853 + t * 0.010328)) / (1.0 + t * (1.432788 + t * (0.189269 + t * 0.001308)))
    for _ in range(2):
        gap = (0.5 * erfc(0.7071067811865476 * x) - q) / (0.3989422804014327 * exp(-0.5 * x * x))
        x += gap / (1.0 - 0.5 * x * gap)
    return x if p > 0.5 else -x


@nb.njit
def standardised(level, mean, inverse, out, work):
    """(mean - level) / s, given the jet of 1/s."""
    for i in range(JET):
        work[i] = mean[i] - level[i]
    times(work, inverse, out)


@nb.njit
def last_move(x, mean, deviation, w):
    """Prepare w[0] = E[log S] given the path so far, w[1] = s, w[2] = 1/s and w[3] = E[S]."""
    w[:4] = 0.0
    for i in range(9):
        w[0, i] = x[i] + mean[i]
        w[1, i] = deviation[i]
    w[0, 9], w[0, 10] = x[9], x[10]
    s = deviation[0]
    chain(1.0 / s, -1.0 / (s * s), 0.0, w[1], w[2])  # s does not depend on the spot
    chain(0.5 * s * s, s, 0.0, w[1], w[4])
    for i in range(JET):
        w[4, i] += w[0, i]
    exponential(w[4], w[3])


@nb.njit
def digital(level, w, out):
    """P(log S > level) over the move prepared in `w`."""
    standardised(level, w[0], w[2], w[4], w[5])
    normal(w[4], out)


@nb.njit
def call(level, strike, w, out):
    """E[max(S - strike, 0)], where level = log(strike) and both are jets."""
    digital(level, w, out)
    times(strike, out, w[6])
    for i in range(JET):
        w[4, i] += w[1, i]
    normal(w[4], w[5])
    times(w[3], w[5], out)
    for i in range(JET):
        out[i] -= w[6, i]


@nb.njit
def constant(value, out):
    """A jet without derivatives."""
    out[:] = 0.0
    out[0] = value


@nb.njit
def survived(x, weight, mean, deviation, barrier, side, uniform, w):
    """Move `x` given that it stays below (side 1) or above (-1) `barrier`, and multiply `weight`; whether alive."""
    w[0] = 0.0
    s = deviation[0]
    b = side * (barrier - x[0] - mean[0]) / s
    if b < HOPELESS:
        return False
    for i in range(1, 9):
        w[0, i] = -(side * (x[i] + mean[i]) + b * deviation[i]) / s
    w[0, 0], w[0, 9] = b, -side * x[9] / s
    w[0, 10] = -(side * x[10] + w[0, 1] * deviation[2]) / s
    normal(w[0], w[1])
    times(weight, w[1], w[2])
    weight[:] = w[2]
    z = score(uniform * w[1, 0])
    slope = uniform * exp(0.5 * (z * z - b * b))  # of z in b
    chain(z, slope, slope * (z * slope - b), w[0], w[1])
    constant(0.0, w[2])
    w[2, :9] = deviation
    times(w[1], w[2], w[3])
    for i in range(JET):
        x[i] += side * w[3, i]
    for i in range(9):
        x[i] += mean[i]
    return True


@nb.njit
def knock_out(spot, mean, deviation, normals, side, barrier, w, x, weight, last):
    """Walk to the last date but one; leaves the weight, and `last` prepared for the last move; whether alive."""
    start(spot, x)
    constant(1.0, weight)
    n = mean.shape[0]
    for j in range(n - 1):
        uniform = 0.5 * erfc(-0.7071067811865476 * side * normals[j])
        if not survived(x, weight, mean[j], deviation[j], barrier, side, uniform, w):
            return False
    last_move(x, mean[n - 1], deviation[n - 1], last)
    return True


@nb.njit
def start(spot, x):
    """Today's log-spot."""
    constant(log(spot), x)
    x[1] = 1.0


@nb.njit
def plain(spot, mean, deviation, normals, x, total, lowest, w):
    """Walk to the last date but one: leaves the log-spot, the sum of the spots and the lowest log-spot."""
    start(spot, x)
    constant(0.0, total)
    constant(1e300, lowest)
    for j in range(mean.shape[0] - 1):
        for i in range(9):
            x[i] += mean[j, i] + normals[j] * deviation[j, i]
        exponential(x, w)
        for i in range(JET):
            total[i] += w[i]
        if x[0] < lowest[0]:
            lowest[:] = x


@nb.njit
def barriers(spot, mean, deviation, normals, w, out):
    """Rows 0 and 1 of `out`: the down-and-out call and the up-and-out digital call."""
    x, weight, last, level, strike = w[0], w[1], w[2:9], w[9], w[10]
    out[:2] = 0.0
    constant(log(STRIKE), level)
    constant(STRIKE, strike)
    if knock_out(spot, mean, deviation, normals, -1.0, log(LOWER), w[11:15], x, weight, last):
        call(level, strike, last, w[15])
        times(weight, w[15], out[0])
    if knock_out(spot, mean, deviation, normals, 1.0, log(UPPER), w[11:15], x, weight, last):
        digital(level, last, w[15])
        constant(log(UPPER), level)
        digital(level, last, w[16])
        for i in range(JET):
            w[15, i] -= w[16, i]
        times(weight, w[15], out[1])


@nb.njit
def averages(dates, last, total, lowest, w, out):
    """Rows 2 and 3: the Asian call and the lookback call, S less the lowest spot."""
    level, strike, rest = w[0], w[1], dates * STRIKE - total[0]
    for i in range(JET):
        strike[i] = -total[i]
    strike[0] = rest
    if rest > 0.0:
        chain(log(rest), 1.0 / rest, -1.0 / (rest * rest), strike, level)
        call(level, strike, last, out[2])
    else:
        for i in range(JET):
            out[2, i] = last[3, i] - strike[i]
    for i in range(JET):
        out[2, i] /= dates
    exponential(lowest, strike)
    call(lowest, strike, last, out[3])


@nb.njit
def vanilla(struck, last, w, calls, digitals):
    """The call and the digital call at the strike `struck`."""
    constant(log(struck), w[0])
    constant(struck, w[1])
    call(w[0], w[1], last, calls)
    digital(w[0], last, digitals)


@nb.njit
def whole(spot, mean, deviation, x, sums, last):
    """Prepare `last` for one move over all dates."""
    start(spot, x)
    sums[:] = 0.0
    variance = 0.0
    for j in range(mean.shape[0]):
        variance += deviation[j, 0] * deviation[j, 0]
        for i in range(9):
            sums[0, i] += mean[j, i]
            sums[1, i] += deviation[j, 0] * deviation[j, i]
    root = sqrt(variance)
    for i in range(9):
        sums[1, i] /= root
    last_move(x, sums[0], sums[1], last)


@nb.njit
def payoffs(spot, discount, mean, deviation, normals, w, out):
    """Fill `out`, shape (20, 11): jets of `CONTRACTS` and `CONTROLS`, discounted (except the payment of one).

    `discount` holds the discount factor and the maturity; `w`, shape (40, 11), is room for intermediate jets.
    """
    n = mean.shape[0]
    barriers(spot, mean, deviation, normals, w, out)
    x, total, lowest, last = w[0], w[1], w[2], w[3:10]
    plain(spot, mean, deviation, normals, x, total, lowest, w[10])
    last_move(x, mean[n - 1], deviation[n - 1], last)
    averages(n, last, total, lowest, w[10:], out)
    constant(1.0, out[4])
    out[5] = last[3]
    vanilla(LOWER, last, w[10:], w[20], out[7])
    vanilla(STRIKE, last, w[10:], out[6], out[8])
    vanilla(UPPER, last, w[10:], w[20], out[9])
    whole(spot, mean, deviation, x, w[20:22], last)
    for k, struck in enumerate(LADDER):
        vanilla(struck, last, w[10:], out[10 + 2 * k], out[11 + 2 * k])
    for k in range(out.shape[0]):
        if k != 4:
            for i in range(JET):
                out[k, i] *= discount[0]
            out[k, 7] -= discount[1] * out[k, 0]
