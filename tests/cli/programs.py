"""Training scripts for the command line's tests, written to a temporary folder."""

from __future__ import annotations

from pathlib import Path

HELLO = """
import time
import osetra as ose

space = ose.Space(alpha=ose.Float(1e-3, 10, scale="log", default=0.1))


def descend(run):
    w = 0.0
    for _ in run.steps(20):
        w -= run.config["alpha"] * (2 * w - 10)
        run.report(cost=w * w - 10 * w + 25)


def slowly(run):
    for step in run.steps(400):
        run.report(cost=1.0 / step)
        time.sleep(0.02)


def broken(run):
    raise ValueError("bad batch")
"""

TOML = """
[study]
minimize = "cost"
trials = 4
searcher = "random"

[space]
alpha = "log(1e-3, 1)"
"""


def write_programs(folder: Path) -> None:
    """Write hello.py and study.toml."""
    (folder / "hello.py").write_text(HELLO)
    (folder / "study.toml").write_text(TOML)
