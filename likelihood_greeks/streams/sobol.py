r"""Scrambled Sobol points, any coordinates of any run of them on their own.

A Sobol point is a sum of direction numbers over GF(2): with the binary digits :math:`i = \sum_j i_j 2^j` of its number,
coordinate *d* is :math:`\bigoplus_j i_j V_{dj}`. Each coordinate is scrambled as Owen does [1]_: whether a digit is
turned over is random and depends on all digits before it. Each point is then uniform, and the points of one scramble
keep their equidistribution. Different scrambles are independent: they alone tell the error of a mean. Linear scrambles
(one random matrix a coordinate) have the same variance, but means of smooth functions have it from few scrambles that
are far off [2]_, so that 32 of them do not tell it.

The random digits come from a hash of those before (Laine and Karras's, as in [3]_, with constants of N. Vegdahl's):
on numbers whose digits are reversed, additions, products with odd numbers, and exclusive ors with even multiples change
a digit by lower ones alone.

Direction numbers are those of Joe and Kuo [4]_, as SciPy has them. All here depends on (seed, scramble, coordinate,
number of the point) and on nothing else.

References
----------
.. [1] A. B. Owen, "Randomly permuted (t,m,s)-nets and (t,s)-sequences", in *Monte Carlo and Quasi-Monte Carlo Methods
   in Scientific Computing*, Springer, 1995, 299-317.
.. [2] Z. Pan and A. B. Owen, "Super-polynomial accuracy of one dimensional randomized nets using the median of means",
   *Mathematics of Computation* 92 (2023), 805-837.
.. [3] B. Burley, "Practical hash-based Owen scrambling", *Journal of Computer Graphics Techniques* 9 (2020), no. 4,
   1-20.
.. [4] S. Joe and F. Y. Kuo, "Constructing Sobol sequences with better two-dimensional projections", *SIAM Journal on
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

HASH = tuple(np.uint32(number) for number in (0x3D20ADEA, 0x05526C56, 0x53A22864))
"""Even, so that an exclusive or with a multiple changes no digit by itself or by higher ones."""

SWAPS = tuple(
    (np.uint32(shift), np.uint32(mask)) for shift, mask in ((1, 0x55555555), (2, 0x33333333), (4, 0x0F0F0F0F))
)
"""Neighbouring digits, pairs and fours of them within each byte."""


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
        rows = slice(own.start - block * BLOCK, own.stop - block * BLOCK)
        part = digits[own.start - known.start : own.stop - known.start]
        _spread(_directions(block, max((first + count - 1).bit_length(), 1))[rows], first, part)
        _scramble(part, *(key[rows, None] for key in _keys(seed, scramble, block)))
    found = (digits + 0.5) * 2.0**-DIGITS
    if beyond := len(coordinates) - len(digits):
        key = (PADDING, scramble, first, count, coordinates.start)
        extra = np.random.Generator(np.random.SFC64(np.random.SeedSequence(seed, spawn_key=key)))
        found = np.concatenate([found, 0.5 + 0.5 * extra.uniform(-1.0, 1.0, (beyond, count))])
    return np.asarray(found)


def _spread(numbers: Bits, first: int, out: Bits) -> None:
    """Digits of the points from `first` on: what is there, doubled by one more direction number at a time.

    They come as the direction numbers do: the last one first.
    """
    count = out.shape[1]
    out[:, 0] = 0
    for j in range(numbers.shape[1]):
        if first >> j & 1:
            out[:, 0] ^= numbers[:, j]
    for j in range(count.bit_length() - 1):
        np.bitwise_xor(out[:, : 1 << j], numbers[:, j, None], out=out[:, 1 << j : 2 << j])


def _scramble(digits: Bits, added: Bits, factor: Bits) -> None:
    """Digits, the last one first, turned over by a hash of those before them and put in order, in place.

    The keys have shape (n_coordinates, 1).
    """
    digits ^= digits * HASH[0]
    digits += added
    digits *= factor | np.uint32(1)
    for constant in HASH[1:]:
        digits ^= digits * constant
    _reverse(digits)


def _reverse(digits: Bits) -> None:
    """Put the last digit first and so on, in place."""
    for shift, mask in SWAPS:
        lower = digits & mask
        digits >>= shift
        digits &= mask
        lower <<= shift
        digits |= lower
    digits.byteswap(inplace=True)


@remembered(2048)
def _keys(seed: int, scramble: int, block: int) -> tuple[Bits, Bits]:
    """Of a block of coordinates, what is added in the hash and what is multiplied by, each of shape (BLOCK,)."""
    sequence = np.random.SeedSequence(seed, spawn_key=(SCRAMBLE, scramble, block))
    random = np.random.Generator(np.random.SFC64(sequence)).integers(1 << DIGITS, size=(2, BLOCK), dtype=np.uint64)
    added, factor = random.astype(np.uint32)
    return added, factor


@remembered(1024)
def _directions(block: int, bits: int) -> Bits:
    """Direction numbers of a block of coordinates, the last digit first, shape (BLOCK, bits)."""
    known = _all_directions(1 << (block * BLOCK + BLOCK - 1).bit_length(), bits)
    found = np.zeros((BLOCK, bits), dtype=np.uint32)
    own = known[block * BLOCK : (block + 1) * BLOCK]
    found[: len(own)] = own
    _reverse(found)
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
