r"""Assets of another currency than the one in which a contract pays: their drift in the measure of that currency.

What is paid by the spot of an asset without converting it is a quanto. With X the value of the asset's currency in the
one that pays, of volatility :math:`\sigma_X` and correlation :math:`\rho` with the asset, its drift is lower by

.. math:: \rho\,\sigma_X\,\sigma_t\,dt.

X may be a member of the law itself, or what one unit is worth in an asset that is a member, one over its spot: then the
drift is minus (plus) the covariance of both, and that asset too, which is quoted the other way round, has such a drift.

References
----------
.. [1] J. C. Hull, *Options, Futures, and Other Derivatives*, 9th ed., Pearson, 2014, section 30.3 (quantos).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

from ..._checks import number, positive, refuse
from ..._typing import FloatArray
from ...numerics import jets
from ...numerics.jets import Jet
from ...parameters import TIME
from ..lognormal import Terms
from .steps import Drift

CORRELATION, VOLATILITY = "quanto_correlation", "fx_volatility"
KINDS = (CORRELATION, VOLATILITY)
"""Parameters of an asset that is a quanto."""

INVERSE = "1/"
"""Before the name of a member whose spot is what a unit of the other currency is worth."""

Quanto: TypeAlias = tuple[float, float] | str
Quantos: TypeAlias = tuple[tuple[str, Quanto], ...]
"""By asset, the correlation with the value of its currency and the volatility of that value; or the member it is."""


def read(given: Any, assets: Sequence[str]) -> Quantos:
    """Quantos as users give them, in the order of the assets.

    Raises
    ------
    ValueError
        If an asset is unknown, a correlation not between -1 and 1, or a volatility not positive; or if an asset and its
        currency are one, or that is itself the asset of another currency.
    TypeError
        If they are no mapping to pairs of numbers or names.
    """
    if given is None:
        return ()
    if not isinstance(given, Mapping | tuple):
        raise TypeError(f"quanto must map names to a correlation and a volatility, got {given!r}")
    entries = dict(given)
    known: dict[str, Quanto] = {}
    for name, own in entries.items():
        if name not in assets:
            refuse("quanto", f"be of assets among {', '.join(assets)}", name)
        known[name] = _member(name, own, entries, assets) if isinstance(own, str) else _pair(name, own)
    return tuple((name, known[name]) for name in assets if name in known)


def member(own: str) -> tuple[str, float]:
    """The member that is a currency, or one over it, and the sign.

    >>> member("USDEUR"), member("1/EURUSD")
    (('USDEUR', 1.0), ('EURUSD', -1.0))
    """
    return (own.removeprefix(INVERSE), -1.0) if own.startswith(INVERSE) else (own, 1.0)


def _member(name: str, own: str, entries: Mapping[str, Any], assets: Sequence[str]) -> str:
    whose, _ = member(own)
    if whose not in assets or whose == name:
        others = [asset for asset in assets if asset != name]
        refuse(f"quanto[{name!r}]", f"name a member among {', '.join(others)}, or 1/ and its name", own)
    if whose in entries:
        refuse(f"quanto[{name!r}]", "name a currency that is no quanto itself", own)
    return own


def _pair(name: str, pair: Any) -> tuple[float, float]:
    if not isinstance(pair, Sequence) or len(pair) != 2:
        raise TypeError(f"quanto[{name!r}] must be a correlation and a volatility, or a member's name, got {pair!r}")
    if not -1.0 <= number(f"{CORRELATION}[{name}]", pair[0]) <= 1.0:
        refuse(f"{CORRELATION}[{name}]", "be between -1 and 1", pair[0])
    return float(pair[0]), positive(f"{VOLATILITY}[{name}]", pair[1])


def numbers(quantos: Quantos) -> dict[str, tuple[float, float]]:
    """Those given by numbers, which are parameters."""
    return {name: own for name, own in quantos if not isinstance(own, str)}


def drifts(quantos: Quantos, assets: Sequence[str]) -> tuple[Drift, ...]:
    """Those by members, and the drifts of members that are quoted the other way round."""
    found = list[Drift]()
    for name, own in quantos:
        if isinstance(own, str):
            place, (whose, sign) = assets.index(name), member(own)
            found.append((place, assets.index(whose), sign))
    turned = dict.fromkeys(currency for _, currency, sign in found if sign < 0.0)
    return (*found, *((currency, currency, -1.0) for currency in turned))


def drifting(terms: Terms, ends: FloatArray, correlation: float, volatility: float) -> Terms:
    """The steps of a quanto, from those of its asset between dates within which volatilities are constant."""
    deviation = jets.sqrt(_wider(terms.variance))
    names, size = deviation.names, len(deviation.hessian)
    own = {
        kind: Jet(names, np.asarray(value), np.eye(len(names))[names.index(kind)], np.zeros((size, size)))
        for kind, value in zip(KINDS, (correlation, volatility), strict=True)
    }
    lengths = np.diff(ends, prepend=0.0)[:, None]
    moved = np.zeros((len(names), *lengths.shape))
    moved[names.index(TIME), 0] = -1.0  # as time goes by the first step becomes shorter
    years = Jet(names, lengths, moved, np.zeros((size, size, *lengths.shape)))
    drift = deviation * jets.sqrt(years) * own[CORRELATION] * own[VOLATILITY]
    return Terms(_wider(terms.mean) - drift, terms.variance)


def _wider(jet: Jet) -> Jet:
    """A jet with the parameters of a quanto besides, before the nodes of curves, which have no second derivatives."""
    count, extra = len(jet.hessian), len(KINDS)
    names = (*jet.names[:count], *KINDS, *jet.names[count:])
    gradient = np.insert(jet.gradient, [count] * extra, 0.0, axis=0)
    hessian = np.zeros((count + extra, count + extra, *np.shape(jet.value)))
    hessian[:count, :count] = jet.hessian
    return Jet(names, jet.value, gradient, hessian)
