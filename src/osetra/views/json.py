"""Documents: studies and trials as plain data for `--json`."""

from __future__ import annotations

import dataclasses
from collections import Counter

from msgspec.structs import asdict

from osetra.core.finding import Finding
from osetra.core.history import History
from osetra.core.lineage import pieces
from osetra.core.params import Config
from osetra.core.problem import Problem
from osetra.core.trial import Trial
from osetra.stores.address import Address
from osetra.views.orders import order_document
from osetra.views.panels.front import front_panel
from osetra.views.plain import plain_data


def study_document(name: str, address: Address, problem: Problem, history: History) -> dict[str, object]:
    """Return what a study asks and how far it is."""
    objective = problem.objective
    best = None if problem.others else history.best(objective)
    more: dict[str, object] = {}
    if not problem.plain:
        panel = front_panel(problem, history)
        more["limits"], more["unmet"] = panel["limits"], panel["unmet"]
    if problem.others:
        more["objectives"] = [{"metric": o.metric, "direction": o.direction} for o in problem.objectives]
        more["front"] = panel
    return {
        "study": name,
        "file": None if address.file is None else str(address.file),
        "address": str(address),
        "metric": objective.metric,
        "direction": objective.direction,
        "space": problem.space.spec,
        "target": history.target or None,
        "done": sum(trial.repeats is None for trial in history.ended),
        "trials": dict(Counter(trial.state for trial in history.trials.values())),
        "best": None if best is None else trial_document(history, best),
        **more,
    }


def trial_document(history: History, trial: Trial, *, curves: bool = False) -> dict[str, object]:
    """Return one trial; with its curves as lists of [fold, step, value] by metric when asked for."""
    document: dict[str, object] = {
        "trial": trial.number,
        "state": str(trial.state),
        "value": trial.value,
        "config": trial.config,
        "seed": trial.seed,
        "origin": trial.origin,
        "by": trial.by,
        "why": trial.why,
        "repeats": trial.repeats,
        "fresh_seeds": [again.value for again in history.repeats(trial.number)],
        "reason": trial.reason,
        "attrs": dict(trial.attrs),
        "steered": trial.steered,
        "until": trial.until,
        "parent": None if trial.parent is None else asdict(trial.parent),
        "seconds": trial.seconds,
        "attempts": [
            {
                "started": a.started,
                "ended": a.ended,
                "outcome": a.outcome,
                "reason": a.reason,
                "from": None if a.source is None else asdict(a.source),
            }
            for a in trial.attempts
        ],
        "orders": [order_document(trial, order) for order in trial.orders],
        "checkpoints": [
            {"attempt": p.attempt, "fold": p.instance, "step": p.step, "file": p.file, "bytes": p.size}
            for p in trial.checkpoints
        ],
    }
    if trial.steered:
        document["pieces"] = pieces_document(history, trial)
    if curves:
        document["curves"] = curves_document(history, trial)
    return document


def curves_document(history: History, trial: Trial) -> dict[str, list[list[float]]]:
    """Return every reported value as [fold, step, value], by metric."""
    by_metric: dict[str, list[list[float]]] = {}
    for metric in history.curves.metrics:
        fold = 0
        while len(found := history.curve(trial, metric, fold)[0]):
            values = history.curve(trial, metric, fold)[1].tolist()
            rows = ([fold, *both] for both in zip(found.tolist(), values, strict=True))
            by_metric.setdefault(metric, []).extend(rows)
            fold += 1
    return by_metric


def pieces_document(history: History, trial: Trial) -> list[dict[str, object]]:
    """Return a training as plain configurations: the whole one first, then what changed and when."""
    parts: list[dict[str, object]] = []
    before: Config = {}
    for piece in pieces(history.trials, trial):
        changed = {n: v for n, v in piece.values.items() if n not in before or before[n] != v}
        parts.append({"after": piece.after, "values": changed})
        before = piece.values
    return parts


def finding_document(finding: Finding, reference: str = "STUDY") -> dict[str, object]:
    """Return a piece of advice; a move also as a command for a terminal and as a call in Python."""
    move = finding.move
    typed = {} if move is None else {"command": move.command(reference), "call": move.call}
    return {
        "rule": finding.rule,
        "level": finding.level,
        "text": finding.text,
        "action": finding.action,
        "move": None if move is None else {**plain_data(dataclasses.asdict(move)), **typed},
    }
