"""Europeans on a spot that pays cash dividends, by quadrature over the spot before each: no Monte Carlo, no law."""

from dataclasses import dataclass, replace

import numpy as np
from scipy import special

from likelihood_greeks.numerics.differences import five_point

NODES, WEIGHTS = np.polynomial.legendre.leggauss(160)
WIDEST = 9.0  # deviations to either side


@dataclass(frozen=True)
class World:
    """Constant rates and volatility, ex-dates and amounts, and a European: call, put or digital call."""

    spot: float
    volatility: float
    rate: float
    dividend_yield: float
    dividends: tuple[tuple[float, float], ...]
    strike: float
    maturity: float
    kind: str

    def value(self):
        """Present value: each interval up to an ex-date is integrated, the last is Black and Scholes."""
        undiscounted = self._from(np.array([self.spot]), 0.0, self.dividends)[0]
        return np.exp(-self.rate * self.maturity) * undiscounted

    def _from(self, spot, time, dividends):
        """Undiscounted values at given spots; at zero a spot stays."""
        if not dividends:
            return self._last(spot, self.maturity - time)
        (date, amount), *rest = dividends
        drift = (self.rate - self.dividend_yield - 0.5 * self.volatility**2) * (date - time)
        deviation = self.volatility * np.sqrt(date - time)
        found, alive = np.full(spot.shape, self._dead()), spot > 0.0
        start = np.log(spot[alive])[:, None] + drift
        edge = np.clip((np.log(amount) - start) / deviation, -WIDEST, WIDEST)  # where the dividend takes all
        high = 0.5 * (WIDEST - edge)
        z = edge + high * (NODES + 1.0)
        after = np.maximum(np.exp(start + deviation * z) - amount, 0.0)
        inner = self._from(after.ravel(), date, tuple(rest)).reshape(after.shape)
        density = np.exp(-0.5 * z**2) / np.sqrt(2.0 * np.pi)
        found[alive] = (high * (density * inner) @ WEIGHTS[:, None] + self._dead() * special.ndtr(edge))[:, 0]
        return found

    def _dead(self):
        return self.strike if self.kind == "put" else 0.0

    def _last(self, spot, time):
        found, alive = np.full(spot.shape, self._dead()), spot > 0.0
        s, deviation = spot[alive], self.volatility * np.sqrt(time)
        forward = s * np.exp((self.rate - self.dividend_yield) * time)
        d2 = np.log(forward / self.strike) / deviation - 0.5 * deviation
        call = forward * special.ndtr(d2 + deviation) - self.strike * special.ndtr(d2)
        found[alive] = {"call": call, "put": call - forward + self.strike, "digital": special.ndtr(d2)}[self.kind]
        return found

    def moved(self, shifts):
        """With other parameters, amounts or dates that have come nearer."""
        elapsed = shifts.get("time", 0.0)
        dividends = tuple(
            (date - elapsed, amount + shifts.get(f"dividend[{k}]", 0.0))
            for k, (date, amount) in enumerate(self.dividends)
        )
        plain = {name: getattr(self, name) + h for name, h in shifts.items() if hasattr(self, name)}
        return replace(self, **plain, dividends=dividends, maturity=self.maturity - elapsed)

    def derivative(self, *names):
        """First or second derivative by five-point differences (errors below 1e-7 of the value)."""
        sizes = {"spot": 0.01 * self.spot, "time": 0.02 * self.dividends[0][0]}
        steps = {name: sizes.get(name, 0.002 if "dividend[" not in name else 0.05) for name in names}
        return float(five_point(lambda shifts: self.moved(shifts).value(), tuple(sorted(names)), steps))
