"""Randomness as an argument: streams of numbers that depend on a seed and a chunk, and on nothing else."""
