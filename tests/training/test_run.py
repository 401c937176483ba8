"""Run: what training code sees, and how each way of ending is understood."""

import math
import sys
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

import osetra as ose
from osetra.core.claim import Claim
from osetra.core.curves import Point
from osetra.core.facts import Noted, Ordered
from osetra.core.problem import Objective
from osetra.errors import StudyError
from osetra.training.execution import execute
from osetra.training.run import Run, control_of


@dataclass
class RecordingLink:
    points: list[Point] = field(default_factory=list)
    stop_after: float = math.inf
    facts: list[object] = field(default_factory=list)
    waiting: list[Ordered] = field(default_factory=list)

    def send(self, points: list[Point]) -> None:
        self.points += points

    def record(self, fact: object) -> None:
        self.facts.append(fact)

    def orders(self) -> list[Ordered]:
        came, self.waiting = self.waiting, []
        return came

    def stop_requested(self) -> bool:
        return len(self.points) >= self.stop_after


def make_run(pick: str = "best", direction: str = "minimize", stop_after: float = math.inf) -> Run:
    objective = Objective(metric="val_loss", direction=direction, pick=pick)
    return Run.of(Claim(7, 2, {"lr": 0.1}, 3), objective, RecordingLink(stop_after=stop_after))


def test_training_code_sees_these_names_and_no_others():
    assert [name for name in dir(make_run()) if not name.startswith("_")] == [
        "accepts", "announce", "attempt", "checkpoint", "config", "diverged", "folds", "interrupted",
        "live", "of", "remember", "report", "restore", "seed", "step", "steps", "trial",
    ]  # fmt: skip


def reporting(*losses: float):
    def train(run: Run) -> None:
        for step in run.steps(len(losses)):
            run.report(val_loss=losses[step - 1], train_loss=0.0)

    return train


def test_reports_carry_trial_attempt_and_the_step_of_the_loop():
    run = make_run()
    execute(reporting(3.0, 1.0), run)
    assert control_of(run).link.points[0] == Point(7, 2, 0, 1, "val_loss", 3.0)
    assert control_of(run).link.points[2] == Point(7, 2, 0, 2, "val_loss", 1.0)


@pytest.mark.parametrize(
    ("pick", "direction", "value"),
    [("best", "minimize", 1.0), ("last", "minimize", 2.0), ("best", "maximize", 3.0)],
)
def test_the_value_follows_pick_and_direction(pick, direction, value):
    ending = execute(reporting(3.0, 1.0, 2.0), make_run(pick, direction))
    assert (ending.outcome, ending.value) == ("finished", value)


@pytest.mark.parametrize(
    ("returned", "value"), [(0.5, 2.0), ({"val_loss": 0.5}, 0.5), (np.float32(0.3), 0.3)]
)
def test_a_returned_number_counts_unless_it_contradicts_the_reports(returned: Any, value: float) -> None:
    """A mapping says what it is; the last and the best report are no contradiction."""

    def train(run: Run) -> Any:
        run.report(val_loss=2.0)
        run.report(val_loss=3.0 if value == 2.0 else 0.3)
        return returned

    run = make_run()
    assert execute(train, run).value == pytest.approx(value)
    notes = [
        fact.text
        for fact in control_of(run).link.facts
        if isinstance(fact, Noted) and fact.topic == "returned"
    ]
    both = "trial 7 returned 0.5, but reported val_loss 2, which counts"
    assert [note.startswith(both) for note in notes] == ([True] if value == 2.0 else [])


@pytest.mark.parametrize("pick", ["best", "last"])
def test_the_returned_accuracy_never_wins_over_the_reported_loss(pick: Any) -> None:
    def train(run: Run) -> float:
        for epoch in run.steps(5):
            run.report(val_loss=run.config["lr"] + 1 / epoch)
        return 1 - run.config["lr"]

    study = ose.Study(space=ose.Space(lr=ose.Float(0.01, 0.9)), minimize="val_loss", pick=pick)
    study.run(train, trials=12, progress=False)
    assert study.best.config == min((t.config for t in study.trials), key=lambda config: config["lr"])
    assert len(study.history.noted("returned")) == 1


def test_the_step_may_be_given_by_name() -> None:
    run = make_run()
    run.report(val_loss=1.0, step=np.int64(7))
    assert control_of(run).link.points[-1].step == 7
    for wrong in (1.5, "8", True, None):
        with pytest.raises(StudyError, match=r"step=.*: it is the number of the step, given once"):
            run.report(val_loss=1.0, step=wrong)
    with pytest.raises(StudyError, match="step=9"):
        run.report(8, val_loss=1.0, step=9)


def test_a_training_may_do_with_its_configuration_what_it_likes() -> None:
    def train(run: Run) -> float:
        lr = run.config.lr
        run.config.pop("lr")
        run.config["more"] = 1
        run.config.clear()
        return lr + run.live("lr")

    assert execute(train, make_run()).value == 0.2


def test_a_returned_mapping_is_read_by_the_metrics_name():
    assert execute(lambda run: {"val_loss": 0.25, "epochs": 3}, make_run()).value == 0.25


def test_a_returned_mapping_without_the_metric_is_explained():
    ending = execute(lambda run: {"loss": 0.25}, make_run())
    assert ending.outcome == "failed"
    assert ending.reason == "the training returned ['loss'], without 'val_loss'"


def test_a_fold_each_counts_equally():
    def train(run: Run) -> None:
        for fold in run.folds(3):
            for _ in run.steps(2):
                run.report(val_loss=float(fold))

    run = make_run()
    assert execute(train, run).value == 1.0
    assert [point.instance for point in control_of(run).link.points] == [0, 0, 1, 1, 2, 2]


@pytest.mark.parametrize("last", [math.nan, math.inf])
def test_a_curve_that_ends_non_finite_diverged(last):
    ending = execute(reporting(1.0, last), make_run())
    assert ending.outcome == "diverged"
    assert ending.reason == f"val_loss became {last}"


@pytest.mark.parametrize(("pick", "value"), [("best", 0.5), ("last", 0.7)])
def test_a_curve_that_was_not_finite_and_came_back_is_finished(pick, value):
    for bad in (math.nan, math.inf):
        ending = execute(reporting(1.0, bad, 0.5, 0.7), make_run(pick))
        assert (ending.outcome, ending.value) == ("finished", value)


def test_training_code_can_declare_divergence():
    ending = execute(lambda run: run.diverged("still at chance level after 5 epochs"), make_run())
    assert (ending.outcome, ending.reason) == ("diverged", "still at chance level after 5 epochs")


def test_an_exception_becomes_a_reason_with_its_traceback():
    ending = execute(lambda run: 1 / 0, make_run())
    assert (ending.outcome, ending.reason) == ("failed", "ZeroDivisionError: division by zero")
    assert "Traceback" in ending.detail


def test_sys_exit_fails_the_trial_only():
    ending = execute(lambda run: sys.exit(3), make_run())
    assert (ending.outcome, ending.reason) == ("failed", "the training called sys.exit(3)")


def test_running_out_of_memory_is_named():
    def train(run: Run) -> None:
        raise MemoryError("64 GiB wanted")

    assert execute(train, make_run()).reason == "out of memory: 64 GiB wanted"


def test_a_stop_ends_the_loop_without_an_exception():
    seen = []

    def train(run: Run) -> None:
        for step in run.steps(10):
            run.report(val_loss=1.0)
            seen.append(step)

    assert execute(train, make_run(stop_after=3)).outcome == "interrupted"
    assert seen == [1, 2, 3]


def test_a_stop_raises_in_a_loop_of_ones_own():
    def train(run: Run) -> None:
        while True:
            run.report(val_loss=1.0)

    assert execute(train, make_run(stop_after=3)).outcome == "interrupted"


def test_reports_outside_the_loop_count_up():
    run = make_run()
    run.report(val_loss=1.0)
    run.report(val_loss=2.0)
    assert [point.step for point in control_of(run).link.points] == [1, 2]


def test_a_training_that_reports_something_else_is_told_what_it_reported():
    ending = execute(lambda run: run.report(loss=1.0), make_run())
    assert ending.reason == (
        "no 'val_loss' was reported and nothing returned; reported were loss; "
        "call run.report(val_loss=...) or return a number"
    )


def test_a_metric_that_is_no_number_is_named():
    with pytest.raises(StudyError, match=r"acc='high': a metric is one number, such as acc=0.3"):
        make_run().report(acc="high")


def test_a_report_without_metrics_is_refused():
    with pytest.raises(StudyError, match="report\\(\\) without metrics"):
        make_run().report()


HOSTILE = ["a", None, True, 2.5, 0, -1, 2**70, float("nan"), [3], len]


@pytest.mark.parametrize("count", HOSTILE, ids=repr)
@pytest.mark.parametrize("verb", ["steps", "announce", "folds"])
def test_a_senseless_count_fails_its_trial_and_harms_no_study(verb, count, tmp_path):
    def train(run):
        list(getattr(run, verb)(count) or ())
        run.report(loss=1.0)

    file = tmp_path / "study.db"
    study = ose.Study(file, ose.Space(x=ose.Float(0, 1)), minimize="loss")
    study.run(train, trials=1, progress=False)
    (trial,) = study.trials
    assert trial.state == "failed" and "a whole number of at least 1" in trial.reason
    study.close()
    again = ose.Study(file)
    again.run(lambda run: 1.0, trials=3, progress=False)
    assert [t.state for t in again.trials] == ["failed", "finished", "finished"]


@pytest.mark.parametrize("step", ["a", True, 2.5, 2**70, float("nan"), [3], len], ids=repr)
def test_a_senseless_step_fails_its_trial(step, tmp_path):
    study = ose.Study(tmp_path / "study.db", ose.Space(x=ose.Float(0, 1)), minimize="loss")
    study.run(lambda run: run.report(step, loss=1.0), trials=1, progress=False)
    assert study.trials[0].state == "failed" and "step=" in study.trials[0].reason


def test_steps_within_steps_say_so():
    def train(run: Run) -> None:
        for _ in run.steps(2):
            for _ in run.steps(3):
                run.report(val_loss=1.0)

    ending = execute(train, make_run())
    assert ending.outcome == "failed" and ending.reason.startswith("run.steps within run.steps: ")
