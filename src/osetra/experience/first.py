"""First: what experience says to try before the searcher is asked, as long as it is worth it.

What was chosen is a note in the log, so that every program that plans for a study does the same. The
defaults come first, for they are what it has to beat. Once `PATIENCE` of its configurations have ended and
none of them is better than everything else that was tried, the rest is left: it does not carry over.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from osetra.core.decisions import Suggestion
from osetra.core.facts import Noted
from osetra.core.finite import identity
from osetra.core.history import History
from osetra.core.numbers import setting
from osetra.core.params import Config, Value
from osetra.core.problem import Problem
from osetra.core.results import Results, results
from osetra.core.space import Mask, Space
from osetra.errors import SpaceError
from osetra.searchers import beliefs
from osetra.searchers.fresh import DEFAULTS, suggested

TOPIC = "experience"
PATIENCE = 1
"""Configurations that may disappoint before the rest is left."""
SOON = 32
"""Trials after which nobody asks any more what became of the first ones."""
DELIBERATE = ("grid", "manual")
"""Searchers that try what somebody laid down."""


def noted(configs: Sequence[Config], studies: Sequence[str], space: Space) -> Noted:
    """Return the note that these configurations are tried first because of past studies of these names."""
    tried = "; then ".join(told(config, space) for config in configs)
    text = f"experience of {_studies(len(studies))}: " + (
        f"tried first {tried}" if tried else "nothing to try first"
    )
    data = {
        "configs": [dict(config) for config in configs],
        "studies": len(studies),
        "names": list(studies)[:100],
    }
    return Noted(TOPIC, "first", text, data)


def told(config: Mapping[str, Value], space: Space) -> str:
    """Return a configuration in a few words, what is searched only."""
    values = ((name, config[name]) for name in space.searched if name in config)
    return " ".join(f"{n}={setting(v, digits=2) if isinstance(v, float) else v}" for n, v in values)


def due(problem: Problem, history: History, searcher: str, count: int) -> list[Suggestion]:
    """Return up to `count` suggestions that come before the searcher's own, the defaults first of all.

    `history` is the view in which all trials have their values at one step.
    """
    plan = _plan(problem, history, searcher)
    if plan is None or count <= 0 or not plan.left or plan.over:
        return []
    found: list[Suggestion] = []
    if identity(problem.space.default) not in suggested(history):
        found.append(Suggestion(problem.space.default, DEFAULTS))
    why = f"experience of {_studies(plan.studies)}: good there"
    return [*found, *(Suggestion(config, why) for config in plan.left)][:count]


def farewells(problem: Problem, history: History, searcher: str) -> tuple[Noted, ...]:
    """Return the notes that experience does not carry over and that beliefs are left, once each."""
    if searcher in DELIBERATE:
        return ()
    return (*_farewell(problem, history, searcher), *beliefs.farewell(problem, history))


def _farewell(problem: Problem, history: History, searcher: str) -> tuple[Noted, ...]:
    plan = _plan(problem, history, searcher)
    if plan is None or not plan.over:
        return ()
    text = f"experience of {_studies(plan.studies)} does not carry over: {plan.over}"
    return (Noted(TOPIC, "over", text, {"trial": history.next_trial}),)


def remembering(found: Sequence[Suggestion], notes: tuple[Noted, ...]) -> list[Suggestion]:
    """Return suggestions of which the first one carries notes."""
    return [replace(one, notes=(*one.notes, *notes)) if i == 0 else one for i, one in enumerate(found)]


@dataclass(frozen=True, slots=True)
class _Plan:
    studies: int
    left: list[Config]
    """What was not tried yet, in order."""
    over: str
    """Why it is left, in a few words; empty while it goes on."""


def _plan(problem: Problem, history: History, searcher: str) -> _Plan | None:
    """Return how far experience has got; None where there is none, or where it has been left or used up."""
    notes = {note.name: note for note in history.noted(TOPIC)}
    if "first" not in notes or "over" in notes or searcher in DELIBERATE:
        return None
    data = notes["first"].data
    configs, known = _sound(problem.space, data["configs"]), suggested(history)
    left = [config for config in configs if identity(config) not in known]
    if not left and len(history.trials) > SOON:
        return None
    return _Plan(int(data["studies"]), left, _disappoints(problem, history, configs))


def _studies(many: int) -> str:
    return f"{many} stud{'y' if many == 1 else 'ies'}"


def _sound(space: Space, configs: Sequence[Mapping[str, Value]]) -> list[Config]:
    """Return the configurations that are still in the space, which people may have edited."""
    kept: list[Config] = []
    for config in configs:
        try:
            kept.append(space.complete(config))
        except SpaceError:
            continue
    return kept


def _disappoints(problem: Problem, history: History, configs: Sequence[Config]) -> str:
    """Return why the rest is left, in a few words; empty while there is no reason."""
    past, mine = results(problem, history), {identity(config) for config in configs}
    own = np.array([identity(trial.config) in mine for trial in past.trials], dtype=bool)
    worth = np.nan_to_num(past.y, nan=np.inf)
    tried = int(own.sum())
    if tried < PATIENCE or own.all() or float(worth[own].min()) < float(worth[~own].min()):
        return ""
    return f"what was tried of it (trial {_numbers(past, own)}) is no better than what else was"


def _numbers(past: Results, own: Mask) -> str:
    return ", ".join(str(trial.number) for trial, mine in zip(past.trials, own, strict=True) if mine)
