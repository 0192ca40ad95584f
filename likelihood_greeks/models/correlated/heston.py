"""Several assets under Heston's model, each with a variance of its own, whose spots are correlated beside these."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, final

import numpy as np
import pandas as pd

from ..._checks import dates
from ..._typing import FloatArray
from ...parameters import NAMED, TIME, Derivative
from ...streams.chunks import Stream
from .. import by_moves
from ..heston.law import Heston
from ..local_volatility import chain as chains
from ..local_volatility.chain import Chain
from ..memo import Memo
from ..moves import LIKELIHOOD_RATIO, NONE, StateSteps
from ..protocol import Paths
from ..state_joint_moves import JointStateSteps, Meaning, StateJointMoves
from . import correlations
from .greeks import COMMON, of_pairs
from .naming import meaning, members_of
from .one_discounting import need_one_discounting
from .stepwise import Stepwise

OWN = ("spot", "initial_variance", "mean_reversion", "long_run_variance", "vol_of_vol", "correlation", "dividend_yield")
"""Parameters that every asset has of its own."""

STEPS = 24
"""A year: a correlation then acts as one that is about 1 % greater (`CorrelatedHeston`)."""

KEPT = ("log_spot", "variance", "integrated_variance", "log_gamma")
"""What paths of a member hold beside its spot."""


@final
@dataclass(frozen=True, slots=True)
class CorrelatedHeston(Stepwise):
    r"""Several assets under Heston's model: spots correlated, each with its own variance, risk-neutral measure.

    .. math:: d\log S^j = (r - q^j - \tfrac12 v^j)\,dt
              + \sqrt{v^j}\,\bigl(\rho_j\,dW^j + \sqrt{1 - \rho_j^2}\,dB^j\bigr), \qquad
              d\langle B^j, B^k\rangle = \rho_{jk}\,dt

    with :math:`W^j` that drives the variance :math:`v^j` independent of all else.

    Parameters
    ----------
    members : mapping of str to Heston
        The law of every asset by its name, in the order in which payoffs see them; of the same discount factors.
    correlation : mapping of (str, str) to float, or pandas.DataFrame
        Of every pair, in any order of its names: of what moves two spots beside their variances. That of the spots
        themselves (`spot_correlation`) is :math:`\sqrt{1 - \rho_j^2}\sqrt{1 - \rho_k^2}\,\rho_{jk}`.
    steps : int
        A year, at least: between two of their ends every asset is drawn from its own law, exactly but for the bias of
        `Heston.substeps`, and what moves the spots beside their variances is normal with that correlation.

    Raises
    ------
    ValueError
        If a pair is missing or unknown, the matrix of correlations is not positive definite, or the members discount
        differently.
    TypeError
        If a member is no `Heston`.

    Notes
    -----
    Every asset alone has the law of its member. Over a step of length D two spots have the covariance
    :math:`\rho\sqrt{I^j I^k}` given the integrated variances, in place of :math:`\rho\int\sqrt{v^j v^k}\,dt`, which is
    less, by about :math:`\tfrac1{48}(\xi_j^2 / v^j + \xi_k^2 / v^k)\,D` of it.

    Coordinates and Greeks carry the asset: ``"spot[A]"``, ``"initial_variance[A]"``, ``"correlation[A]"`` (of the spot
    with its variance), ``"delta[A]"``, ``"vega[A]"`` (in the initial volatility), ``"cross_gamma[A,B]"``,
    ``"correlation[A,B]"``. All steps are scored; second derivatives have the weights of the likelihood ratio.

    References
    ----------
    .. [1] M. Broadie and Ö. Kaya, "Exact simulation of stochastic volatility and other affine jump diffusion
       processes", *Operations Research* 54 (2006), 217-231.

    Examples
    --------
    >>> import likelihood_greeks as lg
    >>> stock = lg.Heston(
    ...     spot=100.0, initial_variance=0.06, mean_reversion=2.0, long_run_variance=0.06, vol_of_vol=0.5,
    ...     correlation=-0.4, rate=0.03,
    ... )
    >>> law = lg.CorrelatedHeston({"A": stock, "B": stock}, correlation={("A", "B"): 0.6})
    >>> round(float(law.spot_correlation.loc["A", "B"]), 3)
    0.504
    >>> payoff = lg.WorstOf(lg.Put(1.0, maturity=1.0), reference={"A": 100.0, "B": 100.0})
    >>> list(lg.greeks(law, payoff, ["delta", "vega"], paths=1024, seed=1))
    ['price', 'delta[A]', 'delta[B]', 'vega[A]', 'vega[B]']
    """

    kinds: ClassVar[tuple[str, ...]] = OWN

    members: Any
    correlation: Any = None
    steps: int = STEPS
    elapsed: float = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "members", _members(self.members))
        object.__setattr__(self, "correlation", correlations.read(self.correlation, self.assets))
        object.__setattr__(self, "steps", chains.checked(self.steps))
        correlations.need_constant(self.correlation, "stochastic variances")
        need_one_discounting(self.members)

    # -- what it is ------------------------------------------------------------------------------------------------

    @property
    def laws(self) -> tuple[Heston, ...]:
        """Their laws, in the same order."""
        return tuple(law for _, law in self.members)

    @property
    def spot_correlation(self) -> pd.DataFrame:
        """The instantaneous correlations of the spots as a table."""
        beside = np.sqrt([1.0 - law.correlation**2 for law in self.laws])
        found = self.correlation_matrix * np.outer(beside, beside)
        return found.mask(np.eye(len(beside), dtype=bool), 1.0)

    @property
    def parameters(self) -> tuple[str, ...]:
        """Names of the parameters."""
        return tuple(name for name in self._known() if name != TIME)

    @property
    def direct_parameters(self) -> tuple[str, ...]:
        """Those that act on the spots alone."""
        variance = OWN[1:5]
        return tuple(name for name in self.parameters if name.partition("[")[0] not in variance)

    def _known(self) -> dict[str, Meaning]:
        """What its coordinates are."""
        return meaning(self.assets, OWN)

    def value_of(self, name: str) -> float:
        """The value of a parameter."""
        return self._value(*self._known()[name])

    def as_fields(self, values: Mapping[str, float]) -> dict[str, Any]:
        """Values of parameters as the fields that hold them."""
        moved = self._changed(values, lambda law, change: replace(law, **change))
        return {"members": moved, "correlation": self._between(values)}

    def named_greeks(self) -> Mapping[str, Mapping[Derivative, float]]:
        """The Greeks of every asset and pair by name."""
        found = dict[str, Mapping[Derivative, float]]()
        for asset, law in self.members:
            usual = {greek: {of: 1.0} for greek, of in NAMED.items() if of and set(of) <= {*OWN, *COMMON}}
            for greek, terms in {**usual, **law.named_greeks()}.items():
                if not all(set(of) <= set(COMMON) for of in terms):
                    found[f"{greek}[{asset}]"] = {_of(asset, of): factor for of, factor in terms.items()}
        return {**found, **of_pairs(self.assets)}

    def later(self, elapsed: float) -> CorrelatedHeston:
        """The law some years later (earlier if negative), steps and curves where they are in the calendar."""
        members = {name: law.later(elapsed) for name, law in self.members}
        return replace(self, members=members, elapsed=self.elapsed + elapsed)

    # -- the law ---------------------------------------------------------------------------------------------------

    def chain(self, times: Sequence[float] | FloatArray) -> Chain:
        """The steps to the last of some dates (years, increasing, > 0)."""
        return chains.chain(self.steps, dates("times", times), self.elapsed)

    def steps_and_work(self, times: Sequence[float] | FloatArray) -> tuple[int, float]:
        """Steps of all assets to the last of some dates, and the work of drawing and weighing them."""
        ends = self.chain(times).times
        return len(ends) * len(self.members), sum(law.work_beneath(ends) + len(ends) for law in self.laws)

    def hand_over_rates(self, times: Sequence[float] | FloatArray) -> tuple[float, ...]:
        """Rates at which changes of the variances are handed to the measure: those of the members over many dates."""
        first = max(law.hand_over_rates((0.5, 1.0))[0] for law in self.laws)
        return (first, 0.0, LIKELIHOOD_RATIO)

    def work_beneath(self, times: Sequence[float] | FloatArray) -> float:
        """Work that a path costs beneath the spots, in that of a date of a geometric Brownian motion."""
        return sum(law.work_beneath(self.chain(times).times) for law in self.laws)

    def simulate(self, times: Sequence[float] | FloatArray, stream: Stream) -> Paths:
        """Draw paths.

        Parameters
        ----------
        times : sequence of float, shape (n_times,)
            Year fractions, increasing, > 0.
        stream : Stream
            Gives ``brownians(times, n_assets)``, a row a step, and a generator.

        Returns
        -------
        Paths
            ``spot`` of shape (n_assets, n_times, n_paths); what `Heston.simulate` keeps of every asset is in
            ``latent``, under ``"variance[A]"`` and so on, and its sub-steps, asset by asset, in ``substeps``.
        """
        grid = np.asarray(dates("times", times))
        known = self.chain(grid)
        motions = self._motions(known.times, stream)
        own = [law.simulate(known.times, _Alone(stream, z)) for law, z in zip(self.laws, motions, strict=True)]
        latent = {
            f"{kept}[{name}]": one.latent[kept] for name, one in zip(self.assets, own, strict=True) for kept in KEPT
        }
        counts = tuple(count for one in own for count in one.substeps)
        spot = np.stack([one.spot[known.seen] for one in own])
        return Paths(grid, spot, latent, counts, _Memo(self, spot, grid, tuple(own)))

    def _alone(self, paths: Paths) -> tuple[Paths, ...]:
        """The paths of every asset over all steps."""
        if isinstance(paths.memo, _Memo) and paths.memo.holds(self, paths):
            return paths.memo.own
        ends = self.chain(paths.times).times
        counts = np.reshape(paths.substeps, (len(self.members), len(ends)))
        kept = [{key: paths.latent[f"{key}[{name}]"] for key in KEPT} for name in self.assets]
        pairs = zip(kept, counts.tolist(), strict=True)
        return tuple(Paths(ends, np.exp(own["log_spot"]), own, tuple(steps)) for own, steps in pairs)

    def moves(self, paths: Paths) -> StateJointMoves:
        """How the log-spots moved over the steps, with all derivatives, the variances' shares among them."""
        known = self.chain(paths.times)
        path = StateSteps(NONE, NONE, times=known.times, seen=known.seen)
        own = tuple(
            replace(law.moves(one), path=path, _known={})
            for law, one in zip(self.laws, self._alone(paths), strict=True)
        )
        return StateJointMoves(own, self._matrix, self._known(), JointStateSteps(known.times, known.seen))

    def log_density(self, paths: Paths) -> FloatArray:
        """Joint log-density of all that was drawn: variances, integrated variances and spots; shape (n_paths,)."""
        found = self.moves(paths).log_density
        for law, one in zip(self.laws, self._alone(paths), strict=True):
            found = found + law.log_density_beneath(one) - one.latent["log_spot"].sum(axis=0)
        return np.asarray(found)

    score, hessian = by_moves.score, by_moves.hessian


@final
@dataclass(frozen=True, slots=True, eq=False)
class _Memo(Memo):
    """What a law drew."""

    own: tuple[Paths, ...]


@final
@dataclass(frozen=True, slots=True, eq=False)
class _Alone:
    """A stream as one asset sees it: the motion of its spot is given."""

    whole: Stream
    motion: FloatArray

    @property
    def n_paths(self) -> int:
        """Those of the stream."""
        return self.whole.n_paths

    @property
    def n_samples(self) -> int:
        """Those of the stream."""
        return self.whole.n_samples

    @property
    def generator(self) -> Any:
        """That of the stream."""
        return self.whole.generator

    def normals(self, rows: int) -> FloatArray:
        """Those of the stream."""
        return self.whole.normals(rows)

    def uniforms(self, rows: int) -> FloatArray:
        """Those of the stream."""
        return self.whole.uniforms(rows)

    def brownian(
        self, times: Sequence[float] | FloatArray, beneath: FloatArray = NONE, ranks: Sequence[int] = ()
    ) -> FloatArray:
        """The given normals, shape (n_times, n_paths)."""
        return self.motion.copy()

    def brownians(self, times: Sequence[float] | FloatArray, count: int) -> FloatArray:
        """Those of the stream."""
        return self.whole.brownians(times, count)


def _of(asset: str, derivative: Derivative) -> Derivative:
    """A derivative of a law alone as one of the set."""
    return tuple(name if name in COMMON else f"{name}[{asset}]" for name in derivative)


def _members(given: Any) -> tuple[tuple[str, Heston], ...]:
    """The members in their order, checked."""
    found = members_of(given)
    for name, law in found:
        if not isinstance(law, Heston):
            raise TypeError(f"members[{name!r}] must be a Heston, got {law!r}")
    return found
