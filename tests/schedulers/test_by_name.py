"""Schedulers by name, and settings that make no sense."""

import pytest

from osetra.core.history import History
from osetra.core.params import Float
from osetra.core.ports import Budget
from osetra.core.problem import Objective, Problem
from osetra.core.space import Space
from osetra.errors import StudyError
from osetra.schedulers import SCHEDULERS, by_name
from osetra.schedulers.asha import ASHA
from osetra.schedulers.hyperband import Hyperband
from osetra.schedulers.median import Median
from osetra.schedulers.patience import Patience

PROBLEM = Problem(Space(x=Float(0, 1)), Objective(metric="loss"))


def test_every_name_gives_the_scheduler_of_that_name():
    assert {name: by_name(name).name for name in SCHEDULERS} == {name: name for name in SCHEDULERS}


def test_an_unknown_name_is_answered_with_the_nearest():
    with pytest.raises(StudyError, match=r"'hyperbnad'.*known: auto.*Did you mean 'hyperband'"):
        by_name("hyperbnad")


@pytest.mark.parametrize(
    ("build", "said"),
    [
        (lambda: ASHA(eta=1), "eta is above 1"),
        (lambda: ASHA(eta=float("nan")), "eta is above 1"),
        (lambda: ASHA(min_steps=0), "step 1 or later"),
        (lambda: ASHA(form="pause"), "'promote' or 'stop'"),
        (lambda: Hyperband(eta=0.5), "Hyperband.*eta is above 1"),
        (lambda: Median(others=0), "1 or more"),
        (lambda: Patience(steps=0), "1 step or more"),
        (lambda: Patience(min_delta=-1.0), "0 or more"),
    ],
)
def test_settings_that_make_no_sense_are_refused(build, said):
    with pytest.raises(StudyError, match=said):
        build()


@pytest.mark.parametrize("scheduler", [ASHA(min_steps=28), Hyperband(min_steps=28)])
def test_a_first_rung_beyond_the_end_says_what_would_do(scheduler):
    with pytest.raises(StudyError, match=r"min_steps=28.*only 27 steps.*such as 3"):
        scheduler.first(PROBLEM, History(), Budget(steps=27))


@pytest.mark.parametrize("name", SCHEDULERS)
def test_nothing_is_decided_on_an_empty_history_of_unknown_length(name):
    scheduler = by_name(name)
    assert scheduler.first(PROBLEM, History(), Budget()) is None
    assert not scheduler.revive(PROBLEM, History(), Budget())
