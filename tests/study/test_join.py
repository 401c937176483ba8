"""Joining a study: who plans, who judges, and when somebody who joined leaves again."""

import time

import numpy as np
import pytest

import osetra as ose
from osetra.core.facts import Claimed, Worker
from osetra.core.limits import Limits
from osetra.core.ports import Job
from osetra.errors import StudyError
from osetra.study import join as joining
from osetra.study.join import Joiner

SPACE = ose.Space(x=ose.Float(0, 1))


@pytest.fixture(autouse=True)
def quickly(monkeypatch):
    monkeypatch.setattr(joining, "PLANNING", (0.005, 0.02))
    monkeypatch.setattr(joining, "LINGER", 0.05)
    monkeypatch.setattr(joining, "CALM", 0.005)


@pytest.fixture
def study(tmp_path):
    study = ose.Study(tmp_path / "s.db", SPACE, minimize="loss", searcher="random", scheduler="full")
    yield study
    study.close()


def train(run):
    return run.config["x"]


def join(study, **limits):
    return study.join(train, executor=ose.Inline(), **limits)


def visit(study, limits=Limits(), slots=1):  # noqa: B008 - frozen
    return Joiner(study._planner, limits, slots, False, None)


def test_the_target_that_somebody_noted_is_reached_without_them(study):
    study._planner.aim(5)
    join(study)
    assert [trial.state for trial in study.trials] == ["finished"] * 5


def test_what_is_queued_is_trained_and_nothing_is_planned_without_a_target(study):
    study.enqueue(x=0.25)
    join(study, idle=0.001)
    assert [trial.value for trial in study.trials] == [0.25]


def test_a_total_of_its_own_is_the_studys_target_from_then_on(study):
    join(study, trials=3)
    assert len(study.trials) == study.history.target == 3


def test_a_smaller_total_does_not_lower_the_target(study):
    study._planner.aim(6)
    join(study, trials=2)
    assert len(study.trials) == 2
    assert study.history.target == 6


def test_a_study_that_is_done_starts_no_worker(study, monkeypatch):
    join(study, trials=2)
    monkeypatch.setattr(ose.Inline, "start", lambda *_: pytest.fail("started"))
    join(study)
    join(study, trials=1)


def test_minutes_end_a_visit_that_has_no_other_limit(study):
    begun = time.monotonic()
    join(study, minutes=0.01)
    assert 0.3 < time.monotonic() - begun < 20
    assert study.history.finished


def test_a_target_that_is_raised_meanwhile_is_followed(study, monkeypatch):
    monkeypatch.setattr(joining, "LINGER", 1.0)
    study._planner.aim(1)
    raised = []

    def watch(history):
        if history.finished and not raised:
            raised.append(True)
            study._planner.aim(3)

    study.join(train, executor=ose.Inline(), watch=watch)
    assert len(study.trials) == 3


def test_the_first_turn_never_plans(study):
    study._planner.aim(5)
    turn = visit(study)
    assert turn.fill_queue()
    assert not study.trials


def test_nothing_is_planned_while_something_waits(study, monkeypatch):
    study._planner.aim(5)
    study.enqueue(x=0.5)
    turn = visit(study)
    monkeypatch.setattr(joining, "_pause", lambda: 0.0)
    for _ in range(5):
        assert turn.fill_queue()
    assert len(study.trials) == 1


def test_plans_are_made_at_ones_moment_only(study, monkeypatch):
    study._planner.aim(5)
    turn = visit(study)
    monkeypatch.setattr(joining, "_pause", lambda: 1000.0)
    for _ in range(5):
        assert turn.fill_queue()
    assert not study.trials


def test_pauses_are_spread_so_that_not_all_plan_at_once(monkeypatch):
    monkeypatch.setattr(joining, "PLANNING", (0.5, 2.0))
    pauses = [joining._pause() for _ in range(2000)]
    assert 0.5 <= min(pauses) < 0.6 < 1.9 < max(pauses) <= 2.0
    assert np.std(pauses) > 0.3


def claim(study, host):
    """Let somebody run a new trial."""
    trial = study.enqueue(x=0.5).number
    study._store.append([Claimed(trial, 1, Worker(host, "boot", 1, 1.0, 0))])
    return study.history.trials[trial]


def test_only_trials_of_this_machine_are_judged_here(study):
    study._planner.aim(5)
    turn = visit(study)
    turn.host = "here"
    assert turn.mine(claim(study, "here"))
    assert not turn.mine(claim(study, "there"))


def test_without_a_target_nobody_who_joined_judges(study):
    turn = visit(study)
    turn.host = "here"
    assert not turn.mine(claim(study, "here"))


def test_who_has_nothing_to_train_leaves_while_others_train(study):
    study._planner.aim(1)
    claim(study, "there")
    assert study.history.running
    join(study, idle=0.001)
    assert study.history.running


def test_who_has_nothing_to_train_waits_for_others_without_that(study):
    study._planner.aim(1)
    claim(study, "there")
    turn, deadline = visit(study), time.monotonic() + 0.3
    while time.monotonic() < deadline:
        assert turn.fill_queue()


@pytest.mark.parametrize("limit", ["trials", "minutes", "trainings", "idle", "grace"])
def test_senseless_limits_are_refused(study, limit):
    with pytest.raises(StudyError, match=f"{limit}=0"):
        study.join(train, **{limit: 0})


def test_a_job_says_how_long_a_report_is_waited_for():
    assert Job(objective=None, function=train).grace == 10.0  # type: ignore[arg-type]
