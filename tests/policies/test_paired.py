"""Paired: what goes on comes before what is new."""

from dataclasses import dataclass

import numpy as np
import pytest

from osetra.core.decisions import Suggestion, Verdict
from osetra.core.history import History
from osetra.core.params import Float
from osetra.core.ports import Budget
from osetra.core.problem import Objective, Problem
from osetra.core.space import Space
from osetra.errors import StudyError
from osetra.policies import by_names
from osetra.policies.paired import Paired
from osetra.searchers.bayes import Bayes
from osetra.searchers.random import Random
from osetra.testing.histories import Log

PROBLEM = Problem(Space(x=Float(0, 1)), Objective(metric="loss"))


class Scheduled:
    name = "scheduled"

    def __init__(self, verdicts, until=3):
        self.verdicts, self.until = verdicts, until

    def first(self, problem, history, budget):
        return self.until

    def revive(self, problem, history, budget):
        return self.verdicts

    def judge(self, problem, history, trial, budget):
        return None

    def fidelity(self, problem, history, budget):
        return self.until


def plan(verdicts, count, **budget):
    policy = Paired(Random(), Scheduled(verdicts))
    rng = np.random.default_rng(0)
    return policy.plan(PROBLEM, Log(PROBLEM).history, count, rng, Budget(steps=9, **budget))


RESUME = [Verdict(trial=n, verb="resume", why="", until=9) for n in (4, 2, 7)]
STOP = [Verdict(trial=n, verb="stop", why="") for n in (1, 3)]


def test_stops_do_not_count_and_the_best_goes_on_first():
    found = plan([*RESUME, *STOP], 2)
    assert {v.trial for v in found if isinstance(v, Verdict) and v.verb == "stop"} == {1, 3}
    assert [v.trial for v in found if v.verb == "resume"] == [4, 2]
    assert len(found) == 4


def test_what_is_left_is_new_and_pauses_where_the_scheduler_says():
    found = plan(RESUME, 5)
    new = [one for one in found if isinstance(one, Suggestion)]
    assert len(new) == 2
    assert {one.until for one in new} == {3}


def test_nothing_is_new_once_the_budget_is_closed():
    assert plan(RESUME, 5, open=False) == RESUME
    assert plan([], 5, open=False) == []


def test_policies_by_name():
    assert by_names(Random(), "full").name == "full"
    assert not by_names(Random(), "full").judges
    assert by_names(Random(), "asha").judges
    with pytest.raises(StudyError, match="no such scheduler"):
        by_names(Random(), "ashen")


@dataclass(frozen=True)
class Thrifty:
    thrift: float = 0.0

    name = "thrifty"
    lookahead = 1

    def suggest(self, problem, history, count, rng):
        return [Suggestion({"x": self.thrift}, f"thrift {self.thrift}")]


@pytest.mark.parametrize(
    ("budget", "thrift"),
    [
        ({}, 0.0),
        ({"progress": 0.4}, 0.0),
        ({"progress": 0.4, "seconds": 60.0}, 0.6),
        ({"progress": 1.0, "seconds": 0.0}, 0.0),
    ],
)
def test_seconds_count_in_a_search_by_time_only_and_less_as_they_are_used_up(budget, thrift):
    policy = Paired(Thrifty(), Scheduled([], until=None))
    [found] = policy.plan(PROBLEM, History(), 1, np.random.default_rng(0), Budget(**budget))
    assert found.config["x"] == pytest.approx(thrift)


def test_a_thrift_that_somebody_chose_stays():
    policy = Paired(Thrifty(0.2), Scheduled([], until=None))
    [found] = policy.plan(PROBLEM, History(), 1, np.random.default_rng(0), Budget(seconds=9.0))
    assert found.config["x"] == 0.2


@pytest.mark.parametrize("thrift", [-0.1, 1.5, float("nan"), "much"])
def test_a_thrift_that_is_none_is_refused(thrift):
    with pytest.raises(StudyError, match="thrift"):
        Bayes(thrift=thrift)
