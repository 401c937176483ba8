"""MLflow: an experiment per study, a run per trial.

from osetra.integrations.mlflow import MLflow

study.run(train, trials=50, trackers=[MLflow()])
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from osetra.core.trial import Trial
from osetra.integrations.versions import framework
from osetra.study.tracker import TrackedStudy, Tracker

STATUS = {"finished": "FINISHED", "stopped": "KILLED"}
"""MLflow's word for a state; all others are FAILED."""
LONGEST = 5000
"""Characters of a tag that MLflow takes."""


class MLflow(Tracker):
    """Logs to the tracking server that MLflow uses, or another one.

    Args:
        experiment: its name; that of the study when left out.
        tracking_uri: where MLflow keeps its records, when not where it does by itself.

    Raises:
        MissingExtra: MLflow is not installed.
    """

    def __init__(self, experiment: str = "", tracking_uri: str | None = None) -> None:
        self._mlflow = framework("mlflow")
        self.experiment = experiment
        self.uri = tracking_uri
        self._runs: dict[int, str] = {}

    def open(self, study: TrackedStudy) -> None:
        """Find or make the experiment."""
        self._client: Any = self._mlflow.MlflowClient(self.uri)
        self._study, name = study, self.experiment or f"osetra {study.name}"
        found = self._client.get_experiment_by_name(name)
        self._place = self._client.create_experiment(name) if found is None else found.experiment_id

    def begin(self, trial: Trial) -> None:
        """Begin a run; the one that an earlier call of `run` left open is deleted."""
        mine = {"osetra.study": self._study.id, "osetra.trial": str(trial.number)}
        wanted = " and ".join(f"tags.`{name}` = '{text}'" for name, text in mine.items())
        for old in self._client.search_runs([self._place], f"{wanted} and tags.`osetra.open` = 'yes'"):
            self._client.delete_run(old.info.run_id)
        tags = {
            **mine,
            "osetra.open": "yes",
            "osetra.origin": f"{trial.origin} {trial.by}: {trial.why}"[:LONGEST],
        }
        run = self._client.create_run(self._place, tags=tags, run_name=f"trial {trial.number}")
        self._runs[trial.number] = run.info.run_id
        for name, value in {**trial.config, "seed": trial.seed}.items():
            self._client.log_param(run.info.run_id, name, value)

    def log(self, trial: int, step: int, metrics: Mapping[str, float]) -> None:
        """Log metrics of a step."""
        for name, value in metrics.items():
            self._client.log_metric(self._runs[trial], name, value, step=step)

    def tag(self, trial: int, tags: Mapping[str, str]) -> None:
        """Set tags."""
        for name, text in tags.items():
            self._client.set_tag(self._runs[trial], name, text[:LONGEST])

    def end(self, trial: Trial) -> None:
        """End the run."""
        said = {"osetra.state": str(trial.state), "osetra.reason": trial.reason, "osetra.open": "no"}
        self.tag(trial.number, {name: text for name, text in said.items() if text})
        if trial.value is not None:
            self._client.log_metric(self._runs[trial.number], f"trial/{self._study.metric}", trial.value)
        self._client.set_terminated(self._runs.pop(trial.number), STATUS.get(trial.state, "FAILED"))

    def close(self) -> None:
        """End the runs of trials that wait or were handed back."""
        while self._runs:
            self._client.set_terminated(self._runs.popitem()[1], "KILLED")
