"""Every constructor of a question, with every kind of wrong argument: an error of ours, or what was meant."""

import decimal
import fractions
import inspect
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from osetra.core.params import Choice, Fixed, Float, Int, Ordinal
from osetra.core.problem import Objective, Problem
from osetra.core.space import Space
from osetra.errors import OsetraError, SpaceError


class Hostile:
    """Raises at whatever is done to it."""

    def __repr__(self) -> str:
        raise RuntimeError("no")

    def item(self) -> object:
        raise RuntimeError("no")

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("no")

    def __hash__(self) -> int:
        raise RuntimeError("no")


SCALARS: list[Any] = [
    *(None, True, 0, 1, -1, 2, 10**400, 2**63, 0.5, math.nan, math.inf, -math.inf, 1e308, 5e-324, 1j),
    *("", "a", "log", "\0", "\ud800", "x" * 10_000, b"a", object(), int, len, Hostile()),
    *(np.float32(0.5), np.int64(3), np.bool_(True), np.str_("a"), np.array(3), np.complex64(1)),
    *(np.datetime64("2024-01-01"), decimal.Decimal("0.1"), fractions.Fraction(1, 3)),
]
COLLECTIONS: list[Any] = [
    *((), [], {}, set(), frozenset({1}), (1, 2), [1, 2, 3], ["a", "b"], [[1], [2]], [()], range(3)),
    *({"a": 1}, {"a": "b", "c": None}, {1: 2}, {"lr": Float(0, 1)}, [Float(0, 1)], iter([1])),
    *(np.array([1, 2]), np.array([]), np.array(["a", "b"]), np.array([[1, 2], [3, 4]])),
    *(Float(0, 1), Choice("a", "b"), Space()),
]
WRONG = SCALARS + COLLECTIONS
KINDS: list[Callable[..., Any]] = [Float, Int, Choice, Ordinal, Fixed, Space, Objective, Problem]
NAMES = ["low", "high", "scale", "log", "step", "default", "when", "value", "options", "metric", "direction",
        "pick",          "space", "objective", "mapping", "x", "seed", "self", "a b"]  # fmt: skip


def attempt(make: Callable[..., Any], *args: Any, **named: Any) -> None:
    """Call and use what came of it; let only what is not ours through."""
    try:
        made = make(*args, **named)
    except OsetraError as error:
        assert str(error)
        assert len(str(error)) < 1500
        return
    repr(made)
    if isinstance(made, (Float, Int, Choice, Ordinal, Fixed)):
        space = Space(x=made) if not made.when else None
        if space is not None:
            assert Space.parse(space.spec) == space
            space.decode(space.encode([space.default]))


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("wrong", WRONG, ids=lambda value: type(value).__name__)
def test_one_wrong_argument_is_answered(kind: Callable[..., Any], wrong: Any) -> None:
    attempt(kind, wrong)
    attempt(kind, 1, wrong)
    attempt(kind, 0.25, 0.5, wrong)
    attempt(kind, "a", "b", wrong, default=wrong, when=wrong)
    for name in inspect.signature(kind).parameters:
        for args in [(), (1,), (1, 2), ("a", "b")]:
            attempt(kind, *args, **{name: wrong})
    attempt(kind, x=wrong, y=wrong)


PLACES = st.integers(0, len(WRONG) - 1)
"""Places in WRONG: a strategy of the values themselves would look at them."""


@given(
    st.sampled_from(KINDS),
    st.lists(PLACES, max_size=4),
    st.dictionaries(st.sampled_from(NAMES), PLACES, max_size=4),
)
def test_any_wrong_arguments_are_answered(
    kind: Callable[..., Any], args: list[int], named: dict[str, int]
) -> None:
    attempt(kind, *(WRONG[place] for place in args), **{name: WRONG[place] for name, place in named.items()})


@pytest.mark.parametrize(
    "param", [Float(0, 1, step=0.5), Int(1, 3), Choice("a", (1, 2)), Ordinal(1, 2), Fixed(1)]
)
@pytest.mark.parametrize("wrong", WRONG, ids=lambda value: type(value).__name__)
def test_a_wrong_value_is_answered(param: Any, wrong: Any) -> None:
    space = Space(x=param)
    for call in (
        lambda: param.check(wrong),
        lambda: space.complete({"x": wrong}),
        lambda: space.complete(wrong),
    ):
        try:
            call()
        except SpaceError as error:
            assert len(str(error)) < 1500


@pytest.mark.parametrize("wrong", WRONG, ids=lambda value: type(value).__name__)
def test_a_wrong_line_is_answered(wrong: Any) -> None:
    attempt(Space.parse, wrong)
    attempt(Space.parse, {"x": wrong})
    attempt(Space.parse, {"x": [wrong, "a"]})
    attempt(Space.parse, {"x": {"y": wrong}})


def _circle() -> dict[str, Any]:
    circle: dict[str, Any] = {}
    circle["lr"] = circle
    return circle


@pytest.mark.parametrize(
    "call",
    [
        lambda: Space(_circle()),
        lambda: Space(x=_circle()),
        lambda: Space.parse(_circle()),
    ],
)
def test_what_holds_itself_is_refused(call: Callable[[], object]) -> None:
    with pytest.raises(OsetraError, match="holds itself"):
        call()


def test_numbers_beyond_all_floats_are_not_compared() -> None:
    for pair in ((10**400, 1.0), (1.0, 10**400)):
        with pytest.raises(OsetraError, match="beyond all floats"):
            Objective(metric="loss").better(*pair)


@pytest.mark.parametrize("kind", [Choice, Ordinal])
def test_options_may_be_given_by_their_name(kind: Any) -> None:
    assert kind(options=[1, 2], default=2) == kind(1, 2, default=2)
