"""How Heston paths move with a coordinate: draws pushed along the flow, and the Gaussian layer written out again."""

from dataclasses import replace

import numpy as np

from likelihood_greeks.models.heston.parameters import DIRECT
from likelihood_greeks.numerics.differences import five_point
from likelihood_greeks.parameters import TIME
from tests.support.heston_reference import DESK

POSITIVE = replace(DESK, correlation=0.5, initial_variance=0.03, long_run_variance=0.05)
SHORT = (0.02, 0.05, 0.06, 0.1)  # uneven, and one sub-step each in these sets


def size(model, name):
    """A change that moves the law by about its own width."""
    return {TIME: 0.05, "spot": 20.0, "correlation": 0.5, "rate": 0.2, "dividend_yield": 0.2}.get(name) or getattr(
        model, name
    )


def shifted(model, paths, name, h):
    """Another model on the same draws, or the same draws at dates that have come nearer."""
    if name == TIME:
        return model, replace(paths, times=paths.times - h, memo=None)
    return replace(model, **{name: getattr(model, name) + h}), replace(paths, memo=None)


def moved_draws(model, paths, name, rate, h):
    """The draws beneath, moved along the flow by h; one sub-step an interval."""
    assert set(paths.substeps) == {1}
    if name in DIRECT:
        return paths.latent
    found = model._beneath(paths).beneath(name, rate)
    start = model.initial_variance + h * (name == "initial_variance")
    before = np.concatenate([np.full((1, paths.n_paths), model.initial_variance), paths.latent["variance"]])
    rise = np.diff(before, axis=0) + h * found.rise
    return {
        **paths.latent, "variance": start + np.cumsum(rise, axis=0),
        "integrated_variance": paths.latent["integrated_variance"] + h * found.clock,
    }  # fmt: skip


def along(model, paths, name, rate, function):
    """Derivative of something that a model says of paths, as a coordinate moves all that was drawn beneath."""

    def at(shift):
        h = shift.get(name, 0.0)
        other, later = shifted(model, paths, name, h)
        return function(other, replace(later, latent=moved_draws(model, paths, name, rate, h)))

    return five_point(at, (name,), {name: 1e-3 * size(model, name) * (0.02 if name == TIME else 1.0)})


def moments_of(model, paths):
    """Means and variances of the moves of the log-spot: Broadie and Kaya (2006), written out once more."""
    m, d = model, np.diff(paths.times, prepend=0.0)[:, None]
    v, clock = paths.latent["variance"], paths.latent["integrated_variance"]
    rise = np.diff(v, axis=0, prepend=m.initial_variance)
    noise = (rise - m.mean_reversion * m.long_run_variance * d + m.mean_reversion * clock) / m.vol_of_vol
    start = np.log(m.spot) * np.eye(len(d), 1)
    return np.stack([
        start + (m.rate - m.dividend_yield) * d - 0.5 * clock + m.correlation * noise, (1.0 - m.correlation**2) * clock
    ])  # fmt: skip
