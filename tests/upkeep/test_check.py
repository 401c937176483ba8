"""Whole studies pass the checker, through the port and from the file, and damage is found."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest

import osetra as ose
from executors import programs
from osetra.core.facts import Checkpointed
from osetra.errors import NewerSchema, NotAStudy, StoreError
from osetra.stores import MemoryStore, open_store
from osetra.upkeep.check import Audit, check, check_store
from upkeep.studies import steered


def texts(audits: list[Audit]) -> list[str]:
    return [violation.text for audit in audits for violation in audit.violations]


@pytest.fixture
def study(tmp_path: Path) -> ose.Study:
    return steered(tmp_path / "s.db")


def test_a_study_with_everything_in_it_is_sound(study: ose.Study) -> None:
    audits = check(Path(study.url))
    assert texts(audits) == []
    assert [(a.study, a.facts > 50, a.points > 20) for a in audits] == [
        ("", False, False),
        ("main", True, True),
    ]
    port = check_store(open_store(study.url))
    assert (port.violations, port.facts, port.points) == ([], audits[1].facts, audits[1].points)


def test_a_study_in_memory_is_checked_through_its_port() -> None:
    assert check_store(MemoryStore()).sound


def test_a_study_at_work_is_sound_at_every_moment(tmp_path: Path) -> None:
    url, seen = tmp_path / "s.db", []
    study = ose.Study(url, programs.SPACE, minimize="loss", searcher="random", scheduler="full")

    def train(run: ose.Run) -> float:
        seen.append(texts(check(url)))
        for step in run.steps(3):
            run.report(loss=run.config["x"] + step)
        return float(run.config["x"])

    study.run(train, trials=5)
    assert seen == [[]] * 5


def test_looking_leaves_the_file_as_it_is(study: ose.Study) -> None:
    path = Path(study.url)
    study.close()
    before = path.read_bytes()
    check(path)
    assert path.read_bytes() == before
    assert not Path(f"{path}-wal").exists() or Path(f"{path}-wal").stat().st_size == 0


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is read-only for root")
def test_a_file_on_a_medium_that_cannot_be_written_is_checked(study: ose.Study, tmp_path: Path) -> None:
    study.close()
    tmp_path.chmod(0o555)
    try:
        assert texts(check(Path(study.url))) == []
    finally:
        tmp_path.chmod(0o755)


def latest(study: ose.Study) -> Path:
    point = study.trials[1].checkpoints[-1]
    assert isinstance(point, Checkpointed)
    return open_store(study.url).checkpoints / point.file


def test_a_damaged_checkpoint_that_somebody_needs_is_named(study: ose.Study) -> None:
    file = latest(study)
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    (text,) = texts(check(Path(study.url)))
    assert text.startswith("trial 2, attempt 1: the checkpoint after step 4")
    assert "its SHA-256 differs" in text


def test_a_missing_checkpoint_that_a_trial_waits_for_is_named(study: ose.Study) -> None:
    latest(study).unlink()
    (text,) = texts(check(Path(study.url)))
    assert "is gone, and trial 2 was to go on from it" in text


BREAKS = {
    "DELETE FROM fact WHERE version = 9": "versions have no gaps",
    "DELETE FROM point WHERE trial = 1": "no report of it up to there is left",
    "INSERT INTO live VALUES (1, 3, 1, 9.5)": "trial 3, attempt 1 has ended, and still holds a lease",
    'UPDATE fact SET body = \'{"type":"claimed"}\' WHERE version = 9': "cannot be read",
    "UPDATE fact SET body = 'nonsense' WHERE version = 9": "cannot be read",
    "UPDATE fact SET key = 'ended/9/9' WHERE version = 9": "stands under the key 'ended/9/9'",
    "UPDATE point SET kind = 77 WHERE id = 3": "cannot be read",
    "UPDATE point SET metric = 77 WHERE id = 3": "cannot be read",
    "CREATE TRIGGER t AFTER INSERT ON fact BEGIN SELECT 1; END": "the trigger 't' as osetra never made it",
    "CREATE VIEW v AS SELECT 1": "the view 'v' as osetra never made it",
    "CREATE INDEX i ON fact (time)": "the index 'i' as osetra never made it",
    "DROP TABLE live": "its schema lacks the table 'live'",
}


@pytest.mark.parametrize("statement", BREAKS)
def test_a_file_that_was_changed_by_hand_is_not_sound(study: ose.Study, statement: str) -> None:
    study.close()
    connection = sqlite3.connect(study.url)
    connection.execute(statement)
    connection.commit()
    connection.close()
    assert any(BREAKS[statement] in text for text in texts(check(Path(study.url))))


def test_what_is_no_study_is_refused(tmp_path: Path) -> None:
    for name, content in (("text", b"shopping list" * 99), ("empty", b"")):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(NotAStudy):
            check(tmp_path / name)
    sqlite3.connect(tmp_path / "other.db").execute("CREATE TABLE t (x)").connection.close()
    with pytest.raises(NotAStudy, match="no study of osetra"):
        check(tmp_path / "other.db")
    with pytest.raises(StoreError, match="no such file"):
        check(tmp_path / "absent.db")


def test_a_newer_study_is_refused(study: ose.Study) -> None:
    study.close()
    connection = sqlite3.connect(study.url)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(NewerSchema, match="upgrade"):
        check(Path(study.url))
