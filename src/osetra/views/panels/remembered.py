"""What people want remembered of trials and of the study, as columns and lines of a page.

A table holds the beginning of what is long; a trial's page, `osetra show` and `osetra export` have the whole.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence

from osetra.core.facts import Noted
from osetra.core.history import History
from osetra.core.trial import Trial

Column = list[object]

LONGEST = 200
"""Characters of something remembered in a table."""
MOST = 100
"""Names that have a column; a study may remember something else of every trial."""
LINE = 120
"""Characters of a list or of names with values that stand on a line."""
EXACT = 2**53
"""Whole numbers up to which a browser knows each."""
OF_STUDY = "optuna-attr"
"""The topic under which `osetra.compat.optuna` keeps what is remembered of the study."""


def remembered_columns(trials: Sequence[Trial], history: History | None = None) -> dict[str, Column]:
    """Return what is remembered of trials, a list as long as `trials` by name; None where nothing is.

    Args:
        trials: the rows.
        history: where they are all trials of a history: what is known of its blocks is not gathered again.
    """
    blocks = [_columns(trials)] if history is None else list(history.trials.derived(_columns))
    names = list(dict.fromkeys(name for columns, _ in blocks for name in columns))[:MOST]
    columns: dict[str, Column] = {name: [] for name in names}
    for found, count in blocks:
        nothing: Column = [None] * count
        for name in names:
            columns[name] += found.get(name, nothing)
    return columns


def remembered_texts(attrs: Mapping[str, object]) -> dict[str, str]:
    """Return what is remembered as a person reads it, whole: a browser would round large whole numbers."""
    return {name: _whole(value) for name, value in attrs.items()}


def remembered_of_study(notes: Iterable[Noted]) -> dict[str, object]:
    """Return what is remembered of the study by name; what was said last of a name holds."""
    told = (note.data for note in notes if note.data.get("trial") is None)
    return {data["key"]: data.get("value") for data in told if data.get("kind") == "user" and "key" in data}


def _columns(trials: Sequence[Trial]) -> tuple[Mapping[str, Column], int]:
    """Return the columns of a block of trials, and how long they are."""
    names = dict.fromkeys(name for trial in trials for name in trial.attrs)
    return {name: [_cell(trial.attrs.get(name)) for trial in trials] for name in names}, len(trials)


def _cell(value: object) -> object:
    if value is None or isinstance(value, bool | float) or (isinstance(value, int) and abs(value) <= EXACT):
        return value
    text = _text(value)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def _whole(value: object) -> str:
    """Return a value as a text, of several lines where one would be too long."""
    line = _text(value)
    return (
        line
        if isinstance(value, str) or len(line) <= LINE
        else json.dumps(value, indent=1, ensure_ascii=False)
    )


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
