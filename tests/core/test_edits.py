"""Edits of a space: what the trials before become, and which edits would make them meaningless."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from osetra import Choice, Fixed, Float, Int, Space
from osetra.core.edits import edited, holds, meaningless, problem_of, with_values
from osetra.core.facts import Edited, Entry, Opened, Suggested
from osetra.core.history import History
from osetra.errors import SpaceError, StudyError

SPACE = Space(
    lr=Float(1e-4, 1, log=True),
    units=Int(16, 512, log=True),
    opt=Choice("sgd", "adam"),
    momentum=Float(0.5, 0.99, when={"opt": "sgd"}),
    act="relu",
)
SGD = {"lr": 0.1, "units": 64, "opt": "sgd", "momentum": 0.9, "act": "relu"}
ADAM = {"lr": 0.1, "units": 64, "opt": "adam", "act": "relu"}


def log(*facts: object) -> list[Entry]:
    return [Entry(version, float(version), fact) for version, fact in enumerate(facts, 1)]  # type: ignore[arg-type]


OPENED = Opened(SPACE.spec, "loss", "minimize", "best", 0)


def test_an_edit_keeps_the_condition_that_nobody_names() -> None:
    new = edited(SPACE, {"momentum": [Float(0.1, 0.999)]})
    assert new.branches("momentum")[0].when == (("opt", ("sgd",)),)
    assert new.branches("momentum")[0].high == 0.999  # type: ignore[union-attr]
    assert [name for name in new.names] == list(SPACE.names)


def test_what_depended_on_an_option_goes_with_it() -> None:
    space = edited(SPACE, {"beta": [Float(0.8, 0.999, when={"opt": ["sgd", "adam"]})]})
    new = edited(space, {"opt": [Choice("adam", "lion")]})
    assert "momentum" not in new.names and new.branches("beta")[0].when == (("opt", ("adam",)),)
    children = {"nesterov": [Choice(1, 2, when={"opt": "sgd"})], "a": [Float(0, 1, when={"nesterov": 2})]}
    deep = edited(space, children)
    gone = edited(deep, {"opt": [Choice("adam", "lion")]})
    assert not children.keys() & set(gone.names) and meaningless(deep, gone) == []
    assert meaningless(space, new) == []
    assert holds(new, {**ADAM, "beta": 0.9}) and not holds(new, {**SGD, "beta": 0.9})
    with pytest.raises(SpaceError, match="can never hold"):  # a slip of who edits is still one
        edited(space, {"beta": [Float(0.8, 0.999, when={"opt": "sdg"})]})


def test_a_new_hyperparameter_has_its_old_value_where_it_exists() -> None:
    new = edited(SPACE, {"nesterov": [Choice(False, True, when={"opt": "sgd"})], "dropout": [Float(0, 0.5)]})
    values = {"nesterov": False, "dropout": 0.0}
    assert with_values(new, SGD, values) == {**SGD, **values}
    assert with_values(new, ADAM, values) == {**ADAM, "dropout": 0.0}
    assert with_values(new, {**ADAM, "dropout": 0.3}, values) == {**ADAM, "dropout": 0.3}


@pytest.mark.parametrize(
    ("changes", "inside"),
    [
        ({}, True),
        ({"units": [Int(16, 2048)]}, True),
        ({"units": [Int(16, 63)]}, False),
        ({"units": [Int(60, 100, step=3)]}, False),
        ({"units": [Fixed(64)]}, True),
        ({"units": [Fixed(65)]}, False),
        ({"units": [Float(1, 100)]}, True),
        ({"opt": [Choice("adam", "sgd", "lion")]}, True),
        ({"opt": [Fixed("adam")]}, False),
        ({"act": [Choice("relu", "gelu")]}, True),
        ({"act": [Choice("selu", "gelu")]}, False),
        ({"lr": [Float(0.01, 0.2)]}, True),
        ({"new": [Float(0, 1)]}, False),
    ],
)
def test_whether_a_trial_lies_in_an_edited_space(changes: dict, inside: bool) -> None:
    assert holds(edited(SPACE, changes), SGD) is inside


@pytest.mark.parametrize(
    ("new", "word"),
    [
        (Space(lr=Float(1e-4, 1, log=True)), "units: it is gone"),
        (edited(SPACE, {"momentum": [Float(0.5, 0.99, when={"opt": "adam"})]}), "another condition"),
        (edited(SPACE, {"lr": [Choice("low", "high")]}), "it was a number"),
        (edited(SPACE, {"lr": [Fixed("x")]}), "it was a number"),
        (edited(SPACE, {"units": [Fixed(True)]}), "it was a number"),
    ],
)
def test_what_would_make_old_trials_meaningless(new: Space, word: str) -> None:
    assert any(word in sentence for sentence in meaningless(SPACE, new))


@pytest.mark.parametrize(
    "changes",
    [
        {"opt": [Fixed("adam")]},  # momentum goes with it: it could exist no more
        {"opt": [Choice("sgd", "adam", "lion")]},
        {"lr": [Choice(0.1, 0.01)]},
        {"lr": [Float(1e-5, 10)]},
        {"units": [Float(1, 1000, log=True)]},
        {"new": [Choice("a", "b")]},
    ],
)
def test_what_leaves_them_their_meaning(changes: dict) -> None:
    assert meaningless(SPACE, edited(SPACE, changes)) == []


def test_the_history_is_that_of_the_newest_space() -> None:
    new = edited(SPACE, {"dropout": [Float(0, 0.5)], "units": [Int(16, 1024)]})
    facts = log(
        OPENED,
        Suggested(1, SGD, 1),
        Edited(1, new.spec, {"dropout": 0.0}, "me", "why not"),
        Suggested(2, ADAM, 2),  # by a program that had not seen the edit
        Suggested(3, {**ADAM, "dropout": 0.2}, 3),
    )
    history = History().extend(facts)
    assert problem_of(history).space == new
    assert [history.trials[n].config.get("dropout") for n in (1, 2, 3)] == [0.0, 0.0, 0.2]
    assert history.trials[1].config == {**SGD, "dropout": 0.0}
    for cut in range(len(facts) + 1):
        assert History().extend(facts[:cut]).extend(facts[cut:]) == history


def test_a_log_without_its_opening_has_no_problem() -> None:
    with pytest.raises(StudyError, match="not been opened"):
        problem_of(History())


def test_a_value_that_a_column_does_not_take_has_no_place_in_the_cube() -> None:
    new = edited(
        SPACE, {"opt": [Choice("adam", "lion")], "units": [Int(100, 512)], "lr": [Float(1e-4, 0.01)]}
    )
    point = dict(zip((column.name for column in new.columns), new.encode([SGD])[0], strict=True))
    assert all(np.isnan(point[name]) for name in ("opt", "units", "lr"))
    inside = new.encode([{**ADAM, "units": 100, "lr": 0.01}])[0]
    assert not np.isnan(inside).any()
    words = Space(x=Float(0, 1), n=Int(0, 2**62, step=2**20), c=Choice(1, 2))
    strange = [{"x": value, "n": value, "c": value} for value in (None, "a", True, -1, 2**63, 1e300)]
    assert np.isnan(words.encode(strange)).all()


@given(low=st.integers(1, 600), high=st.integers(1, 600), value=st.integers(1, 600))
def test_a_range_holds_what_lies_in_it(low: int, high: int, value: int) -> None:
    if low >= high:
        with pytest.raises(SpaceError):
            Int(low, high)
        return
    space = edited(Space(n=Int(1, 600)), {"n": [Int(low, high)]})
    assert holds(space, {"n": value}) is (low <= value <= high)


@pytest.mark.parametrize("value", [2**63, -(2**63) - 1, 2**70, 10**200])
def test_a_whole_number_that_no_store_and_no_message_can_carry_is_no_value(value: int) -> None:
    with pytest.raises(SpaceError, match="beyond 64 bits"):
        Fixed(value)
    with pytest.raises(SpaceError, match="beyond 64 bits"):
        Choice(1, value)
    assert Fixed(2**63 - 1).value == 2**63 - 1 and Fixed(-(2**63)).value == -(2**63)
    assert Float(0, 10**20).high == 1e20
