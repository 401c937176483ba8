"""Trackio: a run per trial, in a project per study, on this machine.

from osetra.integrations.trackio import Trackio

study.run(train, trials=50, trackers=[Trackio("digits")])

trackio show --project digits
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from osetra.core.trial import Trial
from osetra.integrations.versions import framework
from osetra.study.tracker import TrackedStudy, Tracker


class Trackio(Tracker):
    """Logs to a project.

    Args:
        project: its name; that of the study when left out.
        settings: what else `trackio.init` takes, such as space_id.

    Raises:
        MissingExtra: Trackio is not installed.
    """

    def __init__(self, project: str = "", **settings: Any) -> None:
        self._trackio = framework("trackio")
        self.project, self.settings = project, {"embed": False, "auto_log_gpu": False, **settings}
        self._runs: dict[int, Any] = {}

    def open(self, study: TrackedStudy) -> None:
        """Note what the group is called."""
        self._study = study

    def begin(self, trial: Trial) -> None:
        """Begin a run."""
        self._runs[trial.number] = self._trackio.init(
            self.project or self._study.name,
            name=f"{self._study.name} trial {trial.number} ({self._study.id})",
            group=self._study.name,
            config={**trial.config, "seed": trial.seed, "trial": trial.number},
            resume="allow",
            **self.settings,
        )

    def log(self, trial: int, step: int, metrics: Mapping[str, float]) -> None:
        """Log metrics of a step."""
        self._runs[trial].log(dict(metrics), step=step)

    def tag(self, trial: int, tags: Mapping[str, str]) -> None:
        """Log texts: Trackio has no tags."""
        self._runs[trial].log(dict(tags))

    def end(self, trial: Trial) -> None:
        """End the run."""
        run = self._runs.pop(trial.number)
        run.log({"state": str(trial.state), "reason": trial.reason, "value": trial.value})
        run.finish()

    def close(self) -> None:
        """End the runs of trials that wait or were handed back."""
        while self._runs:
            self._runs.popitem()[1].finish()
