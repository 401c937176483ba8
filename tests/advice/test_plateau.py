from advice.studies import PROBLEM, spread
from osetra.advice import plateau
from osetra.core.params import Choice
from osetra.core.problem import Objective, Problem
from osetra.core.space import Space
from osetra.testing.histories import Log, history_of


def test_a_late_gain_says_go_on() -> None:
    values = [1.0 - 0.02 * (i % 3) for i in range(15)] + [0.8, 0.6, 0.5, 0.9, 0.9]
    history = history_of(PROBLEM, zip(spread(20), values, strict=True))
    texts = [found.text for found in plateau.find(PROBLEM, history)]
    assert "still improving: the last 5 trials took the best single val_loss from 0.96 to 0.5" in texts


def test_a_long_stand_still_says_stop() -> None:
    values = [1.0, 0.5, *([0.9, 1.0, 0.8] * 10)]
    history = history_of(PROBLEM, zip(spread(32), values, strict=True))
    (found,) = plateau.find(PROBLEM, history)
    assert found.text == "no gain worth its cost since trial 2: the last 16 of 32 trials found none"


def test_few_trials_get_their_chance_told() -> None:
    log = Log(PROBLEM)
    for config in spread(8):
        log.end(log.queue(config, by="sobol"), "finished", 1.0)
    (found,) = plateau.find(PROBLEM, log.history)
    assert "8 random trials of 2 hyperparameters" in found.text
    assert found.text.endswith("is 57 %")


def test_a_finite_space_that_was_tried_completely_asks_for_no_more() -> None:
    problem = Problem(Space(a=Choice(1, 2)), Objective(metric="loss"))
    assert plateau.find(problem, history_of(problem, [({"a": 1}, 1.0), ({"a": 2}, 2.0)])) == []


def test_no_trials_say_nothing() -> None:
    assert plateau.find(PROBLEM, Log(PROBLEM).history) == []


def test_a_late_gain_within_the_noise_of_the_seeds_is_not_told() -> None:
    log = Log(PROBLEM)
    values = [1.0 - 0.02 * (i % 3) for i in range(15)] + [0.9, 0.94, 0.9, 0.9, 0.9]
    for config, value in zip(spread(20), values, strict=True):
        log.run(config, value)
    assert any(found.text.startswith("still improving") for found in plateau.find(PROBLEM, log.history))
    for value in (0.85, 0.95, 1.05):
        log.run(spread(20)[15], value, repeats=16)
    assert not any(found.text.startswith("still") for found in plateau.find(PROBLEM, log.history))
