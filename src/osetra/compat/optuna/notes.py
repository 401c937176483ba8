"""Notes: what Optuna remembers of trials and osetra's facts have no place for, as notes of the log.

    topic           name              data
    optuna-asked    TRIAL             what it asked for: names with their distributions, in order
    optuna-attr     TRIAL/COUNT       trial, key, value and kind, "system"
    optuna-attr     study/COUNT       the same of the study, "user" or "system"
    optuna-times    TRIAL             when one that was trained elsewhere began and ended

A later attribute of a key replaces the earlier one. What users remember of trials is `trial.attrs`.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from osetra.compat.optuna.distributions import Distribution, distribution_to_json, json_to_distribution
from osetra.core.attributes import TOPIC as USER
from osetra.core.attributes import attr_note as user_note
from osetra.core.attributes import remembered
from osetra.core.facts import Noted
from osetra.core.history import History

ASKED, ATTR, TIMES = "optuna-asked", "optuna-attr", "optuna-times"


@dataclass(slots=True)
class Notes:
    """What the notes of a log say, read on as it grows."""

    read: int = 0
    asked: dict[int, dict[str, Distribution]] = field(default_factory=dict)
    """By trial: names of the program with what they were asked from."""
    user: dict[int | None, dict[str, Any]] = field(default_factory=lambda: defaultdict(dict))
    """Attributes by trial; None is the study."""
    system: dict[int | None, dict[str, Any]] = field(default_factory=lambda: defaultdict(dict))
    times: dict[int, tuple[float | None, float | None]] = field(default_factory=dict)
    counts: dict[int | None, int] = field(default_factory=lambda: defaultdict(int))
    """How often an attribute was set, by trial."""

    def follow(self, history: History) -> Notes:
        """Take in what is new in a history."""
        for entry in history.notes[self.read :]:
            fact = entry.fact
            if isinstance(fact, Noted):
                self._take(fact)
        self.read = max(self.read, len(history.notes))
        return self

    def _take(self, fact: Noted) -> None:
        data = fact.data
        if fact.topic == USER and (told := remembered(fact)):
            self.counts[told[0]] += fact.name.startswith(f"{told[0]}/0/")
        elif fact.topic == ASKED:
            asked = {name: json_to_distribution(text) for name, text in data["asked"].items()}
            self.asked[int(fact.name)] = asked
        elif fact.topic == ATTR:
            kept = self.user if data["kind"] == "user" else self.system
            kept[data["trial"]][data["key"]] = data["value"]
            self.counts[data["trial"]] += 1
        elif fact.topic == TIMES:
            self.times[int(fact.name)] = (data["start"], data["end"])


def asked_note(trial: int, asked: Mapping[str, Distribution]) -> Noted:
    """Return the note of what a trial asked for."""
    names = ", ".join(asked) or "nothing"
    told = {name: distribution_to_json(_plain(distribution)) for name, distribution in asked.items()}
    return Noted(ASKED, str(trial), f"trial {trial} asked for {names}", {"asked": told})


def attr_note(trial: int | None, kind: str, key: str, value: Any, count: int) -> Noted:
    """Return the note of an attribute.

    Raises:
        TypeError: JSON has no such value.
    """
    if not isinstance(key, str):
        raise TypeError(f"{key!r}: the key of an attribute is a text")
    told = json.loads(json.dumps(value))
    if trial is not None and kind == "user":
        return user_note(trial, 0, count, {key: told})
    where = "study" if trial is None else str(trial)
    data = {"trial": trial, "kind": kind, "key": key, "value": told}
    of = "the study" if trial is None else f"trial {trial}"
    return Noted(ATTR, f"{where}/{count}", f"{of}: {key}", data)


def write(append: Callable[[list[Any]], bool], make: Callable[[], list[Any]]) -> None:
    """Append facts, made anew as often as somebody else was faster."""
    while not append(make()):
        pass


def _plain(distribution: Distribution) -> Distribution:
    """Return a distribution whose choices JSON can hold: by their `repr` where it cannot."""
    from osetra.compat.optuna.distributions import CategoricalDistribution, options

    if isinstance(distribution, CategoricalDistribution):
        try:
            json.dumps(distribution.choices)
        except (TypeError, ValueError):
            return CategoricalDistribution(options(distribution.choices))
    return distribution
