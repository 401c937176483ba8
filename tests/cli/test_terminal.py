"""The command line in a real terminal, and piped into a log."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from pathlib import Path

import pexpect
import pytest

import osetra as ose

PROGRAM = [sys.executable, "-c", "from osetra.cli import main; main(prog_name='osetra')"]
SLOW = ["tune", "hello.py:slowly", "--minimize", "cost", "--workers", "2", "--trials", "6"]


def terminal(here: Path, *words: str) -> pexpect.spawn:
    return pexpect.spawn(
        PROGRAM[0],
        [*PROGRAM[1:], *words],
        cwd=str(here),
        dimensions=(30, 100),
        encoding="utf-8",
        timeout=30,
    )


def piped(here: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*PROGRAM, *words], cwd=here, capture_output=True, text=True, timeout=60, check=False
    )


def seen(child: pexpect.spawn) -> str:
    """Return what the terminal got, without escape sequences."""
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", f"{child.before}{child.after}")


def test_the_live_block_shows_running_trials_with_their_curves(here: Path) -> None:
    child = terminal(here, *SLOW)
    child.expect(r"searching.*0 of 6 trials")
    child.expect(r"▸ 1\W.*[█▇▆▅▄▃▂▁]{3}")
    child.expect(r"▸ 2\W")
    assert "step" in seen(child)
    child.sendintr()
    child.sendintr()
    child.wait()


def test_the_live_block_redraws_at_most_four_times_a_second(here: Path) -> None:
    child = terminal(here, *SLOW)
    child.expect(r"▸ 1\W")
    begun, redraws = time.monotonic(), 0
    while time.monotonic() - begun < 2.0:
        child.expect("of 6 trials")
        redraws += 1
    child.sendintr()
    child.sendintr()
    child.wait()
    assert redraws <= 9


def test_ctrl_c_hands_back_what_runs_and_says_how_to_go_on(here: Path) -> None:
    child = terminal(here, *SLOW)
    child.expect(r"▸ 1\W")
    child.sendintr()
    child.expect("press Ctrl-C again to stop at once")
    child.expect("stopped after 0 of 6 trials; nothing is lost")
    child.expect("to go on: osetra resume hello")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 130
    trials = ose.Study(str(here / "osetra-runs" / "hello" / "study.db")).trials
    assert {trial.state for trial in trials} == {"queued"}


def test_a_second_ctrl_c_stops_at_once(here: Path) -> None:
    (here / "stuck.py").write_text("import time\ndef train(run):\n    time.sleep(600)\n")
    child = terminal(here, "tune", "stuck.py", "--minimize", "cost", "--set", "a=float(0, 1)")
    child.expect(r"▸ 1\W")
    child.sendintr()
    child.expect("press Ctrl-C again")
    child.sendintr()
    child.expect("to go on: osetra resume stuck")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 130


def test_resume_goes_on_to_the_total(here: Path) -> None:
    first = piped(here, "tune", "hello.py:descend", "--minimize", "cost", "--trials", "2")
    assert first.returncode == 0, first.stderr
    more = piped(here, "resume", "hello", "--trials", "5")
    assert more.returncode == 0, more.stderr
    assert len(ose.Study(str(here / "osetra-runs" / "hello" / "study.db")).trials) == 5
    assert "trial 1:" not in more.stderr
    assert "trial 5:" in more.stderr


def test_a_log_gets_one_line_per_trial_and_no_escape_sequences(here: Path) -> None:
    done = piped(here, "tune", "hello.py:descend", "-c", "study.toml")
    assert done.returncode == 0, done.stderr
    assert len(re.findall(r"^[★✓] trial \d+: ", done.stderr, re.MULTILINE)) == 4
    assert "\x1b" not in done.stderr + done.stdout


def test_the_end_report_goes_to_stdout_and_the_pictures_beside_the_study(here: Path) -> None:
    done = piped(here, "tune", "hello.py:descend", "-c", "study.toml")
    assert "Best" in done.stdout
    assert "cost by step" in done.stdout
    assert (here / "osetra-runs" / "hello" / "curves.png").stat().st_size > 10_000
    assert "osetra resume hello --trials N" in done.stderr


def test_a_study_of_failures_ends_with_code_3_and_the_reason(here: Path) -> None:
    done = piped(here, "tune", "hello.py:broken", "--minimize", "cost", "--trials", "2")
    assert done.returncode == 3
    assert "2 x failed: ValueError: bad batch" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


def test_colours_are_off_when_the_person_says_so(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    child = terminal(here, "status", "nowhere")
    child.expect(pexpect.EOF)
    assert "\x1b[3" not in child.before
    assert "no such study" in child.before


def test_resume_keeps_the_stored_question_when_the_files_are_gone(here: Path) -> None:
    piped(here, "tune", "hello.py:descend", "-c", "study.toml")
    (here / "study.toml").unlink()
    more = piped(here, "resume", "hello", "--trials", "6")
    assert more.returncode == 0, more.stderr
    study = ose.Study(str(here / "osetra-runs" / "hello" / "study.db"))
    assert len(study.trials) == 6
    assert study.searcher.name == "random"
