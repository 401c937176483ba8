"""Coarse to fine: look everywhere, then more densely where the best trials lie, and again.

Each round draws the next points of a Sobol' sequence inside a box, but for every fifth one, which lies
anywhere. When the round has been run, the box moves to the best quarter of all trials; every move is a
note in the log, and the note is all that the next suggestion needs to know.

A box can return: where the best trial lies outside, the box grows until it holds it. And a column is not
narrowed while it is open how much it matters, for then the best trials lie where they do by chance.

Source: Ng's advice of sampling coarse to fine; box rule in `osetra.searchers.box`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from osetra.core.clean import name_text
from osetra.core.construction import settings_checked
from osetra.core.decisions import Suggestion
from osetra.core.facts import Noted
from osetra.core.history import History
from osetra.core.numbers import setting
from osetra.core.params import Choice
from osetra.core.problem import Problem
from osetra.core.results import Results
from osetra.core.space import Column, Mask, Space
from osetra.core.trial import ENDED
from osetra.errors import StudyError
from osetra.numerics.memory import Memory
from osetra.searchers.box import Box, contains, follow, from_data, holding, place, to_data, whole
from osetra.searchers.sobol import sequence
from osetra.searchers.standing import standing

TOPIC = "zoom"
FEWEST = 4
"""A box follows at least this many of the best trials."""
OUTSIDE = 5
"""One in so many trials of a later round looks at the whole space."""

_DECIDED = Memory[Mask](8)


@settings_checked
@dataclass(frozen=True, slots=True, kw_only=True)
class Zoom:
    """Rounds of quasi-random search in a box that follows the best `share` of the trials.

    A round has `per_round` trials: by default 10 plus 2 for each hyperparameter, or a third of the
    study's target when that is less.
    """

    per_round: int | None = None
    share: float = 0.25
    defaults_first: bool = True

    name = "zoom"
    lookahead = 1

    def __post_init__(self) -> None:
        if self.per_round is not None and self.per_round < FEWEST:
            raise StudyError(f"Zoom(per_round={self.per_round}): at least {FEWEST} trials a round are needed")
        if not 0 < self.share < 1:
            raise StudyError(f"Zoom(share={self.share}): a share between 0 and 1 is needed, such as 0.25")

    def suggest(
        self, problem: Problem, history: History, count: int, rng: np.random.Generator
    ) -> Sequence[Suggestion]:
        """Return up to `count` suggestions; fewer mean that the space is exhausted."""
        number, first, box = _current(problem.space, history)
        notes: tuple[Noted, ...] = ()
        everywhere = whole(problem.space)
        if self._is_over(problem.space, history, first):
            past = standing(problem, history)
            best = past.order[: max(FEWEST, math.ceil(self.share * len(past.trials)))]
            if len(best) >= FEWEST:
                number += 1
                box, notes = _zoomed(problem, history, past, best, number, box or everywhere)
        found = sequence(
            problem.space,
            history,
            count,
            why=lambda trial: _why(number, trial, box),
            defaults_first=self.defaults_first,
            placed=lambda trial, points: place(_box(trial, box) or everywhere, points),
        )
        return [replace(s, notes=notes) if i == 0 else s for i, s in enumerate(found)]

    def _is_over(self, space: Space, history: History, first: int) -> bool:
        """Whether the round has been asked for, and nearly all of it has been answered."""
        size = self.per_round or _per_round(history.target, len(space.columns))
        mine = [trial for trial in history.searched if trial.number >= first]
        ended = sum(trial.state in ENDED for trial in mine)
        # Workers that still train the last trials of a round must not keep the others waiting.
        return len(mine) >= size and ended >= math.ceil(0.75 * size)


def _per_round(target: int, d: int) -> int:
    most = 10 + 2 * d
    return min(most, max(2 * FEWEST, math.ceil(target / 3))) if target else most


def _current(space: Space, history: History) -> tuple[int, int, Box | None]:
    """Return the round's number, its first trial and its box, as the newest note tells them; None: whole."""
    notes = history.noted(TOPIC)
    newest = max(notes, key=lambda note: int(note.name), default=None)
    edited = history.edits[-1].version if history.edits else 0
    since = next((t.number for t in history.trials.values() if t.seen >= edited), history.next_trial)
    if newest is None or int(newest.data["from"]) < since:
        # Coarse to fine begins anew in a space that was edited.
        return 1 if newest is None else int(newest.name), since, None
    return int(newest.name), int(newest.data["from"]), from_data(space, newest.data["box"])


def _zoomed(
    problem: Problem, history: History, past: Results, best: Sequence[int], number: int, box: Box
) -> tuple[Box, tuple[Noted, ...]]:
    space, chosen = problem.space, np.isin(np.arange(len(past.y)), best)
    moved = follow(space, box, past.x, chosen, _decided(space, past, history.seed))
    moved = holding(moved, past.x[best[0]])
    inside = int(np.sum(contains(moved, past.x[chosen])))
    lie = f"the best {len(best)}" if inside == len(best) else f"{inside} of the best {len(best)}"
    changes = [_change(space.columns[j], j, box, moved) for j in space.declared]
    summary = ", ".join(filter(None, changes)) or "the box stays as it is"
    text = f"{summary}: {lie} of {len(past.trials)} trials lie there"
    data = {"from": history.next_trial, "box": to_data(space, moved)}
    return moved, (Noted(TOPIC, str(number), text, data),)


def _change(column: Column, j: int, before: Box, after: Box) -> str:
    """Return what happened to a column, such as "lr 0.0001…1 → 0.003…0.1"; empty when nothing did."""
    if isinstance(column.param, Choice):
        fainter = after.weights[j] < before.weights[j]
        lost = [str(option) for option, f in zip(column.param.options, fainter, strict=True) if f]
        return f"{name_text(column.name)} less often {_listed(lost)}" if lost else ""
    old, new = _range(column, before, j), _range(column, after, j)
    return f"{name_text(column.name)} {old} → {new}" if old != new else ""


def _listed(options: Sequence[str]) -> str:
    """Return the first of many options, each on a line."""
    more = f" and {len(options) - 8} more" if len(options) > 8 else ""
    return f"{', '.join(name_text(option) for option in options[:8])}{more}"


def _range(column: Column, box: Box, j: int) -> str:
    ends = column.param.from_unit(np.array([box.low[j], box.high[j]]))
    return "…".join(setting(end, digits=2) for end in ends)


def _box(trial: int, box: Box | None) -> Box | None:
    """Return the box of a trial of this round; None: whole."""
    return None if trial % OUTSIDE == 0 else box


def _why(number: int, trial: int, box: Box | None) -> str:
    if box is None:
        return f"round {number} of coarse to fine: quasi-random over the whole space, point {trial}"
    if trial % OUTSIDE == 0:
        return f"round {number} of coarse to fine: anywhere, in case that better ones lie outside"
    return f"round {number} of coarse to fine: quasi-random where the best trials lie"


def _decided(space: Space, past: Results, seed: int) -> Mask:
    """Return of which columns (d,) it is known how much they matter, be it nothing."""
    from osetra.numerics import effects, shares  # with SciPy, which the first round does not need
    from osetra.numerics.warp import LARGEST

    if np.sum(past.valid) < shares.FEWEST:
        return np.zeros(len(space.columns), dtype=bool)
    levels = np.array([min(column.levels, 2**62) for column in space.columns], dtype=np.int64)
    categorical = np.array([column.categorical for column in space.columns], dtype=bool)
    y = np.clip(past.y, -LARGEST, LARGEST)
    data = effects.Trained(past.x, y, ~past.valid, np.zeros(len(y)))

    def found() -> Mask:
        functions = effects.learn(data, levels, categorical, space.snap, seed)
        return shares.decided(functions, levels, space.snap)

    return _DECIDED.recall(b"".join((past.x.tobytes(), y.tobytes(), repr(space).encode())), found)
