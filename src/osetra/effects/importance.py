"""Importance: the share of each hyperparameter in what makes trials differ, with an interval.

The measure is that of the space, not of the trials: a search that looks where it is good would
otherwise make the most important hyperparameter look like one without an effect, for it hardly varies it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from textwrap import wrap

import numpy as np

from osetra.core.arguments import number
from osetra.core.clean import name_text
from osetra.core.history import History
from osetra.core.markup import note, table
from osetra.core.numbers import percent
from osetra.core.params import Value
from osetra.core.problem import Problem
from osetra.core.scales import Array
from osetra.core.space import Column
from osetra.effects.model import EffectModel, kinds, model_of
from osetra.errors import StudyError
from osetra.numerics.anova import Anova
from osetra.numerics.design import sobol
from osetra.numerics.effects import Effects as Functions
from osetra.numerics.memory import Memory
from osetra.numerics.ped_anova import divergences
from osetra.numerics.shares import SURE, WIDEST, interval, parts
from osetra.searchers.threads import one_thread

LEAST = 0.03
"""A share whose interval lies above is one of a hyperparameter that matters."""
LEADING = 0.9
"""How sure the first must be the first before it is named as such."""
POINTS = 2048
"""Of the space in which the best are looked for."""
DOUBT = "cannot tell yet"
COLUMNS = 79
"""Of a terminal, for a sentence."""

_ANOVA = Memory[tuple[Anova, tuple[Array, ...]]](8)


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """What a hyperparameter contributes."""

    share: float
    """Of what all of them do, alone and together with others; NaN when nothing is known."""
    low: float
    high: float
    """Ends of the 95 % interval."""
    main: float
    """What it does alone, as a share of all differences; the rest of its effect depends on others."""
    first: float
    """The probability that no other matters more."""
    trials: int
    """How many trials with a value have it."""
    reliable: bool
    """Whether the interval is narrow enough to say anything; else, cannot tell yet."""

    @property
    def matters(self) -> bool:
        """Whether it surely has an effect."""
        return self.reliable and self.low >= LEAST


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What the values of a hyperparameter do, averaged over all others, where it exists."""

    values: tuple[Value, ...]
    """In units of the hyperparameter."""
    mean: tuple[float, ...]
    """Of the metric at these values."""
    low: tuple[float, ...]
    high: tuple[float, ...]
    """Ends of the 95 % band."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Importance:
    """Which hyperparameters matter, the weightiest first."""

    metric: str
    within: float | None
    """None for the whole space; 0.1 for what decides whether a configuration is among the best 10 %."""
    trials: int
    """How many have a value."""
    explained: float
    """Share of the differences between trials that the model foretells of those left out; NaN without one."""
    shares: Mapping[str, Share]
    effects: Mapping[str, Effect] = field(repr=False)
    doubt: str
    """Why nothing can be told yet; empty when something can."""

    @property
    def reliable(self) -> bool:
        """Whether anything can be told."""
        return any(share.reliable for share in self.shares.values())

    @property
    def leading(self) -> str | None:
        """The name that surely matters most; None when it cannot be told yet."""
        for name, share in self.shares.items():
            return name if share.matters and share.first >= LEADING else None
        return None

    @property
    def note(self) -> str:
        """What the shares are of, in a sentence."""
        if self.doubt:
            return self.doubt
        of = "differences over the space" if self.within is None else _among(self.within)
        return f"shares of the {of}, by a model of {self.trials} trials; 95 % intervals"

    def __str__(self) -> str:
        rows = self.rows()
        widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))] if rows else []
        lines = [
            "  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip() for row in rows
        ]
        return "\n".join([*lines, *wrap(self.note, COLUMNS)])

    def rows(self) -> list[tuple[str, str, str]]:
        """Return name, share and interval of each as text."""
        return [(name_text(name), *(_texts(share))) for name, share in self.shares.items()]

    def _repr_html_(self) -> str:
        return table(["hyperparameter", "share", "95 % interval"], self.rows()) + note(self.note)


def importance(problem: Problem, history: History, within: float | None = None) -> Importance:
    """Return the share of every searched hyperparameter.

    Args:
        problem: what is searched.
        history: the trials so far.
        within: None for the whole space, by functional ANOVA; or a share such as 0.1 for what decides
            whether a configuration is among the best 10 %, by PED-ANOVA.

    Raises:
        StudyError: `within` is no number between 0 and 1.
    """
    if within is not None:
        wanted = "a share between 0 and 1 is needed, such as 0.1 for the best 10 %"
        within = number("within", within, wanted, above=0)
        if not within < 1:
            raise StudyError(f"within={within!r}: {wanted}")
    model = model_of(problem, history)
    columns = problem.space.columns
    if model.effects is None:
        shares = {columns[j].name: _unknown(model, j) for j in problem.space.declared}
        return _made(problem, model, within, shares, {})
    found, grids = _parts(model, model.effects)
    drawn = found.shares[:, 1:]
    if within is not None:
        drawn = _within(model, model.effects, within)
    judged = _shares(model, drawn, found)
    order = np.argsort([-judged[j].share for j in problem.space.declared], kind="stable")
    names = [problem.space.declared[i] for i in order.tolist()]
    effects = {
        columns[j].name: _effect(model, model.effects, columns[j], grids[j], found.effects[j]) for j in names
    }
    return _made(problem, model, within, {columns[j].name: judged[j] for j in names}, effects)


def _made(
    problem: Problem,
    model: EffectModel,
    within: float | None,
    shares: Mapping[str, Share],
    effects: Mapping[str, Effect],
) -> Importance:
    return Importance(
        metric=problem.objective.metric,
        within=within,
        trials=model.trials,
        explained=float("nan") if model.effects is None else model.effects.explained,
        shares=shares,
        effects=effects,
        doubt=model.doubt,
    )


def _parts(model: EffectModel, functions: Functions) -> tuple[Anova, tuple[Array, ...]]:
    """Return the parts of all functions, and the grids that they were looked at on."""
    levels, _ = kinds(model.space)

    def look() -> tuple[Anova, tuple[Array, ...]]:
        with one_thread():
            return parts(functions, levels, model.space.snap)

    return _ANOVA.recall(model.digest, look)


def _within(model: EffectModel, functions: Functions, within: float) -> Array:
    levels, _ = kinds(model.space)
    x = model.space.snap(sobol(0, POINTS, len(levels), 1))
    found = divergences(x, functions.values(x)[:, 1:], levels, within)
    whole = found.sum(axis=0)
    shares: Array = np.divide(found, whole, out=np.zeros_like(found), where=whole > 0)
    return shares


def _shares(model: EffectModel, drawn: Array, anova: Anova) -> list[Share]:
    low, high = interval(drawn)
    share = drawn.mean(axis=1)
    first = np.bincount(np.argmax(drawn, axis=0), minlength=len(drawn)) / drawn.shape[1]
    main = np.divide(anova.main, anova.variance, out=np.zeros_like(anova.main), where=anova.variance > 0)
    return [
        Share(
            share=float(share[j]),
            low=float(low[j]),
            high=float(high[j]),
            main=float(np.mean(main[j, 1:])),
            first=float(first[j]),
            trials=int(model.exists[j]),
            reliable=not model.doubt and bool(high[j] - low[j] <= WIDEST) and bool(model.exists[j] >= 2),
        )
        for j in range(len(drawn))
    ]


def _unknown(model: EffectModel, j: int) -> Share:
    none = float("nan")
    return Share(
        share=none, low=0.0, high=1.0, main=none, first=none, trials=int(model.exists[j]), reliable=False
    )


def _effect(model: EffectModel, functions: Functions, column: Column, grid: Array, drawn: Array) -> Effect:
    # Where a value does not exist all draws are NaN, and so are the ends.
    ends = np.quantile(drawn[:, 1:], [0.5 - SURE / 2, 0.5 + SURE / 2], axis=1)
    mean, low, high = model.sign * functions.warp.outcomes(np.vstack((drawn[:, :1].T, ends)))
    low, high = np.minimum(low, high), np.maximum(low, high)
    values = tuple(column.param.from_unit(grid))
    return Effect(
        values=values, mean=tuple(mean.tolist()), low=tuple(low.tolist()), high=tuple(high.tolist())
    )


def _among(within: float) -> str:
    return f"difference between the best {percent(within)} of the space and the rest"


def _texts(share: Share) -> tuple[str, str]:
    if not share.reliable:
        return DOUBT, "" if np.isnan(share.share) else f"{percent(share.low)} to {percent(share.high)}"
    return percent(share.share), f"{percent(share.low)} to {percent(share.high)}"
