"""Numerical tools that know nothing of finance: exact derivatives, tables, sums, differences."""
