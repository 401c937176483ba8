"""Studies with experience: what is tried first, when it is left, and what is refused."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import msgspec
import pytest

import osetra as ose
from experience.past import SPACE, loss, record, searched
from osetra.core.facts import Noted
from osetra.errors import StudyError
from osetra.experience import home
from osetra.experience.records import StudyRecord, encode


def go_on(study: ose.Study, trials: int, best: float = 0.01) -> list[dict[str, Any]]:
    """Return the configurations of so many more trials."""
    configs = []
    for _ in range(trials):
        run = study.ask()
        configs.append(dict(run.config))
        study.tell(run, loss(run.config, best))
    return configs


def notes(study: ose.Study) -> list[Noted]:
    return study.history.noted("experience")


def mirrored(one: StudyRecord) -> StudyRecord:
    """Return the record with its best place at the other end of every range."""
    points = 1 - SPACE.encode([config for config, _ in one.trials])
    configs = SPACE.decode(points)
    trials = [(config, value) for config, (_, value) in zip(configs, one.trials, strict=True)]
    return msgspec.structs.replace(one, trials=trials)


def test_what_was_good_elsewhere_is_tried_right_after_the_defaults() -> None:
    past = [record("one"), record("two", best=0.02)]
    study = ose.Study("memory:", SPACE, minimize="loss", experience=past)
    default, first, *_ = go_on(study, 3)
    assert default == SPACE.default
    assert 0.004 < first["lr"] < 0.05 and first["act"] == "b" and first["units"] > 128
    assert notes(study)[0].text.startswith("experience of 2 studies: tried first lr=")
    assert study.trials[1].why == "experience of 2 studies: good there"


def test_names_ranges_and_directions_may_differ() -> None:
    space = ose.Space(
        learning_rate=ose.Float(1e-3, 0.1, scale="log"),
        width=ose.Choice(16, 64, 256),
        activation=ose.Choice("b", "c"),
    )
    past = record(maximize="score")
    study = ose.Study("memory:", space, minimize="error", experience=[past])
    study.tell(study.ask(), 1.0)
    first = study.ask().config
    assert 0.003 < first["learning_rate"] < 0.04 and first["width"] == 256 and first["activation"] == "b"


def test_experience_is_in_the_log_so_that_every_program_does_the_same(tmp_path: Path) -> None:
    past = [record("one"), record("two", best=0.1)]
    path = tmp_path / "new.db"
    both = [ose.Study(path, SPACE, minimize="loss", experience=past), ose.Study(path)]
    a = go_on(both[0], 2)
    b = go_on(both[1], 2)
    again = go_on(ose.Study("memory:", SPACE, minimize="loss", experience=past), 4)
    assert [*a, *b] == again
    for study in both:
        study.close()


def test_without_being_asked_for_there_is_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("OSETRA_EXPERIENCE", str(tmp_path))
    home.keep(record())
    study = ose.Study("memory:", SPACE, minimize="loss")
    assert go_on(study, 4) == go_on(ose.Study("memory:", SPACE, minimize="loss", seed=0), 4)
    assert notes(study) == []


def test_experience_that_does_not_carry_over_is_left_and_that_is_said() -> None:
    study = ose.Study(
        "memory:", SPACE, minimize="loss", experience=[mirrored(record("one")), mirrored(record("two"))]
    )
    go_on(study, 3)
    assert [note.name for note in notes(study)] == ["first", "over"]
    assert notes(study)[1].text.endswith(
        "does not carry over: what was tried of it (trial 2) is no better than what else was"
    )
    assert sum("experience" in trial.why for trial in study.trials) == 1


def test_a_later_disappointment_ends_it_too_and_a_success_does_not() -> None:
    past = [record("one", best=1e-3), record("two", best=0.3), record("three", best=0.02)]
    study = ose.Study("memory:", SPACE, minimize="loss", experience=past)
    wanted = notes(study)[0].data["configs"]
    assert len(wanted) >= 2
    go_on(study, 2, best=wanted[0]["lr"])
    assert dict(study.ask().config) == wanted[1]


def test_hostile_experience_costs_next_to_nothing() -> None:
    plain, misled = [], []
    for seed in range(6):
        past = [mirrored(record(f"one{seed}")), mirrored(record(f"two{seed}"))]
        for kept, given in ((plain, None), (misled, past)):
            study = ose.Study("memory:", SPACE, minimize="loss", seed=seed, experience=given)
            go_on(study, 16)
            kept.append(study.best.value)
    assert sum(misled) / 6 <= 0.1 + 1.3 * (sum(plain) / 6 - 0.1) + 0.02


@pytest.mark.parametrize("workers", [1, 3])
def test_workers_begin_with_the_defaults_and_with_experience(workers: int) -> None:
    study = ose.Study(
        "memory:", SPACE, minimize="loss", experience=[record("one", best=1e-3), record("two", best=0.3)]
    )
    wanted = notes(study)[0].data["configs"]
    runs = [study.ask() for _ in range(workers)]
    assert dict(runs[0].config) == SPACE.default
    assert [dict(run.config) for run in runs[1:]] == wanted[: workers - 1]


@pytest.mark.parametrize("scheduler", ["full", "auto", "asha", "hyperband", "median", "freeze_thaw"])
def test_every_scheduler_tries_it(scheduler: str) -> None:
    study = ose.Study("memory:", SPACE, minimize="loss", scheduler=scheduler, experience=[record("one")])

    def train(run: ose.Run) -> None:
        for step in range(1, 5):
            run.report(loss=loss(run.config) + 1 / step)

    study.run(train, trials=4, steps=4, progress=False)
    assert study.trials[1].config == notes(study)[0].data["configs"][0]


@pytest.mark.parametrize(
    "searcher", ["auto", "bayes", "tpe", "random", "sobol", "zoom", "cmaes", "evolution"]
)
def test_every_searcher_goes_on_from_it(searcher: str) -> None:
    study = ose.Study("memory:", SPACE, minimize="loss", searcher=searcher, experience=[record("one")])
    configs = go_on(study, 5)
    assert configs[:2] == [SPACE.default, *notes(study)[0].data["configs"][:1]]
    assert len({str(config) for config in configs}) == 5


@pytest.mark.parametrize("searcher", ["grid", "manual"])
def test_searchers_that_follow_a_plan_do_not_ask(searcher: str) -> None:
    space = ose.Space(lr=ose.Choice(0.01, 0.1), units=ose.Choice(8, 16), act=ose.Choice("a", "b"))
    study = ose.Study("memory:", space, minimize="loss", searcher=searcher, experience=[record("one")])
    if searcher == "manual":
        with pytest.raises(StudyError):
            study.ask()
    else:
        assert "experience" not in study.trials[-1].why if study.ask() else True


def test_studies_files_urls_and_the_home_are_experience(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OSETRA_EXPERIENCE", str(tmp_path / "home"))
    home.keep(record("kept"))
    (tmp_path / "one.json.gz").write_bytes(encode(record("file")))
    store = tmp_path / "old.db"
    for name in ("a", "b"):
        with_trials = ose.Study(store, SPACE, minimize="loss", name=name)
        go_on(with_trials, 10)
        with_trials.close()
    held = searched("held")
    given = ["home", tmp_path / "one.json.gz", f"{store}#b", held]
    study = ose.Study("memory:", SPACE, minimize="loss", experience=given)
    assert notes(study)[0].data["names"] == ["held", "b", "file", "kept"]
    every = ose.Study(store, SPACE, minimize="loss", name="new", experience=store)
    assert sorted(notes(every)[0].data["names"]) == ["a", "b"]
    every.close()


def odd(name: str, **changes: Any) -> StudyRecord:
    """Return a record of which something is otherwise."""
    return msgspec.structs.replace(record(name), **changes)


STRANGERS = [({"x": i / 9}, i / 9) for i in range(9)]
LEVEL = [(config, 1.0) for config, _ in record("flat").trials]
ELSEWHERE = [({**config, "lr": 1e9}, value) for config, value in record("away").trials]
CONSTANT: dict[str, str | list[str]] = {"lr": "0.1", "units": "8", "act": "a"}


@pytest.mark.parametrize(
    ("past", "why"),
    [
        (record("short", trials=1), "1 trials with a value, 8 are needed"),
        (record("other", maximize="loss"), "it made loss larger"),
        (odd("far", space={"x": "float(0, 1)"}, trials=STRANGERS), "0 of 3"),
        (odd("new", space={"lr": "wavelet(1, 2)"}), "cannot read"),
        (odd("flat", trials=LEVEL), "same value"),
        (odd("fixed", space=CONSTANT), "0 of 3"),
        (odd("away", trials=ELSEWHERE), "16 of its 16 trials lie outside its own space"),
        (
            odd("believed", space={**record().space, "lr": "log(1e-4, 1, prior=normal(9, sd=1))"}),
            "cannot read",
        ),
    ],
    ids=["one", "direction", "names", "version", "flat", "constants", "away", "belief"],
)
def test_experience_that_teaches_nothing_is_left_out_and_named(
    past: StudyRecord, why: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "osetra"):
        study = ose.Study("memory:", SPACE, minimize="loss", experience=[past, record("sound")])
    assert [r.message for r in caplog.records] == [
        m for m in [r.message for r in caplog.records] if past.study in m
    ]
    assert len(caplog.records) == 1 and why in caplog.records[0].message
    assert notes(study)[0].data["names"] == ["sound"]


def test_a_name_from_elsewhere_does_nothing_to_a_terminal(caplog: pytest.LogCaptureFixture) -> None:
    past = odd("bad", study="\x1b[2Jwiped\n", trials=LEVEL)
    ose.Study("memory:", SPACE, minimize="loss", experience=[past])
    assert "\x1b" not in caplog.records[0].message and "wiped" in caplog.records[0].message


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (3, "experience=3"),
        ([3], "experience=3"),
        ("", "experience=''"),
        (["nowhere.db"], "there is no such study"),
        (["nowhere.json.gz"], "cannot be read"),
        (["memory:"], "there is no such study"),
    ],
    ids=["number", "numbers", "empty", "store", "file", "memory"],
)
def test_what_is_no_experience_is_refused_before_there_is_a_study(
    given: Any, said: str, tmp_path: Path
) -> None:
    with pytest.raises(StudyError, match=said):
        ose.Study(tmp_path / "new.db", SPACE, minimize="loss", experience=given)
    assert not (tmp_path / "new.db").exists()


def test_a_study_that_has_begun_goes_on_without(caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    path = tmp_path / "study.db"
    begun = ose.Study(path, SPACE, minimize="loss")
    go_on(begun, 2)
    begun.close()
    again = ose.Study(path, experience=[record()])
    assert "before the first trial" in caplog.text and notes(again) == []
    again.close()


def test_configurations_that_an_edit_put_outside_are_passed_over() -> None:
    study = ose.Study("memory:", SPACE, minimize="loss", experience=[record("one")])
    go_on(study, 1)
    study.edit(lr=ose.Float(0.5, 1.0, scale="log"))
    go_on(study, 2)
    assert all(trial.config["lr"] >= 0.5 for trial in study.trials[1:])
