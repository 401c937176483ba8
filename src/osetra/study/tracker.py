"""Tracker: what keeps records of trainings in another program, with one run of its own per trial.

    class Lines(Tracker):
        def log(self, trial, step, metrics):
            print(trial, step, metrics)

        def end(self, trial):
            print(trial.number, trial.state, trial.value)

    study.run(train, trials=50, trackers=[Lines()])

Its methods are called with what the log of the study says, one after another, in a thread of its own in the
process that drives the study: no training waits for it, and it may take its time. Once one of them raises,
or hangs, that is said, and it is called no more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from osetra.core.trial import Trial


@dataclass(frozen=True, slots=True)
class TrackedStudy:
    """The study that a tracker hears of."""

    name: str
    id: str
    """The same in every program that runs the study, and another one for every other study."""
    metric: str
    """The first objective."""
    direction: str
    """minimize or maximize."""


class Tracker:
    """Write what you want to know; the others do nothing."""

    def open(self, study: TrackedStudy) -> None:
        """Hear of the study, before all else."""

    def begin(self, trial: Trial) -> None:
        """Hear that a trial is trained; after a break in another call of `run`, too, from its beginning."""

    def log(self, trial: int, step: int, metrics: Mapping[str, float]) -> None:
        """Hear what a trial reported of a step; of the second fold as `fold1/val_loss`."""

    def tag(self, trial: int, tags: Mapping[str, str]) -> None:
        """Hear what is new of a trial: its orders as `order.1`, what is remembered as `attrs.NAME`."""

    def end(self, trial: Trial) -> None:
        """Hear that a trial has ended, with its state, value and reason."""

    def close(self) -> None:
        """End what is still open: trials that will go on in another call of `run`."""
