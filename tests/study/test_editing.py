"""A study whose space is changed: by Python, by a script that was changed, by two at once, while it runs."""

from __future__ import annotations

import logging
import threading
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from osetra import Choice, Fixed, Float, Int, Space, Study
from osetra.core.edits import holds
from osetra.core.invariants import violations
from osetra.errors import SpaceError, StudyError, StudyMismatch
from osetra.searchers import SEARCHERS
from osetra.searchers.zoom import Zoom
from osetra.study.study import Study as _Study
from osetra.training.run import Run
from osetra.views.figures.kinds import KINDS

SPACE = Space(
    lr=Float(1e-4, 1, log=True),
    units=Int(16, 512, log=True),
    opt=Choice("sgd", "adam"),
    momentum=Float(0.5, 0.99, when={"opt": "sgd"}),
)


def train(run: Run) -> float:
    config = run.config
    return abs(config["lr"] - 0.1) + config["units"] / 1e4 + config.get("dropout", 0.0)


def new_study(url: str = "memory:", searcher: str = "random") -> Study:
    return Study(url, SPACE, minimize="loss", searcher=searcher, scheduler="full", seed=3)


def sound(study: _Study) -> None:
    store = study._store
    assert violations(store.read(), store.read_points()[0]) == []


def test_the_search_goes_on_in_a_wider_space() -> None:
    study = new_study().run(train, trials=5, progress=False)
    best = study.best
    study.widen("units", high=4096)
    assert study.best == best and len(study.trials) == 5
    study.run(train, trials=60, progress=False)
    assert max(trial.config["units"] for trial in study.trials) > 512
    assert max(trial.config["units"] for trial in study.trials[:5]) <= 512
    sound(study)


def test_one_more_hyperparameter_had_its_default_before() -> None:
    study = new_study().run(train, trials=4, progress=False)
    study.add("dropout", Float(0, 0.5, default=0))
    assert {trial.config["dropout"] for trial in study.trials} == {0.0}
    study.run(train, trials=8, progress=False)
    assert all(0 <= trial.config["dropout"] <= 0.5 for trial in study.trials)
    assert {row["dropout"] for row in study.records()[:4]} == {0.0}
    sound(study)


def test_what_it_was_may_lie_outside_the_new_range() -> None:
    study = new_study().run(train, trials=4, progress=False)
    with pytest.raises(SpaceError, match=r"wd: it is new, and nothing says which value"):
        study.add("wd", Float(1e-6, 1e-1, log=True))
    study.add("wd", Float(1e-6, 1e-1, log=True), was=0)
    assert {trial.config["wd"] for trial in study.trials} == {0}
    assert not any(holds(study.problem.space, trial.config) for trial in study.trials)
    study.run(train, trials=6, progress=False)
    sound(study)


def test_a_narrow_range_keeps_the_best_and_searches_inside() -> None:
    study = new_study().run(train, trials=10, progress=False)
    study.narrow("lr", low=0.01, high=0.2)
    study.fix("opt", "adam")
    study.run(train, trials=20, progress=False)
    for trial in study.trials[10:]:
        assert 0.01 <= trial.config["lr"] <= 0.2 and "momentum" not in trial.config
    sound(study)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda s: s.widen("units", high=100), "not wider"),
        (lambda s: s.narrow("units", high=1000), "not narrower"),
        (lambda s: s.widen("unit", high=100), "no such hyperparameter"),
        (lambda s: s.widen("units"), "give a new end"),
        (lambda s: s.widen("opt", high=3), "no range"),
        (lambda s: s.widen("lr", options=[1, 2]), "no options"),
        (lambda s: s.narrow("opt", options=["lion"]), "none of its options"),
        (lambda s: s.add("lr", Float(0, 1)), "in the space already"),
        (lambda s: s.fix("lr", "x"), "was a number"),
        (lambda s: s.fix("opt", "lion"), "'lion' is not one of"),
        (lambda s: s.edit(), "nothing would change"),
        (lambda s: s.edit(lr=Float(1e-4, 1, log=True)), "nothing would change"),
        (lambda s: s.edit(momentum=Float(0.5, 0.99, when={"opt": "adam"})), "another condition"),
        (lambda s: s.edit(seed=3), "not a hyperparameter"),
        (lambda s: s.edit(units=Int(1, 64), was={"units": 3}), "it is not new"),
        (lambda s: s.edit(3), "give parameters by name"),
    ],
)
def test_a_bad_edit_is_refused_and_writes_nothing(call, words: str) -> None:
    study = new_study().run(train, trials=2, progress=False)
    before = study._store.version()
    with pytest.raises((SpaceError, StudyError), match=words):
        call(study)
    assert study._store.version() == before


def test_a_script_with_another_range_changes_the_space_and_an_old_one_does_not(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    url = str(tmp_path / "study.db")
    new_study(url).run(train, trials=3, progress=False).close()
    wider = Space(
        lr=Float(1e-4, 1, log=True),
        units=Int(16, 1024, log=True),
        opt=Choice("sgd", "adam"),
        momentum=Float(0.5, 0.99, when={"opt": "sgd"}),
    )
    with caplog.at_level(logging.WARNING, "osetra"):
        study = Study(url, wider, minimize="loss")
    assert "units: int(16, 512, log) → int(16, 1024, log); 3 of 3 trials lie in it" in caplog.text
    study.close()
    again = Study(url, SPACE, minimize="loss")  # the script as it was
    assert again.problem.space == wider
    assert len(again.history.edits) == 1
    again.close()


def test_a_script_for_something_else_is_refused(tmp_path: Path) -> None:
    url = str(tmp_path / "study.db")
    new_study(url).run(train, trials=2, progress=False).close()
    with pytest.raises(StudyMismatch, match=r"units: it is gone"):
        Study(url, Space(lr=Float(1e-4, 1, log=True)), minimize="loss")
    with pytest.raises(StudyMismatch, match="objective"):
        Study(url, SPACE, maximize="loss")


def test_a_program_that_runs_goes_on_in_the_edited_space(tmp_path: Path) -> None:
    url = str(tmp_path / "study.db")
    study, other = new_study(url), None
    ready, edited = threading.Event(), threading.Event()

    def slow(run: Run) -> float:
        if run.trial == 3:
            ready.set()
            assert edited.wait(20)
        return train(run)

    thread = threading.Thread(target=lambda: study.run(slow, trials=8, progress=False))
    thread.start()
    try:
        assert ready.wait(20)
        other = Study(url)
        other.add("dropout", Float(0.1, 0.5), was=0.0)
    finally:
        edited.set()
        thread.join(30)
    assert not thread.is_alive()
    values = [trial.config["dropout"] for trial in study.trials]
    assert values[:3] == [0.0] * 3 and all(value >= 0.1 for value in values[-4:])
    sound(study)


def test_two_who_edit_at_once_both_have_their_way(tmp_path: Path) -> None:
    url = str(tmp_path / "study.db")
    new_study(url).run(train, trials=2, progress=False).close()
    names = [f"h{i}" for i in range(6)]
    failed: list[BaseException] = []

    def add(name: str) -> None:
        try:
            study = Study(url)
            study.add(name, Float(0, 1, default=0))
            study.close()
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=add, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not failed
    study = Study(url)
    assert set(names) <= set(study.problem.space.names)
    assert len(study.history.edits) == 6
    sound(study)


def curve(run: Run) -> None:
    run.restore()
    for step in run.steps(9):
        run.report(loss=train(run) + {"sgd": 0.3, "adam": 0.1, "lion": 0.2}[run.config["opt"]] + 1 / step)
        run.checkpoint(lambda: {})


@pytest.mark.parametrize("scheduler", ["auto", "asha", "hyperband", "pbt", "freeze_thaw"])
def test_trials_that_wait_outside_an_edited_space_harm_nobody_who_looks(scheduler: str) -> None:
    space = Space(lr=Float(1e-4, 1, log=True), units=Int(16, 24), opt=Choice("sgd", "adam", "lion"))
    study = Study("memory:", space, minimize="loss", scheduler=scheduler)
    study.run(curve, trials=12, progress=False)
    study.narrow("opt", options=["adam", "lion"])
    study.edit(units=Choice(16, 18, 20))
    for trials in (12, 18):
        study.run(curve, trials=trials, progress=False)
        assert str(study.advice) + str(study.importance()) + str(study.ablation())
        for kind in ("curves", "history", "parallel", "slice", "contour", "timeline"):
            KINDS[kind](study.problem, study.history)
    sound(study)


def test_coarse_to_fine_begins_anew_and_says_so() -> None:
    study = Study("memory:", SPACE, minimize="loss", searcher=Zoom(per_round=4), scheduler="full")
    study.run(train, trials=7, progress=False)
    assert "where the best trials lie" in study.trials[-1].why
    study.widen("units", high=4096)
    study.run(train, trials=9, progress=False)  # the new defaults first
    assert "over the whole space" in study.trials[-1].why


EDITS = {
    "widen": lambda s: s.edit(units=Int(8, 2048, log=True)),
    "narrow": lambda s: s.edit(units=Int(32, 256, log=True)),
    "linear": lambda s: s.edit(lr=Float(1e-3, 0.5)),
    "float": lambda s: s.edit(units=Float(8, 2048, log=True)),
    "options": lambda s: s.edit(lr=Choice(0.1, 0.01)),
    "more": lambda s: s.edit(opt=Choice("sgd", "adam", "lion")),
    "adam": lambda s: s.edit(opt=Fixed("adam")),
    "dropout": lambda s: s.edit(dropout=Float(0, 0.5, default=0)),
    "nesterov": lambda s: s.edit(nesterov=Choice(False, True, default=False)),
    "fixed": lambda s: s.edit(lr=0.1),
}


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    searcher=st.sampled_from(sorted(set(SEARCHERS) - {"grid"})),
    edits=st.lists(st.sampled_from(sorted(EDITS)), min_size=1, max_size=4),
    trials=st.integers(2, 6),
)
def test_whatever_is_edited_every_searcher_goes_on_inside(
    searcher: str, edits: list[str], trials: int
) -> None:
    study = new_study(searcher=searcher)
    total = 0
    for edit in edits:
        total += trials
        study.run(train, trials=total, progress=False)
        try:
            EDITS[edit](study)
        except (SpaceError, StudyError):  # some cannot follow others
            continue
        first = study.history.next_trial
        total += 2
        study.run(train, trials=total, progress=False)
        new = [trial for trial in study.trials if trial.number >= first]
        assert all(holds(study.problem.space, trial.config) for trial in new)
    assert len(study.records()) == len(study.trials)
    assert str(study.advice) is not None
    sound(study)
