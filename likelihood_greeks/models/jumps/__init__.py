"""Laws with jumps: a Poisson number of normal jumps of the log-spot over every interval, beneath a law without."""
