"""Steps of several assets compiled and as their formula."""

import numpy as np
import pytest

from likelihood_greeks._compiled import formulas_only
from likelihood_greeks.models.joint_moves import diffused
from likelihood_greeks.streams.chunks import Chunk
from tests.support.three_assets import three


@pytest.mark.parametrize("paths", [2, 700])  # less and more than are worked on together
def test_steps_are_the_same_compiled_and_by_their_formula(paths):
    times = (0.1, 0.4, 1.0)
    steps = three("low")._steps(np.array(times))
    normals = Chunk(3, 0, paths, "pseudo").stream().brownians(np.array(times), 3)
    compiled = diffused(normals, steps.roots, steps.mean)
    with formulas_only():
        plain = diffused(normals, steps.roots, steps.mean)
    for one, other in zip(compiled, plain, strict=True):
        assert np.allclose(one, other, rtol=1e-12, atol=1e-14)
