"""Early exercise: the best rule by draws of its own, the bias that it leaves, and a bound from the other side."""
