"""Laws of every search space: text, cube and configs say the same."""

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from osetra.core.finite import Numbering, identity, size
from osetra.core.params import Choice, Fixed, Float, Int, Ordinal, Param
from osetra.core.space import Space
from osetra.core.text import format_param, format_value, parse_param, parse_value

NUMBERS = st.floats(-1e6, 1e6, allow_subnormal=False)
WORDS = st.text(max_size=6)
VALUES = st.one_of(st.booleans(), st.integers(-999, 999), NUMBERS, WORDS, st.none())


@st.composite
def floats(draw: st.DrawFn) -> Float:
    scale = draw(st.sampled_from(["linear", "log", "one_minus_log", "logit"]))
    bounds = {
        "linear": (-1e6, 1e6),
        "log": (1e-12, 1e6),
        "one_minus_log": (0, 0.99999),
        "logit": (1e-6, 0.99999),
    }
    inside = st.floats(*bounds[scale], allow_subnormal=False)
    low, high = sorted((draw(inside), draw(inside)))
    if not high - low > 1e-6 * max(abs(low), abs(high)):
        low, high = bounds[scale]
    default = draw(st.none() | st.floats(low, high))
    return Float(low, high, scale=scale, default=default)  # type: ignore[arg-type]


@st.composite
def ints(draw: st.DrawFn) -> Int:
    scale = draw(st.sampled_from(["linear", "log"]))
    low = draw(st.integers(1 if scale == "log" else -1000, 1000))
    step = draw(st.integers(1, 7))
    return Int(low, low + draw(st.integers(1, 5000)), scale=scale, step=step)  # type: ignore[arg-type]


@st.composite
def options(draw: st.DrawFn) -> Choice | Ordinal:
    kind = draw(st.sampled_from([Choice, Ordinal]))
    values = draw(st.lists(VALUES, min_size=2, max_size=5, unique_by=str))
    return kind(*values, default=draw(st.sampled_from(values)))


PARAMS = st.one_of(floats(), ints(), options(), st.builds(Fixed, VALUES))


@st.composite
def spaces(draw: st.DrawFn) -> Space:
    """Return a space with a chain of conditions and a name that has two branches."""
    kinds = ("a", "b", "c")
    given_: dict[str, Param | list[Param]] = {"kind": Choice(*kinds), "layers": Int(1, 3)}
    given_["width"] = [
        _when(draw(PARAMS), {"kind": "a"}),
        _when(draw(PARAMS), {"kind": ("b", "c"), "layers": (2, 3)}),
    ]
    given_["child"] = Choice("on", "off", when={"layers": draw(st.sampled_from([1, 2, (2, 3)]))})
    given_["grandchild"] = _when(draw(PARAMS), {"child": "on"})
    for i in range(draw(st.integers(0, 3))):
        given_[f"p{i}"] = draw(PARAMS)
    names = draw(st.permutations(list(given_)))
    return Space({name: given_[name] for name in names})


def _when(param: Param, when: dict[str, object]) -> Param:
    text = " and ".join(
        f"{k}={'|'.join(map(str, v)) if isinstance(v, tuple) else v}" for k, v in when.items()
    )
    return parse_param("x", f"{format_param(param)} if {text}")


@st.composite
def spaces_with_points(draw: st.DrawFn) -> tuple[Space, np.ndarray]:
    space = draw(spaces())
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    points = rng.random((draw(st.integers(1, 8)), len(space.columns)))
    corners = rng.random(points.shape) < 0.1
    return space, np.where(corners, np.rint(points), points)


@given(PARAMS)
def test_parsing_what_was_formatted_gives_the_parameter_back(param: Param) -> None:
    again = parse_param("x", format_param(param))
    assert again == param
    assert repr(again) == repr(param)


@given(VALUES)
def test_parsing_a_formatted_value_gives_it_back(value: bool | int | float | str | None) -> None:
    again = parse_value(format_value(value))
    assert again == value
    assert type(again) is type(value)


@given(spaces())
def test_a_space_is_what_its_spec_says(space: Space) -> None:
    assert Space.parse(space.spec) == space


@given(spaces_with_points())
def test_decoding_an_encoded_config_gives_it_back(case: tuple[Space, np.ndarray]) -> None:
    space, points = case
    configs = space.decode(points)
    for before, after in zip(configs, space.decode(space.encode(configs)), strict=True):
        assert before.keys() == after.keys()
        for name, value in before.items():
            if isinstance(value, float):
                reach = max((p.high - p.low for p in space.branches(name) if isinstance(p, Float)), default=0)
                assert math.isclose(value, after[name], rel_tol=1e-9, abs_tol=1e-12 * reach)  # type: ignore[arg-type]
            else:
                assert after[name] == value
                assert type(after[name]) is type(value)


@given(spaces_with_points())
def test_encoding_a_decoded_point_snaps_it(case: tuple[Space, np.ndarray]) -> None:
    space, points = case
    assert np.allclose(space.encode(space.decode(points)), space.snap(points), atol=1e-7, equal_nan=True)


@given(spaces_with_points())
def test_snapping_twice_is_snapping_once(case: tuple[Space, np.ndarray]) -> None:
    space, points = case
    once = space.snap(points)
    assert np.allclose(space.snap(once), once, atol=1e-12, equal_nan=True)


@given(spaces_with_points())
def test_a_decoded_config_is_complete_and_valid(case: tuple[Space, np.ndarray]) -> None:
    space, points = case
    for config in space.decode(points):
        assert space.complete(config) == config


@given(spaces_with_points())
def test_exactly_the_active_coordinates_are_numbers(case: tuple[Space, np.ndarray]) -> None:
    space, points = case
    for config, point in zip(space.decode(points), space.snap(points), strict=True):
        for column, coordinate in zip(space.columns, point, strict=True):
            active = all(p in config and config[p] in allowed for p, allowed in column.param.when)
            assert active == (not np.isnan(coordinate))
            assert not active or 0 <= coordinate <= 1


@given(spaces_with_points())
def test_at_most_one_branch_of_a_name_is_active(case: tuple[Space, np.ndarray]) -> None:
    space, points = case
    for point in space.snap(points):
        keys = [c.key for c, x in zip(space.columns, point, strict=True) if not np.isnan(x)]
        assert len(keys) == len(set(keys))


@given(spaces(), st.integers(0, 2**64))
def test_numbering_a_finite_space_goes_both_ways(space: Space, start: int) -> None:
    if size(space) is None:
        return
    numbering = Numbering(space)
    index = start % numbering.size
    config = numbering.config(index)
    assert numbering.index(config) == index
    assert space.complete(config) == config


@given(st.lists(st.tuples(st.sampled_from("abc"), VALUES), max_size=3, unique_by=lambda pair: pair[0]))
def test_the_identity_of_a_config_does_not_depend_on_the_order_of_names(
    pairs: list[tuple[str, bool | int | float | str | None]],
) -> None:
    assert identity(dict(pairs)) == identity(dict(reversed(pairs)))


@given(st.floats(0, 0.99), st.floats(1e-5, 0.009))
def test_equal_steps_on_a_one_minus_log_scale_multiply_the_averaging_window(low: float, gap: float) -> None:
    param = Float(low, 1 - gap, scale="one_minus_log")
    beta = np.array(param.from_unit(np.linspace(0, 1, 5)), dtype=np.float64)
    window = 1 / (1 - beta)
    assert np.allclose(window[1:] / window[:-1], window[1] / window[0], rtol=1e-6)
