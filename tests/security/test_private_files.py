"""What trainings print and keep is its owner's alone, and nobody can prepare the place where it goes."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import osetra as ose
from osetra.executors.processes import log_folder, slot_log
from osetra.files import open_private, private_folder, temporary_folder
from osetra.stores.address import Address
from osetra.training import checkpoints

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no modes of files")

SERVER = Address("postgresql://ann@host/db", "digits")


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


@pytest.fixture
def homeless(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Temporary files of one's own, a home that takes no file, and a wide mask of modes."""
    tmp = tmp_path / "tmp"
    tmp.mkdir()
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file" / "state"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp))
    temporary_folder.cache_clear()
    before = os.umask(0)
    yield tmp
    os.umask(before)
    temporary_folder.cache_clear()


def test_without_a_home_logs_go_to_a_private_folder(homeless: Path) -> None:
    folder = log_folder(SERVER)
    assert folder == homeless / f"osetra-{os.getuid()}"
    assert _mode(folder) == 0o700
    assert log_folder(SERVER) == folder
    with slot_log(folder, 0) as log:
        assert _mode(Path(log.name)) == 0o600


def test_a_link_that_somebody_prepared_is_not_followed(homeless: Path) -> None:
    treasure = homeless / "treasure"
    treasure.mkdir(mode=0o700)
    (treasure / "worker-0.log").write_text("precious")
    (homeless / f"osetra-{os.getuid()}").symlink_to(treasure)
    folder = log_folder(SERVER)
    assert folder.resolve() != treasure
    assert folder.parent == homeless
    assert _mode(folder) == 0o700
    assert (treasure / "worker-0.log").read_text() == "precious"


@pytest.mark.parametrize("mode", [0o777, 0o1777, 0o770, 0o722, 0o702])
def test_a_folder_that_others_may_write_is_not_used(mode: int, homeless: Path) -> None:
    own = homeless / f"osetra-{os.getuid()}"
    own.mkdir()
    own.chmod(mode)
    folder = log_folder(SERVER)
    assert folder != own
    assert _mode(folder) == 0o700


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give files away")
def test_a_folder_of_somebody_else_is_not_used(homeless: Path) -> None:
    own = homeless / f"osetra-{os.getuid()}"
    own.mkdir(mode=0o700)
    os.chown(own, 12345, 12345)
    assert log_folder(SERVER) != own


def test_a_readable_folder_of_an_earlier_version_becomes_private(homeless: Path) -> None:
    own = homeless / f"osetra-{os.getuid()}"
    own.mkdir(mode=0o755)
    assert log_folder(SERVER) == own
    assert _mode(own) == 0o700


@pytest.mark.parametrize("name", ["worker-0.log", "trial-1-attempt-1.log"])
def test_a_link_in_place_of_a_log_is_not_followed(name: str, tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.write_text("precious")
    precious.chmod(0o600)
    (tmp_path / name).symlink_to(precious)
    for anew in (False, True):
        with pytest.raises(OSError, match=name):
            open_private(tmp_path / name, anew=anew)
    assert precious.read_text() == "precious"


def test_a_file_is_opened_anew_or_written_on(tmp_path: Path) -> None:
    for anew, expected in ((False, b"one"), (False, b"onetwo"), (True, b"one")):
        with open_private(tmp_path / "log", anew=anew) as file:
            file.write(b"two" if expected.endswith(b"two") else b"one")
        assert (tmp_path / "log").read_bytes() == expected


def test_folders_are_private_but_where_a_group_shares_one(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        assert _mode(private_folder(tmp_path / "a" / "b")) == 0o700
        assert _mode(tmp_path / "a") == 0o700
        shared = tmp_path / "shared"
        shared.mkdir()
        shared.chmod(0o2775)
        assert _mode(private_folder(shared / "a")) & 0o777 == 0o770
        with open_private(shared / "log"):
            assert _mode(shared / "log") == 0o660
    finally:
        os.umask(before)


def test_checkpoints_are_private(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        kept = checkpoints.write(tmp_path / "s.checkpoints" / "study-main", "1-1-3", {"w": np.zeros(3)})
        checkpoints.receive(tmp_path / "s.checkpoints" / "study-other", kept.file, b"data")
    finally:
        os.umask(before)
    made = [tmp_path / "s.checkpoints", *(tmp_path / "s.checkpoints").rglob("*")]
    assert len(made) == 5
    assert all(_mode(path) == (0o700 if path.is_dir() else 0o600) for path in made)


def _train(run: ose.Run) -> float:
    print("somebody's data", run.config["x"])
    return float(run.config["x"])


def test_logs_of_workers_are_private(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        study = ose.Study(tmp_path / "s.db", ose.Space(x=ose.Float(0, 1)), minimize="loss", scheduler="full")
        study.run(_train, trials=2, workers=2, progress=False)
        study.close()
    finally:
        os.umask(before)
    logs = list((tmp_path / "s.logs").iterdir())
    assert any("somebody's data" in log.read_text() for log in logs)
    assert {_mode(log) for log in logs} == {0o600}
    assert _mode(tmp_path / "s.logs") == 0o700


def test_what_a_program_prints_is_private(tmp_path: Path) -> None:
    (tmp_path / "study.toml").write_text(
        '[study]\nminimize = "loss"\ntrials = 1\n[space]\nx = "float(0, 1)"\n'
    )
    script = "umask 0; exec osetra run study.toml -- sh -c 'echo secret; echo loss=0.5'"
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    subprocess.run(["sh", "-c", script], cwd=tmp_path, env=environment, check=True, timeout=90)
    logs = list(tmp_path.rglob("trial-*.log"))
    assert logs
    assert {_mode(log) for log in logs} == {0o600}
