"""Studies are renamed and deleted, and the others in the same file or database do not notice."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from osetra.core.curves import Point
from osetra.core.facts import Claimed, Noted, Suggested, Worker, ended
from osetra.core.ports import Store
from osetra.errors import StoreError, StudyError
from osetra.stores import open_store, storage_of

NUMBERS = count()
WORKER = Worker("host", "boot", 1, 1.0)


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield str(tmp_path / "studies.db")
    else:
        running, name = request.getfixturevalue("cluster"), f"studies_{next(NUMBERS)}"
        running.create(name)
        yield running.url.rpartition("/")[0] + f"/{name}"


def work(store: Store, value: float, *, lease: float = 60.0, end: bool = True) -> None:
    """Train a trial, and leave a checkpoint's file beside."""
    claim = [Suggested(1, {"x": value}, 0), Claimed(1, 1, WORKER)]
    store.append(claim, [Point(1, 1, 0, step, "loss", value + step) for step in range(3)], lease=lease)
    store.checkpoints.mkdir(parents=True, exist_ok=True)
    (store.checkpoints / "kept.npz").write_bytes(b"state")
    if end:
        store.append([ended(1, 1, "finished", value)])


def opened(url: str, *names: str) -> list[Store]:
    return [open_store(url, name) for name in names]


def test_a_renamed_study_is_the_same_with_its_checkpoints(url: str) -> None:
    (old,) = opened(url, "before")
    work(old, 0.5)
    facts, points = old.read(), old.read_points()
    old.close()
    storage_of(url).rename("before", "a/b: after")
    assert storage_of(url).studies() == ["a/b: after"]
    (new,) = opened(url, "a/b: after")
    assert (new.read(), new.read_points()) == (facts, points)
    assert (new.checkpoints / "kept.npz").read_bytes() == b"state"
    new.close()


def test_a_deleted_study_is_gone_and_the_other_goes_on(url: str) -> None:
    gone, stays = opened(url, "gone", "stays")
    work(stays, 0.1, end=False)
    work(gone, 0.9)  # has the newest points of the file
    points, cursor = stays.read_points()
    folder = gone.checkpoints
    gone.close()
    storage_of(url).delete("gone")
    assert storage_of(url).studies() == ["stays"]
    assert not folder.exists()
    stays.append([], [Point(1, 1, 0, 7, "loss", 7.0)])
    later, _ = stays.read_points(cursor)
    assert [point.step for point in later] == [7], "a reader of the other study missed a point"
    assert len(points) == 3
    again, *_ = opened(url, "gone")
    assert again.version() == 0 and again.read_points()[0] == []
    again.append([Noted("topic", "name", "text")])
    assert again.version() == 1
    again.close()
    stays.close()


@pytest.mark.parametrize("verb", ["rename", "delete"])
def test_a_study_at_work_is_left_alone(verb: str, url: str) -> None:
    (store,) = opened(url, "busy")
    work(store, 0.5, end=False)
    words = ("busy", "other") if verb == "rename" else ("busy",)
    with pytest.raises(StudyError, match="'busy' is at work: trial 1 is running"):
        getattr(storage_of(url), verb)(*words)
    assert len(store.read()) == 2
    store.append([ended(1, 1, "finished", 0.5)])
    getattr(storage_of(url), verb)(*words)
    store.close()


def test_what_is_not_there_or_taken_is_named(url: str) -> None:
    one, two = opened(url, "digits", "letters")
    for store in (one, two):
        store.append([Noted("topic", "name", "text")])
        store.close()
    storage = storage_of(url)
    with pytest.raises(StudyError, match=r"no study 'digit' in it; it has: digits, letters\. Did you mean"):
        storage.delete("digit")
    with pytest.raises(StudyError, match="has a study 'letters' already"):
        storage.rename("digits", "letters")
    with pytest.raises(StoreError, match="NUL"):
        storage.rename("digits", "a\0b")
    with pytest.raises(StoreError, match="is blank"):
        storage.rename("digits", " ")
    assert storage.studies() == ["digits", "letters"]
