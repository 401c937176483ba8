"""The PostgreSQL store: what its server does to it, and what it says about it."""

import itertools
import os
import random
import sys
import threading
import time

import psycopg
import pytest

from osetra.core.curves import Point
from osetra.core.facts import Claimed, Noted, Suggested, Worker, ended
from osetra.errors import (
    Conflict,
    LeaseLost,
    MissingExtra,
    NewerSchema,
    NotAStudy,
    StoreAway,
    StoreError,
    StoreFull,
)
from osetra.installing import install_line
from osetra.stores import open_store, studies
from osetra.stores.postgres import PostgresStore, create_database, server
from osetra.stores.postgres.connection import Connection
from osetra.stores.postgres.errors import failed, unconnected
from osetra.testing.rig.postgres import Cluster
from stores.proxy import Proxy

WORKER = Worker("host", "boot", 1, 0.0)
KILLS = int(os.environ.get("OSETRA_KILLS", "20"))
CUTS = KILLS if KILLS <= 20 else 5 * KILLS

_databases = itertools.count()


@pytest.fixture
def store(cluster, name):
    opened = PostgresStore(cluster.url, name, patience=30.0)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def guarded(cluster):
    """A server with a password, that no other tests use."""
    with Cluster(password="p@ss/w:rd") as running:
        yield running


@pytest.fixture
def own_cluster(guarded):
    """A server that a test may stop, and a database that it may change, without harm to others."""
    guarded.create(f"osetra_{next(_databases)}")
    return guarded


@pytest.fixture
def proxied(cluster):
    with Proxy(cluster.port) as proxy:
        proxy.url = f"postgresql://osetra@127.0.0.1:{proxy.port}/{cluster.database}"
        yield proxy


def refusal(url, error=StoreError):
    with pytest.raises(error) as raised:
        open_store(url)
    return str(raised.value)


def test_wrong_users_passwords_and_databases_are_named_without_the_password(own_cluster):
    good = own_cluster.url
    assert "does not accept this user" in refusal(good.replace("p%40ss", "nonsense"))
    assert "does not accept this user" in refusal(good.replace("osetra:", "stranger:"))
    missing = refusal(good.replace("/osetra_", "/tuning_"))
    assert "no database 'tuning_" in missing
    assert "osetra db create" in missing
    for message in (refusal(good.replace("p%40ss", "nonsense")), missing):
        assert "w:rd" not in message
        assert "w%3Ard" not in message
        assert "nonsense" not in message
    store = open_store(good)
    assert "p@ss" not in repr(store)
    assert "p%40ss" not in repr(store)
    store.close()


def test_a_missing_database_can_be_created(own_cluster):
    url = own_cluster.url.replace("/osetra_", "/tuning-")
    assert create_database(url).startswith("tuning-")
    store = open_store(url)
    assert store.append([Noted("a", "b", "c")]) == 1
    store.close()
    assert studies(url) == ["main"]
    with pytest.raises(StoreError, match="already exists"):
        create_database(url)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("postgresql://u@127.0.0.1:1/db", "cannot be reached"),
        ("postgresql://u@no.such.host.invalid/db", "check host, port and network"),
    ],
)
def test_an_unreachable_server_is_away(url, words):
    begun = time.monotonic()
    assert words in refusal(url, StoreAway)
    assert time.monotonic() - begun < 30


def test_an_address_that_is_none(cluster):
    assert "no address of a server" in refusal("postgresql://u@h/db?nonsense=1")


def test_without_psycopg_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    monkeypatch.delitem(sys.modules, "osetra.stores.postgres.connection", raising=False)
    assert install_line("postgres") in refusal("postgresql://u@h/db", MissingExtra)


def test_another_programs_schema_is_left_untouched(own_cluster):
    own_cluster.sql("CREATE SCHEMA osetra CREATE TABLE osetra.theirs (x int)")
    assert "another program" in refusal(own_cluster.url, NotAStudy)
    assert own_cluster.sql("SELECT count(*) FROM pg_tables WHERE schemaname = 'osetra'") == [(1,)]


def test_a_newer_schema_is_refused_and_an_older_one_is_not_changed_unasked(own_cluster):
    store = open_store(own_cluster.url)
    store.append([Noted("a", "b", "c")])
    store.close()
    own_cluster.sql("UPDATE osetra.about SET schema = 99")
    assert "pip install --upgrade osetra" in refusal(own_cluster.url, NewerSchema)
    own_cluster.sql("UPDATE osetra.about SET schema = 0")
    assert "osetra db migrate" in refusal(own_cluster.url)


def test_databases_that_cannot_hold_all_texts_are_refused(own_cluster):
    own_cluster.sql("CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0 LC_COLLATE 'C' OWNER osetra")
    store = open_store(own_cluster.url.replace(f"/{own_cluster.database}", "/latin"))
    with pytest.raises(StoreError, match="LATIN1"):
        store.append([Noted("a", "b", "c")])
    store.close()


def test_missing_rights_are_explained(own_cluster):
    own_cluster.sql(f"ALTER DATABASE {own_cluster.database} OWNER TO owner")
    store = open_store(own_cluster.url)
    assert store.read() == []
    with pytest.raises(StoreError, match="GRANT ALL ON DATABASE"):
        store.append([Noted("a", "b", "c")])
    store.close()


def test_a_full_disk_can_be_waited_for():
    class Full(psycopg.errors.DiskFull):
        pass

    assert isinstance(failed(Full("could not extend file"), "postgresql://h/d"), StoreFull)


def test_passwords_in_the_words_of_libpq_are_masked():
    said = psycopg.OperationalError("connection to postgresql://me:secret@h/d password=secret failed")
    assert "secret" not in str(unconnected(said, "postgresql://me:secret@h/d"))


def test_many_first_users_create_the_tables_once(own_cluster):
    gate, troubles = threading.Barrier(16), []

    def begin(me):
        try:
            store = PostgresStore(own_cluster.url)
            gate.wait()
            store.append([Noted("hello", str(me), "")])
            store.close()
        except Exception as error:
            troubles.append(error)

    threads = [threading.Thread(target=begin, args=(me,)) for me in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert troubles == []
    store = PostgresStore(own_cluster.url)
    assert store.version() == 16
    store.close()


def test_lost_answers_double_nothing(proxied, name):
    """Row 8: the connection breaks after the commit; the call is repeated and nothing stands twice."""
    store = PostgresStore(proxied.url, name, patience=60.0)
    store.append([Suggested(n, {"lr": 0.5}, 1) for n in range(1, CUTS + 1)])
    for n in range(1, CUTS + 1):
        proxied.swallow = 1
        store.append([Claimed(n, 1, WORKER)])
        proxied.swallow = n % 2
        store.append([], [Point(n, 1, 0, step, "loss", 0.5) for step in range(5)])
        proxied.swallow = 1 + n % 2
        store.append([ended(n, 1, "finished", 0.5)], [Point(n, 1, 0, 5, "loss", 0.5)])
    proxied.swallow = 0
    assert proxied.swallowed >= 2 * CUTS
    assert store.version() == 3 * CUTS
    assert len(store.read_points()[0]) == 6 * CUTS
    with pytest.raises(Conflict):
        store.append([Claimed(1, 1, Worker("another", "boot", 2, 0.0))])
    store.close()


def test_a_repetition_after_somebody_else_was_faster_is_a_conflict(proxied, cluster, name):
    store, other = PostgresStore(proxied.url, name, patience=30.0), PostgresStore(cluster.url, name)
    store.append([Suggested(1, {"lr": 0.5}, 1)])
    other.append([Claimed(1, 1, Worker("another", "boot", 2, 0.0))])
    proxied.swallow = 1
    with pytest.raises(Conflict):
        store.append([Claimed(1, 1, WORKER)])
    store.close()
    other.close()


def test_a_silent_server_is_noticed(proxied, name, monkeypatch):
    """Row 9: neither side closes anything, and nothing comes any more."""
    assert Connection.silence <= 15
    monkeypatch.setattr(Connection, "silence", 1.0)
    store = PostgresStore(proxied.url, name, patience=0.0)
    store.append([Noted("a", "b", "c")])
    proxied.silent.set()
    begun = time.monotonic()
    with pytest.raises(StoreAway):
        store.version()
    assert time.monotonic() - begun < 15
    proxied.silent.clear()
    assert store.version() == 1
    store.close()


def test_a_restart_is_waited_for(own_cluster):
    """Row 10: whatever is called meanwhile returns once the server is back."""
    store = PostgresStore(own_cluster.url, patience=60.0)
    store.append([Suggested(1, {"lr": 0.5}, 1), Claimed(1, 1, WORKER)])
    for step in range(3):
        own_cluster.restart("immediate")
        store.append([], [Point(1, 1, 0, step, "loss", 0.5)])
        assert store.version() == 2
    own_cluster.crash()
    back = threading.Timer(1.0, own_cluster.start)
    back.start()
    store.append([ended(1, 1, "finished", 0.5)])
    back.join()
    assert len(store.read_points()[0]) == 3
    assert len(store.read()) == 3
    store.close()


def test_nobody_is_given_up_who_could_not_renew(own_cluster):
    store = PostgresStore(own_cluster.url, patience=60.0)
    store.append([Suggested(1, {}, 1), Claimed(1, 1, WORKER)], lease=0.0)
    assert store.expired() == [(1, 1)]
    own_cluster.restart()
    time.sleep(0.05)
    assert store.expired() == []  # it may still come back
    store.append([Suggested(2, {}, 1), Claimed(2, 1, WORKER)], lease=0.0)
    assert store.expired() == [(2, 1)]  # this one was heard of since
    store.close()


def test_a_server_that_forgot_is_not_believed(own_cluster):
    store = PostgresStore(own_cluster.url, patience=30.0)
    store.append([Noted("a", "1", ""), Noted("a", "2", "")])
    assert len(store.read()) == 2
    own_cluster.restart()
    assert store.read(2) == []
    own_cluster.sql("DELETE FROM osetra.fact WHERE version = 2")
    own_cluster.restart()
    with pytest.raises(StoreError, match="lost facts that it had confirmed"):
        store.read(2)
    store.close()


def test_deadlocks_and_serialization_failures_are_tried_again(store):
    """Row 11: another transaction in the way is no news for anybody."""
    calls = []

    def unlucky(connection, again):
        calls.append(again)
        if len(calls) < server.TRIES:
            raise psycopg.errors.lookup("40P01")("deadlock detected")
        return "done"

    assert store._server.write(unlucky) == "done"
    assert calls[0] is False

    def hopeless(connection, again):
        raise psycopg.errors.lookup("40001")("could not serialize access")

    with pytest.raises(StoreError, match="overloaded"):
        store._server.write(hopeless)


def test_more_stores_than_connections_make_progress(cluster, monkeypatch):
    """Row 12: 20 busy stores on a server that lets 6 in."""
    monkeypatch.setattr(server, "TURN", 0.05)
    monkeypatch.setattr(server, "COUNT", 0.0)
    limits = {"max_connections": "8", "superuser_reserved_connections": "2"}
    with Cluster(settings=limits) as small:
        first = PostgresStore(small.url)
        first.append([Noted("a", "b", "c")])
        first.close()
        done, troubles = [], []

        def busy(me):
            try:
                opened = None
                while opened is None:
                    try:
                        opened = PostgresStore(small.url, f"s{me}", patience=120.0)
                    except StoreAway as away:
                        assert "max_connections" in str(away)
                        time.sleep(random.uniform(0.01, 0.1))
                for step in range(5):
                    opened.append([Noted("n", str(step), "")])
                    time.sleep(0.01)
                done.append(opened.version())
                opened.close()
            except Exception as error:
                troubles.append(error)

        threads = [threading.Thread(target=busy, args=(me,)) for me in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert troubles == []
        assert done == [5] * 20


def test_readers_miss_nothing_while_many_write(cluster, name):
    """Row 31: cursors pass no fact and no point that commits later."""
    writers, batches = 8, 40
    reader = PostgresStore(cluster.url, name)
    reader.append([Suggested(n, {}, 1) for n in range(1, writers + 1)])
    facts, points, version, cursor = [], [], 0, 0

    def write(me):
        store = PostgresStore(cluster.url, name)
        store.append([Claimed(me, 1, WORKER)])
        for batch in range(batches):
            store.append([Noted("n", f"{me}/{batch}", "")], [Point(me, 1, 0, batch, "loss", 0.5)])
        store.append([ended(me, 1, "finished", 0.5)])
        store.close()

    threads = [threading.Thread(target=write, args=(me,)) for me in range(1, writers + 1)]
    for thread in threads:
        thread.start()
    alive = True
    while alive:
        alive = any(thread.is_alive() for thread in threads)  # one more look after the last
        new = reader.read(version)
        facts, version = facts + new, new[-1].version if new else version
        more, cursor = reader.read_points(cursor)
        points += more
    assert [entry.version for entry in facts] == list(range(1, writers * (batches + 3) + 1))
    assert len(points) == writers * batches
    reader.close()


def test_a_clock_an_hour_off_is_said_and_does_no_harm(cluster, name, monkeypatch, caplog):
    """Row 28: leases follow the server's clock, whatever a machine believes."""
    right = PostgresStore(cluster.url, name)
    right.append([Suggested(1, {}, 1), Claimed(1, 1, WORKER)])
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() + 3600)
    wrong = PostgresStore(cluster.url, name)
    assert "3600 s ahead of the server's" in caplog.text
    assert "timedatectl" in caplog.text
    assert wrong.expired() == []
    wrong.append([Suggested(2, {}, 1), Claimed(2, 1, WORKER)])
    monkeypatch.undo()
    assert right.expired() == []
    times = [entry.time for entry in right.read()]
    assert times == sorted(times)
    assert times[-1] - times[0] < 600
    right.close()
    wrong.close()


def test_fencing_across_connections(cluster, name):
    zombie, other = PostgresStore(cluster.url, name), PostgresStore(cluster.url, name)
    zombie.append([Suggested(1, {}, 1), Claimed(1, 1, WORKER)])
    other.append([ended(1, 1, "lost")])
    for facts, points, error in (
        ([], [Point(1, 1, 0, 1, "loss", 0.5)], LeaseLost),
        ([ended(1, 1, "finished", 0.5)], [], Conflict),
        ([ended(1, 1, "finished", 0.5)], [Point(1, 1, 0, 1, "loss", 0.5)], Conflict),
    ):
        with pytest.raises(error):
            zombie.append(facts, points)
    assert not zombie.renew(1, 1)
    zombie.close()
    other.close()


def test_a_fork_gets_a_connection_of_its_own(cluster, name):
    """Row 36: parent and child go on at once after a fork."""
    store = PostgresStore(cluster.url, name)
    store.append([Noted("a", "0", "")])
    child = os.fork()
    if child == 0:
        try:
            store.append([Noted("a", "child", "")])
            os._exit(0)
        finally:
            os._exit(1)
    store.append([Noted("a", "parent", "")])
    assert os.waitpid(child, 0)[1] == 0
    assert store.version() == 3
    store.close()


def test_checkpoints_of_all_machines_go_where_the_environment_says(store, monkeypatch, tmp_path):
    monkeypatch.setenv("OSETRA_CHECKPOINTS", str(tmp_path))
    assert store.checkpoints.parent == tmp_path
    monkeypatch.delenv("OSETRA_CHECKPOINTS")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    assert store.checkpoints.is_relative_to(tmp_path / "state" / "osetra")
