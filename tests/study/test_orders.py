"""What may be ordered, and what is refused with the mend."""

import itertools

import pytest

import osetra as ose
from osetra.core.facts import Checkpointed, Claimed, Noted, Obeyed, Ordered, Seen, Source, ended
from osetra.core.lineage import pieces, values_at
from osetra.core.problem import Objective, Problem
from osetra.core.trial import advance
from osetra.errors import StudyError
from osetra.study.orders import branch, checked
from osetra.testing.histories import WORKER, Log
from osetra.training.run import control_of
from osetra.views.orders import OrderStatus, order_status
from osetra.views.series import report_interval

SPACE = ose.Space(
    lr=ose.Float(1e-4, 1, scale="log", default=0.01),
    units=ose.Int(8, 64, default=32),
    dropout=ose.Float(0, 0.5, default=0.1),
    optimizer=ose.Choice("sgd", "adam"),
    momentum=ose.Float(0.5, 0.99, when={"optimizer": "sgd"}),
    width=ose.Float(1, 2),
)


@pytest.fixture
def log():
    log = Log(Problem(SPACE, Objective(metric="val_loss")), task={"request": {}, "fingerprint": "built-in"})
    trial = log.start()
    log.report(trial, "val_loss", [0.9, 0.5, 0.7, 0.6])
    for step, value in ((2, 0.5), (4, 0.6)):
        log.write(Checkpointed(trial, 1, 0, step, f"c{step}", 1, "", value))
    return log


def refused(log, message, verb, number=1, **args):
    history = log.history
    with pytest.raises(StudyError) as error:
        if verb == "branch":
            branch(log.problem, history, number, args)
        else:
            checked(log.problem, history, number, verb, args)
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("message", "verb", "args"),
    [
        ("there are stop, pause, resume, set", "sett", {}),
        ("Did you mean 'set'?", "sett", {}),
        ("the study has no such trial; it has 1 … 1", "stop", {"number": 9}),
        ("give at least one value, such as set lr=0.001", "set", {}),
        ("has no hyperparameter 'Lr'; it has lr, units", "set", {"Lr": 1}),
        ("lr=-1: a number above 0 to 1000 is needed", "set", {"lr": -1}),
        ("lr=abc: a number above 0", "set", {"lr": "abc"}),
        ("dropout=1.5: a number from 0 to below 1 is needed", "set", {"dropout": 1.5}),
        ("width: 5 is", "set", {"width": 5}),
        ("units=0: a whole number from 1 to 16384 is needed", "set", {"units": 0}),
        ("optimizer: 'lion' is not one of sgd, adam", "set", {"optimizer": "lion"}),
        ("scale units=0.3: 9.6 is out of range, a whole number", "scale", {"units": 0.3}),
        (
            "units cannot be changed while this training runs (lr, dropout, momentum can)",
            "rollback",
            {"units": 16},
        ),
        ("try it as a branch: branch 1 units=16", "rollback", {"units": 16}),
        ("a factor above 0 is needed", "scale", {"lr": 0}),
        ("1e+06 is out of range", "scale", {"lr": 1e8}),
        ("cannot be multiplied", "scale", {"optimizer": 2}),
        ("not paused: there is nothing to resume", "resume", {}),
        ("stop takes no values, but lr=1 was given", "stop", {"lr": 1}),
        ("has no checkpoint at or before step 1; there are 2, 4", "rollback", {"step": 1}),
        ("until=4: a step beyond 4, where trial 1 is now", "extend", {"until": 4}),
        ("say until which step", "extend", {}),
        ("pause takes no until", "pause", {"until": 3}),
        ("nothing to note", "note", {"text": " "}),
        ("nothing changes; give a value", "branch", {}),
        ("nothing changes; give a value", "branch", {"lr": 0.01}),
        ("units: ", "branch", {"units": 1000}),
        ("lr=0: a number above 0", "branch", {"lr": 0}),
        ("no checkpoint at or before step 1", "branch", {"step": 1, "lr": 0.1}),
    ],
)
def test_what_makes_no_sense_is_refused_with_the_mend(log, message, verb, args):
    refused(log, message, verb, **args)


def test_an_ended_trial_takes_no_orders_but_branches_and_notes(log):
    log.end(1, "finished", 0.5)
    refused(log, "trial 1 has finished: set comes too late and is moot", "set", lr=0.1)
    refused(log, "comes too late", "stop")
    assert checked(log.problem, log.history, 1, "note", {"text": "odd"}) == ("note", {"text": "odd"})
    assert branch(log.problem, log.history, 1, {"lr": 0.1})[0].parent.step == 2


@pytest.mark.parametrize(
    ("verb", "args"),
    [
        ("set", {"units": 16}),
        ("set", {"optimizer": "adam"}),
        ("set", {"width": 1.5}),
        ("set", {"lr": 2, "units": 128}),
        ("scale", {"units": 0.5}),
    ],
)
def test_what_the_training_can_change_it_says_itself(log, verb, args):
    assert checked(log.problem, log.history, 1, verb, args) == (verb, args)


def test_the_study_s_own_range_counts_where_a_name_means_something_else():
    space = ose.Space(kernel=ose.Choice("rbf", "linear"), momentum=ose.Float(0, 5), units=ose.Float(0, 1))
    log = Log(Problem(space, Objective(metric="val_loss")))
    log.start({"kernel": "rbf", "momentum": 1.0, "units": 0.5})
    for args in ({"kernel": "linear"}, {"momentum": 3.0}, {"units": 0.25}):
        assert checked(log.problem, log.history, 1, "set", args)[1] == args
    assert checked(log.problem, log.history, 1, "scale", {"units": 0.5})[1] == {"units": 0.5}
    refused(log, "kernel: 3 is not one of rbf, linear", "set", kernel=3)


def accepts(log, *names):
    log.write(Noted("accepts", "-".join(names), "", {"names": list(names)}))


def test_what_trainings_said_they_can_change_decides_over_the_catalogue(log):
    accepts(log, "units", "width")
    assert log.history.accepts == {"units", "width"}
    assert branch(log.problem, log.history, 1, {"units": 16, "width": 1.2})[0].parent.step == 2
    cold, _ = branch(log.problem, log.history, 1, {"lr": 0.1})
    assert cold.parent is None and cold.why.endswith("from the beginning: lr cannot change while it trains")
    assert checked(log.problem, log.history, 1, "rollback", {"units": 16})[1] == {"step": 2, "units": 16}
    refused(log, "lr cannot be changed while this training runs (units, width can)", "rollback", lr=0.1)
    accepts(log, "lr")
    assert branch(log.problem, log.history, 1, {"lr": 0.1})[0].parent.step == 2


def test_a_training_that_can_change_nothing_is_branched_from_the_beginning(log):
    accepts(log)
    assert log.history.accepts == frozenset()
    assert branch(log.problem, log.history, 1, {"lr": 0.1})[0].parent is None
    refused(log, "lr cannot be changed while this training runs (nothing can)", "rollback", lr=0.1)


def steered(names, **values):
    """The first trial of a study whose training accepts some names, and is ordered to change values."""
    space = ose.Space(units=ose.Int(1, 64, default=8), kernel=ose.Choice("rbf", "linear"))
    study, seen = ose.Study(space=space, minimize="loss", scheduler="full"), []

    def train(run):
        run.accepts(*names)
        for step in run.steps(4):
            if step == 2:
                study.order(run.trial, "set", **values)
            seen.append(dict(control_of(run).in_force))
            run.report(loss=1.0 / step)

    study.enqueue()
    return study.run(train, trials=1), seen


def test_a_training_of_one_s_own_changes_units_and_kernel_when_it_accepts_them():
    study, seen = steered(["units", "kernel"], units=16, kernel="linear")
    (order,) = study.trials[0].orders
    assert (order.obeyed.result, order.text) == ("done", "units=16, kernel=linear after step 2")
    assert seen == [{"units": 8, "kernel": "rbf"}] * 2 + [{"units": 16, "kernel": "linear"}] * 2
    assert study.history.accepts == {"units", "kernel"}


def test_a_training_of_one_s_own_that_accepts_nothing_refuses():
    study, seen = steered([], units=16)
    (order,) = study.trials[0].orders
    assert order.obeyed.result == "refused"
    assert order.text == "units cannot be changed while this training runs (nothing can); try it as a branch"
    assert seen == [{"units": 8, "kernel": "rbf"}] * 4
    assert study.history.accepts == frozenset()


def test_what_it_accepts_stands_in_the_log_once_however_many_trainings_say_so():
    study, _ = steered(["units"], units=16)
    study.run(lambda run: (run.accepts("units"), run.report(loss=1.0))[0], trials=4)
    assert [note.data for note in study.history.noted("accepts")] == [{"names": ["units"]}]


def test_rollback_means_the_best_checkpoint_or_the_last_before_a_step(log):
    history = log.history
    assert checked(log.problem, history, 1, "rollback", {}) == ("rollback", {"step": 2})
    assert checked(log.problem, history, 1, "rollback", {"step": 99, "lr": 2.0})[1] == {"step": 4, "lr": 2.0}
    empty = Log(log.problem)
    empty.start()
    refused(empty, "has no checkpoint yet, so there is nothing to go back to", "rollback")


def test_a_branch_is_warm_when_only_live_values_change(log):
    warm, args = branch(log.problem, log.history, 1, {"lr": 0.1})
    assert warm.parent.step == args["step"] == 2 and warm.config["lr"] == 0.1
    cold, _ = branch(log.problem, log.history, 1, {"units": 16, "lr": 0.1})
    assert cold.parent is None and cold.config["units"] == 16 and "units cannot change" in cold.why
    other, _ = branch(log.problem, log.history, 1, {"optimizer": "adam"})
    assert "momentum" not in other.config and other.config["dropout"] == 0.1


def test_a_branch_takes_the_values_in_force_at_its_checkpoint(log):
    log.write(Ordered(1, 1, "set", {"dropout": 0.3}), Obeyed(1, 1, 1, 3, values={"dropout": 0.3}))
    assert branch(log.problem, log.history, 1, {"lr": 0.1, "step": 2})[0].config["dropout"] == 0.1
    assert branch(log.problem, log.history, 1, {"lr": 0.1, "step": 4})[0].config["dropout"] == 0.3
    assert values_at(
        log.history.trials, branch(log.problem, log.history, 1, {"lr": 0.1, "step": 4})[0].parent
    )


def test_the_status_follows_an_order_from_request_to_the_end(log):
    log.write(Ordered(1, 1, "set", {"lr": 0.1}, "Ada"))
    order = log.history.trials[1].orders[0]
    assert order_status(log.history.trials[1], order).status == "requested"
    log.write(Seen(1, 1))
    trial = log.history.trials[1]
    assert order_status(trial, trial.orders[0]).status == "seen"
    over = advance(trial, ended(1, 1, "finished", 0.5), 9.0)
    assert order_status(over, over.orders[0]).status == "moot"
    log.write(Obeyed(1, 1, 1, 4, "refused", "cannot"))
    trial = log.history.trials[1]
    assert order_status(trial, trial.orders[0]) == OrderStatus("refused", "cannot")
    assert not trial.steered


def test_the_interval_is_measured(log):
    trial = log.history.trials[1]
    assert report_interval(log.history, trial, "val_loss", trial.attempts[0].started + 8.0) == 2.0
    assert report_interval(log.history, trial, "other", 100.0) is None


def test_orders_for_waiting_trials_need_nobody_to_obey():
    log = Log(Problem(SPACE, Objective(metric="val_loss")))
    first, second, third = log.queue(), log.queue(), log.queue()
    log.write(Ordered(first, 1, "stop"), Ordered(second, 1, "pause"))
    trials = log.history.trials
    assert trials[first].state == "stopped" and not trials[first].orders[0].pending
    assert trials[second].state == "paused" and trials[second].held
    log.write(Claimed(first, 1, WORKER), Ordered(second, 2, "resume"), Ordered(third, 1, "set", {"lr": 0.1}))
    trials = log.history.trials
    assert trials[first].state == "stopped"
    assert trials[second].state == "queued" and trials[third].orders[0].pending


def test_a_person_keeps_what_a_scheduler_would_resume():
    log = Log(Problem(SPACE, Objective(metric="val_loss")))
    trial = log.start()
    log.write(ended(trial, 1, "paused", 0.4))
    assert not log.history.trials[trial].held
    log.write(Ordered(trial, 1, "pause", by="person"))
    assert log.history.trials[trial].held


def test_two_people_at_once_the_second_sees_the_first(tmp_path, monkeypatch):
    study = ose.Study(tmp_path / "s.db", SPACE, minimize="val_loss")
    study.enqueue(lr=0.1)
    other = ose.Study(tmp_path / "s.db")
    write, first = study._store.append, itertools.count()

    def late(facts, points=()):
        if next(first) == 0:
            other.order(1, "set", lr=0.2, actor="Grace")
        return write(facts, points)

    monkeypatch.setattr(study._store, "append", late)
    with pytest.raises(StudyError, match="Grace was faster and ordered set; look, and repeat the order"):
        study.order(1, "set", lr=0.3, actor="Ada")
    assert [order.actor for order in study.trials[0].orders] == ["Grace"]
    assert study.order(1, "set", lr=0.3, actor="Ada").number == 2


def test_the_lineage_of_pauses_rollbacks_and_losses():
    """Steps 1-6 at 0.01, set 0.02 after 3, back to 4, on at 0.05, lost at 8, on from 6."""
    log = Log(Problem(SPACE, Objective(metric="val_loss")))
    trial = log.start()
    for step in (2, 4, 6):
        log.write(Checkpointed(trial, 1, 0, step, f"a{step}", 1, "", 1 / step))
    log.write(Ordered(trial, 1, "set", {"lr": 0.02}), Obeyed(trial, 1, 1, 3, values={"lr": 0.02}))
    log.write(Ordered(trial, 2, "rollback", {"step": 4, "lr": 0.05}), ended(trial, 1, "rewound"))
    log.write(
        Claimed(trial, 2, WORKER, Source(trial, 1, 0, 4), {"lr": 0.05}),
        Obeyed(trial, 2, 2, 4, values={"lr": 0.05}),
        Checkpointed(trial, 2, 0, 6, "b6", 1, "", 0.1),
        ended(trial, 2, "lost"),
        Claimed(trial, 3, WORKER, Source(trial, 2, 0, 6), {"lr": 0.05}),
    )
    found = pieces(log.history.trials, log.history.trials[trial])
    assert [(piece.after, piece.values["lr"]) for piece in found] == [(0, 0.01), (3, 0.02), (4, 0.05)]


def test_a_trial_that_makes_progress_may_lose_any_number_of_workers():
    log = Log(Problem(SPACE, Objective(metric="val_loss")))
    trial = log.queue()
    for attempt in range(1, 8):
        log.write(
            Claimed(trial, attempt, WORKER),
            Checkpointed(trial, attempt, 0, attempt, f"c{attempt}", 1, "", 0.5),
            ended(trial, attempt, "lost"),
        )
    assert log.history.trials[trial].state == "queued"
    for attempt in range(8, 11):
        assert log.history.trials[trial].state == "queued"
        log.write(Claimed(trial, attempt, WORKER), ended(trial, attempt, "lost"))
    assert log.history.trials[trial].state == "failed"


def test_who_stops_a_waiting_trial_is_told():
    log = Log(Problem(SPACE, Objective(metric="val_loss")))
    trial = log.start()
    log.write(
        Ordered(trial, 1, "pause", {}, "Ada"), ended(trial, 1, "paused", 0.4, "paused by Ada at step 3")
    )
    log.write(Obeyed(trial, 1, 1, 3, "done", "paused at step 3"), Ordered(trial, 2, "stop", {}, "Grace"))
    found = log.history.trials[trial]
    assert (found.state, found.reason) == ("finished", "stopped by Grace while it waited")


def test_nobody_extends_beyond_a_full_training(log):
    log.write(Noted("steps", "20", "", {"steps": 20}))
    refused(log, "extend until=50: a full training has 20 steps", "extend", until=50)


def test_a_branch_from_step_zero_begins_anew_with_the_first_configuration(log):
    log.write(Ordered(1, 1, "set", {"dropout": 0.3}), Obeyed(1, 1, 1, 3, values={"dropout": 0.3}))
    fresh, args = branch(log.problem, log.history, 1, {"lr": 0.1, "step": 0})
    assert fresh.parent is None and args["step"] == 0
    assert (fresh.config["lr"], fresh.config["dropout"]) == (0.1, 0.1)
