"""Ratios of Bessel functions from their tables: see `models.heston.bessel_table`."""

from math import log

from ..jit import njit

LOG_ORDER = 3  # number of the row less the logarithm of z + c


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def piece(pieces, place):
    """The polynomial of the cell that `place` = t times the number of cells falls in."""
    cell = min(int(place), pieces.shape[0] - 1)
    u = place - cell
    c = pieces[cell]
    return c[0] + u * (c[1] + u * (c[2] + u * (c[3] + u * (c[4] + u * c[5]))))


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def row(number, z, scale, pieces, found):
    """One row at arguments z, into `found`; both flat."""
    cells = pieces.shape[0]
    for j in range(len(z)):
        t = z[j] / (z[j] + scale)
        value = piece(pieces, t * cells)
        if number < LOG_ORDER:
            found[j] = z[j] * t * value
        elif number == LOG_ORDER:
            found[j] = value - log(z[j] + scale)
        else:
            found[j] = t * t * value
