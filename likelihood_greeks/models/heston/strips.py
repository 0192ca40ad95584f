r"""Many Europeans at once: the strikes of a maturity on shared contours, with the derivatives that are asked for.

Of the integrands of `fourier` only :math:`e^{-iuk}` depends on the strike, so that a bundle of strikes (`bundles`)
costs one characteristic function, with its derivatives, and a matrix product. Every integral of every strike has its
own error control, as in `fourier`; a strike for which one does not settle is summed on a contour of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ..._checks import refuse
from ..._typing import AnyArray, FloatArray
from ...numerics import jets
from ...numerics.jets import Jet
from ...parameters import TIME
from .. import carry
from .bundles import NODES, Bundle, bundled
from .contour import Contour
from .fourier import ROUNDING, integrals, log_characteristic
from .integrands import Integrands
from .parameters import motion

CHANGE = 1e-6  # by leaving out every other node, in parts of the integral of |integrand|: the error left is its square
TAIL = 1e-13  # of an integrand at the end of its contour, in the same parts
BEYOND = 0.75  # of the contour, where values have ended: derivatives end later
BLOCK = 512  # strikes summed together: what they need fits in a cache

Side = tuple[FloatArray, FloatArray]


def european_jets(
    law: Any, triggers: FloatArray, sides: tuple[Side, Side], times: FloatArray, names: Sequence[str]
) -> Jet:
    """Undiscounted values of options of two straight pieces, with derivatives: see `capabilities.KnowsManyEuropeans`.

    Parameters
    ----------
    law : Heston
    triggers : ndarray, shape (n,)
        Currency, > 0.
    sides : tuple of two tuples of two ndarrays, shape (n,)
        Constants (currency) and slopes of what is paid up to the trigger and beyond.
    times : ndarray, shape (n,)
        Years, > 0.
    names : sequence of str
        Parameters, or ``"time"``, that derivatives are wanted in.

    Returns
    -------
    Jet, shape (n,)
        Currency, in the coordinates `names`; NaN where a Fourier integral does not settle.

    Raises
    ------
    ValueError
        If a trigger or a time is not positive and finite, or a name is unknown.
    """
    names = carry.known(law, names)
    for name, array in (("triggers", triggers), ("times", times)):
        if not np.all((array > 0.0) & np.isfinite(array)):
            refuse(name, "be positive and finite", array)
    years, which = np.unique(times, return_inverse=True)
    forwards = law.forward_jet(years).only(names)
    own = motion(law.parameters)
    of_spot = ("log_moneyness",) if set(names) - set(own) else ()
    inner = (*(name for name in own if name in names), *(("maturity",) if TIME in names else ()), *of_spot)
    values = {name: float(getattr(law, name)) for name in own}
    over, minimum = vanilla_strips(values, inner, np.log(triggers / forwards.value[which]), times)
    below, above = sides
    kink = above[1] - below[1]
    option = (above[0] - below[0] + kink * triggers) * over - (kink * triggers) * minimum
    sure = below[0] + above[1] * forwards.entries(which)
    return sure + (_in_terms_of_the_law(law, option, forwards, years, which) if names else option)


def _in_terms_of_the_law(law: Any, option: Jet, forwards: Jet, years: FloatArray, which: AnyArray) -> Jet:
    """Jets in the coordinates of the forwards, from those in the parameters of the variance, maturity and strike."""
    x = {name: jet.only(forwards.names) for name, jet in law.coordinates().items()}
    size, count = len(forwards.names), len(which)
    found = Jet(forwards.names, option.value, np.empty((size, count)), np.empty((size, size, count)))
    for place, maturity in enumerate(years.tolist()):
        rows = np.flatnonzero(which == place)
        position = {"maturity": maturity - x[TIME], "log_moneyness": -jets.log(forwards.entries(np.asarray(place)))}
        moved = option.entries(rows).at({**x, **position})
        found.gradient[:, rows], found.hessian[:, :, rows] = moved.gradient, moved.hessian
    return found


def vanilla_strips(
    values: Mapping[str, float], names: Sequence[str], log_moneyness: FloatArray, maturities: FloatArray
) -> tuple[Jet, Jet]:
    """P(X > k) and E[min(exp(X - k), 1)] at many strikes and maturities, with their derivatives.

    Parameters
    ----------
    values : mapping of str to float
        The parameters named by `parameters.motion`.
    names : sequence of str
        Coordinates of the derivatives: some of those, ``maturity``, and ``log_moneyness`` last.
    log_moneyness, maturities : ndarray, shape (n,)
        Logarithm of strike over forward, and years, > 0.

    Returns
    -------
    above, minimum : Jet, shape (n,)
        NaN where the Fourier integral of a derivative does not settle.
    """
    inner = tuple(name for name in names if name != "log_moneyness")
    wanted = Integrands(inner, len(inner) < len(names))
    sums = np.full((len(log_moneyness), wanted.count), np.nan)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore", under="ignore"):  # found by what is not finite
        for bundle in bundled(values, log_moneyness, maturities):
            left = bundle
            for count in NODES[bundle.nodes :] if np.isfinite(bundle.end) else ():
                if len(left.rows):
                    left = _summed(values, wanted, left, count, sums)
    found = wanted.jets(sums)
    for row in np.flatnonzero(np.isnan(sums[:, 0])).tolist():
        _alone({**values, "maturity": maturities[row], "log_moneyness": log_moneyness[row]}, row, found)
    return found


def _summed(values: Mapping[str, float], wanted: Integrands, bundle: Bundle, count: int, sums: FloatArray) -> Bundle:
    """Writes the sums over `count` nodes of the strikes that have settled, and returns the bundle of the others."""
    step = (bundle.end + BEYOND) / count
    s = step * np.concatenate([np.arange(0, count, 2), np.arange(1, count, 2)])  # the coarser rule's nodes first
    u, speed = Contour.between_the_poles(bundle.angle).points(s)
    weight = np.where(s > 0.0, 1.0, 0.5) * speed * (step / np.pi)
    # The strike that decays least goes with the characteristic function, which may leave the range of floats alone.
    slowest = bundle.log_moneyness.max() if bundle.angle >= 0.0 else bundle.log_moneyness.min()
    here = {**values, "maturity": bundle.maturity}
    exponent = log_characteristic(_variables(here, wanted.names), u) - 1j * u * slowest
    terms = wanted.terms(exponent, u, weight)
    allowed = ROUNDING / wanted.units(here)
    settled = np.zeros(len(bundle.rows), dtype=bool)
    for start in range(0, len(settled), BLOCK):
        places = slice(start, start + BLOCK)
        found, change, tail, size = _products(terms, bundle.log_moneyness[places] - slowest, u)
        rounding = allowed * size[:, wanted.values]
        good = ((change <= CHANGE * size + rounding) & (tail <= TAIL * size + rounding)).all(axis=1)
        settled[places] = good
        sums[bundle.rows[places][good]] = found[good]
    return replace(bundle, rows=bundle.rows[~settled], log_moneyness=bundle.log_moneyness[~settled])


def _products(terms: AnyArray, away: FloatArray, u: AnyArray) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Integrals at strikes so far away, their changes by leaving out nodes, last terms, and integrals of moduli."""
    modulus, angle = np.exp(np.outer(away, u.imag)), np.outer(away, u.real)
    waves = modulus * np.cos(angle), modulus * np.sin(angle)  # real numbers: half the work of complex ones
    parts, half = (terms.real.copy(), terms.imag.copy()), len(u) // 2
    coarser, others = (
        sum(wave[:, nodes] @ part[:, nodes].T for wave, part in zip(waves, parts, strict=True))
        for nodes in (slice(0, half), slice(half, None))
    )
    size_of = np.abs(terms)
    return coarser + others, np.abs(coarser - others), modulus[:, -1:] * size_of[:, -1], modulus @ size_of.T


def _variables(values: Mapping[str, float], names: tuple[str, ...]) -> dict[str, Jet]:
    """Values as jets in some of them."""
    if not names:
        return jets.constants(values)
    variables = Jet.variables({name: values[name] for name in names})
    return {name: variables.get(name) or variables[names[0]].constant(value) for name, value in values.items()}


def _alone(values: Mapping[str, float], row: int, found: tuple[Jet, Jet]) -> None:
    """Writes a strike that has not settled with the others, if it does on its own contour."""
    try:
        own = integrals(values)
    except ArithmeticError:
        return
    for jet, single in zip(found, own, strict=True):
        part = single.only(jet.names)
        jet.value[row], jet.gradient[:, row], jet.hessian[:, :, row] = part.value, part.gradient, part.hessian
