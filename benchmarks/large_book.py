"""Books of any size: N exotic trades over ten underlyings, and a market for them."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd

import likelihood_greeks as lg

TODAY = date(2025, 3, 14)
UNDERLYINGS = [f"U{number:02d}" for number in range(10)]
MATURITIES = [TODAY + timedelta(days=days) for days in (91, 189, 280, 371, 553, 721)]
GREEKS = ["delta", "gamma", "vega", "rho", "dividend_rho", "theta"]


def market(heston: tuple[str, ...] = ()) -> lg.Market:
    """Ten underlyings on flat surfaces, so that trades with the same dates share a law; some under Heston."""
    rng = np.random.default_rng(1)
    sections: dict[str, Any] = {}
    for name in UNDERLYINGS:
        volatility = float(rng.uniform(0.15, 0.4))
        section: dict[str, Any] = {
            "spot": round(float(rng.uniform(20.0, 400.0)), 2),
            "dividend_yield": round(float(rng.uniform(0.0, 0.04)), 4),
            "zero_curve": {"times": [0.25, 1.0, 3.0], "rates": [0.026, 0.024, 0.025]},
        }
        if name in heston:
            variance = {"initial_variance": volatility**2, "mean_reversion": 1.5, "long_run_variance": volatility**2}
            section |= {"model": "heston", "heston": {**variance, "vol_of_vol": 0.4, "correlation": -0.6}}
        else:
            section["implied_volatility"] = volatility
        sections[name] = section
    return lg.Market.read({"valuation_date": TODAY, "underlyings": sections})


def book(count: int, names: list[str] = UNDERLYINGS, seed: int = 2) -> pd.DataFrame:
    """A table of `count` trades: strikes, levels, maturities and sizes at random, kinds in turn."""
    rng, spots = np.random.default_rng(seed), {name: u.spot for name, u in market().underlyings.items()}
    kinds = [_digital, _barrier("weekly"), _asian, _barrier("monthly"), _lookback, _gap, _barrier("daily"), _double]
    kinds += [_asian, _cliquet]
    rows = []
    for number in range(count):
        name = names[(number // len(kinds)) % len(names)]
        common = {
            "trade_id": f"T{number:05d}",
            "underlying": name,
            "quantity": int(rng.integers(1, 500)) * int(rng.choice([-1, 1])),
            "maturity": MATURITIES[rng.integers(len(MATURITIES))].isoformat(),
        }
        rows.append(common | kinds[number % len(kinds)](spots[name], rng))
    return pd.DataFrame(rows)


def _near(spot: float, low: float, high: float, rng: np.random.Generator) -> float:
    return round(float(spot * rng.uniform(low, high)), 2)


def _digital(spot: float, rng: np.random.Generator) -> dict[str, Any]:
    return {"product": str(rng.choice(["digital_call", "digital_put"])), "strike": _near(spot, 0.85, 1.15, rng)}


def _gap(spot: float, rng: np.random.Generator) -> dict[str, Any]:
    return {"product": "gap_call", "strike": _near(spot, 0.85, 1.0, rng), "trigger": _near(spot, 1.0, 1.15, rng)}


def _asian(spot: float, rng: np.random.Generator) -> dict[str, Any]:
    option = str(rng.choice(["call", "put"]))
    return {"product": "asian", "option": option, "frequency": "monthly", "strike": _near(spot, 0.9, 1.1, rng)}


def _lookback(spot: float, rng: np.random.Generator) -> dict[str, Any]:
    return {"product": "lookback", "option": "call", "frequency": "weekly", "strike": _near(spot, 0.95, 1.1, rng)}


def _cliquet(spot: float, rng: np.random.Generator) -> dict[str, Any]:
    bounds = {"local_floor": -0.03, "local_cap": 0.03, "global_floor": 0.0, "global_cap": 0.25}
    return {"product": "cliquet", "frequency": "monthly", **bounds}


def _barrier(frequency: str) -> Any:
    def made(spot: float, rng: np.random.Generator) -> dict[str, Any]:
        direction = str(rng.choice(["up", "down"]))
        level = _near(spot, 1.1, 1.4, rng) if direction == "up" else _near(spot, 0.65, 0.92, rng)
        option = str(rng.choice(["call", "put", "digital_call"]))
        terms = {"option": option, "strike": _near(spot, 0.9, 1.1, rng), "level": level, "direction": direction}
        return {"product": "barrier", "knock": str(rng.choice(["in", "out"])), "frequency": frequency, **terms}

    return made


def _double(spot: float, rng: np.random.Generator) -> dict[str, Any]:
    lower, upper = _near(spot, 0.6, 0.85, rng), _near(spot, 1.15, 1.5, rng)
    terms = {"option": "call", "strike": _near(spot, 0.9, 1.1, rng), "lower": lower, "upper": upper}
    return {"product": "double_barrier", "knock": "out", "frequency": "weekly", **terms}
