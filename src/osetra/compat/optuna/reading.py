"""Reading: the trials of a study as Optuna's records.

    osetra                      Optuna
    queued, paused              WAITING, with the values that it will have as `fixed_params`
    running                     RUNNING
    finished                    COMPLETE
    diverged to an infinity     COMPLETE
    stopped                     PRUNED, worth what it reported last
    diverged to NaN, failed     FAIL

Trials are numbered from 0 there and from 1 in the log; so are the steps of their reports.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from osetra.compat.optuna.discovery import Asked
from osetra.compat.optuna.distributions import Distribution, of_param, outer
from osetra.compat.optuna.names import key_of, name_of
from osetra.compat.optuna.notes import Notes
from osetra.compat.optuna.records import FrozenTrial, TrialState
from osetra.core.history import History
from osetra.core.outcomes import measured
from osetra.core.params import Value
from osetra.core.problem import Problem
from osetra.core.state import State
from osetra.core.trial import Trial

VALUE = "value"
"""Name of the metric of a study with one objective; of several they are value0, value1, …"""
_STATES = {
    State.QUEUED: TrialState.WAITING,
    State.PAUSED: TrialState.WAITING,
    State.RUNNING: TrialState.RUNNING,
    State.FINISHED: TrialState.COMPLETE,
    State.STOPPED: TrialState.PRUNED,
}


def metrics_of(problem: Problem) -> list[str]:
    """Return the metrics of a study in the order of Optuna's values."""
    names = [objective.metric for objective in problem.objectives]
    ours = [f"{VALUE}{place}" for place in range(len(names))]
    return ours if sorted(names) == sorted(ours) else names


def in_force(trial: Trial) -> dict[str, Value]:
    """Return the values that a trial was trained with: what was ordered last, else its configuration."""
    found = dict(trial.config)
    for order in trial.orders:
        found |= order.values
    return found


@dataclass(frozen=True, slots=True)
class Reader:
    """Makes records of the trials of one state of a log."""

    problem: Problem
    history: History
    notes: Notes
    asking: Mapping[int, Mapping[str, Distribution]]
    """What the trials in this program's hands asked for so far."""

    def record(self, number: int) -> FrozenTrial:
        """Return the record of a trial by its number in the log."""
        trial = self.history.trials[number]
        state, values = self._outcome(trial)
        asked = self.asked(trial)
        config = in_force(trial)
        params = {name: _seen(kind, config[key_of(name)]) for name, kind in asked.items()}
        system = dict(self.notes.system[number])
        if state == TrialState.WAITING:
            params, asked = {}, {}
            system["fixed_params"] = {name_of(key): value for key, value in trial.config.items()}
        began, ended = self._times(trial)
        return FrozenTrial(
            number=number - 1,
            state=state,
            values=values,
            params=params,
            distributions=dict(asked),
            user_attrs={**self.notes.user[number], **trial.attrs},
            system_attrs=system,
            intermediate_values=self.reports(trial),
            datetime_start=None if state == TrialState.WAITING else began,
            datetime_complete=ended if state.is_finished() else None,
        )

    def reports(self, trial: Trial) -> dict[int, float]:
        """Return what a trial reported of the objective, by step."""
        if self.problem.others or not trial.attempts:
            return {}
        steps, values = self.history.curve(trial, self.problem.objective.metric)
        return {int(step) - 1: float(value) for step, value in zip(steps, values, strict=True)}

    def asked(self, trial: Trial) -> dict[str, Distribution]:
        """Return what a trial asked for: as it said, or by the space where nobody said."""
        for told in (self.asking, self.notes.asked):
            if trial.number in told:
                return dict(told[trial.number])
        space, found = self.problem.space, {}
        for key, value in trial.config.items():
            param = space.branch(key, trial.config) if key in space.names else None
            if param is not None and outer(kind := of_param(param), value)[0]:
                found[name_of(key)] = kind
        return found

    def evidence(self) -> list[Asked]:
        """Return what the trials that ended well had and asked for."""
        well = (State.FINISHED, State.STOPPED, State.DIVERGED)
        ended = [trial for trial in self.history.trials.values() if trial.state in well]
        return [Asked(in_force(t), tuple(map(key_of, self.asked(t)))) for t in ended]

    def _outcome(self, trial: Trial) -> tuple[TrialState, list[float] | None]:
        state, value = _STATES.get(trial.state, TrialState.FAIL), trial.value
        if trial.state == State.DIVERGED and any(order.verb == "stop" for order in trial.orders):
            state = TrialState.PRUNED
        elif trial.state == State.DIVERGED and value is not None and not math.isnan(value):
            state = TrialState.COMPLETE
        if state == TrialState.PRUNED:
            said = list(self.reports(trial).values())[-1:]
            return state, said if said and not math.isnan(said[0]) else None
        if state != TrialState.COMPLETE:
            return state, None
        first = self.problem.objective
        return state, [measured(self.history, trial, first, name) for name in metrics_of(self.problem)]

    def _times(self, trial: Trial) -> tuple[datetime | None, datetime | None]:
        start = trial.attempts[0].started if trial.attempts else None
        end = trial.attempts[-1].ended if trial.attempts else None
        start, end = self.notes.times.get(trial.number, (start, end))
        return _moment(start), _moment(end)


def _seen(kind: Distribution, value: Value) -> Any:
    """Return a value as its program had it; one that was enqueued may lie outside of what is asked for."""
    inside, found = outer(kind, value)
    return found if inside else value


def _moment(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds)  # as Optuna: local, without a zone


def chosen(records: Sequence[FrozenTrial], states: Any) -> list[FrozenTrial]:
    """Return the records of some states; all where none are named."""
    return list(records) if states is None else [record for record in records if record.state in states]
