r"""Curves on nodes, by one rule: what has accrued is linear between nodes, and from time 0 to the first.

With zero rates :math:`z_i` to the nodes :math:`t_i`, discount factors are :math:`e^{-A(t)}` where :math:`A` joins the
points :math:`(t_i, z_i t_i)` and the origin by straight lines. So forward rates are constant between nodes, the zero
rate before the first node is that of the node, and nothing is known beyond the last. Total variances are made likewise
of :math:`\sigma_i^2`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import final

import numpy as np

from .._checks import dates, finite, refuse
from .._typing import AnyArray, FloatArray

ROUNDING = 1e-12  # of the last node, by which a date may lie beyond it


def accrued(nodes: Sequence[float], means: Sequence[float] | AnyArray, times: AnyArray) -> FloatArray:
    """What a curve with these mean rates to its nodes has accrued by `times` (years); shape of `times`.

    Raises
    ------
    ValueError
        If a time lies beyond the last node.
    """
    if not np.all(np.asarray(times) <= nodes[-1] * (1.0 + ROUNDING)):
        refuse("times", f"lie on the curves, which end at {nodes[-1]:g} years", float(np.max(times)))
    return np.asarray(np.interp(times, (0.0, *nodes), (0.0, *np.multiply(means, nodes))))


def at_nodes(
    name: str,
    values: Sequence[float],
    nodes: Sequence[float],
    check: Callable[[str, object], float] = finite,
) -> tuple[float, ...]:
    """Values at nodes as floats, each checked, refused unless there is one for each node."""
    array = np.array(values) if {float} == set(map(type, values)) else np.zeros(0)
    if array.size and bool(np.isfinite(array).all()) and (check is finite or bool((array > 0.0).all())):
        found = tuple(array.tolist())  # the common case, of which laws are made by the thousand
    else:
        found = tuple(check(f"{name}[{i}]", value) for i, value in enumerate(values))
    if len(found) != len(nodes):
        refuse(name, f"hold one number for each of the {len(nodes)} times", found)
    return found


def left(nodes: Sequence[float], means: Sequence[float] | AnyArray, elapsed: float) -> FloatArray:
    """Mean rates from a later time, before the first node, to the nodes."""
    times, rates = np.array(nodes), np.asarray(means)
    return np.asarray(rates[0] + (rates - rates[0]) * times / (times - elapsed))


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Curves:
    r"""Zero rates and dividend yields that depend on the date, for a law whose rates only multiply its spot.

    The law has a constant rate and yield, those of the first nodes; the curves say what is added later. So a change of
    the law's own ``rate`` or ``dividend_yield`` is a parallel shift of the whole curve.

    Parameters
    ----------
    times : sequence of float, shape (n_nodes,)
        Nodes in years, increasing, > 0. Nothing is known beyond the last.
    zero_rates : sequence of float, shape (n_nodes,)
        To each node, continuously compounded, per year. Only their differences from the first count.
    dividend_times : sequence of float, optional
        Nodes of the dividend yields where they are others than `times`.
    dividend_yields : sequence of float
        To each of those, likewise.

    Raises
    ------
    ValueError
        If the nodes do not increase, the lengths differ, or a number is not finite.

    Examples
    --------
    >>> import likelihood_greeks as lg
    >>> curves = lg.Curves(times=[0.5, 1.0], zero_rates=[0.01, 0.02], dividend_yields=[0.0, 0.0])
    >>> curves.rates(1.0).round(6).item()  # 0.02 - 0.01: what accrues in a year beyond a rate of one per cent
    0.01
    """

    times: tuple[float, ...]
    zero_rates: tuple[float, ...]
    dividend_yields: tuple[float, ...]
    dividend_times: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "times", dates("times", self.times))
        own = dates("dividend_times", self.dividend_times) if len(self.dividend_times) else self.times
        object.__setattr__(self, "dividend_times", own)
        object.__setattr__(self, "zero_rates", at_nodes("zero_rates", self.zero_rates, self.times))
        object.__setattr__(self, "dividend_yields", at_nodes("dividend_yields", self.dividend_yields, own))

    def rates(self, times: AnyArray | float) -> FloatArray:
        """What accrues by `times` beyond the rate of the first node: minus the logarithm of a discount factor."""
        return _beyond_first(self.times, self.zero_rates, np.asarray(times))

    def carry(self, times: AnyArray | float) -> FloatArray:
        """Logarithm of the forward over that of a law with the rate and the yield of the first nodes."""
        return self.rates(times) - _beyond_first(self.dividend_times, self.dividend_yields, np.asarray(times))

    def later(self, elapsed: float) -> Curves:
        """The curves some years later (earlier if negative), where they are in the calendar.

        Raises
        ------
        ValueError
            If `elapsed` is not before the first node.
        """
        first = min(self.times[0], self.dividend_times[0])
        if not finite("elapsed", elapsed) < first:
            refuse("elapsed", f"be before the first node, {first:g} years", elapsed)
        return Curves(
            times=tuple((np.array(self.times) - elapsed).tolist()),
            zero_rates=tuple(left(self.times, self.zero_rates, elapsed).tolist()),
            dividend_times=tuple((np.array(self.dividend_times) - elapsed).tolist()),
            dividend_yields=tuple(left(self.dividend_times, self.dividend_yields, elapsed).tolist()),
        )


def _beyond_first(nodes: tuple[float, ...], means: tuple[float, ...], times: AnyArray) -> FloatArray:
    """What a curve accrues less what its first rate would: exactly zero up to the first node."""
    return accrued(nodes, np.subtract(means, means[0]), times)
