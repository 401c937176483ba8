"""Hooks: told of every trial that ends, once and in order; whatever they do, the study goes on."""

import threading
import time
from functools import partial

import numpy as np
import pytest

import osetra as ose
from osetra.errors import StudyError
from osetra.study import hooks
from osetra.study.aside import Aside

SPACE = ose.Space(x=ose.Float(0, 1))


def train(run):
    for step in run.steps(3):
        run.report(loss=run.config["x"] + 1 / step)


def new_study(url="memory:", **more):
    return ose.Study(url, SPACE, minimize="loss", **{"searcher": "random", "scheduler": "full", **more})


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("scheduler", ["full", "asha"])
def test_each_trial_is_told_once_also_of_a_study_that_goes_on(tmp_path, workers, scheduler):
    study, told = new_study(tmp_path / "s.db", scheduler=scheduler), []
    for trials in (4, 9):
        study.run(train, trials=trials, workers=workers, progress=False, on_trial_end=told.append)
        assert sorted(trial.number for trial in told) == [trial.number for trial in study.history.ended]
    assert all(trial.state in ("finished", "stopped") for trial in told)
    study.run(train, trials=9, progress=False, on_trial_end=told.append)
    assert len(told) == len(study.history.ended)


def test_one_is_told_of_what_ended_before_the_next_trial_begins():
    order = []

    def training(run):
        order.append(f"begin {run.trial}")
        return run.config["x"]

    study = new_study()
    study.run(
        training, trials=3, progress=False, on_trial_end=lambda trial: order.append(f"end {trial.number}")
    )
    assert order == [f"{what} {n}" for n in (1, 2, 3) for what in ("begin", "end")]


def test_trials_that_others_trained_meanwhile_are_told_and_those_from_before_are_not(tmp_path):
    mine, other, told = new_study(tmp_path / "s.db"), new_study(tmp_path / "s.db"), []
    other.run(train, trials=2, progress=False)

    def training(run):
        if run.trial == 3:
            other.run(train, trials=4, progress=False)
        train(run)

    mine.run(training, trials=4, progress=False, on_trial_end=told.append)
    assert sorted(trial.number for trial in told) == [3, 4]


@pytest.mark.parametrize("error", [ValueError("odd"), SystemExit(3), KeyboardInterrupt(), StudyError("ours")])
@pytest.mark.parametrize("seed", range(3))
def test_what_hooks_raise_is_said_once_and_harms_nothing(caplog, error, seed):
    told, chance = [], np.random.default_rng(seed)

    def notify(trial):
        told.append(trial.number)
        if chance.random() < 0.7:
            raise error

    def never(study):
        raise error

    study = new_study()
    study.run(train, trials=7, progress=False, on_trial_end=notify, stop_when=never)
    assert told == [1, 2, 3, 4, 5, 6, 7] and len(study.history.finished) == 7
    said = [r.message for r in caplog.records if "failed; the study goes on" in r.message]
    assert len(said) == 2 and all(type(error).__name__ in each for each in said)
    assert any("on_trial_end=" in each and "notify" in each for each in said)
    assert any("stop_when=" in each and "never" in each for each in said)


def test_nobody_waits_long_for_a_slow_hook_or_one_that_hangs(caplog, monkeypatch):
    monkeypatch.setattr(hooks, "HOLD", 0.1)
    monkeypatch.setattr(hooks, "GRACE", 0.2)
    for_ever = threading.Event()
    begun, study = time.monotonic(), new_study()
    study.run(
        train, trials=9, progress=False, on_trial_end=lambda trial: for_ever.wait(), stop_when=lambda s: False
    )
    assert time.monotonic() - begun < 20
    assert len(study.history.finished) == 9
    said = " ".join(r.message for r in caplog.records)
    assert said.count("does not wait for it any more") == 1
    assert "has not returned for 0.2 s, and is left alone" in said
    for_ever.set()


def test_a_slow_hook_that_returns_is_called_for_all(monkeypatch):
    monkeypatch.setattr(hooks, "HOLD", 0.01)
    told, study = [], new_study()

    def slow(trial):
        time.sleep(0.05)
        told.append(trial.number)

    study.run(train, trials=6, progress=False, on_trial_end=slow)
    assert told == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("enough", [1, 4])
def test_stop_when_ends_the_search_after_the_trial_that_makes_it_true(enough):
    study = new_study()
    stop = lambda s: len(s.history.finished) >= enough  # noqa: E731
    study.run(train, trials=50, progress=False, stop_when=stop)
    assert len(study.trials) == enough and not study.history.unfinished
    (note,) = study.history.noted("stopped")
    assert "stop_when=" in note.text and "the search is over" in note.text
    study.run(train, trials=50, progress=False, stop_when=stop)
    assert len(study.trials) == enough  # asked before anything begins
    study.run(train, trials=enough + 1, progress=False)
    assert len(study.history.finished) == enough + 1


@pytest.mark.parametrize("workers", [1, 2])
def test_what_runs_when_it_stops_goes_back_to_the_queue(tmp_path, workers):
    def long(run):
        for _ in run.steps(500):
            run.report(loss=1.0)
            time.sleep(0.02)

    study = new_study(tmp_path / "s.db")
    study.run(
        long, trials=9, workers=workers, progress=False, stop_when=lambda s: bool(s.history.curves.size)
    )
    assert study.trials[0].attempts and not study.history.running and not study.history.ended


def test_stop_when_that_says_neither_is_told_and_never_stops(caplog):
    study = new_study()
    study.run(train, trials=3, progress=False, stop_when=lambda s: None)
    assert len(study.trials) == 3
    (said,) = [r.message for r in caplog.records if "True or False is needed" in r.message]
    assert "stop_when=" in said and "None" in said
    new_study().run(train, trials=3, progress=False, stop_when=lambda s: np.bool_(False))


async def awaited(trial):
    """Nobody would."""


@pytest.mark.parametrize("name", ["on_trial_end", "stop_when"])
@pytest.mark.parametrize(
    "wrong", [3, "f", True, [print], awaited, lambda: 1, lambda a, b: 1, partial(max, key=1)]
)
def test_what_is_no_hook_is_refused_before_anything_begins(name, wrong):
    study = new_study()
    if isinstance(wrong, partial):
        study.run(train, trials=1, progress=False, **{name: wrong})  # nobody can tell beforehand
        return
    with pytest.raises(StudyError, match=f"{name}=.*a function of the"):
        study.run(train, trials=1, **{name: wrong})
    assert not study.trials


def test_optunas_callbacks_are_told_what_to_write():
    with pytest.raises(StudyError, match="write on_trial_end, a function of the trial"):
        new_study().run(train, trials=1, callbacks=[print])


def test_aside_keeps_the_order_and_swallows_what_is_raised():
    aside, seen = Aside("t"), []

    def call(n):
        seen.append(n)
        if n % 3 == 0:
            raise SystemExit(n)

    for n in range(20):
        aside.call(partial(call, n))
    assert aside.wait(5) and seen == list(range(20)) and aside.waiting == 0
    gate = threading.Event()
    aside.call(gate.wait)
    aside.call(partial(call, 99))
    assert not aside.wait(0.05) and aside.wait(0.05, most=2)
    assert aside.drop() == 1
    gate.set()
    assert aside.wait(5) and seen[-1] == 19
