"""A run under orders: pauses, values in force, checkpoints, and going on from them."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from osetra.core.claim import Checkpoint, Claim
from osetra.core.curves import Point
from osetra.core.facts import Checkpointed, Noted, Obeyed, Ordered
from osetra.core.ports import Checkpoints
from osetra.core.problem import Objective
from osetra.errors import CheckpointError, StudyError
from osetra.training.checkpoints import CheckpointWriter
from osetra.training.execution import execute
from osetra.training.run import Run, control_of

OBJECTIVE = Objective(metric="loss")


@dataclass
class Script:
    """A link that delivers orders after given reports: {number of reports: [order, …]}."""

    orders_after: dict[int, list[Ordered]] = field(default_factory=dict)
    stop_after: float = float("inf")
    points: list[Point] = field(default_factory=list)
    facts: list[object] = field(default_factory=list)
    given: set[int] = field(default_factory=set)

    def send(self, points):
        self.points += points

    def record(self, fact):
        self.facts.append(fact)

    def orders(self):
        reports = len({(p.instance, p.step) for p in self.points})
        due = [n for n in self.orders_after if n <= reports and n not in self.given]
        self.given.update(due)
        return [order for n in due for order in self.orders_after[n]]

    def stop_requested(self):
        return len(self.points) >= self.stop_after

    def kept(self):
        return [fact for fact in self.facts if isinstance(fact, Checkpointed)]

    def obeyed(self):
        return [fact for fact in self.facts if isinstance(fact, Obeyed)]


def order(verb, number=1, by="person", why="", **args):
    return Ordered(7, number, verb, args, "Ada", by, why)


def make(folder: Path | None, link=None, start=None, until=None, every=1e9, quota=1e9, live=None, **config):
    writer = CheckpointWriter(folder, start, Checkpoints(quota, every))
    config = config or {"lr": 0.1}
    claim = Claim(7, 1, config, 3, live=live or {}, until=until)
    return Run.of(claim, OBJECTIVE, link or Script(), writer)


def training(steps=10, folds=0):
    def train(run):
        state = run.restore() or {"x": 1.0}
        for _ in run.folds(folds) if folds else [0]:
            x = state["x"]
            for step in run.steps(steps):
                x = x * (1 - run.live("lr")) + 0.01 * step
                run.report(loss=x)
                run.checkpoint(lambda: {"x": x})
            state = {"x": 1.0}

    return train


def going_on(folder, link):
    last = link.kept()[-1]
    return Checkpoint(str(folder / last.file), last.sha256, last.instance, last.step)


@given(st.lists(st.integers(1, 9), min_size=1, max_size=4), st.booleans())
@settings(max_examples=40, deadline=None)
def test_a_training_paused_anywhere_ends_as_if_it_had_not_been(tmp_path_factory, pauses, folds):
    folder = tmp_path_factory.mktemp("kept")
    count = 3 if folds else 0
    whole = make(folder)
    expected = execute(training(folds=count), whole)
    start, seen, link = None, [], Script()
    for pause in pauses:
        link = Script({pause: [order("pause")]})
        ending = execute(training(folds=count), make(folder, link, start))
        seen += link.points
        if ending.outcome == "finished":
            break
        assert ending.outcome == "paused"
        start = going_on(folder, link)
    else:
        link = Script()
        ending = execute(training(folds=count), make(folder, link, start))
        seen += link.points
    assert ending.outcome == "finished"
    assert ending.value == expected.value
    assert [p[2:] for p in seen] == [p[2:] for p in control_of(whole).link.points]


def test_until_pauses_at_a_checkpoint_and_goes_on_without_one(tmp_path):
    link = Script()
    ending = execute(training(), make(tmp_path, link, until=4))
    assert (ending.outcome, ending.reason) == ("paused", "waits at step 4")
    assert [fact.step for fact in link.kept()] == [4]

    def keeps_none(run):
        for _ in run.steps(10):
            run.report(loss=1.0)

    assert execute(keeps_none, make(tmp_path, until=4)).outcome == "finished"
    assert execute(training(), make(None, until=4)).outcome == "finished"
    assert execute(training(), make(tmp_path, until=10)).outcome == "finished"


def test_a_step_that_is_past_when_the_training_hears_of_it_is_said(tmp_path):
    link = Script({2: [order("extend", until=1)]})
    ending = execute(training(), make(tmp_path, link))
    assert (ending.outcome, ending.reason) == ("paused", "waits at step 2")
    assert [fact.text for fact in link.obeyed()] == ["step 1 is past: it waits after step 2"]


def test_values_in_force_change_at_the_next_step_and_are_told():
    link = Script({2: [order("set", lr=0.5)], 3: [order("scale", 2, lr=0.5)]})
    rates = []

    def train(run):
        for _ in run.steps(5):
            rates.append(run.live("lr"))
            run.report(loss=1.0)

    assert execute(train, make(None, link)).outcome == "finished"
    assert rates == [0.1, 0.1, 0.5, 0.25, 0.25]
    assert [(f.step, f.values, f.text) for f in link.obeyed()] == [
        (2, {"lr": 0.5}, "lr=0.5 after step 2"),
        (3, {"lr": 0.25}, "lr=0.25 after step 3"),
    ]


def test_an_order_that_waited_is_obeyed_before_the_first_step_if_the_training_says_so():
    for accepts, expected in ((True, [0.5, 0.5]), (False, [0.1, 0.5])):
        link, rates = Script({0: [order("set", lr=0.5)]}), []

        def train(run, accepts=accepts, rates=rates):
            if accepts:
                run.accepts("lr")
            for _ in run.steps(2):
                rates.append(run.live("lr"))
                run.report(loss=1.0)

        execute(train, make(None, link))
        assert rates == expected


def test_what_a_training_never_asks_for_cannot_be_set():
    link = Script({1: [order("set", units=3)]})
    run = make(None, link, lr=0.1, units=8)
    execute(training(3), run)
    assert link.obeyed()[0].result == "refused" and "try it as a branch" in link.obeyed()[0].text
    with pytest.raises(
        StudyError, match=r"run.live\('unit'\): the hyperparameters are lr, units. Did you mean"
    ):
        run.live("unit")


def test_stop_keeps_the_result_of_people_and_cuts_for_schedulers(tmp_path):
    link = Script({3: [order("stop")]})
    ending = execute(training(), make(tmp_path, link))
    assert ending.outcome == "finished" and ending.value == min(p.value for p in link.points)
    assert ending.reason == "stopped by Ada at step 3" and len(link.points) == 3
    why = "stopped at step 3: loss 0.81, cut 0.74, rank 14 of 18"
    ending = execute(training(), make(tmp_path, Script({3: [order("stop", by="scheduler", why=why)]})))
    assert (ending.outcome, ending.reason) == ("stopped", why)
    ending = execute(
        training(), make(tmp_path, Script({3: [order("stop", by="scheduler", why=why, keep=True)]}))
    )
    assert ending.outcome == "finished"


def test_a_pause_without_checkpoints_says_what_is_lost():
    def keeps_none(run):
        for _ in run.steps(10):
            run.report(loss=1.0)

    link = Script({3: [order("pause")]})
    ending = execute(keeps_none, make(None, link))
    assert ending.outcome == "paused"
    assert "without a checkpoint: this training keeps none" in ending.obeyed.text


@pytest.mark.parametrize("asked", [1, 3, 8, 9])
def test_a_pause_waits_for_the_state_of_a_training_that_leaves_it_before_it_reports(tmp_path, asked):
    def leaves_first(run):
        state = run.restore() or {"step": 0}
        for step in run.steps(10):
            state["step"] = step
            run.checkpoint(state)
            run.report(loss=1.0 / step)

    link = Script({asked: [order("pause")]})
    run = make(tmp_path, link)
    ending = execute(leaves_first, run)
    if asked == 9:  # nothing is left to wait for
        assert ending.outcome == "finished"
        return
    assert ending.outcome == "paused" and ending.obeyed.text == f"paused at step {asked + 1}"
    assert link.kept()[-1].step == asked + 1


def test_a_pause_between_checkpoints_names_the_last_one(tmp_path):
    def every_third(run):
        for step in run.steps(10):
            run.report(loss=1.0)
            if step % 3 == 0:
                run.checkpoint({"step": step})

    link = Script({4: [order("pause")]})
    run = make(tmp_path, link)
    control_of(run).writer.limits = Checkpoints(every=0)
    ending = execute(every_third, run)
    assert ending.obeyed.text.endswith("without a checkpoint: this training kept its last one at step 3")


def test_a_full_quota_is_named_and_the_training_goes_on(tmp_path, caplog):
    link = Script()
    ending = execute(training(), make(tmp_path, link, until=4, quota=100))
    assert ending.outcome == "finished" and link.kept() == []
    assert caplog.text.count("checkpoints=Checkpoints(quota=...)") == 1
    link = Script({3: [order("pause")]})
    ending = execute(training(), make(tmp_path, link, quota=100))
    assert "the limit is 0.0001 MB" in ending.obeyed.text


def test_a_hand_written_loop_is_interrupted_by_an_exception(tmp_path):
    def train(run):
        x = (run.restore() or {"x": 0})["x"]
        while x < 6:
            x += 1
            run.report(loss=1.0 / x)
            run.checkpoint({"x": x})

    link = Script({2: [order("pause")]})
    ending = execute(train, make(tmp_path, link))
    assert ending.outcome == "paused" and [fact.step for fact in link.kept()] == [2]
    again = Script()
    assert execute(train, make(tmp_path, again, going_on(tmp_path, link))).value == pytest.approx(1 / 6)
    assert [point.step for point in again.points] == [3, 4, 5, 6]


def test_a_request_to_stop_keeps_the_work(tmp_path):
    link = Script(stop_after=3)
    assert execute(training(), make(tmp_path, link)).outcome == "interrupted"
    assert [fact.step for fact in link.kept()] == [3]


def test_every_zero_keeps_one_after_each_step_but_the_last(tmp_path):
    link = Script()
    execute(training(4), make(tmp_path, link, every=0))
    assert [fact.step for fact in link.kept()] == [1, 2, 3, 4]
    assert [fact.value for fact in link.kept()] == [point.value for point in link.points]


def test_steps_do_not_go_backwards():
    def train(run):
        run.report(5, loss=1.0)
        run.report(4, loss=1.0)

    assert "report(4, …) after step 5: steps do not go backwards" in execute(train, make(None)).reason


def test_a_state_that_cannot_be_kept_ends_the_trial_with_the_name(tmp_path):
    def train(run):
        for _ in run.steps(3):
            run.report(loss=1.0)
            run.checkpoint({"model": object()})

    ending = execute(train, make(tmp_path, every=0))
    assert ending.outcome == "failed" and "checkpoint['state']['model'] is a builtins.object" in ending.reason


def test_a_file_damaged_since_the_claim_fails_and_is_not_loaded(tmp_path):
    link = Script()
    execute(training(), make(tmp_path, link, until=4))
    start = going_on(tmp_path, link)
    Path(start.file).write_bytes(b"torn")
    with pytest.raises(CheckpointError, match="torn or not the file"):
        make(tmp_path, Script(), start).restore()


def test_the_number_of_steps_is_told_once_per_loop():
    link = Script()
    execute(training(5), make(None, link))
    assert [f.data for f in link.facts if isinstance(f, Noted) and f.topic == "steps"] == [{"steps": 5}]


def test_what_it_can_change_is_recorded_once_known_and_again_when_there_is_more():
    def train(run):
        for step in run.steps(4):
            run.live("lr")
            if step == 3:
                run.accepts("units")
            run.report(loss=1.0)

    link = Script()
    execute(train, make(None, link))
    told = [f.data["names"] for f in link.facts if isinstance(f, Noted) and f.topic == "accepts"]
    assert told == [["lr"], ["lr", "units"]]


def test_a_training_that_can_change_nothing_says_so():
    def train(run):
        for _ in run.steps(2):
            run.report(loss=1.0)

    link = Script()
    execute(train, make(None, link))
    assert [f.text for f in link.facts if isinstance(f, Noted) and f.topic == "accepts"] == [
        "a training can change nothing while it runs"
    ]


def test_a_whole_number_that_is_scaled_stays_one_where_it_can():
    def train(run):
        run.accepts("units")
        for _ in run.steps(3):
            run.report(loss=1.0)

    for factor, units in ((2.0, 16), (0.3, 2.4)):
        link = Script({1: [order("scale", units=factor)]})
        run = make(None, link, units=8)
        execute(train, run)
        (answer,) = [f for f in link.facts if isinstance(f, Obeyed)]
        assert answer.values == {"units": units} and type(answer.values["units"]) is type(units)


def test_a_rollback_ends_the_attempt_and_is_left_to_the_next():
    link = Script({2: [order("rollback", step=1)]})
    ending = execute(training(), make(None, link))
    assert (ending.outcome, ending.value) == ("rewound", None) and link.obeyed() == []


def test_resume_undoes_a_pause_that_is_not_yet_obeyed(tmp_path):
    link = Script({2: [order("pause"), order("resume", 2)]})
    assert execute(training(), make(tmp_path, link)).outcome == "finished"


@pytest.mark.parametrize(("pause", "expected"), [(2, [0, None]), (5, [1])])
def test_restoring_again_in_a_later_fold_gives_nothing(tmp_path, pause, expected):
    seen = []

    def train(run):
        for fold in run.folds(2):
            state = run.restore()
            seen.append(state and state["fold"])
            for step in run.steps(3):
                run.report(loss=float(10 * fold + step))
                run.checkpoint({"fold": fold})

    link = Script({pause: [order("pause")]})
    assert execute(train, make(tmp_path, link)).outcome == "paused"
    seen.clear()
    ending = execute(train, make(tmp_path, Script(), going_on(tmp_path, link)))
    assert (ending.outcome, ending.value, seen) == ("finished", 6.0, expected)


def test_what_is_not_in_the_configuration_cannot_be_scaled():
    def train(run):
        run.accepts("lr", "momentum")
        for _ in run.steps(3):
            run.report(loss=1.0)

    link = Script({1: [order("scale", momentum=0.5)], 2: [order("set", 2, momentum=0.5)]})
    assert execute(train, make(None, link)).outcome == "finished"
    assert [fact.result for fact in link.obeyed()] == ["refused", "done"]


def test_a_value_in_force_that_nobody_reads_is_told():
    def train(run):
        for _ in run.steps(3):
            run.report(loss=run.config["lr"])

    link = Script()
    execute(train, make(None, link, live={"lr": 0.5}))
    (note,) = [fact for fact in link.facts if isinstance(fact, Noted) and fact.topic == "ignored"]
    assert "lr=0.5 is in force, but the training did not ask for it; read run.live('lr')" in note.text
    link = Script()
    execute(training(3), make(None, link, live={"lr": 0.5}))
    assert not [fact for fact in link.facts if isinstance(fact, Noted) and fact.topic == "ignored"]


def test_steps_inside_a_loop_do_not_go_backwards_either():
    def train(run):
        for step in run.steps(5):
            run.report(6 - step, loss=1.0)

    assert "report(4, …) after step 5: steps do not go backwards" in execute(train, make(None)).reason


@pytest.mark.parametrize(("name", "value"), [("quota", "10kB"), ("quota", -5), ("quota", 0), ("every", -1)])
def test_senseless_limits_of_checkpoints_are_named(name, value):
    with pytest.raises(StudyError, match=f"Checkpoints\\({name}={value!r}\\): a number of"):
        Checkpoints(**{name: value})


def test_a_scheduler_that_stops_what_is_not_finite_leaves_it_diverged():
    def train(run):
        for _ in run.steps(5):
            run.report(loss=float("nan"))

    ending = execute(train, make(None, Script({2: [order("stop", by="scheduler", why="rank 1 of 1")]})))
    assert (ending.outcome, ending.reason) == ("diverged", "loss became nan")
