"""Books of trades: the market they are valued in, and the trades read from tables."""
