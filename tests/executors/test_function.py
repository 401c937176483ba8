"""What can be called and cannot train is refused before the first trial; a study within its own training."""

import functools

import pytest

import osetra as ose
from osetra.errors import StudyError

SPACE = ose.Space(x=ose.Float(0, 1))


async def waits(run):
    return 0.5


async def sends(run):
    yield 0.5


def yields(run):
    yield 0.5


def bare():
    return 0.5


def two(run, data):
    return 0.5 if data else 0.6


class Awaited:
    async def __call__(self, run):
        return 0.5


class Trained:
    def __call__(self, run, data=None):
        return 0.5

    def method(self, run):
        return 0.5


def decorated(function):
    @functools.wraps(function)
    def train(run):
        return function(run, 1)

    return train


REFUSED = [
    (waits, "the training function waits is async"),
    (sends, "the training function sends is async"),
    (Awaited(), "the training function is async"),
    (functools.partial(waits), "the training function waits is async"),
    (yields, "the training function yields has a yield in it"),
    (bare, r"the training function bare\(\) is called with one argument, the run"),
    (two, r"the training function two\(run, data\) is called with one argument"),
    (print, "the training function print is one of Python's own"),
    (5, "5 cannot be called"),
]
TAKEN = [Trained(), Trained().method, functools.partial(two, data=1), decorated(two), lambda *runs: 0.5]


@pytest.mark.parametrize(("train", "words"), REFUSED)
def test_it_is_refused_before_the_first_trial(train, words):
    study = ose.Study("memory:", SPACE, minimize="loss")
    with pytest.raises(StudyError, match=words):
        study.run(train, trials=2)
    assert not study.trials


@pytest.mark.parametrize("train", TAKEN)
def test_it_is_trained(train):
    study = ose.Study("memory:", SPACE, minimize="loss").run(train, trials=1, progress=False)
    assert study.trials[0].value == 0.5


def test_a_study_that_runs_in_its_own_training_hears_nothing_of_trials_asked_for(tmp_path, caplog):
    def train(run):
        if run.trial == 1:
            ose.Study(tmp_path / "s.db").run(lambda inner: 0.5, trials=2, progress=False)
        return 0.5

    study = ose.Study(tmp_path / "s.db", SPACE, minimize="loss", searcher="random")
    study.run(train, trials=2, progress=False)
    assert [trial.state for trial in study.trials] == ["finished", "finished"]
    assert "was asked for by this program" not in caplog.text
    study.ask()
    study.run(train, trials=4, progress=False)
    assert "trial 3 was asked for by this program" in caplog.text
