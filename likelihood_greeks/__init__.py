"""Unbiased Greeks of discontinuous and path-dependent options by the likelihood-ratio method."""

import importlib
from typing import TYPE_CHECKING, Any

from ._versions import VERSION
from .book.accessor import RiskFrame
from .book.crif import to_crif
from .book.curvature import curvature
from .book.difference import diff
from .book.explain_book import explain_book
from .book.interruption import Interrupted
from .book.ladder import ladder
from .book.limits import check_limits
from .book.market import Market
from .book.pivots import pivot
from .book.reading import BookWarning
from .book.registered import register_product
from .book.risk import risk
from .book.scenario_grid import scenario_grid, stress
from .book.units import desk_units
from .comparison import compare, finite_difference, pathwise
from .engine.early_exercise import exercise_rule
from .engine.greeks import greeks
from .estimate import Estimate
from .models.correlated.heston import CorrelatedHeston
from .models.correlated.law import CorrelatedGBM
from .models.correlated.local_volatility import CorrelatedLocalVolatility
from .models.curves import Curves
from .models.gbm import GBM
from .models.heston.calibration import HestonCalibration
from .models.heston.law import Heston
from .models.jumps.bates import Bates
from .models.jumps.merton import Merton
from .models.local_volatility.fit import LocalVolatilityFit
from .models.local_volatility.grid import LocalVolatilityGrid
from .models.local_volatility.law import LocalVolatility
from .models.protocol import PathModel, Paths
from .models.term_structure import TermStructureGBM
from .payoffs.accumulator import TARF, Accumulator
from .payoffs.assets import Basket, BestOf, Rainbow, WorstOf
from .payoffs.autocallable import Autocallable
from .payoffs.barrier import Barrier, DoubleBarrier
from .payoffs.composite import Composite
from .payoffs.convertible import BarrierReverseConvertible, ReverseConvertible
from .payoffs.custom import Payoff
from .payoffs.european import AssetOrNothingCall, AssetOrNothingPut, Call, DigitalCall, DigitalPut, GapCall, GapPut, Put
from .payoffs.exercise import Bermudan, Exercised
from .payoffs.exercise_by_value import ExercisedByValue
from .payoffs.forward_start import ForwardStart
from .payoffs.path import Asian, Cliquet, Lookback
from .payoffs.realised import RangeAccrual, VarianceSwap, VolatilitySwap
from .payoffs.redeemable import Redeemable
from .payoffs.redeemed import Redeemed
from .payoffs.schedule import schedule
from .payoffs.seasoned import KnownCashFlow, Seasoned
from .payoffs.touch import DoubleNoTouch, NoTouch, OneTouch
from .payoffs.two_assets import Exchange, On, OutperformanceDigital, OutsideBarrier, Spread
from .pictures.comparison import comparison as plot_comparison
from .pictures.convergence import plot as plot_convergence
from .pictures.density import plot as plot_density
from .pictures.greek import plot as plot_greek
from .pictures.pairs import heat_map as plot_pairs
from .pictures.risk import risk_by_maturity as plot_risk
from .reports.files import report
from .result import Result
from .revaluation.explain import explain
from .revaluation.grid import Scenarios, scenarios

__version__ = VERSION

if TYPE_CHECKING:
    from likelihood_greeks import quantlib
    from likelihood_greeks.quantlib import from_quantlib

__all__ = [
    "GBM",
    "TARF",
    "Accumulator",
    "Asian",
    "AssetOrNothingCall",
    "AssetOrNothingPut",
    "Autocallable",
    "Barrier",
    "BarrierReverseConvertible",
    "Basket",
    "Bates",
    "Bermudan",
    "BestOf",
    "BookWarning",
    "Call",
    "Cliquet",
    "Composite",
    "CorrelatedGBM",
    "CorrelatedHeston",
    "CorrelatedLocalVolatility",
    "Curves",
    "DigitalCall",
    "DigitalPut",
    "DoubleBarrier",
    "DoubleNoTouch",
    "Estimate",
    "Exchange",
    "Exercised",
    "ExercisedByValue",
    "ForwardStart",
    "GapCall",
    "GapPut",
    "Heston",
    "HestonCalibration",
    "Interrupted",
    "KnownCashFlow",
    "LocalVolatility",
    "LocalVolatilityFit",
    "LocalVolatilityGrid",
    "Lookback",
    "Market",
    "Merton",
    "NoTouch",
    "On",
    "OneTouch",
    "OutperformanceDigital",
    "OutsideBarrier",
    "PathModel",
    "Paths",
    "Payoff",
    "Put",
    "Rainbow",
    "RangeAccrual",
    "Redeemable",
    "Redeemed",
    "Result",
    "ReverseConvertible",
    "RiskFrame",
    "Scenarios",
    "Seasoned",
    "Spread",
    "TermStructureGBM",
    "VarianceSwap",
    "VolatilitySwap",
    "WorstOf",
    "check_limits",
    "compare",
    "curvature",
    "desk_units",
    "diff",
    "exercise_rule",
    "explain",
    "explain_book",
    "finite_difference",
    "from_quantlib",
    "greeks",
    "ladder",
    "pathwise",
    "pivot",
    "plot_comparison",
    "plot_convergence",
    "plot_density",
    "plot_greek",
    "plot_pairs",
    "plot_risk",
    "quantlib",
    "register_product",
    "report",
    "risk",
    "scenario_grid",
    "scenarios",
    "schedule",
    "stress",
    "to_crif",
]


def __getattr__(name: str) -> Any:
    """What needs QuantLib, imported when it is first asked for."""
    if name not in ("from_quantlib", "quantlib"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    bridge = importlib.import_module(f"{__name__}.quantlib")
    return bridge if name == "quantlib" else bridge.from_quantlib


def __dir__() -> list[str]:
    """What is public."""
    return [*__all__]
