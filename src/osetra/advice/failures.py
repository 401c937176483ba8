"""Trials that diverge or fail, and the one condition that most of them have in common.

R6: a large share means that the space should shrink; above one half, suspect a bug.

Source: Godbole et al., Deep Learning Tuning Playbook; split by Fisher's exact test.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from osetra.advice.moves import edit_move
from osetra.advice.wording import CALMING, declaration, one_of, percent, short, with_range
from osetra.core.clean import name_text
from osetra.core.finding import Finding, Level, Move
from osetra.core.history import History
from osetra.core.params import Choice, Float, Int
from osetra.core.problem import Problem
from osetra.core.results import Results, results
from osetra.core.scales import Array
from osetra.core.space import Column, Mask, Space
from osetra.numerics.split import best_split

RULE = "failures"
FEWEST = 3
SHARE = 0.2
"""Below this share, failures are a cheap part of looking around, unless they have a cause in common."""
USUAL = 0.1
"""Share that fails in a sound search; more has to be unlikely by luck alone before it is worth a word."""
UNLUCKY = 0.05
RARE = 0.05
"""Below this share, not even a common cause is worth a word."""
CHANCE = 0.01
CUTS = 16
"""Thresholds looked at for each range."""


@dataclass(frozen=True, slots=True)
class _Condition:
    text: str
    column: Column
    met: Mask
    keep: tuple[float, float] | None = None
    """The values that avoid the condition."""


def find(problem: Problem, history: History) -> list[Finding]:
    """Return how many trials came to nothing, and what they share."""
    past = results(problem, history)
    bad = ~past.valid
    failed, n = int(np.sum(bad)), len(bad)
    if failed < FEWEST or failed < RARE * n:
        return []
    common = _common(problem, past, bad)
    if common is None and (failed < SHARE * n or _by_luck(failed, n) > UNLUCKY):
        return []
    text = f"{failed} of {n} trials ({percent(failed / n)}) diverged or failed"
    reason = _commonest([t.reason for t, b in zip(past.trials, bad, strict=True) if b])
    action = "look at the reasons with `osetra show`" if reason else ""
    move: Move | None = None
    if common is not None:
        inside, size = int(np.sum(bad & common.met)), int(np.sum(common.met))
        text += f": {inside} of the {size} with {common.text}, {failed - inside} of the other {n - size}"
        action, move = _avoid(problem.space, common)
    if reason:
        text += f"; most often: {reason}"
    if failed > n / 2 and common is None:
        action = "suspect a bug: run one trial with the defaults and read its output"
    level: Level = "warning" if failed > n / 2 else "advice"
    return [Finding(rule=RULE, level=level, text=text, action=action, move=move)]


def _by_luck(failed: int, n: int) -> float:
    """Return the chance that so many of n trials fail, or more, where the usual share does."""
    from scipy.special import bdtrc  # which most programs do not need

    return float(bdtrc(failed - 1, n, USUAL))


def _common(problem: Problem, past: Results, bad: Mask) -> _Condition | None:
    conditions = [
        condition
        for j in problem.space.declared
        for condition in _conditions(problem.space.columns[j], past.x[:, j])
    ]
    if not conditions:
        return None
    index, chance = best_split(np.array([c.met for c in conditions]), bad)
    return conditions[index] if chance < CHANCE else None


def _conditions(column: Column, x: Array) -> Iterator[_Condition]:
    if isinstance(column.param, Choice):
        for i, option in enumerate(column.param.options):
            met = np.abs(x - (i + 0.5) / column.levels) < 1e-9
            yield _Condition(f"{name_text(column.key)} {name_text(str(option))}", column, np.asarray(met))
        return
    distinct = np.unique(x[~np.isnan(x)])
    middles, param = (distinct[1:] + distinct[:-1]) / 2, column.param
    if len(middles) > CUTS:
        middles = middles[np.linspace(0, len(middles) - 1, CUTS).astype(np.int64)]
    for cut in middles.tolist():
        # Where there are steps, the first value beyond the cut: rounding may lead to either side of it.
        end = distinct[distinct > cut][0] if column.levels else cut
        at, above = param.from_unit(np.array([end]))[0], "at least" if column.levels else "above"
        under, over = _sides(param, float(at or 0)) if isinstance(param, (Float, Int)) else (None, None)
        yield _Condition(f"{name_text(column.key)} {above} {short(at)}", column, np.asarray(x > cut), under)
        yield _Condition(f"{name_text(column.key)} below {short(at)}", column, np.asarray(x < cut), over)


def _sides(param: Float | Int, at: float) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return the ranges below a value and from it on; where there are steps, below ends a step before."""
    return (float(param.low), at - (param.step or 0)), (at, float(param.high))


def _avoid(space: Space, common: _Condition) -> tuple[str, Move | None]:
    """Return what avoids a condition, in words and as a move where there is one."""
    param, name = common.column.param, common.column.key
    if common.keep is not None and isinstance(param, (Float, Int)):
        low, high = common.keep
        if low < high:
            narrower = with_range(param, low, high)
            return declaration(name, narrower), edit_move(space, name, narrower, "narrow")
    return f"avoid {common.text}" + one_of(space, CALMING, ", or make it stable with "), None


def _commonest(reasons: list[str]) -> str:
    said = Counter(reason for reason in reasons if reason)
    return said.most_common(1)[0][0] if said else ""
