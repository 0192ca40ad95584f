r"""Scrambled Sobol points, any coordinates of any run of them on their own.

A Sobol point is a sum of direction numbers over GF(2): with the binary digits :math:`i = \sum_j i_j 2^j` of its number,
coordinate *d* is :math:`\bigoplus_j i_j V_{dj}`. Each coordinate is scrambled by a random lower triangular matrix over
GF(2) with unit diagonal, applied to the digits of its direction numbers, and by a random digital shift [1]_. Each point
is then uniform, the points of one scramble keep their equidistribution, and the variance of a mean over them is that
of Owen's nested uniform scrambling [2]_. Different scrambles are independent: they alone tell the error of a mean.

Direction numbers are those of Joe and Kuo [3]_, as SciPy has them. All here depends on (seed, scramble, coordinate,
number of the point) and on nothing else.

References
----------
.. [1] J. Matoušek, "On the L2-discrepancy for anchored boxes", *Journal of Complexity* 14 (1998), 527-556.
.. [2] A. B. Owen, "Variance with alternative scramblings of digital nets", *ACM Transactions on Modeling and Computer
   Simulation* 13 (2003), 363-378.
.. [3] S. Joe and F. Y. Kuo, "Constructing Sobol sequences with better two-dimensional projections", *SIAM Journal on
   Scientific Computing* 30 (2008), 2635-2654.
"""

from __future__ import annotations

from threading import Lock
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from .._checks import refuse
from .._remembered import remembered
from .._typing import FloatArray

DIGITS = 32  # of a coordinate; a point lies in the middle of its cell of length 2**-32
BLOCK = 64  # coordinates scrambled at a time
KNOWN = 21_201  # coordinates with direction numbers
FIRST = Lock()  # at its first use SciPy 1.13 fills a table: of two threads at once, one got wrong numbers
SCRAMBLE, PADDING = 2, 3  # what the random numbers of a seed are for; 0 and 1 are the pseudo-random streams'

Bits: TypeAlias = NDArray[np.uint32]


def points(seed: int, scramble: int, coordinates: range, first: int, count: int) -> FloatArray:
    """Some coordinates of the points ``first`` to ``first + count`` of a scramble, uniform in (0, 1).

    Parameters
    ----------
    seed, scramble : int
    coordinates : range
        Those beyond the 21,201 for which there are direction numbers are independent draws.
    first, count : int
        `count` is a power of two, and `first` a multiple of it.

    Returns
    -------
    ndarray, shape (n_coordinates, count)
    """
    if count < 1 or count & (count - 1) or first % count or first + count > 1 << DIGITS:
        refuse("points", f"be a power of two, from a multiple of it, below 2**{DIGITS}", (first, count))
    known = range(coordinates.start, min(coordinates.stop, KNOWN))
    digits = np.empty((max(len(known), 0), count), dtype=np.uint32)
    for block in range(known.start // BLOCK, -(-known.stop // BLOCK)) if known else ():
        own = range(max(known.start, block * BLOCK), min(known.stop, (block + 1) * BLOCK))
        numbers, shift = _scrambled(seed, scramble, block, max((first + count - 1).bit_length(), 1))
        rows = slice(own.start - block * BLOCK, own.stop - block * BLOCK)
        _spread(numbers[rows], shift[rows], first, digits[own.start - known.start : own.stop - known.start])
    found = (digits + 0.5) * 2.0**-DIGITS
    if beyond := len(coordinates) - len(digits):
        key = (PADDING, scramble, first, count, coordinates.start)
        extra = np.random.Generator(np.random.SFC64(np.random.SeedSequence(seed, spawn_key=key)))
        found = np.concatenate([found, 0.5 + 0.5 * extra.uniform(-1.0, 1.0, (beyond, count))])
    return np.asarray(found)


def _spread(numbers: Bits, shift: Bits, first: int, out: Bits) -> None:
    """Digits of the points from `first` on: what is there, doubled by one more direction number at a time."""
    count = out.shape[1]
    out[:, 0] = shift
    for j in range(numbers.shape[1]):
        if first >> j & 1:
            out[:, 0] ^= numbers[:, j]
    for j in range(count.bit_length() - 1):
        np.bitwise_xor(out[:, : 1 << j], numbers[:, j, None], out=out[:, 1 << j : 2 << j])


@remembered(2048)
def _scrambled(seed: int, scramble: int, block: int, bits: int) -> tuple[Bits, Bits]:
    """Scrambled direction numbers of a block of coordinates, shape (BLOCK, bits), and their shifts, (BLOCK,).

    Digit q of a direction number, counted from the most significant, adds column q of the matrix: 1 in row q, random
    below it, 0 above.
    """
    sequence = np.random.SeedSequence(seed, spawn_key=(SCRAMBLE, scramble, block))
    random = np.random.Generator(np.random.SFC64(sequence)).integers(
        1 << DIGITS, size=(DIGITS + 1, BLOCK), dtype=np.uint64
    )
    numbers = _directions(block, bits)
    found = np.zeros_like(numbers)
    for q in range(DIGITS):
        lowest = DIGITS - 1 - q
        column = (random[q] & np.uint64((1 << lowest) - 1) | np.uint64(1 << lowest)).astype(np.uint32)
        found ^= (numbers >> np.uint32(lowest) & np.uint32(1)) * column[:, None]
    return found, random[DIGITS].astype(np.uint32)


@remembered(1024)
def _directions(block: int, bits: int) -> Bits:
    """Direction numbers of a block of coordinates, shape (BLOCK, bits)."""
    known = _all_directions(1 << (block * BLOCK + BLOCK - 1).bit_length(), bits)
    found = np.zeros((BLOCK, bits), dtype=np.uint32)
    own = known[block * BLOCK : (block + 1) * BLOCK]
    found[: len(own)] = own
    return found


@remembered(8)
def _all_directions(coordinates: int, bits: int) -> Bits:
    """Direction numbers of the first `coordinates` coordinates, shape (coordinates, bits), as far as there are any.

    SciPy goes through the points in the order of Gray's code, in which number 2**(j + 1) - 1 has the one digit j.
    """
    from scipy.stats import qmc  # here: it is a fifth of the time that the package takes to import

    with FIRST:
        engine = qmc.Sobol(min(coordinates, KNOWN), scramble=False, bits=DIGITS)
    columns = []
    for j in range(bits):
        engine.fast_forward((2 << j) - 1 - engine.num_generated)
        columns.append(engine.random(1)[0] * 2.0**DIGITS)
    return np.array(columns, dtype=np.uint32).T.copy()
