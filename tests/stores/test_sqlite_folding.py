"""One file is one file: what is written is soon in the file itself, and a log that is gone is missed."""

import logging
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner

import osetra as ose
from osetra.cli import main
from osetra.core.curves import Point
from osetra.core.facts import Claimed, Noted, Suggested, Worker
from osetra.errors import StoreError
from osetra.stores import SqliteStore
from osetra.stores.sqlite import folding
from osetra.upkeep.backup import backup
from osetra.upkeep.check import check

WORKER = Worker("host", "boot", 1, 0.0)
WRITER = """
import sys, time
from osetra.core.facts import Noted
from osetra.stores import SqliteStore
store, number = SqliteStore(sys.argv[1]), 0
for pause in map(float, sys.argv[2:]):
    store.append([Noted("t", str(number), "text")])
    number += 1
    print(number, flush=True)
    time.sleep(pause)
time.sleep(60)
"""


@pytest.fixture(autouse=True)
def unsaid(monkeypatch):
    monkeypatch.setattr(folding, "_complained", set())


def killed(path, pauses):
    """Let a program write with pauses in between, and kill it once the last one is over."""
    command = [sys.executable, "-c", WRITER, str(path), *map(str, pauses)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        for _ in pauses:
            process.stdout.readline()
        time.sleep(pauses[-1])
        process.send_signal(signal.SIGKILL)


def moved(path):
    there = path.parent / "elsewhere" / path.name
    there.parent.mkdir()
    shutil.move(path, there)
    return there


def notes(path):
    with closing(SqliteStore(path)) as store:
        return len(store.read())


def faults(path):
    return [violation.text for audit in check(path) for violation in audit.violations]


def in_file(path):
    """Return how many facts the file alone holds."""
    with closing(sqlite3.connect(f"file:{path}?immutable=1", uri=True)) as connection:
        return connection.execute("SELECT count(*) FROM fact").fetchone()[0]


def test_what_is_written_is_in_the_file_after_a_moment_of_quiet(tmp_path, caplog):
    path = tmp_path / "s.db"
    killed(path, [0.0, 0.0, 0.0, 3.5])
    assert in_file(path) == 4
    assert notes(moved(path)) == 4
    assert not caplog.records


def test_a_log_that_is_not_beside_its_file_is_missed_and_can_be_put_back(tmp_path, caplog):
    path = tmp_path / "s.db"
    killed(path, [0.0] * 5)
    there = moved(path)
    with closing(SqliteStore(there)) as store:
        found = len(store.read())
        assert found < 5
        with pytest.raises(StoreError, match=r"s\.db-wal.*not beside it.*touch"):
            store.append([Noted("t", "new", "text")])
        assert len(store.read()) == found
    assert notes(there) == found
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert f"{there}-wal" in caplog.text
    shutil.move(f"{path}-wal", f"{there}-wal")
    assert notes(there) == 5
    with closing(SqliteStore(there)) as store:
        store.append([Noted("t", "new", "text")])
    assert in_file(there) == 6
    assert not Path(f"{there}-wal").exists()
    assert len(caplog.records) == 1


def test_who_has_lost_the_log_says_so_and_goes_on(tmp_path, caplog):
    path = tmp_path / "s.db"
    killed(path, [0.0] * 5)
    there = moved(path)
    found = notes(there)
    Path(f"{there}-wal").touch()
    with closing(SqliteStore(there)) as store:
        store.append([Noted("t", "new", "text")])
    assert notes(there) == found + 1
    assert len(caplog.records) == 1
    assert not any("-wal" in text for text in faults(there))


def test_the_checker_and_the_command_line_say_it(tmp_path):
    path = tmp_path / "s.db"
    study = ose.Study(path, ose.Space(x=ose.Float(0, 1)), minimize="loss")
    study.run(lambda run: run.config["x"], trials=2)
    study.close()
    killed(path, [0.0] * 5)
    there = moved(path)
    assert any("s.db-wal" in text for text in faults(there))
    shown = CliRunner().invoke(main, ["db", "check", str(there)])
    assert shown.exit_code == 1
    assert " ".join(shown.output.split()).count("not beside it") == 1
    assert not shown.output.rstrip().endswith("sound")


@pytest.mark.parametrize("seed", range(6))
def test_whatever_moment_it_is_killed_at_a_file_alone_is_whole_or_says_so(tmp_path, seed, caplog):
    rng = random.Random(seed)
    pauses = [rng.choice([0.0, 0.0, 0.01, 0.3, 1.2, 2.6]) for _ in range(6)]
    path = tmp_path / "s.db"
    killed(path, pauses)
    there = moved(path)
    caplog.clear()
    if notes(there) < len(pauses):
        assert "may be missing" in caplog.text, pauses


def test_the_next_one_folds_in_what_a_killed_one_left(tmp_path):
    path = tmp_path / "s.db"
    killed(path, [0.0] * 5)
    with closing(SqliteStore(path)) as store:
        assert len(store.read()) == 5
        deadline = time.monotonic() + 10
        while in_file(path) < 5 and time.monotonic() < deadline:
            time.sleep(0.1)
        assert in_file(path) == 5


@pytest.mark.parametrize("how", ["sqlite", "vacuum", "backup", "ours"])
def test_what_others_folded_in_is_no_loss(tmp_path, how, caplog):
    path = tmp_path / "s.db"
    killed(path, [0.0] * 5)
    if how == "backup":
        path = backup(path).file
    elif how == "ours":
        assert notes(path) == 5
    else:
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("VACUUM" if how == "vacuum" else "SELECT count(*) FROM fact").fetchall()
    assert not Path(f"{path}-wal").exists()
    there = moved(path)
    assert notes(there) == 5
    assert not caplog.records
    assert not any("-wal" in text for text in faults(there))


def test_a_copy_of_a_file_in_use_says_that_it_is_not_whole(tmp_path, caplog):
    path = tmp_path / "s.db"
    with closing(SqliteStore(path)) as store:
        for number in range(3):
            store.append([Noted("t", str(number), "text")])
        copy = tmp_path / "copy.db"
        shutil.copy(path, copy)
        assert notes(copy) < 3
        assert "may be missing" in caplog.text
    caplog.clear()
    assert notes(path) == 3
    assert not caplog.records


def test_two_who_open_it_at_once_do_not_complain_of_each_other(tmp_path, caplog):
    path = tmp_path / "s.db"
    code = (
        "import sys\nfrom osetra.core.facts import Noted\nfrom osetra.stores import SqliteStore\n"
        "for n in range(40):\n"
        "    store = SqliteStore(sys.argv[1]); store.append([Noted('t', f'{sys.argv[2]}-{n}', '')])\n"
        "    store.close()\n"
    )
    crowd = [
        subprocess.Popen([sys.executable, "-c", code, str(path), str(n)], stderr=subprocess.PIPE)
        for n in range(4)
    ]
    errors = [process.communicate()[1] for process in crowd]
    assert errors == [b""] * 4
    assert notes(path) == 160


def test_renewals_alone_are_no_loss(tmp_path, caplog):
    path = tmp_path / "s.db"
    with closing(SqliteStore(path)) as store:
        store.append([Suggested(1, {"x": 0.5}, 1), Claimed(1, 1, WORKER)])
    with closing(SqliteStore(path)) as store:
        assert store.renew(1, 1)
        shutil.copy(path, tmp_path / "copy.db")
    assert notes(tmp_path / "copy.db") == 2
    assert not caplog.records


def test_the_mark_is_no_metric(tmp_path):
    path = tmp_path / "s.db"
    with closing(SqliteStore(path)) as store:
        store.append([Suggested(1, {"x": 0.5}, 1), Claimed(1, 1, WORKER)])
        for step, name in enumerate(["loss", "accuracy", "loss", "f1"]):
            store.append([], [Point(1, 1, 0, step, name, 0.5)])
            store.close()
        assert [point.metric for point in store.read_points()[0]] == ["loss", "accuracy", "loss", "f1"]
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT count(*) FROM metric").fetchone() == (3,)


def test_files_of_earlier_versions_are_not_complained_of(tmp_path, caplog):
    for file in (Path(__file__).parents[1] / "golden").rglob("*.db"):
        copy = tmp_path / file.name
        shutil.copy(file, copy)
        with caplog.at_level(logging.WARNING), closing(SqliteStore(copy)) as store:
            store.studies()
    assert not caplog.records


def test_a_thread_of_its_own_ends_with_its_work(tmp_path):
    with closing(SqliteStore(tmp_path / "s.db")) as store:
        store.append([Noted("t", "1", "")])
        mine = [thread for thread in threading.enumerate() if thread.name == "osetra-fold"]
        assert len(mine) >= 1
        mine[-1].join(10)
        assert not mine[-1].is_alive()
        assert in_file(tmp_path / "s.db") == 1


@pytest.mark.parametrize("end", ["", "sys.exit(0)", "sys.exit(3)", "raise ValueError('x')", "del store, sys"])
def test_a_program_that_ends_without_closing_leaves_one_file(tmp_path, end):
    path = tmp_path / "s.db"
    program = f"""
import sys
from osetra.core.facts import Noted
from osetra.stores import SqliteStore
store = SqliteStore({str(path)!r})
for number in range(5):
    store.append([Noted("t", str(number), "text")])
{end}
"""
    subprocess.run([sys.executable, "-c", program], capture_output=True, timeout=60, check=False)
    assert in_file(path) == 5
    assert not Path(f"{path}-wal").exists()
    assert notes(moved(path)) == 5


def test_what_is_written_without_a_pause_is_in_the_file_before_long(tmp_path, monkeypatch):
    monkeypatch.setattr("osetra.stores.sqlite.database.BUSY", 0.3)
    with closing(SqliteStore(tmp_path / "s.db")) as store:
        begun, number = time.monotonic(), 0
        while time.monotonic() - begun < 1.2:
            store.append([Noted("t", str(number), "text")])
            number += 1
            time.sleep(0.02)
        assert number > 10
        assert in_file(tmp_path / "s.db") > number / 3


def test_a_busy_file_moved_without_its_log_says_so_whenever_that_is(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr("osetra.stores.sqlite.database.BUSY", 0.2)
    path = tmp_path / "s.db"
    with closing(SqliteStore(path)) as store:
        for number in range(40):
            store.append([Noted("t", str(number), "text")])
            time.sleep(0.01)
            copy = tmp_path / f"copy{number}" / "s.db"
            copy.parent.mkdir()
            with store._database.mutex:  # between two writes
                shutil.copy(path, copy)
                whole = in_file(path) == number + 1
            caplog.clear()
            monkeypatch.setattr(folding, "_complained", set())
            there = notes(copy)
            assert there <= number + 1
            assert whole or "may be missing" in caplog.text, (number, there)


def test_a_log_whose_file_was_moved_away_is_kept_from_a_new_file_of_that_name(tmp_path, caplog):
    path = tmp_path / "s.db"
    killed(path, [0.01] * 4)
    there = moved(path)
    log, held = Path(f"{path}-wal"), Path(f"{path}-wal").read_bytes()
    assert held
    with closing(SqliteStore(path)) as store:
        store.append([Noted("t", "new", "text")])
        assert len(store.read()) == 1
    aside = Path(f"{log}-1")
    assert aside.read_bytes() == held
    assert str(aside) in caplog.text
    assert "may be missing" in str(faults(there)) or notes(there) < 4
    shutil.move(aside, f"{there}-wal")
    Path(f"{there}-shm").unlink(missing_ok=True)
    assert notes(there) == 4


REPLACED = ("moved another", "copied another", "moved an older one", "copied an older one")


@pytest.mark.parametrize("how", REPLACED)
@pytest.mark.parametrize("seed", range(4))
def test_a_log_beside_a_file_that_was_put_in_its_place_is_named_and_kept(tmp_path, how, seed, caplog):
    rng = random.Random(seed)
    path, other = tmp_path / "s.db", tmp_path / "other.db"
    if "older" in how:
        with closing(SqliteStore(path)) as store:
            for number in range(rng.randint(1, 40)):
                store.append([Noted("early", str(number), "text" * rng.randint(1, 300))])
        shutil.copy(path, other)
    else:
        with closing(SqliteStore(other)) as store:
            for number in range(rng.randint(1, 40)):
                store.append([Noted("other", str(number), "text" * rng.randint(1, 300))])
    before = rng.randint(3, 30)
    killed(path, [rng.choice([0.0, 0.02]) for _ in range(before)])
    whole, held = notes_of_a_copy(path, tmp_path / "whole.db"), Path(f"{path}-wal").read_bytes()
    assert held
    first = shutil.copy(path, tmp_path / "first.db")
    wanted = notes(shutil.copy(other, tmp_path / "wanted.db"))
    caplog.clear()
    (shutil.move if "moved" in how else shutil.copy)(other, path)
    told = strange(path)
    if not told:  # the log has every page of the newer state of that very study: nothing is foreign
        assert "older" in how and notes(path) == whole
        return
    assert "is the log of another file" in " ".join(told) or "may be missing" in " ".join(told)
    with closing(SqliteStore(path)) as store:
        assert len(store.read()) == wanted
        store.append([Noted("t", "new", "text")])
    assert not strange(path)
    aside = Path(f"{path}-wal-1")
    assert aside.read_bytes() == held
    assert str(aside) in caplog.text
    shutil.move(aside, f"{first}-wal")
    assert notes(first) == whole


def strange(path):
    return [text for text in faults(path) if "the log begins with" not in text]


def notes_of_a_copy(path, copy):
    shutil.copy(path, copy)
    shutil.copy(f"{path}-wal", f"{copy}-wal")
    return notes(copy)


def test_files_that_are_moved_together_belong_together(tmp_path, caplog):
    path = tmp_path / "s.db"
    for number in range(3):
        killed(path, [0.0] * 4)
        there = tmp_path / str(number) / "s.db"
        there.parent.mkdir()
        for end in ("", "-wal", "-lock") if number else ("", "-wal"):
            shutil.move(f"{path}{end}", f"{there}{end}")
        assert not strange(there)
        assert notes(there) == 4
        for rest in tmp_path.glob("s.db*"):
            rest.unlink()
    assert not caplog.records
