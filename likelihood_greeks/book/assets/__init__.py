"""Trades on several assets at once: how their assets, terms and correlations are read, their law, and their rows."""
