"""Rungs: the steps at which a scheduler compared trainings, where it cut, and who went on."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np

from osetra.core.history import History
from osetra.core.problem import Problem
from osetra.core.trial import GOES_ON, Order, Trial
from osetra.schedulers.table import table_of

_EVIDENCE = re.compile(r"\bstep (\d+): .*?, cut (\S+), rank (\d+) of (\d+)")
"""How a scheduler states its evidence; see `schedulers.rungs`."""
OFTEN = 3
"""So many comparisons at a step make it a rung where nobody was to pause."""


@dataclass(frozen=True, slots=True)
class Cut:
    """The latest decision at a rung that the log states."""

    step: int
    value: float
    """What divided those that went on from the others, in the user's own direction."""
    compared: int
    """How many trials were compared."""


@dataclass(frozen=True, slots=True)
class Rung:
    """A step at which trainings were compared."""

    step: int
    cut: Cut | None
    started: int
    """First runs that got there."""
    promoted: int
    """Those of them that were trained beyond it, or finished."""
    stopped: int
    """Those of them that were given up there."""


def rungs(problem: Problem, history: History) -> list[Rung]:
    """Return the rungs of a study from the first one on; none where everything is trained to its end."""
    steps = rung_steps(history)
    if not steps:
        return []
    table, decided = table_of(problem.objective, history), cuts(history)
    ends = np.array([trial.state in ("stopped", "diverged", "failed") for trial in table.trials], dtype=bool)
    done = np.array([trial.state == "finished" for trial in table.trials], dtype=bool)
    found = []
    for step in steps:
        there = table.first & (table.reached >= step)
        beyond = there & ((table.reached > step) | done)
        counts = (int(np.sum(rows)) for rows in (there, beyond, there & ends & ~beyond))
        found.append(Rung(step, decided.get(step), *counts))
    return found


def rung_steps(history: History) -> list[int]:
    """Return the steps at which trials were to pause or were compared, ascending.

    Where trials pause at rungs, one that a person paused elsewhere is compared there, too: that is no rung.
    """
    rungs = set(chain.from_iterable(history.trials.derived(_pauses)))
    compared = Counter(cut.step for _, cut in chain.from_iterable(history.trials.derived(_cuts)))
    return sorted(rungs | {step for step, times in compared.items() if times >= OFTEN or not rungs})


def cuts(history: History) -> dict[int, Cut]:
    """Return the latest stated decision at every rung, by its step."""
    stated = sorted(chain.from_iterable(history.trials.derived(_cuts)), key=lambda cut: cut[0])
    return {cut.step: cut for _, cut in stated}


def _pauses(trials: Sequence[Trial]) -> set[int]:
    """Return the steps at which a block's trials were to pause."""
    found = {order.asked.args.get("until") for trial in trials for order in _decisions(trial)}
    found |= {trial.until for trial in trials if not trial.orders}
    return {int(step) for step in found if step}


def _cuts(trials: Sequence[Trial]) -> list[tuple[float, Cut]]:
    """Return what the decisions on a block's trials state, and when."""
    found = []
    for trial in trials:
        for order in _decisions(trial):
            stated = _EVIDENCE.search(order.why)
            value = _number(stated[2]) if stated else None
            if (
                stated is not None and value is not None and math.isfinite(value)
            ):  # one that blew up is no rung
                found.append((order.asked_at, Cut(int(stated[1]), value, int(stated[4]))))
    return found


def _decisions(trial: Trial) -> list[Order]:
    """Return what a scheduler decided on a trial."""
    return [o for o in trial.orders if o.by == "scheduler" and (o.verb in GOES_ON or o.verb == "stop")]


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
