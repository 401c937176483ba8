"""Orders taken back: either a training has one or it was taken back, and never both."""

import pytest

import osetra as ose
from executors.test_orders import check_curve, running
from osetra.core.invariants import violations
from osetra.errors import StudyError

__all__ = ["running"]


def study():
    return ose.Study("memory:", ose.Space(lr=ose.Float(1e-4, 1.0, scale="log")), minimize="loss")


def test_an_order_that_is_taken_back_is_never_obeyed():
    tuned, rates = study(), []

    def train(run):
        for step in run.steps(6):
            if step == 2:
                tuned.order(1, "set", lr=0.5)
                taken = tuned.undo(1)
                assert taken.refused and "taken back" in taken.text
            rates.append(run.live("lr"))
            run.report(loss=1.0)

    tuned.run(train, trials=1, progress=False)
    assert len(set(rates)) == 1
    assert list(violations(tuned._store.read(), tuned._store.read_points()[0])) == []


def test_what_is_seen_or_done_or_not_there_cannot_be_taken_back():
    tuned, refusals = study(), []

    def refuse(*place):
        with pytest.raises(StudyError) as refusal:
            tuned.undo(*place)
        refusals.append(str(refusal.value))

    def train(run):
        for step in run.steps(4):
            if step == 2:
                refuse(1)
                tuned.order(1, "note", text="odd")
                refuse(1)
                tuned.order(1, "set", lr=0.5)
            if step == 4:
                refuse(1, 2)
                refuse(1, 7)
            run.report(loss=1.0)

    tuned.run(train, trials=1, progress=False)
    assert "nothing to take back" in refusals[0]
    assert "done as soon as it was given" in refusals[1]
    assert "too late" in refusals[2]
    assert "has no order 7" in refusals[3]


def test_an_order_for_a_trial_that_waits_can_be_taken_back_and_the_log_stays_sound():
    tuned = study()
    trial = tuned.enqueue(lr=0.1)
    tuned.order(trial, "set", lr=0.5)
    assert tuned.undo(trial, 1, actor="ada").text == "taken back by ada"
    tuned.run(lambda run: run.live("lr"), trials=1, progress=False)
    assert tuned.trials[0].value == 0.1
    assert list(violations(tuned._store.read(), tuned._store.read_points()[0])) == []


def test_a_training_in_another_process_trains_as_the_log_says_whoever_is_faster(running):
    tuned, _, _ = running
    outcomes = set()
    for turn in range(30):
        if tuned.trials[0].state != "running":
            break
        tuned.order(1, "set", lr=0.01 + 0.001 * turn)
        try:
            tuned.undo(1)
            outcomes.add("undone")
        except StudyError:
            outcomes.add("late")
    assert "undone" in outcomes
    check_curve(tuned, 1)
