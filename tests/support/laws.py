"""Laws as a user writes them."""

from dataclasses import dataclass

import numpy as np
from scipy import special


@dataclass(frozen=True)
class Normal:
    mean: float
    deviation: float

    def simulate(self, times, stream):
        return self.mean + self.deviation * stream.normals(len(times))

    def log_density(self, x):
        return (-0.5 * ((x - self.mean) / self.deviation) ** 2 - np.log(self.deviation)).sum(axis=0)


@dataclass(frozen=True)
class Bernoulli:
    probability: float

    def simulate(self, times, stream):
        return (stream.uniforms(len(times)) < self.probability).astype(float)

    def log_density(self, x):
        return (x * np.log(self.probability) + (1.0 - x) * np.log1p(-self.probability)).sum(axis=0)


@dataclass(frozen=True)
class Poisson:
    rate: float

    def simulate(self, times, stream):
        return stream.generator.poisson(self.rate, (len(times), stream.n_paths)).astype(float)

    def log_density(self, x):
        return (x * np.log(self.rate) - self.rate - special.gammaln(x + 1.0)).sum(axis=0)
