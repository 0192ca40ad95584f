"""`greeks`: a law is chosen, a pilot plans the controls, the main run averages, on any number of workers."""
