"""A study in which everything has happened that can happen to a trial."""

from __future__ import annotations

from pathlib import Path

import osetra as ose
from executors import programs


def steered(url: Path | str, name: str = "main") -> ose.Study:
    """A study with finished, branched, failed and paused trials, and many checkpoints."""
    study = ose.Study(url, programs.RATES, minimize="loss", scheduler="full", searcher="random", name=name)

    def train(run: ose.Run) -> None:
        x = (run.restore() or {"x": 1.0})["x"]
        for step in run.steps(8):
            x = programs.descent(x, run.live("lr"))
            if (run.trial, run.attempt, step) == (1, 1, 5):
                study.order(1, "rollback", step=3, lr=0.3)
            if (run.trial, run.attempt, step) == (2, 1, 4):
                study.order(2, "pause")
            if run.trial == 3:
                raise ValueError("bad")
            run.report(loss=abs(x))
            run.checkpoint(lambda: {"x": x})

    study.run(train, trials=4, checkpoints=ose.Checkpoints(every=0))
    study.order(1, "branch", step=3, lr=0.02)
    study.run(train, trials=5, checkpoints=ose.Checkpoints(every=0))
    return study
