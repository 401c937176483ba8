"""Rows 4, 5, 13, 15, 19: the file survives death at every statement, power loss, and a failing disk."""

import ctypes
import errno
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest

from faults import SOAK, scripted
from osetra.core.curves import Point
from osetra.core.facts import Claimed, Noted, Suggested, ended
from osetra.core.invariants import violations
from osetra.errors import StoreError
from osetra.stores import SqliteStore, open_store
from osetra.stores.sqlite import database
from stores import programs

pytestmark = pytest.mark.slow


def assert_sound(path):
    """The database is whole and its log obeys the protocol."""
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()
    store = open_store(str(path))
    found = violations(store.read(), store.read_points()[0])
    store.close()
    assert not any(violation.grave for violation in found), found


class Mortal(sqlite3.Connection):
    """A connection whose process is killed before or after its nth statement."""

    count, fatal, after = 0, 0, False

    def execute(self, *arguments):
        return self._counted(super().execute, arguments)

    def executemany(self, *arguments):
        return self._counted(super().executemany, arguments)

    def _counted(self, action, arguments):
        Mortal.count += 1
        if Mortal.count == Mortal.fatal and not Mortal.after:
            os.kill(os.getpid(), signal.SIGKILL)
        found = action(*arguments)
        if Mortal.count == Mortal.fatal:
            os.kill(os.getpid(), signal.SIGKILL)
        return found


def lives_until(path, fatal, after):
    """Live the scripted life in a process that dies at a statement; return how many calls returned."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        connect = sqlite3.connect
        database.sqlite3.connect = lambda *a, **k: connect(*a, factory=Mortal, **k)
        Mortal.count, Mortal.fatal, Mortal.after = 0, fatal, after
        store = SqliteStore(path)
        for facts, points in scripted.calls():
            store.append(facts, points)
            os.write(writer, b".")
        store.close()
        os._exit(0)
    os.close(writer)
    told = b""
    while part := os.read(reader, 100):
        told += part
    os.close(reader)
    return len(told), os.waitpid(child, 0)[1]


def test_row_4_death_at_each_statement_leaves_whole_calls(tmp_path):
    died = 0
    for fatal in range(1, 1000):
        for after in (False, True):
            path = tmp_path / f"{fatal}-{after}.db"
            told, status = lives_until(path, fatal, after)
            store = open_store(str(path))
            there = scripted.prefix(store)
            # A call whose reply was never heard may have taken effect, and no other.
            assert there is not None and told <= there <= told + 1, (fatal, after)
            for facts, points in scripted.calls()[there:]:
                store.append(facts, points)
            store.close()
            assert_sound(path)
            died += status != 0
        if status == 0:
            break
    assert died > 2 * len(scripted.calls())


def test_row_5_results_survive_power_loss(tmp_path, monkeypatch):
    """What was not forced to the disk is torn at random, in blocks of a disk."""
    monkeypatch.setattr(database, "WAL_LIMIT", 40_000)  # several checkpoints happen
    rng, path, wal = random.Random(5), tmp_path / "a.db", tmp_path / "a.db-wal"
    store, forced, promised = SqliteStore(path), b"", []
    synchronise = database.Database._synchronise

    def remembered(self, link):
        nonlocal forced
        synchronise(self, link)
        forced = wal.read_bytes()

    monkeypatch.setattr(database.Database, "_synchronise", remembered)
    lost = checkpoints = 0
    for trial in range(1, 2001 if SOAK else 101):
        store.append([Suggested(trial, {"lr": 0.5}, 1), Claimed(trial, 1, scripted.WORKER)])
        store.append([], [Point(trial, 1, 0, step, "loss", step / 7) for step in range(rng.randrange(60))])
        if rng.random() < 0.7:
            result = ended(trial, 1, "finished", trial / 3)
            store.append([result])
            promised.append(result)
        now = wal.read_bytes()
        if len(now) < len(forced):
            checkpoints += 1
            forced = b""
        ruin = tmp_path / "ruin.db"
        shutil.copy(path, ruin)
        (tmp_path / "ruin.db-wal").write_bytes(torn(now, forced, rng))
        again = SqliteStore(ruin)
        kept, points = [entry.fact for entry in again.read()], again.read_points()[0]
        assert [fact for fact in kept if fact in promised] == promised
        whole = [entry.fact for entry in store.read()]
        assert kept == whole[: len(kept)]
        assert points == store.read_points()[0][: len(points)]
        lost += len(kept) < len(whole) or len(points) < len(store.read_points()[0])
        again.append([Noted("still", "writable", "")])
        again.close()
        assert_sound_file(ruin)
        for rest in tmp_path.glob("ruin.db*"):
            rest.unlink()
    store.close()
    assert lost and checkpoints


def torn(now, forced, rng):
    """Return a file of which only what was forced to the disk is certain to be there."""
    keep = len(forced) if now.startswith(forced) else 0
    blocks = [now[at : at + 512] for at in range(keep, len(now), 512)]
    kind = rng.choice(["none", "some", "cut"])
    if kind == "none":
        return now[:keep]
    if kind == "cut":
        return now[: rng.randint(keep, len(now))]
    return now[:keep] + b"".join(b if rng.random() < 0.5 else bytes(len(b)) for b in blocks)


def assert_sound_file(path):
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()


def test_row_15_checkpoints_among_writers_that_are_killed_corrupt_nothing(tmp_path):
    """All eight writers run checkpoints, of a log that is full all the time."""
    path, rng = str(tmp_path / "a.db"), random.Random(15)
    text = "from osetra.stores.sqlite import database; database.WAL_LIMIT = 30_000; "
    text += f"from stores import programs; programs.crew({path!r}, 8)"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    crew = subprocess.Popen(
        [sys.executable, "-c", text],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env=environment,
    )
    writers = [int(crew.stdout.readline()) for _ in range(8)]
    deadline, kills = time.monotonic() + (1800.0 if SOAK else 4.0), 0
    try:
        while time.monotonic() < deadline:
            time.sleep(rng.uniform(0.01, 0.2))
            victim = rng.randrange(8)
            os.kill(writers[victim], signal.SIGKILL)
            writers[victim] = int(crew.stdout.readline())
            kills += 1
            if kills % 20 == 0:
                reader = sqlite3.connect(path)
                assert reader.execute("PRAGMA quick_check").fetchone() == ("ok",)
                reader.close()
    finally:
        os.killpg(crew.pid, signal.SIGKILL)
        crew.communicate()
    assert kills > 10
    assert_sound_file(path)


def test_row_13_a_long_reader_and_many_writers_never_meet_a_locked_file(tmp_path):
    path = str(tmp_path / "a.db")
    open_store(path).append([Noted("a", "b", "")])
    done, reads = threading.Event(), 0

    def read():
        nonlocal reads
        connection = sqlite3.connect(path)
        connection.execute("BEGIN")
        connection.execute("SELECT count(*) FROM point").fetchone()  # a snapshot that lasts
        done.wait()
        connection.close()

    reader = threading.Thread(target=read)
    reader.start()
    try:
        programs.run("flood", path, 16, 400 if SOAK else 8)  # fails when a writer does
    finally:
        done.set()
        reader.join()
    assert len(open_store(path).read_points()[0]) == 16 * (400 if SOAK else 8) * 100


SHIM = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <sys/types.h>

static int countdown, code, shorten;
void fail_at(int nth, int error, int half) { countdown = nth; code = error; shorten = half; }
int left_of_it(void) { return countdown; }

static int ours(int fd) {
    char link[64], name[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t size = readlink(link, name, sizeof name - 1);
    if (size < 0) return 0;
    name[size] = 0;
    return strstr(name, "shim.db") != NULL;
}
static int fails(int fd) {
    if (countdown <= 0 || !ours(fd)) return 0;
    return --countdown == 0;
}
#define NEXT(name) static __typeof__(name) *next; if (!next) next = dlsym(RTLD_NEXT, #name)

ssize_t pwrite64(int fd, const void *data, size_t size, off64_t at) {
    NEXT(pwrite64);
    if (fails(fd)) {
        if (shorten && size > 1) return next(fd, data, size / 2, at);
        errno = code;
        return -1;
    }
    return next(fd, data, size, at);
}
ssize_t pread64(int fd, void *data, size_t size, off64_t at) {
    NEXT(pread64);
    if (fails(fd) && !shorten) { errno = code; return -1; }
    return next(fd, data, size, at);
}
int fdatasync(int fd) {
    NEXT(fdatasync);
    if (fails(fd) && !shorten) { errno = code; return -1; }
    return next(fd);
}
int fsync(int fd) {
    NEXT(fsync);
    if (fails(fd) && !shorten) { errno = code; return -1; }
    return next(fd);
}
int ftruncate64(int fd, off64_t size) {
    NEXT(ftruncate64);
    if (fails(fd) && !shorten) { errno = code; return -1; }
    return next(fd, size);
}
"""


def under_a_failing_disk(folder):
    """Live the scripted life once for each call of the disk and kind of failure; print what is wrong."""
    shim = ctypes.CDLL(None)
    limit, path = database.WAL_LIMIT, Path(folder) / "shim.db"
    database.WAL_LIMIT = 20_000
    reached = 0
    kinds = [(errno.EIO, 0), (0, 1)]  # the second is a short write
    kinds += [(code, 0) for code in (errno.ENOSPC, errno.EINTR, errno.EDQUOT)] * SOAK
    for error, half in kinds:
        for nth in range(1, 10_000):
            for rest in path.parent.glob("shim.db*"):
                rest.unlink()
            shim.fail_at(nth, error, half)
            store, told, text = SqliteStore(path), 0, ""
            try:
                for facts, points in scripted.calls():
                    store.append(facts, points)
                    told += 1
            except StoreError as failure:
                text = str(failure)
                if str(path) not in text:
                    print(f"{error}/{half}/{nth}: no file is named: {text}")
            over = shim.left_of_it() > 0
            shim.fail_at(0, 0, 0)
            with suppress(StoreError):
                store.close()
            again = SqliteStore(path)
            there = scripted.prefix(again)
            if there is None or not told <= there <= told + 1:
                print(f"{error}/{half}/{nth}: {told} calls returned, {there} are there ({text})")
            again.close()
            assert_sound_file(path)
            if over:
                break
            reached += 1
    database.WAL_LIMIT = limit
    print(f"failures: {reached}")


def test_row_19_each_failing_call_of_the_disk_names_the_file_and_loses_nothing(tmp_path):
    if shutil.which("cc") is None or sys.platform != "linux":
        pytest.skip("a C compiler and Linux are needed")
    (tmp_path / "shim.c").write_text(SHIM)
    library = tmp_path / "shim.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", library, tmp_path / "shim.c", "-ldl"], check=True)
    text = f"from faults.test_rows_4_5_15_19_storage import *; under_a_failing_disk({str(tmp_path)!r})"
    environment = {**os.environ, "LD_PRELOAD": str(library), "PYTHONPATH": os.pathsep.join(sys.path)}
    said = subprocess.run(
        [sys.executable, "-c", text], env=environment, capture_output=True, text=True, timeout=300
    )
    assert said.returncode == 0, said.stderr
    *wrong, last = said.stdout.splitlines()
    assert wrong == []
    assert int(last.removeprefix("failures: ")) > 100
