"""Conditions and options that say something else than what was meant are refused by name."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

import osetra as ose
from osetra.errors import SpaceError

VALUES: list[Any] = [True, False, 0, 1, 0.0, 1.0, "1", "True", 2, None]


def test_true_and_false_are_no_numbers_wherever_a_value_is_one_of_several() -> None:
    """Of every pair of options, and for fixed values: what is taken is of the kind that was given."""
    taken = 0
    for one, other in itertools.combinations(VALUES, 2):
        try:
            params = [ose.Choice(one, other), ose.Ordinal(one, other), ose.Fixed(one)]
        except SpaceError:  # they read the same
            continue
        for param, value in itertools.product(params, VALUES):
            try:
                found = param.check(value)
            except SpaceError:
                continue
            taken += 1
            assert isinstance(found, bool) is isinstance(value, bool) or isinstance(value, str)
            assert found == value or str(found) == value
    assert taken > 100


def test_a_tuple_that_was_taken_for_several_values_gets_a_hint() -> None:
    param = ose.Choice((1, 2), (3, 4))
    with pytest.raises(SpaceError, match=r"written when=\{'o': \[\(1, 2\)\]\}"):
        ose.Space(o=param, y=ose.Float(0, 1, when={"o": (1, 2)}))
    space = ose.Space(o=param, y=ose.Float(0, 1, when={"o": [(1, 2)]}))
    assert space.branch("y", {"o": "(1, 2)"}) is not None


CONTRADICTIONS = [("a", "b"), ("a|b", "d"), ("b|d", "a", "a"), ("a|b", "b|d", "a|d")]


@pytest.mark.parametrize("values", CONTRADICTIONS)
def test_conditions_that_contradict_each_other_are_refused_by_name(values: tuple[str, ...]) -> None:
    options = "choice(a, b, d)"
    line = "float(0, 1) if " + " and ".join(f"c={value}" for value in values)
    with pytest.raises(SpaceError, match="contradict each other: c would have to be"):
        ose.Space.parse({"c": options, "y": line})
    with pytest.raises(SpaceError, match="contradict each other: c would have to be"):
        ose.Float(0, 1, when=[("c", value.split("|")) for value in values])
    assert ose.Space.parse({"c": options, "y": line}, stored=True)  # whatever stands in a log is read
    good = " and ".join(f"c={value}|a" for value in values)
    assert ose.Space.parse({"c": options, "y": f"float(0, 1) if {good}"})


@pytest.mark.parametrize("kind", ["choice", "ordinal"])
def test_no_option_is_no_default(kind: str) -> None:
    with pytest.raises(SpaceError, match="default=none: none is not one of the options; leave default= out"):
        ose.Space.parse({"x": f"{kind}(a, b, default=none)"})
    assert ose.Space.parse({"x": f"{kind}(a, none, default=none)"}).branches("x")[0].default is None
