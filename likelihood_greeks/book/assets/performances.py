"""What a contract on several assets is on: the worst, the best or a basket of their performances, or a difference.

A contract on one asset sees one spot; here that is a number made of several spots over their references, so that its
levels are shares of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import final

from ...models.correlated.quanto import member
from ...payoffs.assets import Basket, BestOf, WorstOf
from ...payoffs.composite import Composite
from ...payoffs.exercise import Bermudan
from ...payoffs.protocol import Contract
from ...payoffs.redeemable import Redeemable
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


COMPOSITE = "composite_"
"""Before the name of a product on one asset or several: spots of another currency are converted."""


def composite(value: object) -> str | None:
    """The product of a composite, as it is without converting; None of another word.

    >>> composite("Composite worst-of put"), composite("composite_call"), composite("call")
    ('worst_of_put', 'call', None)
    """
    key = key_of(value)
    return key.removeprefix(COMPOSITE) if key.startswith(COMPOSITE) else None


def on_pair(value: object) -> bool:
    """Whether a product is on a currency pair besides the asset that its row names: a quanto, or a composite.

    >>> on_pair("quanto_call"), on_pair("composite_worst_of_put"), on_pair("worst_of_put")
    (True, True, False)
    """
    return quanto(value) is not None or composite(value) is not None


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


def converted(name: str, spots: Mapping[str, float], currencies: Mapping[str, str] | None) -> float:
    """The spot of an asset times that of its currency, if it is converted."""
    if not currencies or name not in currencies:
        return spots[name]
    pair, sign = member(currencies[name])
    return spots[name] * spots[pair] ** sign


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
    currencies : mapping of str to str, optional
        By asset whose spot is converted the currency pair, ``1/`` before it if it is quoted the other way round; the
        reference is of the converted spot then.
    """

    kind: str
    reference: Mapping[str, float]
    weights: Mapping[str, float] | None = None
    currencies: Mapping[str, str] | None = None

    @property
    def pairs(self) -> tuple[str, ...]:
        """The currency pairs."""
        return tuple(dict.fromkeys(member(own)[0] for own in (self.currencies or {}).values()))

    @property
    def names(self) -> tuple[str, ...]:
        """All whose spots are observed: the assets, and the currency pairs."""
        return (*self.reference, *self.pairs)

    def converted(self, name: str, spots: Mapping[str, float]) -> float:
        """The spot of an asset in the currency of its reference."""
        return converted(name, spots, self.currencies)

    def of(self, spots: Mapping[str, float]) -> float:
        """The number at some spots, by asset and currency pair."""
        shares = {name: self.converted(name, spots) / base for name, base in self.reference.items()}
        if self.kind == BASKET:
            weights = self.weights or dict.fromkeys(shares, 1.0 / len(shares))
            return float(sum(weights[name] * share for name, share in shares.items()))
        return float(min(shares.values()) if self.kind == WORST else max(shares.values()))

    def contract(self, payoff: Contract) -> Contract:
        """A contract on one asset as one on this number; exercise of one that may be exercised early is on it too."""
        if isinstance(payoff, Bermudan):
            return replace(payoff, payoff=self.contract(payoff.payoff))
        if isinstance(payoff, Redeemable):
            amount = self.contract(payoff.amount) if isinstance(payoff.amount, Contract) else payoff.amount
            return replace(payoff, payoff=self.contract(payoff.payoff), amount=amount)
        if self.currencies:
            inner = replace(self, currencies=None).contract(payoff)
            return Composite(inner, self.currencies).for_assets(self.names)
        names = (*self.reference,)
        if self.kind == BASKET:
            return Basket(payoff, self.reference, self.weights).for_assets(names)
        return (WorstOf if self.kind == WORST else BestOf)(payoff, self.reference).for_assets(names)
