"""CatBoost: `model.fit` as a run of osetra, by one callback.

    def train(run):
        callback = OsetraCallback(run)
        model = CatBoostClassifier(learning_rate=run.config["lr"], **callback.rounds(200))
        model.fit(rows, eval_set=held_out, callbacks=[callback])

A step is a round; metrics are named after data and metric, as in validation_Logloss. The checkpoint is
CatBoost's own snapshot, which holds where its generator stands: what goes on from it ends with the same bits,
also where rows are drawn. CatBoost repeats the snapshot's last round, unheard.

CatBoost takes its learning rate at the start and gives the model to no callback: nobody can change it while
it trains, so orders for it are refused.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from osetra.core.arguments import whole
from osetra.errors import StudyError
from osetra.integrations.owned_loop import OwnedLoop
from osetra.integrations.versions import framework
from osetra.training.run import Run

catboost = framework("catboost")


class OsetraCallback:
    """Reports, stops and keeps a `model.fit` on processors; CatBoost calls nobody back on GPUs.

    Args:
        run: what the training function got.

    Raises:
        StudyError: it is no run; in a training, within a CatBoostError, that `rounds` was not given to the
            model, or that the metric is never logged.
        CheckpointError: another framework kept the checkpoint.
    """

    def __init__(self, run: Run) -> None:
        self._loop = OwnedLoop(run, None, framework="CatBoost")
        self._total = 0
        self._seen: dict[str, int] = {}
        self._folder: TemporaryDirectory[str] | None = None
        self.done = 0
        """Rounds behind the checkpoint."""

    def rounds(self, total: int) -> dict[str, Any]:
        """Return how many rounds a whole training has and where its snapshot lies, as a model takes them.

        Raises:
            StudyError: the total is no whole number of at least 1, or another callback counts the steps.
        """
        self._total = whole("rounds", total, least=1)
        self._folder = TemporaryDirectory(prefix="osetra-")
        state = self._loop.restore()
        if state is not None:
            self._snapshot.write_bytes(state["snapshot"])
        self.done = self._loop.begin(self._total)
        return {
            "iterations": self._total,
            "train_dir": self._folder.name,
            "save_snapshot": True,
            "snapshot_file": str(self._snapshot),
            "snapshot_interval": 0,  # after every round: a checkpoint may be wanted behind any
        }

    def after_iteration(self, info: Any) -> bool:
        """Report, keep a checkpoint; return whether the training goes on."""
        if not self._total:
            raise StudyError(
                "how many rounds there are is not known; write CatBoostClassifier(…, **callback.rounds(200)) "
                "in place of iterations"
            )
        if self.done >= self._total:
            return False  # it was told to end before it began
        if info.iteration <= self.done:
            return True  # it was reported before
        logs = self._news(info.metrics)
        if logs:  # with metric_period there are rounds without
            self._loop.report(logs)
        if self._snapshot.exists():
            self._loop.keep(lambda: {"snapshot": self._snapshot.read_bytes()})
        goes_on = self._loop.advance()
        if not goes_on:
            self._loop.end()
        return goes_on

    @property
    def _snapshot(self) -> Path:
        assert self._folder is not None
        return Path(self._folder.name) / "snapshot"

    def _news(self, metrics: Any) -> dict[str, object]:
        """Return the metrics that were measured after this round."""
        named = {
            f"{data}_{name}": values for data, those in metrics.items() for name, values in those.items()
        }
        new = {name: values[-1] for name, values in named.items() if len(values) != self._seen.get(name)}
        self._seen = {name: len(values) for name, values in named.items()}
        return new
