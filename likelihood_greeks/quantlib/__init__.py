"""QuantLib's instruments and processes: their Greeks, and the models and payoffs of this library that they are."""

from .bridge import Reading, greeks, read
from .processes import from_quantlib

__all__ = ["Reading", "from_quantlib", "greeks", "read"]
