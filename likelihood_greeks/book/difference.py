"""Two runs of a book compared: what has changed, and what is noise."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import pandas as pd
from scipy import special

from .._checks import one_of, path_of, positive, refuse
from .assets.folding import folded, unfolded
from .assets.names import are_several
from .buckets import SEPARATOR
from .common_draws import errors_of_differences
from .files import read
from .own_columns import column_of, names_apart, own_of
from .same_nodes import from_first_day
from .terms import VALUED
from .trades import NET
from .units import are_buckets, checked_risk

KEYS = ["trade_id", "underlying", "greek"]
SETTINGS = ("product", "quantity", "currency", "model", "maturity_date", "maturity", "spot", "volatility", "rate")
"""What a trade is and where it is valued: a difference in these is a reason for others."""

COLUMNS = {"position": ("position_value", "position_standard_error"), "unit": ("value", "standard_error")}
MANY = 1e9  # samples beyond which Student's law is the normal one
COMMON_AT_MOST = "common, at most"
KNOWN = "greek_known"  # a column that tells whether a run has a row
ROUNDING = 1e-9  # relative: values nearer than this are equal, whatever their errors
NO_ERROR = 1e-11  # relative: errors below this are those of rounding, and tell no more than none


def diff(
    before: pd.DataFrame | str | os.PathLike[str],
    after: pd.DataFrame | str | os.PathLike[str],
    *,
    of: str = "position",
    level: float = 0.01,
) -> pd.DataFrame:
    """Every number of two runs of `risk` side by side, and whether they differ by more than noise.

    Parameters
    ----------
    before, after : pandas.DataFrame or path
        From `risk`; a path ends in .csv, .parquet or .xlsx.
    of : {"position", "unit"}
        Whether values are of positions or per unit of each trade.
    level : float
        Chance that any number at all is called "changed" where nothing has changed, between 0 and 1. It is divided by
        the number of numbers compared (Bonferroni).

    Returns
    -------
    pandas.DataFrame
        A row per trade and Greek (and ``asset``, ``bucket``, where a run has any), net positions last: ``trade_id,
        underlying, greek, before, after, difference,
        standard_error, draws, z, threshold, verdict, note, currency``, and the books' own columns, blank cells of the
        second filled from the first. Of runs of two days a ``bucket`` of quotes at dates is the same date on both, in
        years from the first. ``draws`` is "independent" (the squared errors add), "common" (the runs have the
        same draws, and the error is that of the differences sample by sample) or "common, at most" (the same of frames
        without ``attrs["joint"]``, as from CSV files: the error is at most the sum of both, which stands there).
        ``z`` is infinite where exact numbers (but for rounding) differ. ``verdict`` is "noise", "changed" (``z`` is
        beyond the ``threshold``, Student's where few independent samples tell the errors there are), "new" or "gone".
        ``note`` is what was held against either number. Amounts in two currencies have no difference, and are
        "changed".
        ``attrs["settings"]`` lists the differences of quantities, spots, volatilities, models, ... by trade, as
        dictionaries with keys ``trade_id, underlying, setting, before, after``.

    Raises
    ------
    ValueError, TypeError
        If a frame is not from `risk`, has a row twice, or an argument is out of range.

    Examples
    --------
    >>> import likelihood_greeks as lg
    >>> book = pd.DataFrame(
    ...     [{"trade_id": "A", "underlying": "X", "product": "digital_call", "quantity": 10, "maturity": "2025-07-01",
    ...       "strike": 100}])
    >>> market = {"valuation_date": "2025-01-01", "underlyings": {"X": {
    ...     "spot": 100.0, "zero_rate": 0.03, "implied_volatility": 0.2}}}
    >>> monday, again = (lg.risk(book, market, ["delta"], paths=20_000, seed=seed) for seed in (1, 2))
    >>> lg.diff(monday, again)["verdict"].unique().tolist()
    ['noise']
    """  # fmt: skip
    value, error = COLUMNS[one_of("of", of, tuple(COLUMNS))]
    if not positive("level", level) < 1.0:
        refuse("level", "be less than 1", level)
    one, two = (_numbered(name, given) for name, given in (("before", before), ("after", after)))
    two = from_first_day(one, two)
    both = one.add_suffix("_1").join(two.add_suffix("_2"), how="outer")
    both = both.loc[[*one.index, *two.index.difference(one.index, sort=False)]]
    table = pd.DataFrame({"before": both[f"{value}_1"], "after": both[f"{value}_2"]})
    other = _other_currency(both)
    table["difference"] = (table["after"] - table["before"]).mask(other)
    common = both["seed_1"] == both["seed_2"]
    errors = both[f"{error}_1"], both[f"{error}_2"]
    bound = np.where(common, errors[0] + errors[1], np.hypot(*errors))
    nothing = np.full(len(both), np.nan), [""] * len(both)
    exact, rough = (
        errors_of_differences(one, two, pd.MultiIndex.from_tuples(both.index, names=KEYS), error)
        if common.any()
        else nothing
    )
    table["standard_error"] = np.where(other, np.nan, np.where(common & np.isfinite(exact), exact, bound))
    in_both = both["greek_known_1"].notna() & both["greek_known_2"].notna()
    known = np.isfinite(exact) | (bound <= NO_ERROR * _scale(table))
    kinds = np.where(common, np.where(known, "common", COMMON_AT_MOST), "independent")
    table["draws"] = np.where(in_both, kinds, "")
    table["z"] = _scores(table)
    checks = int(in_both.sum())
    table["threshold"] = -special.stdtrit(_freedom(both, error), level / 2.0 / max(checks, 1))
    table["verdict"] = np.where(other, "changed", _verdicts(table, both))
    notes = both[["note_1", "note_2"]].fillna("")
    table["note"] = notes["note_1"].where(
        notes["note_1"] == notes["note_2"], notes["note_1"] + " | " + notes["note_2"]
    ).str.strip(" |")  # fmt: skip
    doubts = np.where(table["standard_error"] <= NO_ERROR * _scale(table), "", rough)
    table["note"] = [" | ".join(filter(None, pair)) for pair in zip(table["note"], doubts, strict=True)]
    own = [name for name in dict.fromkeys([*own_of(two), *own_of(one)]) if name != KNOWN]
    for name, shown in names_apart(["currency", *own], table.columns).items():
        table[shown] = _carried(name, both)
    table = table.reset_index().sort_values("trade_id", key=lambda ids: ids == NET, kind="stable", ignore_index=True)
    several = table["underlying"].map(are_several)
    if several.any():
        greek, asset = unfolded(table["greek"])
        table["greek"] = greek.where(several, table["greek"])
        table.insert(list(table.columns).index("greek") + 1, "asset", asset.where(several, ""))
    if table["greek"].str.contains(SEPARATOR, regex=False).any():
        halves = table["greek"].str.partition(SEPARATOR)
        table["greek"] = halves[0]
        table.insert(list(table.columns).index("greek") + 1, "bucket", halves[2])
    dates = tuple(run.attrs.get(VALUED) for run in (one, two))
    table.attrs = {"settings": _settings(both), "valued": dates, "level": level, "checks": checks}
    return table


def _numbered(name: str, given: pd.DataFrame | str | os.PathLike[str]) -> pd.DataFrame:
    """A run by trade, underlying and Greek."""
    if not isinstance(given, (pd.DataFrame, str, os.PathLike)):
        raise TypeError(f"{name} must be a DataFrame from risk(), or the path of one, got {given!r}")
    frame = given if isinstance(given, pd.DataFrame) else read(path_of(name, given))
    frame = folded(frame)
    if (split := are_buckets(frame)).any():
        names = frame["greek"].astype(str)
        named = names.where(~split, names + SEPARATOR + frame["bucket"].astype(str))
        frame = frame.assign(greek=named).drop(columns="bucket")
    try:
        checked_risk(frame)
    except ValueError as problem:
        raise ValueError(f"{given if isinstance(given, (str, os.PathLike)) else name}: {problem}") from None
    keyed = frame.assign(**{KNOWN: True}).astype({"trade_id": str, "underlying": str, "greek": str}).set_index(KEYS)
    if keyed.index.has_duplicates:
        refuse(name, "have one row per trade and Greek", keyed.index[keyed.index.duplicated()][0])
    return keyed


def _other_currency(both: pd.DataFrame) -> pd.Series:
    """Whether the numbers of a row are in two currencies, both of them known."""
    one, two = (_column("currency", side, both) for side in (1, 2))
    return one.ne(two) & _filled(one) & _filled(two)


def _column(name: str, side: int, both: pd.DataFrame) -> pd.Series:
    """A column of one of the runs, blank where it has none."""
    return both.get(f"{name}_{side}", pd.Series("", index=both.index))


def _filled(cells: pd.Series) -> pd.Series:
    return cells.notna() & cells.astype(object).ne("")


def _carried(name: str, both: pd.DataFrame) -> pd.Series:
    """What the second run says in a column, or else the first; text is empty where neither says anything."""
    one, two = (_column(name, side, both) for side in (1, 2))
    return column_of(two.astype(object).where(_filled(two), one.astype(object)).tolist()).set_axis(both.index)


def _scores(table: pd.DataFrame) -> np.ndarray[Any, Any]:
    """The differences in standard errors; 0 where they are rounding, infinite where nothing but the errors is."""
    scale, error = _scale(table), table["standard_error"]
    same = table["difference"].abs() <= ROUNDING * scale
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(same, 0.0, table["difference"] / error.mask(error <= NO_ERROR * scale, 0.0))


def _scale(table: pd.DataFrame) -> pd.Series:
    """The larger of two numbers in size."""
    return table[["before", "after"]].abs().max(axis=1)


def _freedom(both: pd.DataFrame, error: str) -> np.ndarray[Any, Any]:
    """Degrees of freedom of the errors of differences; those of the normal law where neither number has an error.

    Of independent runs by Welch and Satterthwaite, of runs on common draws those of the run with fewer samples. A
    number without an error, as an exact one, takes none away.
    """
    if not {"samples_1", "samples_2"} <= set(both.columns):
        return np.full(len(both), MANY)
    errors = both[[f"{error}_1", f"{error}_2"]].to_numpy(dtype=float)
    own = np.maximum(both[["samples_1", "samples_2"]].to_numpy(dtype=float) - 1.0, 1.0)
    own = np.where(errors > 0.0, own, np.inf)
    with np.errstate(divide="ignore", invalid="ignore"):
        shares = np.nan_to_num(errors / np.fmax(errors[:, :1], errors[:, 1:])) ** 2
        total = shares.sum(axis=1)
        welch = total**2 / (shares**2 / own).sum(axis=1)
    common = (both["seed_1"] == both["seed_2"]).to_numpy()
    return np.fmin(np.where(common | (total == 0.0), own.min(axis=1), welch), MANY)


def _verdicts(table: pd.DataFrame, both: pd.DataFrame) -> np.ndarray[Any, Any]:
    finite = np.isfinite(table[["before", "after"]].to_numpy(dtype=float))
    lost = finite[:, 0] != finite[:, 1]  # a number became none, or the other way round
    return np.select(
        [both["greek_known_1"].isna(), both["greek_known_2"].isna(), lost | (table["z"].abs() > table["threshold"])],
        ["new", "gone", "changed"],
        "noise",
    )


def _settings(both: pd.DataFrame) -> list[dict[str, Any]]:
    """Differences of what the trades are and where they are valued, a trade and setting each."""
    trades = both[both["greek_known_1"].notna() & both["greek_known_2"].notna()].reset_index()
    trades = trades.drop_duplicates(["trade_id", "underlying"])
    found, names = list[dict[str, Any]](), [name for name in SETTINGS if {f"{name}_1", f"{name}_2"} <= {*trades}]
    if "maturity_date" in names:  # years to it are less on another day
        names.remove("maturity")
    for name in names:
        old, new = trades[f"{name}_1"], trades[f"{name}_2"]
        if name == "maturity_date":  # text in a CSV file
            old, new = (
                pd.to_datetime(cells, errors="coerce").dt.strftime("%Y-%m-%d").fillna("") for cells in (old, new)
            )
            trades = trades.assign(**{f"{name}_1": old, f"{name}_2": new})
        near = old == new
        if pd.api.types.is_numeric_dtype(old) and pd.api.types.is_numeric_dtype(new):
            near = pd.Series(np.isclose(old, new, rtol=1e-12, atol=0.0, equal_nan=True), index=trades.index)
        columns = ["trade_id", "underlying", f"{name}_1", f"{name}_2"]
        for trade_id, underlying, first, second in trades.loc[~near, columns].itertuples(index=False):
            row = {"trade_id": trade_id, "underlying": underlying, "setting": name}
            found.append({**row, "before": first, "after": second})
    return found
