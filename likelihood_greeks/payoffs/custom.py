"""A payoff from any NumPy function."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import final

from .._checks import dates
from .._typing import AnyArray


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
        Observation dates: year fractions, increasing, > 0.

    Raises
    ------
    TypeError
        If `function` cannot be called.
    ValueError
        If `times` is not a strictly increasing sequence of positive numbers.

    Examples
    --------
    >>> import numpy as np
    >>> survivor = Payoff(lambda spot: np.where(spot.min(axis=0) < 80.0, 0.0, spot[-1] > 100.0), times=[0.5, 1.0])
    >>> survivor(np.array([[90.0, 70.0], [120.0, 120.0]]))
    array([1., 0.])
    """

    function: Callable[[AnyArray], AnyArray]
    times: tuple[float, ...]

    def __post_init__(self) -> None:
        if not callable(self.function):
            raise TypeError(f"function must be callable, got {self.function!r}")
        object.__setattr__(self, "times", dates("times", self.times))

    def __call__(self, spot: AnyArray) -> AnyArray:
        """Cash flows on paths of spots."""
        return self.function(spot)
