"""Nothing that osetra opens runs code, and nobody can add what would without the linter's protest."""

from __future__ import annotations

import hashlib
import io
import json
import pickle
import re
import resource
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import osetra as ose
from osetra.cli import main
from osetra.core.facts import Checkpointed
from osetra.errors import CheckpointError, SpaceError, StudyError
from osetra.training import checkpoints

ROOT = Path(__file__).parents[2]
RUFF = shutil.which("ruff", path=str(Path(sys.executable).parent)) or shutil.which("ruff")


class Bomb:
    """Whoever unpickles it makes a file."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (self.trace,)


def zipped(**files: bytes) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:  # stored, as ours are
        for name, content in files.items():
            archive.writestr(f"{name}.npy", content)
    return data.getvalue()


def npy(array: np.ndarray) -> bytes:
    data = io.BytesIO()
    np.save(data, array, allow_pickle=True)
    return data.getvalue()


def tree(value: object) -> bytes:
    return npy(np.frombuffer(json.dumps(value).encode(), dtype=np.uint8))


def test_the_bomb_goes_off_when_unpickled(tmp_path: Path) -> None:
    pickle.loads(pickle.dumps(Bomb(tmp_path / "ran")))
    assert (tmp_path / "ran").exists()  # else the other tests would show nothing


def test_a_hostile_checkpoint_runs_nothing(tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    objects = npy(np.array([Bomb(ran)], dtype=object))
    kinds = {
        "a bare pickle": pickle.dumps(Bomb(ran)),
        "an array of objects": zipped(tree=objects),
        "objects behind the tree": zipped(tree=tree({"a": "a0"}), a0=objects),
        "a pickle in the zip": zipped(tree=pickle.dumps(Bomb(ran))),
        "an unknown kind": zipped(tree=tree({"pickle": "a0"})),
        "two kinds at once": zipped(tree=tree({"a": "a0", "b": "a0"})),
        "no such array": zipped(tree=tree({"a": "a7"})),
        "a path for an array": zipped(tree=tree({"a": "../../etc/passwd"})),
        "deep": zipped(tree=npy(np.frombuffer(b'{"l":[' * 50_000 + b"]}" * 50_000, dtype=np.uint8))),
        "no tree": zipped(other=tree(1)),
    }
    for name, data in kinds.items():
        path = tmp_path / "evil.npz"
        path.write_bytes(data)
        with pytest.raises(CheckpointError, match="no checkpoint of osetra"):
            checkpoints.read(path, hashlib.sha256(data).hexdigest())
        assert not ran.exists(), name


def _header(size: int) -> bytes:
    text = f"{{'descr': '|u1', 'fortran_order': False, 'shape': ({size},), }}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode()


@pytest.mark.slow
def test_a_zip_bomb_fills_no_memory(tmp_path: Path) -> None:
    """A header that promises 64 GB, and 1 GB of zeros in a megabyte, in a process with 4 GB of room."""
    zeros = io.BytesIO()
    with (
        zipfile.ZipFile(zeros, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("tree.npy", "w", force_zip64=True) as file,
    ):
        file.write(_header(2**30))
        for _ in range(1024):
            file.write(b"\0" * 2**20)
    (tmp_path / "zeros.npz").write_bytes(zeros.getvalue())
    promise = io.BytesIO()
    with zipfile.ZipFile(promise, "w") as archive:
        archive.writestr("tree.npy", _header(2**36))
    (tmp_path / "promise.npz").write_bytes(promise.getvalue())
    code = (
        "import hashlib, pathlib, sys; from osetra.training import checkpoints\n"
        "from osetra.errors import CheckpointError\n"
        "path = pathlib.Path(sys.argv[1]); sha = hashlib.sha256(path.read_bytes()).hexdigest()\n"
        "try: checkpoints.read(path, sha)\n"
        "except CheckpointError: sys.exit(7)"
    )
    for name in ("zeros", "promise"):
        done = subprocess.run(
            [sys.executable, "-c", code, str(tmp_path / f"{name}.npz")],
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (4 * 2**30, 4 * 2**30)),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 7, (name, done.stderr)


NAMES = [
    "../../outside.npz",
    "/etc/passwd",
    "..",
    "a/../../b.npz",
    "..\\..\\x.npz",
    "\0.npz",
    "",
    ".",
    "~/x",
    "//h/x",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_checkpoint_is_never_looked_for_outside_its_folder(tmp_path: Path, name: str) -> None:
    folder, outside = tmp_path / "in" / "study", tmp_path / "outside.npz"
    folder.mkdir(parents=True)
    for victim in (outside, tmp_path / "in" / "b.npz"):
        victim.write_bytes(b"mine")
    point = Checkpointed(1, 1, 0, 1, name, 4, hashlib.sha256(b"mine").hexdigest())
    assert not checkpoints.intact(folder, point)
    from osetra.core.facts import Claimed, Entry, Opened, Suggested, Worker, ended
    from osetra.core.history import History

    facts = [
        Opened({"lr": "float(0, 1)"}, "loss", "minimize", "best", 0),
        Suggested(1, {"lr": 0.5}, 1),
        Claimed(1, 1, Worker("h", "b", 1, 0.0)),
        point,
        ended(1, 1, "finished", 0.5),
    ]
    history = History().extend([Entry(i, float(i), fact) for i, fact in enumerate(facts, 1)])
    checkpoints.clean(folder, history, 1.0)
    assert outside.read_bytes() == (tmp_path / "in" / "b.npz").read_bytes() == b"mine"


TOML = {
    "a bomb of keys": "[study]\n" + "a." * 5000 + "b = 1",
    "deep arrays": "[space]\nlr = " + "[" * 50_000 + "]" * 50_000,
    "a date": "[study]\nminutes = 2026-01-01",
    "not a number": "[study]\nminutes = nan",
    "endless": "[study]\nminutes = inf",
    "a table for a text": "[study]\nminimize = {a = 1}",
    "a number for a section": "study = 3",
    "a text for the space": 'space = "lr"',
    "calls": "[space]\nlr = \"__import__('os').system('touch ran')\"",
    "attributes": '[space]\nlr = "float.__class__(0, 1)"',
    "a lambda": '[space]\nlr = "(lambda: 1)()"',
    "a huge power": '[space]\nlr = "float(0, 9**9**9)"',
    "nothing": "\0",
    "bytes": "\udcff",
}


@pytest.mark.parametrize("name", TOML)
def test_a_study_toml_that_makes_no_sense_is_an_error_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "study.toml").write_bytes(TOML[name].encode(errors="surrogateescape"))
    (tmp_path / "train.py").write_text("def train(run):\n    return run.config['lr']\n")
    result = CliRunner().invoke(
        main, ["tune", "train.py:train", "--minimize", "loss", "-c", "study.toml", "--dry-run"]
    )
    assert result.exit_code in (1, 2), result.output
    assert result.exception is None or isinstance(result.exception, SystemExit)
    assert "bug of osetra" not in result.output
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    "text", ["__import__('os')", "float(0, 1).__class__", "eval('1')", "log(open('x'), 1)"]
)
def test_the_text_of_a_parameter_is_read_and_never_run(text: str) -> None:
    with pytest.raises((SpaceError, StudyError)):
        ose.Space.parse({"lr": text})


BANNED = [
    *(
        "import pickle",
        "import marshal",
        "import shelve",
        "import dill",
        "import joblib",
        "import cloudpickle",
    ),
    *("from pickle import loads", "from cloudpickle import dumps"),
    *("import torch\ntorch.load('x')", "from torch import load", "eval('1')", "exec('1')"),
    *("import yaml\nyaml.load('x')",),
]


@pytest.mark.skipif(RUFF is None, reason="ruff is not installed")
def test_the_linter_bans_what_runs_code() -> None:
    assert RUFF is not None
    for code in BANNED:
        done = subprocess.run(
            [
                RUFF,
                "check",
                "--no-cache",
                "--output-format=concise",
                "--stdin-filename",
                "src/osetra/core/new.py",
                "-",
            ],
            input=f'"""New."""\n\n{code}\n',
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert re.search(r"TID251|S307|S102|S506", done.stdout), (code, done.stdout, done.stderr)


def test_only_the_two_files_that_carry_the_users_function_may_pickle() -> None:
    allowed = {"executors/child.py", "executors/processes.py"}
    banned = re.compile(r"^\s*(?:import|from) (?:pickle|marshal|shelve|dill|joblib|cloudpickle)\b", re.M)
    loads = re.compile(r"\btorch\.load\(|(?<![.\w])(?:eval|exec)\(|allow_pickle=True|yaml\.load\(")
    source = ROOT / "src" / "osetra"
    found = {
        str(file.relative_to(source))
        for file in source.rglob("*.py")
        if banned.search(text := file.read_text(encoding="utf-8")) or loads.search(text)
    }
    assert found == allowed
