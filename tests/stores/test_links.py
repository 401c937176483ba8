"""A study behind links: one file is one file, whatever it is called; links that lead nowhere are named."""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path

import pytest

from osetra.core.facts import Noted
from osetra.errors import StoreError
from osetra.stores import SqliteStore, open_store
from osetra.stores.sqlite import folding
from osetra.upkeep.check import check

NOTE = Noted("t", "1", "text")


def test_two_names_of_a_file_share_its_log_its_lock_and_its_checkpoints(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(folding, "_complained", set())
    real, link = tmp_path / "disk" / "real.db", tmp_path / "link.db"
    real.parent.mkdir()
    link.symlink_to("disk/real.db")
    with closing(open_store(str(link))) as first, closing(SqliteStore(real)) as second:
        first.append([NOTE])  # it makes the file that the link leads to
        assert second.read() == first.read()
        assert first.url == second.url == str(real)
        assert first.checkpoints == second.checkpoints
        assert Path(f"{real}-wal").exists()
    assert [file.name for file in tmp_path.glob("link.db*")] == ["link.db"]
    assert not caplog.records


def test_links_of_links_and_folders_that_are_links_lead_to_one_file(tmp_path):
    (tmp_path / "disk").mkdir()
    (tmp_path / "alias").symlink_to("disk")
    (tmp_path / "disk" / "first.db").symlink_to("../disk/second.db")
    (tmp_path / "disk" / "second.db").symlink_to("third.db")
    with closing(SqliteStore(tmp_path / "alias" / "first.db")) as store:
        store.append([NOTE])
    assert (tmp_path / "disk" / "third.db").stat().st_size


@pytest.mark.parametrize("opener", [SqliteStore, lambda path: open_store(str(path)), check])
def test_links_that_lead_to_each_other_are_named(tmp_path, opener):
    (tmp_path / "a.db").symlink_to("b.db")
    (tmp_path / "b.db").symlink_to("a.db")
    with pytest.raises(StoreError, match=r"a\.db: this symbolic link leads back to itself"):
        opener(tmp_path / "a.db")


def test_a_link_into_a_missing_folder_names_that_folder(tmp_path):
    (tmp_path / "a.db").symlink_to("missing/x.db")
    with pytest.raises(StoreError, match=f"the folder {tmp_path}/missing does not exist"):
        SqliteStore(tmp_path / "a.db")


def test_a_file_with_two_names_is_refused_before_anything_is_written(tmp_path):
    path, other = tmp_path / "a.db", tmp_path / "b.db"
    with closing(SqliteStore(path)) as store:
        store.append([NOTE])
    os.link(path, other)
    before = path.read_bytes()
    for name in (path, other):
        with pytest.raises(StoreError, match=rf"{name}: this file has 2 names \(hard links\)"):
            SqliteStore(name)
        assert any("hard links" in fault.text for audit in check(name) for fault in audit.violations)
    assert path.read_bytes() == before
    other.unlink()
    with closing(SqliteStore(path)) as store:
        assert len(store.read()) == 1
