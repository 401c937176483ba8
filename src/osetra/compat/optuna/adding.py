"""Adding: trials that were trained elsewhere become trials of a study, their parameters part of its space."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from osetra.compat.optuna.constraints import constrained, hold
from osetra.compat.optuna.discovery import Asked, active, condition, replaced, widened
from osetra.compat.optuna.distributions import Distribution, inner
from osetra.compat.optuna.engine import ACTOR, Engine
from osetra.compat.optuna.exceptions import refuse
from osetra.compat.optuna.names import key_of
from osetra.compat.optuna.notes import TIMES, asked_note, attr_note
from osetra.compat.optuna.reading import metrics_of
from osetra.compat.optuna.records import FrozenTrial, TrialState, check_record
from osetra.core.facts import Edited, Fact, Noted
from osetra.core.params import Value
from osetra.core.past import PastTrial, begun, over, reports
from osetra.core.space import Space
from osetra.errors import Conflict
from osetra.executors.appending import append_patiently
from osetra.study.planner import seed_of

_ENDS: dict[TrialState, Literal["finished", "stopped", "failed"]] = {
    TrialState.COMPLETE: "finished",
    TrialState.PRUNED: "stopped",
    TrialState.FAIL: "failed",
}


def add(engine: Engine, record: FrozenTrial) -> None:
    """Add a trial to a study.

    Raises:
        ValueError: it contradicts itself, or what the study knows of its parameters.
    """
    check_record(record)
    if record.state == TrialState.WAITING:
        engine.enqueue(record.system_attrs.get("fixed_params", record.params))
        return
    if record.state not in _ENDS:
        raise refuse("add_trial of a running trial", "add it when it has ended, or ask() for one")
    problem = engine.study.problem
    count = len(problem.objectives)
    if record.values is not None and record.state == TrialState.COMPLETE and len(record.values) != count:
        raise ValueError(f"values={record.values}: the study has {count} objectives")
    past = past_of(record, metrics_of(problem), problem.objective.metric)
    hold(engine.study, constrained(record.constraints))
    while True:
        with engine.lock:
            facts, number = _facts(engine, record, past)
            try:
                append_patiently(engine.study._store, facts, reports(past, number))
            except Conflict:
                continue
            return


def _facts(engine: Engine, record: FrozenTrial, past: PastTrial) -> tuple[list[Fact], int]:
    """Return the facts of a trial from elsewhere, and the number that it has then."""
    reader = engine.reader()
    history, old = reader.history, reader.problem.space
    number = history.next_trial
    asked = {key_of(name): kind for name, kind in record.distributions.items()}
    new = grown(old, asked, past.config, reader.evidence())
    facts: list[Fact] = []
    if new != old:
        values = {key: past.config[key] for key in asked if not new.branches(key)[0].when}
        facts.append(Edited(len(history.edits) + 1, new.spec, values, ACTOR, "a trial from elsewhere"))
    facts += begun(past, number, seed_of(history.seed, number), history.version)
    facts += notes_of(record, number)
    return facts + over(past, number), number


def grown(
    space: Space, asked: Mapping[str, Distribution], config: Mapping[str, Value], evidence: Sequence[Asked]
) -> Space:
    """Return a space with what a trial asked for."""
    mine = Asked(config, tuple(asked))
    for key, kind in asked.items():
        known = key in space.names
        param = widened(space, key, kind)
        when = param.when
        if not known or not active(space, config, key):
            having = [each for each in evidence if key in each.names]
            lacking = [each for each in evidence if key not in each.names]
            when = condition(replaced(space, key, param, ()), key, [*having, mine], lacking)
        space = replaced(space, key, param, when)
    return space


def past_of(record: FrozenTrial, metrics: Sequence[str], first: str) -> PastTrial:
    """Return an ended record as a trial of the past; `first` is the metric by which a trial has its value."""
    values: dict[str, float] = dict(zip(metrics, record.values or [], strict=False))
    steps = sorted(record.intermediate_values.items())
    curve = [(step + 1, value) for step, value in steps]
    if record.state == TrialState.PRUNED:
        if not curve and values:
            curve = [(1, values[first])]
        values = {first: curve[-1][1]} if curve else {}
    return PastTrial(
        config={key_of(name): inner(record.distributions[name], v) for name, v in record.params.items()},
        state=_ENDS[record.state],
        value=values.get(first),
        curves={first: curve} if curve else {},
        further={name: value for name, value in values.items() if name != first}
        | constrained(record.constraints),
        started=None if record.datetime_start is None else record.datetime_start.timestamp(),
        ended=None if record.datetime_complete is None else record.datetime_complete.timestamp(),
        reason={TrialState.PRUNED: "pruned", TrialState.FAIL: "it failed where it was trained"}.get(
            record.state, ""
        ),
        by=ACTOR,
        why="trained elsewhere",
    )


def notes_of(record: FrozenTrial, number: int) -> list[Noted]:
    """Return what a log notes of a record beside its facts."""
    notes = [asked_note(number, record.distributions)]
    told: list[tuple[str, str, Any]] = [("user", *item) for item in record.user_attrs.items()]
    told += [("system", *item) for item in record.system_attrs.items()]
    notes += [attr_note(number, *each, count) for count, each in enumerate(told, start=1)]
    start, end = record.datetime_start, record.datetime_complete
    if start is not None:
        data = {"start": start.timestamp(), "end": None if end is None else end.timestamp()}
        notes.append(Noted(TIMES, str(number), f"trial {number} began on {start:%Y-%m-%d %H:%M}", data))
    return notes
