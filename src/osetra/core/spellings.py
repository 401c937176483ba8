"""Spellings: names that other libraries have for what is ours, taken where their meaning is certain."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from osetra.errors import nearest


def attribute(thing: str, owner: object, name: str, same: Mapping[str, str], hints: Mapping[str, str]) -> Any:
    """Return what an object has under another name.

    Args:
        thing: what the object is called in a sentence, such as "a study".
        owner: the object.
        name: an attribute that it does not have.
        same: our names of what means just that, from the object on, such as "best.config".
        hints: what to write instead of names whose meaning is near, and not the same.

    Raises:
        AttributeError: it has nothing of the kind; our spelling or the nearest name is shown.
    """
    if name.startswith("_"):  # asked for by Python itself, which tries what may be there
        raise AttributeError(name)
    if name in same:
        for part in same[name].split("."):
            owner = getattr(owner, part)
        return owner
    public = (one for one in dir(type(owner)) if not one.startswith("_"))
    hint = f"; write {hints[name]}" if name in hints else f".{nearest(name, public)}"
    raise AttributeError(f"{thing} has no {name!r}{hint}")


OF_TRIAL: Mapping[str, str] = {
    "trial_id": "number",
    "hyperparameters": "config",
    "score": "value",
    "status": "state",
    "duration": "seconds",
    "user_attrs": "attrs",
}
"""Attributes of a trial that other libraries have under another name."""
_CURVE = 'study.history.curve(trial, "val_loss"), which returns steps and values'
_TIMES = "trial.attempts[0].started and trial.attempts[-1].ended"
TRIAL_HINTS: Mapping[str, str] = {
    "values": "study.front, whose trials have the value of every objective, or trial.value",
    "system_attrs": "trial.why and trial.by",
    "set_user_attr": 'study.remember(7, commit="abc"), or run.remember(commit="abc") in the training',
    "remember": 'study.remember(7, commit="abc")',
    "intermediate_values": _CURVE,
    "metrics": _CURVE,
    "curve": _CURVE,
    "report": "run.report(val_loss=0.3): the training function gets a run",
    "last_step": 'study.history.step(trial, "val_loss")',
    "datetime_start": _TIMES,
    "datetime_complete": _TIMES,
    "distributions": "study.problem.space",
    "error": "trial.reason, and trial.attempts[-1].detail for the traceback",
}
"""What to write instead of what a trial does not have."""
