"""Silence: which rules of advice say nothing in a study, as notes in its log; all views keep to it."""

from __future__ import annotations

from osetra.advice import SILENCE, known_rule, silenced
from osetra.core.facts import Noted
from osetra.study.planner import Planner


def silence(planner: Planner, rule: str, *, silent: bool) -> None:
    """Note that a rule says nothing from here on, or that it may speak again.

    Raises:
        StudyError: there is no rule of that name.
    """
    name = known_rule(rule)
    while (name in silenced(planner.history)) is not silent:
        said = f"the rule {name} {'is silent' if silent else 'speaks again'}"
        number = len(planner.history.noted(SILENCE)) + 1
        planner.append([Noted(SILENCE, str(number), said, {"rule": name, "silent": silent})])
