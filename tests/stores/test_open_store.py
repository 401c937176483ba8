"""URLs of stores."""

from __future__ import annotations

from pathlib import Path

import pytest

from osetra.core.facts import Noted
from osetra.errors import StoreError
from osetra.stores import MemoryStore, SqliteStore, open_store, studies


def test_memory() -> None:
    store = open_store("memory:", "mine")
    assert isinstance(store, MemoryStore)
    assert (store.url, store.study) == ("memory:", "mine")
    assert studies("memory:") == []


def test_path_and_sqlite_url_name_the_same_file(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    for url in (str(path), f"sqlite:///{path}"):
        store = open_store(url, "mine")
        assert isinstance(store, SqliteStore)
        assert (store.url, store.study) == (str(path), "mine")


def test_url_opens_the_same_study_again(tmp_path: Path) -> None:
    store = open_store(str(tmp_path / "a.db"))
    store.append([Noted("t", "n", "")])
    assert open_store(store.url, store.study).version() == 1


def test_unknown_scheme_lists_the_known_ones() -> None:
    with pytest.raises(StoreError, match=r"'redis'; known: memory:, .*sqlite:///"):
        open_store("redis://host/1")


@pytest.mark.parametrize("url", ["", ":memory:", "sqlite:///"])
def test_no_file_named(url: str) -> None:
    with pytest.raises(StoreError, match="names no file; write a path"):
        open_store(url)


def test_studies_of_an_absent_file(tmp_path: Path) -> None:
    assert studies(str(tmp_path / "a.db")) == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("url", "meant"),
    [
        ("sqlite:digits.db", "write digits.db"),
        ("sqlite:/digits.db", "write digits.db"),
        ("file:digits.db", "write digits.db"),
        ("FILE:digits.db?mode=ro", "write digits.db"),
        ("digits.db?mode=ro", "write digits.db"),
        ("memory", "write memory:"),
    ],
)
def test_an_address_of_another_kind_makes_no_file_of_that_name(
    url: str, meant: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(StoreError, match=meant):
        open_store(url)
    assert list(tmp_path.iterdir()) == []


def test_the_kind_of_an_address_may_be_written_in_any_case(tmp_path: Path) -> None:
    store = open_store(f"SQLite:///{tmp_path}/digits.db")
    assert store.url == str(tmp_path / "digits.db")
    store.close()
    with pytest.raises(StoreError, match="three strokes"):
        open_store("sqlite://digits.db")
