"""Advice on one training while it runs, and what the autopilot makes of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import osetra as ose
from osetra.advice.autopilot import MOST_BACK, press
from osetra.advice.training import Counsel, counsel, rate_name
from osetra.core.curves import Point
from osetra.core.facts import (
    Checkpointed,
    Claimed,
    Entry,
    Fact,
    Noted,
    Obeyed,
    Ordered,
    Suggested,
    Verb,
    Worker,
    ended,
)
from osetra.core.history import History
from osetra.core.problem import Objective, Problem
from osetra.testing.histories import Log as Written

SPACE = ose.Space(lr=ose.Float(1e-4, 1, scale="log", default=0.1), dropout=ose.Float(0, 0.9, default=0.1))
PROBLEM = Problem(SPACE, Objective(metric="val_loss"))
WORKER = Worker(host="here", boot="b", pid=1, started=0.0)
STEPS = 40


class Log:
    """The log of one running training."""

    def __init__(
        self, val: Sequence[float], train: Sequence[float] = (), *, keep: Sequence[int] = ()
    ) -> None:
        self.facts: list[Fact] = [
            Noted("steps", str(STEPS), "", {"steps": STEPS}),
            Suggested(1, {"lr": 0.1, "dropout": 0.1}, 7),
            Claimed(1, 1, WORKER),
        ]
        self.facts += [Checkpointed(1, 1, 0, s, f"{s}.npz", 1, "x", val[s - 1]) for s in keep]
        self.points = [Point(1, 1, 0, s, "val_loss", v) for s, v in enumerate(val, 1)]
        self.points += [Point(1, 1, 0, s, "train_loss", v) for s, v in enumerate(train, 1)]
        self.orders = 0

    def ordered(self, verb: Verb, step: int | None, by: str = "person", /, **args: Any) -> Log:
        self.orders += 1
        self.facts.append(Ordered(1, self.orders, verb, args, "x", by))  # type: ignore[arg-type]
        if step is not None:
            self.facts.append(Obeyed(1, self.orders, 1, step, "done", "", args))
        return self

    def ends(self, outcome: str, value: float = math.nan) -> Log:
        self.facts.append(ended(1, 1, outcome, value))  # type: ignore[arg-type]
        return self

    @property
    def history(self) -> History:
        entries = [Entry(i, float(i), fact) for i, fact in enumerate(self.facts, 1)]
        return History().extend(entries, self.points, len(self.points))

    @property
    def told(self) -> Counsel | None:
        return counsel(PROBLEM, self.history, self.history.trials[1])

    @property
    def pressed(self) -> Counsel | None:
        return press(PROBLEM, self.history, self.history.trials[1])


def falling(n: int, floor: float = 0.1, rate: float = 0.15) -> list[float]:
    return [floor + 2.0 * math.exp(-rate * i) for i in range(n)]


FLAT = [*falling(20, rate=0.5), *[0.1] * 12]
OVER = ([*falling(12), *[0.4 + 0.05 * i for i in range(10)]], falling(22, floor=0.0))


def test_a_healthy_training_gets_no_advice() -> None:
    for n in range(1, 30):
        assert Log(falling(n), falling(n), keep=range(1, n)).told is None


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_loss_that_is_no_number_goes_back_to_the_best_checkpoint(bad: float) -> None:
    told = Log([*falling(9), bad], keep=[4, 8, 9]).told
    assert told is not None
    assert (told.rule, told.verb, dict(told.args)) == ("diverged", "rollback", {"step": 9, "lr": 0.03})


def test_a_training_loss_that_is_no_number_counts_too() -> None:
    told = Log(falling(10), [*falling(9), math.nan], keep=[4]).told
    assert told is not None
    assert told.rule == "diverged"


def test_a_loss_that_blows_up_goes_back_before_the_training_gives_up() -> None:
    told = Log([*falling(12), 1.3, 1.6], [*falling(12), 1.3, 1.6], keep=[12]).told
    assert told is not None
    assert "blew up to 1.6" in told.text
    assert told.args["step"] == 12


def test_one_spike_is_no_explosion() -> None:
    assert Log([*falling(12), 1.3], [*falling(12), 1.3], keep=[12]).told is None


def test_the_learning_rate_in_force_is_lowered_not_the_first_one() -> None:
    told = Log([*falling(9), math.nan], keep=[8]).ordered("set", 5, lr=0.01).told
    assert told is not None
    assert told.args["lr"] == pytest.approx(0.003)


def test_without_a_checkpoint_there_is_nothing_to_go_back_to() -> None:
    told = Log([*falling(9), math.nan]).told
    assert told is not None
    assert (told.verb, dict(told.args)) == ("stop", {})


def test_a_loss_that_never_comes_below_its_start_has_not_begun_to_train() -> None:
    told = Log([2.3, 2.31, 2.35, 2.32, 2.3, 2.31], keep=[1]).told
    assert told is not None
    assert told.text.startswith("the loss never came below where it began")


def test_overfitting_stops_at_the_best_or_branches_with_more_dropout() -> None:
    told = Log(*OVER, keep=[12]).told
    assert told is not None
    assert (told.rule, told.verb) == ("overfitting", "stop")
    assert "dropout" in told.other


def test_a_plateau_lowers_the_learning_rate() -> None:
    told = Log(FLAT, FLAT).told
    assert told is not None
    assert (told.rule, told.verb, dict(told.args)) == ("plateau", "scale", {"lr": 0.3})


def test_a_plateau_while_the_training_loss_still_falls_is_none() -> None:
    assert Log(FLAT, falling(32, floor=0.0)).told is None


def test_a_training_that_still_improves_at_its_end_is_too_short() -> None:
    curve = [3.0 - 0.07 * i for i in range(STEPS)]
    told = Log(curve, curve).ends("finished", curve[-1]).told
    assert told is not None
    assert (told.rule, told.verb) == ("short", None)


def test_what_diverged_in_the_end_is_branched_from_its_best_checkpoint() -> None:
    told = Log([*falling(9), math.nan], keep=[8]).ends("diverged").told
    assert told is not None
    assert (told.verb, dict(told.args)) == ("branch", {"step": 8, "lr": 0.03})


def test_there_is_no_advice_while_an_order_waits_and_shortly_after_one() -> None:
    assert Log([*falling(9), math.nan], keep=[8]).ordered("pause", None).told is None
    assert Log(FLAT, FLAT).ordered("scale", 31, lr=0.3).told is None


def test_accuracy_is_judged_by_its_own_direction() -> None:
    problem = Problem(SPACE, Objective(metric="val_accuracy", direction="maximize"))
    log = Log([])
    log.points = [Point(1, 1, 0, s, "val_accuracy", 1 - v / 3) for s, v in enumerate(FLAT, 1)]
    told = counsel(problem, log.history, log.history.trials[1])
    assert told is not None
    assert told.rule == "plateau"
    rising = Log([])
    rising.points = [Point(1, 1, 0, s, "val_accuracy", 1 - v / 3) for s, v in enumerate(falling(20), 1)]
    assert counsel(problem, rising.history, rising.history.trials[1]) is None


def test_the_learning_rate_is_known_by_several_names() -> None:
    assert rate_name({"units": 3, "alpha": 0.1}) == "alpha"
    assert rate_name({"lr": 0.1, "alpha": 0.1}) == "lr"
    assert rate_name({"units": 3}) is None


def test_the_autopilot_rests_between_two_orders() -> None:
    log = Log([*FLAT, *[0.1] * 2], [*FLAT, *[0.1] * 2])
    assert log.pressed is not None
    assert log.ordered("scale", 33, "autopilot", lr=0.3).pressed is None


def test_the_autopilot_goes_back_a_few_times_and_then_stops() -> None:
    log = Log([*falling(9), math.nan], keep=[8])
    for _ in range(MOST_BACK):
        assert log.pressed is not None
        assert log.pressed.verb == "rollback"
        log.ordered("rollback", 8, "autopilot", step=8, lr=0.03)
    assert log.pressed is not None
    assert log.pressed.verb == "stop"


def test_the_autopilot_branches_once_off_what_diverged() -> None:
    log = Log([*falling(9), math.nan], keep=[8]).ends("diverged")
    assert log.pressed is not None
    assert log.ordered("branch", 8, "autopilot", step=8, lr=0.03).pressed is None


values = st.floats(allow_nan=True, allow_infinity=True, width=32)


@given(st.lists(values, max_size=45), st.lists(values, max_size=45), st.booleans())
def test_no_curve_however_mad_breaks_the_rules(val: list[float], train: list[float], kept: bool) -> None:
    log = Log(val, train, keep=range(1, len(val) + 1) if kept else ())
    for history in (log.history, log.ends("diverged").history):
        told = press(PROBLEM, history, history.trials[1])
        assert told is None or told.text


def test_a_lucky_epoch_is_no_overfitting() -> None:
    val = [*falling(8, floor=0.9), 0.5, *[1.2 - 0.02 * i for i in range(10)]]
    told = Log(val, [1.5 - 0.03 * i for i in range(19)], keep=[9]).told
    assert told is None or told.rule != "overfitting"


def test_what_diverged_again_after_going_back_begins_anew() -> None:
    log = Written(PROBLEM)
    trial = log.start({"lr": 0.1})
    log.report(trial, "val_loss", [2.0, 1.0, 1.5])
    log.write(Checkpointed(trial, 1, 0, 2, "c", 1, "", 1.0))
    log.end(trial, "diverged", float("nan"), "blew up")
    first = counsel(PROBLEM, log.history, log.history.trials[trial])
    assert first is not None and (first.verb, dict(first.args)) == ("branch", {"step": 2, "lr": 0.03})
    log.write(Ordered(trial, 1, "rollback", {"step": 2}), Obeyed(trial, 1, 1, 2))
    again = counsel(PROBLEM, log.history, log.history.trials[trial])
    assert again is not None and (again.verb, dict(again.args)) == ("branch", {"step": 0, "lr": 0.01})
