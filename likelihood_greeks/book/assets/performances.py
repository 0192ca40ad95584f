"""What a contract on several assets is on: the worst, the best or a basket of their performances, or a difference.

A contract on one asset sees one spot; here that is a number made of several spots over their references, so that its
levels are shares of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import final

from ...payoffs.assets import Basket, BestOf, WorstOf
from ...payoffs.exercise import Bermudan
from ...payoffs.protocol import Contract
from ..cells import key_of
from ..products.table import EUROPEAN

WORST, BEST, BASKET = "worst_of", "best_of", "basket"
KINDS = (WORST, BEST, BASKET)
"""What stands before the name of a product on one asset, to make it one on several."""

INNER = (
    *EUROPEAN, "barrier", "double_barrier", "asian", "lookback", "cliquet", "range_accrual", "autocallable", "phoenix",
    "reverse_convertible", "barrier_reverse_convertible", "one_touch", "no_touch", "double_no_touch",
    "bermudan_call", "bermudan_put",
)  # fmt: skip
"""The products on one asset that may be on a performance of several: their terms are levels of it, or shares."""


QUANTO = "quanto_"
"""Before the name of a product on one asset: it pays in another currency than the asset's, without converting."""
OF_QUANTOS = (*EUROPEAN, "barrier", "double_barrier")


def quanto(value: object) -> str | None:
    """The product on one asset of a quanto on it; None of another word.

    >>> quanto("Quanto call"), quanto("call")
    ('call', None)
    """
    key = key_of(value)
    return key.removeprefix(QUANTO) if key.startswith(QUANTO) and key.removeprefix(QUANTO) in OF_QUANTOS else None


def parted(value: object) -> tuple[str, str] | None:
    """What a product on several assets is on, and the product on one; None of another word.

    >>> parted("Worst-of autocallable"), parted("basket_call"), parted("call")
    (('worst_of', 'autocallable'), ('basket', 'call'), None)
    """
    key = key_of(value)
    for kind in KINDS:
        if key.startswith(f"{kind}_") and key[len(kind) + 1 :] in INNER:
            return kind, key[len(kind) + 1 :]
    return None


@final
@dataclass(frozen=True)
class Performance:
    """A number made of the spots of several assets.

    Parameters
    ----------
    kind : {"worst_of", "best_of", "basket"}
    reference : mapping of str to float
        Currency, > 0.
    weights : mapping of str to float, optional
        Of a basket; by default one over the number of assets.
    """

    kind: str
    reference: Mapping[str, float]
    weights: Mapping[str, float] | None = None

    def of(self, spots: Mapping[str, float]) -> float:
        """The number at some spots, by asset."""
        shares = {name: spots[name] / base for name, base in self.reference.items()}
        if self.kind == BASKET:
            weights = self.weights or dict.fromkeys(shares, 1.0 / len(shares))
            return float(sum(weights[name] * share for name, share in shares.items()))
        return float(min(shares.values()) if self.kind == WORST else max(shares.values()))

    def contract(self, payoff: Contract) -> Contract:
        """A contract on one asset as one on this number; exercise of one that may be exercised early is on it too."""
        if isinstance(payoff, Bermudan):
            return replace(payoff, payoff=self.contract(payoff.payoff))
        names = (*self.reference,)
        if self.kind == BASKET:
            return Basket(payoff, self.reference, self.weights).for_assets(names)
        return (WorstOf if self.kind == WORST else BestOf)(payoff, self.reference).for_assets(names)
