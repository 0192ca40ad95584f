"""Unbiased Greeks of discontinuous and path-dependent options by the likelihood-ratio method."""

from .book.interruption import Interrupted
from .book.market import Market
from .book.risk import risk
from .book.trades import BookWarning
from .comparison import compare, finite_difference, pathwise
from .engine import greeks
from .estimate import Estimate
from .models.gbm import GBM
from .models.heston import Heston
from .models.heston_calibration import HestonCalibration
from .models.protocol import PathModel, Paths
from .payoffs.barrier import Barrier, DoubleBarrier
from .payoffs.custom import Payoff
from .payoffs.path import Asian, Cliquet, Lookback
from .payoffs.schedule import schedule
from .payoffs.vanilla import (
    AssetOrNothingCall,
    AssetOrNothingPut,
    Call,
    DigitalCall,
    DigitalPut,
    GapCall,
    GapPut,
    Put,
)
from .plotting import comparison as plot_comparison
from .quantlib_bridge import from_quantlib
from .result import Result

__all__ = [
    "GBM",
    "Asian",
    "AssetOrNothingCall",
    "AssetOrNothingPut",
    "Barrier",
    "BookWarning",
    "Call",
    "Cliquet",
    "DigitalCall",
    "DigitalPut",
    "DoubleBarrier",
    "Estimate",
    "GapCall",
    "GapPut",
    "Heston",
    "HestonCalibration",
    "Interrupted",
    "Lookback",
    "Market",
    "PathModel",
    "Paths",
    "Payoff",
    "Put",
    "Result",
    "compare",
    "finite_difference",
    "from_quantlib",
    "greeks",
    "pathwise",
    "plot_comparison",
    "risk",
    "schedule",
]
