"""Compiled formulas of Heston's model."""
