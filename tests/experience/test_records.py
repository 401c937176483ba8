"""Records of studies: what they hold, and files that are none."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

import osetra as ose
from experience.past import SPACE, record, searched
from osetra.core.facts import Noted
from osetra.core.problem import Objective, Problem
from osetra.errors import StudyError
from osetra.experience import home
from osetra.experience.records import MOST, decode, encode, read_record, record_of
from osetra.study.experience import record_from
from osetra.testing.histories import Log


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("OSETRA_EXPERIENCE", str(tmp_path / "kept"))
    return tmp_path / "kept"


def test_a_record_is_read_back_as_it_was() -> None:
    one = record()
    assert decode(encode(one), "it") == one
    assert encode(one) == encode(decode(encode(one), "it"))
    assert len(encode(one)) < 2000


def test_failed_trials_are_kept_as_such_and_large_studies_are_thinned_out() -> None:
    study = searched(trials=MOST + 40)
    study.tell(study.ask(), failed="out of memory")
    one = record_of(study.problem, study.history, "old")
    values = [value for _, value in one.trials if value is not None]
    assert len(one.trials) == MOST
    assert min(values) == study.best.value
    assert max(values) > 1.0


def tree(one: Any = None) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.to_builtins(one or record())
    return found


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "ends too early"),
        (b"no gzip", "damaged"),
        (gzip.compress(b"[1, 2"), "damaged"),
        (encode(record())[:-40], "ends too early"),
        (gzip.compress(json.dumps({**tree(), "trials": 3}).encode()), "damaged"),
        (gzip.compress(json.dumps({**tree(), "format": 9}).encode()), "upgrade osetra"),
        (gzip.compress(json.dumps({**tree(), "format": 9, "new": 1}).encode()), "upgrade osetra"),
        (gzip.compress(b"0" * (33 * 2**20)), "more than 32 MB"),
        (gzip.compress(b"[" * 100_000), "damaged"),
        (gzip.compress(json.dumps({**tree(), "metric": ""}).encode()), "the name of a metric"),
        (gzip.compress(json.dumps({**tree(), "direction": "max"}).encode()), "damaged"),
        (gzip.compress(json.dumps({**tree(), "trials": [[{"lr": 10**400}, 1.0]]}).encode()), "not a value"),
        (gzip.compress(json.dumps({**tree(), "trials": [[{"lr": 1.0}, 10**400]]}).encode()), "damaged"),
        (
            gzip.compress(json.dumps({**tree(), "space": {f"x{i}": "0" for i in range(2000)}}).encode()),
            "2000 hyperparameters, and experience reads 1000 at most",
        ),
    ],
    ids=[
        "empty",
        "text",
        "half",
        "cut",
        "other",
        "newer",
        "newer-fields",
        "bomb",
        "deep",
        "metric",
        "direction",
        "value",
        "result",
        "wide",
    ],
)
def test_what_is_no_record_is_refused_with_a_sentence(data: bytes, said: str, folder: Path) -> None:
    path = folder / "x.json.gz"
    folder.mkdir()
    path.write_bytes(data)
    with pytest.raises(StudyError, match=said):
        read_record(path)
    assert home.keep(record()) is not None
    records, wrong = home.kept()
    assert [one.study for one in records] == ["old"]
    assert len(wrong) == 1 and str(path) in wrong[0]


def test_a_file_that_is_not_there_says_so(folder: Path) -> None:
    with pytest.raises(StudyError, match="cannot be read: No such file"):
        read_record(folder / "none.json.gz")


def test_a_study_that_went_on_replaces_its_record_and_another_one_does_not(folder: Path) -> None:
    study = searched("one")
    first = home.keep(record_of(study.problem, study.history, "one"))
    for _ in range(4):
        study.tell(study.ask(), 1.0)
    assert home.keep(record_of(study.problem, study.history, "one")) == first
    home.keep(record("two"))
    assert sorted((one.study, len(one.trials)) for one in home.kept()[0]) == [("one", 20), ("two", 16)]
    assert [path.name[0] for path in folder.iterdir() if path.name.startswith(".")] == []


def test_a_study_with_few_results_is_not_kept(folder: Path) -> None:
    assert home.keep(record(trials=5)) is None
    assert not folder.exists()


def test_forgetting_takes_names_of_records_and_of_studies_and_refuses_others(folder: Path) -> None:
    kept = [record("one"), record("two"), record("three")]
    for one in kept:
        home.keep(one)
    with pytest.raises(StudyError, match="Did you mean 'three'"):
        home.forget(["one", "thre"])
    assert len(home.kept()[0]) == 3
    assert home.forget(["one", kept[1].name]) == [kept[0].name, kept[1].name]
    assert [one.study for one in home.kept()[0]] == ["three"]


def test_the_home_is_where_the_system_keeps_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OSETRA_EXPERIENCE")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert home.home() == tmp_path / "osetra" / "experience"
    monkeypatch.setenv("OSETRA_EXPERIENCE", "off")
    assert home.home() is None
    assert home.keep(record()) is None and home.kept() == ([], [])


def test_a_home_that_cannot_be_written_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("OSETRA_EXPERIENCE", str(tmp_path / "file" / "kept"))
    with pytest.raises(StudyError, match="OSETRA_EXPERIENCE=off"):
        home.keep(record())


def test_records_are_for_their_owner_alone(folder: Path) -> None:
    path = home.keep(record())
    assert path is not None and path.stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700


def test_trainings_that_were_cut_short_are_recorded_with_what_they_would_have_come_to() -> None:
    problem = Problem(ose.Space(x=ose.Float(0, 1)), Objective(metric="loss"))
    log = Log(problem)
    log.write(Noted("steps", "9", "", {"steps": 9}))
    for place in range(10):
        number = log.start({"x": place / 10})
        whole = [1 + place + 4 / step for step in range(1, 10)]
        curve = whole if place % 2 == 0 else whole[:3]
        log.report(number, "loss", curve)
        log.end(number, "finished" if place % 2 == 0 else "stopped", min(curve))
    told = {config["x"]: value for config, value in record_from(problem, log.history, "cut").trials}
    assert len(told) == 10
    for trial in log.history.trials.values():
        value, x = told[trial.config["x"]], float(trial.config["x"])  # type: ignore[arg-type]
        assert value == pytest.approx(1 + 10 * x + 4 / 9, abs=0.4)
        assert trial.state == "finished" or (trial.value is not None and value < trial.value)


def test_a_file_of_which_anything_was_changed_is_read_or_refused() -> None:
    """Whatever stands in a file: a study begins, with it or with a sentence, and goes on."""
    rng, raw = np.random.default_rng(0), json.dumps(tree()).encode()
    sound = 0
    for _ in range(150):
        data = bytearray(raw)
        for place in rng.integers(len(data), size=2):
            data[place] = rng.choice(list(b'0123456789eE-+.,:"{}[]nul x'))
        try:
            one = decode(gzip.compress(bytes(data)), "it")
        except StudyError:
            continue
        sound += 1
        study = ose.Study("memory:", SPACE, minimize="loss", experience=[one])
        for _ in range(2):
            study.tell(study.ask(), 1.0)
    assert sound > 10


@pytest.mark.parametrize("named", ["~nobody-of-that-name/e", "a" * 5000], ids=["user", "long"])
def test_a_home_that_cannot_be_is_said_and_stops_no_study(
    named: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OSETRA_EXPERIENCE", named)
    records, wrong = home.kept()
    assert records == [] and len(wrong) == 1 and "OSETRA_EXPERIENCE=off" in wrong[0]
    for call in (home.names, lambda: home.keep(record()), lambda: home.forget(["one"])):
        with pytest.raises(StudyError, match="OSETRA_EXPERIENCE=off"):
            call()
    study = ose.Study("memory:", SPACE, minimize="loss", experience="home")
    study.tell(study.ask(), 1.0)


def test_what_is_no_file_in_the_home_is_named_and_not_waited_for(folder: Path) -> None:
    home.keep(record())
    (folder / "folder.json.gz").mkdir()
    (folder / "loop.json.gz").symlink_to("loop.json.gz")
    os.mkfifo(folder / "pipe.json.gz")
    records, wrong = home.kept()
    assert [one.study for one in records] == ["old"]
    assert sorted(sentence.partition(".json.gz: cannot be read: ")[2][:8] for sentence in wrong) == [
        "Is a dir", "Too many", "a named ",
    ]  # fmt: skip
    with pytest.raises(StudyError, match="cannot be deleted"):
        home.forget(["folder"])
    assert home.forget(["loop", "pipe"]) == ["loop", "pipe"]
