"""Weights & Biases: a run per trial, in a group per study.

from osetra.integrations.wandb import WandB

study.run(train, trials=50, trackers=[WandB("digits")])            # offline: `wandb sync` sends it later
study.run(train, trials=50, trackers=[WandB("digits", mode="online")])
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from osetra.core.trial import Trial
from osetra.integrations.versions import framework
from osetra.study.tracker import TrackedStudy, Tracker

QUIET = {"console": "off", "silent": True}
"""Nothing that the program prints is taken or added."""


class WandB(Tracker):
    """Logs to a project; nothing leaves this machine unless the mode is online.

    Args:
        project: its name; that of the study when left out.
        mode: offline writes files below `folder`; online sends them.
        folder: where the files are written; `wandb` where the program runs, when left out.
        settings: what else `wandb.init` takes, such as entity.

    Raises:
        MissingExtra: W&B is not installed.
    """

    def __init__(
        self,
        project: str = "",
        mode: Literal["offline", "online"] = "offline",
        folder: str | None = None,
        **settings: Any,
    ) -> None:
        self._wandb = framework("wandb")
        self.project = project
        self.settings: dict[str, Any] = {"mode": mode, "dir": folder, "settings": QUIET, **settings}
        self._runs: dict[int, Any] = {}

    def open(self, study: TrackedStudy) -> None:
        """Note what the group is called."""
        self._study = study

    def begin(self, trial: Trial) -> None:
        """Begin a run; it has the same id in every program that trains the study."""
        self._runs[trial.number] = self._wandb.init(
            project=self.project or self._study.name,
            group=self._study.name,
            name=f"trial {trial.number}",
            id=f"{self._study.id}-{trial.number}",
            config={**trial.config, "seed": trial.seed},
            resume="allow" if self.settings["mode"] == "online" else None,
            reinit="create_new",
            **self.settings,
        )

    def log(self, trial: int, step: int, metrics: Mapping[str, float]) -> None:
        """Log metrics of a step."""
        self._runs[trial].log(dict(metrics), step=step)

    def tag(self, trial: int, tags: Mapping[str, str]) -> None:
        """Write texts into the summary: tags of W&B are single words."""
        self._runs[trial].summary.update(dict(tags))

    def end(self, trial: Trial) -> None:
        """End the run, with its state as a tag."""
        run = self._runs.pop(trial.number)
        run.tags = (*(run.tags or ()), str(trial.state))
        run.summary.update({"state": str(trial.state), "reason": trial.reason, "value": trial.value})
        run.finish(exit_code=0 if trial.state in ("finished", "stopped") else 1)

    def close(self) -> None:
        """End the runs of trials that wait or were handed back."""
        while self._runs:
            self._runs.popitem()[1].finish(exit_code=255)
