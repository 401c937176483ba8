"""Task: what to train on which data, as one small record that can be sent to a worker.

    task = NetworkTask("digits", epochs=20)
    study.run(task, trials=24, workers=2)

Calling it trains one trial. Data is read on first use and kept for the life of the process, so a
warm worker reads it once.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import torch

from osetra.catalogue import Catalogue, for_task
from osetra.core.claim import Claim
from osetra.core.params import Value
from osetra.core.problem import Direction, Objective
from osetra.data.dataset import NUMERIC, Dataset, TaskKind, is_imbalanced
from osetra.data.loading import load
from osetra.data.options import DataOptions
from osetra.data.split import Split, folds, split
from osetra.errors import DataError, StudyError
from osetra.nets import metrics
from osetra.nets.aims import SQUARED, aim_of
from osetra.nets.architecture import Family, architecture
from osetra.nets.cost import catalogue_of, epochs_for, epochs_within, family_of
from osetra.nets.devices import free_memory, gpus, slots_for, used_memory
from osetra.nets.kept import KeptNetwork, keep, kept, name_of
from osetra.nets.model import Card, Model, evaluate, versions
from osetra.nets.network import build
from osetra.nets.ranking import OF_RANKING
from osetra.nets.training import PreparedSplit, TrainedNetwork, prepare, train
from osetra.training.link import MemoryLink, ScriptedLink
from osetra.training.run import Run, is_plain

if TYPE_CHECKING:
    from osetra.nets.baseline import Baseline

Changes = Sequence[tuple[int, Mapping[str, Value]]]
"""Of a steered training: (step after which they change, the new values); 0 is the beginning."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Data:
    """Where the data is and how to read it: the arguments of `loading.load`."""

    where: str
    target: str | tuple[str, ...] | None = None
    task: TaskKind | None = None
    reading: DataOptions = field(default_factory=DataOptions)
    fingerprint: str = ""
    """When given, the data must still have it: a study is about one data set."""


SEARCHED = 8
"""A search that ends by the clock has time for so many full trainings at least, as far as can be guessed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkTask:
    """Trains the built-in network on a data set; call it with a run."""

    data: Data
    network: Literal["auto", "mlp", "cnn", "sequence", "factorization"] = "auto"
    epochs: int = 0
    """Budget of one training; 0 chooses 16 … 256 by the number of rows, of pictures 10 … 40."""
    patience: int = 0
    """Epochs without improvement before stopping early; 0 is a third of the epochs, at least 5."""
    metric: str = "val_loss"
    """Which reported score says what the best epoch is; lower is better but for a few, such as val_auc."""
    aim: str | None = None
    """Which error of a number is made small: the squared one, mae, quantile_Q; None follows the metric."""
    folds: int = 1
    """Above 1: cross-validation, each fold an instance of the trial."""
    watched: bool = False
    """Whether to report the learning rate in force too, as lr, for somebody who watches."""
    earlier: bool = False
    """Whether the study began with a version whose trainings on tables were as short as those on pictures."""
    split_seed: int = 0
    validation: float = 0.2
    test: float = 0.2
    threads: int = 1
    device: str = "cpu"
    """Where it is computed, as PyTorch names it."""
    keep: str = ""
    """The folder in which each trial leaves its network for the final model; none without."""

    def __post_init__(self) -> None:
        for name in ("epochs", "patience"):
            if getattr(self, name) < 0:
                raise DataError(f"{name}={getattr(self, name)}: give a whole number from 1, or 0 for a guess")
        if self.folds < 1 or self.threads < 1:
            raise DataError(f"folds={self.folds}, threads={self.threads}: both are at least 1")

    def __call__(self, run: Run) -> None:
        """Train one trial: on the one split, or on every fold."""
        torch.set_num_threads(self.threads)
        state = run.restore()
        if self.folds == 1:
            trained = self._train(run, 0, run.seed, state)
            if self.keep and is_plain(run):
                self._keep(run, trained)
            return
        for fold in run.folds(self.folds):
            self._train(run, fold, run.seed + 1_000_003 * fold, state)
            state = None  # it was that of the first fold still to be trained

    @property
    def dataset(self) -> Dataset:
        """The data, read once per process."""
        return _dataset(self.data, _stamp(self.data.where))

    @property
    def split(self) -> Split:
        """The split whose test part stays sealed until the end."""
        return self._splits()[0]

    @property
    def family(self) -> Family:
        """The network's family, with "auto" settled: cnn for pictures from 16×16 on and sounds."""
        if self.network != "auto":
            return self.network
        return family_of(self.dataset)

    @property
    def budget(self) -> int:
        """Epochs of one training: a number of rows that takes seconds on a CPU, within 10 … 40."""
        if self.epochs:
            return self.epochs
        table, texts = self.dataset.kind == "table" and not self.earlier, bool(self.dataset.texts)
        return epochs_for(len(self.split.train), self.family, table=table, texts=texts)

    def within(self, minutes: float) -> NetworkTask:
        """Return the task with trainings short enough for a search of so many minutes; not of pictures."""
        if self.epochs or self.earlier or self.dataset.kind == "images":
            return self
        return replace(self, epochs=epochs_within(self.dataset, 60 * minutes / SEARCHED))

    def slots(self, workers: int) -> tuple[int, str]:
        """Return how many trainings run at once, and the GPUs that they share out; none on the processor.

        A device with a number is shared by all of them.
        """
        devices = gpus() if self.device == "cuda" else 0
        if workers <= devices or not devices:
            return slots_for(workers, devices, 0, 0), "all" if devices else ""
        rehearse(replace(self, epochs=1), self.catalogue.space.default, 0)
        return slots_for(workers, devices, used_memory(self.device), free_memory(self.device)), "all"

    @property
    def catalogue(self) -> Catalogue:
        """The known search space of the network on this data."""
        space = catalogue_of(self.family, self.dataset.kind, texts=bool(self.dataset.texts))
        return for_task(space, self.dataset.task)

    @property
    def scores(self) -> tuple[str, ...]:
        """Names of the validation scores that are reported, without the val_ in front."""
        usual: tuple[str, ...] = ("loss", "error")
        if self.dataset.task in NUMERIC:
            usual = ("loss", "rmse")
        elif self.dataset.task == "multilabel":
            usual = ("loss", "error", "f1")
        elif is_imbalanced(self.dataset):
            usual = ("loss", "error", "balanced_error")
        asked = () if self.metric in ("train_loss", *(f"val_{n}" for n in usual)) else (self.asked,)
        return (*usual, *asked)

    @property
    def asked(self) -> str:
        """The metric without the val_ in front."""
        return self.metric.removeprefix("val_")

    @property
    def aimed(self) -> str:
        """Which error of a number is made small."""
        if self.dataset.task not in NUMERIC:
            return SQUARED
        return aim_of(self.metric) if self.aim is None else self.aim

    @property
    def direction(self) -> Direction:
        """Whether the metric is to be small or large."""
        return "maximize" if self.asked in metrics.LARGER else "minimize"

    @property
    def all_scores(self) -> tuple[str, ...]:
        """Names of everything that can be said of predictions, for the end of a tuning."""
        names = metrics.all_of(self.dataset.task) + (OF_RANKING if self.dataset.pair else ())
        return tuple(dict.fromkeys((*names, *self.scores)))

    def baseline(self) -> Baseline:
        """Train the linear model that the network must beat."""
        from osetra.nets.baseline import baseline  # workers never need SciPy's optimizers

        torch.set_num_threads(self.threads)
        return baseline(self.dataset, self.split, self.all_scores, aim=self.aimed)

    def fit(self, run: Run, *, split: Split | None = None, changes: Changes = (), command: str = "") -> Model:
        """Train on the one split and return the model, its card filled in but for test and spread.

        Another split than the task's is scored by the training's own loss, and nothing stops it early.
        """
        torch.set_num_threads(self.threads)
        trained = self._train(run, 0, run.seed, run.restore(), split)
        return self._model(trained, run.config, run.seed, changes, command)

    def kept_model(
        self, config: Mapping[str, Value], seed: int, command: str = ""
    ) -> tuple[Model, bool] | None:
        """Return the model that a trial left behind, and whether it was trained to its end; None without one.

        It is what `fit` makes of the same configuration and seed when it was.
        """
        found = kept(self._file(config, seed)) if self.keep else None
        if found is None:
            return None
        data = _prepared(self, 0, _scaling(config), _stamp(self.data.where))
        network = build(architecture(self.family, config), data.preparation)
        try:
            network.load_state_dict(dict(found.weights))
        except RuntimeError:  # of another version
            return None
        network.eval()
        trained = TrainedNetwork(
            network,
            data.preparation,
            found.best_epoch,
            found.epochs,
            {k: float(v) for k, v in found.scores.items()},
        )
        return self._model(trained, config, seed, (), command), found.complete

    def _keep(self, run: Run, trained: TrainedNetwork) -> None:
        keep(
            self._file(run.config, run.seed),
            KeptNetwork(
                trained.network.state_dict(),
                trained.epochs,
                trained.best_epoch,
                trained.scores,
                not run.interrupted,
            ),
        )

    def _file(self, config: Mapping[str, Value], seed: int) -> Path:
        return Path(self.keep) / name_of(repr(replace(self, keep="")), config, seed)

    def _model(
        self, trained: TrainedNetwork, config: Mapping[str, Value], seed: int, changes: Changes, command: str
    ) -> Model:
        card = Card(
            dataset=self.dataset.name,
            source=self.dataset.source,
            fingerprint=self.dataset.fingerprint,
            config=dict(config),
            seed=seed,
            split={"seed": self.split_seed, "validation": self.validation, "test": self.test},
            epochs=trained.epochs,
            best_epoch=trained.best_epoch,
            metrics={"validation": dict(trained.scores)},
            changes=changes,
            command=command,
            versions=versions(),
        )
        return Model(trained.network, architecture(self.family, config), trained.preparation, card)

    def test_scores(self, model: Model | Baseline) -> dict[str, float]:
        """Return the scores on the sealed test part. Read it once, after the choice was made."""
        if isinstance(model, Model):
            return evaluate(model, self.dataset, self.split.test, self.all_scores)
        from osetra.nets.baseline import evaluate_baseline

        return evaluate_baseline(model, self.dataset, self.split.test, self.all_scores)

    def _train(
        self, run: Run, fold: int, seed: int, state: object, split: Split | None = None
    ) -> TrainedNetwork:
        scaling = _scaling(run.config)
        stamp = _stamp(self.data.where)
        own = _prepared(self, fold, scaling, stamp) if split is None else None
        return train(
            run,
            own or prepare(self.dataset, split or self.split, scaling=scaling, aim=self.aimed),
            family=self.family,
            epochs=self.budget,
            patience=(self.patience or max(5, math.ceil(self.budget / 3))) if own else self.budget,
            metric=self.metric if own else "train_loss",
            show=(*self.scores, "lr") if self.watched else self.scores,
            seed=seed,
            state=state,
            device=self.device,
        )

    def _splits(self) -> tuple[Split, ...]:
        return _splits(self, _stamp(self.data.where))


def rehearse(
    task: NetworkTask,
    config: Mapping[str, Value],
    seed: int,
    *,
    changes: Changes = (),
    command: str = "",
    until: float = math.inf,
) -> Model:
    """Train a config with a seed outside any study, as when the best few are repeated.

    Args:
        task: what to train on.
        config: the hyperparameters.
        seed: for all randomness of the training.
        changes: of a steered training: after which step which values were set.
        command: what makes the model again, for its card.
        until: when it has to be over, on the monotonic clock.

    Raises:
        Diverged: the config does not train with this seed.
        Interrupted: it is not over by then.
        StudyError: something changes that cannot change in the middle of a training.
    """
    link = ScriptedLink(MemoryLink(until=until), 1, changes)
    run = Run.of(
        Claim(1, 1, dict(config), seed), Objective(metric=task.metric, direction=task.direction), link
    )
    model = task.fit(run, changes=changes, command=command)
    if link.refusal:
        raise StudyError(link.refusal)
    return model


def _scaling(config: Mapping[str, Value]) -> str:
    return str(config.get("input_scaling", "standard"))


@lru_cache(maxsize=2)
def _dataset(data: Data, stamp: tuple[int, int]) -> Dataset:
    found = load(data.where, target=data.target, task=data.task, reading=data.reading)
    if data.fingerprint and found.fingerprint != data.fingerprint:
        raise DataError(
            f"{data.where}: the data changed since the study began (fingerprint {found.fingerprint}, "
            f"was {data.fingerprint}); results would not compare. Start a new study "
            "(a later osetra may also understand the same file better: its columns then differ)"
        )
    return found


@lru_cache(maxsize=2)
def _splits(task: NetworkTask, stamp: tuple[int, int]) -> tuple[Split, ...]:
    if task.folds > 1:
        return folds(task.dataset, task.folds, seed=task.split_seed, test=task.test)
    return (split(task.dataset, seed=task.split_seed, validation=task.validation, test=task.test),)


@lru_cache(maxsize=16)
def _prepared(task: NetworkTask, fold: int, scaling: str, stamp: tuple[int, int]) -> PreparedSplit:
    return prepare(task.dataset, task._splits()[fold], scaling=scaling, aim=task.aimed)


def _stamp(where: str) -> tuple[int, int]:
    """Return what changes when a file is written again, so that the cache never serves old rows."""
    path = Path(where)
    if not path.is_file():
        return 0, 0
    facts = path.stat()
    return facts.st_mtime_ns, facts.st_size
