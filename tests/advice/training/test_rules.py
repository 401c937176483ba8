"""Advice on one training while it runs."""

from __future__ import annotations

import math

import pytest

from advice.training.logs import FLAT, OVER, PROBLEM, SPACE, STEPS, Log, falling
from osetra.advice.training import rate_name, training_advice
from osetra.core.curves import Point
from osetra.core.facts import Checkpointed, Noted, Obeyed, Ordered
from osetra.core.problem import Objective, Problem
from osetra.testing.histories import Log as Written


def test_a_healthy_training_gets_no_advice() -> None:
    for n in range(1, 30):
        assert Log(falling(n), falling(n), keep=range(1, n)).advice is None


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_loss_that_is_no_number_goes_back_to_the_best_checkpoint(bad: float) -> None:
    found = Log([*falling(9), bad], keep=[4, 8, 9]).advice
    assert found is not None
    assert (found.rule, found.verb, dict(found.args)) == ("diverged", "rollback", {"step": 9, "lr": 0.03})


def test_a_training_loss_that_is_no_number_counts_too() -> None:
    found = Log(falling(10), [*falling(9), math.nan], keep=[4]).advice
    assert found is not None
    assert found.rule == "diverged"


def test_a_loss_that_blows_up_goes_back_before_the_training_gives_up() -> None:
    found = Log([*falling(12), 1.3, 1.6], [*falling(12), 1.3, 1.6], keep=[12]).advice
    assert found is not None
    assert "blew up to 1.6" in found.text
    assert found.args["step"] == 12


def test_one_spike_is_no_explosion() -> None:
    assert Log([*falling(12), 1.3], [*falling(12), 1.3], keep=[12]).advice is None


def test_the_learning_rate_in_force_is_lowered_not_the_first_one() -> None:
    found = Log([*falling(9), math.nan], keep=[8]).ordered("set", 5, lr=0.01).advice
    assert found is not None
    assert found.args["lr"] == pytest.approx(0.003)


def test_without_a_checkpoint_there_is_nothing_to_go_back_to() -> None:
    found = Log([*falling(9), math.nan]).advice
    assert found is not None
    assert (found.verb, dict(found.args)) == ("stop", {})


def test_a_loss_that_never_comes_below_its_start_has_not_begun_to_train() -> None:
    found = Log([2.3, 2.31, 2.35, 2.32, 2.3, 2.31], keep=[1]).advice
    assert found is not None
    assert found.text.startswith("the loss never came below where it began")


def test_overfitting_stops_at_the_best_or_branches_with_more_dropout() -> None:
    found = Log(*OVER, keep=[12]).advice
    assert found is not None
    assert (found.rule, found.verb) == ("overfitting", "stop")
    assert "dropout" in found.other


def test_a_plateau_lowers_the_learning_rate() -> None:
    found = Log(FLAT, FLAT).advice
    assert found is not None
    assert (found.rule, found.verb, dict(found.args)) == ("plateau", "scale", {"lr": 0.3})


def test_a_plateau_while_the_training_loss_still_falls_is_none() -> None:
    assert Log(FLAT, falling(32, floor=0.0)).advice is None


def test_a_training_that_still_improves_at_its_end_is_too_short() -> None:
    curve = [3.0 - 0.07 * i for i in range(STEPS)]
    found = Log(curve, curve).ends("finished", curve[-1]).advice
    assert found is not None
    assert (found.rule, found.verb) == ("short", None)


def test_what_diverged_in_the_end_is_branched_from_its_best_checkpoint() -> None:
    found = Log([*falling(9), math.nan], keep=[8]).ends("diverged").advice
    assert found is not None
    assert (found.verb, dict(found.args)) == ("branch", {"step": 8, "lr": 0.03})


def accepting(log: Log, *names: str) -> Log:
    log.facts.append(Noted("accepts", "x", "", {"names": list(names)}))
    return log


def test_a_rate_that_the_training_cannot_change_is_not_ordered() -> None:
    diverging = [*falling(9), math.nan]
    found = accepting(Log(diverging, keep=[8]), "dropout").advice
    assert found is not None
    assert (found.verb, dict(found.args)) == ("stop", {})
    assert found.action == "stop; lr cannot change while this training runs"
    assert accepting(Log(FLAT, FLAT), "dropout").advice is None
    able = accepting(Log(diverging, keep=[8]), "lr").advice
    assert able is not None and able.verb == "rollback"


def test_what_diverged_with_a_rate_that_cannot_change_begins_anew() -> None:
    found = accepting(Log([*falling(9), math.nan], keep=[8]), "dropout").ends("diverged").advice
    assert found is not None
    assert (found.verb, dict(found.args)) == ("branch", {"step": 0, "lr": 0.03})
    assert found.action == "a branch from the beginning and lr=0.03"


def test_there_is_no_advice_while_an_order_waits_and_shortly_after_one() -> None:
    assert Log([*falling(9), math.nan], keep=[8]).ordered("pause", None).advice is None
    assert Log(FLAT, FLAT).ordered("scale", 31, lr=0.3).advice is None


def test_accuracy_is_judged_by_its_own_direction() -> None:
    problem = Problem(SPACE, Objective(metric="val_accuracy", direction="maximize"))
    log = Log([])
    log.points = [Point(1, 1, 0, s, "val_accuracy", 1 - v / 3) for s, v in enumerate(FLAT, 1)]
    found = training_advice(problem, log.history, log.history.trials[1])
    assert found is not None
    assert found.rule == "plateau"
    rising = Log([])
    rising.points = [Point(1, 1, 0, s, "val_accuracy", 1 - v / 3) for s, v in enumerate(falling(20), 1)]
    assert training_advice(problem, rising.history, rising.history.trials[1]) is None


def test_the_learning_rate_is_known_by_several_names() -> None:
    assert rate_name({"units": 3, "alpha": 0.1}) == "alpha"
    assert rate_name({"lr": 0.1, "alpha": 0.1}) == "lr"
    assert rate_name({"units": 3}) is None


def test_a_lucky_epoch_is_no_overfitting() -> None:
    val = [*falling(8, floor=0.9), 0.5, *[1.2 - 0.02 * i for i in range(10)]]
    found = Log(val, [1.5 - 0.03 * i for i in range(19)], keep=[9]).advice
    assert found is None or found.rule != "overfitting"


def test_what_diverged_again_after_going_back_begins_anew() -> None:
    log = Written(PROBLEM)
    trial = log.start({"lr": 0.1})
    log.report(trial, "val_loss", [2.0, 1.0, 1.5])
    log.write(Checkpointed(trial, 1, 0, 2, "c", 1, "", 1.0))
    log.end(trial, "diverged", float("nan"), "blew up")
    first = training_advice(PROBLEM, log.history, log.history.trials[trial])
    assert first is not None and (first.verb, dict(first.args)) == ("branch", {"step": 2, "lr": 0.03})
    log.write(Ordered(trial, 1, "rollback", {"step": 2}), Obeyed(trial, 1, 1, 2))
    again = training_advice(PROBLEM, log.history, log.history.trials[trial])
    assert again is not None and (again.verb, dict(again.args)) == ("branch", {"step": 0, "lr": 0.01})
