"""`osetra worker`: what it refuses, what it shows, how it leaves, and that nothing is lost with it."""

from __future__ import annotations

import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import click
import msgspec
import pexpect
import pytest
from click.testing import CliRunner

import osetra as ose
from cli.nodes import node, prepare, send, tree
from cli.test_terminal import piped, seen, terminal
from osetra.cli import main
from osetra.cli.commands.worker import _split, preemptible
from osetra.cli.failures import Failure
from osetra.core.facts import Ended, Source, Worker
from osetra.core.trial import Attempt
from osetra.stores import open_store
from osetra.tuning.locations import create, find
from osetra.upkeep.check import check_store
from osetra.views.terminal.slots import slots_block, start_line, study_text

SPACE = ose.Space(alpha=ose.Float(1e-3, 10, scale="log", default=0.1))


def refused(*words: str) -> str:
    result = CliRunner().invoke(main, ["worker", *words])
    assert result.exit_code in (1, 2), result.output
    assert "Traceback" not in result.output
    return " ".join(result.stderr.split())


def until(condition: Callable[[], Any], seconds: float = 60.0) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.05)
    return False


@pytest.fixture
def study(here: Path) -> Iterator[ose.Study]:
    """A study of a program of its own, with a target."""
    study = ose.Study("s.db", SPACE, minimize="cost", name="mine", searcher="random", scheduler="full")
    study._planner.aim(4)
    yield study
    study.close()


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ((), (None, None)),
        (("digits",), ("digits", None)),
        (("digits", "train.py:train"), ("digits", "train.py:train")),
        (("package.module:train",), (None, "package.module:train")),
        (("train.py",), (None, "train.py")),
        (("train.py:train", "digits"), ("digits", "train.py:train")),
    ],
)
def test_words_behind_the_store(words: tuple[str, ...], expected: tuple[Any, Any]) -> None:
    assert _split(words) == expected


def test_a_word_too_many_is_told() -> None:
    with pytest.raises(click.UsageError, match="each once"):
        _split(("digits", "wine", "train.py:train"))


@pytest.mark.usefixtures("here")
def test_a_study_that_does_not_exist_has_to_be_started_or_waited_for() -> None:
    for text in ("s.db", "s.db#mine", "sqlite:///s.db#mine"):
        assert refused(text, "hello.py:descend").endswith("Start the study first, or add --wait.")
    assert not Path("s.db").exists()


def test_a_wrong_name_lists_the_right_ones(study: ose.Study) -> None:
    assert "no study 'mined' in it; it has: mine. Did you mean 'mine'?" in refused("s.db", "mined")


def test_a_study_of_a_program_needs_the_function(study: ose.Study) -> None:
    assert "name the function: osetra worker STUDY script.py:function" in refused("s.db#mine")


def test_a_function_that_is_not_here_is_named_with_the_folders_searched(study: ose.Study) -> None:
    text = refused("s.db#mine", "no_package.module:train")
    assert f"there is no module 'no_package' on {socket.gethostname()}; searched: " in text
    assert str(Path.cwd()) in text
    assert "PYTHONPATH=FOLDER" in text
    assert "gone.py: no such file on" in refused("s.db#mine", "gone.py:train")
    assert "no function 'descent' in it; it has: descend" in refused("s.db#mine", "hello.py:descent")
    assert "no function 'descent' in it; it has: descend" in refused("s.db#mine", "hello:descent")


def test_a_module_that_a_script_needs_is_named_with_the_folders_searched(study: ose.Study) -> None:
    Path("needy.py").write_text("import no_such_thing\n\ndef train(run): ...\n")
    text = refused("s.db#mine", "needy.py:train")
    assert "needy.py, line 1: there is no module 'no_such_thing' on" in text
    assert "searched: " in text


def test_a_word_behind_a_studys_own_name_is_what_it_trains(digits: Path) -> None:
    assert "nosuch.csv: digits is a study already" in refused("digits", "nosuch.csv")


def test_a_senseless_device_is_told_before_anything_starts(study: ose.Study) -> None:
    assert "'first' names no device" in refused("s.db#mine", "hello.py:descend", "--gpus", "first")


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 75), (signal.SIGUSR1, 75), (signal.SIGHUP, 75)]
)
def test_who_is_told_to_go_before_the_work_begins_asks_to_be_started_again(number: int, code: int) -> None:
    before = signal.getsignal(number)
    with pytest.raises(Failure) as caught, preemptible():
        os.kill(os.getpid(), number)
        time.sleep(5)
    assert caught.value.exit_code == code
    assert signal.getsignal(number) == before


def test_other_exits_are_left_alone() -> None:
    with pytest.raises(SystemExit) as caught, preemptible():
        sys.exit(3)
    assert caught.value.code == 3


def test_the_block_tells_what_each_slot_does(study: ose.Study, text: Callable[..., str]) -> None:
    run = study.ask()
    history = study.history
    shown = text(slots_block(study.problem, history, {1: history.trials[1]}, ["slot 0", "slot 1"]), 100)
    first, second, last = shown.splitlines()
    assert first.split() == ["slot", "0", "waits", "for", "work"]
    assert second.startswith("slot 1  trial 1")
    assert "alpha=0.1" in second
    assert last == "study   0 of 4 trials done, 1 run"
    study.tell(run, 0.25)
    assert study_text(study.problem, study.history) == "1 of 4 trials done, best cost 0.2500 in trial 1"


def test_a_log_says_from_where_a_trial_goes_on(study: ose.Study) -> None:
    trial = study.enqueue(alpha=0.5)
    begun = Attempt(2, Worker("a", "b", 1, 1.0, 0), 0.0, source=Source(1, 1, 0, 12))
    text = start_line(study.problem, msgspec.structs.replace(trial, attempts=(begun,)), "slot 0")
    assert text == "▸ slot 0: trial 1 from step 12  alpha=0.5"


@pytest.mark.slow
def test_a_worker_alone_brings_a_study_to_its_target(study: ose.Study, here: Path) -> None:
    done = piped(here, "worker", "s.db", "mine", "hello.py:descend", "--slots", "2")
    assert done.returncode == 0, done.stderr
    assert [trial.state for trial in study.trials] == ["finished"] * 4
    assert "worker on" in done.stderr
    assert "▸ slot" in done.stderr
    assert "4 trials trained here; 4 of 4 trials done" in done.stderr
    again = piped(here, "worker", "s.db#mine", "hello:descend")
    assert again.returncode == 0
    assert "0 trials trained here; 4 of 4 trials done" in again.stderr


@pytest.mark.slow
def test_what_osetra_tune_started_needs_no_function(here: Path) -> None:
    first = piped(here, "tune", "hello.py:descend", "-c", "study.toml", "--store", "s.db#mine")
    assert first.returncode == 0, first.stderr
    more = piped(here, "worker", "s.db#mine", "--trials", "6")
    assert more.returncode == 0, more.stderr
    assert "trains hello.py:descend" in more.stderr
    assert "2 trials trained here; 6 of 6 trials done" in more.stderr


@pytest.mark.slow
def test_a_terminal_shows_the_slots_and_a_termination_hands_everything_back(here: Path) -> None:
    study = ose.Study("s.db", SPACE, minimize="cost", name="mine", searcher="random", scheduler="full")
    study._planner.aim(40)
    child = terminal(here, "worker", "s.db#mine", "hello.py:slowly", "--slots", "2", "--gpus", "5,6")
    child.expect("s.db#mine")
    child.expect("minimize cost, 0 of 40 trials done")
    child.expect(r"slot 1  GPU 6  \S*trial")
    child.expect("0 of 40 trials done, 2 run")
    assert "Traceback" not in seen(child)
    child.kill(signal.SIGTERM)
    child.expect("SIGTERM again to stop at once")
    child.expect("0 trials trained here, 2 handed back")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 75
    assert {trial.state for trial in study.trials if trial.attempts} == {"queued"}
    assert [t.attempts[-1].outcome for t in study.trials if t.attempts] == ["interrupted"] * 2
    study.close()


@pytest.mark.slow
def test_ctrl_c_hands_back_and_a_second_one_kills(here: Path) -> None:
    Path("stuck.py").write_text("import time\ndef train(run):\n    time.sleep(600)\n")
    study = ose.Study("s.db", SPACE, minimize="cost", name="mine")
    study._planner.aim(2)
    child = terminal(here, "worker", "s.db#mine", "stuck.py:train")
    child.expect("trial 1")
    child.sendintr()
    child.expect("press Ctrl-C again")
    child.sendintr()
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 130
    assert until(lambda: study.trials[0].state == "queued", 10)
    study.close()


@pytest.mark.slow
def test_a_worker_waits_for_a_study_and_leaves_when_there_is_no_work(here: Path) -> None:
    words = ["worker", "s.db#mine", "hello.py:descend", "--wait", "--idle", "0.02"]
    child = terminal(here, *words)
    child.expect("waiting for s.db#mine to be started")
    study = ose.Study("s.db", SPACE, minimize="cost", name="mine")
    study.enqueue(alpha=0.5)
    child.expect("1 trial trained here")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0
    assert [trial.state for trial in study.trials] == ["finished"]
    study.close()


@pytest.fixture
def cluster_study(tmp_path: Path) -> Iterator[ose.Study]:
    """A study that only workers run, as a job array does."""
    prepare(tmp_path)
    space = ose.Space(lr=ose.Float(1e-3, 1, scale="log", default=0.1))
    url = tmp_path / "s.db"
    study = ose.Study(url, space, minimize="loss", name="array", searcher="random", scheduler="full")
    study._planner.aim(12)
    yield study
    study.close()


def stepped(study: ose.Study, host: str) -> bool:
    """Whether a machine is amid a training."""
    history = study.history
    running = [t for t in history.running if t.attempts[-1].worker.host == host]
    return any(2 < history.step(trial, "loss") < 15 for trial in running)


def asleep(study: ose.Study, machine: subprocess.Popen[bytes]) -> bool:
    """Stop a machine, but not amid a transaction: a file of SQLite has one lock, which it would keep."""
    send(machine, signal.SIGSTOP)
    with closing(sqlite3.connect(study.url, timeout=2.0)) as file:
        try:
            file.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            send(machine, signal.SIGCONT)
            return False
    return True


def join(host: str, study: ose.Study) -> subprocess.Popen[bytes]:
    return node(
        host, Path(study.url).parent, "worker", f"{study.url}#array", "training.py:train", "--grace", "30"
    )


def whole(study: ose.Study) -> None:
    """Assert that every trial was finished exactly once, with all its steps, by its lineage."""
    assert [trial.state for trial in study.trials] == ["finished"] * 12
    store = open_store(study.url, "array")
    try:
        assert not check_store(store).violations
        ends = [e.fact for e in store.read() if isinstance(e.fact, Ended) and e.fact.outcome == "finished"]
    finally:
        store.close()
    assert sorted(fact.trial for fact in ends) == list(range(1, 13))
    for trial in study.trials:
        assert study.curve(trial, "loss")[0] == list(range(1, 21))
        assert study.curve(trial, "done")[1][-1] == 20.0


@pytest.mark.slow
def test_three_machines_one_is_preempted_one_vanishes_and_nothing_is_lost(cluster_study: ose.Study) -> None:
    study = cluster_study
    nodes = {host: join(host, study) for host in ("node-a", "node-b", "node-c")}
    try:
        assert until(lambda: stepped(study, "node-a")), Path(study.url).with_name("node-a.out").read_text()
        # As SLURM does with --signal=USR1@60: every process of the task gets it.
        send(nodes["node-a"], signal.SIGUSR1)
        assert nodes["node-a"].wait(60) == 75
        back = [t for t in study.trials for a in t.attempts if a.outcome == "interrupted"]
        assert len(back) == 1
        assert until(lambda: stepped(study, "node-b"))
        send(nodes["node-b"], signal.SIGKILL)
        nodes["node-b"].wait(60)
        assert nodes["node-c"].wait(120) == 0
        whole(study)
        again = study.history.trials[back[0].number].attempts
        assert again[1].worker.host in ("node-b", "node-c")
        assert again[1].source is not None
        lost = [a for t in study.trials for a in t.attempts if a.outcome == "lost"]
        assert [a.worker.host for a in lost] == ["node-b"]
        assert "no sign of life from node-b" in lost[0].reason
    finally:
        for machine in nodes.values():
            if machine.poll() is None:
                send(machine, signal.SIGKILL)
            machine.wait()


@pytest.mark.slow
def test_a_machine_that_sleeps_past_its_lease_writes_nothing_afterwards(cluster_study: ose.Study) -> None:
    study = cluster_study
    nodes = {host: join(host, study) for host in ("node-a", "node-b")}
    try:
        assert until(lambda: stepped(study, "node-a") and asleep(study, nodes["node-a"]))
        stopped = tree(nodes["node-a"].pid)
        (held,) = [t for t in study.history.running if t.attempts[-1].worker.host == "node-a"]
        count = len(held.attempts)
        assert until(lambda: len(study.history.trials[held.number].attempts) > count)
        for pid in stopped:
            os.kill(pid, signal.SIGCONT)
        assert nodes["node-b"].wait(120) == 0
        assert nodes["node-a"].wait(120) == 0
        attempts = study.history.trials[held.number].attempts
        assert attempts[count - 1].outcome == "lost"
        last = attempts[count - 1].ended
        store = open_store(study.url, "array")
        late = [
            entry
            for entry in store.read()
            if getattr(entry.fact, "trial", 0) == held.number
            and getattr(entry.fact, "attempt", 0) == count
            and entry.time > last
        ]
        store.close()
        assert late == []
        whole(study)
    finally:
        for machine in nodes.values():
            if machine.poll() is None:
                send(machine, signal.SIGCONT)
                send(machine, signal.SIGKILL)
            machine.wait()


@pytest.mark.slow
def test_a_study_on_a_server_is_joined_by_its_url(here: Path, cluster: Any) -> None:
    url = f"{cluster.url}#worker-{os.getpid()}"
    study = create("far", store=url).start(SPACE, minimize="cost", searcher="random", scheduler="full")
    more = piped(here, "worker", url, "hello.py:descend", "--trials", "4", "--slots", "2")
    assert more.returncode == 0, more.stderr
    assert "4 trials trained here; 4 of 4 trials done" in more.stderr
    assert len(study.trials) == 4
    study.close()
    assert find("far").address.url == cluster.url
    for verb in ("status", "show", "best", "export"):
        done = CliRunner().invoke(main, [verb, "far"])
        assert done.exit_code == 0, done.output


SBATCH = Path(__file__).parents[2] / "examples" / "slurm" / "osetra.sbatch"


@pytest.mark.parametrize(("code", "queued_again"), [(75, True), (0, False), (1, False)])
def test_a_task_of_the_job_array_queues_again_when_it_was_told_to_leave(
    tmp_path: Path, code: int, queued_again: bool
) -> None:
    programs = {
        "srun": 'exec "$@"',
        "osetra": f'echo "$@" > words; echo "$OSETRA_CHECKPOINTS" > folder; exit {code}',
        "scontrol": 'echo "$@" > queued',
    }
    for name, text in programs.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{text}\n")
        (tmp_path / name).chmod(0o755)
    environment = {
        "PATH": f"{tmp_path}:/usr/bin:/bin",
        "HOME": "/home/ann",
        "OSETRA_STUDY": "postgresql://ann@db/x#digits",
        "OSETRA_TRAINS": "train.py:train",
        "SLURM_GPUS_ON_NODE": "2",
        "SLURM_ARRAY_JOB_ID": "77",
        "SLURM_ARRAY_TASK_ID": "3",
    }
    done = subprocess.run(["bash", str(SBATCH)], cwd=tmp_path, env=environment, check=False)
    assert done.returncode == code
    words = (tmp_path / "words").read_text().split()
    assert words[:5] == ["worker", "postgresql://ann@db/x#digits", "train.py:train", "--gpus", "all"]
    assert (tmp_path / "folder").read_text() == "/home/ann/osetra-checkpoints\n"
    again = tmp_path / "queued"
    assert (again.read_text().split() if again.exists() else None) == (
        ["requeue", "77_3"] if queued_again else None
    )
    worker_options = {option for param in main.get_command(None, "worker").params for option in param.opts}  # type: ignore[arg-type]
    assert {word for word in words if word.startswith("--")} <= worker_options


def test_a_task_without_a_study_says_what_to_set(tmp_path: Path) -> None:
    done = subprocess.run(
        ["bash", str(SBATCH)], cwd=tmp_path, env={"PATH": "/usr/bin:/bin"}, capture_output=True, text=True
    )
    assert done.returncode != 0
    assert "set it to the study, such as postgresql://" in done.stderr
