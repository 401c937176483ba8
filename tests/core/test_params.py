import math
from collections.abc import Callable

import numpy as np
import pytest

from osetra.core.params import Choice, Fixed, Float, Int, Ordinal, Param, default_of
from osetra.errors import SpaceError

INTS = [Int(1, 9), Int(16, 512, scale="log"), Int(8, 250, step=8), Int(2, 3), Int(1, 4, scale="log")]


@pytest.mark.parametrize("param", INTS, ids=repr)
def test_every_whole_number_is_found_again(param: Int) -> None:
    values = list(range(param.low, param.high + 1, param.step))
    assert len(values) == param.levels
    assert param.from_unit(param.to_unit(values)) == values


@pytest.mark.parametrize("param", [*INTS, Choice("a", "b", "c"), Ordinal(1, 2)], ids=repr)
def test_snapping_goes_to_the_coordinate_of_the_value(param: Int) -> None:
    unit = np.linspace(0, 1, 201)
    assert np.array_equal(param.snap(unit), param.to_unit(param.from_unit(unit)))


def test_linear_whole_numbers_have_equal_shares_of_the_interval() -> None:
    values = Int(2, 4).from_unit((np.arange(3000) + 0.5) / 3000)
    assert [values.count(v) for v in (2, 3, 4)] == [1000, 1000, 1000]


def test_options_have_equal_shares_of_the_interval() -> None:
    values = Choice("a", "b", "c").from_unit((np.arange(3000) + 0.5) / 3000)
    assert [values.count(v) for v in "abc"] == [1000, 1000, 1000]


def test_one_and_true_are_different_options() -> None:
    choice = Choice("1.0", 2, True)
    assert choice.from_unit(choice.to_unit([True, 2])) == [True, 2]


@pytest.mark.parametrize(
    ("param", "default"),
    [
        (Float(1e-4, 1, scale="log"), 0.01),
        (Float(0, 1, default=0.2), 0.2),
        (Int(2, 4), 3),
        (Choice("sgd", "adam"), "sgd"),
        (Choice("sgd", "adam", default="adam"), "adam"),
        (Ordinal(16, 32, 64), 32),
        (Fixed("relu"), "relu"),
    ],
)
def test_the_default_is_declared_or_the_middle_or_the_first_option(param: Param, default: object) -> None:
    found = default_of(param)
    assert found == pytest.approx(default) if isinstance(default, float) else found == default


def test_numpy_scalars_are_taken_as_the_numbers_they_hold() -> None:
    param = Float(np.float32(0.5), np.int64(2))  # type: ignore[arg-type]
    assert (param.low, param.high) == (0.5, 2.0)
    assert type(Int(np.int64(1), 3).low) is int  # type: ignore[arg-type]
    assert Choice(np.str_("a"), "b").options == ("a", "b")


def test_conditions_are_settled_to_tuples() -> None:
    assert Float(0, 1, when={"a": "x", "b": (1, 2)}).when == (("a", ("x",)), ("b", (1, 2)))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Float(1, 0), "Float(1, 0): low must be below high; swap them"),
        (lambda: Float(0, 1, scale="log"), "Float(0, 1, scale='log'): a log scale needs low > 0"),
        (lambda: Float(0, math.nan), "Float: high: nan is not a value that can be stored"),
        (lambda: Float("a", 1), "Float: low: 'a' is not a number"),
        (lambda: Float(False, 1), "Float: low: False is not a number"),
        (lambda: Float(0, 1, default=2), "default: 2 is outside 0 … 1; choose a default inside the range"),
        (lambda: Int(1, 2.5), "Int: high: 2.5 is not a whole number"),
        (lambda: Int(4, 2), "Int(4, 2): low must be below high; swap them"),
        (lambda: Int(1, 9, scale="logit"), "Int(1, 9, scale='logit'): a logit scale needs"),
        (lambda: Int(1, 9, step=0), "Int(1, 9): step must be at least 1"),
        (lambda: Int(1, 9, step=2, default=4), "default: 4 is not 1 plus a multiple of 2"),
        (lambda: Choice("a"), "Choice('a',): at least two options are needed; use Fixed for one"),
        (lambda: Choice(["a"]), "Choice('a',): at least two options are needed; use Fixed for one"),
        (lambda: Choice(1, "1"), "Choice(1, '1'): two options read the same"),
        (lambda: Ordinal(1, 2, default=3), "default: 3 is not one of 1, 2"),
        (lambda: Fixed([]), "Fixed: value: []: an option holds at least one value"),
        (lambda: Fixed({1}), "Fixed: value: {1} is not a value that can be stored"),
    ],
)
def test_a_malformed_parameter_says_what_is_wrong(make: Callable[[], Param], message: str) -> None:
    with pytest.raises(SpaceError) as caught:
        make()
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    ("param", "value", "message"),
    [
        (Float(0, 1), 2, "2 is outside 0 … 1"),
        (Float(0, 1), "half", "'half' is not a number"),
        (Int(1, 9), 10, "10 is outside 1 … 9"),
        (Int(1, 9), 1.5, "1.5 is not a whole number"),
        (Int(1, 9, step=4), 3, "3 is not 1 plus a multiple of 4"),
        (Choice("sgd", "adam"), "adm", "'adm' is not one of sgd, adam"),
        (Fixed(0.1), 0.2, "0.2 given, but it is fixed at 0.1"),
    ],
)
def test_a_value_that_does_not_fit_says_what_would(param: Param, value: object, message: str) -> None:
    with pytest.raises(SpaceError) as caught:
        param.check(value)  # type: ignore[arg-type]
    assert str(caught.value) == message


def test_options_can_be_given_as_text() -> None:
    assert Ordinal(16, 32).check("32") == 32
    assert Choice(True, False).check("True") is True
