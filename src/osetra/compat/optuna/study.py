"""Studies, under the names of `optuna.study`: a thin hand on an `osetra.Study`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import deepcopy as deep_copy
from typing import TYPE_CHECKING, Any

from osetra.compat.optuna.adding import add
from osetra.compat.optuna.callbacks import MaxTrialsCallback
from osetra.compat.optuna.constraints import feasible
from osetra.compat.optuna.distributions import Distribution
from osetra.compat.optuna.engine import Engine
from osetra.compat.optuna.exceptions import refuse
from osetra.compat.optuna.loop import Loop, Objective
from osetra.compat.optuna.names import key_of
from osetra.compat.optuna.opening import (
    StudySummary,
    copy_study,
    create_study,
    delete_study,
    get_all_study_names,
    get_all_study_summaries,
    load_study,
)
from osetra.compat.optuna.reading import chosen, in_force, metrics_of
from osetra.compat.optuna.records import FrozenTrial, StudyDirection, TrialState
from osetra.compat.optuna.samplers import BaseSampler
from osetra.compat.optuna.storages import BaseStorage, InMemoryStorage
from osetra.compat.optuna.telling import tell
from osetra.compat.optuna.trial import OptunaTrial
from osetra.core.history import History
from osetra.study.study import Study as OsetraStudy

if TYPE_CHECKING:
    from osetra.compat.optuna.pruners import BasePruner

__all__ = [
    "MaxTrialsCallback",
    "Study",
    "StudyDirection",
    "StudySummary",
    "copy_study",
    "create_study",
    "delete_study",
    "get_all_study_names",
    "get_all_study_summaries",
    "load_study",
]

METRIC_NAMES = "study:metric_names"
COLUMNS = (
    *("number", "value", "datetime_start", "datetime_complete"),
    *("duration", "params", "user_attrs", "system_attrs", "state"),
)


class OptunaStudy:
    """A study; made by `create_study` and `load_study`.

    `osetra` is the `osetra.Study` behind it: advice, figures, importance with intervals, steering.
    """

    def __init__(
        self, study: OsetraStudy, storage: BaseStorage, sampler: BaseSampler, pruner: BasePruner
    ) -> None:
        self.osetra = study
        self._storage = storage
        self.sampler = sampler
        self.pruner = pruner
        self._engine = Engine(study, grid=getattr(sampler, "configs", ()))
        self._loop = Loop(self)

    @property
    def study_name(self) -> str:
        """Its name."""
        return self.osetra.name

    @property
    def directions(self) -> list[StudyDirection]:
        """Which way each value is better."""
        problem = self.osetra.problem
        by_name = {objective.metric: objective.direction for objective in problem.objectives}
        return [StudyDirection[by_name[name].upper()] for name in metrics_of(problem)]

    @property
    def direction(self) -> StudyDirection:
        """Which way the value is better.

        Raises:
            RuntimeError: there are several.
        """
        self._single("a direction")
        return self.directions[0]

    @property
    def trials(self) -> list[FrozenTrial]:
        """All trials, as copies."""
        return self.get_trials()

    def get_trials(
        self, deepcopy: bool = True, states: Iterable[TrialState] | None = None
    ) -> list[FrozenTrial]:
        """Return the trials of some states, of all where none are named."""
        reader = self._engine.reader()
        return chosen([reader.record(number) for number in reader.history.trials], states)

    @property
    def best_trial(self) -> FrozenTrial:
        """The complete trial with the best value.

        Raises:
            RuntimeError: the study has several objectives.
            ValueError: no trial is complete, or none keeps its constraints.
        """
        self._single("a best trial")
        complete = self._complete()
        if not complete:
            raise ValueError("No trials are completed yet.")
        complete = feasible(complete)
        if not complete:
            raise ValueError("No feasible trials are completed yet.")
        best = max if self.direction == StudyDirection.MAXIMIZE else min
        return best(complete, key=lambda trial: trial.value or 0.0)

    @property
    def best_value(self) -> float:
        """The best value."""
        value = self.best_trial.value
        assert value is not None
        return value

    @property
    def best_params(self) -> dict[str, Any]:
        """What the best trial was trained with."""
        return self.best_trial.params

    @property
    def best_trials(self) -> list[FrozenTrial]:
        """The complete trials that keep their constraints and that no other such one beats in all."""
        complete = feasible(self._complete())
        signs = [-1.0 if way == StudyDirection.MAXIMIZE else 1.0 for way in self.directions]
        values = [[s * v for s, v in zip(signs, t.values or [], strict=True)] for t in complete]
        return [
            trial
            for trial, mine in zip(complete, values, strict=True)
            if not any(_dominates(other, mine) for other in values)
        ]

    @property
    def user_attrs(self) -> dict[str, Any]:
        """What was remembered of the study."""
        return deep_copy(self._engine.reader().notes.user[None])

    @property
    def system_attrs(self) -> dict[str, Any]:
        """What was remembered apart."""
        return deep_copy(self._engine.reader().notes.system[None])

    def set_user_attr(self, key: str, value: Any) -> None:
        """Remember something of the study that JSON can hold."""
        self._engine.remember(None, "user", key, value)

    def set_system_attr(self, key: str, value: Any) -> None:
        """Remember something of the study, apart."""
        self._engine.remember(None, "system", key, value)

    @property
    def metric_names(self) -> list[str] | None:
        """The names of the values; None while they have none."""
        found = self.system_attrs.get(METRIC_NAMES)
        return None if found is None else list(found)

    def set_metric_names(self, metric_names: list[str]) -> None:
        """Name the values, for the columns of `trials_dataframe`.

        Raises:
            ValueError: there are more or fewer values.
        """
        if len(metric_names) != len(self.directions):
            raise ValueError("The number of objectives must match the length of the metric names.")
        self.set_system_attr(METRIC_NAMES, list(metric_names))

    def optimize(
        self,
        func: Objective,
        n_trials: int | None = None,
        timeout: float | None = None,
        n_jobs: int = 1,
        catch: Iterable[type[Exception]] | type[Exception] = (),
        callbacks: Iterable[Callable[[Any, FrozenTrial], None]] | None = None,
        gc_after_trial: bool = False,
        show_progress_bar: bool = False,
    ) -> None:
        """Call an objective with trial after trial.

        Args:
            func: gets a trial and returns its value, or a sequence of values.
            n_trials: how many more; None without end, until `timeout` or `stop`.
            timeout: seconds after which no further trial is begun.
            n_jobs: how many threads; -1 for as many as there are cores.
            catch: exceptions after which the next trial is begun all the same.
            callbacks: called with the study and each trial that ended.
            gc_after_trial: whether to collect garbage after each.
            show_progress_bar: whether to show a bar.

        Raises:
            RuntimeError: it is called within an objective.
        """
        self._loop.run(func, n_trials, timeout, n_jobs, catch, callbacks, gc_after_trial, show_progress_bar)

    def stop(self) -> None:
        """Begin no further trial.

        Raises:
            RuntimeError: nothing is being optimized.
        """
        self._loop.stop()

    def ask(self, fixed_distributions: Mapping[str, Distribution] | None = None) -> OptunaTrial:
        """Return a new trial, or the next one that waits; end it with `tell`."""
        trial = OptunaTrial(self, self._engine.ask().trial)
        for name, distribution in (fixed_distributions or {}).items():
            trial._suggest(name, distribution)
        return trial

    def tell(
        self,
        trial: OptunaTrial | int,
        values: float | Sequence[float] | None = None,
        state: TrialState | None = None,
        skip_if_finished: bool = False,
    ) -> FrozenTrial:
        """End a trial that `ask` returned, and return it.

        Raises:
            ValueError: the trial has ended, or the values do not fit its state.
        """
        return tell(self, trial, values, state, skip_if_finished)[0]

    def enqueue_trial(
        self,
        params: Mapping[str, Any],
        user_attrs: Mapping[str, Any] | None = None,
        skip_if_exists: bool = False,
    ) -> None:
        """Have values tried before all others; what is left out is chosen as usual."""
        if not isinstance(params, Mapping):
            raise TypeError(f"params={params!r}: values by name are needed")
        if skip_if_exists and self._known(params):
            return
        number = self._engine.enqueue(params)
        for key, value in (user_attrs or {}).items():
            self._engine.remember(number, "user", key, value)

    def add_trial(self, trial: FrozenTrial) -> None:
        """Add a trial that was trained elsewhere; see `create_trial`."""
        add(self._engine, trial)

    def add_trials(self, trials: Iterable[FrozenTrial]) -> None:
        """Add trials that were trained elsewhere."""
        for trial in trials:
            self.add_trial(trial)

    def trials_dataframe(self, attrs: tuple[str, ...] = COLUMNS, multi_index: bool = False) -> Any:
        """Return the trials as a frame of pandas, which has to be installed."""
        from osetra.compat.optuna.frame import trials_dataframe

        return trials_dataframe(self, attrs, multi_index)

    def _known(self, params: Mapping[str, Any]) -> bool:
        """Whether a trial has these values."""
        history: History = self.osetra.history
        wanted = {key_of(name): value for name, value in params.items()}
        return any(wanted.items() <= in_force(trial).items() for trial in history.trials.values())

    def _complete(self) -> list[FrozenTrial]:
        return self.get_trials(states=(TrialState.COMPLETE,))

    def _single(self, what: str) -> None:
        if len(self.osetra.problem.objectives) > 1:
            raise RuntimeError(
                f"A study with several objectives has not {what}; see directions and best_trials"
            )

    def __reduce__(self) -> tuple[Callable[..., OptunaStudy], tuple[str, str]]:
        if isinstance(self._storage, InMemoryStorage):
            raise refuse(
                "way to give a study in memory to a process", "keep it in a file: storage='study.db'"
            )
        return _loaded, (self.study_name, self._storage.url)

    def __repr__(self) -> str:
        return f"<{type(self).__module__}.Study {self.study_name!r} at {self.osetra.url}>"


def _dominates(one: Sequence[float], other: Sequence[float]) -> bool:
    pairs = list(zip(one, other, strict=True))
    return all(a <= b for a, b in pairs) and any(a < b for a, b in pairs)


def _loaded(name: str, storage: str) -> OptunaStudy:
    return load_study(study_name=name, storage=storage)


Study = OptunaStudy
