"""A search that ends by the clock, on a virtual one: what is trained to its end, and what is said."""

from __future__ import annotations

import math
from types import SimpleNamespace
from unittest import mock

import pytest

import osetra as ose
from osetra.core.ports import Budget
from osetra.errors import StudyError
from osetra.schedulers.closing import makespan
from osetra.stores.clock import Clock
from osetra.stores.memory import MemoryStore
from osetra.study import loop
from osetra.study import study as studies

SPACE = ose.Space(x=ose.Float(0, 1, default=0.5), y=ose.Float(0, 1, default=0.5))
STEPS = 16


class Hours:
    """A clock that trainings alone move on."""

    def __init__(self) -> None:
        self.now = 1000.0

    def read(self) -> float:
        return self.now


@pytest.fixture
def hours():
    hours = Hours()
    store = MemoryStore(clock=Clock(hours.read, hours.read))
    clock = SimpleNamespace(monotonic=hours.read, time=hours.read, sleep=lambda seconds: None)
    kind = loop.Driver

    def driver(*given, **named):
        return kind(*given, **{"started": hours.now, **named})

    with (
        mock.patch.object(loop, "time", clock),
        mock.patch.object(loop, "Driver", driver),
        mock.patch.object(studies, "open_store", lambda *_: store),
    ):
        yield hours


def training(hours, seconds=1.0, keeps=True):
    """Return a training whose every step takes so long; its loss falls to x² + y²."""

    def train(run):
        run.restore()
        for step in run.steps(STEPS):
            hours.now += seconds
            run.report(loss=run.config["x"] ** 2 + run.config["y"] ** 2 + 1 / step)
            if keeps:
                run.checkpoint({"step": step})

    return train


def searched(hours, minutes, *, seconds=1.0, keeps=True, scheduler="auto", **options):
    study = ose.Study("memory:", SPACE, minimize="loss", searcher="random", scheduler=scheduler)
    begun = hours.now
    study.run(training(hours, seconds, keeps), minutes=minutes, progress=False, **options)
    return study, hours.now - begun


@pytest.mark.parametrize("scheduler", ["auto", "asha", "hyperband"])
@pytest.mark.parametrize("trainings", [1.3, 2.2, 3, 6, 12])
def test_the_best_is_trained_to_its_end_before_the_time_is_used_up(hours, scheduler, trainings):
    minutes = trainings * STEPS / 60
    study, took = searched(hours, minutes, scheduler=scheduler, steps=STEPS)
    assert took <= 60 * minutes + 1
    assert study.history.finished, [str(trial) for trial in study.trials]
    best = study.best
    assert best.state == "finished" and len(study.history.curve(best, "loss")[0]) == STEPS


def test_the_first_trial_is_trained_to_its_end_beside_the_best(hours):
    study, _ = searched(hours, 6 * STEPS / 60, steps=STEPS)
    assert study.history.trials[1].state == "finished"
    assert any("it was the first of all" in order.why for order in study.history.trials[1].orders)


def test_where_no_training_fits_the_time_the_furthest_is_the_best_and_it_is_said(hours):
    study, took = searched(hours, 0.5 * STEPS / 60, steps=STEPS)
    assert took <= 0.5 * STEPS + 1
    assert not study.history.finished
    best = study.best
    curve = study.history.curve(best, "loss")[1]
    assert best.state == "queued" and best.value == curve.min()
    [note] = study.history.noted("time")
    assert note.text.startswith("the time is used up: searched for 8")
    assert "1 trial would go on from a checkpoint" in note.text


def test_what_was_cut_short_goes_on_in_another_run(hours):
    study, _ = searched(hours, 0.5 * STEPS / 60, steps=STEPS)
    study.run(training(hours), minutes=1.2 * STEPS / 60, progress=False)
    assert study.history.finished
    assert study.history.trials[1].attempts[-1].source is not None


@pytest.mark.parametrize("start", [0.0, 60.0])
def test_programs_that_take_long_to_start_are_no_share_of_the_search(hours, start):
    waits, shares, kind = [start], {}, loop.Limits.budget

    def train(run):
        hours.now += waits.pop() if waits else 0.0
        training(hours)(run)

    def budget(limits, problem, history, *moments):
        made = kind(limits, problem, history, *moments)
        shares[history.curves.cursor] = made.progress
        return made

    study = ose.Study("memory:", SPACE, minimize="loss", searcher="random", scheduler="full")
    with mock.patch.object(loop.Limits, "budget", budget):
        study.run(train, minutes=(start + 8 * STEPS) / 60, progress=False)
    assert [shares[STEPS * trial] for trial in (0, 2, 4, 6)] == pytest.approx([0, 0.25, 0.5, 0.75], abs=0.02)


def test_nothing_is_begun_that_cannot_end_in_time(hours):
    study, took = searched(hours, 2.5 * STEPS / 60, scheduler="full", steps=STEPS)
    assert [trial.state for trial in study.trials] == ["finished", "finished"]
    assert took == 2 * STEPS
    assert not study.history.noted("time")  # it ended because nothing more could be done


def test_trainings_that_stop_by_themselves_leave_no_time_unused(hours):
    def train(run):
        run.restore()
        for step in run.steps(STEPS):
            hours.now += 1.0
            run.report(loss=run.config["x"] + 1 / step)
            run.checkpoint({"step": step})
            if step == 4:
                break

    study = ose.Study("memory:", SPACE, minimize="loss", searcher="random", scheduler="full")
    begun = hours.now
    study.run(train, minutes=4 * STEPS / 60, steps=STEPS, progress=False)
    assert len(study.history.finished) >= 14
    assert hours.now - begun > 0.9 * 4 * STEPS


@pytest.mark.parametrize("reserve", [20.0, lambda history: 20.0])
def test_what_follows_the_search_keeps_its_seconds(hours, reserve):
    study, took = searched(hours, 4 * STEPS / 60, reserve=reserve, steps=STEPS)
    assert took <= 4 * STEPS - 20 + 1
    assert study.history.finished


@pytest.mark.parametrize("trainings", [1.3, 2.2, 4])
def test_an_estimate_of_what_follows_leaves_time_for_one_result(hours, trainings):
    study, took = searched(hours, trainings * STEPS / 60, reserve=lambda history: 1e6, steps=STEPS)
    assert [trial.state for trial in study.history.finished] == ["finished"]
    assert took <= trainings * STEPS + 1


def test_a_reserve_is_asked_with_the_history_and_not_at_every_look(hours):
    asked = []

    def reserve(history):
        asked.append(len(history.trials))
        return 0.0

    searched(hours, 2 * STEPS / 60, seconds=0.125, reserve=reserve, steps=STEPS)
    assert asked[-1] > asked[0]
    assert len(asked) <= 2 * STEPS + 2


@pytest.mark.parametrize("reserve", [-1, math.nan, "a minute"])
def test_a_reserve_that_is_none_is_refused(hours, reserve):
    with pytest.raises(StudyError, match=r"reserve=.*seconds of the minutes"):
        searched(hours, 1, reserve=reserve)


def test_a_confirmation_ends_by_the_clock_too(hours):
    study, _ = searched(hours, 3 * STEPS / 60, scheduler="full", steps=STEPS)
    begun = hours.now
    study.confirm(training(hours), top=2, seeds=3, minutes=2.5 * STEPS / 60, progress=False)
    assert hours.now - begun <= 2.5 * STEPS + 1
    assert sum(trial.state == "finished" for trial in study.trials if trial.repeats) == 2


def test_functions_without_steps_end_at_the_limit(hours):
    def train(run):
        hours.now += 7
        return run.config["x"]

    study = ose.Study("memory:", SPACE, minimize="loss", searcher="random")
    begun = hours.now
    study.run(train, minutes=1, progress=False)
    assert 60 <= hours.now - begun < 68
    assert "the time is used up" in study.history.noted("time")[0].text


@pytest.mark.parametrize(
    ("tasks", "busy", "end"),
    [([], [3.0], 0.0), ([2.0, 2.0], [0.0], 4.0), ([2.0, 3.0], [1.0, 0.0], 4.0), ([5.0], [1.0, 2.0], 6.0)],
)
def test_each_task_goes_to_the_worker_that_is_free_first(tasks, busy, end):
    assert makespan(tasks, busy) == end


def test_a_budget_without_a_clock_is_unlimited():
    assert Budget().seconds == math.inf
