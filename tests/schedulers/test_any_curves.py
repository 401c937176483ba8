"""No curves, however mad, make a scheduler break its word."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from osetra.schedulers import SCHEDULERS, by_name
from osetra.testing.schedulers import check_search
from osetra.testing.simulated_search import SimulatedSearch

from .histories import problem

value = st.one_of(st.floats(-3, 3), st.integers(0, 2).map(float), st.sampled_from([math.nan, math.inf]))
curves = st.lists(st.lists(value, min_size=1, max_size=9), min_size=1, max_size=9)


@pytest.mark.parametrize("name", SCHEDULERS)
@settings(max_examples=25, deadline=None)
@given(
    curves,
    st.sampled_from(["minimize", "maximize"]),
    st.sampled_from(["best", "last"]),
    st.sampled_from([1, 2, 5, 64]),
    st.booleans(),
    st.integers(1, 3),
)
def test_any_search_is_sound(name, reported, direction, pick, workers, keeps, stride):
    def search(asked, sign):
        return SimulatedSearch(
            problem(asked, pick),
            by_name(name),
            lambda number: [sign * y for y in reported[number - 1]],
            stride * max(len(curve) for curve in reported),
            trials=len(reported),
            workers=workers,
            keeps=keeps,
            stride=stride,
        )

    other = {"minimize": "maximize", "maximize": "minimize"}[direction]
    check_search(search(direction, 1.0), search(other, -1.0))
