"""A study's folder is moved together with its files: it goes on, and finds those that moved with it."""

from __future__ import annotations

import importlib.util
import json
import random
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from osetra.cli import main
from osetra.tuning.paths import nearby, present

SCRIPT = (
    "import osetra as ose\nspace = ose.Space(x=ose.Float(0, 1))\ndef train(run): return run.config['x']\n"
)


@pytest.fixture(autouse=True)
def _without_the_script() -> Iterator[None]:
    yield
    sys.modules.pop("own", None)


def call(*words: str) -> str:
    done = CliRunner().invoke(main, list(words))
    assert done.exit_code == 0, done.output
    return done.output


def write_table(file: Path, seed: int = 0) -> None:
    rng = random.Random(seed)
    rows = [(rng.random(), rng.random()) for _ in range(60)]
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("a,b,y\n" + "".join(f"{a},{b},{'up' if a > b else 'down'}\n" for a, b in rows))


def moved(project: Path, other: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Move a project elsewhere and go there."""
    shutil.move(project, other)
    for name in ("own", "train"):
        sys.modules.pop(name, None)
    monkeypatch.setattr(sys, "path", [p for p in sys.path if not p.startswith(str(project))])
    monkeypatch.chdir(other)


def test_files_around_a_study_are_found_where_the_study_is(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "a" / "new"
    (old / "osetra-runs" / "s").mkdir(parents=True)
    (old / "data").mkdir()
    stored = {
        "source": f"{old}/data/t.csv",
        "test": "/nowhere/t.csv",
        "config": f"{old}/study.toml",
        "folder": str(old),
    }
    near = nearby(stored, old / "osetra-runs" / "s")
    assert near == {"source": "../../data/t.csv", "config": "../../study.toml", "folder": "../.."}
    for name in ("data/t.csv", "study.toml"):
        (old / name).touch()
    (new / "osetra-runs" / "s").mkdir(parents=True)
    left = present(stored, near, new / "osetra-runs" / "s")
    assert left == {**stored, "folder": str(new)}  # nothing else is there, so that what was named is it
    shutil.copytree(old, new, dirs_exist_ok=True)
    there = present(stored, near, new / "osetra-runs" / "s")
    assert there == {
        "source": f"{new}/data/t.csv",
        "test": "/nowhere/t.csv",
        "config": f"{new}/study.toml",
        "folder": str(new),
    }
    (new / "osetra-runs" / "s" / "t.csv").touch()
    assert present(stored, {}, new / "osetra-runs" / "s")["test"] == f"{new}/osetra-runs/s/t.csv"


def test_a_script_is_kept_with_its_function(tmp_path: Path) -> None:
    stored = {"source": f"{tmp_path}/own.py:train", "set": ["a=/b"]}
    near = nearby(stored, tmp_path / "s")
    assert near == {"source": "../own.py"}
    (tmp_path / "own.py").touch()
    assert present({**stored, "source": "/gone/own.py:train"}, near, tmp_path / "s") == stored


@pytest.mark.parametrize("gone", [True, False], ids=["moved", "copied, and the old one changed"])
def test_a_script_goes_on_where_its_folder_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gone: bool
) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    old.mkdir()
    (old / "own.py").write_text(SCRIPT)
    monkeypatch.chdir(old)
    call("tune", "own.py:train", "--minimize", "x", "--trials", "2")
    moved(old, new, monkeypatch)
    if not gone:
        old.mkdir()
        (old / "own.py").write_text("raise SystemExit('this one is old')\n")
    call("resume", "own", "--trials", "3")
    call("tune", "own.py:train", "--minimize", "x", "--trials", "4")
    assert json.loads(call("status", "own", "--json"))["done"] == 4


def test_a_program_goes_on_where_its_folder_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    old.mkdir()
    (old / "train.py").write_text("import os\nprint('loss=' + os.environ['OSETRA_X'])\n")
    (old / "study.toml").write_text('[study]\nminimize = "loss"\n[space]\nx = "float(0, 1)"\n')
    monkeypatch.chdir(old)
    call("run", "study.toml", "--trials", "1", "--", sys.executable, "-S", "train.py")
    moved(old, new, monkeypatch)
    call("resume", "train", "--trials", "2")
    assert json.loads(call("status", "train", "--json"))["done"] == 2


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="needs PyTorch")
def test_data_a_model_and_its_study_go_on_where_their_folder_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    write_table(old / "data" / "t.csv")
    write_table(old / "data" / "sealed.csv", seed=1)
    monkeypatch.chdir(old)
    words = ("tune", "data/t.csv", "--test", "data/sealed.csv", "--epochs", "2", "--confirm", "0")
    call(*words, "--trials", "1")
    moved(old, new, monkeypatch)
    write_table(old / "data" / "t.csv", seed=2)  # another one, where the first was
    call("resume", "t", "--trials", "2")
    call(*words, "--trials", "3", "--refit")
    call("predict", "t", "data/t.csv", "-o", "out.csv")
    assert "bitwise equal" in call("replay", "t", "1")
