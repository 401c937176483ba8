"""In hand: whatever is raised in whichever line, no trial is left running, and no result is lost."""

import random
import signal
from contextlib import closing
from itertools import count

import pytest

import osetra as ose
from osetra.stores.memory import MemoryStore
from osetra.upkeep.check import check_store

# What is raised while Python starts a thread is seen by that thread, too.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


class Boom(Exception):
    """What a program raises in its handler."""


def boom(*_):
    raise Boom


@pytest.fixture
def alarm():
    """Have SIGALRM raise, as a program may that limits what it calls."""
    before = signal.signal(signal.SIGALRM, boom)
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


def new_study(url):
    space = ose.Space(x=ose.Float(0, 1))
    return ose.Study(url, space, minimize="loss", searcher="random")


def trained(seen):
    def train(run):
        run.report(1, loss=run.config["x"])
        seen.append(run.trial)
        return run.config["x"]

    return train


def raising(times, call):
    """Call until it raised so many times, at moments that nobody chose; return how often it did."""
    chance, raised = random.Random(5), 0
    longest = 0.004
    for _ in range(times):
        try:
            signal.setitimer(signal.ITIMER_REAL, chance.uniform(1e-5, longest))
            call()
            signal.setitimer(signal.ITIMER_REAL, 0)
        except (Boom, KeyError, RuntimeError) as error:
            # Python stumbles over what is raised while it starts a thread, and raises others of its own.
            assert isinstance(error, Boom) or isinstance(error.__context__, Boom)
            raised += 1
    return raised


def sound(study):
    assert check_store(study._store).violations == []
    assert [trial.number for trial in study.trials if trial.state == "running"] == []
    for trial in study.trials:
        if trial.state == "finished":
            assert trial.value == trial.config["x"]


@pytest.mark.parametrize("url", ["memory:", "file.db"])
def test_an_alarm_of_the_program_leaves_no_trial_running(url, alarm, tmp_path):
    seen = []
    with closing(new_study(url if url == "memory:" else str(tmp_path / url))) as study:

        def once():
            study.run(trained(seen), trials=len(study.trials) + 1, progress=False, keep_going=True)

        assert raising(150, once) > 20
        study.run(trained(seen), trials=len(study.trials) + 2, progress=False, keep_going=True)
        sound(study)


def test_an_alarm_while_asking_leaves_no_trial_running(alarm):
    with closing(new_study("memory:")) as study:
        asked, told = [], []

        def once():
            asked.append(study.ask())
            signal.setitimer(signal.ITIMER_REAL, 0)
            told.append(asked[-1])
            study.tell(asked[-1], asked[-1].config["x"])

        assert raising(150, once) > 5
        numbers = {run.trial for run in told}
        for run in asked:
            if run.trial not in numbers:  # the alarm came before the program had switched it off
                study.tell(run, failed="not told")
        sound(study)
        assert {t.number for t in study.trials if t.state == "finished"} == numbers


@pytest.mark.parametrize("method", ["append", "read", "renew", "version"])
@pytest.mark.parametrize("after", [False, True])
def test_what_is_raised_at_any_call_of_the_store_leaves_no_trial_running(method, after, monkeypatch):
    real, due = getattr(MemoryStore, method), [0]

    def raises(*given, **more):
        due[0] -= 1
        if due[0] == 0 and not after:
            raise Boom
        done = real(*given, **more)
        if due[0] == 0:
            raise Boom
        return done

    monkeypatch.setattr(MemoryStore, method, raises)
    for at in count(1):
        due[0] = 0
        with closing(new_study("memory:")) as study:
            due[0], finished = at, []
            try:
                study.run(trained(finished), trials=2, progress=False)
            except Boom:
                finished = []
            over, due[0] = due[0] > 0, 0
            study.run(trained(finished), trials=3, progress=False)
            sound(study)
            if over:
                break
    assert at > 2 or method == "renew"
