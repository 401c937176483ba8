"""Babysitting in a real terminal, key by key, and without one."""

from __future__ import annotations

import json
import signal
import termios
from pathlib import Path

import pexpect
import pytest
from click.testing import CliRunner

import osetra as ose
from cli.test_steer import until
from cli.test_terminal import PROGRAM, piped
from osetra.cli import main

pytestmark = pytest.mark.slow


def sitting(here: Path, *words: str, function: str = "train") -> pexpect.spawn:
    child = pexpect.spawn(
        PROGRAM[0],
        [*PROGRAM[1:], "babysit", f"nursed.py:{function}", *words],
        cwd=str(here),
        dimensions=(30, 110),
        encoding="utf-8",
        codec_errors="ignore",
        timeout=40,
    )
    child.expect("step [1-9][0-9]* of 1000")
    return child


def study(here: Path) -> ose.Study:
    return ose.Study(str(here / "osetra-runs" / "nursed-babysit" / "study.db"))


def verbs(here: Path, number: int = 1) -> list[str]:
    return [order.verb for order in study(here).trials[number - 1].orders if not order.pending]


def state(here: Path, number: int = 1) -> str:
    return study(here).trials[number - 1].state


def leave(child: pexpect.spawn, key: str = "q") -> None:
    child.send(key)
    child.expect(pexpect.EOF)
    child.close()


def test_the_screen_shows_curve_learning_rate_best_and_keys(here: Path) -> None:
    child = sitting(here, "lr=0.02")
    figures = ("best 0", "0.02 ", "as it began")
    for part in ("── .*val_loss", "train_loss", *figures, "pause", "help"):
        child.expect(part)
    leave(child)
    assert child.exitstatus == 130


def test_plus_and_minus_turn_the_learning_rate(here: Path) -> None:
    child = sitting(here, "lr=0.02")
    child.send("+")
    child.expect(r"1.50 × the 0.02 it began with")
    child.send("--")
    child.expect(r"0.667 × the 0.02 it began with")
    leave(child)
    assert verbs(here) == ["scale", "scale", "scale"]
    assert study(here).trials[0].orders[0].args == {"lr": 1.5}


def test_pausing_keeps_the_program_alive_and_the_trial_goes_on_in_it(here: Path) -> None:
    child = sitting(here)
    child.send("p")
    child.expect("paused")
    child.expect("p .*go on")
    until(lambda: state(here) == "paused")
    assert child.isalive()
    child.send("p")
    until(lambda: state(here) == "running")
    trial = study(here).trials[0]
    assert trial.attempts[0].worker == trial.attempts[1].worker  # no new process was started
    assert trial.attempts[1].source is not None
    leave(child)


def test_stop_keeps_the_best_and_reports(here: Path) -> None:
    child = sitting(here)
    child.send("s")
    child.expect("trial 1 .*finished")
    child.expect("osetra replay nursed-babysit 1")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0
    assert state(here) == "finished"


def test_rolling_back_goes_on_from_the_best_checkpoint(here: Path) -> None:
    child = sitting(here)
    until(lambda: bool(study(here).trials[0].checkpoints))
    child.send("b")
    child.expect("goes on from step")
    leave(child)
    assert "rollback" in verbs(here)


def test_a_branch_is_typed_and_trained_afterwards(here: Path) -> None:
    child = sitting(here)
    child.send("funits=99\x7f\x7f8\r")
    child.expect("trial 2 is queued; trial 1 goes on first")
    child.send("s")
    child.expect("trial 2 ")
    until(lambda: state(here, 2) == "running")
    leave(child)
    assert study(here).trials[1].config["units"] == 8


def test_a_branch_that_makes_no_sense_becomes_a_message(here: Path) -> None:
    child = sitting(here)
    child.send("funits=many\n")
    child.expect("branch of trial 1: units")
    child.send("fnonsense\n")
    child.expect("write name=value")
    child.send("f\x1b")
    leave(child)
    assert len(study(here).trials) == 1


def test_a_note_is_kept_with_its_step(here: Path) -> None:
    child = sitting(here)
    child.send("nodd spike q\n")
    child.expect("note odd spike q")
    leave(child)
    (order,) = study(here).trials[0].orders
    assert (order.verb, order.text) == ("note", "odd spike q")
    assert order.step > 0


def test_help_and_unknown_keys_and_advice_that_is_not_there(here: Path) -> None:
    child = sitting(here)
    child.send("?")
    child.expect("back to the best checkpoint")
    child.send("z")
    child.expect("z: no such key")
    child.send("a")
    child.expect("there is no advice to follow now")
    leave(child)


@pytest.mark.parametrize("end", ["q", "\x03", "terminate", "hang up"])
def test_the_terminal_is_always_put_back(here: Path, end: str) -> None:
    child = sitting(here)
    modes = _modes(child)
    assert not modes & termios.ICANON
    if end == "terminate":
        child.kill(signal.SIGTERM)
    elif end == "hang up":
        child.kill(signal.SIGHUP)
    else:
        child.send(end)
    child.expect("osetra resume nursed-babysit")
    assert _modes(child) & termios.ICANON
    assert _modes(child) & termios.ECHO
    child.expect(pexpect.EOF)
    assert state(here) in ("queued", "running")


def test_the_terminal_is_put_back_when_it_is_left_paused(here: Path) -> None:
    child = sitting(here)
    child.send("p")
    until(lambda: state(here) == "paused")
    child.kill(signal.SIGTERM)
    child.expect("osetra resume nursed-babysit")
    assert _modes(child) & termios.ECHO
    child.expect(pexpect.EOF)


def _modes(child: pexpect.spawn) -> int:
    return int(termios.tcgetattr(child.child_fd)[3])


def test_resume_goes_on_with_the_same_training(here: Path) -> None:
    leave(sitting(here))
    child = pexpect.spawn(
        PROGRAM[0],
        [*PROGRAM[1:], "resume", "nursed-babysit"],
        cwd=str(here),
        encoding="utf-8",
        codec_errors="ignore",
        timeout=40,
    )
    child.expect("best 0")
    until(lambda: state(here) == "running")
    child.send("s")
    child.expect("trial 1 .*finished")
    child.expect(pexpect.EOF)
    assert len(study(here).trials) == 1


def test_without_a_terminal_there_is_a_line_per_step_and_orders_come_from_elsewhere(here: Path) -> None:
    done = piped(here, "babysit", "nursed.py:swiftly", "lr=0.5")
    assert done.returncode == 0, done.stderr
    lines = [line for line in done.stderr.splitlines() if line.startswith("trial 1  step")]
    assert len(lines) == 60
    assert lines[0].startswith("trial 1  step 1 of 60  val_loss 0.7600  train_loss 0.7500  lr 0.5")
    assert "\x1b" not in done.stderr + done.stdout
    assert "trial 1 finished" in done.stdout


def test_the_autopilot_presses_the_keys_and_says_so(here: Path) -> None:
    done = piped(here, "babysit", "nursed.py:short", "lr=6", "--autopilot")
    assert done.returncode == 0, done.stderr
    assert "the autopilot orders: back to step" in done.stderr or "the autopilot orders: stop" in done.stderr
    orders = study(here).trials[0].orders
    assert orders
    assert {order.by for order in orders} == {"autopilot"}
    assert orders[0].why


def test_as_json_there_is_one_document(here: Path) -> None:
    done = piped(here, "babysit", "nursed.py:swiftly", "--json")
    document = json.loads(done.stdout)
    assert document["schema"] == "osetra.babysit/1"
    assert document["trials"][0]["state"] == "finished"


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("nursed.py:train", "lr"), 2, "write name=value"),
        (("nursed.py:train", "units=4096"), 1, "units"),
        (("nursed.py:train", "moo=1"), 1, "moo"),
        (("nursed.py:train", "--maximize", "a", "--minimize", "b"), 2, "not both"),
        (("nursed.py:nobody",), 1, "no function 'nobody'"),
        (("nowhere.py:train",), 1, "no such file"),
    ],
)
def test_requests_that_make_no_sense(here: Path, words: tuple[str, ...], code: int, said: str) -> None:
    done = piped(here, "babysit", *words)
    assert said in done.stderr
    assert done.returncode == code


def test_a_metric_that_is_never_reported_is_told_with_those_that_are(here: Path) -> None:
    done = piped(here, "babysit", "nursed.py:swiftly", "--minimize", "accuracy")
    assert "train_loss, val_loss" in done.stdout + done.stderr


def test_another_question_needs_another_name(here: Path) -> None:
    piped(here, "babysit", "nursed.py:swiftly")
    done = piped(here, "babysit", "nursed.py:swiftly", "--seed", "3")
    assert done.returncode == 1
    assert "seed: 0 → 3" in done.stderr


def test_the_built_in_network_takes_any_trainable_value_and_refuses_others(here: Path) -> None:
    words = ("babysit", "digits", "--epochs", "2", "--out", "net")
    wrong = CliRunner().invoke(main, [*words, "lr=-1"])
    assert (wrong.exit_code, "a number above 0" in wrong.stderr) == (1, True)
    inactive = CliRunner().invoke(main, [*words, "momentum=0.8"])
    assert "exists only if" in inactive.stderr
    done = piped(here, *words, "lr=0.3")
    assert done.returncode == 0, done.stderr
    assert ose.Study(str(here / "net" / "study.db")).trials[0].config["lr"] == 0.3


def test_a_trial_that_another_program_trains_is_taken_over(here: Path) -> None:
    other = sitting(here, "lr=0.02")
    child = pexpect.spawn(
        PROGRAM[0],
        [*PROGRAM[1:], "babysit", "nursed-babysit", "1"],
        cwd=str(here),
        dimensions=(30, 110),
        encoding="utf-8",
        codec_errors="ignore",
        timeout=40,
    )
    child.expect("step [1-9][0-9]* of 1000")
    child.send("+")
    until(lambda: verbs(here) == ["scale"])
    leave(child)
    assert child.exitstatus == 130
    assert state(here) == "running", "who only watched does not end the training"
    leave(other)


def test_what_cannot_be_taken_over_is_named(here: Path) -> None:
    child = sitting(here, "lr=0.02")
    child.send("s")
    child.expect(pexpect.EOF)
    done = piped(here, "babysit", "nursed-babysit", "1")
    assert done.returncode == 1 and "trial 1 of nursed-babysit has ended (finished)" in done.stderr
    done = piped(here, "babysit", "nursed-babysit", "7")
    assert done.returncode == 1 and "has no trial 7; it has 1 to 1" in done.stderr
    done = piped(here, "babysit", "nowhere", "7")
    assert done.returncode == 1 and "no such study" in done.stderr
