"""Payoffs followed operation by operation: the same function with smooth steps, and its gradient."""
