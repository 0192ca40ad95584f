"""Several assets, each under a local volatility of its own, whose Brownian motions have constant correlations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, final

import numpy as np

from ..._checks import dates, refuse
from ..._remembered import remembered
from ..._typing import FloatArray
from ...parameters import TIME, Derivative
from ...streams.chunks import Stream
from .. import by_moves
from ..local_volatility import chain as chains
from ..local_volatility.chain import SAME_DATE, Chain, Steps
from ..local_volatility.law import LocalVolatility
from ..local_volatility.walk import STATE, VOLATILITY, Walked, state_of
from ..memo import Memo
from ..protocol import Paths
from ..state_joint_moves import JointStateSteps, StateJointMoves
from . import correlations
from .greeks import named_greeks
from .naming import meaning, members_of
from .one_discounting import need_one_discounting
from .stepwise import Stepwise


@final
@dataclass(frozen=True, slots=True)
class CorrelatedLocalVolatility(Stepwise):
    r"""Several assets under local volatilities, with Brownian motions of constant correlation: log-Euler chains.

    .. math:: \log S^j_i = \log S^j_{i-1} + \bigl(r - q^j - \tfrac12 (\sigma^j_i)^2\bigr)\Delta_i
              + \sigma^j_i\sqrt{\Delta_i}\,Z^j_i, \qquad \operatorname{corr}(Z^j_i, Z^k_i) = \rho_{jk}

    Parameters
    ----------
    members : mapping of str to LocalVolatility
        The law of every asset by its name, in the order in which payoffs see them; of the same discount factors, and
        counted from the same date. All have so many steps a year (then there are as many as the most of them asks for),
        or all have given ones (then all of these are the steps).
    correlation : mapping of (str, str) to float, or pandas.DataFrame
        Of every pair, in any order of its names, between -1 and 1; or a table with the names on both axes.

    Raises
    ------
    ValueError
        If a pair is missing or unknown, the matrix of correlations is not positive definite, or the members pay cash
        dividends, discount differently, are counted from other dates, or have given steps and so many a year.
    TypeError
        If a member is no `LocalVolatility`.

    Notes
    -----
    Coordinates and Greeks carry the asset, as those of `CorrelatedGBM`: ``"delta[A]"``, ``"cross_gamma[A,B]"``,
    ``"correlation[A,B]"``. Payoffs see spots of shape (n_assets, n_times, n_paths). All steps are scored. At fixed
    normals every asset moves on its own, so changes are handed from the path to the measure as for one asset.

    References
    ----------
    .. [1] P. Glasserman, *Monte Carlo Methods in Financial Engineering*, Springer, 2003, sections 6.1 (Euler's scheme
       for vectors) and 7.3 (scores).

    Examples
    --------
    >>> import likelihood_greeks as lg
    >>> skewed = lg.LocalVolatility(spot=100.0, volatility=lambda t, s: 0.2 * (s / 100.0) ** -0.5, rate=0.03, steps=12)
    >>> law = lg.CorrelatedLocalVolatility({"A": skewed, "B": skewed}, correlation={("A", "B"): 0.5})
    >>> payoff = lg.WorstOf(lg.Put(1.0, maturity=1.0), reference={"A": 100.0, "B": 100.0})
    >>> result = lg.greeks(law, payoff, ["delta", "correlation"], paths=4096, seed=1)
    >>> list(result)
    ['price', 'delta[A]', 'delta[B]', 'correlation[A,B]']
    """

    members: Any
    correlation: Any = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "members", _members(self.members))
        object.__setattr__(self, "correlation", correlations.read(self.correlation, self.assets))
        correlations.need_constant(self.correlation)
        _need_one_clock(self.members)
        need_one_discounting(self.members)

    # -- what it is ------------------------------------------------------------------------------------------------

    @property
    def laws(self) -> tuple[LocalVolatility, ...]:
        """Their laws, in the same order."""
        return tuple(law for _, law in self.members)

    @property
    def parameters(self) -> tuple[str, ...]:
        """Names of the parameters."""
        return tuple(name for name in meaning(self.assets) if name != TIME)

    def value_of(self, name: str) -> float:
        """The value of a parameter; of a volatility its shift, of the rate that to the first node."""
        return self._value(*meaning(self.assets)[name])

    def as_fields(self, values: Mapping[str, float]) -> dict[str, Any]:
        """Values of parameters as the fields that hold them."""
        moved = self._changed(values, lambda law, change: replace(law, **law.as_fields(change)))
        return {"members": moved, "correlation": self._between(values)}

    def named_greeks(self) -> Mapping[str, Mapping[Derivative, float]]:
        """The Greeks of every asset and pair by name."""
        return named_greeks(self.assets)

    def later(self, elapsed: float) -> CorrelatedLocalVolatility:
        """The law some years later (earlier if negative), surfaces, steps and curves where they are in the calendar."""
        return replace(self, members={name: law.later(elapsed) for name, law in self.members})

    # -- nodes of grids --------------------------------------------------------------------------------------------

    def _law_of(self, shift: str) -> LocalVolatility | None:
        """The member whose volatility a parameter shifts, if it does."""
        kind, places = meaning(self.assets)[shift]
        return self.laws[places[0]] if kind == VOLATILITY else None

    def nodes(self, shift: str) -> tuple[float, ...]:
        """The times of the nodes, or quotes, of the asset whose volatility a parameter shifts; else none."""
        own = self._law_of(shift)
        return own.nodes(VOLATILITY) if own is not None else ()

    def node_labels(self, shift: str) -> tuple[str, ...]:
        """The nodes in words: spot, or strike, and time (years)."""
        own = self._law_of(shift)
        return own.node_labels(VOLATILITY) if own is not None else ()

    def split(self, shifts: Sequence[str]) -> CorrelatedLocalVolatility:
        """The same law: its moves know all nodes."""
        return self

    # -- the law ---------------------------------------------------------------------------------------------------

    def chain(self, times: Sequence[float] | FloatArray) -> Chain:
        """The steps to the last of some dates (years, increasing, > 0)."""
        breaks = tuple(sorted({each for law in self.laws for each in law.breaks}))
        return chains.chain(_steps(self.laws), dates("times", times), self.laws[0].elapsed, breaks)

    def steps_and_work(self, times: Sequence[float] | FloatArray) -> tuple[int, float]:
        """Steps of all assets to the last of some dates, and the work of drawing and weighing them."""
        count, work = len(self.chain(times).times), sum(law.work_a_step for law in self.laws)
        return count * len(self.members), count * work

    def simulate(self, times: Sequence[float] | FloatArray, stream: Stream) -> Paths:
        """Draw paths step by step.

        Parameters
        ----------
        times : sequence of float, shape (n_times,)
            Year fractions, increasing, > 0.
        stream : Stream
            Gives ``brownians(times, n_assets)``, a row a step.

        Returns
        -------
        Paths
            ``spot`` of shape (n_assets, n_times, n_paths); the states after all steps are in ``latent``.
        """
        grid = np.asarray(dates("times", times))
        known = self.chain(grid)
        motions = self._motions(known.times, stream)
        walked = tuple(law.dynamics(known).walked(own) for law, own in zip(self.laws, motions, strict=True))
        state = np.stack([one.state for one in walked])
        spot = np.exp(state[:, known.seen])
        return Paths(grid, spot, {STATE: state}, memo=_Memo(self, spot, grid, walked))

    def moves(self, paths: Paths) -> StateJointMoves:
        """How the log-spots moved over the steps, with all derivatives, and how that depends on where they started."""
        known, memo = self.chain(paths.times), paths.memo
        if isinstance(memo, _Memo) and memo.holds(self, paths):
            walked = memo.walked
        else:
            state = state_of(known, paths)
            walked = tuple(law.dynamics(known).along(own) for law, own in zip(self.laws, state, strict=True))
        own = tuple(law.moves_of(known, one) for law, one in zip(self.laws, walked, strict=True))
        return StateJointMoves(own, self._matrix, meaning(self.assets), JointStateSteps(known.times, known.seen))

    def log_density(self, paths: Paths) -> FloatArray:
        """Log-density of the spots after all steps, shape (n_paths,)."""
        known = self.chain(paths.times)
        return np.asarray(self.moves(paths).log_density - state_of(known, paths).sum(axis=(0, 1)))

    score, hessian = by_moves.score, by_moves.hessian


@final
@dataclass(frozen=True, slots=True, eq=False)
class _Memo(Memo):
    """What a law drew."""

    walked: tuple[Walked, ...]


@remembered(64)
def _steps(laws: tuple[LocalVolatility, ...]) -> Steps:
    """The steps of all: the most a year, or all that are given, up to the first end of them."""
    counts, given = [], list[tuple[float, ...]]()
    for law in laws:
        own = law.own_steps
        if isinstance(own, int):
            counts.append(own)
        else:
            given.append(own)
    if not given:
        return max(counts)
    last = min(one[-1] for one in given)
    every = np.array(sorted({time for one in given for time in one if time <= last + SAME_DATE}))
    return tuple(every[np.append(True, np.diff(every) > SAME_DATE)].tolist())


def _members(given: Any) -> tuple[tuple[str, LocalVolatility], ...]:
    """The members in their order, checked."""
    found = members_of(given)
    for name, law in found:
        if not isinstance(law, LocalVolatility):
            raise TypeError(f"members[{name!r}] must be a LocalVolatility, got {law!r}")
        if law.dividends:
            refuse(f"members[{name!r}]", "pay no cash dividends: give a dividend yield", law.dividends)
    return found


def _need_one_clock(members: tuple[tuple[str, LocalVolatility], ...]) -> None:
    """Refuse members that are counted from other dates, or have steps of both kinds."""
    first, *others = members
    for name, law in others:
        if law.elapsed != first[1].elapsed:
            refuse(f"members[{name!r}]", f"have the elapsed time of {first[0]!r}, {first[1].elapsed:g}", law.elapsed)
        if isinstance(law.own_steps, int) != isinstance(first[1].own_steps, int):
            kind = "so many steps a year" if isinstance(first[1].own_steps, int) else "given steps"
            refuse(f"members[{name!r}]", f"have {kind} as {first[0]!r} has", law.steps)
