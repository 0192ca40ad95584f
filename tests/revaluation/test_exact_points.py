"""Scenarios of Europeans in closed form: what the simulated grid estimates, at every point, time included."""

from dataclasses import replace

import numpy as np
import pytest

import likelihood_greeks as lg
from likelihood_greeks.validation import closed_form

CURVES = lg.TermStructureGBM(
    spot=93.0, times=[0.25, 1.0], zero_rates=[0.01, 0.05], dividend_yields=[0.03, 0.01], volatilities=[0.35, 0.25]
)
OPTION = lg.DigitalPut(97.0, 0.8, cash=3.0)
GRID = {"spot": [88.0, 96.0], "time": [0.0, 0.1]}


def test_every_point_is_exact_and_what_simulation_estimates():
    sure = lg.scenarios(CURVES, OPTION, GRID, greeks=["delta", "theta"], seed=1, closed_form=True)
    drawn = lg.scenarios(CURVES, OPTION, GRID, greeks=["delta", "theta"], paths=20_000, seed=1)
    assert sure.remarks == ("European: every point in closed form",)
    assert (sure.frame["method"] == "closed form").all()
    assert list(sure.frame.columns) == list(drawn.frame.columns)
    assert sure.frame.index.equals(drawn.frame.index)
    for name in ("price", "change", "delta", "theta"):
        assert (sure.frame[f"{name}_standard_error"] == 0.0).all()
        z = (drawn.frame[name] - sure.frame[name]) / drawn.frame[f"{name}_standard_error"]
        assert (z.abs() < 4.5).all(), name
    assert abs(drawn.base["delta"].z_score(sure.base["delta"].value)) < 4.0


def test_points_are_the_law_and_the_option_there():
    frame = lg.scenarios(CURVES, OPTION, GRID, greeks=["delta"], seed=1, closed_form=True).frame
    for spot, elapsed in frame.index:
        law, option = replace(CURVES, spot=spot).later(elapsed), replace(OPTION, maturity=0.8 - elapsed)
        for name in ("price", "delta"):
            assert frame.loc[(spot, elapsed), name] == pytest.approx(closed_form.greek(law, option, name), rel=1e-10)


def test_what_has_no_closed_form_is_simulated():
    asian = lg.Asian(95.0, times=[0.4, 0.8])
    frame = lg.scenarios(CURVES, asian, {"spot": [90.0]}, paths=512, seed=1, closed_form=True).frame
    assert frame["method"].item() != "closed form"
    assert np.isfinite(frame["price"].item())
