"""Sums of integrands by nodes compiled, for `controls.integrands` and `controls.sharing`: block by block in cache."""

import numpy as np

from .jit import njit

BLOCK = 512  # paths


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def _added(factors, rows, start, found):
    for i in range(factors.size):
        factor, row = factors[i], rows[i, start : start + found.size]
        if factor != 0.0:
            for j in range(found.size):
                found[j] += factor * row[j]


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def integrands(factors, scored, matrix, reached, constant, products, rows, plain, n_first):
    """Sums of what is scored times weights, and products; the same of the first scored row and products alone.

    The weights are `matrix` times `reached` and a constant. In `plain`, (n, n_paths), the latter is left; the former is
    returned, (n_combinations, n_paths).
    """
    found, n_paths = np.empty((len(factors), scored.shape[1])), scored.shape[1]
    for start in range(0, n_paths, BLOCK):
        stop = min(start + BLOCK, n_paths)
        weight, total = np.empty(stop - start), np.empty(stop - start)
        for k in range(len(factors)):
            weight[:] = constant[k]
            _added(matrix[k], reached, start, weight)
            total[:] = 0.0
            _added(factors[k], scored, start, total)
            total *= weight
            _added(products[k], rows, start, total)
            found[k, start:stop] = total
            if k < len(plain):
                total[:] = weight * scored[0, start:stop]
                _added(products[k, :n_first], rows, start, total)
                plain[k, start:stop] = total
    return found


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def less(targets, coefficients, controls, found):
    """Targets less coefficients, (n_targets, n_controls), times controls."""
    for start in range(0, targets.shape[1], BLOCK):
        stop = min(start + BLOCK, targets.shape[1])
        for k in range(len(targets)):
            row = found[k, start:stop]
            row[:] = targets[k, start:stop]
            _added(-coefficients[k], controls, start, row)


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def share(rows, shares, whole):
    """Add to rows, in place, shares of what they lack of a whole together."""
    for start in range(0, rows.shape[1], BLOCK):
        stop = min(start + BLOCK, rows.shape[1])
        lack = whole[start:stop].copy()
        for k in range(len(rows)):
            lack -= rows[k, start:stop]
        for k in range(len(rows)):
            rows[k, start:stop] += shares[k] * lack
