"""Whole studies of programs in three languages, in worker processes and on the command line."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pexpect
import pytest
from click.testing import CliRunner, Result

import osetra as ose
from command.programs import EXAMPLES, alive, bowl, until
from osetra.cli import main
from osetra.command import CommandTraining

PROGRAM = [sys.executable, "-c", "from osetra.cli import main; main(prog_name='osetra')"]
SPACE = ose.Space(lr=ose.Float(1e-3, 1, scale="log", default=0.1), layers=ose.Int(1, 4, default=2))
COMMANDS = {
    "sh": ["./train.sh", "{lr}", "{layers}"],
    "node": ["node", "train.js", "{config}"],
    "c": ["./train"],
}


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the examples, in which steps take next to no time."""
    shutil.copytree(EXAMPLES, tmp_path, dirs_exist_ok=True)
    monkeypatch.setenv("PAUSE", "0.02")
    return tmp_path


@pytest.fixture(params=COMMANDS)
def command(request: pytest.FixtureRequest, place: Path) -> list[str]:
    """A program of each language, made where it has to be."""
    if request.param == "node" and shutil.which("node") is None:
        pytest.skip("Node.js is not there")
    if request.param == "c":
        if shutil.which("cc") is None:
            pytest.skip("there is no C compiler")
        strict = ["-std=c99", "-O2", "-Wall", "-Wextra", "-Werror"]
        subprocess.run(["cc", *strict, "-o", "train", "train.c"], cwd=place, check=True)
    words: list[str] = COMMANDS[request.param]
    return words


def osetra(place: Path, *words: str) -> Result:
    """Type a command in a folder, in this process: loading everything anew takes longest."""
    before = Path.cwd()
    os.chdir(place)
    try:
        return CliRunner(env={"COLUMNS": "100"}).invoke(main, list(words), prog_name="osetra")
    finally:
        os.chdir(before)


def opened(place: Path, name: str = "train") -> ose.Study:
    return ose.Study(str(place / "osetra-runs" / name / "study.db"))


def left_over(place: Path) -> list[str]:
    """Return the command lines of processes that work in this folder."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and (entry / "cwd").readlink() == place and alive(int(entry.name)):
                found.append((entry / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:
            continue
    return found


@pytest.mark.slow
def test_a_program_of_each_language_is_tuned(place: Path, command: list[str]) -> None:
    done = osetra(place, "run", "study.toml", "-n", "4", "-w", "2", "--scheduler", "full", "--", *command)
    assert done.exit_code == 0, done.stderr
    study = opened(place)
    assert len(study.trials) == 4
    for trial in study.trials:
        expected = bowl(trial.config["lr"], trial.config["layers"])
        assert study.curve(trial, "val_loss")[1] == pytest.approx(expected, rel=1e-4)
    assert "Best" in done.stdout
    assert left_over(place) == []


@pytest.mark.slow
def test_each_goes_on_from_its_own_checkpoint_after_ctrl_c(
    place: Path, command: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PAUSE", "0.2")
    words = ["run", "study.toml", "-n", "2", "--scheduler", "full", "--", *command]
    child = pexpect.spawn(PROGRAM[0], [*PROGRAM[1:], *words], cwd=str(place), encoding="utf-8", timeout=30)
    child.expect(r"step \d+ of 20")
    child.sendintr()
    child.expect("stopped after 0 of 2 trials; nothing is lost")
    child.expect("to go on: osetra resume train")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 130
    assert left_over(place) == []
    trial = opened(place).trials[0]
    assert trial.state == "queued"
    kept = trial.checkpoints[-1].step
    assert kept >= 1
    monkeypatch.setenv("PAUSE", "0.01")
    done = osetra(place, "resume", "train")
    assert done.exit_code == 0, done.stderr
    study = opened(place)
    first = study.trials[0]
    assert first.attempts[1].source is not None
    assert first.attempts[1].source.step == kept
    steps, values = study.curve(first, "val_loss")
    assert list(steps) == [*range(1, 21)]
    assert values == pytest.approx(bowl(first.config["lr"], first.config["layers"]), rel=1e-3)


@pytest.mark.slow
def test_schedulers_pause_programs_and_go_on_with_the_best(place: Path) -> None:
    done = osetra(
        place, "run", "study.toml", "-n", "6", "--scheduler", "asha", "--", "./train.sh", "{lr}", "{layers}"
    )
    assert done.exit_code == 0, done.stderr
    trials = opened(place).trials
    assert any(attempt.outcome == "paused" for trial in trials for attempt in trial.attempts)
    ends = [(trial.state, trial.reason) for trial in trials]
    assert any(state == "finished" for state, _ in ends), ends


def endless(place: Path, more: str = "") -> CommandTraining:
    """A program that starts a helper and never ends."""
    code = f"echo $$ >> pids; sleep 1000 & echo $! >> pids; {more} echo '{{{{\"val_loss\": 1}}}}'; wait"
    return CommandTraining(("/bin/sh", "-c", code), str(place), str(place / "logs"))


def pids(place: Path) -> list[int]:
    file = place / "pids"
    return [int(word) for word in file.read_text().split()] if file.exists() else []


DRIVER = """
import sys
import osetra as ose
from osetra.command import CommandTraining
code = 'echo $$ >> pids; sleep 1000 & echo $! >> pids; echo $OSETRA_CONFIG >> files; ' + \
    'echo "{{\\\\"val_loss\\\\": 1}}"; wait'
study = ose.Study("s.db", ose.Space(lr=ose.Float(0, 1)), minimize="val_loss", searcher="random")
study.run(CommandTraining(("/bin/sh", "-c", code), ".", "logs"), trials=2, executor=ose.Processes(1))
"""


def of_kind(kind: str, driver: subprocess.Popen[bytes]) -> int:
    """Return the process to kill: the study, its supervisor, the training process, or the shim of one."""
    if kind == "study":
        return driver.pid
    below = subprocess.run(
        ["ps", "-eww", "-o", "pid,ppid,args"], capture_output=True, text=True, check=True
    ).stdout
    rows = [line.split(None, 2) for line in below.splitlines()[1:]]
    wanted, other = {
        "supervisor": ("osetra.executors.supervisor", "shim.py"),
        "child": ("osetra.executors.child", "shim.py"),
        "shim of the child": ("osetra.executors.child", "-m osetra.executors.supervisor"),
        "shim of the program": ("executors/shim.py", "osetra.executors.child"),
    }[kind]
    parents = {driver.pid}
    while True:
        for pid, parent, words in rows:
            if int(parent) in parents:
                if wanted in words and other not in words:
                    return int(pid)
                if int(pid) not in parents:
                    parents.add(int(pid))
                    break
        else:
            raise AssertionError(f"no {kind} below {driver.pid}:\n{below}")


@pytest.mark.parametrize("kind", ["study", "supervisor", "child", "shim of the child", "shim of the program"])
@pytest.mark.slow
def test_whoever_is_killed_the_program_and_its_helpers_die(tmp_path: Path, kind: str) -> None:
    (tmp_path / "driver.py").write_text(DRIVER)
    driver = subprocess.Popen([sys.executable, "driver.py"], cwd=tmp_path, stderr=subprocess.DEVNULL)
    try:
        assert until(lambda: len(pids(tmp_path)) >= 2)
        began = pids(tmp_path)[:2]
        assert all(map(alive, began))
        os.kill(of_kind(kind, driver), signal.SIGKILL)
        assert until(lambda: not any(map(alive, began)))
        if kind != "study":  # the trial is tried again
            assert until(lambda: len(pids(tmp_path)) >= 4)
    finally:
        driver.kill()
        driver.wait()
    assert until(lambda: not any(map(alive, pids(tmp_path))))
    assert until(lambda: left_over(tmp_path) == [])
    scratch = [Path(line).parent for line in (tmp_path / "files").read_text().splitlines()]
    assert until(lambda: not any(folder.exists() for folder in scratch))


@pytest.mark.slow
def test_a_program_that_hangs_is_ended_by_the_report_timeout(tmp_path: Path) -> None:
    study = ose.Study(tmp_path / "s.db", SPACE, minimize="val_loss", searcher="random")
    study.run(endless(tmp_path), trials=1, executor=ose.Processes(1), report_timeout=1.0)
    (trial,) = study.trials
    assert trial.state == "failed"
    assert "no report for 1 s" in trial.reason
    assert until(lambda: not any(map(alive, pids(tmp_path))))
    study.close()


@pytest.mark.slow
def test_a_failure_is_shown_with_its_last_words_and_its_log(place: Path) -> None:
    script = place / "bad.sh"
    script.write_text("#!/bin/sh\nprintf 'out of \\033[31mluck\\033[0m\\n' >&2\nexit 3\n")
    script.chmod(0o755)
    done = osetra(place, "run", "study.toml", "-n", "1", "--", "./bad.sh", "{lr}")
    assert done.exit_code == 3
    assert "./bad.sh: exit status 3: out of luck" in done.stderr
    assert "\x1b" not in done.stderr + done.stdout
    shown = osetra(place, "show", "bad", "1")
    assert "out of luck" in shown.stdout
    assert "study.logs/trial-1-attempt-1.log" in shown.stdout.replace("\n", "")
    read = json.loads(osetra(place, "show", "bad", "1", "--json").stdout)
    assert Path(read["logs"][0]).read_text().startswith("$ ./bad.sh 0.0316")


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["--", "./trian", "{lr}"], 2, "./trian: no such program in"),
        (["--", "train.sh"], 2, "write ./train.sh"),
        (["--", "./train.c"], 2, "chmod +x"),
        (["--", "./train.sh", "{lrr}"], 2, "{lrr}: no such hyperparameter"),
        (["./train.sh", "--lr", "{lr}"], 2, "write -- before the program"),
        ([], 2, "no program given"),
        (["--minimize", "x", "--maximize", "x", "--", "./train.sh"], 2, "x is an objective twice"),
        (["--searcher", "magic", "--", "./train.sh"], 2, "magic"),
    ],
)
def test_mistakes_are_named_before_anything_runs(
    place: Path, words: list[str], code: int, message: str
) -> None:
    done = osetra(place, "run", "study.toml", *words)
    assert done.exit_code == code
    assert message in done.stderr
    assert not list(place.glob("osetra-runs/*/study.db"))


def test_a_dry_run_shows_the_command_and_runs_nothing(place: Path) -> None:
    done = osetra(place, "run", "study.toml", "--dry-run", "--", "./train.sh", "--lr={lr}")
    assert done.exit_code == 0, done.stderr
    assert "./train.sh --lr=0.0316" in done.stdout
    assert "layers is in no placeholder" in done.stderr
    assert not list(place.glob("osetra-runs/*/study.db"))


@pytest.mark.slow
def test_a_study_keeps_to_its_program(place: Path) -> None:
    first = osetra(place, "run", "study.toml", "-n", "1", "--", "./train.sh", "{lr}", "{layers}")
    assert first.exit_code == 0, first.stderr
    other = osetra(place, "run", "study.toml", "-n", "2", "--", "./train.sh", "{lr}", "1")
    assert other.exit_code == 1
    assert "train tunes another command: ./train.sh {lr} {layers}" in other.stderr
    elsewhere = place / "elsewhere"
    elsewhere.mkdir()
    again = osetra(elsewhere, "resume", str(place / "osetra-runs" / "train"), "-n", "2")
    assert again.exit_code == 0, again.stderr
    assert len(opened(place).trials) == 2


@pytest.mark.slow
def test_a_terminal_shows_programs_at_work_and_obeys_a_pause(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PAUSE", "0.3")
    words = ["run", "study.toml", "-n", "1", "--scheduler", "full", "--", "./train.sh", "{lr}", "{layers}"]
    child = pexpect.spawn(
        PROGRAM[0],
        [*PROGRAM[1:], *words],
        cwd=str(place),
        encoding="utf-8",
        timeout=30,
        dimensions=(30, 100),
    )
    child.expect(r"\./train\.sh \{lr\} \{layers\}, minimize val_loss")
    child.expect(r"▸ 1\W.*[█▇▆▅▄▃▂▁]{3}")
    steered = osetra(place, "steer", "train", "1", "set", "lr=0.9")
    assert steered.exit_code == 0, steered.stderr
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0, child.before
    study = opened(place)
    (trial,) = study.trials
    assert trial.steered
    steps, values = study.curve(trial, "val_loss")
    assert list(steps) == [*range(1, 21)]
    assert values[-1] < 0.1  # with the first rate it would be at 0.5
    # As slowly as before: a program does not wait, so the change must reach it before its next report.
    again = osetra(place, "replay", "train", "1")
    assert "bitwise equal: 20 of 20 reports" in again.stdout, again.stderr
    log = (place / "osetra-runs/train/study.logs/trial-1-attempt-1.log").read_text()
    assert re.findall(r"^\$ \./train\.sh (\S+)", log, re.MULTILINE)[1] == "0.9"


UNCHANGED = """
import argparse

parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float)
parser.add_argument("--layers", type=int)
parser.add_argument("--amp", action="store_true")
asked = parser.parse_args()
for epoch in range(3):
    loss = abs(asked.lr - 0.01) * asked.layers + 1 / (epoch + 1) + asked.amp
    print(f"epoch {epoch}: training went well, val_loss={loss:.3e}, next", flush=True)
"""


def test_a_script_that_is_not_changed_is_tuned_by_one_line(tmp_path: Path) -> None:
    (tmp_path / "fit.py").write_text(UNCHANGED)
    ranges = ("--lr~log(1e-4, 1e-1)", "--layers~int(1, 5)", "--amp~flag")
    done = osetra(
        tmp_path, "run", "fit.py", *ranges, "--metric", "val_loss=([0-9.e+-]+)", "--trials", "4", "--json"
    )
    assert done.exit_code == 0, done.output
    study = opened(tmp_path, "fit")
    assert study.problem.objective.metric == "val_loss" and study.problem.objective.direction == "minimize"
    assert set(study.problem.space.names) == {"lr", "layers", "amp"}
    for trial in study.history.trials.values():
        lr, layers, amp = (trial.config[name] for name in ("lr", "layers", "amp"))
        steps, values = study.history.curve(trial, "val_loss")
        assert list(steps) == list(range(1, len(steps) + 1))
        assert values[0] == pytest.approx(abs(lr - 0.01) * layers + 1 + amp, rel=1e-3)
    more = osetra(tmp_path, "resume", "fit", "--trials", "5")
    assert more.exit_code == 0 and len(opened(tmp_path, "fit").history.trials) == 5


def test_what_a_pattern_leaves_open_is_asked(tmp_path: Path) -> None:
    (tmp_path / "fit.py").write_text(UNCHANGED)
    asked = osetra(tmp_path, "run", "fit.py", "--lr~log(1e-4, 1)", "--metric", "acc=([0-9.]+)")
    assert asked.exit_code != 0
    assert "Say --minimize acc or --maximize acc" in " ".join(asked.output.split())
