"""Trackers of the command line, of a study.toml and of `osetra.tune`: told everywhere; refused beforehand."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import osetra as ose
from osetra.cli import main
from osetra.errors import MissingExtra, StudyError
from osetra.integrations.versions import FRAMEWORKS
from osetra.study.tracker_names import TRACKERS, kept_text, tracker_named
from osetra.tuning.locations import find

# A library of that name which writes what it hears beside itself.
LIBRARY = """
import json, pathlib
__version__ = "0.43.0"
heard = pathlib.Path(__file__).with_name("heard.jsonl")

class Run:
    def log(self, metrics, step=None):
        with heard.open("a") as file:
            file.write(json.dumps({"project": self.project, "trial": self.trial, **metrics}) + "\\n")

    def finish(self):
        self.log({"finished": True})

def init(project, config, **settings):
    run = Run()
    run.project, run.trial = project, config["trial"]
    return run
"""
SCRIPT = """
import numpy as np
import osetra as ose

space = ose.Space(lr=ose.Float(1e-3, 1, scale="log", default=0.1))

def train(run):
    for step in run.steps(2):
        noise = 0.01 * np.random.default_rng(run.seed).normal()
        run.report(val_loss=abs(np.log10(run.config["lr"]) + 1) + noise)
"""
PROGRAM = ["--", sys.executable, "-S", "-c", "print('val_loss={lr}')"]
SPACE = '[study]\nminimize = "val_loss"\n{}\n[space]\nlr = "log(1e-3, 1)"\n'


@pytest.fixture
def there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Work where there is a library, in a folder with a space."""
    (tmp_path / "library").mkdir()
    (tmp_path / "library" / "trackio.py").write_text(LIBRARY)
    (tmp_path / "space.toml").write_text(SPACE.format(""))
    monkeypatch.syspath_prepend(str(tmp_path / "library"))
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    sys.modules.pop("trackio", None)


def osetra(*words: str) -> Result:
    return CliRunner(env={"COLUMNS": "100"}).invoke(main, list(words), prog_name="osetra")


def heard(folder: Path) -> list[tuple[str, int]]:
    """Return whose ends were told, with the project, and forget it."""
    file = folder / "library" / "heard.jsonl"
    told = [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
    file.unlink(missing_ok=True)
    return [(each["project"], each["trial"]) for each in told if "state" in each]


def test_a_program_is_tracked_and_goes_on_being_tracked(there: Path) -> None:
    done = osetra("run", "space.toml", "-n", "2", "--name", "s", "--tracker", "trackio:mine", *PROGRAM)
    assert done.exit_code == 0, done.stderr
    assert heard(there) == [("mine", 1), ("mine", 2)]
    done = osetra("resume", "s", "-n", "3")
    assert done.exit_code == 0 and "this tells trackio:mine" in done.stderr
    assert heard(there) == [("mine", 3)]
    assert osetra("resume", "s", "-n", "4", "--tracker", "trackio:other").exit_code == 0
    assert heard(there) == [("other", 4)]
    assert osetra("worker", "s", "-n", "5", "--idle", "0.1").exit_code == 0
    assert heard(there) == []  # one of several programs is enough
    assert osetra("worker", "s", "-n", "6", "--tracker", "trackio:worker").exit_code == 0
    assert heard(there) == [("worker", 6)]


def test_a_study_file_names_trackers(there: Path) -> None:
    (there / "space.toml").write_text(SPACE.format('trackers = ["trackio:file"]'))
    assert osetra("run", "space.toml", "-n", "1", "--name", "s", *PROGRAM).exit_code == 0
    assert heard(there) == [("file", 1)]
    words = ["run", "space.toml", "-n", "1", "--name", "t", "--tracker", "trackio:typed", *PROGRAM]
    assert osetra(*words).exit_code == 0
    assert heard(there) == [("typed", 1)]


def test_single_trainings_and_re_tests_are_tracked(there: Path) -> None:
    (there / "told.py").write_text(SCRIPT)
    assert osetra("babysit", "told.py:train", "--tracker", "trackio:mine").exit_code == 0
    assert heard(there) == [("mine", 1)]
    (there / "space.toml").write_text(SPACE.format('trackers = ["trackio:file"]'))
    assert osetra("babysit", "told.py:train", "lr=0.3", "-c", "space.toml", "--name", "b").exit_code == 0
    assert heard(there) == [("file", 1)]
    study = find("b").open()
    study.enqueue({"lr": 0.2})
    study.close()
    assert osetra("resume", "b").exit_code == 0
    assert heard(there) == [("file", 2)]
    searched = ("tune", "told.py:train", "-c", "space.toml", "-n", "4", "--name", "s", "--confirm", "1")
    assert osetra(*searched).exit_code == 0
    heard(there)
    assert osetra("retest", "s").exit_code == 0
    assert heard(there) == []
    assert osetra("retest", "s", "--tracker", "trackio:again").exit_code == 0
    told = heard(there)
    assert {project for project, _ in told} == {"again"} and 12 <= len(told) <= 22
    done = osetra("retest", "s", "--accept", "--tracker", "trackio")
    assert done.exit_code == 2 and "--accept trains nothing" in done.stderr


def test_single_trainings_and_re_tests_refuse_trackers_beforehand(
    there: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "aim", None)
    (there / "untold.py").write_text(SCRIPT)
    done = osetra("babysit", "untold.py:train", "--tracker", "aim", "--name", "b")
    assert done.exit_code == 1 and "needs Aim, which is not installed" in " ".join(done.stderr.split())
    assert not (there / "osetra-runs" / "b" / "study.db").exists()
    for wrong in (["nonsense"], "trackio"):
        with pytest.raises(StudyError, match="tracker"):
            ose.retest("nowhere", trackers=wrong)
    assert osetra("run", "space.toml", "-n", "1", "--name", "s", *PROGRAM).exit_code == 0
    study = find("s").open()
    study.enqueue({"lr": 0.2})
    monkeypatch.setattr("osetra.cli.commands.babysit._begun_study", lambda *_: (find("s"), None))
    done = osetra("babysit", "s", "--tracker", "trackio")
    assert done.exit_code == 2 and "trackers are told by the program that trains" in done.stderr


@pytest.mark.parametrize(
    ("name", "code", "said"),
    [
        ("mlfow", 2, "no such tracker; known: mlflow, tensorboard, wandb, trackio, aim.*mlflow"),
        ("mlflow:", 2, "nothing stands behind the colon; write mlflow, or mlflow:PLACE"),
        ("mlflow:http://me:secret@there", 2, "there is a password in its address"),
        ("nothere", 1, "osetra.integrations.aim needs Aim, which is not installed; run: "),
    ],
)
@pytest.mark.parametrize("verb", ["option", "file"])
def test_what_cannot_be_told_is_refused_before_there_is_a_study(
    there: Path, monkeypatch: pytest.MonkeyPatch, name: str, code: int, said: str, verb: str
) -> None:
    monkeypatch.setitem(sys.modules, "aim", None)
    name = "aim" if name == "nothere" else name
    words = ["run", "space.toml", "-n", "1", "--name", "s"]
    if verb == "file":
        (there / "space.toml").write_text(SPACE.format(f"trackers = {name!r}"))
    done = osetra(*words, *(["--tracker", name] if verb == "option" else []), *PROGRAM)
    assert done.exit_code == code
    assert re.search(said, " ".join(done.stderr.split()))
    assert "secret" not in done.stderr and not (there / "osetra-runs" / "s" / "study.db").exists()


def test_the_front_door_tells_hooks_and_trackers(there: Path) -> None:
    pytest.importorskip("torch")
    ended: list[int] = []
    result = ose.tune(
        {"x": list(range(60)), "y": [n % 2 for n in range(60)]}, "y", trials=9, epochs=1, progress=False,
        tune=["lr"], confirm=1, refit=False, name="front", trackers=["trackio"],
        on_trial_end=lambda trial: ended.append(trial.number),
        stop_when=lambda study: len(study.history.ended) >= 2,
    )  # fmt: skip
    fresh = [trial.number for trial in result.study.trials if trial.repeats is not None]
    assert len(fresh) == 3 and sorted(ended) == [t.number for t in result.study.history.ended]
    assert len(ended) < 9 and {number for _, number in heard(there)} == set(ended)
    for wrong in ({"trackers": ["nonsense"]}, {"trackers": "trackio"}, {"stop_when": 3}):
        with pytest.raises(StudyError):
            ose.tune({"x": [1, 2], "y": [0, 1]}, "y", name="other", **wrong)
    assert not (there / "osetra-runs" / "other").exists()


def test_every_name_leads_to_a_tracker_and_to_its_library() -> None:
    for name in TRACKERS:
        assert name in FRAMEWORKS
        try:
            assert tracker_named(name)
        except MissingExtra as error:
            assert name in str(error)


def test_folders_mean_the_same_everywhere(there: Path) -> None:
    assert kept_text("tensorboard:runs") == f"tensorboard:{there / 'runs'}"
    assert kept_text("tensorboard") == kept_text("tensorboard:runs")
    assert kept_text("mlflow:sqlite:///m.db") == "mlflow:sqlite:///m.db"
