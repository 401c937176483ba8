"""State: only whole files count, and none leads out of its folder."""

import os

import pytest

from osetra.command.state import files, gather, lay_out
from osetra.errors import CheckpointError


def test_what_is_gathered_is_laid_out_again(tmp_path):
    source, copy = tmp_path / "a", tmp_path / "b"
    (source / "deep" / "er").mkdir(parents=True)
    (source / "w").write_bytes(b"\x00\xff")
    (source / "deep" / "er" / "v").write_bytes(b"")
    lay_out(copy, gather(source))
    assert gather(copy) == {"w": b"\x00\xff", "deep/er/v": b""}


def test_unfinished_files_and_links_do_not_count(tmp_path):
    for name in ("a.tmp", "a.part", ".hidden"):
        (tmp_path / name).write_text("half")
    (tmp_path / ".folder").mkdir()
    (tmp_path / ".folder" / "x").write_text("x")
    (tmp_path / "link").symlink_to("/etc/passwd")
    os.mkfifo(tmp_path / "pipe")
    assert files(tmp_path) == {}


@pytest.mark.parametrize("name", ["../x", "/tmp/x", "a/../../x", "", ".", "a\0b"])
def test_hostile_names_are_refused(tmp_path, name):
    with pytest.raises(CheckpointError, match="must lie in its own folder"):
        lay_out(tmp_path / "in", {name: b""})
    assert not (tmp_path / "x").exists()


def test_files_that_never_rest_are_refused(tmp_path, monkeypatch):
    (tmp_path / "w").write_text("1")
    marks = iter(range(100))
    monkeypatch.setattr("osetra.command.state._marks", lambda _: next(marks))
    with pytest.raises(CheckpointError, match="write elsewhere, then rename"):
        gather(tmp_path)
