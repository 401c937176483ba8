"""When a command began: before Python did anything, by what the system says."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

from osetra.cli import started


def test_the_age_is_read_behind_a_name_with_brackets() -> None:
    fields = ["S", *["0"] * 18, "4250", "0"]
    assert started.age_of(f"12 (a ) b) {' '.join(fields)}", 50.0, 100) == pytest.approx(7.5)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells when a process began")
def test_imports_before_the_command_line_are_counted() -> None:
    code = (
        "import time; time.sleep(1.5); t = time.monotonic(); from osetra.cli import BEGUN as b; print(t - b)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert 1.5 <= float(done.stdout) < started.MOST


@pytest.mark.parametrize("uptime", [-5.0, 1e9])
def test_a_program_that_has_long_run_begins_now(monkeypatch: pytest.MonkeyPatch, uptime: float) -> None:
    monkeypatch.setattr(started, "age_of", lambda *_: uptime)
    assert abs(started.begun() - time.monotonic()) < 1
