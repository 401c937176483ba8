"""Optuna's distributions as a Space, and configurations to and fro.

A define-by-run program does not say when a parameter exists; its trials show it. When a parameter
was asked for in some trials only, and the values of one other parameter tell exactly in which, that
is taken for its condition, until a trial shows otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from osetra.core.params import Choice, Config, Fixed, Float, Int, Param, Value
from osetra.core.space import Space

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from optuna.trial import FrozenTrial

Found = dict[str, tuple[Value, ...]]


@dataclass(frozen=True, slots=True)
class Translation:
    """A space, and what its names and values are called in Optuna."""

    space: Space
    distributions: Mapping[str, BaseDistribution]
    """By Optuna's names."""
    names: Mapping[str, str]
    """Ours for Optuna's."""

    @classmethod
    def of(
        cls,
        distributions: Mapping[str, BaseDistribution],
        trials: Sequence[FrozenTrial],
        defaults: Mapping[str, Any],
    ) -> Translation:
        """Return the translation of distributions; trials (finished ones) show the conditions."""
        ordered = dict(sorted(distributions.items()))
        names = _names(ordered)
        conditions = _conditions(ordered, trials)
        params: dict[str, Param] = {}
        for name, distribution in ordered.items():
            when = {names[p]: values for p, values in conditions.get(name, {}).items()}
            default = _level(distribution, defaults[name]) if name in defaults else None
            params[names[name]] = _param(distribution, default, when)
        return cls(Space(params), ordered, names)

    def inward(self, trial: FrozenTrial) -> Config:
        """Return a trial's parameters as a configuration; values outside the space are left out."""
        config: Config = {}
        for name, distribution in self.distributions.items():
            if name in trial.params:
                level = _level(distribution, trial.params[name])
                if level is not None:
                    config[self.names[name]] = level
        return config

    def outward(self, config: Config) -> dict[str, Any]:
        """Return a configuration as Optuna's parameters."""
        return {
            name: _value(distribution, config[self.names[name]])
            for name, distribution in self.distributions.items()
            if self.names[name] in config
        }


def consistent(trials: Iterable[FrozenTrial]) -> dict[str, BaseDistribution]:
    """Return the distributions with more than one value that trials never changed, by name."""
    seen: dict[str, BaseDistribution] = {}
    changed: set[str] = set()
    for trial in trials:
        for name, distribution in trial.distributions.items():
            if seen.setdefault(name, distribution) != distribution:
                changed.add(name)
    return {n: d for n, d in sorted(seen.items()) if n not in changed and not d.single()}


def _names(distributions: Mapping[str, BaseDistribution]) -> dict[str, str]:
    """Return a name that a Space accepts for each of Optuna's; mostly the same."""
    taken: set[str] = set()
    names: dict[str, str] = {}
    for name in distributions:
        ours = re.sub(r"""[=|,\s"'\[\]]""", "_", name) or "_"
        while ours == "seed" or ours in taken or (ours != name and ours in distributions):
            ours += "_"
        taken.add(ours)
        names[name] = ours
    return names


def _conditions(
    distributions: Mapping[str, BaseDistribution], trials: Sequence[FrozenTrial]
) -> dict[str, Found]:
    """Return for each parameter with a condition its parent and the values under which it exists."""
    order = list(dict.fromkeys(name for trial in trials for name in trial.params))
    conditions: dict[str, Found] = {}
    for at, name in enumerate(order):
        if name not in distributions or all(name in trial.params for trial in trials):
            continue
        for parent in order[:at]:
            found = _explained(name, parent, distributions, trials)
            if found:
                conditions[name] = {parent: found}
                break
    return conditions


def _explained(
    name: str,
    parent: str,
    distributions: Mapping[str, BaseDistribution],
    trials: Sequence[FrozenTrial],
) -> tuple[Value, ...]:
    """Return the parent's values that tell exactly when a parameter exists; empty if they do not."""
    distribution = distributions.get(parent)
    if not isinstance(distribution, (CategoricalDistribution, IntDistribution)):
        return ()
    present: set[Value] = set()
    absent: set[Value] = set()
    for trial in trials:
        if parent in trial.params:
            (present if name in trial.params else absent).add(_level(distribution, trial.params[parent]))
        elif name in trial.params:
            return ()
    return () if present & absent or None in present else tuple(sorted(present, key=str))


def _param(distribution: BaseDistribution, default: Value, when: Found) -> Param:
    match distribution:
        case _ if distribution.single():
            return Fixed(_lowest(distribution), when=when)
        case CategoricalDistribution():
            return Choice(*range(len(distribution.choices)), default=default, when=when)
        case FloatDistribution(step=None):
            scale = "log" if distribution.log else "linear"
            return Float(distribution.low, distribution.high, scale=scale, default=default, when=when)  # type: ignore[arg-type]
        case FloatDistribution():
            return Int(0, _steps(distribution), default=default, when=when)  # type: ignore[arg-type]
        case IntDistribution():
            scale = "log" if distribution.log else "linear"
            low, high, step = distribution.low, distribution.high, distribution.step
            return Int(low, high, scale=scale, step=step, default=default, when=when)  # type: ignore[arg-type]
    raise ValueError(f"{distribution!r}: OsetraSampler knows float, int and categorical ones only")


def _lowest(distribution: BaseDistribution) -> Value:
    if isinstance(distribution, IntDistribution) or (
        isinstance(distribution, FloatDistribution) and distribution.step is None
    ):
        return distribution.low
    return 0


def _steps(distribution: FloatDistribution) -> int:
    return round((distribution.high - distribution.low) / (distribution.step or 1.0))


def _level(distribution: BaseDistribution, value: object) -> Value:
    """Return our value for Optuna's; None when the distribution does not hold it."""
    try:
        inner = distribution.to_internal_repr(value)
    except ValueError:
        return None
    if not distribution._contains(inner):
        return None
    match distribution:
        case FloatDistribution(step=None):
            return float(inner)
        case FloatDistribution(step=float() as step, low=low):
            return round((inner - low) / step)
        case _:
            return int(inner)


def _value(distribution: BaseDistribution, level: Value) -> object:
    """Return Optuna's value for ours."""
    match distribution, level:
        case FloatDistribution(step=float() as step, low=low, high=high), int():
            return min(low + level * step, high)
        case CategoricalDistribution(choices=choices), int():
            return choices[level]
        case _:
            return level
