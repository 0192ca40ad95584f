"""The two-gate statistical assertion, and draws for tests."""

from likelihood_greeks import GBM
from likelihood_greeks.estimate import Estimate
from likelihood_greeks.streams.chunks import Chunk

MODEL = GBM(spot=93.0, volatility=0.27, rate=0.043, dividend_yield=0.017)
UNEVEN = (0.13, 0.4, 0.55, 1.1)


def assert_estimates(
    estimate: Estimate, exact: float, max_standard_error: float, sigmas: float = 4.0, known_to: float = 1e-10
) -> None:
    """The error is small enough to matter, and the value within a few of it of the exact one, known to such a share."""
    assert estimate.standard_error <= max_standard_error, f"standard error too large to tell: {estimate}"
    rounding = known_to * abs(exact)  # a perfect control leaves no variance at all
    assert abs(estimate.value - exact) <= sigmas * estimate.standard_error + rounding, f"{estimate} is not {exact:.6g}"


def draw(model, times=UNEVEN, n_paths=1000, seed=1):
    return model.simulate(times, Chunk(seed, 0, n_paths).stream())
