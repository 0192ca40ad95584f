"""Prices of any contract on a few dates by nested quadrature under curves and cash dividends: no Monte Carlo, no law.

Every observation is integrated by Gauss panels that are cut where the contract is not smooth in it, given those before.
"""

from dataclasses import dataclass, field, replace

import numpy as np

from likelihood_greeks.payoffs.protocol import cash_flows, payment_times

FINE = (12, (-8.5, -4.0, 0.0, 4.0, 8.5), 1e-17)
COARSE = (9, (-7.0, -2.4, 2.4, 7.0), 1e-13)
"""Nodes a panel, ends of panels in deviations, and the weight below which a path is dropped; with dividends, coarse."""
FIRST, SECOND = np.array([-1, 9, -45, 0, 45, -9, 1]) / 60.0, np.array([2, -27, 270, -490, 270, -27, 2]) / 180.0
STEPS = {
    "spot": 1e-2,
    "volatility": 4e-3,
    "rate": 1e-2,
    "dividend_yield": 1e-2,
    "time": 4e-3,
}  # of the spot, and per year
GREEKS = {"delta": "spot", "vega": "volatility", "rho": "rate", "dividend_rho": "dividend_yield", "theta": "time"}


@dataclass(frozen=True)
class World:
    """Curves by node (zero rates, yields, Black volatilities), shifts of all nodes, cash dividends, years elapsed."""

    spot: float
    times: tuple[float, ...]
    zero_rates: tuple[float, ...]
    dividend_yields: tuple[float, ...]
    volatilities: tuple[float, ...]
    dividends: tuple[tuple[float, float], ...] = ()
    shifts: dict[str, float] = field(default_factory=dict)

    def _accrued(self, means, name, square=False):
        shifted = np.array(means) + self.shifts.get(name, 0.0)
        points = np.append(0.0, (shifted**2 if square else shifted) * self.times)
        now = self.shifts.get("time", 0.0)

        def since(time):
            slope = points[1] / self.times[0]  # before today as up to the first node
            return np.interp(time, np.append(0.0, self.times), points) - slope * now

        return since

    def price(self, contract, breaks):
        """Present value; `breaks` gives, from an observation's number and those before it, spots at which to cut."""
        rates = self._accrued(self.zero_rates, "rate")
        yields = self._accrued(self.dividend_yields, "dividend_yield")
        variance = self._accrued(self.volatilities, "volatility", square=True)
        last = contract.times[-1]
        nodes, ends, least = COARSE if self.dividends else FINE
        points, weights = np.polynomial.legendre.leggauss(nodes)
        amounts = {time: amount for time, amount in self.dividends if time < last}
        events = sorted({*contract.times, *amounts})
        spot = np.array([self.spot + self.shifts.get("spot", 0.0)])
        seen, weight, before = np.zeros((0, 1)), np.ones(1), (0.0, 0.0)
        for time in events:
            growth, total = rates(time) - yields(time), variance(time)
            step = total - before[1]
            mean, deviation = np.log(spot) + growth - before[0] - 0.5 * step, np.sqrt(step)
            cuts = breaks(len(seen), seen) if time in contract.times else []
            edges = [np.full(len(spot), end) for end in ends]
            edges += [np.clip((_log(cut) - mean) / deviation, ends[0], ends[-1]) for cut in cuts]
            edges = np.sort(np.stack(edges), axis=0)
            half = 0.5 * np.diff(edges, axis=0)
            z = (edges[:-1] + half)[:, None] + half[:, None] * points[:, None]  # panels, nodes, paths
            density = half[:, None] * weights[:, None] * np.exp(-0.5 * z**2) / np.sqrt(2.0 * np.pi) * weight
            keep = density > least
            path = np.broadcast_to(np.arange(len(spot)), z.shape)[keep]
            spot, weight, seen = np.exp(mean[path] + deviation * z[keep]), density[keep], seen[:, path]
            before = (growth, total)
            if time in contract.times:
                seen = np.vstack([seen, spot])
            if time in amounts:  # the opening of the ex-date, of which the observation is later
                assert time not in contract.times
                spot = np.maximum(spot - amounts[time], 1e-12)
        flows = cash_flows(contract, seen)
        due = [np.exp(-rates(time)) for time in payment_times(contract, flows)]
        return float(np.dot(due, flows @ weight))

    def greeks(self, contract, breaks, names=(*GREEKS, "gamma")):
        """Price, first Greeks and gamma."""
        found = {"price": self.price(contract, breaks)}
        for name in names:
            parameter = GREEKS.get(name, "spot")
            step = STEPS[parameter] * (self.spot if parameter == "spot" else 1.0)
            moved = [self.shifted(parameter, k * step).price(contract, breaks) for k in range(-3, 4)]
            weights, order = (SECOND, 2) if name == "gamma" else (FIRST, 1)
            found[name] = float(weights @ moved) / step**order
        return found

    def shifted(self, name, by):
        """The same with a parameter moved."""
        return replace(self, shifts={**self.shifts, name: by})


def _log(cut):
    return np.log(np.maximum(cut, 1e-300))
