"""What a worker left behind, in every state that a crash or a bad disk can leave it in."""

import errno
import logging
import os
import random
import struct

import msgspec
import pytest

from osetra.core.curves import Point
from osetra.core.ending import Ending
from osetra.core.facts import Claimed, Suggested, Worker
from osetra.core.history import History
from osetra.errors import LeaseLost, StoreAway, StoreError, StoreFull
from osetra.executors import outbox as module
from osetra.executors.appending import end
from osetra.executors.identity import this_process
from osetra.executors.leases import give_up_lost
from osetra.executors.outbox import Letter, Outbox, left_behind
from osetra.stores import MemoryStore

DEAD = msgspec.structs.replace(this_process(), pid=2**22 + 1)
STEPS = 6


class Away(MemoryStore):
    """A store whose server can be switched off."""

    away = False

    def append(self, facts, points=(), *, lease=60.0):
        if self.away:
            raise StoreAway("the server is away")
        return super().append(facts, points, lease=lease)


def left(worker=DEAD):
    """Return a store and the file of a worker that died after its result, with the server away."""
    store = Away()
    store.append([Suggested(1, {"x": 0.5}, 1), Claimed(1, 1, DEAD)])
    box = Outbox(store, 1, 1, worker)
    store.away = True
    for step in range(1, STEPS):
        box.append([], [Point(1, 1, 0, step, "loss", 1.0 / step)])
    end(box, 1, 1, Ending("finished", 1.0 / STEPS), [Point(1, 1, 0, STEPS, "loss", 1.0 / STEPS)])
    store.away = False
    return store, box.file


def outcome(store):
    history = History().extend(store.read(), *store.read_points())
    return history.trials[1], [point.step for point in store.read_points()[0]]


def damages():
    """Yield a name and what is done to the bytes of a file."""
    rng = random.Random(7)
    yield "nothing", lambda data: data
    for keep in (0, 1, 3, 11, 12, 13):
        yield f"cut after {keep}", lambda data, keep=keep: data[:keep]
    for n in range(20):
        at = rng.random()
        yield f"cut {n}", lambda data, at=at: data[: int(at * len(data))]
        yield f"zeros {n}", lambda data, at=at: data[: int(at * len(data))].ljust(len(data), b"\0")
        bit = rng.randrange(8)
        noise = rng.randbytes(rng.randrange(1, 400))
        yield f"garbage {n}", lambda data, at=at, noise=noise: data[: int(at * len(data))] + noise
        yield (
            f"garbage inside {n}",
            lambda data, at=at, noise=noise: (
                data[: int(at * len(data))] + noise + data[int(at * len(data)) :]
            ),
        )
        yield (
            f"a bit {n}",
            lambda data, at=at, bit=bit: (
                data[: int(at * len(data))]
                + bytes([data[int(at * len(data))] ^ 1 << bit])
                + data[int(at * len(data)) + 1 :]
            ),
        )
    yield "all zeros", lambda data: bytes(len(data))
    yield "huge length", lambda data: data + b"OSL2" + struct.pack("<II", 2**32 - 1, 0) + b"x"
    yield "huge length, old", lambda data: struct.pack("<I", 2**32 - 1) + data
    yield "deep", lambda data: data + struct.pack("<I", 100_000) + b"\x91" * 100_000


@pytest.mark.parametrize(("name", "damage"), list(damages()), ids=[name for name, _ in damages()])
def test_no_damage_keeps_a_study_from_going_on(name, damage, caplog):
    store, file = left()
    whole = file.read_bytes()
    file.write_bytes(damage(whole))
    intact = file.read_bytes() == whole
    caplog.clear()
    with caplog.at_level(logging.WARNING, "osetra"):
        given_up = give_up_lost(store, History().extend(store.read()))
    trial, steps = outcome(store)
    assert steps == list(range(1, len(steps) + 1))  # what stood before the damage, and nothing else
    if trial.state == "finished":
        assert (trial.value, len(steps)) == (1.0 / STEPS, STEPS)
    else:
        assert given_up == [1] and trial.state == "queued"
    if intact:
        assert trial.state == "finished" and not caplog.records
    elif len(damage(whole)) > 0 and trial.state != "finished" and len(caplog.records) == 0:
        # Cut between two letters: nothing shows that more was to come.
        assert len(steps) < STEPS and whole.startswith(damage(whole))
    assert not file.exists()
    caplog.clear()
    assert not left_behind(store, 1, 1, DEAD)
    assert not caplog.records
    if name.startswith(("zeros", "garbage", "all zeros", "huge", "deep")):
        assert list(file.parent.glob(f"{file.name}.unreadable*"))


def test_a_damaged_file_is_named_once_with_what_it_means(caplog):
    store, file = left()
    file.write_bytes(file.read_bytes()[:-3])
    caplog.clear()
    with caplog.at_level(logging.WARNING, "osetra"):
        give_up_lost(store, History().extend(store.read()))
        give_up_lost(store, History().extend(store.read()))
    assert len(caplog.messages) == 1
    assert str(file) in caplog.text and "unreadable" in caplog.text and "may be missing" in caplog.text


@pytest.mark.parametrize("what", ["folder", "pipe", "no permission"])
def test_something_else_in_its_place_is_put_aside(what):
    store, file = left()
    file.unlink()
    if what == "folder":
        file.mkdir()
    elif what == "pipe":
        os.mkfifo(file)
    else:
        file.write_bytes(b"x")
        file.chmod(0)
    assert give_up_lost(store, History().extend(store.read())) == [1]
    assert not os.path.lexists(file)


def test_letters_of_another_study_of_that_name_are_not_delivered(caplog):
    other = msgspec.structs.replace(DEAD, started=1.0)
    store, _ = left(other)
    assert give_up_lost(store, History().extend(store.read())) == [1]
    assert outcome(store)[1] == []
    assert "another worker" in caplog.text


def test_what_stands_there_from_another_study_is_not_added_to():
    store, _ = left()
    box = Outbox(store, 1, 1, DEAD)
    store.away = True
    box.append([], [Point(1, 1, 0, 1, "loss", 0.125)])
    store.away = False
    assert not left_behind(store, 1, 1, DEAD)
    assert [point.value for point in store.read_points()[0]] == [0.125]


def test_files_of_earlier_versions_are_delivered():
    store, file = left()
    letters = [Letter([], [Point(1, 1, 0, step, "loss", 0.5)]) for step in (1, 2)]
    bodies = [msgspec.msgpack.encode(letter) for letter in letters]
    file.write_bytes(b"".join(struct.pack("<I", len(body)) + body for body in bodies))
    assert not left_behind(store, 1, 1, DEAD)
    assert outcome(store)[1] == [1, 2]


def test_short_writes_are_completed(monkeypatch):
    write = os.write
    monkeypatch.setattr(module.os, "write", lambda handle, data: write(handle, bytes(data)[:3]))
    store, _ = left()
    assert left_behind(store, 1, 1, DEAD)
    assert outcome(store)[1] == list(range(1, STEPS + 1))


@pytest.mark.parametrize("after", [0, 1, 7, 40])
def test_a_disk_that_fills_up_in_the_middle_of_a_letter_leaves_whole_letters(monkeypatch, after):
    store, file = left()
    box = Outbox(store, 1, 1, DEAD)
    store.away = True
    box.append([], [Point(1, 1, 0, 1, "loss", 0.5)])
    before, write = file.read_bytes(), os.write

    def full(handle, data):
        if not after or len(file.read_bytes()) > len(before):
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(handle, bytes(data)[:after])

    with monkeypatch.context() as patch:
        patch.setattr(module.os, "write", full)
        with pytest.raises(StoreFull, match="No space left"):
            box.append([], [Point(1, 1, 0, 2, "loss", 0.5)])
    assert file.read_bytes() == before
    box.append([], [Point(1, 1, 0, 2, "loss", 0.25)])
    store.away = False
    box.deliver()
    assert outcome(store)[1] == [1, 2]
    assert isinstance(DEAD, Worker)
    with pytest.raises(LeaseLost):
        store.append([], [Point(9, 9, 0, 1, "loss", 0.5)])


def test_it_is_private_and_no_link_is_followed(tmp_path):
    store, file = left()
    assert file.stat().st_mode & 0o777 == 0o600
    precious = tmp_path / "precious"
    precious.write_text("mine")
    file.unlink()
    file.symlink_to(precious)
    box = Outbox(store, 1, 1, DEAD)
    store.away = True
    with pytest.raises(StoreFull):
        box.append([], [Point(1, 1, 0, 1, "loss", 0.5)])
    assert precious.read_text() == "mine"


class Picky(Away):
    """A store that refuses every report of one step."""

    refused = 3

    def append(self, facts, points=(), *, lease=60.0):
        if not self.away and any(point.step == self.refused for point in points):
            raise StoreError("this step is not liked")
        return super().append(facts, points, lease=lease)


@pytest.mark.parametrize(("refused", "outcome_"), [(3, "finished"), (STEPS, "failed")])
def test_what_the_store_refuses_is_set_aside_and_named_and_the_rest_is_delivered(refused, outcome_, caplog):
    store = Picky()
    store.refused = refused
    store.append([Suggested(1, {"x": 0.5}, 1), Claimed(1, 1, DEAD)])
    box = Outbox(store, 1, 1, DEAD)
    store.away = True
    for step in range(1, STEPS):
        box.append([], [Point(1, 1, 0, step, "loss", 1.0 / step)])
    end(box, 1, 1, Ending("finished", 1.0 / STEPS), [Point(1, 1, 0, STEPS, "loss", 1.0 / STEPS)])
    store.away = False
    box.deliver()
    trial, steps = outcome(store)
    assert trial.state == outcome_
    assert steps == [step for step in range(1, STEPS + 1) if step != refused]
    kept = box.file.with_name(f"{box.file.name}.refused")
    assert kept.is_file()
    assert not box.file.exists()
    assert not box.waiting
    assert "this step is not liked" in caplog.text
    assert kept.name in caplog.text
