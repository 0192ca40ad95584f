"""Notes that are called and options on averages that are exercised, by quadrature on log-spots, for the best rule."""

import numpy as np
from scipy import special

NODES = 1201
REACH = 7.0


def reverse_convertible(spot, rate, volatility, *, step, coupons, calls, amount, level=None, accrued=None, sign=-1.0):
    """Value of a note on a strike of 100 that pays a coupon on each date and may be ended on some for an amount.

    With a `level` it redeems in full unless the spot was at or below that on one of its dates. `accrued`: of each spot
    on a date what is paid then besides. `sign` is -1 where the issuer decides.
    """
    deviation = volatility * np.sqrt(step)
    centre = np.log(100.0 if level is None else level)
    width = REACH * 0.3 * np.sqrt(step * len(coupons)) + 0.3
    x, h = np.linspace(centre - width, centre + width, NODES, retstep=True)
    drift = (rate - 0.5 * volatility**2) * step
    below = np.where(np.abs(x - centre) < 0.5 * h, 0.5, x < centre)  # the cell in which it jumps has its mean

    def density(starts):
        found = np.exp(-0.5 * ((x - starts[:, None] - drift) / deviation) ** 2)
        return np.exp(-rate * step) * found / found.sum(axis=1)[:, None]

    everywhere = density(x)

    lost = np.minimum(np.exp(x), 100.0)
    intact, hit = (np.full_like(x, 100.0), lost) if level is not None else (lost, lost)
    for k in range(len(coupons) - 1, -1, -1):
        if k in calls:
            intact, hit = (sign * np.maximum(sign * amount, sign * value) for value in (intact, hit))
        paid = coupons[k] + (0.0 if accrued is None else accrued(x, h))
        both = paid + (below * hit + (1.0 - below) * intact if level is not None else intact), paid + hit
        intact, hit = ((everywhere if k else density(np.array([np.log(spot)]))) @ row for row in both)
    return float(intact[0])


def asian(spot, rate, volatility, *, step, strike, nodes=401):
    """Value of a put on the average of three dates that may be exercised on each, for what is then the average."""
    z, h = np.linspace(-8.0, 8.0, nodes, retstep=True)
    weights = np.exp(-0.5 * z * z) * h / np.sqrt(2.0 * np.pi)
    moves = np.exp((rate - 0.5 * volatility**2) * step + volatility * np.sqrt(step) * z)
    discount, deviation = np.exp(-rate * step), volatility * np.sqrt(step)

    def last(here, needed):
        """Put on the third spot, at a strike that the first two leave of it."""
        safe = np.maximum(needed, 1e-12)
        d = (np.log(here / safe) + rate * step) / deviation + 0.5 * deviation
        put = safe * discount * special.ndtr(deviation - d) - here * special.ndtr(-d)
        return np.where(needed > 0.0, put, 0.0) / 3.0

    first = spot * moves
    second = first[:, None] * moves
    mean = 0.5 * (first[:, None] + second)
    value = np.maximum(last(second, 3.0 * strike - 2.0 * mean), np.maximum(strike - mean, 0.0))
    value = np.maximum(discount * value @ weights, np.maximum(strike - first, 0.0))
    return float(discount * value @ weights)


def greeks(value, spot=100.0, rate=0.03, volatility=0.25):
    """Value, delta, gamma, vega and rho by central differences."""
    where = {"spot": spot, "rate": rate, "volatility": volatility}

    def at(**moved):
        return value(**{name: x + moved.get(name, 0.0) for name, x in where.items()})

    found = {"price": at()}
    for greek, name, h in (("delta", "spot", 0.5), ("vega", "volatility", 1e-3), ("rho", "rate", 1e-3)):
        up, down = at(**{name: h}), at(**{name: -h})
        found[greek] = (up - down) / (2.0 * h)
        if name == "spot":
            found["gamma"] = (up + down - 2.0 * found["price"]) / h**2
    return found
