r"""Cash dividends of a lognormal spot: what is paid when, the dates that this adds to a path, and the forward.

The convention is the *spot model*: between ex-dates the spot is lognormal with the whole volatility, and on an ex-date
it opens lower by the dividend, or at zero if it was worth no more, where it stays,

.. math:: S^+ = \max(S^- - D, 0).

Whoever looks at the spot on an ex-date sees :math:`S^+`. Dividends of the past, and of today, are in the spot.

References
----------
.. [1] M. H. Vellekoop and J. W. Nieuwenhuis, "Efficient pricing of derivatives on assets with discrete dividends",
   *Applied Mathematical Finance* 13 (2006), 265-284 (section 2: the model).
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Protocol, TypeAlias, final

import numpy as np

from .._checks import finite, non_negative, positive, refuse
from .._quantities import Parameter
from .._remembered import remembered
from .._typing import AnyArray, FloatArray
from ..numerics.jets import Jet
from ..parameters import HasParameters
from .lognormal import Terms

Dividends: TypeAlias = tuple[tuple[float, float], ...]
"""Ex-dates in years, increasing, and amounts in currency."""

SAME_DATE = 1e-9  # years within which an ex-date and a date of a payoff are one
NEGLIGIBLE = 6.5  # deviations that the spot is above all dividends together, where the floor at zero says nothing


class LawWithDividends(HasParameters, Hashable, Protocol):
    """A law with independent lognormal steps between ex-dates."""

    @property
    def dividends(self) -> Dividends:
        """Ex-dates and amounts."""
        ...

    @property
    def of_motion(self) -> tuple[Parameter, ...]:
        """Parameters of the motion between ex-dates."""
        ...

    @property
    def direct_parameters(self) -> tuple[str, ...]:
        """Their names."""
        ...

    def coordinates(self) -> dict[str, Jet]:
        """The parameters and elapsed time as jets."""
        ...

    def _terms(self, grid: FloatArray, /) -> Terms:
        """Means and variances of the steps between dates without dividends; the first mean has the spot in it."""
        ...

    def _growing_jet(self, times: AnyArray, /) -> Jet:
        """Forward prices without dividends."""
        ...


def checked(dividends: Any) -> Dividends:
    """Dividends as pairs of floats.

    Raises
    ------
    ValueError
        If they are no pairs, a date is not positive or not after the one before, or an amount is negative.
    TypeError
        If a number is not real.
    """
    if isinstance(dividends, str) or not isinstance(dividends, Sequence) or not all(map(_is_pair, dividends)):
        refuse("dividends", "be pairs of an ex-date in years and an amount in currency", dividends)
    found = tuple(
        (positive(f"dividends[{k}] ex-date", time), non_negative(f"dividends[{k}] amount", amount))
        for k, (time, amount) in enumerate(dividends)
    )
    if not all(before[0] < after[0] for before, after in pairwise(found)):
        refuse("dividends", "have increasing ex-dates", found)
    return found


def _is_pair(entry: object) -> bool:
    return isinstance(entry, Sequence) and not isinstance(entry, str) and len(entry) == 2


def names(dividends: Dividends) -> tuple[str, ...]:
    """Names of the amounts as coordinates."""
    return tuple(f"dividend[{k}]" for k in range(len(dividends)))


def declared(law: LawWithDividends) -> tuple[Parameter, ...]:
    """The parameters of the motion, and the amount of every dividend."""
    paid = (Parameter(name, "currency", non_negative, proportional=True) for name in names(law.dividends))
    return (*law.of_motion, *paid)


def parameters(law: LawWithDividends) -> tuple[str, ...]:
    """Names of the parameters: those of the motion, and the amount of every dividend."""
    return (*law.direct_parameters, *names(law.dividends))


def amount(law: LawWithDividends, name: str) -> float:
    """The amount of a dividend by its name; ``AttributeError`` if it is none, as for any other attribute."""
    if name.startswith("dividend["):
        for known, (_, paid) in zip(names(law.dividends), law.dividends, strict=True):
            if known == name:
                return paid
    raise AttributeError(f"{type(law).__name__} has no attribute {name!r}")


def as_fields(law: LawWithDividends, values: Mapping[str, Any]) -> dict[str, Any]:
    """Values of parameters as the fields of the law that hold them."""
    if not set(values) & set(names(law.dividends)):
        return dict(values)
    paid = zip(names(law.dividends), law.dividends, strict=True)
    fields = {name: value for name, value in values.items() if name not in names(law.dividends)}
    return {**fields, "dividends": tuple((time, values.get(name, old)) for name, (time, old) in paid)}


def later(dividends: Dividends, elapsed: float) -> Dividends:
    """The dividends some years later.

    Raises
    ------
    ValueError
        If one of them has been paid by then.
    """
    if dividends and not elapsed < dividends[0][0]:
        refuse("elapsed", f"be before the first ex-date, {dividends[0][0]:g} years", elapsed)
    return tuple((time - elapsed, paid) for time, paid in dividends)


def first_ex_date(law: LawWithDividends) -> float:
    """In years, infinite without dividends: before it the spot is lognormal."""
    return law.dividends[0][0] - SAME_DATE if law.dividends else np.inf


def need_lognormal(law: LawWithDividends, what: str, time: float) -> None:
    """Refuse what is known of lognormal spots only, at a date that dividends come before.

    Raises
    ------
    ValueError
        If an ex-date is not after `time`.
    """
    if not time < first_ex_date(law):
        refuse("time", f"be before the first ex-date ({law.dividends[0][0]:g} years) for {what} in closed form", time)


# -- dates -------------------------------------------------------------------------------------------------------------


@final
@dataclass(frozen=True, slots=True)
class Chain:
    """The dates of a payoff and the ex-dates among them, over which a path is stepped.

    Attributes
    ----------
    times : ndarray, shape (n_steps,)
        Ends of the steps, in years.
    seen : ndarray of int, shape (n_times,)
        Rows of the dates that the payoff sees.
    jumps : tuple of (int, int, float)
        Of every dividend paid by the last date: the row of its ex-date, its number, its amount.
    """

    times: FloatArray
    seen: AnyArray
    jumps: tuple[tuple[int, int, float], ...]


def chain(dividends: Dividends, grid: FloatArray) -> Chain:
    """The chain of some dates."""
    return _chain(dividends, tuple(grid.tolist()))


@remembered(64)  # the same on every chunk
def _chain(dividends: Dividends, times: tuple[float, ...]) -> Chain:
    paid = [(time, k) for k, (time, _) in enumerate(dividends) if time <= times[-1] + SAME_DATE]
    own = np.array(times)
    on = {k: int(np.argmin(np.abs(own - time))) for time, k in paid}
    at = {k: own[on[k]] if abs(own[on[k]] - time) <= SAME_DATE else time for time, k in paid}
    steps = np.unique([*times, *at.values()])
    jumps = tuple((int(np.searchsorted(steps, at[k])), k, dividends[k][1]) for _, k in paid)
    return Chain(steps, np.searchsorted(steps, own), jumps)


# -- the forward -------------------------------------------------------------------------------------------------------


def forward_jet(law: LawWithDividends, times: AnyArray) -> Jet | None:
    r"""Forward prices and their derivatives; None where the floor at zero is not negligible.

    .. math:: F_t = F^0_t\,\Bigl(1 - \sum_{t_k \le t} \frac{D_k}{F^0_{t_k}}\Bigr),

    with :math:`F^0` the forward without dividends. The floor adds at most puts on the spot without dividends, at the
    sum of all dividends: it is negligible where these are further out of the money than `NEGLIGIBLE` deviations.
    """
    if not law.dividends or np.max(times) < first_ex_date(law):
        return law._growing_jet(times)
    return _forward_jet(law, np.shape(times), tuple(np.ravel(times).tolist()))


@remembered(256)  # the same on every chunk
def _forward_jet(law: LawWithDividends, shape: tuple[int, ...], times: tuple[float, ...]) -> Jet | None:
    grid, x = np.reshape(times, shape), law.coordinates()
    paid = [(name, time) for name, (time, _) in zip(names(law.dividends), law.dividends, strict=True)
            if time <= grid.max() + SAME_DATE]  # fmt: skip
    if not _floor_is_negligible(law, np.array([time for _, time in paid])):
        return None
    growing = law._growing_jet(grid)
    gone = [x[name] * (grid >= time - SAME_DATE) / law._growing_jet(np.asarray(time)) for name, time in paid]
    return growing * (1.0 - sum(gone[1:], gone[0]))


def _floor_is_negligible(law: LawWithDividends, ex_dates: FloatArray) -> bool:
    total = sum(paid for _, paid in law.dividends[: len(ex_dates)])
    if not total:
        return True
    deviation = np.sqrt(np.cumsum(law._terms(ex_dates).variance.value[:, 0]))
    forwards = law._growing_jet(ex_dates).value
    return bool(np.all(np.log(forwards / total) / deviation - 0.5 * deviation > NEGLIGIBLE))


def forward(law: LawWithDividends, time: float) -> float:
    """Risk-neutral expectation of the spot at `time` (years).

    Raises
    ------
    ValueError
        If dividends may eat the spot up, so that it has no closed form.
    """
    jet = forward_jet(law, np.asarray(finite("time", time)))
    if jet is None:
        refuse("dividends", "be small beside the spot for a forward in closed form", law.dividends)
    return float(jet.value)
