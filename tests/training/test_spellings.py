"""What people know from other libraries: taken where its meaning is certain, else our spelling is shown."""

from __future__ import annotations

import copy
import itertools
import pickle
from typing import Any

import numpy as np
import pytest

import osetra as ose
from osetra.core.spellings import OF_TRIAL, TRIAL_HINTS
from osetra.errors import StudyError
from osetra.study import spellings as of_study
from osetra.training import spellings as of_run
from osetra.training.run import Run, control_of
from training.test_run import make_run

METRICS = {"val_loss": 0.5, "f1": np.float32(0.25)}


def place_and_values(run: Run) -> dict[str, tuple[int, float]]:
    return {point.metric: (point.step, point.value) for point in control_of(run).link.points}


@pytest.mark.parametrize("step", [3, np.int64(3), 3.0])
def test_a_mapping_is_reported_wherever_its_step_stands(step: Any) -> None:
    expected = {"val_loss": (3, 0.5), "f1": (3, 0.25)}
    for way in (
        lambda run: run.report(METRICS, step),
        lambda run: run.report(step, METRICS),
        lambda run: run.report(METRICS, step=int(step)),
        lambda run: run.report({**METRICS, "step": int(step)}),
        lambda run: run.report({"val_loss": 0.5}, step, f1=0.25),
    ):
        run = make_run()
        way(run)
        assert place_and_values(run) == expected
    run = make_run()
    run.report(METRICS)
    assert place_and_values(run) == {"val_loss": (1, 0.5), "f1": (1, 0.25)}


@pytest.mark.parametrize(
    ("words", "ours"),
    [
        ((0.5, 1), "run.report(1, val_loss=0.5)"),
        ((0.5,), "run.report(val_loss=0.5)"),
        ((7,), "run.report(val_loss=7)"),
        (("f1", 0.5), "run.report(f1=0.5)"),
        (("f1", 0.5, 3), "run.report(3, f1=0.5)"),
        ((np.float64(0.5), np.int64(2)), "run.report(2, val_loss=0.5)"),
        ((METRICS, METRICS), "run.report(val_loss=0.3)"),
        (([1, 2],), "run.report(val_loss=0.3)"),
    ],
)
def test_what_is_not_certain_is_shown_as_it_is_written(words: tuple[Any, ...], ours: str) -> None:
    run = make_run()
    with pytest.raises(StudyError) as caught:
        run.report(*words)
    assert str(caught.value).endswith(f"does not say what is what; write {ours}")
    assert control_of(run).link.points == []


def test_no_order_of_any_words_is_a_raw_error_or_half_a_report() -> None:
    words: list[Any] = [None, 2, 0.5, "f1", METRICS, {3: 1.0}, {"step": 1}, [1], object(), True, {}, 10**400]
    for count in (1, 2, 3):
        for few in itertools.product(words, repeat=count):
            for named in ({}, {"val_loss": 1.0}, {"step": 2}):
                run = make_run()
                try:
                    run.report(*few, **named)
                except StudyError:
                    assert control_of(run).link.points == [], (few, named)
                else:
                    assert control_of(run).link.points != [], (few, named)


@pytest.fixture(scope="module")
def things() -> dict[str, Any]:
    study = ose.Study("memory:", ose.Space(x=ose.Float(0, 1)), minimize="val_loss", searcher="random")
    study.run(lambda run: run.config["x"], trials=1, progress=False)
    return {"run": make_run(), "trial": study.trials[0], "study": study}


SAME = {"run": of_run.SAME, "trial": OF_TRIAL, "study": of_study.ATTRIBUTES}
HINTS = {"run": of_run.HINTS, "trial": TRIAL_HINTS, "study": of_study.HINTS}
KINDS = ("run", "trial", "study")


@pytest.mark.parametrize("kind", KINDS)
def test_names_that_mean_the_same_are_the_same(things: dict[str, Any], kind: str) -> None:
    for name, ours in SAME[kind].items():
        wanted = things[kind]
        for part in ours.split("."):
            wanted = getattr(wanted, part)
        assert getattr(things[kind], name) == wanted


@pytest.mark.parametrize("kind", KINDS)
def test_other_names_are_errors_that_show_what_there_is(things: dict[str, Any], kind: str) -> None:
    for name, ours in HINTS[kind].items():
        assert name not in dir(things[kind])
        with pytest.raises(AttributeError, match="has no ") as caught:
            getattr(things[kind], name)
        assert str(caught.value) == f"a {kind} has no {name!r}; write {ours}"
    near = {"run": "chekpoint", "trial": "confg", "study": "enqeue"}[kind]
    with pytest.raises(AttributeError, match="Did you mean"):
        getattr(things[kind], near)
    assert not hasattr(things[kind], "_anything")


def test_the_hints_name_what_there_is(things: dict[str, Any]) -> None:
    """What a hint says to write begins with an attribute that the thing has."""
    for kind in KINDS:
        for ours in HINTS[kind].values():
            for start in KINDS:
                if ours.startswith(f"{start}."):
                    word = (
                        ours.split(".")[1]
                        .split("(")[0]
                        .split("[")[0]
                        .split(":")[0]
                        .split(",")[0]
                        .split(" ")[0]
                    )
                    assert word in dir(things[start]), ours


def test_copies_and_pickles_are_as_before(things: dict[str, Any]) -> None:
    assert copy.deepcopy(things["run"]).config == things["run"].config
    assert pickle.loads(pickle.dumps(things["trial"])) == things["trial"]
    assert copy.copy(things["trial"]) == things["trial"]
