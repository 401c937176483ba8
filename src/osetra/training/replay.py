"""Replay: trains a steered trial again, unattended, and says whether it comes out the same.

What people and schedulers did to a training is, in the end, one plain configuration whose values change
after certain steps. `recipe` reads that from the log, `Replay` is a training function that follows it,
and `compare` holds the two curves against each other. On the same machine and versions a training on
the CPU comes out bitwise equal when its checkpoints hold everything that its next step depends on.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from osetra.core.claim import Claim
from osetra.core.facts import Values
from osetra.core.history import History
from osetra.core.lineage import here, lineage, pieces
from osetra.core.params import Config
from osetra.core.trial import Trial
from osetra.errors import Interrupted, StudyError
from osetra.training.link import ScriptedLink
from osetra.training.run import Run, control_of

Train = Callable[[Run], object]


@dataclass(frozen=True, slots=True)
class Recipe:
    """A training as a plain configuration with values that change after some steps."""

    trial: int
    seed: int
    config: Config
    """What the training began with."""
    live: Values
    """Values in force from the beginning instead of the configuration's."""
    changes: tuple[tuple[int, Values], ...]
    """(step after which they change, the new values)."""
    steps: int
    """How many steps it reported."""
    stopped: bool
    """Whether somebody ended it there, before it came to its own end."""


def recipe(history: History, number: int, metric: str) -> Recipe:
    """Return how a trial was trained, abandoned stretches left out.

    Raises:
        StudyError: no such trial, it reported nothing yet, or folds make the steps ambiguous.
    """
    trial = history.find(number)
    steps = history.step(trial, metric)
    if not steps:
        raise StudyError(f"trial {number} reported no {metric} yet, so there is nothing to replay")
    parts = pieces(history.trials, trial)
    if len(parts) > 1 and len(history.curve(trial, metric, 1)[0]):
        raise StudyError(
            f"trial {number} was steered in one of its folds; only trainings on one split replay"
        )
    root = history.trials[lineage(history.trials, here(trial))[0].trial]
    live = {n: v for n, v in parts[0].values.items() if root.config.get(n) != v}
    changes = []
    for before, after in pairwise(parts):
        changed = {n: v for n, v in after.values.items() if n not in before.values or before.values[n] != v}
        if after.after < steps:
            changes.append((after.after, changed))
    return Recipe(number, root.seed, root.config, live, tuple(changes), steps, _was_stopped(trial))


@dataclass(slots=True)
class Replay:
    """A training function that trains another one as a recipe says."""

    function: Train
    recipe: Recipe

    def __call__(self, run: Run) -> object:
        """Train; raises StudyError when the training cannot change a value at the step it has to."""
        recipe, outer = self.recipe, control_of(run)
        stop_at = recipe.steps if recipe.stopped else None
        link = ScriptedLink(outer.link, recipe.trial, recipe.changes, stop_at)
        claim = Claim(
            run.trial,
            run.attempt,
            recipe.config,
            recipe.seed,
            live=recipe.live,
            meanings=outer.claim.meanings,
        )
        inner = Run.of(claim, outer.objective, link)
        control = control_of(inner)
        try:
            returned = self.function(inner)
        except Interrupted:
            if control.steering.ending is None:
                raise
            returned = None
        if link.refusal:
            raise StudyError(
                f"trial {recipe.trial} cannot be replayed in one go: {link.refusal}; it was changed between "
                "two segments, in a branch"
            )
        ending = control.steering.ending
        if ending is not None and ending.outcome == "interrupted":
            outer.hand_back(ending.reason)
            return None
        return control.values.value() if returned is None else returned


@dataclass(frozen=True, slots=True)
class Comparison:
    """How a replay's reports compare with those of the trial."""

    reports: int
    """Steps that the trial reported."""
    equal: int
    """How many of them came out bitwise equal, in all metrics."""
    missing: int
    """Steps that the replay did not report."""
    trained: int = 0
    """The last step of the trial."""
    now: int = 0
    """The last step of the replay."""
    first: int | None = None
    """The first step that differs."""
    metric: str = ""
    """The metric that differs first."""
    largest: float = 0.0
    """The largest difference in it."""
    scale: float = field(default=math.nan)
    """The spread of the trial's values of it, to judge the difference by."""

    @property
    def same(self) -> bool:
        """Whether everything is bitwise equal."""
        return self.equal == self.reports and self.trained == self.now

    @property
    def text(self) -> str:
        """The verdict in a sentence."""
        if self.same:
            return f"bitwise equal: {self.equal} of {self.reports} reports"
        text = f"not bitwise equal: {self.equal} of {self.reports} reports are"
        if self.missing:
            text += f", {self.missing} are missing"
        if self.trained != self.now:
            text += f"; the training has {self.now} steps now, and had {self.trained} in the trial"
        if self.first is None:
            return text
        share = self.largest / self.scale if self.scale > 0 else math.inf
        percent = f", {100 * share:.2g} % of its range" if math.isfinite(share) else ""
        return f"{text}; from step {self.first} on {self.metric} differs by up to {self.largest:.3g}{percent}"


def compare(history: History, trial: Trial, again: History, replayed: Trial) -> Comparison:
    """Return how the reports of a replay compare with those of a trial, bit for bit, NaN equal to NaN."""
    wrong: dict[int, str] = {}
    steps: set[int] = set()
    missing: set[int] = set()
    again_steps: set[int] = set()
    for metric in history.curves.metrics:
        theirs = dict(zip(*_lists(again, replayed, metric), strict=True))
        again_steps |= theirs.keys()
        for step, value in zip(*_lists(history, trial, metric), strict=True):
            steps.add(step)
            if step not in theirs:
                missing.add(step)
            if step not in theirs or not _same(value, theirs[step]):
                wrong.setdefault(step, metric)
    differing = [step for step in sorted(wrong) if step not in missing]
    equal = len(steps) - len(wrong)
    lengths = (max(steps, default=0), max(again_steps, default=0))
    if not differing:
        return Comparison(len(steps), equal, len(missing), *lengths)
    metric = wrong[differing[0]]
    mine, theirs = (
        dict(zip(*_lists(h, t, metric), strict=True)) for h, t in ((history, trial), (again, replayed))
    )
    gaps = [abs(mine[step] - theirs[step]) for step in differing if step in mine and step in theirs]
    finite = [gap for gap in gaps if math.isfinite(gap)]
    values = [value for value in mine.values() if math.isfinite(value)]
    spread = float(np.ptp(values)) if values else math.nan
    largest = max(finite) if finite else math.nan
    return Comparison(len(steps), equal, len(missing), *lengths, differing[0], metric, largest, spread)


def _lists(history: History, trial: Trial, metric: str) -> tuple[list[int], list[float]]:
    steps, values = history.curve(trial, metric)
    return steps.tolist(), values.tolist()


def _same(one: float, other: float) -> bool:
    return one == other or (math.isnan(one) and math.isnan(other))


def _was_stopped(trial: Trial) -> bool:
    """Whether it ended because somebody said so, and not by itself."""
    if trial.state in ("paused", "stopped", "running", "queued"):
        return True
    return any(order.verb == "stop" and order.obeyed is not None for order in trial.orders)
