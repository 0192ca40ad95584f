"""Notes that are redeemed early: cash flows by hand, what their past leaves, and Greeks against quadrature."""

from dataclasses import replace

import numpy as np
import pytest

import likelihood_greeks as lg
from likelihood_greeks.payoffs.autocallable import Past
from likelihood_greeks.validation import quadrature
from tests.support.gates import MODEL

# Five paths at three dates.
SPOT = np.array([[101.0, 90.0, 90.0, 75.0, 85.0], [80.0, 103.0, 85.0, 95.0, 50.0], [70.0, 60.0, 80.0, 100.0, 60.0]])
TIMES = (0.25, 0.6, 1.0)
U = (0.2, 0.5, 0.61, 1.1)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, [[102, 0, 0, 0, 0], [0, 104, 0, 0, 0], [0, 0, 100, 106, 60]]),
        ({"memory": False}, [[102, 0, 0, 0, 0], [0, 102, 0, 0, 0], [0, 0, 100, 102, 60]]),
        ({"call_level": (np.inf, np.inf, 100.0)}, [[0] * 5, [0] * 5, [100, 60, 100, 106, 60]]),
        ({"knock_in_times": TIMES}, [[102, 0, 0, 0, 0], [0, 104, 0, 0, 0], [0, 0, 100, 106, 60]]),
        ({"knock_in_times": TIMES[:2], "protection": 0.65},
         [[102, 0, 0, 0, 0], [0, 104, 0, 0, 0], [0, 0, 100, 106, 65]]),
        ({"knock_in": None, "knock_in_times": None, "redemption": 1.1},
         [[102, 0, 0, 0, 0], [0, 104, 0, 0, 0], [0, 0, 110, 106, 110]]),
        ({"knocked_in": True}, [[102, 0, 0, 0, 0], [0, 104, 0, 0, 0], [0, 0, 80, 106, 60]]),
        ({"coupon_barrier": 85.0}, [[102, 2, 2, 0, 2], [0, 102, 2, 4, 0], [0, 0, 100, 102, 60]]),
        ({"coupon_barrier": 80.0}, [[102, 2, 2, 0, 2], [0, 102, 2, 4, 0], [0, 0, 102, 102, 60]]),
        ({"coupon_barrier": 85.0, "memory": False}, [[102, 2, 2, 0, 2], [0, 102, 2, 2, 0], [0, 0, 100, 102, 60]]),
        ({"coupon": (0.01, 0.0, 0.05), "notional": 1000.0, "unpaid": 0.02},
         [[1030, 0, 0, 0, 0], [0, 1030, 0, 0, 0], [0, 0, 1000, 1080, 600]]),
    ],
    ids=repr,
)  # fmt: skip
def test_cash_flows_by_hand(changes, expected):
    note = replace(lg.Autocallable(100.0, TIMES, coupon=0.02, knock_in=60.0), **changes)
    np.testing.assert_allclose(note(SPOT), expected, rtol=1e-14)
    assert note.payments == TIMES


def test_a_knock_in_on_dates_of_its_own():
    note = lg.Autocallable(100.0, (0.5, 1.0), knock_in=60.0, knock_in_times=(0.25, 0.75))
    assert note.times == (0.25, 0.5, 0.75, 1.0)
    spot = np.array([[55.0, 90.0, 90.0], [90.0, 55.0, 90.0], [90.0, 90.0, 55.0], [80.0, 80.0, 80.0]])
    np.testing.assert_allclose(note(spot), [[0, 0, 0], [80, 100, 80]])


@pytest.mark.parametrize(
    ("changes", "seen", "past"),
    [
        ({}, (90.0,), Past(None, 0.02, None)),
        ({}, (55.0, 101.0), Past(1, 0.0, 0)),
        ({"coupon_barrier": 85.0}, (80.0, 86.0), Past(None, 0.0, None)),
        ({"coupon_barrier": 85.0}, (86.0, 60.0), Past(None, 0.02, 1)),
        ({"memory": False}, (60.0, 99.0), Past(None, 0.0, 0)),
    ],
)
def test_what_its_past_has_made_of_it(changes, seen, past):
    whole = replace(lg.Autocallable(100.0, TIMES, coupon=0.02, knock_in=60.0, knock_in_times=TIMES), **changes)
    assert whole.past(seen) == past
    if past.called is None:  # what is left pays what the whole pays from then on
        m, knocked = len(seen), past.knocked_in is not None
        left = replace(whole, call_times=TIMES[m:], call_level=whole.call_level[m:], coupon=whole.coupon[m:],
                       coupon_barrier=whole.coupon_barrier and whole.coupon_barrier[m:], knock_in_times=TIMES[m:],
                       unpaid=past.unpaid, knocked_in=knocked)  # fmt: skip
        spot = SPOT[m:]
        np.testing.assert_allclose(left(spot), whole(np.vstack([np.outer(seen, np.ones(5)), spot]))[m:], rtol=1e-14)


NOTES = [
    lg.Autocallable(93.0, U, 95.0, 0.03, knock_in=70.0),
    lg.Autocallable(
        91.0, U, 97.0, (0.02, 0.03, 0.01, 0.04), 84.0, knock_in=80.0, knock_in_times=(0.1, *U[:2], 0.55, *U[2:]),
        protection=0.4, unpaid=0.02,
    ),
    lg.Autocallable(
        91.0, U, (np.inf, 97.0, 96.0, 95.0), 0.02, (0.0, 0.0, 84.0, 84.0), memory=False, knocked_in=True,
        payment_times=(*U[:3], 1.3),
    ),
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("note", NOTES, ids=["snowball", "phoenix", "knocked in"])
def test_greeks_agree_with_quadrature_and_relaxations_help(note):
    names = ("delta", "gamma", "vega", "rho", "dividend_rho", "theta")
    result, squares = lg.greeks(MODEL, note, names, paths=2**16, seed=3), []
    for name in names:
        exact, found = quadrature.greek(MODEL, note, name), result[name]
        assert exact.error < 0.05 * found.standard_error
        assert found.standard_error < 0.015 * max(
            abs(exact.value), 0.3 * abs(quadrature.greek(MODEL, note, name).value)
        )
        squares.append(((found.value - exact.value) / found.standard_error) ** 2)
        assert squares[-1] < 16.0
        assert found.variance_ratio > 50.0
    assert np.mean(squares) < 3.0


def test_the_quadrature_of_a_note_that_is_sure_is_a_bond():
    note = lg.Autocallable(100.0, U, np.inf, 0.02, 0.0, payment_times=(*U[:3], 1.3))
    sure = 2.0 * sum(MODEL.discount(t) for t in note.payments) + 100.0 * MODEL.discount(1.3)
    assert quadrature.price(MODEL, note) == pytest.approx(sure, rel=1e-12)


@pytest.mark.parametrize(
    ("terms", "name"),
    [
        ({"reference": 0.0}, "reference"),
        ({"call_times": (1.0, 0.5)}, "call_times"),
        ({"call_level": (100.0, 90.0, 80.0)}, "call_level"),
        ({"coupon": -0.01}, "coupon"),
        ({"coupon": np.inf}, "coupon"),
        ({"coupon_barrier": np.nan}, "coupon_barrier"),
        ({"knock_in_times": (0.5,)}, "knock_in"),
        ({"knock_in": 60.0, "knock_in_times": (0.5, 1.5)}, "knock_in_times"),
        ({"protection": 1.2}, "protection"),
        ({"redemption": -1.0}, "redemption"),
        ({"payment_times": (0.4, 1.0)}, "payment_times"),
        ({"unpaid": -0.1}, "unpaid"),
    ],
)
def test_terms_out_of_range_are_refused_by_name(terms, name):
    with pytest.raises(ValueError, match=f"^{name}"):
        lg.Autocallable(**{"reference": 100.0, "call_times": (0.5, 1.0)} | terms)
