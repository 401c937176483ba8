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

NURSED = """
import math
import time
import osetra as ose

space = ose.Space(
    lr=ose.Float(1e-3, 10, scale="log", default=0.1),
    units=ose.Int(8, 64, default=16),
)


def train(run, pause=0.05, steps=1000):
    # x falls by lr per step; keeps everything that the next step depends on
    x = 1.0
    state = run.restore()
    if state is not None:
        x = state["x"]
    for _ in run.steps(steps):
        time.sleep(pause)
        x *= 1 - 0.5 * run.live("lr")
        run.report(val_loss=0.01 + abs(x), train_loss=abs(x))
        run.checkpoint(lambda: {"x": x})


def swiftly(run):
    train(run, 0.0, 60)


def short(run):
    train(run, 0.05, 60)


def keeping_nothing(run):
    for step in run.steps(1000):
        time.sleep(0.05)
        run.live("lr")
        run.report(val_loss=1.0 / step)


def forgetful(run):
    x = (run.restore() or {"x": 1.0})["x"]
    noise = 0.0
    for step in run.steps(20):
        time.sleep(0.03)
        noise = 0.5 * noise + run.live("lr") / step  # is not in the checkpoint
        x = 0.9 * x + 0.01 * noise
        run.report(val_loss=x)
        run.checkpoint(lambda: {"x": x})
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
    """Write hello.py, nursed.py and study.toml."""
    (folder / "nursed.py").write_text(NURSED)
    (folder / "hello.py").write_text(HELLO)
    (folder / "study.toml").write_text(TOML)
