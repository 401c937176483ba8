"""ASHA and Hyperband: who passes a rung, told by hand."""

import math

import pytest

from osetra.numerics import halving
from osetra.schedulers.asha import ASHA
from osetra.schedulers.hyperband import Hyperband
from osetra.testing.histories import Log

from .histories import budget, ended, goes_on, judged, log, order, revived, running, waiting, waits

VALUES = [0.5, 0.9, 0.1, 0.8, 0.3, 0.7, 0.2]


def test_one_of_three_is_promoted_the_best_first():
    written = log()
    for value in VALUES:
        waiting(written, [value])
    found = revived(ASHA(), written)
    assert [(v.trial, v.verb, v.until) for v in found] == [(3, "resume", 3), (7, "resume", 3)]
    assert found[1].why == "goes on to step 3 from step 1: val_loss 0.2, cut 0.2, rank 2 of 7"


def test_higher_rungs_come_first_and_the_last_one_runs_to_its_end():
    written = log()
    for value in VALUES:
        waiting(written, [value])
    for value in (0.01, 0.02, 0.03):
        waiting(written, [value] * 9)
    found = revived(ASHA(), written)
    assert [(v.trial, v.until) for v in found] == [(8, None)], "8 to 10 are the best 3 of 10 at step 1"
    assert "goes on to its end from step 9" in found[0].why


def test_with_fewer_than_three_nobody_is_promoted_until_the_search_closes():
    written = log()
    waiting(written, [0.5])
    waiting(written, [0.4])
    assert not revived(ASHA(), written)
    assert [v.trial for v in revived(ASHA(), written, budget(1.0, closed=True))] == [2]


def test_nothing_is_given_up_while_somebody_may_still_reach_a_rung():
    written = log()
    for value in VALUES:
        waiting(written, [value])
    ended(written, [0.05] * 27)
    for number in (3, 7):
        order(written, number, "resume", until=3)
        goes_on(written, number, [0.1])
    assert not revived(ASHA(), written, budget(1.0, closed=True)), "two are still on their way"


def test_given_up_trials_say_why():
    written = log()
    for value in VALUES:
        waiting(written, [value])
    for value in (0.05, 0.04, 0.03):
        ended(written, [value] * 27)
    found = revived(ASHA(), written, budget(1.0, closed=True))
    assert {v.verb for v in found} == {"stop"}
    assert len(found) == 7
    whys = {v.trial: v.why for v in found}
    assert whys[2] == "stopped at step 1: val_loss 0.9, cut 0.05, rank 10 of 10"


def test_those_that_a_person_holds_or_asked_for_are_let_be():
    written = log()
    waiting(written, [0.01], by="person")
    for value in VALUES:
        waiting(written, [value])
    found = revived(ASHA(), written) + revived(ASHA(), written, budget(1.0, closed=True))
    assert 1 not in {v.trial for v in found}


def test_a_person_s_promotion_passes_the_next_cut_only():
    written = log()
    for value in VALUES:
        waiting(written, [value] * 3)
    bad = waiting(written, [2.0])
    order(written, bad, "promote", by="person", until=3)
    goes_on(written, bad, [2.0, 2.0])
    waits(written, bad)
    going = {v.trial: v for v in revived(ASHA(), written)}
    assert going[bad].until == 9
    assert going[bad].why.endswith("rank 8 of 8; a person promoted it")
    order(written, bad, "resume", until=9)
    goes_on(written, bad, [2.0] * 6)
    waits(written, bad)
    for value in VALUES:
        ended(written, [value / 100] * 27)
    assert bad not in {v.trial for v in revived(ASHA(), written)}
    assert bad in {v.trial for v in revived(ASHA(), written, budget(1.0, closed=True)) if v.verb == "stop"}


def test_the_stopping_form_lets_the_best_third_run_on():
    written = log()
    for value in VALUES:
        running(written, [value, value])
    verdicts = {n: judged(ASHA(form="stop"), written, n) for n in range(1, 8)}
    assert {n for n, v in verdicts.items() if v is None} == {3, 7}
    assert verdicts[2].why == "stopped at step 1: val_loss 0.9, cut 0.2, rank 7 of 7"


def test_the_stopping_form_spares_who_has_become_the_best():
    written = log()
    for value in VALUES:
        running(written, [value])
    late = running(written, [0.95, 0.01])
    assert judged(ASHA(form="stop"), written, late) is None


def test_a_training_without_checkpoints_is_judged_beyond_its_rung():
    written = log()
    for value in VALUES:
        number = running(written, [value, value])
        order(written, number, "extend", until=1)
    assert judged(ASHA(), written, 2).verb == "stop"
    passed = judged(ASHA(), written, 3)
    assert (passed.verb, passed.until) == ("extend", 3)


def test_a_training_that_began_before_its_length_was_known_gets_its_rung():
    written = log()
    number = running(written, [0.5])
    verdict = judged(ASHA(), written, number)
    assert (verdict.verb, verdict.until) == ("extend", 3)


@pytest.mark.parametrize("scheduler", [ASHA(), ASHA(form="stop"), Hyperband()])
def test_a_training_that_reports_nan_is_stopped(scheduler):
    written = log()
    for value in VALUES:
        waiting(written, [value])
    broken = running(written, [0.5, math.nan, math.nan])
    order(written, broken, "extend", until=9)
    verdict = judged(scheduler, written, broken)
    assert verdict.verb == "stop"
    assert "val_loss nan" in verdict.why


def test_repeats_and_steered_trials_are_neither_judged_nor_compared():
    written = log()
    for value in VALUES:
        waiting(written, [value])
    repeat = written.start({"x": 0.5}, repeats=1)
    written.report(repeat, "val_loss", [9.0, 9.0, 9.0, 9.0])
    assert judged(ASHA(form="stop"), written, repeat) is None
    assert "of 7" in revived(ASHA(), written)[0].why


def test_every_bracket_of_hyperband_has_its_own_rungs_and_ranks():
    turns = halving.brackets(1, 3, 27)
    written: Log = log()
    for number in range(1, 40):
        until = Hyperband().first(written.problem, written.history, budget())
        bracket = turns[(number - 1) % len(turns)]
        assert until == {0: 1, 1: 3, 2: 9, 3: None}[bracket]
        waiting(written, [number / 40] * (until or 5))
    for verdict in revived(Hyperband(), written):
        assert turns[verdict.trial - 1] < 3
        mates = [n for n in range(1, 40) if turns[n - 1] == turns[verdict.trial - 1]]
        assert mates.index(verdict.trial) < len(mates) / 3
        assert f"of {len(mates)}" in verdict.why
