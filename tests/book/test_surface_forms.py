"""Surfaces in the forms in which markets quote them: of spot or forward, by delta, SVI, a quote a maturity."""

import numpy as np
import pandas as pd
import pytest
import QuantLib as ql

import likelihood_greeks as lg
from likelihood_greeks._checks import InvalidValueError
from likelihood_greeks.book.surfaces.delta import AT_THE_MONEY, CONVENTIONS, Quoting, parsed
from likelihood_greeks.book.surfaces.svi import SVI

RATE, YIELD, SPOT = 0.03, 0.01, 1.25
YEARS = [0.5, 2.0]


def forward(t):
    return SPOT * np.exp((RATE - YIELD) * t)


def underlying(surface, **own):
    entries = {"spot": SPOT, "zero_rate": RATE, "dividend_yield": YIELD, "implied_volatility": surface} | own
    market = {"valuation_date": "2026-01-02", "underlyings": {"X": entries}}
    return lg.Market.read(market).underlyings["X"]


def surface_of(**entry):
    return underlying(entry).implied_volatility


def at(t, low, high):
    """Volatility between the two maturities of `YEARS`, given those of the same moneyness there."""
    variance = np.interp(t, YEARS, [low**2 * YEARS[0], high**2 * YEARS[1]])
    return np.sqrt(variance / t)


LEVELS = {"maturities": YEARS, "volatilities": [[0.24, 0.22], [0.2, 0.19], [0.18, 0.17]]}


@pytest.mark.parametrize(("unit", "strikes"), [("forward", [0.8, 1.0, 1.3]), ("% of forward", [80, 100, 130])])
def test_strikes_of_the_forward_keep_their_moneyness_between_maturities(unit, strikes):
    surface = surface_of(strikes=strikes, strikes_in=unit, **LEVELS)
    for t, low, high in ((0.5, 0.24, 0.24), (2.0, 0.22, 0.22), (1.1, 0.24, 0.22)):
        assert surface.volatility(0.8 * forward(t), t) == pytest.approx(at(t, low, high), rel=1e-12)
    square = 0.25 * 0.24**2 + 0.75 * 0.2**2, 0.25 * 0.22**2 + 0.75 * 0.19**2
    assert surface.volatility(0.95 * forward(1.1), 1.1) == pytest.approx(at(1.1, *np.sqrt(square)), rel=1e-12)
    with pytest.raises(InvalidValueError, match=r"strike must lie on the surface, 1\.02\d+ to 1\.66\d+"):
        surface.volatility(1.7, 1.1)


@pytest.mark.parametrize(("unit", "strikes"), [("spot", [0.8, 1.0, 1.3]), ("% of spot", [80, 100, 130])])
def test_strikes_of_the_spot_are_those_in_currency(unit, strikes):
    surface = surface_of(strikes=strikes, strikes_in=unit, **LEVELS)
    money = surface_of(strikes=[0.8 * SPOT, SPOT, 1.3 * SPOT], **LEVELS)
    for strike, t in ((1.0, 0.5), (1.11, 1.3), (1.6, 1.9)):
        assert surface.volatility(strike, t) == pytest.approx(money.volatility(strike, t), rel=1e-12)


def test_a_volatility_a_maturity_and_a_single_quote_hold_at_every_strike():
    for entry in ({"volatilities": [0.2, 0.19]}, {"strikes": [SPOT], "volatilities": [[0.2, 0.19]]}):
        surface = surface_of(maturities=YEARS, **entry)
        for strike in (0.5, 1.25, 3.0):
            assert surface.volatility(strike, 0.3) == pytest.approx(0.2, rel=1e-14)
            assert surface.volatility(strike, 1.1) == pytest.approx(at(1.1, 0.2, 0.19), rel=1e-14)
    for single in ({"strikes": [1.2], "maturities": [1.0], "volatilities": [[0.2]]},
                   [{"expiry": "2027-01-02", "strike": 1.2, "volatility": 0.2}]):  # fmt: skip
        assert underlying(single).implied_volatility == 0.2


def test_the_last_volatility_of_a_maturity_holds_beyond_if_the_market_says_so():
    for unit, strikes in (("currency", [1.0, 1.2, 1.5]), ("forward", [0.8, 1.0, 1.3])):
        surface = surface_of(strikes=strikes, strikes_in=unit, beyond_strikes="flat", **LEVELS)
        assert surface.volatility(0.2, 0.5) == pytest.approx(0.24, rel=1e-14)
        assert surface.volatility(9.0, 1.1) == pytest.approx(at(1.1, 0.18, 0.17), rel=1e-14)
        with pytest.raises(InvalidValueError, match="strike must lie on the surface"):
            surface_of(strikes=strikes, strikes_in=unit, **LEVELS).volatility(9.0, 1.1)


# -- by delta ------------------------------------------------------------------------------------------------------

QUANTLIB = dict(zip(CONVENTIONS, (ql.DeltaVolQuote.Spot, ql.DeltaVolQuote.Fwd, ql.DeltaVolQuote.PaSpot,
                                  ql.DeltaVolQuote.PaFwd), strict=True))  # fmt: skip
ATM = dict(zip(AT_THE_MONEY, (ql.DeltaVolQuote.AtmDeltaNeutral, ql.DeltaVolQuote.AtmFwd, ql.DeltaVolQuote.AtmSpot),
               strict=True))  # fmt: skip


def calculator(kind, convention, t, volatility):
    rates = np.exp(-RATE * t), np.exp(-YIELD * t)
    return ql.BlackDeltaCalculator(kind, QUANTLIB[convention], SPOT, *map(float, rates), float(volatility * np.sqrt(t)))


@pytest.mark.parametrize("convention", CONVENTIONS)
@pytest.mark.parametrize("delta", [0.25, -0.25, 0.1, -0.1, 0.02, -0.45])
def test_the_strike_of_a_delta_is_quantlib_s(convention, delta):
    for t, volatility in ((0.1, 0.07), (1.0, 0.12), (10.0, 0.25)):
        kind = ql.Option.Call if delta > 0 else ql.Option.Put
        reference = calculator(kind, convention, t, volatility).strikeFromDelta(delta)
        market = SPOT, forward(t), np.exp(-YIELD * t)
        found = Quoting(delta=convention).strike(delta, volatility * np.sqrt(t), market)
        assert found == pytest.approx(reference, rel=1e-8)  # QuantLib's solver
        assert calculator(kind, convention, t, volatility).deltaFromStrike(found) == pytest.approx(delta, rel=1e-10)


@pytest.mark.parametrize("convention", CONVENTIONS)
@pytest.mark.parametrize("atm", AT_THE_MONEY)
def test_at_the_money_is_quantlib_s(convention, atm):
    reference = calculator(ql.Option.Call, convention, 1.5, 0.2).atmStrike(ATM[atm])
    found = Quoting(delta=convention, at_the_money=atm).strike(
        None, 0.2 * np.sqrt(1.5), (SPOT, forward(1.5), np.exp(-YIELD * 1.5))
    )
    assert found == pytest.approx(reference, rel=1e-12)


def test_a_premium_adjusted_call_has_no_delta_above_its_greatest():
    with pytest.raises(InvalidValueError, match=r"delta must be at most 0\.\d+, the greatest"):
        Quoting(delta="spot_premium_adjusted").strike(0.9, 0.3, (1.0, 1.0, 1.0))


def test_deltas_are_read_as_desks_write_them():
    assert [parsed("delta", x) for x in ("25C", "10 put", "25d p", "ATM", -10, 0.25)] == [
        0.25, -0.1, -0.25, None, -0.1, 0.25,
    ]  # fmt: skip
    for wrong in ("25", 0, "C25", 200, None):
        with pytest.raises(InvalidValueError, match="be a delta"):
            parsed("delta", wrong)


DELTAS = {
    "deltas": ["10P", "25P", "ATM", "25C", "10C"],
    "maturities": YEARS,
    "volatilities": [[0.11, 0.12], [0.1, 0.107], [0.09, 0.1], [0.088, 0.097], [0.089, 0.098]],
    "delta_convention": ["spot", "forward"],  # as conventions change with maturity
}


def test_a_surface_by_delta_gives_its_quotes_back_at_quantlib_s_strikes():
    surface = surface_of(**DELTAS)
    for j, (t, convention) in enumerate(zip(YEARS, DELTAS["delta_convention"], strict=True)):
        for delta, row in zip((-0.1, -0.25, None, 0.25, 0.1), DELTAS["volatilities"], strict=True):
            kind = ql.Option.Put if delta and delta < 0 else ql.Option.Call
            tool = calculator(kind, convention, t, row[j])
            strike = tool.atmStrike(ql.DeltaVolQuote.AtmDeltaNeutral) if delta is None else tool.strikeFromDelta(delta)
            assert surface.volatility(strike, t) == pytest.approx(row[j], abs=1e-9)


def test_risk_reversals_and_butterflies_are_added_to_the_volatility_at_the_money():
    quoted = surface_of(
        maturities=YEARS,
        atm=[0.09, 0.1],
        risk_reversals={"25": [-0.012, -0.01], "10": [-0.021, -0.022]},
        butterflies={"25": [0.004, 0.002], "10": [0.0095, 0.009]},
        delta_convention=DELTAS["delta_convention"],
    )
    expected = surface_of(**DELTAS)
    for pillar in (0, 1):
        np.testing.assert_allclose(quoted.smiles[pillar].strikes, expected.smiles[pillar].strikes, rtol=1e-13)
        np.testing.assert_allclose(quoted.smiles[pillar].volatilities, expected.smiles[pillar].volatilities, rtol=1e-13)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"delta_convention": None}, "delta_convention must be given: spot, forward"),
        ({"delta_convention": "Spot"}, "delta_convention must be one of"),
        ({"deltas": ["10P", "25P", "ATM", "10C", "25C"]}, None),  # the order of rows does not matter
        ({"volatilities": [[0.11, 0.12]] * 4}, r"volatilities must have shape \(5, 2\), deltas by maturities"),
        ({"volatilities": [[0.9, 0.12], [0.1, 0.107], [0.09, 0.1], [0.088, 0.097], [9.8, 0.098]]}, "at the delta 0.1"),
        ({"strikes_in": "spot"}, "strikes_in must not be given beside these quotes"),
    ],
)
def test_what_is_wrong_with_quotes_by_delta_is_said(change, said):
    entry = {key: value for key, value in (DELTAS | change).items() if value is not None}
    if said is None:
        assert surface_of(**entry).maturities == tuple(YEARS)
        return
    with pytest.raises(InvalidValueError, match=said):
        surface_of(**entry)


# -- SVI -----------------------------------------------------------------------------------------------------------

PARAMETERS = {"a": 0.01, "b": 0.12, "rho": -0.6, "m": 0.05, "sigma": 0.15}
LATER = {"a": 0.04, "b": 0.15, "rho": -0.5, "m": 0.06, "sigma": 0.2}


def total_variance(parameters, k):
    a, b, rho, m, sigma = parameters.values()
    return a + b * (rho * (k - m) + np.hypot(k - m, sigma))


@pytest.mark.parametrize("form", ["tables", "lists"])
def test_svi_is_its_formula_at_the_maturities_and_linear_in_total_variance_between(form):
    if form == "tables":
        entry = {"svi": [{"maturity": t} | own for t, own in zip(YEARS, (PARAMETERS, LATER), strict=True)]}
    else:
        entry = {"maturities": YEARS, "svi": {key: [PARAMETERS[key], LATER[key]] for key in PARAMETERS}}
    surface = surface_of(**entry)
    for k in (-1.5, -0.2, 0.0, 0.4):
        for t in (0.5, 1.1, 2.0):
            variance = np.interp(t, YEARS, [total_variance(p, k) for p in (PARAMETERS, LATER)])
            expected = np.sqrt(variance / t)
            assert surface.volatility(forward(t) * np.exp(k), t) == pytest.approx(expected, rel=1e-12)


def test_durrleman_s_function_has_the_sign_of_the_density():
    smile, k = SVI(1.0, 1.0, **PARAMETERS), np.linspace(-1.0, 1.0, 41)
    bad = SVI(1.0, 1.0, a=-0.041, b=0.1331, rho=0.306, m=0.3586, sigma=0.4153)  # Axel Vogt's, Gatheral-Jacquier 3.1
    for svi, sign in ((smile, 1.0), (bad, -1.0)):

        def call(x, svi=svi):
            strike = np.exp(x)
            root = np.sqrt(svi.total_variance(x))
            normal = ql.CumulativeNormalDistribution()
            return normal(-x / root + root / 2) - strike * normal(-x / root - root / 2)

        step = 1e-3
        prices = np.array([[call(x + h) for h in (-step, 0.0, step)] for x in np.append(k, 0.8)])
        spots = np.exp(np.append(k, 0.8)[:, None] + [-step, 0.0, step])
        slopes = np.diff(prices, axis=1) / np.diff(spots, axis=1)
        curvature = slopes[:, 1] - slopes[:, 0]
        np.testing.assert_array_equal(np.sign(curvature), np.sign(svi.density(np.append(k, 0.8))))
        assert np.sign(curvature).min() == sign


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"rho": -1.0}, r"svi\[0\]\.rho must lie between -1 and 1"),
        ({"b": -0.1}, r"svi\[0\]\.b must be non-negative"),
        ({"sigma": 0.0}, r"svi\[0\]\.sigma must be positive"),
        ({"a": -0.02}, r"svi\[0\]\.a must leave the least total variance, -0\.0056, positive"),
        ({"eta": 1.0}, r"svi\[0\]\.key must be one of"),
    ],
)
def test_svi_without_a_meaning_is_refused(change, said):
    with pytest.raises(InvalidValueError, match=said):
        surface_of(svi=[{"maturity": 1.0} | PARAMETERS | change])


# -- strikes that differ by maturity -------------------------------------------------------------------------------


def ragged():
    rows = [{"expiry": t, "strike": m * forward(t), "volatility": 0.2 - 0.1 * (m - 1.0) + 0.3 * (m - 1.0) ** 2 / t**0.5}
            for t, moneyness in ((0.5, np.arange(0.6, 1.41, 0.1)), (1.0, np.arange(0.8, 1.21, 0.1)),
                                 (2.0, np.arange(0.6, 1.41, 0.1))) for m in moneyness]  # fmt: skip
    return underlying(pd.DataFrame(rows)).implied_volatility


def test_a_smile_goes_on_between_those_around_it_without_a_jump_and_without_calendar_arbitrage():
    surface = ragged()
    moneyness = np.linspace(0.61, 1.39, 400)
    variances = np.array(
        [[surface.volatility(x * forward(t), t) ** 2 * t for x in moneyness] for t in (0.5, 0.8, 1.0, 1.5, 2.0)]
    )
    assert np.all(np.diff(variances, axis=0) > 0.0)
    assert np.abs(np.diff(variances, axis=1)).max() < 3e-3
    one, edge = surface.volatility(1.3 * forward(1.0), 1.0) ** 2, surface.volatility(1.2 * forward(1.0), 1.0) ** 2
    before, after = (np.array([surface.volatility(x * forward(t), t) ** 2 * t for x in (1.2, 1.3)]) for t in (0.5, 2.0))
    share = (edge - before[0]) / (after[0] - before[0])
    assert one == pytest.approx(before[1] + share * (after[1] - before[1]), rel=1e-12)


def test_nothing_is_extrapolated_where_no_maturity_on_one_side_has_the_strike():
    surface = underlying(
        [{"expiry": t, "strike": k, "vol": 0.2} for t, ks in ((0.5, (1.2, 1.3)), (1.0, (1.0, 1.5))) for k in ks]
    ).implied_volatility
    with pytest.raises(InvalidValueError, match=r"strike must be quoted before 0\.75 years as well"):
        surface.volatility(1.05, 0.75)
