"""Median, patience and folds against rules told by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from osetra.schedulers.asha import ASHA
from osetra.schedulers.full import Full
from osetra.schedulers.median import Median
from osetra.schedulers.patience import Patience

from .histories import budget, ended, judged, log, order, problem, revived, running, waiting

curves = st.lists(st.lists(st.floats(-10, 10), min_size=1, max_size=8), min_size=1, max_size=9)


@given(curves, st.lists(st.floats(-10, 10), min_size=1, max_size=8))
def test_the_median_rule_of_vizier(others, mine):
    written = log()
    for curve in others:
        running(written, curve)
    number, step = running(written, mine), len(mine)
    means = [np.mean(curve[:step]) for curve in others if len(curve) >= step]
    verdict = judged(Median(others=2), written, number)
    if len(means) >= 2 and abs(min(mine) - np.median(means)) > 1e-9:
        assert (verdict is not None) == (min(mine) > np.median(means))


def test_the_median_says_why():
    written = log()
    for value in (0.1, 0.2, 0.3, 0.4, 0.5):
        ended(written, [value] * 27)
    bad = running(written, [0.8, 0.7])
    assert judged(Median(), written, bad).why == (
        "stopped at step 2: best val_loss 0.7, cut 0.3, rank 6 of 6 by the others' means"
    )
    assert judged(Median(min_steps=3), written, bad) is None
    assert judged(Median(others=6), written, bad) is None


def test_patience_counts_steps_since_the_last_real_improvement():
    written = log()
    number = running(written, [1.0, 0.5, 0.49, 0.48, 0.47])
    assert judged(Patience(steps=3), written, number) is None
    verdict = judged(Patience(steps=3, min_delta=0.1), written, number)
    assert (verdict.verb, verdict.args) == ("stop", {"keep": True})
    assert verdict.why == "ended at step 5: best val_loss 0.5 at step 2, no better for 3 steps"


def test_patience_maximises_too():
    written = log(problem("maximize"))
    better = running(written, [0.1, 0.2, 0.3, 0.4])
    worse = running(written, [0.4, 0.3, 0.2, 0.1])
    assert judged(Patience(steps=3), written, better) is None
    assert judged(Patience(steps=3), written, worse).verb == "stop"


@pytest.mark.parametrize("scheduler", [Median(), ASHA()])
def test_a_configuration_bad_on_two_folds_is_stopped(scheduler):
    written = log()
    for value in (0.1, 0.2, 0.3, 0.4, 0.5):
        number = running(written, [value] * 3)
        for fold in (1, 2, 3):
            written.report(number, "val_loss", [value] * 3, fold)
        written.end(number, "finished", value)
    for value, stopped in ((0.25, False), (0.35, True)):
        number = running(written, [value] * 3)
        order(written, number, "extend", until=2)
        written.report(number, "val_loss", [value] * 3, 1)
        assert judged(scheduler, written, number, budget(steps=9)) is None, "the second fold may still run"
        written.report(number, "val_loss", [value], 2)
        verdict = judged(scheduler, written, number, budget(steps=9))
        assert (verdict is not None) == stopped
    assert verdict.why == "stopped after 2 folds: mean val_loss 0.35, cut 0.275, rank 5 of 7"


@pytest.mark.parametrize("scheduler", [Full(), Median(), Patience()])
def test_what_another_scheduler_left_waiting_goes_on_to_its_end(scheduler):
    written = log()
    waiting(written, [0.5])
    waiting(written, [0.4], by="person")
    assert [(v.trial, v.verb, v.until) for v in revived(scheduler, written)] == [(1, "resume", None)]
