"""Attributes: what people want remembered of a trial, beside its values and metrics, as notes of the log.

    topic   name                      data
    attr    TRIAL/ATTEMPT/COUNT       trial, and attrs: what is remembered by name

ATTEMPT is that of the training that said it, and 0 for everybody else. What was said last of a name holds.
They are notes like others, so that earlier programs read a log that has some.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NoReturn

import msgspec

from osetra.core.arguments import expected, given, plain, text
from osetra.core.facts import Noted
from osetra.errors import StudyError

TOPIC = "attr"
LARGEST = 64 * 1024
"""Bytes of an attribute as JSON: every program that reads the study keeps all of them in memory."""
LONGEST_NAME = 100
"""Characters."""
DEEPEST = 20
"""Lists and dicts in one another."""
MOST = 1000
"""How often one training may have something remembered: numbers of every step are reports."""
_WANTED = "give what is remembered by name, such as remember(commit='abc') or remember({'commit': 'abc'})"


class TrialAttrs(dict[str, Any]):
    """What is remembered of a trial in a history: copied, and changed by `study.remember` only."""

    __slots__ = ()

    def _refuse(self, *_: Any, **__: Any) -> NoReturn:
        raise StudyError(
            "what is remembered of a trial is in the study's log: write study.remember(7, commit='abc'), or "
            "in the training run.remember(commit='abc')"
        )

    __setitem__ = __delitem__ = __ior__ = _refuse
    pop = popitem = clear = update = setdefault = _refuse

    def __reduce__(self) -> tuple[type[dict[str, Any]], tuple[dict[str, Any]]]:
        return dict, (dict(self),)


def attributes_of(mapping: object, named: Mapping[str, object]) -> dict[str, Any]:
    """Return what is to be remembered, as the log will hold it.

    Raises:
        StudyError: there is nothing, it is too large, or JSON has no such value; the text says where.
    """
    first: Mapping[object, object] = {}
    if mapping is not None:
        if not isinstance(mapping, Mapping):
            raise expected("remember", mapping, _WANTED)
        first = mapping
    if not first and not named:
        raise StudyError(f"remember: {_WANTED}")
    found: dict[str, Any] = {}
    for name, value in (*first.items(), *named.items()):
        key = text("remember", name, "the name of what is remembered is a text")
        if not key or len(key) > LONGEST_NAME:
            raise expected("remember", name, f"a name of 1 to {LONGEST_NAME} letters is needed")
        if key in found:
            raise expected("remember", name, "it was given twice")
        found[key] = _plain(key, value)
        size = len(msgspec.json.encode(found[key]))
        if size > LARGEST:
            raise StudyError(
                f"remember: {given(key)} is {size // 1024} kB as JSON, the most are {LARGEST // 1024} kB; "
                "keep it in a file and remember the file's name"
            )
    return found


def attr_note(trial: int, attempt: int, count: int, attrs: Mapping[str, Any]) -> Noted:
    """Return the note that something is remembered of a trial, as the so-manieth of an attempt."""
    said = f"trial {trial}: {', '.join(attrs)}"
    return Noted(TOPIC, f"{trial}/{attempt}/{count}", said, {"trial": trial, "attrs": dict(attrs)})


def remembered(fact: Noted) -> tuple[int, dict[str, Any]] | None:
    """Return the trial that a note is about, and what it has remembered; None of other notes."""
    if fact.topic != TOPIC:
        return None
    trial, attrs = fact.data.get("trial"), fact.data.get("attrs")
    return (trial, attrs) if isinstance(trial, int) and isinstance(attrs, dict) else None


def _plain(place: str, value: object, depth: int = 0) -> Any:
    """Return a value as JSON holds it: NumPy's scalars as Python's, tuples as lists."""
    value = plain(value)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return text(place, value)
    if isinstance(value, int) and -(2**63) <= value < 2**63:
        return int(value)
    if isinstance(value, float) and math.isfinite(value):
        return float(value)
    if isinstance(value, (list, tuple)) and depth < DEEPEST:
        return [_plain(f"{place}[{n}]", one, depth + 1) for n, one in enumerate(value)]
    if isinstance(value, Mapping) and depth < DEEPEST:
        return {
            text(place, key, "the keys of what is remembered are texts"): _plain(
                f"{place}.{key}", one, depth + 1
            )
            for key, one in value.items()
        }
    raise expected(
        place[:LONGEST_NAME],
        value,
        "JSON has no such value; remember texts, finite numbers of 64 bits, True, False, None, and lists and "
        "dicts of these, not too deep; str(…) and .tolist() make them of others",
    )
