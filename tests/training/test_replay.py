"""Replay: whatever was done to a training, its lineage trained unattended gives the same numbers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import osetra as ose
from osetra.core.facts import Source
from osetra.core.history import History
from osetra.core.ports import Suggestion
from osetra.core.trial import Trial
from osetra.errors import StudyError
from osetra.training.replay import Comparison, Replay, compare, recipe

SPACE = ose.Space(lr=ose.Float(1e-4, 1, scale="log", default=0.1), width=ose.Int(1, 9, default=3))
STEPS = 12
OFTEN = ose.Checkpoints(every=0.0)
Plan = dict[int, list[tuple[str, dict[str, Any]]]]


class Steered:
    """A noisy descent with momentum, during which orders are given after some steps."""

    def __init__(self, study: ose.Study, plan: Plan, *, forget: str = "") -> None:
        self.study, self.plan, self.forget = study, dict(plan), forget

    def __call__(self, run: ose.Run) -> None:
        rng, x, v = np.random.default_rng(run.seed), 1.0, 0.0
        state = run.restore()
        if state is not None:
            x, v = state["x"], 0.0 if self.forget == "v" else state["v"]
            if self.forget != "rng":
                rng.bit_generator.state = state["rng"]
        for step in run.steps(STEPS):
            v = 0.9 * v - float(run.live("lr")) * (2 * x + 0.1 * rng.standard_normal())
            x += v
            for verb, args in self.plan.pop(step, []):
                self.obey(run.trial, verb, args)
            run.report(val_loss=x * x, x=x)
            run.checkpoint(lambda: {"x": x, "v": v, "rng": rng.bit_generator.state})

    def obey(self, trial: int, verb: str, args: dict[str, Any]) -> None:
        try:
            self.study.order(trial, verb, **args)
        except StudyError:
            return  # no checkpoint yet, or paused already: as for a person


def steered(plan: Plan, forget: str = "") -> ose.Study:
    study = ose.Study(space=SPACE, minimize="val_loss", scheduler="full")
    study.enqueue()
    train = Steered(study, plan, forget=forget)
    study.run(train, trials=1, checkpoints=OFTEN)
    while any(trial.state == "paused" for trial in study.trials):
        for trial in study.trials:
            if trial.state == "paused":
                study.order(trial, "resume")
        study.run(train, trials=1, checkpoints=OFTEN)
    return study


def replayed(study: ose.Study, number: int) -> Comparison:
    again = ose.Study(space=SPACE, minimize="val_loss", scheduler="full")
    again.enqueue()
    again.run(Replay(Steered(again, {}), recipe(study.history, number, "val_loss")), trials=1)
    assert again.trials[0].reason == "" or again.trials[0].state == "finished", again.trials[0].reason
    return compare(study.history, study.trials[number - 1], again.history, again.trials[0])


factors = st.floats(0.3, 3.0)
orders = st.one_of(
    st.tuples(st.just("scale"), st.fixed_dictionaries({"lr": factors})),
    st.tuples(st.just("set"), st.fixed_dictionaries({"lr": st.floats(1e-3, 0.5)})),
    st.tuples(st.just("rollback"), st.fixed_dictionaries({}, optional={"lr": st.floats(1e-3, 0.5)})),
    st.tuples(st.just("rollback"), st.fixed_dictionaries({"step": st.integers(1, STEPS)})),
    st.tuples(st.just("pause"), st.just({})),
    st.tuples(st.just("branch"), st.fixed_dictionaries({"lr": st.floats(1e-3, 0.5)})),
    st.tuples(st.just("stop"), st.just({})),
)


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.integers(1, STEPS), st.lists(orders, min_size=1, max_size=2), max_size=5))
def test_every_steered_training_replays_bitwise_equal(plan: Plan) -> None:
    study = steered(plan)
    for trial in study.trials:
        told = replayed(study, trial.number)
        assert told.same, (trial.number, told.text)
        assert told.text == f"bitwise equal: {told.reports} of {told.reports} reports"


@pytest.mark.parametrize("forget", ["v", "rng"])
def test_a_checkpoint_that_forgets_something_is_found_out(forget: str) -> None:
    study = steered({8: [("rollback", {"step": 4})]}, forget)
    told = replayed(study, 1)
    assert not told.same
    assert told.first in (5, 6)
    assert told.equal == told.first - 1
    assert told.largest > 0
    assert f"from step {told.first} on" in told.text


def test_a_recipe_is_a_configuration_with_values_that_change() -> None:
    study = steered({3: [("set", {"lr": 0.05})], 8: [("rollback", {"step": 6, "lr": 0.02})]})
    told = recipe(study.history, 1, "val_loss")
    assert (told.config["lr"], told.live, told.steps, told.stopped) == (0.1, {}, STEPS, False)
    assert [(after, dict(values)) for after, values in told.changes] == [(3, {"lr": 0.05}), (6, {"lr": 0.02})]


def test_what_a_person_stopped_is_replayed_up_to_there() -> None:
    study = steered({5: [("stop", {})]})
    assert recipe(study.history, 1, "val_loss").stopped
    assert replayed(study, 1).reports == 5


def test_a_value_read_only_at_the_start_cannot_be_replayed_in_one_go() -> None:
    """Only an older version let a branch change what its training reads only at the start."""
    study = ose.Study(space=SPACE, minimize="val_loss", scheduler="full")
    study.enqueue()
    study.run(Steered(study, {}), trials=1, checkpoints=OFTEN)
    warm = Suggestion({**study.trials[0].config, "width": 7}, "", parent=Source(1, 1, 0, 4))
    study._planner.suggest([warm], "person", "")
    study.run(Steered(study, {}), trials=2, checkpoints=OFTEN)
    told = recipe(study.history, 2, "val_loss")
    assert told.changes == ((4, {"width": 7}),)
    again = ose.Study(space=SPACE, minimize="val_loss", scheduler="full")
    again.enqueue()
    again.run(Replay(Steered(again, {}), told), trials=1)
    assert again.trials[0].state == "failed"
    assert "width cannot be changed" in again.trials[0].reason


@pytest.mark.parametrize("number", [0, 2, -1])
def test_a_trial_that_does_not_exist_has_no_recipe(number: int) -> None:
    with pytest.raises(StudyError, match=r"no such trial; it has 1 … 1"):
        recipe(steered({}).history, number, "val_loss")


def test_a_trial_without_reports_has_no_recipe() -> None:
    study = ose.Study(space=SPACE, minimize="val_loss")
    study.enqueue()
    with pytest.raises(StudyError, match="reported no val_loss yet"):
        recipe(study.history, 1, "val_loss")


def test_nan_is_equal_to_nan_and_missing_steps_are_counted() -> None:
    def diverging(run: ose.Run) -> None:
        for step in run.steps(5):
            run.report(val_loss=math.nan if step > 3 else 1.0 / step)

    def shorter(run: ose.Run) -> None:
        for step in run.steps(4):
            run.report(val_loss=math.nan if step > 3 else 1.0 / step)

    one, other = (trained(function) for function in (diverging, shorter))
    assert compare(*one, *one).same
    told = compare(*one, *other)
    assert (told.same, told.equal, told.missing) == (False, 4, 1)
    lengths = "the training has 4 steps now, and had 5 in the trial"
    assert told.text == f"not bitwise equal: 4 of 5 reports are, 1 are missing; {lengths}"


def test_a_training_that_has_become_longer_is_no_equal_replay() -> None:
    def train(steps: int) -> Any:
        def function(run: ose.Run) -> None:
            for step in run.steps(steps):
                run.report(val_loss=1.0 / step)

        return trained(function)

    told = compare(*train(12), *train(60))
    assert not told.same and (told.equal, told.reports) == (12, 12)
    assert told.text.endswith("12 of 12 reports are; the training has 60 steps now, and had 12 in the trial")


def trained(function: Any) -> tuple[History, Trial]:
    study = ose.Study(space=SPACE, minimize="val_loss", scheduler="full").run(function, trials=1)
    return study.history, study.trials[0]
