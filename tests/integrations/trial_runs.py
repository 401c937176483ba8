"""What the tests of every framework do: train, kill with SIGKILL, go on, compare, order another rate."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import osetra as ose
from osetra.core.claim import Checkpoint, Claim
from osetra.core.curves import Point
from osetra.core.facts import Checkpointed
from osetra.core.problem import Objective
from osetra.training.checkpoints import CheckpointWriter
from osetra.training.link import MemoryLink, ScriptedLink
from osetra.training.run import Run

ALWAYS = ose.Checkpoints(every=0)
heavy = pytest.mark.skipif("OSETRA_FRAMEWORKS" not in os.environ, reason="make frameworks starts processes")
"""Tests whose training processes import a framework first."""
Changes = Sequence[tuple[int, Mapping[str, Any]]]


def steered(
    changes: Changes = (), *, stop_at: int | None = None, metric: str = "val_loss", **config: Any
) -> tuple[Run, MemoryLink, ScriptedLink]:
    """Return a run to which orders are given after planned steps, and what hears its reports."""
    heard = MemoryLink()
    link = ScriptedLink(heard, 1, changes, stop_at)
    claim = Claim(1, 1, {"lr": 0.1, **config}, 3)
    return Run.of(claim, Objective(metric=metric), link), heard, link


def die_once(run: Run, step: int, at: int) -> None:
    """Kill this process where the first attempt of a trial with die=1 has come to a step."""
    if run.config["die"] == 1 and run.attempt == 1 and step == at:
        os.kill(os.getpid(), signal.SIGKILL)


def killed_and_unbroken(
    folder: Path, train: Callable[[Run, Path], None], metric: str = "val_loss", **values: Any
) -> tuple[ose.Study, np.ndarray, np.ndarray]:
    """Train the same configuration twice, once killed with SIGKILL; return what each saved in the end.

    Args:
        folder: where the study and the results are kept.
        train: saves its weights, a flat array, as the file that it is given.
        metric: the objective, to be minimised.
        values: the configuration.
    """
    space = ose.Space(lr=ose.Float(1e-4, 1, scale="log"), die=ose.Ordinal(0, 1))
    study = ose.Study(folder / "study.db", space, minimize=metric, searcher="manual", scheduler="full")
    for die in (0, 1):
        study.enqueue({"lr": 0.05, **values, "die": die})

    def training(run: Run) -> None:
        train(run, folder / f"die-{run.config['die']}.npy")

    study.run(training, trials=2, executor=ose.Processes(1), checkpoints=ALWAYS, progress=False)
    assert [len(trial.attempts) for trial in study.history.trials.values()] == [1, 2], "nobody was killed"
    assert study.history.trials[2].attempts[1].source is not None, "it began anew"
    unbroken, killed = (np.load(folder / f"die-{die}.npy") for die in (0, 1))
    return study, unbroken, killed


class HandedBack(MemoryLink):
    """Asks for the trial back once a step was reported."""

    at = 0

    def stop_requested(self) -> bool:
        """Whether the step has come."""
        return any(point.step >= self.at for point in self.points)


def resumed(
    folder: Path, train: Callable[[Run], np.ndarray], at: int, metric: str = "val_loss", **config: Any
) -> tuple[np.ndarray, np.ndarray, list[Point], list[Point]]:
    """Train once without a break and once with one; return both results, and what both reported.

    Args:
        folder: where checkpoints are kept.
        train: returns its weights, a flat array.
        at: the step after which the second training hands its trial back and another goes on.
        metric: the objective.
        config: hyperparameters beside lr=0.1.
    """

    def once(name: str, start: Checkpoint | None, at: int) -> tuple[np.ndarray, HandedBack]:
        link = HandedBack()
        link.at = at
        claim = Claim(1, 1 if start is None else 2, {"lr": 0.1, **config}, 3, start)
        writer = CheckpointWriter(folder / name, start, ALWAYS)
        run = Run.of(claim, Objective(metric=metric), link, writer)
        result = train(run)
        assert run.interrupted == (at < 2**62)
        return result, link

    unbroken, whole = once("unbroken", None, 2**62)
    _, begun = once("broken", None, at)
    kept = [fact for fact in begun.facts if isinstance(fact, Checkpointed)][-1]
    assert kept.step == at
    start = Checkpoint(str(folder / "broken" / kept.file), kept.sha256, kept.instance, kept.step)
    result, rest = once("broken", start, 2**62)
    assert min(point.step for point in rest.points) == at + 1, "it began anew"
    return unbroken, result, whole.points, begun.points + rest.points


def told(points: list[Point]) -> list[tuple[int, str, float]]:
    """Return what was reported, without the attempt."""
    return sorted((point.step, point.metric, point.value) for point in points)
