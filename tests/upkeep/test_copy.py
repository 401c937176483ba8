"""A study moves from store to store whole: every fact with its version and time, every point, bit by bit."""

from __future__ import annotations

import math
import struct
import threading
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

import osetra as ose
from osetra.core.curves import Point
from osetra.core.facts import Claimed, Entry, Fact, Noted, Opened, Suggested, Worker, ended
from osetra.errors import Conflict, LeaseLost, StoreAway, StoreError, StudyError
from osetra.stores import SqliteStore, open_store, studies
from osetra.stores.address import Address
from osetra.stores.postgres import PostgresStore, create_database, depot
from osetra.stores.validation import open_attempts
from osetra.testing.rig.postgres import Cluster
from osetra.testing.stores import EXACT
from osetra.upkeep.backup import backup
from osetra.upkeep.check import check, check_store
from osetra.upkeep.copy import copy
from upkeep.studies import steered

WORKER = Worker("host", "boot", 1, 0.0)
OPENED = Opened({"lr": "0 … 1"}, "loss", "minimize", "best", 7)
DOUBLES = st.binary(min_size=8, max_size=8).map(lambda raw: struct.unpack("d", raw)[0]) | st.floats()
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
NAMES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """Return a function that moves this process to another machine: one without our files."""

    def move(name: str) -> None:
        monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / name))

    move("here")
    return move


def contents(url: str, study: str = "main") -> tuple[list[Entry], list[tuple[object, ...]]]:
    """What a study holds; points with the bits of their values, NaN all alike."""
    with closing(open_store(url, study)) as store:
        points = store.read_points()[0]
        return store.read(), [
            (*p[:5], "nan" if math.isnan(p.value) else struct.pack("d", p.value)) for p in points
        ]


@st.composite
def logs(draw: st.DrawFn) -> tuple[list[Entry], list[Point]]:
    """A log of trials that ended or not, with texts and numbers that databases like to change."""
    facts: list[Fact] = [Opened({"lr": draw(TEXTS)}, draw(TEXTS), "minimize", "best", 7)]
    points: list[Point] = []
    for trial in range(1, draw(st.integers(1, 4))):
        value = draw(st.floats(allow_nan=False, allow_infinity=False) | TEXTS | st.booleans() | st.none())
        facts.append(Suggested(trial, {"lr": value}, len(facts), "person", draw(TEXTS), draw(TEXTS)))
        for attempt in range(1, draw(st.integers(1, 3))):
            facts.append(Claimed(trial, attempt, WORKER))
            for step, number in enumerate(draw(st.lists(DOUBLES, max_size=4)), 1):
                points.append(Point(trial, attempt, draw(st.integers(0, 2**62)), step, draw(NAMES), number))
            if draw(st.booleans()):
                facts.append(ended(trial, attempt, "finished", draw(DOUBLES), draw(TEXTS)))
    facts.append(Noted("n", "1", draw(TEXTS), {"low": [draw(st.integers(-(2**60), 2**60)), None]}))
    times = draw(st.lists(st.floats(0, 1e12), min_size=len(facts), max_size=len(facts)))
    return [Entry(n, time, fact) for n, (time, fact) in enumerate(zip(times, facts, strict=True), 1)], points


@pytest.fixture(scope="module")
def places(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    folder = tmp_path_factory.mktemp("logs")
    mine = f"random-{folder.name}"  # the server may have seen this module before
    one, two = str(folder / "a.db"), str(folder / "b.db")
    return SimpleNamespace(server=cluster.url, one=one, two=two, mine=mine, count=0)


def test_hard_numbers_and_texts_go_to_a_server_and_back_bit_by_bit(places: SimpleNamespace) -> None:
    hard = [Point(1, 1, 2**62, step, "\\N\t'Ü\n\r\\.", value) for step, value in enumerate(EXACT, -3)]
    texts = [Noted("n", text, text) for text in ("\\N", "\\.", "\t\n\r\b", "'\"$1%s", "\u202e𝄞")]
    facts = [OPENED, Suggested(1, {"lr": 5e-324}, 1), Claimed(1, 1, WORKER), *texts]
    facts.append(Noted("nul", "1", "\0", {"low": [-0.0, 2**62, 1e-310, None, "\0"]}))
    travels(places, [Entry(n, 0.1 + n, fact) for n, fact in enumerate(facts, 1)], hard)


@pytest.mark.slow
@settings(max_examples=25)
@given(log=logs())
def test_any_log_goes_to_a_server_and_back_bit_by_bit(
    places: SimpleNamespace, log: tuple[list[Entry], list[Point]]
) -> None:
    travels(places, *log)


def travels(places: SimpleNamespace, entries: list[Entry], points: list[Point]) -> None:
    """Copy a log to a server and back, and compare all three."""
    places.count += 1
    name = f"{places.mine}-{places.count}"
    with closing(SqliteStore(places.one, name)) as store:
        store.restore(entries, points)
    way = [Address(url, name) for url in (places.one, places.server, places.two)]
    for source, target in pairwise(way):
        copy([(source, target)])
    held = contents(places.one, name)
    assert held[0] == entries
    assert [row[:5] for row in held[1]] == [point[:5] for point in points]
    for address in way[1:]:
        assert contents(address.url, name) == held
        with closing(open_store(address.url, name)) as again:
            live = [place for place in open_attempts(e.fact for e in entries) if again.renew(*place)]
            assert live == open_attempts(e.fact for e in entries)


def test_a_study_moves_to_a_server_and_goes_on_there_and_comes_back(
    cluster: Cluster, name: str, tmp_path: Path, machine
) -> None:
    steered(tmp_path / "laptop.db").close()
    (moved,) = copy([(Address(str(tmp_path / "laptop.db")), Address(cluster.url, name))])
    assert moved.audit.sound and not moved.audit.violations
    assert moved.size > 0 and moved.running == []
    assert contents(cluster.url, name) == contents(str(tmp_path / "laptop.db"))
    machine("far")
    with closing(open_store(cluster.url, name)) as store:
        assert not store.checkpoints.exists()
    again = ose.Study(cluster.url, name=name)
    again.order(2, "resume")
    again.run(lambda run: run.restore() and 0.5, trials=5)
    assert again.trials[1].attempts[-1].source is not None  # it went on, and did not begin anew
    again.close()
    machine("third")
    back = tmp_path / "back.db"
    (moved,) = copy([(Address(cluster.url, name), Address(str(back), "b"))])
    assert moved.audit.sound and not moved.audit.violations
    assert contents(cluster.url, name) == contents(str(back), "b")
    assert all(audit.sound for audit in check(back))


def test_a_study_with_facts_is_never_written_over(cluster: Cluster, name: str, tmp_path: Path) -> None:
    source = Address(str(tmp_path / "a.db"))
    with closing(open_store(source.url)) as store:
        store.append([Noted("a", "b", "c")])
    for url in (str(tmp_path / "b.db"), cluster.url):
        with closing(open_store(url, name)) as store:
            store.append([Noted("mine", "b", "c")])
        fresh = Address(url, f"{name}-fresh")
        with pytest.raises(StoreError, match=r"has facts already.*name another study: '.*#NAME'"):
            copy([(source, fresh), (source, Address(url, name))])
        assert fresh.study not in studies(url)  # nothing was written before everything was looked at
        with closing(open_store(url, name)) as store:
            with pytest.raises(StoreError, match="has facts already"):
                store.restore([Entry(1, 1.0, Noted("x", "y", "z"))])
            assert [entry.fact for entry in store.read()] == [Noted("mine", "b", "c")]
            assert store.append([Noted("mine", "c", "d")]) == 2


def test_there_must_be_something_to_copy_and_a_place_that_stays(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="nothing to copy"):
        copy([(Address(str(tmp_path / "a.db")), Address(str(tmp_path / "b.db")))])
    with closing(open_store(str(tmp_path / "a.db"))) as store:
        store.append([Noted("a", "b", "c")])
    with pytest.raises(StoreError, match="gone when this program ends"):
        copy([(Address(str(tmp_path / "a.db")), Address("memory:"))])


@pytest.mark.parametrize("kind", ["file", "server"])
def test_what_runs_gets_a_lease_and_the_copy_is_written_like_any_study(
    cluster: Cluster, name: str, tmp_path: Path, kind: str
) -> None:
    entries = [
        Entry(n, 100.0 + n, fact)
        for n, fact in enumerate([OPENED, Suggested(1, {}, 1), Claimed(1, 1, WORKER), Suggested(2, {}, 3)], 1)
    ]
    url = cluster.url if kind == "server" else str(tmp_path / "a.db")
    with closing(open_store(url, name)) as store:
        store.restore(entries, [Point(1, 1, 0, 1, "loss", 0.5)], lease=-1.0)
        assert store.expired() == [(1, 1)]
        assert store.append([Claimed(2, 1, WORKER)], [Point(2, 1, 0, 1, "loss", 0.25)]) == 5
        assert store.append([ended(1, 1, "lost")]) == 6
        with pytest.raises(LeaseLost):
            store.append([], [Point(1, 1, 0, 2, "loss", 0.5)])
        with pytest.raises(Conflict):
            store.append([Claimed(1, 1, WORKER)])
        assert [point.value for point in store.read_points()[0]] == [0.5, 0.25]
        assert check_store(store).sound


@pytest.mark.parametrize("kind", ["file", "server"])
def test_of_many_who_restore_at_once_one_does(cluster: Cluster, name: str, tmp_path: Path, kind: str) -> None:
    url, refused = cluster.url if kind == "server" else str(tmp_path / "a.db"), []

    def restore(mine: int) -> None:
        with closing(open_store(url, name)) as store:
            try:
                store.restore([Entry(n, float(n), Noted("by", f"{mine}/{n}", "")) for n in range(1, 50)])
            except StoreError as error:
                refused.append(str(error))

    threads = [threading.Thread(target=restore, args=(mine,)) for mine in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 5 and all("has facts already" in text for text in refused)
    with closing(open_store(url, name)) as store:
        assert len({entry.fact.name.partition("/")[0] for entry in store.read()}) == 1
        assert store.version() == 49


def test_a_copy_whose_confirmation_is_lost_is_made_once(cluster: Cluster, name: str, monkeypatch) -> None:
    entries = [Entry(n, float(n), Noted("a", str(n), "c")) for n in (1, 2, 3)]
    store = PostgresStore(cluster.url, name, patience=10.0)
    once, lost = store._server._once, []

    def lossy(action, tables, again):
        result = once(action, tables, again)
        if not lost:
            lost.append(True)
            raise StoreAway("the answer was lost")
        return result

    monkeypatch.setattr(store._server, "_once", lossy)
    store.restore(entries)
    assert lost and store.read() == entries
    store.close()


def test_checkpoints_too_large_for_the_database_are_said_to_be(
    cluster: Cluster, name: str, tmp_path: Path, machine, monkeypatch, caplog
) -> None:
    steered(tmp_path / "a.db").close()
    monkeypatch.setattr(depot, "LARGEST", 10)
    copy([(Address(str(tmp_path / "a.db")), Address(cluster.url, name))])
    assert caplog.text.count("too much to travel through the database") == 1
    with closing(open_store(cluster.url, name)) as store:
        assert check_store(store).violations == []  # this machine has them
        machine("far")
        assert "is not on this machine" in check_store(store).violations[0].text


def test_a_whole_database_is_saved_into_a_new_file(
    cluster: Cluster, name: str, tmp_path: Path, machine
) -> None:
    names = [name, f"{name} Zürich/2"]
    for one in names:
        steered(cluster.url, one).close()
    machine("far")
    made = backup(cluster.url, tmp_path / "saved.db", names=names)
    assert made.sound and not any(audit.violations for audit in made.audits)
    assert {file.name for file in tmp_path.iterdir()} - {"here", "far"} == {"saved.db", "saved.checkpoints"}
    assert studies(str(made.file)) == names
    for one in names:
        assert contents(cluster.url, one) == contents(str(made.file), one)
    kept = sum(f.stat().st_size for f in (tmp_path / "saved.checkpoints").rglob("*.npz"))
    assert made.size == made.file.stat().st_size + kept > made.file.stat().st_size
    with pytest.raises(StoreError, match="exists and is not overwritten"):
        backup(cluster.url, tmp_path / "saved.db", names=names)
    empty = f"{cluster.url}_without_studies"
    create_database(empty)
    with pytest.raises(StudyError, match="no study in it yet"):
        backup(empty, tmp_path / "empty.db")


def test_a_copy_that_breaks_off_leaves_nothing(
    cluster: Cluster, name: str, tmp_path: Path, machine, monkeypatch
) -> None:
    steered(cluster.url, name).close()
    monkeypatch.setattr(SqliteStore, "restore", lambda *_: (_ for _ in ()).throw(StoreError("broken")))
    machine("far")
    with pytest.raises(StoreError, match="broken"):
        backup(cluster.url, tmp_path / "saved.db", names=[name])
    assert not [file for file in tmp_path.iterdir() if "saved" in file.name]
