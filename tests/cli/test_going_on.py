"""What people are told about how a study goes on, what runs then, and where output can go."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import osetra as ose
from osetra.cli import main
from osetra.stores import storage_of

TOML = '[study]\nminimize = "loss"\ntrials = 2\nsearcher = "random"\n[space]\nx = "float(0, 1)"\n'
SCRIPT = "def train(run):\n    run.report(loss=run.config['x'])\n"


def osetra(*words: str) -> Result:
    """Return what a command line gives."""
    return CliRunner().invoke(main, words)


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _own(name: str = "main", file: str = "own.db") -> None:
    study = ose.Study(file, ose.Space(x=ose.Float(0, 1)), minimize="loss", name=name, searcher="random")
    study.run(lambda run: run.config["x"], trials=2, progress=False)
    study.close()


def test_a_study_of_a_program_goes_on_by_that_program(here: Path) -> None:
    _own("digits")
    result = osetra("enqueue", "own.db#digits", "x=0.5")
    assert result.exit_code == 0
    assert "osetra resume" not in result.output
    assert "run the program that made" in result.output
    assert "name='digits'" in result.output
    status = osetra("status", "own.db#digits")
    assert "nobody works on it; to go on: run the program that made" in status.output


def test_a_study_of_the_command_line_goes_on_by_resume(here: Path) -> None:
    (here / "study.toml").write_text(TOML)
    (here / "train.py").write_text(SCRIPT)
    assert osetra("tune", "train.py:train", "-c", "study.toml", "--name", "mine").exit_code == 0
    assert "nobody works" not in osetra("status", "mine").output
    assert "to run it: osetra resume mine" in osetra("enqueue", "mine", "x=0.5").output
    assert "nobody works on it; to go on: osetra resume mine" in osetra("status", "mine").output


@pytest.mark.parametrize("verb", ["resume", "worker"])
def test_what_runs_is_said_and_whether_it_changed(verb: str, here: Path) -> None:
    script = f"train_{verb}.py"  # a module of its own: one process imports a name once
    (here / "study.toml").write_text(TOML)
    (here / script).write_text(SCRIPT)
    made = osetra("tune", f"{script}:train", "-c", "study.toml", "--name", "mine")
    assert made.exit_code == 0, made.output
    same = osetra(verb, "mine", "--trials", "3")
    assert same.exit_code == 0, same.output
    assert f"this runs {here / script}:train" in same.output.replace("\n", "")
    assert "was changed" not in same.output
    later = time.time() + 60
    os.utime(here / script, (later, later))
    changed = osetra(verb, "mine", "--trials", "4")
    assert changed.exit_code == 0
    assert "was changed on" in changed.output.replace("\n", " ")


def test_a_renamed_study_of_a_program_says_what_the_program_needs(here: Path) -> None:
    _own("digits")
    result = osetra("db", "rename", "own.db#digits", "wine")
    assert result.exit_code == 0, result.output
    assert "name='wine'" in result.output.replace("\n", "")
    assert "own.db" in result.output


def test_studies_of_one_file_are_listed_under_different_names(here: Path) -> None:
    names = ["main", "own", "a b", "a-b", "A b", "ä b", "a/b"]
    for name in names:
        _own(name)
    result = osetra("db", "list", "own.db")
    shown = [line.partition(":")[0] for line in result.output.splitlines()]
    assert shown == names
    assert storage_of("own.db").studies() == names


def test_after_everything_was_killed_status_says_how_to_go_on(here: Path) -> None:
    (here / "study.toml").write_text(TOML)
    (here / "train.py").write_text(
        "import time\ndef train(run):\n    open('began', 'w')\n    time.sleep(60)\n"
    )
    command = [
        str(Path(sys.executable).with_name("osetra")),
        "tune",
        "train.py:train",
        "-c",
        "study.toml",
        "--name",
        "mine",
    ]
    process = subprocess.Popen(command, start_new_session=True, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while not (here / "began").exists():
        assert time.monotonic() < deadline
        time.sleep(0.1)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait(20)
    while "nobody works on it; to go on: osetra resume mine" not in osetra("status", "mine").output:
        assert time.monotonic() < deadline
        time.sleep(0.2)


@pytest.mark.parametrize("words", [("export", "own.db"), ("export", "own.db", "--format", "jsonl")])
def test_output_that_cannot_be_written_says_what_to_do(words: tuple[str, ...], here: Path) -> None:
    _own()
    gone = osetra(*words, "-o", "gone/x.csv")
    assert gone.exit_code == 1
    assert "create it with mkdir -p gone" in gone.output
    assert osetra(*words, "-o", "/dev/null").exit_code == 0
    full = osetra(*words, "-o", "/dev/full")
    assert full.exit_code == 1
    assert "free some space, or write it elsewhere" in full.output
    assert "bug" not in full.output + gone.output


@pytest.mark.parametrize("words", ["status own.db", "status own.db --json", "export own.db", "show own.db"])
def test_a_full_stdout_is_an_error_with_one_line(words: str, here: Path) -> None:
    _own()
    command = [str(Path(sys.executable).with_name("osetra")), *words.split()]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60, check=False
        )
    assert done.returncode == 1
    assert "free some space, or write it elsewhere" in done.stderr
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr


def test_a_folder_that_takes_no_file_is_refused_at_once() -> None:
    for place in ("/proc/a.db", "/sys/a.db", "/proc/version"):
        begun = time.monotonic()
        with pytest.raises(ose.OsetraError, match=r"no file can be made|cannot be written|no study"):
            ose.Study(place, ose.Space(x=ose.Float(0, 1)), minimize="loss")
        assert time.monotonic() - begun < 30


@pytest.mark.slow
def test_a_study_moves_together_with_its_data(here: Path) -> None:
    pytest.importorskip("torch")
    old, new = here / "old", here / "new"
    old.mkdir()
    rows = "".join(f"{i % 7},{i % 3},{i % 2}\n" for i in range(60))
    (old / "t.csv").write_text("a,b,y\n" + rows)
    common = ("--epochs", "1", "--confirm", "0", "--out", "old/study")
    first = osetra("tune", "old/t.csv", "--target", "y", "--trials", "1", *common)
    assert first.exit_code == 0, first.output
    old.rename(new)
    again = osetra("resume", "new/study", "--trials", "2")
    assert again.exit_code == 0, again.output
    (new / "t.csv").rename(here / "elsewhere.csv")
    lost = osetra("resume", "new/study", "--trials", "3")
    assert lost.exit_code != 0
    assert f"put it, or a link to it, at {new / 'study' / 't.csv'}" in lost.output
    shutil.copy(here / "elsewhere.csv", new / "study" / "t.csv")
    assert osetra("resume", "new/study", "--trials", "3").exit_code == 0
    with closing(ose.Study(new / "study" / "study.db")) as study:
        assert len(study.trials) == 3
