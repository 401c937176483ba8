"""The first example tells the truth: J is (1 - 2α)² times what it was after each step."""

import re
import subprocess
import sys
from pathlib import Path

HELLO = Path(__file__).parents[2] / "examples" / "hello.py"


def _truth(alpha: float) -> str:
    left = (1 - 2 * alpha) ** 2
    return "blows up" if left > 1 else "converges" if left**60 <= 1e-3 else "crawls"


def test_hello_names_what_each_learning_rate_does(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(HELLO)], cwd=tmp_path, capture_output=True, text=True, check=True, timeout=60
    )
    rows = re.findall(r"^alpha = (\S+)\s+\S+\s+(blows up|converges|crawls)", done.stdout, re.MULTILINE)
    assert len(rows) == 25
    assert {name for _, name in rows} == {"blows up", "converges", "crawls"}
    assert [name for _, name in rows] == [_truth(float(alpha)) for alpha, _ in rows]
    assert "stopped at step" in done.stderr  # and yet they are named by where they were going
