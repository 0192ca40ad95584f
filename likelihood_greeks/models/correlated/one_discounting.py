"""Whether laws of several assets discount alike, on the dates that the curves of all of them have."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..._checks import refuse
from ..._quantities import RATE

ALIKE = 1e-12  # difference of discount factors that are the same
NO_CURVES = (1.0,)  # year at which laws without curves are compared


def need_one_discounting(members: Sequence[tuple[str, Any]]) -> None:
    """Refuse members that discount differently from the first on a node of either curve that both reach."""
    (name_of_first, first), *others = members
    for name, law in others:
        curved = [nodes for nodes in (rate_nodes(first), rate_nodes(law)) if nodes] or [NO_CURVES]
        end = min(nodes[-1] for nodes in curved)
        dates = np.array(sorted({node for nodes in curved for node in nodes if node <= end}))
        ours, theirs = (each.discount_jet(dates).value for each in (first, law))
        if np.abs(ours - theirs).max() > ALIKE:
            worst = int(np.abs(ours - theirs).argmax())
            refuse(
                f"members[{name!r}]",
                f"discount as {name_of_first!r} does (to {dates[worst]:g} years: {ours[worst]:.8g})",
                float(theirs[worst]),
            )


def rate_nodes(law: Any) -> tuple[float, ...]:
    """The nodes (years) of the curve on which a law discounts, beyond which it knows nothing; none of a flat rate."""
    if hasattr(law, "nodes"):
        return tuple(law.nodes(RATE.name))
    curves = getattr(law, "curves", None)
    return () if curves is None else tuple(curves.times)
