"""A pipe, a device, a socket or a folder where a file is expected is refused at once, and never read."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from osetra.cli import main
from osetra.core.facts import Checkpointed
from osetra.core.params import Float
from osetra.core.space import Space
from osetra.errors import CheckpointError, DataError, OsetraError, StoreError, StudyError
from osetra.files import open_private, read_regular, temporary_folder
from osetra.stores import open_store, storage_of, studies
from osetra.study.study import Study
from osetra.training import checkpoints
from osetra.tuning.locations import LINK, find
from osetra.tuning.studyfile import read_study_file
from osetra.upkeep.recover import recover

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such files")

TIMEOUT = 20


def _socket(path: Path) -> None:
    # The address of a socket is short; the name it gets here may be long.
    short = Path(tempfile.mkdtemp()) / "s"
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(short))
    shutil.move(short, path)
    short.parent.rmdir()


KINDS: dict[str, Callable[[Path], None]] = {
    "a named pipe": lambda path: os.mkfifo(path),
    "a device": lambda path: path.symlink_to("/dev/null"),
    "a socket": _socket,
    "a folder": lambda path: path.mkdir(),
}


@pytest.fixture(params=KINDS, autouse=True)
def kind(request: pytest.FixtureRequest) -> Iterator[str]:
    """The name of a kind; a read that waits for ever ends the test."""

    def late(*_: object) -> None:
        raise AssertionError("it was waited for")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(TIMEOUT)
    yield str(request.param)
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def test_as_a_study_file(kind: str, tmp_path: Path) -> None:
    file = tmp_path / "study.db"
    KINDS[kind](file)
    calls: list[Callable[[], object]] = [
        lambda: Study(file, Space(x=Float(0, 1)), minimize="loss"),
        lambda: Study(file),
        lambda: open_store(str(file)).read(),
        lambda: studies(str(file)),
        lambda: list(storage_of(str(file)).inspect()),
        lambda: storage_of(str(file)).collect(),
        lambda: storage_of(str(file)).migrate(),
        lambda: recover(file, tmp_path / "saved.db"),
        lambda: find(str(file)),
    ]
    for call in calls:
        with pytest.raises(OsetraError, match=str(file)):
            call()
    with pytest.raises(StoreError, match=kind):
        open_store(str(file))


def test_as_a_file_beside_a_study(kind: str, tmp_path: Path) -> None:
    file = tmp_path / "study.db"
    with closing(Study(file, Space(x=Float(0, 1)), minimize="loss")) as study:
        study.run(lambda run: run.config["x"], trials=1, progress=False)
    for beside in ("-wal", "-shm", "-lock"):
        Path(f"{file}{beside}").unlink(missing_ok=True)
        KINDS[kind](Path(f"{file}{beside}"))
        try:
            with closing(Study(file)) as study:
                assert len(study.history.trials) == 1
        except OsetraError as error:
            assert str(file) in str(error)
        finally:
            place = Path(f"{file}{beside}")
            place.rmdir() if place.is_dir() and not place.is_symlink() else place.unlink(missing_ok=True)
    with closing(Study(file)) as study:
        assert study.best.value is not None


@pytest.mark.parametrize("verb", ["status", "show", "best", "export", "resume", "worker"])
def test_on_the_command_line(verb: str, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    KINDS[kind](tmp_path / "x.db")
    for folder, name in (("linked", LINK), ("plain", "study.db")):
        (tmp_path / "osetra-runs" / folder).mkdir(parents=True)
        KINDS[kind](tmp_path / "osetra-runs" / folder / name)
    for study in ("x.db", "linked", "plain"):
        result = CliRunner().invoke(main, [verb, study])
        assert result.exit_code not in (0, None)
        assert "bug of osetra" not in result.output


def test_as_a_configuration(kind: str, tmp_path: Path) -> None:
    KINDS[kind](tmp_path / "study.toml")
    with pytest.raises(StudyError, match=r"study\.toml"):
        read_study_file(tmp_path / "study.toml")


@pytest.mark.parametrize("name", ["data.csv", "data.tsv", "data.csv.gz", "data.npz"])
def test_as_data(name: str, kind: str, tmp_path: Path) -> None:
    loading = pytest.importorskip("osetra.data.loading")
    KINDS[kind](tmp_path / name)
    with pytest.raises(DataError, match="data"):
        loading.load(tmp_path / name)


@pytest.mark.parametrize("member", ["card.json", "weights.safetensors"])
def test_as_a_part_of_a_model(member: str, kind: str, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    from osetra.nets.model import CARD, load

    assert CARD == "card.json"
    if member != CARD:
        pytest.importorskip("osetra.testing")
        (tmp_path / CARD).write_text('{"format": 1}')
    KINDS[kind](tmp_path / member)
    with pytest.raises(DataError):
        load(tmp_path)


def test_as_a_checkpoint(kind: str, tmp_path: Path) -> None:
    kept = checkpoints.write(tmp_path, "1-1-3", {"w": np.zeros(3)})
    point = Checkpointed(1, 1, 0, 3, kept.file, kept.size, kept.sha256)
    assert checkpoints.intact(tmp_path, point)
    (tmp_path / kept.file).unlink()
    KINDS[kind](tmp_path / kept.file)
    assert not checkpoints.intact(tmp_path, point)
    with pytest.raises(CheckpointError):
        checkpoints.read(tmp_path / kept.file, kept.sha256)


def test_as_a_private_file(kind: str, tmp_path: Path) -> None:
    KINDS[kind](tmp_path / "log")
    with pytest.raises(OSError, match="log"):
        open_private(tmp_path / "log")
    with pytest.raises(OSError, match="log"):
        read_regular(tmp_path / "log")


def test_as_the_folder_for_temporary_files(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    temporary_folder.cache_clear()
    own = tmp_path / f"osetra-{os.getuid()}"
    KINDS[kind](own)
    try:
        assert (temporary_folder() == own) == (kind == "a folder")
    finally:
        temporary_folder.cache_clear()
