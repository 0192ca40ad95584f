"""Local volatility: a log-Euler chain whose volatility depends on time and spot, and the density of its steps."""
