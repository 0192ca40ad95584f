"""One payoff at many points of the parameters on common paths: `scenarios` and `explain`."""
