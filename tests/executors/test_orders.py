"""Orders given to trainings that run elsewhere, with workers killed in between.

Whatever happened, the reported curve has to be the one that follows from the values in force: it is
computed again here from the lineage alone, and compared bit by bit.
"""

import os
import random
import signal
import time
from contextlib import suppress

import numpy as np
import pytest

import osetra as ose
from executors import programs
from executors.test_processes import open_when_there, processes_about, started, until
from osetra.core.lineage import pieces
from osetra.errors import StudyError
from osetra.views.orders import order_status

TRIES = int(os.environ.get("OSETRA_KILLS", "20"))


def expected(history, trial, steps):
    """Return the losses that the lineage implies."""
    x, losses = 1.0, []
    rates = {piece.after: piece.values["lr"] for piece in pieces(history.trials, trial)}
    lr = rates[0]
    for step in range(1, steps + 1):
        lr = rates.get(step - 1, lr)
        x = programs.descent(x, lr)
        losses.append(abs(x))
    return losses


def check_curve(study, number):
    history = study.history
    trial = history.trials[number]
    steps, losses = history.curve(trial, "loss")
    assert steps.tolist() == list(range(1, len(steps) + 1))
    assert losses.tolist() == expected(history, trial, len(steps))


@pytest.fixture
def running(tmp_path):
    url = tmp_path / "s.db"
    program = started("steady", url, trials=2, workers=2)  # the second keeps it busy during pauses
    study = open_when_there(url)
    assert until(lambda: study.history.trials and study.history.step(study.trials[0], "loss") > 3)
    yield study, url, program
    program.kill()
    program.wait()
    assert until(lambda: processes_about(url) == [], 15)


def obeyed(study, number):
    """Wait until an order of trial 1 is obeyed and return it."""
    assert until(lambda: not study.trials[0].orders[number - 1].pending), study.trials[0]
    return study.trials[0].orders[number - 1]


def test_orders_reach_a_running_training_and_are_obeyed_at_its_next_report(running):
    study, _, _ = running
    order = obeyed(study, study.order(1, "set", lr=0.02, actor="Ada").number)
    assert (order.obeyed.result, order.actor, order.values) == ("done", "Ada", {"lr": 0.02})
    assert order.asked_at <= order.seen_at <= order.obeyed_at
    order = obeyed(study, study.order(1, "scale", lr=0.5).number)
    assert order.values == {"lr": 0.01}
    study.order(1, "pause")
    assert until(lambda: study.trials[0].state == "paused")
    paused = study.trials[0]
    assert paused.held and paused.checkpoints[-1].step == study.history.step(paused, "loss")
    with pytest.raises(StudyError, match="is paused already"):
        study.order(1, "pause")
    study.order(1, "resume")
    assert until(lambda: study.trials[0].state == "running")
    kept = [point.step for point in study.trials[0].checkpoints]
    target = kept[len(kept) // 2]
    order = obeyed(study, study.order(1, "rollback", step=target, lr=0.03).number)
    assert (order.obeyed.result, order.step) == ("done", target)
    assert until(lambda: study.history.step(study.trials[0], "loss") > target + 5)
    study.order(1, "stop", actor="Ada")
    assert until(lambda: study.trials[0].state == "finished")
    trial = study.trials[0]
    assert trial.steered and "stopped by Ada" in trial.reason
    assert trial.value == min(study.history.curve(trial, "loss")[1])
    check_curve(study, 1)


def test_a_branch_goes_on_from_the_checkpoint_and_leaves_its_parent_alone(tmp_path):
    study = ose.Study(tmp_path / "s.db", programs.RATES, minimize="loss", scheduler="full")

    def short(run):
        x = (run.restore() or {"x": 1.0})["x"]
        for _ in run.steps(10):
            x = programs.descent(x, run.live("lr"))
            run.report(loss=abs(x))
            run.checkpoint(lambda: {"x": x})

    study.run(short, trials=1, checkpoints=ose.Checkpoints(every=0))
    before = study.history.curve(study.trials[0], "loss")[1].tolist()
    study.order(1, "branch", step=6, lr=0.2)
    study.run(short, trials=2)
    parent, child = study.trials
    assert child.parent.step == 6 and child.config["lr"] == 0.2 and child.steered
    assert study.history.curve(parent, "loss")[1].tolist() == before
    check_curve(study, 1)
    check_curve(study, 2)
    own = study.history.curves.of(2, "loss", 1)[0].tolist()
    assert own == [7, 8, 9, 10]


def test_an_unknown_value_is_refused_by_the_training_and_offered_as_a_branch(tmp_path):
    space = ose.Space(lr=ose.Float(0.01, 1), momentum=ose.Float(0, 0.9))
    study = ose.Study(tmp_path / "s.db", space, minimize="loss", scheduler="full")

    def train(run):
        for step in run.steps(5):
            run.live("lr")
            if step == 2:
                study.order(run.trial, "set", momentum=0.5)
            run.report(loss=1.0 / step)

    study.run(train, trials=1)
    (order,) = study.trials[0].orders
    assert order.obeyed.result == "refused"
    assert "momentum cannot be changed while this training runs (lr can); try it as a branch" in order.text
    assert not study.trials[0].steered


@pytest.mark.slow
def test_every_order_is_obeyed_once_whatever_is_killed(running):
    study, url, _ = running
    rng = random.Random(0)
    late = 0
    for attempt in range(TRIES):
        kill = rng.random() < 0.5
        verb = rng.choice(["set", "scale", "rollback", "pause"])
        trial = study.trials[0]
        args = {"set": {"lr": rng.uniform(1e-3, 0.05)}, "scale": {"lr": rng.choice([0.8, 1.25])}}.get(
            verb, {}
        )
        if verb == "rollback":
            if not trial.checkpoints:
                continue
            args = {"lr": rng.uniform(1e-3, 0.05)}
        number = study.order(1, verb, **args).number
        if kill:
            time.sleep(rng.uniform(0, 0.05))
            for pid in processes_about(url)[: rng.randint(1, 2)]:
                with suppress(ProcessLookupError):  # a supervisor ends with its training
                    os.kill(pid, signal.SIGKILL)
        order = obeyed(study, number)
        assert order.obeyed.result == "done", order
        if verb == "pause":
            assert until(lambda: study.trials[0].state == "paused")
            study.order(1, "resume")
        assert until(lambda: all(map(_has_got_on, study.trials))), attempt
        late += not _at_the_next_report(study, order)
    assert late == 0
    study.order(1, "stop")
    assert until(lambda: study.trials[0].state == "finished")
    check_curve(study, 1)
    numbers = [order.number for order in study.trials[0].orders]
    assert numbers == list(range(1, len(numbers) + 1))


def _has_got_on(trial):
    """Whether the latest attempt has kept a checkpoint: three kills in a row before it end a trial."""
    kept = trial.checkpoints[-1].attempt if trial.checkpoints else 0
    return trial.state == "running" and kept == len(trial.attempts)


def _at_the_next_report(study, order):
    """Whether the step after the one where the order took effect was trained with its values."""
    if order.verb not in ("set", "scale"):
        return True
    steps, rates = study.history.curves.of(1, "lr", order.obeyed.attempt)
    after = rates[steps == order.step + 1]
    return not len(after) or np.isclose(after[0], order.values["lr"], rtol=0, atol=0)


def test_the_status_says_how_far_an_order_has_come(running):
    study, _, _ = running
    number = study.order(1, "set", lr=0.02).number
    obeyed(study, number)
    trial = study.trials[0]
    assert order_status(trial, trial.orders[0]).status == "done"
