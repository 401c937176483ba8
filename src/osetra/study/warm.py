"""Warm start: settings of an earlier study that a search on later data tries first.

They are few and unlike each other: near the old best the new search would look anyway, and where the best
has moved, it is the other good ones that tell. The rest of the search knows nothing of the old one, so that
it costs little where the world has changed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

import numpy as np

from osetra.core.decisions import Suggestion
from osetra.core.due import CHECKED
from osetra.core.history import History
from osetra.core.params import Config, Float, Int, Value
from osetra.core.problem import Problem
from osetra.core.space import Space
from osetra.errors import SpaceError, StudyError
from osetra.study.checkin import incumbent_of

GOOD = 0.25
"""Share of the old trials, the best ones, that are tried again."""


def warm_suggestions(space: Space, old: Problem, history: History, name: str, most: int) -> list[Suggestion]:
    """Return settings of an old study for a new space.

    Raises:
        StudyError: nothing has finished in the old one, or none of it can be had in the space.
    """
    found: list[Suggestion] = []
    if history.best(old.objective) is None:
        raise StudyError(f"study {name}: no trial has finished there, so that there is nothing to start from")
    for config, why in _good(old, history, name, most):
        if len(found) >= most:
            break
        fitting = fitted(space, config)
        if fitting is not None and fitting not in [each.config for each in found]:
            found.append(Suggestion(fitting, why))
    if not found:
        raise StudyError(
            f"study {name}: none of its settings can be had here: it has {', '.join(old.space.names)}, and "
            f"here are {', '.join(space.names)}; start without it"
        )
    return found


def fitted(space: Space, config: Config) -> Config | None:
    """Return a configuration in another space, numbers moved into its ranges; None where that cannot be."""
    shared: dict[str, Value] = {n: v for n, v in config.items() if n in space.names}
    if not shared:
        return None
    for name, value in shared.items():
        for branch in space.branches(name):
            if isinstance(branch, Float | Int) and isinstance(value, (int, float)):
                shared[name] = min(max(value, branch.low), branch.high)
    for _ in range(len(shared) + 1):
        with suppress(SpaceError):
            return space.complete(shared)
        # An option that is gone, or a value on another grid: the default stands for it.
        wrong = next((n for n in shared if not _fits(space, shared, n)), None)
        if wrong is None:
            return None
        del shared[wrong]
    return None


def _fits(space: Space, config: Config, name: str) -> bool:
    with suppress(SpaceError):
        space.complete({name: config[name]})
        return True
    return False


def _good(problem: Problem, history: History, name: str, most: int) -> Iterator[tuple[Config, str]]:
    """Yield the setting in use, the last winner of a re-test, and good ones far from all before."""
    with suppress(StudyError):
        yield incumbent_of(problem, history).config, f"in use after study {name}"
    best = history.best(problem.objective)
    if best is not None:
        yield best.config, f"the best of study {name}"
    for note in history.noted(CHECKED)[-1:]:
        yield note.data.get("winner") or note.data["config"], f"the best of the last re-test of study {name}"
    ranked = history.ranked(problem.objective)
    ranked = ranked[: max(most, round(GOOD * len(history.searched)))]
    if best is None or not ranked:
        return
    points = np.nan_to_num(problem.space.encode([t.config for t in ranked]), nan=0.5)
    gaps = np.abs(points - np.nan_to_num(problem.space.encode([best.config]), nan=0.5)).mean(axis=1)
    for _ in ranked:
        far = int(np.argmax(gaps))
        if gaps[far] <= 0:
            return
        yield ranked[far].config, f"good in study {name}, and unlike the others"
        gaps = np.minimum(gaps, np.abs(points - points[far]).mean(axis=1))
