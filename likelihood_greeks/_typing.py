"""Array types used in signatures."""

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

FloatArray: TypeAlias = npt.NDArray[np.float64]
"""A float64 array; its shape is stated where it is used."""

AnyArray: TypeAlias = npt.NDArray[Any]
"""An array of floating or complex numbers (or booleans, where a comparison makes it)."""
