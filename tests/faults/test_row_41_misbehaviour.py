"""Row 41: trainings and programs that misbehave: no value is stored but what each of them wrote itself.

It is the experiment of benchmarks/misbehaviour.py: one run of each kind here, 20 in the soak.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from faults import KILLS, SOAK

EXPERIMENT = Path(__file__).parents[2] / "benchmarks" / "misbehaviour.py"
EXECUTORS = ("inline", "processes", "workers", "command", "command-workers")
WRONG = ("differing", "foreign", "failed", "passed", "running", "checker", "orphans", "broken")
RUNS = KILLS // 10 if SOAK else 1
"""Of each kind; 20 in the soak."""


@pytest.mark.parametrize("executor", EXECUTORS)
def test_row_41_the_log_knows_no_value_but_the_trainings_own(executor):
    limit = 120 + 60 * RUNS
    command = [sys.executable, str(EXPERIMENT), "--json", "--executor", executor, "--runs", str(RUNS)]
    done = subprocess.run(
        [*command, "--limit", str(limit)], capture_output=True, text=True, timeout=limit + 60, check=False
    )
    found = json.loads(done.stdout)
    assert {what: found[what] for what in WRONG} == dict.fromkeys(WRONG, 0), done.stderr
    assert found["kinds"] >= 16 and found["trainings"] == RUNS * found["kinds"]
