"""Trials in blocks: longer mappings share what did not change, and answers are those of a plain dict."""

from collections.abc import Sequence

import pytest

from osetra.core.params import Float
from osetra.core.problem import Objective, Problem
from osetra.core.results import results
from osetra.core.space import Space
from osetra.core.trial import Trial
from osetra.core.trials import BLOCK, Trials
from osetra.testing.histories import Log

PROBLEM = Problem(Space(x=Float(0, 1)), Objective(metric="loss"))
MANY = 3 * BLOCK + 7


def _trials(*numbers: int) -> dict[int, Trial]:
    return {n: Trial(n, {"x": 0.5}, n) for n in numbers}


def _seeds(trials: Sequence[Trial]) -> list[int]:
    return [trial.seed for trial in trials]


def test_it_is_a_mapping_like_the_one_it_was_made_from() -> None:
    plain = _trials(*range(1, MANY))
    trials = Trials(plain)
    assert trials == plain
    assert list(trials) == list(plain)
    assert list(trials.values()) == list(plain.values())
    assert list(trials.items()) == list(plain.items())
    assert len(trials) == len(trials.values()) == len(plain)
    assert BLOCK in trials
    assert MANY not in trials
    with pytest.raises(KeyError, match=str(MANY)):
        trials[MANY]


def test_an_update_replaces_one_block_and_shares_the_others() -> None:
    before = Trials(_trials(*range(1, MANY)))
    changed = Trial(BLOCK + 1, {"x": 0.1}, 0)
    after = before.updated({BLOCK + 1: changed, MANY: Trial(MANY, {}, MANY)})
    assert after[BLOCK + 1] is changed
    assert before[BLOCK + 1].seed == BLOCK + 1
    assert (len(before), len(after)) == (MANY - 1, MANY)
    shared = [place for place in before._blocks if after._blocks[place] is before._blocks[place]]
    assert shared == [0, 2]


def test_what_is_derived_of_a_block_is_derived_once_and_anew_when_the_block_changes() -> None:
    asked: list[int] = []

    def seeds(trials: Sequence[Trial], more: int) -> int:
        asked.append(trials[0].number)
        return sum(_seeds(trials)) + more

    before = Trials(_trials(*range(1, MANY)))
    assert sum(before.derived(seeds, 0)) == sum(before.derived(seeds, 0)) == sum(range(1, MANY))
    assert asked == [1, BLOCK, 2 * BLOCK, 3 * BLOCK]
    after = before.updated({BLOCK: Trial(BLOCK, {}, 0)})
    assert sum(after.derived(seeds, 0)) == sum(range(1, MANY)) - BLOCK
    assert asked[4:] == [BLOCK]
    assert list(before.derived(seeds, 1)) == [sum(range(1, BLOCK)) + 1, *list(before.derived(seeds, 1))[1:]]
    assert len(asked) == 9


def test_questions_about_many_blocks_have_the_answers_of_a_plain_loop() -> None:
    log = Log(PROBLEM)
    for n in range(1, MANY):
        log.run({"x": n / MANY}, None if n % 7 == 0 else abs(n - 400.25))
    log.run({"x": 0.5}, None, repeats=400)
    log.run({"x": 0.5}, 3.0, repeats=401)
    waiting, running = log.queue({"x": 0.9}), log.start({"x": 0.8})
    history = log.history
    assert [t.number for t in history.queued] == [waiting]
    assert [t.number for t in history.running] == [running]
    assert history.unfinished == {waiting, running}
    assert history.begun == len(history.searched) == MANY + 1
    assert len(history.ended) == MANY + 1
    best = history.best(PROBLEM.objective)
    assert best is not None
    assert best.number == 401
    learnt = results(PROBLEM, history)
    assert [t.number for t in learnt.trials] == list(range(1, MANY))
    assert learnt.y[400] == pytest.approx((0.75 + 3.0) / 2)
    assert learnt.y[397] == pytest.approx(2.25)
    assert learnt.x[:, 0].tolist() == pytest.approx([n / MANY for n in range(1, MANY)])
    assert learnt.pending[:, 0].tolist() == pytest.approx([0.9, 0.8])


def test_a_lost_repeat_dethrones_the_best_of_its_block() -> None:
    log = Log(PROBLEM)
    for value in (0.1, 0.2, 0.3):
        log.run({"x": value}, value)
    assert [t.number for t in [log.history.best(PROBLEM.objective)] if t] == [1]
    log.run({"x": 0.1}, None, repeats=1)
    assert [t.number for t in [log.history.best(PROBLEM.objective)] if t] == [2]


def test_two_continuations_of_a_history_do_not_disturb_each_other() -> None:
    log = Log(PROBLEM)
    number = log.start({"x": 0.5})
    start = log.history
    log.end(number, "finished", 1.0)
    one = start.extend(log.entries)
    log.entries.pop()
    log.end(number, "failed")
    two = start.extend(log.entries)
    states = [history.trials[number].state for history in (start, one, two)]
    assert states == ["running", "finished", "failed"]
