"""Laws of paths: what they draw, its log-density, and the derivatives of that log-density."""
