"""What an estimator may ask of a payoff."""

from typing import Any, Literal, Protocol, TypeAlias, runtime_checkable

import numpy as np

from .._checks import real_array
from .._typing import AnyArray, FloatArray

ONE_NUMBER = ("can be converted to Python scalars", "must be real number, not ndarray", "can be converted to a scalar")
"""What NumPy says where Python's mathematics is given an array."""

Kind: TypeAlias = Literal["call", "put"]


@runtime_checkable
class Contract(Protocol):
    """Anything with observation dates that turns spots into cash flows.

    The same function must work on any array type that follows NumPy's protocols: use NumPy functions and
    operators, no ``if`` on values.
    """

    @property
    def times(self) -> tuple[float, ...]:
        """Dates at which the spot is observed: year fractions, increasing, > 0. None: the cash flow is known."""
        ...

    def __call__(self, spot: AnyArray, /) -> AnyArray:
        """Cash flows, from spots of shape (n_times, n_paths).

        Shape (n_paths,), paid at the last date, or (n_times, n_paths), paid date by date.
        """
        ...


@runtime_checkable
class StatesPayments(Contract, Protocol):
    """A contract that pays on dates of its own: its cash flows have a row for each of them."""

    @property
    def payments(self) -> tuple[float, ...] | None:
        """When the cash flows are paid: year fractions, >= 0. None: at the last date, or date by date."""
        ...


@runtime_checkable
class HasStandIn(Contract, Protocol):
    """A contract of which controls are made that are on another one, which is near and easier to relax."""

    @property
    def stand_in(self) -> Contract:
        """The other one, on the same dates and with the same payments."""
        ...


def check_contract(payoff: object) -> None:
    """Refuse what is no contract.

    Raises
    ------
    TypeError
        If it has no `times` or cannot be called, or is a class.
    """
    if isinstance(payoff, type) or not isinstance(payoff, Contract):
        raise TypeError(f"payoff must have `times` and be callable with spots, got {payoff!r}")


def stated_payments(payoff: object) -> tuple[float, ...] | None:
    """The payment dates that a contract states; None if it states none."""
    found = getattr(payoff, "payments", None)  # not isinstance, which takes as long as many a payoff
    return found if isinstance(found, tuple) else None  # a method of the payoff's own may have that name


def cash_flows(payoff: Contract, spot: FloatArray) -> FloatArray:
    """The payoff's cash flows, shape (1, n_paths) or (n_flows, n_paths), checked.

    Raises
    ------
    ValueError
        If the shape is neither (n_paths,) nor (n_flows, n_paths), with a flow for each payment that the payoff states,
        else for each date; or a cash flow is NaN or infinite.
    TypeError
        If it returns no array of real numbers: a masked one, complex numbers, dates, objects.
    """
    flows: Any = real_array("what the payoff returns", called(payoff, spot))
    payments, n_paths = stated_payments(payoff), spot.shape[-1]
    n_flows = len(payoff.times if payments is None else payments)
    if flows.shape == (n_paths,) and (payments is None or n_flows == 1):
        flows = flows[None]
    elif flows.shape != (n_flows, n_paths):
        raise ValueError(
            f"payoff must return shape ({n_paths},) or ({n_flows}, {n_paths}) from spots of shape {spot.shape}, "
            f"got {flows.shape}"
        )
    if not np.isfinite(flows).all():
        bad = np.flatnonzero(~np.isfinite(flows).all(axis=0))
        raise ValueError(
            f"payoff must be finite, got {flows[:, bad[0]]} on {len(bad)} of {n_paths} paths, the first with spots "
            f"{spot[..., bad[0]]}"
        )
    return np.asarray(flows)


def called(payoff: Contract, spot: FloatArray) -> Any:
    """What the payoff returns; one that works in place gets a copy, since others see the same spots."""
    shared = spot.view()
    shared.flags.writeable = False
    try:
        return payoff(shared)
    except (ValueError, TypeError) as error:
        if "truth value of an array" in str(error):
            raise ValueError(
                "payoff must work on all paths at once: write np.where(condition, a, b) for if, np.maximum and "
                "np.minimum for max and min, & and | for and and or"
            ) from error
        if any(words in str(error) for words in ONE_NUMBER):
            raise TypeError(
                "payoff must work on all paths at once: write np.exp(x) for math.exp(x), x.astype(float) for float(x)"
            ) from error
        if "read-only" not in str(error):
            raise
        return payoff(spot.copy())


def payment_times(payoff: Contract, flows: FloatArray) -> FloatArray:
    """When the rows of `cash_flows` are paid, shape (n_flows,)."""
    stated = stated_payments(payoff)
    if stated is not None:
        return np.asarray(stated, dtype=float)
    return np.asarray(payoff.times[-1:] if len(flows) == 1 else payoff.times)
