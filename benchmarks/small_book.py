"""A book of digitals, barriers and averages over ten underlyings, and their market."""

from datetime import date, timedelta

import numpy as np
import pandas as pd

import likelihood_greeks as lg

TODAY = date(2025, 3, 14)
UNDERLYINGS = [f"U{number:02d}" for number in range(10)]
MATURITIES = [TODAY + timedelta(days=days) for days in (189, 371, 553)]


def market() -> lg.Market:
    """Flat curves and surfaces."""
    rng = np.random.default_rng(1)
    sections = {
        name: {
            "spot": round(float(rng.uniform(20.0, 400.0)), 2),
            "dividend_yield": round(float(rng.uniform(0.0, 0.04)), 4),
            "zero_curve": {"times": [0.25, 1.0, 3.0], "rates": [0.025, 0.025, 0.025]},
            "implied_volatility": float(rng.uniform(0.15, 0.4)),
        }
        for name in UNDERLYINGS
    }
    return lg.Market.read({"valuation_date": TODAY, "underlyings": sections})


def book(count: int, seed: int = 2) -> pd.DataFrame:
    """`count` trades: kinds in turn, the rest at random; a longer book starts with a shorter one's trades."""
    rng, spots = np.random.default_rng(seed), {name: one.spot for name, one in market().underlyings.items()}
    rows = []
    for number in range(count):
        name = UNDERLYINGS[int(rng.integers(len(UNDERLYINGS)))]
        spot, strike, side = spots[name], rng.uniform(0.9, 1.1), int(rng.integers(2))
        barrier = {
            "product": "barrier",
            "option": ("call", "put")[side],
            "knock": "out",
            "direction": ("up", "down")[side],
            "level": round(spot * (rng.uniform(1.1, 1.4), rng.uniform(0.65, 0.92))[side], 2),
        }
        terms = (
            {"product": "digital_call"},
            {**barrier, "frequency": "weekly"},
            {"product": "asian", "option": "call", "frequency": "monthly"},
            {**barrier, "frequency": "daily"},
        )[number % 4]
        common = {
            "trade_id": f"T{number:05d}",
            "underlying": name,
            "quantity": int(rng.integers(1, 500)),
            "maturity": MATURITIES[int(rng.integers(len(MATURITIES)))].isoformat(),
            "strike": round(spot * strike, 2),
        }
        rows.append(common | terms)
    return pd.DataFrame(rows)
