"""A payoff from any NumPy function."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from inspect import signature
from itertools import pairwise
from typing import TYPE_CHECKING, Literal, final

from .._checks import dates, non_negative, one_of, refuse
from .._typing import AnyArray
from .continuous import not_of_spots

EXTREMES = ("low", "high", "both")


@final
@dataclass(frozen=True)
class Payoff:
    """A user's own contract.

    Parameters
    ----------
    function : callable
        From spots of shape (n_times, n_paths) to cash flows of shape (n_paths,), paid at the last date, or
        (n_times, n_paths), paid date by date. Written with NumPy functions; it must not read model parameters.
    times : sequence of float
        Observation dates: year fractions, increasing, > 0. May be empty where `payments` says when to pay: all
        observations are then past ones, see `Seasoned`.
    payments : float or sequence of float, optional
        When the cash flows are paid, in years: one date, not before the last observation, or one for each row of the
        cash flows, in order. Default: the last date, or date by date.
    extremes : {"low", "high", "both"}, optional
        Whether the spots that the function sees have an attribute ``low`` or ``high`` besides, or both: of the same
        shape, the lowest (highest) spot at any time in the interval that ends at each date, the first from today on.
        Such a payoff is watched continuously, see `Barrier`.

    Raises
    ------
    TypeError
        If `function` cannot be called.
    ValueError
        If `function` cannot take the spots as its one argument, `times` is not a strictly increasing sequence of
        positive numbers, `payments` are not in order, or `extremes` are unknown.

    Examples
    --------
    >>> import numpy as np
    >>> survivor = Payoff(lambda spot: np.where(spot.min(axis=0) < 80.0, 0.0, spot[-1] > 100.0), times=[0.5, 1.0])
    >>> survivor(np.array([[90.0, 70.0], [120.0, 120.0]]))
    array([1., 0.])
    >>> import likelihood_greeks as lg
    >>> always = Payoff(lambda spot: (spot.low[-1] > 80.0) & (spot[-1] > 100.0), [1.0], extremes="low")
    >>> round(lg.greeks(lg.GBM(spot=100.0, volatility=0.2), always, [], paths=20_000, seed=1)["price"].value, 2)
    0.45
    """

    function: Callable[[AnyArray], AnyArray]
    times: tuple[float, ...]
    payments: tuple[float, ...] | None = None
    extremes: Literal["low", "high", "both"] | None = None

    if TYPE_CHECKING:  # sequences are taken, and kept as tuples

        def __init__(
            self,
            function: Callable[[AnyArray], AnyArray],
            times: Sequence[float],
            payments: float | Sequence[float] | None = None,
            extremes: Literal["low", "high", "both"] | None = None,
        ) -> None: ...

    def __post_init__(self) -> None:
        if not callable(self.function):
            raise TypeError(f"function must be callable, got {self.function!r}")
        past = self.payments is not None and isinstance(self.times, Sequence) and len(self.times) == 0
        object.__setattr__(self, "times", () if past else dates("times", self.times))
        if self.payments is not None:
            object.__setattr__(self, "payments", _payments(self.payments, self.times))
        if self.extremes is not None:
            one_of("extremes", self.extremes, EXTREMES)
        _verify_one_argument(self.function, self.extremes)

    def __call__(self, spot: AnyArray) -> AnyArray:
        """Cash flows on paths of spots."""
        if self.extremes is not None:
            not_of_spots(self)
        return self.paid(spot)

    def paid(self, spot: AnyArray) -> AnyArray:
        """What the function gives on spots, which have the extremes that it was told of.

        Raises
        ------
        ValueError
            If it reads others.
        """
        try:
            return self.function(spot)
        except AttributeError as error:
            if error.name not in EXTREMES[:2]:
                raise
            wanted = f"{error.name!r}, or 'both',"
            refuse("extremes", f"be {wanted} for a function that reads spot.{error.name}", self.extremes)


def _verify_one_argument(function: Callable[..., object], extremes: str | None) -> None:
    """Refuse a function that cannot be called with the spots alone; their extremes are no arguments."""
    try:
        known = signature(function)
    except (TypeError, ValueError):  # some compiled functions say nothing of their arguments
        return
    try:
        known.bind(None)
    except TypeError:
        sides = EXTREMES[:2] if extremes == "both" else [name for name in EXTREMES if name == extremes]
        also = f", which have {' and '.join(f'.{name}' for name in sides)}" if sides else ""
        refuse("function", f"take one argument, the spots{also}", f"a function of {known}")


def _payments(given: object, times: tuple[float, ...]) -> tuple[float, ...]:
    """Payment dates, checked: one after the last observation, or several in order."""
    listed = given if isinstance(given, Iterable) else [given]
    found = tuple(non_negative(f"payments[{i}]", x) for i, x in enumerate(listed))
    if not found or not all(a <= b for a, b in pairwise(found)):
        refuse("payments", "hold at least one date, in order", given)
    if times and found[-1] < times[-1]:
        refuse("payments", f"not end before the last observation, {times[-1]:g}", given)
    return found
