"""Trackers of other programs: what a study did is read back by the program's own reader."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import osetra as ose
from osetra.study.tracker import Tracker


def tracked(tracker: Tracker) -> list[ose.Trial]:
    """Return the trials of a study of three, of which the second fails."""

    def train(run: Any) -> None:
        run.remember(commit="abc")
        if run.trial == 2:
            raise ValueError("odd")
        for step in run.steps(3):
            run.report(loss=run.config["x"] + 1 / step, acc=1)

    space = ose.Space(x=ose.Float(0, 1), kind=ose.Choice("a", "b"))
    study = ose.Study("memory:", space, minimize="loss", searcher="random", scheduler="full")
    study.run(train, trials=3, progress=False, trackers=[tracker])
    return study.trials


def test_tensorboard_reads_scalars_and_values(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    from osetra.integrations.tensorboard import TensorBoard

    for trial in tracked(TensorBoard(tmp_path)):
        found = EventAccumulator(str(tmp_path / "main" / f"trial-{trial.number}"))
        found.Reload()
        kinds = {"_hparams_/session_start_info", "_hparams_/session_end_info"}
        assert set(found.PluginTagToContent("hparams")) == kinds
        if trial.state == "finished":
            told = [(event.step, event.value) for event in found.Scalars("loss")]
            assert told == [(n, pytest.approx(trial.config["x"] + 1 / n)) for n in (1, 2, 3)]
        assert {"attrs.commit", "state"} <= set(found.Tags()["tensors"])


def test_mlflow_reads_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("mlflow")
    from osetra.integrations.mlflow import MLflow

    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    tracker = MLflow("mine", tracking_uri=f"file://{tmp_path}")
    trials = tracked(tracker)
    client = tracker._client
    place = client.get_experiment_by_name("mine").experiment_id
    runs = {run.info.run_name: run for run in client.search_runs([place])}
    for trial in trials:
        run = runs[f"trial {trial.number}"]
        assert run.info.status == ("FINISHED" if trial.state == "finished" else "FAILED")
        assert run.data.tags["attrs.commit"] == "abc" and run.data.tags["osetra.state"] == trial.state
        assert run.data.params["x"] == str(trial.config["x"])
        if trial.state == "finished":
            told = client.get_metric_history(run.info.run_id, "loss")
            assert [point.step for point in told] == [1, 2, 3]


@pytest.mark.filterwarnings("ignore")
def test_aim_reads_runs_and_finds_them_by_queries(tmp_path: Path) -> None:
    aim = pytest.importorskip("aim")
    from osetra.integrations.aim import AimTracker

    trials = tracked(AimTracker(tmp_path))
    place = aim.Repo.from_path(str(tmp_path))
    runs = {run.name: run for run in place.iter_runs()}
    for trial in trials:
        run = runs[f"trial {trial.number}"]
        assert run["hparams"] == dict(trial.config) and run.tags == [str(trial.state)]
        assert run["said", "attrs.commit"] == "abc" and run["result", "value"] == trial.value
    found = list(place.query_metrics("metric.name == 'loss' and run.hparams.x >= 0").iter_runs())
    told = {each.run.name: sorted(metric.values.values_list()) for each in found for metric in each}
    finished = [trial for trial in trials if trial.state == "finished"]
    assert told == {
        f"trial {t.number}": [pytest.approx(t.config["x"] + 1 / n) for n in (3, 2, 1)] for t in finished
    }
