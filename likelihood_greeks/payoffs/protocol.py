"""What an estimator may ask of a payoff."""

from typing import Any, Literal, Protocol, TypeAlias, runtime_checkable

import numpy as np

from .._typing import AnyArray, FloatArray

Kind: TypeAlias = Literal["call", "put"]


@runtime_checkable
class Contract(Protocol):
    """Anything with observation dates that turns spots into cash flows.

    The same function must work on any array type that follows NumPy's protocols: use NumPy functions and
    operators, no ``if`` on values.
    """

    @property
    def times(self) -> tuple[float, ...]:
        """Dates at which the spot is observed: year fractions, increasing, > 0."""
        ...

    def __call__(self, spot: AnyArray, /) -> AnyArray:
        """Cash flows, from spots of shape (n_times, n_paths).

        Shape (n_paths,), paid at the last date, or (n_times, n_paths), paid date by date.
        """
        ...


def cash_flows(payoff: Contract, spot: FloatArray) -> FloatArray:
    """The payoff's cash flows, shape (1, n_paths) or (n_times, n_paths), checked.

    Raises
    ------
    ValueError
        If the shape is neither (n_paths,) nor (n_times, n_paths), or a cash flow is NaN or infinite.
    """
    flows: Any = np.asarray(payoff(spot), dtype=float)
    n_times, n_paths = len(payoff.times), spot.shape[-1]
    if flows.shape == (n_paths,):
        flows = flows[None]
    elif flows.shape != (n_times, n_paths):
        raise ValueError(
            f"payoff must return shape ({n_paths},) or ({n_times}, {n_paths}) from spots of shape {spot.shape}, "
            f"got {flows.shape}"
        )
    if not np.isfinite(flows).all():
        bad = np.flatnonzero(~np.isfinite(flows).all(axis=0))
        raise ValueError(
            f"payoff must be finite, got {flows[:, bad[0]]} on {len(bad)} of {n_paths} paths, the first with spots "
            f"{spot[..., bad[0]]}"
        )
    return np.asarray(flows)


def payment_times(payoff: Contract, flows: FloatArray) -> FloatArray:
    """When the rows of `cash_flows` are paid, shape (n_flows,)."""
    return np.asarray(payoff.times[-1:] if len(flows) == 1 else payoff.times)
