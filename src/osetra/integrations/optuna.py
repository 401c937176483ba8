"""Optuna: any Optuna study searches with osetra, by one line.

    study = optuna.create_study(sampler=OsetraSampler())

Optuna's trials become a History and its distributions a Space, anew at every trial; nothing is kept
in between but the notes of a searcher, as attributes of the trials. In a define-by-run program the
space is what finished trials asked for, with the conditions that explain who asked for what (see
`osetra.integrations.optuna_space`); a parameter that appears for the first time is drawn at random.

    Optuna                       osetra
    COMPLETE                     finished; diverged when the value is infinite
    PRUNED                       finished with its last report, or the median when that is worse
    FAIL                         failed
    RUNNING                      running: pending for the searcher
    no parameters yet, WAITING   nothing to learn from
"""

from __future__ import annotations

import math
import warnings
import zlib
from collections.abc import Iterable, Mapping, Sequence
from statistics import median
from typing import TYPE_CHECKING, Any, Literal

import msgspec
import numpy as np

from osetra.core.decisions import Suggestion
from osetra.core.facts import Entry, Noted, Opened, Worker
from osetra.core.history import History
from osetra.core.ports import Searcher
from osetra.core.problem import Objective, Problem
from osetra.core.state import State
from osetra.core.trial import Attempt, Trial
from osetra.core.trials import Trials
from osetra.errors import MissingExtra
from osetra.installing import install_line
from osetra.searchers import by_name

try:
    from optuna.samplers import BaseSampler
    from optuna.study import StudyDirection
    from optuna.trial import TrialState

    from osetra.integrations.optuna_space import Translation, consistent
except ImportError as error:
    raise MissingExtra(
        f"OsetraSampler needs Optuna, which is not installed; run: {install_line('optuna')}"
    ) from error

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from optuna.study import Study
    from optuna.trial import FrozenTrial

NOTES = "osetra:notes"
"""Attribute of the trials that keeps what a searcher wants remembered."""

_SOMEBODY = Worker(host="optuna", boot="", pid=0, started=0.0)


class OsetraSampler(BaseSampler):
    """An Optuna sampler that asks a searcher of osetra.

    Args:
        searcher: the name of a searcher, or a searcher.
        seed: seed of all draws, which depend on it and the trial's number only, so that threads and
            processes need no seeds of their own; by default it is taken from the study's name.
        defaults: values to try first, by parameter name; others begin in the middle of their range.

    Pruned trials count as finished. Constraints are not used; a warning says so once. Studies with
    several objectives are refused with a ValueError.

    Raises:
        StudyError: no searcher has that name.
    """

    def __init__(
        self,
        searcher: str | Searcher = "auto",
        *,
        seed: int | None = None,
        defaults: Mapping[str, Any] | None = None,
    ) -> None:
        self._searcher = by_name(searcher) if isinstance(searcher, str) else searcher
        self._seed = seed
        self._defaults = dict(defaults or {})
        self._warned = False

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        """Return the distributions that earlier trials asked for and agree on, by name."""
        return consistent(_learnable(_before(study, trial)))

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Return the searcher's suggestion; parameters that it has inactive are left out.

        An exhausted space gives nothing, and Optuna then draws every parameter by itself.

        Raises:
            ValueError: the study has several objectives.
        """
        self._check(study)
        if not search_space:
            return {}
        earlier = _before(study, trial)
        self._warn_of_constraints(earlier)
        translation = Translation.of(search_space, _learnable(earlier), self._defaults)
        problem = Problem(translation.space, Objective(metric="value", direction=_direction(study)))
        history = _history(earlier, translation, problem, self._seed_of(study))
        rng = np.random.default_rng((self._seed_of(study), trial.number))
        found = self._searcher.suggest(problem, history, 1, rng)
        if not found:
            return {}
        _remember(study, trial, found[0])
        return translation.outward(found[0].config)

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        """Return the default in the first trial, and a uniform draw on the scale in others.

        Raises:
            ValueError: the study has several objectives.
        """
        self._check(study)
        translation = Translation.of({param_name: param_distribution}, (), self._defaults)
        if trial.number == 0:
            return translation.outward(translation.space.default)[param_name]
        seed = (self._seed_of(study), trial.number, zlib.crc32(param_name.encode()))
        point = np.random.default_rng(seed).random((1, len(translation.space.columns)))
        return translation.outward(translation.space.decode(point)[0])[param_name]

    def reseed_rng(self) -> None:
        """Do nothing: draws depend on the trial's number, so no two workers draw the same."""

    def _seed_of(self, study: Study) -> int:
        return zlib.crc32(study.study_name.encode()) if self._seed is None else self._seed

    def _check(self, study: Study) -> None:
        if len(study.directions) > 1:
            raise ValueError(
                f"OsetraSampler: the study has {len(study.directions)} objectives and this sampler serves "
                "one; use optuna.samplers.NSGAIISampler, or combine the objectives into one value"
            )

    def _warn_of_constraints(self, trials: Iterable[FrozenTrial]) -> None:
        if not self._warned and any(trial.constraints for trial in trials):
            self._warned = True
            warnings.warn(
                "OsetraSampler does not use constraints: trials that violate them count like others. "
                "Return a bad value, or raise optuna.TrialPruned, for configurations to be avoided",
                stacklevel=2,
            )


def _before(study: Study, trial: FrozenTrial) -> list[FrozenTrial]:
    """Return the trials that were created before this one.

    Later ones are left out, so that workers which ask at the same moment have numbers of their own.
    """
    return [t for t in study.get_trials(deepcopy=False) if t.number < trial.number]


def _learnable(trials: Iterable[FrozenTrial]) -> list[FrozenTrial]:
    """Return the trials that asked for all that they needed."""
    return [t for t in trials if t.state in (TrialState.COMPLETE, TrialState.PRUNED) and t.params]


def _direction(study: Study) -> Literal["minimize", "maximize"]:
    return "maximize" if study.direction == StudyDirection.MAXIMIZE else "minimize"


def _remember(study: Study, trial: FrozenTrial, suggestion: Suggestion) -> None:
    if suggestion.notes:
        # Samplers have no public door for attributes; Optuna's own ones use this too.
        told = [msgspec.to_builtins(note) for note in suggestion.notes]
        study._storage.set_trial_system_attr(trial._trial_id, NOTES, told)


def _history(trials: Sequence[FrozenTrial], translation: Translation, problem: Problem, seed: int) -> History:
    objective = problem.objective
    values = [t.value for t in trials if t.state == TrialState.COMPLETE and t.value is not None]
    usual = median(values) if values else None
    converted = {t.number + 1: _trial(t, translation, objective, usual) for t in trials}
    notes = [msgspec.convert(n, Noted) for t in trials for n in t.system_attrs.get(NOTES, ())]
    opened = Opened(problem.space.spec, objective.metric, objective.direction, objective.pick, seed)
    return History(
        version=1 + 3 * len(trials) + len(notes),
        opened=opened,
        trials=Trials(converted),
        notes=tuple(Entry(i + 1, 0.0, note) for i, note in enumerate(notes)),
    )


def _trial(trial: FrozenTrial, translation: Translation, objective: Objective, usual: float | None) -> Trial:
    number, config = trial.number + 1, translation.inward(trial)
    state, value = _outcome(trial, objective, usual)
    start = trial.datetime_start.timestamp() if trial.datetime_start else 0.0
    end = trial.datetime_complete.timestamp() if trial.datetime_complete else None
    return Trial(
        number,
        config,
        number,
        # A trial without parameters is no result; a repeat is what searchers do not learn from.
        repeats=None if config else number,
        suggested=start,
        state=state if config else State.FAILED,
        value=value,
        attempts=(Attempt(1, _SOMEBODY, start, end),),
    )


def _outcome(trial: FrozenTrial, objective: Objective, usual: float | None) -> tuple[State, float | None]:
    if trial.state == TrialState.COMPLETE:
        value = float("nan") if trial.value is None else trial.value
        return (State.FINISHED if math.isfinite(value) else State.DIVERGED), value
    if trial.state == TrialState.PRUNED and trial.last_step is not None:
        last = trial.intermediate_values[trial.last_step]
        if not math.isfinite(last):
            return State.DIVERGED, last
        # Early reports of a metric that worsens would make pruned trials look better than all others.
        worst = max(objective.sign * v for v in (last, usual) if v is not None)
        return State.FINISHED, objective.sign * worst
    return (State.RUNNING if trial.state == TrialState.RUNNING else State.FAILED), None
