"""Auto: what it chooses, that it says so, and its guard against a wrong model."""

import numpy as np
import pytest

import osetra as ose
from osetra.core.params import Choice, Float
from osetra.core.problem import Objective, Problem
from osetra.core.results import results
from osetra.core.space import Space
from osetra.searchers.auto import GUARD, MANY, AutoSearcher, model_fails
from osetra.testing.histories import Log
from osetra.testing.searchers import searched

SPACE = Space(
    x=Float(0, 1),
    kind=Choice("a", "b"),
    y=Float(0, 1, when={"kind": "a"}),
)
PROBLEM = Problem(SPACE, Objective(metric="loss"))


def log_of(values, problem=PROBLEM):
    log = Log(problem)
    rng = np.random.default_rng(0)
    for config, value in zip(problem.space.decode(rng.random((len(values), 3))), values, strict=True):
        log.end(log.queue(config), "finished", float(value))
    return log


def test_the_first_suggestion_carries_a_note_that_says_what_was_chosen_and_why() -> None:
    log = searched(AutoSearcher(), PROBLEM, 5, lambda i, y: y)
    (note,) = log.history.noted("choice")
    assert note.text == (
        "bayes: 3 hyperparameters (1 with options, 1 conditional): a Gaussian process needs the fewest trials"
    )


def test_thousands_of_trials_hand_over_to_a_population_and_say_so() -> None:
    log = log_of(np.linspace(1, 2, MANY))
    first = AutoSearcher().suggest(PROBLEM, log.history, 1, np.random.default_rng(0))[0]
    assert first.notes[0].text.startswith(f"cmaes: {MANY} trials have finished")


def test_every_sixteenth_trial_is_quasi_random() -> None:
    study = ose.Study(space=SPACE, minimize="loss", searcher="auto")
    study.run(lambda run: run.config["x"], trials=2 * GUARD)
    guarded = [trial.number for trial in study.trials if trial.why.startswith("guard:")]
    assert guarded == [GUARD, 2 * GUARD]


@pytest.mark.parametrize(("model", "fails"), [(2.0, True), (0.5, False)])
def test_the_model_fails_when_it_is_no_better_than_quasi_random_trials(model: float, fails: bool) -> None:
    n = 6 * GUARD
    values = [1.0 if number % GUARD == 0 or number <= 3 else model for number in range(1, n + 1)]
    assert model_fails(results(PROBLEM, log_of(values).history)) is fails


def test_while_the_model_fails_every_other_trial_is_quasi_random() -> None:
    n = 6 * GUARD
    values = [1.0 if number % GUARD == 0 or number <= 3 else 2.0 for number in range(1, n + 1)]
    found = AutoSearcher().suggest(PROBLEM, log_of(values).history, 8, np.random.default_rng(0))
    assert sum(suggestion.why.startswith("guard:") for suggestion in found) == 4


def test_failures_count_as_worst() -> None:
    log = Log(PROBLEM)
    for number in range(1, 6 * GUARD + 1):
        config = SPACE.decode(np.random.default_rng(number).random((1, 3)))[0]
        failing = number % GUARD and number > 3
        log.end(log.queue(config), *(("failed", None) if failing else ("finished", 1.0)))
    assert model_fails(results(PROBLEM, log.history))
