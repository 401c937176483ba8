"""Options: values, tuples, and names for them."""

import pickle
from collections.abc import Callable
from enum import StrEnum

import numpy as np
import pytest

from osetra.core.params import Choice, Fixed, Float, Ordinal, default_of
from osetra.core.space import Space
from osetra.core.text import format_param, parse_param
from osetra.errors import SpaceError


class Kind(StrEnum):
    SGD = "sgd"


def test_a_tuple_is_an_option_whose_name_stands_in_the_log() -> None:
    param = Choice((3, 3), [5, 5], np.array([7, 7]), default=[5, 5])
    assert param.options == ("(3, 3)", "(5, 5)", "(7, 7)")
    assert param.meanings == ((3, 3), (5, 5), (7, 7))
    assert param.default == "(5, 5)"
    assert param.check((7, 7)) == param.check("(7, 7)") == "(7, 7)"
    assert Space(kernel=param).meanings == {"kernel": {"(3, 3)": (3, 3), "(5, 5)": (5, 5), "(7, 7)": (7, 7)}}


@pytest.mark.parametrize(
    "param",
    [
        Choice(small=(16, 16), large=(64, 64), default="small"),
        Choice({"small": (16, 16), "large": (64, 64)}, default=(16, 16)),
        parse_param("x", "choice(small=(16, 16), large=[64, 64], default=small)"),
    ],
)
def test_options_may_have_names(param: Choice) -> None:
    assert param.options == ("small", "large")
    assert param.meanings == ((16, 16), (64, 64))
    assert param.default == "small"
    assert format_param(param) == "choice(small=(16, 16), large=(64, 64), default=small)"
    assert pickle.loads(pickle.dumps(param)) == param


@pytest.mark.parametrize(
    "param",
    [
        Choice((3, 3), (5, 5), default=(5, 5), when={"o": "a"}),
        Choice((1,), ("a b", None, (True, 2.5))),
        Choice({"default": (1, 2), "when": 3, "two words": "x"}),
        Ordinal({"a": 1, "b": 2}, default="b"),
        Ordinal((1, 2), "(1, 2) too"),
        Fixed((3, 3)),
        Fixed({"small": (3, 3)}),
        Fixed("log"),
        Fixed("(3, 3)"),
        Choice("(3, 3)", "(5, 5)"),
        Choice("nan", "inf", "null", "none"),
    ],
    ids=format_param,
)
def test_every_option_reads_as_it_is_written(param: Choice | Ordinal | Fixed) -> None:
    again = parse_param("x", format_param(param))
    assert again == param
    assert repr(again) == repr(param)


def test_a_list_is_as_good_as_options_one_by_one() -> None:
    assert Choice(["sgd", "adam"]) == Choice(("sgd", "adam")) == Choice("sgd", "adam")
    assert Ordinal(range(1, 4)) == Ordinal(np.array([1, 2, 3])) == Ordinal(1, 2, 3)


def test_none_is_a_default_where_it_is_an_option() -> None:
    assert default_of(Choice("adam", None, default=None)) is None
    assert default_of(Choice("adam", None)) == "adam"
    assert default_of(Choice("adam", "sgd", default=None)) == "adam"
    assert default_of(parse_param("x", "choice(adam, none, default=none)")) is None
    assert format_param(Choice("adam", None, default=None)) == "choice(adam, none, default=none)"
    assert format_param(Choice("adam", None)) == "choice(adam, none)"
    assert Choice("adam", None) != Choice("adam", None, default=None)


def test_scalars_of_other_kinds_are_the_values_that_they_hold() -> None:
    param = Choice(Kind.SGD, np.float64(0.5), np.bool_(True), np.int8(3))
    assert param.options == ("sgd", 0.5, True, 3)
    assert [type(o) for o in param.options] == [str, float, bool, int]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Choice((3, 3), "(3, 3)"), "two options read the same"),
        (lambda: Choice(0.0, -0.0), "two options read the same"),
        (lambda: Choice({"a": 1}, {"b": 2}), "an option is a number, text or a tuple of them"),
        (lambda: Choice({1, 2}), "an option is a number, text or a tuple of them"),
        (
            lambda: Choice("sgd", "adam", defualt="adam"),
            "'defualt' is not an argument here; known: default, when, weights. Did you mean 'default'?",
        ),
        (lambda: Choice(a=1, b=2, defaul="a"), "Did you mean 'default'?"),
        (lambda: Choice({5: 1, 6: 2}), "5: the name of an option is text"),
        (lambda: Choice((), (1,)), "an option holds at least one value"),
        (lambda: Choice("a", "\ud800"), "is not a value that can be stored"),
        (lambda: Choice("a", "b", default=["a"]), "default: ['a'] is not one of a, b"),
        (lambda: Choice("a", "b", when=["o"]), "when='o': a condition names a hyperparameter"),
        (lambda: Fixed(), "Fixed: missing a required argument: 'value'"),
        (lambda: Fixed(1, 2), "Fixed: too many positional arguments"),
        (
            lambda: Space(
                o=Choice("a", "b"), x=[Choice(s=1, t=2, when={"o": "a"}), Choice(s=3, t=2, when={"o": "b"})]
            ),
            "x: s stands for two things",
        ),
    ],
)
def test_what_makes_no_sense_is_refused(make: Callable[[], object], message: str) -> None:
    with pytest.raises(SpaceError) as caught:
        make()
    assert message in str(caught.value)


def test_conditions_take_lists() -> None:
    space = Space(o=Choice("a", "b", None), x=Float(0, 1, when={"o": ["a", None]}))
    assert space == Space(o=Choice("a", "b", None), x=Float(0, 1, when={"o": ("a", None)}))
