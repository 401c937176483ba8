"""Auto: the base rises with the search, and the best climb above it within their share of steps."""

import pytest

from osetra.errors import StudyError
from osetra.schedulers.auto import Auto

from .histories import budget, log, problem, revived, waiting

STEPS = 27
LADDER = (2, 3, 7, 14, 27)


@pytest.mark.parametrize(
    ("progress", "base"), [(0.0, 2), (0.04, 2), (0.05, 3), (0.12, 7), (0.3, 14), (0.5, None), (1.0, None)]
)
def test_the_base_rises_with_the_search(progress, base):
    written = log()
    assert Auto().first(written.problem, written.history, budget(progress)) == base


def test_the_best_quarter_climbs_above_the_base():
    written = log()
    for value in (0.5, 0.4, 0.1, 0.3):
        waiting(written, [1.0, value])
    found = revived(Auto(), written, budget(0.0))
    assert [(v.trial, v.verb, v.until) for v in found] == [(3, "resume", 3)]
    assert "rank 1 of 4" in found[0].why


def test_without_a_share_nobody_climbs():
    written = log()
    for value in (0.5, 0.4, 0.1, 0.3):
        waiting(written, [1.0, value])
    assert revived(Auto(climbing=0.0), written, budget(0.0)) == []


def test_the_share_of_steps_is_not_exceeded():
    written = log()
    for value in (0.5, 0.4, 0.1, 0.3, 0.6, 0.2, 0.7, 0.8):
        waiting(written, [1.0, value])
    for climbing, going in ((0.5, [3, 6]), (0.05, [3]), (0.0, [])):
        found = revived(Auto(climbing=climbing), written, budget(0.0))
        assert [verdict.trial for verdict in found] == going


def test_nobody_climbs_alone():
    written = log()
    waiting(written, [1.0, 0.5])
    assert revived(Auto(), written, budget(0.0)) == []


def test_a_raised_base_takes_the_best_with_it():
    written = log(problem(pick="last"))
    for value in (0.5, 0.4, 0.1, 0.3, 0.2, 0.6):
        waiting(written, [1.0, value])
    found = revived(Auto(), written, budget(0.13))
    assert [(v.trial, v.until) for v in found] == [(3, 7), (5, 7), (4, 7)]


@pytest.mark.parametrize(
    "wrong", [{"climbing": 1.5}, {"climbing": -0.1}, {"keep": 0}, {"least": 0}, {"shares": (0.5, 0.2)}]
)
def test_settings_that_make_no_sense_are_refused(wrong):
    with pytest.raises(StudyError, match=next(iter(wrong))):
        Auto(**wrong)
