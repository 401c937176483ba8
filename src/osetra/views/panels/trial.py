"""One trial in full: what was tried, why, what came of it, how it ended, and how to try it again."""

from __future__ import annotations

import shlex
from dataclasses import asdict
from typing import TYPE_CHECKING

from osetra.core.history import History
from osetra.core.params import Config
from osetra.core.problem import Problem
from osetra.core.text import format_value
from osetra.core.trial import Trial
from osetra.views.json import pieces_document, trial_document
from osetra.views.orders import too_late
from osetra.views.panels.cockpit import worker_text
from osetra.views.panels.curves import end_document, whole_numbers
from osetra.views.panels.decimation import kept
from osetra.views.panels.parameters import changed
from osetra.views.panels.remembered import remembered_texts
from osetra.views.plain import plain_data, plain_numbers
from osetra.views.series import curve, planned

if TYPE_CHECKING:
    from osetra.searchers.bayes import Explanation

Document = dict[str, object]

POINTS = 2_000
"""Points of a curve."""
MOST_FOLDS = 100
"""Folds whose curves are shown."""


def trial_panel(
    problem: Problem,
    history: History,
    number: int,
    *,
    explanation: Explanation | None = None,
    reference: str = "STUDY",
    points: int = POINTS,
) -> Document:
    """Return everything that is known of a trial.

    Args:
        problem: what is searched.
        history: of the study.
        number: of the trial.
        explanation: what a model expected of it when it was suggested, where that is known.
        reference: what a person types to name the study.
        points: of every curve.

    Raises:
        StudyError: the study has no such trial.
    """
    trial = history.find(number)
    best = history.best(problem.objective)
    steps, values = curve(history, trial, problem.objective.metric)
    attempt = trial.attempt
    document = {
        **trial_document(history, trial),
        "attrs": remembered_texts(trial.attrs),
        "version": history.version,
        "until": trial.until,
        "curves": _curves(history, trial, points),
        "end": end_document(trial, steps, values),
        "step": int(steps[-1]) if len(steps) else 0,
        "of": planned(history, trial, int(steps[-1]) if len(steps) else 0),
        "changed": changed(problem.space, trial.config),
        "diff_best": None if best is None else difference(best.config, trial.config),
        "best_trial": None if best is None else best.number,
        "lineage": pieces_document(history, trial),
        "explanation": None if explanation is None else asdict(explanation),
        "reproduce": reproduce(trial, reference),
        "failure": (attempt.detail or None) if attempt is not None else None,
        "orders": orders_document(history, trial),
        "pending_undo": [order.number for order in trial.orders if not too_late(trial, order)],
    }
    for told, known in zip(_attempts(document), trial.attempts, strict=True):
        told |= {"number": known.number, "worker": worker_text(known.worker), "failure": known.detail or None}
    found: Document = plain_data(document)
    return found


def difference(one: Config, other: Config) -> list[Document]:
    """Return the names at which two configurations differ, with both values; None where there is none."""
    names = dict.fromkeys([*one, *other])
    return [
        {"name": name, "best": one.get(name), "value": other.get(name)}
        for name in names
        if name not in one or name not in other or one[name] != other[name]
    ]


def orders_document(history: History, trial: Trial) -> list[Document]:
    """Return a trial's orders with the times at which they were asked for, seen and obeyed."""
    orders = trial_document(history, trial)["orders"]
    assert isinstance(orders, list)
    return [{**order, "verb": order["order"], "asked": order["requested"]} for order in orders]


def reproduce(trial: Trial, reference: str) -> str:
    """Return what to type to train a configuration again, in Python and in a shell."""
    values = " ".join(shlex.quote(f"{name}={format_value(value)}") for name, value in trial.config.items())
    lines = (
        "# Python",
        f"config = {dict(trial.config)!r}",
        f"seed = {trial.seed}",
        "study.enqueue(config)  # with a fresh seed",
        "",
        "# shell",
        f"osetra enqueue {reference} {values}",
        f"osetra replay {reference} {trial.number}  # with its own seed, bit for bit",
    )
    return "\n".join(lines)


def _attempts(document: Document) -> list[Document]:
    attempts = document["attempts"]
    assert isinstance(attempts, list)
    return attempts


def _curves(history: History, trial: Trial, points: int) -> dict[str, dict[str, list[object]]]:
    """Return steps and values of every metric, fold by fold: {metric: {fold: [steps, values]}}."""
    found: dict[str, dict[str, list[object]]] = {}
    for metric in history.curves.metrics:
        for fold in range(MOST_FOLDS):
            steps, values = history.curve(trial, metric, fold)
            if not len(steps):
                break
            places = kept(values, points)
            found.setdefault(metric, {})[str(fold)] = [
                whole_numbers(steps[places]),
                plain_numbers(values[places]),
            ]
    return found
