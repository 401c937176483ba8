"""Aim: a run per trial, in an experiment per study.

from osetra.integrations.aim import AimTracker

study.run(train, trials=50, trackers=[AimTracker("aim-records")])

aim up --repo aim-records
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

from osetra.core.arguments import path
from osetra.core.trial import Trial
from osetra.integrations.versions import framework
from osetra.study.tracker import TrackedStudy, Tracker


class AimTracker(Tracker):
    """Logs to a repository of Aim.

    Args:
        repo: its folder, which is made when it is none.

    Raises:
        MissingExtra: Aim is not installed.
    """

    def __init__(self, repo: str | os.PathLike[str] = ".") -> None:
        self._aim = framework("aim")
        self.repo = path("repo", repo)
        self._runs: dict[int, Any] = {}

    def open(self, study: TrackedStudy) -> None:
        """Find or make the repository."""
        self._study = study
        Path(self.repo).mkdir(parents=True, exist_ok=True)
        self._place = self._aim.Repo.from_path(self.repo, init=True)

    def begin(self, trial: Trial) -> None:
        """Begin a run."""
        run = self._aim.Run(
            repo=self._place,
            experiment=self._study.name,
            system_tracking_interval=None,
            log_system_params=False,
            capture_terminal_logs=False,
        )
        run.name = f"trial {trial.number}"
        run["hparams"] = dict(trial.config)
        run["osetra"] = {"study": self._study.id, "trial": trial.number, "seed": trial.seed}
        self._runs[trial.number] = run

    def log(self, trial: int, step: int, metrics: Mapping[str, float]) -> None:
        """Track metrics of a step."""
        for name, value in metrics.items():
            self._runs[trial].track(value, name=name, step=step)

    def tag(self, trial: int, tags: Mapping[str, str]) -> None:
        """Write texts beside the hyperparameters: tags of Aim are single words."""
        for name, text in tags.items():
            self._runs[trial]["said", name] = text

    def end(self, trial: Trial) -> None:
        """End the run, with its state as a tag."""
        run = self._runs.pop(trial.number)
        run.add_tag(str(trial.state))
        run["result"] = {"state": str(trial.state), "value": trial.value, "reason": trial.reason}
        self._finish(run)

    def close(self) -> None:
        """End the runs of trials that wait or were handed back."""
        while self._runs:
            self._finish(self._runs.popitem()[1])

    def _finish(self, run: Any) -> None:
        """Close a run, and have it found: what queries of Aim do not find in the index is not there for them.

        Versions with an index manager leave that to it, and it is at work in `aim up` alone.
        """
        run.close()
        with suppress(ImportError):  # of older versions, which index a run that is closed
            manager = import_module("aim.sdk.index_manager")
            manager.RepoIndexManager.get_index_manager(self._place).index(run.hash)
