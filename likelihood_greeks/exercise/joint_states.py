"""Functions of several spots at one date, and noise of several moves, for what is to come to be regressed on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np
from scipy import special

from .._typing import FloatArray

QUANTILES = (0.3, 0.6, 0.85)  # of the highest spot, about which what is to come may bend
LEAST = 0.15  # smoothing of what jumps, in spreads of the log-spots


@final
@dataclass(frozen=True, slots=True, eq=False)
class JointStates:
    """Powers of standardised log-spots, and how likely each is to end up highest or lowest.

    Attributes
    ----------
    centres : ndarray, shape (n_assets,)
        Of the log-spots.
    scale : float
        Of the log-spots; zero says that they are all the same.
    ahead : float
        Typical size of the moves to come, in that scale.
    bends : tuple of float
        Standardised log-spots about which the highest and the lowest may bend.
    """

    centres: FloatArray
    scale: float
    ahead: float = 1.0
    bends: tuple[tuple[float, float], ...] = ()

    @classmethod
    def of(cls, spot: FloatArray, references: FloatArray | None, remaining: float) -> JointStates:
        """Functions to suit spots of shape (n_assets, n_paths), the time to come being so many times the time gone."""
        centres, scale = placed(spot, references)
        x = (np.log(spot) - centres[:, None]) / scale
        ends = (np.quantile(extreme, QUANTILES) for extreme in (x.max(axis=0), x.min(axis=0)))
        return cls(centres, scale, max(float(np.sqrt(remaining)), LEAST), tuple(map(tuple, np.transpose([*ends]))))

    def values(self, spot: FloatArray) -> FloatArray:
        """Functions of the state, shape (n_functions, n_paths)."""
        if not self.scale > 0.0:
            return np.ones((1, spot.shape[1]))
        x = (np.log(spot) - self.centres[:, None]) / self.scale
        ranked = np.sort(np.exp(self.scale * x), axis=0)
        first, second, lowest = ranked[-1], ranked[-2], ranked[0]
        powers = [np.ones_like(first), first, first**2, first**3, second, first * second, second**2]
        powers += [lowest, lowest**2] if len(spot) > 2 else []
        return np.concatenate([np.stack(powers), self._bent(x.max(axis=0), 0), self._bent(x.min(axis=0), 1), x, x * x])

    def noise(self, spot: FloatArray, normals: FloatArray) -> FloatArray:
        """Functions of mean zero given the spots, shape (n_noises, n_paths), of moves and of independent normals."""
        count = len(spot)
        moves, independent = normals[:count], normals[count:]
        pairs = np.stack([independent[i] * independent[j] - (i == j) for i in range(count) for j in range(i, count)])
        if not self.scale > 0.0:
            return np.concatenate([moves, pairs])
        x = (np.log(spot) - self.centres[:, None]) / self.scale
        highest, lowest = self._chances(x), self._chances(-x)
        own = [np.stack([np.ones_like(x), x, highest, lowest])]
        top, bottom = self._bent(x.max(axis=0), 0), self._bent(x.min(axis=0), 1)
        size = np.exp(self.scale * x)
        own.append(
            np.stack([size * highest, size * lowest, *(size * highest * b for b in top), *(lowest * b for b in bottom)])
        )
        linear = (np.concatenate(own) * moves).reshape(-1, spot.shape[1])
        common = np.concatenate([np.ones((1, spot.shape[1])), top, bottom[:1], highest[1:]])
        return np.concatenate([linear, (common[:, None] * pairs).reshape(-1, spot.shape[1])])

    def _bent(self, extreme: FloatArray, which: int) -> FloatArray:
        """Smooth steps of an extreme of the log-spots."""
        return np.stack([special.ndtr((extreme - bend[which]) / self.ahead) for bend in self.bends])

    def _chances(self, x: FloatArray) -> FloatArray:
        """About how likely each is to end up above all others, shape of `x`."""
        order = np.sort(x, axis=0)
        others = np.where(x == order[-1], order[-2], order[-1])
        return np.asarray(special.ndtr((x - others) / (np.sqrt(2.0) * self.ahead)))


def placed(spot: FloatArray, references: FloatArray | None) -> tuple[FloatArray, float]:
    """Centres of log-spots, by asset, and a scale for all; assets are compared by their references if there are any."""
    logs = np.log(spot)
    means, scale = logs.mean(axis=1), float(logs.std(axis=1).mean())
    if references is None:
        return means, scale
    own = np.log(np.broadcast_to(references, means.shape))
    return own + (means - own).mean(), scale
