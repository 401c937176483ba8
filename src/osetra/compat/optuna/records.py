"""Records: a trial as it stands in a study, by Optuna's names, and a trial that is given its values."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Any

from osetra.compat.optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

CONSTRAINTS = "constraints"
"""Under which a trial keeps those of a function, a list, and before a colon those with keys."""


class TrialState(IntEnum):
    """What a trial is at the moment, or how it ended."""

    RUNNING = 0
    COMPLETE = 1
    PRUNED = 2
    FAIL = 3
    WAITING = 4

    def is_finished(self) -> bool:
        """Whether it runs no more."""
        return self not in (TrialState.RUNNING, TrialState.WAITING)


class StudyDirection(IntEnum):
    """Which way a value is better."""

    NOT_SET = 0
    MINIMIZE = 1
    MAXIMIZE = 2


class Suggesting:
    """What every kind of trial is asked by an objective: one method per kind of value."""

    def suggest_float(
        self, name: str, low: float, high: float, *, step: float | None = None, log: bool = False
    ) -> float:
        """Return a number in [low, high]."""
        return float(self._suggest(name, FloatDistribution(low, high, log, step)))

    def suggest_int(self, name: str, low: int, high: int, *, step: int = 1, log: bool = False) -> int:
        """Return a whole number in [low, high]."""
        return int(self._suggest(name, IntDistribution(low, high, log, step)))

    def suggest_categorical(self, name: str, choices: Sequence[Any]) -> Any:
        """Return one of the choices."""
        return self._suggest(name, CategoricalDistribution(tuple(choices)))

    def suggest_uniform(self, name: str, low: float, high: float) -> float:
        """Return a number in [low, high], under an old name."""
        _old("suggest_uniform", "suggest_float(name, low, high)")
        return self.suggest_float(name, low, high)

    def suggest_loguniform(self, name: str, low: float, high: float) -> float:
        """Return a number in [low, high] on a logarithmic scale, under an old name."""
        _old("suggest_loguniform", "suggest_float(name, low, high, log=True)")
        return self.suggest_float(name, low, high, log=True)

    def suggest_discrete_uniform(self, name: str, low: float, high: float, q: float) -> float:
        """Return a number of a grid, under an old name."""
        _old("suggest_discrete_uniform", "suggest_float(name, low, high, step=q)")
        return self.suggest_float(name, low, high, step=q)

    def _suggest(self, name: str, distribution: BaseDistribution) -> Any:
        raise NotImplementedError


def _old(name: str, new: str) -> None:
    warnings.warn(f"{name} is an old name; write {new}", FutureWarning, stacklevel=3)


class Apart(Suggesting):
    """A trial that no study listens to: it has ended, or there is none."""

    user_attrs: dict[str, Any]
    system_attrs: dict[str, Any]

    def report(self, value: float, step: int) -> None:
        """Do nothing: nobody listens."""

    def should_prune(self) -> bool:
        """Return False: nothing is compared."""
        return False

    def set_user_attr(self, key: str, value: Any) -> None:
        """Remember something with this copy."""
        self.user_attrs[key] = value

    def set_system_attr(self, key: str, value: Any) -> None:
        """Remember something with this copy."""
        self.system_attrs[key] = value

    @property
    def constraints(self) -> dict[str, float]:
        """What is to be 0 or less, by key."""
        return constraints_in(self.system_attrs)

    def set_constraint(self, key: str, value: float) -> None:
        """Say with this copy what is to be 0 or less, once for each key."""
        self.system_attrs |= constraint(self.system_attrs, key, value)


@dataclass
class FrozenTrial(Apart):
    """A trial as it stands in a study. `suggest_…` returns what it had, so that objectives can be called."""

    number: int
    state: TrialState
    values: list[float] | None
    params: dict[str, Any] = field(default_factory=dict)
    distributions: dict[str, Any] = field(default_factory=dict)
    user_attrs: dict[str, Any] = field(default_factory=dict)
    system_attrs: dict[str, Any] = field(default_factory=dict)
    intermediate_values: dict[int, float] = field(default_factory=dict)
    datetime_start: datetime | None = None
    datetime_complete: datetime | None = None

    @property
    def value(self) -> float | None:
        """What it came to; None while it has no value.

        Raises:
            RuntimeError: the study has several objectives.
        """
        if self.values is not None and len(self.values) > 1:
            raise RuntimeError("This trial has several values: the study has as many objectives; see .values")
        return None if self.values is None else self.values[0]

    @value.setter
    def value(self, value: float | None) -> None:
        if self.values is not None and len(self.values) > 1:
            raise RuntimeError("This trial has several values: set .values")
        self.values = None if value is None else [value]

    @property
    def trial_id(self) -> int:
        """Its number, which is all that tells trials of a study apart."""
        return self.number

    _trial_id = trial_id

    @property
    def last_step(self) -> int | None:
        """The last step that was reported; None where none was."""
        return max(self.intermediate_values, default=None)

    @property
    def duration(self) -> timedelta | None:
        """How long it ran; None while it does."""
        if self.datetime_start is None or self.datetime_complete is None:
            return None
        return self.datetime_complete - self.datetime_start

    def _suggest(self, name: str, distribution: BaseDistribution) -> Any:
        return given(self.params, name, distribution)

    def __lt__(self, other: object) -> bool:
        return self.number < other.number if isinstance(other, FrozenTrial) else NotImplemented

    def __le__(self, other: object) -> bool:
        return self.number <= other.number if isinstance(other, FrozenTrial) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.number)


class FixedTrial(Apart):
    """A trial whose values are given: an objective is called with them, without any study.

    Args:
        params: values by name.
        number: what `.number` says.
    """

    def __init__(self, params: Mapping[str, Any], number: int = 0) -> None:
        self.number = number
        self.user_attrs, self.system_attrs = {}, {}
        self.distributions: dict[str, Any] = {}
        self.datetime_start = datetime.now()
        self._given = dict(params)
        self._asked: dict[str, Any] = {}

    @property
    def params(self) -> dict[str, Any]:
        """What was asked for so far."""
        return dict(self._asked)

    def _suggest(self, name: str, distribution: BaseDistribution) -> Any:
        if name in self.distributions and type(self.distributions[name]) is not type(distribution):
            raise ValueError(f"{name}: it was asked for as another kind before; keep to one")
        value = given(self._given, name, distribution)
        self._asked[name], self.distributions[name] = value, distribution
        return value


def constraints_in(attrs: Mapping[str, Any]) -> dict[str, float]:
    """Return the constraints among system attributes, by key; those of a function have their places."""
    told = {str(place): value for place, value in enumerate(attrs.get(CONSTRAINTS, ()))}
    begin = f"{CONSTRAINTS}:"
    keyed = {key: value for key, value in attrs.items() if key.startswith(begin)}
    return told | {key.removeprefix(begin): value for key, value in keyed.items()}


def constraint(attrs: Mapping[str, Any], key: str, value: Any) -> dict[str, float]:
    """Return a constraint as a system attribute; nothing, and a warning, where the key has one already.

    Raises:
        TypeError: the value is no number.
        ValueError: it is NaN.
    """
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise TypeError(f"The constraint {key!r} is of type {type(value).__name__!r} and no number") from None
    if math.isnan(number):
        raise ValueError(f"The constraint {key!r} is NaN; give a number, 0 or less where it is kept")
    name = f"{CONSTRAINTS}:{key}"
    if name in attrs:
        warnings.warn(f"The constraint {key!r} is set already; {number} is ignored", stacklevel=3)
        return {}
    return {name: number}


def given(params: Mapping[str, Any], name: str, distribution: BaseDistribution) -> Any:
    """Return the value that a name was given; a warning says that it lies outside of what is asked for.

    Raises:
        ValueError: none was given, or it is none of the choices.
    """
    if name not in params:
        raise ValueError(f"The value of the parameter {name!r} is not found; given are {', '.join(params)}")
    if not distribution.contains(params[name]):
        text = f"The value {params[name]!r} of the parameter {name!r} is out of the range of {distribution}"
        if isinstance(distribution, CategoricalDistribution):
            raise ValueError(text)
        warnings.warn(text, stacklevel=4)
    return params[name]


def create_trial(
    *,
    state: TrialState = TrialState.COMPLETE,
    value: float | None = None,
    values: Sequence[float] | None = None,
    params: Mapping[str, Any] | None = None,
    distributions: Mapping[str, Any] | None = None,
    user_attrs: Mapping[str, Any] | None = None,
    system_attrs: Mapping[str, Any] | None = None,
    intermediate_values: Mapping[int, float] | None = None,
    constraints: Mapping[str, float] | None = None,
) -> FrozenTrial:
    """Return a trial that was trained elsewhere, for `study.add_trial`.

    Raises:
        ValueError: it contradicts itself, or a constraint is NaN.
        TypeError: a constraint is no number.
    """
    if value is not None and values is not None:
        raise ValueError("Give `value` or `values`, not both")
    now = datetime.now()
    trial = FrozenTrial(
        number=-1,
        state=TrialState(state),
        values=[value] if value is not None else None if values is None else list(values),
        params=dict(params or {}),
        distributions=dict(distributions or {}),
        user_attrs=dict(user_attrs or {}),
        system_attrs=dict(system_attrs or {}),
        intermediate_values=dict(intermediate_values or {}),
        datetime_start=None if state == TrialState.WAITING else now,
        datetime_complete=now if TrialState(state).is_finished() else None,
    )
    check_record(trial)
    for key, number in (constraints or {}).items():
        trial.set_constraint(key, number)
    return trial


def check_record(trial: FrozenTrial) -> None:
    """Make sure that a trial from elsewhere does not contradict itself.

    Raises:
        ValueError: it does.
    """
    if trial.params.keys() != trial.distributions.keys():
        raise ValueError(
            f"params {sorted(trial.params)} and distributions {sorted(trial.distributions)} differ"
        )
    for name, value in trial.params.items():
        if not trial.distributions[name].contains(value):
            raise ValueError(f"The value {value!r} of {name!r} is out of {trial.distributions[name]}")
    values = trial.values or []
    if trial.state == TrialState.COMPLETE and not values:
        raise ValueError("value: a trial that is COMPLETE has one")
    if trial.state == TrialState.FAIL and values:
        raise ValueError(f"values={values}: a trial that is FAIL has none")
    if any(not isinstance(v, (int, float)) or math.isnan(v) for v in values):
        raise ValueError(f"values={values}: they are numbers, and NaN is none")
