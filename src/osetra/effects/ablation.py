"""Ablation: which changes away from the defaults brought what, and which may as well be taken back.

From the defaults to the best trial one hyperparameter is changed at a time, always the one that the
model expects most of next. A gain that the noise of a single training would hide, or that the model is
not sure of, is marked. The recommendation takes back changes that bring nothing: fewer values to carry
over and to explain, at no loss.

Sources: Fawcett and Hoos 2016, "Analysing differences between algorithm configurations through
ablation"; Biedenkapp et al. 2017, "Efficient parameter importance analysis via ablation with surrogates".
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from textwrap import wrap

import numpy as np

from osetra.core.clean import name_text
from osetra.core.history import History
from osetra.core.markup import note, table
from osetra.core.numbers import number, setting
from osetra.core.params import Config, Value, default_of
from osetra.core.problem import Problem
from osetra.core.scales import Array
from osetra.effects.importance import COLUMNS
from osetra.effects.model import EffectModel, model_of
from osetra.numerics.effects import Effects as Functions

SURE = 0.95
"""Of the intervals."""
TOLERATED = 0.25, 0.01
"""What taking changes back may cost: of the noise of a training, or of the whole gain if that is more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AblationStep:
    """One hyperparameter changed from its default to its value in the best trial."""

    name: str
    before: Value
    after: Value
    """None where the hyperparameter does not exist."""
    metric: float
    """What the model expects after the change."""
    gain: float
    """By how much that is better than before; less than 0 when it is worse."""
    low: float
    high: float
    """Ends of the 95 % interval of the gain."""
    inside_noise: bool
    """Whether the noise of a single training hides it, or the model is not sure of its sign."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ablation:
    """The way from the defaults to the best trial."""

    metric: str
    trial: int | None
    """The best one."""
    start: float
    """What the model expects of the defaults; NaN without one."""
    steps: tuple[AblationStep, ...]
    recommended: Config
    """The best configuration without the changes that bring nothing."""
    taken_back: tuple[str, ...]
    """The hyperparameters that are as by default in it."""
    doubt: str
    """Why nothing can be told yet; empty when something can."""

    def rows(self) -> list[tuple[str, str, str, str]]:
        """Return change, metric, gain and remark of each step as text."""
        return [
            (
                f"{name_text(step.name, 28)} {_shown(step.before)} → {_shown(step.after)}",
                number(step.metric),
                f"{step.gain:+.2g}",
                "inside the noise" if step.inside_noise else "",
            )
            for step in self.steps
        ]

    @property
    def note(self) -> str:
        """What follows, in a sentence."""
        if self.doubt:
            return self.doubt
        if not self.steps:
            return "the best trial has the defaults"
        if not self.taken_back:
            return "every change brings something"
        listed = ", ".join(name_text(name) for name in self.taken_back)
        return f"nothing is lost by the default of {listed}"

    def __str__(self) -> str:
        if self.doubt:
            return self.doubt
        rows = [("defaults", number(self.start), "", ""), *self.rows()]
        widths = [max(len(row[i]) for row in rows) for i in range(4)]
        lines = [
            "  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip() for row in rows
        ]
        return "\n".join([*lines, *wrap(self.note, COLUMNS)])

    def _repr_html_(self) -> str:
        return table(["change", self.metric, "gain", ""], self.rows()) + note(self.note)


def ablation(problem: Problem, history: History) -> Ablation:
    """Return the way from the defaults to the best trial, by a model of all trials."""
    model, best = model_of(problem, history), history.best(problem.objective)
    if model.effects is None or model.doubt or best is None:
        return Ablation(
            metric=problem.objective.metric,
            trial=None if best is None else best.number,
            start=float("nan"),
            steps=(),
            recommended=problem.space.default if best is None else dict(best.config),
            taken_back=(),
            doubt=model.doubt or "no trial has a value",
        )
    begin, end = _ends(problem, best.config)
    changed = np.flatnonzero(np.abs(begin - end) > 1e-9).tolist()
    start = float(_means(model, model.effects, begin[None])[0])
    kept = _pruned(model.effects, problem, begin, end, changed)
    names = [problem.space.columns[j].name for j in problem.space.declared if j in changed and j not in kept]
    point = np.where(np.isin(np.arange(len(end)), kept), end, begin)
    return Ablation(
        metric=problem.objective.metric,
        trial=best.number,
        start=start,
        steps=_path(model, model.effects, begin, end, changed),
        recommended=_as_given(problem.space.decode(point[None])[0], best.config, problem.space.default),
        taken_back=tuple(names),
        doubt="",
    )


def _as_given(config: Config, *given: Config) -> Config:
    """Return a config with numbers as they were given: the way through the unit cube rounds them."""
    return {
        name: next((g[name] for g in given if _same(g.get(name), value)), value)
        for name, value in config.items()
    }


def _same(one: Value, other: Value) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-12)
    return one == other and type(one) is type(other)


def _ends(problem: Problem, best: Config) -> tuple[Array, Array]:
    """Return the points (d,) of the defaults and of the best trial; what either has not is as by default."""
    columns = problem.space.columns
    defaults = [column.param.to_unit([default_of(column.param)])[0] for column in columns]
    begin = np.array(defaults, dtype=np.float64)
    there = problem.space.encode([best])[0]
    end = np.where(np.isnan(there), begin, there)
    return begin, end


def _path(
    model: EffectModel, functions: Functions, begin: Array, end: Array, changed: list[int]
) -> tuple[AblationStep, ...]:
    here, left, steps = begin.copy(), list(changed), []
    space = model.space
    while left:
        tried = np.tile(here, (len(left) + 1, 1))
        tried[np.arange(len(left)), left] = end[left]
        snapped = space.snap(tried)
        # What does not exist here, such as the child of a branch not taken, waits for what lets it exist.
        same = (snapped[:-1] == snapped[-1]) | (np.isnan(snapped[:-1]) & np.isnan(snapped[-1]))
        able = np.flatnonzero(~same.all(axis=1))
        if not len(able):
            break
        values = functions.values(snapped)
        row = int(able[np.argmax((values[-1] - values[able])[:, 0])])
        j = left.pop(row)
        column = space.columns[j]
        before, after = space.decode(tried[[-1, row]])
        here[j] = end[j]
        if before.get(column.key) != after.get(column.key):
            steps.append(
                _step(
                    model,
                    functions,
                    column.name,
                    (before.get(column.key), after.get(column.key)),
                    values[[-1, row]],
                )
            )
    return tuple(steps)


def _step(
    model: EffectModel, functions: Functions, name: str, change: tuple[Value, Value], values: Array
) -> AblationStep:
    """Return a step from the values (2, 1 + k) before and after it."""
    raw = functions.warp.outcomes(values)
    gain = raw[0] - raw[1]
    low, high = np.quantile(gain[1:], [0.5 - SURE / 2, 0.5 + SURE / 2])
    small = abs(float(values[0, 0] - values[1, 0])) < functions.noise
    return AblationStep(
        name=name,
        before=change[0],
        after=change[1],
        metric=model.sign * float(raw[1, 0]),
        gain=float(gain[0]),
        low=float(min(low, gain[0])),
        high=float(max(high, gain[0])),
        inside_noise=bool(small or low <= 0.0 <= high),
    )


def _pruned(
    functions: Functions, problem: Problem, begin: Array, end: Array, changed: list[int]
) -> list[int]:
    """Return the columns whose change is kept: others are taken back while nothing is lost."""
    kept = list(changed)
    ends = functions.values(problem.space.snap(np.vstack((begin, end))))[:, 0]
    allowed = ends[1] + max(TOLERATED[0] * functions.noise, TOLERATED[1] * max(ends[0] - ends[1], 0.0))
    while kept:
        tried = np.tile(begin, (len(kept), 1))
        tried[:, kept] = end[kept]
        tried[np.arange(len(kept)), kept] = begin[kept]
        values = functions.values(problem.space.snap(tried))[:, 0]
        row = int(np.argmin(values))
        if values[row] > allowed:
            break
        kept.pop(row)
    return kept


def _means(model: EffectModel, functions: Functions, points: Array) -> Array:
    values = functions.values(model.space.snap(points))[:, 0]
    return np.asarray(model.sign * functions.warp.outcomes(values))


def _shown(value: Value) -> str:
    return "-" if value is None else name_text(setting(value), 16)
