"""Ranges: exact numbers, whatever the scale, the step and the size."""

import math
import pickle
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from osetra.core.finite import Numbering, size
from osetra.core.grid import grid_space
from osetra.core.params import Float, Int, default_of
from osetra.core.space import Space
from osetra.core.text import format_param, parse_param
from osetra.errors import SpaceError

STEPPED = [
    Float(0, 1, step=0.1),
    Float(0.1, 0.9, "log", step=0.1),
    Float(0, 0.99, "one_minus_log", step=0.01),
    Float(0.05, 0.95, "logit", step=0.05),
    Float(-0.3, 0.35, step=0.1),
    Float(1e-4, 1e-3, step=1e-4),
    Float(0, 100_000, step=0.5),
]


@pytest.mark.parametrize("param", STEPPED, ids=format_param)
def test_a_float_with_a_step_is_what_a_person_would_write(param: Float) -> None:
    assert param.step is not None
    values = [param.nth(place) for place in range(min(param.levels, 5000))]
    assert all(len(repr(value)) <= 8 for value in values), values
    assert param.from_unit(param.to_unit(values)) == values
    assert [param.place(value) for value in values] == list(range(len(values)))
    unit = np.linspace(0, 1, 301)
    assert np.array_equal(param.snap(unit), param.to_unit(param.from_unit(unit)))
    assert parse_param("x", format_param(param)) == param


def test_the_steps_of_a_float_end_at_the_last_one_inside() -> None:
    assert [Float(0, 0.35, step=0.1).nth(i) for i in range(4)] == [0, 0.1, 0.2, 0.3]
    assert Float(0, 0.35, step=0.1).levels == 4
    assert Float(0, 0.3, step=0.1).levels == 4
    assert set(Float(0, 1, step=0.25).from_unit(np.linspace(0, 1, 99))) == {0, 0.25, 0.5, 0.75, 1}


def test_a_value_beside_the_steps_is_refused_and_a_rounded_one_is_taken() -> None:
    param = Float(0, 1, step=0.1)
    assert param.check(0.1 + 0.2) == 0.3
    with pytest.raises(SpaceError, match=r"0.25 is not 0 plus a multiple of 0.1; 0.2 is"):
        param.check(0.25)


def test_a_space_of_steps_is_finite_and_its_grid_is_exact() -> None:
    space = Space(x=Float(0, 1, step=0.1), y=Int(1, 3))
    assert size(space) == 33
    numbering = Numbering(space)
    configs = [numbering.config(i) for i in range(33)]
    assert [numbering.index(config) for config in configs] == list(range(33))
    assert {config["x"] for config in configs} == {i / 10 for i in range(11)}
    assert grid_space(space, 11).spec["x"] == "float(0.0, 1.0, step=0.1)"
    assert grid_space(space, 3).spec["x"] == "ordinal(0.0, 0.5, 1.0)"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Float(0, 1, step=0), "step must be above 0"),
        (lambda: Float(0, 1, step=-1), "step must be above 0"),
        (lambda: Float(0, 1, step=2), "step=2 is wider than the range"),
        (lambda: Float(0, 1, step=1e-12), "step=1e-12 is so fine that it means nothing"),
        (lambda: Float(0, 1, step="a"), "Float: step: 'a' is not a number"),
        (lambda: Float(0, 1, step=0.1, default=0.05), "default: 0.05 is not 0 plus a multiple of 0.1"),
        (lambda: Float(0.1, 1, log=True, scale="logit"), "log=True and scale='logit' contradict"),
        (lambda: Float(0.1, 1, log="yes"), "log='yes': True or False is needed"),
        (
            lambda: Int(1, 9, 2),
            "scale=2: the name of a scale is needed, such as 'log'; a step is written step=2",
        ),
        (lambda: Float(0.1), "Float: missing a required argument: 'high'; it takes low, high, scale"),
        (
            lambda: Float(0, 1, steps=2),
            "unexpected keyword argument 'steps'; it takes low, high, scale, log, step",
        ),
        (lambda: Int(0, 2**60), "more whole numbers than a search can tell apart"),
        (lambda: Int(1, 2**50, log=True), "more whole numbers than a search can tell apart"),
        (lambda: Int(0, 10**400), "is not a value that can be stored"),
        (lambda: Float(0, 2**53 + 1), "9007199254740993 has more digits than a float holds"),
        (lambda: Float(0, 1, when=5), "when=5: a condition names a hyperparameter"),
        (lambda: Float(0, 1, when={"a": {1}}), "when: a: {1} is not a value"),
        (lambda: Float(np.zeros(2), 1), "is not a value that can be stored"),
        (lambda: Float(0, 1, default=True), "default: True is not a number"),
    ],
)
def test_what_makes_no_sense_is_refused(make: Callable[[], object], message: str) -> None:
    with pytest.raises(SpaceError) as caught:
        make()
    assert message in str(caught.value)


def test_log_is_short_for_the_scale() -> None:
    assert Float(1e-4, 1, log=True) == Float(1e-4, 1, "log") == Float(1e-4, 1, scale="log")
    assert Int(1, 64, log=np.bool_(True)) == Int(1, 64, scale="log")
    assert pickle.loads(pickle.dumps(STEPPED[0])) == STEPPED[0]


@pytest.mark.parametrize(
    "param",
    [
        Int(2**53 + 1, 2**53 + 999),
        Int(-(2**62), 2**62, step=2**20),
        Int(0, 2**50 - 1),
        Int(2**40 - 500, 2**40 + 500),
        Int(1, 2**44 - 1, scale="log"),
        Int(2**60, 2**62, scale="log", step=2**30),
    ],
    ids=repr,
)
def test_whole_numbers_are_exact_however_large(param: Int) -> None:
    rng = np.random.default_rng(1)
    places = {0, 1, param.levels - 1, param.levels - 2, *rng.integers(0, param.levels, 500).tolist()}
    values = [param.nth(place) for place in sorted(places)]
    assert param.from_unit(param.to_unit(values)) == values
    assert [param.check(value) for value in values] == values
    drawn = param.from_unit(np.append(rng.random(500), [0.0, 1.0]))
    assert all(isinstance(v, int) and param.low <= v <= param.high for v in drawn)
    assert drawn[-1] == param.nth(param.levels - 1)


@st.composite
def _ranges(draw: st.DrawFn) -> Float:
    scale, reach = draw(
        st.sampled_from(
            [
                ("linear", (-1e6, 1e6)),
                ("log", (1e-300, 1e300)),
                ("one_minus_log", (0, 1 - 1e-9)),
                ("logit", (1e-9, 1 - 1e-9)),
            ]
        )
    )
    low, high = sorted((draw(st.floats(*reach)), draw(st.floats(*reach))))
    if low == high:
        low, high = reach
    default = draw(st.none() | st.floats(low, high))
    return Float(low, high, scale, default=default)


@given(_ranges(), st.lists(st.floats(0, 1), min_size=1))
def test_nothing_steps_outside_and_defaults_and_ends_are_the_very_numbers(
    param: Float, at: list[float]
) -> None:
    assert all(param.low <= v <= param.high for v in param.from_unit(np.array(at)))
    assert param.from_unit(np.array([0.0, 1.0])) == [param.low, param.high]
    default = default_of(param)
    at_end = param.to_unit([default])[0] in (0, 1) and default not in (param.low, param.high)
    assert at_end or param.from_unit(param.to_unit([default])) == [default]
    assert not np.isnan(param.to_unit([param.low, param.high, default])).any()


def test_the_default_goes_through_the_unit_interval_unchanged() -> None:
    for low, high in [(1e-4, 1), (1e-5, 1e-1), (1e-6, 1e-2), (0.001, 10)]:
        space = Space(lr=Float(low, high, log=True))
        middle = space.default["lr"]
        assert isinstance(middle, float)
        assert math.isclose(middle, math.sqrt(low * high), rel_tol=1e-9)
        assert len(repr(middle)) <= 15
        assert (
            space.decode(np.array([[0.5]])) == [{"lr": middle}] == space.decode(space.encode([space.default]))
        )
    space = Space(lr=Float(1e-4, 1, log=True, default=0.003))
    assert space.decode(space.encode([{"lr": 0.003}])) == [{"lr": 0.003}]


def test_a_range_too_narrow_for_its_scale_still_has_both_ends() -> None:
    param = Float(1e10, math.nextafter(1e10, 2e10), "log")
    assert param.to_unit([param.low, param.high]).tolist() == [0, 1]


def test_a_condition_that_a_whole_number_never_meets_is_refused() -> None:
    with pytest.raises(
        SpaceError, match=r"x: its condition layers=4\|5 can never hold; layers is int\(1, 3\)"
    ):
        Space(layers=Int(1, 3), x=Float(0, 1, when={"layers": [4, 5]}))
    assert "x" in Space(layers=Int(1, 3), x=Float(0, 1, when={"layers": [3, 4]})).names
