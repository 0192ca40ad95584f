r"""Assets of another currency than the one in which a contract pays: their drift in the measure of that currency.

What is paid by the spot of an asset without converting it is a quanto. With X the value of the asset's currency in the
one that pays, of volatility :math:`\sigma_X` and correlation :math:`\rho` with the asset, its drift is lower by

.. math:: \rho\,\sigma_X\,\sigma_t\,dt.

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
from .exchange import embedded

CORRELATION, VOLATILITY = "quanto_correlation", "fx_volatility"
KINDS = (CORRELATION, VOLATILITY)
"""Parameters of an asset that is a quanto."""

Quantos: TypeAlias = tuple[tuple[str, tuple[float, float]], ...]
"""By asset, the correlation with the value of its currency, and the volatility of that value."""


def read(given: Any, assets: Sequence[str]) -> Quantos:
    """Quantos as users give them, in the order of the assets.

    Raises
    ------
    ValueError
        If an asset is unknown, a correlation not between -1 and 1, or a volatility not positive.
    TypeError
        If they are no mapping to pairs of numbers.
    """
    if given is None:
        return ()
    if not isinstance(given, Mapping | tuple):
        raise TypeError(f"quanto must map names to a correlation and a volatility, got {given!r}")
    entries = dict(given)
    for name, pair in entries.items():
        if name not in assets:
            refuse("quanto", f"be of assets among {', '.join(assets)}", name)
        if not isinstance(pair, Sequence) or isinstance(pair, str) or len(pair) != 2:
            raise TypeError(f"quanto[{name!r}] must be a correlation and a volatility, got {pair!r}")
        if not -1.0 <= number(f"{CORRELATION}[{name}]", pair[0]) <= 1.0:
            refuse(f"{CORRELATION}[{name}]", "be between -1 and 1", pair[0])
        positive(f"{VOLATILITY}[{name}]", pair[1])
    return tuple((name, (float(entries[name][0]), float(entries[name][1]))) for name in assets if name in entries)


def drifting(terms: Terms, ends: FloatArray, correlation: float, volatility: float) -> Terms:
    """The steps of a quanto, from those of its asset between dates within which volatilities are constant."""
    names = (*terms.mean.names, *KINDS)
    called = {name: name for name in terms.mean.names}
    deviation = jets.sqrt(embedded(terms.variance, names, called))
    size = len(names)
    own = {
        kind: Jet(names, np.asarray(value), np.eye(size)[names.index(kind)], np.zeros((size, size)))
        for kind, value in zip(KINDS, (correlation, volatility), strict=True)
    }
    lengths = np.diff(ends, prepend=0.0)[:, None]
    moved = np.zeros((size, *lengths.shape))
    moved[names.index(TIME), 0] = -1.0  # as time goes by the first step becomes shorter
    years = Jet(names, lengths, moved, np.zeros((size, size, *lengths.shape)))
    drift = deviation * jets.sqrt(years) * own[CORRELATION] * own[VOLATILITY]
    return Terms(embedded(terms.mean, names, called) - drift, terms.variance)
