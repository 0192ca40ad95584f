"""Zero-mean controls: what they are, why their means are zero, and which of them a payoff gets."""
