"""Tidying up deletes what nobody needs, nothing else, and says how much it was."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

import osetra as ose
from executors.test_processes import processes_about, started, until
from osetra.errors import StoreError
from osetra.stores import open_store
from osetra.stores.sqlite.collect import collect
from osetra.upkeep.backup import backup
from osetra.upkeep.check import check, check_store
from upkeep.studies import steered


@pytest.fixture
def path(tmp_path: Path) -> Path:
    steered(tmp_path / "s.db").close()
    return tmp_path / "s.db"


def folder(path: Path) -> Path:
    return open_store(str(path)).checkpoints


def rubbish(place: Path, name: str, *, hours: float, size: int = 100) -> Path:
    place.mkdir(parents=True, exist_ok=True)
    file = place / name
    file.write_bytes(b"x" * size)
    then = time.time() - 3600 * hours
    os.utime(file, (then, then))
    return file


def test_what_nobody_needs_goes_and_what_somebody_needs_stays(path: Path) -> None:
    collect(path)  # the end of a search leaves some
    needed = sorted(folder(path).iterdir())
    old = [
        rubbish(folder(path), ".trial-9.77.part", hours=2),
        rubbish(folder(path), "trial-99-attempt-1-fold-0-step-3.npz", hours=2),
        rubbish(path.with_suffix(".checkpoints") / "study-gone", "trial-1.npz", hours=2),
        rubbish(path.with_suffix(".logs"), "worker-0.log", hours=2),
    ]
    kept = [
        rubbish(folder(path), ".trial-9.78.part", hours=0.5),
        rubbish(folder(path), "trial-98-attempt-1-fold-0-step-3.npz", hours=0.5),
        rubbish(path.with_suffix(".logs"), "worker-1.log", hours=0.5),
        rubbish(folder(path), "notes.txt", hours=2),
    ]
    would = collect(path, dry_run=True)
    assert all(file.exists() for file in [*old, *kept])
    done = collect(path)
    assert {one.path for one in would.rubbish} == {one.path for one in done.rubbish} == set(old)
    assert sum(one.size for one in done.rubbish) == 400
    assert not any(file.exists() for file in old)
    assert all(file.exists() for file in [*needed, *kept])
    assert not (path.with_suffix(".checkpoints") / "study-gone").exists()
    assert all(audit.sound for audit in check(path))


def test_while_something_runs_the_file_and_the_logs_are_left_alone(path: Path) -> None:
    study = ose.Study(path)
    run = study.ask()
    log = rubbish(path.with_suffix(".logs"), "worker-0.log", hours=2)
    done = collect(path)
    assert done.running == [f"main: trial {run.trial}, attempt 1"]
    assert (done.compacted, log.exists()) == (0, True)
    study.tell(run, 0.5)
    assert collect(path).running == []
    assert not log.exists()
    study.enqueue({"lr": 0.1})  # the compacted file goes on
    assert all(audit.sound for audit in check(path))


def test_compacting_frees_what_was_deleted_and_changes_nothing_else(path: Path) -> None:
    import sqlite3

    store = open_store(str(path))
    before = (store.read(), store.read_points()[0])
    store.close()
    connection = sqlite3.connect(path)
    connection.executescript("CREATE TABLE x (y); INSERT INTO x VALUES (zeroblob(1000000)); DROP TABLE x")
    connection.close()
    assert collect(path).compacted > 900_000
    assert (store.read(), store.read_points()[0]) == before
    assert all(audit.sound for audit in check(path))


def test_a_log_that_makes_no_sense_deletes_nothing(path: Path) -> None:
    import sqlite3

    old = rubbish(folder(path), ".trial-9.77.part", hours=2)
    connection = sqlite3.connect(path)
    connection.execute("UPDATE fact SET body = '{}' WHERE version = 5")
    connection.commit()
    connection.close()
    with pytest.raises(StoreError, match="nothing was deleted"):
        collect(path)
    assert old.exists()


@pytest.mark.slow
def test_a_study_at_work_may_be_checked_copied_and_tidied_at_any_time(tmp_path: Path) -> None:
    """Two workers keep a checkpoint every 20 ms; whatever is looked at meanwhile is sound."""
    url = tmp_path / "s.db"
    program = started("steady", url, trials=4)
    try:
        assert until(lambda: url.exists() and url.with_suffix(".checkpoints").exists(), 60)
        for look in range(60):
            store = open_store(str(url))
            found = [violation.text for audit in check(url) for violation in audit.violations]
            assert found + [violation.text for violation in check_store(store).violations] == []
            store.close()
            collect(url)
            assert look % 20 or backup(url, tmp_path / f"copy-{look}.db").sound
    finally:
        program.send_signal(signal.SIGINT)
        program.wait(60)
    assert until(lambda: processes_about(url) == [])
    assert all(audit.sound for audit in check(url))
