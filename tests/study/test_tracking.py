"""Trackers: told of every trial in order, in nobody's way; who raises or hangs is named once."""

import subprocess
import sys
import threading
import time

import pytest

import osetra as ose
from osetra.errors import StudyError
from osetra.study import tracking
from osetra.study.tracker import Tracker

SPACE = ose.Space(x=ose.Float(0, 1))
METHODS = ("open", "begin", "log", "tag", "end", "close")


class Remembers(Tracker):
    """Keeps what it hears, and does what a test wants when it hears something."""

    def __init__(self, acts=()):
        self.heard, self.acts = [], dict(acts)


def _method(name):
    def hear(self, *about):
        self.heard.append((name, *about))
        if name in self.acts:
            self.acts[name]()

    return hear


for _name in METHODS:
    setattr(Remembers, _name, _method(_name))


def train(run):
    run.remember(commit="abc")
    for step in run.steps(3):
        run.report(loss=run.config["x"] + 1 / step, acc=1)


def new_study(url="memory:", **more):
    return ose.Study(url, SPACE, minimize="loss", **{"searcher": "random", "scheduler": "full", **more})


def check_order(heard):
    """One `open`, then of each trial begin, logs, end; one `close`; nothing behind an end."""
    assert [heard[0][0], heard[-1][0]] == ["open", "close"]
    ended, begun = set(), set()
    for name, about, *_ in heard[1:-1]:
        trial = about if isinstance(about, int) else about.number
        assert trial not in ended
        assert (trial in begun) is (name != "begin")
        (begun if name == "begin" else ended if name == "end" else set()).add(trial)
    return begun, ended


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("scheduler", ["full", "asha"])
def test_all_is_told_in_order(tmp_path, workers, scheduler):
    study, tracker = new_study(tmp_path / "s.db", scheduler=scheduler), Remembers()
    study.run(train, trials=5, workers=workers, progress=False, trackers=[tracker])
    _, ended = check_order(tracker.heard)
    assert ended == {trial.number for trial in study.history.ended}
    for trial in study.trials:
        mine = [(name, more) for name, t, *more in tracker.heard[1:-1] if t == trial.number]
        told = [(step, metrics["loss"]) for name, (step, metrics) in [m for m in mine if m[0] == "log"]]
        assert list(zip(*study.curve(trial, "loss"), strict=True)) == told
        tags = [more[0] for name, more in mine if name == "tag"]
        said = {key: text for one in tags for key, text in one.items()}
        assert said["attrs.commit"] == "abc"
        assert [f"order.{order.number}" in said for order in trial.orders] == [True] * len(trial.orders)
    assert tracker.heard[0][1].metric == "loss" and tracker.heard[0][1].name == study.name


def test_folds_have_names_of_their_own():
    def folded(run):
        for _ in run.folds(2):
            run.report(loss=1.0)

    study, tracker = new_study(), Remembers()
    study.run(folded, trials=1, progress=False, trackers=[tracker])
    told = [about[2] for name, *about in tracker.heard if name == "log"]
    assert {metric for metrics in told for metric in metrics} == {"loss", "fold1/loss"}


@pytest.mark.parametrize("error", [ValueError("no server"), SystemExit(1), KeyboardInterrupt()])
@pytest.mark.parametrize("method", METHODS)
def test_a_dead_tracker_is_named_once_and_the_others_go_on(caplog, method, error):
    def die():
        raise error

    study, dead, well = new_study(), Remembers({method: die}), Remembers()
    study.run(train, trials=3, progress=False, trackers=[dead, well])
    assert len(study.history.finished) == 3
    (said,) = [r.message for r in caplog.records if "tracker" in r.message]
    assert "Remembers failed and is told no more; the study goes on" in said
    assert method in said and type(error).__name__ in said
    assert [name for name, *_ in dead.heard].count(method) == 1
    assert check_order(well.heard)[1] == {1, 2, 3}


@pytest.mark.parametrize("method", METHODS)
def test_a_tracker_that_hangs_holds_up_nothing(caplog, monkeypatch, method):
    monkeypatch.setattr(tracking, "GRACE", 0.2)
    for_ever, study = threading.Event(), new_study()
    begun = time.monotonic()
    study.run(train, trials=5, progress=False, trackers=[Remembers({method: for_ever.wait})])
    assert time.monotonic() - begun < 20 and len(study.history.finished) == 5
    (said,) = [r.message for r in caplog.records if "tracker" in r.message]
    assert "Remembers has not returned, and is left alone" in said
    for_ever.set()


def test_a_slow_tracker_is_waited_for_as_long_as_it_gets_on_and_too_slow_a_one_is_dropped(
    caplog, monkeypatch
):
    slow = Remembers({"log": lambda: time.sleep(0.02)})
    new_study().run(train, trials=4, progress=False, trackers=[slow])
    assert check_order(slow.heard)[1] == {1, 2, 3, 4}
    monkeypatch.setattr(tracking, "MOST", 5)
    for_ever = threading.Event()
    monkeypatch.setattr(tracking, "GRACE", 0.1)
    new_study().run(train, trials=4, progress=False, trackers=[Remembers({"open": for_ever.wait})])
    assert any("it is too slow: 5 calls wait" in r.message for r in caplog.records)
    for_ever.set()


def test_a_study_that_goes_on_tells_what_had_not_ended(tmp_path):
    study, tracker = new_study(tmp_path / "s.db"), Remembers()
    study.run(train, trials=2, progress=False)

    def handed_back(run):
        for step in run.steps(500):
            run.report(loss=1 / step)
            time.sleep(0.02)

    study.run(
        handed_back,
        trials=3,
        progress=False,
        stop_when=lambda s: s.history.curves.size > 12,
        trackers=[Remembers()],
    )
    assert study.history.queued
    study.run(train, trials=4, progress=False, trackers=[tracker])
    begun, ended = check_order(tracker.heard)
    assert begun == ended == {3, 4}


@pytest.mark.parametrize("seeds", [None, 2])
def test_fresh_seeds_are_told_in_order_and_as_one_call(seeds):
    study, tracker, ended = new_study(), Remembers(), []
    study.run(train, trials=20, progress=False)
    told = {"trackers": [tracker], "on_trial_end": lambda trial: ended.append(trial.number)}
    study.confirm(train, seeds=seeds, progress=False, **told)
    begun, told = check_order(tracker.heard)
    fresh = {trial.number for trial in study.trials if trial.repeats is not None}
    assert begun == told == fresh == set(ended)


def test_fresh_seeds_end_when_a_hook_says_so():
    study = new_study()
    study.run(train, trials=9, progress=False)
    study.confirm(train, seeds=3, progress=False, stop_when=lambda s: any(t.repeats for t in s.history.ended))
    assert 0 < sum(t.repeats is not None for t in study.history.ended) < 9
    assert not study.history.noted("stopped")  # no news of the search


def test_who_joins_may_have_trackers_and_hooks(tmp_path):
    study, tracker, ended = new_study(tmp_path / "s.db"), Remembers(), []
    study.join(train, trials=4, progress=False, trackers=[tracker], on_trial_end=ended.append)
    assert check_order(tracker.heard)[1] == {t.number for t in ended} == {1, 2, 3, 4}
    study.join(train, trials=99, progress=False, stop_when=lambda s: len(s.history.ended) > 5)
    assert 5 < len(study.history.ended) < 20 and not study.history.noted("stopped")


def test_a_tracker_that_broke_stays_so_where_one_call_follows_another(caplog):
    def die():
        raise ValueError("no server")

    study, kept = new_study(), tracking.listeners([Remembers({"begin": die})])
    study.run(train, trials=9, progress=False, trackers=kept)
    study.confirm(train, progress=False, trackers=kept)
    assert len([r for r in caplog.records if "tracker" in r.message]) == 1


@pytest.mark.parametrize(
    "wrong", [None, 3, "mlflow", [3], ["tensorbord"], ["mlflow:"], [Remembers], object()]
)
@pytest.mark.parametrize("call", ["run", "join", "confirm"])
def test_what_is_no_tracker_is_refused(call, wrong):
    study = new_study()
    more = {} if call == "confirm" else {"trials": 1}
    with pytest.raises(StudyError, match="tracker"):
        getattr(study, call)(train, trackers=wrong, **more)
    assert not study.trials


def test_no_tracker_is_loaded_by_osetra():
    code = "import sys, osetra; osetra.Study; print([n for n in sys.modules if 'osetra.integrations' in n])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
