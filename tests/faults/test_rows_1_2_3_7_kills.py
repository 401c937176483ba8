"""Rows 1, 2, 3, 7: kill -9 of trainings, supervisors and programs, and stalls beyond the lease.

It is the experiment of benchmarks/faults.py: 20 of each here, OSETRA_KILLS=200 in the soak.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from faults import KILLS

EXPERIMENT = Path(__file__).parents[2] / "benchmarks" / "faults.py"
PATIENCE = 120 + 20 * KILLS
"""Seconds that all of it may take."""
KINDS = ("training", "supervisor", "parent", "stall")

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def found():
    """What came of the experiments, which run side by side."""
    programs = {}
    for kind in KINDS:
        command = [sys.executable, str(EXPERIMENT), "--json", "--kind", kind, "--kills", str(KILLS)]
        programs[kind] = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        answers = {kind: program.communicate(timeout=PATIENCE)[0] for kind, program in programs.items()}
    finally:
        for program in programs.values():
            program.kill()
    return {kind: json.loads(answer) for kind, answer in answers.items()}


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_lost_or_doubled_and_nobody_lives_on(found, kind):
    outcome = found[kind]
    assert outcome["kills"] >= KILLS
    for what in ("lost", "doubled", "zombie", "early", "unfinished", "orphans", "checker"):
        assert outcome[what] == 0, outcome
    assert outcome["after"] > outcome["before"] > 0
    assert outcome["restarts"] > 0
