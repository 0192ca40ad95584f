"""Several assets under Black–Scholes dynamics whose Brownian motions are correlated."""
