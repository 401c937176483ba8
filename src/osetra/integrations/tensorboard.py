"""TensorBoard: a folder of event files per trial, with its scalars, and its values for the HParams plugin.

from osetra.integrations.tensorboard import TensorBoard

study.run(train, trials=50, trackers=[TensorBoard("runs")])

tensorboard --logdir runs
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from osetra.core.arguments import path
from osetra.core.trial import Trial
from osetra.integrations.versions import framework
from osetra.study.tracker import TrackedStudy, Tracker


class TensorBoard(Tracker):
    """Writes FOLDER/STUDY/trial-7.

    Args:
        folder: that of all studies.

    Raises:
        MissingExtra: TensorBoard is not installed.
    """

    def __init__(self, folder: str | os.PathLike[str] = "runs") -> None:
        framework("tensorboard")
        self.folder = Path(path("folder", folder))
        self._study: TrackedStudy | None = None
        self._writers: dict[int, Any] = {}

    def open(self, study: TrackedStudy) -> None:
        """Note what the folders are called."""
        self._study = study

    def begin(self, trial: Trial) -> None:
        """Begin a file, with the trial's values."""
        from tensorboard.plugins.hparams.summary_v2 import hparams_pb
        from tensorboard.summary.writer.event_file_writer import EventFileWriter

        assert self._study is not None
        name = "".join(c if c.isalnum() or c in "-_." else "_" for c in self._study.name)
        folder = self.folder / name / f"trial-{trial.number}"
        self._writers[trial.number] = EventFileWriter(str(folder))
        plain = {n: v if isinstance(v, (bool, int, float, str)) else str(v) for n, v in trial.config.items()}
        self._add(trial.number, 0, hparams_pb(plain, trial_id=f"{name}/{folder.name}"))

    def log(self, trial: int, step: int, metrics: Mapping[str, float]) -> None:
        """Write scalars."""
        from tensorboard.compat.proto.summary_pb2 import Summary

        scalars = [Summary.Value(tag=name, simple_value=value) for name, value in metrics.items()]
        self._add(trial, step, Summary(value=scalars))

    def tag(self, trial: int, tags: Mapping[str, str]) -> None:
        """Write texts."""
        from tensorboard.compat.proto.summary_pb2 import Summary, SummaryMetadata
        from tensorboard.compat.proto.tensor_pb2 import TensorProto
        from tensorboard.compat.proto.types_pb2 import DT_STRING

        kind = SummaryMetadata(plugin_data=SummaryMetadata.PluginData(plugin_name="text"))
        texts = {
            name: TensorProto(dtype=DT_STRING, string_val=[text.encode()]) for name, text in tags.items()
        }
        values = [Summary.Value(tag=name, tensor=text, metadata=kind) for name, text in texts.items()]
        self._add(trial, 0, Summary(value=values))

    def end(self, trial: Trial) -> None:
        """Write how it ended, and close its file."""
        said = {"state": str(trial.state)} | ({"reason": trial.reason} if trial.reason else {})
        self.tag(trial.number, said)
        if trial.value is not None and self._study is not None:
            self.log(trial.number, 0, {f"hparams/{self._study.metric}": trial.value})
        self._finish(trial.number, "STATUS_SUCCESS" if trial.state == "finished" else "STATUS_FAILURE")

    def close(self) -> None:
        """Close the files of trials that wait or were handed back."""
        for trial in list(self._writers):
            self._finish(trial, "STATUS_UNKNOWN")

    def _finish(self, trial: int, status: str) -> None:
        from tensorboard.compat.proto.summary_pb2 import Summary, SummaryMetadata
        from tensorboard.plugins.hparams import api_pb2, metadata, plugin_data_pb2

        ended = plugin_data_pb2.SessionEndInfo(status=getattr(api_pb2, status), end_time_secs=time.time())
        data = plugin_data_pb2.HParamsPluginData(session_end_info=ended, version=metadata.PLUGIN_DATA_VERSION)
        about = SummaryMetadata.PluginData(plugin_name=metadata.PLUGIN_NAME, content=data.SerializeToString())
        value = Summary.Value(tag=metadata.SESSION_END_INFO_TAG, metadata=SummaryMetadata(plugin_data=about))
        self._add(trial, 0, Summary(value=[value]))
        self._writers.pop(trial).close()

    def _add(self, trial: int, step: int, summary: Any) -> None:
        from tensorboard.compat.proto.event_pb2 import Event

        self._writers[trial].add_event(Event(wall_time=time.time(), step=step, summary=summary))
