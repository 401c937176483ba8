"""Every scheduler, in several forms, goes through the kit; and the kit finds what is wrong."""

from dataclasses import replace

import pytest

from osetra.core.decisions import Verdict
from osetra.schedulers import SCHEDULERS, by_name
from osetra.schedulers.asha import ASHA
from osetra.schedulers.auto import Auto
from osetra.schedulers.full import Full
from osetra.schedulers.hyperband import Hyperband
from osetra.schedulers.median import Median
from osetra.schedulers.patience import Patience
from osetra.testing.schedulers import CASES, SchedulerCase, check_scheduler

FORMS = {
    "auto, one rise": Auto(shares=(0.5,), keep=0.5, least=1),
    "asha, stopping": ASHA(form="stop"),
    "asha, eta 2 from 4": ASHA(eta=2, min_steps=4),
    "hyperband from 3": Hyperband(min_steps=3),
    "median, eager": Median(others=1),
    "patience": Patience(steps=4),
}


@pytest.mark.parametrize("case", CASES, ids=str)
@pytest.mark.parametrize("name", SCHEDULERS)
def test_scheduler_at_its_defaults(name, case):
    check_scheduler(by_name(name), case)


@pytest.mark.parametrize("case", CASES[::3], ids=str)
@pytest.mark.parametrize("name", FORMS)
def test_scheduler_in_another_form(name, case):
    check_scheduler(FORMS[name], case)


class Flawed(Full):
    """ASHA, the answers of which are spoilt."""

    def __init__(self, spoil):
        object.__setattr__(self, "spoil", spoil)

    def first(self, *args):
        return ASHA().first(*args)

    def judge(self, problem, history, trial, budget):
        verdict = ASHA().judge(problem, history, trial, budget)
        return self.spoil(problem, history, trial, verdict)

    def revive(self, problem, history, budget):
        found = ASHA().revive(problem, history, budget)
        return [v for v in (self.spoil(problem, history, None, one) for one in found) if v]


def stop_anything(problem, history, trial, verdict):
    return Verdict(trial=trial.number, verb="stop", why="cut 1, rank 1 of 1") if trial else verdict


def no_evidence(problem, history, trial, verdict):
    return replace(verdict, why="bad") if verdict and verdict.verb == "stop" else verdict


def by_raw_value(problem, history, trial, verdict):
    if trial is None or len(history.trials) < 3:
        return verdict
    values = history.curve(trial, problem.objective.metric)[1]
    why = "cut 0, rank 2 of 2"
    return Verdict(trial=trial.number, verb="stop", why=why) if values[-1] > 0.9 else None


def never_again(problem, history, trial, verdict):
    return None if trial is None else verdict


def with_memory():
    seen = []

    def spoil(problem, history, trial, verdict):
        seen.append(trial)
        return replace(verdict, why=f"{verdict.why}, asked {len(seen)} times") if verdict else None

    return spoil


def into_the_past(problem, history, trial, verdict):
    return replace(verdict, until=1) if verdict and verdict.verb == "resume" else verdict


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (stop_anything, "the best of all"),
        (no_evidence, "no evidence"),
        (by_raw_value, "other verdicts|the best of all"),
        (never_again, "is paused at the end"),
        (with_memory(), "the same log led to other verdicts"),
        (into_the_past, "already"),
    ],
)
def test_the_kit_finds_what_is_wrong(spoil, said):
    with pytest.raises(AssertionError, match=said):
        for keeps in (True, False):
            check_scheduler(Flawed(spoil), SchedulerCase("falling", keeps=keeps, workers=2))
