"""What a frame shows of the law of a trade, for each of its numbers: of several assets those of the number's own."""

from __future__ import annotations

from typing import Any

from ...models.capabilities import assets_of
from ...result import Part, parts_by_asset
from ..underlying import law_name, quoted_volatility, zero_rate


def part_of(label: str) -> Part:
    """The Greek and the asset, or the assets, of a label such as ``"delta[A]"``."""
    return parts_by_asset([label])[label]


def shown(model: Any, maturity: float, label: str = "") -> dict[str, Any]:
    """The columns ``model, spot, volatility, rate``.

    Parameters
    ----------
    model : GBM, TermStructureGBM, Heston, LocalVolatility, CorrelatedGBM or CorrelatedLocalVolatility
    maturity : float
        Years.
    label : str
        Of the Greek: of a law of several assets spot and volatility are those of its asset, missing where it has none.
    """
    if not assets_of(model):
        return {
            "model": law_name(model),
            "spot": model.spot,
            "volatility": quoted_volatility(model, maturity),
            "rate": zero_rate(model, maturity),
        }
    members: dict[str, Any] = dict(model.members)
    own = members.get(part_of(label).asset)
    return {
        "model": law_name(next(iter(members.values()))),
        "spot": float("nan") if own is None else own.spot,
        "volatility": float("nan") if own is None else quoted_volatility(own, maturity),
        "rate": zero_rate(next(iter(members.values())), maturity),
    }
