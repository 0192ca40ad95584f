"""Options whose strike is a share of the spot on a date to come."""

from dataclasses import dataclass
from typing import final

import numpy as np

from .._checks import dates, flag, one_of, positive
from .._typing import AnyArray
from .protocol import Kind
from .terms import verify_rows


@final
@dataclass(frozen=True)
class ForwardStart:
    r"""Option struck at a share of the spot that is observed at its start.

    A call pays :math:`\max(S_T - m S_t, 0)`, or as an option on the performance :math:`\max(S_T / S_t - m, 0)`; a put
    the mirror image.

    Parameters
    ----------
    start, maturity : float
        When the strike is set and when the option pays, in years, 0 < start < maturity.
    kind : {"call", "put"}
    moneyness : float
        The strike as a share m of the spot at the start, > 0; 1 is at the money.
    performance : bool
        Whether it pays per unit of the spot at the start (a number without currency: for a notional of one).

    Raises
    ------
    ValueError
        If a term is out of range, naming it.

    References
    ----------
    .. [1] M. Rubinstein, "Pay now, choose later", *Risk* 4 (1991).

    Examples
    --------
    With flat parameters the performance is worth what an option on a spot of one is, paid from the start on:

    >>> import likelihood_greeks as lg
    >>> model = lg.GBM(spot=100.0, volatility=0.2, rate=0.03)
    >>> option = lg.ForwardStart(0.5, 1.5, performance=True)
    >>> value = lg.greeks(model, option, [], paths=65536, seed=1)["price"].value
    >>> later = lg.greeks(lg.GBM(spot=1.0, volatility=0.2, rate=0.03), lg.Call(1.0, 1.0), [], closed_form=True, seed=1)
    >>> abs(value - 0.98511194 * later["price"].value) < 2e-3
    True
    """

    start: float
    maturity: float
    kind: Kind = "call"
    moneyness: float = 1.0
    performance: bool = False

    def __post_init__(self) -> None:
        flag("performance", self.performance)
        positive("start", self.start)
        dates("(start, maturity)", (self.start, self.maturity))
        one_of("kind", self.kind, ("call", "put"))
        positive("moneyness", self.moneyness)
        if not isinstance(self.performance, bool):
            raise TypeError(f"performance must be True or False, got {self.performance!r}")

    @property
    def times(self) -> tuple[float, ...]:
        """The start and the maturity."""
        return (self.start, self.maturity)

    def __call__(self, spot: AnyArray) -> AnyArray:
        """Cash flow at maturity, shape (n_paths,)."""
        verify_rows(self.times, spot)
        gain = spot[1] - self.moneyness * spot[0]
        paid = np.maximum(gain if self.kind == "call" else -gain, 0.0)
        return paid / spot[0] if self.performance else paid
