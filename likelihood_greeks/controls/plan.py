"""What the pilot decides about one payoff: which controls it gets, with which coefficients, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import final

import numpy as np

from .._typing import AnyArray, FloatArray
from ..estimators.likelihood_ratio import Combination
from ..scouted import FAINT, Scouted
from .handed_over import HandedOver
from .line_integrated import LineIntegrated
from .protocol import Control, Load, Scene, cost
from .regression import Fit, Products, alone, fit, refused, remaining
from .selection import choose
from .sharing import Sharing, less

SAME = 1e-10
"""What rounding may leave of samples whose terms cancel: a share of these or of what they all are, if that is more."""

NOTHING_PAYS = "no control pays for its cost: plain likelihood ratio"


@final
@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """The controls of one payoff.

    Attributes
    ----------
    fit : Fit
        Coefficients of the free controls, then of `specific`.
    specific : tuple of Control
        Controls made for this payoff.
    remarks : tuple of str
        What was decided and why.
    paths : int
        Samples that the pilot drew for it.
    scouted : Scouted, optional
        What scouts say of the variance of controlled samples, shape (n_greeks,); of buckets behind them.
    sharing : Sharing, optional
        How buckets are controlled.
    whole : ndarray, shape (n_greeks,), optional
        If all is integrated along a line that leaves nothing, so that samples are the same on every path there is: the
        rounding errors of that.
    """

    fit: Fit
    specific: tuple[Control, ...] = ()
    remarks: tuple[str, ...] = ()
    paths: int = 0
    scouted: Scouted | None = None
    sharing: Sharing | None = None
    whole: FloatArray | None = None

    @property
    def empty(self) -> bool:
        """Whether it uses no control."""
        return not self.fit.coefficients.any()

    @property
    def used(self) -> FloatArray:
        """Which of the payoff's own controls serve which Greek, bool of shape (n_greeks, n_specific)."""
        own = self.fit.coefficients.shape[1] - len(self.specific)
        return np.asarray(self.fit.coefficients[:, own:] != 0.0)

    @property
    def relaxes(self) -> AnyArray:
        """Which Greeks are controlled by a payoff whose jumps are relaxed, bool of shape (n_greeks,)."""
        relaxed = [
            isinstance(control, HandedOver) and control.relaxation is not None and control.relaxation.smooths_jumps
            for control in self.specific
        ]
        return np.asarray(self.used[:, relaxed].any(axis=1))

    def unseen(self, controlled: FloatArray, plain: FloatArray) -> AnyArray:
        """Of which Greeks a relaxation leaves nothing on paths that lie on both sides of a jump, bool (n_greeks,).

        Then none of the paths, samples of shape (n_greeks, n_samples), the price first, was where the payoff is
        relaxed: all that the Greek is made of has not been met.
        """
        nothing = np.abs(controlled).max(axis=1) <= FAINT * np.abs(plain).max(axis=1)
        return np.asarray(nothing[: len(self.relaxes)] & self.relaxes & (np.ptp(plain[0]) > 0.0))

    def restricted(self, served: AnyArray) -> Plan:
        """The plan without the controls of some Greeks; `served` is bool of shape (n_greeks,)."""
        if np.all(served | ~self.fit.coefficients.any(axis=1)):
            return self
        none, keep = refused(self.fit), served[:, None]
        fitted = Fit(
            np.where(keep, self.fit.coefficients, none.coefficients),
            np.where(served, self.fit.gain, none.gain),
            np.where(keep, self.fit.contribution, none.contribution),
        )
        return replace(self, fit=fitted, whole=None)

    def combined(self, scene: Scene, combinations: Sequence[Combination]) -> FloatArray:
        """The payoff's own controls times their coefficients, Greek by Greek, shape (n_greeks, n_paths)."""
        own = self.fit.coefficients[:, self.fit.coefficients.shape[1] - len(self.specific) :]
        found: FloatArray | None = None
        for control, column in zip(self.specific, own.T, strict=True):
            served = np.flatnonzero(column).tolist()
            if len(served) == len(column):
                part = column[:, None] * control.samples(scene, combinations)
                found = part if found is None else np.add(found, part, out=found)
            elif len(served):
                found = np.zeros((len(column), scene.drawn.spot.shape[-1])) if found is None else found
                found[served] += column[served, None] * control.samples(scene, [combinations[g] for g in served])
        return np.zeros((len(combinations), scene.drawn.spot.shape[-1])) if found is None else found

    def without(self, plain: FloatArray, free: FloatArray, combined: FloatArray) -> FloatArray:
        """Controlled samples, from plain ones, the free controls' and what is `combined`; (n_greeks, n_samples)."""
        result = plain - combined
        less(result, self.fit.coefficients[:, : len(free)], free, result)
        return np.asarray(result)

    def applied(
        self, plain: FloatArray, free: FloatArray, own: FloatArray, out: FloatArray | None = None
    ) -> FloatArray:
        """Controlled samples, from plain samples and the controls' samples; shape (n_greeks, n_samples)."""
        count = len(free)
        result = np.empty_like(plain) if out is None else out
        less(plain, self.fit.coefficients[:, :count], free, result)
        for row, coefficients, samples in zip(result, self.fit.coefficients[:, count:], own, strict=True):
            if coefficients.any():
                np.subtract(row, coefficients @ samples, out=row)
        return result


@final
@dataclass(frozen=True, slots=True, eq=False)
class Choice:
    """The controls chosen for one payoff, before their coefficients are fitted.

    Attributes
    ----------
    specific : tuple of Control
    products : Products
        What the pilot has seen of them so far.
    allowed : ndarray of bool, shape (n_greeks, n_free)
        Which free controls serve which Greek.
    load : Load
        Of a plain path.
    remark : str
    whole : ndarray, shape (n_greeks,), optional
        If the one control leaves nothing, so that there is nothing to be fitted: its rounding errors.
    """

    specific: tuple[Control, ...]
    products: Products
    allowed: FloatArray
    load: Load
    remark: str = ""
    whole: FloatArray | None = None

    @property
    def left(self) -> FloatArray:
        """Shares of the Greeks' variances that the controls leave, shape (n_greeks,); 0 where there is none."""
        own = np.ones((len(self.allowed), len(self.specific)), dtype=bool)
        return remaining(self.products, np.concatenate([self.allowed, own], axis=1))

    def planned(self, more: Products | None = None) -> Plan:
        """The plan, with coefficients from all that the pilot has seen, `more` included."""
        own = np.ones((len(self.allowed), len(self.specific)), dtype=bool)
        seen = self.products.merge(more) if more else self.products
        remarks = (self.remark,) if self.remark else ()
        if self.whole is not None:
            return Plan(alone(seen), self.specific, remarks, seen.size, whole=self.whole)
        fitted = fit(seen, np.concatenate([self.allowed, own], axis=1))
        if np.log(fitted.gain).mean() < np.log(cost(self.specific, self.load)):
            why = (NOTHING_PAYS,) if self.specific else (*remarks, NOTHING_PAYS)
            return Plan(refused(fitted).first(self.allowed.shape[1]), remarks=why, paths=seen.size)
        return Plan(fitted, self.specific, remarks, seen.size)


def integrated_whole(
    line: LineIntegrated,
    load: Load,
    allowed: FloatArray,
    rounding: FloatArray,
    seen: Sequence[tuple[Products, FloatArray, FloatArray]],
) -> Choice | None:
    """The choice of a line alone that leaves nothing but rounding; None if it leaves more on the pilot's draws.

    `seen` has the products of each lot of draws, the plain samples and the line's, both of shape (n_greeks, n_samples).
    What is left is judged by the samples themselves: a difference of their variances drowns in its own rounding.
    """
    plain = np.concatenate([samples for _, samples, _ in seen], axis=1)
    left = plain - np.concatenate([samples for *_, samples in seen], axis=1)
    size = np.maximum(np.abs(plain).max(axis=1), np.abs(left).max(axis=1))
    if not (np.ptp(left, axis=1) <= SAME * size).all():
        return None
    products = reduce(Products.merge, [part for part, *_ in seen])
    work = f"all is integrated exactly; a path costs about {cost([line], load):.1f} plain"
    return Choice((line,), products, allowed, load, work, rounding)


def explained(choice: Choice, price: int) -> Choice:
    """The choice with what its lines explain among its remarks: the share of the price's variance along them."""
    own, covariance = choice.allowed.shape[1], choice.products.covariance()[price]
    lines = [(own + k, c.direction) for k, c in enumerate(choice.specific) if isinstance(c, LineIntegrated)]
    shares = {way: covariance[k, k] / covariance[-1, -1] for k, way in lines if covariance[-1, -1] > 0.0}
    said = [f"{min(share, 1.0):.0%} of the price's variance lies along {way}" for way, share in shares.items()]
    return replace(choice, remark="; ".join(filter(None, [choice.remark, *said])))


def chosen(offers: Sequence[Control], why_not: str, load: Load, products: Products, allowed: FloatArray) -> Choice:
    """The offers that pay, judged by their products with the Greeks; `why_not` says why there are no offers."""
    n_free = allowed.shape[1]
    picked = choose(offers, load, products, allowed) if offers else []
    kept = products.restricted([*range(n_free), *(n_free + j for j in picked)])
    if not picked:
        nothing = "no relaxation or known price pays for its cost: the free controls serve as well"
        return Choice((), kept, allowed, load, "; ".join(filter(None, [why_not, nothing if offers else ""])))
    specific = tuple(offers[j] for j in picked)
    work = f"a path costs about {cost(specific, load):.1f} plain"
    pay = f"{len(picked)} of {len(offers)} controls of its own pay; {work}"
    return Choice(specific, kept, allowed, load, "; ".join(filter(None, [why_not, pay])))
