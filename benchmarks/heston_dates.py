"""Do 95 % intervals cover under Heston on several dates, of antithetic paths and Sobol points?

Contracts whose cash flows hang on one date each, so that Fourier inversion knows their sum, though paths see all dates:
digitals, calls with a cap, and a share delivered at the end if it was above its strike at half-time.
``python -m benchmarks.heston_dates --seeds 200`` adds what is lacking to ``heston_dates.csv`` (see `tallies`) and
prints the verdicts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, final

import numpy as np

import likelihood_greeks as lg

from .coverage_of_kinds import HESTON, QUARTERLY, delivered, estimated, in_closed_form
from .tallies import Number, Run, grow

GREEKS = ("price", "delta", "gamma", "initial_variance", "vol_of_vol")
SAMPLINGS = ("antithetic", "sobol")


@final
@dataclass(frozen=True, slots=True)
class Strip:
    """Europeans at one date each, all of them paid at the last of these.

    Parameters
    ----------
    legs : tuple of (option, float)
        Europeans and how many of each.
    """

    legs: tuple[tuple[Any, float], ...]

    @property
    def times(self) -> tuple[float, ...]:
        """The dates that are seen."""
        return QUARTERLY

    def __call__(self, spot: Any) -> Any:
        """Cash flow at the last date, shape (n_paths,)."""
        return sum(count * option(spot[self.times.index(option.maturity) :][:1]) for option, count in self.legs)

    def exact(self, law: Any, of: str) -> float:
        """A number of all legs together, by Fourier inversion."""
        end = self.times[-1]
        return sum(
            count * float(np.exp(law.rate * (option.maturity - end))) * in_closed_form(law, option, of)
            for option, count in self.legs
        )


DIGITALS = Strip(
    tuple((lg.DigitalCall(k, t), 1.0) for k, t in zip((98.0, 100.0, 103.0, 105.0), QUARTERLY, strict=True))
)
CAPPED = Strip(
    tuple(
        (lg.Call(k + cap, t), 1.0 if not cap else -1.0) for k, t in ((95.0, 0.25), (105.0, 1.0)) for cap in (0.0, 10.0)
    )
)


def greeks_of(*what: Any, **settings: Any) -> Iterator[Number]:
    """Greeks of a payoff; its price is left away: controls explain that of most to rounding."""
    yield from (number for number in estimated(*what, **settings) if number[0] != "price")


def kinds() -> Mapping[str, Run]:
    """By name, what gives the numbers of one run of a seed and paths."""
    found: dict[str, Run] = {}
    share = partial(in_closed_form, HESTON, lg.AssetOrNothingCall(100.0, 0.5))
    for name, payoff, exact in (
        ("digitals", lg.Payoff(DIGITALS, QUARTERLY), partial(DIGITALS.exact, HESTON)),
        ("capped calls", lg.Payoff(CAPPED, QUARTERLY), partial(CAPPED.exact, HESTON)),
        ("a share delivered", lg.Payoff(delivered, QUARTERLY), share),
    ):
        for sampling in SAMPLINGS:
            run = partial(greeks_of, HESTON, payoff, exact, GREEKS, sampling=sampling)
            found[f"Heston: {name}, {sampling}"] = run
    return found


if __name__ == "__main__":
    grow(__doc__, kinds(), Path(__file__).with_name("heston_dates.csv"), seeds=200, paths=[4096])
