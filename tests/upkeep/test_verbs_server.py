"""`osetra db` with the URL of a server: copy, backup, gc, create, migrate as people see them."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import osetra as ose
from executors import programs
from osetra.cli import main
from osetra.core.facts import Claimed, Suggested, Worker
from osetra.core.retention import needed
from osetra.errors import NoDatabase
from osetra.stores import open_store, studies
from osetra.stores.postgres.collect import collect
from osetra.testing.rig.postgres import Cluster
from osetra.tuning.locations import create as place_of
from upkeep.studies import steered


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path


@pytest.fixture
def database(cluster: Cluster, name: str) -> str:
    """The URL of a database of one's own."""
    url = f"{cluster.url.rpartition('/')[0]}/verbs-{name}"
    assert call("create", url).exit_code == 0
    return url


def call(*words: str) -> Result:
    result = CliRunner().invoke(main, ["db", *words])
    assert "Traceback" not in result.output
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result


def said(result: Result) -> str:
    return " ".join(result.output.split())


def tiny(url: str | Path, name: str = "main") -> None:
    study = ose.Study(url, programs.SPACE, minimize="loss", searcher="random", name=name)
    study.run(lambda run: 0.5, trials=2)
    study.close()


def test_a_study_moves_to_a_server_under_its_name_and_back(here: Path, database: str) -> None:
    (here / "osetra-runs" / "digits").mkdir(parents=True)
    steered(here / "osetra-runs" / "digits" / "study.db").close()
    moved = call("copy", "digits", database)
    assert moved.exit_code == 0, moved.output
    assert f"study.db → {database}#digits:" in said(moved)
    assert f"osetra resume '{database}#digits'" in said(moved)
    assert "verified" in moved.output and "of checkpoints" in moved.output
    assert studies(database) == ["digits"]
    again = call("copy", "digits", database)
    assert again.exit_code == 5
    assert "has facts already" in said(again) and "#NAME" in said(again)
    assert call("copy", "digits", f"{database}#second").exit_code == 0
    assert studies(database) == ["digits", "second"]
    assert call("check", database).exit_code == 0
    back = call("copy", f"{database}#digits", "back")
    assert back.exit_code == 0, back.output
    one, two = open_store(database, "digits"), open_store("osetra-runs/back/study.db")
    assert one.read() == two.read() and one.read_points()[0] == two.read_points()[0]
    one.close()
    two.close()


def test_all_studies_are_copied_each_under_its_name(here: Path, database: str) -> None:
    for name in ("a", "b"):
        tiny(here / "two.db", name)
    result = call("copy", "two.db", database)
    assert result.exit_code == 0, result.output
    assert result.output.count("verified") == 2
    assert studies(database) == ["a", "b"]
    refused = call("copy", database, "new.db#one")
    assert refused.exit_code == 1
    assert f"has several studies: a, b; copy one: {database}#a" in said(refused)
    assert call("copy", database, "all.db").exit_code == 0
    assert studies("all.db") == ["a", "b"]
    assert call("copy", "missing.db", database).exit_code == 1
    assert call("copy", "sqlite:///missing.db", database).exit_code == 1
    assert not (here / "missing.db").exists()


def test_what_runs_in_the_source_is_told(here: Path, database: str) -> None:
    tiny("s.db")
    store = open_store("s.db")
    store.append([Suggested(3, {"x": 0.5}, 1), Claimed(3, 1, Worker("h", "b", 1, 0.0))])
    store.close()
    copied = call("copy", "s.db", f"{database}#moved")
    assert copied.exit_code == 0, copied.output
    assert "1 running in s.db: given up in the copy after a minute" in said(copied)
    store = open_store(database, "moved")
    assert store.expired() == [] and store.renew(3, 1)
    store.close()


def test_a_database_is_saved_into_one_file(here: Path, database: str) -> None:
    empty = call("backup", database)
    assert empty.exit_code == 1
    assert "no study in it yet" in said(empty)
    tiny(database, "a")
    tiny(database, "b")
    saved = call("backup", database)
    assert saved.exit_code == 0, saved.output
    (file,) = here.glob("verbs-*-backup-2*.db")
    assert file.name in said(saved)
    assert studies(str(file)) == ["a", "b"]
    assert call("backup", f"{database}#b", "only.db").exit_code == 0
    assert studies("only.db") == ["b"]
    assert call("backup", database, "only.db").exit_code == 5


def test_checkpoints_that_nobody_needs_leave_the_database(here: Path, database: str) -> None:
    study = steered(database, "a")
    store = study._store
    assert store.depot is not None
    collect(database, ["a"])
    keep = needed(study.history, 1.0)
    assert set(store.depot.names()) <= keep and len(store.depot.names()) > 3
    before, spare = store.depot.names(), []
    unknown = store.checkpoints / "unknown.npz"
    for point in [p for trial in study.trials for p in trial.checkpoints if p.file not in keep][:3]:
        spare.append(store.checkpoints / point.file)
        spare[-1].write_bytes(b"x" * 1000)
        store.depot.put(spare[-1])
    unknown.write_bytes(b"mine")
    store.depot.put(unknown)
    dry = collect(database, ["a"], dry_run=True)
    assert [one.size for one in dry.rubbish] == [1000] * 6
    assert len(store.depot.names()) == len(before) + 4 and all(map(Path.exists, spare))
    result = call("gc", database)
    assert result.exit_code == 0, result.output
    assert said(result).count("that nobody needs, in the database") == 3
    assert set(store.depot.names()) == {*before, "unknown.npz"} and not any(map(Path.exists, spare))
    assert unknown.exists()  # young, and perhaps about to be recorded
    assert collect(database, ["a"]).rubbish == []
    study.close()


def test_a_database_is_created_once_and_only_on_a_server(database: str) -> None:
    again = call("create", database)
    assert again.exit_code == 5 and "already exists" in again.output
    assert "is no server" in said(call("create", "digits.db"))
    assert "names no database" in said(call("create", database.rpartition("/")[0]))
    assert "schema 1 already; nothing to do" in said(call("migrate", migrated(database)))
    assert "no file but a server" in said(call("recover", database + "#a"))


def migrated(url: str) -> str:
    tiny(url, "a")
    return url


def test_a_missing_database_is_offered_to_those_who_are_there(database: str) -> None:
    url, asked = f"{database}-2", []

    def confirm(question: str) -> bool:
        asked.append(question)
        return len(asked) > 1

    assert not place_of("digits", store=url).folder.joinpath("study.url").exists()
    with pytest.raises(NoDatabase, match="osetra db create"):
        studies(url)  # nobody was asked without a terminal
    with pytest.raises(NoDatabase):
        place_of("digits", store=url, confirm=confirm)
    assert place_of("digits", store=url, confirm=confirm).address.url == url
    assert studies(url) == [] and len(asked) == 2
