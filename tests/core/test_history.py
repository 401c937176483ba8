import math

import pytest

from osetra.core.curves import Point
from osetra.core.facts import Claimed, Noted, Obeyed, Ordered
from osetra.core.history import History
from osetra.core.params import Float
from osetra.core.problem import Objective, Problem
from osetra.core.space import Space
from osetra.errors import StudyError
from osetra.testing.histories import WORKER, Log

LOSS = Objective(metric="loss")
PROBLEM = Problem(Space(x=Float(0, 1)), LOSS)


def _log(*values: float | None) -> Log:
    log = Log(PROBLEM)
    for i, value in enumerate(values):
        log.run({"x": i / 10}, value)
    return log


def test_an_empty_history_has_nothing() -> None:
    history = History()
    assert (history.next_trial, history.target, history.queued, history.best(LOSS)) == (1, 0, [], None)


def test_the_best_has_the_smallest_value_or_the_largest() -> None:
    history = _log(0.5, 0.2, 0.9).history
    smallest, largest = history.best(LOSS), history.best(Objective(metric="acc", direction="maximize"))
    assert smallest is not None and smallest.number == 2
    assert largest is not None and largest.number == 3


def test_values_that_are_not_finite_are_never_the_best() -> None:
    history = _log(math.nan, -math.inf, math.inf, None, 7.0).history
    assert [t.number for t in history.ranked(LOSS)] == [5]
    assert [t.number for t in history.finished] == [5]
    assert len(history.ended) == 5


def test_fresh_seeds_decide_over_first_values() -> None:
    log = _log(0.10, 0.11, 0.5)
    for number, value in [(1, 0.3), (1, 0.4), (2, 0.12), (2, 0.14)]:
        log.run({"x": (number - 1) / 10}, value, repeats=number)
    best = log.history.best(LOSS)
    assert best is not None
    assert best.number == 2
    assert [t.value for t in log.history.repeats(1)] == [0.3, 0.4]


def test_repeats_do_not_count_against_the_budget() -> None:
    log = _log(0.1, 0.2)
    log.run({"x": 0.0}, 0.3, repeats=1)
    assert len(log.history.searched) == 2
    assert log.history.next_trial == 4


def test_repeats_are_grouped_by_the_trial_they_repeat() -> None:
    log = _log(0.1, 0.2)
    for original, value in [(1, 0.3), (2, 0.4), (1, None), (1, 0.5)]:
        log.run({"x": 0.0}, value, repeats=original)
    found = {n: [t.value for t in again] for n, again in log.history.repeated.items()}
    assert found == {1: [0.3, 0.5], 2: [0.4]}


def test_queued_running_and_ended_are_told_apart() -> None:
    log = _log(0.1)
    log.start({"x": 0.5})
    log.queue({"x": 0.6})
    history = log.history
    assert [t.number for t in history.ended] == [1]
    assert [t.number for t in history.running] == [2]
    assert [t.number for t in history.queued] == [3]
    assert history.unfinished == {2, 3}


def test_the_target_is_the_largest_that_was_noted() -> None:
    log = Log(PROBLEM, target=30)
    log.write(Noted("target", "20", "", {"trials": 20}))
    assert log.history.target == 30


def test_notes_are_found_by_topic_in_order() -> None:
    log = Log(PROBLEM)
    log.write(Noted("zoom", "2", "a"), Noted("other", "1", "b"), Noted("zoom", "3", "c"))
    assert [note.text for note in log.history.noted("zoom")] == ["a", "c"]


def test_entries_that_are_known_are_skipped() -> None:
    log = _log(0.1, 0.2)
    history = log.history
    assert history.extend(log.entries) is history


def test_a_history_is_not_changed_by_its_extension() -> None:
    log = _log(0.1)
    before = log.history
    log.run({"x": 0.9}, 0.05)
    before.extend(log.entries)
    assert len(before.trials) == 1
    with pytest.raises(TypeError):
        before.trials[9] = before.trials[1]  # type: ignore[index]


def test_a_curve_is_that_of_the_latest_attempt() -> None:
    log = Log(PROBLEM)
    number = log.start({"x": 0.5})
    log.report(number, "loss", [3.0, 2.0])
    log.end(number, "interrupted")
    log.write(Claimed(number, 2, WORKER))
    log.points.append(Point(number, 2, 0, 1, "loss", 2.5))
    steps, values = log.history.curve(log.history.trials[number], "loss")
    assert (steps.tolist(), values.tolist()) == ([1], [2.5])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"metric": ""}, "metric='': the objective is the name of a metric, such as 'val_loss'"),
        (
            {"metric": "a", "direction": "max"},
            "direction='max': give one of minimize, maximize. Did you mean 'maximize'?",
        ),
        ({"metric": "a", "pick": "first"}, "pick='first': give one of best, last."),
    ],
)
def test_a_senseless_objective_is_refused(settings: dict[str, str], message: str) -> None:
    with pytest.raises(StudyError) as caught:
        Objective(**settings)  # type: ignore[arg-type]
    assert str(caught.value) == message


def test_any_finite_value_beats_none_and_nothing_else_does() -> None:
    assert LOSS.better(1.0, None)
    assert LOSS.better(1.0, 2.0)
    assert not LOSS.better(2.0, 2.0)
    assert not LOSS.better(math.nan, None)
    assert not LOSS.better(-math.inf, 1.0)


def test_trials_that_lost_seeds_rank_behind_sound_ones_and_those_that_lost_all_come_last() -> None:
    log = _log(0.1, 0.2, 0.3)
    for number, values in {1: [math.nan, math.nan], 2: [0.2, None]}.items():
        for value in values:
            log.run({"x": (number - 1) / 10}, value, repeats=number)
    best = log.history.best(LOSS)
    assert [t.number for t in log.history.ranked(LOSS)] == [3, 2, 1]
    assert best is not None
    assert best.number == 3
    assert {number: len(gone) for number, gone in log.history.lost.items()} == {1: 2, 2: 1}


def test_what_people_steered_comes_last_and_what_a_policy_steered_does_not() -> None:
    log = Log(PROBLEM)
    plain, hand, policy = (log.start() for _ in range(3))
    for trial, by in ((hand, "person"), (policy, "scheduler")):
        log.write(Ordered(trial, 1, "set", {}, "x", by), Obeyed(trial, 1, 1, 1))
    for trial, value in ((plain, 0.5), (hand, 0.1), (policy, 0.3)):
        log.end(trial, "finished", value)
    ranked = [trial.number for trial in log.history.ranked(log.problem.objective)]
    assert ranked == [policy, plain, hand]
    assert all(log.history.trials[trial].steered for trial in (hand, policy))
