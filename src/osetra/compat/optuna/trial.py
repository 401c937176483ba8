"""Trials, under the names of `optuna.trial`."""

from __future__ import annotations

import warnings
from datetime import datetime
from typing import TYPE_CHECKING, Any

from osetra.compat.optuna.distributions import BaseDistribution, CategoricalDistribution
from osetra.compat.optuna.exceptions import UpdateFinishedTrialError, refuse
from osetra.compat.optuna.records import (
    FixedTrial,
    FrozenTrial,
    Suggesting,
    TrialState,
    constraint,
    create_trial,
)

if TYPE_CHECKING:
    from osetra.compat.optuna.study import OptunaStudy

__all__ = ["BaseTrial", "FixedTrial", "FrozenTrial", "Trial", "TrialState", "create_trial"]


class OptunaTrial(Suggesting):
    """A trial in the hands of an objective."""

    def __init__(self, study: OptunaStudy, number: int) -> None:
        self.study = study
        self._in_log = number

    @property
    def number(self) -> int:
        """Its number, from 0 on."""
        return self._in_log - 1

    @property
    def _trial_id(self) -> int:
        return self.number

    def report(self, value: float, step: int) -> None:
        """Report the objective after a step, which counts from 0.

        Of a step that was reported already the first value stays, and one before the last is not kept; a
        warning says so.

        Raises:
            NotImplementedError: the study has several objectives.
            TypeError: the value is no number, or the step no whole number.
            ValueError: the step is below 0.
        """
        if len(self.study.directions) > 1:
            raise refuse("Trial.report with several objectives", "return all values at the end")
        try:
            number = float(value)
        except (TypeError, ValueError):
            raise TypeError(
                f"The `value` argument is of type {type(value).__name__!r} and no number"
            ) from None
        try:
            at = int(step)
        except (TypeError, ValueError):
            raise TypeError(f"The `step` argument is of type {type(step).__name__!r} and no number") from None
        if at < 0:
            raise ValueError(f"`step={at}` must be non-negative")
        self._check_running()
        last = self.study._engine.last_step(self._in_log)
        if last is not None and at <= last:
            what = "reported already" if at == last else f"before step {last}, which was reported"
            warnings.warn(f"The value of step {at} is ignored: the step was {what}", stacklevel=2)
            return
        self.study._engine.report(self._in_log, number, at)

    def should_prune(self) -> bool:
        """Whether the trial should end now: by the scheduler, or because somebody ordered it.

        Raises:
            NotImplementedError: the study has several objectives.
        """
        if len(self.study.directions) > 1:
            raise refuse("Trial.should_prune with several objectives", "leave it out")
        self._check_running()
        return self.study._engine.should_prune(self._in_log)

    def set_user_attr(self, key: str, value: Any) -> None:
        """Remember something that JSON can hold.

        Raises:
            UpdateFinishedTrialError: the trial has ended.
            TypeError: JSON has no such value.
        """
        self._check_running()
        self.study._engine.remember(self._in_log, "user", key, value)

    def set_system_attr(self, key: str, value: Any) -> None:
        """Remember something, as `set_user_attr` does, apart from those."""
        self._check_running()
        self.study._engine.remember(self._in_log, "system", key, value)

    def set_constraint(self, key: str, value: float) -> None:
        """Say what is to be 0 or less, once for each key: a limit of the study from here on.

        Raises:
            UpdateFinishedTrialError: the trial has ended.
            TypeError: the value is no number.
            ValueError: it is NaN.
        """
        self._check_running()
        for name, number in constraint(self.system_attrs, key, value).items():
            self.set_system_attr(name, number)

    @property
    def constraints(self) -> dict[str, float]:
        """What is to be 0 or less, by key."""
        return self._frozen.constraints

    @property
    def params(self) -> dict[str, Any]:
        """What it asked for so far."""
        return self._frozen.params

    @property
    def distributions(self) -> dict[str, Any]:
        """What it asked from so far."""
        return self._frozen.distributions

    @property
    def user_attrs(self) -> dict[str, Any]:
        """What was remembered of it."""
        return self._frozen.user_attrs

    @property
    def system_attrs(self) -> dict[str, Any]:
        """What was remembered apart."""
        return self._frozen.system_attrs

    @property
    def datetime_start(self) -> datetime | None:
        """When it began."""
        return self._frozen.datetime_start

    @property
    def relative_params(self) -> dict[str, Any]:
        """Nothing: configurations come from one place."""
        return {}

    @property
    def _frozen(self) -> FrozenTrial:
        return self.study._engine.reader().record(self._in_log)

    def _check_running(self) -> None:
        if self._in_log not in self.study._engine.runs:
            raise UpdateFinishedTrialError(f"Trial {self.number} has ended; it is changed no more")

    def _suggest(self, name: str, distribution: BaseDistribution) -> Any:
        self._check_running()
        if isinstance(distribution, CategoricalDistribution):
            _warn_of_choices(distribution)
        return self.study._engine.suggest(self._in_log, name, distribution)  # type: ignore[arg-type]


def _warn_of_choices(distribution: CategoricalDistribution) -> None:
    for choice in distribution.choices:
        if not (choice is None or isinstance(choice, (bool, int, float, str))):
            warnings.warn(
                f"Choices for a categorical distribution are None, bool, int, float and str; one is of "
                f"type {type(choice).__name__}, and stands in the study as {choice!r}",
                stacklevel=4,
            )


BaseTrial = Suggesting
Trial = OptunaTrial
