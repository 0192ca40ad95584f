"""An underlying of a book: its spot, its curves and volatilities, and the law of a trade on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TypeAlias, final

import numpy as np
import pandas as pd

from .._checks import InvalidValueError, number, one_of, positive, refuse
from ..models import cash_dividends
from ..models.cash_dividends import Dividends
from ..models.curves import Curves
from ..models.gbm import GBM
from ..models.heston.calibration import HestonCalibration
from ..models.heston.law import Heston
from ..models.local_volatility.law import LocalVolatility
from ..models.term_structure import TermStructureGBM
from . import dividends as cash
from .calendars import calendar
from .currencies import code
from .curves import HORIZON, ZeroCurve, decimal, per_year, rate_to, within_horizon
from .surfaces import Surface, sticky_moneyness, term_structure

Model: TypeAlias = GBM | TermStructureGBM | Heston | LocalVolatility
Nodes: TypeAlias = tuple[tuple[float, ...], tuple[float, ...]]

BLACK_SCHOLES, HESTON, LOCAL = "black-scholes", "heston", "local_volatility"
SMILES = STICKY_STRIKE, STICKY_MONEYNESS = "sticky_strike", "sticky_moneyness"
"""What stays of a surface as the spot moves: the volatilities of strikes, or of strikes over the spot."""

DAY = 1.0 / 365.0
"""Years to the first date that rates and volatilities are quoted to; what matures earlier shows those."""


@final
@dataclass(frozen=True, kw_only=True)
class Underlying:
    """One asset: its spot, its dividends, the rates of options on it, and their volatilities or a Heston model.

    Parameters
    ----------
    name : str
    spot : float
        Currency, > 0.
    dividend_yield : ZeroCurve or float
        Continuously compounded, per year; of a currency pair the foreign rate. A number is a flat yield.
    zero_curve : ZeroCurve or float
        A number is a flat rate.
    implied_volatility : Surface or float, optional
        A number is a flat surface. Needed, and used, only without `heston`.
    calendar : str
        Business days, as `calendar` names them.
    heston : Heston, optional
        The law of all trades, with this spot; its rate and dividend yield are not used. Default: Black–Scholes, each
        trade with the volatilities of its own strike.
    calibration : HestonCalibration, optional
        How `heston` was found, if it was fitted.
    currency : str, optional
        Code of the currency of the spot, in which options on it pay; of a currency pair the domestic one.
    dividends : sequence of (float, float)
        Cash dividends to come, beside the yield: ex-dates in years and amounts, as of `GBM`. Black–Scholes only.
    local_volatility : LocalVolatility, optional
        The law of all trades, with this spot, up to the last maturity of `implied_volatility`; its rate, dividend yield
        and curves are not used.
    smile : {"sticky_strike", "sticky_moneyness"}
        What stays of the surface as the spot moves, under Black–Scholes and local volatility.

    Raises
    ------
    ValueError
        If a number is out of range, the calendar is unknown, the spot of `heston` is another, there is neither
        a volatility nor a model, or there are dividends under `heston`.
    """

    name: str
    spot: float
    dividend_yield: ZeroCurve | float
    zero_curve: ZeroCurve | float
    implied_volatility: Surface | float | None = None
    calendar: str = "TARGET"
    heston: Heston | None = None
    calibration: HestonCalibration[Heston] | None = field(default=None, compare=False, repr=False)
    currency: str | None = None
    dividends: Dividends = ()
    local_volatility: LocalVolatility | None = None
    smile: str = STICKY_STRIKE

    def __post_init__(self) -> None:
        one_of("smile", self.smile, SMILES)
        if self.currency is not None:
            object.__setattr__(self, "currency", code("currency", self.currency))
        object.__setattr__(self, "dividends", cash_dividends.checked(self.dividends))
        if self.dividends and self.heston is not None:
            refuse("dividends", "be none under heston", self.dividends)
        positive("spot", self.spot)
        for name, called in (("dividend_yield", "dividend_yield"), ("zero_curve", "zero_rate")):
            if not isinstance(curve := getattr(self, name), ZeroCurve):
                per_year(called, number(called, curve))
        if self.implied_volatility is None and self.heston is None:
            refuse("implied_volatility", "be given", None)
        if not (self.implied_volatility is None or isinstance(self.implied_volatility, Surface)):
            decimal("implied_volatility", positive("implied_volatility", self.implied_volatility))
        if not isinstance(self.heston, (Heston, type(None))):
            raise TypeError(f"heston must be a Heston model, got {self.heston!r}")
        if self.heston is not None and self.heston.spot != self.spot:
            refuse("heston", f"have the spot {self.spot:g}", self.heston.spot)
        if (local := self.local_volatility) is not None:
            if local.spot != self.spot:
                refuse("local_volatility", f"have the spot {self.spot:g}", local.spot)
            if self.dividends or self.heston is not None:
                refuse("local_volatility", "stand without dividends and without heston", self.dividends or self.heston)
        if not isinstance(self.calendar, str):
            raise TypeError(f"calendar must be a name, got {self.calendar!r}")
        calendar(self.calendar)

    @property
    def one_law(self) -> bool:
        """Whether options of all strikes have the same law."""
        return self.heston is not None or self.local_volatility is not None

    def rate(self, maturity: float) -> float:
        """Zero rate to `maturity` (years), per year; refused beyond the curve."""
        return rate_to(self.zero_curve, maturity)

    def forward(self, maturity: float) -> float:
        """Forward price to `maturity` (years); refused beyond the curves, or where dividends are worth the spot."""
        return cash.forward(self._growing, self.dividends, maturity)

    def _growing(self, time: float) -> float:
        """The forward without cash dividends."""
        return float(self.spot * np.exp((self.rate(time) - rate_to(self.dividend_yield, time)) * time))

    def calibrated(self, fixed: Mapping[str, float] | None = None) -> Underlying:
        """The same with the Heston model that is fitted to its surface; parameters in `fixed` are held.

        Raises
        ------
        ValueError
            If there is no surface, or it cannot be fitted: see `Heston.calibrate`.
        """
        quotes, rates, yields = self._to_fit("calibrate")
        try:
            fit = Heston.calibrate(quotes, rates, spot=self.spot, dividend_yield=yields, fixed=fixed)
        except InvalidValueError:
            raise
        except (ArithmeticError, ValueError) as error:
            refuse("calibrate", "find parameters at which options can be priced", str(error))
        return replace(self, heston=fit.model, calibration=fit)

    def _to_fit(self, name: str) -> tuple[pd.DataFrame, dict[float, float], dict[float, float]]:
        """The quotes of the surface, strikes by maturities, with rates and yields to the maturities."""
        surface = self.implied_volatility
        if not isinstance(surface, Surface):
            refuse(name, "have an implied_volatility of strikes, maturities and volatilities to fit", surface)
        rates, yields = (
            {maturity: rate_to(curve, maturity) for maturity in surface.maturities}
            for curve in (self.zero_curve, self.dividend_yield)
        )
        return surface.to_frame().dropna(axis="columns", how="all"), rates, yields

    def with_local_volatility(self) -> Underlying:
        """The same with the local volatility of its surface.

        Raises
        ------
        ValueError
            If there is no surface, or it has none: see `LocalVolatility.from_implied`.
        """
        quotes, rates, yields = self._to_fit("model")
        law = LocalVolatility.from_implied(quotes, rates, spot=self.spot, dividend_yield=yields)
        return replace(self, local_volatility=law)

    def _local(self, law: LocalVolatility, rates: Nodes, yields: Nodes, maturity: float) -> LocalVolatility:
        """The local volatility on the curves of the market; it ends with its quotes."""
        last = law.last
        if last is not None and maturity > last + DAY / 2.0:
            refuse("maturity", f"be at most {last:.4g} years, the last of the quotes under {LOCAL}", maturity)
        along = 0.0 if self.smile == STICKY_STRIKE else self.spot
        flat = replace(law, rate=rates[1][0], dividend_yield=yields[1][0], curves=None, smile_spot=along)
        return flat if _flat(rates, yields) else replace(flat, curves=_curves(rates, yields))

    def model(self, strike: float, maturity: float, paid: float | None = None, *, along: bool = False) -> Model:
        """The law of a trade, with the forwards and discount factors of the curves at every date up to its end.

        Heston's or the local volatility if there is one, the same for all strikes; else Black–Scholes with the
        volatilities that the surface has at `strike` at every maturity: `GBM` where nothing depends on time,
        `TermStructureGBM` elsewhere.

        Parameters
        ----------
        strike : float
            Currency. Where a product has none, give the spot: its volatilities are then those at the money.
        maturity : float
            Years.
        paid : float, optional
            Years to a later payment, which is discounted from then.
        along : bool
            Whether the strike goes along with the spot, as that of a product without one: then so does its smile.

        Raises
        ------
        ValueError
            If the surface or a curve has no usable number there, or `maturity` is beyond 60 years.
        """
        within_horizon("maturity", maturity)
        quotes: Nodes = ((), ()) if self.one_law else self.quotes(strike, maturity)
        end = maturity if paid is None else max(maturity, paid)
        rates, yields = _nodes(self.zero_curve, end), _nodes(self.dividend_yield, maturity)
        if self.heston is not None:
            flat = replace(self.heston, rate=rates[1][0], dividend_yield=yields[1][0], curves=None)
            return flat if _flat(rates, yields) else replace(flat, curves=_curves(rates, yields))
        if self.local_volatility is not None:
            return self._local(self.local_volatility, rates, yields, maturity)
        smile = () if along else self._moving(strike, maturity)
        if _flat(rates, yields, quotes) and not smile:
            return GBM(
                spot=self.spot,
                volatility=quotes[1][0],
                rate=rates[1][0],
                dividend_yield=yields[1][0],
                dividends=self.dividends,
            )
        return TermStructureGBM(
            spot=self.spot,
            times=rates[0],
            zero_rates=rates[1],
            dividend_times=yields[0],
            dividend_yields=yields[1],
            volatility_times=quotes[0],
            volatilities=quotes[1],
            dividends=self.dividends,
            smile=smile,
            smile_spot=self.spot if smile else 0.0,
        )

    def _moving(self, strike: float, maturity: float) -> tuple[tuple[float, float], ...]:
        """How the volatilities of a strike move with the spot; nothing where they do not."""
        surface = self.implied_volatility
        if self.smile == STICKY_STRIKE or not isinstance(surface, Surface):
            return ()
        found = sticky_moneyness(surface, strike, maturity, self.spot)
        return found if any(slope or bend for slope, bend in found) else ()

    def quotes(self, strike: float, maturity: float) -> Nodes:
        """Maturities and the volatilities of a strike (currency) for dates up to a maturity, in years."""
        surface = self.implied_volatility
        assert surface is not None  # refused at construction
        if isinstance(surface, (float, int)):  # anything else is a surface, which is checked slowly
            return (HORIZON,), (float(surface),)
        return term_structure(surface, strike, maturity)


def _nodes(curve: ZeroCurve | float, maturity: float) -> Nodes:
    """Nodes and rates for dates up to a maturity; a number has one, far away."""
    return curve.nodes(maturity) if isinstance(curve, ZeroCurve) else ((HORIZON,), (float(curve),))


def _flat(*curves: Nodes) -> bool:
    """Whether nothing depends on time: what is before the first node is flat."""
    return all(len(nodes) == 1 for nodes, _ in curves)


def _curves(rates: Nodes, yields: Nodes) -> Curves:
    """Curves for a law with the rate and the yield of the first nodes."""
    return Curves(times=rates[0], zero_rates=rates[1], dividend_times=yields[0], dividend_yields=yields[1])


def law_name(model: Model) -> str:
    """What a market calls the model."""
    if isinstance(model, LocalVolatility):
        return LOCAL
    return HESTON if isinstance(model, Heston) else BLACK_SCHOLES


def quoted_volatility(model: Model, maturity: float) -> float:
    """The volatility to a maturity (years), per square-root year; under Heston the root of the initial variance.

    Under a local volatility that at the spot today.
    """
    match model:
        case GBM():
            return model.volatility
        case TermStructureGBM():
            return model.black_volatility(max(maturity, DAY))
        case LocalVolatility():
            return model.at_the_spot
    return float(np.sqrt(model.initial_variance))


def zero_rate(model: Model, maturity: float) -> float:
    """The zero rate to a maturity (years), per year."""
    flat = isinstance(model, GBM) or (isinstance(model, (Heston, LocalVolatility)) and model.curves is None)
    return model.rate if flat else float(-np.log(model.discount(max(maturity, DAY)))) / max(maturity, DAY)
