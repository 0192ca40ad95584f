"""Units that a desk reads: Greeks of positions in currency, per usual move, beside the raw derivatives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from .._checks import refuse
from .._quantities import GREEKS, Unit
from .assets.folding import folded
from .currencies import UNKNOWN
from .own_columns import names_apart, own_of
from .trades import NET

NEEDED = (
    "trade_id", "underlying", "product", "quantity", "greek", "value", "standard_error", "position_value",
    "position_standard_error", "n_paths", "seed", "model", "maturity", "spot", "note",
)  # fmt: skip
"""The columns of a frame of `risk` that units, pivots and reports read."""

NUMBERS = ("quantity", "value", "standard_error", "position_value", "position_standard_error")
"""Those of them that are added, and what `pandas.api.types.infer_dtype` calls numbers; of no row they are empty."""
REAL = ("floating", "integer", "mixed-integer-float", "empty")

IDENTITY = ("trade_id", "underlying", "currency", "product", "quantity", "model", "maturity", "spot", "n_paths")
ROWS = ["trade_id", "underlying", "greek"]


UNITS: Mapping[str, Unit] = {name: greek.desk for name, greek in GREEKS.items()}
"""By Greek; all are in currency. Other Greeks stay raw."""


def unit_of(greek: str) -> Unit:
    """How a desk reads a Greek: raw if there is no usual unit; one of an asset, ``"delta[A]"``, as that of any."""
    own, bracket, asset = greek.partition("[")
    if greek not in UNITS and bracket and own in UNITS:
        unit = UNITS[own]
        return replace(unit, name=f"{unit.name}[{asset}", title=f"{unit.title} [{asset}")
    return UNITS.get(greek, Unit(greek, f"{greek.replace('_', ' ')} (raw)"))


def checked_risk(frame: pd.DataFrame) -> pd.DataFrame:
    """`frame` without buckets, Greeks of assets under names of their own.

    Refused unless it has the columns of `risk`, and one row per trade and Greek.
    """
    if not isinstance(frame, pd.DataFrame):
        raise TypeError(f"frame must be a DataFrame from risk(), got {type(frame).__name__}")
    if missing := [name for name in NEEDED if name not in frame.columns]:
        refuse("frame", f"come from risk(): it lacks {', '.join(missing)}", list(map(str, frame.columns)))
    frame = folded(frame)
    if (split := are_buckets(frame)).any():
        whole = frame[~split]
        whole.attrs = frame.attrs
        frame = whole
    if (again := frame.duplicated(ROWS)).any():
        refuse("frame", "have one row per trade and Greek", tuple(map(str, frame[ROWS].iloc[int(again.argmax())])))
    for name in NUMBERS:
        if pd.api.types.infer_dtype(frame[name]) not in REAL:
            refuse(f"frame[{name!r}]", "hold numbers, as risk() gives them", f"a column of {frame[name].dtype}")
    return frame


def scaled(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame of `risk` with the columns ``unit, cash, cash_standard_error``: positions in a desk's units.

    ``unit`` is the name of the unit, or the Greek's own where it stays raw. What a file or an earlier version lacks of
    ``currency`` and ``fx`` is filled in as unknown.
    """
    return in_units(checked_risk(frame))


def are_buckets(frame: pd.DataFrame) -> pd.Series:
    """Which rows of a frame of `risk`, or of a file of one, are parts of others."""
    if "bucket" not in frame.columns:
        return pd.Series(False, index=frame.index)
    return frame["bucket"].notna() & (frame["bucket"].astype(str) != "")


def in_units(frame: pd.DataFrame) -> pd.DataFrame:
    """Rows with the columns of `scaled`."""
    units = {greek: unit_of(greek) for greek in frame["greek"].unique()}
    factor, power = (
        frame["greek"].map({greek: getattr(unit, name) for greek, unit in units.items()}).astype(float)
        for name in ("factor", "power")
    )
    scale = factor * frame["spot"] ** power
    return frame.assign(
        unit=frame["greek"].map({greek: unit.name for greek, unit in units.items()}),
        cash=scale * frame["position_value"],
        cash_standard_error=scale * frame["position_standard_error"],
        note=frame["note"].fillna(""),  # as a CSV file has them
        currency=frame["currency"].fillna(UNKNOWN) if "currency" in frame.columns else UNKNOWN,
        fx=frame["fx"].astype(float) if "fx" in frame.columns else np.nan,
    )


def desk_units(frame: pd.DataFrame) -> pd.DataFrame:
    """The Greeks of positions, raw and in the units that a desk reads, side by side.

    ================  ================================  ===============================================
    Greek             column                            is
    ================  ================================  ===============================================
    ``price``         ``price``                         value of the position
    ``delta``         ``delta_cash``                    delta × spot
    ``gamma``         ``gamma_cash_per_percent``        gamma × spot² / 100: delta cash per 1 % of spot
    ``vega``          ``vega_per_point``                vega / 100: per 0.01 of volatility
    ``rho``           ``rho_per_basis_point``           rho / 10,000: per 0.0001 of rate
    ``dividend_rho``  ``dividend_rho_per_basis_point``  dividend rho / 10,000
    ``theta``         ``theta_per_day``                 theta / 365: per calendar day
    ``vanna``         ``vanna_cash_per_point``          vanna × spot / 100
    ``volga``         ``volga_per_point``               volga / 10,000
    ``charm``         ``charm_cash_per_day``            charm × spot / 365
    ================  ================================  ===============================================

    Parameters
    ----------
    frame : pandas.DataFrame
        From `risk`, or read from the file that it was written to.

    Returns
    -------
    pandas.DataFrame
        A row a trade, then the net rows: ``trade_id, underlying, currency, product, quantity, model, maturity, spot,
        n_paths`` and the book's own columns; for each Greek its raw derivative (per 1.00 of each parameter, theta per
        year), of the whole position, and the same in its unit, in ``currency``, each with its ``..._standard_error``;
        and ``doubtful``, the Greeks whose numbers have a note against them.

    Raises
    ------
    TypeError, ValueError
        If `frame` is not from `risk`.

    Examples
    --------
    >>> import likelihood_greeks as lg
    >>> book = pd.DataFrame(
    ...     [{"trade_id": "A", "underlying": "X", "product": "call", "quantity": 10, "maturity": "2025-07-01",
    ...       "strike": 100}])
    >>> market = {"valuation_date": "2025-01-01", "underlyings": {"X": {
    ...     "spot": 100.0, "zero_rate": 0.03, "implied_volatility": 0.2}}}
    >>> table = lg.desk_units(lg.risk(book, market, ["delta", "theta"], paths=20_000, seed=1))
    >>> table.loc[0, ["delta", "delta_cash", "theta", "theta_per_day"]].map("{:.2g}".format).to_dict()
    {'delta': '5.7', 'delta_cash': '5.7e+02', 'theta': '-71', 'theta_per_day': '-0.19'}
    """  # fmt: skip
    rows = scaled(frame)
    keys = ["underlying", "trade_id"]
    by_greek = {greek: own.set_index(keys) for greek, own in rows.groupby("greek", sort=False)}
    first = rows.drop_duplicates(keys).set_index(keys)
    table = pd.DataFrame(index=first.index)
    for greek, own in by_greek.items():
        raw, unit = ("position_value", "position_standard_error"), ("cash", "cash_standard_error")
        columns = {str(greek): raw, unit_of(str(greek)).name: unit}  # one, where they are the same
        for name, (value, error) in columns.items():
            table[name], table[f"{name}_standard_error"] = own[value], own[error]
    marked = rows[rows["note"] != ""].groupby(keys, sort=False)["greek"].agg(", ".join)
    table["doubtful"] = marked.reindex(table.index).fillna("")
    shown = names_apart(own_of(frame), [*IDENTITY, *table.columns])
    about = first.reset_index()[[*IDENTITY, *shown]].rename(columns=shown).set_index(first.index)
    table = pd.concat([about, table], axis="columns").reset_index(drop=True)
    return table.sort_values("trade_id", key=lambda ids: ids == NET, kind="stable", ignore_index=True)
