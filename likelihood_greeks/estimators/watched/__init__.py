"""Contracts that are watched at all times, as the spots on some dates determine them under a law."""

from .given_dates import given_dates, passing, with_extremes

__all__ = ["given_dates", "passing", "with_extremes"]
