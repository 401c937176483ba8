"""Lineage: what a trial's training really was, from its first step to its last.

Pauses, roll-backs, crashes and branches cut a training into attempts. The lineage is the chain of
attempts that leads to a point, each up to the checkpoint from which the next one went on.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from osetra.core.facts import Checkpointed, Source, Values
from osetra.core.params import Config
from osetra.core.trial import Order, Trial

Trials = Mapping[int, Trial]


@dataclass(frozen=True, slots=True)
class AttemptStart:
    """How the next attempt at a trial begins."""

    candidates: tuple[Checkpointed, ...]
    """Checkpoints to go on from, the one to prefer first; without an intact one it starts anew."""
    live: Values
    """Values in force instead of the configuration's."""
    rollback: Order | None = None
    """The order that is obeyed by starting so."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of training with the same values in force."""

    after: int
    """The step after which it begins; 0 for the beginning."""
    values: Config
    """The complete configuration in force."""


def lineage(trials: Trials, end: Source | None) -> list[Source]:
    """Return the chain that leads to a point, as (trial, attempt, instance, step) up to which it counts."""
    chain: list[Source] = []
    while end is not None:
        chain.append(end)
        trial = trials[end.trial]
        end = trial.attempts[end.attempt - 1].source if end.attempt else trial.parent
    return chain[::-1]


def here(trial: Trial) -> Source:
    """Return the trial's present point: everything that its latest attempt did."""
    return Source(trial.number, len(trial.attempts), 2**31, 2**31)


def checkpoints(trials: Trials, end: Source) -> tuple[Checkpointed, ...]:
    """Return the checkpoints on the way to a point, latest first."""
    found = [
        point
        for part in lineage(trials, end)
        for point in trials[part.trial].checkpoints
        if point.attempt == part.attempt and (point.instance, point.step) <= (part.instance, part.step)
    ]
    return tuple(found[::-1])


def values_at(trials: Trials, point: Source) -> Values:
    """Return the values that were in force at a point instead of the configuration's."""
    trial = trials[point.trial]
    if not point.attempt:
        return {}
    values = trial.attempts[point.attempt - 1].live
    for order in trial.orders:
        if _changed_in(point.attempt, order) and order.step <= point.step:
            values = order.values
    return dict(values)


def next_start(trials: Trials, trial: Trial, sign: float) -> AttemptStart:
    """Return from where the next attempt at a trial goes on, and with which values."""
    rewinding = [o for o in trial.orders if o.pending and o.verb == "rollback"]
    if rewinding:
        order = rewinding[-1]
        other = trials[order.args.get("trial", trial.number)]
        target = checkpoint_at(trials, other, order.args.get("step"), sign)
        changed = values_of(order.args)
        if target is None:
            return AttemptStart(checkpoints(trials, here(trial)), values_at(trials, here(trial)), order)
        place = Source(target.trial, target.attempt, target.instance, target.step)
        # After copying another trial's weights its values count no more: ours are in force.
        base = values_at(trials, place if target.trial == trial.number else here(trial))
        return AttemptStart(checkpoints(trials, place), {**base, **changed}, order)
    if not trial.attempts:
        return AttemptStart(checkpoints(trials, trial.parent) if trial.parent else (), {})
    return AttemptStart(checkpoints(trials, here(trial)), values_at(trials, here(trial)))


PLACE = ("trial", "attempt", "step", "until")
"""Arguments of rollback and branch that say where, and how far to go on; all others are values."""
CONFIG = "config."
"""Stands before a hyperparameter that has the name of another argument, or of this kind."""


def as_argument(name: str) -> str:
    """Return what a hyperparameter is called among the arguments of rollback and branch."""
    return CONFIG + name if name.replace(CONFIG, "") in PLACE else name


def values_of(args: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values among the arguments of rollback and branch, by the hyperparameters' own names."""
    return {
        name.removeprefix(CONFIG) if name.replace(CONFIG, "") in PLACE else name: value
        for name, value in args.items()
        if name not in PLACE
    }


def checkpoint_at(trials: Trials, trial: Trial, step: int | None, sign: float) -> Checkpointed | None:
    """Return the checkpoint that a roll-back or a branch of a trial means; None when there is none.

    With a step, the last one at or before it; without, the one with the best value, or the latest where
    none has one.
    """
    way = checkpoints(trials, here(trial))
    if step is not None:
        return next((point for point in way if point.step <= step), None)
    return next(iter(best_of(way, sign) or way), None)


def best_of(points: Iterable[Checkpointed], sign: float) -> list[Checkpointed]:
    """Return the checkpoint with the best value, as a list of one or none."""
    valued = [point for point in points if point.value is not None]
    return [min(valued, key=lambda point: sign * (point.value or 0.0))] if valued else []


def pieces(trials: Trials, trial: Trial) -> list[Piece]:
    """Return the training as plain configurations in force, stretch by stretch, abandoned ones left out."""
    found: list[Piece] = []
    for part in lineage(trials, here(trial)):
        owner = trials[part.trial]
        if not part.attempt:
            found.append(Piece(owner.parent.step if owner.parent else 0, dict(owner.config)))
            continue
        attempt = owner.attempts[part.attempt - 1]
        begun = attempt.source.step if attempt.source else 0
        changes = [(begun, attempt.live)]
        changes += [
            (order.step, order.values)
            for order in owner.orders
            if _changed_in(part.attempt, order) and order.step < part.step
        ]
        for after, live in changes:
            piece = Piece(max(after, begun), {**owner.config, **live})
            found = [p for p in found if p.after < piece.after]
            if not found or found[-1].values != piece.values:
                found.append(piece)
    return found


def _changed_in(attempt: int, order: Order) -> bool:
    """Whether an order changed values within an attempt."""
    done = order.obeyed is not None and order.obeyed.attempt == attempt and not order.refused
    return done and order.verb in ("set", "scale")
