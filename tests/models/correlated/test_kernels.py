"""Steps of several assets compiled and as their formula."""

import numpy as np
import pytest

from likelihood_greeks._compiled import formulas_only, kernels
from likelihood_greeks.models.joint_moves import grown, scaled
from likelihood_greeks.streams.chunks import Chunk
from tests.support.three_assets import three


@pytest.mark.parametrize("paths", [2, 700])  # less and more than are worked on together
@pytest.mark.parametrize("spread", [1.0, 2e3])  # and logarithms whose exponentials are zero and infinite
def test_steps_are_the_same_compiled_and_by_their_formula(paths, spread):
    times = (0.1, 0.4, 1.0)
    steps = three("low")._steps(np.array(times))
    normals = spread * Chunk(3, 0, paths, "pseudo").stream().brownians(np.array(times), 3)
    with np.errstate(over="ignore", under="ignore"):
        compiled = grown(normals, steps.roots, steps.mean)
        with formulas_only():
            plain = grown(normals, steps.roots, steps.mean)
    for one, other in zip(compiled, plain, strict=True):
        assert np.allclose(one, other, rtol=1e-12 * spread, atol=1e-14 * spread)
    turned = scaled(steps.precision, compiled[0])
    with formulas_only():
        assert np.allclose(turned, scaled(steps.precision, compiled[0]), rtol=1e-11, atol=1e-11 * np.abs(turned).max())


def test_exponentials_are_right_to_the_last_place():
    if (compiled := kernels("joint_moves")) is None:
        pytest.skip("nothing is compiled")
    logs = np.concatenate([np.linspace(-699.0, 699.0, 40_001), np.linspace(-1.0, 1.0, 40_001), [0.0, 1e-300, -1e-17]])
    found = np.empty_like(logs)
    compiled.exponentials(logs, found)
    exact = np.exp(logs.astype(np.longdouble))
    assert float(np.abs(found / exact - 1.0).max()) < 1.01 * np.finfo(float).eps
    assert (found[-3:] == 1.0).all()
