"""Estimators: functions from payoffs and laws to one sample a path. They hold no terms and no dynamics."""
