"""Limits on what trials report: as they are written, and by how much they are broken."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osetra.core.bounds import Bound, bounds_of, written_bounds
from osetra.errors import StudyError


@pytest.mark.parametrize("rule", ["<= 20", "<=20", " <= 2e1 "])
def test_a_rule_is_read(rule):
    assert bounds_of({"latency_ms": rule}) == (Bound("latency_ms", "<=", 20.0),)


@given(st.sampled_from(["<", "<=", ">", ">="]), st.floats(allow_nan=False, allow_infinity=False))
def test_what_is_written_is_read_back(sign, value):
    bound = Bound("x", sign, value)
    assert bounds_of({"x": bound.rule}) == (bound,)
    assert bounds_of(written_bounds([str(bound)])) == (bound,)


@pytest.mark.parametrize(
    "limits",
    [
        {"b": "20"},
        {"b": 20},
        "b<=20",
        {"b": "<= x"},
        {"b": "<= nan"},
        {"b": "<= inf"},
        {"": "<= 1"},
        {3: "<= 1"},
        {"b": "b <= 1"},
        {"b": "=< 1"},
        {"b": ""},
        ["b<=20"],
        {"b": None},
    ],
)
def test_what_is_no_limit_is_refused_with_an_example(limits):
    with pytest.raises(StudyError, match=r'write limits={"latency_ms": "<= 20"}'):
        bounds_of(limits)


def test_a_line_names_its_metric_once():
    with pytest.raises(StudyError, match="write it as latency_ms<=20"):
        written_bounds(["<=20"])
    with pytest.raises(StudyError, match="a has a limit already"):
        written_bounds(["a<=20", "a>=1"])


def test_the_excess_says_by_how_much_it_is_broken():
    assert Bound("x", "<=", 20).excess(20) == 0
    assert Bound("x", "<=", 20).excess(25) == 5
    assert Bound("x", "<", 20).excess(20) > 0
    assert Bound("x", ">=", 0.9).excess(0.5) == pytest.approx(0.4)
    assert Bound("x", ">", 0).excess(1) == 0
    assert Bound("x", "<=", 20).excess(math.nan) == math.inf
