"""The front: the trials of a study of several objectives that no other one beats in all of them.

The maths is in `osetra.numerics.pareto`; this file turns a history into its arrays. A configuration that was
run again counts as the mean over its fresh seeds: what came to the front by luck falls back behind it. One of
which a repeat failed, one that was steered by hand and one that breaks a limit are not on it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import overload

import msgspec
import numpy as np

from osetra.core.arguments import expected, is_number, plain
from osetra.core.history import History
from osetra.core.markup import table
from osetra.core.numbers import number, searched_names, settings
from osetra.core.outcomes import Outcomes, measured, outcomes
from osetra.core.problem import Problem
from osetra.core.trial import Trial
from osetra.errors import NothingFinished
from osetra.numerics.pareto import Array, hypervolume, is_front, knee, nadir, total_violation


class FrontTrial(Trial, frozen=True, gc=False):
    """A trial of the front, and what it is worth."""

    values: dict[str, float] = msgspec.field(default_factory=dict)
    """What it came to in every objective, in the user's own direction; the mean over fresh seeds."""
    seeds: int = 1
    """How many runs it had: its first one, and those with fresh seeds."""

    def __eq__(self, other: object) -> bool:
        """Whether it is the same trial, whatever is said of its worth."""
        if not isinstance(other, Trial):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in Trial.__struct_fields__)

    def __hash__(self) -> int:
        return hash(self.number)


@dataclass(frozen=True, slots=True)
class Front(Sequence[FrontTrial]):
    """The trials that no other one beats in all objectives, by the first of them, its best trial first."""

    problem: Problem
    members: tuple[FrontTrial, ...]
    reference: tuple[float, ...]
    """The outcomes, in the user's own directions, within which volumes are measured: a little worse than the
    worst of the front."""
    ended: tuple[int, ...]
    """The trials that may be on a front, as they ended."""
    volumes: tuple[float, ...]
    """The volume that all of them had dominated by then: it grows while the search gets on."""

    @property
    def metrics(self) -> tuple[str, ...]:
        """The objectives' names."""
        return tuple(one.metric for one in self.problem.objectives)

    @property
    def knee(self) -> FrontTrial:
        """The trial suggested: where a little more of one objective begins to cost much of another.

        The objectives are scaled to what the front spans; of a front of two it is the first.
        """
        return self.members[knee(self.outcomes)]

    @property
    def hypervolume(self) -> float:
        """The volume that the front dominates, within `reference`."""
        return self.volumes[-1]

    def volume(self, reference: Sequence[float]) -> float:
        """Return the volume that the front dominates within a reference of one's own, in its directions.

        Raises:
            StudyError: it is no list of a number for each objective.
        """
        objectives = self.problem.objectives
        found = [plain(value) for value in reference] if isinstance(reference, Sequence | np.ndarray) else []
        if len(found) != len(objectives) or not all(is_number(value) for value in found):
            wanted = f"a number for each of {', '.join(self.metrics)} is needed, in this order"
            raise expected("reference", reference, wanted)
        signed = [one.sign * float(v) for one, v in zip(objectives, found, strict=True)]  # type: ignore[arg-type]
        return hypervolume(self.outcomes, np.array(signed))

    @property
    def outcomes(self) -> Array:
        """What each of its trials came to (n, m), minimised."""
        rows = [[one.sign * m.values[one.metric] for one in self.problem.objectives] for m in self.members]
        return np.array(rows, dtype=np.float64)

    @overload
    def __getitem__(self, place: int) -> FrontTrial: ...

    @overload
    def __getitem__(self, place: slice) -> Sequence[FrontTrial]: ...

    def __getitem__(self, place: int | slice) -> FrontTrial | Sequence[FrontTrial]:
        return self.members[place]

    def __len__(self) -> int:
        return len(self.members)

    def __iter__(self) -> Iterator[FrontTrial]:
        return iter(self.members)

    def __str__(self) -> str:
        suggested = self.knee
        names = searched_names(self.problem.space)
        lines = [f"front of {len(self)} trials by {', '.join(self.metrics)}"]
        for member in self.members:
            worth = "  ".join(f"{name} {number(member.values[name])}" for name in self.metrics)
            seeds = f"  ({member.seeds - 1} fresh seeds)" if member.seeds > 1 else ""
            mark = "  ← knee" if member.number == suggested.number else ""
            lines.append(f"trial {member.number}: {worth}  {settings(member.config, names)}{seeds}{mark}")
        return "\n".join(lines)

    def __repr__(self) -> str:
        return f"<front of {len(self)} trials by {', '.join(self.metrics)}>"

    def _repr_html_(self) -> str:
        rows = [[m.number, *(number(m.values[name]) for name in self.metrics), m.seeds] for m in self.members]
        return table(["trial", *self.metrics, "runs"], rows)


@dataclass(frozen=True, slots=True)
class Eligible:
    """The finished first runs of a study that have a value of every objective."""

    trials: list[Trial]
    found: Outcomes

    @property
    def kept(self) -> Eligible:
        """Those that keep every limit."""
        rows = np.flatnonzero(self.found.kept)
        return Eligible(
            [self.trials[row] for row in rows], Outcomes(self.found.values[rows], self.found.margins[rows])
        )


def eligible(problem: Problem, history: History) -> Eligible:
    """Return what may be on a front, in the order in which it ended, what breaks a limit included."""
    lost = history.lost
    trials = [t for t in history.finished if t.repeats is None and not t.by_hand and t.number not in lost]
    trials.sort(key=lambda t: ((t.attempts[-1].ended or 0.0) if t.attempts else 0.0, t.number))
    found = outcomes(problem, history, trials, fresh=True)
    rows = np.flatnonzero(found.known)
    return Eligible([trials[row] for row in rows], Outcomes(found.values[rows], found.margins[rows]))


def front_of(problem: Problem, history: History) -> Front:
    """Return the front of a study.

    Raises:
        NothingFinished: no trial has a value of every objective, or none of them keeps the limits; the
            nearest one is named.
    """
    some = eligible(problem, history).kept
    if not some.trials:
        raise NothingFinished(nothing_fits(problem, history) or _nothing_known(problem, history))
    values = some.found.values
    rows = np.flatnonzero(is_front(values))
    if not problem.others and (best := history.best(problem.objective)) is not None:
        rows = np.array(
            [row for row, trial in enumerate(some.trials) if trial.number == best.number] or rows[:1]
        )
    rows = rows[np.lexsort((*values[rows].T[::-1],))]
    reference = nadir(values[rows])
    return Front(
        problem,
        tuple(_member(problem, history, some.trials[row], values[row]) for row in rows),
        tuple((np.array([one.sign for one in problem.objectives]) * reference).tolist()),
        tuple(trial.number for trial in some.trials),
        tuple(_volumes(values, reference)),
    )


def nothing_fits(problem: Problem, history: History) -> str:
    """Return that no finished trial keeps the limits, and which is the nearest; empty when one does."""
    if not problem.bounds:
        return ""
    some = eligible(problem, history)
    if not some.trials or len(some.kept.trials):
        return ""
    nearest = some.trials[int(np.argmin(total_violation(some.found.excess)))]
    unmet = [bound for place, bound in enumerate(problem.bounds) if np.all(some.found.excess[:, place] > 0)]
    rules = " and ".join(map(str, unmet or problem.bounds))
    together = "" if unmet or len(problem.bounds) == 1 else " at once"
    return (
        f"none of {len(some.trials)} finished trials keeps {rules}{together}; the nearest is trial "
        f"{nearest.number} with {_said(history, problem, nearest)}: allow more, "
        "search longer, or widen the space"
    )


def _said(history: History, problem: Problem, trial: Trial) -> str:
    """Return what a trial came to in the metrics that are limited, and in the first objective."""

    def worth(metric: str) -> str:
        return f"{metric} {number(measured(history, trial, problem.objective, metric))}"

    names = dict.fromkeys([*(bound.metric for bound in problem.bounds), problem.objective.metric])
    return ", ".join(map(worth, names))


def _nothing_known(problem: Problem, history: History) -> str:
    first = [trial for trial in history.finished if trial.repeats is None]
    if not first:
        return "no trial has finished with a valid result yet"
    silent = [
        one.metric
        for one in problem.others
        if all(math.isnan(measured(history, t, problem.objective, one.metric)) for t in first)
    ]
    never = f"{' and '.join(silent)} was never reported" if silent else "some were never reported"
    return f"none of {len(first)} finished trials has a value of every objective: {never}"


def _member(problem: Problem, history: History, trial: Trial, values: Array) -> FrontTrial:
    worth = {one.metric: float(one.sign * v) for one, v in zip(problem.objectives, values, strict=True)}
    fields = {name: getattr(trial, name) for name in Trial.__struct_fields__}
    return FrontTrial(**fields, values=worth, seeds=1 + len(history.repeats(trial.number)))


def _volumes(values: Array, reference: Array) -> list[float]:
    """Return the volume (n,) that values (n, m) dominate up to each of them."""
    kept, volumes = np.empty((0, values.shape[1])), [0.0]
    for point in values:
        if (kept <= point).all(axis=1).any() or not (point < reference).all():
            volumes.append(volumes[-1])  # it adds nothing
            continue
        kept = np.concatenate((kept[~(point <= kept).all(axis=1)], point[None]))
        volumes.append(hypervolume(kept, reference))
    return volumes[1:]
