"""`to_crif`: sensitivities of a book as rows of the Common Risk Interchange Format, by regulatory risk factor."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, final

import numpy as np
import pandas as pd

from .._checks import mapping_of, one_of, refuse
from .assets.folding import bare, folded
from .cells import text_of
from .trades import NET
from .units import checked_risk

COLUMNS = [
    "TradeID", "PortfolioID", "ProductClass", "RiskType", "Qualifier", "Bucket", "Label1", "Label2", "Amount",
    "AmountCurrency", "AmountUSD", "AmountStandardError",
]  # fmt: skip
EQUITY, FX = "equity", "fx"
CLASSES = {EQUITY: "Equity", FX: "RatesFX"}
"""The classes of underlyings, and their product class."""
SENSITIVE = ("delta", "vega", "rho")
"""The Greeks that rows are made of."""
SIDES, ENDS = ("up", "down"), ("", "_standard_error")
PAIR = re.compile("[A-Z]{6}")
Piece: TypeAlias = tuple[float, float, float]
"""A part of a Greek: years to where it is, its value and its error."""
WEEK, MONTH = 7.0 / 365.0, 1.0 / 12.0


@final
@dataclass(frozen=True, slots=True)
class Standard:
    """What a standard calls its risk factors, and how it scales them.

    Parameters
    ----------
    delta, vega, curvature : mapping of str to str
        Risk types by class of the underlying.
    rate : str
        That of rates.
    rate_tenors, vega_tenors : mapping of str to float
        Vertices, by name, in years.
    spot_move, rate_move : float
        The moves that amounts of deltas are for.
    spot : str
        What tells the spot of an equity from its repo rate.
    other : str
        The bucket of an equity of which nothing is known.
    buckets : tuple of str
        Those of equities.
    """

    delta: Mapping[str, str]
    vega: Mapping[str, str]
    curvature: Mapping[str, str]
    rate: str
    rate_tenors: Mapping[str, float]
    vega_tenors: Mapping[str, float]
    spot_move: float
    rate_move: float
    spot: str
    other: str
    buckets: tuple[str, ...]


_YEARS = {f"{n}y": float(n) for n in (1, 2, 3, 5, 10, 15, 20, 30)}
_SIMM = {"2w": 2.0 * WEEK, "1m": MONTH, "3m": 3.0 * MONTH, "6m": 0.5, **_YEARS}
STANDARDS = {
    "frtb": Standard(
        delta={EQUITY: "EQ_DELTA", FX: "FX_DELTA"},
        vega={EQUITY: "EQ_VEGA", FX: "FX_VEGA"},
        curvature={EQUITY: "EQ_CURV", FX: "FX_CURV"},
        rate="GIRR_DELTA",
        rate_tenors={"3m": 0.25, "6m": 0.5, **_YEARS},
        vega_tenors={"6m": 0.5, "1y": 1.0, "3y": 3.0, "5y": 5.0, "10y": 10.0},
        spot_move=1.0,
        rate_move=1.0,
        spot="SPOT",
        other="11",
        buckets=tuple(map(str, range(1, 14))),
    ),
    "simm": Standard(
        delta={EQUITY: "Risk_Equity", FX: "Risk_FX"},
        vega={EQUITY: "Risk_EquityVol", FX: "Risk_FXVol"},
        curvature={},
        rate="Risk_IRCurve",
        rate_tenors=_SIMM,
        vega_tenors=_SIMM,
        spot_move=0.01,
        rate_move=0.0001,
        spot="",
        other="Residual",
        buckets=(*map(str, range(1, 13)), "Residual"),
    ),
}


def _listed(frame: pd.DataFrame) -> str:
    """The underlyings of a frame, in words."""
    return ", ".join(sorted({str(name) for name in frame["underlying"]} - {""}))


def to_crif(
    frame: pd.DataFrame,
    *,
    standard: str = "frtb",
    classes: Mapping[str, str] | None = None,
    buckets: Mapping[str, str] | None = None,
    curvature: pd.DataFrame | None = None,
    portfolio: str = "",
) -> pd.DataFrame:
    """Delta, vega and rate sensitivities of every trade, and curvature, in the columns of the CRIF.

    ==============  ==================  ======================================================================
    Risk type       SIMM                Amount
    ==============  ==================  ======================================================================
    ``EQ_DELTA``    ``Risk_Equity``     spot × delta, ``Label2`` is SPOT; SIMM: for one per cent of the spot
    ``FX_DELTA``    ``Risk_FX``         the same of a currency pair
    ``EQ_VEGA``     ``Risk_EquityVol``  volatility × vega, at the vertices around the maturity
    ``FX_VEGA``     ``Risk_FXVol``      the same of a currency pair
    ``GIRR_DELTA``  ``Risk_IRCurve``    rho, at the vertices around the maturity; SIMM: for one basis point
    ``EQ_CURV``                         what `curvature` found, losses positive; ``Label1`` is the shock, with its sign
    ==============  ==================  ======================================================================

    Parameters
    ----------
    frame : pandas.DataFrame
        From `risk`, with the Greeks delta, vega and rho as far as they are wanted.
    standard : {"frtb", "simm"}
        Whose names, vertices and scales: the sensitivities-based method of the Basel framework, or ISDA's SIMM.
    classes : mapping of str to str, optional
        ``"equity"`` or ``"fx"`` by underlying. Default: what is called by two currencies, such as EURUSD, of which the
        second is its own, is a currency pair; all else is an equity.
    buckets : mapping of str to str, optional
        The regulatory bucket of equities (by sector, size and market, which nothing here knows): 1 to 13, of the SIMM
        1 to 12 or Residual. Default: 11 ("other sector"), of the SIMM Residual.
    curvature : pandas.DataFrame, optional
        From `curvature`, of spots; "frtb" only.
    portfolio : str
        What stands in ``PortfolioID``.

    Returns
    -------
    pandas.DataFrame
        ``TradeID, PortfolioID, ProductClass, RiskType, Qualifier, Bucket, Label1, Label2, Amount, AmountCurrency,
        AmountUSD`` (where the frame's reporting currency is the dollar), and, not of the CRIF, ``AmountStandardError``.
        Amounts are of positions. What a trade on several assets has in each of them is a row of that asset's; what it
        has in pairs of them is no risk factor of these standards. A sensitivity between two
        vertices is shared linearly in time: that of every bucket of
        a frame with buckets, else the whole at the maturity of the trade.

    Raises
    ------
    ValueError, TypeError
        If `frame` is not from `risk`, or has none of these Greeks; `curvature` is not from `curvature`; or an argument
        is unknown.

    References
    ----------
    .. [1] Basel Committee on Banking Supervision, *MAR21: Standardised approach: sensitivities-based method*: 21.8 and
       21.12 to 21.14 (risk factors and their vertices), 21.19 to 21.25 (sensitivities), 21.5 (curvature), from 21.71
       on (equities: buckets, risk weights). What the file leaves out: the guide, "Explaining a book".
    .. [2] ISDA, *SIMM Methodology*, and its *Risk Data Standards* (the columns, risk types and labels of the CRIF).
    .. [3] Open Source Risk Engine, ``CrifRecord`` (the risk types of the Basel sensitivities in that format).
    .. [4] ActiveViam, *Atoti FRTB 2.3*, "CRIF: mappings for Equity" (``Label1``: the option's maturity, or the risk
       weight of a curvature; ``Label2``: SPOT or REPO).
    .. [5] A. Skea, frtb.net, ``CRIF.py`` (two rows a curvature, told apart by the sign of the risk weight).

    Examples
    --------
    >>> import likelihood_greeks as lg
    >>> book = pd.DataFrame([{"trade_id": "A", "underlying": "X", "product": "call", "quantity": 100,
    ...                       "maturity": "2026-01-01", "strike": 100}])
    >>> market = {"valuation_date": "2025-01-01", "underlyings": {"X": {
    ...     "spot": 100.0, "zero_rate": 0.03, "implied_volatility": 0.2, "currency": "EUR"}}}
    >>> table = lg.to_crif(lg.risk(book, market), buckets={"X": "5"})
    >>> table[["RiskType", "Qualifier", "Bucket", "Label1", "AmountCurrency"]].values.tolist()
    [['EQ_DELTA', 'X', '5', '', 'EUR'], ['EQ_VEGA', 'X', '5', '1y', 'EUR'], ['GIRR_DELTA', 'EUR', '', '1y', 'EUR']]
    """
    chosen = STANDARDS[one_of("standard", standard, tuple(STANDARDS))]
    own = {} if buckets is None else _chosen("buckets", buckets, chosen.buckets)
    known = {} if classes is None else _chosen("classes", classes, tuple(CLASSES))
    if not isinstance(portfolio, str):
        raise TypeError(f"portfolio must be a text, got {portfolio!r}")
    if curvature is not None:
        _need_curvature(curvature, chosen, standard)
    rows = list[dict[str, Any]]()
    whole, parts = bare(checked_risk(frame)), _parts(bare(folded(frame)))
    if len(whole) and curvature is None and not set(whole["greek"]) & set(SENSITIVE):
        refuse("frame", f"have one of {', '.join(SENSITIVE)}, which rows are made of", [*whole["greek"].unique()])
    for argument, named in (("buckets", own), ("classes", known)):
        if strangers := sorted(set(named) - set(whole["underlying"].astype(str))):
            refuse(argument, f"name underlyings of the frame, {_listed(whole)}", strangers)
    pairs = dict.fromkeys(_pairs(whole), FX)
    for row in whole.to_dict("records"):
        if row["trade_id"] != NET and row["position_value"] == row["position_value"]:
            kind = _class(row, pairs | known)
            spread = parts.get((row["trade_id"], row["underlying"], row["greek"])) or [_piece(row, row["maturity"])]
            rows += [_identified(cells, row, portfolio) for cells in _cells(row, spread, (kind, chosen, own))]
    for row in [] if curvature is None else curvature.to_dict("records"):
        if row["trade_id"] != NET and row["factor"].startswith("spot"):
            row["underlying"] = row["factor"][5:-1] or row["underlying"]
            kind = _class(row, pairs | known)
            rows += [_identified(cells, row, portfolio) for cells in _curvatures(row, kind, chosen, own)]
    return pd.DataFrame(rows, columns=COLUMNS)


def _chosen(argument: str, given: Mapping[str, str], allowed: Sequence[str]) -> dict[str, str]:
    """A choice for each underlying, refused unless it is one of those allowed."""
    named = mapping_of(argument, given, "underlyings").items()
    return {name: one_of(f"{argument}[{name!r}]", text_of(value), allowed) for name, value in named}


def _need_curvature(frame: Any, chosen: Standard, standard: str) -> None:
    """Refuse what does not come from `curvature`, or goes with no standard that has it."""
    if not chosen.curvature:
        refuse("curvature", "go with frtb", standard)
    if not isinstance(frame, pd.DataFrame):
        raise TypeError(f"curvature must be a DataFrame from curvature(), got {frame!r}")
    needed = ["trade_id", "underlying", "factor", "shock", *(f"cvr_{side}{end}" for side in SIDES for end in ENDS)]
    if missing := [name for name in needed if name not in frame.columns]:
        refuse("curvature", f"come from curvature(): it lacks {', '.join(missing)}", list(map(str, frame.columns)))


def _pairs(frame: pd.DataFrame) -> list[str]:
    """The currency pairs of a frame, by the currencies of their own nets: composites have them in that of the trade."""
    nets = frame[frame["trade_id"] == NET]
    return [str(row["underlying"]) for row in nets.to_dict("records") if _class(row, {}) == FX]


def _class(row: Mapping[Any, Any], known: Mapping[str, str]) -> str:
    """The class of an underlying."""
    name, currency = str(row["underlying"]), str(row.get("currency") or "")
    pair = PAIR.fullmatch(name) and bool(currency) and name.endswith(currency)
    return known.get(name, FX if pair else EQUITY)


def _identified(cells: Mapping[str, Any], row: Mapping[Any, Any], portfolio: str) -> dict[str, Any]:
    """A row with the trade, its currency, and the amount in dollars where the rate is known."""
    currency, dollars = str(row.get("currency") or ""), row.get("reporting_currency") == "USD"
    rate = 1.0 if currency == "USD" else float(row["fx"]) if dollars else np.nan
    shared = {"TradeID": row["trade_id"], "PortfolioID": portfolio, "AmountCurrency": currency, "Label2": ""}
    return {**shared, **cells, "AmountUSD": rate * cells["Amount"]}


def _factor(kind: str, name: str, standard: Standard, buckets: Mapping[str, str]) -> dict[str, str]:
    """The cells that name a spot's risk factor."""
    bucket = buckets.get(name, standard.other) if kind == EQUITY else ""
    return {"ProductClass": CLASSES[kind], "Qualifier": name, "Bucket": bucket}


def _piece(row: Mapping[Any, Any], years: float) -> Piece:
    """A Greek of a position, or a part of it, at a time."""
    return years, float(row["position_value"]), float(row["position_standard_error"])


def _parts(frame: pd.DataFrame) -> dict[tuple[Any, ...], list[Piece]]:
    """The buckets of Greeks by trade and asset, where a frame has them: those of no date are at the maturity."""
    found: dict[tuple[Any, ...], list[Piece]] = {}
    if "bucket" not in frame.columns:
        return found
    for row in frame[frame["bucket"].fillna("").astype(str) != ""].to_dict("records"):
        years = pd.to_numeric(str(row["bucket"]).rpartition(" x ")[2], errors="coerce")
        piece = _piece(row, float(row["maturity"] if np.isnan(years) else years))
        found.setdefault((row["trade_id"], row["underlying"], row["greek"]), []).append(piece)
    return found


def _cells(
    row: Mapping[Any, Any], parts: Sequence[Piece], how: tuple[str, Standard, Mapping[str, str]]
) -> list[dict[str, Any]]:
    """The rows of one Greek of a trade, which has these parts in time."""
    kind, standard, buckets = how
    name = str(row["underlying"])
    spot = _factor(kind, name, standard, buckets)
    if row["greek"] == "delta":
        scale = row["spot"] * standard.spot_move
        if kind == FX and standard.delta[FX] == "Risk_FX":
            spot["Qualifier"] = name[:3]
        spot |= {"Label2": standard.spot} if kind == EQUITY else {}
        amount, error = scale * row["position_value"], abs(scale) * row["position_standard_error"]
        return [_row(standard.delta[kind], spot, "", amount, error)]
    if row["greek"] == "vega":
        return _by_vertex(standard.vega[kind], spot, parts, standard.vega_tenors, row["volatility"])
    if row["greek"] == "rho":
        rates = {"ProductClass": CLASSES[kind], "Qualifier": str(row.get("currency") or ""), "Bucket": ""}
        if standard.rate == "Risk_IRCurve":
            rates |= {"Label2": "OIS"}
        return _by_vertex(standard.rate, rates, parts, standard.rate_tenors, standard.rate_move)
    return []


def _by_vertex(
    risk_type: str, factor: Mapping[str, str], parts: Sequence[Piece], tenors: Mapping[str, float], scale: float
) -> list[dict[str, Any]]:
    """A row for each vertex that parts are near; errors of parts are added, which is no less than their sum's."""
    sums: dict[str, list[float]] = {}
    for years, value, error in parts:
        for tenor, weight in _shared(years, tenors).items():
            there = sums.setdefault(tenor, [0.0, 0.0])
            there[0] += weight * scale * value
            there[1] += weight * abs(scale) * error
    return [_row(risk_type, factor, tenor, *sums[tenor]) for tenor in tenors if tenor in sums]


def _row(risk_type: str, factor: Mapping[str, str], label: str, amount: float, error: float) -> dict[str, Any]:
    """One row."""
    return {"RiskType": risk_type, **factor, "Label1": label, "Amount": amount, "AmountStandardError": error}


def _curvatures(
    row: Mapping[Any, Any], kind: str, standard: Standard, buckets: Mapping[str, str]
) -> list[dict[str, Any]]:
    """The two rows of curvature of a trade."""
    spot = _factor(kind, str(row["underlying"]), standard, buckets)
    return [
        _row(standard.curvature[kind], spot, f"{sign * row['shock']:g}", *(row[f"cvr_{side}{end}"] for end in ENDS))
        for side, sign in zip(SIDES, (1.0, -1.0), strict=True)
    ]


def _shared(maturity: float, tenors: Mapping[str, float]) -> dict[str, float]:
    """The shares of the vertices around a maturity (years), linear in time; the first or the last beyond them."""
    names, years = [*tenors], np.array([*tenors.values()])
    weights = [float(np.interp(maturity, years, np.eye(len(years))[k])) for k in range(len(years))]
    return {name: weight for name, weight in zip(names, weights, strict=True) if weight > 0.0}


def bucket_words(words: Sequence[str]) -> dict[str, str]:
    """Buckets from words such as ``SX5E=12``.

    Raises
    ------
    ValueError
        If a word is none.
    """
    pairs = [word.partition("=") for word in words]
    for name, sign, bucket in pairs:
        if not (name and sign and bucket):
            refuse("crif_buckets", "be pairs such as SX5E=12", name + sign + bucket)
    return {name.strip(): bucket.strip() for name, _, bucket in pairs}
